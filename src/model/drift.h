// drift.h - has a feature, a prediction or an error changed its distribution?
//
// Two ways. Samples against a reference: PSI and Kolmogorov-Smirnov, each with the size of the
// effect beside its significance, since with many rows everything is significant. Value by value:
// Page-Hinkley and ADWIN. Process data are autocorrelated: significance here counts effective
// values (count divided by the autocorrelation time), and the detectors can be fed with means of
// blocks.
//
// Only ls_drift_reference_fit allocates. Nothing here keeps globals; same input, same bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

// How many values in a row tell as much as one independent value: 1 + 2 * sum of autocorrelations,
// up to the first pair (2 k, 2 k + 1) whose sum is not positive (Geyer 1992, initial positive
// sequence). At least 1, at most count / 2; 1 for fewer than 10 values or a constant. NaN are left
// out as if they had not been. O(count * result).
double ls_drift_autocorrelation_time(const double *values, size_t count);

enum { LS_DRIFT_BINS = 10 };
typedef struct ls_drift_reference {
    double *sorted;  // owned; NaN left out
    size_t count;
    double time;                  // autocorrelation time
    double missing;               // share of NaN in what was given
    size_t bins;                  // fewer than LS_DRIFT_BINS where many values are equal
    double edges[LS_DRIFT_BINS];  // upper ends of all bins but the last; a value at an end is below
    double shares[LS_DRIFT_BINS];
} ls_drift_reference;
// At least 20 values that are not NaN, none infinite; else LS_ERR_INVALID. In the order of time.
ls_status ls_drift_reference_fit(const double *values, size_t count, ls_drift_reference *out,
                                 ls_error *err);
void ls_drift_reference_clear(ls_drift_reference *reference);

typedef struct ls_drift {
    // Population stability index over the reference's bins, shares at least 1e-4; missing values
    // are a bin of their own when either side has one.
    double psi;
    double psi_noise;  // what 5 % of samples without any drift exceed: chi-square / effective sizes
    double ks;         // largest distance of the two distribution functions
    double ks_noise;   // the same 5 %: 1.358 sqrt(1 / n + 1 / m), effective sizes
    double wasserstein;  // mean distance of quantiles, in deviations of the reference
    double missing;      // share of NaN
    double effective;    // effective values of the sample
    bool watch;          // psi above 0.1 and above its noise, or ks above 0.1 and above its noise
    bool act;            // psi above 0.25 and above its noise
} ls_drift;
// `scratch` has room for count doubles. A sample in which all values are NaN has ks and
// wasserstein 0, and a large psi. Infinite values lie in the outermost bins.
ls_drift ls_drift_compare(const ls_drift_reference *reference, const double *values, size_t count,
                          double *scratch);

// The PSI over so many bins (one of missing values counts) that a share `miss` of samples without
// any drift exceeds: the chi-square quantile over the two effective sizes. INFINITY where a size
// is 0.
double ls_drift_psi_noise(size_t bins, double miss, double effective, double reference);
// One bin's part of the index: shares of the reference and of the sample, at least 1e-4.
double ls_drift_psi_term(double reference, double sample);

// Means of `size` values in a row, for the detectors: pass the autocorrelation time, rounded up.
typedef struct ls_blocks {
    size_t size;  // 0 counts as 1
    size_t count;
    double sum;
} ls_blocks;
bool ls_blocks_add(ls_blocks *blocks, double value, double *out_mean);  // true: a block is full

// Page (1954), Hinkley (1971): m += x - mean - delta, alarm when m - min m > lambda; both ways when
// two_sided. Values in units in which 1 is one deviation: then independent values without a change
// give a false alarm each exp(2 delta lambda) / (2 delta^2) values, roughly, and a change of
// `shift` is told after lambda / (shift - delta) or somewhat later. All zero but the parameters:
// start.
typedef struct ls_page_hinkley {
    double delta;    // half of the change that matters, default 0.25
    double lambda;   // default 20; larger: later and fewer alarms
    int64_t warmup;  // values before the first alarm, default 30
    bool two_sided;
    int64_t count;
    double mean, up, up_least, down, down_most;
} ls_page_hinkley;
ls_page_hinkley ls_page_hinkley_default(void);
// True: an alarm; the detector has started anew. NaN is passed over.
bool ls_page_hinkley_add(ls_page_hinkley *detector, double value);

// Bifet and Gavalda (2007): a window that grows while its mean stays and drops its old part when
// two parts have different means: |mu0 - mu1| >= sqrt(2 / m v ln(2 / d)) + 2 / (3 m) ln(2 / d) with
// 1 / m = 1 / n0 + 1 / n1, d = delta / ln n. Values are brought to 0..1 by low and high first, as
// the bound wants; others are cut. Exponential histogram: fixed size, O(log n) a value.
enum { LS_ADWIN_ROWS = 40, LS_ADWIN_BUCKETS = 5 };
typedef struct ls_adwin {
    double delta;           // usual 0.002
    double low, high;       // of the values, low < high
    uint32_t every;         // cuts are looked for at every so many values, usual 32; 0 counts as 1
    int64_t count;          // in the window
    double total, squares;  // squares: sum of squared distances from the mean
    uint64_t seen;
    uint32_t rows;
    uint32_t used[LS_ADWIN_ROWS];
    double totals[LS_ADWIN_ROWS][LS_ADWIN_BUCKETS + 1];  // oldest first; of 2^row values each
    double spread[LS_ADWIN_ROWS][LS_ADWIN_BUCKETS + 1];
} ls_adwin;
ls_adwin ls_adwin_default(double low, double high);
bool ls_adwin_add(ls_adwin *detector, double value);  // true: an old part was dropped
double ls_adwin_mean(const ls_adwin *detector);       // of the window, in the values' own units
