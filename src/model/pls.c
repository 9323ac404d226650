// pls.c - partial least squares for one y, from the sums of products alone: the rows are walked
// once for each block, and memory is that of features^2.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "model/linear.h"

enum { ROWS_LEAST = 10, CHOICE_MOST = 10 };
static const double NOTHING = 1e-12;  // of what was there at first: only rounding is left

ls_pls_def ls_pls_def_default(size_t features) {
    return (ls_pls_def){.features = features, .folds = 5};
}

// Means and sums of products of the rows, about the centre of all; sums of parts may be taken off.
typedef struct products {
    size_t rows;
    double y, yy;
    double *x, *xy, *xx;  // [features], [features], [features][features]
} products;

typedef struct fitting {
    const ls_pls_def *def;
    const ls_rows *rows;
    const double *y;
    double *mean;   // about which everything is taken, so that nothing cancels
    double *scale;  // deviation of each feature, 0: constant
    double y_mean;
    products whole, part;
    double *p, *r;  // [components][features]
    double *work;   // [4 features]
} fitting;

static bool is_complete(const fitting *f, size_t row) {
    bool complete = !isnan(f->y[row]);
    for (size_t i = 0; i < f->def->features && complete; i++) {
        complete = !isnan(f->rows->values[row * f->def->features + i]);
    }
    return complete;
}

static void clear_products(const fitting *f, products *p) {
    const size_t n = f->def->features;
    p->rows = 0;
    p->y = p->yy = 0.0;
    memset(p->x, 0, (2 * n + n * n) * sizeof *p->x);
}

// In units of deviation about the centre.
static void standard_row(const fitting *f, size_t row, double *out) {
    const size_t n = f->def->features;
    for (size_t i = 0; i < n; i++) {
        const double x = f->rows->values[row * n + i];
        out[i] = f->scale[i] > 0.0 ? (x - f->mean[i]) / f->scale[i] : 0.0;
    }
}

static void add_row(const fitting *f, size_t row, products *p, double *x) {
    const size_t n = f->def->features;
    const double y = f->y[row] - f->y_mean;
    standard_row(f, row, x);
    p->rows++;
    p->y += y;
    p->yy += y * y;
    for (size_t i = 0; i < n; i++) {
        p->x[i] += x[i];
        p->xy[i] += x[i] * y;
        for (size_t j = 0; j <= i; j++) {
            p->xx[i * n + j] += x[i] * x[j];
        }
    }
}

// part := what `kept` holds less what `off` does, about its own centre; NULL off: nothing.
static void centre_products(const fitting *f, const products *kept, const products *off,
                            products *out) {
    const size_t n = f->def->features;
    out->rows = kept->rows - (off != NULL ? off->rows : 0);
    const double rows = (double)out->rows;
    out->y = kept->y - (off != NULL ? off->y : 0.0);
    out->yy = kept->yy - (off != NULL ? off->yy : 0.0) - out->y * out->y / rows;
    for (size_t i = 0; i < n; i++) {
        out->x[i] = kept->x[i] - (off != NULL ? off->x[i] : 0.0);
        out->xy[i] = kept->xy[i] - (off != NULL ? off->xy[i] : 0.0) - out->x[i] * out->y / rows;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            const double sum = kept->xx[i * n + j] - (off != NULL ? off->xx[i * n + j] : 0.0) -
                               out->x[i] * out->x[j] / rows;
            out->xx[i * n + j] = out->xx[j * n + i] = sum;
        }
    }
}

static double inner(const double *a, const double *b, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

// Coefficients in standard units after 1, 2, ... components: out[k * features]. Returns how many
// components the products have, at most `most`. Destroys xy.
static size_t find_components(fitting *f, products *p, size_t most, double *out) {
    const size_t n = f->def->features;
    const double first = sqrt(inner(p->xy, p->xy, n));
    double trace = 0.0;
    for (size_t i = 0; i < n; i++) {
        trace += p->xx[i * n + i];
    }
    double *xr = f->work;
    for (size_t k = 0; k < most; k++) {
        const double length = sqrt(inner(p->xy, p->xy, n));
        double *r = f->r + k * n, *load = f->p + k * n;
        if (!(length > NOTHING * first)) {
            return k;
        }
        for (size_t i = 0; i < n; i++) {
            r[i] = p->xy[i] / length;
        }
        const double *w = p->xy;  // before r is made orthogonal: w = xy / length
        for (size_t j = 0; j < k; j++) {
            const double share = inner(f->p + j * n, w, n) / length;
            for (size_t i = 0; i < n; i++) {
                r[i] -= share * f->r[j * n + i];
            }
        }
        for (size_t i = 0; i < n; i++) {
            xr[i] = inner(p->xx + i * n, r, n);
        }
        const double tt = inner(r, xr, n);
        if (!(tt > NOTHING * trace)) {
            return k;
        }
        const double q = inner(r, p->xy, n) / tt;
        for (size_t i = 0; i < n; i++) {
            load[i] = xr[i] / tt;
            out[k * n + i] = (k > 0 ? out[(k - 1) * n + i] : 0.0) + q * r[i];
        }
        for (size_t i = 0; i < n; i++) {
            p->xy[i] -= load[i] * q * tt;
        }
    }
    return most;
}

static double predict_standard(const fitting *f, const products *centred, const double *b,
                               const double *x) {
    const double rows = (double)centred->rows;
    double sum = centred->y / rows;
    for (size_t i = 0; i < f->def->features; i++) {
        sum += b[i] * (x[i] - centred->x[i] / rows);
    }
    return sum;
}

// ---- how many components ------------------------------------------------------------------------

// Squared errors of the rows from..to (counted among the complete ones) by models of the others,
// added to errors[k] for k + 1 components; a model that has fewer repeats its last.
static void hold_out(fitting *f, size_t from, size_t to, size_t most, products *held,
                     double *coefficients, double *errors) {
    const size_t n = f->def->features;
    double *x = f->work + n;
    clear_products(f, held);
    for (size_t row = 0, at = 0; row < f->rows->count; row++) {
        if (is_complete(f, row)) {
            if (at >= from && at < to) {
                add_row(f, row, held, x);
            }
            at++;
        }
    }
    centre_products(f, &f->whole, held, &f->part);
    const size_t found = find_components(f, &f->part, most, coefficients);
    for (size_t row = 0, at = 0; row < f->rows->count; row++) {
        if (!is_complete(f, row)) {
            continue;
        }
        if (at >= from && at < to) {
            standard_row(f, row, x);
            for (size_t k = 0; k < most; k++) {
                double error = f->y[row] - f->y_mean - f->part.y / (double)f->part.rows;
                if (found > 0) {
                    const size_t used = k < found ? k : found - 1;
                    error = f->y[row] - f->y_mean -
                            predict_standard(f, &f->part, coefficients + used * n, x);
                }
                errors[k] += error * error;
            }
        }
        at++;
    }
}

static size_t choose(fitting *f, size_t most, products *held, double *coefficients,
                     double *out_rmse) {
    double errors[CHOICE_MOST] = {0};
    const size_t rows = f->whole.rows, folds = f->def->folds;
    for (size_t fold = 0; fold < folds; fold++) {
        hold_out(f, rows * fold / folds, rows * (fold + 1) / folds, most, held, coefficients,
                 errors);
    }
    size_t best = 0;
    for (size_t k = 1; k < most; k++) {
        best = errors[k] < errors[best] ? k : best;
    }
    *out_rmse = sqrt(errors[best] / (double)rows);
    return best + 1;
}

// ---- fit ----------------------------------------------------------------------------------------

static ls_status check(const ls_pls_def *d, const ls_rows *rows, const double *y, ls_error *err) {
    if (d->features < 1 || d->features > LS_PLS_FEATURES_MOST) {
        return ls_fail(err, LS_ERR_INVALID, "%zu features; 1 to %d are possible", d->features,
                       LS_PLS_FEATURES_MOST);
    }
    if (d->components > LS_PLS_COMPONENTS_MOST || d->components > d->features) {
        return ls_fail(err, LS_ERR_INVALID, "%zu components of %zu features; at most that, and %d",
                       d->components, d->features, LS_PLS_COMPONENTS_MOST);
    }
    if (d->folds < 2 || d->folds > 50) {
        return ls_fail(err, LS_ERR_INVALID, "%zu blocks held out in turn; 2 to 50 are possible",
                       d->folds);
    }
    for (size_t i = 0; i < rows->count * d->features; i++) {
        if (fabs(rows->values[i]) > 1e100) {
            return ls_fail(err, LS_ERR_INVALID,
                           "row %zu, feature %zu is %g; at most 1e100 either way",
                           i / d->features + 1, i % d->features + 1, rows->values[i]);
        }
    }
    for (size_t row = 0; row < rows->count; row++) {
        if (fabs(y[row]) > 1e100) {
            return ls_fail(err, LS_ERR_INVALID, "y of row %zu is %g; at most 1e100 either way",
                           row + 1, y[row]);
        }
    }
    return LS_OK;
}

// Means and deviations of the complete rows; how many there are.
static size_t find_scale(fitting *f) {
    const size_t n = f->def->features;
    size_t count = 0;
    for (size_t row = 0; row < f->rows->count; row++) {
        if (!is_complete(f, row)) {
            continue;
        }
        count++;
        f->y_mean += (f->y[row] - f->y_mean) / (double)count;
        for (size_t i = 0; i < n; i++) {
            const double before = f->rows->values[row * n + i] - f->mean[i];
            f->mean[i] += before / (double)count;
            f->scale[i] += before * (f->rows->values[row * n + i] - f->mean[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        const double scale = count > 1 ? sqrt(f->scale[i] / (double)(count - 1)) : 0.0;
        f->scale[i] = scale > 1e-12 * fabs(f->mean[i]) ? scale : 0.0;
    }
    return count;
}

static void place_products(products *p, double **at, size_t n) {
    p->x = *at;
    p->xy = p->x + n;
    p->xx = p->xy + n;
    *at += 2 * n + n * n;
}

static ls_status fit(fitting *f, double *flat, ls_linear *m, ls_pls_report *report, ls_error *err) {
    const size_t n = f->def->features;
    size_t most = f->def->components > 0 ? f->def->components : CHOICE_MOST;
    most = most < n ? most : n;
    double *at = flat;
    products held;
    f->mean = at;
    f->scale = at + n;
    f->work = at + 2 * n;
    at += 6 * n;
    place_products(&f->whole, &at, n);
    place_products(&f->part, &at, n);
    place_products(&held, &at, n);
    f->p = at;
    f->r = f->p + most * n;
    double *coefficients = f->r + most * n;
    const size_t rows = find_scale(f);
    if (rows < ROWS_LEAST) {
        return ls_fail(err, LS_ERR_INVALID, "%zu complete rows; a fit needs %d", rows, ROWS_LEAST);
    }
    clear_products(f, &f->whole);
    for (size_t row = 0; row < f->rows->count; row++) {
        if (is_complete(f, row)) {
            add_row(f, row, &f->whole, f->work + n);
        }
    }
    report->rows = rows;
    report->rmse_held_out = NAN;
    if (f->def->components == 0) {
        most = choose(f, most, &held, coefficients, &report->rmse_held_out);
    }
    centre_products(f, &f->whole, NULL, &f->part);
    report->components = find_components(f, &f->part, most, coefficients);
    if (report->components == 0) {
        return ls_fail(err, LS_ERR_INVALID,
                       "y does not move with any feature: there is nothing to fit");
    }
    const double *b = coefficients + (report->components - 1) * n;
    m->intercept = f->y_mean;
    for (size_t i = 0; i < n; i++) {
        m->typical[i] = f->mean[i];
        m->coefficients[i] = f->scale[i] > 0.0 ? b[i] / f->scale[i] : 0.0;
        m->intercept -= m->coefficients[i] * f->mean[i];
    }
    return LS_OK;
}

ls_status ls_pls_fit(const ls_pls_def *def, const ls_rows *rows, const double *y, ls_linear **out,
                     ls_pls_report *report, ls_error *err) {
    if (check(def, rows, y, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    const size_t n = def->features;
    const size_t most = def->components > CHOICE_MOST ? def->components : CHOICE_MOST;
    ls_linear *m = NULL;
    ls_status status = ls_linear_new(n, def->names, &m, err);
    if (status != LS_OK) {
        return status;
    }
    double *flat = ls_alloc((6 * n + 3 * (2 * n + n * n) + 3 * most * n) * sizeof *flat);
    ls_pls_report told = {0};
    fitting f = {.def = def, .rows = rows, .y = y};
    status = flat != NULL ? fit(&f, flat, m, &told, err)
                          : ls_fail(err, LS_ERR_MEMORY, "no memory for partial least squares");
    ls_free(flat);
    if (status != LS_OK) {
        ls_linear_destroy(m);
        return status;
    }
    if (report != NULL) {
        *report = told;
    }
    *out = m;
    return LS_OK;
}
