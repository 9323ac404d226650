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
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/harness.h"
#include "tests/sanitized.h"

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
    bool page;             // it listens on a port, too
    const char *log_most;  // --log-most; NULL: not said
    char clock[96];        // what says how far ahead its wall clock is; "": the machine's own
    const char *cert;      // with TLS by this certificate and the key beside it; NULL: without
} box;

static void start_daemon(box *b) {
    const char *path = getenv("LINESHAFT_PROGRAM");
    char pool[96], data[96], log[96];
    ls_text_format(pool, sizeof pool, "%s/pool.yaml", b->folder);
    ls_text_format(data, sizeof data, "%s/data", b->folder);
    ls_text_format(log, sizeof log, "%s/log", b->folder);
    char key[96];
    const char *argv[16] = {path, "pool", "run", pool, "--data", data, "--socket", b->socket};
    int count = 8;
    if (b->page) {
        argv[count++] = "--port";
        argv[count++] = "0";
        argv[count++] = "--http-jobs";  // also where the test is root
    } else {
        argv[count++] = "--no-page";
    }
    if (b->log_most != NULL) {
        argv[count++] = "--log-most";
        argv[count++] = b->log_most;
    }
    if (b->cert != NULL) {
        ls_text_format(key, sizeof key, "%s/key.pem", b->folder);
        argv[count++] = "--tls-cert";
        argv[count++] = b->cert;
        argv[count++] = "--tls-key";
        argv[count++] = key;
    }
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    char *arguments[sizeof argv / sizeof *argv];
    memcpy(arguments, argv, sizeof argv);
    if (b->clock[0] != '\0') {
        char library[256];
        const char *slash = strrchr(path, '/');
        ls_text_format(library, sizeof library, "%.*s/tests/test-clock.so",
                       slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
        CHECK_INT(access(library, R_OK), 0);
        setenv("LD_PRELOAD", library, 1);
        setenv("LINESHAFT_TEST_CLOCK", b->clock, 1);
    }
    CHECK_INT(posix_spawn(&b->daemon, path, &files, NULL, arguments, environ), 0);
    unsetenv("LD_PRELOAD");
    unsetenv("LINESHAFT_TEST_CLOCK");
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

static bool make_box(box *b) {
    *b = (box){.folder = "/tmp/ls-pool-XXXXXX"};
    const bool made = program_is_there() && getenv("LINESHAFT_PROGRAM") != NULL;
    CHECK(!made || mkdtemp(b->folder) != NULL);
    return made;
}

static bool begin_made(box *b) {
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

static bool begin(box *b) {
    return make_box(b) && begin_made(b);
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

static void test_an_elastic_job_is_resized(void) {
    box b;
    if (begin(&b)) {
        check_says(&b, "submit", "-A line --slots 1 --elastic 3 -- sleep 1000", 0, "job 1");
        CHECK(await(&b, "jobs", "", "  4  line     part of 1: sleep  root  1      running"));
        check_says(&b, "resize", "1 1", 0, "job 1: 1 part more at most\n");
        CHECK(await(&b, "jobs", "--all", "cancelled"));
        check_says(&b, "resize", "1 4", 1, "job 1 can use 3 parts beyond at most, not 4");
        check_says(&b, "resize", "1 four", 2, "'four' is no number of parts, 0 to 1000");
        check_says(&b, "resize", "2 1", 1, "job 2 is not elastic");
        check_says(&b, "resize", "77 1", 3, "there is no job 77");
        finish(&b);
    }
}

static void test_a_node_is_taken_out_and_put_back(void) {
    box b;
    if (begin(&b)) {
        check_says(&b, "submit", "-A line --slots 1 -- sleep 1000", 0, "job 1");
        CHECK(await(&b, "jobs", "", "running"));
        check_says(&b, "drain", "", 0, "no node was taken out of service\n");
        check_says(&b, "drain", "box --reason fan-3", 0, "fan-3\n");
        check_says(&b, "jobs", "", 0, "box is out of service: fan-3");
        check_says(&b, "submit", "-A line --slots 1 -- true", 0, "job 2");
        check_says(&b, "why", "2", 0, "out of service");
        check_says(&b, "drain", "--json", 0, "\"reason\": \"fan-3\"");
        check_says(&b, "drain", "box", 2, "say with --reason why");
        check_says(&b, "drain", "there --reason x", 1, "there is no node 'there'");
        check_says(&b, "undrain", "box", 0, "no node was taken out of service\n");
        CHECK(await(&b, "jobs", "--all", "done"));
        check_says(&b, "undrain", "box", 1, "'box' is in service");
        finish(&b);
    }
}

static void test_what_is_kept_of_a_log_has_a_limit(void) {
    box b;
    if (make_box(&b)) {
        b.log_most = "1";
        CHECK(begin_made(&b));
        check_says(&b, "submit", "-A line --slots 1 --log 2 -- true", 1,
                   "a log of 2097152 bytes; at most 1048576 are kept");
        check_says(&b, "submit", "-A line --slots 1 --log 0 -- true", 2, "'--log'");
        check_says(&b, "submit", "-A line --slots 1 --log 1048577 -- true", 2, "'--log'");
        check_says(&b, "submit", "-A line --slots 1 --log 1 --wait -- seq 1 400000", 0, "job 1");
        program got = ask(&b, "logs", "1");
        const size_t size = strlen(got.out);
        CHECK(size <= 1048576 && size >= 524288);
        CHECK(size > 7 && strcmp(got.out + size - 7, "400000\n") == 0);
        program_clear(&got);
        finish(&b);
    }
}

// ---- the wall clock

static void set_clock(const box *b, long long seconds) {
    FILE *file = fopen(b->clock, "r+e");
    file = file != NULL ? file : fopen(b->clock, "we");
    CHECK(file != NULL && fprintf(file, "%020lld", seconds * 1000000) > 0 && fclose(file) == 0);
}

// The jobs' times of submission, in their order, never go back; and nobody waits for ages.
static void check_times(const box *b) {
    program got = ask(b, "jobs", "--all --json");
    long long last_us = 0;
    int jobs = 0;
    json_t *answer = json_loads(got.out, 0, NULL);
    const json_t *list = json_object_get(json_object_get(answer, "list"), "jobs");
    const json_t *job = NULL;
    size_t i = 0;
    long long at_us[16] = {0};
    json_array_foreach(list, i, job) {
        const int id = atoi(json_string_value(json_object_get(job, "id")));
        CHECK(id > 0 && id < 16);
        at_us[id > 0 && id < 16 ? id : 0] = json_integer_value(
            json_object_get(job, "submitted_us"));
        jobs++;
    }
    for (int id = 1; id <= jobs; id++) {
        CHECK(at_us[id] > 0 && at_us[id] >= last_us);
        CHECK(last_us == 0 || at_us[id] - last_us < 600 * 1000000LL);
        last_us = at_us[id];
    }
    CHECK(jobs >= 1);
    json_decref(answer);
    program_clear(&got);
}

// It is set ten years ahead and a year back, and the daemon is killed and begins again in the past:
// what runs goes on, what has a time limit keeps it, what comes runs.
static void test_the_wall_clock_is_set_back_and_forth(void) {
    static const long long set_s[] = {315360000, -31536000, 3600, 0};
    box b;
    if (SANITIZED) {
        harness_note("a sanitizer wants to be loaded first: not tested");
        return;
    }
    if (make_box(&b)) {
        ls_text_format(b.clock, sizeof b.clock, "%s/clock", b.folder);
        set_clock(&b, 0);
        CHECK(begin_made(&b));
        check_says(&b, "submit", "-A line --slots 1 --time 1h -- sleep 1000", 0, "job 1");
        CHECK(await(&b, "jobs", "", "running"));
        for (size_t i = 0; i < sizeof set_s / sizeof *set_s; i++) {
            set_clock(&b, set_s[i]);
            check_says(&b, "submit", "-A line --slots 1 --time 1h --wait -- true", 0, "job");
            check_says(&b, "jobs", "", 0, "running");
            if (set_s[i] < 0) {
                end_daemon(&b, SIGKILL);
                start_daemon(&b);
                CHECK(await(&b, "jobs", "", "running"));
                check_says(&b, "submit", "-A line --slots 1 --wait -- true", 0, "job");
            }
            check_times(&b);
        }
        check_says(&b, "why", "1", 0, "job 1 of line: running for");
        check_says(&b, "usage", "-A line --statement", 0, "Statement of line, in slot hours\n");
        check_says(&b, "submit", "-A line --slots 1 --time 1s --wait -- sleep 1000", 1,
                   "it ran for its longest time");
        check_says(&b, "cancel", "1 --wait", 0, "job 1");
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

// The page's address that the daemon has said, without its token.
static bool find_url(const box *b, char *out, size_t size) {
    char log[96];
    ls_text_format(log, sizeof log, "%s/log", b->folder);
    char *text = harness_read_file(log, NULL);
    const char *end = text != NULL ? strstr(text, "/?token=") : NULL;
    const char *from = end;
    while (from != NULL && from > text && from[-1] != ' ') {
        from--;
    }
    CHECK(end != NULL);
    ls_text_format(out, size, "%.*s", end != NULL ? (int)(end - from) : 0, end != NULL ? from : "");
    free(text);
    return end != NULL;
}

// A token, made at the socket, in a file of its own.
static void make_token(const box *b, const char *rest, const char *file) {
    program got = ask(b, "token", rest);
    CHECK_INT(got.code, 0);
    FILE *out = fopen(file, "we");
    CHECK(out != NULL && fchmod(fileno(out), 0600) == 0 && fputs(got.out, out) >= 0 &&
          fclose(out) == 0);
    program_clear(&got);
}

static void check_there(const char *url, const char *token, const char *line, int code,
                        const char *text) {
    char all[LINE_SIZE];
    ls_text_format(all, sizeof all, line, url, token);
    program got = program_run(all);
    harness_note("%s", all);
    CHECK_INT(got.code, code);
    CHECK_CONTAINS(code == 0 ? got.out : got.err, text);
    program_clear(&got);
}

// A supplier at another machine: its commands by the address, and nothing of others.
static void test_an_account_asks_by_its_token(void) {
    box b;
    char url[128], token[96], look[96];
    if (!make_box(&b)) {
        return;
    }
    b.page = true;
    if (begin_made(&b) && find_url(&b, url, sizeof url)) {
        ls_text_format(token, sizeof token, "%s/people.token", b.folder);
        ls_text_format(look, sizeof look, "%s/look.token", b.folder);
        make_token(&b, "people-ci -A people", token);
        make_token(&b, "screen -A people --look", look);
        check_says(&b, "submit", "-A line --slots 1 --name secret -- sleep 1000", 0, "job 1");
        check_there(url, token, "pool submit --url %s --token-file %s --wait -- echo so it is", 0,
                    "job 2 of people");
        check_there(url, token, "pool logs --url %s --token-file %s 2", 0, "so it is\n");
        check_there(url, look, "pool logs --url %s --token-file %s 2", 0, "so it is\n");
        check_there(url, token, "pool jobs --url %s --token-file %s --all", 0, "people-ci@");
        check_there(url, token, "pool usage --url %s --token-file %s", 0, "people");
        check_there(url, token, "pool top --url %s --token-file %s --once", 0, "people");
        check_there(url, token, "pool why --url %s --token-file %s 1", 3, "there is no job 1");
        check_there(url, token, "pool cancel --url %s --token-file %s 1", 3, "there is no job 1");
        check_there(url, token, "pool logs --url %s --token-file %s 1", 3, "there is no job 1");
        check_there(url, token, "pool submit --url %s --token-file %s -A line -- true", 3,
                    "there is no account 'line' for this token");
        check_there(url, look, "pool submit --url %s --token-file %s -- true", 1, "may only look");
        check_there(url, token, "pool token --url %s --token-file %s", 1, "the business of root");
        check_says(&b, "token", "", 0, "people-ci");
        check_says(&b, "token", "people-ci --revoke", 0, "");
        check_there(url, token, "pool jobs --url %s --token-file %s", 1, "none of ours");
        CHECK_INT(chmod(look, 0644), 0);
        check_there(url, look, "pool jobs --url %s --token-file %s", 4, "can be read by others");
        check_says(&b, "cancel", "1 --wait", 0, "job 1");
    }
    finish(&b);
}

// By TLS only who is vouched for is asked.
static void test_only_a_trusted_pool_is_asked(void) {
    box b;
    char url[128], token[96], cert[96], line[512], rest[256];
    if (!make_box(&b)) {
        return;
    }
    ls_text_format(cert, sizeof cert, "%s/cert.pem", b.folder);
    ls_text_format(
        line, sizeof line,
        "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-days 2 -subj /CN=pool -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out "
        "cert.pem 2>/dev/null && chmod 600 key.pem",
        b.folder);
    CHECK_INT(system(line), 0);
    b.page = true;
    b.cert = cert;
    if (begin_made(&b) && find_url(&b, url, sizeof url)) {
        ls_text_format(token, sizeof token, "%s/people.token", b.folder);
        make_token(&b, "people-ci -A people", token);
        ls_text_format(rest, sizeof rest, "pool usage --url %%s --token-file %%s --trust %s", cert);
        CHECK_CONTAINS(url, "https://127.0.0.1:");
        check_there(url, token, rest, 0, "people");
        check_there(url, token, "pool usage --url %s --token-file %s", 4, "is not trusted");
        const char *port = strrchr(url, ':');
        char other[128];
        ls_text_format(other, sizeof other, "https://localhost%s", port);
        check_there(other, token, rest, 4, "is not trusted");  // the certificate is for 127.0.0.1
        ls_text_format(other, sizeof other, "http://127.0.0.1%s", port);
        check_there(other, token, rest, 4, "");
        ls_text_format(other, sizeof other, "http://192.0.2.1%s", port);
        check_there(other, token, rest, 3, "without TLS others could read the token");
    }
    finish(&b);
}

// A plant whose model is searched for, and 300 rows of its history.
static void put_plant(const box *b) {
    char path[96];
    ls_text_format(path, sizeof path, "%s/p.yaml", b->folder);
    FILE *file = fopen(path, "we");
    CHECK(file != NULL);
    if (file == NULL) {
        return;
    }
    fprintf(
        file,
        "plant: t\nstations: {a: {process: 1 min}}\n"
        "products: {x: {route: [a], release: {every: 1 h}}}\n"
        "pool: {socket: %s, account: people}\n"
        "models:\n"
        "  m: {what: sensor, tags: [a, b], features: [last, mean], label: {tag: c}, "
        "learner: trees, trees: {rounds: 20, depth: 3}, gates: {latency: 10 s, missing: 100}}\n",
        b->socket);
    CHECK_INT(fclose(file), 0);
    ls_text_format(path, sizeof path, "%s/h.csv", b->folder);
    file = fopen(path, "we");
    CHECK(file != NULL);
    if (file == NULL) {
        return;
    }
    fprintf(file, "time,tag,value\n");
    for (int m = 0; m < 300; m++) {
        char time[24];
        ls_text_format(time, sizeof time, "2026-01-05T%02d:%02d:00", 6 + m / 60, m % 60);
        const int x = m * 37 % 101, y = m * 53 % 89;
        fprintf(file, "%s,a,%d\n%s,b,%d\n%s,c,%d\n", time, x, time, y, time, x + y / 4);
    }
    CHECK_INT(fclose(file), 0);
}

static void check_line(const box *b, const char *what, const char *rest, const char *text) {
    char line[LINE_SIZE];
    ls_text_format(line, sizeof line, "%s %s/%s", what, b->folder, rest);
    harness_note("%s", line);
    program got = program_run(line);
    CHECK(got.code == 0 || got.code == 1);
    CHECK_CONTAINS(got.out, text);
    program_clear(&got);
}

static void test_a_search_is_jobs_of_the_pool(void) {
    box b;
    if (!begin(&b)) {
        return;
    }
    char rest[LINE_SIZE], one[128], two[128];
    put_plant(&b);
    ls_text_format(rest, sizeof rest, "hist %s/h.csv", b.folder);
    check_line(&b, "history import", rest, "");
    ls_text_format(rest, sizeof rest,
                   "p.yaml --search 4 --pool --history %s/hist --models %s/pooled", b.folder,
                   b.folder);
    check_line(&b, "model train", rest, "version 1");
    check_says(&b, "jobs", "--all", 0, "m: trial 3, 6 rounds");
    check_says(&b, "jobs", "--all", 0, "m: trial 0, 20 rounds");
    // The same as without a pool.
    ls_text_format(rest, sizeof rest,
                   "p.yaml --search 4 --workers 1 --history %s/hist --models %s/own", b.folder,
                   b.folder);
    check_line(&b, "model train", rest, "version 1");
    ls_text_format(one, sizeof one, "%s/pooled/m/versions/1/model.json", b.folder);
    ls_text_format(two, sizeof two, "%s/own/m/versions/1/model.json", b.folder);
    uint64_t size[2] = {0};
    char *pooled = harness_read_file(one, &size[0]), *own = harness_read_file(two, &size[1]);
    CHECK(pooled != NULL && own != NULL && size[0] > 500);
    CHECK_INT(size[0], size[1]);
    if (pooled != NULL && own != NULL && size[0] == size[1]) {
        CHECK_BYTES(pooled, own, size[0]);
    }
    free(pooled);
    free(own);
    finish(&b);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_job_runs_and_tells_what_it_wrote);
    TEST(test_an_elastic_job_is_resized);
    TEST(test_a_node_is_taken_out_and_put_back);
    TEST(test_what_is_kept_of_a_log_has_a_limit);
    TEST(test_the_wall_clock_is_set_back_and_forth);
    TEST(test_what_was_borrowed_is_given_back);
    TEST(test_jobs_after_a_kill_of_the_daemon_run_once);
    TEST(test_an_account_asks_by_its_token);
    TEST(test_only_a_trusted_pool_is_asked);
    TEST(test_a_search_is_jobs_of_the_pool);
    return harness_report();
}
