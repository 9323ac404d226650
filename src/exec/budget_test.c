// budget_test.c - GPU hours of a month over restarts of the service: runs that are not there, on a
// clock that the test moves.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/service.h"
#include "pool/budget.h"
#include "pool/pool_file.h"
#include "tests/harness.h"

#define HOUR INT64_C(3600000000)

enum { JOBS_MAX = 16 };

typedef struct world {
    int64_t steady_us;
    bool runs[JOBS_MAX];
    ls_run_end ends[JOBS_MAX];
    uint32_t end_at, end_count;
    char folder[64];
    ls_pool *pool;
    ls_exec *exec;
} world;

static ls_status start(void *context, const ls_run_start *s, ls_error *err) {
    world *w = context;
    (void)err;
    CHECK(s->job < JOBS_MAX && !w->runs[s->job]);
    w->runs[s->job] = true;
    return LS_OK;
}

static void stop(void *context, uint64_t job, uint32_t run, int64_t until_us) {
    (void)context;
    (void)job;
    (void)run;
    (void)until_us;
}

static bool ended(void *context, ls_run_end *out) {
    world *w = context;
    const bool some = w->end_at < w->end_count;
    if (some) {
        *out = w->ends[w->end_at++];
    }
    return some;
}

static ls_run_found adopt(void *context, uint64_t job, uint32_t run) {
    const world *w = context;
    (void)run;
    return w->runs[job] ? LS_RUN_FOUND_RUNNING : LS_RUN_FOUND_ENDED;
}

static int64_t steady(void *context) {
    const world *w = context;
    return w->steady_us;
}

static void open_it(world *w) {
    const ls_executor executor = {
        .context = w, .start = start, .stop = stop, .ended = ended, .adopt = adopt};
    const ls_exec_def def = {.folder = w->folder,
                             .pool = w->pool,
                             .context = w,
                             .executor = &executor,
                             .steady_us = steady};
    ls_error err = {0};
    CHECK_INT(ls_exec_open(&def, &w->exec, &err), LS_OK);
    CHECK_STR(err.text, "");
}

static void begin(world *w) {
    const char text[] =
        "pool: small\nnodes: {name: here, slots: 3}\naccounts: {a: {budget: 10}, b: {}}\n";
    ls_errors errors;
    *w = (world){.steady_us = 1000};
    snprintf(w->folder, sizeof w->folder, "/tmp/ls-budget-XXXXXX");
    CHECK(mkdtemp(w->folder) != NULL);
    ls_errors_init(&errors);
    CHECK_INT(ls_pool_read(text, strlen(text), "small", NULL, &w->pool, &errors), LS_OK);
    ls_errors_clear(&errors);
    open_it(w);
    // Not at the end of a month.
    const int64_t now_us = ls_exec_now_us(w->exec);
    if (ls_month_end_us(now_us) - now_us < 48 * HOUR) {
        w->steady_us += 72 * HOUR;
    }
    CHECK_INT(ls_exec_step(w->exec, NULL), LS_OK);
}

static void clear(world *w) {
    ls_exec_close(w->exec);
    ls_pool_destroy(w->pool);
    const char *const names[] = {"pool.db", "pool.db-wal", "pool.db-shm"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", w->folder, names[i]);
        unlink(path);
    }
    rmdir(w->folder);
}

// The service is gone for so long.
static void again(world *w, int64_t span_us) {
    ls_exec_close(w->exec);
    w->steady_us += span_us;
    open_it(w);
}

static void step(world *w) {
    ls_error err = {0};
    CHECK_INT(ls_exec_step(w->exec, &err), LS_OK);
    CHECK_STR(err.text, "");
}

static uint64_t submit(world *w, const char *account) {
    const char *const argv[] = {"true", NULL};
    const ls_exec_job job = {.argv = argv, .account = account, .shape = {.parts = 1, .gpus = 1}};
    uint64_t id = 0;
    ls_error err = {0};
    CHECK_INT(ls_exec_submit(w->exec, &job, &id, &err), LS_OK);
    step(w);
    return id;
}

static void end(world *w, uint64_t id, int64_t ago_us) {
    CHECK(w->runs[id]);
    w->runs[id] = false;
    w->ends[w->end_count++] = (ls_run_end){
        .job = id, .run = 1, .how = LS_RUN_EXITED, .ended_us = ls_exec_now_us(w->exec) - ago_us};
}

static ls_exec_state state(const world *w, uint64_t id) {
    ls_exec_view v = {.id = 0};
    CHECK(ls_exec_get(w->exec, id, &v));
    return v.state;
}

static void test_a_budget_goes_on_over_restarts_and_ends_with_the_month(void) {
    world w;
    begin(&w);
    const uint64_t one = submit(&w, "a");
    w.steady_us += 4 * HOUR;
    end(&w, one, 0);
    step(&w);
    const uint64_t two = submit(&w, "a");
    w.steady_us += 3 * HOUR;
    step(&w);
    // It is over an hour after the service was gone, which is back after another eight: four hours,
    // and three, and one. The nine would be more than the budget.
    ls_exec_close(w.exec);
    w.steady_us += 9 * HOUR;
    open_it(&w);
    end(&w, two, 8 * HOUR);
    step(&w);
    CHECK_INT(state(&w, two), LS_EXEC_DONE);
    const uint64_t three = submit(&w, "a");
    CHECK(w.runs[three]);
    w.steady_us += 3 * HOUR / 2;
    step(&w);
    again(&w, HOUR / 4);  // 9.75 hours, and one still runs
    const uint64_t four = submit(&w, "a");
    CHECK(w.runs[four]);
    w.steady_us += HOUR / 4;  // 10.25
    const uint64_t five = submit(&w, "a");
    CHECK_INT(state(&w, five), LS_EXEC_WAITING);
    for (int i = 0; i < 2; i++) {
        ls_exec_answer why;
        CHECK_INT(ls_exec_why(w.exec, five, &why, NULL), LS_OK);
        CHECK_INT(why.reason, LS_REASON_BUDGET);
        CHECK_INT(why.account, ls_pool_account(w.pool, "a"));
        CHECK_INT(why.by_us, ls_month_end_us(ls_exec_now_us(w.exec)));
        CHECK_INT(why.earliest_us, why.by_us);
        again(&w, HOUR);
        step(&w);
        CHECK_INT(state(&w, five), LS_EXEC_WAITING);
    }
    // Others have none, and with the month it begins anew.
    const uint64_t other = submit(&w, "b");
    CHECK(w.runs[other]);
    end(&w, other, 0);
    w.steady_us += ls_month_end_us(ls_exec_now_us(w.exec)) - ls_exec_now_us(w.exec);
    step(&w);
    CHECK(w.runs[five]);
    clear(&w);
}

static void test_books_that_cannot_be_asked_start_nothing(void) {
    world w;
    begin(&w);
    const uint64_t one = submit(&w, "a");
    w.steady_us += 11 * HOUR;
    end(&w, one, 0);
    step(&w);
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
    CHECK_INT(state(&w, id), LS_EXEC_WAITING);
    clear(&w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_budget_goes_on_over_restarts_and_ends_with_the_month);
    TEST(test_books_that_cannot_be_asked_start_nothing);
    return harness_report();
}
