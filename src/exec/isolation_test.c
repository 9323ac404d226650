// isolation_test.c - who asks is who the system says; jobs of different users are kept apart; who
// listens is not root; nothing that a person writes goes through a shell.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/daemon.h"
#include "exec/process.h"
#include "exec/testing/small_service.h"
#include "pool/pool_file.h"
#include "tests/harness.h"

enum { NOBODY = 65534, ANNA = 21001, BERT = 21002, LEAST = 1000 };
#define PATIENCE_US INT64_C(60000000)

static char folder[64], data[80], run_folder[80], path[96], shared[80];
static pid_t daemon_pid;

static bool become(uid_t uid) {
    return setgroups(0, NULL) == 0 && setgid(uid) == 0 && setuid(uid) == 0;
}

// ---- the daemon, as `pool run --user` makes it

static void be_daemon(const ls_pool *pool) {
    ls_pool_daemon *daemon = NULL;
    ls_exec_helper *helper = NULL;
    ls_error err = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const ls_exec_helper_def helper_def = {.folder = data, .uid_least = LEAST};
    if (ls_exec_helper_start(&helper_def, &helper, &err) != LS_OK || !become(NOBODY)) {
        printf("helper: %s\n", err.text);
        _exit(3);
    }
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    const ls_pool_daemon_def def = {.pool = pool,
                                    .folder = data,
                                    .socket = path,
                                    .open = true,
                                    .helper = helper,
                                    .version = "test"};
    if (ls_pool_daemon_open(&def, &daemon, &err) != LS_OK) {
        printf("daemon: %s\n", err.text);
        _exit(4);
    }
    (void)ls_pool_daemon_run(daemon, &err);
    _exit(5);
}

static bool make_folder(const char *name, mode_t mode, uid_t owner) {
    return mkdir(name, 0700) == 0 && chown(name, owner, owner) == 0 && chmod(name, mode) == 0;
}

static bool begin(void) {
    static const char text[] = "pool: apart\nnodes: {name: here, slots: 4}\n";
    ls_pool *pool = NULL;
    ls_errors errors;
    snprintf(folder, sizeof folder, "/tmp/ls-apart-XXXXXX");
    CHECK(mkdtemp(folder) != NULL && chmod(folder, 0755) == 0);
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(run_folder, sizeof run_folder, "%s/run", folder);
    snprintf(shared, sizeof shared, "%s/shared", folder);
    snprintf(path, sizeof path, "%s/sock", run_folder);
    CHECK(make_folder(data, 0700, NOBODY) && make_folder(run_folder, 0755, NOBODY) &&
          make_folder(shared, 01777, 0));
    ls_errors_init(&errors);
    CHECK_INT(ls_pool_read(text, sizeof text - 1, "apart", NULL, &pool, &errors), LS_OK);
    ls_errors_clear(&errors);
    daemon_pid = fork();
    if (daemon_pid == 0) {
        be_daemon(pool);
    }
    ls_pool_destroy(pool);
    return daemon_pid > 0 && !harness_has_failed();
}

static void end(void) {
    char command[96];
    kill(daemon_pid, SIGKILL);
    CHECK_INT(waitpid(daemon_pid, NULL, 0), daemon_pid);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK_INT(system(command), 0);
}

// ---- users

static size_t hear(int file, char *out, size_t size) {
    const int64_t until_us = ls_steady_us() + PATIENCE_US;
    size_t used = 0;
    while (used < size - 1 && ls_steady_us() < until_us) {
        struct pollfd wait = {.fd = file, .events = POLLIN};
        poll(&wait, 1, 100);
        const ssize_t got = recv(file, out + used, size - 1 - used, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            break;
        }
        used += got > 0 ? (size_t)got : 0;
        if (used > 0 && out[used - 1] == '\n') {
            break;
        }
    }
    out[used] = '\0';
    return used;
}

// In a process of that user: what the daemon answers him.
static void ask_and_write(uid_t uid, const char *question, int out) {
    static char line[1 << 16];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    const int64_t until_us = ls_steady_us() + PATIENCE_US;
    int file = -1;
    if (uid != 0 && !become(uid)) {
        _exit(1);
    }
    for (int wrong = -1; wrong != 0 && ls_steady_us() < until_us; usleep(10000)) {
        file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        wrong = connect(file, (const struct sockaddr *)&address, sizeof address);
    }
    if (send(file, question, strlen(question), MSG_NOSIGNAL) < 0) {
        _exit(2);
    }
    const size_t size = hear(file, line, sizeof line);
    _exit(write(out, line, size) == (ssize_t)size ? 0 : 3);
}

static const char *ask(uid_t uid, const char *question) {
    static char texts[4][1 << 16];
    static int at;
    char *text = texts[at = (at + 1) % 4];
    int ends[2];
    size_t used = 0;
    CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        ask_and_write(uid, question, ends[1]);
    }
    close(ends[1]);
    for (ssize_t got = 1; got > 0 && used < sizeof texts[0] - 1;) {
        got = read(ends[0], text + used, sizeof texts[0] - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    }
    text[used] = '\0';
    close(ends[0]);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    return text;
}

static bool until_there(const char *name) {
    char file[160];
    const int64_t until_us = ls_steady_us() + PATIENCE_US;
    snprintf(file, sizeof file, "%s/%s", shared, name);
    while (access(file, F_OK) != 0 && ls_steady_us() < until_us) {
        usleep(10000);
    }
    return access(file, F_OK) == 0;
}

static const char *words_of(const char *name) {
    static char text[4096];
    char file[160];
    snprintf(file, sizeof file, "%s/%s", shared, name);
    char *all = harness_read_file(file, NULL);
    snprintf(text, sizeof text, "%s", all != NULL ? all : "");
    free(all);
    return text;
}

static bool status_says(pid_t pid, const char *line) {
    char file[64];
    snprintf(file, sizeof file, "/proc/%d/status", (int)pid);
    char *text = harness_read_file(file, NULL);
    const bool says = text != NULL && strstr(text, line) != NULL;
    free(text);
    return says;
}

// `S` in the scripts is the folder that all may write to.
static const char *submit(uid_t uid, const char *script) {
    static char question[4096];
    snprintf(question, sizeof question,
             "{\"do\":\"submit\",\"command\":[\"sh\",\"-c\",\"%s\"],\"env\":[\"S=%s\",\"D=%s\","
             "\"SECRET=swordfish\",\"PATH=/usr/bin:/bin\"]}\n",
             script, shared, data);
    return ask(uid, question);
}

// ---- what holds

static void check_that_who_listens_is_not_root(void) {
    CHECK(status_says(daemon_pid, "Uid:\t65534\t65534\t65534\t65534\n"));
    CHECK(status_says(daemon_pid, "CapEff:\t0000000000000000\n"));
    CHECK(status_says(daemon_pid, "CapPrm:\t0000000000000000\n"));
}

static void check_that_who_asks_is_who_the_system_says(void) {
    CHECK_CONTAINS(submit(ANNA,
                          "id -u > $S/anna.new; id -G >> $S/anna.new; grep NoNewPrivs "
                          "/proc/self/status >> $S/anna.new; echo $$ > $S/pid; mv "
                          "$S/anna.new $S/anna; exec sleep 1000"),
                   "\"id\":\"1\"");
    CHECK(until_there("anna"));
    CHECK_STR(words_of("anna"), "21001\n21001\nNoNewPrivs:\t1\n");
    // Nobody runs anything as root or as one of the system's own, root neither.
    CHECK_CONTAINS(submit(0, "echo > $S/root"), "\"error\"");
    CHECK_CONTAINS(submit(2, "echo > $S/system"), "\"error\"");
}

static void check_that_one_cannot_touch_anothers_job(void) {
    // What of it succeeds is written down.
    CHECK_CONTAINS(
        submit(BERT,
               "P=$(cat $S/pid); id -u > $S/b; kill -9 $P && echo killed >> $S/b; cat "
               "/proc/$P/environ && echo environment >> $S/b; ls /proc/$P/fd && echo files "
               ">> $S/b; ls $D && echo data >> $S/b; cat $D/jobs/1/* && echo log >> $S/b; "
               "cat $D/pool.db && echo journal >> $S/b; echo x >> $S/anna && echo file >> "
               "$S/b; touch $S/done"),
        "\"id\":\"2\"");
    CHECK(until_there("done"));
    CHECK_STR(words_of("b"), "21002\n");
    CHECK_CONTAINS(ask(BERT, "{\"do\":\"log\",\"job\":\"1\"}\n"), "\"code\":\"forbidden\"");
    CHECK_CONTAINS(ask(BERT, "{\"do\":\"cancel\",\"job\":\"1\"}\n"), "\"code\":\"forbidden\"");
    CHECK_CONTAINS(ask(BERT, "{\"do\":\"drain\",\"node\":\"here\",\"reason\":\"x\"}\n"),
                   "\"code\":\"forbidden\"");
    const char *seen = ask(BERT, "{\"do\":\"job\",\"job\":\"1\"}\n");
    CHECK_CONTAINS(seen, "\"state\":\"running\"");
    CHECK(strstr(seen, "sleep 1000") == NULL && strstr(seen, "swordfish") == NULL);
    CHECK_CONTAINS(ask(ANNA, "{\"do\":\"log\",\"job\":\"1\"}\n"), "\"ok\"");
    CHECK_CONTAINS(ask(ANNA, "{\"do\":\"cancel\",\"job\":\"1\"}\n"), "\"ok\"");
}

static void test_users_are_kept_apart_and_who_listens_is_not_root(void) {
    if (geteuid() != 0) {
        harness_skip("only root can start a pool that keeps users apart");
        return;
    }
    if (begin()) {
        check_that_who_asks_is_who_the_system_says();
        check_that_who_listens_is_not_root();
        check_that_one_cannot_touch_anothers_job();
    }
    end();
}

static void test_nothing_that_a_person_writes_goes_through_a_shell(void) {
    small_service s;
    char file[96], evil[320];
    CHECK(small_service_make(&s, 1, NULL));
    snprintf(file, sizeof file, "%s/pwned", s.folder);
    snprintf(evil, sizeof evil, "$(touch %s)`touch %s`; touch %s #", file, file, file);
    const char *const argv[] = {"printf", "%s|%s|%s", evil, "a  b\n'\"", "* ~ $HOME", NULL};
    const char *const env[] = {"PATH=/usr/bin:/bin", "E=$(touch x)", NULL};
    ls_exec_job job = small_job(argv);
    job.name = evil;
    job.user = evil;
    job.env = env;
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until(&s, id, LS_EXEC_DONE));
    char wanted[480];
    snprintf(wanted, sizeof wanted, "%s|%s|%s", evil, "a  b\n'\"", "* ~ $HOME");
    CHECK_STR(small_log(&s, id), wanted);
    // Nor does a program that is named like a line of a shell.
    const char *const line[] = {evil, NULL};
    ls_exec_job named = small_job(line);
    const uint64_t other = small_submit(&s, &named);
    CHECK(small_until(&s, other, LS_EXEC_FAILED));
    CHECK_INT(access(file, F_OK), -1);
    small_service_clear(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_users_are_kept_apart_and_who_listens_is_not_root);
    TEST(test_nothing_that_a_person_writes_goes_through_a_shell);
    return harness_report();
}
