// helper.c - see helper.h.
#include "exec/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/process.h"
#include "exec/shim.h"
#include "exec/spec.h"
#include "exec/title.h"

enum { MESSAGE_MAX = LS_EXEC_SPEC_SIZE_MAX + 128, SOCKET_BYTES = 4 << 20, SWEEPS = 20 };

typedef enum ask { ASK_START, ASK_SWEEP } ask;

typedef struct head {  // of a message; the job follows
    uint32_t ask;
    uint32_t run;
    uint64_t job;
    ls_run_limits limits;
} head;

// ---- the helper's side

typedef struct helper {
    int socket, jobs, cgroups, signals;
    uint32_t limits;  // LS_LIMIT_* that cgroups there have
    bool changes_user;
    uid_t uid_least;
    char *message;
} helper;

static void reply(const helper *h, uint64_t job, uint32_t run, int pid, int pidfd,
                  const char *note) {
    ls_helper_reply r = {.job = job, .run = run, .pid = pid};
    snprintf(r.note, sizeof r.note, "%.*s", (int)sizeof r.note - 1, note);
    struct iovec data = {.iov_base = &r, .iov_len = sizeof r};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (pidfd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &pidfd, sizeof pidfd);
    }
    while (sendmsg(h->socket, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

static int open_job(const helper *h, uint64_t job) {
    char name[32];
    snprintf(name, sizeof name, "%llu", (unsigned long long)job);
    return openat(h->jobs, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void cgroup_name(char out[LS_CGROUP_SIZE], int jobs, uint64_t job, uint32_t run) {
    struct stat status = {0};
    fstat(jobs, &status);
    snprintf(out, LS_CGROUP_SIZE, "lineshaft-%llx-%llu.%u", (unsigned long long)status.st_ino,
             (unsigned long long)job, run);
}

void ls_run_mark(char out[LS_RUN_MARK_SIZE], int jobs_folder, uint64_t job, uint32_t run) {
    struct stat status = {0};
    fstat(jobs_folder, &status);
    snprintf(out, LS_RUN_MARK_SIZE, "LINESHAFT_RUN=%llu.%u.%llx.%llx", (unsigned long long)job, run,
             (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
}

static void start(const helper *h, const head *m, const ls_exec_job *what) {
    char why[LS_HELPER_NOTE_SIZE] = "";
    if (h->changes_user && what->uid < h->uid_least) {
        snprintf(why, sizeof why, "jobs run as users from %u on, not as %u", (unsigned)h->uid_least,
                 (unsigned)what->uid);
        reply(h, m->job, m->run, 0, -1, why);
        return;
    }
    const int folder = open_job(h, m->job);
    if (folder < 0) {
        snprintf(why, sizeof why, "the folder of the job cannot be opened: %s", strerror(errno));
        reply(h, m->job, m->run, 0, -1, why);
        return;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        close(h->socket);
        close(h->signals);
        ls_shim_def def = {.folder = folder,
                           .job = m->job,
                           .run = m->run,
                           .what = what,
                           .change_user = h->changes_user,
                           .cgroups = h->cgroups,
                           .limits = m->limits,
                           .limits_mask = h->limits};
        cgroup_name(def.cgroup, h->jobs, m->job, m->run);
        _exit(ls_shim_main(&def));
    }
    const int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (pid < 0) {
        snprintf(why, sizeof why, "no process can be started: %s", strerror(errno));
    } else if (pidfd < 0) {
        snprintf(why, sizeof why, "a process cannot be watched: %s", strerror(errno));
    }
    reply(h, m->job, m->run, pid > 0 ? pid : 0, pidfd, why);
    if (pidfd >= 0) {
        close(pidfd);
    }
    close(folder);
}

static void sweep(const helper *h, const head *m) {
    char name[LS_CGROUP_SIZE];
    char path[LS_CGROUP_SIZE + 16];
    char mark[LS_RUN_MARK_SIZE];
    cgroup_name(name, h->jobs, m->job, m->run);
    snprintf(path, sizeof path, "%s/cgroup.kill", name);
    const int fd = h->cgroups >= 0 ? openat(h->cgroups, path, O_WRONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        const ssize_t wrote = write(fd, "1", 1);  // then by its environment
        (void)wrote;
        close(fd);
    }
    ls_run_mark(mark, h->jobs, m->job, m->run);
    for (int i = 0; i < SWEEPS && ls_process_signal_marked(mark, SIGKILL) > 0; i++) {
        usleep(1000);
    }
    // The last of them may still be about to be gone.
    for (int i = 0; h->cgroups >= 0 && i < SWEEPS &&
                    unlinkat(h->cgroups, name, AT_REMOVEDIR) != 0 && errno == EBUSY;
         i++) {
        usleep(1000);
    }
}

static void take(const helper *h, size_t size) {
    head m;
    if (size < sizeof m) {
        return;
    }
    memcpy(&m, h->message, sizeof m);
    if (m.ask == ASK_SWEEP) {
        sweep(h, &m);
        return;
    }
    ls_arena arena;
    ls_arena_init(&arena);
    ls_exec_job *what = NULL;
    ls_error err = {0};
    if (ls_exec_spec_read(h->message + sizeof m, size - sizeof m, &arena, &what, &err) == LS_OK) {
        start(h, &m, what);
    } else {
        reply(h, m.job, m.run, 0, -1, err.text);
    }
    ls_arena_clear(&arena);
}

static void close_all_but(const int *keep, size_t count) {
    // Descriptors of whoever forked us, its listening sockets too, are not ours to hold.
    int from = 3;
    for (;;) {
        int next = -1;
        for (size_t i = 0; i < count; i++) {
            if (keep[i] >= from && (next < 0 || keep[i] < next)) {
                next = keep[i];
            }
        }
        if (next < 0) {
            close_range((unsigned)from, ~0U, 0);
            return;
        }
        if (next > from) {
            close_range((unsigned)from, (unsigned)next - 1, 0);
        }
        from = next + 1;
    }
}

static void serve(helper *h) {
    const int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    const int keep[] = {h->socket, h->jobs, h->cgroups};
    close_all_but(keep, sizeof keep / sizeof *keep);
    setsid();
    ls_title_set("pool-starter");
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    h->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    for (;;) {
        struct pollfd polls[] = {{.fd = h->socket, .events = POLLIN},
                                 {.fd = h->signals, .events = POLLIN}};
        if (poll(polls, 2, -1) < 0) {
            continue;
        }
        if (polls[1].revents != 0) {
            struct signalfd_siginfo info[64];
            const ssize_t got = read(h->signals, info, sizeof info);
            (void)got;
            while (waitpid(-1, NULL, WNOHANG) > 0) {
            }
        }
        if (polls[0].revents != 0) {
            const ssize_t got = recv(h->socket, h->message, MESSAGE_MAX, 0);
            if (got == 0 || (got < 0 && errno != EINTR)) {
                return;  // whoever we worked for is gone
            }
            take(h, got > 0 ? (size_t)got : 0);
        }
    }
}

// ---- the other side

static int make_folders(const char *folder, ls_error *err) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/jobs", folder) >= (int)sizeof path) {
        ls_fail(err, LS_ERR_INVALID, "the data folder has too long a name");
        return -1;
    }
    if ((mkdir(folder, 0750) != 0 && errno != EEXIST) ||
        (mkdir(path, 0750) != 0 && errno != EEXIST)) {
        ls_fail(err, LS_ERR_IO, "the folder '%s' cannot be made: %s", path, strerror(errno));
        return -1;
    }
    const int jobs = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    // Made by root, it belongs to whom the data folder was given, who will listen.
    struct stat owner;
    if (jobs < 0 || (geteuid() == 0 && (stat(folder, &owner) != 0 ||
                                        fchown(jobs, owner.st_uid, owner.st_gid) != 0))) {
        ls_fail(err, LS_ERR_IO, "the folder '%s' cannot be opened: %s", path, strerror(errno));
        if (jobs >= 0) {
            close(jobs);
        }
        return -1;
    }
    return jobs;
}

ls_status ls_exec_helper_start(const ls_exec_helper_def *def, ls_exec_helper **out, ls_error *err) {
    *out = NULL;
    ls_exec_helper *made = ls_alloc(sizeof *made);
    helper h = {.jobs = -1, .cgroups = -1, .message = ls_alloc(MESSAGE_MAX)};
    int ends[2] = {-1, -1};
    ls_status status = LS_OK;
    if (made == NULL || h.message == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for the helper");
        goto done;
    }
    h.jobs = make_folders(def->folder, err);
    if (h.jobs < 0) {
        status = LS_ERR_IO;
        goto done;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        status = ls_fail(err, LS_ERR_IO, "no socket for the helper: %s", strerror(errno));
        goto done;
    }
    for (int i = 0; i < 2; i++) {
        const int bytes = SOCKET_BYTES;
        if (setsockopt(ends[i], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0) {
            setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
        }
    }
    made->changes_user = h.changes_user = geteuid() == 0 && def->uid_least > 0;
    made->uid_least = h.uid_least = def->uid_least;
    ls_cgroup_open(def->cgroup, &made->cgroup);
    h.cgroups = made->cgroup.folder;
    h.limits = made->cgroup.limits;
    h.socket = ends[1];
    made->socket = ends[0];
    made->pid = fork();
    if (made->pid == 0) {
        if (def->nice > 0) {
            (void)setpriority(PRIO_PROCESS, 0, def->nice);
        }
        serve(&h);
        _exit(0);
    }
    if (made->pid < 0) {
        status = ls_fail(err, LS_ERR_IO, "the helper cannot be started: %s", strerror(errno));
        goto done;
    }
    *out = made;
    made = NULL;
    ends[0] = -1;
done:
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0) {
            close(ends[i]);
        }
    }
    if (h.jobs >= 0) {
        close(h.jobs);
    }
    if (h.cgroups >= 0) {
        close(h.cgroups);
    }
    ls_free(h.message);
    ls_free(made);
    return status;
}

void ls_exec_helper_stop(ls_exec_helper *made) {
    if (made == NULL) {
        return;
    }
    close(made->socket);
    while (waitpid(made->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    ls_free(made);
}

static ls_status send_bytes(ls_exec_helper *made, const void *bytes, size_t size, ls_error *err) {
    while (send(made->socket, bytes, size, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) {
            return ls_fail(err, LS_ERR_IO, "the helper that starts jobs cannot be reached: %s",
                           strerror(errno));
        }
    }
    return LS_OK;
}

ls_status ls_helper_send_start(ls_exec_helper *made, uint64_t job, uint32_t run,
                               const ls_exec_job *what, const ls_run_limits *limits,
                               ls_error *err) {
    const head m = {.ask = ASK_START, .run = run, .job = job, .limits = *limits};
    ls_writer message = {0};
    ls_write_bytes(&message, &m, sizeof m);
    ls_exec_spec_write(&message, what);
    ls_status status = LS_OK;
    if (message.failed) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory to start a job");
    } else {
        status = send_bytes(made, message.bytes, message.size, err);
    }
    ls_writer_clear(&message);
    return status;
}

ls_status ls_helper_send_sweep(ls_exec_helper *made, uint64_t job, uint32_t run, ls_error *err) {
    const head m = {.ask = ASK_SWEEP, .run = run, .job = job};
    return send_bytes(made, &m, sizeof m, err);
}

bool ls_helper_receive(ls_exec_helper *made, ls_helper_reply *out, int *out_pidfd, bool *out_gone) {
    struct iovec data = {.iov_base = out, .iov_len = sizeof *out};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    *out_pidfd = -1;
    *out_gone = false;
    const ssize_t got = recvmsg(made->socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got != (ssize_t)sizeof *out) {
        *out_gone = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
        return false;
    }
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
        memcpy(out_pidfd, CMSG_DATA(c), sizeof *out_pidfd);
    }
    out->note[LS_HELPER_NOTE_SIZE - 1] = '\0';
    return true;
}
