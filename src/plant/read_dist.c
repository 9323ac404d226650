// read_dist.c - distributions of the plant file; equal texts share one.
#include <assert.h>
#include <string.h>

#include "plant/reader.h"

// A cell of a table of times: with a unit of its own, or in that of its column.
static bool parse_cell(const char *cell, double unit_us, double *out_us) {
    double number = 0;
    int64_t us = 0;
    if (unit_us > 0 && ls_text_parse_double(cell, strlen(cell), &number) && number >= 0) {
        *out_us = number * unit_us;
        return true;
    }
    if (ls_units_time(cell, &us, NULL) == LS_OK) {
        *out_us = (double)us;
        return true;
    }
    return false;
}

// The unit that the name of a column ends in: `repair_min`, `seconds`; 0 when it has none.
double ls_column_unit_us(const char *name) {
    static const struct {
        const char *text;
        double us;
    } units[] = {{"us", 1},         {"ms", 1e3},      {"s", 1e6},       {"min", 60e6},
                 {"h", 3600e6},     {"d", 86400e6},   {"seconds", 1e6}, {"minutes", 60e6},
                 {"hours", 3600e6}, {"days", 86400e6}};
    const char *bar = strrchr(name, '_');
    const char *last = bar == NULL ? name : bar + 1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(last, units[i].text) == 0) {
            return units[i].us;
        }
    }
    return 0;
}

static void load_empirical(ls_reader *r, const ls_yaml *at, const ls_dist_request *request,
                           ls_dist *out) {
    const ls_csv *csv = ls_read_csv(r, at, request->file);
    if (csv == NULL) {
        return;
    }
    const int column = ls_csv_column(csv, request->column);
    if (column < 0) {
        ls_reader_mistake(r, at,
                          ls_reader_nearest(r, request->column, csv->columns, csv->column_count),
                          "file '%s' has no column '%s'", request->file, request->column);
        return;
    }
    double *values = ls_arena_alloc(&r->form.scratch, (csv->row_count + 1) * sizeof *values);
    if (values == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    const double unit_us = ls_column_unit_us(request->column);
    size_t count = 0;
    for (size_t i = 0; i < csv->row_count; i++) {
        const char *cell = csv->rows[i][column];
        if (cell[0] == '\0') {
            continue;
        }
        if (!parse_cell(cell, unit_us, &values[count])) {
            ls_reader_mistake_in(r, request->file, csv->lines[i],
                                 ls_csv_place(csv, i, (size_t)column),
                                 "write a unit into the cell (12 s) or end the column's name with "
                                 "_s, _min, _h or _d",
                                 "column '%s': '%s' is not a span of time", request->column, cell);
            return;
        }
        count++;
    }
    ls_error err;
    const ls_status status = ls_dist_make_empirical(values, count, &r->tables, out, &err);
    if (status == LS_ERR_MEMORY) {
        r->form.out_of_memory = true;
    } else if (status != LS_OK) {
        ls_reader_mistake(r, at, err.hint[0] != '\0' ? err.hint : NULL, "column '%s' of '%s': %s",
                          request->column, request->file, err.text);
    }
}

enum { EVERY_WORDS = 3 };

static ls_dist_index keep(ls_reader *r, const char *text, const ls_dist *dist) {
    const uint32_t old = ls_names_add(&r->dist_texts, 0, text, r->dists.count);
    if (old != LS_NONE) {
        return old;
    }
    uint32_t index = 0;
    *(ls_dist *)ls_rows_push(r, &r->dists, &index) = *dist;
    return index;
}

static void report(ls_reader *r, const ls_yaml *at, ls_status status, const ls_error *err) {
    if (status == LS_ERR_MEMORY) {
        r->form.out_of_memory = true;
    } else {
        ls_reader_mistake(r, at, err->hint[0] != '\0' ? err->hint : NULL, "%s", err->text);
    }
}

// True when the value at this place was refused before: a default of a station is read for each of
// its steps, and its mistake told once.
static bool was_refused(ls_reader *r, const ls_yaml *value) {
    return ls_names_find(&r->refused, (uint32_t)value->line, value->text) ==
           (uint32_t)value->column;
}

static ls_dist_index refuse(ls_reader *r, const ls_yaml *value) {
    (void)ls_names_add(&r->refused, (uint32_t)value->line, value->text, (uint32_t)value->column);
    return LS_NONE;
}

// hint: what to say instead of the parser's own hint; NULL: that.
static ls_dist_index read_dist(ls_reader *r, const ls_yaml *value, const char *hint) {
    assert(ls_yaml_is_text(value));
    if (was_refused(r, value)) {
        return LS_NONE;
    }
    const uint32_t old = ls_names_find(&r->dist_texts, 0, value->text);
    if (old != LS_NONE) {
        return old;
    }
    ls_dist dist;
    ls_dist_request request = {.wants_file = false};
    ls_error err;
    const ls_status status = ls_dist_parse(value->text, &r->tables, &dist, &request, &err);
    if (status != LS_OK) {
        if (hint != NULL) {
            ls_hint(&err, "%s", hint);
        }
        report(r, value, status, &err);
        return refuse(r, value);
    }
    if (request.wants_file) {
        const size_t before = r->form.error_count;
        load_empirical(r, value, &request, &dist);
        if (r->form.error_count != before || r->form.out_of_memory) {
            return refuse(r, value);
        }
    }
    return keep(r, value->text, &dist);
}

ls_dist_index ls_read_dist(ls_reader *r, const ls_yaml *value) {
    return read_dist(r, value, NULL);
}

ls_dist_index ls_reader_dist_text(ls_reader *r, const char *text) {
    const ls_yaml value = {.kind = LS_YAML_TEXT, .text = text};
    return ls_read_dist(r, &value);
}

ls_dist_index ls_reader_drop_zero(ls_reader *r, ls_dist_index dist) {
    if (dist == LS_NONE || r->form.out_of_memory) {
        return dist;
    }
    const ls_dist *d = LS_ROW(ls_dist, r->dists, dist);
    return d->kind == LS_DIST_CONST && d->p[0] == 0 ? LS_NONE : dist;
}

// True when one of the blank separated words of text is word, or word without its last letters.
static bool has_word(const char *text, const char *word, size_t singular) {
    for (const char *at = text; *at != '\0';) {
        const size_t length = strcspn(at, " ");
        if ((length == strlen(word) || length == singular) && strncmp(at, word, length) == 0) {
            return true;
        }
        at += length;
        at += strspn(at, " ");
    }
    return false;
}

ls_dist_index ls_read_every(ls_reader *r, const ls_yaml *value, ls_fail_by *out_by) {
    static const struct {
        const char *word;
        size_t singular;
        ls_fail_by by;
    } counts[EVERY_WORDS] = {
        {"parts", 4, LS_FAIL_PARTS}, {"lots", 3, LS_FAIL_LOTS}, {"batches", 5, LS_FAIL_BATCHES}};
    *out_by = LS_FAIL_CALENDAR;
    for (size_t i = 0; i < EVERY_WORDS; i++) {
        if (!has_word(value->text, counts[i].word, counts[i].singular)) {
            continue;
        }
        *out_by = counts[i].by;
        ls_dist dist;
        ls_error err;
        ls_status status = ls_dist_parse_count(value->text, counts[i].word, &r->tables, &dist,
                                               &err);
        if (status != LS_OK && has_word(value->text, "1", 1)) {
            char word[8];
            ls_text_format(word, sizeof word, "%.*s", (int)counts[i].singular, counts[i].word);
            status = ls_dist_parse_count(value->text, word, &r->tables, &dist, &err);
        }
        if (status != LS_OK) {
            report(r, value, status, &err);
            return LS_NONE;
        }
        return keep(r, value->text, &dist);
    }
    // A number first may have been meant as a count.
    const bool is_number = ls_text_number_length(value->text, strlen(value->text)) > 0;
    return read_dist(r, value,
                     is_number ? "a time, as in '6 h', or a count, as in '500 parts', '40 lots' or "
                                 "'20 batches'"
                               : NULL);
}

ls_dist_index ls_read_plain(ls_reader *r, const ls_yaml *value) {
    ls_dist dist;
    ls_error err = {0};
    const ls_status status = ls_dist_parse_count(value->text, "", &r->tables, &dist, &err);
    if (status == LS_OK) {
        return keep(r, value->text, &dist);
    }
    ls_hint(&err, "plain numbers, as in 'normal 0.8 sd 0.05' or 'weibull shape 8 scale 1'");
    report(r, value, status, &err);
    return LS_NONE;
}

bool ls_take_dist(ls_reader *r, const ls_yaml *map, const char *path, ls_dist_index *out) {
    const ls_yaml *value = ls_take(r, map, path);
    if (ls_yaml_is_text(value)) {
        *out = ls_read_dist(r, value);
        return *out != LS_NONE;
    }
    return false;
}
