// command_become.c - see command.h.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/command.h"

static char why[160];

static const char *failed(const char *what, const char *name) {
    snprintf(why, sizeof why, "%s '%.80s': %s", what, name, strerror(errno));
    return why;
}

static void plain_signals(void) {
    for (int signal_number = 1; signal_number < NSIG; signal_number++) {
        if (signal_number != SIGKILL && signal_number != SIGSTOP) {
            signal(signal_number, SIG_DFL);
        }
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool take_files(const ls_command_def *def) {
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    // dup2 clears close-on-exec; what is behind 2 is closed by exec or now.
    if (null < 0 || dup2(def->out, 1) < 0 || dup2(def->err, 2) < 0 || dup2(null, 0) < 0) {
        return false;
    }
    return true;
}

static const char *become_user(const ls_exec_job *what) {
    char name[32];
    snprintf(name, sizeof name, "%u", (unsigned)what->uid);
    const gid_t gid = what->gid;
    if (setgroups(1, &gid) != 0 || setresgid(gid, gid, gid) != 0 ||
        setresuid(what->uid, what->uid, what->uid) != 0) {
        return failed("cannot become user", name);
    }
    // There is no way back, or we do not go on.
    if (what->uid != 0 && (setuid(0) == 0 || geteuid() != what->uid || getegid() != gid)) {
        errno = EPERM;
        return failed("cannot become user", name);
    }
    return NULL;
}

const char *ls_command_become(const ls_command_def *def) {
    const ls_exec_job *what = def->what;
    static char *nothing[] = {NULL};
    setsid();
    plain_signals();
    if (def->cgroup_procs >= 0 && write(def->cgroup_procs, "0", 1) != 1) {
        return failed("cannot enter its cgroup", "cgroup.procs");
    }
    if (!take_files(def)) {
        return failed("cannot open", "/dev/null");
    }
    umask(022);
    const char *wrong = def->change_user ? become_user(what) : NULL;
    if (wrong != NULL) {
        return wrong;
    }
    // No program may give it rights that its user does not have; without its guardian it ends.
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const char *folder = what->folder != NULL ? what->folder : "/";
    if (chdir(folder) != 0) {
        return failed("cannot go to the folder", folder);
    }
    // exec takes pointers to what is not const and changes nothing.
    char *const *argv = NULL;
    memcpy(&argv, &def->argv, sizeof argv);
    environ = nothing;
    if (what->env != NULL) {
        memcpy(&environ, &what->env, sizeof environ);
    }
    execvp(argv[0], argv);
    return failed("cannot start", argv[0]);
}
