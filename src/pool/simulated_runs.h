// simulated_runs.h - runs that are not there: each is over after so long, on a clock that is told.
//
// The executor (executor.h) of the simulated clock. What runs is its span; asked to stop, a run
// takes all the time that it is given. The same calls give the same ends, by time, then job.
#pragma once

#include "pool/executor.h"

typedef struct ls_sim_runs ls_sim_runs;

// ls_run_start.what: a run takes so long. INT64_MAX: for ever.
typedef struct ls_sim_span {
    int64_t work_us;  // then it is done: LS_RUN_EXITED with 0
    int64_t most_us;  // then it is stopped: LS_RUN_SIGNALLED, timed_out
} ls_sim_span;

// Fails with LS_ERR_MEMORY.
ls_status ls_sim_runs_create(ls_sim_runs **out, ls_error *err);
void ls_sim_runs_destroy(ls_sim_runs *runs);  // NULL is fine
// Jobs are small numbers, each with one run at a time. `start` fails with LS_ERR_MEMORY; `ended`
// tells runs that are over by the time that was told last; one that was stopped ended as
// LS_RUN_SIGNALLED, asked.
ls_executor ls_sim_runs_executor(ls_sim_runs *runs);
// A run that was not asked to stop is done then, unless its longest time is over before.
void ls_sim_runs_move(ls_sim_runs *runs, uint64_t job, uint32_t run, int64_t over_us);
// It is now so late; time does not go back.
void ls_sim_runs_to(ls_sim_runs *runs, int64_t now_us);
// When a run may be over; INT64_MAX: never. Also when it ends sooner by now: then `ended` tells
// nothing.
int64_t ls_sim_runs_next_us(const ls_sim_runs *runs);
// A stop, or a move, found no memory: it will not be told when that run is over.
bool ls_sim_runs_failed(const ls_sim_runs *runs);
