// distribution.c - see distribution.h.
#include "plant/distribution.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>  // qsort
#include <string.h>

#include "base/arena.h"
#include "base/kmath.h"
#include "base/text.h"
#include "base/units.h"
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

// ---- reading

enum { QUANTITY_SIZE = 96, SHOWN = 120 };  // longest quantity; how much of a text an error shows

// A word of the text.
typedef struct token {
    const char *at;
    size_t length;
} token;

typedef struct reader {
    const char *text;        // whole, for errors
    const char *at;          // next byte
    const char *count_word;  // NULL: quantities are times
    ls_error *err;
} reader;

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static token peek_token(const reader *r) {
    const char *at = r->at;
    while (is_blank(*at)) {
        at++;
    }
    token t = {at, 0};
    while (at[t.length] != '\0' && !is_blank(at[t.length])) {
        t.length++;
    }
    return t;
}

static token next_token(reader *r) {
    const token t = peek_token(r);
    r->at = t.at + t.length;
    return t;
}

static bool token_is(token t, const char *word) {
    return t.length == strlen(word) && memcmp(t.at, word, t.length) == 0;
}

static bool starts_number(token t) {
    return t.length > 0 && ((t.at[0] >= '0' && t.at[0] <= '9') || t.at[0] == '.' ||
                            t.at[0] == '-' || t.at[0] == '+');
}

static int shown(size_t length) {
    return length > SHOWN ? SHOWN : (int)length;
}

static ls_status fail_form(const reader *r, const char *form, const char *what) {
    ls_fail(r->err, LS_ERR_INVALID, "'%.*s': %s", SHOWN, r->text, what);
    ls_hint(r->err, "write it as '%s'", form);
    return LS_ERR_INVALID;
}

// One quantity: the text from start to end, a time or a count.
static ls_status read_quantity(const reader *r, const char *form, const char *role,
                               const char *start, const char *end, double *out) {
    while (start < end && is_blank(*start)) {
        start++;
    }
    while (end > start && is_blank(end[-1])) {
        end--;
    }
    char what[64 + SHOWN];
    const size_t length = (size_t)(end - start);
    if (length == 0) {
        snprintf(what, sizeof what, "%s is missing", role);
        return fail_form(r, form, what);
    }
    if (length >= QUANTITY_SIZE) {
        snprintf(what, sizeof what, "%s is too long", role);
        return fail_form(r, form, what);
    }
    char buffer[QUANTITY_SIZE];
    memcpy(buffer, start, length);
    buffer[length] = '\0';
    if (r->count_word != NULL) {
        size_t digits = 0;
        while (buffer[digits] != '\0' && !is_blank(buffer[digits])) {
            digits++;
        }
        size_t rest = digits;
        while (is_blank(buffer[rest])) {
            rest++;
        }
        const bool has_unit = buffer[rest] == '\0' || strcmp(buffer + rest, r->count_word) == 0;
        if (!has_unit || !ls_text_parse_double(buffer, digits, out) || *out < 0.0) {
            ls_fail(r->err, LS_ERR_INVALID, "'%.*s': %s is '%s'", SHOWN, r->text, role, buffer);
            ls_hint(r->err, "a number, as in '500 %s'", r->count_word);
            return LS_ERR_INVALID;
        }
        return LS_OK;
    }
    int64_t us = 0;
    ls_error inner = {0};
    if (ls_units_time(buffer, &us, &inner) != LS_OK) {
        ls_fail(r->err, LS_ERR_INVALID, "'%.*s': %s: %.300s", SHOWN, r->text, role, inner.text);
        ls_hint(r->err, "%.400s", inner.hint);
        return LS_ERR_INVALID;
    }
    *out = (double)us;
    return LS_OK;
}

static ls_status read_number(reader *r, const char *form, const char *role, double *out) {
    const token t = next_token(r);
    if (t.length > 0 && ls_text_parse_double(t.at, t.length, out)) {
        return LS_OK;
    }
    ls_fail(r->err, LS_ERR_INVALID, "'%.*s': %s is '%.*s'", SHOWN, r->text, role, shown(t.length),
            t.at);
    ls_hint(r->err, "a plain number, as in '%s'", form);
    return LS_ERR_INVALID;
}

// A part of a form: the word before it (may be empty), another word for it, what it is.
typedef struct part {
    const char *word;
    const char *other;  // NULL or a second word, as mean for scale
    const char *role;
    bool is_number;
} part;

typedef struct form {
    const char *example;
    const char *count_example;
    part parts[3];
} form;

static const form forms[LS_DIST_KINDS] = {
    [LS_DIST_CONST] = {"const 62 s", "const 500", {{"", NULL, "the value", false}}},
    [LS_DIST_UNIFORM] = {"uniform 50 s to 70 s",
                         "uniform 50 to 70",
                         {{"", NULL, "the lowest value", false},
                          {"to", NULL, "the highest value", false}}},
    [LS_DIST_TRIANGULAR] = {"triangular 5 s mode 7 s to 12 s",
                            "triangular 5 mode 7 to 12",
                            {{"", NULL, "the lowest value", false},
                             {"mode", NULL, "the mode", false},
                             {"to", NULL, "the highest value", false}}},
    [LS_DIST_NORMAL] = {"normal 62 s sd 6 s",
                        "normal 62 sd 6",
                        {{"", NULL, "the mean", false}, {"sd", NULL, "sd", false}}},
    [LS_DIST_LOGNORMAL] = {"lognormal 62 s sd 6 s",
                           "lognormal 62 sd 6",
                           {{"", NULL, "the mean", false}, {"sd", NULL, "sd", false}}},
    [LS_DIST_EXP] = {"exp 6 h", "exp 200", {{"", NULL, "the mean", false}}},
    [LS_DIST_ERLANG] = {"erlang 3 mean 10 min",
                        "erlang 3 mean 200",
                        {{"", NULL, "the number of phases", true},
                         {"mean", NULL, "the mean", false}}},
    [LS_DIST_GAMMA] = {"gamma 18 min sd 6 min",
                       "gamma 18 sd 6",
                       {{"", NULL, "the mean", false}, {"sd", NULL, "sd", false}}},
    [LS_DIST_WEIBULL] = {"weibull shape 2 scale 50 h",
                         "weibull shape 2 scale 200",
                         {{"shape", NULL, "shape", true}, {"scale", "mean", "scale", false}}},
    [LS_DIST_BETA] = {"pert 4 min mode 5 min to 9 min",
                      "pert 4 mode 5 to 9",
                      {{"", NULL, "the lowest value", false},
                       {"mode", NULL, "the mode", false},
                       {"to", NULL, "the highest value", false}}},
    [LS_DIST_EMPIRICAL] = {"empirical 12 s 18 s 25 s",
                           "empirical 12 18 25",
                           {{NULL, NULL, NULL, false}}},
    [LS_DIST_DISCRETE] = {"discrete 60 s 80 % 90 s 20 %",
                          "discrete 60 80 % 90 20 %",
                          {{NULL, NULL, NULL, false}}},
};
enum { PARTS_MAX = 3 };

static const char *form_example(const reader *r, uint32_t kind) {
    return r->count_word != NULL ? forms[kind].count_example : forms[kind].example;
}

// The words of a form become values; *out_other is true when the second word of a part stood there.
static ls_status read_parts(reader *r, uint32_t kind, double *values, bool *out_other) {
    const form *f = &forms[kind];
    const char *example = form_example(r, kind);
    for (int i = 0; i < PARTS_MAX && f->parts[i].word != NULL; i++) {
        const part *p = &f->parts[i];
        if (p->word[0] != '\0') {
            const token t = next_token(r);
            const bool is_other = p->other != NULL && token_is(t, p->other);
            if (!is_other && !token_is(t, p->word)) {
                char what[64 + SHOWN];
                if (t.length == 0) {
                    snprintf(what, sizeof what, "'%s' is missing", p->word);
                } else {
                    snprintf(what, sizeof what, "'%.*s' where '%s' should stand", shown(t.length),
                             t.at, p->word);
                }
                return fail_form(r, example, what);
            }
            *out_other = *out_other || is_other;
        }
        if (p->is_number) {
            if (read_number(r, example, p->role, &values[i]) != LS_OK) {
                return LS_ERR_INVALID;
            }
            continue;
        }
        // A quantity ends where the next part's word begins, or any word that no unit is.
        const part *next = i + 1 < PARTS_MAX ? &f->parts[i + 1] : NULL;
        const char *start = r->at;
        for (;;) {
            const token t = peek_token(r);
            if (t.length == 0 ||
                (next != NULL && next->word != NULL &&
                 (token_is(t, next->word) || (next->other != NULL && token_is(t, next->other))))) {
                break;
            }
            next_token(r);
        }
        if (read_quantity(r, example, p->role, start, r->at, &values[i]) != LS_OK) {
            return LS_ERR_INVALID;
        }
    }
    const token rest = peek_token(r);
    if (rest.length > 0) {
        char what[64 + SHOWN];
        snprintf(what, sizeof what, "'%.*s' is too much", shown(rest.length), rest.at);
        return fail_form(r, example, what);
    }
    return LS_OK;
}

// Values that grow while a list is read.
typedef struct list {
    double *items;
    size_t count;
    size_t capacity;
} list;

static ls_status list_add(list *l, double value, ls_error *err) {
    if (l->count == l->capacity) {
        const size_t capacity = l->capacity == 0 ? 16 : l->capacity * 2;
        double *items = capacity > 4 * LS_DIST_VALUES_MAX
                            ? NULL
                            : ls_realloc(l->items, capacity * sizeof *items);
        if (items == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu values of a distribution",
                           capacity);
        }
        l->items = items;
        l->capacity = capacity;
    }
    l->items[l->count++] = value;
    return LS_OK;
}

// `12 s 18 s`: every number begins a value, and the words after it are its unit.
static ls_status read_values(reader *r, list *values) {
    const char *example = form_example(r, LS_DIST_EMPIRICAL);
    while (peek_token(r).length > 0) {
        const char *start = r->at;
        next_token(r);
        for (token t = peek_token(r); t.length > 0 && !starts_number(t); t = peek_token(r)) {
            next_token(r);
        }
        double value = 0.0;
        ls_status status = read_quantity(r, example, "a value", start, r->at, &value);
        if (status == LS_OK) {
            status = list_add(values, value, r->err);
        }
        if (status != LS_OK) {
            return status;
        }
    }
    return LS_OK;
}

static bool token_ends_in_percent(token t) {
    return t.length > 0 && t.at[t.length - 1] == '%';
}

// `60 s 80 % 90 s 20 %`: the number before each % is a share, all before that its value.
static ls_status read_pairs(reader *r, list *values, list *shares) {
    const char *example = form_example(r, LS_DIST_DISCRETE);
    while (peek_token(r).length > 0) {
        const char *start = r->at;
        token last = {NULL, 0};
        token t = next_token(r);
        while (t.length > 0 && !token_ends_in_percent(t)) {
            last = t;
            t = next_token(r);
        }
        if (t.length == 0) {
            return fail_form(r, example, "the last value has no share in %");
        }
        const token number = t.length == 1 ? last : (token){t.at, t.length - 1};
        double percent = 0.0;
        if (number.length == 0 || !ls_text_parse_double(number.at, number.length, &percent)) {
            char what[64 + SHOWN];
            snprintf(what, sizeof what, "'%.*s' is no share in %%", shown(number.length),
                     number.length == 0 ? "" : number.at);
            return fail_form(r, example, what);
        }
        double value = 0.0;
        ls_status status = read_quantity(r, example, "a value", start, number.at, &value);
        if (status == LS_OK) {
            status = list_add(values, value, r->err);
        }
        if (status == LS_OK) {
            status = list_add(shares, percent / 100.0, r->err);
        }
        if (status != LS_OK) {
            return status;
        }
    }
    return LS_OK;
}

static const char file_form[] = "empirical file times.csv column seconds";

static ls_status read_name(reader *r, const char *what, char *out, size_t size) {
    const token t = next_token(r);
    char text[64];
    if (t.length == 0) {
        snprintf(text, sizeof text, "the name of the %s is missing", what);
        return fail_form(r, file_form, text);
    }
    if (t.length >= size) {
        snprintf(text, sizeof text, "the name of the %s is longer than %zu bytes", what, size - 1);
        return fail_form(r, file_form, text);
    }
    memcpy(out, t.at, t.length);
    out[t.length] = '\0';
    return LS_OK;
}

static ls_status read_file_request(reader *r, ls_dist *out, ls_dist_request *request) {
    next_token(r);  // file
    if (request == NULL) {
        return fail_form(r, form_example(r, LS_DIST_EMPIRICAL), "a file is not possible here");
    }
    ls_dist_request wanted = {.wants_file = true};
    if (read_name(r, "file", wanted.file, sizeof wanted.file) != LS_OK) {
        return LS_ERR_INVALID;
    }
    const token t = next_token(r);
    if (!token_is(t, "column")) {
        return fail_form(r, file_form, "'column' is missing after the file");
    }
    if (read_name(r, "column", wanted.column, sizeof wanted.column) != LS_OK) {
        return LS_ERR_INVALID;
    }
    if (peek_token(r).length > 0) {
        return fail_form(r, file_form, "there is text after the column");
    }
    *request = wanted;
    *out = (ls_dist){0};
    return LS_OK;
}

static ls_status make_kind(uint32_t kind, const double *v, bool is_other, ls_dist *out,
                           ls_error *err) {
    switch (kind) {
    case LS_DIST_CONST: return ls_dist_make_const(v[0], out, err);
    case LS_DIST_UNIFORM: return ls_dist_make_uniform(v[0], v[1], out, err);
    case LS_DIST_TRIANGULAR: return ls_dist_make_triangular(v[0], v[1], v[2], out, err);
    case LS_DIST_NORMAL: return ls_dist_make_normal(v[0], v[1], out, err);
    case LS_DIST_LOGNORMAL: return ls_dist_make_lognormal(v[0], v[1], out, err);
    case LS_DIST_EXP: return ls_dist_make_exp(v[0], out, err);
    case LS_DIST_ERLANG: return ls_dist_make_erlang(v[0], v[1], out, err);
    case LS_DIST_GAMMA: return ls_dist_make_gamma(v[0], v[1], out, err);
    case LS_DIST_WEIBULL:
        return is_other ? ls_dist_make_weibull_mean(v[0], v[1], out, err)
                        : ls_dist_make_weibull(v[0], v[1], out, err);
    case LS_DIST_BETA: return ls_dist_make_pert(v[0], v[1], v[2], out, err);
    default:
        assert(false);  // lists have their own makers
        return LS_ERR_INVALID;
    }
}

// A maker's error says what is wrong; where it stood makes it one for people.
static ls_status with_text(const reader *r, ls_status status, const ls_error *inner) {
    if (status != LS_OK) {
        ls_fail(r->err, status, "'%.*s': %.300s", SHOWN, r->text, inner->text);
        ls_hint(r->err, "%.400s", inner->hint);
    }
    return status;
}

static ls_status read_list_kind(reader *r, uint32_t kind, ls_dist_tables *tables, ls_dist *out) {
    list values = {0};
    list shares = {0};
    ls_error inner = {0};
    ls_status status = kind == LS_DIST_EMPIRICAL ? read_values(r, &values)
                                                 : read_pairs(r, &values, &shares);
    if (status == LS_OK) {
        status = kind == LS_DIST_EMPIRICAL
                     ? ls_dist_make_empirical(values.items, values.count, tables, out, &inner)
                     : ls_dist_make_discrete(values.items, shares.items, values.count, tables, out,
                                             &inner);
        with_text(r, status, &inner);
    }
    ls_free(values.items);
    ls_free(shares.items);
    return status;
}

static ls_status fail_unknown(const reader *r, token t) {
    char name[64];
    const size_t length = t.length < sizeof name ? t.length : sizeof name - 1;
    memcpy(name, t.at, length);
    name[length] = '\0';
    const char *nearest = ls_text_nearest(name, kind_names, NAME_COUNT);
    ls_fail(r->err, LS_ERR_INVALID, "'%.*s': unknown distribution '%s'", SHOWN, r->text, name);
    if (nearest != NULL) {
        uint32_t kind = 0;
        while (strcmp(kind_names[kind], nearest) != 0) {
            kind++;
        }
        ls_hint(r->err, "did you mean '%s'? As in '%s'", nearest, form_example(r, kind));
    } else {
        ls_hint(r->err,
                "'%s' alone, or one of const, uniform, triangular, normal, lognormal, exp, erlang, "
                "gamma, weibull, pert, empirical, discrete",
                r->count_word != NULL ? "500" : "62 s");
    }
    return LS_ERR_INVALID;
}

static ls_status read_any(reader *r, ls_dist_tables *tables, ls_dist *out,
                          ls_dist_request *request) {
    const token first = peek_token(r);
    if (first.length == 0) {
        return fail_form(r, form_example(r, LS_DIST_LOGNORMAL), "nothing is written");
    }
    uint32_t kind = LS_DIST_CONST;
    if (!starts_number(first)) {
        while (kind < NAME_COUNT && !token_is(first, kind_names[kind])) {
            kind++;
        }
        if (kind == NAME_COUNT) {
            return fail_unknown(r, first);
        }
        next_token(r);
    }
    if (kind == LS_DIST_EMPIRICAL && token_is(peek_token(r), "file")) {
        return read_file_request(r, out, request);
    }
    if (kind == LS_DIST_EMPIRICAL || kind == LS_DIST_DISCRETE) {
        return read_list_kind(r, kind, tables, out);
    }
    double values[PARTS_MAX] = {0};
    bool is_other = false;
    if (read_parts(r, kind, values, &is_other) != LS_OK) {
        return LS_ERR_INVALID;
    }
    ls_error inner = {0};
    return with_text(r, make_kind(kind, values, is_other, out, &inner), &inner);
}

ls_status ls_dist_parse(const char *text, ls_dist_tables *tables, ls_dist *out,
                        ls_dist_request *request, ls_error *err) {
    assert(text != NULL && tables != NULL && out != NULL);
    if (request != NULL) {
        *request = (ls_dist_request){0};
    }
    reader r = {.text = text, .at = text, .err = err};
    return read_any(&r, tables, out, request);
}

ls_status ls_dist_parse_count(const char *text, const char *word, ls_dist_tables *tables,
                              ls_dist *out, ls_error *err) {
    assert(text != NULL && word != NULL && tables != NULL && out != NULL);
    reader r = {.text = text, .at = text, .count_word = word, .err = err};
    return read_any(&r, tables, out, NULL);
}

// ---- printing

typedef struct writer {
    char *out;
    size_t size;
    size_t length;  // that the text would have
} writer;

static void put(writer *w, const char *text) {
    const size_t length = strlen(text);
    if (w->length < w->size) {
        const size_t room = w->size - w->length - 1;
        const size_t part_length = length < room ? length : room;
        memcpy(w->out + w->length, text, part_length);
        w->out[w->length + part_length] = '\0';
    }
    w->length += length;
}

static void put_time(writer *w, double us) {
    char text[64];
    ls_units_print_time((int64_t)(us + 0.5), text, sizeof text);
    put(w, text);
}

// The shortest text that reads back to the same double.
static void put_number(writer *w, double value) {
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        double back = 0.0;
        if (ls_text_parse_double(text, strlen(text), &back) && back == value) {
            break;
        }
    }
    put(w, text);
}

static void put_share(writer *w, double share) {
    char text[40];
    snprintf(text, sizeof text, " %.12g %%", share * 100.0);
    put(w, text);
}

size_t ls_dist_print(const ls_dist *d, const double *tables, char *out, size_t size) {
    assert(d != NULL && (out != NULL || size == 0));
    writer w = {out, size, 0};
    if (size > 0) {
        out[0] = '\0';
    }
    if (d->kind != LS_DIST_CONST) {
        put(&w, ls_dist_kind_name(d->kind));
        put(&w, " ");
    }
    switch (d->kind) {
    case LS_DIST_CONST:
    case LS_DIST_EXP: put_time(&w, d->p[0]); break;
    case LS_DIST_UNIFORM:
        put_time(&w, d->p[0]);
        put(&w, " to ");
        put_time(&w, d->p[1]);
        break;
    case LS_DIST_TRIANGULAR:
    case LS_DIST_BETA: {
        const double *p = d->kind == LS_DIST_BETA ? d->p + 2 : d->p;
        put_time(&w, p[0]);
        put(&w, " mode ");
        put_time(&w, p[1]);
        put(&w, " to ");
        put_time(&w, p[2]);
        break;
    }
    case LS_DIST_NORMAL:
        put_time(&w, d->p[0]);
        put(&w, " sd ");
        put_time(&w, d->p[1]);
        break;
    case LS_DIST_LOGNORMAL:
    case LS_DIST_GAMMA:
        put_time(&w, d->p[2]);
        put(&w, " sd ");
        put_time(&w, d->p[3]);
        break;
    case LS_DIST_ERLANG:
        put_number(&w, d->p[0]);
        put(&w, " mean ");
        put_time(&w, d->p[2]);
        break;
    case LS_DIST_WEIBULL:
        put(&w, "shape ");
        put_number(&w, d->p[0]);
        put(&w, " scale ");
        put_time(&w, d->p[1]);
        break;
    case LS_DIST_EMPIRICAL:
    case LS_DIST_DISCRETE:
        for (uint32_t i = 0; i < d->table_count; i++) {
            const double *values = tables + d->table_at;
            if (i > 0) {
                put(&w, " ");
            }
            put_time(&w, values[i]);
            if (d->kind == LS_DIST_DISCRETE) {
                const double *sums = values + d->table_count;
                put_share(&w, i == 0 ? sums[0] : sums[i] - sums[i - 1]);
            }
        }
        break;
    default: break;
    }
    return w.length;
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
