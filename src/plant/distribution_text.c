// distribution_text.c - distributions as people write them: reading and printing.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/units.h"
#include "plant/distribution.h"

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
    const char *names[LS_DIST_KINDS];
    for (uint32_t kind = 0; kind < LS_DIST_KINDS; kind++) {
        names[kind] = ls_dist_kind_name(kind);
    }
    const char *nearest = ls_text_nearest(name, names, LS_DIST_KINDS);
    ls_fail(r->err, LS_ERR_INVALID, "'%.*s': unknown distribution '%s'", SHOWN, r->text, name);
    if (nearest != NULL) {
        uint32_t kind = 0;
        while (strcmp(ls_dist_kind_name(kind), nearest) != 0) {
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
        while (kind < LS_DIST_KINDS && !token_is(first, ls_dist_kind_name(kind))) {
            kind++;
        }
        if (kind == LS_DIST_KINDS) {
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
