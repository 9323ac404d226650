// survival.h - what times say without any formula: Kaplan-Meier, and shares with their intervals.
//
// A time may be censored (only "at least so long" is known) and entered late (it was already so
// long when first seen: it says nothing about shorter times). Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_fit_time {
    double value;    // us, or a count; at least 0
    double entered;  // left truncation; 0: seen from its beginning
    bool censored;
} ls_fit_time;
// Says something: finite, not negative, longer than when it was first seen.
bool ls_fit_time_is_good(const ls_fit_time *time);

// The product-limit estimate (Kaplan and Meier 1958; late entries as Lynden-Bell 1971): after
// at[i], survival[i] are left. Owned.
typedef struct ls_survival {
    double *at;
    double *survival;
    size_t count;  // distinct times that ended
} ls_survival;

// Times that are not good are left out. Ties: what ends at a time goes before what is censored at
// it.
ls_status ls_survival_make(const ls_fit_time *times, size_t count, ls_survival *out, ls_error *err);
void ls_survival_clear(ls_survival *survival);
// P(X > x).
double ls_survival_at(const ls_survival *survival, double x);

typedef struct ls_share {  // of `count`, `hits` were so
    uint64_t hits, count;
    double share, low, high;
} ls_share;
// Wilson 1927. With count 0: share NaN, interval 0 to 1.
ls_share ls_share_make(uint64_t hits, uint64_t count, double level);
// Two-sided p-value of `hits` of `count` when the chance is p: the sum over all outcomes that are
// not more likely. O(count).
double ls_share_exact_p(uint64_t hits, uint64_t count, double p);
// Two shares: p-value of "both are the same", by the score test. 1 when either is empty.
double ls_share_differ_p(uint64_t hits_a, uint64_t count_a, uint64_t hits_b, uint64_t count_b);

// Chi-square: P(X > x), and the x for that.
double ls_chi2_survival(double x, double degrees);
double ls_chi2_quantile(double p, double degrees);
