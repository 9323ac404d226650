// scores.h - how good was a forecast? Scores of ensembles and intervals against what happened.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Continuous ranked probability score of an ensemble, the fair form (Ferro 2014): mean |x - y|
// minus sum |x_i - x_j| / (2 n (n - 1)). members are sorted; n at least 2. In the unit of the
// values.
double ls_score_crps_fair(const double *sorted, size_t count, double y);
// The form that takes the ensemble as the whole distribution: divided by 2 n^2.
double ls_score_crps(const double *sorted, size_t count, double y);
// Probability integral transform of y in an ensemble: (below + v (1 + equal)) / (n + 1), v uniform.
double ls_score_pit(const double *sorted, size_t count, double y, double v);
// Interval score (Gneiting, Raftery 2007) of [low, high] at level 1 - alpha.
double ls_score_interval(double low, double high, double alpha, double y);
// Wilson's interval for a share.
void ls_score_wilson(uint64_t hits, uint64_t count, double level, double *out_low,
                     double *out_high);
