// statistics.h - means, intervals, warm-up, run length. Pure functions over doubles.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

double ls_stat_normal_quantile(double p);
double ls_stat_t_quantile(double p, double degrees);  // t quantile .975 df 9 = 2.262157163
double ls_stat_t_cdf(double t, double degrees);

typedef struct ls_summary {  // Welford; merge is associative up to rounding, used in index order only
    int64_t count;
    double mean, m2, min, max;
} ls_summary;
void ls_summary_add(ls_summary *summary, double value);
double ls_summary_variance(const ls_summary *summary);  // sample variance, 0 when count < 2

typedef struct ls_interval {
    double mean, half_width, low, high;  // half_width is INFINITY when count < 2
    double level;                        // e.g. 0.95
    int64_t count;
} ls_interval;
ls_interval ls_stat_interval(const double *values, size_t count, double level);
// b[i] - a[i], paired.
ls_interval ls_stat_paired(const double *a, const double *b, size_t count, double level);
// Non-overlapping batch means over a series, `batches` of equal length (rest at the front dropped).
ls_interval ls_stat_batch_means(const double *series, size_t count, size_t batches, double level);
// MSER-5 (White 1997): how many observations to cut (a multiple of 5); *out_reliable is false when the
// minimum lies in the last half (then more data is needed). Test: oracles.py.
size_t ls_stat_mser5(const double *series, size_t count, bool *out_reliable);
// Replications needed for a relative half width, from a pilot (iterated t).
int64_t ls_stat_replications(double mean, double variance, double relative, double level);
double ls_stat_quantile_sorted(const double *sorted, size_t count, double p);  // type 7
