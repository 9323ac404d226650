// cost.h - what a future costs: the amounts of every term of the objective, exactly.
//
// Amounts are of a span (t0, t1] of one future: two readings of its state, subtracted. What is
// still inside at an end counts up to that end, so that a lot that never comes out is not free.
// With every lot's overlap of [released, gone) with the span, the WIP integral is the sum of the
// cycle times of the lots that left, plus the ages at t1, minus the ages at t0.
#pragma once

#include "plant/decide.h"
#include "twin/twin.h"

typedef struct ls_amounts {
    double of[LS_TERM_COUNT];  // lots, lots, lot hours, lot hours, hours, setups, lots ...
} ls_amounts;

// A reading of a state as of at_us (its present, or later where a plant has ended before: it then
// stands still). Only differences of two readings mean something.
ls_amounts ls_amounts_read(const ls_twin *twin, const ls_state *state, int64_t at_us);
ls_amounts ls_amounts_between(const ls_amounts *from, const ls_amounts *to);

// The weights of a plant; cycle time alone when it gives none.
void ls_cost_weights(const ls_decide *decide, double weights[LS_TERM_COUNT]);
// Sum of weight x amount; throughput and lots in time count with the other sign. Less is better.
double ls_cost_of(const double weights[LS_TERM_COUNT], const ls_amounts *amounts);
// Is more of this term better?
bool ls_term_is_good(ls_objective_term term);
