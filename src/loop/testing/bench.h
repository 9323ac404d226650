// bench.h - for tests only: a small plant that is heard into an intake, with a history of its own.
#pragma once

#include <jansson.h>

#include "decide/decide.h"
#include "history/history.h"
#include "loop/intake.h"

#define BENCH_S 1000000LL

typedef struct bench {
    char folder[64];  // of the history, in /tmp
    ls_tags *tags;
    ls_intake intake;
    ls_sink sink;
    int64_t zero_us;  // the plant's start, since 1970
} bench;

// `more` is added to the plant's `listen:`, two blanks before each line; "" for nothing.
void bench_open(bench *b, const char *more);
void bench_close(bench *b);  // and removes the folder
// Ends without saving anything and begins again over the same folder; follows nothing yet.
void bench_restart(bench *b, const char *more);
// Without the running plant; for whoever makes another one.
void bench_open_history(bench *b);
void bench_close_history(bench *b);
// Another plant, of this file. A new folder.
void bench_open_text(bench *b, const char *plant);
// The same, with whoever decides for it; the caller's.
ls_decider *bench_open_decider(bench *b, const char *plant);
// Whether one of the texts under `key` ("why", "why_ko") of a decision's row has this part.
bool bench_has_reason(const json_t *row, const char *key, const char *part);

// One sample, `at_s` after the plant's start. What the sink says.
bool bench_text(bench *b, const char *tag, double at_s, const char *text);
bool bench_number(bench *b, const char *tag, double at_s, int64_t number);
bool bench_say(bench *b, const char *tag, double at_s, ls_sample sample);
// The machine "g/n/NAME/..." works on the lot from then on, and is idle with lot "".
void bench_works(bench *b, const char *machine, const char *lot, double at_s);
// L0 is in work at mill-1 since 6 s; L1, long as well, is first in its queue, S1 to S3 behind.
void bench_long_queue(bench *b);
// The lot comes to the station ("g/n/line/Arrived").
void bench_arrives(bench *b, const char *lot, const char *station, double at_s);

// One lot through the plant, its sawing taking `saw_s`, packing 30 s; the saw's lots come every ten
// minutes, and are inside for 32 s more than the sawing.
void bench_lot(bench *b, int number, double saw_s);

// The events of the history as text, a line "KIND|SUBJECT|TEXT|JSON" each; static.
const char *bench_events(bench *b);
uint64_t bench_kept(bench *b);  // samples in the history
// Tags are "g/n/saw-1/State", "g/n/saw-1/Lots", "g/n/saw-1/Reason", "g/n/saw-1/Good",
// "g/n/line/Released", "g/n/line/Done", "g/n/line/Order". Stations saw (saw-1, saw-2), pack.
ls_plant *bench_plant(const char *more);
