// workers_test.c - every index once, the lowest failure, stopping; runs under ThreadSanitizer too.
#include "base/workers.h"

#include "base/arena.h"
#include "tests/harness.h"

enum { COUNT = 2000 };

typedef struct work {
    atomic_int runs[COUNT];
    atomic_int highest_worker;
    int64_t fail_every;  // 0: never
    int64_t fail_from;
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
    if (w->fail_every > 0 && index >= w->fail_from && index % w->fail_every == 0) {
        return ls_fail(err, LS_ERR_LIMIT, "index %lld is too much", (long long)index);
    }
    if (w->stop_at > 0 && index == w->stop_at) {
        atomic_store(&w->stop, true);
    }
    return LS_OK;
}

static const int worker_counts[] = {1, 2, 3, 16, 5000};
enum { WORKER_COUNTS = sizeof worker_counts / sizeof worker_counts[0] };

static void test_every_index_runs_once(void) {
    for (int i = 0; i < WORKER_COUNTS; i++) {
        work w = {.fail_every = 0};
        const ls_job job = {.run = run_one, .context = &w, .count = COUNT};
        CHECK_INT(ls_workers_run(&job, worker_counts[i], NULL), LS_OK);
        int once = 0;
        for (int k = 0; k < COUNT; k++) {
            once += atomic_load(&w.runs[k]) == 1 ? 1 : 0;
        }
        CHECK_INT(once, COUNT);
        CHECK(atomic_load(&w.highest_worker) < worker_counts[i]);
    }
}

static void test_lowest_failure_wins_for_any_number_of_workers(void) {
    for (int i = 0; i < WORKER_COUNTS; i++) {
        for (int round = 0; round < 20; round++) {
            work w = {.fail_every = 7, .fail_from = 100};
            ls_error err;
            const ls_job job = {.run = run_one, .context = &w, .count = COUNT};
            CHECK_INT(ls_workers_run(&job, worker_counts[i] > 16 ? 4 : worker_counts[i], &err),
                      LS_ERR_LIMIT);
            CHECK_STR(err.text, "index 105 is too much");
            CHECK_INT(err.status, LS_ERR_LIMIT);
            CHECK_INT(ls_workers_run(&job, 2, NULL), LS_ERR_LIMIT);
        }
    }
}

static void test_stop_ends_the_hand_out(void) {
    for (int i = 0; i < WORKER_COUNTS; i++) {
        work w = {.stop_at = 10};
        ls_error err;
        const ls_job job = {.run = run_one, .context = &w, .count = COUNT, .stop = &w.stop};
        // One worker stops at once; several may have taken all that is left by then.
        const ls_status status = ls_workers_run(&job, worker_counts[i], &err);
        CHECK(status == LS_ERR_STOPPED || (worker_counts[i] > 1 && status == LS_OK));
        if (worker_counts[i] == 1) {
            CHECK_STR(err.text, "stopped after 11 of 2000");
            CHECK_INT(atomic_load(&w.runs[10]), 1);
            CHECK_INT(atomic_load(&w.runs[11]), 0);
        }
    }
}

static void test_no_work_is_done_at_once(void) {
    work w = {.fail_every = 0};
    const ls_job job = {.run = run_one, .context = &w, .count = 0};
    CHECK_INT(ls_workers_run(&job, 8, NULL), LS_OK);
}

static void test_out_of_memory_is_reported(void) {
    work w = {.fail_every = 0};
    ls_error err;
    const ls_job job = {.run = run_one, .context = &w, .count = COUNT};
    ls_alloc_fail_after(0);
    const ls_status status = ls_workers_run(&job, 2, &err);
    ls_alloc_fail_after(-1);
    CHECK_INT(status, LS_ERR_MEMORY);
    CHECK_INT(atomic_load(&w.runs[0]), 0);
}

static void test_default_is_sensible(void) {
    CHECK(ls_workers_default() >= 1 && ls_workers_default() <= LS_WORKERS_MAX);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_every_index_runs_once);
    TEST(test_lowest_failure_wins_for_any_number_of_workers);
    TEST(test_stop_ends_the_hand_out);
    TEST(test_no_work_is_done_at_once);
    TEST(test_out_of_memory_is_reported);
    TEST(test_default_is_sensible);
    return harness_report();
}
