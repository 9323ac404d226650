// model_fit.h - boosted trees out of a dataset: rows held out, progress shown, state saved.
#pragma once

#include "model/dataset.h"
#include "model/learner.h"

typedef struct ls_model_fit {
    ls_learner_def def;   // of SURVIVAL the spread is found from the lives that ended
    double most;          // SURVIVAL: seconds after which nobody looks; 0: for ever
    double validate;      // share of the rows held out, the last ones; 0: none
    bool by_unit;         // whole units instead, drawn by the seed
    const char *state;    // file; NULL: none
    uint32_t save_every;  // rounds between two writes of it; 0: each 10 s
} ls_model_fit;

// Learns from a dataset whose rows all have labels. Shows progress on a terminal, and a line each
// half minute in the log of a job. A state of this very training is gone on with, another's is told
// of and left behind; after success the file is gone. SIGINT and SIGTERM: LS_ERR_STOPPED, the
// state being saved where there is a file for it.
ls_status ls_model_fit_trees(const ls_model_fit *fit, const ls_dataset *rows,
                             ls_learner_result *out, ls_error *err);
