// shim.c - see shim.h.
#include "exec/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "exec/cgroup.h"
#include "exec/command.h"
#include "exec/log_file.h"
#include "exec/run_files.h"
#include "exec/title.h"

enum { CHUNK = 1 << 16, WHY_SIZE = 160 };
#define KILL_AGAIN_US INT64_C(20000)
#define LEFT_BEHIND_US INT64_C(5000000)  // what a command leaves behind has so long at most

typedef struct shim {
    const ls_shim_def *def;
    ls_log_writer logs[2];
    int pipes[2];  // out, err: we read; -1: closed, or both in one
    int control, signals, cgroup;
    pid_t command, hook;
    bool command_over, stopping, told, all_over;
    int64_t limit_us;  // it is asked to stop then
    int64_t tell_us;   // it gets its signal then, though its hook still runs
    int64_t until_us;  // it is killed then
    int64_t again_us;  // and again
    ls_run_end end;
} shim;

static int64_t later(int64_t now_us, int64_t span_us) {
    return span_us > INT64_MAX - now_us ? INT64_MAX : now_us + span_us;
}

// ---- files

static bool open_control(shim *s) {
    char name[LS_RUN_NAME_SIZE];
    ls_run_file_name(name, "ctl", s->def->run);
    unlinkat(s->def->folder, name, 0);
    if (mkfifoat(s->def->folder, name, 0600) != 0) {
        return false;
    }
    // Opened for both, so that it never ends and never blocks.
    s->control = openat(s->def->folder, name, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (s->control >= 0) {
        // Failing leaves it with root; then the owner cannot ask the run to stop, but end it.
        (void)ls_run_give(s->def->folder, s->control);
    }
    return s->control >= 0;
}

static bool open_pipes(shim *s, int out_write[2]) {
    for (int i = 0; i < 2; i++) {
        int both[2] = {-1, -1};
        if (i == 1 && !s->def->what->split_log) {
            out_write[1] = out_write[0];
            return true;
        }
        if (pipe2(both, O_CLOEXEC) != 0 || fcntl(both[0], F_SETFL, O_NONBLOCK) != 0) {
            return false;
        }
        s->pipes[i] = both[0];
        out_write[i] = both[1];
    }
    return true;
}

static void open_signals(shim *s) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGCHLD);
    s->signals = signalfd(-1, &heard, SFD_NONBLOCK | SFD_CLOEXEC);
}

// *why: where limits hold and this run cannot be held to its own; it is not to begin then.
static int open_cgroup(shim *s, char why[WHY_SIZE]) {
    const ls_shim_def *def = s->def;
    why[0] = '\0';
    if (def->cgroups < 0) {
        return -1;
    }
    mkdirat(def->cgroups, def->cgroup, 0755);
    s->cgroup = openat(def->cgroups, def->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->cgroup >= 0 &&
        !ls_cgroup_limit(s->cgroup, &def->limits, def->limits_mask, why, WHY_SIZE)) {
        return -1;
    }
    const int procs = s->cgroup >= 0 ? openat(s->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC) : -1;
    if (procs < 0 && def->limits_mask != 0) {
        snprintf(why, WHY_SIZE, "it has no cgroup to limit it: %s", strerror(errno));
    }
    return procs;
}

static void close_cgroup(shim *s) {
    if (s->cgroup < 0) {
        return;
    }
    const bool went_well = s->end.how == LS_RUN_EXITED && s->end.code == 0;
    if (!went_well && s->end.note[0] == '\0') {
        (void)ls_cgroup_struck(s->cgroup, &s->def->limits, s->def->limits_mask, s->end.note,
                               sizeof s->end.note);
    }
    close(s->cgroup);
    for (int i = 0;
         i < 100 && unlinkat(s->def->cgroups, s->def->cgroup, AT_REMOVEDIR) != 0 && errno == EBUSY;
         i++) {
        usleep(1000);  // the last of them is about to be gone
    }
}

// ---- the command

// Forks it; it waits for a byte on *out_gate before it becomes the command, and writes there why it
// cannot.
static bool fork_command(shim *s, const int write_ends[2], int procs, int *out_gate) {
    int gate[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, gate) != 0) {
        return false;
    }
    s->command = fork();
    if (s->command == 0) {
        char go = 0;
        close(gate[0]);
        if (read(gate[1], &go, 1) != 1) {
            _exit(0);
        }
        const ls_command_def command = {.argv = s->def->what->argv,
                                        .what = s->def->what,
                                        .change_user = s->def->change_user,
                                        .out = write_ends[0],
                                        .err = write_ends[1],
                                        .cgroup_procs = procs};
        const char *why = ls_command_become(&command);
        if (write(gate[1], why, strlen(why)) < 0) {
            _exit(126);
        }
        _exit(127);
    }
    close(gate[1]);
    *out_gate = gate[0];
    return s->command > 0;
}

static bool claim(shim *s) {
    ls_run_claim c = {.forbidden = false};
    ls_process_boot(c.boot);
    return ls_process_find(getpid(), &c.shim, NULL) &&
           ls_process_find(s->command, &c.command, NULL) &&
           ls_run_claim_make(s->def->folder, s->def->run, &c) == 0;
}

// The command goes. What the gate answers: nothing when it has become the command.
static void open_gate(shim *s, int gate) {
    char why[WHY_SIZE];
    ssize_t got = write(gate, "g", 1) == 1 ? 0 : -1;
    while (got == 0 && (got = read(gate, why, sizeof why - 1)) < 0 && errno == EINTR) {
        got = 0;
    }
    close(gate);
    if (got > 0) {
        why[got] = '\0';
        s->end.how = LS_RUN_NOT_STARTED;
        snprintf(s->end.note, sizeof s->end.note, "%.*s", (int)sizeof s->end.note - 1, why);
    }
}

static void run_hook(shim *s) {
    const ls_exec_job *what = s->def->what;
    s->hook = fork();
    if (s->hook != 0) {
        return;
    }
    // The same environment and one variable more.
    uint32_t count = 0;
    while (what->env != NULL && what->env[count] != NULL) {
        count++;
    }
    char pid[64];
    snprintf(pid, sizeof pid, "LINESHAFT_JOB_PID=%d", (int)s->command);
    const char **env = ls_alloc((count + 2) * sizeof *env);
    if (env == NULL) {
        _exit(127);
    }
    for (uint32_t i = 0; i < count; i++) {
        env[i] = what->env[i];
    }
    env[count] = pid;
    ls_exec_job own = *what;
    own.env = env;
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const int procs = s->cgroup >= 0 ? openat(s->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC) : -1;
    const ls_command_def command = {.argv = what->stop_argv,
                                    .what = &own,
                                    .change_user = s->def->change_user,
                                    .out = null,
                                    .err = null,
                                    .cgroup_procs = procs};
    ls_command_become(&command);
    _exit(127);
}

// ---- stopping

static void signal_command(shim *s) {
    const int signal_number = s->def->what->stop_signal != 0 ? s->def->what->stop_signal : SIGTERM;
    s->told = true;
    if (s->command_over) {
        return;
    }
    // Before it has a group of its own there is only the process. One that stands still hears
    // nothing until it goes on.
    if (kill(-s->command, signal_number) != 0) {
        kill(s->command, signal_number);
    }
    if (kill(-s->command, SIGCONT) != 0) {
        kill(s->command, SIGCONT);
    }
}

static void stop(shim *s, int64_t until_us) {
    if (s->stopping) {
        s->until_us = until_us < s->until_us ? until_us : s->until_us;
        return;
    }
    s->stopping = true;
    s->until_us = until_us < s->until_us ? until_us : s->until_us;
    s->told = s->command_over;
    if (s->command_over) {
        return;  // what it left behind is being ended
    }
    if (s->def->what->stop_argv != NULL) {
        const int64_t now_us = ls_steady_us();
        s->tell_us = s->until_us > now_us ? now_us + (s->until_us - now_us) / 2 : now_us;
        run_hook(s);
    }
    if (s->hook <= 0) {
        signal_command(s);
    }
}

static void kill_all(shim *s, int64_t now_us) {
    s->again_us = now_us + KILL_AGAIN_US;
    if (s->cgroup >= 0) {
        const int fd = openat(s->cgroup, "cgroup.kill", O_WRONLY | O_CLOEXEC);
        if (fd >= 0) {
            const ssize_t wrote = write(fd, "1", 1);  // what follows is done in any case
            (void)wrote;
            close(fd);
        }
    }
    ls_process_signal_below(getpid(), SIGKILL);
}

static void command_ended(shim *s, int status) {
    s->command_over = true;
    s->end.ended_us = ls_steady_us();
    s->end.asked = s->stopping;
    if (s->end.how != LS_RUN_NOT_STARTED) {
        s->end.how = WIFSIGNALED(status) ? LS_RUN_SIGNALLED : LS_RUN_EXITED;
        s->end.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    }
    // Whatever is left has a while to end.
    const int64_t grace_us = s->def->what->grace_us < LEFT_BEHIND_US ? s->def->what->grace_us
                                                                     : LEFT_BEHIND_US;
    const int64_t until_us = later(s->end.ended_us, grace_us);
    s->until_us = until_us < s->until_us ? until_us : s->until_us;
}

static void reap(shim *s) {
    bool was_over = s->command_over;
    for (;;) {
        int status = 0;
        const pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid == s->command) {
            command_ended(s, status);
        } else if (pid > 0 && pid == s->hook) {
            s->hook = 0;
            signal_command(s);
        } else if (pid < 0 && errno == ECHILD) {
            s->all_over = true;
            return;
        } else if (pid == 0) {
            break;
        }
    }
    if (s->command_over && !was_over) {
        ls_process_signal_below(getpid(), SIGTERM);
        ls_process_signal_below(getpid(), SIGCONT);
    }
}

static void hear(shim *s) {
    char text[256];
    const ssize_t got = read(s->control, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    // Several lines may have come at once; each counts.
    for (char *line = text; *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end == NULL) {
            return;
        }
        const char next = end[1];
        end[1] = '\0';
        int64_t until_us = 0;
        if (ls_run_stop_parse(line, &until_us)) {
            stop(s, until_us);
        }
        end[1] = next;
        line = end + 1;
    }
}

static void pump(shim *s, int i, char *chunk) {
    const ssize_t got = read(s->pipes[i], chunk, CHUNK);
    if (got > 0) {
        ls_log_write(s->logs + i, chunk, (size_t)got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(s->pipes[i]);
        s->pipes[i] = -1;
    }
}

// ---- its life

static int64_t next_us(const shim *s) {
    int64_t next = s->stopping || s->command_over ? INT64_MAX : s->limit_us;
    const int64_t kill_us = s->again_us != 0 ? s->again_us : s->until_us;
    if (s->stopping || s->command_over) {
        next = kill_us < next ? kill_us : next;
        next = s->stopping && !s->told && s->tell_us < next ? s->tell_us : next;
    }
    return next;
}

static void at_time(shim *s, int64_t now_us) {
    if (!s->stopping && !s->command_over && now_us >= s->limit_us) {
        s->end.timed_out = true;
        stop(s, later(s->limit_us, s->def->what->grace_us));
    }
    if (s->stopping && !s->told && now_us >= s->tell_us) {
        signal_command(s);
    }
    if ((s->stopping || s->command_over) && now_us >= s->until_us && now_us >= s->again_us) {
        kill_all(s, now_us);
    }
}

static void live(shim *s, char *chunk) {
    while (!s->all_over) {
        const int64_t now_us = ls_steady_us();
        at_time(s, now_us);
        const int64_t next = next_us(s);
        const int64_t wait_ms = next == INT64_MAX ? 60000 : (next - now_us + 999) / 1000;
        struct pollfd polls[] = {{.fd = s->signals, .events = POLLIN},
                                 {.fd = s->control, .events = POLLIN},
                                 {.fd = s->pipes[0], .events = POLLIN},
                                 {.fd = s->pipes[1], .events = POLLIN}};
        if (poll(polls, 4, (int)(wait_ms < 0 ? 0 : wait_ms > 60000 ? 60000 : wait_ms)) < 0) {
            continue;
        }
        for (int i = 0; i < 2; i++) {
            if (polls[2 + i].revents != 0) {
                pump(s, i, chunk);
            }
        }
        if (polls[1].revents != 0) {
            // One that stood still past its time wakes to be told of it: its time ended it, not who
            // told it.
            at_time(s, ls_steady_us());
            hear(s);
        }
        if (polls[0].revents != 0) {
            struct signalfd_siginfo info[16];
            const ssize_t got = read(s->signals, info, sizeof info);
            (void)got;
            reap(s);
        }
    }
    for (int i = 0; i < 2; i++) {
        // What is still in the pipe was written. It is not waited for more: others who were handed
        // the pipe could go on for ever.
        int left = 0;
        if (s->pipes[i] >= 0 && ioctl(s->pipes[i], FIONREAD, &left) != 0) {
            left = 0;
        }
        for (; s->pipes[i] >= 0 && left > 0; left -= CHUNK) {
            pump(s, i, chunk);
        }
        ls_log_writer_close(s->logs + i);
    }
}

static void close_run(shim *s) {
    char name[LS_RUN_NAME_SIZE];
    close_cgroup(s);
    ls_run_file_name(name, "ctl", s->def->run);
    unlinkat(s->def->folder, name, 0);
    if (s->logs[0].dropped + s->logs[1].dropped > 0 && s->end.note[0] == '\0') {
        snprintf(s->end.note, sizeof s->end.note, "%llu bytes of its log could not be written",
                 (unsigned long long)(s->logs[0].dropped + s->logs[1].dropped));
    }
    // On a full disk, until there is room: the end of a run must not be forgotten. In a folder that
    // its command has removed or closed to us there never will be; then the run is lost.
    int wrong = ls_run_end_make(s->def->folder, &s->end);
    while (wrong != 0 && wrong != ENOENT && wrong != EACCES && wrong != EPERM) {
        sleep(1);
        wrong = ls_run_end_make(s->def->folder, &s->end);
    }
}

__attribute__((format(printf, 2, 3))) static void not_started(shim *s, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    s->end.how = LS_RUN_NOT_STARTED;
    ls_text_vformat(s->end.note, sizeof s->end.note, format, arguments);
    va_end(arguments);
}

int ls_shim_main(const ls_shim_def *def) {
    shim s = {.def = def,
              .pipes = {-1, -1},
              .control = -1,
              .cgroup = -1,
              .until_us = INT64_MAX,
              .limit_us = INT64_MAX,
              .end = {.job = def->job, .run = def->run}};
    int write_ends[2] = {-1, -1};
    int gate = -1;
    char *chunk = ls_alloc(CHUNK);
    setsid();
    char title[LS_TITLE_SIZE];
    snprintf(title, sizeof title, "pool-guardian %llu.%u", (unsigned long long)def->job, def->run);
    ls_title_set(title);
    open_signals(&s);
    if (chunk == NULL || s.signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 ||
        !open_pipes(&s, write_ends)) {
        return 1;
    }
    char unlimited[WHY_SIZE];
    const int procs = open_cgroup(&s, unlimited);
    if (!fork_command(&s, write_ends, procs, &gate)) {
        return 1;
    }
    // The run is ours, or nobody's: without a claim the command does not go.
    if (!claim(&s)) {
        close(gate);
        close_cgroup(&s);
        return 1;
    }
    close(write_ends[0]);
    if (write_ends[1] != write_ends[0]) {
        close(write_ends[1]);
    }
    if (procs >= 0) {
        close(procs);
    }
    for (int i = 0; i < 2; i++) {
        char name[LS_RUN_NAME_SIZE];
        ls_run_file_name(name, i == 0 ? "out" : "err", def->run);
        ls_log_writer_init(s.logs + i, def->folder, name, def->what->log_bytes_max);
    }
    if (def->what->limit_us > 0) {
        s.limit_us = later(ls_steady_us(), def->what->limit_us);
    }
    if (unlimited[0] != '\0') {
        not_started(&s, "%s", unlimited);
        close(gate);
    } else if (open_control(&s)) {
        open_gate(&s, gate);
    } else {
        not_started(&s, "cannot make its fifo: %s", strerror(errno));
        close(gate);
    }
    live(&s, chunk);
    close_run(&s);
    ls_free(chunk);
    return 0;
}
