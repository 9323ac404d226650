// distribution_data.h - a distribution of times as plain data, for host and kernel code.
#pragma once

#include "base/kernel.h"

typedef enum ls_dist_kind {
    LS_DIST_CONST = 0,
    LS_DIST_UNIFORM,
    LS_DIST_TRIANGULAR,
    LS_DIST_NORMAL,
    LS_DIST_LOGNORMAL,
    LS_DIST_EXP,
    LS_DIST_ERLANG,
    LS_DIST_GAMMA,
    LS_DIST_WEIBULL,
    LS_DIST_BETA,
    LS_DIST_EMPIRICAL,
    LS_DIST_DISCRETE
} ls_dist_kind;
enum { LS_DIST_KINDS = 12 };

// Times are microseconds. 64 bytes, no pointer; all zero is the constant 0. p by kind:
//   CONST       value
//   UNIFORM     low, high
//   TRIANGULAR  low, mode, high
//   NORMAL      mean, sd, P(Z > -mean / sd); cut at 0, mean and sd are those before the cut
//   LOGNORMAL   mu, sigma of the logarithm, mean, sd
//   EXP         mean
//   ERLANG      shape, scale, mean
//   GAMMA       shape, scale, mean, sd
//   WEIBULL     shape, scale, 1 / shape
//   BETA        alpha, beta, low, mode, high (PERT: alpha = 1 + 4 (mode - low) / (high - low), ...)
//   EMPIRICAL   -; tables[table_at ..] holds table_count values in rising order
//   DISCRETE    -; table_count values in rising order, then as many cumulative weights, the last 1
typedef struct ls_dist {
    ls_u32 kind;  // ls_dist_kind
    ls_u32 table_at;
    ls_u32 table_count;
    ls_u32 pad;
    double p[6];
} ls_dist;
