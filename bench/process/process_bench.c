// process_bench.c - what a step of the process costs, and a copy of it. Called by
// bench/process/run.
//
// Prints one JSON object: nanoseconds of processor time, the least of several rounds.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "process/te.h"

enum { STEPS = 36000, ROUNDS = 7, COPIES = 1000000 };

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(void) {
    static ls_te_state state, copies[64];
    double step_ns = 1e9, copy_ns = 1e9, sum = 0.0;
    for (int round = 0; round < ROUNDS; round++) {
        ls_te_start(&state, LS_TE_SEED_DEFAULT);
        double began = now_s();
        for (int i = 0; i < STEPS; i++) {
            ls_te_step(&state);
        }
        const double step = (now_s() - began) * 1e9 / STEPS;
        step_ns = step < step_ns ? step : step_ns;
        began = now_s();
        for (int i = 0; i < COPIES; i++) {
            copies[i % 64] = state;
            sum += copies[(i * 7) % 64].measured[6];
        }
        const double copy = (now_s() - began) * 1e9 / COPIES;
        copy_ns = copy < copy_ns ? copy : copy_ns;
    }
    printf("{\"step_ns\": %.1f, \"copy_ns\": %.1f, \"state_bytes\": %zu, \"sum\": %.3f}\n", step_ns,
           copy_ns, sizeof state, sum);
    return 0;
}
