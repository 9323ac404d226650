// demo_week.h - an emulated past, as the week before the demo: its history, made at full speed.
#pragma once

#include "base/status.h"
#include "line/emulate_hide.h"
#include "line/emulate_process.h"
#include "plant/plant.h"

typedef struct ls_demo_week {
    int64_t for_us;    // plant time, from its beginning
    int64_t birth_us;  // plant time at which the line tells everything again, as at a birth: from
                       // there on a twin that hears the history is in step
    uint64_t seed;
    const ls_hide *hide;  // hidden truths, of that file; NULL: none
    const char *hide_file;
    const ls_emulate_process_def *process;  // behind the values; NULL: none
    const char *history;                    // folder; made
    // How far it is, 0 to 1; now and then. May be NULL.
    void (*progress)(void *context, double share);
    void *context;
    const volatile int *stop;  // may be NULL; non-zero: LS_ERR_STOPPED
} ls_demo_week;

// Plays the line by its own rule and keeps all that it tells, as its service would have.
// *out_samples is how much that is.
ls_status ls_demo_week_make(const ls_plant *plant, const ls_demo_week *week, uint64_t *out_samples,
                            ls_error *err);
