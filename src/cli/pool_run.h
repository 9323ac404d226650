// pool_run.h - one simulated time of a pool: the load, the policy, and all that is told of it.
//
// What a run is made from is constant and shared; a run is one value, so that many can go side by
// side. The same def gives the same bytes.
#pragma once

#include "base/text.h"
#include "import/pool_trace.h"
#include "pool/kept.h"
#include "pool/mix.h"
#include "pool/outcome.h"
#include "pool/pool.h"
#include "pool/series.h"
#include "pool/terms.h"

#define LS_POOL_DAY_US INT64_C(86400000000)

typedef struct ls_pool_run_def {
    const ls_pool *pool;
    const ls_terms *terms;
    const ls_sim_policy *policy;
    const ls_trace_load *trace;  // what it hands out is drawn from `mix` when this is NULL
    const ls_mix *mix;
    double load;  // of the mix, 1: all that there is
    int64_t checkpoint_us;
    uint64_t seed;
    int64_t span_us;
    int64_t step_us;  // of the series; a day is a whole number of these. 0: no series, no statement
    bool no_failures, statement;
    // Told the share that is done, often; false stops it (LS_ERR_STOPPED). NULL: nobody asks.
    bool (*going)(void *context, double share, uint64_t jobs);
    void *context;
} ls_pool_run_def;

typedef struct ls_pool_run {
    ls_sim_result result;
    ls_outcome outcome;
    ls_kept *kept;
    ls_series series;
    ls_buffer statement;  // CSV, day by day
    char refused[256];    // why the first job was that was
} ls_pool_run;

// Fails with LS_ERR_INVALID, LS_ERR_MEMORY, LS_ERR_STOPPED. *out is to be cleared either way.
ls_status ls_pool_run_do(const ls_pool_run_def *def, ls_pool_run *out, ls_error *err);
void ls_pool_run_clear(ls_pool_run *run);
// A step for so long a time: at most 250 of them where that is not below a day, an hour at least, a
// whole part of a day.
int64_t ls_pool_run_step(int64_t span_us);
