// workers.h - threads that the caller lends: run(index) for index 0..count-1 on `workers` threads.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_job {
    // Called once per index, from any worker (0..worker_count-1), in increasing order of start.
    // A return other than LS_OK stops the hand-out of further indexes; the status and err of the
    // lowest failing index win. err is never NULL here, and each worker's own.
    ls_status (*run)(void *context, int64_t index, int worker, ls_error *err);
    void *context;
    int64_t count;
    const atomic_bool *stop;  // may be NULL; when it turns true no further index is handed out
} ls_job;

enum { LS_WORKERS_MAX = 1024 };

int ls_workers_default(void);  // processors this process may use, 1..LS_WORKERS_MAX
// Runs the job and waits for it, on a pool of its own (pool.h: one that stays costs less for many
// short jobs). The calling thread is worker 0, so worker_count 1 starts no thread. Never more
// workers than indexes; where the system gives fewer threads, fewer do the work. Which index fails
// first does not depend on the number of workers. A failing index goes before
// LS_ERR_STOPPED, which says that not every index was handed out.
ls_status ls_workers_run(const ls_job *job, int worker_count, ls_error *err);
