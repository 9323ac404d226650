// sequential.c - see sequential.h.
#include "decide/prove/sequential.h"

#include <math.h>

static double mean_of(const double *values, size_t count) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum / (double)count;
}

double ls_newey_west_variance(const double *values, size_t count, size_t lag) {
    const double mean = mean_of(values, count);
    double sum = 0.0;
    for (size_t j = 0; j <= lag && j < count; j++) {
        double g = 0.0;
        for (size_t i = 0; i + j < count; i++) {
            g += (values[i] - mean) * (values[i + j] - mean);
        }
        g /= (double)count;
        sum += j == 0 ? g : 2.0 * (1.0 - (double)j / (double)(lag + 1)) * g;
    }
    return count > 0 && sum > 0.0 ? sum / (double)count : 0.0;
}

ls_interval ls_stat_fixed_b(const double *values, size_t count) {
    ls_interval out = {.mean = NAN, .half_width = INFINITY, .level = 0.95, .count = (int64_t)count};
    if (count >= 2) {
        const size_t lag = (size_t)(1.3 * sqrt((double)count));
        const double b = fmin(1.0, (double)(lag + 1) / (double)count);
        const double critical = 1.96 + b * (2.9694 + b * (0.4160 - b * 0.5324));
        out.mean = mean_of(values, count);
        out.half_width = critical * sqrt(ls_newey_west_variance(values, count, lag));
    }
    out.low = out.mean - out.half_width;
    out.high = out.mean + out.half_width;
    return out;
}

ls_sequential ls_sequential_start(double variance, double tau2, double level) {
    return (ls_sequential){.variance = variance, .tau2 = tau2, .level = level};
}

double ls_sequential_ratio(double mean, double count, double variance, double tau2) {
    const double all = variance + count * tau2;
    return sqrt(variance / all) * exp(count * count * tau2 * mean * mean / (2.0 * variance * all));
}

double ls_sequential_radius(double count, double variance, double tau2, double level) {
    const double all = variance + count * tau2;
    return sqrt(variance * all / (count * count * tau2) *
                (2.0 * log(1.0 / (1.0 - level)) + log(all / variance)));
}

void ls_sequential_add(ls_sequential *s, double value) {
    s->sum += value;
    s->count++;
    const double ratio = ls_sequential_ratio(s->sum / (double)s->count, (double)s->count,
                                             s->variance, s->tau2);
    s->most = ratio > s->most ? ratio : s->most;
}

double ls_sequential_p(const ls_sequential *s) {
    return s->most > 1.0 ? 1.0 / s->most : 1.0;
}

ls_interval ls_sequential_interval(const ls_sequential *s) {
    ls_interval out = {.mean = NAN, .half_width = INFINITY, .level = s->level};
    if (s->count > 0) {
        out.mean = s->sum / (double)s->count;
        out.half_width = ls_sequential_radius((double)s->count, s->variance, s->tau2, s->level);
    }
    out.count = (int64_t)s->count;
    out.low = out.mean - out.half_width;
    out.high = out.mean + out.half_width;
    return out;
}
