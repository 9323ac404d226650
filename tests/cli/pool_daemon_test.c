// pool_daemon_test.c - a pool that runs jobs, as people use it: the daemon and the commands are the
// programs themselves. Conditions are waited for, never spans of time.
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/harness.h"

extern char **environ;

enum { LINE_SIZE = 2048, PATIENCE_S = 60 };

static const char pool_text[] =
    "pool: box\n"
    "nodes: {name: box, slots: 8}\n"
    "reclaim: 1 s\n"
    "accounts:\n"
    "  line:   {guarantee: 4}\n"
    "  people: {guarantee: 2, limit: 6}\n";

typedef struct box {
    char folder[64], socket[96];
    pid_t daemon;
} box;

static void start_daemon(box *b) {
    const char *path = getenv("LINESHAFT_PROGRAM");
    char pool[96], data[96], log[96];
    ls_text_format(pool, sizeof pool, "%s/pool.yaml", b->folder);
    ls_text_format(data, sizeof data, "%s/data", b->folder);
    ls_text_format(log, sizeof log, "%s/log", b->folder);
    const char *argv[] = {path, "pool",     "run",     pool,        "--data",
                          data, "--socket", b->socket, "--no-page", NULL};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    char *arguments[sizeof argv / sizeof *argv];
    memcpy(arguments, argv, sizeof argv);
    CHECK_INT(posix_spawn(&b->daemon, path, &files, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&files);
}

static void end_daemon(box *b, int signal_number) {
    if (b->daemon > 0) {
        kill(b->daemon, signal_number);
        waitpid(b->daemon, NULL, 0);
        b->daemon = 0;
    }
}

// A command at this daemon: `what` is the subcommand, `rest` what follows the socket.
static program ask(const box *b, const char *what, const char *rest) {
    char line[LINE_SIZE];
    ls_text_format(line, sizeof line, "pool %s --socket %s %s", what, b->socket, rest);
    return program_run(line);
}

static bool says(const box *b, const char *what, const char *rest, const char *text) {
    program got = ask(b, what, rest);
    const bool found = strstr(got.out, text) != NULL;
    program_clear(&got);
    return found;
}

static bool await(const box *b, const char *what, const char *rest, const char *text) {
    const time_t end = time(NULL) + PATIENCE_S;
    while (!says(b, what, rest, text)) {
        if (time(NULL) > end) {
            program got = ask(b, what, rest);
            harness_note("pool %s %s has not said '%s' but:\n%s%s", what, rest, text, got.out,
                         got.err);
            program_clear(&got);
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    return true;
}

static void check_says(const box *b, const char *what, const char *rest, int code,
                       const char *text) {
    program got = ask(b, what, rest);
    harness_note("pool %s %s", what, rest);
    CHECK_INT(got.code, code);
    CHECK_CONTAINS(code == 0 ? got.out : got.err, text);
    program_clear(&got);
}

static bool begin(box *b) {
    if (!program_is_there() || getenv("LINESHAFT_PROGRAM") == NULL) {
        return false;
    }
    *b = (box){.folder = "/tmp/ls-pool-XXXXXX"};
    CHECK(mkdtemp(b->folder) != NULL);
    ls_text_format(b->socket, sizeof b->socket, "%s/socket", b->folder);
    char path[96];
    ls_text_format(path, sizeof path, "%s/pool.yaml", b->folder);
    FILE *file = fopen(path, "we");
    CHECK(file != NULL && fputs(pool_text, file) >= 0 && fclose(file) == 0);
    start_daemon(b);
    const bool there = await(b, "usage", "", "people");
    CHECK(there);
    return there;
}

static void finish(box *b) {
    end_daemon(b, SIGTERM);
    char line[128];
    ls_text_format(line, sizeof line, "rm -rf %s", b->folder);
    CHECK_INT(system(line), 0);
}

static void test_a_job_runs_and_tells_what_it_wrote(void) {
    box b;
    if (begin(&b)) {
        check_says(&b, "submit", "-A line --slots 1 --wait -- echo so it is", 0, "job 1 of line");
        check_says(&b, "logs", "1", 0, "so it is\n");
        check_says(&b, "submit", "-A line --slots 1 --wait -- false", 1, "job 2: failed");
        check_says(&b, "jobs", "--all", 0, "failed");
        check_says(&b, "submit", "-A lien --slots 1 -- true", 3, "did you mean 'line'?");
        check_says(&b, "submit", "-A people --slots 7 -- true", 1, "more than the limit");
        check_says(&b, "submit", "-A line --slots 1 -- sleep 1000", 0, "job 3 of line");
        CHECK(await(&b, "jobs", "", "running"));
        check_says(&b, "cancel", "3 --wait", 0, "job 3: asked to stop\n");
        check_says(&b, "jobs", "--all", 0, "cancelled");
        check_says(&b, "cancel", "3", 1, "job 3 is over: cancelled");
        check_says(&b, "usage", "-A line --statement", 0, "Statement of line, in slot hours\n");
        check_says(&b, "usage", "--csv", 0, ",line,");
        finish(&b);
    }
}

static void test_what_was_borrowed_is_given_back(void) {
    box b;
    if (begin(&b)) {
        check_says(&b, "submit", "-A people --slots 6 --grace 1s -- sleep 1000", 0, "job 1");
        CHECK(await(&b, "jobs", "", "running"));
        CHECK(await(&b, "top", "--once", "4 borrowed"));
        check_says(&b, "submit", "-A line --slots 4 -- sleep 1000", 0, "job 2");
        // The other is stopped for it and waits again; what it would need is held by the guarantee.
        CHECK(await(&b, "jobs", "-A line", "running"));
        CHECK(await(&b, "jobs", "-A people", "waiting"));
        program got = ask(&b, "usage", "--json");
        json_t *usage = json_loads(got.out, 0, NULL);
        const json_t *accounts = json_object_get(json_object_get(usage, "usage"), "accounts");
        CHECK_INT((int64_t)json_array_size(accounts), 2);
        CHECK_INT(json_integer_value(json_object_get(json_array_get(accounts, 0), "used")), 4);
        CHECK_INT(json_integer_value(json_object_get(json_array_get(accounts, 1), "waiting")), 1);
        json_decref(usage);
        program_clear(&got);
        check_says(&b, "why", "1", 0, "slots");
        check_says(&b, "cancel", "2", 0, "job 2");
        CHECK(await(&b, "jobs", "-A people", "running"));
        check_says(&b, "cancel", "1", 0, "job 1");
        finish(&b);
    }
}

static void test_jobs_after_a_kill_of_the_daemon_run_once(void) {
    box b;
    if (begin(&b)) {
        char script[96], line[LINE_SIZE], ran[96];
        ls_text_format(ran, sizeof ran, "%s/ran", b.folder);
        ls_text_format(script, sizeof script, "%s/mark", b.folder);
        FILE *file = fopen(script, "we");
        CHECK(file != NULL && fprintf(file, "echo $LINESHAFT_ARRAY_INDEX >> %s\n", ran) > 0 &&
              fclose(file) == 0);
        ls_text_format(line, sizeof line, "-A line --slots 1 --array 3 -- sh %s", script);
        check_says(&b, "submit", line, 0, "jobs 1 to 3 of line");
        check_says(&b, "submit", "-A line --slots 1 --after 1,2,3 --wait -- echo after", 0,
                   "job 4");
        check_says(&b, "submit", "-A line --slots 1 -- sleep 1000", 0, "job 5");
        CHECK(await(&b, "jobs", "", "running"));
        end_daemon(&b, SIGKILL);
        check_says(&b, "jobs", "", 4, "no pool's daemon runs here");
        start_daemon(&b);
        CHECK(await(&b, "jobs", "", "running"));  // job 5 goes on
        check_says(&b, "jobs", "--all --json", 0, "\"restarts\": 0");
        CHECK(!says(&b, "jobs", "--all --json", "\"restarts\": 1"));
        check_says(&b, "cancel", "5", 0, "job 5");
        CHECK(await(&b, "jobs", "--all", "cancelled"));
        char *lines = harness_read_file(ran, NULL);
        CHECK_INT((int64_t)strlen(lines), 6);
        CHECK(strchr(lines, '0') != NULL && strchr(lines, '1') != NULL &&
              strchr(lines, '2') != NULL);
        free(lines);
        finish(&b);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_job_runs_and_tells_what_it_wrote);
    TEST(test_what_was_borrowed_is_given_back);
    TEST(test_jobs_after_a_kill_of_the_daemon_run_once);
    return harness_report();
}
