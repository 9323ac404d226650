// sequential.h - how sure a mean is when its values hang together, and when one looks at any time.
//
// Values of a running plant are autocorrelated: the plain standard error of their mean is far too
// small (nominal 95 % covers 49 % at a correlation of .8). Use batch means (ls_stat_batch_means,
// 10 to 20 batches) or fixed-b values; plain Newey-West with normal values is too narrow too.
#pragma once

#include <stddef.h>

#include "base/statistics.h"

// Variance of the mean by Newey, West (Econometrica 1987), Bartlett weights up to `lag`.
double ls_newey_west_variance(const double *values, size_t count, size_t lag);
// 95 % interval with Newey-West at lag 1.3 sqrt n and the critical values of Kiefer, Vogelsang
// (Econometric Theory 2005, Bartlett): they allow for the lag being a share of the length.
ls_interval ls_stat_fixed_b(const double *values, size_t count);

// Mixture SPRT of a normal mean 0 (Robbins 1970; Johari, Pekelis, Walsh 2015): values independent
// or batch means, of variance v; mixing variance tau2. Holds whenever and however often one looks.
typedef struct ls_sequential {
    double variance, tau2, level;  // e.g. 0.95
    size_t count;
    double sum;
    double most;  // greatest likelihood ratio so far
} ls_sequential;
// Starts, all else 0. variance and tau2 above 0.
ls_sequential ls_sequential_start(double variance, double tau2, double level);
void ls_sequential_add(ls_sequential *s, double value);
double ls_sequential_ratio(double mean, double count, double variance, double tau2);
double ls_sequential_radius(double count, double variance, double tau2, double level);
double ls_sequential_p(const ls_sequential *s);              // min(1, 1 / greatest ratio)
ls_interval ls_sequential_interval(const ls_sequential *s);  // valid at any time
