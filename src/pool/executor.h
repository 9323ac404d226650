// executor.h - where the scheduler's acts are carried out: a simulated clock, this machine, a
// cluster.
//
// A policy is a struct of functions. Whoever runs a scheduler (simulated.c, exec/service.c) hands
// each start and stop to the executor and asks it what ended. simulated_runs.h is the simulated
// clock's, exec/machine.h this machine's; there is none of a cluster yet. A *run* is one start of a
// job: the pair (job, run) is never started twice.
#pragma once

#include "pool/scheduler.h"

typedef enum ls_run_how {
    LS_RUN_EXITED,       // code: its exit status
    LS_RUN_SIGNALLED,    // code: the signal that ended it
    LS_RUN_NOT_STARTED,  // its command cannot be started: note
    LS_RUN_NEVER,        // nothing of it began, for no fault of its own: note
    LS_RUN_LOST,         // nobody knows: its guardian, or the machine, went down
} ls_run_how;

typedef struct ls_run_end {
    uint64_t job;
    uint32_t run;
    ls_run_how how;
    int code;
    bool asked;        // it had been asked to stop
    bool timed_out;    // it had run for its longest time
    int64_t ended_us;  // in the clock of the runner
    char note[128];    // for people; may be empty
} ls_run_end;

typedef struct ls_run_start {
    uint64_t job;
    uint32_t run;  // from 1
    const ls_pool_share *shares;
    uint32_t kind;   // of its GPUs; LS_POOL_NONE
    uint32_t index;  // in its array; 0
    int64_t now_us;
    const void *what;  // what runs: the executor's own
} ls_run_start;

// What became of a run that was under way when the runner went down.
typedef enum ls_run_found {
    LS_RUN_FOUND_RUNNING,  // its end will be told by `ended`
    LS_RUN_FOUND_ENDED,    // the same, with the next call
    LS_RUN_FOUND_NEVER,    // it was not started, and never will be under this number
    LS_RUN_FOUND_FAILED,   // cannot be found out now
} ls_run_found;

typedef struct ls_executor {
    void *context;
    // LS_ERR_IO: nothing can be started any more (a single run that cannot be is told by `ended`).
    ls_status (*start)(void *context, const ls_run_start *start, ls_error *err);
    // It is to save, if it can, and be gone by then. Also for runs that have ended meanwhile.
    void (*stop)(void *context, uint64_t job, uint32_t run, int64_t until_us);
    // The next run that ended; false: none now.
    bool (*ended)(void *context, ls_run_end *out);
    ls_run_found (*adopt)(void *context, uint64_t job, uint32_t run);
} ls_executor;
