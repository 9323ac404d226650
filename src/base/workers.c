// workers.c - see workers.h.
#include "base/workers.h"

#include <assert.h>
#include <sched.h>
#include <stddef.h>

#include "base/threads.h"

int ls_workers_default(void) {
    // Machines with more processors than a cpu_set_t holds refuse the small set: try larger ones.
    for (int room = CPU_SETSIZE; room <= 64 * CPU_SETSIZE; room *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)room);
        if (set == NULL) {
            return 1;
        }
        const size_t size = CPU_ALLOC_SIZE((size_t)room);
        const bool is_known = sched_getaffinity(0, size, set) == 0;
        const int count = is_known ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (is_known) {
            return count < 1 ? 1 : (count > LS_WORKERS_MAX ? LS_WORKERS_MAX : count);
        }
    }
    return 1;
}

ls_status ls_workers_run(const ls_job *job, int worker_count, ls_error *err) {
    assert(job != NULL);
    assert(job->count >= 0);
    ls_threads *threads = NULL;
    const bool few = job->count < worker_count;
    const int count = few && job->count > 0 ? (int)job->count : few ? 1 : worker_count;
    ls_status status = ls_threads_create(count, &threads, err);
    if (status == LS_OK) {
        status = ls_threads_run(threads, job, err);
        ls_threads_destroy(threads);
    }
    return status;
}
