// health_test.c - nodes taken out of service while the pool runs: nothing new comes there, what
// runs goes on and is told, the books know, also over a restart; and put back.
#include <stdio.h>
#include <string.h>

#include "exec/testing/quiet_service.h"
#include "tests/harness.h"

#define SECOND INT64_C(1000000)

static const char pool[] =
    "pool: small\nnodes:\n  - {name: left, slots: 1}\n  - {name: right, slots: 1}\n"
    "  - {name: off, slots: 1}\n"
    "drained: [off]\n";

static uint64_t submit(quiet_service *w) {
    const char *const argv[] = {"true", NULL};
    const ls_exec_job job = {.argv = argv, .shape = {.parts = 1, .gpus = 1}};
    uint64_t id = 0;
    CHECK_INT(ls_exec_submit(w->exec, &job, &id, NULL), LS_OK);
    quiet_step(w);
    return id;
}

static const char *where(const quiet_service *w, uint64_t id) {
    ls_exec_view v = {.id = 0};
    CHECK(ls_exec_get(w->exec, id, &v));
    return v.shares != NULL ? w->pool->cluster.nodes[v.shares[0].node].name : "";
}

static const char *note(const quiet_service *w, uint64_t id) {
    static ls_exec_view v;
    CHECK(ls_exec_get(w->exec, id, &v));
    return v.note;
}

static void reopen(quiet_service *w) {
    ls_error err = {0};
    quiet_close(w);
    CHECK_INT(quiet_open(w, &err), LS_OK);
    CHECK_STR(err.text, "");
    quiet_step(w);
}

static bool is_out(const quiet_service *w, const char *name, const char *reason) {
    const char *node = NULL, *why = NULL;
    int64_t since_us = 0;
    for (uint32_t at = 0; ls_exec_next_out(w->exec, &at, &node, &why, &since_us);) {
        if (strcmp(node, name) == 0) {
            return strcmp(why, reason) == 0;
        }
    }
    return false;
}

static void test_nothing_new_comes_and_what_runs_is_told(void) {
    quiet_service w;
    quiet_make(&w, pool);
    const uint64_t a = submit(&w);
    char node[32], text[160];
    snprintf(node, sizeof node, "%s", where(&w, a));
    CHECK_INT(ls_exec_drain(w.exec, node, "XID 79", NULL), LS_OK);
    quiet_step(&w);
    CHECK_INT(quiet_state(&w, a), LS_EXEC_RUNNING);
    snprintf(text, sizeof text, "%s is out of service: XID 79", node);
    CHECK_STR(note(&w, a), text);
    const uint64_t b = submit(&w);
    CHECK_INT(quiet_state(&w, b), LS_EXEC_RUNNING);
    CHECK(strcmp(where(&w, b), node) != 0);
    CHECK_STR(note(&w, b), "");
    const uint64_t c = submit(&w);
    quiet_end(&w, a, 0);
    quiet_step(&w);
    CHECK_INT(quiet_state(&w, c), LS_EXEC_WAITING);  // though nothing is on that node any more
    const char *const argv[] = {"true", NULL};
    const ls_exec_job wide = {.argv = argv, .shape = {.parts = 2, .gpus = 1}};
    uint64_t d = 0;
    ls_exec_answer answer;
    CHECK_INT(ls_exec_submit(w.exec, &wide, &d, NULL), LS_OK);
    CHECK_INT(ls_exec_why(w.exec, d, &answer, NULL), LS_OK);
    CHECK_INT(answer.reason, LS_REASON_OUT);
    CHECK_CONTAINS(answer.text, text);
    CHECK_INT(ls_exec_cancel(w.exec, d, NULL), LS_OK);
    reopen(&w);
    CHECK(is_out(&w, node, "XID 79"));
    CHECK_INT(quiet_state(&w, c), LS_EXEC_WAITING);
    CHECK_INT(ls_exec_undrain(w.exec, node, NULL), LS_OK);
    quiet_step(&w);
    CHECK_INT(quiet_state(&w, c), LS_EXEC_RUNNING);
    CHECK_STR(where(&w, c), node);
    reopen(&w);
    CHECK(!is_out(&w, node, "XID 79"));
    CHECK_INT(ls_occupancy_state(ls_exec_occupancy(w.exec), 2), LS_NODE_DRAINED);
    quiet_clear(&w);
}

// A job that runs on a node that is out is adopted there.
static void test_what_runs_there_is_adopted(void) {
    quiet_service w;
    quiet_make(&w, pool);
    const uint64_t a = submit(&w);
    char node[32];
    snprintf(node, sizeof node, "%s", where(&w, a));
    CHECK_INT(ls_exec_drain(w.exec, node, "one", NULL), LS_OK);
    CHECK_INT(ls_exec_drain(w.exec, node, "two", NULL), LS_OK);  // another reason
    quiet_step(&w);
    reopen(&w);
    CHECK(is_out(&w, node, "two"));
    CHECK_INT(quiet_state(&w, a), LS_EXEC_RUNNING);
    CHECK_STR(where(&w, a), node);
    CHECK_CONTAINS(note(&w, a), "is out of service: two");
    CHECK_INT(ls_exec_undrain(w.exec, node, NULL), LS_OK);
    CHECK_STR(note(&w, a), "");
    quiet_end(&w, a, 0);
    quiet_step(&w);
    CHECK_INT(quiet_state(&w, a), LS_EXEC_DONE);
    quiet_clear(&w);
}

static void test_what_is_wrong_is_said(void) {
    quiet_service w;
    quiet_make(&w, pool);
    ls_error err = {0};
    CHECK_INT(ls_exec_drain(w.exec, "middle", "x", &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "there is no node 'middle'");
    err = (ls_error){0};
    CHECK_INT(ls_exec_drain(w.exec, "left", "", &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "is one line of 1 to 200 bytes");
    err = (ls_error){0};
    CHECK_INT(ls_exec_drain(w.exec, "left", "a\nb", &err), LS_ERR_INVALID);
    char reason[LS_EXEC_OUT_SIZE + 2];
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    CHECK_INT(ls_exec_drain(w.exec, "left", reason, &err), LS_ERR_INVALID);
    reason[LS_EXEC_OUT_SIZE] = '\0';
    CHECK_INT(ls_exec_drain(w.exec, "left", reason, NULL), LS_OK);
    reopen(&w);
    CHECK(!is_out(&w, "left", reason));  // it was not stepped
    err = (ls_error){0};
    CHECK_INT(ls_exec_undrain(w.exec, "left", &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "'left' is in service");
    err = (ls_error){0};
    CHECK_INT(ls_exec_drain(w.exec, "off", "x", &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "'off' is not in service: its pool file says so");
    err = (ls_error){0};
    CHECK_INT(ls_exec_undrain(w.exec, "off", &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "'off' is not in service: its pool file says so");
    err = (ls_error){0};
    CHECK_INT(ls_exec_gpu_fails(w.exec, "GPU-0", "XID 79", false, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "no GPU of the pool is called 'GPU-0'");
    quiet_clear(&w);
}

static void test_without_memory_nothing_is_changed(void) {
    quiet_service w;
    quiet_make(&w, pool);
    ls_status status = LS_ERR_MEMORY;
    for (int64_t n = 0; n < 50 && status != LS_OK; n++) {
        ls_error err = {0};
        ls_alloc_fail_after(n);
        status = ls_exec_drain(w.exec, "left", "fan", &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        CHECK_INT(is_out(&w, "left", "fan"), status == LS_OK);
    }
    CHECK_INT(status, LS_OK);
    quiet_clear(&w);
}

typedef struct sums {
    ls_gpu_time drained, all;
} sums;

static bool sum_up(void *context, const ls_exec_usage *usage, const ls_meter_pool *day) {
    sums *s = context;
    if (usage->account == 0) {
        s->drained += day->by_state[LS_NODE_DRAINED];
        s->all += day->all;
    }
    return true;
}

// What they say of two days: of all, and out of service; in seconds of one slot.
static void check_books(const quiet_service *w, int64_t day, int64_t all_s, int64_t drained_s) {
    sums s = {0, 0};
    CHECK_INT(ls_exec_usage_each(w->exec, day, day + 2, sum_up, &s, NULL), LS_OK);
    CHECK_INT((int64_t)s.all, all_s * SECOND * 1000);
    CHECK_INT((int64_t)s.drained, drained_s * SECOND * 1000);
}

// A minute and a quarter out of service, over a restart: to the microsecond.
static void test_the_books_know_it(void) {
    quiet_service w;
    quiet_make(&w, pool);
    const int64_t day = ls_exec_now_us(w.exec) / INT64_C(86400000000);
    w.steady_us += 7 * SECOND;
    CHECK_INT(ls_exec_drain(w.exec, "left", "fan", NULL), LS_OK);
    const uint64_t id = submit(&w);  // a day without use is not told
    CHECK_STR(where(&w, id), "right");
    w.steady_us += 50 * SECOND;
    reopen(&w);
    w.steady_us += 25 * SECOND;
    CHECK_INT(ls_exec_undrain(w.exec, "left", NULL), LS_OK);
    w.steady_us += 18 * SECOND;
    quiet_step(&w);
    check_books(&w, day, 3 * 100, 100 + 75);  // `off` all the time
    quiet_clear(&w);
}

// ---- single GPUs (slots) of a node

static const char pairs[] =
    "pool: small\nnodes:\n  - {name: left, slots: 2}\n  - {name: off, slots: 2}\n"
    "drained: [off]\n";

static uint32_t slots_of(const quiet_service *w, uint64_t id) {
    ls_exec_view v = {.id = 0};
    CHECK(ls_exec_get(w->exec, id, &v));
    return v.shares != NULL ? v.shares[0].gpus : 0;
}

static void test_one_of_a_node_goes_and_the_others_stay(void) {
    quiet_service w;
    ls_exec_answer answer;
    quiet_make(&w, pairs);
    const uint64_t a = submit(&w);
    CHECK_INT(slots_of(&w, a), 1);
    CHECK_INT(ls_exec_drain(w.exec, "left:0", "XID 79", NULL), LS_OK);
    quiet_step(&w);
    CHECK_INT(quiet_state(&w, a), LS_EXEC_RUNNING);
    CHECK_STR(note(&w, a), "left:0 is out of service: XID 79");
    const uint64_t b = submit(&w);
    CHECK_INT(slots_of(&w, b), 2);
    CHECK_STR(note(&w, b), "");
    const uint64_t c = submit(&w);
    quiet_end(&w, a, 0);
    quiet_step(&w);
    CHECK_INT(quiet_state(&w, c), LS_EXEC_WAITING);  // though nothing has that slot any more
    reopen(&w);
    CHECK(is_out(&w, "left:0", "XID 79"));
    CHECK_INT(quiet_state(&w, c), LS_EXEC_WAITING);
    quiet_end(&w, b, 0);
    quiet_step(&w);
    CHECK_INT(slots_of(&w, c), 2);
    // One that needs both waits for what is out.
    const char *const argv[] = {"true", NULL};
    const ls_exec_job wide = {.argv = argv, .shape = {.parts = 1, .gpus = 2}};
    uint64_t d = 0;
    CHECK_INT(ls_exec_submit(w.exec, &wide, &d, NULL), LS_OK);
    quiet_step(&w);
    CHECK_INT(ls_exec_why(w.exec, d, &answer, NULL), LS_OK);
    CHECK_INT(answer.reason, LS_REASON_OUT);
    CHECK_CONTAINS(answer.text, "left:0 is out of service: XID 79");
    CHECK_INT(ls_exec_undrain(w.exec, "left:0", NULL), LS_OK);
    quiet_end(&w, c, 0);
    quiet_step(&w);
    CHECK_INT(slots_of(&w, d), 3);
    reopen(&w);
    CHECK(!is_out(&w, "left:0", "XID 79"));
    CHECK_INT(quiet_state(&w, d), LS_EXEC_RUNNING);
    // Out while the whole node is, and back when that is.
    CHECK_INT(ls_exec_drain(w.exec, "left", "fan", NULL), LS_OK);
    CHECK_INT(ls_exec_drain(w.exec, "left:1", "XID 95", NULL), LS_OK);
    CHECK_CONTAINS(note(&w, d), "left:1 is out of service: XID 95");
    quiet_step(&w);
    reopen(&w);
    CHECK_INT(ls_exec_undrain(w.exec, "left", NULL), LS_OK);
    quiet_end(&w, d, 0);
    quiet_step(&w);
    const uint64_t e = submit(&w), f = submit(&w);
    CHECK_INT(slots_of(&w, e), 1);
    CHECK_INT(quiet_state(&w, f), LS_EXEC_WAITING);
    quiet_clear(&w);
}

static void test_names_of_single_ones(void) {
    static const struct {
        const char *name, *says;
    } wrong[] = {{"left:2", "there is no GPU 'left:2'"},
                 {"left:-1", "there is no GPU 'left:-1'"},
                 {"left:", "there is no GPU 'left:'"},
                 {"right:0", "there is no node 'right:0'"},
                 {":0", "there is no node ':0'"},
                 {"", "there is no node ''"},
                 {"off:0", "'off:0' is not in service: its pool file says so"}};
    quiet_service w;
    quiet_make(&w, pairs);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ls_error err = {0};
        CHECK_INT(ls_exec_drain(w.exec, wrong[i].name, "x", &err), LS_ERR_INVALID);
        CHECK_STR(err.text, wrong[i].says);
    }
    ls_error err = {0};
    CHECK_INT(ls_exec_undrain(w.exec, "left:1", &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "'left:1' is in service");
    quiet_clear(&w);
}

// A slot for 75 s, and of these its node for 40: to the microsecond, over a restart.
static void test_the_books_know_single_ones(void) {
    quiet_service w;
    quiet_make(&w, pairs);
    const int64_t day = ls_exec_now_us(w.exec) / INT64_C(86400000000);
    w.steady_us += 7 * SECOND;
    CHECK_INT(ls_exec_drain(w.exec, "left:1", "XID 79", NULL), LS_OK);
    const uint64_t id = submit(&w);  // a day without use is not told
    CHECK_INT(slots_of(&w, id), 1);
    w.steady_us += 20 * SECOND;
    quiet_end(&w, id, 0);
    quiet_step(&w);
    CHECK_INT(ls_exec_drain(w.exec, "left", "fan", NULL), LS_OK);
    w.steady_us += 30 * SECOND;
    quiet_step(&w);
    reopen(&w);
    w.steady_us += 10 * SECOND;
    CHECK_INT(ls_exec_undrain(w.exec, "left", NULL), LS_OK);
    w.steady_us += 15 * SECOND;
    CHECK_INT(ls_exec_undrain(w.exec, "left:1", NULL), LS_OK);
    w.steady_us += 18 * SECOND;
    quiet_step(&w);
    check_books(&w, day, 4 * 100, 2 * 100 + 75 + 40);  // `off` all the time
    quiet_clear(&w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_nothing_new_comes_and_what_runs_is_told);
    TEST(test_what_runs_there_is_adopted);
    TEST(test_what_is_wrong_is_said);
    TEST(test_without_memory_nothing_is_changed);
    TEST(test_the_books_know_it);
    TEST(test_one_of_a_node_goes_and_the_others_stay);
    TEST(test_names_of_single_ones);
    TEST(test_the_books_know_single_ones);
    return harness_report();
}
