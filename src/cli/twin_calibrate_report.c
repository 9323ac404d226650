// twin_calibrate_report.c - see twin_calibrate.h.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "cli/table.h"
#include "cli/twin_calibrate.h"

enum { HISTOGRAM = 12, TEXT_SIZE = 96 };

// Twelve blocks of eight heights; the tallest is full, what is not empty shows.
static void draw_histogram(const ls_calibrate_row *row, char *out, size_t size) {
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    uint64_t sums[HISTOGRAM] = {0};
    uint64_t most = 0;
    for (int i = 0; i < LS_CALIBRATE_BINS; i++) {
        uint64_t *sum = &sums[i * HISTOGRAM / LS_CALIBRATE_BINS];
        *sum += row->bins[i];
        most = *sum > most ? *sum : most;
    }
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < HISTOGRAM && most > 0 && used < size; i++) {
        const uint64_t height = (8 * sums[i] + most - 1) / most;
        used += (size_t)snprintf(out + used, size - used, "%s", blocks[height]);
    }
}

// In percent; no sign on what is nothing.
static double percent(double ratio) {
    const double value = 100.0 * (ratio - 1.0);
    return fabs(value) < 0.05 ? 0.0 : value;
}

static void put_off(const ls_calibrate_row *row, char *out, size_t size) {
    if (row->is_share) {
        ls_text_format(out, size, "%.3g %% (%.3g to %.3g)", 100.0 * row->share.share,
                       100.0 * row->share.low, 100.0 * row->share.high);
    } else if (row->fit.known && row->fit.old.given) {
        ls_text_format(out, size, "%+.1f %% (%+.1f to %+.1f)", percent(row->fit.old.ratio),
                       percent(row->fit.old.ratio_low), percent(row->fit.old.ratio_high));
    } else {
        ls_text_format(out, size, "-");
    }
}

static void put_fit(const ls_calibrate_row *row, char *out, size_t size) {
    if (row->is_share || !row->fit.known || row->fit.chosen == LS_FAMILY_CONST) {
        ls_text_format(out, size, "-");
    } else if (row->fit.p == row->fit.p) {
        ls_text_format(out, size, "D %.3f p %.2f", row->fit.distance, row->fit.p);
    } else {
        ls_text_format(out, size, "D %.3f", row->fit.distance);
    }
}

static void shown_text(const ls_calibrate_row *row, char *out, size_t size) {
    if (!row->is_share && !row->fit.known && row->fit.at_least > 0.0) {
        ls_text_format(out, size, row->is_count ? "mean at least %.4g" : "mean at least %.4g s",
                       row->is_count ? row->fit.at_least : row->fit.at_least / 1e6);
    } else {
        ls_text_format(out, size, "%s", row->new_text[0] != '\0' ? row->new_text : "-");
    }
}

static void put_row(ls_table *table, const ls_calibrate_row *row, uint32_t note) {
    char text[TEXT_SIZE];
    ls_table_row(table);
    ls_table_cell(table, 0, "%s", row->changed ? "*" : row->off ? "!" : "");
    if (row->line > 0) {
        ls_table_cell(table, 1, "%d", row->line);
    }
    ls_table_cell(table, 2, "%s", row->path);
    ls_table_cell(table, 3, "%s", row->old_text[0] != '\0' ? row->old_text : "-");
    shown_text(row, text, sizeof text);
    ls_table_cell(table, 4, "%s", text);
    put_off(row, text, sizeof text);
    ls_table_cell(table, 5, "%s", text);
    ls_table_cell(table, 6, "%llu",
                  (unsigned long long)(row->is_share ? row->share.count : row->fit.ended));
    ls_table_cell(table, 7, "%llu", (unsigned long long)(row->is_share ? 0 : row->fit.censored));
    put_fit(row, text, sizeof text);
    ls_table_cell(table, 8, "%s", text);
    draw_histogram(row, text, sizeof text);
    ls_table_cell(table, 9, "%s", text);
    if (note > 0) {
        ls_table_cell(table, 10, "[%u]", note);
    }
}

// Blocks do not come at the end of a line that has no note: blanks there would be cut anyway.
void ls_calibrate_table(const ls_calibration *calibration, ls_buffer *out) {
    static const char *const headers[] = {"",           "line",     "place", "file says",
                                          "line shows", "mean off", "n",     "not ended",
                                          "fit",        "",         ""};
    ls_arena arena;
    ls_arena_init(&arena);
    ls_table table;
    ls_table_init(&table, &arena);
    for (int i = 0; i < 11; i++) {
        const bool right = i == 1 || i == 6 || i == 7;
        ls_table_column(&table, headers[i], right ? LS_ALIGN_RIGHT : LS_ALIGN_LEFT);
    }
    uint32_t notes = 0;
    for (uint32_t i = 0; i < calibration->count; i++) {
        const bool noted = calibration->rows[i].note[0] != '\0' ||
                           calibration->rows[i].from_inferred;
        notes += noted ? 1 : 0;
        put_row(&table, &calibration->rows[i], noted ? notes : 0);
    }
    ls_table_print(&table, 0, out);
    ls_arena_clear(&arena);
    ls_buffer_printf(out, "\n%u value%s, %u off, %u changed (*)\n", calibration->count,
                     calibration->count == 1 ? "" : "s", calibration->off, calibration->changed);
    notes = 0;
    for (uint32_t i = 0; i < calibration->count; i++) {
        const ls_calibrate_row *row = &calibration->rows[i];
        if (row->note[0] != '\0' || row->from_inferred) {
            ls_buffer_printf(out, "[%u] %s%s%s\n", ++notes, row->note,
                             row->note[0] != '\0' && row->from_inferred ? "; " : "",
                             row->from_inferred ? "no end was heard: from inferred times" : "");
        }
    }
}

void ls_calibrate_facts(const ls_collect *collect, ls_buffer *out) {
    const ls_collect_figures f = ls_collect_describe(collect);
    ls_buffer_printf(out, "%llu facts; %llu inferred, used only where there are no others",
                     (unsigned long long)f.facts, (unsigned long long)f.inferred);
    for (uint32_t i = 0; i < f.reasons; i++) {
        ls_buffer_printf(out, "; %llu %s", (unsigned long long)f.why_count[i], f.why[i]);
    }
    ls_buffer_text(out, "\n");
}

static json_t *families_json(const ls_fit *fit) {
    json_t *object = json_object();
    for (int k = 0; k < LS_FAMILY_COUNT; k++) {
        if (fit->family[k].offered) {
            json_t *one = json_object();
            json_object_set_new(one, "log_likelihood",
                                ls_json_number(fit->family[k].log_likelihood));
            json_object_set_new(one, "aic", ls_json_number(fit->family[k].criterion));
            json_object_set_new(one, "mean", ls_json_number(fit->family[k].mean));
            json_object_set_new(object, ls_family_name((ls_family)k), one);
        }
    }
    return object;
}

static void put_times(json_t *object, const ls_calibrate_row *row) {
    const ls_fit *fit = &row->fit;
    json_object_set_new(object, "ended", json_integer((json_int_t)fit->ended));
    json_object_set_new(object, "censored", json_integer((json_int_t)fit->censored));
    json_object_set_new(object, "truncated", json_integer((json_int_t)fit->truncated));
    json_object_set_new(object, "inferred", json_boolean(row->from_inferred));
    json_object_set_new(object, "unit", json_string(row->is_count ? "count" : "us"));
    if (!fit->known) {
        json_object_set_new(object, "at_least", ls_json_number(fit->at_least));
        return;
    }
    const ls_family_fit *f = &fit->family[fit->chosen];
    json_object_set_new(object, "family", json_string(ls_family_name(fit->chosen)));
    json_object_set_new(object, "criterion", json_string(fit->small_sample ? "AICc" : "AIC"));
    json_object_set_new(object, "mean", ls_json_number(f->mean));
    json_object_set_new(object, "mean_low", ls_json_number(f->mean_low));
    json_object_set_new(object, "mean_high", ls_json_number(f->mean_high));
    json_object_set_new(object, "distance", ls_json_number(fit->distance));
    json_object_set_new(object, "p", ls_json_number(fit->p));
    json_object_set_new(object, "families", families_json(fit));
    if (fit->old.given) {
        json_object_set_new(object, "ratio", ls_json_number(fit->old.ratio));
        json_object_set_new(object, "ratio_low", ls_json_number(fit->old.ratio_low));
        json_object_set_new(object, "ratio_high", ls_json_number(fit->old.ratio_high));
        json_object_set_new(object, "old_distance", ls_json_number(fit->old.distance));
        json_object_set_new(object, "old_likelihood_p", ls_json_number(fit->old.likelihood_p));
    }
}

static json_t *row_json(const ls_calibrate_row *row) {
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string(ls_quantity_name(row->kind)));
    json_object_set_new(object, "what", ls_json_text(row->what));
    json_object_set_new(object, "place", ls_json_text(row->path));
    json_object_set_new(object, "line", row->line > 0 ? json_integer(row->line) : json_null());
    json_object_set_new(object, "old", ls_json_text(row->old_text));
    json_object_set_new(object, "new", ls_json_text(row->new_text));
    json_object_set_new(object, "off", json_boolean(row->off));
    json_object_set_new(object, "changed", json_boolean(row->changed));
    json_object_set_new(object, "note", ls_json_text(row->note));
    json_object_set_new(object, "together", json_integer(row->members));
    json_object_set_new(object, "alike_p", ls_json_number(row->members_p));
    if (row->is_share) {
        json_object_set_new(object, "hits", json_integer((json_int_t)row->share.hits));
        json_object_set_new(object, "count", json_integer((json_int_t)row->share.count));
        json_object_set_new(object, "share", ls_json_number(row->share.share));
        json_object_set_new(object, "share_low", ls_json_number(row->share.low));
        json_object_set_new(object, "share_high", ls_json_number(row->share.high));
        json_object_set_new(object, "p", ls_json_number(row->share_p));
    } else {
        put_times(object, row);
    }
    return object;
}

json_t *ls_calibrate_rows_json(const ls_calibration *calibration) {
    json_t *rows = json_array();
    for (uint32_t i = 0; i < calibration->count; i++) {
        json_array_append_new(rows, row_json(&calibration->rows[i]));
    }
    return rows;
}

json_t *ls_calibrate_facts_json(const ls_collect *collect) {
    const ls_collect_figures f = ls_collect_describe(collect);
    json_t *object = json_object();
    json_object_set_new(object, "all", json_integer((json_int_t)f.facts));
    json_object_set_new(object, "inferred", json_integer((json_int_t)f.inferred));
    json_object_set_new(object, "useless", json_integer((json_int_t)f.useless));
    return object;
}
