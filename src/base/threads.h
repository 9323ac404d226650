// threads.h - threads that stay: they sleep between jobs, so that a job costs a wake-up and no
// start.
//
// A job is as in workers.h: what it computes does not depend on the number of workers, and neither
// does which failing index wins. The calling thread is worker 0 and does whatever nobody else has
// taken: it waits for the workers that have begun, never for one that is not awake yet.
#pragma once

#include "base/workers.h"

typedef struct ls_threads ls_threads;

// `workers`: the calling thread included, 1..LS_WORKERS_MAX (more are taken as that). Where the
// system gives fewer threads there are fewer workers, down to the calling thread alone. Fails with
// LS_ERR_MEMORY.
ls_status ls_threads_create(int workers, ls_threads **out, ls_error *err);
void ls_threads_destroy(ls_threads *threads);  // NULL is fine; no job may be running
int ls_threads_count(
    const ls_threads *threads);  // those that there are, the calling thread included
// Runs the job and waits for it. One at a time: a second caller waits for the first. Not from
// within a job. Allocates nothing.
ls_status ls_threads_run(ls_threads *threads, const ls_job *job, ls_error *err);

// For tests: the system gives no more threads after so many; -1 switches it off.
void ls_threads_fail_start_after(int threads);
