// conformal.h - how far off may a prediction be? Intervals that hold without knowing how errors are
// distributed.
//
// A score says how wrong a prediction was, usually |truth - prediction|, or that divided by an
// expected error; the interval is all truths whose score is at most the radius. Split conformal: a
// fixed radius, right as long as rows can be exchanged. Adaptive (ACI; Gibbs and Candes 2021): the
// radius follows, so that the share of misses comes to alpha whatever the plant does.
//
// No allocation anywhere: memory is the caller's. Same input, same bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plant/models.h"

// The radius of split conformal: the k-th least of the calibration scores, k = ceil((n + 1) (1 -
// alpha)); INFINITY when k > n (alpha 0.05 needs 19 scores, 0.01 needs 99). `sorted` ascending,
// no NaN; alpha in 0..1: at 0 INFINITY, at 1 (k = 0) -1, the empty interval.
double ls_conformal_radius(const double *sorted, size_t count, double alpha);
// Sorts in place, drops NaN; returns how many are left.
size_t ls_conformal_sort(double *scores, size_t count);
// value +- radius, less what no label of the plan can be: of lives (`objective: life`) below 0 and
// past the horizon, where there is one, of counts below 0. No truth is lost by that. A radius below
// 0 leaves the value alone; NaN twice where it is infinite.
void ls_conformal_interval(const ls_model_plan *plan, double value, double radius, double *out_low,
                           double *out_high);

typedef struct ls_aci {
    double target;    // share of misses that is wanted, above 0 and below 1
    double gamma;     // step, 0.005 to 0.05; larger follows faster and swings more
    double alpha;     // now; within -gamma..1 + gamma when labels are not late
    size_t capacity;  // scores remembered (500), and outcomes in the rolling coverage
    size_t count, next;
    double *recent;                         // [capacity], a ring
    double *sorted;                         // [capacity]
    uint8_t *missed;                        // [capacity], a ring
    size_t outcomes, outcome_next, misses;  // of the ring
    int64_t total, total_misses;
} ls_aci;

// Doubles of memory for `capacity` remembered scores.
size_t ls_aci_doubles(size_t capacity);
// target above 0 and below 1, gamma above 0 and below 1, capacity at least 1 (asserted). `memory`
// lives as long as *out.
void ls_aci_init(double target, double gamma, size_t capacity, double *memory, ls_aci *out);
// Scores known beforehand, as of a calibration; NaN are passed over. They count for the radius, not
// for coverage.
void ls_aci_remember(ls_aci *aci, double score);
// For the next prediction: INFINITY while too little is known or alpha is below 0, -1 (nothing is
// in it) where alpha is 1 or more. O(1).
double ls_aci_radius(const ls_aci *aci);
// The truth has come: its score, and the radius that was given with that prediction (labels may be
// late and out of order). Returns whether it was a miss. O(capacity). A NaN score changes nothing.
bool ls_aci_update(ls_aci *aci, double score, double radius_given);
// Share of hits among the last `capacity` outcomes; NaN before the first. A gate for serving.
double ls_aci_coverage(const ls_aci *aci);
