// model_args.c - see model_args.h.
#include "cli/model_args.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void put(ls_model_args *args, const char *text) {
    assert(args->count + 1 < LS_MODEL_ARGS_MAX);
    args->argv[args->count++] = text;
    args->argv[args->count] = NULL;
}

static char *next_text(ls_model_args *args) {
    assert(args->text_count < LS_MODEL_ARG_TEXTS);
    return args->texts[args->text_count++];
}

void ls_model_args_add(ls_model_args *args, const char *name, const char *value) {
    put(args, name);
    if (value != NULL) {
        put(args, value);
    }
}

// All digits: the number that is read is the number that was meant.
void ls_model_args_real(ls_model_args *args, const char *name, double value) {
    char *text = next_text(args);
    snprintf(text, LS_MODEL_ARG_SIZE, "%.17g", value);
    ls_model_args_add(args, name, text);
}

static void add_count(ls_model_args *args, const char *name, uint64_t value) {
    char *text = next_text(args);
    snprintf(text, LS_MODEL_ARG_SIZE, "%llu", (unsigned long long)value);
    ls_model_args_add(args, name, text);
}

static void add_trees(ls_model_args *args, const ls_model_plan *plan, const ls_model_trees *trees) {
    ls_model_args_add(args, "--objective", ls_model_objective_name(plan->objective));
    if (plan->objective == LS_OBJECTIVE_CLASSES) {
        add_count(args, "--classes", plan->class_count);
    }
    if (plan->objective == LS_OBJECTIVE_QUANTILE) {
        ls_model_args_real(args, "--quantile", plan->quantile);
    }
    if (plan->objective == LS_OBJECTIVE_LIFE) {
        ls_model_args_real(args, "--most", (double)plan->horizon_us * 1e-6);
    }
    add_count(args, "--rounds", trees->rounds);
    add_count(args, "--depth", trees->depth);
    ls_model_args_real(args, "--rate", trees->rate);
    ls_model_args_real(args, "--child", trees->child);
    ls_model_args_real(args, "--rows", trees->rows);
    ls_model_args_real(args, "--columns", trees->columns);
    ls_model_args_real(args, "--lambda", trees->lambda);
}

void ls_model_args_init(ls_model_args *args, const char *program, const char *dataset,
                        const ls_model_plan *plan, const ls_model_trees *trees) {
    memset(args, 0, sizeof *args);
    put(args, program);
    put(args, "model");
    put(args, "fit");
    put(args, plan->learner);
    put(args, dataset);
    add_count(args, "--seed", plan->seed);
    if (strcmp(plan->learner, "trees") == 0) {
        add_trees(args, plan, trees);
    }
}
