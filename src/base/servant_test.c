// servant_test.c - a thread that serves: it wakes when it is told, sleeps no longer than it should,
// gets no signals, and is gone when it has ended.
#include "base/servant.h"

#include <signal.h>

#include "tests/harness.h"

typedef struct counter {
    ls_servant servant;
    int asked, done;  // of the lock
    bool gets_signals;
} counter;

static void *serve(void *context) {
    counter *c = context;
    sigset_t blocked;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    (void)pthread_mutex_lock(&c->servant.lock);
    c->gets_signals = sigismember(&blocked, SIGTERM) == 0 || sigismember(&blocked, SIGCHLD) == 0;
    while (!c->servant.stopping) {
        if (c->done < c->asked) {
            c->done++;
            ls_servant_wake(&c->servant);
        } else {
            (void)ls_servant_sleep(&c->servant, ls_monotonic_us() + 60000000);
        }
    }
    (void)pthread_mutex_unlock(&c->servant.lock);
    return NULL;
}

static void test_it_serves_until_it_is_told_to_end(void) {
    counter c = {0};
    sigset_t before, after;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    ls_servant_init(&c.servant);
    CHECK(ls_servant_start(&c.servant, serve, &c));
    (void)pthread_sigmask(SIG_SETMASK, NULL, &after);
    CHECK_INT(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    const int64_t until_us = ls_monotonic_us() + 60000000;
    (void)pthread_mutex_lock(&c.servant.lock);
    for (int i = 1; i <= 100; i++) {
        c.asked = i;
        ls_servant_wake(&c.servant);
        while (c.done < i && ls_servant_sleep(&c.servant, until_us)) {
        }
        CHECK_INT(c.done, i);
    }
    CHECK(!c.gets_signals);
    (void)pthread_mutex_unlock(&c.servant.lock);
    ls_servant_end(&c.servant);  // it sleeps for a minute, and is woken
    CHECK(ls_monotonic_us() < until_us);
    CHECK(!c.servant.has_thread);
}

static void test_without_a_thread_it_only_sleeps(void) {
    ls_servant s;
    ls_servant_init(&s);
    (void)pthread_mutex_lock(&s.lock);
    const int64_t until_us = ls_monotonic_us() + 1000;
    while (ls_servant_sleep(&s, until_us)) {  // woken for nothing
    }
    CHECK(ls_monotonic_us() >= until_us);
    CHECK(!ls_servant_sleep(&s, 0));  // long past
    (void)pthread_mutex_unlock(&s.lock);
    ls_servant_end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_it_serves_until_it_is_told_to_end);
    TEST(test_without_a_thread_it_only_sleeps);
    return harness_report();
}
