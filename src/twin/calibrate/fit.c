// fit.c - see fit.h.
#include "twin/calibrate/fit.h"

#include <assert.h>
#include <math.h>

#include "base/kmath.h"
#include "plant/sample.h"
#include "twin/calibrate/likelihood.h"

enum { FIT_COOKIE = 0x6c736674 };
static const double AT_LEAST_DIVISOR = 2.995732273553991;  // -ln 0.05
static const double CRITERION_SAME = 2.0;  // Burnham and Anderson 2002: not told apart
static const double MATTERS_MEAN = 0.01;
static const double MATTERS_SHAPE = 0.03;
static const double SPREAD_SEEN = 0.01;
// A plant file has many values: each is called off at a fifth of the error that its interval has.
static const double MANY_VALUES = 0.2;

static const char *const names[LS_FAMILY_COUNT] = {
    "const", "exp", "weibull", "lognormal", "gamma", "normal", "erlang", "uniform", "triangular"};

ls_fit_def ls_fit_def_default(void) {
    return (ls_fit_def){.level = 0.95,
                        .resolution = 1000.0,
                        .resamples = 199,
                        .resample_most = 500,
                        .seed = 1,
                        .cookie = FIT_COOKIE};
}

const char *ls_family_name(ls_family family) {
    return family < LS_FAMILY_COUNT ? names[family] : "other";
}

ls_family ls_family_of(const ls_dist *dist) {
    switch (dist->kind) {
    case LS_DIST_CONST: return LS_FAMILY_CONST;
    case LS_DIST_EXP: return LS_FAMILY_EXP;
    case LS_DIST_WEIBULL: return LS_FAMILY_WEIBULL;
    case LS_DIST_LOGNORMAL: return LS_FAMILY_LOGNORMAL;
    case LS_DIST_GAMMA: return LS_FAMILY_GAMMA;
    case LS_DIST_NORMAL: return LS_FAMILY_NORMAL;
    case LS_DIST_ERLANG: return LS_FAMILY_ERLANG;
    case LS_DIST_UNIFORM: return LS_FAMILY_UNIFORM;
    case LS_DIST_TRIANGULAR: return LS_FAMILY_TRIANGULAR;
    default: return LS_FAMILY_COUNT;
    }
}

static void choose(const ls_fit_def *def, ls_fit *fit) {
    double best = INFINITY;
    for (int k = 0; k < LS_FAMILY_COUNT; k++) {
        const ls_family_fit *f = &fit->family[k];
        if (f->offered && (f->criterion < best || !fit->known)) {
            best = f->criterion;
            fit->chosen = (ls_family)k;
            fit->known = true;
        }
    }
    const ls_family old = def->old != NULL ? ls_family_of(def->old) : LS_FAMILY_COUNT;
    if (fit->known && old != LS_FAMILY_COUNT && fit->family[old].offered &&
        fit->family[old].criterion <= best + CRITERION_SAME) {
        fit->chosen = old;
    }
    const double parameters = fit->known ? fit->family[fit->chosen].parameters : 1.0;
    fit->small_sample = fit->known && (double)fit->ended / parameters < 40.0;
}

double ls_fit_distance(const ls_survival *survival, const ls_dist *dist, const double *tables) {
    double distance = 0.0;
    double before = 1.0;
    for (size_t i = 0; i < survival->count; i++) {
        const double x = survival->at[i];
        const double just = x - 1e-9 * x;
        distance = fmax(distance, ls_abs(ls_dist_survival_at(dist, tables, just) - before));
        before = survival->survival[i];
        distance = fmax(distance, ls_abs(ls_dist_survival_at(dist, tables, x) - before));
    }
    return distance;
}

// ---- the old distribution

// Kolmogorov's distribution, with Stephens' correction for n (1970).
static double kolmogorov_p(double distance, double n) {
    const double x = (sqrt(n) + 0.12 + 0.11 / sqrt(n)) * distance;
    if (x < 0.2) {
        return 1.0;
    }
    double sum = 0.0;
    for (int k = 1; k <= 100; k++) {
        const double term = ls_exp(-2.0 * x * x * k * k);
        sum += k % 2 == 1 ? term : -term;
    }
    return fmin(fmax(2.0 * sum, 0.0), 1.0);
}

// Largest difference of two distributions at the times that were seen.
static double apart(const ls_survival *survival, const ls_dist *a, const ls_dist *b,
                    const double *b_tables) {
    double most = 0.0;
    for (size_t i = 0; i < survival->count; i++) {
        const double x = survival->at[i];
        most = fmax(most,
                    ls_abs(ls_dist_survival_at(a, NULL, x) - ls_dist_survival_at(b, b_tables, x)));
    }
    return most;
}

static double old_likelihood_p(const ls_fit_data *data, const ls_fit *fit, const ls_dist *old) {
    ls_family family = ls_family_of(old);
    // The number of phases is no smooth parameter: the gamma around it is.
    family = family == LS_FAMILY_ERLANG ? LS_FAMILY_GAMMA : family;
    if (family == LS_FAMILY_COUNT || !fit->family[family].offered) {
        return NAN;
    }
    const double there = ls_fit_likelihood_of(data, old);
    if (there != there) {
        return NAN;
    }
    const double ratio = 2.0 * (fit->family[family].log_likelihood - there);
    return ls_chi2_survival(fmax(ratio, 0.0), fit->family[family].parameters);
}

static bool is_off(const ls_fit_def *def, const ls_fit *fit, const ls_survival *survival) {
    const ls_fit_old *old = &fit->old;
    const ls_family_fit *now = &fit->family[fit->chosen];
    const double alpha = MANY_VALUES * (1.0 - def->level);
    const bool mean_off = old->mean < now->mean_low || old->mean > now->mean_high;
    const bool mean_matters = !(ls_abs(old->ratio - 1.0) < MATTERS_MEAN);
    if (def->old->kind == LS_DIST_CONST) {
        const double sd = sqrt(ls_dist_variance(&now->dist, NULL));
        return (mean_off && ls_abs(now->mean - old->mean) > def->resolution && mean_matters) ||
               sd > SPREAD_SEEN * now->mean;
    }
    if (fit->chosen == LS_FAMILY_CONST) {
        return true;  // what is said to vary does not
    }
    bool significant = mean_off;
    if (old->likelihood_p == old->likelihood_p) {
        significant = old->likelihood_p < alpha;
    } else if (old->fit_p == old->fit_p) {
        significant = old->fit_p < alpha;
    }
    return significant && (mean_matters ||
                           apart(survival, &now->dist, def->old, def->old_tables) >= MATTERS_SHAPE);
}

static void compare(const ls_fit_data *data, const ls_fit_def *def, const ls_survival *survival,
                    ls_fit *fit) {
    ls_fit_old *old = &fit->old;
    const ls_family_fit *now = &fit->family[fit->chosen];
    old->given = true;
    old->same_family = ls_family_of(def->old) == fit->chosen;
    old->mean = ls_dist_mean(def->old, def->old_tables);
    old->ratio = now->mean / old->mean;
    old->ratio_low = now->mean_low / old->mean;
    old->ratio_high = now->mean_high / old->mean;
    old->distance = ls_fit_distance(survival, def->old, def->old_tables);
    old->likelihood_p = old_likelihood_p(data, fit, def->old);
    const bool whole = fit->censored == 0 && fit->truncated == 0;
    old->fit_p = whole ? kolmogorov_p(old->distance, (double)fit->ended) : NAN;
    old->off = is_off(def, fit, survival);
}

// ---- all of it

static ls_status judge(const ls_fit_time *times, size_t count, const ls_fit_data *data,
                       const ls_fit_def *def, ls_fit *fit, ls_error *err) {
    ls_survival survival;
    ls_status status = ls_survival_make(times, count, &survival, err);
    if (status != LS_OK) {
        return status;
    }
    fit->distance = ls_fit_distance(&survival, &fit->family[fit->chosen].dist, NULL);
    if (def->old != NULL) {
        compare(data, def, &survival, fit);
    }
    ls_survival_clear(&survival);
    return ls_fit_goodness(times, count, def, fit, err);
}

ls_status ls_fit_times(const ls_fit_time *times, size_t count, const ls_fit_def *def, ls_fit *out,
                       ls_error *err) {
    assert(def->cookie == FIT_COOKIE);
    assert(def->level > 0.0 && def->level < 1.0);
    ls_fit_data data;
    *out = (ls_fit){.count = count, .p = NAN, .chosen = LS_FAMILY_COUNT};
    ls_status status = ls_fit_data_make(times, count, def->resolution, &data, err);
    if (status != LS_OK) {
        return status;
    }
    out->ended = data.ended_count;
    out->censored = data.censored_count;
    out->truncated = data.entered_count;
    out->refused = data.refused;
    out->sum = data.at_risk;
    for (int k = 0; k < LS_FAMILY_COUNT; k++) {
        ls_fit_family_one(&data, (ls_family)k, def->level, &out->family[k]);
    }
    ls_fit_const(&data, def->resolution, &out->family[LS_FAMILY_CONST]);
    choose(def, out);
    if (out->known) {
        status = judge(times, count, &data, def, out, err);
    } else {
        out->at_least = data.at_risk / AT_LEAST_DIVISOR;
    }
    ls_fit_data_clear(&data);
    return status;
}
