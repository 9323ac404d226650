// broker.c - see broker.h. The child and the thread that watches it.
#include "line/broker.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "line/broker_files.h"

enum {
    DEF_COOKIE = 0x62726f6b,
    LINE_SIZE = 512,
    START_MS = 10000,
    STOP_MS = 3000,
    STABLE_US = 10000000,
    SECOND_US = 1000000
};

struct ls_broker {
    ls_broker_def def;
    char folder[LS_BROKER_PATH_MAX + 1], program[LS_BROKER_PATH_MAX + 1];
    int lock_file, stop_file, port;
    pthread_t thread;
    atomic_bool stopping, up, gave_up;
    _Atomic int process;
    _Atomic uint64_t starts;
    pthread_mutex_t lock;  // of last_line
    char last_line[LINE_SIZE];
};

ls_broker_def ls_broker_def_default(void) {
    return (ls_broker_def){
        .retry_first_us = 200000, .retry_max_us = 10000000, .cookie = DEF_COOKIE};
}

static int64_t monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

// ---- ports

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

// `wanted` when nobody has it, else any free one; 0: none.
static int choose_port(int wanted) {
    const int on = 1;
    const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(wanted);
    socklen_t size = sizeof address;
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(file, (const struct sockaddr *)&address, sizeof address) != 0) {
        address = loopback(0);
        if (bind(file, (const struct sockaddr *)&address, sizeof address) != 0) {
            close(file);
            return 0;
        }
    }
    getsockname(file, (struct sockaddr *)&address, &size);
    close(file);
    return ntohs(address.sin_port);
}

static bool answers(int port) {
    const struct sockaddr_in address = loopback(port);
    const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool there = connect(file, (const struct sockaddr *)&address, sizeof address) == 0;
    close(file);
    return there;
}

// ---- the child

// Between fork and exec only what is safe in a process that had threads.
static void become_broker(const ls_broker *b, pid_t parent, int log, const char *config) {
    const char *const argv[] = {b->program, "-c", config, NULL};
    sigset_t none;
    sigemptyset(&none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }
    const int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(b->program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

// Returns where its log is read from; -1: not started.
static int start_child(ls_broker *b) {
    char config[LS_BROKER_PATH_MAX + 1];
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    ls_broker_files_path(b->folder, "mosquitto.conf", config, sizeof config);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        become_broker(b, parent, ends[1], config);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return -1;
    }
    atomic_store(&b->process, (int)child);
    atomic_fetch_add(&b->starts, 1);
    return ends[0];
}

static void tell(ls_broker *b, const char *text) {
    if (b->def.told != NULL) {
        b->def.told(b->def.context, text);
    }
}

static void take_line(ls_broker *b, const char *line) {
    if (line[0] == '\0' || strstr(line, "should not be run as root") != NULL) {
        return;
    }
    pthread_mutex_lock(&b->lock);
    ls_text_format(b->last_line, sizeof b->last_line, "%s", line);
    pthread_mutex_unlock(&b->lock);
    tell(b, line);
}

typedef struct log_reader {  // lines out of what the child writes
    char text[LINE_SIZE];
    size_t used;
} log_reader;

// Returns false at the end.
static bool read_log(ls_broker *b, int file, log_reader *reader) {
    char chunk[LINE_SIZE];
    const ssize_t got = read(file, chunk, sizeof chunk);
    for (ssize_t i = 0; i < got; i++) {
        if (chunk[i] == '\n') {
            reader->text[reader->used] = '\0';
            take_line(b, reader->text);
            reader->used = 0;
        } else if (reader->used < sizeof reader->text - 1) {
            reader->text[reader->used++] = chunk[i];
        }
    }
    return got > 0 || (got < 0 && errno == EINTR);
}

// Asks it to stop, then makes it; reaps it.
static void end_child(ls_broker *b) {
    const pid_t child = (pid_t)atomic_exchange(&b->process, 0);
    int status = 0;
    kill(child, SIGTERM);
    for (int i = 0; i < STOP_MS / 10; i++) {
        if (waitpid(child, &status, WNOHANG) != 0) {
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
}

// Until it dies or we stop.
static void watch_child(ls_broker *b, int log) {
    log_reader reader = {0};
    struct pollfd files[2] = {{.fd = log, .events = POLLIN},
                              {.fd = b->stop_file, .events = POLLIN}};
    bool alive = true;
    while (alive && !atomic_load(&b->stopping)) {
        const int count = poll(files, 2, atomic_load(&b->up) ? 1000 : 10);
        if (!atomic_load(&b->up) && answers(b->port)) {
            atomic_store(&b->up, true);
        }
        if (count > 0 && files[0].revents != 0) {
            alive = read_log(b, log, &reader);
        }
    }
    atomic_store(&b->up, false);
    close(log);
    end_child(b);
}

static void rest(ls_broker *b, int64_t us) {
    struct pollfd file = {.fd = b->stop_file, .events = POLLIN};
    poll(&file, 1, (int)(us / 1000));
}

static void *supervise(void *context) {
    ls_broker *b = context;
    int64_t retry_us = b->def.retry_first_us;
    pthread_setname_np(pthread_self(), "ls-broker");
    while (!atomic_load(&b->stopping)) {
        const int64_t started_us = monotonic_us();
        const int log = start_child(b);
        if (log >= 0) {
            watch_child(b, log);
        }
        if (atomic_load(&b->stopping)) {
            break;
        }
        if (monotonic_us() - started_us > STABLE_US) {
            retry_us = b->def.retry_first_us;
        }
        char text[LINE_SIZE];
        ls_text_format(text, sizeof text, "the broker died; it is started again in %lld ms",
                       (long long)(retry_us / 1000));
        tell(b, text);
        atomic_store(&b->gave_up, true);
        rest(b, retry_us);
        retry_us = 2 * retry_us < b->def.retry_max_us ? 2 * retry_us : b->def.retry_max_us;
    }
    return NULL;
}

// ---- start and stop

static ls_status find_program(ls_broker *b, ls_error *err) {
    static const char *const places[] = {"/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto",
                                         "/usr/bin/mosquitto", "/opt/homebrew/sbin/mosquitto"};
    const size_t count = b->def.program != NULL ? 1 : sizeof places / sizeof places[0];
    for (size_t i = 0; i < count; i++) {
        const char *program = b->def.program != NULL ? b->def.program : places[i];
        if (access(program, X_OK) == 0) {
            ls_text_format(b->program, sizeof b->program, "%s", program);
            return LS_OK;
        }
    }
    ls_fail(err, LS_ERR_IO, "no broker to start: '%s' is not there",
            b->def.program != NULL ? b->def.program : places[0]);
    ls_hint(err, "apt install mosquitto, or name another broker: `broker: mqtt://HOST`");
    return LS_ERR_IO;
}

// One process at a time.
static ls_status lock_folder(ls_broker *b, ls_error *err) {
    char path[LS_BROKER_PATH_MAX + 1];
    ls_broker_files_path(b->folder, "lock", path, sizeof path);
    b->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (b->lock_file < 0) {
        return ls_fail(err, LS_ERR_IO, "cannot open '%s': %s", path, ls_errno_text(errno));
    }
    if (flock(b->lock_file, LOCK_EX | LOCK_NB) != 0) {
        ls_fail(err, LS_ERR_IO, "the broker in '%s' belongs to another process", b->folder);
        ls_hint(err, "one `lineshaft run` for one plant");
        return LS_ERR_IO;
    }
    return LS_OK;
}

static ls_status prepare(ls_broker *b, ls_error *err) {
    ls_status status = find_program(b, err);
    if (status == LS_OK) {
        status = ls_broker_files_folder(b->folder, err);
    }
    // Paths in the configuration are whole: the broker's own folder is another.
    char *whole = status == LS_OK ? realpath(b->folder, NULL) : NULL;
    if (whole != NULL && strlen(whole) <= LS_BROKER_PATH_MAX) {
        ls_text_format(b->folder, sizeof b->folder, "%s", whole);
    }
    free(whole);
    if (status == LS_OK) {
        status = lock_folder(b, err);
    }
    if (status != LS_OK) {
        return status;
    }
    int before = 0;
    ls_broker_files_port(b->folder, &before, NULL);
    b->port = choose_port(before);
    ls_broker_def def = b->def;
    def.folder = b->folder;
    return b->port != 0
               ? ls_broker_files_make(&def, b->port, err)
               : ls_fail(err, LS_ERR_IO, "no free port on loopback: %s", ls_errno_text(errno));
}

static ls_status wait_until_up(ls_broker *b, ls_error *err) {
    for (int i = 0; i < START_MS / 10; i++) {
        if (atomic_load(&b->up)) {
            return LS_OK;
        }
        if (atomic_load(&b->gave_up)) {
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    pthread_mutex_lock(&b->lock);
    ls_fail(err, LS_ERR_IO, "the broker does not start: %s",
            b->last_line[0] != '\0' ? b->last_line : "it said nothing");
    pthread_mutex_unlock(&b->lock);
    return LS_ERR_IO;
}

static void free_broker(ls_broker *b) {
    if (b->lock_file >= 0) {
        close(b->lock_file);
    }
    if (b->stop_file >= 0) {
        close(b->stop_file);
    }
    pthread_mutex_destroy(&b->lock);
    ls_free(b);
}

static ls_status start_thread(ls_broker *b, ls_error *err) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&b->thread, NULL, supervise, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? LS_OK
                       : ls_fail(err, LS_ERR_MEMORY, "cannot start the thread of the broker");
}

ls_status ls_broker_start(const ls_broker_def *def, ls_broker **out, ls_error *err) {
    assert(def->cookie == DEF_COOKIE);
    ls_broker *b = ls_alloc(sizeof *b);
    if (b == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a broker");
    }
    b->def = *def;
    b->lock_file = -1;
    b->stop_file = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&b->lock, NULL);
    ls_text_format(b->folder, sizeof b->folder, "%s", def->folder);
    ls_status status = prepare(b, err);
    b->def.listen = NULL;
    b->def.program = NULL;
    if (status == LS_OK) {
        status = start_thread(b, err);
    }
    if (status != LS_OK) {
        free_broker(b);
        return status;
    }
    status = wait_until_up(b, err);
    if (status != LS_OK) {
        ls_broker_stop(b);
        return status;
    }
    *out = b;
    return LS_OK;
}

void ls_broker_stop(ls_broker *broker) {
    if (broker != NULL) {
        const uint64_t one = 1;
        atomic_store(&broker->stopping, true);
        (void)!write(broker->stop_file, &one, sizeof one);
        pthread_join(broker->thread, NULL);
        free_broker(broker);
    }
}

static int64_t resident_bytes(int process) {
    char path[64], text[128] = "";
    ls_text_format(path, sizeof path, "/proc/%d/statm", process);
    const int file = process > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) {
        return 0;
    }
    const ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    const char *second = got > 0 ? strchr(text, ' ') : NULL;
    int64_t pages = 0;
    if (second == NULL || !ls_text_parse_i64(second + 1, strcspn(second + 1, " "), &pages)) {
        return 0;
    }
    return pages * sysconf(_SC_PAGESIZE);
}

void ls_broker_describe(ls_broker *broker, ls_broker_figures *out) {
    const int process = atomic_load(&broker->process);
    *out = (ls_broker_figures){.starts = atomic_load(&broker->starts),
                               .resident_bytes = resident_bytes(process),
                               .port = broker->port,
                               .process = process};
}
