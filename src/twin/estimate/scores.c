// scores.c - see scores.h.
#include "twin/estimate/scores.h"

#include <math.h>

#include "base/statistics.h"

// Sum over pairs i < j of x_j - x_i, from sorted values.
static double spread(const double *sorted, size_t count) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += sorted[i] * (2.0 * (double)i - (double)count + 1.0);
    }
    return sum;
}

static double mean_distance(const double *values, size_t count, double y) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += fabs(values[i] - y);
    }
    return sum / (double)count;
}

double ls_score_crps_fair(const double *sorted, size_t count, double y) {
    const double n = (double)count;
    return mean_distance(sorted, count, y) - spread(sorted, count) / (n * (n - 1.0));
}

double ls_score_crps(const double *sorted, size_t count, double y) {
    const double n = (double)count;
    return mean_distance(sorted, count, y) - spread(sorted, count) / (n * n);
}

double ls_score_pit(const double *sorted, size_t count, double y, double v) {
    size_t below = 0;
    size_t equal = 0;
    for (size_t i = 0; i < count; i++) {
        below += sorted[i] < y;
        equal += sorted[i] == y;
    }
    return ((double)below + v * (1.0 + (double)equal)) / ((double)count + 1.0);
}

double ls_score_interval(double low, double high, double alpha, double y) {
    return (high - low) + 2.0 / alpha * fmax(low - y, 0.0) + 2.0 / alpha * fmax(y - high, 0.0);
}

void ls_score_wilson(uint64_t hits, uint64_t count, double level, double *out_low,
                     double *out_high) {
    if (count == 0) {
        *out_low = 0.0;
        *out_high = 1.0;
        return;
    }
    const double z = ls_stat_normal_quantile(0.5 + 0.5 * level);
    const double n = (double)count;
    const double p = (double)hits / n;
    const double middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    const double half = z / (1.0 + z * z / n) * sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
    *out_low = fmax(middle - half, 0.0);
    *out_high = fmin(middle + half, 1.0);
}
