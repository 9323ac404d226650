// linear.h - y = intercept + sum of coefficient * feature; fitted by partial least squares.
//
// PLS (Wold; here by the kernel form of Dayal and MacGregor 1997) finds a few directions in which
// the features both move and tell something of y, so that it does not mind features that say the
// same, nor more features than rows. A model is read and used without knowing how it was fitted,
// so other trainers may write one too (docs/MONITORS.md, "A linear model's file").
//
// Never changes after fit or load; any number of threads may read it. Only fit and load allocate.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "model/rows.h"

enum {
    LS_LINEAR_FEATURES_MOST = 4096,
    LS_LINEAR_NAME_MOST = 200,  // bytes of a feature's name
    LS_PLS_FEATURES_MOST = 2000,
    LS_PLS_COMPONENTS_MOST = 100,
};

typedef struct ls_linear {
    size_t features;
    const char *const *names;  // unique UTF-8
    double intercept;
    double *coefficients;
    double *typical;  // what a missing value of the feature counts as
    ls_arena arena;
} ls_linear;

// A missing (NaN) or infinite feature counts as typical. O(features); no allocation.
double ls_linear_predict(const ls_linear *model, const double *row);
void ls_linear_destroy(ls_linear *model);                     // NULL is fine
void ls_linear_save(const ls_linear *model, ls_buffer *out);  // out->failed: no memory
// Checked before anything is believed. LS_ERR_INVALID names the key and what would be right;
// LS_ERR_VERSION: a later format.
ls_status ls_linear_load(const char *text, size_t size, const char *file, ls_linear **out,
                         ls_error *err);

// Start from ls_pls_def_default().
typedef struct ls_pls_def {
    size_t features;
    const char *const *names;  // NULL: x1, x2, ...; copied
    size_t components;         // 0 (the default): chosen by blocks held out in turn, at most ten
    size_t folds;              // 2..50 blocks in time, default 5
} ls_pls_def;
typedef struct ls_pls_report {
    size_t rows;           // complete: neither y nor a feature missing
    size_t components;     // used; fewer than asked for when the rows have no more
    double rmse_held_out;  // of the blocks held out, NaN when components were given
} ls_pls_report;
ls_pls_def ls_pls_def_default(size_t features);
// rows->count rows and as many y. Rows with a missing value are left out. LS_ERR_INVALID: a value
// of def, fewer than 10 complete rows, an infinite value, y or all features constant.
// LS_ERR_MEMORY. *out is then unchanged. report may be NULL.
ls_status ls_pls_fit(const ls_pls_def *def, const ls_rows *rows, const double *y, ls_linear **out,
                     ls_pls_report *report, ls_error *err);

// Inside: room for a model, names copied and checked; NULL names: x1, x2, ...
ls_status ls_linear_new(size_t features, const char *const *names, ls_linear **out, ls_error *err);
