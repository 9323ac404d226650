// simulated_runs_test.c - the executor of the simulated clock: what ends when, and how.
#include "pool/simulated_runs.h"

#include <signal.h>

#include "tests/harness.h"

static ls_sim_runs *make(ls_executor *out) {
    ls_sim_runs *runs = NULL;
    ls_error err = {0};
    CHECK_INT(ls_sim_runs_create(&runs, &err), LS_OK);
    *out = ls_sim_runs_executor(runs);
    return runs;
}

static ls_status start(const ls_executor *x, uint64_t job, uint32_t run, int64_t now_us,
                       int64_t work_us, int64_t most_us) {
    const ls_sim_span span = {.work_us = work_us, .most_us = most_us};
    const ls_run_start s = {.job = job, .run = run, .now_us = now_us, .what = &span};
    ls_error err = {0};
    return x->start(x->context, &s, &err);
}

static void test_runs_end_in_their_order_each_in_its_way(void) {
    ls_executor x;
    ls_sim_runs *runs = make(&x);
    ls_run_end end;
    CHECK_INT(ls_sim_runs_next_us(runs), INT64_MAX);
    CHECK_INT(start(&x, 3, 1, 0, 100, INT64_MAX), LS_OK);
    CHECK_INT(start(&x, 1, 1, 0, 100, 100), LS_OK);
    CHECK_INT(start(&x, 2, 1, 0, 100, 99), LS_OK);
    CHECK_INT(start(&x, 4, 1, 0, INT64_MAX, INT64_MAX), LS_OK);
    CHECK_INT(start(&x, 5, 7, 0, 500, INT64_MAX), LS_OK);
    CHECK_INT(ls_sim_runs_next_us(runs), 99);
    ls_sim_runs_to(runs, 98);
    CHECK(!x.ended(x.context, &end));
    ls_sim_runs_to(runs, 100);
    x.stop(x.context, 4, 1, 200);
    x.stop(x.context, 5, 7, 600);  // done before
    CHECK(x.ended(x.context, &end));
    CHECK_INT(end.job, 2);
    CHECK(end.how == LS_RUN_SIGNALLED && end.timed_out && !end.asked);
    CHECK_INT(end.code, SIGTERM);
    CHECK_INT(end.ended_us, 99);
    for (uint64_t job = 1; job <= 3; job += 2) {
        CHECK(x.ended(x.context, &end));
        CHECK_INT(end.job, job);
        CHECK(end.how == LS_RUN_EXITED && end.code == 0 && !end.asked && !end.timed_out);
    }
    CHECK(!x.ended(x.context, &end));
    CHECK_INT(x.adopt(x.context, 4, 1), LS_RUN_FOUND_RUNNING);
    CHECK_INT(x.adopt(x.context, 3, 1), LS_RUN_FOUND_NEVER);
    ls_sim_runs_to(runs, 1000);
    CHECK(x.ended(x.context, &end));
    CHECK_INT(end.job, 4);
    CHECK(end.how == LS_RUN_SIGNALLED && end.asked);
    CHECK_INT(end.ended_us, 200);
    CHECK(x.ended(x.context, &end));
    CHECK_INT(end.job, 5);
    CHECK_INT(end.run, 7);
    CHECK(end.how == LS_RUN_EXITED && !end.asked);
    CHECK(!x.ended(x.context, &end));
    ls_sim_runs_destroy(runs);
}

// Asked twice, the sooner counts; what was foreseen of a run before is not told of the next.
static void test_a_stop_and_the_next_run_are_not_taken_for_another(void) {
    ls_executor x;
    ls_sim_runs *runs = make(&x);
    ls_run_end end;
    CHECK_INT(start(&x, 0, 1, 0, 100, INT64_MAX), LS_OK);
    x.stop(x.context, 0, 1, 50);
    x.stop(x.context, 0, 1, 80);
    x.stop(x.context, 0, 1, 20);
    x.stop(x.context, 0, 2, 10);  // of no run that there is
    x.stop(x.context, 9, 1, 10);
    ls_sim_runs_to(runs, 20);
    CHECK(x.ended(x.context, &end));
    CHECK_INT(end.ended_us, 20);
    CHECK_INT(end.run, 1);
    CHECK_INT(start(&x, 0, 2, 20, 60, INT64_MAX), LS_OK);  // until 80
    ls_sim_runs_to(runs, 79);
    CHECK(!x.ended(x.context, &end));
    ls_sim_runs_to(runs, 100);
    CHECK(x.ended(x.context, &end));
    CHECK_INT(end.ended_us, 80);
    CHECK_INT(end.run, 2);
    CHECK(end.how == LS_RUN_EXITED);
    CHECK(!x.ended(x.context, &end));
    ls_sim_runs_destroy(runs);
}

static void test_without_memory_it_says_so(void) {
    ls_sim_runs *runs = NULL;
    ls_error err = {0};
    ls_alloc_fail_after(0);
    CHECK_INT(ls_sim_runs_create(&runs, &err), LS_ERR_MEMORY);
    ls_alloc_fail_after(-1);
    for (int64_t n = 0; n < 2; n++) {
        ls_executor x;
        runs = make(&x);
        ls_alloc_fail_after(n);
        CHECK_INT(start(&x, 0, 1, 0, 100, 100), LS_ERR_MEMORY);
        ls_alloc_fail_after(-1);
        ls_sim_runs_destroy(runs);
    }
    ls_executor x;
    runs = make(&x);
    CHECK_INT(start(&x, 0, 1, 0, 1000, 1000), LS_OK);
    CHECK(!ls_sim_runs_failed(runs));
    ls_alloc_fail_after(0);
    for (int64_t until = 999; until > 0 && !ls_sim_runs_failed(runs); until--) {
        x.stop(x.context, 0, 1, until);
    }
    ls_alloc_fail_after(-1);
    CHECK(ls_sim_runs_failed(runs));
    ls_sim_runs_destroy(runs);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_runs_end_in_their_order_each_in_its_way);
    TEST(test_a_stop_and_the_next_run_are_not_taken_for_another);
    TEST(test_without_memory_it_says_so);
    return harness_report();
}
