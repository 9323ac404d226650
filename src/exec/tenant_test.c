// tenant_test.c - commands handed to a pool of this process, or to one behind a socket.
#include "exec/tenant.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "exec/testing/own_pool_at.h"
#include "tests/harness.h"

static ls_error err;

static uint64_t hand(ls_tenant *tenant, const char *once, const char *script) {
    const char *argv[] = {"sh", "-c", script, NULL};
    const ls_tenant_job job = {
        .name = "test", .once = once, .argv = argv, .folder = "/tmp", .gpus = 1.0};
    uint64_t id = 0;
    CHECK_INT(ls_tenant_submit(tenant, &job, &id, &err), LS_OK);
    return id;
}

static void test_a_command_runs_and_its_end_is_told(void) {
    own_pool_at at;
    ls_tenant_look look;
    char log[64];
    CHECK(own_pool_at_make(&at) && own_pool_at_open(&at, 1));
    const uint64_t good = hand(at.tenant, "good", "echo it is done");
    const uint64_t bad = hand(at.tenant, "bad", "echo no >&2; exit 3");
    CHECK(own_pool_at_until(&at, good, LS_TENANT_DONE, &look));
    CHECK_INT(look.exit_code, 0);
    CHECK_STR(look.text, "");
    CHECK_INT(ls_tenant_log(at.tenant, good, log, sizeof log, &err), LS_OK);
    CHECK_STR(log, "it is done\n");
    CHECK(own_pool_at_until(&at, bad, LS_TENANT_FAILED, &look));
    CHECK_INT(look.exit_code, 3);
    CHECK_STR(look.text, "exit code 3");
    CHECK_INT(ls_tenant_log(at.tenant, bad, log, 2, &err), LS_OK);
    CHECK_STR(log, "\n");  // the last byte
    own_pool_at_remove(&at);
}

static void test_what_is_asked_again_is_submitted_once(void) {
    own_pool_at at;
    CHECK(own_pool_at_make(&at) && own_pool_at_open(&at, 1));
    const uint64_t first = hand(at.tenant, "one", "true");
    CHECK_INT(hand(at.tenant, "one", "true"), first);
    CHECK(hand(at.tenant, "two", "true") != first);
    own_pool_at_close(&at);
    CHECK(own_pool_at_open(&at, 1));  // known over a restart too
    CHECK_INT(hand(at.tenant, "one", "true"), first);
    own_pool_at_remove(&at);
}

static void test_no_more_run_at_once_than_there_are_slots_and_all_are_nice(void) {
    own_pool_at at;
    ls_tenant_look look;
    char script[256], path[128];
    CHECK(own_pool_at_make(&at) && own_pool_at_open(&at, 1));
    snprintf(path, sizeof path, "%s/nice", at.folder);
    // The first goes on until it is cancelled; the second must wait for it.
    snprintf(script, sizeof script, "nice > %s; while :; do sleep 1; done", path);
    const uint64_t first = hand(at.tenant, "first", script);
    const uint64_t second = hand(at.tenant, "second", "true");
    CHECK(own_pool_at_until(&at, first, LS_TENANT_RUNS, &look));
    CHECK(own_pool_at_lines(path, 1));
    CHECK_INT(ls_tenant_ask(at.tenant, second, &look, &err), LS_OK);
    CHECK_INT(look.state, LS_TENANT_WAITS);
    CHECK(look.text[0] != '\0');  // and it is said why
    char *nice = harness_read_file(path, NULL);
    CHECK_INT(atoi(nice != NULL ? nice : "0"), LS_OWN_POOL_NICE);
    free(nice);
    CHECK_INT(ls_tenant_cancel(at.tenant, first, &err), LS_OK);
    CHECK(own_pool_at_until(&at, first, LS_TENANT_CANCELLED, &look));
    CHECK(own_pool_at_until(&at, second, LS_TENANT_DONE, &look));
    own_pool_at_remove(&at);
}

static void test_the_default_leaves_most_processors_to_others(void) {
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    CHECK(ls_own_pool_slots() >= 1);
    CHECK((long)ls_own_pool_slots() <= (count < 4 ? 1 : count / 4));
}

static void test_the_same_through_its_socket_and_over_a_restart(void) {
    own_pool_at at;
    ls_tenant *there = NULL;
    ls_tenant_look look;
    char path[128];
    CHECK(own_pool_at_make(&at) && own_pool_at_open(&at, 1));
    ls_own_pool_socket_path(at.folder, path, sizeof path);
    const ls_tenant_def def = {.socket = path, .account = "gear -box-2-"};
    CHECK_INT(ls_tenant_open(&def, &there, &err), LS_OK);
    const uint64_t id = hand(there, "a", "echo from afar");
    CHECK(own_pool_at_until(&at, id, LS_TENANT_DONE, &look));
    own_pool_at_close(&at);
    CHECK_INT(ls_tenant_ask(there, id, &look, &err), LS_ERR_IO);  // away: said, and asked again
    CHECK(strstr(err.text, "no pool's daemon runs here") != NULL);
    CHECK(own_pool_at_open(&at, 1));
    CHECK_INT(ls_tenant_ask(there, id, &look, &err), LS_OK);
    CHECK_INT(look.state, LS_TENANT_DONE);
    own_pool_at_close(&at);
    CHECK(own_pool_at_open(&at, 1));  // the connection is stale now, which nobody notices
    CHECK_INT(hand(there, "a", "echo from afar"), id);
    ls_tenant_close(there);
    own_pool_at_remove(&at);
}

static void test_refusals_are_told_apart_from_a_pool_that_is_away(void) {
    own_pool_at at;
    ls_tenant *there = NULL;
    ls_tenant_look look;
    char path[128];
    uint64_t id = 0;
    const char *argv[] = {"true", NULL};
    const char *broken[] = {"true", "\xff", NULL};
    ls_tenant_job job = {.name = "test", .once = "x", .argv = argv, .gpus = 2.0};
    CHECK(own_pool_at_make(&at) && own_pool_at_open(&at, 1));
    CHECK_INT(ls_tenant_submit(at.tenant, &job, &id, &err), LS_ERR_INVALID);  // of one slot
    CHECK_INT(ls_tenant_ask(at.tenant, 77, &look, &err), LS_ERR_INVALID);
    CHECK_INT(ls_tenant_cancel(at.tenant, 77, &err), LS_ERR_INVALID);
    job.gpus = 1.0;
    job.argv = broken;
    CHECK_INT(ls_tenant_submit(at.tenant, &job, &id, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "argument 1 of the command of 'test' is no UTF-8 text");
    job.argv = argv;
    ls_own_pool_socket_path(at.folder, path, sizeof path);
    const ls_tenant_def def = {.socket = path, .account = "gearbox"};
    CHECK_INT(ls_tenant_open(&def, &there, &err), LS_OK);
    CHECK_INT(ls_tenant_submit(there, &job, &id, &err), LS_ERR_INVALID);
    CHECK(strstr(err.text, "there is no account 'gearbox'") != NULL);
    ls_tenant_close(there);
    const ls_tenant_def nowhere = {.socket = NULL};
    CHECK_INT(ls_tenant_open(&nowhere, &there, &err), LS_ERR_INVALID);
    own_pool_at_remove(&at);
}

static void test_running_waits_for_the_end_or_for_who_has_enough(void) {
    own_pool_at at;
    ls_tenant_look look;
    uint64_t id = 0;
    const volatile int stop = 1;
    const char *argv[] = {"sh", "-c", "exit 7", NULL};
    const ls_tenant_job job = {.name = "seven", .once = "7", .argv = argv, .gpus = 1.0};
    CHECK(own_pool_at_make(&at) && own_pool_at_open(&at, 1));
    CHECK_INT(ls_tenant_run(at.tenant, &job, &stop, 0, &id, &look, &err), LS_ERR_STOPPED);
    CHECK_INT(ls_tenant_run(at.tenant, &job, NULL, 0, &id, &look, &err), LS_OK);
    CHECK_INT(look.state, LS_TENANT_FAILED);
    CHECK_INT(look.exit_code, 7);
    own_pool_at_remove(&at);
}

static void test_without_memory_it_says_so_and_goes_on(void) {
    own_pool_at at;
    ls_tenant *there = NULL;
    char path[128];
    CHECK(own_pool_at_make(&at));
    ls_own_pool_socket_path(at.folder, path, sizeof path);
    const ls_tenant_def def = {.socket = path};
    for (int i = 0; i < 3; i++) {
        ls_alloc_fail_after(i);
        CHECK_INT(ls_tenant_open(&def, &there, &err), LS_ERR_MEMORY);
        ls_alloc_fail_after(-1);
        CHECK(there == NULL);
    }
    own_pool_at_remove(&at);
}

// A child opens the pool, has a job begin, and is killed; whoever opens the pool next finds the job
// running and takes its end.
static void test_a_job_outlives_a_kill_and_is_not_begun_twice(void) {
    own_pool_at at;
    ls_tenant_look look;
    char begun[128], go[128], script[512];
    CHECK(own_pool_at_make(&at));
    snprintf(begun, sizeof begun, "%s/begun", at.folder);
    snprintf(go, sizeof go, "%s/go", at.folder);
    snprintf(script, sizeof script,
             "echo begun >> %s; while [ ! -e %s ]; do sleep 0.05; done; exit 5", begun, go);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        if (own_pool_at_open(&at, 1)) {
            (void)hand(at.tenant, "long", script);
        }
        for (;;) {
            pause();
        }
    }
    CHECK(own_pool_at_lines(begun, 1));
    CHECK_INT(kill(child, SIGKILL), 0);
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK(own_pool_at_open(&at, 1));
    const uint64_t id = hand(at.tenant, "long", script);  // the same one
    CHECK(own_pool_at_until(&at, id, LS_TENANT_RUNS, &look));
    FILE *file = fopen(go, "w");
    CHECK(file != NULL && fclose(file) == 0);
    CHECK(own_pool_at_until(&at, id, LS_TENANT_FAILED, &look));
    CHECK_INT(look.exit_code, 5);
    CHECK_INT(look.restarts, 0);
    char *lines = harness_read_file(begun, NULL);
    CHECK_STR(lines, "begun\n");
    free(lines);
    own_pool_at_remove(&at);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_command_runs_and_its_end_is_told);
    TEST(test_what_is_asked_again_is_submitted_once);
    TEST(test_no_more_run_at_once_than_there_are_slots_and_all_are_nice);
    TEST(test_the_default_leaves_most_processors_to_others);
    TEST(test_the_same_through_its_socket_and_over_a_restart);
    TEST(test_refusals_are_told_apart_from_a_pool_that_is_away);
    TEST(test_running_waits_for_the_end_or_for_who_has_enough);
    TEST(test_without_memory_it_says_so_and_goes_on);
    TEST(test_a_job_outlives_a_kill_and_is_not_begun_twice);
    return harness_report();
}
