// decide_hand.c - `lineshaft decide release`, `lineshaft decide put-off`: what comes into the line,
// by hand, through the service and its guard.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "cli/ask_service.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/decide_open.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/who_option.h"
#include "ls_build.h"

enum { PATH_SIZE = 4096, REFUSED = 409, PATIENCE_S = 20 };

static const ls_option own_options[] = {
    {.name = "reason", .kind = LS_OPTION_TEXT, .argument = "TEXT", .about = "kept in the row"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the row as it is kept"},
    {0},
};
static const ls_option lots_options[] = {
    {.name = "lots",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 65535,
     .initial = "0",
     .about = "so many of those that wait come in first"},
    {0},
};
static const ls_option *const release_tables[] = {ls_who_options, own_options, ls_data_options,
                                                  NULL};
static const ls_option *const put_off_tables[] = {lots_options, ls_who_options, own_options,
                                                  ls_data_options, NULL};

static char *body_of(const ls_options *options, int64_t seconds, int64_t lots) {
    const ls_option_value *reason = ls_options_get(options, "reason");
    json_t *body = json_object();
    json_object_set_new(body, "class", ls_json_text(options->arguments[1]));
    json_object_set_new(body, "who", ls_json_text(ls_who_name(options)));
    if (reason->given) {
        json_object_set_new(body, "text", ls_json_text(reason->text));
    }
    if (seconds >= 0) {
        json_object_set_new(body, "put_off_s", json_integer((json_int_t)seconds));
    }
    if (lots > 0) {
        json_object_set_new(body, "lots", json_integer((json_int_t)lots));
    }
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

// ---- what becomes of it

static bool is_in(const char *state, const char *const *states) {
    bool found = false;
    for (; *states != NULL; states++) {
        found = found || strcmp(state, *states) == 0;
    }
    return found;
}

// The row when the line has answered, or nothing more comes of it by itself; takes and gives `row`.
static json_t *await_end(const ls_service_address *address, json_t *row) {
    static const char *const passing[] = {"approved", "sent", NULL};
    const struct timespec pause = {.tv_nsec = 100000000};
    char path[80];
    ls_text_format(path, sizeof path, "/api/v1/decisions/%s", ls_json_text_at(row, "id"));
    for (int i = 0; i < PATIENCE_S * 10 && is_in(ls_json_text_at(row, "state"), passing); i++) {
        ls_buffer out;
        ls_error err = {0};
        nanosleep(&pause, NULL);
        ls_buffer_init(&out);
        json_t *newer = ls_service_ask(address, path, &out, &err) == LS_OK
                            ? json_loads(out.data != NULL ? out.data : "", 0, NULL)
                            : NULL;
        ls_buffer_clear(&out);
        if (json_is_object(newer)) {
            json_decref(row);
            row = newer;
        } else {
            json_decref(newer);
        }
    }
    return row;
}

static int show(const ls_options *options, const json_t *row) {
    static const char *const good[] = {"done", "open", "approved", "sent", NULL};
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(options, "json")->given) {
        json_t *object = json_object();
        json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
        json_object_set_new(object, "format", json_string("decide-explain/1"));
        json_object_set_new(object, "row", json_deep_copy(row));
        ls_json_print(object, &out);
    } else {
        ls_decide_print(row, false, &out);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code == LS_EXIT_DONE && !is_in(ls_json_text_at(row, "state"), good) ? LS_EXIT_NO : code;
}

static int complain_of(const json_t *answer, int status) {
    const char *why = ls_json_text_at(json_object_get(answer, "error"), "text");
    ls_error err = {0};
    ls_fail(&err, LS_ERR_INVALID, "%s", why[0] != '\0' ? why : "the service gave no reason");
    ls_complain(&err);
    return status == REFUSED || status == 403 ? LS_EXIT_NO : LS_EXIT_INPUT;
}

static int ask(const ls_options *options, int64_t seconds, int64_t lots) {
    char data[PATH_SIZE];
    ls_service_address address;
    ls_error err = {0};
    ls_buffer out;
    int status = 0;
    int code = ls_data_option_folder(options, data, sizeof data);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    if (ls_service_find(data, &address, &err) != LS_OK) {
        return ls_complain(&err);
    }
    char *body = body_of(options, seconds, lots);
    if (body == NULL) {
        return LS_EXIT_SYSTEM;
    }
    ls_buffer_init(&out);
    if (ls_service_post(&address, ls_who_role(options), "/api/v1/entries", body, &out, &status,
                        &err) != LS_OK) {
        code = ls_complain(&err);
    } else {
        json_t *answer = json_loads(out.data != NULL ? out.data : "", 0, NULL);
        if (status == 200) {
            answer = await_end(&address, answer);
            code = show(options, answer);
        } else {
            code = complain_of(answer, status);
        }
        json_decref(answer);
    }
    free(body);
    ls_buffer_clear(&out);
    return code;
}

static int run_release(const ls_options *options) {
    return ask(options, -1, 0);
}

static int run_put_off(const ls_options *options) {
    int64_t span_us = 0;
    ls_error err = {0};
    if (ls_units_time(options->arguments[2], &span_us, &err) != LS_OK) {
        return ls_complain_usage(&err, "decide put-off");
    }
    if (span_us < 0 || span_us > LS_US_PER_DAY || span_us % LS_US_PER_S != 0) {
        ls_fail(&err, LS_ERR_INVALID, "put off for whole seconds, a day at most, not '%s'",
                options->arguments[2]);
        return ls_complain_usage(&err, "decide put-off");
    }
    return ask(options, span_us / LS_US_PER_S, ls_options_get(options, "lots")->number);
}

const ls_cli_command ls_command_decide_release = {
    .name = "decide release",
    .arguments = "PLANT CLASS",
    .least = 2,
    .most = 2,
    .about = "Lets one more lot of a class come into the line, by hand.",
    .example = "lineshaft decide release plant.yaml gear-a",
    .examples = "lineshaft decide release plant.yaml gear-a --reason \"the customer waits\"\n",
    .detail =
        "With an order pool it is the first lot that waits there. It goes through the guard like "
        "any "
        "other command and is a row of the decisions that promises nothing. The plant file must "
        "let something be sent: `decide: {release: {of: CLASS, mode: approve}}` or `auto`. Says no "
        "(exit code 1) where the guard or the line does.\n",
    .tables = release_tables,
    .run = run_release,
};

const ls_cli_command ls_command_decide_put_off = {
    .name = "decide put-off",
    .arguments = "PLANT CLASS TIME",
    .least = 3,
    .most = 3,
    .about = "Puts off what comes into the line of a class, by hand; or lets all of it in.",
    .example = "lineshaft decide put-off plant.yaml gear-a \"25 min\"",
    .examples =
        "lineshaft decide put-off plant.yaml gear-a 2h --lots 1\n"
        "lineshaft decide put-off plant.yaml gear-a 0s\n",
    .detail =
        "Of a class with an order pool (`release: {pool: yes}`): what waits outside and what is "
        "released meanwhile does not come in before TIME is over, in the line's time, a day at "
        "most. "
        "`0s`: all that waits comes in now. As `decide release` in everything else.\n",
    .tables = put_off_tables,
    .run = run_put_off,
};
