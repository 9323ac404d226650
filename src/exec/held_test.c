// held_test.c - jobs that wait until others are done, arrays among them: freed, given up, asked
// when, over restarts.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exec/desk.h"
#include "exec/submit.h"
#include "exec/testing/small_service.h"
#include "tests/harness.h"

#define SH(script) ((const char *const[]){"sh", "-c", script, NULL})
#define SECOND INT64_C(1000000)

static ls_exec_view view(const small_service *s, uint64_t id) {
    ls_exec_view v = {.state = LS_EXEC_STATE_COUNT};
    CHECK(ls_exec_get(s->exec, id, &v));
    return v;
}

static uint64_t submit_after(small_service *s, uint64_t number, uint32_t array) {
    ls_exec_job job = small_job(SH("echo then"));
    job.after = &number;
    job.after_count = 1;
    job.array = array;
    job.limit_us = 100 * SECOND;
    return small_submit(s, &job);
}

// A new service, and in it an array of jobs: each goes on until the file go.INDEX is there, and
// ends as that says. The first of them.
static uint64_t begin_gated(small_service *s, uint32_t array) {
    static char room[128];
    static const char *const env[] = {"PATH=/usr/bin:/bin", room, NULL};
    static const char *const argv[] = {
        "sh", "-c",
        "while ! [ -e $GO.$LINESHAFT_ARRAY_INDEX ]; do sleep 0.02; done; "
        "exit $(cat $GO.$LINESHAFT_ARRAY_INDEX)",
        NULL};
    CHECK(small_service_make(s, 8, NULL));
    snprintf(room, sizeof room, "GO=%s/go", s->folder);
    ls_exec_job job = small_job(argv);
    job.env = env;
    job.array = array;
    return small_submit(s, &job);
}

static void let_go(const small_service *s, int index, const char *status) {
    char path[128], draft[160];
    snprintf(path, sizeof path, "%s/go.%d", s->folder, index);
    snprintf(draft, sizeof draft, "%s.new", path);
    FILE *file = fopen(draft, "w");
    CHECK(file != NULL && fputs(status, file) >= 0 && fclose(file) == 0);
    CHECK_INT(rename(draft, path), 0);
}

static void test_who_waits_for_an_array_waits_for_all_of_it(void) {
    small_service s;
    ls_exec_answer a;
    const uint64_t first = begin_gated(&s, 3);
    // By any of them; the number that is kept is that of the array.
    const uint64_t all = submit_after(&s, (first + 1) | LS_EXEC_AFTER_ARRAY, 2);
    const uint64_t one = submit_after(&s, first + 1, 0);
    const uint64_t chained = submit_after(&s, all | LS_EXEC_AFTER_ARRAY, 0);
    CHECK_INT(view(&s, all).job->after[0], first | LS_EXEC_AFTER_ARRAY);
    CHECK_INT(view(&s, all + 1).state, LS_EXEC_HELD);
    let_go(&s, 1, "0");
    CHECK(small_until(&s, one, LS_EXEC_DONE));
    CHECK_INT(view(&s, all).state, LS_EXEC_HELD);
    CHECK_INT(ls_exec_why(s.exec, all, &a, NULL), LS_OK);
    CHECK_INT(a.reason, LS_REASON_AFTER);
    CHECK_INT(a.job, first);
    CHECK_INT(a.earliest_us, INT64_MAX);  // they say no longest time
    CHECK_STR(a.text, "It waits until all jobs of array 1 are done; 2 are not.");

    // Over a restart it is as it was.
    small_service_close(&s);
    CHECK(small_service_open(&s));
    CHECK_INT(view(&s, all + 1).state, LS_EXEC_HELD);
    let_go(&s, 0, "0");
    CHECK(small_until(&s, first, LS_EXEC_DONE));
    CHECK_INT(view(&s, all).state, LS_EXEC_HELD);
    let_go(&s, 2, "0");
    CHECK(small_until(&s, chained, LS_EXEC_DONE));
    CHECK_INT(view(&s, all).state, LS_EXEC_DONE);
    CHECK_INT(view(&s, all + 1).state, LS_EXEC_DONE);
    CHECK(view(&s, all).started_us >= view(&s, first + 2).ended_us);
    CHECK(view(&s, chained).started_us >= view(&s, all + 1).ended_us);
    // What is over is waited for no more.
    const uint64_t late = submit_after(&s, first | LS_EXEC_AFTER_ARRAY, 0);
    CHECK_INT(view(&s, late).state, LS_EXEC_WAITING);
    small_service_clear(&s);
}

static void test_one_of_an_array_that_fails_is_enough(void) {
    small_service s;
    const uint64_t first = begin_gated(&s, 3);
    const uint64_t all = submit_after(&s, first | LS_EXEC_AFTER_ARRAY, 2);
    const uint64_t chained = submit_after(&s, all, 0);
    let_go(&s, 1, "7");
    CHECK(small_until(&s, chained, LS_EXEC_CANCELLED));
    CHECK_INT(view(&s, all).state, LS_EXEC_CANCELLED);
    CHECK_INT(view(&s, all + 1).state, LS_EXEC_CANCELLED);
    CHECK_STR(view(&s, all).note, "array 1, which it waits for, was not done");
    CHECK_STR(view(&s, chained).note, "job 4, which it waits for, was not done");
    CHECK_INT(view(&s, first).state, LS_EXEC_RUNNING);  // the others go on
    // One that comes later is given up at once.
    const uint64_t late = submit_after(&s, first | LS_EXEC_AFTER_ARRAY, 0);
    CHECK_INT(view(&s, late).state, LS_EXEC_CANCELLED);
    // A held job is cancelled; nobody hears of it later.
    const uint64_t held = submit_after(&s, first, 0);
    CHECK_INT(ls_exec_cancel(s.exec, held, NULL), LS_OK);
    CHECK_INT(view(&s, held).state, LS_EXEC_CANCELLED);
    let_go(&s, 0, "0");
    CHECK(small_until(&s, first, LS_EXEC_DONE));
    CHECK_INT(view(&s, held).state, LS_EXEC_CANCELLED);
    let_go(&s, 2, "0");
    CHECK(small_until(&s, first + 2, LS_EXEC_DONE));
    small_service_clear(&s);
}

// It fails while nobody is there: who waited for it is given up as the service opens again.
static void test_what_ends_while_nobody_is_there_is_found_out(void) {
    small_service s;
    const uint64_t first = begin_gated(&s, 2);
    const uint64_t after_one = submit_after(&s, first, 0);
    const uint64_t after_all = submit_after(&s, first | LS_EXEC_AFTER_ARRAY, 0);
    const uint64_t chained = submit_after(&s, after_all, 0);
    CHECK(small_until(&s, first + 1, LS_EXEC_RUNNING));
    small_service_close(&s);
    let_go(&s, 0, "0");
    let_go(&s, 1, "3");
    CHECK(small_service_open(&s));
    CHECK(small_until(&s, after_one, LS_EXEC_DONE));
    CHECK(small_until(&s, chained, LS_EXEC_CANCELLED));
    CHECK_INT(view(&s, after_all).state, LS_EXEC_CANCELLED);
    small_service_clear(&s);
}

static void test_it_says_when_it_may_run_at_the_latest(void) {
    small_service s;
    ls_exec_answer a, b;
    CHECK(small_service_make(&s, 1, NULL));
    ls_exec_job job = small_job(SH("sleep 1000"));
    job.limit_us = 600 * SECOND;
    job.grace_us = 0;
    const uint64_t runs = small_submit(&s, &job);
    const uint64_t waits = small_submit(&s, &job);
    CHECK(small_until(&s, runs, LS_EXEC_RUNNING));
    const uint64_t one = submit_after(&s, runs, 0);
    const uint64_t two = submit_after(&s, one, 0);
    const uint64_t three = submit_after(&s, waits, 0);
    const int64_t over_us = view(&s, runs).started_us + 600 * SECOND;
    CHECK_INT(ls_exec_why(s.exec, one, &a, NULL), LS_OK);
    CHECK_INT(a.earliest_us, over_us);
    CHECK(strncmp(a.text, "It waits until job 1 is done, which is running.\nThat is so in ", 62) ==
          0);
    CHECK(strstr(a.text, " at the latest, as things are.") != NULL);
    CHECK_INT(ls_exec_why(s.exec, two, &a, NULL), LS_OK);
    CHECK(a.earliest_us >= over_us + 100 * SECOND && a.earliest_us < over_us + 200 * SECOND);
    // Of one that waits for a place it is its own expected time, and its longest time.
    CHECK_INT(ls_exec_why(s.exec, waits, &b, NULL), LS_OK);
    CHECK_INT(ls_exec_why(s.exec, three, &a, NULL), LS_OK);
    const int64_t starts_us = b.promised_us < b.earliest_us ? b.promised_us : b.earliest_us;
    CHECK(starts_us < INT64_MAX);
    CHECK_INT(a.earliest_us, starts_us + 600 * SECOND);
    small_service_clear(&s);
}

static void test_an_array_is_named_with_a_plus(void) {
    small_service s;
    ls_arena arena;
    ls_submit asked;
    ls_error err = {0};
    CHECK(small_service_make(&s, 1, NULL));
    ls_arena_init(&arena);
    json_t *object = json_pack("{s:[s], s:[s, s]}", "command", "true", "after", "12", "30+");
    CHECK_INT(ls_submit_read(object, s.pool, &arena, &asked, &err), LS_OK);
    CHECK_INT(asked.job.after_count, 2);
    CHECK_INT(asked.job.after[0], 12);
    CHECK(asked.job.after[1] == (30 | LS_EXEC_AFTER_ARRAY));
    json_decref(object);
    static const char *const wrong[] = {"+", "-3+", "3++", "x+", "0+"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char says[64];
        err = (ls_error){0};
        object = json_pack("{s:[s], s:[s]}", "command", "true", "after", wrong[i]);
        CHECK_INT(ls_submit_read(object, s.pool, &arena, &asked, &err), LS_ERR_INVALID);
        snprintf(says, sizeof says, "after: '%s' is no number of a job", wrong[i]);
        CHECK_STR(err.text, says);
        json_decref(object);
    }
    ls_arena_clear(&arena);

    // And told in the same way.
    ls_exec_job job = small_job(SH("sleep 1000"));
    job.array = 2;
    const uint64_t first = small_submit(&s, &job);
    const uint64_t then = submit_after(&s, first | LS_EXEC_AFTER_ARRAY, 0);
    const ls_desk_def def = {.pool = s.pool, .version = "test"};
    const ls_asker who = {.reads_all = true};
    ls_desk *desk = NULL;
    json_t *told = NULL;
    CHECK_INT(ls_desk_create(&def, &desk, &err), LS_OK);
    ls_desk_begin(desk, s.exec);
    CHECK_INT(ls_desk_job(desk, then, &who, &told, &err), LS_DESK_DONE);
    CHECK_STR(json_string_value(json_array_get(json_object_get(told, "after"), 0)), "1+");
    CHECK_STR(json_string_value(json_object_get(json_object_get(told, "why"), "code")), "after");
    json_decref(told);
    ls_desk_destroy(desk);
    small_service_clear(&s);
}

// Submitted or not, and what was there is there: whatever allocation fails.
static void test_memory_that_runs_out_leaves_nothing_behind(void) {
    small_service s;
    ls_exec_job job = small_job(SH("sleep 1000"));
    CHECK(small_service_make(&s, 1, NULL));
    job.array = 2;
    const uint64_t first = small_submit(&s, &job);
    uint64_t refused = 0, id = 0;
    const uint64_t number = first | LS_EXEC_AFTER_ARRAY;
    job = small_job(SH("echo then"));
    job.after = &number;
    job.after_count = 1;
    job.array = 40;
    for (int64_t after = 0; after < 400 && id == 0; after++) {
        ls_error err = {0};
        ls_alloc_fail_after(after);
        const ls_status status = ls_exec_submit(s.exec, &job, &id, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        refused += status != LS_OK;
        ls_exec_view v;
        CHECK_INT(ls_exec_get(s.exec, first + 2, &v), status == LS_OK);
    }
    CHECK(refused > 5);
    CHECK_INT(id, first + 2);
    CHECK_INT(view(&s, id + 39).state, LS_EXEC_HELD);
    CHECK_INT(ls_exec_cancel(s.exec, first, NULL), LS_OK);
    CHECK(small_until(&s, id + 39, LS_EXEC_CANCELLED));
    small_service_clear(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_who_waits_for_an_array_waits_for_all_of_it);
    TEST(test_one_of_an_array_that_fails_is_enough);
    TEST(test_what_ends_while_nobody_is_there_is_found_out);
    TEST(test_it_says_when_it_may_run_at_the_latest);
    TEST(test_an_array_is_named_with_a_plus);
    TEST(test_memory_that_runs_out_leaves_nothing_behind);
    return harness_report();
}
