// collect.h - facts gathered by the value of the plant file that they are about.
//
// Facts whose ends were not heard are kept apart and used only where there are no others. At most
// LS_COLLECT_MOST times are kept of one quantity: beyond, a sample drawn with equal chances.
#pragma once

#include "plant/plant.h"
#include "twin/calibrate/quantity.h"
#include "twin/calibrate/survival.h"
#include "twin/follow/fact.h"

enum { LS_COLLECT_MOST = 1 << 20 };

typedef struct ls_collected_times {
    ls_fit_time *items;
    size_t count, capacity;
    uint64_t offered;  // as many as came, kept or not
} ls_collected_times;

typedef struct ls_collected {
    ls_quantity_id id;
    ls_collected_times heard, inferred;
    // Shares: lots that were so, and all that are known; of these, those told to have passed. A
    // follower that tells nothing of lots that pass a last step still tells that they are done.
    uint64_t hits, trials, passed, done;
} ls_collected;

typedef struct ls_collect ls_collect;

typedef struct ls_collect_figures {
    uint64_t facts, used, inferred, useless;  // useless: says nothing of a value
    const char *why[8];                       // reasons, and how often
    uint64_t why_count[8];
    uint32_t reasons;
} ls_collect_figures;

// The plant is kept alive by the caller. `seed` is of the sample beyond the limit.
ls_status ls_collect_create(const ls_plant *plant, uint64_t seed, ls_collect **out, ls_error *err);
void ls_collect_destroy(ls_collect *collect);
// The form that ls_follow_def.fact wants; context is the collect. Out of memory is sticky.
void ls_collect_fact(void *collect, const ls_fact *fact);
bool ls_collect_failed(const ls_collect *collect);
uint32_t ls_collect_count(const ls_collect *collect);
// In the order in which the quantities were first seen.
const ls_collected *ls_collect_get(const ls_collect *collect, uint32_t index);
ls_collect_figures ls_collect_describe(const ls_collect *collect);
