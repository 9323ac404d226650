// guard_people.c - see guard_people.h: through the service's API, which asks the guard.
#include "cli/guard_people.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/ask_service.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/who_option.h"
#include "guard/check.h"
#include "ls_build.h"

enum { PATH_SIZE = 4096, REFUSED = 409 };

const ls_option ls_guard_people_options[] = {
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "what stands then, as one object"},
    {0},
};

uint32_t ls_guard_people_number(const char *command, const char *text) {
    const char *names[LS_GUARD_COUNT];
    ls_error err = {0};
    for (uint32_t number = 1; number <= LS_GUARD_COUNT; number++) {
        char digits[8];
        snprintf(digits, sizeof digits, "%u", number);
        names[number - 1] = ls_guard_name(number);
        if (strcmp(text, digits) == 0 || strcmp(text, names[number - 1]) == 0) {
            return number;
        }
    }
    ls_fail(&err, LS_ERR_INVALID, "there is no guard '%s'", text);
    const char *nearest = ls_text_nearest(text, names, LS_GUARD_COUNT);
    ls_hint(&err,
            nearest != NULL ? "did you mean '%s'?" : "numbers and names stand in docs/GUARDS.md",
            nearest);
    ls_complain_usage(&err, command);
    return 0;
}

// ---- told to people

static void print_time(int64_t us, ls_buffer *out) {
    const time_t seconds = (time_t)(us / 1000000);
    struct tm parts;
    char text[40];
    if (us > 0 && localtime_r(&seconds, &parts) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts) > 0) {
        ls_buffer_text(out, text);
    } else {
        ls_buffer_text(out, "an unknown time");
    }
}

static void print_since(const json_t *one, ls_buffer *out) {
    const int64_t us = json_integer_value(json_object_get(one, "since_us"));
    if (us > 0) {
        ls_buffer_text(out, ", since ");
        print_time(us, out);
    }
    ls_buffer_text(out, "\n");
}

static void print_bypass(const json_t *one, ls_buffer *out) {
    const uint32_t guard = (uint32_t)json_integer_value(json_object_get(one, "guard"));
    ls_buffer_printf(out, "bypass     guard %u, %s, until ", guard, ls_guard_name(guard));
    print_time(json_integer_value(json_object_get(one, "until_us")), out);
    ls_buffer_printf(out, ", by %s: %s\n", ls_json_text_at(one, "who"),
                     ls_json_text_at(one, "reason"));
}

static void print_one(const json_t *one, ls_buffer *out) {
    const char *kind = ls_json_text_at(one, "kind");
    const char *what = ls_json_text_at(one, "what");
    const int count = (int)json_integer_value(json_object_get(one, "count"));
    if (strcmp(kind, "bypass") == 0) {
        print_bypass(one, out);
    } else if (strcmp(kind, "hold") == 0) {
        ls_buffer_printf(out, "hold       %s, by %s (%s)", what[0] != '\0' ? what : "everything",
                         ls_json_text_at(one, "who"), ls_json_text_at(one, "role"));
        print_since(one, out);
    } else if (strcmp(kind, "revoked") == 0) {
        ls_buffer_printf(out, "revoked    approvals of %s up to ", what);
        print_time(json_integer_value(json_object_get(one, "since_us")), out);
        ls_buffer_text(out, "\n");
    } else if (strcmp(kind, "interlock") == 0) {
        ls_buffer_printf(out, "interlock  %s was active: waits for re-arming", what);
        print_since(one, out);
    } else if (strcmp(kind, "foreign") == 0) {
        ls_buffer_printf(out, "foreign    %s was changed by others (%d times): waits for re-arming",
                         what, count);
        print_since(one, out);
    } else if (strcmp(kind, "lots") == 0) {
        ls_buffer_text(out, "lots       ");
        if (strcmp(what, "inside") == 0) {
            ls_buffer_text(out, "how many are in the plant was not told: none is released\n");
        } else if (what[0] != '\0') {
            ls_buffer_printf(out, "not told at '%s'", what);
            if (count > 1) {
                ls_buffer_printf(out, " and %d more places", count - 1);
            }
            ls_buffer_text(out, ": none is dispatched or released\n");
        } else {
            ls_buffer_text(out, "where they are is not known: none is dispatched or released\n");
        }
    } else {
        ls_buffer_printf(out, "trips      %d within a day%s\n", count,
                         json_is_true(json_object_get(one, "waits")) ? ": waits for a reset" : "");
    }
}

static int print_stands(const ls_options *options, const json_t *answer) {
    const json_t *stands = json_object_get(answer, "stands");
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(options, "json")->given) {
        json_t *object = json_object();
        json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
        json_object_set_new(object, "format", json_string("guard/1"));
        json_object_set_new(object, "stands", json_deep_copy(stands));
        ls_json_print(object, &out);
    } else {
        for (size_t i = 0; i < json_array_size(stands); i++) {
            print_one(json_array_get(stands, i), &out);
        }
        if (json_array_size(stands) == 0) {
            ls_buffer_text(&out, "nothing is held, bypassed or waits for a person\n");
        }
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

// ---- asked

static int find_service(const ls_options *options, ls_service_address *out) {
    char data[PATH_SIZE];
    ls_error err = {0};
    const int code = ls_data_option_folder(options, data, sizeof data);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    return ls_service_find(data, out, &err) == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

static char *body_of(const ls_options *options, const char *what, int64_t guard, const char *reason,
                     int64_t for_s) {
    json_t *body = json_object();
    json_object_set_new(body, "who", ls_json_text(ls_who_name(options)));
    if (what != NULL) {
        json_object_set_new(body, "what", ls_json_text(what));
    }
    if (guard > 0) {
        json_object_set_new(body, "guard", json_integer((json_int_t)guard));
    }
    if (reason != NULL) {
        json_object_set_new(body, "reason", ls_json_text(reason));
    }
    if (for_s > 0) {
        json_object_set_new(body, "for_s", json_integer((json_int_t)for_s));
    }
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

// No, and why: in the words of the guard or of the service.
static int complain_of(const json_t *answer, int status) {
    const char *why = ls_json_text_at(json_object_get(answer, "error"), "text");
    ls_error err = {0};
    ls_fail(&err, LS_ERR_INVALID, status == REFUSED ? "the guard refuses: %s" : "%s",
            why[0] != '\0' ? why : "the service gave no reason");
    ls_complain(&err);
    return status == REFUSED || status == 403 ? LS_EXIT_NO : LS_EXIT_INPUT;
}

int ls_guard_people_do(const ls_options *options, const char *deed, const char *what, int64_t guard,
                       const char *reason, int64_t for_s) {
    ls_service_address address;
    ls_error err = {0};
    char path[64];
    ls_buffer out;
    int status = 0;
    int code = find_service(options, &address);
    char *body = code == LS_EXIT_DONE ? body_of(options, what, guard, reason, for_s) : NULL;
    if (body == NULL) {
        return code != LS_EXIT_DONE ? code : LS_EXIT_SYSTEM;
    }
    ls_buffer_init(&out);
    snprintf(path, sizeof path, "/api/v1/guard/%s", deed);
    if (ls_service_post(&address, ls_who_role(options), path, body, &out, &status, &err) != LS_OK) {
        code = ls_complain(&err);
    } else {
        json_t *answer = json_loads(out.data != NULL ? out.data : "", 0, NULL);
        code = status == 200 ? print_stands(options, answer) : complain_of(answer, status);
        json_decref(answer);
    }
    free(body);
    ls_buffer_clear(&out);
    return code;
}

int ls_guard_people_show(const ls_options *options) {
    ls_service_address address;
    ls_error err = {0};
    ls_buffer out;
    int code = find_service(options, &address);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    ls_buffer_init(&out);
    if (ls_service_ask(&address, "/api/v1/guard", &out, &err) != LS_OK) {
        code = ls_complain(&err);
    } else {
        json_t *answer = json_loads(out.data, 0, NULL);
        code = print_stands(options, answer);
        json_decref(answer);
    }
    ls_buffer_clear(&out);
    return code;
}
