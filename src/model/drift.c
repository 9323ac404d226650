// drift.c - samples against a reference.
#include "model/drift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/kmath.h"

enum { VALUES_LEAST = 20 };
static const double SHARE_LEAST = 1e-4;

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// ---- autocorrelation ----------------------------------------------------------------------------

// The sum of products of values `lag` apart; pairs with a NaN are left out.
static double product_at(const double *values, size_t count, size_t lag, double mean) {
    double sum = 0.0;
    for (size_t i = lag; i < count; i++) {
        const double term = (values[i] - mean) * (values[i - lag] - mean);
        sum += isfinite(term) ? term : 0.0;
    }
    return sum;
}

double ls_drift_autocorrelation_time(const double *values, size_t count) {
    double mean = 0.0;
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i])) {
            mean += (values[i] - mean) / (double)++known;
        }
    }
    const double base = product_at(values, count, 0, mean);
    if (known < 10 || !(base > 0.0)) {
        return 1.0;
    }
    double time = -1.0;
    for (size_t lag = 0; lag + 1 < count / 2; lag += 2) {
        const double pair = (product_at(values, count, lag, mean) +
                             product_at(values, count, lag + 1, mean)) /
                            base;
        if (!(pair > 0.0)) {
            break;
        }
        time += 2.0 * pair;
    }
    return fmin(fmax(time, 1.0), (double)known / 2.0);
}

// ---- the reference ------------------------------------------------------------------------------

static size_t bin_of(const ls_drift_reference *r, double value) {
    size_t bin = 0;
    while (bin + 1 < r->bins && value > r->edges[bin]) {
        bin++;
    }
    return bin;
}

static void make_bins(ls_drift_reference *r) {
    r->bins = 0;
    for (size_t k = 1; k < LS_DRIFT_BINS; k++) {  // ends at tenths of the values; equal ones once
        const double edge = r->sorted[(r->count * k + LS_DRIFT_BINS - 1) / LS_DRIFT_BINS - 1];
        if ((r->bins == 0 || edge > r->edges[r->bins - 1]) && edge < r->sorted[r->count - 1]) {
            r->edges[r->bins++] = edge;
        }
    }
    r->bins++;
    for (size_t i = 0; i < r->count; i++) {
        r->shares[bin_of(r, r->sorted[i])] += 1.0;
    }
    for (size_t bin = 0; bin < r->bins; bin++) {
        r->shares[bin] /= (double)r->count;
    }
}

ls_status ls_drift_reference_fit(const double *values, size_t count, ls_drift_reference *out,
                                 ls_error *err) {
    ls_drift_reference r = {.sorted = ls_alloc(count * sizeof *r.sorted)};
    if (r.sorted == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for a reference of %zu values", count);
    }
    for (size_t i = 0; i < count; i++) {
        if (isinf(values[i])) {
            ls_free(r.sorted);
            return ls_fail(err, LS_ERR_INVALID, "value %zu of the reference is infinite", i + 1);
        }
        if (!isnan(values[i])) {
            r.sorted[r.count++] = values[i];
        }
    }
    if (r.count < VALUES_LEAST) {
        ls_free(r.sorted);
        return ls_fail(err, LS_ERR_INVALID, "%zu values in the reference; at least %d are needed",
                       r.count, VALUES_LEAST);
    }
    r.missing = 1.0 - (double)r.count / (double)count;
    r.time = ls_drift_autocorrelation_time(values, count);
    qsort(r.sorted, r.count, sizeof *r.sorted, by_value);
    make_bins(&r);
    *out = r;
    return LS_OK;
}

void ls_drift_reference_clear(ls_drift_reference *r) {
    if (r != NULL) {
        ls_free(r->sorted);
        *r = (ls_drift_reference){0};
    }
}

// ---- compared -----------------------------------------------------------------------------------

double ls_drift_psi_term(double p, double q) {
    p = fmax(p, SHARE_LEAST);
    q = fmax(q, SHARE_LEAST);
    return (q - p) * (ls_log(q) - ls_log(p));
}

// The value that chi-square exceeds with probability `miss`: P(X > x) = survival(degrees / 2, x /
// 2).
static double chi_square(double degrees, double miss) {
    double low = 0.0, high = degrees + 40.0 + 10.0 * sqrt(degrees) - 3.0 * ls_log(miss);
    for (int i = 0; i < 60; i++) {
        const double middle = 0.5 * (low + high);
        if (ls_gamma_survival(0.5 * degrees, 0.5 * middle) > miss) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return 0.5 * (low + high);
}

double ls_drift_psi_noise(size_t bins, double miss, double effective, double reference) {
    const double degrees = bins > 1 ? (double)(bins - 1) : 1.0;
    return effective > 0.0 && reference > 0.0
               ? chi_square(degrees, miss) * (1.0 / effective + 1.0 / reference)
               : (double)INFINITY;
}

static void compare_bins(const ls_drift_reference *r, const double *sorted, size_t known,
                         ls_drift *d) {
    double shares[LS_DRIFT_BINS] = {0};
    for (size_t i = 0; i < known; i++) {
        shares[bin_of(r, sorted[i])] += 1.0 / (double)known;
    }
    size_t bins = r->bins;
    for (size_t bin = 0; bin < r->bins; bin++) {
        d->psi += ls_drift_psi_term(r->shares[bin] * (1.0 - r->missing),
                                    shares[bin] * (1.0 - d->missing));
    }
    if (r->missing > 0.0 || d->missing > 0.0) {
        d->psi += ls_drift_psi_term(r->missing, d->missing);
        bins++;
    }
    d->psi_noise = ls_drift_psi_noise(bins, 0.05, d->effective, (double)r->count / r->time);
}

// Walks both sorted samples at once: the largest gap of the distribution functions, and its
// integral.
static void compare_functions(const ls_drift_reference *r, const double *sorted, size_t known,
                              ls_drift *d) {
    size_t i = 0, j = 0;
    double integral = 0.0, mean = 0.0, squares = 0.0;
    while (i < r->count || j < known) {
        const double at = j == known || (i < r->count && r->sorted[i] <= sorted[j]) ? r->sorted[i]
                                                                                    : sorted[j];
        while (i < r->count && r->sorted[i] <= at) {
            i++;
        }
        while (j < known && sorted[j] <= at) {
            j++;
        }
        const double gap = fabs((double)i / (double)r->count - (double)j / (double)known);
        d->ks = fmax(d->ks, gap);
        if (i < r->count || j < known) {
            const double next = j == known || (i < r->count && r->sorted[i] <= sorted[j])
                                    ? r->sorted[i]
                                    : sorted[j];
            integral += gap * (next - at);
        }
    }
    for (size_t k = 0; k < r->count; k++) {
        const double before = r->sorted[k] - mean;
        mean += before / (double)(k + 1);
        squares += before * (r->sorted[k] - mean);
    }
    const double deviation = sqrt(squares / (double)(r->count - 1));
    d->wasserstein = deviation > 0.0 ? integral / deviation : integral > 0.0 ? INFINITY : 0.0;
    d->ks_noise = 1.358 * sqrt(1.0 / d->effective + r->time / (double)r->count);
}

ls_drift ls_drift_compare(const ls_drift_reference *r, const double *values, size_t count,
                          double *scratch) {
    ls_drift d = {0};
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(values[i])) {
            scratch[known++] = values[i];
        }
    }
    d.missing = count > 0 ? 1.0 - (double)known / (double)count : 0.0;
    d.effective = fmax(1.0, (double)known / ls_drift_autocorrelation_time(values, count));
    if (count == 0) {
        d.psi_noise = d.ks_noise = INFINITY;
        return d;
    }
    if (known == 0) {
        d.effective = (double)count;
    }
    qsort(scratch, known, sizeof *scratch, by_value);
    compare_bins(r, scratch, known, &d);
    if (known > 0) {
        compare_functions(r, scratch, known, &d);
    }
    const bool psi_real = d.psi > d.psi_noise;
    d.watch = (psi_real && d.psi > 0.1) || (d.ks > d.ks_noise && d.ks > 0.1);
    d.act = psi_real && d.psi > 0.25;
    return d;
}
