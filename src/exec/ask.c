// ask.c - see ask.h.
#include "exec/ask.h"

#include <stdlib.h>
#include <string.h>

#include "exec/base64.h"
#include "exec/fields.h"
#include "exec/submit.h"

enum { DAYS_MOST = 3660, DAY_LAST = 47482 };  // up to the end of 2099

static const char *const words[LS_ASK_KINDS + 1] = {
    "about",   "pool",    "jobs", "job",  "why",  "submit", "cancel",     "resize",       "drain",
    "undrain", "drained", "log",  "days", "acts", "tokens", "token-make", "token-revoke", NULL};

static const char *const plain_keys[] = {"do", NULL};
static const char *const jobs_keys[] = {"do", "account", "state", "after", "limit", "mine", NULL};
static const char *const job_keys[] = {"do", "job", NULL};
static const char *const resize_keys[] = {"do", "job", "parts", NULL};
static const char *const drain_keys[] = {"do", "node", "reason", NULL};
static const char *const undrain_keys[] = {"do", "node", NULL};
static const char *const log_keys[] = {"do", "job", "from", "run", "size", "errors", NULL};
static const char *const days_keys[] = {"do", "account", "from_day", "to_day", NULL};
static const char *const acts_keys[] = {"do",    "after", "from_us", "account",
                                        "kinds", "limit", NULL};
static const char *const make_keys[] = {"do", "name", "account", "right", "user", NULL};
static const char *const revoke_keys[] = {"do", "name", NULL};
static const char *const *const keys[LS_ASK_KINDS] = {
    plain_keys, plain_keys,  jobs_keys,  job_keys,     job_keys,    NULL,
    job_keys,   resize_keys, drain_keys, undrain_keys, plain_keys,  log_keys,
    days_keys,  acts_keys,   plain_keys, make_keys,    revoke_keys,
};

// ---- reading

static ls_status read_kind(ls_ask *out, ls_error *err) {
    const char *word = json_string_value(json_object_get(out->object, "do"));
    for (out->kind = 0; word != NULL && out->kind < LS_ASK_KINDS; out->kind++) {
        if (strcmp(words[out->kind], word) == 0) {
            return LS_OK;
        }
    }
    char said[64];
    ls_text_format(said, sizeof said, "%s", word != NULL ? word : "");
    ls_text_tame(said, false);
    ls_fail(err, LS_ERR_INVALID,
            word != NULL ? "there is nothing called '%s' to do"
                         : "a question "
                           "says in `do` "
                           "what it "
                           "wants%s",
            said);
    const char *nearest = word != NULL ? ls_text_nearest(word, words, LS_ASK_KINDS) : NULL;
    if (nearest != NULL) {
        ls_hint(err, "did you mean '%s'?", nearest);
    } else {
        ls_hint(err,
                "about, pool, jobs, job, why, submit, cancel, resize, drain, undrain, "
                "drained, log, days, acts, tokens, "
                "token-make, "
                "token-revoke");
    }
    return LS_ERR_INVALID;
}

static void take_jobs(ls_fields *f, ls_ask *out) {
    int64_t limit = 50;
    ls_fields_text(f, "account", 0, 1000, &out->jobs.account);
    ls_fields_text(f, "state", 1, 200, &out->jobs.states);
    ls_fields_text(f, "after", 1, 30, &out->jobs.after);
    ls_fields_integer(f, "limit", 1, LS_ASK_JOBS_MOST, &limit);
    ls_fields_flag(f, "mine", &out->jobs.mine);
    out->jobs.limit = (uint32_t)limit;
}

static void take_acts(ls_fields *f, ls_ask *out) {
    int64_t limit = 100, after = 0;
    out->acts.from_us = -1;
    ls_fields_integer(f, "after", 0, INT64_MAX, &after);
    ls_fields_integer(f, "from_us", 0, INT64_MAX, &out->acts.from_us);
    ls_fields_text(f, "account", 0, 1000, &out->acts.account);
    ls_fields_text(f, "kinds", 0, 200, &out->acts.kinds);
    ls_fields_integer(f, "limit", 1, LS_ASK_JOBS_MOST, &limit);
    out->acts.limit = (uint32_t)limit;
    out->acts.after = (uint64_t)after;
}

static void take_log(ls_fields *f, ls_ask *out) {
    out->from = -LS_ASK_LOG_MOST;
    out->size = LS_ASK_LOG_MOST;
    ls_fields_integer(f, "from", -LS_ASK_LOG_MOST, INT64_MAX, &out->from);
    ls_fields_integer(f, "run", 0, UINT32_MAX, &out->run);
    ls_fields_integer(f, "size", 1, LS_ASK_LOG_MOST, &out->size);
    ls_fields_flag(f, "errors", &out->errors);
}

static void take_days(ls_fields *f, ls_ask *out) {
    ls_fields_text(f, "account", 0, 1000, &out->account);
    ls_fields_integer(f, "from_day", 0, DAY_LAST, &out->from_day);
    out->to_day = out->from_day + 1;
    ls_fields_integer(f, "to_day", 1, DAY_LAST + 1, &out->to_day);
    if (!f->failed && (out->to_day <= out->from_day || out->to_day - out->from_day > DAYS_MOST)) {
        ls_fields_fail(f, LS_ERR_INVALID, "to_day must be 1 to %d days after from_day", DAYS_MOST);
    }
}

static void take_node(ls_fields *f, ls_ask *out) {
    ls_fields_text(f, "node", 1, 200, &out->node);
    if (out->node == NULL) {
        ls_fields_fail(f, LS_ERR_INVALID, "node is missing");
    }
}

static void take_token(ls_fields *f, ls_ask *out) {
    const char *right = "act";
    ls_fields_text(f, "name", 1, 100, &out->token.name);
    if (out->token.name == NULL) {
        ls_fields_fail(f, LS_ERR_INVALID, "name is missing");
    }
    if (out->kind == LS_ASK_MAKE_TOKEN) {
        ls_fields_text(f, "account", 1, 1000, &out->token.account);
        ls_fields_text(f, "user", 1, 100, &out->token.user);
        ls_fields_text(f, "right", 1, 10, &right);
        if (strcmp(right, "act") != 0 && strcmp(right, "look") != 0) {
            ls_fields_fail(f, LS_ERR_INVALID, "right must be act or look");
        }
        out->token.acts = strcmp(right, "act") == 0;
    }
}

ls_status ls_ask_read(const char *line, size_t size, ls_ask *out, ls_error *err) {
    json_error_t why;
    *out = (ls_ask){.object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &why)};
    if (!json_is_object(out->object)) {
        char text[JSON_ERROR_TEXT_LENGTH];
        ls_text_format(text, sizeof text, "%s", out->object == NULL ? why.text : "another value");
        ls_text_tame(text, false);
        ls_fail(err, LS_ERR_INVALID, "a line must be a JSON object: %s", text);
        ls_hint(err, "as {\"do\": \"jobs\"}");
        return LS_ERR_INVALID;
    }
    if (read_kind(out, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    if (out->kind == LS_ASK_SUBMIT) {
        return LS_OK;  // submit.h reads it, against the pool
    }
    ls_fields f = ls_fields_open(out->object, keys[out->kind], err);
    if (keys[out->kind] == job_keys || out->kind == LS_ASK_LOG || out->kind == LS_ASK_RESIZE) {
        ls_fields_id(&f, "job", &out->job);
        if (out->job == 0) {
            ls_fields_fail(&f, LS_ERR_INVALID, "job is missing");
        }
    }
    switch (out->kind) {
    case LS_ASK_JOBS: take_jobs(&f, out); break;
    case LS_ASK_LOG: take_log(&f, out); break;
    case LS_ASK_RESIZE:
        ls_fields_integer(&f, "parts", 0, LS_EXEC_ELASTIC_MAX, &out->parts);
        if (!ls_fields_has(&f, "parts")) {
            ls_fields_fail(&f, LS_ERR_INVALID, "parts is missing");
        }
        break;
    case LS_ASK_DRAIN:
        ls_fields_text(&f, "reason", 1, LS_EXEC_OUT_SIZE, &out->reason);
        if (out->reason == NULL) {
            ls_fields_fail(&f, LS_ERR_INVALID, "reason is missing");
        }
        take_node(&f, out);
        break;
    case LS_ASK_UNDRAIN: take_node(&f, out); break;
    case LS_ASK_DAYS: take_days(&f, out); break;
    case LS_ASK_ACTS: take_acts(&f, out); break;
    case LS_ASK_MAKE_TOKEN:
    case LS_ASK_REVOKE_TOKEN: take_token(&f, out); break;
    default: break;
    }
    return f.failed ? err->status : LS_OK;
}

void ls_ask_clear(ls_ask *ask) {
    json_decref(ask->object);
    ask->object = NULL;
}

// ---- answering

static ls_desk_code answer_log(ls_desk *desk, const ls_ask *ask, const ls_asker *who, json_t **out,
                               ls_error *err) {
    ls_buffer text;
    char *bytes = ls_alloc((size_t)ask->size);
    *out = NULL;
    if (bytes == NULL) {
        ls_fail(err, LS_ERR_MEMORY, "out of memory");
        return LS_DESK_BUSY;
    }
    ls_desk_log log = {.id = ask->job,
                       .run = (uint32_t)ask->run,
                       .stream = ask->errors ? LS_EXEC_ERR : LS_EXEC_OUT,
                       .from = ask->from,
                       .out = bytes,
                       .size = (size_t)ask->size};
    const ls_desk_code code = ls_desk_read_log(desk, &log, who, err);
    if (code == LS_DESK_DONE) {
        ls_buffer_init(&text);
        ls_base64_put(bytes, log.read, &text);
        *out = json_pack("{s:s#, s:I, s:I, s:b, s:I}", "bytes", text.data != NULL ? text.data : "",
                         (int)text.size, "next", (json_int_t)log.next, "end", (json_int_t)log.end,
                         "over", (int)log.over, "run", (json_int_t)log.last_run);
        ls_buffer_clear(&text);
    }
    ls_free(bytes);
    if (code == LS_DESK_DONE && *out == NULL) {
        ls_fail(err, LS_ERR_MEMORY, "out of memory");
        return LS_DESK_BUSY;
    }
    return code;
}

static ls_desk_code answer(ls_desk *desk, const ls_ask *ask, const ls_asker *who, json_t **out,
                           ls_error *err) {
    switch (ask->kind) {
    case LS_ASK_ABOUT: return ls_desk_about(desk, out, err);
    case LS_ASK_POOL: return ls_desk_pool(desk, who, out, err);
    case LS_ASK_JOBS: return ls_desk_jobs(desk, &ask->jobs, who, out, err);
    case LS_ASK_JOB: return ls_desk_job(desk, ask->job, who, out, err);
    case LS_ASK_WHY: return ls_desk_why(desk, ask->job, who, out, err);
    case LS_ASK_SUBMIT: return ls_desk_submit(desk, ask->object, who, out, err);
    case LS_ASK_CANCEL: return ls_desk_cancel(desk, ask->job, who, out, err);
    case LS_ASK_RESIZE: return ls_desk_resize(desk, ask->job, (uint32_t)ask->parts, who, out, err);
    case LS_ASK_DRAIN: return ls_desk_drain(desk, ask->node, ask->reason, who, out, err);
    case LS_ASK_UNDRAIN: return ls_desk_drain(desk, ask->node, NULL, who, out, err);
    case LS_ASK_DRAINED: return ls_desk_drained(desk, out, err);
    case LS_ASK_LOG: return answer_log(desk, ask, who, out, err);
    case LS_ASK_DAYS:
        return ls_desk_days(desk, ask->account, ask->from_day, ask->to_day, who, out, err);
    case LS_ASK_TOKENS: return ls_desk_tokens(desk, who, out, err);
    case LS_ASK_MAKE_TOKEN: return ls_desk_make_token(desk, &ask->token, who, out, err);
    case LS_ASK_REVOKE_TOKEN: return ls_desk_revoke_token(desk, ask->token.name, who, out, err);
    default: return ls_desk_acts(desk, &ask->acts, who, out, err);
    }
}

static void put_json(json_t *object, ls_buffer *out) {
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(object);
    ls_buffer_text(out, text != NULL ? text
                                     : "{\"error\":{\"code\":\"busy\",\"text\":\"out of "
                                       "memory\"}}");
    free(text);  // jansson's own
}

void ls_ask_put_error(ls_desk_code code, const ls_error *err, ls_buffer *out) {
    char text[LS_ERROR_TEXT_SIZE], hint[LS_ERROR_TEXT_SIZE];
    ls_text_format(text, sizeof text, "%s", err->text);
    ls_text_format(hint, sizeof hint, "%s", err->hint);
    ls_text_tame(text, false);  // a text that was cut may end in half a letter
    ls_text_tame(hint, false);
    json_t *error = json_pack("{s:s, s:s}", "code", ls_desk_code_word(code), "text", text);
    if (hint[0] != '\0') {
        json_object_set_new(error, "hint", json_string(hint));
    }
    put_json(json_pack("{s:o}", "error", error), out);
}

bool ls_ask_answer(ls_desk *desk, const ls_asker *who, const char *line, size_t size,
                   ls_desk_code *out_code, ls_buffer *out) {
    ls_error err = {0};
    ls_ask ask;
    json_t *said = NULL;
    ls_desk_code code = LS_DESK_INVALID;
    if (ls_ask_read(line, size, &ask, &err) == LS_OK) {
        code = answer(desk, &ask, who, &said, &err);
    }
    if (code == LS_DESK_DONE) {
        put_json(json_pack("{s:o}", "ok", said), out);
    } else {
        ls_ask_put_error(code, &err, out);
    }
    const bool unsure = code == LS_DESK_DONE &&
                        (ask.kind == LS_ASK_SUBMIT || ask.kind == LS_ASK_CANCEL ||
                         ask.kind == LS_ASK_RESIZE || ask.kind == LS_ASK_DRAIN ||
                         ask.kind == LS_ASK_UNDRAIN);
    ls_ask_clear(&ask);
    if (out_code != NULL) {
        *out_code = code;
    }
    return unsure;
}
