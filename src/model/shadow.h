// shadow.h - may a challenger that has predicted beside the champion take its place?
//
// Both have predicted the same moments of the running plant; as labels come, their squared errors
// (of a quantile: pinball losses) are compared. One looks whenever one likes, so the test must hold
// at every moment at once. A test of fixed size that is looked at again and again lets an equal
// model in sooner or later.
//
// Evidence is an e-process: a bet that the challenger's mean loss is less, whose stake doubles and
// halves with the data, and which grows to 1 / (1 - level) with a chance of at most 1 - level when
// it is not less (Ville's inequality), at whatever moment one stops. The bet is a mixture over the
// size of the effect in deviations (half normal) with an unknown deviation: Lai's t mixture (Wang
// and Ramdas, "Anytime-valid t-tests and confidence sequences for Gaussian means with unknown
// variance", 2023; Robbins 1970), with n = blocks, s = sum of differences, v = sum of their
// squares:
//
//     evidence = 2 T_n(a sqrt n) sqrt(c2 / (n + c2)) (1 - s^2 / ((n + c2) v))^(-n / 2)
//     a = s / sqrt((n + c2) (v - s^2 / (n + c2))),  T_n: Student's distribution function
//
// Rows of a process are not independent. The rows of a stretch of time, all units together, count
// as one block; blocks are as long as a label's horizon at least, and two become one whenever there
// are LS_SHADOW_BLOCKS, so that a block is always a fixed share of all that was seen. What
// correlation is left between blocks shrinks their number: n / ((1 + r) / (1 - r)), r the
// correlation of neighbours, corrected for the bias of short series and taken one standard error
// higher (batch means; Chien, Goldsman and Melamed 1997). The bet is fixed in time, not in blocks,
// so joining blocks does not change it. Exact for independent normal blocks; otherwise as good as
// the normal approximation of block means: shadow_test.c measures how often equal models with
// autocorrelated errors are told apart (docs/MODELS.md has the figures).
//
// Constant memory; a pair costs O(1), also one whose label comes late and out of order; a verdict
// O(LS_SHADOW_BLOCKS + units). Not thread safe.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "plant/models.h"

enum { LS_SHADOW_BLOCKS = 64, LS_SHADOW_UNIT_ROWS = 10 };

typedef struct ls_shadow_def {
    ls_model_gates gates;    // level, gain, worst, coverage, interval
    double quantile;         // 0: losses are squared errors; else the quantile's pinball loss
    ls_model_shadow shadow;  // for_us, most_us
    int64_t every_us;        // between moments, at least 1
    int64_t horizon_us;      // moments closer than this share a label
    uint32_t unit_count;     // at least 1
    uint32_t champion, challenger;  // numbers of their versions
} ls_shadow_def;

typedef struct ls_shadow_pair {
    int64_t time_us;  // of the prediction
    uint32_t unit;
    double truth, champion, challenger;
    double low, high;  // of the challenger's interval; NaN: it has none
} ls_shadow_pair;

typedef struct ls_shadow_sum {
    double champion, challenger;  // losses
    uint64_t rows;
} ls_shadow_sum;

typedef struct ls_shadow {
    ls_shadow_def def;
    int64_t begin_us, newest_us, block_us;  // moments; begin is that of the first pair
    ls_shadow_sum blocks[LS_SHADOW_BLOCKS];
    ls_shadow_sum all;
    ls_shadow_sum *units;        // owned
    uint64_t inside, intervals;  // rows within the challenger's interval, of those that had one
    uint64_t passed_over;        // pairs with a value missing, or from before the first one
} ls_shadow;

// LS_ERR_MEMORY. Clear it in any case.
ls_status ls_shadow_init(const ls_shadow_def *def, ls_shadow *out, ls_error *err);
void ls_shadow_clear(ls_shadow *shadow);  // all zero is fine
void ls_shadow_add(ls_shadow *shadow, const ls_shadow_pair *pair);

typedef enum ls_shadow_end {
    LS_SHADOW_RUNNING,
    LS_SHADOW_PASSED,  // it may serve
    LS_SHADOW_LOST,    // it is worse, or no better after all the time that it has
} ls_shadow_end;

typedef struct ls_shadow_verdict {
    ls_shadow_end end;
    char about[240];  // why, one line for people
    int64_t span_us;  // from the first pair to the newest
    uint64_t rows;
    double blocks, effective;  // whole ones; independent ones that they are worth
    double gain;               // share by which the squared error is less; NaN: nothing to compare
    double evidence, against;  // that it is better by the gate's gain; that it is worse
    double wanted;             // 1 / (1 - level), of either
    double champion_rmse, challenger_rmse;  // of a quantile: mean losses
    double coverage;                        // NaN: no intervals
    double worst;                           // most share by which the squared error of a unit rose
    uint32_t worst_unit;                    // UINT32_MAX: no unit has LS_SHADOW_UNIT_ROWS rows
} ls_shadow_verdict;
ls_shadow_verdict ls_shadow_judge(const ls_shadow *shadow);

// The evidence of n values (may be fractional) with this mean and sample deviation that their mean
// is above 0; c2 above 0: the smaller, the larger the effects that are bet on. At most 1e300; 0 for
// n below 2 or a deviation of 0.
double ls_shadow_evidence(double n, double mean, double deviation, double c2);

// What was seen, as JSON and back, to the bit. NULL: out of memory. Loading is total: whatever was
// written, *shadow (made with the same def) is then as it was saved, or as it was before and
// LS_ERR_INVALID says why.
json_t *ls_shadow_save(const ls_shadow *shadow);
ls_status ls_shadow_load(const json_t *saved, ls_shadow *shadow, ls_error *err);
