// fit.h - distributions fitted to times that were seen, and how well they fit.
//
// Maximum likelihood with right-censored and left-truncated times, for the families that a plant
// file can say in a few words. The family is chosen by Akaike's criterion, in its small-sample form
// (AICc, Hurvich and Tsai 1989) where ended times / parameters < 40; the family that the file has
// stays when it is within 2 of the best, which data cannot tell apart. docs/CALIBRATE.md has the
// formulas and their sources. Pure; the same times give the same bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "plant/distribution.h"
#include "twin/calibrate/survival.h"

typedef enum ls_family {
    LS_FAMILY_CONST,
    LS_FAMILY_EXP,
    LS_FAMILY_WEIBULL,
    LS_FAMILY_LOGNORMAL,
    LS_FAMILY_GAMMA,
    LS_FAMILY_NORMAL,  // cut at 0
    LS_FAMILY_ERLANG,
    LS_FAMILY_UNIFORM,     // only where nothing is censored or truncated
    LS_FAMILY_TRIANGULAR,  // the same
    LS_FAMILY_COUNT
} ls_family;

typedef struct ls_family_fit {
    bool offered;  // the data allow it; else nothing below counts
    bool capped;   // a parameter lies at its limit (equal values: the Weibull shape has no top)
    ls_dist dist;
    uint32_t parameters;
    double log_likelihood;  // NaN for a constant
    double criterion;       // AIC or AICc; -INFINITY for a constant that all values equal
    double mean, mean_low, mean_high;
} ls_family_fit;

typedef struct ls_fit_def {
    double level;              // of the interval of the mean, default 0.95
    double resolution;         // values are known to this, default 1000 (us); counts: 0
    uint32_t resamples;        // of the bootstrap, default 199; 0: no p-value
    uint32_t resample_most;    // values of each, default 500
    uint64_t seed;             // of the bootstrap's own streams
    const ls_dist *old;        // what the file says; NULL: nothing
    const double *old_tables;  // of an empirical or discrete one
    uint32_t cookie;           // set by ls_fit_def_default
} ls_fit_def;
ls_fit_def ls_fit_def_default(void);

// How far the old distribution is off.
typedef struct ls_fit_old {
    bool given, same_family;
    double mean;
    double ratio, ratio_low, ratio_high;  // new mean / old mean, with its interval
    double distance;                      // KS distance of the old from the data
    double likelihood_p;  // "the old parameters": likelihood ratio in its own family; NaN: none
    double fit_p;         // "the data come from it": KS, asymptotic; NaN where censored
    bool off;             // significantly, and by enough to matter (docs/CALIBRATE.md)
} ls_fit_old;

typedef struct ls_fit {
    uint64_t count, ended, censored, truncated, refused;  // refused: value <= entered, negative
    double sum;                                           // of times at risk: value - entered
    double at_least;  // when nothing ended: the mean is at least this, one-sided 95 %; else 0
    bool known;       // something ended: there is a chosen family
    ls_family chosen;
    bool small_sample;  // AICc
    ls_family_fit family[LS_FAMILY_COUNT];
    double distance;  // largest distance between chosen and Kaplan-Meier, Kolmogorov-Smirnov
    double p;         // of that, by parametric bootstrap; NaN: not asked or constant
    uint32_t resamples, resample_values;
    ls_fit_old old;
} ls_fit;

// Fails with LS_ERR_MEMORY.
ls_status ls_fit_times(const ls_fit_time *times, size_t count, const ls_fit_def *def, ls_fit *out,
                       ls_error *err);
const char *ls_family_name(ls_family family);
// The family of a distribution of the plant file; LS_FAMILY_COUNT when it is none of them.
ls_family ls_family_of(const ls_dist *dist);
