// pool_compare.h - policies on the same loads: what each comes to, and how they differ, with
// intervals.
//
// Every policy meets the same jobs and the same failures (common random numbers): run i of each has
// the same seed, and differences are taken run by run.
#pragma once

#include <jansson.h>

#include "base/statistics.h"
#include "cli/pool_run.h"

enum { LS_COMPARED_MAX = 8 };  // policies

// What is compared, in the order of ls_compared_figures.
typedef enum ls_compared {
    LS_COMPARED_WAIT_MEAN,
    LS_COMPARED_WAIT_P99,
    LS_COMPARED_USED,
    LS_COMPARED_GOODPUT,
    LS_COMPARED_LOST,
    LS_COMPARED_LATE,
    LS_COMPARED_STOPPED,
    LS_COMPARED_ENDED,
    LS_COMPARED_COUNT,
} ls_compared;

typedef enum ls_compared_unit { LS_UNIT_TIME_S, LS_UNIT_SHARE, LS_UNIT_NUMBER } ls_compared_unit;

typedef struct ls_compared_figure {
    const char *name;    // "wait_mean_s"
    const char *header;  // of a table
    ls_compared_unit unit;
    int better;  // 1: more, -1: less
} ls_compared_figure;
extern const ls_compared_figure ls_compared_figures[LS_COMPARED_COUNT];

typedef struct ls_pool_comparison {
    const ls_sim_policy *policies[LS_COMPARED_MAX];  // [0]: what the others are compared with
    uint32_t policy_count, reps;
    uint64_t seed;      // of the first run
    double *values;     // owned: policy, figure, run
    ls_pool_run first;  // run 0 of policy 0, with its series
} ls_pool_comparison;

// `def` is run 0 of the first policy; run i has def->seed + i. Traces are drawn anew for each run
// (ls_trace_load_draw) when there are several. Fails as ls_pool_run_do does; *out is to be cleared
// either way. The same result on any number of workers.
ls_status ls_pool_compare(const ls_pool_run_def *def, const ls_sim_policy *const *policies,
                          uint32_t policy_count, uint32_t reps, int workers,
                          ls_pool_comparison *out, ls_error *err);
void ls_pool_comparison_clear(ls_pool_comparison *c);
// Of one policy, and of one less the first, run by run; 95 %.
ls_interval ls_compared_mean(const ls_pool_comparison *c, uint32_t policy, ls_compared figure);
ls_interval ls_compared_difference(const ls_pool_comparison *c, uint32_t policy,
                                   ls_compared figure);

// `heading` says pool, load and span.
void ls_pool_comparison_text(const ls_pool_comparison *c, const char *heading, ls_buffer *out);
// The object is documented in docs/JSON.md.
void ls_pool_comparison_json(const ls_pool_comparison *c, const ls_pool_run_def *def,
                             const char *load, ls_buffer *out);
// Of it, what is compared and what came of it; "reps", "level", "figures", "policies".
json_t *ls_pool_comparison_object(const ls_pool_comparison *c);
// A line for each policy and run.
void ls_pool_comparison_csv(const ls_pool_comparison *c, ls_buffer *out);
