// account.h - promised against realised, per kind of decision.
//
// A claim is one decision that was carried out: what it promised, with its interval, and, where its
// horizon has passed, what it brought by a method. Promises add up; their intervals as if the
// decisions were independent, and, wider, as if they all erred together. Pure.
#pragma once

#include <stddef.h>

#include "plant/decide.h"

typedef struct ls_claim {
    ls_decide_kind kind;
    bool sent;               // the line has done it
    double gain, low, high;  // promised; in the objective's unit
    double level;            // of the interval, e.g. 0.95
    bool of_rule;            // rests on one measured rule: such claims err together
    bool realised;           // the rest counts
    bool shown;              // and is not below the error of its method
    double realised_gain, realised_low, realised_high;
} ls_claim;

typedef struct ls_account_row {
    ls_decide_kind kind;
    size_t decisions, sent;
    double promised, low, high;  // of those sent; as if independent, but for those of a rule
    double low_together, high_together;  // as if all erred together
    size_t realised;                     // of those sent, with a figure
    size_t shown;                        // above the error of the method
    double gain, gain_low, gain_high;    // realised, of those shown; NaN: none
    size_t inside;                       // realised gain lies in the promised interval
    double expected;                     // so many should, by the levels
    char why_not[200];                   // why nothing is shown; "": it is
} ls_account_row;

// One row for each kind that occurs, in the order of kinds; returns how many.
size_t ls_account_make(const ls_claim *claims, size_t count,
                       ls_account_row rows[LS_DECIDE_KIND_COUNT]);
