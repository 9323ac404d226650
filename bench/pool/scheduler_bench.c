// scheduler_bench.c - how long the pool's scheduler takes: one decision with many jobs waiting, and
// with more and more GPUs.
//
//     scheduler_bench pending [--gpus N] [--jobs N] [--ends N]   a full pool, N jobs waiting:
//                                     each decision while so many end and as many come
//     scheduler_bench scale                           1,000 to 1,000,000 GPUs, 30 days at 90 % load
//
// Prints one JSON object; times are processor time, so that a busy machine does not count. A
// decision is what follows from one event (a job ends, breaks or comes): ls_scheduler_ended or
// _submit with the ls_scheduler_decide after it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pool/mix.h"
#include "pool/pool_file.h"
#include "pool/terms.h"

enum {
    RACK_GPUS = 72,
    ROWS_RACKS = 16,
    OWNERS = 5,
    SUPPLIERS = 200,
    TIMES_MAX = 1 << 22,
    SCALE_DAYS = 30
};

static float *times_us;
static uint32_t time_count;

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void note_time(double us) {
    if (time_count < TIMES_MAX) {
        times_us[time_count++] = (float)us;
    }
}

static int by_size(const void *a, const void *b) {
    const float x = *(const float *)a;
    const float y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static double quantile(double p) {
    return time_count > 0 ? times_us[(uint32_t)(p * (time_count - 1))] : 0.0;
}

static void print_times(void) {
    double sum = 0.0;
    qsort(times_us, time_count, sizeof *times_us, by_size);
    for (uint32_t i = 0; i < time_count; i++) {
        sum += times_us[i];
    }
    printf(
        "\"decisions\": %u, \"mean_us\": %.3f, \"p50_us\": %.3f, \"p99_us\": %.3f, \"p999_us\": "
        "%.3f, \"max_us\": %.3f",
        time_count, sum / (time_count > 0 ? time_count : 1), quantile(0.5), quantile(0.99),
        quantile(0.999), quantile(1.0));
}

// Racks of GB200 NVL72 in rows, five owners with two hundred suppliers each.
static ls_pool *make_pool(uint64_t gpus) {
    const uint64_t racks = gpus / RACK_GPUS > 0 ? gpus / RACK_GPUS : 1;
    const uint64_t rows = racks / ROWS_RACKS > 0 ? racks / ROWS_RACKS : 1;
    const uint64_t per_row = racks / rows;
    const uint64_t own = rows * per_row * RACK_GPUS / OWNERS;
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_printf(&text,
                     "pool: bench\nrows: {count: %llu, racks: {count: %llu, kind: gb200-nvl72}}\n"
                     "accounts:\n",
                     (unsigned long long)rows, (unsigned long long)per_row);
    for (uint32_t o = 0; o < OWNERS; o++) {
        ls_buffer_printf(&text,
                         "  owner%u:\n    guarantee: %llu\n    accounts:\n      own: {guarantee: "
                         "%llu}\n",
                         o, (unsigned long long)own, (unsigned long long)(own * 3 / 4));
        for (uint32_t s = 0; s < SUPPLIERS; s++) {
            ls_buffer_printf(&text, "      s%03u: {guarantee: %llu}\n", s,
                             (unsigned long long)(own / 4 / SUPPLIERS));
        }
    }
    ls_errors errors;
    ls_errors_init(&errors);
    ls_pool *pool = NULL;
    if (ls_pool_read(text.data, text.size, "bench", NULL, &pool, &errors) != LS_OK) {
        fprintf(stderr, "scheduler_bench: %s\n", errors.count > 0 ? errors.items[0].text : "?");
    }
    ls_errors_clear(&errors);
    ls_buffer_clear(&text);
    return pool;
}

// ---- one decision with many jobs waiting

typedef struct bench {
    ls_pool *pool;
    ls_terms terms;
    ls_mix_load load;
    ls_scheduler *scheduler;
    uint32_t *running;
    uint32_t running_count, running_room;
} bench;

static bool open_bench(bench *b, uint64_t gpus) {
    ls_error err = {0};
    b->pool = make_pool(gpus);
    if (b->pool == NULL || ls_terms_make(b->pool, &b->terms, &err) != LS_OK ||
        ls_mix_load_make(b->pool, ls_mix_find("group"), 1.0, 1, INT64_MAX / 2, &b->load, &err) !=
            LS_OK) {
        fprintf(stderr, "scheduler_bench: %s\n", err.text);
        return false;
    }
    const ls_scheduler_def def = {.cluster = &b->pool->cluster,
                                  .terms = b->terms.rows,
                                  .account_count = b->terms.count,
                                  .reclaim_us = b->terms.reclaim_us};
    return ls_scheduler_create(&def, &b->scheduler, &err) == LS_OK;
}

static void close_bench(bench *b) {
    ls_scheduler_destroy(b->scheduler);
    ls_mix_load_clear(&b->load);
    ls_terms_clear(&b->terms);
    ls_pool_destroy(b->pool);
    free(b->running);
}

// Carries out what is said at once: what starts runs, what is told to stop has stopped.
static void carry_out(bench *b, int64_t at_us) {
    for (bool again = true; again;) {
        const ls_pool_act *acts = NULL;
        ls_status status = LS_OK;
        const double began = now_us();
        const uint32_t count = ls_scheduler_decide(b->scheduler, at_us, &acts, &status);
        note_time(now_us() - began);
        uint32_t *stopped = malloc((count + 1) * sizeof *stopped);
        uint32_t stopped_count = 0;
        for (uint32_t i = 0; i < count; i++) {
            if (acts[i].kind == LS_POOL_STOP) {
                stopped[stopped_count++] = acts[i].job;
                continue;
            }
            if (b->running_count == b->running_room) {
                b->running_room = b->running_room * 2 + 1024;
                b->running = realloc(b->running, b->running_room * sizeof *b->running);
            }
            b->running[b->running_count++] = acts[i].job;
        }
        again = stopped_count > 0;
        for (uint32_t i = 0; i < stopped_count; i++) {
            bool waits = false;
            ls_scheduler_ended(b->scheduler, at_us, stopped[i], false, &waits, NULL);
        }
        free(stopped);
    }
}

static bool submit_one(bench *b, int64_t at_us) {
    ls_sim_job job;
    ls_error err = {0};
    uint32_t id = 0;
    ls_mix_load_next(&b->load, &job);
    return ls_scheduler_submit(b->scheduler, at_us, &job.request, &id, &err) == LS_OK;
}

// Any running job ends; those that were stopped since are passed over.
static bool end_one(bench *b, int64_t at_us, uint64_t *drawn) {
    while (b->running_count > 0) {
        *drawn = *drawn * 6364136223846793005u + 1442695040888963407u;
        const uint32_t at = (uint32_t)((*drawn >> 33) % b->running_count);
        const uint32_t id = b->running[at];
        b->running[at] = b->running[--b->running_count];
        if (ls_scheduler_state(b->scheduler, id) == LS_POOL_JOB_RUNNING) {
            bool waits = false;
            return ls_scheduler_ended(b->scheduler, at_us, id, true, &waits, NULL) == LS_OK;
        }
    }
    return false;
}

static int pending(uint64_t gpus, uint64_t jobs, uint64_t ends) {
    bench b = {0};
    if (!open_bench(&b, gpus)) {
        return 1;
    }
    const double began = now_us();
    while (ls_scheduler_waiting(b.scheduler) < jobs && submit_one(&b, 0)) {
        if (ls_scheduler_waiting(b.scheduler) % 1024 == 0) {
            carry_out(&b, 0);
        }
    }
    carry_out(&b, 0);
    const double filled_s = (now_us() - began) * 1e-6;
    time_count = 0;
    uint64_t drawn = 1;
    for (int64_t i = 1; i <= (int64_t)ends; i++) {  // one ends, one comes: as many wait as before
        const int64_t at_us = i * 1000000;
        if (!end_one(&b, at_us, &drawn)) {
            break;
        }
        carry_out(&b, at_us);
        while (ls_scheduler_waiting(b.scheduler) < jobs && submit_one(&b, at_us)) {
        }
        carry_out(&b, at_us);
    }
    printf(
        "{\"what\": \"pending\", \"gpus\": %llu, \"waiting\": %llu, \"running\": %u, \"filled_s\": "
        "%.3f, ",
        (unsigned long long)b.pool->cluster.gpus,
        (unsigned long long)ls_scheduler_waiting(b.scheduler), b.running_count, filled_s);
    print_times();
    printf("}\n");
    close_bench(&b);
    return 0;
}

// ---- more and more GPUs

typedef struct clocked {
    double since_us;
    uint64_t parts;  // of jobs that started
} clocked;

static bool on_event(void *context, const ls_sim_event *e) {
    clocked *c = context;
    c->parts += e->kind == LS_SIM_STARTED ? e->job->request.shape.parts : 0;
    return true;
}

static void on_decide(void *context, int64_t at_us, const ls_scheduler *s) {
    clocked *c = context;
    const double now = now_us();
    (void)at_us;
    (void)s;
    note_time(now - c->since_us);
    c->since_us = now_us();
}

static int scale(void) {
    static const uint64_t sizes[] = {1000, 10000, 100000, 260000, 1000000};
    printf("{\"what\": \"scale\", \"sizes\": [");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ls_pool *pool = make_pool(sizes[i]);
        ls_terms terms;
        ls_mix_load load;
        ls_error err = {0};
        const int64_t until_us = (int64_t)SCALE_DAYS * 86400 * 1000000;
        if (pool == NULL || ls_terms_make(pool, &terms, &err) != LS_OK ||
            ls_mix_load_make(pool, ls_mix_find("group"), 0.9, 1, until_us, &load, &err) != LS_OK) {
            return 1;
        }
        clocked c = {.since_us = now_us()};
        const ls_sim_def def = {.scheduler = {.cluster = &pool->cluster,
                                              .terms = terms.rows,
                                              .account_count = terms.count,
                                              .reclaim_us = terms.reclaim_us},
                                .states = pool->states,
                                .load = {.next = ls_mix_load_next, .context = &load},
                                .seed = 1,
                                .until_us = until_us,
                                .on_event = on_event,
                                .on_decide = on_decide,
                                .context = &c};
        ls_sim_result result;
        time_count = 0;
        const double began = now_us();
        if (ls_simulate(&def, &result, &err) != LS_OK) {
            fprintf(stderr, "scheduler_bench: %s\n", err.text);
            return 1;
        }
        const double spent_us = now_us() - began;
        printf(
            "%s{\"gpus\": %llu, \"days\": %d, \"jobs\": %llu, \"parts\": %llu, \"seconds\": %.3f, "
            "\"ns_per_part\": %.0f, ",
            i > 0 ? ", " : "", (unsigned long long)pool->cluster.gpus, SCALE_DAYS,
            (unsigned long long)result.submitted, (unsigned long long)c.parts, spent_us * 1e-6,
            spent_us * 1e3 / (double)(c.parts > 0 ? c.parts : 1));
        print_times();
        printf("}");
        fflush(stdout);
        ls_mix_load_clear(&load);
        ls_terms_clear(&terms);
        ls_pool_destroy(pool);
    }
    printf("]}\n");
    return 0;
}

static uint64_t option(int argc, char **argv, const char *name, uint64_t initial) {
    for (int i = 2; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return strtoull(argv[i + 1], NULL, 10);
        }
    }
    return initial;
}

int main(int argc, char **argv) {
    times_us = malloc(TIMES_MAX * sizeof *times_us);
    if (times_us == NULL) {
        return 4;
    }
    int code = 2;
    if (argc > 1 && strcmp(argv[1], "pending") == 0) {
        code = pending(option(argc, argv, "--gpus", 260000), option(argc, argv, "--jobs", 100000),
                       option(argc, argv, "--ends", 20000));
    } else if (argc > 1 && strcmp(argv[1], "scale") == 0) {
        code = scale();
    } else {
        fprintf(stderr,
                "usage: scheduler_bench pending [--gpus N] [--jobs N] [--ends N] | scale\n");
    }
    free(times_us);
    return code;
}
