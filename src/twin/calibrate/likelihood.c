// likelihood.c - see likelihood.h.
#include "twin/calibrate/likelihood.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/kmath.h"
#include "plant/sample.h"
#include "twin/calibrate/search.h"

static const double HALF_LOG_2PI = 0.91893853320467274178;

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void summarise(ls_fit_data *d) {
    const double n = (double)d->ended_count;
    for (size_t i = 0; i < d->ended_count; i++) {
        d->mean += d->ended[i] / n;
        d->log_mean += d->logs[i] / n;
    }
    for (size_t i = 0; i < d->ended_count; i++) {
        const double x = d->ended[i] - d->mean;
        const double y = d->logs[i] - d->log_mean;
        d->squares += x * x;
        d->log_squares += y * y;
    }
    d->low = d->ended_count > 0 ? d->ended[0] : 0.0;
    d->high = d->ended_count > 0 ? d->ended[d->ended_count - 1] : 0.0;
    const size_t values = d->ended_count + d->censored_count;
    for (size_t i = 0; i < values; i++) {
        d->log_mean_after += d->logs[i] / (double)values;
    }
    for (size_t i = 0; i < values; i++) {
        const double y = d->logs[i] - d->log_mean_after;
        d->log_sd_after += y * y / (double)values;
    }
    d->log_sd_after = sqrt(d->log_sd_after);
}

ls_status ls_fit_data_make(const ls_fit_time *times, size_t count, double resolution,
                           ls_fit_data *out, ls_error *err) {
    *out = (ls_fit_data){.scale = 1.0};
    double *block = ls_alloc((6 * count + 1) * sizeof *block);
    if (block == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu times", count);
    }
    out->ended = block;
    out->censored = block + count;
    out->entered = block + 2 * count;
    out->logs = block + 3 * count;
    // A time of 0 is one shorter than can be seen.
    const double least = resolution > 0.0 ? 0.5 * resolution : 0.5;
    for (size_t i = 0; i < count; i++) {
        const ls_fit_time *t = &times[i];
        if (!ls_fit_time_is_good(t)) {
            out->refused++;
            continue;
        }
        const double value = fmax(t->value, least);
        out->at_risk += value - t->entered;
        if (t->censored) {
            out->censored[out->censored_count++] = value;
        } else {
            out->ended[out->ended_count++] = value;
        }
        if (t->entered > 0.0) {
            out->entered[out->entered_count++] = t->entered;
        }
    }
    qsort(out->ended, out->ended_count, sizeof *out->ended, compare);
    qsort(out->censored, out->censored_count, sizeof *out->censored, compare);
    qsort(out->entered, out->entered_count, sizeof *out->entered, compare);
    double sum = 0.0;
    for (size_t i = 0; i < out->ended_count; i++) {
        sum += out->ended[i];
    }
    if (out->ended_count > 0) {
        out->scale = sum / (double)out->ended_count;
    }
    double *const lists[3] = {out->ended, out->censored, out->entered};
    const size_t sizes[3] = {out->ended_count, out->censored_count, out->entered_count};
    size_t at = 0;
    for (int k = 0; k < 3; k++) {
        for (size_t i = 0; i < sizes[k]; i++) {
            lists[k][i] /= out->scale;
            out->logs[at++] = ls_log(lists[k][i]);
        }
    }
    summarise(out);
    return LS_OK;
}

void ls_fit_data_clear(ls_fit_data *data) {
    if (data != NULL) {
        ls_free(data->ended);
        *data = (ls_fit_data){0};
    }
}

// Sum of ln S over censored, minus that over entered.
static double tails(const ls_fit_data *d, const ls_dist *dist) {
    double sum = 0.0;
    for (size_t i = 0; i < d->censored_count; i++) {
        sum += ls_log(fmax(ls_dist_survival_at(dist, NULL, d->censored[i]), 1e-300));
    }
    for (size_t i = 0; i < d->entered_count; i++) {
        sum -= ls_log(fmax(ls_dist_survival_at(dist, NULL, d->entered[i]), 1e-300));
    }
    return sum;
}

// ---- sums of ln f over the ended times

static double exp_density(const ls_fit_data *d, double mean) {
    const double n = (double)d->ended_count;
    return -n * ls_log(mean) - n * d->mean / mean;
}

static double lognormal_density(const ls_fit_data *d, double mu, double sigma) {
    const double n = (double)d->ended_count;
    const double off = d->log_mean - mu;
    return -n * (d->log_mean + ls_log(sigma) + HALF_LOG_2PI) -
           (d->log_squares + n * off * off) / (2.0 * sigma * sigma);
}

static double normal_density(const ls_fit_data *d, double mean, double sd) {
    const double n = (double)d->ended_count;
    const double off = d->mean - mean;
    return -n * (ls_log(sd) + HALF_LOG_2PI + ls_log(ls_normal_survival(-mean / sd))) -
           (d->squares + n * off * off) / (2.0 * sd * sd);
}

static double gamma_density(const ls_fit_data *d, double shape, double scale) {
    const double n = (double)d->ended_count;
    return n * ((shape - 1.0) * d->log_mean - d->mean / scale - ls_lgamma(shape) -
                shape * ls_log(scale));
}

// All of it: survival is as simple as the density. sum of (t / s)^k, ended and censored, less
// entered.
static double weibull_likelihood(const ls_fit_data *d, double shape, double scale) {
    const double n = (double)d->ended_count;
    const double log_scale = ls_log(scale);
    const size_t values = d->ended_count + d->censored_count;
    double sum = 0.0;
    for (size_t i = 0; i < values + d->entered_count; i++) {
        const double power = ls_exp(fmin(shape * (d->logs[i] - log_scale), 700.0));
        sum += i < values ? power : -power;
    }
    return n * (ls_log(shape) - log_scale + (shape - 1.0) * (d->log_mean - log_scale)) - sum;
}

double ls_fit_likelihood_of(const ls_fit_data *data, const ls_dist *dist) {
    ls_dist d = *dist;
    const double scale = data->scale;
    const double n = (double)data->ended_count;
    double sum = 0.0;
    switch (d.kind) {
    case LS_DIST_EXP:
        d.p[0] /= scale;
        sum = exp_density(data, d.p[0]);
        break;
    case LS_DIST_WEIBULL:
        return weibull_likelihood(data, d.p[0], d.p[1] / scale) - n * ls_log(scale);
    case LS_DIST_LOGNORMAL:
        d.p[0] -= ls_log(scale);
        sum = lognormal_density(data, d.p[0], d.p[1]);
        break;
    case LS_DIST_GAMMA:
    case LS_DIST_ERLANG:
        d.p[1] /= scale;
        sum = gamma_density(data, d.p[0], d.p[1]);
        break;
    case LS_DIST_NORMAL:
        d.p[0] /= scale;
        d.p[1] /= scale;
        sum = normal_density(data, d.p[0], d.p[1]);
        break;
    default: return NAN;
    }
    return sum + tails(data, &d) - n * ls_log(scale);
}

// ---- parameters on the way

uint32_t ls_fit_dimensions(ls_family family) {
    return family == LS_FAMILY_EXP || family == LS_FAMILY_ERLANG ? 1 : 2;
}

bool ls_fit_dist(const ls_fit_question *q, const double *x, double scale, ls_dist *out) {
    const double a = ls_exp(x[0]);
    switch (q->family) {
    case LS_FAMILY_EXP: return ls_dist_make_exp(a * scale, out, NULL) == LS_OK;
    case LS_FAMILY_WEIBULL:
        return ls_dist_make_weibull(a, ls_exp(x[1]) * scale, out, NULL) == LS_OK;
    case LS_FAMILY_LOGNORMAL:
        return ls_dist_make_lognormal_log(x[0] + ls_log(scale), ls_exp(x[1]), out, NULL) == LS_OK;
    case LS_FAMILY_GAMMA:
        return ls_dist_make_gamma(a * scale, ls_exp(x[1]) * scale, out, NULL) == LS_OK;
    case LS_FAMILY_NORMAL:
        return ls_dist_make_normal(a * scale, ls_exp(x[1]) * scale, out, NULL) == LS_OK;
    case LS_FAMILY_ERLANG: return ls_dist_make_erlang(q->shape, a * scale, out, NULL) == LS_OK;
    default: return false;
    }
}

double ls_fit_likelihood(const void *question, const double *x) {
    const ls_fit_question *q = question;
    const ls_fit_data *data = q->data;
    ls_dist d;
    if (!(ls_abs(x[0]) < 60.0) || (ls_fit_dimensions(q->family) > 1 && !(ls_abs(x[1]) < 60.0)) ||
        !ls_fit_dist(q, x, 1.0, &d)) {
        return -INFINITY;
    }
    switch (q->family) {
    case LS_FAMILY_EXP: return exp_density(data, d.p[0]) + tails(data, &d);
    case LS_FAMILY_WEIBULL: return weibull_likelihood(data, d.p[0], d.p[1]);
    case LS_FAMILY_LOGNORMAL: return lognormal_density(data, d.p[0], d.p[1]) + tails(data, &d);
    case LS_FAMILY_NORMAL: return normal_density(data, d.p[0], d.p[1]) + tails(data, &d);
    default: return gamma_density(data, d.p[0], d.p[1]) + tails(data, &d);
    }
}

void ls_fit_guess(const ls_fit_question *q, double *x) {
    const ls_fit_data *d = q->data;
    const double n = (double)d->ended_count;
    const double mean = d->at_risk / d->scale / n;
    const double sd = fmax(sqrt(d->squares / n) * mean / d->mean, 0.002 * mean);
    const double log_sd = fmin(fmax(d->log_sd_after, 1e-5), 3.5);
    switch (q->family) {
    case LS_FAMILY_WEIBULL:
        x[0] = ls_log(fmin(fmax(1.28 / log_sd, 0.11), 99.0));
        x[1] = d->log_mean_after + 0.45 * log_sd;
        break;
    case LS_FAMILY_LOGNORMAL:
        x[0] = d->log_mean_after;
        x[1] = ls_log(log_sd);
        break;
    default:
        x[0] = d->entered_count > 0 ? ls_log(d->mean) : ls_log(fmin(mean, 3.0 * d->mean));
        x[1] = ls_log(fmin(sd, 5.0 * mean));
        break;
    }
}

double ls_fit_log_mean(const ls_fit_question *q, const double *x) {
    ls_dist d;
    return ls_fit_dist(q, x, 1.0, &d) ? ls_log(ls_dist_mean(&d, NULL)) : 0.0;
}

// Rising in the shape k, over all values v and entries e:
// sum(v^k ln v - e^k ln e) / sum(v^k - e^k) - 1/k - mean of ln t over the ended.
static double weibull_score(const void *context, double log_shape) {
    const ls_fit_data *d = context;
    const double shape = ls_exp(log_shape);
    const size_t values = d->ended_count + d->censored_count;
    double top = -INFINITY;
    for (size_t i = 0; i < values; i++) {
        top = fmax(top, d->logs[i]);
    }
    double powers = 0.0;
    double weighted = 0.0;
    for (size_t i = 0; i < values + d->entered_count; i++) {
        const double power = ls_exp(shape * (d->logs[i] - top));
        powers += i < values ? power : -power;
        weighted += (i < values ? power : -power) * d->logs[i];
    }
    return powers > 0.0 ? weighted / powers - 1.0 / shape - d->log_mean : -1.0;
}

static double weibull_climb(const ls_fit_question *q, double *x) {
    const ls_fit_data *d = q->data;
    x[0] = ls_search_zero(weibull_score, d, ls_log(0.1), ls_log(100.0));
    const double shape = ls_exp(x[0]);
    const size_t values = d->ended_count + d->censored_count;
    double top = -INFINITY;
    for (size_t i = 0; i < values; i++) {
        top = fmax(top, d->logs[i]);
    }
    double powers = 0.0;
    for (size_t i = 0; i < values + d->entered_count; i++) {
        const double power = ls_exp(shape * (d->logs[i] - top));
        powers += i < values ? power : -power;
    }
    x[1] = top + ls_log(fmax(powers, 1e-300) / (double)d->ended_count) / shape;
    return ls_fit_likelihood(q, x);
}

double ls_fit_climb(const ls_fit_question *q, double *x) {
    if (q->family == LS_FAMILY_WEIBULL) {
        const double value = weibull_climb(q, x);
        if (ls_is_finite(value)) {
            return value;
        }
        ls_fit_guess(q, x);
    }
    if (q->family == LS_FAMILY_EXP) {
        x[0] = ls_log(q->data->at_risk / q->data->scale / (double)q->data->ended_count);
        return ls_fit_likelihood(q, x);
    }
    if (!ls_is_finite(ls_fit_likelihood(q, x))) {
        return -INFINITY;
    }
    return ls_search_top(ls_fit_likelihood, q, ls_fit_dimensions(q->family), 0.2, x);
}
