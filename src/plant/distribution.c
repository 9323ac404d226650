// distribution.c - making distributions and asking them; see distribution.h.
#include "plant/distribution.h"

#include <assert.h>
#include <stdlib.h>  // qsort
#include <string.h>

#include "base/arena.h"
#include "base/kmath.h"
#include "plant/sample.h"

#define VALUE_MAX 1e16  // microseconds: 300 years, and still every one a double
static const double SHARE_SUM_TOLERANCE = 1e-9;

static const char *const kind_names[] = {"const",     "uniform", "triangular", "normal",
                                         "lognormal", "exp",     "erlang",     "gamma",
                                         "weibull",   "pert",    "empirical",  "discrete"};
enum { NAME_COUNT = sizeof kind_names / sizeof kind_names[0] };
_Static_assert((int)NAME_COUNT == (int)LS_DIST_KINDS, "a name per kind");
_Static_assert(sizeof(ls_dist) == 64, "plain data of one cache line");

const char *ls_dist_kind_name(uint32_t kind) {
    return kind < NAME_COUNT ? kind_names[kind] : "unknown";
}

// ---- tables

void ls_dist_tables_init(ls_dist_tables *tables) {
    assert(tables != NULL);
    *tables = (ls_dist_tables){0};
}

void ls_dist_tables_clear(ls_dist_tables *tables) {
    if (tables != NULL) {
        ls_free(tables->items);
        *tables = (ls_dist_tables){0};
    }
}

static ls_status tables_reserve(ls_dist_tables *tables, size_t extra, ls_error *err) {
    const size_t need = tables->count + extra;
    if (need > UINT32_MAX / 2) {
        return ls_fail(err, LS_ERR_LIMIT, "distributions hold more than %u values together",
                       UINT32_MAX / 2);
    }
    if (need <= tables->capacity) {
        return LS_OK;
    }
    size_t capacity = tables->capacity < 64 ? 64 : (size_t)tables->capacity * 2;
    if (capacity < need) {
        capacity = need;
    }
    double *items = ls_realloc(tables->items, capacity * sizeof *items);
    if (items == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu values of distributions", capacity);
    }
    tables->items = items;
    tables->capacity = (uint32_t)capacity;
    return LS_OK;
}

// ---- makers

static ls_status check_value(const char *kind, const char *role, double value, double at_least,
                             ls_error *err) {
    if (ls_is_finite(value) && value >= at_least && value <= VALUE_MAX) {
        return LS_OK;
    }
    ls_fail(err, LS_ERR_INVALID, "%s: %s is %g", kind, role, value);
    ls_hint(err, "it must be a number from %g to %g", at_least, VALUE_MAX);
    return LS_ERR_INVALID;
}

static ls_status check_range(const char *kind, const char *role, double value, double low,
                             double high, ls_error *err) {
    if (value >= low && value <= high) {
        return LS_OK;
    }
    ls_fail(err, LS_ERR_INVALID, "%s: %s is %g", kind, role, value);
    ls_hint(err, "it must lie between %g and %g", low, high);
    return LS_ERR_INVALID;
}

static ls_status check_positive(const char *kind, const char *role, double value, ls_error *err) {
    if (value == 0.0) {
        ls_fail(err, LS_ERR_INVALID, "%s: %s is 0", kind, role);
        ls_hint(err,
                "it must be above 0; for a time that never varies write it alone, as in '62 s'");
        return LS_ERR_INVALID;
    }
    return check_value(kind, role, value, 0.0, err);
}

static ls_status check_order(const char *kind, double low, double mode, double high,
                             ls_error *err) {
    if (check_value(kind, "the lowest value", low, 0.0, err) != LS_OK ||
        check_value(kind, "the most likely value", mode, 0.0, err) != LS_OK ||
        check_value(kind, "the highest value", high, 0.0, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    if (low == high) {
        ls_fail(err, LS_ERR_INVALID, "%s: the lowest and the highest value are the same", kind);
        ls_hint(err, "for a time that never varies write it alone, as in '62 s'");
        return LS_ERR_INVALID;
    }
    if (low <= mode && mode <= high) {
        return LS_OK;
    }
    ls_fail(err, LS_ERR_INVALID, "%s: the values do not rise", kind);
    ls_hint(err, "write the lowest first and the highest last");
    return LS_ERR_INVALID;
}

static ls_dist dist_of(ls_dist_kind kind, double p0, double p1, double p2, double p3, double p4) {
    return (ls_dist){.kind = (ls_u32)kind, .p = {p0, p1, p2, p3, p4, 0.0}};
}

ls_status ls_dist_make_const(double value, ls_dist *out, ls_error *err) {
    if (check_value("const", "the value", value, 0.0, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    *out = dist_of(LS_DIST_CONST, value, 0, 0, 0, 0);
    return LS_OK;
}

ls_status ls_dist_make_uniform(double low, double high, ls_dist *out, ls_error *err) {
    if (check_order("uniform", low, low, high, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    *out = dist_of(LS_DIST_UNIFORM, low, high, 0, 0, 0);
    return LS_OK;
}

ls_status ls_dist_make_triangular(double low, double mode, double high, ls_dist *out,
                                  ls_error *err) {
    if (check_order("triangular", low, mode, high, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    *out = dist_of(LS_DIST_TRIANGULAR, low, mode, high, 0, 0);
    return LS_OK;
}

ls_status ls_dist_make_normal(double mean, double sd, ls_dist *out, ls_error *err) {
    if (check_value("normal", "the mean", mean, 0.0, err) != LS_OK ||
        check_positive("normal", "sd", sd, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    *out = dist_of(LS_DIST_NORMAL, mean, sd, ls_normal_survival(-mean / sd), 0, 0);
    return LS_OK;
}

ls_status ls_dist_make_lognormal(double mean, double sd, ls_dist *out, ls_error *err) {
    if (check_positive("lognormal", "the mean", mean, err) != LS_OK ||
        check_positive("lognormal", "sd", sd, err) != LS_OK ||
        check_range("lognormal", "sd over mean", sd / mean, 1e-6, 1000.0, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    const double variation = sd / mean;
    const double square = ls_log1p(variation * variation);
    *out = dist_of(LS_DIST_LOGNORMAL, ls_log(mean) - 0.5 * square, ls_sqrt(square), mean, sd, 0);
    return LS_OK;
}

ls_status ls_dist_make_lognormal_log(double mu, double sigma, ls_dist *out, ls_error *err) {
    if (check_range("lognormal", "mu", mu, -40.0, 37.0, err) != LS_OK ||
        check_range("lognormal", "sigma", sigma, 1e-6, 4.0, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    const double mean = ls_exp(mu + 0.5 * sigma * sigma);
    const double sd = mean * ls_sqrt(ls_expm1(sigma * sigma));
    *out = dist_of(LS_DIST_LOGNORMAL, mu, sigma, mean, sd, 0);
    return LS_OK;
}

ls_status ls_dist_make_exp(double mean, ls_dist *out, ls_error *err) {
    if (check_positive("exp", "the mean", mean, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    *out = dist_of(LS_DIST_EXP, mean, 0, 0, 0, 0);
    return LS_OK;
}

ls_status ls_dist_make_erlang(double shape, double mean, ls_dist *out, ls_error *err) {
    if (check_range("erlang", "the number of phases", shape, 1.0, 1000.0, err) != LS_OK ||
        check_positive("erlang", "the mean", mean, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    if (shape != (double)(int)shape) {
        ls_fail(err, LS_ERR_INVALID, "erlang: the number of phases is %g", shape);
        ls_hint(err, "it must be a whole number, as in 'erlang 3 mean 10 min'; else take gamma");
        return LS_ERR_INVALID;
    }
    *out = dist_of(LS_DIST_ERLANG, shape, mean / shape, mean, 0, 0);
    return LS_OK;
}

ls_status ls_dist_make_gamma(double mean, double sd, ls_dist *out, ls_error *err) {
    if (check_positive("gamma", "the mean", mean, err) != LS_OK ||
        check_positive("gamma", "sd", sd, err) != LS_OK ||
        check_range("gamma", "sd over mean", sd / mean, 0.001, 10.0, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    const double root = mean / sd;
    *out = dist_of(LS_DIST_GAMMA, root * root, sd / root, mean, sd, 0);
    return LS_OK;
}

ls_status ls_dist_make_gamma_shape(double shape, double scale, ls_dist *out, ls_error *err) {
    if (check_range("gamma", "shape", shape, 0.01, 1e6, err) != LS_OK ||
        check_positive("gamma", "scale", scale, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    *out = dist_of(LS_DIST_GAMMA, shape, scale, shape * scale, ls_sqrt(shape) * scale, 0);
    return LS_OK;
}

ls_status ls_dist_make_weibull(double shape, double scale, ls_dist *out, ls_error *err) {
    if (check_range("weibull", "shape", shape, 0.1, 100.0, err) != LS_OK ||
        check_positive("weibull", "scale", scale, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    *out = dist_of(LS_DIST_WEIBULL, shape, scale, 1.0 / shape, 0, 0);
    return LS_OK;
}

ls_status ls_dist_make_weibull_mean(double shape, double mean, ls_dist *out, ls_error *err) {
    if (check_range("weibull", "shape", shape, 0.1, 100.0, err) != LS_OK ||
        check_positive("weibull", "the mean", mean, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    return ls_dist_make_weibull(shape, mean / ls_gamma(1.0 + 1.0 / shape), out, err);
}

ls_status ls_dist_make_pert(double low, double mode, double high, ls_dist *out, ls_error *err) {
    if (check_order("pert", low, mode, high, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    const double range = high - low;
    *out = dist_of(LS_DIST_BETA, 1.0 + 4.0 * (mode - low) / range,
                   1.0 + 4.0 * (high - mode) / range, low, mode, high);
    return LS_OK;
}

static ls_status check_count(const char *kind, size_t count, size_t at_least, ls_error *err) {
    if (count < at_least) {
        ls_fail(err, LS_ERR_INVALID, "%s: %zu %s", kind, count, count == 1 ? "value" : "values");
        ls_hint(err, "give at least %zu", at_least);
        return LS_ERR_INVALID;
    }
    if (count > LS_DIST_VALUES_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "%s: %zu values, the limit is %d", kind, count,
                       LS_DIST_VALUES_MAX);
    }
    return LS_OK;
}

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

ls_status ls_dist_make_empirical(const double *values, size_t count, ls_dist_tables *tables,
                                 ls_dist *out, ls_error *err) {
    ls_status status = check_count("empirical", count, 2, err);
    for (size_t i = 0; status == LS_OK && i < count; i++) {
        status = check_value("empirical", "a value", values[i], 0.0, err);
    }
    if (status == LS_OK) {
        status = tables_reserve(tables, count, err);
    }
    if (status != LS_OK) {
        return status;
    }
    double *table = tables->items + tables->count;
    memcpy(table, values, count * sizeof *table);
    qsort(table, count, sizeof *table, compare_doubles);
    *out = (ls_dist){
        .kind = LS_DIST_EMPIRICAL, .table_at = tables->count, .table_count = (uint32_t)count};
    tables->count += (uint32_t)count;
    return LS_OK;
}

typedef struct weighted {
    double value;
    double share;
} weighted;

static int compare_weighted(const void *a, const void *b) {
    const double x = ((const weighted *)a)->value;
    const double y = ((const weighted *)b)->value;
    return (x > y) - (x < y);
}

static ls_status check_shares(const double *values, const double *shares, size_t count,
                              ls_error *err) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        if (check_value("discrete", "a value", values[i], 0.0, err) != LS_OK) {
            return LS_ERR_INVALID;
        }
        if (!(shares[i] > 0.0 && shares[i] <= 1.0)) {
            ls_fail(err, LS_ERR_INVALID, "discrete: a share is %g %%", shares[i] * 100.0);
            ls_hint(err, "it must be above 0 %% and at most 100 %%");
            return LS_ERR_INVALID;
        }
        sum += shares[i];
    }
    if (ls_abs(sum - 1.0) > SHARE_SUM_TOLERANCE) {
        ls_fail(err, LS_ERR_INVALID, "discrete: the shares sum to %.10g %%", sum * 100.0);
        ls_hint(err, "they must sum to 100 %%, as in 'discrete 60 s 80 %% 90 s 20 %%'");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

ls_status ls_dist_make_discrete(const double *values, const double *shares, size_t count,
                                ls_dist_tables *tables, ls_dist *out, ls_error *err) {
    ls_status status = check_count("discrete", count, 1, err);
    if (status == LS_OK) {
        status = check_shares(values, shares, count, err);
    }
    if (status == LS_OK) {
        status = tables_reserve(tables, 2 * count, err);
    }
    if (status != LS_OK) {
        return status;
    }
    weighted *pairs = ls_alloc(count * sizeof *pairs);
    if (pairs == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu values of a distribution", count);
    }
    for (size_t i = 0; i < count; i++) {
        pairs[i] = (weighted){values[i], shares[i]};
    }
    qsort(pairs, count, sizeof *pairs, compare_weighted);
    // Equal values become one, so that the order in which they were given cannot matter.
    size_t kept = 0;
    for (size_t i = 1; i < count; i++) {
        if (pairs[i].value == pairs[kept].value) {
            pairs[kept].share += pairs[i].share;
        } else {
            pairs[++kept] = pairs[i];
        }
    }
    kept++;
    double *table = tables->items + tables->count;
    double sum = 0.0;
    for (size_t i = 0; i < kept; i++) {
        sum += pairs[i].share;
        table[i] = pairs[i].value;
        table[kept + i] = i + 1 == kept || sum > 1.0 ? 1.0 : sum;
    }
    ls_free(pairs);
    *out = (ls_dist){
        .kind = LS_DIST_DISCRETE, .table_at = tables->count, .table_count = (uint32_t)kept};
    tables->count += (uint32_t)(2 * kept);
    return LS_OK;
}

// ---- asking

// Mean, or with is_square the mean square, of a table.
static double table_moment(const ls_dist *d, const double *tables, double center, bool is_square) {
    const double *values = tables + d->table_at;
    const double *sums = values + d->table_count;
    double total = 0.0;
    for (uint32_t i = 0; i < d->table_count; i++) {
        double weight = 1.0 / (double)d->table_count;
        if (d->kind == LS_DIST_DISCRETE) {
            weight = i == 0 ? sums[0] : sums[i] - sums[i - 1];
        }
        const double x = values[i] - center;
        total += weight * (is_square ? x * x : x);
    }
    return total;
}

// The hazard of the cut normal at 0, in standard units.
static double normal_cut(const ls_dist *d, double *out_z) {
    const double z = -d->p[0] / d->p[1];
    *out_z = z;
    return 0.3989422804014327 * ls_exp(-0.5 * z * z) / d->p[2];
}

double ls_dist_mean(const ls_dist *d, const double *tables) {
    switch (d->kind) {
    case LS_DIST_CONST:
    case LS_DIST_EXP: return d->p[0];
    case LS_DIST_UNIFORM: return 0.5 * (d->p[0] + d->p[1]);
    case LS_DIST_TRIANGULAR: return (d->p[0] + d->p[1] + d->p[2]) / 3.0;
    case LS_DIST_NORMAL: {
        double z = 0.0;
        const double cut = normal_cut(d, &z);
        return d->p[0] + d->p[1] * cut;
    }
    case LS_DIST_LOGNORMAL:
    case LS_DIST_ERLANG:
    case LS_DIST_GAMMA: return d->p[2];
    case LS_DIST_WEIBULL: return d->p[1] * ls_gamma(1.0 + d->p[2]);
    case LS_DIST_BETA: return d->p[2] + (d->p[4] - d->p[2]) * d->p[0] / (d->p[0] + d->p[1]);
    case LS_DIST_EMPIRICAL:
    case LS_DIST_DISCRETE: return table_moment(d, tables, 0.0, false);
    default: return 0.0;
    }
}

double ls_dist_variance(const ls_dist *d, const double *tables) {
    const double *p = d->p;
    switch (d->kind) {
    case LS_DIST_CONST: return 0.0;
    case LS_DIST_EXP: return p[0] * p[0];
    case LS_DIST_UNIFORM: return (p[1] - p[0]) * (p[1] - p[0]) / 12.0;
    case LS_DIST_TRIANGULAR: {
        const double b = p[1] - p[0];
        const double c = p[2] - p[0];
        return (b * b + c * c - b * c) / 18.0;
    }
    case LS_DIST_NORMAL: {
        double z = 0.0;
        const double cut = normal_cut(d, &z);
        return p[1] * p[1] * (1.0 + z * cut - cut * cut);
    }
    case LS_DIST_LOGNORMAL:
    case LS_DIST_GAMMA: return p[3] * p[3];
    case LS_DIST_ERLANG: return p[2] * p[1];
    case LS_DIST_WEIBULL: {
        const double first = ls_gamma(1.0 + p[2]);
        return p[1] * p[1] * (ls_gamma(1.0 + 2.0 * p[2]) - first * first);
    }
    case LS_DIST_BETA: {
        const double range = p[4] - p[2];
        const double sum = p[0] + p[1];
        return range * range * p[0] * p[1] / (sum * sum * (sum + 1.0));
    }
    case LS_DIST_EMPIRICAL:
    case LS_DIST_DISCRETE: return table_moment(d, tables, ls_dist_mean(d, tables), true);
    default: return 0.0;
    }
}

double ls_dist_survival(const ls_dist *d, const double *tables, double x_us) {
    return ls_dist_survival_at(d, tables, x_us);
}

double ls_dist_cdf(const ls_dist *d, const double *tables, double x_us) {
    return 1.0 - ls_dist_survival_at(d, tables, x_us);
}
