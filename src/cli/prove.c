// prove.c - `lineshaft prove`: what decisions promised, and what came of them.
#include <stdlib.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/decide_open.h"
#include "cli/history_open.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/prove_experiment.h"
#include "cli/table.h"
#include "loop/prove_view.h"

static const ls_option own_options[] = {
    {.name = "kind",
     .kind = LS_OPTION_TEXT,
     .argument = "KIND",
     .says = "all",
     .about =
         "only dispatch, release, maintenance, batch, setup, conwip, staffing, setpoint or sort"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "one JSON object"},
    {0},
};
static const ls_option *const tables[] = {ls_data_options, ls_history_range_options, own_options,
                                          NULL};

static void put_range(ls_table *table, int column, const json_t *of) {
    if (json_is_object(of)) {
        ls_table_cell(table, column, "%.4g", ls_json_number_at(of, "gain"));
        ls_table_cell(table, column + 1, "%.4g to %.4g", ls_json_number_at(of, "low"),
                      ls_json_number_at(of, "high"));
    } else {
        ls_table_cell(table, column, "not shown");
    }
}

// Settings have a row, and a unit, for each value that they are for.
static void put_kind(ls_table *table, const json_t *row) {
    const char *kind = json_string_value(json_object_get(row, "kind"));
    const char *of = json_string_value(json_object_get(row, "of"));
    if (of != NULL) {
        ls_table_cell(table, 0, "%s %s, %s", kind, of,
                      json_string_value(json_object_get(row, "unit")));
    } else {
        ls_table_cell(table, 0, "%s", kind);
    }
}

static void put_table(const json_t *rows, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "kind", LS_ALIGN_LEFT);
    ls_table_column(&table, "decisions", LS_ALIGN_RIGHT);
    ls_table_column(&table, "done", LS_ALIGN_RIGHT);
    ls_table_column(&table, "promised", LS_ALIGN_RIGHT);
    ls_table_column(&table, "interval", LS_ALIGN_LEFT);
    ls_table_column(&table, "realised", LS_ALIGN_RIGHT);
    ls_table_column(&table, "interval", LS_ALIGN_LEFT);
    ls_table_column(&table, "inside", LS_ALIGN_RIGHT);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *inside = json_object_get(row, "inside");
        ls_table_row(&table);
        put_kind(&table, row);
        ls_table_cell(&table, 1, "%.0f", ls_json_number_at(row, "decisions"));
        ls_table_cell(&table, 2, "%.0f", ls_json_number_at(row, "sent"));
        put_range(&table, 3, json_object_get(row, "promised"));
        put_range(&table, 5, json_object_get(row, "realised"));
        if (ls_json_number_at(inside, "of") > 0.0) {
            ls_table_cell(&table, 7, "%.0f of %.0f, at least %.1f expected",
                          ls_json_number_at(inside, "count"), ls_json_number_at(inside, "of"),
                          ls_json_number_at(inside, "expected"));
        }
    }
    ls_table_print(&table, 0, out);
    ls_arena_clear(&arena);
}

static void put_account(const json_t *account, ls_buffer *out) {
    const json_t *rows = json_object_get(account, "rows");
    const json_t *sentences = json_object_get(account, "sentences");
    if (json_array_size(rows) == 0) {
        ls_buffer_text(out, "no decision has been made in this time\n");
        return;
    }
    ls_buffer_printf(out, "gains in %s, intervals of 95 %%\n\n",
                     json_string_value(json_object_get(account, "unit")));
    put_table(rows, out);
    ls_buffer_text(out, "\n");
    for (size_t i = 0; i < json_array_size(sentences); i++) {
        ls_buffer_printf(out, "%s\n", json_string_value(json_array_get(sentences, i)));
    }
}

static int show(json_t *account, bool as_json) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (as_json) {
        json_object_set_new(account, "version", json_integer(1));
        ls_json_print(json_incref(account), &out);
    } else {
        put_account(account, &out);
        ls_prove_put_experiment(json_object_get(account, "experiment"), &out);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

static int prove(const ls_options *options, ls_decide_opened *o) {
    ls_error err = {0};
    json_t *account = NULL;
    const ls_option_value *kind = ls_options_get(options, "kind");
    ls_prove_def def = {.kind = kind->given ? kind->text : NULL};
    ls_status status = ls_history_parse_range(options, &def.from_us, &def.to_us, &err);
    if (status == LS_OK) {
        status = ls_prove_account(o->intake.history, o->intake.running.plant, &def, &account, &err);
    }
    const int code = status == LS_OK ? show(account, ls_options_get(options, "json")->given)
                                     : ls_complain(&err);
    json_decref(account);
    return code;
}

static int run(const ls_options *options) {
    return ls_decide_with(options, false, prove);
}

const ls_cli_command ls_command_prove = {
    .name = "prove",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "The account of decisions: what they promised, and what came of them.",
    .example = "lineshaft prove plant.yaml",
    .examples =
        "lineshaft prove plant.yaml --from -7d --kind dispatch\n"
        "lineshaft prove plant.yaml --json\n",
    .detail =
        "Promises are the claims of the decisions that the line has done; their intervals are "
        "added as if the decisions were independent. What came is shown only where it is larger "
        "than the error with which the twin reproduces what really happened, else the account "
        "says 'not shown', and why. docs/PROOF.md has methods, assumptions and biases.\n",
    .tables = tables,
    .run = run,
};
