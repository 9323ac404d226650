// decide_print.c - a row of a decision for people.
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/decide_open.h"
#include "cli/table.h"

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static double number_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void put_head(const json_t *row, ls_buffer *out) {
    char date[48] = "";
    const json_t *id = json_object_get(row, "id");
    ls_units_print_date(
        json_integer_value(json_object_get(row, "line_us")) / LS_US_PER_S * LS_US_PER_S, date,
        sizeof date);
    if (json_is_string(id)) {
        ls_buffer_printf(out, "%s  ", json_string_value(id));
    }
    ls_buffer_printf(out, "%s  %s", date, text_of(row, "point"));
    ls_buffer_printf(out, "  %s", text_of(row, "subject"));
    if (json_is_string(json_object_get(row, "state"))) {
        ls_buffer_printf(out, "  %s", text_of(row, "state"));
    }
    ls_buffer_printf(out, "\n  %s\n", text_of(row, "title"));
    const json_t *why = json_object_get(row, "why");
    for (size_t i = 0; i < json_array_size(why); i++) {
        ls_buffer_printf(out, "    %s\n", json_string_value(json_array_get(why, i)));
    }
    if (text_of(row, "reason")[0] != '\0') {
        ls_buffer_printf(out, "    %s: %s\n", text_of(row, "state"), text_of(row, "reason"));
    }
}

static void put_number(ls_table *table, int column, double value) {
    if (isfinite(value)) {
        ls_table_cell(table, column, "%.3g", value);
    }
}

static void put_candidates(const json_t *row, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    const char *unit = text_of(row, "unit");
    char head[64];
    ls_text_format(head, sizeof head, "gain %s", unit);
    ls_table_column(&table, "", LS_ALIGN_LEFT);
    ls_table_column(&table, "candidate", LS_ALIGN_LEFT);
    ls_table_column(&table, "futures", LS_ALIGN_RIGHT);
    ls_table_column(&table, head, LS_ALIGN_RIGHT);
    ls_table_column(&table, "low", LS_ALIGN_RIGHT);
    ls_table_column(&table, "high", LS_ALIGN_RIGHT);
    const json_t *all = json_object_get(row, "candidates");
    const json_int_t chosen = json_integer_value(json_object_get(row, "chosen"));
    const json_int_t own = json_integer_value(json_object_get(row, "own"));
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *c = json_array_get(all, i);
        const bool is_chosen = (json_int_t)i == chosen;
        const bool is_own = (json_int_t)i == own;
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s%s", is_chosen ? "chosen" : "",
                      is_own ? (is_chosen ? ", own" : "own") : "");
        ls_table_cell(&table, 1, "%s", text_of(c, "label"));
        ls_table_cell(&table, 2, "%lld",
                      (long long)json_integer_value(json_object_get(c, "futures")));
        put_number(&table, 3, number_of(c, "gain"));
        put_number(&table, 4, number_of(c, "low"));
        put_number(&table, 5, number_of(c, "high"));
    }
    ls_table_print(&table, 4, out);
    ls_arena_clear(&arena);
}

static void put_people(const json_t *row, ls_buffer *out) {
    const json_t *approvals = json_object_get(row, "approvals");
    const json_t *sent = json_object_get(row, "sent");
    for (size_t i = 0; i < json_array_size(approvals); i++) {
        const json_t *a = json_array_get(approvals, i);
        ls_buffer_printf(out, "    approved by %s (%s)\n", text_of(a, "who"), text_of(a, "role"));
    }
    for (size_t i = 0; i < json_array_size(sent); i++) {
        const json_t *s = json_array_get(sent, i);
        const json_int_t guard = json_integer_value(json_object_get(s, "guard"));
        ls_buffer_printf(out, "    sent %s: %s %s %s", text_of(s, "id"), text_of(s, "kind"),
                         text_of(s, "device"), text_of(s, "argument"));
        ls_buffer_printf(out, ": %s",
                         text_of(s, "result")[0] != '\0' ? text_of(s, "result") : "no answer yet");
        if (guard > 0) {
            ls_buffer_printf(out, " by guard %lld", (long long)guard);
        }
        ls_buffer_printf(out, "%s%s\n", text_of(s, "reason")[0] != '\0' ? ": " : "",
                         text_of(s, "reason"));
    }
}

static void put_foot(const json_t *row, ls_buffer *out) {
    const json_t *snapshot = json_object_get(row, "snapshot");
    ls_buffer_printf(out, "    deadline %.6g ms, used %.3g ms%s; model %s, snapshot %s, build %s\n",
                     number_of(row, "deadline_ms"), number_of(row, "used_ms"),
                     json_is_true(json_object_get(row, "cut")) ? " (cut)" : "",
                     text_of(row, "model"), text_of(snapshot, "hash"), text_of(row, "build"));
}

void ls_decide_print(const json_t *row, bool all, ls_buffer *out) {
    put_head(row, out);
    if (all) {
        put_candidates(row, out);
        put_people(row, out);
        put_foot(row, out);
    }
}
