// pool_drain.c - `lineshaft pool drain` and `undrain`: nodes out of service, and back.
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/pool_call.h"
#include "cli/pool_words.h"
#include "cli/table.h"

static const ls_option drain_options[] = {
    {.name = "reason",
     .kind = LS_OPTION_TEXT,
     .argument = "TEXT",
     .about = "why, in one line; jobs that run there and whoever asks are told"},
    {0},
};
static const ls_option *const drain_tables[] = {drain_options, ls_pool_call_options, NULL};
static const ls_option *const undrain_tables[] = {ls_pool_call_options, NULL};

static void print_list(const json_t *list, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    if (json_array_size(list) == 0) {
        ls_buffer_text(out, "no node was taken out of service\n");
        return;
    }
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "node", LS_ALIGN_LEFT);
    ls_table_column(&table, "since", LS_ALIGN_LEFT);
    ls_table_column(&table, "why", LS_ALIGN_LEFT);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *node = json_array_get(list, i);
        char since[48];
        ls_pool_put_moment(json_integer_value(json_object_get(node, "since_us")), since,
                           sizeof since);
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", ls_json_text_at(node, "node"));
        ls_table_cell(&table, 1, "%s", since);
        ls_table_cell(&table, 2, "%s", ls_json_text_at(node, "reason"));
    }
    ls_table_print(&table, 0, out);
    ls_arena_clear(&arena);
}

static int ask(const ls_options *options, const char *word, const char *reason) {
    json_t *answer = NULL;
    json_t *question = json_pack("{s:s}", "do", word);
    if (options->argument_count > 0) {
        json_object_set_new(question, "node", json_string(options->arguments[0]));
    }
    if (reason != NULL) {
        json_object_set_new(question, "reason", json_string(reason));
    }
    int code = ls_pool_call_once(options, question, &answer);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    if (ls_options_get(options, "json")->given) {
        return ls_pool_call_print("pool-drain/1", "answer", answer);
    }
    ls_buffer out;
    ls_buffer_init(&out);
    print_list(json_object_get(answer, "drained"), &out);
    code = ls_output_print(&out);
    ls_buffer_clear(&out);
    json_decref(answer);
    return code;
}

static int run_drain(const ls_options *options) {
    const ls_option_value *reason = ls_options_get(options, "reason");
    if (reason->given != (options->argument_count > 0)) {
        ls_error err = {0};
        ls_fail(&err, LS_ERR_INVALID, "%s",
                reason->given ? "--reason is of a node" : "say with --reason why");
        ls_hint(&err, "as in 'pool drain here --reason \"fan 3 is replaced\"'");
        return ls_complain_usage(&err, "pool drain");
    }
    return ask(options, reason->given ? "drain" : "drained", reason->given ? reason->text : NULL);
}

const ls_cli_command ls_command_pool_drain = {
    .name = "pool drain",
    .arguments = "[NODE]",
    .least = 0,
    .most = 1,
    .about = "Takes a node out of service: what runs there goes on, nothing new comes.",
    .example = "lineshaft pool drain here --reason \"fan 3 is replaced\"",
    .examples =
        "lineshaft pool drain here:2 --reason \"XID 94 again\"\n"
        "lineshaft pool drain\n",
    .detail =
        "NODE:INDEX, from 0, is one GPU (or CPU slot) of the node alone, as is the UUID of a GPU; "
        "the "
        "node's others stay in service. Without NODE it lists what is out, since when and why. It "
        "stays so over restarts, until "
        "'lineshaft pool undrain'. For root and the daemon's user, at the pool's own machine.\n",
    .tables = drain_tables,
    .run = run_drain,
};

static int run_undrain(const ls_options *options) {
    return ask(options, "undrain", NULL);
}

const ls_cli_command ls_command_pool_undrain = {
    .name = "pool undrain",
    .arguments = "NODE",
    .least = 1,
    .most = 1,
    .about = "Puts a node, or one GPU of it (NODE:INDEX), back into service.",
    .example = "lineshaft pool undrain here",
    .tables = undrain_tables,
    .run = run_undrain,
};
