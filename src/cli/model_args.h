// model_args.h - the command line of `lineshaft model fit` for a model of the plant file.
#pragma once

#include "plant/models.h"

enum { LS_MODEL_ARGS_MAX = 48, LS_MODEL_ARG_TEXTS = 24, LS_MODEL_ARG_SIZE = 32 };

typedef struct ls_model_args {
    const char
        *argv[LS_MODEL_ARGS_MAX];  // ends with NULL; points into `texts` and to what was given
    int count;
    char texts[LS_MODEL_ARG_TEXTS][LS_MODEL_ARG_SIZE];
    int text_count;
} ls_model_args;

// PROGRAM model fit LEARNER DATASET with the seed and, of trees, all that the plan says; `trees`
// are the settings, those of the plan or ones that were searched for. The texts are borrowed.
void ls_model_args_init(ls_model_args *args, const char *program, const char *dataset,
                        const ls_model_plan *plan, const ls_model_trees *trees);
// Adds `--name value`, or `--name` alone where value is NULL; `name` with its dashes.
void ls_model_args_add(ls_model_args *args, const char *name, const char *value);
void ls_model_args_real(ls_model_args *args, const char *name, double value);
