// survival.c - see survival.h.
#include "twin/calibrate/survival.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/kmath.h"
#include "base/statistics.h"
#include "twin/calibrate/search.h"

bool ls_fit_time_is_good(const ls_fit_time *t) {
    return ls_is_finite(t->value) && ls_is_finite(t->entered) && t->entered >= 0.0 &&
           t->value >= t->entered && !(t->value == t->entered && t->entered > 0.0) &&
           !(t->censored && t->value == 0.0);
}

static int compare_times(const void *a, const void *b) {
    const ls_fit_time *x = a;
    const ls_fit_time *y = b;
    if (x->value != y->value) {
        return x->value < y->value ? -1 : 1;
    }
    return (int)x->censored - (int)y->censored;
}

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

// At risk at t: entered before t and not yet over.
static void product_limit(const ls_fit_time *sorted, const double *entries, size_t count,
                          ls_survival *out) {
    double left = 1.0;
    size_t entered = 0;
    for (size_t i = 0; i < count;) {
        const double t = sorted[i].value;
        size_t over = i;
        size_t ended = 0;
        for (; over < count && sorted[over].value == t; over++) {
            ended += sorted[over].censored ? 0 : 1;
        }
        while (entered < count && (entries[entered] < t || entries[entered] == 0.0)) {
            entered++;
        }
        if (ended > 0 && entered > i) {
            left *= 1.0 - (double)ended / (double)(entered - i);
            out->at[out->count] = t;
            out->survival[out->count++] = left > 0.0 ? left : 0.0;
        }
        i = over;
    }
}

ls_status ls_survival_make(const ls_fit_time *times, size_t count, ls_survival *out,
                           ls_error *err) {
    *out = (ls_survival){0};
    ls_fit_time *sorted = ls_alloc(count * sizeof *sorted);
    double *entries = ls_alloc(count * sizeof *entries);
    out->at = ls_alloc(count * sizeof *out->at);
    out->survival = ls_alloc(count * sizeof *out->survival);
    ls_status status = LS_OK;
    if (sorted == NULL || entries == NULL || out->at == NULL || out->survival == NULL) {
        ls_survival_clear(out);
        status = ls_fail(err, LS_ERR_MEMORY, "no memory for %zu times", count);
    } else {
        size_t good = 0;
        for (size_t i = 0; i < count; i++) {
            if (ls_fit_time_is_good(&times[i])) {
                sorted[good] = times[i];
                entries[good++] = times[i].entered;
            }
        }
        qsort(sorted, good, sizeof *sorted, compare_times);
        qsort(entries, good, sizeof *entries, compare_doubles);
        product_limit(sorted, entries, good, out);
    }
    ls_free(sorted);
    ls_free(entries);
    return status;
}

void ls_survival_clear(ls_survival *survival) {
    if (survival != NULL) {
        ls_free(survival->at);
        ls_free(survival->survival);
        *survival = (ls_survival){0};
    }
}

double ls_survival_at(const ls_survival *survival, double x) {
    size_t low = 0;
    size_t high = survival->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (survival->at[middle] <= x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? 1.0 : survival->survival[low - 1];
}

ls_share ls_share_make(uint64_t hits, uint64_t count, double level) {
    assert(hits <= count && level > 0.0 && level < 1.0);
    ls_share s = {.hits = hits, .count = count, .share = NAN, .low = 0.0, .high = 1.0};
    if (count == 0) {
        return s;
    }
    const double n = (double)count;
    const double p = (double)hits / n;
    const double z = ls_stat_normal_quantile(0.5 + 0.5 * level);
    const double middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    const double half = z / (1.0 + z * z / n) * sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
    s.share = p;
    s.low = hits == 0 ? 0.0 : fmax(0.0, middle - half);
    s.high = hits == count ? 1.0 : fmin(1.0, middle + half);
    return s;
}

static double log_binomial(double n, double k, double p) {
    const double a = k > 0.0 ? k * ls_log(p) : 0.0;
    const double b = n - k > 0.0 ? (n - k) * ls_log1p(-p) : 0.0;
    return ls_lgamma(n + 1.0) - ls_lgamma(k + 1.0) - ls_lgamma(n - k + 1.0) + a + b;
}

double ls_share_exact_p(uint64_t hits, uint64_t count, double p) {
    assert(hits <= count && p >= 0.0 && p <= 1.0);
    if (p == 0.0 || p == 1.0) {
        return (double)hits == p * (double)count ? 1.0 : 0.0;
    }
    const double n = (double)count;
    const double here = log_binomial(n, (double)hits, p);
    double sum = 0.0;
    for (uint64_t k = 0; k <= count; k++) {
        const double other = log_binomial(n, (double)k, p);
        sum += other <= here + 1e-7 ? ls_exp(other) : 0.0;
    }
    return fmin(sum, 1.0);
}

double ls_share_differ_p(uint64_t hits_a, uint64_t count_a, uint64_t hits_b, uint64_t count_b) {
    if (count_a == 0 || count_b == 0) {
        return 1.0;
    }
    const double a = (double)count_a;
    const double b = (double)count_b;
    const double p = (double)(hits_a + hits_b) / (a + b);
    const double variance = p * (1.0 - p) * (1.0 / a + 1.0 / b);
    if (!(variance > 0.0)) {
        return 1.0;
    }
    const double z = ls_abs((double)hits_a / a - (double)hits_b / b) / sqrt(variance);
    return 2.0 * ls_normal_survival(z);
}

double ls_chi2_survival(double x, double degrees) {
    return x > 0.0 ? ls_gamma_survival(0.5 * degrees, 0.5 * x) : 1.0;
}

typedef struct chi2_goal {
    double survival, degrees;
} chi2_goal;

static double chi2_miss(const void *context, double x) {
    const chi2_goal *goal = context;
    return goal->survival - ls_chi2_survival(x, goal->degrees);
}

double ls_chi2_quantile(double p, double degrees) {
    assert(p > 0.0 && p < 1.0 && degrees > 0.0);
    const chi2_goal goal = {1.0 - p, degrees};
    return ls_search_zero(chi2_miss, &goal, 0.0, degrees + 40.0 * sqrt(2.0 * degrees) + 100.0);
}
