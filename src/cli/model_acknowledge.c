// model_acknowledge.c - `lineshaft model acknowledge`: a person has seen the alarm of a monitor
// that a running service tells.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/ask_service.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/history_value.h"
#include "cli/json.h"
#include "cli/model_open.h"
#include "cli/output.h"
#include "cli/who_option.h"
#include "ls_build.h"

enum { WHO_MOST = 24, UNITS_SAID = 5 };

static const ls_option own_options[] = {
    {.name = "unit",
     .kind = LS_OPTION_TEXT,
     .argument = "UNIT",
     .says = "the only one that has an alarm",
     .about = "whose alarm"},
    {.name = "text", .kind = LS_OPTION_TEXT, .argument = "TEXT", .about = "kept with the alarm"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_who_options, ls_model_json_options,
                                          ls_model_place_options, NULL};

typedef struct found {  // the alarm that is meant
    const char *unit;   // NULL: there is none
    const json_t *alarm;
    uint32_t count;  // of units that have one
    char others[256];
} found;

// The alarm of the unit that was named, or the only one.
static found find_alarm(const json_t *model, const char *named) {
    found f = {0};
    size_t index = 0, size = 0;
    json_t *live = NULL;
    json_array_foreach(json_object_get(model, "live"), index, live) {
        const json_t *alarm = json_object_get(live, "alarm");
        const char *unit = ls_json_text_at(live, "unit");
        if (!json_is_object(alarm) || (named != NULL && strcmp(named, unit) != 0)) {
            continue;
        }
        if (f.count < UNITS_SAID && size < sizeof f.others) {
            size += ls_text_format(f.others + size, sizeof f.others - size, "%s%s",
                                   f.count > 0 ? ", " : "", unit);
        }
        f.count++;
        f.unit = unit;
        f.alarm = alarm;
    }
    return f;
}

static json_t *body_of(const ls_options *options, const found *f) {
    const ls_option_value *text = ls_options_get(options, "text");
    char name[WHO_MOST + 1];
    ls_text_format(name, sizeof name, "%s", ls_who_name(options));
    ls_text_tame(name, false);
    json_t *body = json_object();
    json_object_set_new(body, "unit", ls_json_text(f->unit));
    json_object_set(body, "since_us", json_object_get(f->alarm, "since_us"));
    json_object_set_new(body, "who", ls_json_text(name));
    if (text->given) {
        json_object_set_new(body, "text", ls_json_text(text->text));
    }
    return body;
}

static int show(const ls_options *options, const char *model, const char *unit, json_t *alarm) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(options, "json")->given) {
        json_t *object = json_object();
        json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
        json_object_set_new(object, "format", json_string("model-acknowledge/1"));
        json_object_set_new(object, "model", ls_json_text(model));
        json_object_set_new(object, "unit", ls_json_text(unit));
        json_object_set(object, "alarm", alarm);
        ls_json_print(object, &out);
    } else {
        char since[48], seen_at[48];
        const json_t *seen = json_object_get(alarm, "acknowledged");
        const char *said = ls_json_text_at(seen, "text");
        ls_time_print(json_integer_value(json_object_get(alarm, "since_us")), since, sizeof since);
        ls_time_print(json_integer_value(json_object_get(seen, "time_us")), seen_at,
                      sizeof seen_at);
        ls_buffer_printf(&out, "model %s: the alarm of %s since %s has been seen by %s at %s%s%s\n",
                         model, unit, since, ls_json_text_at(seen, "by"), seen_at,
                         said[0] != '\0' ? ": " : "", said);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

static int complain_of(const json_t *answer, int status) {
    const char *why = ls_json_text_at(json_object_get(answer, "error"), "text");
    ls_error err = {0};
    ls_fail(&err, LS_ERR_INVALID, "%s", why[0] != '\0' ? why : "the service gave no reason");
    ls_complain(&err);
    return status == 409 || status == 403 ? LS_EXIT_NO : LS_EXIT_INPUT;
}

static int post(const ls_options *options, const ls_service_address *address, const char *model,
                const found *f) {
    char path[160];
    int status = 0;
    ls_error err = {0};
    ls_buffer out;
    json_t *body = body_of(options, f);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (text == NULL) {
        ls_fail(&err, LS_ERR_MEMORY, "out of memory for a question");
        return ls_complain(&err);
    }
    ls_buffer_init(&out);
    ls_text_format(path, sizeof path, "/api/v1/models/%s/acknowledge", model);
    int code = LS_EXIT_DONE;
    if (ls_service_post(address, ls_who_role(options), path, text, &out, &status, &err) != LS_OK) {
        code = ls_complain(&err);
    } else {
        json_t *answer = json_loads(out.data != NULL ? out.data : "", 0, NULL);
        code = status == 200 ? show(options, model, f->unit, answer) : complain_of(answer, status);
        json_decref(answer);
    }
    free(text);
    ls_buffer_clear(&out);
    return code;
}

static int refuse(const found *f, const ls_model_plan *plan, const char *named) {
    ls_error err = {0};
    if (f->count == 0) {
        ls_fail(&err, LS_ERR_INVALID, "no alarm of model '%s'%s%s stands", plan->name,
                named != NULL ? " and unit " : "", named != NULL ? named : "");
        ls_complain(&err);
        return LS_EXIT_NO;
    }
    ls_fail(&err, LS_ERR_INVALID, "%u units of model '%s' have an alarm: %s%s", f->count,
            plan->name, f->others, f->count > UNITS_SAID ? ", ..." : "");
    ls_hint(&err, "say which one with '--unit UNIT'");
    return ls_complain(&err);
}

static int acknowledge(const ls_options *options, const ls_model_opened *opened) {
    const ls_option_value *unit = ls_options_get(options, "unit");
    const char *named = unit->given ? unit->text : NULL;
    ls_service_address address;
    ls_error err = {0};
    ls_buffer out;
    char path[128];
    if (!opened->plan->monitor.is) {
        ls_fail_at(&err, LS_ERR_INVALID, opened->file, opened->plan->line, opened->plan->column,
                   "model '%s' is no monitor: it has no alarms", opened->plan->name);
        return ls_complain(&err);
    }
    ls_buffer_init(&out);
    ls_text_format(path, sizeof path, "/api/v1/models/%s", opened->plan->name);
    ls_status status = ls_service_find(opened->data, &address, &err);
    if (status == LS_OK) {
        status = ls_service_ask(&address, path, &out, &err);
    }
    int code = LS_EXIT_DONE;
    if (status == LS_OK) {
        json_t *model = json_loads(out.data != NULL ? out.data : "", 0, NULL);
        const found f = find_alarm(model, named);
        code = f.count == 1 ? post(options, &address, opened->plan->name, &f)
                            : refuse(&f, opened->plan, named);
        json_decref(model);
    } else {
        code = ls_complain(&err);
    }
    ls_buffer_clear(&out);
    return code;
}

static int run(const ls_options *options) {
    ls_model_opened opened;
    int code = ls_model_open(options, true, false, &opened);
    if (code == LS_EXIT_DONE) {
        code = acknowledge(options, &opened);
    }
    ls_model_close(&opened);
    return code;
}

const ls_cli_command ls_command_model_acknowledge = {
    .name = "model acknowledge",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Says that a person has seen the alarm of a monitor.",
    .example = "lineshaft model acknowledge plant.yaml:watch",
    .examples =
        "lineshaft model acknowledge plant.yaml:watch --unit press-1 --text \"the valve sticks\"\n",
    .detail =
        "The service of the plant must be running. Who, when and what for are kept with the alarm "
        "and\n"
        "told once as an event; the alarm stands on until the plant is as usual again. The first "
        "who\n"
        "has seen it stays. Says no (exit code 1) where no alarm stands.\n",
    .tables = tables,
    .run = run,
};
