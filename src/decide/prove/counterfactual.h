// counterfactual.h - what the line would have brought by its own rule, in the time that has passed.
//
// The twin goes back to the state at `origin` and runs by the line's own rule on what really took
// how long (realised.h). What never happened under the actual policy draws from the model, another
// way in each future; its share is told. Gain: cost by the own rule less cost of the line.
//
// What comes in: lots of a class with `keep` by its loop, of a timetable by its orders, of a class
// with `every` at the times that were heard. A lot that a release of such a class brought (the
// first that was heard of within ten minutes of the act) is not there in the other past, unless the
// act is kept. Lots of a class with an order pool come in when they were heard to; where an act of
// that class is judged, by the plant's rule: at once, those that wait at the origin when the line
// had said.
//
// Valid when durations, failures and arrivals do not depend on the policy (docs/PROOF.md lists what
// breaks that). The same replay under the actual policy says how well the twin reproduces what
// happened: a gain that is smaller than that error is not shown.
#pragma once

#include "decide/act.h"
#include "decide/prove/realised.h"
#include "plant/decide.h"

typedef struct ls_timed_act {
    int64_t time_us;  // plant time, not before the origin; in the order of time
    ls_act act;
    bool kept;  // done in the other past as well: not one of those that are judged
} ls_timed_act;

enum { LS_COUNTERFACTUAL_FUTURES = 79 };  // the 2nd and 78th of 79 hold exactly 95 %
typedef struct ls_counterfactual_def {
    const ls_twin *own;         // the line's own rule
    const ls_twin *actual;      // a kin: the rule that the line went by; NULL: own
    const ls_twin *kept;        // a kin: the rule that the other past goes by, where decisions that
                                // stay in it followed one; NULL: own
    const ls_snapshot *origin;  // of `own`
    const ls_realised *realised;  // closed
    int64_t until_us;             // plant time
    const double *weights;        // LS_TERM_COUNT, as ls_cost_weights
    double line_cost;             // of what really happened from origin to until, by those weights
    const ls_timed_act *acts;     // what was done to the line beside the actual rule
    size_t act_count;
    uint64_t seed;
    uint32_t futures;  // 0: 79
    double level;      // 0: 0.95
} ls_counterfactual_def;

typedef struct ls_counterfactual_result {
    double gain, low, high;
    double error;  // of reproducing the actual policy, in the unit of the gain
    double drawn;  // share of operations that were left to the model
    bool shown;
    char why[200];  // it is not
} ls_counterfactual_result;
// Fails with LS_ERR_INVALID (times; an act that cannot be done is skipped: what it would have
// changed is in the error), LS_ERR_MEMORY, and what running the plant fails with.
ls_status ls_counterfactual(const ls_counterfactual_def *def, ls_counterfactual_result *out,
                            ls_error *err);
// Is the gain shown: above the error and off zero? Sets shown and why by the figures.
void ls_counterfactual_show(ls_counterfactual_result *result);
