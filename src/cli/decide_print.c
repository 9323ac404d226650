// decide_print.c - a row of a decision for people.
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/decide_open.h"
#include "cli/json.h"
#include "cli/table.h"

// Of acts that belong together those that did not go, though this one did.
static void put_apart(const json_t *row, ls_buffer *out) {
    const json_t *apart = json_object_get(row, "apart");
    for (size_t i = 0; i < json_array_size(apart); i++) {
        const json_t *one = json_array_get(apart, i);
        const char *reason = ls_json_text_at(one, "reason");
        ls_buffer_printf(out,
                         "    without %s (%s), which is %s%s%s: what they gain together "
                         "does not hold\n",
                         ls_json_text_at(one, "id"), ls_json_text_at(one, "title"),
                         ls_json_text_at(one, "state"), reason[0] != '\0' ? ", " : "", reason);
    }
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
    ls_buffer_printf(out, "%s  %s", date, ls_json_text_at(row, "point"));
    ls_buffer_printf(out, "  %s", ls_json_text_at(row, "subject"));
    if (json_is_string(json_object_get(row, "state"))) {
        ls_buffer_printf(out, "  %s", ls_json_text_at(row, "state"));
    }
    ls_buffer_printf(out, "\n  %s\n", ls_json_text_at(row, "title"));
    const json_t *why = json_object_get(row, "why");
    for (size_t i = 0; i < json_array_size(why); i++) {
        ls_buffer_printf(out, "    %s\n", json_string_value(json_array_get(why, i)));
    }
    if (ls_json_text_at(row, "reason")[0] != '\0') {
        ls_buffer_printf(out, "    %s: %s\n", ls_json_text_at(row, "state"),
                         ls_json_text_at(row, "reason"));
    }
    put_apart(row, out);
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
    const char *unit = ls_json_text_at(row, "unit");
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
        ls_table_cell(&table, 1, "%s", ls_json_text_at(c, "label"));
        ls_table_cell(&table, 2, "%lld",
                      (long long)json_integer_value(json_object_get(c, "futures")));
        put_number(&table, 3, ls_json_number_at(c, "gain"));
        put_number(&table, 4, ls_json_number_at(c, "low"));
        put_number(&table, 5, ls_json_number_at(c, "high"));
    }
    ls_table_print(&table, 4, out);
    ls_arena_clear(&arena);
}

static void put_people(const json_t *row, ls_buffer *out) {
    const json_t *approvals = json_object_get(row, "approvals");
    const json_t *sent = json_object_get(row, "sent");
    for (size_t i = 0; i < json_array_size(approvals); i++) {
        const json_t *a = json_array_get(approvals, i);
        const char *said = ls_json_text_at(a, "text");
        ls_buffer_printf(out, "    approved by %s (%s)%s%s\n", ls_json_text_at(a, "who"),
                         ls_json_text_at(a, "role"), said[0] != '\0' ? ": " : "", said);
    }
    for (size_t i = 0; i < json_array_size(sent); i++) {
        const json_t *s = json_array_get(sent, i);
        const json_int_t guard = json_integer_value(json_object_get(s, "guard"));
        ls_buffer_printf(out, "    sent %s: %s %s %s", ls_json_text_at(s, "id"),
                         ls_json_text_at(s, "kind"), ls_json_text_at(s, "device"),
                         ls_json_text_at(s, "argument"));
        ls_buffer_printf(out, ": %s",
                         ls_json_text_at(s, "result")[0] != '\0' ? ls_json_text_at(s, "result")
                                                                 : "no answer yet");
        if (guard > 0) {
            ls_buffer_printf(out, " by guard %lld", (long long)guard);
        }
        ls_buffer_printf(out, "%s%s\n", ls_json_text_at(s, "reason")[0] != '\0' ? ": " : "",
                         ls_json_text_at(s, "reason"));
    }
}

static void put_foot(const json_t *row, ls_buffer *out) {
    const json_t *snapshot = json_object_get(row, "snapshot");
    if (json_is_true(json_object_get(row, "by_hand"))) {
        ls_buffer_printf(out, "    build %s\n", ls_json_text_at(row, "build"));
        return;
    }
    ls_buffer_printf(out, "    deadline %.6g ms, used %.3g ms%s; model %s, snapshot %s, build %s\n",
                     ls_json_number_at(row, "deadline_ms"), ls_json_number_at(row, "used_ms"),
                     json_is_true(json_object_get(row, "cut")) ? " (cut)" : "",
                     ls_json_text_at(row, "model"), ls_json_text_at(snapshot, "hash"),
                     ls_json_text_at(row, "build"));
}

void ls_decide_print(const json_t *row, bool all, ls_buffer *out) {
    put_head(row, out);
    if (all) {
        put_candidates(row, out);
        put_people(row, out);
        put_foot(row, out);
    }
}
