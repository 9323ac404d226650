// tenant.h - who has jobs run by a pool: hands over a command under a name, and hears of its end.
//
// The pool is one of this process (daemon.h, asked directly) or one that listens at a local socket;
// both get the same questions and give the same answers. Calls wait for the answer, 30 s at most. A
// pool that is away is LS_ERR_IO and may be asked again: with the same `once` a job is submitted
// only once. Not thread safe: one thread, or the caller's lock.
#pragma once

#include "exec/daemon.h"

typedef struct ls_tenant ls_tenant;

typedef struct ls_tenant_def {
    ls_pool_daemon *daemon;  // of this process, running on another thread; must outlive it; or
    const char *socket;      // where one listens; or
    const char *url;         // its address, for what runs on another machine
    const char *token_file;  // with url, both as of ls_pool_call_open_url; may be NULL
    const char *trust;
    const char *account;  // on whose account jobs are; NULL or "": the pool's only one
} ls_tenant_def;

// Copies the def. Asks nobody yet. Fails with LS_ERR_MEMORY, LS_ERR_INVALID (neither of the two).
ls_status ls_tenant_open(const ls_tenant_def *def, ls_tenant **out, ls_error *err);
void ls_tenant_close(ls_tenant *tenant);  // jobs go on; NULL is fine

typedef struct ls_tenant_job {
    const char *name;             // for people: "calibration of gearbox"
    const char *once;             // tells this submission from all others; at most 79 bytes
    const char *const *argv;      // ends with NULL; argv[0] a path, or looked for in PATH
    const char *folder;           // where it starts, an absolute path; NULL: "/"
    double gpus;                  // GPUs, or CPU slots; 1000ths
    int64_t most_us;              // longest time it may run; 0: any
    int64_t grace_us;             // between being asked to stop and being killed
    int64_t checkpoint_every_us;  // it saves by itself so often; 0: never
    bool saves;                   // it saves when it is asked to stop
    bool once_only;               // is not begun again when it was stopped for others
    bool split_log;               // standard error goes into a log of its own
} ls_tenant_job;

typedef enum ls_tenant_state {
    LS_TENANT_WAITS,
    LS_TENANT_RUNS,
    LS_TENANT_DONE,      // over: exit code 0
    LS_TENANT_FAILED,    // over: another exit code, a signal, too long, lost
    LS_TENANT_CANCELLED  // over: by a person
} ls_tenant_state;

// How a job is.
typedef struct ls_tenant_look {
    ls_tenant_state state;
    int exit_code;      // over: -1 where there is none
    uint32_t restarts;  // how often it was begun again, as after being stopped for others
    char word[16];      // the pool's own: "waiting", "stopping", "timed-out"
    char text[400];     // why it waits or how it ended, for people; may be empty
} ls_tenant_look;

static inline bool ls_tenant_is_over(const ls_tenant_look *look) {
    return look->state >= LS_TENANT_DONE;
}

// When it returns LS_OK the job is in the pool's journal. LS_ERR_IO: the pool is away or busy, ask
// again; LS_ERR_LIMIT: it takes no more now; LS_ERR_INVALID: it will never take this one, *err says
// why (no such account, more than the limit).
ls_status ls_tenant_submit(ls_tenant *tenant, const ls_tenant_job *job, uint64_t *out_id,
                           ls_error *err);
// LS_ERR_INVALID: the pool knows no such job (any more); LS_ERR_IO: it is away.
ls_status ls_tenant_ask(ls_tenant *tenant, uint64_t id, ls_tenant_look *out, ls_error *err);
// What it has written, the last `size - 1` bytes of it, as text.
ls_status ls_tenant_log(ls_tenant *tenant, uint64_t id, char *out, size_t size, ls_error *err);
// Appends what it has written from *from on, as far as one answer goes, and moves *from. Of its
// standard error where it has a log of its own and `errors` says so.
ls_status ls_tenant_read(ls_tenant *tenant, uint64_t id, bool errors, int64_t *from, ls_buffer *out,
                         ls_error *err);
// What is over already stays as it is. Errors as ls_tenant_ask.
ls_status ls_tenant_cancel(ls_tenant *tenant, uint64_t id, ls_error *err);

// Submits and waits until it is over. *stop non-zero (NULL: never): returns LS_ERR_STOPPED, and the
// job goes on. A pool that goes away meanwhile is waited for, `away_us` at most (LS_ERR_IO then).
ls_status ls_tenant_run(ls_tenant *tenant, const ls_tenant_job *job, const volatile int *stop,
                        int64_t away_us, uint64_t *out_id, ls_tenant_look *out, ls_error *err);
