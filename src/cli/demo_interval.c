// demo_interval.c - see demo_interval.h.
#include "cli/demo_interval.h"

#include <math.h>

#include "base/statistics.h"

#define CORRELATION_MOST 0.8  // of neighbours: 16 batches tell no more

// First-order correlation of batch means, less its bias of about -(1 + 3 r) / count (Kendall).
static double correlation(const double *means, size_t count, double mean) {
    double squares = 0.0;
    double products = 0.0;
    for (size_t i = 0; i < count; i++) {
        squares += (means[i] - mean) * (means[i] - mean);
        products += i > 0 ? (means[i] - mean) * (means[i - 1] - mean) : 0.0;
    }
    const double n = (double)count;
    const double r = squares > 0.0 ? (products / squares + 1.0 / n) / (1.0 - 3.0 / n) : 0.0;
    return fmin(fmax(r, 0.0), CORRELATION_MOST);
}

double ls_demo_half_width(const double *differences, size_t count) {
    if (count < LS_DEMO_WINDOWS_LEAST) {
        return NAN;
    }
    double means[LS_DEMO_BATCHES] = {0};
    const size_t batches = count < LS_DEMO_BATCHES ? count : LS_DEMO_BATCHES;
    const size_t size = count / batches;
    const double *from = differences + (count - size * batches);
    for (size_t i = 0; i < size * batches; i++) {
        means[i / size] += from[i] / (double)size;
    }
    const ls_interval plain = ls_stat_interval(means, batches, 0.95);
    const double r = correlation(means, batches, plain.mean);
    return plain.half_width * sqrt((1.0 + r) / (1.0 - r));
}
