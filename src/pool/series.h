// series.h - a simulated time as it passed: what each account held, what was free and in what
// pieces, in steps of equal length. For plots; the exact sums are those of outcome.h.
//
// Feeds on what simulated.h tells: on_close once a step, on_decide, on_event.
#pragma once

#include "pool/meter.h"
#include "pool/simulated.h"

enum { LS_SERIES_CELLS_MAX = 1 << 22 };  // accounts x steps; beyond, only those right below the top

// What was free, looked at once a step, in thousandths of GPUs.
typedef struct ls_series_free {
    uint64_t whole;   // on nodes where nothing runs
    uint64_t broken;  // whole GPUs on nodes where something runs
    uint64_t rests;   // what is left of GPUs that are shared
} ls_series_free;

// Amounts of one step, as means in GPUs.
typedef struct ls_series_step {
    int64_t from_us, to_us;
    double up, down, idle, lost;  // lost: told in this step
    double idle_waited;           // of idle: while jobs waited
    double waiting;               // jobs, in the mean
    uint64_t failures, stopped, started;
    ls_series_free free;
} ls_series_step;

typedef struct ls_series {
    const ls_cluster *cluster;
    uint32_t steps, room, accounts;
    ls_series_step *rows;
    double *held;      // step by column, mean GPUs
    uint32_t *column;  // by account; LS_POOL_NONE: not kept
    uint32_t columns;
    // of the step that goes on
    ls_gpu_time idle_waited;
    double waiting_us;
    int64_t last_us;
    uint64_t last_free, last_waiting;
    bool looked;
    uint64_t failures, stopped, started;
    ls_series_free now;
    ls_gpu_time idle_waited_all;
} ls_series;

// `steps` as many as there will be closes, at most. Fails with LS_ERR_MEMORY.
ls_status ls_series_make(const ls_cluster *cluster, const ls_share_terms *terms, uint32_t accounts,
                         int64_t from_us, uint32_t steps, ls_series *out, ls_error *err);
void ls_series_clear(ls_series *series);  // NULL and zeroed are fine
void ls_series_event(ls_series *series, const ls_sim_event *event);
void ls_series_decide(ls_series *series, int64_t now_us, const ls_scheduler *s);
void ls_series_close(ls_series *series, int64_t from_us, int64_t to_us, const ls_meter_row *rows,
                     const ls_meter_pool *pool);
// Mean GPUs that the account held in the step; 0 when it is not kept.
double ls_series_held(const ls_series *series, uint32_t step, uint32_t account);
