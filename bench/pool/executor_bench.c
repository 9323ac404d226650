// executor_bench.c - how soon a job starts after it was submitted, and how many run in a second, on
// this machine: real processes (`true`), the journal on disk.
//
//     executor_bench [FOLDER]     in a new folder there, /var/tmp by default
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/process.h"
#include "exec/service.h"
#include "pool/pool_file.h"

enum { SINGLE = 300, MANY = 3000 };

static const char pool_text[] = "pool: bench\nnodes: {name: here, slots: 32}\n";

typedef struct bench {
    ls_exec *exec;
    uint64_t over;
    int64_t over_us;
} bench;

static void told(void *context, const ls_exec_event *event) {
    bench *b = context;
    b->over += event->act == LS_EXEC_ENDED;
}

static int by_size(const void *a, const void *b) {
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

static void fail(const char *what, const ls_error *err) {
    fprintf(stderr, "executor_bench: %s: %s\n", what, err->text);
    exit(4);
}

static void step(bench *b, bool wait) {
    ls_error err = {0};
    const int64_t wait_us = ls_exec_wait_us(b->exec);
    struct pollfd polls = {.fd = ls_exec_fd(b->exec), .events = POLLIN};
    poll(&polls, 1, !wait ? 0 : wait_us > 100000 ? 100 : (int)((wait_us + 999) / 1000));
    if (ls_exec_step(b->exec, &err) != LS_OK) {
        fail("step", &err);
    }
}

// The command writes the steady clock's time itself: `submit` to its first instruction.
static int64_t began_us(bench *b, uint64_t id) {
    char text[64] = "";
    size_t got = 0;
    uint64_t offset = 0;
    ls_exec_log_read(b->exec, id, 1, LS_EXEC_OUT, &offset, text, sizeof text - 1, &got, NULL);
    return strtoll(text, NULL, 10);
}

static void one_by_one(bench *b, const char *self) {
    static int64_t waits[SINGLE];
    const char *const argv[] = {self, "--now", NULL};
    const ls_exec_job job = {.argv = argv, .shape = {.parts = 1, .gpus = 1}};
    for (int i = 0; i < SINGLE; i++) {
        ls_error err = {0};
        uint64_t id = 0;
        const uint64_t over = b->over + 1;
        const int64_t from_us = ls_steady_us();
        if (ls_exec_submit(b->exec, &job, &id, &err) != LS_OK) {
            fail("submit", &err);
        }
        step(b, false);
        while (b->over < over) {
            step(b, true);
        }
        waits[i] = began_us(b, id) - from_us;
    }
    qsort(waits, SINGLE, sizeof *waits, by_size);
    printf(
        "submit to the command's first line, one by one, %d jobs: median %.2f ms, p99 %.2f ms, "
        "most %.2f ms\n",
        SINGLE, (double)waits[SINGLE / 2] / 1000.0, (double)waits[SINGLE * 99 / 100] / 1000.0,
        (double)waits[SINGLE - 1] / 1000.0);
}

static void many(bench *b) {
    const char *const argv[] = {"/bin/true", NULL};
    const ls_exec_job job = {.argv = argv, .shape = {.parts = 1, .gpus = 1}};
    const uint64_t over = b->over + MANY;
    const int64_t from_us = ls_steady_us();
    for (int i = 0; i < MANY; i++) {
        ls_error err = {0};
        uint64_t id = 0;
        if (ls_exec_submit(b->exec, &job, &id, &err) != LS_OK) {
            fail("submit", &err);
        }
    }
    while (b->over < over) {
        step(b, true);
    }
    const double s = (double)(ls_steady_us() - from_us) / 1e6;
    printf("%d jobs of /bin/true on 32 CPU slots, submitted to over: %.2f s, %.0f jobs/s\n", MANY,
           s, MANY / s);
}

int main(int argc, char **argv) {
    char folder[256];
    bench b = {.exec = NULL};
    ls_error err = {0};
    ls_errors errors;
    ls_pool *pool = NULL;
    if (argc > 1 && strcmp(argv[1], "--now") == 0) {
        printf("%lld\n", (long long)ls_steady_us());
        return 0;
    }
    snprintf(folder, sizeof folder, "%s/ls-bench-XXXXXX", argc > 1 ? argv[1] : "/var/tmp");
    ls_errors_init(&errors);
    char *self = realpath("/proc/self/exe", NULL);
    if (self == NULL || mkdtemp(folder) == NULL ||
        ls_pool_read(pool_text, strlen(pool_text), "bench", NULL, &pool, &errors) != LS_OK) {
        fprintf(stderr, "executor_bench: no folder %s\n", folder);
        return 4;
    }
    const ls_exec_def def = {.folder = folder, .pool = pool, .told = told, .context = &b};
    if (ls_exec_open(&def, &b.exec, &err) != LS_OK) {
        fail("open", &err);
    }
    one_by_one(&b, self);
    many(&b);
    ls_exec_close(b.exec);
    ls_pool_destroy(pool);
    ls_errors_clear(&errors);
    free(self);
    printf("its files are in %s\n", folder);
    return 0;
}
