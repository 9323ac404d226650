// family.c - one family fitted; see likelihood.h.
#include <math.h>
#include <string.h>

#include "base/kmath.h"
#include "base/statistics.h"
#include "twin/calibrate/likelihood.h"
#include "twin/calibrate/search.h"

static const double CAP_NEAR = 1e-6;  // of ln of a parameter
enum { TRIANGLE_VALUES = 2000, TRIANGLE_LEAST = 10 };

// AIC, or AICc where the sample is small; INFINITY where that says nothing.
static double criterion(double log_likelihood, uint32_t parameters, size_t ended) {
    const double k = parameters;
    const double n = (double)ended;
    const double aic = 2.0 * k - 2.0 * log_likelihood;
    if (n / k >= 40.0) {
        return aic;
    }
    return n - k - 1.0 > 0.0 ? aic + 2.0 * k * (k + 1.0) / (n - k - 1.0) : INFINITY;
}

static void finish(const ls_fit_data *data, double log_likelihood, uint32_t parameters,
                   ls_family_fit *out) {
    out->parameters = parameters;
    out->log_likelihood = log_likelihood - (double)data->ended_count * ls_log(data->scale);
    out->criterion = criterion(out->log_likelihood, parameters, data->ended_count);
    // With one ended time only the exponential can be compared with nothing at all.
    if (!ls_is_finite(out->criterion) && parameters == 1) {
        out->criterion = 2.0 * parameters - 2.0 * out->log_likelihood;
    }
    out->offered = ls_is_finite(out->criterion);
    out->mean = ls_dist_mean(&out->dist, NULL);
}

// t interval of the sample mean; for families whose likelihood has no smooth top.
static void plain_interval(const ls_fit_data *data, double level, ls_family_fit *out) {
    const double n = (double)data->ended_count;
    const double t = n > 1.0 ? ls_stat_t_quantile(0.5 + 0.5 * level, n - 1.0) : INFINITY;
    const double half = n > 1.0 ? t * sqrt(data->squares / (n * (n - 1.0))) * data->scale
                                : INFINITY;
    out->mean_low = fmax(0.0, out->mean - half);
    out->mean_high = out->mean + half;
}

// By the delta method on ln(mean), with the covariance from the curvature of the likelihood.
static void curved_interval(const ls_fit_question *q, const double *x, double level,
                            ls_family_fit *out) {
    const uint32_t n = ls_fit_dimensions(q->family);
    double covariance[LS_SEARCH_DIMENSIONS_MAX * LS_SEARCH_DIMENSIONS_MAX] = {0};
    if (!ls_search_covariance(ls_fit_likelihood, q, n, x, covariance)) {
        plain_interval(q->data, level, out);
        return;
    }
    double slope[LS_SEARCH_DIMENSIONS_MAX] = {0};
    for (uint32_t i = 0; i < n; i++) {
        const double h = 1e-5;
        double up[LS_SEARCH_DIMENSIONS_MAX] = {0};
        double down[LS_SEARCH_DIMENSIONS_MAX] = {0};
        memcpy(up, x, n * sizeof *up);
        memcpy(down, x, n * sizeof *down);
        up[i] += h;
        down[i] -= h;
        slope[i] = (ls_fit_log_mean(q, up) - ls_fit_log_mean(q, down)) / (2.0 * h);
    }
    double variance = 0.0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < n; k++) {
            variance += slope[i] * slope[k] * covariance[i * n + k];
        }
    }
    const double degrees = fmax(1.0, (double)q->data->ended_count - 1.0);
    const double half = ls_stat_t_quantile(0.5 + 0.5 * level, degrees) * sqrt(fmax(variance, 0.0));
    out->mean_low = out->mean * ls_exp(-fmin(half, 700.0));
    out->mean_high = half < 700.0 ? out->mean * ls_exp(half) : INFINITY;
}

// 2 d (mean / m) is chi-square with 2 d degrees where censoring is by number; else nearly.
static void exp_interval(const ls_fit_data *data, double level, ls_family_fit *out) {
    const double degrees = 2.0 * (double)data->ended_count;
    out->mean_low = out->mean * degrees / ls_chi2_quantile(0.5 + 0.5 * level, degrees);
    out->mean_high = out->mean * degrees / ls_chi2_quantile(0.5 - 0.5 * level, degrees);
}

static bool is_capped(ls_family family, const ls_dist *d) {
    const double near = CAP_NEAR;
    switch (family) {
    case LS_FAMILY_WEIBULL: return d->p[0] > 100.0 * (1.0 - near) || d->p[0] < 0.1 * (1.0 + near);
    case LS_FAMILY_LOGNORMAL: return d->p[1] > 4.0 * (1.0 - near) || d->p[1] < 1e-6 * (1.0 + near);
    case LS_FAMILY_GAMMA: return d->p[0] > 1e6 * 0.99 || d->p[0] < 0.0101;
    default: return false;
    }
}

static void fit_smooth(const ls_fit_data *data, ls_family family, double level,
                       ls_family_fit *out) {
    const ls_fit_question q = {.data = data, .family = family};
    double x[LS_SEARCH_DIMENSIONS_MAX] = {0};
    if (ls_fit_dimensions(family) > 1 && data->ended_count < 3) {
        return;
    }
    ls_fit_guess(&q, x);
    const double value = ls_fit_climb(&q, x);
    if (!ls_is_finite(value) || !ls_fit_dist(&q, x, data->scale, &out->dist)) {
        return;
    }
    finish(data, value, ls_fit_dimensions(family), out);
    out->capped = is_capped(family, &out->dist);
    if (family == LS_FAMILY_EXP && data->entered_count == 0) {
        exp_interval(data, level, out);
    } else {
        curved_interval(&q, x, level, out);
    }
}

// The number of phases on either side of the gamma's shape; it counts as a parameter.
static void fit_erlang(const ls_fit_data *data, double level, ls_family_fit *out) {
    ls_family_fit gamma = {0};
    fit_smooth(data, LS_FAMILY_GAMMA, level, &gamma);
    if (!gamma.offered || gamma.dist.p[0] > 1000.0 || gamma.dist.p[0] < 0.5) {
        return;
    }
    double best = -INFINITY;
    for (int side = 0; side < 2; side++) {
        ls_fit_question q = {.data = data, .family = LS_FAMILY_ERLANG};
        q.shape = fmax(1.0, (double)(int)gamma.dist.p[0] + side);
        double x[LS_SEARCH_DIMENSIONS_MAX] = {0};
        ls_dist dist;
        ls_fit_guess(&q, x);
        const double value = ls_fit_climb(&q, x);
        if (ls_is_finite(value) && value > best && ls_fit_dist(&q, x, data->scale, &dist)) {
            best = value;
            out->dist = dist;
            finish(data, value, 2, out);
            curved_interval(&q, x, level, out);
        }
    }
}

// Equal as far as can be seen; a censored time may be shorter, and an entry too.
static void fit_const(const ls_fit_data *data, double resolution, ls_family_fit *out) {
    const double spread = (data->high - data->low) * data->scale;
    const double middle = 0.5 * (data->high + data->low) * data->scale;
    bool allowed = data->ended_count >= 2 && spread <= 2.0 * resolution + 1e-9 * middle;
    for (size_t i = 0; i < data->censored_count; i++) {
        allowed = allowed && data->censored[i] * data->scale <= middle + resolution;
    }
    if (!allowed || ls_dist_make_const(data->mean * data->scale, &out->dist, NULL) != LS_OK) {
        return;
    }
    out->offered = true;
    out->parameters = 1;
    out->log_likelihood = NAN;
    out->criterion = -INFINITY;
    out->mean = data->mean * data->scale;
    out->mean_low = fmax(0.0, out->mean - 0.5 * resolution);
    out->mean_high = out->mean + 0.5 * resolution;
}

// Ends moved out by what a sample of n falls short of them on average.
static void ends(const ls_fit_data *data, double *low, double *high) {
    const double beyond = (data->high - data->low) / ((double)data->ended_count - 1.0);
    *low = fmax(0.0, data->low - beyond);
    *high = data->high + beyond;
}

static void fit_uniform(const ls_fit_data *data, double level, ls_family_fit *out) {
    double low = 0.0;
    double high = 0.0;
    if (data->ended_count < 3 || !(data->high > data->low)) {
        return;
    }
    ends(data, &low, &high);
    const double s = data->scale;
    if (ls_dist_make_uniform(low * s, high * s, &out->dist, NULL) == LS_OK) {
        finish(data, -(double)data->ended_count * ls_log(high - low), 2, out);
        plain_interval(data, level, out);
    }
}

typedef struct triangle {
    const ls_fit_data *data;
    size_t stride;
} triangle;

// x: ln of how far the ends lie beyond the data, logit-like place of the mode between the ends.
static void triangle_at(const ls_fit_data *data, const double *x, double *low, double *mode,
                        double *high) {
    const double range = data->high - data->low;
    *low = fmax(0.0, data->low - range * ls_exp(fmin(x[0], 3.0)));
    *high = data->high + range * ls_exp(fmin(x[1], 3.0));
    const double share = 1.0 / (1.0 + ls_exp(-fmax(fmin(x[2], 40.0), -40.0)));
    *mode = *low + share * (*high - *low);
}

static double triangle_likelihood(const void *context, const double *x) {
    const triangle *t = context;
    double low = 0.0;
    double mode = 0.0;
    double high = 0.0;
    triangle_at(t->data, x, &low, &mode, &high);
    double sum = 0.0;
    for (size_t i = 0; i < t->data->ended_count; i += t->stride) {
        const double v = t->data->ended[i];
        const double density = v < mode ? 2.0 * (v - low) / ((high - low) * (mode - low))
                                        : 2.0 * (high - v) / ((high - low) * (high - mode));
        if (!(density > 0.0)) {
            return -INFINITY;
        }
        sum += ls_log(density);
    }
    return sum;
}

static void fit_triangular(const ls_fit_data *data, double level, ls_family_fit *out) {
    if (data->ended_count < TRIANGLE_LEAST || !(data->high > data->low)) {
        return;
    }
    triangle t = {.data = data, .stride = data->ended_count / TRIANGLE_VALUES + 1};
    double x[LS_SEARCH_DIMENSIONS_MAX] = {-3.0, -3.0, 0.0};
    ls_search_top(triangle_likelihood, &t, 3, 0.5, x);
    t.stride = 1;
    const double value = triangle_likelihood(&t, x);
    double low = 0.0;
    double mode = 0.0;
    double high = 0.0;
    triangle_at(data, x, &low, &mode, &high);
    const double s = data->scale;
    if (ls_is_finite(value) &&
        ls_dist_make_triangular(low * s, mode * s, high * s, &out->dist, NULL) == LS_OK) {
        finish(data, value, 3, out);
        plain_interval(data, level, out);
    }
}

void ls_fit_family_one(const ls_fit_data *data, ls_family family, double level,
                       ls_family_fit *out) {
    *out = (ls_family_fit){.log_likelihood = NAN, .criterion = INFINITY};
    const bool whole = data->censored_count == 0 && data->entered_count == 0;
    const bool equal = !(data->high > data->low);
    if (data->ended_count == 0) {
        return;
    }
    switch (family) {
    case LS_FAMILY_CONST: break;  // needs the resolution: ls_fit_const
    case LS_FAMILY_UNIFORM:
        if (whole) {
            fit_uniform(data, level, out);
        }
        break;
    case LS_FAMILY_TRIANGULAR:
        if (whole) {
            fit_triangular(data, level, out);
        }
        break;
    case LS_FAMILY_ERLANG:
        if (!equal) {
            fit_erlang(data, level, out);
        }
        break;
    case LS_FAMILY_EXP:
    case LS_FAMILY_WEIBULL: fit_smooth(data, family, level, out); break;
    default:
        // All equal and nothing longer: the likelihood has no top.
        if (!equal) {
            fit_smooth(data, family, level, out);
        }
        break;
    }
}

void ls_fit_const(const ls_fit_data *data, double resolution, ls_family_fit *out) {
    *out = (ls_family_fit){.log_likelihood = NAN, .criterion = INFINITY};
    if (data->ended_count > 0) {
        fit_const(data, resolution, out);
    }
}
