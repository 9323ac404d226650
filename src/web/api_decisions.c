// api_decisions.c - proposals and what came of them; a person's yes, no, or not now.
#include <string.h>

#include "loop/prove_view.h"
#include "web/api.h"
#include "web/connections.h"

enum { ROWS_MOST = 500, ROWS = 50, PROVE_AGE_US = 10000000, TEXT_MOST = 500 };
enum { CLASS_MOST = 127, ENTRY_SECONDS_MOST = 86400, ENTRY_LOTS_MOST = 65535 };

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

// ---- by hand: what comes into the line

// A whole number that may be left out. False: it is wrong, and the answer says so.
static bool read_whole(const json_t *body, const char *key, int64_t most, int64_t *io,
                       ls_answer *answer) {
    const json_t *value = json_object_get(body, key);
    const int64_t number = json_integer_value(value);
    if (value == NULL) {
        return true;
    }
    if (json_is_integer(value) && number >= 0 && number <= most) {
        *io = number;
        return true;
    }
    ls_answer_fail(answer, 400, "invalid", "%s must be a whole number from 0 to %lld", key,
                   (long long)most);
    return false;
}

static bool read_entries(const json_t *body, ls_api_entries_asked *out, ls_answer *answer) {
    int64_t seconds = -1;
    int64_t lots = 0;
    out->hand.class = ls_request_text(body, "class", 1, CLASS_MOST, answer);
    if (out->hand.class == NULL ||
        !read_whole(body, "put_off_s", ENTRY_SECONDS_MOST, &seconds, answer) ||
        !read_whole(body, "lots", ENTRY_LOTS_MOST, &lots, answer)) {
        return false;
    }
    if (json_object_get(body, "text") != NULL) {
        out->hand.said = ls_request_text(body, "text", 0, TEXT_MOST, answer);
        if (out->hand.said == NULL) {
            return false;
        }
    }
    const char *name = "";
    if (json_object_get(body, "who") != NULL) {
        name = ls_request_text(body, "who", 0, sizeof out->who - 1, answer);
        if (name == NULL) {
            return false;
        }
    }
    ls_text_format(out->who, sizeof out->who, "%.20s", name);
    out->hand.span_us = seconds < 0 ? -1 : seconds * INT64_C(1000000);
    out->hand.lots = (uint32_t)lots;
    return true;
}

bool ls_api_read_entries(const ls_request *request, ls_api_entries_asked *out, ls_answer *answer) {
    static const char *const keys[] = {"class", "put_off_s", "lots", "text", "who", NULL};
    *out = (ls_api_entries_asked){.body = ls_request_json(request, keys, answer),
                                  .hand = {.role = request->role}};
    if (out->body == NULL) {
        return false;
    }
    if (!read_entries(out->body, out, answer)) {
        json_decref(out->body);
        out->body = NULL;
        return false;
    }
    char said[sizeof out->who];
    memcpy(said, out->who, sizeof said);
    ls_text_format(out->who, sizeof out->who, "%s%s%s", said, said[0] != '\0' ? ", " : "",
                   request->who);
    ls_text_tame(out->who, false);
    out->hand.who = out->who;
    return true;
}

void ls_api_entries(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    ls_api_entries_asked asked;
    json_t *row = NULL;
    ls_error err = {0};
    if (!ls_api_read_entries(request, &asked, answer)) {
        return;
    }
    asked.hand.who = asked.who;
    const ls_status status = ls_view_hand(api->service, &asked.hand, &row, &err);
    json_decref(asked.body);
    if (status == LS_ERR_INVALID) {
        ls_answer_fail(answer, 409, "refused", "%s", err.text);
    } else if (status != LS_OK) {
        ls_answer_error(answer, &err);
    } else {
        ls_answer_json(answer, row);
    }
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
