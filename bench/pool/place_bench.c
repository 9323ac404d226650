// place_bench.c - what finding a place costs as the cluster grows, as CSV on stdout.
//
//     place_bench [DECISIONS [GPUS]]
//
// Clusters of GB200-NVL72 racks (18 trays of 4 GPUs), 16 racks a row, 16 rows a hall, are kept 90 %
// full by a mix of jobs that come and go. Columns: gpus, decisions, ns per decision (find, take and
// give of the same job), the same for jobs of one part, for gangs per part.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/random.h"
#include "pool/occupancy.h"

enum { TRAYS = 18, TRAY_GPUS = 4, RACKS = 16, ROWS = 16, PARTS_MAX = 64 };

typedef struct running {
    ls_shape shape;
    ls_pool_share shares[PARTS_MAX];
} running;

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void make_cluster(uint64_t gpus, ls_cluster *c) {
    static const ls_gpu_kind kind = {.name = "gb200", .memory_mib = 190000};
    const uint32_t racks = (uint32_t)((gpus + TRAYS * TRAY_GPUS - 1) / (TRAYS * TRAY_GPUS));
    ls_pool_unit *units = calloc((size_t)racks * 2 + 2, sizeof *units);
    ls_pool_node *nodes = calloc((size_t)racks * TRAYS, sizeof *nodes);
    if (units == NULL || nodes == NULL) {
        abort();
    }
    *c = (ls_cluster){.kinds = &kind, .kind_count = 1, .units = units, .nodes = nodes};
    uint32_t hall = 0, row = 0;
    for (uint32_t r = 0; r < racks; r++) {
        if (r % (RACKS * ROWS) == 0) {
            hall = c->unit_count;
            units[c->unit_count++] = (ls_pool_unit){.name = "hall",
                                                    .level = LS_POOL_HALL,
                                                    .parent = LS_POOL_NONE,
                                                    .node_at = c->node_count};
        }
        if (r % RACKS == 0) {
            row = c->unit_count;
            units[c->unit_count++] = (ls_pool_unit){
                .name = "row", .level = LS_POOL_ROW, .parent = hall, .node_at = c->node_count};
        }
        units[c->unit_count] = (ls_pool_unit){.name = "rack",
                                              .level = LS_POOL_DOMAIN,
                                              .parent = row,
                                              .node_at = c->node_count,
                                              .node_count = TRAYS};
        units[hall].node_count += TRAYS;
        units[row].node_count += TRAYS;
        for (uint32_t t = 0; t < TRAYS; t++) {
            nodes[c->node_count++] = (ls_pool_node){.name = "tray",
                                                    .unit = c->unit_count,
                                                    .gpus = TRAY_GPUS,
                                                    .cpu_milli = 144000,
                                                    .memory_mib = 960000};
            c->gpus += TRAY_GPUS;
        }
        c->unit_count++;
    }
}

static ls_shape draw(uint64_t n) {
    static const ls_shape shapes[] = {
        {.parts = 1, .gpus = 1, .cpu_milli = 16000, .kinds = 1},
        {.parts = 1, .gpus = 1, .cpu_milli = 30000, .kinds = 1},
        {.parts = 1, .milli = 250, .cpu_milli = 4000, .kinds = 1},
        {.parts = 1, .gpus = 2, .cpu_milli = 40000, .kinds = 1},
        {.parts = 1, .gpus = 4, .cpu_milli = 100000, .kinds = 1},
        {.parts = 2, .gpus = 4, .cpu_milli = 100000, .kinds = 1, .within = LS_POOL_DOMAIN},
        {.parts = 16, .gpus = 4, .kinds = 1, .within = LS_POOL_DOMAIN, .must = true},
        {.parts = 64, .gpus = 4, .kinds = 1, .within = LS_POOL_ROW, .must = true},
    };
    return shapes[(size_t)(ls_random_uniform(7, 1, n) * 8.0) & 7];
}

static void measure(uint64_t gpus, uint64_t decisions) {
    ls_cluster c;
    make_cluster(gpus, &c);
    ls_occupancy *o = NULL;
    ls_error err = {0};
    if (ls_occupancy_new(&c, LS_PLACE_OWN, NULL, 1, &o, &err) != LS_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    running *jobs = calloc(c.gpus, sizeof *jobs);
    if (jobs == NULL) {
        abort();
    }
    size_t count = 0;
    uint64_t drawn = 0, done = 0, parts = 0, ones = 0;
    const uint64_t keep_milli = c.gpus * LS_POOL_WHOLE / 10;
    double start = 0.0, one_ns = 0.0, gang_ns = 0.0, spent = 0.0;
    bool full = false;
    while (done < decisions) {
        running *j = jobs + count;
        j->shape = draw(drawn++);
        start = now_ns();
        const bool found = ls_occupancy_find(o, &j->shape, INT64_MAX, j->shares);
        if (found) {
            ls_occupancy_take(o, &j->shape, j->shares, j->shape.parts);
        }
        spent = now_ns() - start;
        count += found;
        if (full) {
            done++;
            *(j->shape.parts > 1 ? &gang_ns : &one_ns) += spent;
            *(j->shape.parts > 1 ? &parts : &ones) += j->shape.parts;
        }
        while (ls_occupancy_free_milli(o) < keep_milli) {
            full = true;
            const size_t at = (size_t)(ls_random_uniform(7, 2, drawn++) * (double)count);
            start = now_ns();
            ls_occupancy_give(o, &jobs[at].shape, jobs[at].shares, jobs[at].shape.parts);
            spent = now_ns() - start;
            *(jobs[at].shape.parts > 1 ? &gang_ns : &one_ns) += spent;
            jobs[at] = jobs[--count];
        }
    }
    printf("%llu,%llu,%.0f,%.0f,%.0f\n", (unsigned long long)c.gpus, (unsigned long long)done,
           (one_ns + gang_ns) / (double)done, one_ns / (double)ones, gang_ns / (double)parts);
    ls_occupancy_free(o);
    free(jobs);
    free((void *)(uintptr_t)c.units);
    free((void *)(uintptr_t)c.nodes);
}

int main(int argc, char **argv) {
    const uint64_t decisions = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000;
    puts("gpus,decisions,ns_per_decision,ns_one_part,ns_gang_part");
    const uint64_t only = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    for (uint64_t gpus = only > 0 ? only : 1000; gpus <= (only > 0 ? only : 1000000); gpus *= 10) {
        measure(gpus, decisions);
    }
    return 0;
}
