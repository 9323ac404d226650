// decide_now.c - `lineshaft decide now`: what would be best now, asked once.
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/decide_open.h"
#include "cli/history_open.h"
#include "cli/json.h"
#include "cli/output.h"
#include "loop/decisions_once.h"
#include "loop/keeper.h"
#include "ls_build.h"

static const ls_option own_options[] = {
    {.name = "at",
     .kind = LS_OPTION_TEXT,
     .argument = "TIME",
     .says = "now",
     .about = "a time of the history: 2026-01-05T06:00 (UTC), or -1d before now"},
    {.name = "catch-up",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "1d",
     .about = "with --at: how much history before it is heard"},
    {.name = "point",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .says = "all",
     .about = "only this point of 'decide:', as in \"dispatch grind\""},
    {.name = "within",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .says = "as the plant file says",
     .about = "deadline of each question; 0: what would be done anyway"},
    {.name = "own-base",
     .kind = LS_OPTION_FLAG,
     .about = "futures go by the plant's own rule; no better base is looked for first"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "one JSON object"},
    {0},
};
static const ls_option *const tables[] = {ls_data_options, own_options, NULL};

// The state that the service saved, and what was heard since; or a time of history.
static ls_status restore(const ls_options *options, ls_decide_opened *o, ls_error *err) {
    const ls_option_value *at = ls_options_get(options, "at");
    const int64_t catch_up_us = ls_options_get(options, "catch-up")->number;
    uint64_t heard = 0;
    int64_t at_us = 0;
    if (!at->given) {
        const ls_status restored = ls_keeper_restore(&o->intake, catch_up_us, &heard, err);
        return restored == LS_OK ? ls_keeper_reach_newest(&o->intake, err) : restored;
    }
    const ls_status status = ls_history_parse_when(at->text, &at_us, err);
    return status == LS_OK ? ls_keeper_restore_at(&o->intake, at_us, catch_up_us, &heard, err)
                           : status;
}

static int show(const json_t *rows, int64_t line_us, bool as_json) {
    char when[40];
    ls_buffer out;
    ls_buffer_init(&out);
    if (as_json) {
        json_t *object = json_object();
        json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
        json_object_set_new(object, "format", json_string("decide-now/1"));
        json_object_set_new(object, "line_us", json_integer(line_us));
        json_object_set_new(object, "rows", json_deep_copy(rows));
        ls_json_print(object, &out);
    } else {
        ls_units_print_date(line_us, when, sizeof when);
        ls_buffer_printf(&out, "as of %s by the line's clock\n", when);
        ls_buffer_text(&out, json_array_size(rows) > 0
                                 ? ""
                                 : "nothing stands open: no machine has more than one thing to do "
                                   "next\n");
    }
    for (size_t i = 0; !as_json && i < json_array_size(rows); i++) {
        ls_buffer_text(&out, "\n");
        ls_decide_print(json_array_get(rows, i), true, &out);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

static int ask(const ls_options *options, ls_decide_opened *o) {
    ls_error err = {0};
    const ls_option_value *point = ls_options_get(options, "point");
    const ls_option_value *within = ls_options_get(options, "within");
    const ls_once_def def = {.point = point->given ? point->text : NULL,
                             .within_us = within->given ? within->number : 0,
                             .at_once = within->given && within->number == 0};
    json_t *rows = NULL;
    ls_status status = restore(options, o, &err);
    if (status == LS_OK && !ls_options_get(options, "own-base")->given) {
        status = ls_decider_prepare(o->decider, NULL, NULL, &err);
    }
    if (status == LS_OK) {
        status = ls_decisions_once(&o->intake, o->decider, &def, &rows, &err);
    }
    const ls_running *running = &o->intake.running;
    const int code = status == LS_OK
                         ? show(rows, running->plant->start_us + ls_follow_now(running->follow),
                                ls_options_get(options, "json")->given)
                         : ls_complain(&err);
    json_decref(rows);
    return code;
}

static int run(const ls_options *options) {
    return ls_decide_with(options, true, ask);
}

const ls_cli_command ls_command_decide_now = {
    .name = "decide now",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "Asks once what would be best now; nothing is kept, nothing is sent.",
    .example = "lineshaft decide now plant.yaml",
    .examples =
        "lineshaft decide now plant.yaml --point \"dispatch grind\" --within 1s\n"
        "lineshaft decide now plant.yaml --at 2026-01-05T14:00 --json\n",
    .detail =
        "The present is that of the service's data folder: the state that it saved last, and "
        "what was heard since, up to now where a service runs there. It is not asked: this reads "
        "beside it and computes by itself, so it knows nothing of commands on their way. With "
        "`--at` the present is a time of the history. Every question that stands open there is "
        "answered as the service would, within its deadline, so that a slower machine tries fewer "
        "futures.\n",
    .tables = tables,
    .run = run,
};
