// api_history.c - what was heard: names, curves, and the same as CSV.
#include <string.h>

#include "web/api.h"

enum { TAGS_MOST = 2000, MATCH_SIZE = 200, LIST_SIZE = 4000, POINTS = 600, POINTS_MOST = 2000 };

void ls_api_tags(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    const char *match = ls_request_get(request, "match");
    int64_t most = TAGS_MOST;
    if (match != NULL && strlen(match) >= MATCH_SIZE) {
        ls_answer_fail(answer, 400, "invalid", "match must be at most %d bytes", MATCH_SIZE - 1);
        return;
    }
    if (ls_request_integer(request, "limit", 1, TAGS_MOST, &most, answer)) {
        ls_answer_json(answer,
                       ls_view_tags(api->service, match != NULL ? match : "", (uint32_t)most));
    }
}

bool ls_api_read_span(const ls_request *request, ls_view_span *out, ls_answer *answer) {
    static const int64_t last_us = INT64_C(4102444800) * 1000000;  // the year 2100
    int64_t points = POINTS;
    *out = (ls_view_span){.tags = ls_request_get(request, "tags"), .from_us = -1, .to_us = -1};
    if (!ls_request_integer(request, "from_us", 0, last_us, &out->from_us, answer) ||
        !ls_request_integer(request, "to_us", 0, last_us, &out->to_us, answer) ||
        !ls_request_integer(request, "points", 1, POINTS_MOST, &points, answer)) {
        return false;
    }
    out->points = (uint32_t)points;
    if (out->tags == NULL || out->tags[0] == '\0' || strlen(out->tags) >= LIST_SIZE) {
        ls_answer_fail(answer, 400, "invalid",
                       "tags must be names or patterns with commas between, 1 to %d bytes",
                       LIST_SIZE - 1);
    } else if (out->from_us < 0 || out->to_us <= out->from_us) {
        ls_answer_fail(answer, 400, "invalid", "from_us and to_us must be given, in this order");
    }
    return answer->status == 200;
}

void ls_api_history(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    ls_view_span span;
    json_t *object = NULL;
    ls_error err = {0};
    if (!ls_api_read_span(request, &span, answer)) {
        return;
    }
    if (ls_view_history(api->service, &span, &object, &err) == LS_OK) {
        ls_answer_json(answer, object);
    } else {
        ls_answer_error(answer, &err);
    }
}

void ls_api_history_csv(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    ls_view_span span;
    ls_error err = {0};
    if (!ls_api_read_span(request, &span, answer)) {
        return;
    }
    if (ls_view_history_csv(api->service, &span, &answer->body, &err) == LS_OK) {
        answer->type = "text/csv; charset=utf-8";
        answer->download = true;
    } else {
        ls_answer_error(answer, &err);
    }
}
