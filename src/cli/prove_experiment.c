// prove_experiment.c - see prove_experiment.h.
#include "cli/prove_experiment.h"

#include <math.h>

#include "base/arena.h"
#include "base/units.h"
#include "cli/json.h"
#include "cli/table.h"

enum { ROWS_SHOWN = 24 };  // the newest; all of them stand in --json

static void put_number(ls_table *table, int column, double value) {
    if (isfinite(value)) {
        ls_table_cell(table, column, "%.4g", value);
    }
}

static void put_rows(const json_t *rows, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    char begins[48];
    const size_t count = json_array_size(rows);
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "period", LS_ALIGN_RIGHT);
    ls_table_column(&table, "begins", LS_ALIGN_LEFT);
    ls_table_column(&table, "rule", LS_ALIGN_LEFT);
    ls_table_column(&table, "an hour", LS_ALIGN_RIGHT);
    ls_table_column(&table, "expected", LS_ALIGN_RIGHT);
    for (size_t i = count > ROWS_SHOWN ? count - ROWS_SHOWN : 0; i < count; i++) {
        const json_t *row = json_array_get(rows, i);
        ls_units_print_date(json_integer_value(json_object_get(row, "begins_us")), begins,
                            sizeof begins);
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%.0f", ls_json_number_at(row, "period"));
        ls_table_cell(&table, 1, "%s", begins);
        ls_table_cell(&table, 2, "%s", json_string_value(json_object_get(row, "rule")));
        put_number(&table, 3, ls_json_number_at(row, "per_hour"));
        put_number(&table, 4, ls_json_number_at(row, "expected"));
    }
    ls_table_print(&table, 0, out);
    ls_arena_clear(&arena);
}

void ls_prove_put_experiment(const json_t *experiment, ls_buffer *out) {
    if (!json_is_object(experiment)) {
        return;
    }
    const json_t *rows = json_object_get(experiment, "rows");
    ls_buffer_text(out, "\n");
    if (json_array_size(rows) > 0) {
        put_rows(rows, out);
        ls_buffer_text(out, "\n");
    }
    ls_buffer_printf(out, "%s\n", json_string_value(json_object_get(experiment, "text")));
}
