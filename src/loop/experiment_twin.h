// experiment_twin.h - what the twin says of an experiment: how long a rule acts after it has gone,
// and what each period would cost under the line's own rule. Runs as long as it takes: not on a
// thread that has something else to do.
#pragma once

#include <stdatomic.h>

#include "decide/decider.h"
#include "decide/prove/carryover.h"

typedef struct ls_experiment_measured {
    ls_carryover carryover;
    int64_t looked_us;  // after the block, at most
    uint32_t pairs;
    const char *rule;  // the other one; of the decider
} ls_experiment_measured;

// The line's own rule against the decider's base; where that is the own rule, against the one that
// differs most of those that were tried. Deterministic: pairs are chosen by how many events the
// plant has, not by a clock. Fails with LS_ERR_INVALID where there is no other rule,
// LS_ERR_STOPPED, LS_ERR_MEMORY, what running fails with.
ls_status ls_experiment_measure(const ls_decider *decider, const ls_snapshot *present,
                                const atomic_bool *stop, ls_experiment_measured *out,
                                ls_error *err);
// Mean cost per hour of the two periods of block_us from the present on, under the line's own rule.
// Same failures.
ls_status ls_experiment_forecast(const ls_decider *decider, const ls_snapshot *present,
                                 int64_t block_us, uint64_t seed, const atomic_bool *stop,
                                 double out[2], ls_error *err);
