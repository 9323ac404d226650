// api_twin.c - what the twin expects, and what would be with other numbers.
#include <string.h>

#include "web/api.h"
#include "web/connections.h"

enum { SETS_MOST = 16, PATH_MOST = 200, VALUE_MOST = 200, FUTURES_MOST = 1000 };
enum { FORECAST_AGE_US = 5000000 };
static const double hours_least = 0.1;
static const double hours_most = 168.0;

void ls_api_forecast(void *context, const ls_request *request, ls_answer *answer) {
    ls_api *api = context;
    double hours = 8.0;
    json_t *object = NULL;
    char key[LS_MEMO_KEY_SIZE];
    ls_error err = {0};
    if (!ls_request_real(request, "hours", hours_least, hours_most, &hours, answer)) {
        return;
    }
    const int64_t now_us = ls_connections_clock_us();
    ls_text_format(key, sizeof key, "forecast %.3f", hours);
    if (ls_memo_recall(&api->memo, key, now_us, FORECAST_AGE_US, answer)) {
        return;
    }
    if (ls_view_forecast(api->service, hours, &object, &err) == LS_OK) {
        ls_answer_json(answer, object);
        ls_memo_keep(&api->memo, key, ls_connections_clock_us(), answer);
    } else {
        ls_answer_error(answer, &err);
    }
}

static bool is_set(const json_t *set, ls_answer *answer) {
    const json_t *one = NULL;
    size_t i = 0;
    if (!json_is_array(set) || json_array_size(set) == 0 || json_array_size(set) > SETS_MOST) {
        ls_answer_fail(answer, 400, "invalid", "set must hold 1 to %d changes", SETS_MOST);
        return false;
    }
    json_array_foreach(set, i, one) {
        if (!json_is_object(one) || json_object_size(one) != 2) {
            ls_answer_fail(answer, 400, "invalid", "a change has a path and a value");
            return false;
        }
        if (ls_request_text(one, "path", 1, PATH_MOST, answer) == NULL ||
            ls_request_text(one, "value", 1, VALUE_MOST, answer) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_between(const json_t *object, const char *key, double least, double most, bool whole,
                       ls_answer *answer) {
    const json_t *value = json_object_get(object, key);
    const double number = json_number_value(value);
    const bool fine = value == NULL || ((whole ? json_is_integer(value) : json_is_number(value)) &&
                                        number >= least && number <= most);
    if (!fine) {
        ls_answer_fail(answer, 400, "invalid", "%s must be a %snumber from %g to %g", key,
                       whole ? "whole " : "", least, most);
    }
    return fine;
}

json_t *ls_api_read_what_if(const ls_request *request, ls_answer *answer) {
    static const char *const keys[] = {"set", "hours", "futures", NULL};
    json_t *body = ls_request_json(request, keys, answer);
    if (body == NULL) {
        return NULL;
    }
    if (!is_set(json_object_get(body, "set"), answer) ||
        !is_between(body, "hours", hours_least, hours_most, false, answer) ||
        !is_between(body, "futures", 2, FUTURES_MOST, true, answer)) {
        json_decref(body);
        return NULL;
    }
    return body;
}

static void tell_mistakes(const ls_errors *errors, ls_answer *answer) {
    static const ls_error memory = {.status = LS_ERR_MEMORY, .text = "out of memory"};
    ls_answer_error(answer, errors->count > 0 ? errors->items : &memory);
}

void ls_api_what_if(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    json_t *asked = ls_api_read_what_if(request, answer);
    if (asked == NULL) {
        return;
    }
    json_t *object = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    if (ls_view_what_if(api->service, asked, &object, &errors) == LS_OK) {
        ls_answer_json(answer, object);
    } else {
        tell_mistakes(&errors, answer);
    }
    ls_errors_clear(&errors);
    json_decref(asked);
}
