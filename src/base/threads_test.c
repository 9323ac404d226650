// threads_test.c - one set of threads, many jobs: every index once, the lowest failure, fewer
// threads than asked for; runs under ThreadSanitizer too.
#include "base/threads.h"

#include <pthread.h>

#include "base/arena.h"
#include "tests/harness.h"

enum { COUNT = 300, JOBS = 400 };

typedef struct work {
    atomic_int runs[COUNT];
    atomic_int highest_worker;
    int64_t fail_from;  // and each third after it; 0: never
    int64_t stop_at;
    atomic_bool stop;
} work;

static ls_status run_one(void *context, int64_t index, int worker, ls_error *err) {
    work *w = context;
    atomic_fetch_add(&w->runs[index], 1);
    int highest = atomic_load(&w->highest_worker);
    while (worker > highest &&
           !atomic_compare_exchange_weak(&w->highest_worker, &highest, worker)) {
    }
    if (w->fail_from > 0 && index >= w->fail_from && index % 3 == 0) {
        return ls_fail(err, LS_ERR_LIMIT, "index %lld is too much", (long long)index);
    }
    if (w->stop_at > 0 && index == w->stop_at) {
        atomic_store(&w->stop, true);
    }
    return LS_OK;
}

// How many of the first `count` ran exactly once.
static int ran_once(const work *w, int count) {
    int once = 0;
    for (int i = 0; i < count; i++) {
        once += atomic_load(&w->runs[i]) == 1 ? 1 : 0;
    }
    return once;
}

static const int sizes[] = {1, 2, 3, 16};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static ls_threads *make(int workers) {
    ls_threads *threads = NULL;
    CHECK_INT(ls_threads_create(workers, &threads, NULL), LS_OK);
    return threads;
}

static void test_every_index_of_every_job_runs_once(void) {
    for (int i = 0; i < SIZES; i++) {
        ls_threads *threads = make(sizes[i]);
        CHECK_INT(ls_threads_count(threads), sizes[i]);
        int wrong = 0;
        for (int k = 0; k < JOBS; k++) {
            // Short jobs too, whose workers wake when all is done.
            const int count = k % 4 == 0 ? COUNT : k % 4;
            work w = {.fail_from = 0};
            const ls_job job = {.run = run_one, .context = &w, .count = count};
            wrong += ls_threads_run(threads, &job, NULL) != LS_OK || ran_once(&w, count) != count ||
                     atomic_load(&w.highest_worker) >= sizes[i];
        }
        CHECK_INT(wrong, 0);
        ls_threads_destroy(threads);
    }
}

static void test_the_lowest_failure_wins_and_the_next_job_knows_nothing_of_it(void) {
    for (int i = 0; i < SIZES; i++) {
        ls_threads *threads = make(sizes[i]);
        for (int round = 0; round < 50; round++) {
            ls_error err = {0};
            work bad = {.fail_from = 100};
            const ls_job job = {.run = run_one, .context = &bad, .count = COUNT};
            CHECK_INT(ls_threads_run(threads, &job, &err), LS_ERR_LIMIT);
            CHECK_STR(err.text, "index 102 is too much");
            work good = {.fail_from = 0};
            const ls_job next = {.run = run_one, .context = &good, .count = COUNT};
            CHECK_INT(ls_threads_run(threads, &next, &err), LS_OK);
            CHECK_INT(ran_once(&good, COUNT), COUNT);
        }
        ls_threads_destroy(threads);
    }
}

static void test_stop_ends_the_hand_out(void) {
    for (int i = 0; i < SIZES; i++) {
        ls_threads *threads = make(sizes[i]);
        work w = {.stop_at = 10};
        const ls_job job = {.run = run_one, .context = &w, .count = COUNT, .stop = &w.stop};
        ls_error err = {0};
        const ls_status status = ls_threads_run(threads, &job, &err);
        // One worker stops at once; several may have taken all that is left by then.
        CHECK(status == LS_ERR_STOPPED || (sizes[i] > 1 && status == LS_OK));
        if (sizes[i] == 1) {
            CHECK_STR(err.text, "stopped after 11 of 300");
        }
        ls_threads_destroy(threads);
    }
}

static void test_fewer_threads_do_the_same_work(void) {
    for (int given = 0; given < 3; given++) {
        ls_threads_fail_start_after(given);
        ls_threads *threads = make(8);
        ls_threads_fail_start_after(-1);
        CHECK_INT(ls_threads_count(threads), given + 1);
        work w = {.fail_from = 0};
        const ls_job job = {.run = run_one, .context = &w, .count = COUNT};
        CHECK_INT(ls_threads_run(threads, &job, NULL), LS_OK);
        CHECK_INT(ran_once(&w, COUNT), COUNT);
        CHECK(atomic_load(&w.highest_worker) <= given);
        ls_threads_destroy(threads);
    }
}

typedef struct caller {
    ls_threads *threads;
    int wrong;
} caller;

static void *call_often(void *context) {
    caller *c = context;
    for (int k = 0; k < JOBS; k++) {
        work w = {.fail_from = 0};
        const ls_job job = {.run = run_one, .context = &w, .count = 20};
        c->wrong += ls_threads_run(c->threads, &job, NULL) != LS_OK || ran_once(&w, 20) != 20;
    }
    return NULL;
}

static void test_two_callers_take_turns(void) {
    caller callers[2] = {{.threads = make(3)}};
    pthread_t threads[2];
    callers[1].threads = callers[0].threads;
    for (int i = 0; i < 2; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(callers[i].wrong, 0);
    }
    ls_threads_destroy(callers[0].threads);
}

static void test_no_work_and_no_pool_are_fine(void) {
    ls_threads *threads = make(4);
    work w = {.fail_from = 0};
    const ls_job job = {.run = run_one, .context = &w, .count = 0};
    CHECK_INT(ls_threads_run(threads, &job, NULL), LS_OK);
    ls_threads_destroy(threads);
    ls_threads_destroy(NULL);
}

static void test_out_of_memory_is_reported_when_it_is_made(void) {
    ls_error err = {0};
    ls_threads *threads = NULL;
    ls_alloc_fail_after(0);
    const ls_status status = ls_threads_create(4, &threads, &err);
    ls_alloc_fail_after(-1);
    CHECK_INT(status, LS_ERR_MEMORY);
    CHECK(threads == NULL);
    CHECK_STR(err.text, "out of memory for 4 workers");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_every_index_of_every_job_runs_once);
    TEST(test_the_lowest_failure_wins_and_the_next_job_knows_nothing_of_it);
    TEST(test_stop_ends_the_hand_out);
    TEST(test_fewer_threads_do_the_same_work);
    TEST(test_two_callers_take_turns);
    TEST(test_no_work_and_no_pool_are_fine);
    TEST(test_out_of_memory_is_reported_when_it_is_made);
    return harness_report();
}
