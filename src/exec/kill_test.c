// kill_test.c - the service is killed, really and wherever it is, again and again, while real jobs
// run: each of them writes its line once.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "exec/process.h"
#include "exec/testing/small_service.h"
#include "tests/harness.h"

enum { KILLS = 12, JOBS_EACH = 4 };

// The service in a process of its own: tells the ids that are durable through the pipe, until it is
// killed.
static void serve(small_service *s, int out, const char *file, uint32_t jobs) {
    char variable[160];
    snprintf(variable, sizeof variable, "F=%s", file);
    const char *const env[] = {"PATH=/usr/bin:/bin", variable, NULL};
    const char *const argv[] = {"sh", "-c", "echo $LINESHAFT_JOB >> $F; sleep 0.05", NULL};
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (!small_service_open(s)) {
        _exit(3);
    }
    for (uint32_t i = 0;; i++) {
        ls_exec_job job = small_job(argv);
        job.env = env;
        uint64_t id = 0;
        if (i < jobs) {
            id = small_submit(s, &job);
        }
        if (ls_exec_step(s->exec, NULL) != LS_OK) {
            _exit(4);
        }
        if (id != 0 && write(out, &id, sizeof id) != sizeof id) {
            _exit(5);
        }
        struct pollfd polls = {.fd = ls_exec_fd(s->exec), .events = POLLIN};
        poll(&polls, 1, 5);
    }
}

static uint32_t count_lines(const char *file, uint64_t id) {
    char *text = harness_read_file(file, NULL);
    uint32_t count = 0;
    for (const char *at = text; at != NULL && *at != '\0';) {
        count += strtoull(at, NULL, 10) == id;
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    free(text);
    return count;
}

static void test_each_job_runs_once_however_often_the_service_is_killed(void) {
    small_service s;
    char file[128];
    int pipe_ends[2];
    CHECK(small_service_make(&s, 3, NULL));
    small_service_close(&s);
    snprintf(file, sizeof file, "%s/lines", s.folder);
    CHECK_INT(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK), 0);
    uint64_t ids[KILLS * JOBS_EACH];
    uint32_t count = 0;
    for (uint32_t k = 0; k < KILLS; k++) {
        const pid_t pid = fork();
        if (pid == 0) {
            serve(&s, pipe_ends[1], file, JOBS_EACH);
        }
        // It dies after so many of its jobs were durable, and a little; no matter where that is.
        const uint32_t wanted = count + 1 + (uint32_t)(ls_random_uniform(5, 1, k) * JOBS_EACH);
        const int64_t until_us = ls_steady_us() + INT64_C(60000000);
        while (count < wanted && ls_steady_us() < until_us) {
            struct pollfd polls = {.fd = pipe_ends[0], .events = POLLIN};
            poll(&polls, 1, 100);
            while (count < KILLS * JOBS_EACH &&
                   read(pipe_ends[0], ids + count, sizeof *ids) == sizeof *ids) {
                count++;
            }
        }
        CHECK(count >= wanted);
        usleep((useconds_t)(ls_random_uniform(5, 2, k) * 20000));
        kill(pid, SIGKILL);
        CHECK_INT(waitpid(pid, NULL, 0), pid);
        while (count < KILLS * JOBS_EACH &&
               read(pipe_ends[0], ids + count, sizeof *ids) == sizeof *ids) {
            count++;
        }
    }
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    CHECK(small_service_open(&s));
    for (uint32_t i = 0; i < count; i++) {
        CHECK(small_until(&s, ids[i], LS_EXEC_DONE));
        CHECK_INT(count_lines(file, ids[i]), 1);
    }
    small_service_clear(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_each_job_runs_once_however_often_the_service_is_killed);
    return harness_report();
}
