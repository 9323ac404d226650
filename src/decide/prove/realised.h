// realised.h - what the world did, whatever the rule: arrivals, durations, failures, repairs.
//
// Filled from the follower's facts (or by a test), then read by counterfactual.h. A duration
// belongs to its lot and step, so that it goes with the lot wherever another rule sends it first. A
// lot that comes later is known by its class and how many came of it before, since another rule may
// number them in another order. The n-th value of a key is the n-th of its life: the n-th visit,
// the n-th failure.
#pragma once

#include "base/status.h"
#include "twin/follow/fact.h"
#include "twin/twin.h"

typedef enum ls_realised_kind {
    LS_REALISED_PROCESS,  // key: serial of the lot << 32 | step; us in work, stops taken out
    LS_REALISED_RELEASE,  // key: class; time of one lot's coming, plant time
    LS_REALISED_CAME,     // key: class; serial of that lot, in the same order
    LS_REALISED_WAITS,    // key: class; time of a lot's coming that then waits in the order pool
    LS_REALISED_ENTERS,   // key: class; time at which a lot comes in out of it
    LS_REALISED_FAILURE,  // key: mode (model-wide); the mode's clock from renewal to failure
    LS_REALISED_REPAIR    // key: mode
} ls_realised_kind;

typedef struct ls_realised_value {
    ls_realised_kind kind;
    uint64_t key;
    uint32_t order;  // of being told
    bool censored;   // only a lower bound: it still ran when last seen
    int64_t value;
} ls_realised_value;

typedef struct ls_realised {
    ls_realised_value *items;  // owned
    size_t count, capacity;
    bool sorted;
} ls_realised;

void ls_realised_clear(ls_realised *r);  // all zero is the empty one
// In the order of time. Fails with LS_ERR_MEMORY.
ls_status ls_realised_add(ls_realised *r, ls_realised_kind kind, uint64_t key, int64_t value,
                          bool censored, ls_error *err);
// A fact of a plant that is followed in this twin; those that say nothing here are passed by:
// setups, transports, outcomes and cascades are left to the model, and counted as drawn.
ls_status ls_realised_fact(ls_realised *r, const ls_twin *twin, const ls_fact *fact, ls_error *err);
// Sorts; before the first look-up.
void ls_realised_close(ls_realised *r);
// Place of the first value of a key, `count` when there is none.
size_t ls_realised_find(const ls_realised *r, ls_realised_kind kind, uint64_t key);

static inline uint64_t ls_realised_operation(uint32_t serial, uint32_t step) {
    return (uint64_t)serial << 32 | step;
}
