// line_note.c - `lineshaft line note`: what a person saw that no signal tells.
#include <stdio.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/drop.h"

enum { KEYS = 5 };

static const ls_option own_options[] = {
    {.name = "machine", .kind = LS_OPTION_TEXT, .argument = "NAME", .about = "which (needed)"},
    {.name = "reason",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .about = "why it stands: a failure or maintenance of its station"},
    {.name = "scrap", .kind = LS_OPTION_TEXT, .argument = "N", .about = "so many parts were bad"},
    {.name = "time",
     .kind = LS_OPTION_TEXT,
     .argument = "DATE",
     .says = "now",
     .about = "when that was"},
    {.name = "text",
     .kind = LS_OPTION_TEXT,
     .argument = "TEXT",
     .about = "what else there is to say; kept with the note"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "what was noted, as one object"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_data_options, NULL};

static int run(const ls_options *options) {
    static const char *const keys[KEYS] = {"machine", "reason", "scrap", "time", "text"};
    const char *values[KEYS];
    char said[400];
    for (int i = 0; i < KEYS; i++) {
        const ls_option_value *value = ls_options_get(options, keys[i]);
        values[i] = value->given ? value->text : NULL;
    }
    snprintf(said, sizeof said, "noted for %s:%s%s%s%s", values[0] != NULL ? values[0] : "",
             values[1] != NULL ? " stands because of " : "", values[1] != NULL ? values[1] : "",
             values[2] != NULL ? " parts scrapped: " : "", values[2] != NULL ? values[2] : "");
    return ls_drop(options, ls_command_line_note.name, true, keys, values, KEYS, said);
}

const ls_cli_command ls_command_line_note = {
    .name = "line note",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "Tells the running service why a machine stands, or how many parts were bad.",
    .example = "lineshaft line note plant.yaml --machine grind-1 --reason spindle",
    .examples = "lineshaft line note plant.yaml --machine grind-1 --scrap 3\n",
    .tables = tables,
    .run = run,
};
