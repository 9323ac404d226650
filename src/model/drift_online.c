// drift_online.c - value by value: Page-Hinkley, ADWIN, means of blocks.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/kmath.h"
#include "model/drift.h"

bool ls_blocks_add(ls_blocks *b, double value, double *out_mean) {
    if (isnan(value)) {
        return false;
    }
    b->sum += value;
    b->count++;
    if (b->count < b->size) {
        return false;
    }
    *out_mean = b->sum / (double)b->count;
    b->count = 0;
    b->sum = 0.0;
    return true;
}

// ---- Page-Hinkley -------------------------------------------------------------------------------

ls_page_hinkley ls_page_hinkley_default(void) {
    return (ls_page_hinkley){.delta = 0.25, .lambda = 20.0, .warmup = 30, .two_sided = true};
}

bool ls_page_hinkley_add(ls_page_hinkley *d, double value) {
    if (isnan(value)) {
        return false;
    }
    d->count++;
    d->mean += (value - d->mean) / (double)d->count;
    d->up += value - d->mean - d->delta;
    d->down += value - d->mean + d->delta;
    d->up_least = fmin(d->up_least, d->up);
    d->down_most = fmax(d->down_most, d->down);
    const bool rose = d->up - d->up_least > d->lambda;
    const bool fell = d->two_sided && d->down_most - d->down > d->lambda;
    if (d->count < d->warmup || !(rose || fell)) {
        return false;
    }
    *d = (ls_page_hinkley){
        .delta = d->delta, .lambda = d->lambda, .warmup = d->warmup, .two_sided = d->two_sided};
    return true;
}

// ---- ADWIN --------------------------------------------------------------------------------------

enum { PART_LEAST = 5, WINDOW_LEAST = 10 };

ls_adwin ls_adwin_default(double low, double high) {
    return (ls_adwin){.delta = 0.002, .low = low, .high = high, .every = 32};
}

double ls_adwin_mean(const ls_adwin *d) {
    const double mean = d->count > 0 ? d->total / (double)d->count : 0.0;
    return d->low + mean * (d->high - d->low);
}

// Squared distances of two parts together, from those of each (Chan, Golub, LeVeque).
static double joined(double total0, double n0, double total1, double n1) {
    const double gap = total0 / n0 - total1 / n1;
    return gap * gap * n0 * n1 / (n0 + n1);
}

static void remove_first(ls_adwin *d, uint32_t row, uint32_t how_many) {
    d->used[row] -= how_many;
    memmove(d->totals[row], d->totals[row] + how_many, d->used[row] * sizeof d->totals[row][0]);
    memmove(d->spread[row], d->spread[row] + how_many, d->used[row] * sizeof d->spread[row][0]);
}

// A row with one bucket too many gives its two oldest, as one, to the next row.
static void compress(ls_adwin *d) {
    for (uint32_t row = 0; row + 1 < LS_ADWIN_ROWS && d->used[row] > LS_ADWIN_BUCKETS; row++) {
        const double size = (double)((uint64_t)1 << row);
        const double *t = d->totals[row], *s = d->spread[row];
        const uint32_t place = d->used[row + 1]++;
        d->totals[row + 1][place] = t[0] + t[1];
        d->spread[row + 1][place] = s[0] + s[1] + joined(t[0], size, t[1], size);
        remove_first(d, row, 2);
        d->rows = d->rows > row + 1 ? d->rows : row + 2;
    }
}

static void insert(ls_adwin *d, double x) {
    d->rows = d->rows > 0 ? d->rows : 1;
    const uint32_t place = d->used[0]++;
    d->totals[0][place] = x;
    d->spread[0][place] = 0.0;
    if (d->count > 0) {
        d->squares += joined(d->total, (double)d->count, x, 1.0);
    }
    d->total += x;
    d->count++;
    compress(d);
}

static void drop_oldest(ls_adwin *d) {
    uint32_t row = d->rows - 1;
    while (d->used[row] == 0) {
        row--;
    }
    const double size = (double)((uint64_t)1 << row), total = d->totals[row][0];
    const double spread = d->spread[row][0];
    d->count -= (int64_t)1 << row;
    d->total -= total;
    if (d->count > 0) {
        d->squares -= spread + joined(total, size, d->total, (double)d->count);
    }
    d->squares = d->count > 0 ? fmax(d->squares, 0.0) : 0.0;
    remove_first(d, row, 1);
    while (d->rows > 1 && d->used[d->rows - 1] == 0) {
        d->rows--;
    }
}

// Is there a place between buckets where the means of the two parts differ by more than chance?
static bool has_cut(const ls_adwin *d) {
    const double n = (double)d->count, variance = d->squares / n;
    const double doubt = ls_log(2.0 * ls_log(n) / d->delta);
    double n0 = 0.0, total0 = 0.0;
    for (uint32_t row = d->rows; row-- > 0;) {
        for (uint32_t i = 0; i < d->used[row]; i++) {
            n0 += (double)((uint64_t)1 << row);
            total0 += d->totals[row][i];
            const double n1 = n - n0;
            if (n1 < PART_LEAST) {
                return false;
            }
            if (n0 < PART_LEAST) {
                continue;
            }
            const double one_over_m = 1.0 / n0 + 1.0 / n1;
            const double gap = fabs(total0 / n0 - (d->total - total0) / n1);
            if (gap >= sqrt(2.0 * one_over_m * variance * doubt) + 2.0 / 3.0 * one_over_m * doubt) {
                return true;
            }
        }
    }
    return false;
}

bool ls_adwin_add(ls_adwin *d, double value) {
    assert(d->low < d->high);
    if (isnan(value)) {
        return false;
    }
    insert(d, fmin(fmax((value - d->low) / (d->high - d->low), 0.0), 1.0));
    d->seen++;
    const uint32_t every = d->every > 0 ? d->every : 1;
    if (d->seen % every != 0) {
        return false;
    }
    bool dropped = false;
    while (d->count > WINDOW_LEAST && has_cut(d)) {
        drop_oldest(d);
        dropped = true;
    }
    return dropped;
}
