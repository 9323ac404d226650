// base.h - which base rule is best for a plant, and how far to look ahead: found by the twin.
//
// A study runs a plant under many rules from the same settled states with the same random numbers.
// Rules are tried for the whole plant first, then station by station (coordinate descent); the best
// one replaces the plant's own only when it is better on states that took no part in the search.
#pragma once

#include "decide/decider.h"

enum { LS_STUDY_STATES = 8, LS_STUDY_FRESH = 12, LS_STUDY_ALL = LS_STUDY_STATES + LS_STUDY_FRESH };

typedef struct ls_study {
    ls_decider *d;
    const atomic_bool *stop;
    ls_snapshot *start[LS_STUDY_ALL];  // settled under the plant's own rule; the last ones fresh
    int64_t cycle_us;                  // mean cycle time under it
    int64_t warm_us, span_us;          // of a run: what goes before, what counts
    double events_per_us;
    double events_left;  // budget
} ls_study;

// Settled states of the plant from `from` (NULL: time zero) on. Close it in any case.
ls_status ls_study_open(ls_study *study, ls_decider *d, const ls_snapshot *from,
                        const atomic_bool *stop, ls_error *err);
void ls_study_close(ls_study *study);
// Cost per hour under a twin from states [first, first + count): after warm_us of its own.
ls_status ls_study_run(ls_study *study, const ls_twin *twin, uint32_t first, uint32_t count,
                       int64_t warm_us, int64_t span_us, double *out_costs, ls_error *err);

// Adds bases to the decider and chooses one of them.
ls_status ls_base_search(ls_study *study, ls_error *err);
// The least horizon at which the kept bases rank as they do in the long run (horizon.c).
ls_status ls_horizon_search(ls_study *study, ls_error *err);
