// statistics.c - see statistics.h.
#include "base/statistics.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRACTION_STEPS_MAX = 200000, ROOT_STEPS_MAX = 200, MSER_BATCH = 5 };

static const double sqrt_2 = 1.41421356237309504880;
static const double sqrt_2pi = 2.50662827463100050242;

// The x > 0 that a standard normal exceeds with probability q, 0 < q < 0.5. A rational first guess
// (Abramowitz and Stegun 26.2.23, good to 5e-4), then Halley's steps, each of which triples the
// digits.
static double normal_upper(double q) {
    const double s = sqrt(-2.0 * log(q));
    double x = s - (2.515517 + s * (0.802853 + s * 0.010328)) /
                       (1.0 + s * (1.432788 + s * (0.189269 + s * 0.001308)));
    for (int i = 0; i < 3; i++) {
        const double density = exp(-0.5 * x * x) / sqrt_2pi;
        if (density < DBL_MIN) {
            break;  // beyond 37 sd: the guess is what there is
        }
        const double step = (0.5 * erfc(x / sqrt_2) - q) / density;
        x += step / (1.0 - 0.5 * x * step);
    }
    return x;
}

double ls_stat_normal_quantile(double p) {
    assert(p >= 0.0 && p <= 1.0);
    if (p == 0.0) {
        return -INFINITY;
    }
    if (p == 1.0) {
        return INFINITY;
    }
    if (p == 0.5) {
        return 0.0;
    }
    return p < 0.5 ? -normal_upper(p) : normal_upper(1.0 - p);
}

// Continued fraction of the incomplete beta function (DLMF 8.17.22), by the modified Lentz method;
// converges fast for x < (a + 1) / (a + b + 2).
static double beta_fraction(double a, double b, double x) {
    const double tiny = 1e-300;
    double c = 1.0;
    double d = 1.0 - (a + b) * x / (a + 1.0);
    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int m = 1; m <= FRACTION_STEPS_MAX; m++) {
        const double twice = 2.0 * m;
        const double even = m * (b - m) * x / ((a + twice - 1.0) * (a + twice));
        const double odd = -(a + m) * (a + b + m) * x / ((a + twice) * (a + twice + 1.0));
        const double parts[2] = {even, odd};
        double change = 1.0;
        for (int k = 0; k < 2; k++) {
            d = 1.0 + parts[k] * d;
            d = 1.0 / (fabs(d) < tiny ? tiny : d);
            c = 1.0 + parts[k] / c;
            c = fabs(c) < tiny ? tiny : c;
            change = c * d;
            value *= change;
        }
        if (fabs(change - 1.0) < 2.0 * DBL_EPSILON) {
            break;
        }
    }
    return value;
}

// log of 1 / B(a, 1/2). For large a the gamma functions are large and nearly equal; the series of
// their ratio (DLMF 5.11.13) keeps all digits.
static double log_beta_half_inverse(double a) {
    const double log_sqrt_pi = 0.57236494292470008707;
    if (a > 100.0) {
        const double r = 1.0 / a;
        const double tail = r * (-1.0 / 8.0 + r * r * (1.0 / 192.0 - r * r / 640.0));
        return 0.5 * log(a) + tail - log_sqrt_pi;
    }
    int sign = 0;
    return lgamma_r(a + 0.5, &sign) - lgamma_r(a, &sign) - log_sqrt_pi;
}

// Regularised incomplete beta function I_x(a, 1/2); y = 1 - x is given, so that neither is rounded
// away.
static double beta_half_regular(double a, double x, double y) {
    const double b = 0.5;
    if (x <= 0.0) {
        return 0.0;
    }
    if (y <= 0.0) {
        return 1.0;
    }
    const double log_x = x > 0.5 ? log1p(-y) : log(x);
    const double front = exp(log_beta_half_inverse(a) + a * log_x) * sqrt(y);
    if (x < (a + 1.0) / (a + b + 2.0)) {
        return front * beta_fraction(a, b, x) / a;
    }
    return 1.0 - front * beta_fraction(b, a, y) / b;
}

// From here on the t distribution is the normal one to all digits that matter.
static const double degrees_normal = 1e9;

// P(T > t), t >= 0
static double t_upper(double t, double degrees) {
    if (degrees >= degrees_normal) {
        return 0.5 * erfc(t / sqrt_2);
    }
    if (isinf(t)) {
        return 0.0;
    }
    const double square = t * t;
    return 0.5 * beta_half_regular(0.5 * degrees, degrees / (degrees + square),
                                   square / (degrees + square));
}

double ls_stat_t_cdf(double t, double degrees) {
    assert(degrees > 0.0);
    assert(!isnan(t));
    return t < 0.0 ? t_upper(-t, degrees) : 1.0 - t_upper(t, degrees);
}

// Newton inside a bracket; halves it where Newton would leave.
static double t_upper_inverse(double q, double degrees) {
    double low = 0.0;
    double high = 1.0;
    while (t_upper(high, degrees) > q && high < 1e300) {
        low = high;
        high *= 2.0;
    }
    const double log_scale = log_beta_half_inverse(0.5 * degrees) - 0.5 * log(degrees);
    double t = 0.5 * (low + high);
    for (int i = 0; i < ROOT_STEPS_MAX; i++) {
        const double difference = t_upper(t, degrees) - q;
        if (difference > 0.0) {
            low = t;
        } else {
            high = t;
        }
        const double density = exp(log_scale - 0.5 * (degrees + 1.0) * log1p(t * t / degrees));
        double next = t + difference / density;
        if (!(next > low && next < high)) {
            next = 0.5 * (low + high);
        }
        const double step = fabs(next - t);
        t = next;
        if (step <= 4.0 * DBL_EPSILON * t) {
            break;
        }
    }
    return t;
}

double ls_stat_t_quantile(double p, double degrees) {
    assert(p >= 0.0 && p <= 1.0);
    assert(degrees > 0.0);
    if (degrees >= degrees_normal || p == 0.0 || p == 1.0 || p == 0.5) {
        return ls_stat_normal_quantile(p);
    }
    return p < 0.5 ? -t_upper_inverse(p, degrees) : t_upper_inverse(1.0 - p, degrees);
}

void ls_summary_add(ls_summary *summary, double value) {
    assert(summary != NULL);
    const double distance = value - summary->mean;
    summary->min = summary->count == 0 || value < summary->min ? value : summary->min;
    summary->max = summary->count == 0 || value > summary->max ? value : summary->max;
    summary->count++;
    summary->mean += distance / (double)summary->count;
    summary->m2 += distance * (value - summary->mean);
}

void ls_summary_merge(ls_summary *summary, const ls_summary *other) {
    assert(summary != NULL);
    assert(other != NULL);
    if (other->count == 0) {
        return;
    }
    if (summary->count == 0) {
        *summary = *other;
        return;
    }
    const double mine = (double)summary->count;
    const double theirs = (double)other->count;
    const double distance = other->mean - summary->mean;
    summary->mean += distance * (theirs / (mine + theirs));
    summary->m2 += other->m2 + distance * distance * (mine * theirs / (mine + theirs));
    summary->min = other->min < summary->min ? other->min : summary->min;
    summary->max = other->max > summary->max ? other->max : summary->max;
    summary->count += other->count;
}

double ls_summary_variance(const ls_summary *summary) {
    assert(summary != NULL);
    return summary->count < 2 ? 0.0 : summary->m2 / (double)(summary->count - 1);
}

ls_interval ls_stat_interval_of(const ls_summary *summary, double level) {
    assert(summary != NULL);
    assert(level > 0.0 && level < 1.0);
    ls_interval interval = {
        .mean = summary->mean, .half_width = INFINITY, .level = level, .count = summary->count};
    if (summary->count >= 2) {
        const double n = (double)summary->count;
        const double t = ls_stat_t_quantile(0.5 + 0.5 * level, n - 1.0);
        interval.half_width = t * sqrt(ls_summary_variance(summary) / n);
    }
    interval.low = interval.mean - interval.half_width;
    interval.high = interval.mean + interval.half_width;
    return interval;
}

ls_interval ls_stat_interval(const double *values, size_t count, double level) {
    assert(values != NULL || count == 0);
    ls_summary summary = {0};
    for (size_t i = 0; i < count; i++) {
        ls_summary_add(&summary, values[i]);
    }
    return ls_stat_interval_of(&summary, level);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

void ls_stat_one_more(double *values, uint32_t n, double level, double *out_mean, double *out_low,
                      double *out_high) {
    double sum = 0.0;
    qsort(values, n, sizeof *values, by_value);
    for (uint32_t i = 0; i < n; i++) {
        sum += values[i];
    }
    const uint32_t k = (uint32_t)((n + 1) * (1.0 - level) / 2.0 + 1e-9);
    const uint32_t cut = k > 0 ? k - 1 : 0;
    *out_mean = sum / n;
    *out_low = values[cut];
    *out_high = values[n - 1 - cut];
}

ls_interval ls_stat_paired(const double *a, const double *b, size_t count, double level) {
    assert((a != NULL && b != NULL) || count == 0);
    ls_summary summary = {0};
    for (size_t i = 0; i < count; i++) {
        ls_summary_add(&summary, b[i] - a[i]);
    }
    return ls_stat_interval_of(&summary, level);
}

static double mean_of(const double *values, size_t count) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum / (double)count;
}

ls_interval ls_stat_batch_means(const double *series, size_t count, size_t batches, double level) {
    assert(series != NULL || count == 0);
    assert(batches > 0);
    const size_t length = count < batches ? 1 : count / batches;
    const size_t used = count < batches ? count : batches;
    const double *first = used > 0 ? series + (count - used * length) : NULL;
    ls_summary summary = {0};
    for (size_t i = 0; i < used; i++) {
        ls_summary_add(&summary, mean_of(first + i * length, length));
    }
    return ls_stat_interval_of(&summary, level);
}

size_t ls_stat_mser5(const double *series, size_t count, bool *out_reliable) {
    assert(series != NULL || count == 0);
    assert(out_reliable != NULL);
    const size_t batches = count / MSER_BATCH;
    const size_t half = batches / 2;
    *out_reliable = false;
    if (half < MSER_BATCH) {
        return 0;
    }
    // From the back, so that the summary always holds what a cut at d keeps: O(count).
    ls_summary kept = {0};
    double best = INFINITY;
    double best_late = INFINITY;
    size_t best_cut = 0;
    for (size_t d = batches; d-- > 0;) {
        ls_summary_add(&kept, mean_of(series + d * MSER_BATCH, MSER_BATCH));
        const double statistic = kept.m2 / ((double)kept.count * (double)kept.count);
        if (d < half && statistic <= best) {  // of equals the smallest cut
            best = statistic;
            best_cut = d;
        } else if (d >= half && kept.count > MSER_BATCH && statistic < best_late) {
            best_late = statistic;
        }
    }
    *out_reliable = !(best_late < best);
    return best_cut * MSER_BATCH;
}

int64_t ls_stat_replications(double mean, double variance, double relative, double level) {
    assert(variance >= 0.0);
    assert(relative > 0.0);
    assert(level > 0.0 && level < 1.0);
    const int64_t least = 2;
    const double target = relative * fabs(mean);
    if (variance == 0.0) {
        return least;
    }
    // Never less than with the normal quantile, which also bounds where to search.
    const double z = ls_stat_normal_quantile(0.5 + 0.5 * level);
    const double bound = z * z * variance / (target * target);
    if (!(bound < 9e15)) {
        return INT64_MAX;
    }
    int64_t low = least - 1;  // not enough
    int64_t high = least;     // doubled until it is enough
    const double p = 0.5 + 0.5 * level;
    while (ls_stat_t_quantile(p, (double)(high - 1)) * sqrt(variance / (double)high) > target) {
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (ls_stat_t_quantile(p, (double)(middle - 1)) * sqrt(variance / (double)middle) >
            target) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

double ls_stat_quantile_sorted(const double *sorted, size_t count, double p) {
    assert(sorted != NULL);
    assert(count > 0);
    assert(p >= 0.0 && p <= 1.0);
    const double place = (double)(count - 1) * p;
    const size_t below = (size_t)place;
    if (below + 1 >= count) {
        return sorted[count - 1];
    }
    const double share = place - (double)below;
    return share == 0.0 ? sorted[below]
                        : sorted[below] + share * (sorted[below + 1] - sorted[below]);
}
