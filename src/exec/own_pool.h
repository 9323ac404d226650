// own_pool.h - a pool in process: a few CPU slots of this machine, all of them one account's.
//
// The same executor, journal and rules as those of `lineshaft pool run`, on a thread of its own;
// `lineshaft pool jobs|logs|top --socket FOLDER/pool.sock` look at it like at any other. Jobs are
// nicer than the process (nice(2)) as far as they can be, so what it has to do in time goes first.
#pragma once

#include "exec/daemon.h"

typedef struct ls_own_pool ls_own_pool;

enum { LS_OWN_POOL_NICE = 19, LS_OWN_POOL_SLOTS_MAX = LS_POOL_NODE_GPUS_MAX };

typedef struct ls_own_pool_def {
    const char *name;     // of the pool and of its account
    const char *folder;   // journal, logs and socket; made when it is not there
    uint32_t slots;       // jobs of one slot that run at once, at most; 0: ls_own_pool_slots()
    const char *version;  // of the program; stays
    void (*troubled)(void *context, const ls_error *err);  // as of ls_pool_daemon_def
    // The pool's thread has ended though nobody closed it: nothing is started any more.
    void (*ended)(void *context, const ls_error *err);
    void *context;
} ls_own_pool_def;

// A quarter of the processors that this process may use, at least 1.
uint32_t ls_own_pool_slots(void);

// Forks the helper, so call it before threads are started; adopts what still runs. Fails as
// ls_exec_helper_start, ls_pool_daemon_open do.
ls_status ls_own_pool_open(const ls_own_pool_def *def, ls_own_pool **out, ls_error *err);
void ls_own_pool_close(ls_own_pool *own);  // jobs go on; NULL is fine

ls_pool_daemon *ls_own_pool_daemon(const ls_own_pool *own);
const char *ls_own_pool_name(const ls_own_pool *own);    // of the pool, as its file says it
const char *ls_own_pool_socket(const ls_own_pool *own);  // path
// Where the socket of the pool with this folder is.
void ls_own_pool_socket_path(const char *folder, char *out, size_t size);
