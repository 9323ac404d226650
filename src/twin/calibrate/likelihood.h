// likelihood.h - fitting.c and goodness.c share this: data made ready, and each family's
// likelihood.
#pragma once

#include "twin/calibrate/fit.h"

// Times divided by `scale`, so that they are about 1; sums of those that ended.
typedef struct ls_fit_data {
    double scale;
    double *ended;     // rising
    double *censored;  // as given
    double *entered;   // those over 0
    double *logs;      // of ended, censored, entered, one after the other
    size_t ended_count, censored_count, entered_count;
    uint64_t refused;
    double at_risk;               // sum of value - entered
    double mean, log_mean;        // of ended
    double squares, log_squares;  // squared distances from those
    double low, high;             // of ended
    double log_mean_after;        // of all values, for a first guess under censoring
    double log_sd_after;
} ls_fit_data;

ls_status ls_fit_data_make(const ls_fit_time *times, size_t count, double resolution,
                           ls_fit_data *out, ls_error *err);
void ls_fit_data_clear(ls_fit_data *data);

// One family's parameters on the way: logarithms where they must be positive.
//   EXP        ln mean                      WEIBULL  ln shape, ln scale
//   LOGNORMAL  mu, ln sigma                 GAMMA, NORMAL  ln mean, ln sd
typedef struct ls_fit_question {
    const ls_fit_data *data;
    ls_family family;
    double shape;  // ERLANG: the number of phases; its one parameter is ln mean
} ls_fit_question;
// The log likelihood of the scaled times; -INFINITY outside of what a plant file may say.
double ls_fit_likelihood(const void *question, const double *x);
uint32_t ls_fit_dimensions(ls_family family);
void ls_fit_guess(const ls_fit_question *q, double *x);
// ln of the mean (of the scaled times) at x.
double ls_fit_log_mean(const ls_fit_question *q, const double *x);
// In plain units. False when the plant file cannot say it.
bool ls_fit_dist(const ls_fit_question *q, const double *x, double scale, ls_dist *out);
// Weibull has one equation for its shape; others climb. Returns the likelihood.
double ls_fit_climb(const ls_fit_question *q, double *x);

// Log likelihood of the data (plain units) under any distribution with a density.
double ls_fit_likelihood_of(const ls_fit_data *data, const ls_dist *dist);
// Largest distance of a distribution from the product-limit estimate of the times.
double ls_fit_distance(const ls_survival *survival, const ls_dist *dist, const double *tables);
// Fits one family; *out->offered says whether it can be.
void ls_fit_family_one(const ls_fit_data *data, ls_family family, double level, ls_family_fit *out);
// A constant, when the values are equal to within the resolution.
void ls_fit_const(const ls_fit_data *data, double resolution, ls_family_fit *out);
// Bootstrap p-value of the chosen family.
ls_status ls_fit_goodness(const ls_fit_time *times, size_t count, const ls_fit_def *def,
                          ls_fit *fit, ls_error *err);
