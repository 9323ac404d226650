// machine.c - see machine.h.
#include "exec/machine.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exec/environment.h"
#include "exec/run_files.h"
#include "pool/grow.h"

enum { EVENTS = 64, REMINDERS = 3 };
#define AGAIN_US INT64_C(5000)    // a stop that nobody hears yet
#define UNSURE_US INT64_C(50000)  // what could not be looked at
#define HELPER UINT64_MAX

typedef struct guarded {
    uint64_t job;
    uint32_t run;
    int pidfd;  // -1: the helper has not answered yet
    bool used;
    bool stop;    // is still to be sent
    bool unsure;  // what became of it, or who guards it, could not be looked at; later again
    int64_t until_us;
    pid_t pid;          // of the command; 0: not known yet
    uint32_t reminded;  // how often it was asked again to stop
} guarded;

struct ls_machine {
    ls_machine_def def;
    int jobs, epoll;
    char boot[LS_BOOT_SIZE];
    guarded *runs;
    uint32_t run_count, run_room;
    uint32_t *free;  // places of runs
    uint32_t free_count, free_room;
    uint32_t stops;   // that are still to be sent
    uint32_t unsure;  // runs that are
    ls_run_end *ends;
    uint32_t end_at, end_count, end_room;
    bool gone;  // the helper is
};

ls_status ls_machine_create(const ls_machine_def *def, ls_machine **out, ls_error *err) {
    *out = NULL;
    char path[4096];
    ls_machine *m = ls_alloc(sizeof *m);
    if (m == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    m->def = *def;
    snprintf(path, sizeof path, "%s/jobs", def->folder);
    m->jobs = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    m->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = HELPER}};
    if (m->jobs < 0 || m->epoll < 0 ||
        epoll_ctl(m->epoll, EPOLL_CTL_ADD, def->helper->socket, &event) != 0) {
        const ls_status status = ls_fail(err, LS_ERR_IO, "'%s' cannot be watched: %s", path,
                                         strerror(errno));
        ls_machine_destroy(m);
        return status;
    }
    ls_process_boot(m->boot);
    *out = m;
    return LS_OK;
}

void ls_machine_destroy(ls_machine *m) {
    if (m == NULL) {
        return;
    }
    for (uint32_t i = 0; i < m->run_count; i++) {
        if (m->runs[i].used && m->runs[i].pidfd >= 0) {
            close(m->runs[i].pidfd);
        }
    }
    if (m->jobs >= 0) {
        close(m->jobs);
    }
    if (m->epoll >= 0) {
        close(m->epoll);
    }
    ls_free(m->runs);
    ls_free(m->free);
    ls_free(m->ends);
    ls_free(m);
}

// ---- folders

int ls_machine_folder(const ls_machine *m, uint64_t job, bool make) {
    char name[32];
    snprintf(name, sizeof name, "%llu", (unsigned long long)job);
    if (make && mkdirat(m->jobs, name, 0755) != 0 && errno != EEXIST) {
        return -1;
    }
    return openat(m->jobs, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void ls_machine_forget(ls_machine *m, uint64_t job) {
    char name[32];
    const int folder = ls_machine_folder(m, job, false);
    DIR *dir = folder >= 0 ? fdopendir(folder) : NULL;
    if (dir == NULL) {
        if (folder >= 0) {
            close(folder);
        }
        return;
    }
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            unlinkat(folder, e->d_name, 0);
        }
    }
    closedir(dir);
    snprintf(name, sizeof name, "%llu", (unsigned long long)job);
    unlinkat(m->jobs, name, AT_REMOVEDIR);
}

// ---- what is under way

static guarded *find(const ls_machine *m, uint64_t job, uint32_t run) {
    for (uint32_t i = 0; i < m->run_count; i++) {
        if (m->runs[i].used && m->runs[i].job == job && m->runs[i].run == run) {
            return m->runs + i;
        }
    }
    return NULL;
}

// Room for one more run and for the ends of all.
static bool make_room(ls_machine *m) {
    return ls_grow(&m->runs, &m->run_room, sizeof *m->runs, m->run_count + 1) &&
           ls_grow(&m->free, &m->free_room, sizeof *m->free, m->run_count + 1) &&
           ls_grow(&m->ends, &m->end_room, sizeof *m->ends, m->end_count + m->run_count + 1);
}

static guarded *add(ls_machine *m, uint64_t job, uint32_t run) {
    const uint32_t at = m->free_count > 0 ? m->free[--m->free_count] : m->run_count++;
    m->runs[at] = (guarded){.job = job, .run = run, .pidfd = -1, .used = true};
    return m->runs + at;
}

static void take_out(ls_machine *m, guarded *g) {
    if (g->pidfd >= 0) {
        // By closing alone it would stay in the epoll while the helper still has its copy open.
        epoll_ctl(m->epoll, EPOLL_CTL_DEL, g->pidfd, NULL);
        close(g->pidfd);
    }
    m->stops -= g->stop;
    m->unsure -= g->unsure;
    g->used = false;
    m->free[m->free_count++] = (uint32_t)(g - m->runs);
}

static void push_end(ls_machine *m, const ls_run_end *end) {
    assert(m->end_count < m->end_room);  // make_room saw to it
    m->ends[m->end_count++] = *end;
}

// False: nothing is watched, and pidfd closed.
static bool watch(ls_machine *m, guarded *g, int pidfd) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = (uint64_t)(g - m->runs)}};
    if (epoll_ctl(m->epoll, EPOLL_CTL_ADD, pidfd, &event) != 0) {
        close(pidfd);
        return false;
    }
    g->pidfd = pidfd;
    return true;
}

static void sweep(ls_machine *m, uint64_t job, uint32_t run) {
    ls_error err = {0};
    if (ls_helper_send_sweep(m->def.helper, job, run, &err) != LS_OK) {
        m->gone = true;
    }
}

// As end_of, with the folder of the job open. Of a run that nobody claimed its guardian, if there
// is one, is kept from claiming it.
static bool end_in(ls_machine *m, int folder, const char *note, ls_run_end *end) {
    const ls_run_end lost = *end;
    if (ls_run_end_read(folder, lost.job, lost.run, end)) {
        end->ended_us += m->def.offset_us;
        end->ended_us = end->ended_us < lost.ended_us ? end->ended_us : lost.ended_us;
        return true;
    }
    const ls_run_claim forbidden = {.forbidden = true};
    ls_run_claim claim;
    *end = lost;
    if (ls_run_is_short(errno)) {
        return false;
    }
    if (!ls_run_claim_read(folder, lost.run, &claim)) {
        if (ls_run_is_short(errno)) {
            return false;
        }
        // That it cannot be forbidden for want of room kept its guardian from claiming it too.
        claim = forbidden;
        const int wrong = ls_run_claim_make(folder, lost.run, &forbidden);
        if (ls_run_is_short(wrong)) {
            return false;
        }
        if (wrong == EEXIST && !ls_run_claim_read(folder, lost.run, &claim)) {
            if (ls_run_is_short(errno)) {
                return false;
            }
            claim = (ls_run_claim){.forbidden = false};  // what is there was not made by us
        }
    }
    if (claim.forbidden) {  // nobody began it, and nobody will
        end->how = LS_RUN_NEVER;
        snprintf(end->note, sizeof end->note, "%s",
                 note[0] != '\0' ? note : "its guardian could not begin (disk full?)");
    } else if (claim.boot[0] != '\0' && strcmp(claim.boot, m->boot) != 0) {
        snprintf(end->note, sizeof end->note, "the machine was started anew while it ran");
    } else {
        snprintf(end->note, sizeof end->note, "its guardian was killed; what was left was ended");
        sweep(m, lost.job, lost.run);
    }
    return true;
}

// How a run ended whose guardian is gone. False: that cannot be known now, and must not be guessed,
// or what ran would run again.
static bool end_of(ls_machine *m, uint64_t job, uint32_t run, const char *note, ls_run_end *end) {
    *end = (ls_run_end){
        .job = job, .run = run, .how = LS_RUN_LOST, .ended_us = ls_steady_us() + m->def.offset_us};
    const int folder = ls_machine_folder(m, job, false);
    if (folder >= 0) {
        const bool known = end_in(m, folder, note, end);
        close(folder);
        return known;
    }
    if (ls_run_is_short(errno)) {
        return false;
    }
    // It was there when the run was handed over.
    if (errno == ENOENT) {
        snprintf(end->note, sizeof end->note, "its folder was removed while it ran");
    } else {
        snprintf(end->note, sizeof end->note, "its folder cannot be opened: %s", strerror(errno));
    }
    sweep(m, job, run);
    return true;
}

// Its guardian is gone, or there is none.
static void over(ls_machine *m, guarded *g, const char *note) {
    ls_run_end end;
    if (end_of(m, g->job, g->run, note, &end)) {
        take_out(m, g);
        push_end(m, &end);
        return;
    }
    if (g->pidfd >= 0) {  // it has told what it had to
        epoll_ctl(m->epoll, EPOLL_CTL_DEL, g->pidfd, NULL);
    }
    m->unsure += !g->unsure;
    g->unsure = true;
}

// Nobody was asked to begin it.
static void never(ls_machine *m, guarded *g, const char *note) {
    ls_run_end end = {.job = g->job,
                      .run = g->run,
                      .how = LS_RUN_NEVER,
                      .ended_us = ls_steady_us() + m->def.offset_us};
    snprintf(end.note, sizeof end.note, "%s", note);
    take_out(m, g);
    push_end(m, &end);
}

// ---- start, stop

static ls_status start(void *context, const ls_run_start *s, ls_error *err) {
    ls_machine *m = context;
    ls_exec_job job = *(const ls_exec_job *)s->what;
    char mark[LS_RUN_MARK_SIZE];
    ls_arena arena;
    if (!make_room(m)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory to start a job");
    }
    guarded *g = add(m, s->job, s->run);
    const int folder = ls_machine_folder(m, s->job, true);
    if (folder < 0) {
        char note[128];
        snprintf(note, sizeof note, "its folder cannot be made: %s", strerror(errno));
        never(m, g, note);
        return LS_OK;
    }
    close(folder);
    ls_arena_init(&arena);
    ls_run_mark(mark, m->jobs, s->job, s->run);
    const ls_environment_def environment = {.pool = m->def.pool,
                                            .gpus = m->def.gpus,
                                            .mark = mark,
                                            .job = &job,
                                            .id = s->job,
                                            .run = s->run,
                                            .array_index = s->index,
                                            .shares = s->shares,
                                            .kind = s->kind};
    job.env = ls_environment_make(&environment, &arena);
    job.after_count = 0;
    job.once = NULL;
    ls_status status = LS_OK;
    if (job.env == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory to start a job");
    } else {
        const ls_run_limits limits = ls_run_limits_of(m->def.pool, &job, s->shares);
        status = ls_helper_send_start(m->def.helper, s->job, s->run, &job, &limits, err);
    }
    ls_arena_clear(&arena);
    m->gone |= status == LS_ERR_IO;
    if (status != LS_OK) {
        never(m, g, err != NULL ? err->text : "");
    }
    return status;
}

static void send_stop(ls_machine *m, guarded *g) {
    const int folder = ls_machine_folder(m, g->job, false);
    const int wrong = folder >= 0 ? ls_run_stop_send(folder, g->run, g->until_us - m->def.offset_us)
                      : ls_run_is_short(errno) ? errno
                                               : 0;
    if (folder >= 0) {
        close(folder);
    }
    // Where jobs are not kept apart they may have made their guardian stand still.
    if (wrong == 0 && g->pidfd >= 0) {
        (void)syscall(SYS_pidfd_send_signal, g->pidfd, SIGCONT, NULL, 0);
    }
    // Nobody listens yet, or no more; then its end comes before the next try, or the next try.
    if (wrong == 0) {
        g->stop = false;
        m->stops--;
    }
}

// A guardian that stands still again and again is held so by what it guards. It is ended, and what
// is left of its run with it.
static void end_if_stopped(ls_machine *m, guarded *g) {
    if (g->reminded < REMINDERS || g->pidfd < 0) {
        return;
    }
    ls_run_claim claim = {.forbidden = true};
    const int folder = ls_machine_folder(m, g->job, false);
    const bool known = folder >= 0 && ls_run_claim_read(folder, g->run, &claim) &&
                       !claim.forbidden && ls_process_is(claim.shim);
    if (folder >= 0) {
        close(folder);
    }
    if (known && ls_process_stands_still(claim.shim)) {
        (void)syscall(SYS_pidfd_send_signal, g->pidfd, SIGKILL, NULL, 0);
    }
}

static void stop(void *context, uint64_t job, uint32_t run, int64_t until_us) {
    ls_machine *m = context;
    guarded *g = find(m, job, run);
    if (g == NULL) {
        return;
    }
    g->reminded += g->until_us == until_us;
    g->until_us = until_us;
    end_if_stopped(m, g);
    m->stops += !g->stop;
    g->stop = true;
    send_stop(m, g);
}

// ---- what ended

// Whom the helper has begun cannot be watched, or nobody knows whether it has: there may be a
// guardian all the same.
static void look(ls_machine *m, guarded *g, const char *note);

static void answered(ls_machine *m, const ls_helper_reply *r, int pidfd) {
    guarded *g = find(m, r->job, r->run);
    if (g == NULL || g->pidfd >= 0) {
        if (pidfd >= 0) {
            close(pidfd);
        }
    } else if (pidfd < 0 || !watch(m, g, pidfd)) {
        look(m, g, r->note);
    }
}

static void look_again(ls_machine *m) {
    for (uint32_t i = 0; m->unsure > 0 && i < m->run_count; i++) {
        guarded *g = m->runs + i;
        if (g->used && g->unsure && g->pidfd >= 0) {
            over(m, g, "");
        } else if (g->used && g->unsure) {
            look(m, g, "");
        }
    }
}

// Without a helper no answer comes.
static void answer_ourselves(ls_machine *m) {
    for (uint32_t i = 0; i < m->run_count; i++) {
        if (m->runs[i].used && m->runs[i].pidfd < 0) {
            look(m, m->runs + i, "the helper that starts jobs has ended");
        }
    }
}

static int by_end(const void *a, const void *b) {
    const ls_run_end *x = a;
    const ls_run_end *y = b;
    if (x->ended_us != y->ended_us) {
        return x->ended_us < y->ended_us ? -1 : 1;
    }
    return (x->job > y->job) - (x->job < y->job);
}

ls_status ls_machine_hear(ls_machine *m, ls_error *err) {
    struct epoll_event events[EVENTS];
    ls_helper_reply reply;
    int pidfd = -1;
    bool gone = false;
    while (!m->gone && ls_helper_receive(m->def.helper, &reply, &pidfd, &gone)) {
        answered(m, &reply, pidfd);
    }
    if (gone && !m->gone) {
        epoll_ctl(m->epoll, EPOLL_CTL_DEL, m->def.helper->socket, NULL);
    }
    m->gone |= gone;
    if (m->gone) {
        answer_ourselves(m);
    }
    for (int count = EVENTS; count == EVENTS;) {
        count = epoll_wait(m->epoll, events, EVENTS, 0);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u64 != HELPER && m->runs[events[i].data.u64].used) {
                over(m, m->runs + events[i].data.u64, "");
            }
        }
    }
    look_again(m);
    // As they ended, not as they were heard of: the books go forward only.
    if (m->end_count - m->end_at > 1) {
        qsort(m->ends + m->end_at, m->end_count - m->end_at, sizeof *m->ends, by_end);
    }
    for (uint32_t i = 0; m->stops > 0 && i < m->run_count; i++) {
        if (m->runs[i].used && m->runs[i].stop) {
            send_stop(m, m->runs + i);
        }
    }
    return m->gone ? ls_fail(err, LS_ERR_IO, "the helper that starts jobs has ended") : LS_OK;
}

int64_t ls_machine_wait_us(const ls_machine *m) {
    return m->end_at < m->end_count ? 0
           : m->stops > 0           ? AGAIN_US
           : m->unsure > 0          ? UNSURE_US
                                    : INT64_MAX;
}

static bool ended(void *context, ls_run_end *out) {
    ls_machine *m = context;
    if (m->end_at == m->end_count) {
        m->end_at = 0;
        m->end_count = 0;
        return false;
    }
    *out = m->ends[m->end_at++];
    return true;
}

// ---- adopting

// The guardian of the claim, watched: 0; ESRCH: it is gone; or another errno.
static int watch_claimed(ls_machine *m, guarded *g, const ls_run_claim *claim) {
    if (strcmp(claim->boot, m->boot) != 0 || claim->shim.pid <= 0) {
        return ESRCH;
    }
    const int pidfd = (int)syscall(SYS_pidfd_open, claim->shim.pid, 0);
    if (pidfd < 0) {
        return ls_run_is_short(errno) ? errno : ESRCH;
    }
    // With it open, its number cannot become another's any more.
    errno = 0;
    if (!ls_process_is(claim->shim)) {
        const int wrong = errno;
        close(pidfd);
        return ls_run_is_short(wrong) ? wrong : ESRCH;
    }
    return watch(m, g, pidfd) ? 0 : ENOMEM;
}

static void look(ls_machine *m, guarded *g, const char *note) {
    const int folder = ls_machine_folder(m, g->job, false);
    const ls_run_claim forbidden = {.forbidden = true};
    ls_run_claim claim = {.forbidden = false};
    int wrong = folder >= 0 ? ls_run_claim_make(folder, g->run, &forbidden) : errno;
    if (wrong == EEXIST) {
        wrong = ls_run_claim_read(folder, g->run, &claim) ? 0 : errno;
    } else if (wrong == 0) {
        claim = forbidden;
    }
    if (folder >= 0) {
        close(folder);
    }
    if (wrong == 0 && !claim.forbidden) {
        wrong = watch_claimed(m, g, &claim);
        if (wrong == 0) {
            m->unsure -= g->unsure;
            g->unsure = false;
            return;
        }
    }
    if (ls_run_is_short(wrong) || wrong == ENOSPC || wrong == EDQUOT || wrong == EROFS) {
        // Also where there is no room to forbid it: who guards it may find some.
        m->unsure += !g->unsure;
        g->unsure = true;
    } else {
        over(m, g, note);
    }
}

static ls_run_found adopt(void *context, uint64_t job, uint32_t run) {
    ls_machine *m = context;
    const int folder = ls_machine_folder(m, job, true);
    const ls_run_claim forbidden = {.forbidden = true};
    ls_run_claim claim = {.forbidden = false};
    if (folder < 0 || !make_room(m)) {
        if (folder >= 0) {
            close(folder);
        }
        return LS_RUN_FOUND_FAILED;
    }
    const int wrong = ls_run_claim_make(folder, run, &forbidden);
    const bool read = wrong == EEXIST && ls_run_claim_read(folder, run, &claim);
    ls_run_end end;
    const bool has_end = ls_run_end_read(folder, job, run, &end);
    close(folder);
    if (wrong == 0 || (read && claim.forbidden)) {
        return LS_RUN_FOUND_NEVER;
    }
    if (wrong != EEXIST) {
        return LS_RUN_FOUND_FAILED;
    }
    guarded *g = add(m, job, run);
    g->pid = claim.command.pid;
    if (!has_end) {
        look(m, g, "");
        return g->used ? LS_RUN_FOUND_RUNNING : LS_RUN_FOUND_ENDED;
    }
    over(m, g, "");
    return LS_RUN_FOUND_ENDED;
}

// -1: it is not there, or nothing is known of it.
static pid_t guardian_of(const ls_machine *m, uint64_t job, uint32_t run) {
    ls_run_claim claim;
    const int folder = ls_machine_folder(m, job, false);
    const bool is_there = folder >= 0 && ls_run_claim_read(folder, run, &claim) &&
                          ls_process_is(claim.shim);
    if (folder >= 0) {
        close(folder);
    }
    return is_there ? claim.shim.pid : -1;
}

void ls_machine_used(const ls_machine *m, const uint64_t jobs[], const uint32_t runs[],
                     uint32_t count, int64_t out_us[]) {
    pid_t *guardians = ls_alloc(count * sizeof *guardians);
    for (uint32_t i = 0; i < count; i++) {
        out_us[i] = -1;
    }
    if (guardians == NULL) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        guardians[i] = guardian_of(m, jobs[i], runs[i]);
    }
    ls_process_used(guardians, count, out_us);
    ls_free(guardians);
}

pid_t ls_machine_pid(const ls_machine *m, uint64_t job, uint32_t run) {
    guarded *g = find(m, job, run);
    if (g != NULL && g->pid == 0) {
        const int folder = ls_machine_folder(m, job, false);
        ls_run_claim claim;
        if (folder >= 0 && ls_run_claim_read(folder, run, &claim)) {
            g->pid = claim.command.pid;
        }
        if (folder >= 0) {
            close(folder);
        }
    }
    return g != NULL ? g->pid : 0;
}

ls_status ls_machine_use(ls_machine *m, ls_exec_helper *helper, ls_error *err) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = HELPER}};
    if (epoll_ctl(m->epoll, EPOLL_CTL_ADD, helper->socket, &event) != 0) {
        return ls_fail(err, LS_ERR_IO, "the new helper cannot be watched: %s", strerror(errno));
    }
    m->def.helper = helper;
    m->gone = false;
    return LS_OK;
}

ls_executor ls_machine_executor(ls_machine *m) {
    return (ls_executor){
        .context = m, .start = start, .stop = stop, .ended = ended, .adopt = adopt};
}

int ls_machine_fd(const ls_machine *m) {
    return m->epoll;
}
