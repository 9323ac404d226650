// pool_api.c - the pool's routes; pool_openapi.yaml says the same in its own words.
#include "web/pool_api.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "exec/ask.h"
#include "web/page.h"

enum {
    BODY_MOST = 256 << 10,
    LOG_MOST = 64 << 10,
    ACCOUNTS_MOST = 2000,
    JOBS_MOST = 500,
    STEP_S_MOST = 2678400
};
#define TIME_LAST_US INT64_C(4102444800000000)

// ---- pieces

// Who only looks is no user of this machine: what runs as the daemon's user is not his.
static ls_asker asker_of(const ls_request *request) {
    const bool acts = request->role >= LS_ROLE_OPERATOR;
    const ls_guest *guest = &request->guest;
    return (ls_asker){.name = request->who,
                      .uid = !acts           ? (uid_t)-1
                             : guest->is_one ? guest->uid
                                             : geteuid(),
                      .gid = !acts           ? (gid_t)-1
                             : guest->is_one ? guest->gid
                                             : getegid(),
                      .reads_all = acts,
                      .acts_all = acts,
                      .may_act = acts,
                      .account = guest->is_one ? guest->account : 0};
}

static const struct {
    int status;
    const char *code;
} refusals[] = {
    [LS_DESK_DONE] = {503, "busy"},       [LS_DESK_INVALID] = {400, "invalid"},
    [LS_DESK_UNKNOWN] = {404, "unknown"}, [LS_DESK_REFUSED] = {409, "refused"},
    [LS_DESK_FORBIDDEN] = {403, "role"},  [LS_DESK_OFTEN] = {429, "often"},
    [LS_DESK_BUSY] = {503, "busy"},
};

static void refuse(ls_answer *answer, ls_desk_code code, const ls_error *err) {
    ls_answer_fail(answer, refusals[code].status, refusals[code].code, "%s%s%s", err->text,
                   err->hint[0] != '\0' ? "; " : "", err->hint);
    answer->retry_s = code == LS_DESK_OFTEN ? 1 : 0;
}

static void deliver(ls_answer *answer, ls_desk_code code, json_t *object, const ls_error *err) {
    if (code == LS_DESK_DONE) {
        ls_answer_json(answer, object);
    } else {
        refuse(answer, code, err);
    }
}

static bool read_id(const ls_request *request, uint64_t *out, ls_answer *answer) {
    int64_t id = 0;
    if (request->part[0] < '0' || request->part[0] > '9' ||
        !ls_text_parse_i64(request->part, strlen(request->part), &id) || id <= 0) {
        ls_answer_fail(answer, 404, "unknown", "there is no job '%s'", request->part);
        return false;
    }
    *out = (uint64_t)id;
    return true;
}

static json_t *me(const ls_pool_api *api, const ls_request *request) {
    const ls_guest *guest = &request->guest;
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    json_t *about = NULL;
    ls_error err = {0};
    (void)ls_desk_about(desk, &about, &err);
    json_t *account = guest->is_one ? ls_desk_account_text(desk, guest->account) : json_null();
    ls_pool_daemon_unlock(api->daemon);
    json_t *made = json_pack("{s:s, s:s, s:n, s:s, s:o, s:O, s:s}", "role",
                             ls_role_text(request->role), "version", api->version, "plant", "pool",
                             api->name, "account", account, "now_us",
                             json_object_get(about, "now_us"), "zone", "UTC");
    json_decref(about);
    return made;
}

// The pool as this one may see it. NULL: out of memory.
static json_t *pool_for(const ls_pool_api *api, const ls_request *request) {
    if (!request->guest.is_one) {
        return ls_pool_live_state(api->stream);
    }
    const ls_asker who = asker_of(request);
    json_t *made = NULL;
    ls_error err = {0};
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    (void)ls_desk_pool(desk, &who, &made, &err);
    ls_pool_daemon_unlock(api->daemon);
    return made;
}

// ---- the page, for machines that watch

static void get_page(void *context, const ls_request *request, ls_answer *answer) {
    const ls_pool_api *api = context;
    ls_page_send(request->known ? json_pack("{s:o, s:o}", "me", me(api, request), "pool",
                                            pool_for(api, request))
                                : NULL,
                 request, answer);
}

static void get_healthz(void *context, const ls_request *request, ls_answer *answer) {
    (void)context;
    (void)request;
    answer->type = "text/plain; charset=utf-8";
    ls_buffer_text(&answer->body, "ok\n");
}

static void get_metrics(void *context, const ls_request *request, ls_answer *answer) {
    static const char *const sums[] = {"all",      "used",    "borrowed", "free",
                                       "reserved", "drained", "broken",   "spare"};
    static const char *const jobs[] = {"waiting", "running", "stopping"};
    const ls_pool_api *api = context;
    json_t *pool = NULL;
    ls_error err = {0};
    (void)request;
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    const ls_desk_code code = ls_desk_pool(desk, NULL, &pool, &err);
    const uint64_t acts = ls_desk_seq(desk);
    ls_pool_daemon_unlock(api->daemon);
    if (code != LS_DESK_DONE) {
        refuse(answer, code, &err);
        return;
    }
    answer->type = "text/plain; version=0.0.4; charset=utf-8";
    ls_buffer *out = &answer->body;
    ls_buffer_text(out,
                   "# HELP lineshaft_pool_gpus GPUs (or CPU slots) by what they do.\n"
                   "# TYPE lineshaft_pool_gpus gauge\n");
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        ls_buffer_printf(
            out, "lineshaft_pool_gpus{what=\"%s\"} %g\n", sums[i],
            json_number_value(json_object_get(json_object_get(pool, "gpus"), sums[i])));
    }
    ls_buffer_text(out,
                   "# HELP lineshaft_pool_jobs Jobs by state.\n"
                   "# TYPE lineshaft_pool_jobs gauge\n");
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        ls_buffer_printf(
            out, "lineshaft_pool_jobs{state=\"%s\"} %g\n", jobs[i],
            json_number_value(json_object_get(json_object_get(pool, "jobs"), jobs[i])));
    }
    ls_buffer_printf(out,
                     "# HELP lineshaft_pool_acts_total Acts of the journal.\n"
                     "# TYPE lineshaft_pool_acts_total counter\n"
                     "lineshaft_pool_acts_total %llu\n",
                     (unsigned long long)acts);
    json_decref(pool);
}

static void get_me(void *context, const ls_request *request, ls_answer *answer) {
    ls_answer_json(answer, me(context, request));
}

// ---- the pool

static void get_pool(void *context, const ls_request *request, ls_answer *answer) {
    ls_answer_json(answer, pool_for(context, request));
}

static void get_accounts(void *context, const ls_request *request, ls_answer *answer) {
    const ls_pool_api *api = context;
    const ls_asker who = asker_of(request);
    int64_t limit = 500;
    json_t *made = NULL;
    ls_error err = {0};
    if (!ls_request_integer(request, "limit", 1, ACCOUNTS_MOST, &limit, answer)) {
        return;
    }
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    const ls_desk_code code = ls_desk_accounts(desk, ls_request_get(request, "below"),
                                               ls_request_get(request, "after"), (uint32_t)limit,
                                               &who, &made, &err);
    ls_pool_daemon_unlock(api->daemon);
    deliver(answer, code, made, &err);
}

static void get_rack(void *context, const ls_request *request, ls_answer *answer) {
    const ls_pool_api *api = context;
    const ls_asker who = asker_of(request);
    json_t *made = NULL;
    ls_error err = {0};
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    const ls_desk_code code = ls_desk_rack(desk, request->part, ls_request_get(request, "after"),
                                           &who, &made, &err);
    ls_pool_daemon_unlock(api->daemon);
    deliver(answer, code, made, &err);
}

// ---- jobs

static void get_jobs(void *context, const ls_request *request, ls_answer *answer) {
    const ls_pool_api *api = context;
    const ls_asker who = asker_of(request);
    int64_t limit = 50;
    json_t *made = NULL;
    ls_error err = {0};
    if (!ls_request_integer(request, "limit", 1, JOBS_MOST, &limit, answer)) {
        return;
    }
    const ls_desk_jobs_def def = {.account = ls_request_get(request, "account"),
                                  .states = ls_request_get(request, "state"),
                                  .after = ls_request_get(request, "after"),
                                  .limit = (uint32_t)limit};
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    const ls_desk_code code = ls_desk_jobs(desk, &def, &who, &made, &err);
    ls_pool_daemon_unlock(api->daemon);
    deliver(answer, code, made, &err);
}

static void get_job(void *context, const ls_request *request, ls_answer *answer) {
    const ls_pool_api *api = context;
    const ls_asker who = asker_of(request);
    uint64_t id = 0;
    json_t *made = NULL;
    ls_error err = {0};
    if (!read_id(request, &id, answer)) {
        return;
    }
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    const ls_desk_code code = ls_desk_job(desk, id, &who, &made, &err);
    ls_pool_daemon_unlock(api->daemon);
    deliver(answer, code, made, &err);
}

static void get_log(void *context, const ls_request *request, ls_answer *answer) {
    const ls_pool_api *api = context;
    const char *stream = ls_request_get(request, "stream");
    ls_asker who = asker_of(request);
    ls_error err = {0};
    ls_desk_log log = {.from = -LOG_MOST, .size = LOG_MOST};
    who.reads_all = true;  // the contract: viewers read logs
    if (!read_id(request, &log.id, answer) ||
        !ls_request_integer(request, "from", 0, INT64_MAX, &log.from, answer)) {
        return;
    }
    if (stream != NULL && strcmp(stream, "out") != 0 && strcmp(stream, "err") != 0) {
        ls_answer_fail(answer, 400, "invalid", "stream must be out or err");
        return;
    }
    log.stream = stream != NULL && strcmp(stream, "err") == 0 ? LS_EXEC_ERR : LS_EXEC_OUT;
    log.out = ls_alloc(LOG_MOST);
    if (log.out == NULL) {
        ls_answer_fail(answer, 503, "busy", "out of memory");
        return;
    }
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    const ls_desk_code code = ls_desk_read_log(desk, &log, &who, &err);
    ls_pool_daemon_unlock(api->daemon);
    if (code == LS_DESK_DONE) {
        answer->type = "text/plain; charset=utf-8";
        ls_buffer_append(&answer->body, log.out, log.read);
        ls_text_format(answer->next, sizeof answer->next, "%llu", (unsigned long long)log.next);
    } else {
        refuse(answer, code, &err);
    }
    ls_free(log.out);
}

static json_t *read_body(const ls_request *request, ls_answer *answer) {
    json_error_t why;
    const char *text = request->body.data != NULL ? request->body.data : "";
    json_t *body = json_loadb(text, request->body.size, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(body)) {
        ls_answer_fail(answer, 400, "invalid", "the body must be a JSON object%s%s",
                       body == NULL ? ": " : "", body == NULL ? why.text : "");
        json_decref(body);
        return NULL;
    }
    return body;
}

// What a line of the socket may have, and a body of the contract not; NULL: nothing of it.
static const char *what_is_wrong(json_t *body) {
    const char *key;
    json_t *value;
    const char *account = json_string_value(json_object_get(body, "account"));
    if (json_object_get(body, "do") != NULL) {
        return "unknown key 'do'";
    }
    json_object_foreach(body, key, value) {
        if (json_is_null(value)) {
            return "null is no value: leave the key out";
        }
    }
    return json_object_get(body, "account") == NULL || (account != NULL && account[0] == '\0')
               ? "account is missing"
               : NULL;
}

static void post_job(void *context, const ls_request *request, ls_answer *answer) {
    const ls_pool_api *api = context;
    const ls_asker who = asker_of(request);
    json_t *made = NULL, *body = read_body(request, answer);
    ls_error err = {0};
    if (body == NULL) {
        return;
    }
    if (api->refuses != NULL) {
        ls_answer_fail(answer, 409, "refused", "%s", api->refuses);
        json_decref(body);
        return;
    }
    const char *wrong = what_is_wrong(body);
    if (wrong != NULL) {
        ls_answer_fail(answer, 400, "invalid", "%s", wrong);
        json_decref(body);
        return;
    }
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    ls_desk_code code = ls_desk_submit(desk, body, &who, &made, &err);
    if (code != LS_DESK_DONE) {
        ls_pool_daemon_unlock(api->daemon);
    } else if (ls_pool_daemon_keep(api->daemon, &err) != LS_OK) {
        code = LS_DESK_BUSY;
        json_decref(made);
    }
    deliver(answer, code, made, &err);
    json_decref(body);
}

// A line of the local socket, over HTTP, so that commands and plants elsewhere ask in its words.
static void post_ask(void *context, const ls_request *request, ls_answer *answer) {
    const ls_pool_api *api = context;
    ls_asker who = asker_of(request);
    ls_error err = {0};
    json_t *body = read_body(request, answer);
    if (body == NULL) {
        return;
    }
    const char *what = json_string_value(json_object_get(body, "do"));
    if (api->refuses != NULL && what != NULL && strcmp(what, "submit") == 0) {
        ls_answer_fail(answer, 409, "refused", "%s", api->refuses);
        json_decref(body);
        return;
    }
    json_decref(body);
    who.reads_all = who.reads_all || request->guest.is_one;  // all of it is its own account's
    ls_desk_code code = LS_DESK_DONE;
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    const bool unsure = ls_ask_answer(desk, &who, request->body.data, request->body.size, &code,
                                      &answer->body);
    if (!unsure) {
        ls_pool_daemon_unlock(api->daemon);
    } else if (ls_pool_daemon_keep(api->daemon, &err) != LS_OK) {
        code = LS_DESK_BUSY;
        ls_buffer_clear(&answer->body);
        ls_buffer_init(&answer->body);
        ls_ask_put_error(code, &err, &answer->body);
    }
    answer->status = code == LS_DESK_DONE ? 200 : refusals[code].status;
    answer->retry_s = code == LS_DESK_OFTEN ? 1 : 0;
}

static void post_cancel(void *context, const ls_request *request, ls_answer *answer) {
    const ls_pool_api *api = context;
    const ls_asker who = asker_of(request);
    static const char *const none[] = {NULL};
    uint64_t id = 0;
    ls_error err = {0};
    json_t *made = NULL, *body = ls_request_json(request, none, answer);
    if (body == NULL || !read_id(request, &id, answer)) {
        json_decref(body);
        return;
    }
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    ls_desk_code code = ls_desk_cancel(desk, id, &who, &made, &err);
    if (code != LS_DESK_DONE) {
        ls_pool_daemon_unlock(api->daemon);
    } else if (ls_pool_daemon_keep(api->daemon, &err) != LS_OK) {
        code = LS_DESK_BUSY;
    }
    if (code == LS_DESK_DONE) {  // as it is now that the step is done: told to stop
        json_decref(made);
        desk = ls_pool_daemon_lock(api->daemon);
        code = ls_desk_job(desk, id, &who, &made, &err);
        ls_pool_daemon_unlock(api->daemon);
    }
    deliver(answer, code, made, &err);
    json_decref(body);
}

// ---- what was

static void get_usage(void *context, const ls_request *request, ls_answer *answer) {
    const ls_pool_api *api = context;
    const ls_asker who = asker_of(request);
    int64_t from = -1, to = -1, step = 0;
    json_t *made = NULL;
    ls_error err = {0};
    if (!ls_request_integer(request, "from_us", 0, TIME_LAST_US, &from, answer) ||
        !ls_request_integer(request, "to_us", 1, TIME_LAST_US, &to, answer) ||
        !ls_request_integer(request, "step_s", 1, STEP_S_MOST, &step, answer)) {
        return;
    }
    if (from < 0 || to < 0) {
        ls_answer_fail(answer, 400, "invalid", "%s is missing", from < 0 ? "from_us" : "to_us");
        return;
    }
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    const ls_desk_code code = ls_desk_usage(desk, ls_request_get(request, "account"), from, to,
                                            step, &who, &made, &err);
    ls_pool_daemon_unlock(api->daemon);
    deliver(answer, code, made, &err);
}

static void get_acts(void *context, const ls_request *request, ls_answer *answer) {
    const ls_pool_api *api = context;
    const ls_asker who = asker_of(request);
    int64_t after = 0, from = -1, limit = 100;
    json_t *made = NULL;
    ls_error err = {0};
    if (!ls_request_integer(request, "after", 0, INT64_MAX, &after, answer) ||
        !ls_request_integer(request, "from_us", 0, INT64_MAX, &from, answer) ||
        !ls_request_integer(request, "limit", 1, JOBS_MOST, &limit, answer)) {
        return;
    }
    const ls_desk_acts_def def = {.after = (uint64_t)after,
                                  .from_us = from,
                                  .account = ls_request_get(request, "account"),
                                  .kinds = ls_request_get(request, "kinds"),
                                  .limit = (uint32_t)limit};
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    const ls_desk_code code = ls_desk_acts(desk, &def, &who, &made, &err);
    ls_pool_daemon_unlock(api->daemon);
    deliver(answer, code, made, &err);
}

// ---- the table

const ls_route ls_pool_api_routes[] = {
    {"GET", "/", LS_RIGHT_WELCOME, LS_EFFORT_LITTLE, 0, get_page},
    {"GET", "/assets/*", LS_RIGHT_NOTHING, LS_EFFORT_LITTLE, 0, ls_page_asset},
    {"GET", "/openapi.yaml", LS_RIGHT_NOTHING, LS_EFFORT_LITTLE, 0, ls_page_pool_openapi},
    {"GET", "/healthz", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, get_healthz},
    {"GET", "/readyz", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, get_healthz},
    {"GET", "/metrics", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, get_metrics},
    {"GET", "/api/v1/me", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, get_me},
    {"GET", "/api/v1/pool", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, get_pool},
    {"GET", "/api/v1/pool/stream", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, NULL},
    {"GET", "/api/v1/pool/accounts", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, get_accounts},
    {"GET", "/api/v1/pool/rack/*", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, get_rack},
    {"GET", "/api/v1/pool/jobs", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, get_jobs},
    {"GET", "/api/v1/pool/jobs/*", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, get_job},
    {"GET", "/api/v1/pool/jobs/*/log", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, get_log},
    {"GET", "/api/v1/pool/usage", LS_RIGHT_VIEWER, LS_EFFORT_SOME, 0, get_usage},
    {"GET", "/api/v1/pool/acts", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, get_acts},
    {"POST", "/api/v1/pool/jobs", LS_RIGHT_OPERATOR, LS_EFFORT_LITTLE, LS_REQUEST_BODY_SMALL,
     post_job},
    {"POST", "/api/v1/pool/ask", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, BODY_MOST, post_ask},
    {"POST", "/api/v1/pool/jobs/*/cancel", LS_RIGHT_OPERATOR, LS_EFFORT_LITTLE,
     LS_REQUEST_BODY_SMALL, post_cancel},
};
const size_t ls_pool_api_route_count = sizeof ls_pool_api_routes / sizeof *ls_pool_api_routes;
