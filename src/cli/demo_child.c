// demo_child.c - see demo_child.h.
#include "cli/demo_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { ARGUMENTS_MAX = 24, LOOK_NS = 20000000 };

// Between fork and exec: nothing but what may be called there.
static _Noreturn void become(const char *const argv[], const char *log, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(127);
    }
    setpgid(0, 0);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    const int to = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const int from = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (to < 0 || from < 0 || dup2(from, STDIN_FILENO) < 0 || dup2(to, STDOUT_FILENO) < 0 ||
        dup2(to, STDERR_FILENO) < 0) {
        _exit(127);
    }
    // execv takes char *const[] for the sake of old callers; it changes nothing.
    execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
    _exit(127);
}

ls_status ls_demo_child_start(const char *const arguments[], const char *log, pid_t *out,
                              ls_error *err) {
    const char *argv[ARGUMENTS_MAX] = {"lineshaft"};
    for (int i = 0; arguments[i] != NULL && i < ARGUMENTS_MAX - 2; i++) {
        argv[i + 1] = arguments[i];
    }
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        become(argv, log, parent);
    }
    if (child < 0) {
        return ls_fail(err, LS_ERR_IO, "cannot start 'lineshaft %s': %s", arguments[0],
                       ls_errno_text(errno));
    }
    *out = child;
    return LS_OK;
}

bool ls_demo_child_lives(pid_t *child) {
    if (*child > 0 && waitpid(*child, NULL, WNOHANG) != 0) {
        *child = 0;
    }
    return *child > 0;
}

static bool ended(pid_t child, int *out_status) {
    const pid_t done = waitpid(child, out_status, WNOHANG);
    return done == child || (done < 0 && errno != EINTR);
}

bool ls_demo_child_stop(pid_t *child, double seconds) {
    if (*child <= 0) {
        return true;
    }
    int status = 0;
    bool done = kill(*child, SIGTERM) != 0 && errno == ESRCH;
    for (double waited = 0.0; !done && waited < seconds; waited += LOOK_NS * 1e-9) {
        done = ended(*child, &status);
        if (!done) {
            nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
        }
    }
    if (!done) {
        kill(*child, SIGKILL);
        waitpid(*child, &status, 0);
    }
    *child = 0;
    return done && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
