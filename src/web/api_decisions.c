// api_decisions.c - proposals and what came of them; a person's yes, no, or not now.
#include "loop/prove_view.h"
#include "web/api.h"
#include "web/connections.h"

enum { ROWS_MOST = 500, ROWS = 50, PROVE_AGE_US = 10000000, TEXT_MOST = 500 };

void ls_api_decisions(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    int64_t open = 0;
    int64_t before_us = 0;
    int64_t most = ROWS;
    if (!ls_request_integer(request, "open", 0, 1, &open, answer) ||
        !ls_request_integer(request, "before_us", 0, INT64_MAX / 2, &before_us, answer) ||
        !ls_request_integer(request, "limit", 1, ROWS_MOST, &most, answer)) {
        return;
    }
    json_t *rows = ls_view_decisions(api->service, open != 0, before_us, (uint32_t)most);
    ls_answer_json(answer, json_pack("{s:o}", "rows", rows != NULL ? rows : json_array()));
}

static json_t *find_row(const ls_api *api, const ls_request *request, ls_answer *answer) {
    json_t *row = ls_view_decision(api->service, request->part);
    if (row == NULL) {
        ls_answer_fail(answer, 404, "unknown", "there is no decision %s", request->part);
    }
    return row;
}

void ls_api_decision(void *context, const ls_request *request, ls_answer *answer) {
    json_t *row = find_row(context, request, answer);
    if (row != NULL) {
        ls_answer_json(answer, row);
    }
}

void ls_api_summary(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    (void)request;
    json_t *summary = ls_view_decisions_summary(api->service);
    if (summary != NULL) {
        ls_answer_json(answer, summary);
    } else {
        ls_answer_fail(answer, 404, "unknown",
                       "nothing is decided here: the plant file has no "
                       "decide:");
    }
}

bool ls_api_read_review(const ls_request *request, ls_api_review_asked *out, ls_answer *answer) {
    static const char *const keys[] = {"version", "text", NULL};
    json_t *body = ls_request_json(request, keys, answer);
    *out = (ls_api_review_asked){.body = body};
    if (body == NULL) {
        return false;
    }
    const json_t *version = json_object_get(body, "version");
    const int64_t number = json_integer_value(version);
    bool fine = json_is_integer(version) && number >= 1 && number <= UINT32_MAX;
    out->version = fine ? (uint32_t)number : 0;
    if (!fine) {
        ls_answer_fail(answer, 400, "invalid",
                       "version must be that of the row that was seen, a whole number from 1");
    } else if (json_object_get(body, "text") != NULL) {
        out->text = ls_request_text(body, "text", 0, TEXT_MOST, answer);
        fine = out->text != NULL;
    }
    if (!fine) {
        json_decref(body);
        out->body = NULL;
    }
    return fine;
}

static void review(const ls_api *api, const ls_request *request, ls_review how, ls_answer *answer) {
    ls_api_review_asked asked;
    if (!ls_api_read_review(request, &asked, answer)) {
        return;
    }
    json_t *row = find_row(api, request, answer);
    if (row == NULL) {
        json_decref(asked.body);
        return;
    }
    json_decref(row);
    ls_error err = {0};
    const ls_status status = ls_view_review(api->service, request->part, asked.version, how,
                                            request->who, request->role, asked.text, &err);
    json_decref(asked.body);
    if (status == LS_ERR_INVALID) {
        ls_answer_fail(answer, 409, "expired", "%s", err.text);
    } else if (status != LS_OK) {
        ls_answer_error(answer, &err);
    } else {
        ls_api_decision((void *)(uintptr_t)api, request, answer);
    }
}

void ls_api_approve(void *context, const ls_request *request, ls_answer *answer) {
    review(context, request, LS_REVIEW_APPROVE, answer);
}

void ls_api_reject(void *context, const ls_request *request, ls_answer *answer) {
    review(context, request, LS_REVIEW_REJECT, answer);
}

void ls_api_hold(void *context, const ls_request *request, ls_answer *answer) {
    review(context, request, LS_REVIEW_HOLD, answer);
}

// All rows of the history are read for it.
void ls_api_prove(void *context, const ls_request *request, ls_answer *answer) {
    ls_api *api = context;
    json_t *account = NULL;
    ls_error err = {0};
    const int64_t now_us = ls_connections_clock_us();
    (void)request;
    if (ls_memo_recall(&api->memo, "prove", now_us, PROVE_AGE_US, answer)) {
        return;
    }
    if (ls_view_prove(api->service, &account, &err) == LS_OK) {
        ls_answer_json(answer, account);
        ls_memo_keep(&api->memo, "prove", now_us, answer);
    } else {
        ls_answer_error(answer, &err);
    }
}
