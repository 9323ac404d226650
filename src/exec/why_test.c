// why_test.c - jobs that wait are asked what for: who has it, since when, when it is theirs.
#include <stdio.h>
#include <string.h>

#include "exec/desk.h"
#include "exec/testing/small_service.h"
#include "tests/harness.h"

#define SH(script) ((const char *const[]){"sh", "-c", script, NULL})
#define SECOND INT64_C(1000000)

static ls_exec_answer ask(const small_service *s, uint64_t id) {
    ls_exec_answer a;
    ls_error err = {0};
    CHECK_INT(ls_exec_why(s->exec, id, &a, &err), LS_OK);
    return a;
}

static uint64_t submit(small_service *s, const char *account, uint32_t slots, int64_t limit_us) {
    ls_exec_job job = small_job(SH("sleep 1000"));
    job.account = account;
    job.shape.gpus = slots;
    job.limit_us = limit_us;
    return small_submit(s, &job);
}

static json_t *told_of(const small_service *s, uint64_t id) {
    const ls_desk_def def = {.pool = s->pool, .version = "test"};
    ls_desk *desk = NULL;
    ls_error err = {0};
    json_t *job = NULL;
    CHECK_INT(ls_desk_create(&def, &desk, &err), LS_OK);
    ls_desk_begin(desk, s->exec);
    const ls_asker who = {.reads_all = true};
    CHECK_INT(ls_desk_why(desk, id, &who, &job, &err), LS_DESK_DONE);
    ls_desk_destroy(desk);
    return job;
}

static void test_who_has_it_since_when_and_when_it_is_free(void) {
    small_service s;
    CHECK(small_service_make(&s, 2, "  a: {}\n  b: {}\n"));
    const uint64_t holds = submit(&s, "a", 2, 600 * SECOND);
    CHECK(small_until(&s, holds, LS_EXEC_RUNNING));
    const uint64_t first = submit(&s, "b", 1, 600 * SECOND);
    const uint64_t third = submit(&s, "b", 2, 600 * SECOND);
    CHECK(small_until(&s, third, LS_EXEC_WAITING));
    CHECK_INT(ls_exec_step(s.exec, NULL), LS_OK);
    ls_exec_view v;
    CHECK(ls_exec_get(s.exec, holds, &v));
    const ls_exec_answer one = ask(&s, first);
    CHECK_INT(one.reason, LS_REASON_ROOM);
    CHECK_INT(one.needs_milli, 1000);
    CHECK_INT(one.free_milli, 0);
    CHECK_INT(one.ahead, 0);
    CHECK_INT(one.holder_count, 1);
    CHECK_INT(one.holders[0].account, v.account);
    CHECK_INT(one.holders[0].milli, 2000);
    CHECK_INT(one.holders[0].jobs, 1);
    CHECK_INT(one.holders[0].oldest, holds);
    CHECK_INT(one.holders[0].since_us, v.started_us);
    // It is over after its longest time, and its grace at most.
    CHECK(one.holders[0].until_us >= v.started_us + 600 * SECOND);
    CHECK_INT(one.promised_us, one.holders[0].until_us);
    CHECK(strncmp(one.text,
                  "It needs 1 CPU slot; 0 of those that would do are free.\n"
                  "  a holds 2 in 1 job and borrows 2; the oldest, job 1, began ",
                  115) == 0);
    CHECK(strstr(one.text, "nodes are kept for it from then on.") != NULL);
    // The one behind it is promised nothing, and expected when both are over.
    const ls_exec_answer two = ask(&s, third);
    CHECK_INT(two.ahead, 1);
    CHECK_INT(two.promised_us, INT64_MAX);
    CHECK(two.earliest_us > one.promised_us && two.earliest_us < INT64_MAX);
    CHECK(strstr(two.text, "1 job of its account waits before it.") != NULL);
    json_t *job = told_of(&s, first);
    const json_t *why = json_object_get(job, "why");
    CHECK_STR(json_string_value(json_object_get(why, "code")), "free");
    CHECK_STR(json_string_value(json_object_get(why, "text")),
              "It wants 1 slot; 0 are free. a holds 2 and borrows 2.");
    CHECK_INT(json_integer_value(json_object_get(job, "promised_us")), one.promised_us);
    CHECK(json_is_null(json_object_get(job, "earliest_us")));
    const json_t *holder = json_array_get(json_object_get(why, "holders"), 0);
    CHECK_STR(json_string_value(json_object_get(holder, "oldest")), "1");
    CHECK_INT(json_integer_value(json_object_get(holder, "since_us")), v.started_us);
    CHECK(json_array_size(json_object_get(job, "lines")) >= 4);
    json_decref(job);
    job = told_of(&s, third);
    CHECK_INT(json_integer_value(json_object_get(job, "earliest_us")), two.earliest_us);
    json_decref(job);
    small_service_clear(&s);
}

static void test_a_limit_says_whose_and_what_it_leaves(void) {
    small_service s;
    CHECK(small_service_make(&s, 4, "  a: {limit: 3, accounts: {x: {}, y: {}}}\n  b: {}\n"));
    const uint64_t holds = submit(&s, "a.x", 2, 0);
    CHECK(small_until(&s, holds, LS_EXEC_RUNNING));
    const uint64_t waits = submit(&s, "a.y", 2, 0);
    CHECK_INT(ls_exec_step(s.exec, NULL), LS_OK);
    const ls_exec_answer a = ask(&s, waits);
    CHECK_INT(a.reason, LS_REASON_LIMIT);
    CHECK_STR(s.pool->accounts[a.account].path, "a");
    CHECK_INT(a.most_milli, 3000);
    CHECK_INT(a.free_milli, 1000);
    CHECK_INT(a.earliest_us, INT64_MAX);  // what is in its way has no longest time
    CHECK(strstr(a.text, "It needs 2 CPU slots; the limit of a is 3, which leaves 1.") != NULL);
    CHECK(strstr(a.text, "a limit of a greater by 1") != NULL);
    json_t *job = told_of(&s, waits);
    const json_t *why = json_object_get(job, "why");
    CHECK_STR(json_string_value(json_object_get(why, "account")), "a");
    CHECK_NEAR(json_number_value(json_object_get(why, "limit")), 3.0, 0.0);
    CHECK_NEAR(json_number_value(json_object_get(why, "used")), 2.0, 0.0);
    CHECK_NEAR(json_number_value(json_object_get(why, "wants")), 2.0, 0.0);
    CHECK(json_is_null(json_object_get(job, "earliest_us")));
    json_decref(job);
    small_service_clear(&s);
}

static void test_asking_without_memory_fails_and_changes_nothing(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    const uint64_t holds = submit(&s, NULL, 1, 600 * SECOND);
    CHECK(small_until(&s, holds, LS_EXEC_RUNNING));
    submit(&s, NULL, 1, 600 * SECOND);
    const uint64_t waits = submit(&s, NULL, 1, 600 * SECOND);
    CHECK_INT(ls_exec_step(s.exec, NULL), LS_OK);
    ls_exec_answer a;
    ls_status status = LS_ERR_MEMORY;
    int64_t n = 0;
    for (; status != LS_OK && n < 1000; n++) {
        ls_error err = {0};
        ls_alloc_fail_after(n);
        status = ls_exec_why(s.exec, waits, &a, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
    }
    CHECK(n > 1 && n < 1000);
    CHECK_INT(a.reason, LS_REASON_ROOM);
    small_service_clear(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_who_has_it_since_when_and_when_it_is_free);
    TEST(test_a_limit_says_whose_and_what_it_leaves);
    TEST(test_asking_without_memory_fails_and_changes_nothing);
    return harness_report();
}
