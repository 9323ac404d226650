// sandbox_test.c - what the sandbox lets through, what it refuses, what it ends.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/sandbox.h"
#include "tests/harness.h"

enum { NO_SANDBOX = 77 };

// Runs it in a child inside the sandbox: the exit code, or 128 + signal.
static int inside(int (*act)(void)) {
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        char why[200];
        _exit(ls_guard_sandbox_enter(why, sizeof why) ? act() : NO_SANDBOX);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int do_nothing(void) {
    return 0;
}

static bool is_there(void) {
    if (inside(do_nothing) == NO_SANDBOX) {
        harness_skip("no seccomp here, or a build with a sanitizer");
        return false;
    }
    return true;
}

static int do_work(void) {
    char name[] = "/tmp/ls-sandbox-XXXXXX";
    const int file = mkstemp(name);
    const int peer = socket(AF_INET, SOCK_STREAM, 0);
    void *memory = malloc(1 << 22);
    const bool good = file >= 0 && write(file, "x", 1) == 1 && fdatasync(file) == 0 &&
                      unlink(name) == 0 && peer >= 0 && memory != NULL &&
                      nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL) == 0;
    free(memory);
    return good ? 0 : 1;
}

static int do_exec(void) {
    execl("/bin/true", "true", (char *)NULL);
    return 1;
}

static int do_trace(void) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    return 1;
}

static int do_fork(void) {
    return fork() < 0 ? 0 : 1;
}

static int do_chroot(void) {
    return chroot("/") == 0 ? 1 : 2;
}

static int do_link(void) {
    return symlink("/etc/passwd", "/tmp/ls-sandbox-link") != 0 && errno == EPERM ? 0 : 1;
}

static int do_kill(void) {
    return kill(getppid(), 0) != 0 && errno == EPERM ? 0 : 1;
}

static void test_what_the_guard_needs_is_let_through(void) {
    if (is_there()) {
        CHECK_INT(inside(do_work), 0);
    }
}

static void test_starting_a_program_ends_it(void) {
    if (is_there()) {
        CHECK_INT(inside(do_exec), 128 + SIGSYS);
        CHECK_INT(inside(do_trace), 128 + SIGSYS);
        CHECK_INT(inside(do_chroot), 128 + SIGSYS);
    }
}

static void test_other_calls_fail(void) {
    if (is_there()) {
        CHECK_INT(inside(do_fork), 0);
        CHECK_INT(inside(do_link), 0);
        CHECK_INT(inside(do_kill), 0);
    }
}

static void *run_program(void *context) {
    while (*(volatile int *)context == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    execl("/bin/true", "true", (char *)NULL);
    _exit(1);
}

// A thread that was there before is inside too.
static void test_all_threads_are_inside(void) {
    if (!is_there()) {
        return;
    }
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        static volatile int go;
        char why[200];
        pthread_t thread;
        pthread_create(&thread, NULL, run_program, (void *)(uintptr_t)&go);
        if (!ls_guard_sandbox_enter(why, sizeof why)) {
            _exit(2);
        }
        go = 1;
        for (;;) {
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        }
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_the_guard_needs_is_let_through);
    TEST(test_starting_a_program_ends_it);
    TEST(test_other_calls_fail);
    TEST(test_all_threads_are_inside);
    return harness_report();
}
