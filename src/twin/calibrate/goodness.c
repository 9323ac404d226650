// goodness.c - how often a true model would look as bad: parametric bootstrap of the distance
// between fit and product-limit estimate (Stute, Gonzalez Manteiga, Presedo Quindimil 1993).
//
// Every resample is drawn from the fitted distribution, with entries as they were and censoring
// drawn from its own product-limit estimate, and is fitted again: without that the p-value would be
// far too large (Lilliefors 1967).
#include <assert.h>
#include <math.h>

#include "base/arena.h"
#include "base/kmath.h"
#include "plant/sample.h"
#include "twin/calibrate/likelihood.h"

enum { CENSORED_MOST = 200, CENSORED_RESAMPLES = 99, STREAMS_PER_RESAMPLE = 3 };

typedef struct bootstrap {
    const ls_fit_time *times;  // thinned
    ls_fit_time *drawn;
    size_t count;
    ls_survival censoring;  // of the censoring times
    bool censors;
    uint64_t key;
    double resolution, level;
    ls_family family;
    const ls_dist *dist;
} bootstrap;

// The time at which a product-limit estimate falls to u; INFINITY when it never does.
static double fall_to(const ls_survival *s, double u) {
    size_t low = 0;
    size_t high = s->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (s->survival[middle] <= u) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low < s->count ? s->at[low] : INFINITY;
}

static void draw(bootstrap *b, uint32_t resample) {
    const uint32_t stream = STREAMS_PER_RESAMPLE * resample;
    for (size_t i = 0; i < b->count; i++) {
        ls_fit_time *t = &b->drawn[i];
        *t = (ls_fit_time){.entered = b->times[i].entered};
        if (t->entered > 0.0) {
            // Inverts the conditional survival; gamma and normal by bisection.
            const double left = ls_dist_survival_at(b->dist, NULL, t->entered) *
                                (1.0 - ls_random_uniform(b->key, stream, i));
            double low = t->entered;
            double high = 2.0 * t->entered + ls_dist_mean(b->dist, NULL);
            while (ls_dist_survival_at(b->dist, NULL, high) > left && high < 1e300) {
                high *= 2.0;
            }
            for (int k = 0; k < 60; k++) {
                const double middle = low + 0.5 * (high - low);
                if (ls_dist_survival_at(b->dist, NULL, middle) > left) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            t->value = high;
        } else {
            t->value = ls_dist_sample(b->dist, NULL, b->key, stream, i);
        }
        if (b->censors) {
            const double floor = ls_survival_at(&b->censoring, t->entered);
            const double limit = fall_to(&b->censoring,
                                         floor * ls_random_uniform(b->key, stream + 1, i));
            if (limit < t->value && limit > t->entered) {
                t->value = limit;
                t->censored = true;
            }
        }
    }
}

// The distance of these times from their own fit of the family; negative when there is none.
static ls_status distance_of(const bootstrap *b, const ls_fit_time *times, double *out,
                             ls_error *err) {
    ls_fit_data data;
    ls_survival survival;
    ls_family_fit fit;
    *out = -1.0;
    ls_status status = ls_fit_data_make(times, b->count, b->resolution, &data, err);
    if (status != LS_OK) {
        return status;
    }
    ls_fit_family_one(&data, b->family, b->level, &fit);
    ls_fit_data_clear(&data);
    if (!fit.offered) {
        return LS_OK;
    }
    status = ls_survival_make(times, b->count, &survival, err);
    if (status == LS_OK) {
        *out = ls_fit_distance(&survival, &fit.dist, NULL);
        ls_survival_clear(&survival);
    }
    return status;
}

static ls_status run(bootstrap *b, uint32_t resamples, ls_fit *fit, ls_error *err) {
    double here = 0.0;
    ls_status status = distance_of(b, b->times, &here, err);
    uint32_t worse = 0;
    for (uint32_t k = 0; k < resamples && status == LS_OK && here >= 0.0; k++) {
        double there = 0.0;
        draw(b, k);
        status = distance_of(b, b->drawn, &there, err);
        if (there >= 0.0) {
            fit->resamples++;
            worse += there >= here ? 1 : 0;
        }
    }
    if (status == LS_OK && fit->resamples > 0) {
        fit->p = (1.0 + (double)worse) / (1.0 + (double)fit->resamples);
    }
    return status;
}

// Evenly taken, in the order given.
static void thin(const ls_fit_time *times, size_t count, ls_fit_time *out, size_t kept) {
    for (size_t i = 0; i < kept; i++) {
        out[i] = times[(size_t)((double)count / (double)kept * ((double)i + 0.5))];
    }
}

static ls_status make_censoring(bootstrap *b, ls_error *err) {
    for (size_t i = 0; i < b->count; i++) {
        b->drawn[i] = b->times[i];
        b->drawn[i].censored = !b->times[i].censored;
        b->censors = b->censors || b->times[i].censored;
    }
    return ls_survival_make(b->drawn, b->count, &b->censoring, err);
}

ls_status ls_fit_goodness(const ls_fit_time *times, size_t count, const ls_fit_def *def,
                          ls_fit *fit, ls_error *err) {
    assert(fit->known);
    if (def->resamples == 0 || fit->chosen == LS_FAMILY_CONST || fit->ended < 5) {
        return LS_OK;
    }
    const bool whole = fit->censored == 0 && fit->truncated == 0;
    const bool slow = !whole || fit->chosen == LS_FAMILY_TRIANGULAR;
    size_t kept = def->resample_most > 0 && count > def->resample_most ? def->resample_most : count;
    kept = !whole && kept > CENSORED_MOST ? CENSORED_MOST : kept;
    const uint32_t resamples = slow && def->resamples > CENSORED_RESAMPLES ? CENSORED_RESAMPLES
                                                                           : def->resamples;
    ls_fit_time *thinned = ls_alloc(kept * sizeof *thinned);
    bootstrap b = {.count = kept,
                   .key = ls_random_key(def->seed, 0),
                   .resolution = def->resolution,
                   .level = def->level,
                   .family = fit->chosen,
                   .dist = &fit->family[fit->chosen].dist};
    b.drawn = ls_alloc(kept * sizeof *b.drawn);
    ls_status status = LS_OK;
    if (thinned == NULL || b.drawn == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "no memory for %zu times", kept);
    } else {
        thin(times, count, thinned, kept);
        b.times = thinned;
        status = make_censoring(&b, err);
    }
    if (status == LS_OK) {
        fit->resample_values = (uint32_t)kept;
        status = run(&b, resamples, fit, err);
    }
    ls_survival_clear(&b.censoring);
    ls_free(thinned);
    ls_free(b.drawn);
    return status;
}
