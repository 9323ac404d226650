// distribution.h - distributions of times: made from what people say, read, printed, asked.
//
// All times are microseconds as double. Makers check their arguments, compute the parameters of
// distribution_data.h with kmath.h (so no libm decides a result), and leave *out alone on failure
// with LS_ERR_INVALID; *err then has the value and what would be right, without a place. Pure;
// drawing is in plant/sample.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "plant/distribution_data.h"

enum { LS_DIST_VALUES_MAX = 1 << 20 };  // of one empirical or discrete distribution

// What empirical and discrete distributions point into; grows by appending. The caller owns it.
typedef struct ls_dist_tables {
    double *items;
    uint32_t count;
    uint32_t capacity;
} ls_dist_tables;

void ls_dist_tables_init(ls_dist_tables *tables);
void ls_dist_tables_clear(ls_dist_tables *tables);

// What the text asked for and a pure reader cannot fetch: `empirical file times.csv column
// seconds`. The caller loads the column and calls ls_dist_make_empirical.
typedef struct ls_dist_request {
    bool wants_file;
    char file[256];
    char column[64];
} ls_dist_request;

ls_status ls_dist_make_const(double value, ls_dist *out, ls_error *err);
ls_status ls_dist_make_uniform(double low, double high, ls_dist *out, ls_error *err);
ls_status ls_dist_make_triangular(double low, double mode, double high, ls_dist *out,
                                  ls_error *err);
// Cut at 0: negative values are drawn again. mean and sd are those of the normal before the cut.
ls_status ls_dist_make_normal(double mean, double sd, ls_dist *out, ls_error *err);
// By mean and standard deviation of the time itself, or of its logarithm (in microseconds).
ls_status ls_dist_make_lognormal(double mean, double sd, ls_dist *out, ls_error *err);
ls_status ls_dist_make_lognormal_log(double mu, double sigma, ls_dist *out, ls_error *err);
ls_status ls_dist_make_exp(double mean, ls_dist *out, ls_error *err);
ls_status ls_dist_make_erlang(double shape, double mean, ls_dist *out, ls_error *err);
ls_status ls_dist_make_gamma(double mean, double sd, ls_dist *out, ls_error *err);
ls_status ls_dist_make_gamma_shape(double shape, double scale, ls_dist *out, ls_error *err);
ls_status ls_dist_make_weibull(double shape, double scale, ls_dist *out, ls_error *err);
ls_status ls_dist_make_weibull_mean(double shape, double mean, ls_dist *out, ls_error *err);
// A beta on low .. high, shaped by the most likely value with the usual weight 4.
ls_status ls_dist_make_pert(double low, double mode, double high, ls_dist *out, ls_error *err);
// At least two values, in any order; appends count doubles to tables. A draw is one of the values.
// May also fail with LS_ERR_MEMORY or LS_ERR_LIMIT; tables is unchanged then.
ls_status ls_dist_make_empirical(const double *values, size_t count, ls_dist_tables *tables,
                                 ls_dist *out, ls_error *err);
// Shares sum to 1 within 1e-9; appends 2 count doubles to tables.
ls_status ls_dist_make_discrete(const double *values, const double *shares, size_t count,
                                ls_dist_tables *tables, ls_dist *out, ls_error *err);

// Reads
//     62 s | const 62 s             uniform 50 s to 70 s       triangular 5 s mode 7 s to 12 s
//     normal 62 s sd 6 s            lognormal 62 s sd 6 s      gamma 18 min sd 6 min
//     exp 6 h                       erlang 3 mean 10 min       pert 4 min mode 5 min to 9 min
//     weibull shape 2 scale 50 h    weibull shape 2 mean 44 h  empirical 12 s 18 s 25 s
//     empirical file times.csv column seconds                  discrete 60 s 80 % 90 s 20 %
// request may be NULL, then a file is refused; when request->wants_file is true, *out is the
// constant 0 until the caller has made it. tables may gain items.
ls_status ls_dist_parse(const char *text, ls_dist_tables *tables, ls_dist *out,
                        ls_dist_request *request, ls_error *err);
// The same forms over counts: `500 parts`, `exp 200`, `uniform 90 to 110 parts`. word (here
// "parts") may follow each number. No files.
ls_status ls_dist_parse_count(const char *text, const char *word, ls_dist_tables *tables,
                              ls_dist *out, ls_error *err);

// A text that ls_dist_parse reads back to the same bits when every time is a whole number of
// microseconds (else to the nearest); shares keep 12 digits. A cut text ends in 0; returns the
// length it would have.
size_t ls_dist_print(const ls_dist *d, const double *tables, char *out, size_t size);
const char *ls_dist_kind_name(uint32_t kind);  // "lognormal"; "pert" for LS_DIST_BETA

double ls_dist_mean(const ls_dist *d, const double *tables);
double ls_dist_variance(const ls_dist *d, const double *tables);
double ls_dist_cdf(const ls_dist *d, const double *tables, double x_us);       // P(X <= x)
double ls_dist_survival(const ls_dist *d, const double *tables, double x_us);  // P(X > x)
