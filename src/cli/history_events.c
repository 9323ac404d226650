// history_events.c - `lineshaft history events`: what happened to a plant, by its journal.
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/history_open.h"
#include "cli/history_value.h"
#include "cli/json.h"

static const ls_option own_options[] = {
    {.name = "kind",
     .kind = LS_OPTION_TEXT,
     .argument = "WORD",
     .says = "all",
     .about = "only events of this kind: gap, lost, drift, order, set-aside, divergence-unknown, "
              "..."},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "one JSON object a line"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_history_range_options,
                                          ls_history_place_options, NULL};

typedef struct printer {
    bool as_json;
    uint64_t count;
    bool failed;
} printer;

static json_t *event_object(const ls_happened *happened, const char *when) {
    json_t *object = json_object();
    json_object_set_new(object, "number", json_integer((json_int_t)happened->number));
    json_object_set_new(object, "time", ls_json_text(when));
    json_object_set_new(object, "kind", ls_json_text(happened->kind));
    json_object_set_new(object, "subject", ls_json_text(happened->subject));
    json_object_set_new(object, "text", ls_json_text(happened->text));
    json_t *details = happened->json[0] != '\0' ? json_loads(happened->json, 0, NULL) : NULL;
    json_object_set_new(object, "details", details != NULL ? details : json_null());
    return object;
}

static bool print_line(const ls_happened *happened, const char *when) {
    ls_buffer line;
    ls_buffer_init(&line);
    ls_buffer_printf(&line, "%s  %s%s%s: %s", when, happened->kind,
                     happened->subject[0] != '\0' ? " " : "", happened->subject, happened->text);
    if (!line.failed) {
        ls_text_tame(line.data, false);
    }
    const bool done = !line.failed && puts(line.data) >= 0;
    ls_buffer_clear(&line);
    return done;
}

static bool print_event(void *context, const ls_happened *happened) {
    printer *p = context;
    char when[48];
    ls_time_print(happened->time_us, when, sizeof when);
    p->count++;
    if (p->as_json) {
        json_t *object = event_object(happened, when);
        char *line = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
        p->failed = line == NULL || printf("%s\n", line) < 0;
        free(line);
        json_decref(object);
    } else {
        p->failed = !print_line(happened, when);
    }
    return !p->failed;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    ls_opened_history opened;
    int64_t from_us = 0;
    int64_t to_us = 0;
    if (ls_history_parse_range(options, &from_us, &to_us, &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_history_events.name);
    }
    if (ls_history_open_argument(options, true, &opened, &err) != LS_OK) {
        return ls_complain(&err);
    }
    printer p = {.as_json = ls_options_get(options, "json")->given};
    const ls_option_value *kind = ls_options_get(options, "kind");
    ls_status status = ls_history_events(opened.history, kind->given ? kind->text : NULL, from_us,
                                         to_us, print_event, &p, &err);
    if (status == LS_OK && (p.failed || fflush(stdout) != 0)) {
        status = ls_fail(&err, LS_ERR_IO, "the result could not be written");
    }
    if (status == LS_OK && p.count == 0) {
        ls_note("no such events; without '--kind' and times all of them are listed");
    }
    const int code = status != LS_OK ? ls_complain(&err) : p.count > 0 ? LS_EXIT_DONE : LS_EXIT_NO;
    return ls_history_close_argument(&opened, code);
}

const ls_cli_command ls_command_history_events = {
    .name = "history events",
    .arguments = "HISTORY",
    .least = 1,
    .most = 1,
    .about = "Shows what happened: gaps, connections, drifts, orders, what did not agree.",
    .example = "lineshaft history events lineshaft-data/cell/history --from -1d",
    .examples =
        "lineshaft history events lineshaft-data/cell/history --kind drift\n"
        "lineshaft history events lineshaft-data/cell/history --kind gap --json\n",
    .detail = "Where nothing happened the exit code is 1.\n",
    .tables = tables,
    .run = run,
};
