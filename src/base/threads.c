// threads.c - see threads.h.
#include "base/threads.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include "base/arena.h"

typedef struct worker {
    ls_threads *threads;
    int number;
    pthread_t thread;
    int64_t failed_index;  // of this job; -1: none
    ls_status status;
    ls_error err;  // of the failing index
} worker;

// `lock` is around the hand-over of a job; indexes are taken without it. They are handed out in
// increasing order, so every index below a failing one has been started and will end: the lowest
// failing index is the same for any number of workers.
struct ls_threads {
    pthread_mutex_t turn;  // of the callers
    pthread_mutex_t lock;
    pthread_cond_t job_came, all_left;
    const ls_job *job;  // NULL: none, or nobody may begin any more
    uint64_t job_number;
    int at_work;  // workers that have begun and not ended, the caller not counted
    bool ends;
    _Atomic int64_t next;
    atomic_bool has_failed;
    int count, started;
    worker workers[];
};

// ---- one worker at one job

static bool is_stopped(const ls_job *job) {
    return job->stop != NULL && atomic_load(job->stop);
}

// The next index, or -1 when there is none for anybody any more.
static int64_t take(ls_threads *p, const ls_job *job) {
    if (atomic_load(&p->has_failed) || is_stopped(job)) {
        return -1;
    }
    int64_t index = atomic_load(&p->next);
    while (index < job->count) {
        if (atomic_compare_exchange_weak(&p->next, &index, index + 1)) {
            return index;
        }
    }
    return -1;
}

static void work(worker *w, const ls_job *job) {
    ls_threads *p = w->threads;
    for (int64_t index = take(p, job); index >= 0; index = take(p, job)) {
        const ls_status status = job->run(job->context, index, w->number, &w->err);
        if (status != LS_OK) {
            w->failed_index = index;
            w->status = status;
            atomic_store(&p->has_failed, true);
            break;
        }
    }
}

static void *stay(void *argument) {
    worker *w = argument;
    ls_threads *p = w->threads;
    uint64_t seen = 0;
    pthread_setname_np(pthread_self(), "ls-worker");
    pthread_mutex_lock(&p->lock);
    while (!p->ends) {
        const ls_job *job = p->job;
        if (job == NULL || p->job_number == seen || w->number >= job->count) {
            pthread_cond_wait(&p->job_came, &p->lock);
            continue;
        }
        seen = p->job_number;
        p->at_work++;
        pthread_mutex_unlock(&p->lock);
        work(w, job);
        pthread_mutex_lock(&p->lock);
        if (--p->at_work == 0) {
            pthread_cond_signal(&p->all_left);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

// ---- a job

static void begin(ls_threads *p, const ls_job *job) {
    atomic_store(&p->next, 0);
    atomic_store(&p->has_failed, false);
    for (int i = 0; i < p->started; i++) {
        p->workers[i].failed_index = -1;
    }
    pthread_mutex_lock(&p->lock);
    p->job = job;
    p->job_number++;
    pthread_mutex_unlock(&p->lock);
    if (p->started > 1 && job->count > 1) {
        pthread_cond_broadcast(&p->job_came);
    }
}

static void end(ls_threads *p) {
    pthread_mutex_lock(&p->lock);
    p->job = NULL;  // who wakes only now has come for nothing
    while (p->at_work > 0) {
        pthread_cond_wait(&p->all_left, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}

static ls_status result_of(const ls_threads *p, const ls_job *job, ls_error *err) {
    const worker *lowest = NULL;
    for (int i = 0; i < p->started; i++) {
        const worker *w = &p->workers[i];
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
    const int64_t handed_out = atomic_load(&p->next);
    if (handed_out < job->count) {
        return ls_fail(err, LS_ERR_STOPPED, "stopped after %lld of %lld", (long long)handed_out,
                       (long long)job->count);
    }
    return LS_OK;
}

ls_status ls_threads_run(ls_threads *threads, const ls_job *job, ls_error *err) {
    assert(job != NULL);
    assert(job->run != NULL);
    assert(job->count >= 0);
    pthread_mutex_lock(&threads->turn);
    begin(threads, job);
    work(&threads->workers[0], job);
    end(threads);
    const ls_status status = result_of(threads, job, err);
    pthread_mutex_unlock(&threads->turn);
    return status;
}

// ---- made, and gone

static int fail_start_after = -1;

void ls_threads_fail_start_after(int threads) {
    fail_start_after = threads;
}

static bool start(worker *w) {
    if (fail_start_after == 0) {
        return false;
    }
    fail_start_after -= fail_start_after > 0;
    return pthread_create(&w->thread, NULL, stay, w) == 0;
}

// Signals are for the program's own threads.
static void start_threads(ls_threads *p) {
    sigset_t all, before;
    p->started = 1;
    if (p->count == 1) {
        return;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->started < p->count && start(&p->workers[p->started])) {
        p->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

ls_status ls_threads_create(int workers, ls_threads **out, ls_error *err) {
    assert(workers >= 1);
    *out = NULL;
    const int count = workers > LS_WORKERS_MAX ? LS_WORKERS_MAX : workers;
    ls_threads *p = ls_alloc(sizeof *p + (size_t)count * sizeof p->workers[0]);
    if (p == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for %d workers", count);
    }
    p->count = count;
    pthread_mutex_init(&p->turn, NULL);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->job_came, NULL);
    pthread_cond_init(&p->all_left, NULL);
    for (int i = 0; i < count; i++) {
        p->workers[i].threads = p;
        p->workers[i].number = i;
        p->workers[i].failed_index = -1;
    }
    start_threads(p);
    *out = p;
    return LS_OK;
}

int ls_threads_count(const ls_threads *threads) {
    return threads->started;
}

void ls_threads_destroy(ls_threads *threads) {
    if (threads == NULL) {
        return;
    }
    pthread_mutex_lock(&threads->lock);
    threads->ends = true;
    pthread_cond_broadcast(&threads->job_came);
    pthread_mutex_unlock(&threads->lock);
    for (int i = 1; i < threads->started; i++) {
        pthread_join(threads->workers[i].thread, NULL);
    }
    pthread_cond_destroy(&threads->all_left);
    pthread_cond_destroy(&threads->job_came);
    pthread_mutex_destroy(&threads->lock);
    pthread_mutex_destroy(&threads->turn);
    ls_free(threads);
}
