// quota_test.c - how much one may ask of the pool: jobs that wait, submissions in a while; and its
// clock, which never goes back.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/desk.h"
#include "exec/process.h"
#include "exec/testing/quiet_service.h"
#include "pool/pool_file.h"
#include "tests/harness.h"

#define SECOND INT64_C(1000000)

static const char pool_text[] =
    "pool: small\nnodes: {name: here, slots: 1}\n"
    "accounts: {a: {}, b: {}}\n";
static const char *const argv_of[] = {"true", NULL};

static ls_status submit(ls_exec *exec, const char *account, uint32_t array, ls_error *err) {
    const ls_exec_job job = {
        .argv = argv_of, .account = account, .array = array, .shape = {.parts = 1, .gpus = 1}};
    uint64_t id = 0;
    return ls_exec_submit(exec, &job, &id, err);
}

static void test_no_more_jobs_wait_than_the_pool_and_the_account_may_have(void) {
    quiet_service w;
    ls_error err = {0};
    quiet_make(&w, pool_text);
    quiet_close(&w);
    const ls_exec_def def = {
        .folder = w.folder, .pool = w.pool, .waiting_max = 5, .waiting_account_max = 3};
    CHECK_INT(ls_exec_open(&def, &w.exec, &err), LS_OK);
    CHECK_INT(submit(w.exec, "a", 4, &err), LS_ERR_LIMIT);
    CHECK_STR(err.text, "0 jobs of 'a' wait; the pool lets 3 of one wait");
    CHECK_INT(submit(w.exec, "a", 3, &err), LS_OK);
    CHECK_INT(submit(w.exec, "a", 0, &err), LS_ERR_LIMIT);
    CHECK_INT(submit(w.exec, "b", 2, &err), LS_OK);
    CHECK_INT(submit(w.exec, "b", 0, &err), LS_ERR_LIMIT);
    CHECK_STR(err.text, "5 jobs wait; the pool lets 5 wait");
    // Nothing of what was refused is there.
    uint64_t counts[LS_EXEC_STATE_COUNT];
    ls_exec_counts(w.exec, counts);
    CHECK_INT(counts[LS_EXEC_WAITING], 5);
    // Who cancels his own makes room for others.
    CHECK_INT(ls_exec_cancel(w.exec, 1, &err), LS_OK);
    CHECK_INT(submit(w.exec, "b", 0, &err), LS_OK);
    quiet_clear(&w);
}

static ls_desk_code ask_to_submit(ls_desk *desk, uid_t uid) {
    const ls_asker who = {.name = "somebody", .uid = uid, .may_act = true};
    json_t *object = json_pack("{s:s, s:[s], s:s}", "do", "submit", "command", "true", "account",
                               "a");
    json_t *out = NULL;
    ls_error err = {0};
    const ls_desk_code code = ls_desk_submit(desk, object, &who, &out, &err);
    if (code == LS_DESK_OFTEN) {
        CHECK(err.text[0] != '\0');
    }
    json_decref(object);
    json_decref(out);
    return code;
}

static void test_one_who_submits_too_often_is_told_to_wait_and_others_are_not(void) {
    enum { AT_ONCE = 20, TRIES = 200 };
    quiet_service w;
    ls_desk *desk = NULL;
    ls_error err = {0};
    quiet_make(&w, pool_text);
    const ls_desk_def def = {
        .pool = w.pool, .version = "test", .submits_per_s = 1, .submits_at_once = AT_ONCE};
    CHECK_INT(ls_desk_create(&def, &desk, &err), LS_OK);
    ls_desk_begin(desk, w.exec);
    // Jobs run as whom the pool runs, or as who asks: either may ask.
    const uid_t uid = 4321;
    uint32_t taken = 0;
    uint32_t often = 0;
    const int64_t from_us = ls_steady_us();
    for (int i = 0; i < TRIES; i++) {
        const ls_desk_code code = ask_to_submit(desk, uid);
        taken += code == LS_DESK_DONE;
        often += code == LS_DESK_OFTEN;
    }
    const int64_t seconds = (ls_steady_us() - from_us) / SECOND;
    CHECK_INT(taken + often, TRIES);
    CHECK(taken >= AT_ONCE && taken <= AT_ONCE + seconds + 1);
    CHECK_INT(ask_to_submit(desk, uid + 1), LS_DESK_DONE);
    ls_desk_destroy(desk);
    quiet_clear(&w);
}

// ---- the clock

static void test_the_pools_clock_never_goes_back(void) {
    quiet_service w;
    ls_error err = {0};
    quiet_make(&w, pool_text);
    w.steady_us = 1000 * SECOND;
    quiet_step(&w);
    const int64_t before_us = ls_exec_now_us(w.exec);
    // The steady clock itself goes back, as it may on a machine that was moved.
    w.steady_us -= 600 * SECOND;
    CHECK_INT(ls_exec_now_us(w.exec), before_us);
    CHECK_INT(submit(w.exec, "a", 0, &err), LS_OK);
    quiet_step(&w);
    CHECK_INT(quiet_state(&w, 1), LS_EXEC_RUNNING);
    CHECK_INT(ls_exec_now_us(w.exec), before_us);
    // Begun anew, it goes on from where it was, and at its pace.
    quiet_close(&w);
    w.steady_us = 5 * SECOND;
    CHECK_INT(quiet_open(&w, &err), LS_OK);
    const int64_t again_us = ls_exec_now_us(w.exec);
    CHECK_INT(again_us, before_us);
    w.steady_us += 7 * SECOND;
    quiet_step(&w);
    CHECK_INT(ls_exec_now_us(w.exec), again_us + 7 * SECOND);
    CHECK_INT(quiet_state(&w, 1), LS_EXEC_RUNNING);
    quiet_clear(&w);
}

static bool add_held(void *context, const ls_exec_usage *usage, const ls_meter_pool *pool) {
    ls_gpu_time *sum = context;
    (void)pool;
    *sum += usage->account == 0 ? usage->row.held : 0;
    return true;
}

static void test_a_leap_of_the_clock_ends_what_is_due_and_the_books_add_up(void) {
    quiet_service w;
    ls_error err = {0};
    ls_gpu_time held = 0;
    quiet_make(&w, pool_text);
    CHECK_INT(submit(w.exec, "a", 0, &err), LS_OK);
    quiet_step(&w);
    ls_exec_view v;
    CHECK(ls_exec_get(w.exec, 1, &v));
    CHECK_INT(v.state, LS_EXEC_RUNNING);
    const int64_t from_us = v.started_us;
    w.steady_us += 40 * 86400 * SECOND;  // over the end of a month
    quiet_step(&w);
    CHECK_INT(quiet_state(&w, 1), LS_EXEC_RUNNING);
    quiet_end(&w, 1, 0);
    quiet_step(&w);
    CHECK(ls_exec_get(w.exec, 1, &v));
    CHECK_INT(v.state, LS_EXEC_DONE);
    const int64_t first_day = from_us / (86400 * SECOND);
    CHECK_INT(ls_exec_usage_each(w.exec, first_day, first_day + 60, add_held, &held, &err), LS_OK);
    CHECK(held == (ls_gpu_time)(v.ended_us - from_us) * LS_POOL_WHOLE);
    quiet_clear(&w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_no_more_jobs_wait_than_the_pool_and_the_account_may_have);
    TEST(test_one_who_submits_too_often_is_told_to_wait_and_others_are_not);
    TEST(test_the_pools_clock_never_goes_back);
    TEST(test_a_leap_of_the_clock_ends_what_is_due_and_the_books_add_up);
    return harness_report();
}
