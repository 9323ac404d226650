// follow_bench.c - how long the follower takes: per signal, per look, per future.
//
//     follow_bench [MACHINES] [SIGNALS]
//
// A line of that many machines in stations of five is run and recorded, then heard with the clock
// on each call. In order, and with one signal in twenty 2 s late.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "twin/follow/watch.h"

typedef struct record {
    ls_heard *items;
    size_t count, capacity;
} record;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void keep(void *context, const ls_heard *heard) {
    record *r = context;
    if (r->count == r->capacity) {
        r->capacity = r->capacity * 2 + 1024;
        r->items = realloc(r->items, r->capacity * sizeof *r->items);
    }
    r->items[r->count] = *heard;
    char *text = malloc(heard->size + 1u);
    memcpy(text, heard->size > 0 ? heard->text : "", heard->size);
    text[heard->size] = '\0';
    r->items[r->count++].text = text;
}

static char *plant_of(int machines) {
    const int stations = machines / 5;
    char *text = malloc(4096 + (size_t)stations * 200);
    int size = sprintf(text, "plant: bench\nstations:\n");
    for (int i = 0; i < stations; i++) {
        size += sprintf(text + size,
                        "  s%d: {machines: 5, process: lognormal 100 s sd 20 s, fails: [{every: "
                        "exp 4 h, by: busy, repair: exp 10 min, lots: resume}]}\n",
                        i);
    }
    size += sprintf(text + size, "products:\n  p:\n    route:\n");
    for (int i = 0; i < stations; i++) {
        size += sprintf(text + size, "      - {at: s%d, name: n%d}\n", i, i);
    }
    sprintf(text + size, "    release: [{every: exp 25 s}]\n");
    return text;
}

static int by_size(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void show(const char *what, int64_t *times, size_t count) {
    qsort(times, count, sizeof *times, by_size);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += times[i];
    }
    printf("%-28s mean %8.2f us, median %8.2f, p99 %8.2f, most %8.2f (%zu)\n", what,
           (double)sum / (double)count / 1e3, (double)times[count / 2] / 1e3,
           (double)times[count * 99 / 100] / 1e3, (double)times[count - 1] / 1e3, count);
}

static void hear_all(const ls_plant *plant, const ls_twin *twin, const record *r, int late_of,
                     int looks) {
    ls_follow *follow = NULL;
    ls_error err = {0};
    const ls_follow_def def = ls_follow_def_default();
    if (ls_follow_create(plant, twin, 0, &def, &follow, &err) != LS_OK) {
        printf("%s\n", err.text);
        return;
    }
    int64_t *times = calloc(r->count, sizeof *times);
    int64_t *look = calloc(r->count, sizeof *look);
    size_t looked = 0;
    for (size_t i = 0; i < r->count; i++) {
        ls_heard heard = r->items[i];
        const bool late = late_of > 0 && i % (size_t)late_of == 0;
        heard.time_us -= late && heard.time_us > 2000000 ? 2000000 : 0;
        const int64_t from = now_ns();
        ls_follow_hear(follow, &heard);
        times[i] = now_ns() - from;
        if (looks > 0 && i % (size_t)looks == 0) {
            const int64_t begun = now_ns();
            (void)ls_follow_state(follow);
            look[looked++] = now_ns() - begun;
        }
    }
    show(late_of > 0 ? "a signal, 1 in 20 late" : "a signal", times, r->count);
    if (looked > 0) {
        show("a look after it", look, looked);
    }
    ls_snapshot *into = NULL;
    if (late_of == 0 && ls_snapshot_create(twin, 1, 0, &into, &err) == LS_OK) {
        for (int i = 0; i < 200; i++) {
            const int64_t from = now_ns();
            ls_follow_fork(follow, 1, (uint64_t)i, into);
            times[i] = now_ns() - from;
        }
        show("a future", times, 200);
        ls_snapshot_destroy(into);
    }
    const ls_follow_figures f = ls_follow_describe(follow);
    printf("%-28s %u lots, %llu rolled back, certainty %.2f, %llu inferred\n", "", f.lots,
           (unsigned long long)f.rolled_back, ls_follow_certainty(follow),
           (unsigned long long)f.divergences[LS_DIVERGE_INFERRED]);
    free(times);
    free(look);
    ls_follow_destroy(follow);
}

int main(int argc, char **argv) {
    const int machines = argc > 1 ? atoi(argv[1]) : 50;
    const size_t signals = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
    char *text = plant_of(machines);
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    ls_snapshot *line = NULL;
    ls_snapshot *before = NULL;
    ls_error err = {0};
    if (ls_plant_parse(text, strlen(text), "bench.yaml", &plant, NULL, &err) != LS_OK ||
        ls_twin_create(plant, &twin, &err) != LS_OK ||
        ls_snapshot_create(twin, 1, 0, &line, &err) != LS_OK ||
        ls_snapshot_create(twin, 1, 0, &before, &err) != LS_OK) {
        printf("%s\n", err.text);
        return 1;
    }
    record r = {0};
    const ls_watch_def def = {.say = keep, .context = &r};
    while (r.count < signals) {
        ls_snapshot_assign(before, line);
        uint64_t done = 0;
        if (ls_snapshot_step(twin, line, INT64_C(365) * 86400 * 1000000, 1, &done, &err) != LS_OK ||
            done == 0) {
            break;
        }
        ls_watch(plant, twin, before->state, line->state, &def);
    }
    printf("%d machines, %zu signals over %.1f h of the line, state of %zu bytes\n", machines,
           r.count, (double)ls_snapshot_now(line) / 3.6e9, line->state_size);
    hear_all(plant, twin, &r, 0, 0);
    hear_all(plant, twin, &r, 0, 1);
    hear_all(plant, twin, &r, 20, 0);
    hear_all(plant, twin, &r, 20, 1);
    for (size_t i = 0; i < r.count; i++) {
        free((char *)(uintptr_t)r.items[i].text);
    }
    free(r.items);
    free(text);
    ls_snapshot_destroy(before);
    ls_snapshot_destroy(line);
    ls_twin_destroy(twin);
    ls_plant_destroy(plant);
    return 0;
}
