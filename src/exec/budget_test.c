// budget_test.c - GPU hours of a month over restarts of the service: runs that are not there, on a
// clock that the test moves.
#include "pool/budget.h"
#include "exec/testing/quiet_service.h"
#include "tests/harness.h"

#define HOUR INT64_C(3600000000)

static void begin(quiet_service *w) {
    quiet_make(w,
               "pool: small\nnodes: {name: here, slots: 3}\n"
               "accounts: {a: {budget: 10}, b: {}}\n");
    // Not at the end of a month.
    const int64_t now_us = ls_exec_now_us(w->exec);
    if (ls_month_end_us(now_us) - now_us < 48 * HOUR) {
        w->steady_us += 72 * HOUR;
    }
    quiet_step(w);
}

// The service is gone for so long.
static void again(quiet_service *w, int64_t span_us) {
    ls_error err = {0};
    quiet_close(w);
    w->steady_us += span_us;
    CHECK_INT(quiet_open(w, &err), LS_OK);
    CHECK_STR(err.text, "");
}

static uint64_t submit(quiet_service *w, const char *account) {
    const char *const argv[] = {"true", NULL};
    const ls_exec_job job = {.argv = argv, .account = account, .shape = {.parts = 1, .gpus = 1}};
    uint64_t id = 0;
    ls_error err = {0};
    CHECK_INT(ls_exec_submit(w->exec, &job, &id, &err), LS_OK);
    quiet_step(w);
    return id;
}

static void test_a_budget_goes_on_over_restarts_and_ends_with_the_month(void) {
    quiet_service w;
    begin(&w);
    const uint64_t one = submit(&w, "a");
    w.steady_us += 4 * HOUR;
    quiet_end(&w, one, 0);
    quiet_step(&w);
    const uint64_t two = submit(&w, "a");
    w.steady_us += 3 * HOUR;
    quiet_step(&w);
    // It is over an hour after the service was gone, which is back after another eight: four hours,
    // and three, and one. The nine would be more than the budget.
    again(&w, 9 * HOUR);
    quiet_end(&w, two, 8 * HOUR);
    quiet_step(&w);
    CHECK_INT(quiet_state(&w, two), LS_EXEC_DONE);
    const uint64_t three = submit(&w, "a");
    CHECK(w.runs[three]);
    w.steady_us += 3 * HOUR / 2;
    quiet_step(&w);
    again(&w, HOUR / 4);  // 9.75 hours, and one still runs
    const uint64_t four = submit(&w, "a");
    CHECK(w.runs[four]);
    w.steady_us += HOUR / 4;  // 10.25
    const uint64_t five = submit(&w, "a");
    CHECK_INT(quiet_state(&w, five), LS_EXEC_WAITING);
    for (int i = 0; i < 2; i++) {
        ls_exec_answer why;
        CHECK_INT(ls_exec_why(w.exec, five, &why, NULL), LS_OK);
        CHECK_INT(why.reason, LS_REASON_BUDGET);
        CHECK_INT(why.account, ls_pool_account(w.pool, "a"));
        CHECK_INT(why.by_us, ls_month_end_us(ls_exec_now_us(w.exec)));
        CHECK_INT(why.earliest_us, why.by_us);
        again(&w, HOUR);
        quiet_step(&w);
        CHECK_INT(quiet_state(&w, five), LS_EXEC_WAITING);
    }
    // Others have none, and with the month it begins anew.
    const uint64_t other = submit(&w, "b");
    CHECK(w.runs[other]);
    quiet_end(&w, other, 0);
    w.steady_us += ls_month_end_us(ls_exec_now_us(w.exec)) - ls_exec_now_us(w.exec);
    quiet_step(&w);
    CHECK(w.runs[five]);
    quiet_clear(&w);
}

static void test_books_that_cannot_be_asked_start_nothing(void) {
    quiet_service w;
    begin(&w);
    const uint64_t one = submit(&w, "a");
    w.steady_us += 11 * HOUR;
    quiet_end(&w, one, 0);
    quiet_step(&w);
    again(&w, 0);
    uint64_t id = 0;
    const char *const argv[] = {"true", NULL};
    const ls_exec_job job = {.argv = argv, .account = "a", .shape = {.parts = 1, .gpus = 1}};
    CHECK_INT(ls_exec_submit(w.exec, &job, &id, NULL), LS_OK);
    ls_status status = LS_ERR_MEMORY;
    int64_t n = 0;
    for (; status != LS_OK && n < 100; n++) {
        ls_alloc_fail_after(n);
        status = ls_exec_step(w.exec, NULL);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        CHECK(!w.runs[id]);
    }
    CHECK(n > 1 && n < 100);
    CHECK_INT(quiet_state(&w, id), LS_EXEC_WAITING);
    quiet_clear(&w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_budget_goes_on_over_restarts_and_ends_with_the_month);
    TEST(test_books_that_cannot_be_asked_start_nothing);
    return harness_report();
}
