// servant.c - see servant.h.
#include "base/servant.h"

#include <signal.h>
#include <time.h>

int64_t ls_monotonic_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void ls_servant_init(ls_servant *servant) {
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&servant->lock, NULL);
    (void)pthread_cond_init(&servant->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    servant->stopping = servant->has_thread = false;
}

bool ls_servant_start(ls_servant *servant, void *(*run)(void *), void *context) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);  // a thread begins with those of its maker
    servant->has_thread = pthread_create(&servant->thread, NULL, run, context) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return servant->has_thread;
}

void ls_servant_end(ls_servant *servant) {
    if (servant->has_thread) {
        (void)pthread_mutex_lock(&servant->lock);
        servant->stopping = true;
        ls_servant_wake(servant);
        (void)pthread_mutex_unlock(&servant->lock);
        (void)pthread_join(servant->thread, NULL);
        servant->has_thread = false;
    }
    (void)pthread_mutex_destroy(&servant->lock);
    (void)pthread_cond_destroy(&servant->changed);
}

bool ls_servant_sleep(ls_servant *servant, int64_t until_us) {
    const struct timespec until = {.tv_sec = until_us / 1000000,
                                   .tv_nsec = until_us % 1000000 * 1000};
    return pthread_cond_timedwait(&servant->changed, &servant->lock, &until) == 0;
}

void ls_servant_wake(ls_servant *servant) {
    (void)pthread_cond_broadcast(&servant->changed);
}
