// statistics.h - means, intervals, warm-up, run length. Pure functions over doubles.
//
// Nothing here allocates or fails; what cannot be answered is INFINITY, or said at the function.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// p in 0..1; -INFINITY at 0 and INFINITY at 1. Relative error below 1e-13.
double ls_stat_normal_quantile(double p);
// degrees > 0, may be fractional or INFINITY (then normal). Absolute error of the probability below
// 1e-12 up to 1000 degrees, 1e-9 beyond. t quantile .975 df 9 = 2.262157163
double ls_stat_t_quantile(double p, double degrees);
double ls_stat_t_cdf(double t, double degrees);

typedef struct ls_summary {  // Welford 1962; all zero is the empty one
    int64_t count;
    double mean, m2, min, max;  // m2: sum of squared distances from the mean
} ls_summary;
void ls_summary_add(ls_summary *summary, double value);
// Adds the values of `other` (Chan, Golub, LeVeque 1979). Associative up to rounding, so used in
// index order only.
void ls_summary_merge(ls_summary *summary, const ls_summary *other);
double ls_summary_variance(const ls_summary *summary);  // sample variance, 0 when count < 2

typedef struct ls_interval {
    double mean, half_width, low, high;  // half_width is INFINITY when count < 2
    double level;                        // e.g. 0.95
    int64_t count;
} ls_interval;
// Student's t interval for the mean of independent values; level in 0..1, exclusive.
ls_interval ls_stat_interval(const double *values, size_t count, double level);
ls_interval ls_stat_interval_of(const ls_summary *summary, double level);
// Of n equally likely values, which are sorted: their mean, and what one more of the same kind lies
// between with at least `level`, by order statistics: the k-th least and the k-th greatest hold it
// with 1 - 2 k / (n + 1).
void ls_stat_one_more(double *values, uint32_t n, double level, double *out_mean, double *out_low,
                      double *out_high);
// b[i] - a[i], paired.
ls_interval ls_stat_paired(const double *a, const double *b, size_t count, double level);
// Non-overlapping batch means over a series, `batches` of equal length (rest at the front dropped).
// The interval's count is the number of batches; with fewer values than batches each value is one.
ls_interval ls_stat_batch_means(const double *series, size_t count, size_t batches, double level);
// MSER-5 (White 1997): how many observations to cut from the front (a multiple of 5): the place in
// the first half of the means of five that makes (sum of squared distances) / (number kept)^2
// least. *out_reliable is false when an even lower one lies in the last half (without its last
// five, where it says nothing), or when there are fewer than 10 means: then more data is needed.
// O(count).
size_t ls_stat_mser5(const double *series, size_t count, bool *out_reliable);
// Replications needed for a relative half width, from a pilot (iterated t): the least n >= 2 with
// t(n - 1) * sqrt(variance / n) <= relative * |mean|. INT64_MAX when no number is enough (mean 0).
int64_t ls_stat_replications(double mean, double variance, double relative, double level);
// Type 7 (Hyndman and Fan 1996): linear between order statistics. p in 0..1, count at least 1.
double ls_stat_quantile_sorted(const double *sorted, size_t count, double p);
