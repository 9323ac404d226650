// api_models.c - the models in service: what they say, how well, and why; alarms that people have
// seen.
#include <string.h>

#include "web/api.h"

enum { UNIT_MOST = 127, TEXT_MOST = 500, WHO_MOST = 24 };

void ls_api_models(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    (void)request;
    ls_answer_json(answer, ls_view_models(api->service));
}

void ls_api_model(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    json_t *object = ls_view_model(api->service, request->part);
    if (object != NULL) {
        ls_answer_json(answer, object);
    } else {
        ls_answer_fail(answer, 404, "unknown", "there is no model %s", request->part);
    }
}

// ---- alarms

static bool read_seen(const json_t *body, ls_api_seen_asked *out, ls_answer *answer) {
    const json_t *since = json_object_get(body, "since_us");
    const char *name = "";
    out->seen.unit = ls_request_text(body, "unit", 1, UNIT_MOST, answer);
    if (out->seen.unit == NULL) {
        return false;
    }
    out->seen.since_us = json_integer_value(since);
    if (!json_is_integer(since) || out->seen.since_us < 0) {
        ls_answer_fail(answer, 400, "invalid",
                       "since_us must be that of the alarm that was seen, a whole number");
        return false;
    }
    if (json_object_get(body, "text") != NULL) {
        out->seen.text = ls_request_text(body, "text", 0, TEXT_MOST, answer);
        if (out->seen.text == NULL) {
            return false;
        }
    }
    if (json_object_get(body, "who") != NULL) {
        name = ls_request_text(body, "who", 0, WHO_MOST, answer);
        if (name == NULL) {
            return false;
        }
    }
    ls_text_format(out->who, sizeof out->who, "%s", name);
    return true;
}

bool ls_api_read_seen(const ls_request *request, ls_api_seen_asked *out, ls_answer *answer) {
    static const char *const keys[] = {"unit", "since_us", "text", "who", NULL};
    *out = (ls_api_seen_asked){.body = ls_request_json(request, keys, answer)};
    if (out->body == NULL) {
        return false;
    }
    if (!read_seen(out->body, out, answer)) {
        json_decref(out->body);
        out->body = NULL;
        return false;
    }
    ls_text_format(out->who + strlen(out->who), sizeof out->who - strlen(out->who), "%s%s",
                   out->who[0] != '\0' ? ", " : "", request->who);
    ls_text_tame(out->who, false);
    out->seen.model = request->part;
    return true;
}

void ls_api_acknowledge(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    ls_api_seen_asked asked;
    json_t *alarm = NULL;
    ls_error err = {0};
    if (!ls_api_read_seen(request, &asked, answer)) {
        return;
    }
    asked.seen.who = asked.who;
    const ls_status status = ls_view_alarm_seen(api->service, &asked.seen, &alarm, &err);
    json_decref(asked.body);
    if (status == LS_ERR_INVALID) {
        ls_answer_fail(answer, 404, "unknown", "%s", err.text);
    } else if (status == LS_ERR_STOPPED) {
        ls_answer_fail(answer, 409, "changed", "%s", err.text);
    } else if (status != LS_OK) {
        ls_answer_error(answer, &err);
    } else {
        ls_answer_json(answer, alarm);
    }
}
