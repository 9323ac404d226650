// twin_difference.c - see twin_difference.h.
#include "cli/twin_difference.h"

#include <math.h>
#include <string.h>

#include "cli/csv_text.h"
#include "cli/estimate.h"
#include "cli/json.h"

// The figures people compare first.
static const struct {
    ls_figure figure;
    const char *label;
} main_figures[] = {
    {LS_FIG_THROUGHPUT, "throughput"},       {LS_FIG_WIP, "in the plant"},
    {LS_FIG_CYCLE_MEAN, "cycle time, mean"}, {LS_FIG_CYCLE_P90, "cycle time, 90 %"},
    {LS_FIG_X_FACTOR, "x-factor"},           {LS_FIG_SCRAPPED, "scrapped"},
    {LS_FIG_LOST, "lost for want of room"},  {LS_FIG_ON_TIME, "on time"},
    {LS_FIG_TARDINESS, "late by, mean"},     {LS_FIG_LIMITS_MISSED, "limits missed"},
};

typedef struct difference {
    ls_estimate base, other, between;
    const char *verdict;
} difference;

static const char *verdict_of(ls_estimate between, int better) {
    if (!isfinite(between.mean)) {
        return "nothing to compare";
    }
    if (!isfinite(between.half_width)) {
        return between.mean == 0.0 ? "the same" : "one replication says little";
    }
    if (!(fabs(between.mean) > between.half_width)) {
        return between.mean == 0.0 ? "the same" : "no difference seen";
    }
    if (better == 0) {
        return between.mean > 0.0 ? "higher" : "lower";
    }
    return (between.mean > 0.0) == (better > 0) ? "better" : "worse";
}

static difference differ(const ls_compared *base, const ls_compared *other, uint32_t class_base,
                         uint32_t class_other, ls_figure figure, double level) {
    difference out = {
        .base = ls_twin_result_class(base->result, class_base, figure),
        .other = ls_twin_result_class(other->result, class_other, figure),
    };
    if (ls_twin_compare(base->result, other->result, class_base, class_other, figure, level,
                        &out.between, NULL) != LS_OK) {
        out.between = (ls_estimate){NAN, NAN, 0};
    }
    out.verdict = verdict_of(out.between, ls_figure_describe(figure).better);
    return out;
}

// The other's class of the same name, or its number of classes.
static uint32_t find_class(const ls_compared *other, const char *name) {
    uint32_t c = 0;
    while (c < other->session.info.classes &&
           strcmp(ls_twin_class_name(other->session.twin, c), name) != 0) {
        c++;
    }
    return c;
}

static void choose_unit(ls_figure figure, const difference *d, const char **unit, double *scale) {
    const ls_figure_info info = ls_figure_describe(figure);
    *unit = info.unit;
    *scale = 1.0;
    if (strcmp(info.unit, "s") == 0) {
        const ls_time_scale time = ls_time_scale_for(fmax(d->base.mean, d->other.mean));
        *unit = time.unit;
        *scale = time.scale;
    } else if (strcmp(info.unit, "share") == 0) {
        *unit = "%";
        *scale = 100.0;
    } else if (figure == LS_FIG_X_FACTOR) {
        *unit = "";
    }
}

static void put_row(const char *class_name, const char *label, ls_figure figure,
                    const difference *d, ls_table *table) {
    char base[LS_ESTIMATE_SIZE], other[LS_ESTIMATE_SIZE], between[LS_ESTIMATE_SIZE];
    const char *unit = "";
    double scale = 1.0;
    choose_unit(figure, d, &unit, &scale);
    ls_estimate_show(d->base, scale, base, sizeof base);
    ls_estimate_show(d->other, scale, other, sizeof other);
    ls_estimate_show_difference(d->between, scale, between, sizeof between);
    ls_table_row(table);
    ls_table_cell(table, 0, "%s", class_name);
    ls_table_cell(table, 1, "%s", label);
    ls_table_cell(table, 2, "%s", unit);
    ls_table_cell(table, 3, "%s", base);
    ls_table_cell(table, 4, "%s", other);
    ls_table_cell(table, 5, "%s", between);
    ls_table_cell(table, 6, "%s", d->verdict);
}

// What is zero in both has no line.
static void put_rows(const ls_compared *base, const ls_compared *other, uint32_t class_base,
                     uint32_t class_other, const char *name, double level, ls_table *table) {
    for (size_t i = 0; i < sizeof main_figures / sizeof main_figures[0]; i++) {
        const ls_figure figure = main_figures[i].figure;
        const difference d = differ(base, other, class_base, class_other, figure, level);
        if (d.base.mean > 0.0 || d.other.mean > 0.0) {
            put_row(name, main_figures[i].label, figure, &d, table);
            name = "";
        }
    }
}

// A class that only one of the two has cannot be compared, and a person should know.
static void put_alone(const ls_compared *from, const ls_compared *in, ls_buffer *out) {
    for (uint32_t c = 0; c < from->session.info.classes; c++) {
        const char *name = ls_twin_class_name(from->session.twin, c);
        if (find_class(in, name) == in->session.info.classes) {
            ls_buffer_printf(out, "Class '%s' is only in %s.\n", name, from->session.path);
        }
    }
}

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

void ls_difference_text(const ls_compared *base, const ls_compared *other, double level,
                        ls_buffer *out) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_table table;
    ls_table_init(&table, &arena);
    ls_table_column(&table, "class", LS_ALIGN_LEFT);
    ls_table_column(&table, "figure", LS_ALIGN_LEFT);
    ls_table_column(&table, "unit", LS_ALIGN_LEFT);
    const char *a = file_name(base->session.path), *b = file_name(other->session.path);
    const bool distinct = strcmp(a, b) != 0;
    ls_table_column(&table, distinct ? a : base->session.path, LS_ALIGN_RIGHT);
    ls_table_column(&table, distinct ? b : other->session.path, LS_ALIGN_RIGHT);
    ls_table_column(&table, "difference", LS_ALIGN_RIGHT);
    ls_table_column(&table, "", LS_ALIGN_LEFT);
    const uint32_t count = base->session.info.classes;
    put_rows(base, other, count, other->session.info.classes, "all", level, &table);
    for (uint32_t c = 0; c < count && count > 1; c++) {
        const char *name = ls_twin_class_name(base->session.twin, c);
        const uint32_t same = find_class(other, name);
        if (same < other->session.info.classes) {
            put_rows(base, other, c, same, name, level, &table);
        }
    }
    ls_table_print(&table, 0, out);
    put_alone(base, other, out);
    put_alone(other, base, out);
    ls_arena_clear(&arena);
}

static json_t *json_figures(const ls_compared *base, const ls_compared *other, uint32_t class_base,
                            uint32_t class_other, double level, json_t *object) {
    for (int f = 0; f < LS_FIG_CLASS_COUNT; f++) {
        const difference d = differ(base, other, class_base, class_other, (ls_figure)f, level);
        json_object_set_new(object, ls_figure_describe((ls_figure)f).name,
                            json_pack("{s:o, s:o, s:o, s:s}", "base", ls_json_estimate(d.base),
                                      "this", ls_json_estimate(d.other), "difference",
                                      ls_json_estimate(d.between), "verdict", d.verdict));
    }
    return object;
}

json_t *ls_difference_json(const ls_compared *base, const ls_compared *other, double level) {
    json_t *object = json_object();
    json_object_set_new(object, "plant", json_string(other->session.info.name));
    json_object_set_new(object, "file", ls_json_text(other->session.path));
    json_object_set_new(object, "hash", ls_json_hex(ls_twin_result_facts(other->result).hash));
    json_object_set_new(object, "total",
                        json_figures(base, other, base->session.info.classes,
                                     other->session.info.classes, level, json_object()));
    json_t *classes = json_array();
    for (uint32_t c = 0; c < base->session.info.classes; c++) {
        const char *name = ls_twin_class_name(base->session.twin, c);
        const uint32_t same = find_class(other, name);
        if (same < other->session.info.classes) {
            json_t *one = json_pack("{s:s}", "name", name);
            json_array_append_new(classes, json_figures(base, other, c, same, level, one));
        }
    }
    json_object_set_new(object, "classes", classes);
    return object;
}

static void csv_number(double value, ls_buffer *out) {
    if (isfinite(value)) {
        ls_buffer_printf(out, "%.12g", value);
    }
    ls_buffer_text(out, ",");
}

static void csv_figures(const ls_compared *base, const ls_compared *other, uint32_t class_base,
                        uint32_t class_other, const char *name, double level, ls_buffer *out) {
    for (int f = 0; f < LS_FIG_CLASS_COUNT; f++) {
        const difference d = differ(base, other, class_base, class_other, (ls_figure)f, level);
        const ls_figure_info info = ls_figure_describe((ls_figure)f);
        ls_csv_text(base->session.path, out);
        ls_buffer_text(out, ",");
        ls_csv_text(other->session.path, out);
        ls_buffer_text(out, ",");
        ls_csv_text(name, out);
        ls_buffer_printf(out, ",%s,%s,", info.name, info.unit);
        csv_number(d.base.mean, out);
        csv_number(d.other.mean, out);
        csv_number(d.between.mean, out);
        csv_number(d.between.half_width, out);
        ls_buffer_printf(out, "%s\n", d.verdict);
    }
}

void ls_difference_csv(const ls_compared *base, const ls_compared *other, double level,
                       ls_buffer *out) {
    csv_figures(base, other, base->session.info.classes, other->session.info.classes, "", level,
                out);
    for (uint32_t c = 0; c < base->session.info.classes; c++) {
        const char *name = ls_twin_class_name(base->session.twin, c);
        const uint32_t same = find_class(other, name);
        if (same < other->session.info.classes) {
            csv_figures(base, other, c, same, name, level, out);
        }
    }
}
