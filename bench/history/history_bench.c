// history_bench.c - what appending and asking costs.
//
// history_bench append --tags N --samples N [--step SECONDS] [--batch N] [--memory BYTES] FOLDER
//     Appends to a new history in FOLDER, sample by sample round the tags, as a line does: every
//     tag once, then every tag once again. Ends with a flush; the processor time is that of all
//     threads from open to close, making the samples included.
// history_bench year --tags N --days N --step SECONDS FOLDER
//     Fills a history, closes it, opens it again, and asks for one day of one tag many times, each
//     time another. `ask` with the same options asks one that was filled before.
// Prints one JSON object.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "history/history.h"

enum { WALK = 1 << 14, ASKED = 400 };

typedef struct options {
    const char *folder;
    uint64_t tags, samples, batch, memory, days, step_s;
} options;

static double walk[WALK];

static double clock_s(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const ls_error *err, const char *what) {
    fprintf(stderr, "history_bench: %s: %s\n", what, err != NULL ? err->text : "failed");
    exit(1);
}

// A measured value: slow changes, noise, two decimals.
static void make_walk(void) {
    uint64_t state = 1;
    double at = 70;
    for (int i = 0; i < WALK; i++) {
        double noise = 0;
        for (int k = 0; k < 4; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            noise += (double)(state >> 33) / 2147483648.0 - 0.5;
        }
        at += 0.05 * (70 - at) + noise * 0.4;
        walk[i] = round(at * 100) / 100;
    }
}

typedef struct place {
    ls_tags *tags;
    ls_history *history;
} place;

static place open_place(const options *o) {
    place p = {0};
    ls_error err = {0};
    ls_history_def def = ls_history_def_default();
    def.store = o->folder;
    def.log_bytes_max = 1ull << 30;
    if (o->memory > 0) {
        def.memory_bytes = o->memory;
    }
    if (ls_tags_create(&p.tags, &err) != LS_OK ||
        ls_history_open(&def, p.tags, &p.history, &err) != LS_OK) {
        fail(&err, "open");
    }
    for (uint64_t i = 0; i < o->tags; i++) {
        char name[64];
        uint32_t tag;
        const int size = snprintf(name, sizeof name, "plant/line-%llu/tag-%llu",
                                  (unsigned long long)i / 100, (unsigned long long)i);
        if (ls_tags_add(p.tags, name, (size_t)size, &tag, &err) != LS_OK) {
            fail(&err, "tags");
        }
    }
    return p;
}

static void close_place(place *p) {
    ls_error err = {0};
    if (ls_history_close(p->history, &err) != LS_OK) {
        fail(&err, "close");
    }
    ls_tags_destroy(p->tags);
}

// Appends `samples` in calls of `batch`; the longest call in *out_worst.
static void append(const place *p, const options *o, int64_t start_us, int64_t step_us,
                   double *out_worst_s) {
    ls_error err = {0};
    ls_sample *batch = calloc(o->batch, sizeof *batch);
    uint64_t row = 0;
    uint64_t tag = 0;
    *out_worst_s = 0;
    for (uint64_t done = 0; done < o->samples;) {
        uint64_t n = 0;
        for (; n < o->batch && done < o->samples; n++, done++) {
            batch[n].time_us = start_us + (int64_t)row * step_us;
            batch[n].tag = (uint32_t)tag;
            batch[n].kind = LS_VALUE_REAL;
            batch[n].value.real = walk[(row + tag * 37) % WALK];
            if (++tag == o->tags) {
                tag = 0;
                row++;
            }
        }
        const double before = clock_s(CLOCK_MONOTONIC);
        // The log holds back who is faster than the blocks for long.
        while (ls_history_append(p->history, batch, n, &err) != LS_OK) {
            if (err.status != LS_ERR_LIMIT) {
                fail(&err, "append");
            }
            nanosleep(&(struct timespec){0, 5000000}, NULL);
        }
        const double took = clock_s(CLOCK_MONOTONIC) - before;
        *out_worst_s = took > *out_worst_s ? took : *out_worst_s;
    }
    free(batch);
}

static void run_append(const options *o) {
    ls_error err = {0};
    const double cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    const double wall = clock_s(CLOCK_MONOTONIC);
    place p = open_place(o);
    double worst_s = 0;
    append(&p, o, 1700000000000000, (int64_t)o->step_s * 1000000, &worst_s);
    const double appended = clock_s(CLOCK_MONOTONIC);
    const double append_cpu = clock_s(CLOCK_THREAD_CPUTIME_ID);
    if (ls_history_flush(p.history, &err) != LS_OK) {
        fail(&err, "flush");
    }
    ls_history_figures f;
    if (ls_history_describe(p.history, &f, &err) != LS_OK) {
        fail(&err, "describe");
    }
    close_place(&p);
    const double cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    const double wall_s = clock_s(CLOCK_MONOTONIC) - wall;
    if (f.samples != o->samples) {
        fprintf(stderr, "history_bench: %llu samples of %llu are there\n",
                (unsigned long long)f.samples, (unsigned long long)o->samples);
        exit(1);
    }
    printf(
        "{\"tags\": %llu, \"samples\": %llu, \"batch\": %llu, \"cpu_s\": %.4f, "
        "\"wall_s\": %.4f, \"append_wall_s\": %.4f, \"caller_cpu_s\": %.4f, "
        "\"per_core\": %.0f, \"worst_call_ms\": %.3f, \"blocks\": %llu, "
        "\"block_bytes\": %llu, \"database_bytes\": %llu}\n",
        (unsigned long long)o->tags, (unsigned long long)o->samples, (unsigned long long)o->batch,
        cpu_s, wall_s, appended - wall, append_cpu, (double)o->samples / cpu_s, worst_s * 1e3,
        (unsigned long long)f.blocks, (unsigned long long)f.block_bytes,
        (unsigned long long)f.database_bytes);
}

static bool count_sample(void *context, const ls_sample *sample) {
    uint64_t *count = context;
    *count += sample->kind == LS_VALUE_REAL;
    return true;
}

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_year(options *o, bool fills) {
    ls_error err = {0};
    const int64_t start_us = 1700000000000000;
    const int64_t day_us = 86400000000;
    o->samples = o->tags * o->days * 86400 / o->step_s;
    double worst_s = 0;
    const double cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    place p = open_place(o);
    if (fills) {
        append(&p, o, start_us, (int64_t)o->step_s * 1000000, &worst_s);
    }
    close_place(&p);
    const double fill_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    p = open_place(o);
    static double times[ASKED];
    uint64_t rows = 0;
    for (uint64_t i = 0; i < ASKED; i++) {
        char pattern[64];
        const uint64_t tag = i * 7919 % o->tags;
        snprintf(pattern, sizeof pattern, "plant/line-%llu/tag-%llu", (unsigned long long)tag / 100,
                 (unsigned long long)tag);
        const char *patterns[] = {pattern};
        const int64_t from = start_us + (int64_t)(i * 6007 % o->days) * day_us;
        const ls_query query = {
            .patterns = patterns, .pattern_count = 1, .from_us = from, .to_us = from + day_us};
        const double before = clock_s(CLOCK_MONOTONIC);
        if (ls_history_query(p.history, &query, count_sample, &rows, &err) != LS_OK) {
            fail(&err, "query");
        }
        times[i] = clock_s(CLOCK_MONOTONIC) - before;
    }
    ls_history_figures f;
    if (ls_history_describe(p.history, &f, &err) != LS_OK) {
        fail(&err, "describe");
    }
    close_place(&p);
    const double first_ms = times[0] * 1e3;
    qsort(times, ASKED, sizeof times[0], compare_doubles);
    printf(
        "{\"tags\": %llu, \"samples\": %llu, \"days\": %llu, \"step_s\": %llu, "
        "\"fill_cpu_s\": %.2f, \"database_bytes\": %llu, \"asked\": %d, \"rows_each\": %.1f, "
        "\"first_ms\": %.3f, \"median_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
        (unsigned long long)o->tags, (unsigned long long)o->samples, (unsigned long long)o->days,
        (unsigned long long)o->step_s, fill_s, (unsigned long long)f.database_bytes, ASKED,
        (double)rows / ASKED, first_ms, times[ASKED / 2] * 1e3, times[ASKED * 99 / 100] * 1e3,
        times[ASKED - 1] * 1e3);
}

int main(int argc, char **argv) {
    options o = {.tags = 1000, .samples = 10000000, .batch = 1000, .days = 365, .step_s = 60};
    const struct {
        const char *name;
        uint64_t *value;
    } numbers[] = {{"--tags", &o.tags},     {"--samples", &o.samples}, {"--batch", &o.batch},
                   {"--memory", &o.memory}, {"--days", &o.days},       {"--step", &o.step_s}};
    for (int i = 2; i < argc; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0] && i + 1 < argc; k++) {
            if (strcmp(argv[i], numbers[k].name) == 0) {
                *numbers[k].value = strtoull(argv[++i], NULL, 10);
                known = true;
                break;
            }
        }
        if (!known) {
            o.folder = argv[i];
        }
    }
    if (argc < 3 || o.folder == NULL || o.tags == 0 || o.batch == 0 || o.step_s == 0) {
        fprintf(stderr, "usage: history_bench append|year|ask [options] FOLDER\n");
        return 2;
    }
    make_walk();
    if (strcmp(argv[1], "append") == 0) {
        run_append(&o);
    } else {
        run_year(&o, strcmp(argv[1], "ask") != 0);
    }
    return 0;
}
