// demo_lines.h - the same emulated line twice: by its own rule, and with Lineshaft over the wire.
//
// Both play the same plant file from the same seed, so that both meet the same orders, process
// times and failures. Line A has no wire and nobody decides for it; it is moved to where line B
// is, which runs by the wall clock times the speed and obeys what comes over its broker.
#pragma once

#include "base/text.h"
#include "decide/cost.h"
#include "line/emulate_play.h"

typedef struct ls_demo_line {
    uint64_t made, scrapped, released;  // since the demo began
    uint32_t lots;                      // inside now
    double lot_hours;                   // integral of lots since the demo began
    uint64_t on_time;
    uint64_t broken;  // parts of which a model says how worn they are, that failed at work
    double worth;     // by the objective: more is better
    double cost;      // the part of it that what comes out does not pay
} ls_demo_line;

enum { LS_DEMO_WINDOWS = 4096 };
#define LS_DEMO_WINDOW_US (600LL * 1000000)  // of plant time: what the interval is made of

typedef struct ls_demo_lines ls_demo_lines;

typedef struct ls_demo_lines_def {  // the pointers are kept alive by the caller
    const ls_plant *plant;
    uint64_t seed;
    double speed;
    int64_t from_us;
    const ls_hide *hide;      // hidden truths of both; NULL: none
    const char *url, *login;  // the broker's, role line
} ls_demo_lines_def;
// Runs both up to from_us: seconds at most.
ls_status ls_demo_lines_create(const ls_demo_lines_def *def, ls_demo_lines **out, ls_error *err);
void ls_demo_lines_destroy(ls_demo_lines *lines);  // NULL is fine
// Moves both to now; *out_sleep_us: how long to wait until the next call.
// The comparison begins now: what was before does not count.
void ls_demo_lines_begin(ls_demo_lines *lines);
ls_status ls_demo_lines_step(ls_demo_lines *lines, int64_t *out_sleep_us, ls_error *err);
// Line B has obeyed a command. Until then both lines are the same to the bit.
bool ls_demo_lines_obeyed(const ls_demo_lines *lines);
int64_t ls_demo_lines_now(const ls_demo_lines *lines);  // plant time

typedef struct ls_demo_figures {
    double hours;    // of plant time since the demo began
    int64_t now_us;  // plant time
    ls_demo_line own, with;
    bool beating;                // line B hears a heartbeat: what is sent is obeyed
    uint64_t commands, refused;  // that line B has answered
    double behind_s;             // wall time that it lags
    uint32_t windows;            // whole ones
    // Line B against line A since it began, and half widths at 95 %, NaN with too few windows.
    double more_made, half_width;
    double more_worth, worth_half_width;
} ls_demo_figures;
ls_demo_figures ls_demo_lines_describe(const ls_demo_lines *lines);
// Both lines as a JSON array, for demo.json (read by the service for its page) and the account.
void ls_demo_lines_json(const ls_demo_figures *figures, ls_buffer *out);
