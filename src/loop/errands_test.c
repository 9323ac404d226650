// errands_test.c - jobs of the service over failures, a pool that is away, and kills of either
// side.
#include "loop/errands.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "exec/testing/own_pool_at.h"
#include "tests/harness.h"

static ls_error err;

typedef struct world {
    own_pool_at at;
    char folder[128];
    ls_journal *journal;
    ls_errands *errands;
    ls_errand_kind kind;
    pthread_mutex_t lock;
    int told[3];  // by end
    char text[256], stamp[64];
} world;

static void on_over(void *context, const ls_errand_told *told) {
    world *w = context;
    pthread_mutex_lock(&w->lock);
    w->told[told->end]++;
    ls_text_format(w->text, sizeof w->text, "%s", told->text);
    ls_text_format(w->stamp, sizeof w->stamp, "%s", told->stamp);
    pthread_mutex_unlock(&w->lock);
}

static bool open_errands(world *w, uint32_t at_once) {
    w->kind = (ls_errand_kind){.kind = "test", .over = on_over, .context = w};
    const ls_errands_def def = {.folder = w->folder,
                                .tenant = w->at.tenant,
                                .journal = w->journal,
                                .at_once = at_once,
                                .program = "/bin/sh",
                                .kinds = &w->kind,
                                .kind_count = 1,
                                .pause_us = 20000};
    const bool fine = ls_errands_open(&def, &w->errands, &err) == LS_OK;
    if (!fine) {
        printf("errands: %s\n", err.text);
    }
    return fine;
}

static bool make(world *w) {
    memset(w, 0, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    ls_say_set_level(LS_LOG_ERROR);
    const bool fine = own_pool_at_make(&w->at) &&
                      ls_journal_create(NULL, &w->journal, &err) == LS_OK;
    snprintf(w->folder, sizeof w->folder, "%s/errands", w->at.folder);
    return fine;
}

static void unmake(world *w) {
    ls_errands_close(w->errands);
    ls_journal_destroy(w->journal);
    own_pool_at_remove(&w->at);
    pthread_mutex_destroy(&w->lock);
}

static ls_status put(world *w, const char *name, const char *script) {
    const char *argv[] = {"-c", script, NULL};
    const ls_errand errand = {.name = name, .argv = argv, .stamp = "the stamp"};
    return ls_errands_put(w->errands, &errand, &err);
}

static bool until_told(world *w, ls_errand_end end, int count) {
    const struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < 6000; i++) {
        pthread_mutex_lock(&w->lock);
        const int told = w->told[end];
        pthread_mutex_unlock(&w->lock);
        if (told >= count && ls_errands_describe(w->errands).underway == 0) {
            return told == count;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

static bool until_away(world *w, bool away) {
    const struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < 6000; i++) {
        if (ls_errands_describe(w->errands).away == away) {
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

static void test_what_is_handed_over_is_done_and_told(void) {
    world w;
    CHECK(make(&w) && own_pool_at_open(&w.at, 1) && open_errands(&w, 0));
    CHECK_INT(put(&w, "test-one", "true"), LS_OK);
    CHECK(until_told(&w, LS_ERRAND_DONE, 1));
    CHECK_STR(w.stamp, "the stamp");
    CHECK(!ls_errands_has(w.errands, "test-one"));
    CHECK_INT(ls_errands_describe(w.errands).done, 1);
    unmake(&w);
}

static void test_of_a_name_one_at_a_time(void) {
    world w;
    char go[160], script[600];
    CHECK(make(&w) && own_pool_at_open(&w.at, 1) && open_errands(&w, 0));
    snprintf(go, sizeof go, "%s/go", w.at.folder);
    snprintf(script, sizeof script, "while [ ! -e %s ]; do sleep 0.05; done", go);
    CHECK_INT(put(&w, "test", script), LS_OK);
    CHECK_INT(put(&w, "test", script), LS_ERR_LIMIT);
    CHECK_STR(err.text, "a job 'test' is underway already");
    CHECK(ls_errands_has(w.errands, "test"));
    CHECK_INT(put(&w, "Test", script), LS_ERR_INVALID);
    CHECK_INT(put(&w, "a/../b", script), LS_ERR_INVALID);
    CHECK_INT(put(&w, "test-2", "\xff"), LS_ERR_INVALID);
    CHECK_INT(ls_file_write(go, "", 0, &err), LS_OK);
    CHECK(until_told(&w, LS_ERRAND_DONE, 1));
    unmake(&w);
}

static void test_what_fails_is_tried_again_then_given_up(void) {
    world w;
    char lines[160], script[600];
    CHECK(make(&w) && own_pool_at_open(&w.at, 1) && open_errands(&w, 0));
    snprintf(lines, sizeof lines, "%s/lines", w.at.folder);
    snprintf(script, sizeof script, "echo try >> %s; echo no room on the bench; exit 4", lines);
    CHECK_INT(put(&w, "test", script), LS_OK);
    CHECK(until_told(&w, LS_ERRAND_GIVEN_UP, 1));
    CHECK_STR(w.text, "given up after 3 tries: exit code 4: no room on the bench ");
    char *tries = harness_read_file(lines, NULL);
    CHECK_STR(tries, "try\ntry\ntry\n");
    free(tries);
    // The second try of this one goes well.
    snprintf(script, sizeof script, "[ -e %s.x ] || { touch %s.x; exit 1; }", lines, lines);
    CHECK_INT(put(&w, "test", script), LS_OK);
    CHECK(until_told(&w, LS_ERRAND_DONE, 1));
    CHECK_INT(ls_errands_describe(w.errands).failed, 4);
    unmake(&w);
}

static void test_what_a_person_cancels_is_not_tried_again(void) {
    world w;
    char begun[160], script[600];
    ls_tenant *other = NULL;
    CHECK(make(&w) && own_pool_at_open(&w.at, 1) && open_errands(&w, 0));
    const ls_tenant_def def = {.socket = ls_own_pool_socket(w.at.own)};
    CHECK_INT(ls_tenant_open(&def, &other, &err), LS_OK);
    snprintf(begun, sizeof begun, "%s/begun", w.at.folder);
    snprintf(script, sizeof script, "echo >> %s; while :; do sleep 1; done", begun);
    CHECK_INT(put(&w, "test", script), LS_OK);
    CHECK(own_pool_at_lines(begun, 1));
    CHECK_INT(ls_tenant_cancel(other, 1, &err), LS_OK);
    CHECK(until_told(&w, LS_ERRAND_CANCELLED, 1));
    ls_tenant_close(other);
    unmake(&w);
}

static void test_no_more_are_handed_over_than_may_be(void) {
    world w;
    char folder[160], script[600];
    CHECK(make(&w) && own_pool_at_open(&w.at, 4) && open_errands(&w, 1));
    snprintf(folder, sizeof folder, "%s/alone", w.at.folder);
    // Two at once would not both make the folder.
    snprintf(script, sizeof script, "mkdir %s && sleep 0.1 && rmdir %s", folder, folder);
    CHECK_INT(put(&w, "test-a", script), LS_OK);
    CHECK_INT(put(&w, "test-b", script), LS_OK);
    CHECK_INT(put(&w, "test-c", script), LS_OK);
    CHECK(until_told(&w, LS_ERRAND_DONE, 3));
    CHECK_INT(ls_errands_describe(w.errands).failed, 0);
    unmake(&w);
}

// The errands know the pool by its socket; it goes away before the errand, and comes back.
static void test_a_pool_that_is_away_is_waited_for(void) {
    world w;
    char lines[160], script[600], socket[200];
    ls_tenant *there = NULL;
    CHECK(make(&w));
    ls_own_pool_socket_path(w.at.folder, socket, sizeof socket);
    const ls_tenant_def def = {.socket = socket};
    CHECK_INT(ls_tenant_open(&def, &there, &err), LS_OK);
    w.at.tenant = there;
    CHECK(open_errands(&w, 0));
    snprintf(lines, sizeof lines, "%s/lines", w.at.folder);
    snprintf(script, sizeof script, "echo run >> %s; while [ ! -e %s.go ]; do sleep 0.05; done",
             lines, lines);
    CHECK_INT(put(&w, "test", script), LS_OK);
    CHECK(until_away(&w, true));
    CHECK(own_pool_at_open(&w.at, 1));  // makes its own tenant
    CHECK(own_pool_at_lines(lines, 1));
    CHECK(until_away(&w, false));
    own_pool_at_close(&w.at);  // away while the job runs
    CHECK(until_away(&w, true));
    snprintf(socket, sizeof socket, "%s.go", lines);
    CHECK_INT(ls_file_write(socket, "", 0, &err), LS_OK);
    CHECK(own_pool_at_open(&w.at, 1));
    CHECK(until_told(&w, LS_ERRAND_DONE, 1));
    char *runs = harness_read_file(lines, NULL);
    CHECK_STR(runs, "run\n");  // once
    free(runs);
    ls_errands_close(w.errands);
    w.errands = NULL;
    ls_tenant_close(there);
    unmake(&w);
}

// A child holds pool and errands and is killed while the job runs; whoever opens them next is told
// of its end, and it ran once.
static void test_nothing_is_lost_or_run_twice_over_a_kill(void) {
    world w;
    char lines[160], script[600];
    CHECK(make(&w));
    snprintf(lines, sizeof lines, "%s/lines", w.at.folder);
    snprintf(script, sizeof script, "echo run >> %s; while [ ! -e %s.go ]; do sleep 0.05; done",
             lines, lines);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        if (own_pool_at_open(&w.at, 1) && open_errands(&w, 0)) {
            (void)put(&w, "test", script);
        }
        for (;;) {
            pause();
        }
    }
    CHECK(own_pool_at_lines(lines, 1));
    CHECK_INT(kill(child, SIGKILL), 0);
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK(own_pool_at_open(&w.at, 1) && open_errands(&w, 0));
    CHECK(ls_errands_has(w.errands, "test"));
    char go[200];
    snprintf(go, sizeof go, "%s.go", lines);
    CHECK_INT(ls_file_write(go, "", 0, &err), LS_OK);
    CHECK(until_told(&w, LS_ERRAND_DONE, 1));
    char *runs = harness_read_file(lines, NULL);
    CHECK_STR(runs, "run\n");
    free(runs);
    unmake(&w);
}

static void test_a_folder_with_something_else_in_it_is_no_harm(void) {
    world w;
    char path[200];
    CHECK(make(&w) && own_pool_at_open(&w.at, 1) && open_errands(&w, 0));
    ls_errands_close(w.errands);
    const char *const texts[] = {"", "[]", "{\"argv\": []}", "{\"argv\": [1], \"once\": \"x\"}",
                                 "{\"argv\": [\"a\"], \"once\": \"x\", \"try\": 1, \"tries\": 0}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        snprintf(path, sizeof path, "%s/test-%zu.json", w.folder, i);
        CHECK_INT(ls_file_write(path, texts[i], strlen(texts[i]), &err), LS_OK);
    }
    ls_say_set_level(LS_LOG_ERROR);
    CHECK(open_errands(&w, 0));
    CHECK_INT(ls_errands_describe(w.errands).underway, 0);
    ls_file_fail_write_after(0);
    CHECK_INT(put(&w, "test", "true"), LS_ERR_IO);  // a full disk: it is not taken
    ls_file_fail_write_after(-1);
    CHECK_INT(ls_errands_describe(w.errands).underway, 0);
    unmake(&w);
}

static void test_without_memory_it_is_said_and_nothing_stays(void) {
    world w;
    CHECK(make(&w));
    const ls_tenant_def nobody = {.socket = "/nowhere/pool.sock"};
    CHECK_INT(ls_tenant_open(&nobody, &w.at.tenant, &err), LS_OK);
    const ls_errands_def def = {.folder = w.folder,
                                .tenant = w.at.tenant,
                                .journal = w.journal,
                                .program = "/bin/sh",
                                .pause_us = 3600000000};
    ls_status status = LS_ERR_MEMORY;
    for (int i = 0; status == LS_ERR_MEMORY; i++) {
        CHECK(i < 20);
        ls_alloc_fail_after(i);
        status = ls_errands_open(&def, &w.errands, &err);
        ls_alloc_fail_after(-1);
        CHECK((status == LS_OK) == (w.errands != NULL));
    }
    CHECK_INT(status, LS_OK);
    CHECK(until_away(&w, false));
    ls_alloc_fail_after(0);
    CHECK_INT(put(&w, "test", "true"), LS_ERR_MEMORY);
    ls_alloc_fail_after(-1);
    CHECK(!ls_errands_has(w.errands, "test"));
    unmake(&w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_is_handed_over_is_done_and_told);
    TEST(test_of_a_name_one_at_a_time);
    TEST(test_what_fails_is_tried_again_then_given_up);
    TEST(test_what_a_person_cancels_is_not_tried_again);
    TEST(test_no_more_are_handed_over_than_may_be);
    TEST(test_a_pool_that_is_away_is_waited_for);
    TEST(test_nothing_is_lost_or_run_twice_over_a_kill);
    TEST(test_a_folder_with_something_else_in_it_is_no_harm);
    TEST(test_without_memory_it_is_said_and_nothing_stays);
    return harness_report();
}
