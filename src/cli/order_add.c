// order_add.c - `lineshaft order add`: an order for the running service.
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/drop.h"

enum { KEYS = 7 };

static const ls_option own_options[] = {
    {.name = "product",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .about = "what is to be made (this, or --class)"},
    {.name = "class",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .says = "the product's first",
     .about = "the release it is counted with"},
    {.name = "lots",
     .kind = LS_OPTION_TEXT,
     .argument = "N",
     .initial = "1",
     .about = "how many lots"},
    {.name = "due",
     .kind = LS_OPTION_TEXT,
     .argument = "WHEN",
     .says = "no due date",
     .about = "when it has to be done: a date, or a time from now"},
    {.name = "release",
     .kind = LS_OPTION_TEXT,
     .argument = "WHEN",
     .says = "now",
     .about = "not to be begun before: a date, or a time from now"},
    {.name = "priority",
     .kind = LS_OPTION_TEXT,
     .argument = "N",
     .initial = "0",
     .about = "higher goes first with the rule `hot`"},
    {.name = "order",
     .kind = LS_OPTION_TEXT,
     .argument = "ID",
     .says = "made from the time",
     .about = "the order's id; an id is taken once"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "what was ordered, as one object"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_data_options, NULL};

static const char *given(const ls_options *options, const char *name) {
    const ls_option_value *value = ls_options_get(options, name);
    return value->known ? value->text : NULL;
}

// "add-20261125T141503-4711": ids of two commands of one second differ by process.
static void make_id(char *out, size_t size) {
    const time_t now = time(NULL);
    struct tm utc;
    (void)gmtime_r(&now, &utc);
    snprintf(out, size, "add-%04d%02d%02dT%02d%02d%02d-%d", utc.tm_year + 1900, utc.tm_mon + 1,
             utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)getpid());
}

static int run(const ls_options *options) {
    static const char *const keys[KEYS] = {"order", "product", "class",   "lots",
                                           "due",   "release", "priority"};
    const char *values[KEYS];
    char id[64];
    char said[600];
    for (int i = 0; i < KEYS; i++) {
        values[i] = given(options, keys[i]);
    }
    if (values[0] == NULL) {
        make_id(id, sizeof id);
        values[0] = id;
    }
    snprintf(said, sizeof said, "order %s: %s lot%s of %s", values[0], values[3],
             values[3][0] == '1' && values[3][1] == '\0' ? "" : "s",
             values[1] != NULL ? values[1] : (values[2] != NULL ? values[2] : ""));
    return ls_drop(options, ls_command_order_add.name, false, keys, values, KEYS, said);
}

const ls_cli_command ls_command_order_add = {
    .name = "order add",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "Gives the running service of a plant an order.",
    .example = "lineshaft order add plant.yaml --product gear-a --lots 3 --due 2d",
    .examples =
        "lineshaft order add plant.yaml --product gear-a --order W-4711 --priority 5\n"
        "lineshaft order add plant.yaml --class gear-a-hot --release 2026-11-30T06:00 --due "
        "2026-12-01\n",
    .detail =
        "The order is checked against the plant file and put into the service's data folder as "
        "a table of one row. It waits there when no service runs. Further ways to give orders, "
        "and their columns, are in docs/CONNECT.md.\n",
    .tables = tables,
    .run = run,
};
