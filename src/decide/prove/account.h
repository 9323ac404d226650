// account.h - promised against realised, per kind of decision.
//
// A claim is one decision and what it promised, with its interval. Promises add up; their intervals
// as if the decisions were independent, and, wider, as if they all erred together. What came of
// them is told for windows of time, since one decision's effect cannot be parted from that of its
// neighbours. Gains of windows add up, errors of the method plainly, intervals as independent
// ones: what is left to the model is drawn by each window for itself. Whether a gain is shown is
// judged of the sum, never window by window: picking the good ones would claim too much. Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "decide/prove/counterfactual.h"
#include "plant/decide.h"

enum {
    LS_ACCOUNT_SUBJECTS = 64,  // of settings, beside 0
    LS_ACCOUNT_ROWS = LS_DECIDE_KIND_COUNT + LS_ACCOUNT_SUBJECTS
};

typedef struct ls_claim {
    ls_decide_kind kind;
    // 0: of the kind as a whole. Settings: number of the value that they are for, from 1 up to
    // LS_ACCOUNT_SUBJECTS; each has a unit of its own, and so a row of its own.
    uint32_t subject;
    bool sent;               // the line has done it
    double gain, low, high;  // promised; in the objective's unit
    bool of_rule;            // rests on one measured rule: such claims err together
} ls_claim;

// What the decisions of one kind brought in one window of time.
typedef struct ls_outcome {
    ls_decide_kind kind;
    uint32_t subject;                              // as in a claim
    size_t decisions;                              // done in it
    double promised, promised_low, promised_high;  // by them, as if all erred together
    // What was to be expected of this window (promise.h): the same that is told of it. NaN: not
    // known.
    double awaited, awaited_low, awaited_high;
    double level;            // of the interval
    double gain, low, high;  // by the method; NaN: not told
    double error;            // with which it reproduces what really happened
    double drawn;            // share of operations left to the model
    bool shown;              // alone, the window would show a gain
    char why[200];           // it is not
} ls_outcome;

// The figures of a method, into the outcome; what it promised stays.
void ls_outcome_take(ls_outcome *outcome, const ls_counterfactual_result *result);

typedef struct ls_account_row {
    ls_decide_kind kind;
    uint32_t subject;
    size_t decisions, sent;
    double promised, low, high;  // of those sent; as if independent, but for those of a rule
    double low_together, high_together;  // as if all erred together
    size_t windows, told;                // in which some were done; of these with a figure
    size_t realised;                     // decisions of the windows told
    double gain, gain_low, gain_high;    // realised, of the windows told; NaN: none
    double error;                        // of the method
    bool shown;                          // the gain is above the error and off zero
    size_t compared;  // windows told of which it is known what was to be expected
    size_t inside;    // those of them whose gain lies in that, but for the error of the method
    double expected;  // so many should at least, by the levels
    double awaited, awaited_low, awaited_high;  // of those compared, together
    double brought;                             // by them
    char why_not[200];                          // why nothing is shown; "": it is
} ls_account_row;

// One row for each kind (and subject) that occurs, in the order of both; returns how many.
size_t ls_account_make(const ls_claim *claims, size_t count, const ls_outcome *outcomes,
                       size_t outcome_count, ls_account_row rows[LS_ACCOUNT_ROWS]);
