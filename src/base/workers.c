// workers.c - see workers.h.
#include "base/workers.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>

#include "base/arena.h"

// What the workers share. Indexes are handed out in increasing order, so every index below a
// failing one has been started and will end: the lowest failing index is the same for any number of
// workers.
typedef struct crew {
    const ls_job *job;
    _Atomic int64_t next;
    atomic_bool has_failed;
} crew;

typedef struct worker {
    crew *crew;
    int number;
    pthread_t thread;
    int64_t failed_index;  // -1: none
    ls_status status;
    ls_error err;  // of the failing index
} worker;

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

static bool is_stopped(const ls_job *job) {
    return job->stop != NULL && atomic_load(job->stop);
}

// The next index, or -1 when there is none for anybody any more.
static int64_t take(crew *c) {
    if (atomic_load(&c->has_failed) || is_stopped(c->job)) {
        return -1;
    }
    int64_t index = atomic_load(&c->next);
    while (index < c->job->count) {
        if (atomic_compare_exchange_weak(&c->next, &index, index + 1)) {
            return index;
        }
    }
    return -1;
}

static void *work(void *argument) {
    worker *w = argument;
    for (int64_t index = take(w->crew); index >= 0; index = take(w->crew)) {
        const ls_status status = w->crew->job->run(w->crew->job->context, index, w->number,
                                                   &w->err);
        if (status != LS_OK) {
            w->failed_index = index;
            w->status = status;
            atomic_store(&w->crew->has_failed, true);
            break;
        }
    }
    return NULL;
}

static ls_status result_of(const crew *c, const worker *workers, int count, ls_error *err) {
    const worker *lowest = NULL;
    for (int i = 0; i < count; i++) {
        const worker *w = &workers[i];
        if (w->failed_index >= 0 && (lowest == NULL || w->failed_index < lowest->failed_index)) {
            lowest = w;
        }
    }
    if (lowest != NULL) {
        if (err != NULL) {
            *err = lowest->err;
            err->status = lowest->status;
        }
        return lowest->status;
    }
    const int64_t started = atomic_load(&c->next);
    if (started < c->job->count) {
        return ls_fail(err, LS_ERR_STOPPED, "stopped after %lld of %lld", (long long)started,
                       (long long)c->job->count);
    }
    return LS_OK;
}

ls_status ls_workers_run(const ls_job *job, int worker_count, ls_error *err) {
    assert(job != NULL);
    assert(job->run != NULL);
    assert(job->count >= 0);
    assert(worker_count >= 1);
    int count = worker_count > LS_WORKERS_MAX ? LS_WORKERS_MAX : worker_count;
    if (job->count < count) {
        count = job->count < 1 ? 1 : (int)job->count;
    }
    worker *workers = ls_alloc((size_t)count * sizeof *workers);
    if (workers == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for %d workers", count);
    }
    crew c = {.job = job};
    for (int i = 0; i < count; i++) {
        workers[i].crew = &c;
        workers[i].number = i;
        workers[i].failed_index = -1;
    }
    int started = 1;
    while (started < count &&
           pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0) {
        started++;
    }
    work(&workers[0]);
    for (int i = 1; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    const ls_status status = result_of(&c, workers, started, err);
    ls_free(workers);
    return status;
}
