// openb_bench.c - the openb experiment under one policy, as CSV on stdout.
//
//     openb_bench NODES.csv PODS.csv POLICY|bound SEED...
// Either table may be packed (.gz).
//
// Columns: policy, seed, arrived (% of the cluster's GPUs), allocated, fragmented (% of them), and
// in a last line of each seed, with arrived -1: nanoseconds per decision, and decisions. With
// `bound`, allocated is what no policy can exceed (openb_bound.h), for 100, 110 and 130 %.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/gzip.h"
#include "import/openb.h"
#include "openb_bound.h"

static const char *const policies[] = {"own",     "random",   "dot-product", "clustering",
                                       "packing", "best-fit", "fgd",         "bound"};
enum { BOUND = 7 };

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void print_bound(const ls_cluster *cluster, const ls_openb_pods *arrivals, uint64_t seed) {
    uint64_t arrived = 0;
    size_t count = 0;
    static const uint64_t percents[] = {100, 110, 130};
    for (size_t p = 0; p < 3; p++) {
        while (count < arrivals->count && arrived < cluster->gpus * 10 * percents[p]) {
            arrived += ls_shape_milli(arrivals->shapes + count++);
        }
        printf("bound,%llu,%llu,%.4f,0\n", (unsigned long long)seed,
               (unsigned long long)percents[p], openb_bound(arrivals, count, cluster));
    }
}

static ls_status run(const ls_cluster *cluster, const ls_openb_pods *pods, int policy,
                     uint64_t seed, ls_arena *arena, ls_error *err) {
    ls_demand demand = {0};
    ls_openb_pods arrivals = {0};
    ls_occupancy *o = NULL;
    ls_status status = ls_openb_demand(pods, arena, &demand, err);
    if (status == LS_OK) {
        status = ls_openb_arrivals(pods, cluster, 1.3, seed, arena, &arrivals, err);
    }
    if (status == LS_OK && policy == BOUND) {
        return print_bound(cluster, &arrivals, seed), LS_OK;
    }
    if (status == LS_OK) {
        status = ls_occupancy_new(cluster, (ls_place_policy)policy, &demand, seed, &o, err);
    }
    if (status != LS_OK) {
        return status;
    }
    const double gpus = (double)cluster->gpus * LS_POOL_WHOLE;
    double arrived = 0.0, spent = 0.0;
    int percent = 0;
    for (size_t i = 0; i < arrivals.count; i++) {
        const ls_shape *s = arrivals.shapes + i;
        ls_pool_share share;
        const double start = now_ns();
        if (ls_occupancy_find(o, s, INT64_MAX, &share)) {
            ls_occupancy_take(o, s, &share, 1);
        }
        spent += now_ns() - start;
        arrived += (double)ls_shape_milli(s);
        // The value that stands when N % have come; the last pod ends just below 130 %.
        while (percent <= 130 && (arrived / gpus * 100.0 >= percent || i + 1 == arrivals.count)) {
            if (percent >= 50) {
                printf("%s,%llu,%d,%.4f,%.4f\n", policies[policy], (unsigned long long)seed,
                       percent, 100.0 - (double)ls_occupancy_free_milli(o) / gpus * 100.0,
                       ls_occupancy_fragmented(o) / gpus * 100.0);
            }
            percent++;
        }
    }
    printf("%s,%llu,-1,%.0f,%zu\n", policies[policy], (unsigned long long)seed,
           spent / (double)arrivals.count, arrivals.count);
    ls_occupancy_free(o);
    return LS_OK;
}

int main(int argc, char **argv) {
    int policy = -1;
    for (size_t i = 0; argc > 4 && i < sizeof policies / sizeof *policies; i++) {
        policy = strcmp(policies[i], argv[3]) == 0 ? (int)i : policy;
    }
    if (policy < 0) {
        fprintf(stderr,
                "usage: openb_bench NODES.csv PODS.csv "
                "own|random|dot-product|clustering|packing|best-fit|fgd|bound SEED...\n");
        return 2;
    }
    ls_arena arena;
    ls_arena_init(&arena);
    ls_error err = {0};
    char *text = NULL;
    size_t size = 0;
    ls_cluster cluster;
    ls_openb_pods pods;
    ls_status status = ls_gzip_read_file(argv[1], 1 << 28, &arena, &text, &size, &err);
    if (status == LS_OK) {
        status = ls_openb_nodes(text, size, argv[1], &arena, &cluster, &err);
    }
    if (status == LS_OK) {
        status = ls_gzip_read_file(argv[2], 1 << 28, &arena, &text, &size, &err);
    }
    if (status == LS_OK) {
        status = ls_openb_pods_read(text, size, argv[2], &cluster, &arena, &pods, &err);
    }
    for (int i = 4; status == LS_OK && i < argc; i++) {
        status = run(&cluster, &pods, policy, strtoull(argv[i], NULL, 10), &arena, &err);
    }
    ls_arena_clear(&arena);
    if (status != LS_OK) {
        char message[2048];
        ls_error_format(&err, message, sizeof message);
        fputs(message, stderr);
        return 3;
    }
    return 0;
}
