// service.h - the service for one plant: hears, keeps, follows, and says so.
//
// Runs in the foreground until it is told to stop. One folder holds what it keeps (history, the
// embedded broker's files, orders, `service.json` with its address); one service at a time uses it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "loop/face.h"

typedef struct ls_service_def {
    const char *plant;   // file
    const char *data;    // folder; made when missing
    const char *listen;  // address of the web face, for whoever looks for it
    const ls_face *face;
    int64_t catch_up_us;         // how much history is heard again when no saved state fits
    const volatile int *stop;    // non-zero: end cleanly
    const volatile int *reload;  // counts up: read the plant file again
    const char *version;
} ls_service_def;

// Fails with what kept it from starting, or from ending cleanly; mistakes of the plant file are all
// in *errors.
ls_status ls_service_run(const ls_service_def *def, ls_errors *errors);
