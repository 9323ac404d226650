// demo_past.h - what would have been decided in the emulated week, as rows of its history.
//
// The last hours of the history are heard by a twin, and at some moments everything that stands
// open is asked, as `decide now --at` does. The rows are those of mode `watch`: nothing was sent,
// the line had gone by its own rule. They say themselves that they are of the emulated past.
#pragma once

#include <stdint.h>

#include "base/status.h"

typedef struct ls_demo_past {
    const char *plant;    // file
    const char *history;  // folder; is written to, so no service may run
    int64_t birth_us;     // since 1970: the line told everything; hearing begins there
    int64_t first_us, step_us;
    uint32_t moments;
    const volatile int *stop;  // may be NULL; non-zero: LS_ERR_STOPPED
} ls_demo_past;

// *out_rows is how many rows there are now; 0 where the plant file says nothing of deciding.
ls_status ls_demo_past_decide(const ls_demo_past *past, uint32_t *out_rows, ls_error *err);
