// api_guard.c - the guards, what stands there, and what people do to them.
#include <string.h>

#include "guard/protocol.h"
#include "line/mqtt_source.h"
#include "web/api.h"

#define SECONDS_MOST (366LL * 24 * 3600)
#define US_PER_S 1000000

void ls_api_guard(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    json_t *out = NULL;
    ls_error err = {0};
    (void)request;
    if (ls_view_guard(api->service, &out, &err) == LS_OK) {
        ls_answer_json(answer, out);
    } else {
        ls_answer_error(answer, &err);
    }
}

// A text that may be left out. False: it is wrong, and the answer says so.
static bool read_text(const json_t *body, const char *key, char *out, size_t size,
                      ls_answer *answer) {
    if (json_object_get(body, key) == NULL) {
        return true;
    }
    const char *text = ls_request_text(body, key, 0, size - 1, answer);
    if (text != NULL) {
        memcpy(out, text, strlen(text) + 1);
    }
    return text != NULL;
}

static bool read_number(const json_t *body, const char *key, int64_t most, int64_t *out,
                        ls_answer *answer) {
    const json_t *value = json_object_get(body, key);
    *out = json_integer_value(value);
    if (value == NULL || (json_is_integer(value) && *out >= 1 && *out <= most)) {
        return true;
    }
    ls_answer_fail(answer, 400, "invalid", "%s must be a whole number from 1 to %lld", key,
                   (long long)most);
    return false;
}

static bool read_body(const json_t *body, ls_guard_deed *out, ls_answer *answer) {
    int64_t guard = 0, seconds = 0;
    if (!read_text(body, "what", out->what, sizeof out->what, answer) ||
        !read_text(body, "reason", out->reason, sizeof out->reason, answer) ||
        !read_text(body, "who", out->who, sizeof out->who, answer) ||
        !read_number(body, "guard", 35, &guard, answer) ||
        !read_number(body, "for_s", SECONDS_MOST, &seconds, answer)) {
        return false;
    }
    out->guard = (uint32_t)guard;
    out->until_us = seconds > 0 ? ls_wall_us() + seconds * US_PER_S : 0;
    return true;
}

// What the client says, and what its token and address say.
static void name_person(const ls_request *request, ls_guard_deed *deed) {
    char said[sizeof deed->who];
    memcpy(said, deed->who, sizeof said);
    ls_text_format(deed->who, sizeof deed->who, "%.20s%s%s", said, said[0] != '\0' ? ", " : "",
                   request->who);
    ls_text_tame(deed->who, false);
}

bool ls_api_read_deed(const ls_request *request, ls_guard_deed *out, ls_answer *answer) {
    static const char *const keys[] = {"what", "guard", "reason", "for_s", "who", NULL};
    *out = (ls_guard_deed){.kind = ls_guard_deed_find(request->part), .role = request->role};
    if (out->kind >= LS_DEED_SHOW) {
        ls_answer_fail(answer, 404, "unknown",
                       "there is no '%s': hold, lift, bypass, end-bypass, re-arm, revoke, reset",
                       request->part);
        return false;
    }
    json_t *body = ls_request_json(request, keys, answer);
    if (body == NULL) {
        return false;
    }
    const bool fine = read_body(body, out, answer);
    json_decref(body);
    name_person(request, out);
    return fine;
}

void ls_api_guard_do(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    ls_guard_deed deed;
    ls_guard_answer said = {0};
    json_t *stands = NULL;
    ls_error err = {0};
    if (!ls_api_read_deed(request, &deed, answer)) {
        return;
    }
    if (ls_view_guard_do(api->service, &deed, &said, &stands, &err) != LS_OK) {
        ls_answer_error(answer, &err);
    } else if (said.done) {
        ls_answer_json(answer, json_pack("{s:o}", "stands", stands));
    } else {
        ls_answer_fail_in_both(answer, 409, "refused", said.reason, said.reason_ko);
        json_decref(stands);
    }
}
