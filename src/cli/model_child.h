// model_child.h - a training in a process of its own: a dataset in, a model out, nothing on disk
// but the state of one that lasts.
#pragma once

#include "base/text.h"
#include "model/dataset.h"
#include "plant/models.h"

typedef struct ls_model_child {
    const ls_model_plan *plan;    // its learner, its seed, what is learned
    const ls_model_trees *trees;  // settings of trees
    const char *folder;           // from which a program's relative path is meant
    const char *state;  // of trees: file for a training that lasts, to be gone on with; NULL: none
    const volatile int *stop;  // may be NULL; non-zero: the process is ended, LS_ERR_STOPPED
} ls_model_child;

// Runs `lineshaft model fit`, or `PROGRAM DATASET SEED`. The dataset is a file in memory that the
// child opens by its path; what it prints is the model, at most 256 MiB. Both are gone with the
// processes, however they end. LS_ERR_INVALID: the child said no (it has said why on stderr).
ls_status ls_model_child_run(const ls_model_child *child, const ls_dataset *dataset,
                             ls_buffer *out_model, ls_error *err);
