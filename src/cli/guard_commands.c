// guard_commands.c - `lineshaft guard show`, `hold`, `lift`, `bypass`, `re-arm`, `revoke`, `reset`:
// what people tell the guard.
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/guard_people.h"
#include "cli/who_option.h"

enum { US_PER_S = 1000000 };

static const ls_option *const tables[] = {ls_who_options, ls_guard_people_options, ls_data_options,
                                          NULL};

static const char *argument(const ls_options *options, int at) {
    return options->argument_count > at ? options->arguments[at] : "";
}

static int run_show(const ls_options *options) {
    return ls_guard_people_show(options);
}

static int run_hold(const ls_options *options) {
    return ls_guard_people_do(options, "hold", argument(options, 1), 0, NULL, 0);
}

static int run_lift(const ls_options *options) {
    return ls_guard_people_do(options, "lift", argument(options, 1), 0, NULL, 0);
}

static int run_rearm(const ls_options *options) {
    return ls_guard_people_do(options, "re-arm", argument(options, 1), 0, NULL, 0);
}

static int run_revoke(const ls_options *options) {
    return ls_guard_people_do(options, "revoke", argument(options, 1), 0, NULL, 0);
}

static int run_reset(const ls_options *options) {
    return ls_guard_people_do(options, "reset", NULL, 0, NULL, 0);
}

static int run_bypass(const ls_options *options) {
    const ls_option_value *reason = ls_options_get(options, "reason");
    const ls_option_value *span = ls_options_get(options, "for");
    const ls_option_value *end = ls_options_get(options, "end");
    const uint32_t guard = ls_guard_people_number("guard bypass", options->arguments[1]);
    ls_error err = {0};
    if (guard == 0) {
        return LS_EXIT_USAGE;
    }
    if (end->given && !reason->given && !span->given) {
        return ls_guard_people_do(options, "end-bypass", NULL, guard, NULL, 0);
    }
    if (end->given || !reason->given || !span->given) {
        ls_fail(&err, LS_ERR_INVALID, "a bypass needs --for and --reason; or --end, alone");
        return ls_complain_usage(&err, "guard bypass");
    }
    if (span->number < US_PER_S) {
        ls_fail(&err, LS_ERR_INVALID, "a bypass lasts at least 1 s");
        return ls_complain_usage(&err, "guard bypass");
    }
    return ls_guard_people_do(options, "bypass", NULL, guard, reason->text,
                              span->number / US_PER_S);
}

static const ls_option bypass_options[] = {
    {.name = "for",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .about = "how long (needed)",
     .detail = "At most `bypass` of the plant file's `guards:`, 8 h where it says nothing"},
    {.name = "reason", .kind = LS_OPTION_TEXT, .argument = "TEXT", .about = "why (needed)"},
    {.name = "end", .kind = LS_OPTION_FLAG, .about = "ends it before its time"},
    {0},
};
static const ls_option *const bypass_tables[] = {bypass_options, ls_who_options,
                                                 ls_guard_people_options, ls_data_options, NULL};

const ls_cli_command ls_command_guard_show = {
    .name = "guard show",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "Says what people have held or bypassed, and what waits for a person.",
    .example = "lineshaft guard show plant.yaml",
    .examples = "lineshaft guard show plant.yaml --json\n",
    .tables = tables,
    .run = run_show,
};

const ls_cli_command ls_command_guard_hold = {
    .name = "guard hold",
    .arguments = "PLANT [POINT]",
    .least = 1,
    .most = 2,
    .about = "Holds a decision point, or everything: nothing of it is sent until it is lifted.",
    .example = "lineshaft guard hold plant.yaml 'dispatch grind'",
    .examples = "lineshaft guard hold plant.yaml --who kim\n",
    .detail =
        "Needs an operator. It outlives restarts, and is lifted only by the same or a higher "
        "role.\n",
    .tables = tables,
    .run = run_hold,
};

const ls_cli_command ls_command_guard_lift = {
    .name = "guard lift",
    .arguments = "PLANT [POINT]",
    .least = 1,
    .most = 2,
    .about = "Lifts what `guard hold` holds.",
    .example = "lineshaft guard lift plant.yaml 'dispatch grind'",
    .tables = tables,
    .run = run_lift,
};

const ls_cli_command ls_command_guard_bypass = {
    .name = "guard bypass",
    .arguments = "PLANT GUARD",
    .least = 2,
    .most = 2,
    .about = "Switches one guard off for a while, by its number or name.",
    .example = "lineshaft guard bypass plant.yaml 6 --for '30 min' --reason 'trial of the wheel'",
    .examples = "lineshaft guard bypass plant.yaml 'minimum dwell' --end\n",
    .detail =
        "Needs an engineer, a reason and an end. It ends by itself; a restart does not make it "
        "longer. Only guards 3, 4, 5, 6, 9, 10, 11, 14 and 34 can be bypassed: never those "
        "that say who may, what is fresh, what is where, and who writes "
        "(docs/GUARDS.md).\n",
    .tables = bypass_tables,
    .run = run_bypass,
};

const ls_cli_command ls_command_guard_rearm = {
    .name = "guard re-arm",
    .arguments = "PLANT WHAT",
    .least = 2,
    .most = 2,
    .about = "Lets commands go again after an interlock, or after others changed a value.",
    .example = "lineshaft guard re-arm plant.yaml gearbox/cell/line/DoorOpen",
    .examples = "lineshaft guard re-arm plant.yaml coolant\n",
    .detail =
        "Needs an operator. WHAT is the tag of the interlock or the name of the value, as "
        "`guard show` tells it. An interlock that is still active cannot be re-armed.\n",
    .tables = tables,
    .run = run_rearm,
};

const ls_cli_command ls_command_guard_revoke = {
    .name = "guard revoke",
    .arguments = "PLANT WHO",
    .least = 2,
    .most = 2,
    .about = "Takes back all approvals that somebody has given up to now.",
    .example = "lineshaft guard revoke plant.yaml operator@10.0.0.7",
    .detail =
        "Needs an engineer. WHO is the name as it stands in the decision's row. What is on its "
        "way and not sent yet is refused; what that person approves later counts "
        "again.\n",
    .tables = tables,
    .run = run_revoke,
};

const ls_cli_command ls_command_guard_reset = {
    .name = "guard reset",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "Lets the guard write again after it has tripped too often in one day.",
    .example = "lineshaft guard reset plant.yaml",
    .detail = "Needs an operator. Look first why it tripped: the service's log says it.\n",
    .tables = tables,
    .run = run_reset,
};
