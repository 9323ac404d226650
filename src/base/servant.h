// servant.h - a thread of one's own that serves until it is told to end, and sleeps in between.
//
// For what blocks in a library and so needs a thread: a connection, a file. Everything that the
// thread shares with others is kept under `lock`; whoever changes it wakes the thread. Signals are
// for the program's own thread: this one gets none.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ls_servant {
    pthread_mutex_t lock;
    pthread_cond_t changed;  // by the monotonic clock
    bool stopping;           // of the lock: `run` returns as soon as it sees it
    pthread_t thread;
    bool has_thread;
} ls_servant;

int64_t ls_monotonic_us(void);

// Lock and condition; the thread comes with ls_servant_start.
void ls_servant_init(ls_servant *servant);
// False: the system gives no thread. Once.
bool ls_servant_start(ls_servant *servant, void *(*run)(void *), void *context);
// The thread is told, waited for and gone, if there was one; then lock and condition. Once, after
// ls_servant_init.
void ls_servant_end(ls_servant *servant);

// Under the lock. Until somebody wakes it or the monotonic time is there; false: it is.
bool ls_servant_sleep(ls_servant *servant, int64_t until_us);
void ls_servant_wake(ls_servant *servant);  // everybody who sleeps
