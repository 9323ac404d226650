// demo_model.h - the demo's model: trained on the emulated week before the first screen. What
// becomes of it while it serves: demo_served.h.
#pragma once

#include <stddef.h>

#include "base/status.h"

typedef struct ls_demo_model {
    const char *plant;    // file
    const char *model;    // of `models:`
    const char *history;  // folder; no service runs on it
    const char *models;   // folder of the registry
    const char *result;   // file, for what the training says of itself
    const char *log;      // file that the training writes to
    const volatile int *stop;
} ls_demo_model;

// Trains a version with `lineshaft model train`, and promotes it when it passes its gates. What was
// found stands in `said`, a line without its end. A week that is too short for a good model is no
// failure; then nothing serves. LS_ERR_STOPPED: *stop is set.
ls_status ls_demo_model_train(const ls_demo_model *def, char *said, size_t size, ls_error *err);
