// demo_model.h - the demo's model: trained on the emulated week before the first screen, and what
// becomes of it while it serves, as lines for people.
#pragma once

#include "base/text.h"
#include "cli/ask_service.h"

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

enum { LS_DEMO_MODELS = 4 };

// What has been told of each model of the service.
typedef struct ls_demo_model_seen {
    char name[64];
    int64_t serving, shadow;  // 0: none
    char drift[16], training[16];
} ls_demo_model_seen;
typedef struct ls_demo_models {
    ls_demo_model_seen seen[LS_DEMO_MODELS];
    uint32_t count;
} ls_demo_models;

// Asks the service and appends a line for each thing that has changed: who serves, who is in the
// shadow, a drift, a training. A service that does not answer gives none.
void ls_demo_models_tell(ls_demo_models *models, const ls_service_address *address, ls_buffer *out);
