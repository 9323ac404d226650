// random_bench.c - nanoseconds per draw of the batch fills, as one JSON object. "built" is what the
// flags of this file give; for AVX2 with gcc build it with -mavx2 (see random.h).
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/random.h"

typedef void fill_fn(ls_u64 key, ls_u32 stream, ls_u64 first, double *out);

enum { COUNT = 1024, TURNS = 4000, TRIES = 7 };

#define FILLS(name, attributes)                                                                \
    attributes static void uniform_##name(ls_u64 key, ls_u32 stream, ls_u64 at, double *out) { \
        ls_random_fill_uniform(key, stream, at, out, COUNT);                                   \
    }                                                                                          \
    attributes static void exp_##name(ls_u64 key, ls_u32 stream, ls_u64 at, double *out) {     \
        ls_random_fill_exp(key, stream, at, out, COUNT);                                       \
    }

FILLS(built, )
#if defined(__x86_64__)
FILLS(avx512, __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512cd"))))
#endif

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

// The best of some tries: what the code costs when nothing else runs.
static double measure(fill_fn *fill, uint64_t *hash) {
    double out[COUNT];
    double best = 1e300;
    for (int attempt = 0; attempt < TRIES; attempt++) {
        const double start = now_ns();
        uint64_t h = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            fill(12345, 7, (ls_u64)turn * COUNT, out);
            uint64_t word;
            memcpy(&word, &out[turn % COUNT], sizeof word);
            h = h * 0x9e3779b97f4a7c15u + word;
        }
        const double each = (now_ns() - start) / ((double)TURNS * COUNT);
        if (each < best)
            best = each;
        *hash = h;
    }
    return best;
}

static void report(const char *name, fill_fn *uniform, fill_fn *exponential, const char *end) {
    uint64_t hash_uniform = 0;
    uint64_t hash_exp = 0;
    const double u = measure(uniform, &hash_uniform);
    const double e = measure(exponential, &hash_exp);
    printf("  \"%s\": {\"uniform_ns\": %.3f, \"exp_ns\": %.3f, \"hash\": \"%016llx\"}%s\n", name, u,
           e, (unsigned long long)(hash_uniform ^ hash_exp), end);
}

int main(void) {
    printf("{\n");
#if defined(__x86_64__)
    report("built", uniform_built, exp_built, ",");
    if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        report("avx512", uniform_avx512, exp_avx512, ",");
    }
#else
    report("built", uniform_built, exp_built, ",");
#endif
    printf("  \"draws\": %d\n}\n", COUNT * TURNS);
    return 0;
}
