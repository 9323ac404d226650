// sample.h - drawing from a distribution, and the rest of a time already begun; kernel code.
//
// One draw takes one position of its stream whatever the kind. All kinds but gamma, erlang and beta
// invert one uniform, so a draw rises with its uniform; those three reject, on attempt counters of
// the same position. `tables` is what table_at of the distribution points into.
#pragma once

#include "base/kernel.h"
#include "base/kmath.h"
#include "base/random.h"
#include "plant/distribution_data.h"

// Half a step of the uniform grid: u + this lies in the open interval (0, 1), exactly.
#define LS_UNIFORM_HALF_STEP 1.1102230246251565e-16

LS_FN double ls_dist_at_least_0(double x) {
    return x > 0.0 ? x : 0.0;
}

// How many of count rising values are <= x.
LS_FN ls_u32 ls_dist_count_up_to(const double *values, ls_u32 count, double x) {
    ls_u32 low = 0;
    ls_u32 high = count;
    while (low < high) {
        const ls_u32 middle = low + (high - low) / 2;
        if (values[middle] <= x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

LS_FN double ls_dist_triangular_survival(const ls_dist *d, double x) {
    const double low = d->p[0];
    const double mode = d->p[1];
    const double high = d->p[2];
    if (x <= low)
        return 1.0;
    if (x >= high)
        return 0.0;
    if (x < mode)
        return 1.0 - (x - low) * (x - low) / ((high - low) * (mode - low));
    return (high - x) * (high - x) / ((high - low) * (high - mode));
}
LS_FN double ls_dist_triangular_at(const ls_dist *d, double survival) {
    const double low = d->p[0];
    const double mode = d->p[1];
    const double high = d->p[2];
    if (survival * (high - low) >= high - mode) {
        return low + ls_sqrt((1.0 - survival) * (high - low) * (mode - low));
    }
    return high - ls_sqrt(survival * (high - low) * (high - mode));
}

// P(X > x).
LS_FN double ls_dist_survival_at(const ls_dist *d, const double *tables, double x) {
    if (x < 0.0)
        return 1.0;
    switch (d->kind) {
    case LS_DIST_CONST: return x < d->p[0] ? 1.0 : 0.0;
    case LS_DIST_UNIFORM:
        if (x >= d->p[1])
            return 0.0;
        return x <= d->p[0] ? 1.0 : (d->p[1] - x) / (d->p[1] - d->p[0]);
    case LS_DIST_TRIANGULAR: return ls_dist_triangular_survival(d, x);
    case LS_DIST_NORMAL: return ls_normal_survival((x - d->p[0]) / d->p[1]) / d->p[2];
    case LS_DIST_LOGNORMAL:
        return x > 0.0 ? ls_normal_survival((ls_log(x) - d->p[0]) / d->p[1]) : 1.0;
    case LS_DIST_EXP: return ls_exp(0.0 - x / d->p[0]);
    case LS_DIST_ERLANG:
    case LS_DIST_GAMMA: return ls_gamma_survival(d->p[0], x / d->p[1]);
    case LS_DIST_WEIBULL: return ls_exp(0.0 - ls_pow(x / d->p[1], d->p[0]));
    case LS_DIST_BETA: {
        const double range = d->p[4] - d->p[2];
        return ls_beta_survival_pair(d->p[0], d->p[1], (x - d->p[2]) / range,
                                     (d->p[4] - x) / range);
    }
    case LS_DIST_EMPIRICAL: {
        const ls_u32 below = ls_dist_count_up_to(tables + d->table_at, d->table_count, x);
        return (double)(d->table_count - below) / (double)d->table_count;
    }
    case LS_DIST_DISCRETE: {
        const double *values = tables + d->table_at;
        const ls_u32 below = ls_dist_count_up_to(values, d->table_count, x);
        return below == 0 ? 1.0 : 1.0 - values[d->table_count + below - 1];
    }
    default: return 0.0;
    }
}

// The value that a uniform u in [0, 1) stands for, rising in u; 0 for kinds that reject.
LS_FN double ls_dist_from_uniform(const ls_dist *d, const double *tables, double u) {
    switch (d->kind) {
    case LS_DIST_CONST: return d->p[0];
    case LS_DIST_UNIFORM: return d->p[0] + u * (d->p[1] - d->p[0]);
    case LS_DIST_TRIANGULAR: return ls_dist_triangular_at(d, 1.0 - u);
    case LS_DIST_NORMAL: {
        const double survival = (1.0 - (u + LS_UNIFORM_HALF_STEP)) * d->p[2];
        return ls_dist_at_least_0(d->p[0] - d->p[1] * ls_normal_quantile(survival));
    }
    case LS_DIST_LOGNORMAL:
        return ls_exp(d->p[0] - d->p[1] * ls_normal_quantile(1.0 - (u + LS_UNIFORM_HALF_STEP)));
    case LS_DIST_EXP: return d->p[0] * (0.0 - ls_log_normal(1.0 - u));
    case LS_DIST_WEIBULL: return d->p[1] * ls_pow(0.0 - ls_log_normal(1.0 - u), d->p[2]);
    case LS_DIST_EMPIRICAL: {
        ls_u32 index = (ls_u32)(u * (double)d->table_count);
        if (index >= d->table_count)
            index = d->table_count - 1;
        return tables[d->table_at + index];
    }
    case LS_DIST_DISCRETE: {
        const double *values = tables + d->table_at;
        ls_u32 index = ls_dist_count_up_to(values + d->table_count, d->table_count, u);
        if (index >= d->table_count)
            index = d->table_count - 1;
        return values[index];
    }
    default: return 0.0;
    }
}

// Gamma with scale 1. Marsaglia, Tsang, "A simple method for generating gamma variables", ACM TOMS
// 26 (2000); a shape below 1 is drawn one higher and multiplied by U^(1/shape). An attempt accepts
// with more than 95 %, so the limit is there only to be a limit.
LS_FN double ls_dist_gamma_unit(double shape, ls_u64 key, ls_u32 stream, ls_u64 n,
                                ls_u32 first_attempt) {
    double boost = 1.0;
    double raised = shape;
    if (shape < 1.0) {
        const double u = ls_random_attempt_uniform(key, stream, n, first_attempt, 0);
        boost = ls_pow(u + LS_UNIFORM_HALF_STEP, 1.0 / shape);
        raised = shape + 1.0;
    }
    const double d = raised - 1.0 / 3.0;
    const double c = 1.0 / ls_sqrt(9.0 * d);
    for (ls_u32 attempt = 1; attempt < 200; attempt++) {
        const ls_random_block block = ls_random_philox((ls_u32)n, (ls_u32)(n >> 32), stream,
                                                       first_attempt + attempt, (ls_u32)key,
                                                       (ls_u32)(key >> 32));
        const double u0 = ls_random_unit((ls_u64)block.word[0] | ((ls_u64)block.word[1] << 32)) +
                          LS_UNIFORM_HALF_STEP;
        const double u1 = ls_random_unit((ls_u64)block.word[2] | ((ls_u64)block.word[3] << 32));
        const double x = ls_normal_quantile(u0);
        const double root = 1.0 + c * x;
        if (root <= 0.0)
            continue;
        const double v = root * root * root;
        const double accept = 1.0 - u1;
        if (accept < 1.0 - 0.0331 * (x * x) * (x * x))
            return boost * d * v;
        if (ls_log_normal(accept) < 0.5 * x * x + d * (1.0 - v + ls_log(v)))
            return boost * d * v;
    }
    return shape;
}

// Draw n of the stream, in microseconds, at least 0.
LS_FN double ls_dist_sample(const ls_dist *d, const double *tables, ls_u64 key, ls_u32 stream,
                            ls_u64 n) {
    switch (d->kind) {
    case LS_DIST_CONST: return d->p[0];
    case LS_DIST_ERLANG:
    case LS_DIST_GAMMA: return d->p[1] * ls_dist_gamma_unit(d->p[0], key, stream, n, 1u);
    case LS_DIST_BETA: {
        const double x = ls_dist_gamma_unit(d->p[0], key, stream, n, 1u);
        const double y = ls_dist_gamma_unit(d->p[1], key, stream, n, 0x80000000u);
        return d->p[2] + (d->p[4] - d->p[2]) * (x / (x + y));
    }
    default: return ls_dist_from_uniform(d, tables, ls_random_uniform(key, stream, n));
    }
}

// Survival and density of a gamma with scale 1 or a beta on 0..1 at y; log_constant is
// lgamma(shape + 1), or -log B(a, b), and saves most of the work.
LS_FN double ls_dist_unit_log_constant(const ls_dist *d) {
    const double a = d->p[0];
    const double b = d->p[1];
    return d->kind == LS_DIST_BETA ? ls_lgamma(a + b) - ls_lgamma(a) - ls_lgamma(b)
                                   : ls_lgamma(a + 1.0);
}
LS_FN double ls_dist_unit_survival(const ls_dist *d, double log_constant, double y,
                                   double *out_density) {
    const double a = d->p[0];
    const double b = d->p[1];
    *out_density = 0.0;
    if (!(y > 0.0)) {
        return 1.0;
    }
    if (d->kind == LS_DIST_BETA) {
        const double rest = 1.0 - y;
        if (!(rest > 0.0)) {
            return 0.0;
        }
        const double front = ls_exp(log_constant + a * ls_log(y) + b * ls_log(rest));
        *out_density = front / (y * rest);
        return ls_beta_survival_given(a, b, y, rest, front);
    }
    const double front = a < 10.0 ? ls_exp(a * ls_log(y) - y - log_constant) : ls_gamma_front(a, y);
    *out_density = front * a / y;
    return ls_gamma_survival_given(a, y, front);
}

// The point y > from of a gamma with scale 1 or a beta on 0..1 where the survival has fallen by the
// factor e^-fall: Newton's method on -log S inside a bracket, bisection where it leaves the
// bracket.
LS_FN double ls_dist_solve(const ls_dist *d, double from, double fall) {
    const double log_constant = ls_dist_unit_log_constant(d);
    double density = 0.0;
    const double target = fall - ls_log(ls_dist_unit_survival(d, log_constant, from, &density));
    double low = from;
    double high = 1.0;
    if (d->kind != LS_DIST_BETA) {
        double step = 1.0 + fall;
        high = from + step;
        for (int i = 0; i < 64; i++) {
            if (0.0 - ls_log(ls_dist_unit_survival(d, log_constant, high, &density)) >= target) {
                break;
            }
            low = high;
            step = step * 2.0;
            high = from + step;
        }
    }
    double y = low + 0.5 * (high - low);
    for (int i = 0; i < 120; i++) {
        const double survival = ls_dist_unit_survival(d, log_constant, y, &density);
        const double miss = 0.0 - ls_log(survival) - target;
        if (miss < 0.0) {
            low = y;
        } else {
            high = y;
        }
        double next = low + 0.5 * (high - low);
        double enough = 1e-15;
        if (density > 0.0) {
            const double newton = y - miss * survival / density;
            if (newton > low && newton < high) {
                next = newton;
                enough = 1e-10;  // the next step would move by about its square
            }
        }
        const double change = ls_abs(next - y);
        y = next;
        if (change <= enough * y || high - low <= 1e-15 * high) {
            break;
        }
    }
    return y;
}

// z with P(Z > z) = e^-fall P(Z > from). Beyond 30 the survival is near 0; there it falls by
// exp(-(z^2 - from^2) / 2), to one part in from^2.
LS_FN double ls_dist_normal_solve(double from, double u) {
    if (from > 30.0) {
        const double twice = 2.0 * (0.0 - ls_log_normal(1.0 - u));
        return from + twice / (ls_sqrt(from * from + twice) + from);
    }
    return 0.0 - ls_normal_quantile((1.0 - (u + LS_UNIFORM_HALF_STEP)) * ls_normal_survival(from));
}

// What stands for the rest when the distribution says that the time should be over: an exponential
// with the mean excess over the median (over a quarter of the range where there is no table).
LS_FN double ls_dist_overdue(const ls_dist *d, const double *tables, double u) {
    double mean = 0.0;
    switch (d->kind) {
    case LS_DIST_UNIFORM: mean = 0.25 * (d->p[1] - d->p[0]); break;
    case LS_DIST_TRIANGULAR: mean = 0.25 * (d->p[2] - d->p[0]); break;
    case LS_DIST_BETA: mean = 0.25 * (d->p[4] - d->p[2]); break;
    case LS_DIST_EMPIRICAL: {
        const double *values = tables + d->table_at;
        const ls_u32 middle = (d->table_count - 1) / 2;
        double sum = 0.0;
        for (ls_u32 i = middle + 1; i < d->table_count; i++)
            sum += values[i] - values[middle];
        if (middle + 1 < d->table_count)
            mean = sum / (double)(d->table_count - middle - 1);
        break;
    }
    case LS_DIST_DISCRETE: {
        const double *values = tables + d->table_at;
        ls_u32 middle = ls_dist_count_up_to(values + d->table_count, d->table_count, 0.5);
        if (middle + 1 >= d->table_count)
            middle = d->table_count >= 2 ? d->table_count - 2 : 0;
        double sum = 0.0;
        for (ls_u32 i = middle + 1; i < d->table_count; i++) {
            sum += (values[i] - values[middle]) *
                   (values[d->table_count + i] - values[d->table_count + i - 1]);
        }
        const double weight = 1.0 - values[d->table_count + middle];
        if (weight > 0.0)
            mean = sum / weight;
        break;
    }
    default: break;
    }
    return mean * (0.0 - ls_log_normal(1.0 - u));
}

// The rest of a time of which elapsed_us have passed, for u in [0, 1): the x with
// S(elapsed + x) = (1 - u) S(elapsed). A constant leaves its planned rest. When the distribution
// has nothing beyond elapsed_us, *out_fallback (may be NULL) is counted up, and the rest is 0 for a
// constant, else exponential as ls_dist_overdue says. Works with survivals, so far tails keep
// digits.
LS_FN double ls_dist_residual(const ls_dist *d, const double *tables, double elapsed_us, double u,
                              ls_u32 *out_fallback) {
    const double a = elapsed_us > 0.0 ? elapsed_us : 0.0;
    int is_over = 0;
    double end = 0.0;
    switch (d->kind) {
    case LS_DIST_CONST:
        is_over = a > d->p[0];
        end = d->p[0];
        break;
    case LS_DIST_UNIFORM: {
        const double from = a > d->p[0] ? a : d->p[0];
        is_over = a > 0.0 && a >= d->p[1];
        end = from + u * (d->p[1] - from);
        break;
    }
    case LS_DIST_TRIANGULAR:
        is_over = a > 0.0 && a >= d->p[2];
        if (!is_over)
            end = ls_dist_triangular_at(d, (1.0 - u) * ls_dist_triangular_survival(d, a));
        break;
    case LS_DIST_NORMAL:
        end = d->p[0] + d->p[1] * ls_dist_normal_solve((a - d->p[0]) / d->p[1], u);
        break;
    case LS_DIST_LOGNORMAL: {
        if (!(a > 0.0)) {
            end = ls_dist_from_uniform(d, tables, u);
            break;
        }
        const double from = (ls_log(a) - d->p[0]) / d->p[1];
        if (from > 30.0)
            return a * ls_expm1(d->p[1] * (ls_dist_normal_solve(from, u) - from));
        end = ls_exp(d->p[0] + d->p[1] * ls_dist_normal_solve(from, u));
        break;
    }
    case LS_DIST_EXP: return d->p[0] * (0.0 - ls_log_normal(1.0 - u));
    case LS_DIST_ERLANG:
    case LS_DIST_GAMMA: {
        const double from = a / d->p[1];
        const double fall = 0.0 - ls_log_normal(1.0 - u);
        // Where the survival is no longer a double, the hazard is 1 - (shape - 1) / from.
        if (!(ls_gamma_survival(d->p[0], from) > 1e-280)) {
            const double hazard = 1.0 - (d->p[0] - 1.0) / from;
            return d->p[1] * fall / (hazard > 0.01 ? hazard : 0.01);
        }
        if (fall == 0.0)
            return 0.0;
        end = d->p[1] * ls_dist_solve(d, from, fall);
        break;
    }
    case LS_DIST_WEIBULL: {
        const double fall = 0.0 - ls_log_normal(1.0 - u);
        if (!(a > 0.0))
            return d->p[1] * ls_pow(fall, d->p[2]);
        // s (z + fall)^(1/k) - a with z = (a/s)^k is a ((1 + fall/z)^(1/k) - 1): no cancellation.
        const double z = ls_pow(a / d->p[1], d->p[0]);
        if (z > fall)
            return a * ls_expm1(ls_log1p(fall / z) * d->p[2]);
        end = d->p[1] * ls_pow(z + fall, d->p[2]);
        break;
    }
    case LS_DIST_BETA: {
        const double range = d->p[4] - d->p[2];
        const double from = a > d->p[2] ? (a - d->p[2]) / range : 0.0;
        const double fall = 0.0 - ls_log_normal(1.0 - u);
        is_over = a > 0.0 && !(ls_beta_survival(d->p[0], d->p[1], from) > 0.0);
        if (!is_over) {
            end = d->p[2] + range * (fall > 0.0 ? ls_dist_solve(d, from, fall) : from);
        }
        break;
    }
    case LS_DIST_EMPIRICAL: {
        const ls_u32 below = a > 0.0 ? ls_dist_count_up_to(tables + d->table_at, d->table_count, a)
                                     : 0;
        const ls_u32 left = d->table_count - below;
        is_over = left == 0;
        if (!is_over) {
            ls_u32 index = (ls_u32)(u * (double)left);
            if (index >= left)
                index = left - 1;
            end = tables[d->table_at + below + index];
        }
        break;
    }
    case LS_DIST_DISCRETE: {
        const double *values = tables + d->table_at;
        const double *weights = values + d->table_count;
        const ls_u32 below = a > 0.0 ? ls_dist_count_up_to(values, d->table_count, a) : 0;
        is_over = below == d->table_count;
        if (!is_over) {
            const double passed = below == 0 ? 0.0 : weights[below - 1];
            ls_u32 index = ls_dist_count_up_to(weights, d->table_count,
                                               passed + u * (1.0 - passed));
            if (index < below)
                index = below;
            if (index >= d->table_count)
                index = d->table_count - 1;
            end = values[index];
        }
        break;
    }
    default: break;
    }
    if (is_over) {
        if (out_fallback != 0)
            *out_fallback += 1;
        return ls_dist_overdue(d, tables, u);
    }
    return ls_dist_at_least_0(end - a);
}
