// guard_child.c - see guard_child.h.
#include "loop/guard_child.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"

enum { LOOK_MS = 50, PAUSE_MS = 500, PAUSE_MOST_MS = 30000, PATIENCE_MS = 5000, WELL_MS = 60000 };

struct ls_guard_child {
    const char *plant, *data;
    ls_journal *journal;
    pthread_t thread;
    _Atomic bool ends;
    _Atomic int pid;
};

static void sleep_ms(int ms) {
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&pause, NULL);
}

// Between fork and exec: only what a signal handler may do.
static void become(const ls_guard_child *child, int parent) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(0);  // it died in between
    }
    const char *arguments[] = {"lineshaft", "guard", child->plant, "--data", child->data, NULL};
    execv("/proc/self/exe", (char *const *)(void *)arguments);
    _exit(127);
}

static void start(ls_guard_child *child) {
    const int parent = getpid();
    const int pid = fork();
    if (pid == 0) {
        become(child, parent);
    }
    atomic_store(&child->pid, pid > 0 ? pid : 0);
}

// How it ended, for people.
static void tell_end(ls_guard_child *child, int status, int pause_ms) {
    char text[160];
    ls_text_format(text, sizeof text,
                   WIFSIGNALED(status) ? "the guard was killed by signal %d; again in %.1f s"
                                       : "the guard ended with %d; again in %.1f s",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                   (double)pause_ms * 1e-3);
    ls_journal_write(child->journal, LS_LOG_WARNING, "guard", "", 0, text, NULL);
}

static void stop(ls_guard_child *child) {
    const int pid = atomic_load(&child->pid);
    if (pid == 0) {
        return;
    }
    kill(pid, SIGTERM);
    for (int waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
        if (waitpid(pid, NULL, WNOHANG) != 0) {
            atomic_store(&child->pid, 0);
            return;
        }
        sleep_ms(LOOK_MS);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    atomic_store(&child->pid, 0);
}

static void *work(void *context) {
    ls_guard_child *child = context;
    int pause_ms = PAUSE_MS;
    int ran_ms = 0;
    int wait_ms = 0;
    while (!atomic_load(&child->ends)) {
        const int pid = atomic_load(&child->pid);
        int status = 0;
        if (pid == 0 && wait_ms <= 0) {
            start(child);
            ran_ms = 0;
        } else if (pid != 0 && waitpid(pid, &status, WNOHANG) == pid) {
            atomic_store(&child->pid, 0);
            pause_ms = ran_ms > WELL_MS ? PAUSE_MS : pause_ms;
            tell_end(child, status, pause_ms);
            wait_ms = pause_ms;
            pause_ms = pause_ms * 2 < PAUSE_MOST_MS ? pause_ms * 2 : PAUSE_MOST_MS;
        }
        sleep_ms(LOOK_MS);
        ran_ms += LOOK_MS;
        wait_ms -= wait_ms > 0 ? LOOK_MS : 0;
    }
    stop(child);
    return NULL;
}

ls_status ls_guard_child_start(const char *plant, const char *data, ls_journal *journal,
                               ls_guard_child **out, ls_error *err) {
    *out = NULL;
    ls_guard_child *child = ls_alloc(sizeof *child);
    if (child == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard");
    }
    *child = (ls_guard_child){.plant = plant, .data = data, .journal = journal};
    if (pthread_create(&child->thread, NULL, work, child) != 0) {
        ls_free(child);
        return ls_fail(err, LS_ERR_MEMORY, "no thread for the guard");
    }
    *out = child;
    return LS_OK;
}

void ls_guard_child_stop(ls_guard_child *child) {
    if (child == NULL) {
        return;
    }
    atomic_store(&child->ends, true);
    pthread_join(child->thread, NULL);
    ls_free(child);
}

int ls_guard_child_pid(const ls_guard_child *child) {
    return child != NULL ? atomic_load(&child->pid) : 0;
}
