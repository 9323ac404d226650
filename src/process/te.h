// te.h - the Tennessee Eastman process, closed loop, step by step.
//
// A chemical plant of five units (reactor, condenser, separator, compressor, stripper) that makes G
// and H from A, C, D and E, with 41 measurements and 12 valves (J. J. Downs and E. F. Vogel,
// Computers and Chemical Engineering 17 (1993) 245-255), under the decentralised control of
// control.h. The state is a value: assign it, and both copies have the same future. Nothing here
// allocates, looks at a clock or fails.
//
//     ls_te_state state;
//     ls_te_start(&state, 1431655765);
//     state.idv = 1U << 3;                  // IDV 4
//     while (state.steps < 3600) {
//         ls_te_step(&state);
//     }
//     double reactor_kpa = state.measured[6];
#pragma once

#include <stdbool.h>

#include "process/state.h"

enum { LS_TE_STEPS_PER_HOUR = 3600 };
// Seeds are from 1 to this, without the multiples of 2^32, which would make no noise at all.
#define LS_TE_SEED_MAX 9999999999LL
#define LS_TE_SEED_DEFAULT 1431655765LL  // the one that was published first

static inline bool ls_te_seed_is_good(int64_t seed) {
    return seed >= 1 && seed <= LS_TE_SEED_MAX && (seed & 0xffffffffLL) != 0;
}

// At rest, at time 0, with this seed of its noise.
void ls_te_start(ls_te_state *state, int64_t seed);

// One second: the controllers, then the explicit Euler step. A sample for others is taken between
// the two (ls_te_control_now, read, ls_te_integrate), as the recorded data sets were.
void ls_te_step(ls_te_state *state);
void ls_te_control_now(ls_te_state *state);
void ls_te_integrate(ls_te_state *state);
