#include "model/conformal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

size_t ls_conformal_sort(double *scores, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(scores[i])) {
            scores[kept++] = scores[i];
        }
    }
    qsort(scores, kept, sizeof *scores, by_value);
    return kept;
}

void ls_conformal_interval(const ls_model_plan *plan, double value, double radius, double *out_low,
                           double *out_high) {
    const bool is_life = plan->objective == LS_OBJECTIVE_LIFE;
    const double most = is_life && plan->horizon_us > 0 ? (double)plan->horizon_us * 1e-6
                                                        : (double)INFINITY;
    *out_low = *out_high = (double)NAN;
    if (isfinite(radius) && isfinite(value)) {
        *out_low = value - fmax(radius, 0.0);
        *out_high = value + fmax(radius, 0.0);
        if (is_life || plan->objective == LS_OBJECTIVE_COUNT) {
            *out_low = fmin(fmax(*out_low, 0.0), value);
            *out_high = fmax(fmin(*out_high, most), value);
        }
    }
}

double ls_conformal_radius(const double *sorted, size_t count, double alpha) {
    // 20 * 0.95 must be 19 although 0.95 is not exact.
    const double place = ceil(((double)count + 1.0) * (1.0 - alpha) - 1e-9);
    if (!(place <= (double)count)) {
        return INFINITY;
    }
    return place < 1.0 ? -1.0 : sorted[(size_t)place - 1];
}

size_t ls_aci_doubles(size_t capacity) {
    return 2 * capacity + (capacity + sizeof(double) - 1) / sizeof(double);
}

void ls_aci_init(double target, double gamma, size_t capacity, double *memory, ls_aci *out) {
    assert(target > 0.0 && target < 1.0);
    assert(gamma > 0.0 && gamma < 1.0);
    assert(capacity > 0);
    *out = (ls_aci){.target = target,
                    .gamma = gamma,
                    .alpha = target,
                    .capacity = capacity,
                    .recent = memory,
                    .sorted = memory + capacity,
                    .missed = (uint8_t *)(memory + 2 * capacity)};
}

// The first place in sorted[0..count-1] whose score is not below `score`.
static size_t place_of(const ls_aci *a, double score) {
    size_t low = 0, high = a->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (a->sorted[middle] < score) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void ls_aci_remember(ls_aci *a, double score) {
    if (isnan(score)) {
        return;
    }
    if (a->count == a->capacity) {
        const size_t gone = place_of(a, a->recent[a->next]);
        a->count--;
        memmove(a->sorted + gone, a->sorted + gone + 1, (a->count - gone) * sizeof *a->sorted);
    }
    const size_t place = place_of(a, score);
    memmove(a->sorted + place + 1, a->sorted + place, (a->count - place) * sizeof *a->sorted);
    a->sorted[place] = score;
    a->count++;
    a->recent[a->next] = score;
    a->next = (a->next + 1) % a->capacity;
}

double ls_aci_radius(const ls_aci *a) {
    if (a->alpha < 0.0) {
        return INFINITY;
    }
    return a->alpha >= 1.0 ? -1.0 : ls_conformal_radius(a->sorted, a->count, a->alpha);
}

bool ls_aci_update(ls_aci *a, double score, double radius_given) {
    if (isnan(score)) {
        return false;
    }
    const bool miss = !(score <= radius_given);
    a->alpha += a->gamma * (a->target - (miss ? 1.0 : 0.0));
    ls_aci_remember(a, score);
    if (a->outcomes == a->capacity) {
        a->misses -= a->missed[a->outcome_next];
    } else {
        a->outcomes++;
    }
    a->missed[a->outcome_next] = miss;
    a->outcome_next = (a->outcome_next + 1) % a->capacity;
    a->misses += miss;
    a->total++;
    a->total_misses += miss;
    return miss;
}

double ls_aci_coverage(const ls_aci *a) {
    return a->outcomes > 0 ? 1.0 - (double)a->misses / (double)a->outcomes : NAN;
}
