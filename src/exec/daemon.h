// daemon.h - the pool's daemon: one loop that serves callers, and lets the service do its steps.
//
// The loop runs on the caller's thread. Others (HTTP) ask its desk between `lock` and `unlock`;
// what they submit or cancel holds when `keep` says so.
#pragma once

#include "exec/desk.h"
#include "exec/socket.h"

typedef struct ls_pool_daemon ls_pool_daemon;

typedef struct ls_pool_daemon_def {
    const ls_pool *pool;  // must outlive it
    const char *folder;   // of the journal, logs
    const char *socket;   // path
    bool open;            // every user of this machine may ask, not only its own
    ls_exec_helper *helper;
    uint64_t log_bytes_most;  // that a job may ask for; 0: as service.h
    const char *version;
    const volatile int *stop;      // becomes non-zero, as in a signal handler; NULL: never
    void (*alive)(void *context);  // at least every second while the loop goes round; may be NULL
    // A step that failed, and the first one after it that went well (NULL then); or, with
    // LS_ERR_LIMIT, the disk that has no room for more jobs, and then has.
    void (*troubled)(void *context, const ls_error *err);  // may be NULL
    void *context;
    int64_t look_us;  // how often GPUs are looked at; 0: as gpu_watch.h
} ls_pool_daemon_def;

// Opens the service (adopting what still runs) and the socket. Copies the def. Fails as
// ls_exec_open and ls_pool_socket_open do.
ls_status ls_pool_daemon_open(const ls_pool_daemon_def *def, ls_pool_daemon **out, ls_error *err);
// Until *stop. LS_ERR_IO: the helper has ended; it is to be opened anew with another.
ls_status ls_pool_daemon_run(ls_pool_daemon *daemon, ls_error *err);
void ls_pool_daemon_stop(ls_pool_daemon *daemon);   // any thread: the loop ends
void ls_pool_daemon_close(ls_pool_daemon *daemon);  // jobs go on; NULL is fine

// ---- any thread, between open and close
ls_desk *ls_pool_daemon_lock(ls_pool_daemon *daemon);
void ls_pool_daemon_unlock(ls_pool_daemon *daemon);
// Instead of unlock: waits until what was done since lock is kept on disk. LS_ERR_IO: it is not,
// and did not happen.
ls_status ls_pool_daemon_keep(ls_pool_daemon *daemon, ls_error *err);
