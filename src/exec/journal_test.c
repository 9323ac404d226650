// journal_test.c - the journal's log has room before it is needed, and where there is none, goes
// on.
#include "exec/journal.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "exec/testing/quiet_service.h"
#include "tests/harness.h"

static const char pool[] = "pool: small\nnodes: {name: here, slots: 1}\n";

static int64_t log_size(const quiet_service *w) {
    char path[128];
    struct stat status;
    snprintf(path, sizeof path, "%s/pool.db-wal", w->folder);
    return stat(path, &status) == 0 ? (int64_t)status.st_size : -1;
}

static ls_status submit_one(quiet_service *w, ls_error *err) {
    const char *const argv[] = {"true", NULL};
    const ls_exec_job job = {.argv = argv, .shape = {.parts = 1, .gpus = 1}};
    uint64_t id = 0;
    CHECK_INT(ls_exec_submit(w->exec, &job, &id, NULL), LS_OK);
    w->steady_us += 1000;
    return ls_exec_step(w->exec, err);
}

static void test_commits_write_where_the_file_is_long_enough(void) {
    quiet_service w;
    quiet_make(&w, pool);
    quiet_step(&w);
    uint32_t grown = 0;
    for (int i = 0; i < 300; i++) {
        const int64_t before = log_size(&w);
        CHECK_INT(submit_one(&w, NULL), LS_OK);
        grown += log_size(&w) != before;
    }
    CHECK(log_size(&w) > 0);
    CHECK(grown <= 12);  // of 300 commits; each of several pages
    quiet_close(&w);
    CHECK_INT(log_size(&w), -1);  // all of it is in the file, and the log is gone
    CHECK_INT(quiet_open(&w, NULL), LS_OK);
    uint64_t counts[LS_EXEC_STATE_COUNT];
    ls_exec_counts(w.exec, counts);
    CHECK_INT(counts[LS_EXEC_WAITING] + counts[LS_EXEC_RUNNING], 300);
    quiet_clear(&w);
}

// No file may be longer than it is now and a few pages: nothing can be kept ahead, commits go on
// for as long as they have room themselves, and what fails then is whole again when there is more.
static void test_without_room_ahead_commits_go_on(void) {
    quiet_service w;
    struct rlimit all;
    quiet_make(&w, pool);
    quiet_step(&w);
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &all), 0);
    void (*const before)(int) = signal(SIGXFSZ, SIG_IGN);
    const struct rlimit less = {.rlim_cur = (rlim_t)log_size(&w) + 20000, .rlim_max = all.rlim_max};
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &less), 0);
    uint32_t fine = 0;
    ls_status status = LS_OK;
    ls_error err = {0};
    for (int i = 0; i < 300 && status == LS_OK; i++) {
        status = submit_one(&w, &err);
        fine += status == LS_OK;
    }
    CHECK_INT(status, LS_ERR_IO);
    CHECK_CONTAINS(err.text, "the journal cannot be written");
    CHECK(fine >= 5);
    CHECK(log_size(&w) <= (int64_t)less.rlim_cur);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &all), 0);
    signal(SIGXFSZ, before);
    quiet_step(&w);
    quiet_close(&w);
    CHECK_INT(quiet_open(&w, NULL), LS_OK);
    uint64_t counts[LS_EXEC_STATE_COUNT];
    ls_exec_counts(w.exec, counts);
    CHECK_INT(counts[LS_EXEC_WAITING] + counts[LS_EXEC_RUNNING], fine + 1);
    quiet_clear(&w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_commits_write_where_the_file_is_long_enough);
    TEST(test_without_room_ahead_commits_go_on);
    return harness_report();
}
