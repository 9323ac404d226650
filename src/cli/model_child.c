// model_child.c - see model_child.h.
#include "cli/model_child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/model_args.h"

enum { READ_SIZE = 65536, POLL_MS = 100, SAVING_MS = 10000 };
#define MODEL_MAX ((size_t)256 << 20)

extern char **environ;

// The dataset as a file in memory. -1 after a failure.
static int put_in_memory(const ls_dataset *dataset, ls_error *err) {
    ls_arena arena;
    unsigned char *bytes = NULL;
    size_t size = 0, done = 0;
    ls_arena_init(&arena);
    int fd = -1;
    if (ls_dataset_pack(dataset, &arena, &bytes, &size, err) == LS_OK) {
        fd = memfd_create("dataset", 0);  // the child inherits it
        if (fd < 0) {
            ls_fail_errno(err, "", "cannot make a file in memory", errno);
        }
    }
    while (fd >= 0 && done < size) {
        const ssize_t now = write(fd, bytes + done, size - done);
        if (now < 0 && errno != EINTR) {
            ls_fail_errno(err, "", "cannot write a file in memory", errno);
            close(fd);
            fd = -1;
        }
        done += now > 0 ? (size_t)now : 0;
    }
    ls_arena_clear(&arena);
    return fd;
}

static bool is_trees(const ls_model_child *child) {
    return strcmp(child->plan->learner, "trees") == 0;
}

static ls_status start(const ls_model_child *child, int data, int out_fd, pid_t *out,
                       ls_error *err) {
    char path[64], seed[32], program[4096];
    const char *learner = child->plan->learner;
    const bool is_ours = strcmp(learner, "linear") == 0 || is_trees(child);
    snprintf(path, sizeof path, "/proc/self/fd/%d", data);
    snprintf(seed, sizeof seed, "%" PRIu64, child->plan->seed);
    const bool is_absolute = learner[0] == '/';
    const int size = is_ours ? snprintf(program, sizeof program, "/proc/self/exe")
                             : snprintf(program, sizeof program, "%s%s%s",
                                        is_absolute ? "" : child->folder, is_absolute ? "" : "/",
                                        learner);
    if (size < 0 || (size_t)size >= sizeof program) {
        return ls_fail(err, LS_ERR_LIMIT, "the path of the learner is too long");
    }
    ls_model_args args;
    ls_model_args_init(&args, "lineshaft", path, child->plan, child->trees);
    if (is_trees(child) && child->state != NULL) {
        ls_model_args_add(&args, "--state", child->state);
    }
    char *const *ours = (char *const *)(uintptr_t)args.argv;
    char *const theirs[] = {program, path, seed, NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while starting a training");
    }
    int code = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
    if (code == 0) {
        code = posix_spawn(out, program, &actions, NULL, is_ours ? ours : theirs, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    return code == 0 ? LS_OK : ls_fail_errno(err, program, "cannot start the training", code);
}

static ls_status read_model(int fd, const ls_model_child *child, ls_buffer *out, ls_error *err) {
    static char bytes[READ_SIZE];
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        const int ready = poll(&wait, 1, POLL_MS);
        if (child->stop != NULL && *child->stop != 0) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
        if (ready <= 0) {
            continue;
        }
        const ssize_t got = read(fd, bytes, sizeof bytes);
        if (got == 0) {
            return out->failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory for a model") : LS_OK;
        }
        if (got < 0 && errno != EINTR) {
            return ls_fail_errno(err, "", "cannot read the model", errno);
        }
        ls_buffer_append(out, bytes, got > 0 ? (size_t)got : 0);
        if (out->size > MODEL_MAX) {
            return ls_fail(err, LS_ERR_LIMIT, "the model has more than %zu bytes", MODEL_MAX);
        }
    }
}

// Waits for the end; a failure of reading ends it first.
static ls_status end(pid_t pid, const ls_model_child *child, ls_status status, ls_error *err) {
    int state = 0;
    if (status == LS_ERR_STOPPED && is_trees(child) && child->state != NULL) {
        // It saves what it has; no longer than that is waited.
        const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
        (void)kill(pid, SIGTERM);
        for (int waited = 0; waited < SAVING_MS; waited += POLL_MS) {
            siginfo_t info = {0};
            if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                info.si_pid == pid) {
                break;
            }
            nanosleep(&pause, NULL);
        }
    }
    if (status != LS_OK) {
        (void)kill(pid, SIGKILL);
    }
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
    }
    if (status == LS_OK && WIFSIGNALED(state)) {
        return ls_fail(err, LS_ERR_INVALID, "the training by '%s' was ended by signal %d",
                       child->plan->learner, WTERMSIG(state));
    }
    if (status == LS_OK && WEXITSTATUS(state) != 0) {
        return ls_fail(err, LS_ERR_INVALID, "the training by '%s' ended with code %d",
                       child->plan->learner, WEXITSTATUS(state));
    }
    return status;
}

ls_status ls_model_child_run(const ls_model_child *child, const ls_dataset *dataset,
                             ls_buffer *out_model, ls_error *err) {
    int ends[2] = {-1, -1};
    pid_t pid = -1;
    const int data = put_in_memory(dataset, err);
    if (data < 0) {
        return err->status;
    }
    ls_status status = LS_OK;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        status = ls_fail_errno(err, "", "cannot make a pipe", errno);
    }
    if (status == LS_OK) {
        status = start(child, data, ends[1], &pid, err);
    }
    close(data);
    if (ends[1] >= 0) {
        close(ends[1]);
    }
    if (status == LS_OK) {
        status = read_model(ends[0], child, out_model, err);
        status = end(pid, child, status, err);
    }
    if (ends[0] >= 0) {
        close(ends[0]);
    }
    return status;
}
