// outcome.h - what a simulated time came to, account by account: waits, work, guarantees.
//
// Feeds on the events and closed books of simulated.h. Waits are kept in buckets an eighth of an
// octave wide from 1 s on (the quantiles are that exact: within 4.5 %), means exactly.
#pragma once

#include "pool/meter.h"
#include "pool/simulated.h"

enum { LS_OUTCOME_BUCKETS = 256 };

typedef struct ls_outcome_row {
    uint64_t jobs;      // started for the first time
    uint64_t left;      // never started; each has waited so far as long as it has, and counts so
    double wait_sum_s;  // until the first start
    double wait_max_s;
    uint32_t waits[LS_OUTCOME_BUCKETS];
    uint64_t ended, stopped, broken, refused;
    uint64_t promised, late;  // starts with a promise; those after it
    uint64_t gave_way;        // of these, whose promise gave way to a guarantee
    uint64_t due, missed;  // jobs with a deadline that are over or should be; those not done by it
    ls_meter_row total;    // of all closed books
    // Of what was lost: work done again after stops for others, the time they took to stop, work
    // done again after failures, and what ran past its limit.
    ls_gpu_time lost_stopped, lost_stopping, lost_broken, lost_killed;
} ls_outcome_row;

typedef struct ls_outcome {
    uint32_t count;
    ls_outcome_row *rows;     // by account, each with all below it
    const uint32_t *parents;  // by account, LS_POOL_NONE: the top
    ls_meter_pool pool;
} ls_outcome;

// `terms` as for ls_scheduler_create. Fails with LS_ERR_MEMORY.
ls_status ls_outcome_make(const ls_share_terms *terms, uint32_t accounts, ls_outcome *out,
                          ls_error *err);
void ls_outcome_clear(ls_outcome *outcome);
void ls_outcome_event(ls_outcome *outcome, const ls_sim_event *event);
void ls_outcome_close(ls_outcome *outcome, const ls_meter_row *rows, const ls_meter_pool *pool);

double ls_outcome_wait_mean_s(const ls_outcome_row *row);
// The wait that a share p of the jobs did not pass; 0 when there are none.
double ls_outcome_wait_s(const ls_outcome_row *row, double p);
// Shares of all the GPU time of nodes that were up.
double ls_outcome_used(const ls_outcome *outcome);
double ls_outcome_goodput(const ls_outcome *outcome);  // used and not lost
