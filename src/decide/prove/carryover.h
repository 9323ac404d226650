// carryover.h - how long a rule acts on the line after it has gone: measured on the twin.
//
// Pairs of forks of one present, on the same random streams: one goes by the first rule all the
// time; the other by the second for a block, then by the first again. The carryover is the time
// after the block from which on their mean difference of lots inside stays within `share` of its
// greatest, or within two standard errors of zero where even that greatest was not more.
#pragma once

#include <stdatomic.h>

#include "twin/twin.h"

typedef struct ls_carryover_def {
    const ls_twin *first, *second;  // kin
    const ls_snapshot *present;     // of `first`
    int64_t block_us;               // of the second rule
    int64_t step_us;                // resolution
    int64_t most_us;                // looked at after the block
    uint32_t pairs;                 // at least 2
    double share;                   // e.g. 0.1
    uint64_t seed;
    const atomic_bool *stop;  // may be NULL
} ls_carryover_def;

typedef struct ls_carryover {
    bool known;            // false: they had not agreed again by most_us
    int64_t carryover_us;  // a multiple of step_us; -1 when not known (as switchback.h takes it)
    double greatest;       // mean difference, lots
} ls_carryover;
// Pairs that block themselves for good are left out; more than half of them are LS_ERR_STUCK.
// Fails with LS_ERR_INVALID (no kin, times, pairs), LS_ERR_MEMORY, LS_ERR_STOPPED, what running
// fails with.
ls_status ls_carryover_measure(const ls_carryover_def *def, ls_carryover *out, ls_error *err);
