// decide_explain.c - `lineshaft decide explain`: one decision in words and figures.
#include <stdlib.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/decide_open.h"
#include "cli/json.h"
#include "cli/output.h"
#include "ls_build.h"

static const ls_option own_options[] = {
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the row as it is kept"},
    {0},
};
static const ls_option *const tables[] = {ls_data_options, own_options, NULL};

static int show(const json_t *row, bool as_json) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (as_json) {
        json_t *object = json_object();
        json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
        json_object_set_new(object, "format", json_string("decide-explain/1"));
        json_object_set_new(object, "row", json_deep_copy(row));
        ls_json_print(object, &out);
    } else {
        ls_decide_print(row, true, &out);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

static int explain(const ls_options *options, ls_decide_opened *opened) {
    int code = LS_EXIT_DONE;
    json_t *row = ls_decide_row(opened, options->arguments[1], &code);
    if (row != NULL) {
        code = show(row, ls_options_get(options, "json")->given);
    }
    json_decref(row);
    return code;
}

static int run(const ls_options *options) {
    return ls_decide_with(options, false, explain);
}

const ls_cli_command ls_command_decide_explain = {
    .name = "decide explain",
    .arguments = "PLANT ID",
    .least = 2,
    .most = 2,
    .about = "Says of one decision what was proposed, why, and what became of it.",
    .example = "lineshaft decide explain plant.yaml d-17",
    .examples = "lineshaft decide explain plant.yaml d-17 --json\n",
    .detail =
        "Every candidate is shown with the futures that were run for it and its gain against "
        "what the base rule would do; `own` is what the line would have done by itself. The "
        "claim is that of fresh futures, and so is often smaller than the gain in the table.\n",
    .tables = tables,
    .run = run,
};
