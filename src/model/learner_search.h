// learner_search.h - which settings learn best, by successive halving: says what to run, and runs
// nothing.
//
// A rung is a list of trials that can be learned at the same time, as jobs of a pool or one after
// the other; when their scores are told, the best of them come to the next rung with more rounds,
// until one is left (Jamieson and Talwalkar, AISTATS 2016). Pure: the same definition and the same
// scores give the same rungs; a trial's settings depend on the seed and its number alone.
#pragma once

#include "base/status.h"
#include "model/learner.h"

enum { LS_SEARCH_TRIALS_MAX = 1024, LS_SEARCH_RUNGS_MAX = 12 };

// Start from ls_search_def_default(). Ranges are drawn from evenly, those of eta and
// child_weight_min and lambda evenly in their logarithm; low = high keeps a setting as it is.
typedef struct ls_search_def {
    ls_learner_def base;  // what is the same in all trials; its rounds are those of the last rung
    uint32_t trials;      // of the first rung, 1 to LS_SEARCH_TRIALS_MAX, default 27
    uint32_t keep;        // one of so many comes to the next rung, 2 to 10, default 3
    uint32_t seed;
    uint32_t depth_low, depth_high;              // default 3 to 8
    double eta_low, eta_high;                    // default 0.02 to 0.3
    double child_weight_low, child_weight_high;  // default 1 to 50
    double row_share_low, row_share_high;        // default 0.5 to 1
    double column_share_low, column_share_high;  // default 0.3 to 1
    double lambda_low, lambda_high;              // default 0.1 to 10
} ls_search_def;

typedef struct ls_trial {
    uint32_t number;     // from 0, the same in all rungs
    ls_learner_def def;  // with the rounds of this rung
    double score;        // told by the caller before the next rung; NaN: it failed, or said nothing
} ls_trial;

ls_search_def ls_search_def_default(void);

// The first rung into trials[def->trials]; *count becomes def->trials. The first trial has the
// settings of `base` themselves, so that a search never ends worse than none on the same scores.
// LS_ERR_INVALID names a range that is none.
ls_status ls_search_begin(const ls_search_def *def, ls_trial *trials, uint32_t *count,
                          ls_error *err);
// From a rung with its scores to the next, in place; false when `count` was 1 already, or no trial
// has a score: the search is over, and trials[0] is the best (its score NaN when none has one).
// Ties go to the lower number. The last rung learns for base.rounds.
bool ls_search_next(const ls_search_def *def, bool higher_is_better, ls_trial *trials,
                    uint32_t *count);
// Rounds of all rungs added up: what a search costs, before it begins.
uint64_t ls_search_cost_rounds(const ls_search_def *def);
