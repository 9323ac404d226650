// twin_bench.c - what a fork costs beside a plain copy of the same bytes.
//
// twin_bench fork [--json] PLANT...: runs each plant for a while, then times ls_snapshot_fork_into
// against memcpy of the state, alternating, in rounds; prints nanoseconds of every round. The cost
// of running the future is not in it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lineshaft/twin.h>

enum { ROUNDS = 11 };

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void print_rounds(const char *name, const double *ns) {
    printf("\"%s\": [", name);
    for (int i = 0; i < ROUNDS; i++) {
        printf("%s%.1f", i > 0 ? ", " : "", ns[i]);
    }
    printf("]");
}

static int bench_fork(const char *path, int first) {
    ls_error err = {0};
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    ls_snapshot *base = NULL;
    ls_snapshot *future = NULL;
    ls_status status = ls_plant_load(path, &plant, NULL, &err);
    status = status == LS_OK ? ls_twin_create(plant, &twin, &err) : status;
    status = status == LS_OK ? ls_snapshot_create(twin, 1, 0, &base, &err) : status;
    status = status == LS_OK ? ls_snapshot_run(twin, base, 20 * 86400LL * 1000000, &err) : status;
    status = status == LS_OK ? ls_snapshot_copy(twin, base, &future, &err) : status;
    if (status != LS_OK) {
        fprintf(stderr, "twin_bench: %s: %s\n", path, err.text);
        return 1;
    }
    size_t size = 0;
    const void *bytes = ls_snapshot_bytes(base, &size);
    void *copy = malloc(size);
    const int times = (int)(200.0e6 / (double)size) + 10;  // a few tens of milliseconds a round
    double fork_ns[ROUNDS];
    double memcpy_ns[ROUNDS];
    memset(copy, 1, size);
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        for (int i = 0; i < times; i++) {
            memcpy(copy, bytes, size);
            __asm__ volatile("" : : "r"(copy) : "memory");
        }
        memcpy_ns[round] = (now_ns() - begin) / times;
        begin = now_ns();
        for (int i = 0; i < times; i++) {
            ls_snapshot_fork_into(twin, base, 1, (uint64_t)i, future);
        }
        fork_ns[round] = (now_ns() - begin) / times;
    }
    printf("%s{\"plant\": \"%s\", \"state_bytes\": %zu, \"lots\": %u, ", first ? "" : ", ",
           ls_twin_describe(twin).name, size, ls_snapshot_lots(base));
    print_rounds("fork_ns", fork_ns);
    printf(", ");
    print_rounds("memcpy_ns", memcpy_ns);
    printf("}");
    free(copy);
    ls_snapshot_destroy(future);
    ls_snapshot_destroy(base);
    ls_twin_destroy(twin);
    ls_plant_destroy(plant);
    return 0;
}

int main(int argc, char **argv) {
    static const char *const examples[] = {"examples/mm1/mm1.yaml", "examples/minifab/minifab.yaml",
                                           "examples/gearbox/gearbox.yaml"};
    if (argc < 2 || strcmp(argv[1], "fork") != 0) {
        fprintf(stderr, "usage: twin_bench fork [--json] [PLANT...]\n");
        return 2;
    }
    int failed = 0;
    int count = 0;
    printf("{\"fork\": [");
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--json") != 0) {
            failed |= bench_fork(argv[i], count++ == 0);
        }
    }
    for (size_t i = 0; count == 0 && i < sizeof examples / sizeof *examples; i++) {
        failed |= bench_fork(examples[i], i == 0);
    }
    printf("]}\n");
    return failed;
}
