// played_line.h - for tests: an emulated line played in this process and heard as a service hears
// it, with a history and, where wanted, the models of its plant file in service. No network: who
// plays it says when the line's time goes on.
#pragma once

#include "line/emulate.h"
#include "loop/intake.h"
#include "loop/journal.h"
#include "loop/models.h"
#include "loop/watch.h"

enum { PLAYED_BATCH = 256 };

typedef struct played_line {
    char folder[300], file[320], models[320], history[320];
    ls_plant *plant;  // of the line
    ls_hide *hide;
    ls_emulate *line;
    // Every value of the line, heard or not; NULL: nobody looks.
    void (*told)(void *context, uint32_t signal, const ls_sample *value);
    void *context;
    // ---- the service; all zero while there is none
    ls_tags *tags;
    ls_intake intake;
    ls_sink sink;
    ls_journal *journal;
    ls_watch *watch;
    ls_models *service;
    uint32_t *tag_of;
    ls_sample batch[PLAYED_BATCH];
    char texts[PLAYED_BATCH][128];
    size_t count;
    int64_t newest_us;  // what was heard last is of this time, since 1970
} played_line;

// A line of this plant file and these hidden truths, from time zero on; the files lie in the folder
// of program_temporary. False after a failed check; end it in any case.
bool played_begin(played_line *p, const char *plant, const char *hidden, uint64_t seed);
void played_end(played_line *p);
// Hears it from now on, first all that it is.
bool played_open_service(played_line *p, bool with_models);
void played_close_service(played_line *p);
// The line's time goes on to until_us of the plant; what it told is heard.
void played_run(played_line *p, int64_t until_us);
// A command by its handshake, as the guard gives it: what the line answers (0: done).
int64_t played_command(played_line *p, const char *device, const char *kind, const char *argument);
// Waits until the newest prediction that is due of each of these units stands in the history.
bool played_await_models(played_line *p, const char *model, const char *const *units, int count);
