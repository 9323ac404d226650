// search.h - the top of a smooth function of few variables, and how curved it is there.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LS_SEARCH_DIMENSIONS_MAX = 3 };

// Higher is better; -INFINITY where the point is not allowed.
typedef double (*ls_search_fn)(const void *context, const double *x);

// Nelder and Mead 1965 with restarts, then Newton steps on finite differences. x begins as a guess
// that is allowed and ends as the best point found; `step` is the size of the first simplex.
// Returns the value there.
double ls_search_top(ls_search_fn f, const void *context, uint32_t dimensions, double step,
                     double *x);
// Minus the inverse of the second derivatives at x (the covariance of estimates when f is a log
// likelihood and x its top), row by row. False when f is not curved downwards there.
bool ls_search_covariance(ls_search_fn f, const void *context, uint32_t dimensions, const double *x,
                          double *out);
// Where a rising function of one variable is 0, by bisection to the last bit; the nearer end when
// it has no zero between them.
double ls_search_zero(double (*f)(const void *context, double x), const void *context, double low,
                      double high);
