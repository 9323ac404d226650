// program.c - see program.h.
#include "tests/cli/program.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness.h"

enum { ARGUMENTS_MAX = 40, LINE_SIZE = 4096, PATH_SIZE = 512, PATHS = 8, PIECE = 4096 };

static char folder[PATH_SIZE];

typedef struct text_stream {
    int fd;
    char *text;
    size_t size;
} text_stream;

// Test programs lie in the folder `tests` of a build, the program beside that folder.
static const char *program_path(void) {
    static char path[2 * PATH_SIZE];
    const char *given = getenv("LINESHAFT_PROGRAM");
    if (given != NULL) {
        return given;
    }
    const ssize_t length = readlink("/proc/self/exe", path, PATH_SIZE);
    path[length > 0 ? length : 0] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(path, '/');
        if (slash == NULL) {
            break;
        }
        *slash = '\0';
    }
    strcat(path, "/lineshaft");
    return path;
}

bool program_is_there(void) {
    if (access(program_path(), X_OK) != 0) {
        harness_skip("LINESHAFT_PROGRAM names no program to run");
        return false;
    }
    return true;
}

static int open_terminal(char *name, size_t size) {
    const int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0 || ptsname_r(fd, name, size) != 0) {
        perror("cannot open a terminal");
        exit(1);
    }
    return fd;
}

static void execute(const program_def *def) {
    char line[LINE_SIZE];
    char *arguments[ARGUMENTS_MAX] = {0};
    int count = 0;
    char *rest = NULL;
    snprintf(line, sizeof line, "lineshaft %s", def->line);
    for (char *word = strtok_r(line, " ", &rest); word != NULL && count < ARGUMENTS_MAX - 1;
         word = strtok_r(NULL, " ", &rest)) {
        arguments[count++] = word;
    }
    execv(program_path(), arguments);
    _exit(127);
}

// In the child: stdout and stderr become what the test wants them to be.
static void redirect(const program_def *def, const int *out, const int *err, const char *terminal) {
    const int out_fd = def->out != NULL ? open(def->out, O_WRONLY | O_CREAT | O_TRUNC, 0600)
                                        : out[1];
    const int err_fd = def->terminal ? open(terminal, O_RDWR | O_NOCTTY) : err[1];
    if (out_fd < 0 || err_fd < 0 || dup2(out_fd, 1) < 0 || dup2(err_fd, 2) < 0) {
        _exit(126);
    }
    signal(SIGINT, SIG_DFL);
}

static void append(text_stream *stream, const char *bytes, size_t size) {
    char *text = realloc(stream->text, stream->size + size + 1);
    if (text == NULL) {
        exit(1);
    }
    memcpy(text + stream->size, bytes, size);
    stream->text = text;
    stream->size += size;
    text[stream->size] = '\0';
}

// False at the end; a terminal whose other side is closed says EIO.
static bool take(text_stream *stream) {
    char bytes[PIECE];
    const ssize_t got = read(stream->fd, bytes, sizeof bytes);
    if (got > 0) {
        append(stream, bytes, (size_t)got);
    }
    return got > 0 || (got < 0 && errno == EINTR);
}

static int64_t clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_there(const char *pattern) {
    glob_t found;
    const bool is = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
    globfree(&found);
    return is;
}

// Reads both streams to their ends, and interrupts the program on the way.
static void follow(const program_def *def, pid_t pid, text_stream *streams) {
    struct pollfd polls[2] = {{streams[0].fd, POLLIN, 0}, {streams[1].fd, POLLIN, 0}};
    int64_t due_ms = clock_ms() + def->interrupt_ms;
    int left = def->interrupt_ms > 0 ? (def->interrupts > 0 ? def->interrupts : 1) : 0;
    bool is_to_kill = def->kill_at != NULL;
    while (polls[0].fd >= 0 || polls[1].fd >= 0) {
        const int64_t now_ms = clock_ms();
        if (left > 0 && now_ms >= due_ms) {
            kill(pid, SIGINT);
            left--;
            due_ms = now_ms + 100;
        }
        if (is_to_kill && is_there(def->kill_at)) {
            kill(pid, SIGKILL);
            is_to_kill = false;
        }
        poll(polls, 2, left > 0 || is_to_kill ? 10 : 1000);
        for (int i = 0; i < 2; i++) {
            if ((polls[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !take(&streams[i])) {
                polls[i].fd = -1;
            }
        }
    }
}

program program_run_def(const program_def *def) {
    int out[2], err[2];
    char terminal[PATH_SIZE] = "";
    if (pipe(out) != 0 || pipe(err) != 0) {
        exit(1);
    }
    const int master = def->terminal ? open_terminal(terminal, sizeof terminal) : -1;
    // The other side stays open until the child has its own, or the terminal would be gone at once.
    const int held = def->terminal ? open(terminal, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        redirect(def, out, err, terminal);
        close(out[0]);
        close(out[1]);
        close(err[0]);
        close(err[1]);
        execute(def);
    }
    close(out[1]);
    close(err[1]);
    if (held >= 0) {
        usleep(200000);
        close(held);
    }
    text_stream streams[2] = {{.fd = out[0]}, {.fd = def->terminal ? master : err[0]}};
    append(&streams[0], "", 0);
    append(&streams[1], "", 0);
    follow(def, pid, streams);
    int status = 0;
    waitpid(pid, &status, 0);
    close(out[0]);
    close(err[0]);
    if (master >= 0) {
        close(master);
    }
    return (program){streams[0].text, streams[1].text,
                     WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
}

program program_run(const char *line) {
    const program_def def = {.line = line};
    return program_run_def(&def);
}

void program_clear(program *done) {
    free(done->out);
    free(done->err);
    done->out = NULL;
    done->err = NULL;
}

const char *program_temporary(const char *name) {
    static char paths[PATHS][2 * PATH_SIZE];
    static int next;
    if (folder[0] == '\0') {
        const char *base = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/lineshaft-test-XXXXXX", base != NULL ? base : "/tmp");
        if (mkdtemp(folder) == NULL) {
            perror(folder);
            exit(1);
        }
    }
    char *path = paths[next++ % PATHS];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

void program_remove_temporary(void) {
    if (folder[0] != '\0') {
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    folder[0] = '\0';
}
