// crowd_test.c - ten thousand callers at once at the socket of a whole daemon: that ask, that stop
// in the middle of a question, that do not read what they are told, that say nothing. It answers or
// turns away, stays small, and its jobs run on.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/daemon.h"
#include "exec/process.h"
#include "pool/pool_file.h"
#include "tests/harness.h"

enum {
    CROWD = 10000,
    LEAST = 400,            // fewer than these are no crowd
    DAEMON_FILES = 4096,    // so that most of them are too many
    QUESTIONS = 20,         // of one who does not read
    HALF = 3000,            // bytes of a question without an end
    MEMORY_KIB = 200 << 10  // that the daemon may have had at most
};
#define PATIENCE_US INT64_C(60000000)

typedef enum manner { ASKS, STOPS_HALFWAY, DOES_NOT_READ, SILENT, MANNERS } manner;

static char folder[64], path[96];

// ---- the daemon

static void be_daemon(const ls_pool *pool, uint64_t files) {
    struct rlimit limit;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = files;
    ls_pool_daemon *daemon = NULL;
    ls_error err = {0};
    const ls_pool_daemon_def def = {
        .pool = pool, .folder = folder, .socket = path, .version = "test"};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        ls_pool_daemon_open(&def, &daemon, &err) != LS_OK) {
        printf("daemon: %s\n", err.text);
        _exit(3);
    }
    (void)ls_pool_daemon_run(daemon, &err);
    _exit(4);
}

static long memory_kib(pid_t pid) {
    char name[64], line[256];
    long kib = -1;
    snprintf(name, sizeof name, "/proc/%d/status", (int)pid);
    FILE *file = fopen(name, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        (void)sscanf(line, "VmHWM: %ld", &kib);
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib;
}

// ---- callers

// -1: nobody listens.
static int call(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(file >= 0);
    if (file >= 0 && connect(file, (const struct sockaddr *)&address, sizeof address) == 0 &&
        fcntl(file, F_SETFL, O_NONBLOCK) == 0) {
        return file;
    }
    if (file >= 0) {
        close(file);
    }
    return -1;
}

static void say(int file, const char *text, size_t size) {
    // It may have been turned away meanwhile.
    const ssize_t sent = send(file, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent;
}

// Until a whole line has come; "": hung up before, or never.
static const char *hear(int file) {
    static char line[1 << 16];
    const int64_t until_us = ls_steady_us() + PATIENCE_US;
    size_t size = 0;
    while (size < sizeof line - 1 && ls_steady_us() < until_us) {
        struct pollfd wait = {.fd = file, .events = POLLIN};
        poll(&wait, 1, 100);
        const ssize_t got = recv(file, line + size, sizeof line - 1 - size, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            return "";
        }
        size += got > 0 ? (size_t)got : 0;
        line[size] = '\0';
        if (size > 0 && line[size - 1] == '\n') {
            return line;
        }
    }
    return "";
}

static void behave(int file, manner how) {
    static char half[HALF];
    memset(half, ' ', sizeof half);
    memcpy(half, "{\"do\":", 6);
    switch (how) {
    case ASKS: say(file, "{\"do\":\"about\"}\n", 15); break;
    case STOPS_HALFWAY: say(file, half, sizeof half); break;
    case DOES_NOT_READ:
        for (int i = 0; i < QUESTIONS; i++) {
            say(file, "{\"do\":\"pool\"}\n", 14);
        }
        break;
    default: break;
    }
}

// One who wants something, and comes again when there is no place; "": not in a minute.
static const char *ask(const char *question) {
    const int64_t until_us = ls_steady_us() + PATIENCE_US;
    do {
        const int file = call();
        if (file >= 0) {
            say(file, question, strlen(question));
            const char *said = hear(file);
            close(file);
            if (strncmp(said, "{\"ok\":", 6) == 0) {
                return said;
            }
        }
        usleep(50000);
    } while (ls_steady_us() < until_us);
    return "";
}

static bool until_job_says(const char *word) {
    const int64_t until_us = ls_steady_us() + PATIENCE_US;
    do {
        if (strstr(ask("{\"do\":\"job\",\"job\":\"1\"}\n"), word) != NULL) {
            return true;
        }
    } while (ls_steady_us() < until_us);
    return false;
}

// ---- together

// As many as the files of this process allow.
static uint32_t crowd_size(void) {
    struct rlimit files;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &files), 0);
    const uint64_t room = files.rlim_cur > 200 ? files.rlim_cur - 200 : 0;
    return room < CROWD ? (uint32_t)room : CROWD;
}

static ls_pool *read_pool(void) {
    static const char text[] = "pool: crowd\nnodes: {name: here, slots: 2}\n";
    ls_pool *pool = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    CHECK_INT(ls_pool_read(text, sizeof text - 1, "crowd", NULL, &pool, &errors), LS_OK);
    ls_errors_clear(&errors);
    return pool;
}

// All of those who ask are answered, or told that there is no place for them: nobody is left
// waiting.
static void check_answers(const int *files, uint32_t count, uint32_t *out_answered,
                          uint32_t *out_refused) {
    uint32_t neither = 0;
    *out_answered = *out_refused = 0;
    for (uint32_t i = ASKS; i < count; i += MANNERS) {
        const char *said = hear(files[i]);
        const bool answered = strncmp(said, "{\"ok\":", 6) == 0;
        const bool refused = strstr(said, "\"code\":\"busy\"") != NULL;
        *out_answered += answered;
        *out_refused += refused;
        neither += !answered && !refused;
    }
    CHECK_INT(neither, 0);
}

// To how many the daemon has hung up.
static uint32_t count_hung_up(const int *files, uint32_t count) {
    uint32_t hung_up = 0;
    for (uint32_t i = 0; files != NULL && i < count; i++) {
        struct pollfd look = {.fd = files[i]};
        hung_up += poll(&look, 1, 0) == 1 && (look.revents & (POLLHUP | POLLERR)) != 0;
    }
    return hung_up;
}

static void test_ten_thousand_at_once_are_answered_or_turned_away(void) {
    const uint32_t count = crowd_size();
    if (count < LEAST) {
        harness_skip("too few open files are allowed for a crowd");
        return;
    }
    snprintf(folder, sizeof folder, "/tmp/ls-crowd-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/sock", folder);
    ls_pool *pool = read_pool();
    const uint64_t files_of_daemon = count / 2 < DAEMON_FILES ? count / 2 : DAEMON_FILES;
    const pid_t pid = fork();
    if (pid == 0) {
        be_daemon(pool, files_of_daemon);
    }
    char go[96], submit[512], command[96];
    snprintf(go, sizeof go, "%s/go", folder);
    snprintf(submit, sizeof submit,
             "{\"do\":\"submit\",\"command\":[\"sh\",\"-c\",\"while [ ! -e %s ]; do sleep 0.05; "
             "done\"]}\n",
             go);
    CHECK_CONTAINS(ask(submit), "\"id\":\"1\"");
    CHECK(until_job_says("\"state\":\"running\""));
    int *files = calloc(count, sizeof *files);
    CHECK(files != NULL);
    for (uint32_t i = 0; files != NULL && i < count; i++) {
        files[i] = call();
        CHECK(files[i] >= 0);
        behave(files[i], (manner)(i % MANNERS));
    }
    uint32_t answered = 0, refused = 0;
    check_answers(files, count, &answered, &refused);
    harness_note("%u answered, %u refused of %u who ask", answered, refused, count / MANNERS);
    CHECK(answered > 0);
    // Among them all: the job runs, can be asked about, ends; another one is taken and runs.
    CHECK(until_job_says("\"state\":\"running\""));
    FILE *file = fopen(go, "w");
    CHECK(file != NULL && fclose(file) == 0);
    CHECK(until_job_says("\"state\":\"done\""));
    CHECK_CONTAINS(ask("{\"do\":\"submit\",\"command\":[\"true\"]}\n"), "\"id\":\"2\"");
    // By now it has met them all, and there are more than its places: the others were turned away,
    // or made place after they had been silent for long.
    CHECK(count_hung_up(files, count) >= count - files_of_daemon);
    const long kib = memory_kib(pid);
    harness_note("the daemon had %ld KiB", kib);
    CHECK(kib > 0 && (harness_is_slow_build() || kib < MEMORY_KIB));
    for (uint32_t i = 0; files != NULL && i < count; i++) {
        close(files[i]);
    }
    CHECK_CONTAINS(ask("{\"do\":\"about\"}\n"), "\"pool\":\"crowd\"");
    CHECK_INT(waitpid(pid, NULL, WNOHANG), 0);  // it is there
    kill(pid, SIGKILL);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    free(files);
    ls_pool_destroy(pool);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK_INT(system(command), 0);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_ten_thousand_at_once_are_answered_or_turned_away);
    return harness_report();
}
