// workers.h - threads that the caller lends: run(index) for index 0..count-1 on `workers` threads.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_job {
    // Called once per index, from any worker (0..worker_count-1), in increasing order of start.
    // A return other than LS_OK stops the hand-out of further indexes; the status and err of the
    // lowest failing index win.
    ls_status (*run)(void *context, int64_t index, int worker, ls_error *err);
    void *context;
    int64_t count;
    const atomic_bool *stop;  // may be NULL; when it turns true no further index is handed out
} ls_job;

int ls_workers_default(void);  // processors this process may use
// Runs the job; worker_count 1 runs on the calling thread. LS_ERR_STOPPED when stopped early.
ls_status ls_workers_run(const ls_job *job, int worker_count, ls_error *err);
