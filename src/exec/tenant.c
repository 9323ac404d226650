// tenant.c - see tenant.h.
#include "exec/tenant.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "exec/ask.h"
#include "exec/base64.h"
#include "exec/call.h"

enum { PATIENCE_MS = 30000, PAUSE_MS = 100, LOG_LEAST = 2 };

struct ls_tenant {
    ls_pool_daemon *daemon;
    ls_pool_call *call;  // kept open between questions; NULL: not now
    char *socket, *account;
    char *url, *token_file, *trust;  // url NULL: by its socket
};

// ---- opening

ls_status ls_tenant_open(const ls_tenant_def *def, ls_tenant **out, ls_error *err) {
    *out = NULL;
    if (def->daemon == NULL && def->url == NULL &&
        (def->socket == NULL || def->socket[0] == '\0')) {
        return ls_fail(err, LS_ERR_INVALID, "it is not said where the pool is");
    }
    ls_tenant *t = ls_alloc(sizeof *t);
    if (t == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    *t = (ls_tenant){.daemon = def->daemon};
    t->account = ls_text_copy(def->account != NULL ? def->account : "");
    t->socket = ls_text_copy(def->socket != NULL ? def->socket : "");
    t->url = def->url != NULL ? ls_text_copy(def->url) : NULL;
    t->token_file = def->token_file != NULL ? ls_text_copy(def->token_file) : NULL;
    t->trust = def->trust != NULL ? ls_text_copy(def->trust) : NULL;
    if (t->account == NULL || t->socket == NULL || (def->url != NULL && t->url == NULL) ||
        (def->token_file != NULL && t->token_file == NULL) ||
        (def->trust != NULL && t->trust == NULL)) {
        ls_tenant_close(t);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    *out = t;
    return LS_OK;
}

static void hang_up(ls_tenant *t) {
    ls_pool_call_close(t->call);
    t->call = NULL;
}

void ls_tenant_close(ls_tenant *t) {
    if (t != NULL) {
        hang_up(t);
        ls_free(t->socket);
        ls_free(t->account);
        ls_free(t->url);
        ls_free(t->token_file);
        ls_free(t->trust);
        ls_free(t);
    }
}

// ---- a line there, a line back

static ls_status ask_own(ls_tenant *t, const char *line, ls_buffer *out, ls_error *err) {
    const ls_asker who = {.name = "this plant",
                          .uid = geteuid(),
                          .gid = getegid(),
                          .reads_all = true,
                          .acts_all = true,
                          .may_act = true,
                          .rules = true};
    ls_desk *desk = ls_pool_daemon_lock(t->daemon);
    const bool unsure = ls_ask_answer(desk, &who, line, strlen(line), NULL, out);
    if (unsure) {
        return ls_pool_daemon_keep(t->daemon, err);
    }
    ls_pool_daemon_unlock(t->daemon);
    return LS_OK;
}

static ls_status ask_there(ls_tenant *t, const char *line, ls_buffer *out, ls_error *err) {
    const bool was_open = t->call != NULL;
    ls_status status = was_open ? LS_OK
                       : t->url != NULL
                           ? ls_pool_call_open_url(t->url, t->token_file, t->trust, &t->call, err)
                           : ls_pool_call_open(t->socket, &t->call, err);
    if (status == LS_OK) {
        status = ls_pool_call_ask(t->call, line, strlen(line), PATIENCE_MS, out, err);
    }
    if (status != LS_OK && was_open) {
        // The daemon was started anew since, or hung up on who was silent for so long.
        hang_up(t);
        return ask_there(t, line, out, err);
    }
    if (status != LS_OK) {
        hang_up(t);
    }
    return status;
}

static ls_status status_of(const char *code) {
    static const struct {
        const char *code;
        ls_status status;
    } known[] = {
        {"busy", LS_ERR_IO},
        {"often", LS_ERR_LIMIT},
        {"token", LS_ERR_IO},  // somebody may put a good one into the file
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].code, code) == 0) {
            return known[i].status;
        }
    }
    return LS_ERR_INVALID;
}

static const char *text_at(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static ls_status take_answer(const ls_buffer *answer, json_t **out, ls_error *err) {
    json_t *object = answer->failed ? NULL : json_loadb(answer->data, answer->size, 0, NULL);
    const json_t *error = json_object_get(object, "error");
    *out = json_incref(json_object_get(object, "ok"));
    ls_status status = LS_OK;
    if (error != NULL) {
        status = ls_fail(err, status_of(text_at(error, "code")), "%s", text_at(error, "text"));
        if (text_at(error, "hint")[0] != '\0') {
            ls_hint(err, "%s", text_at(error, "hint"));
        }
    } else if (*out == NULL) {
        status = ls_fail(err, LS_ERR_IO, "the pool gave an answer that cannot be read");
    }
    json_decref(object);
    return status;
}

// Takes the question; *out is the caller's.
static ls_status ask(ls_tenant *t, json_t *question, json_t **out, ls_error *err) {
    *out = NULL;
    ls_buffer answer;
    char *line = question != NULL ? json_dumps(question, JSON_COMPACT) : NULL;
    json_decref(question);
    if (line == NULL) {
        return ls_fail(err, LS_ERR_INVALID,
                       "the question cannot be written: out of memory, or "
                       "no UTF-8");
    }
    ls_buffer_init(&answer);
    ls_status status = t->daemon != NULL ? ask_own(t, line, &answer, err)
                                         : ask_there(t, line, &answer, err);
    free(line);  // jansson's own
    if (status == LS_OK) {
        status = take_answer(&answer, out, err);
    }
    ls_buffer_clear(&answer);
    return status;
}

static json_t *about_job(const char *what, uint64_t id) {
    char text[24];
    ls_text_format(text, sizeof text, "%llu", (unsigned long long)id);
    return json_pack("{s:s, s:s}", "do", what, "job", text);
}

// ---- submitting

static json_t *command_of(const char *const *argv) {
    json_t *command = json_array();
    for (size_t i = 0; argv[i] != NULL; i++) {
        json_array_append_new(command, json_string(argv[i]));  // no UTF-8: nothing is appended
    }
    return command;
}

static bool is_utf8(const ls_tenant_job *job, ls_error *err) {
    for (size_t i = 0; job->argv[i] != NULL; i++) {
        if (!ls_text_is_utf8(job->argv[i], strlen(job->argv[i]), NULL)) {
            ls_fail(err, LS_ERR_INVALID, "argument %zu of the command of '%s' is no UTF-8 text", i,
                    job->name);
            return false;
        }
    }
    return true;
}

static void put_time(json_t *out, const char *key, int64_t us) {
    if (us > 0) {
        json_object_set_new(out, key, json_real((double)us * 1e-6));
    }
}

static json_t *question_of(const ls_tenant *t, const ls_tenant_job *job) {
    json_t *q = json_pack("{s:s, s:s, s:s, s:s*, s:o, s:f, s:b, s:b}", "do", "submit", "name",
                          job->name, "once", job->once, "folder", job->folder, "command",
                          command_of(job->argv), "gpus", job->gpus, "saves", (int)job->saves,
                          "restartable", (int)!job->once_only);
    if (q != NULL && t->account[0] != '\0') {
        json_object_set_new(q, "account", json_string(t->account));
    }
    if (q != NULL && job->split_log) {
        json_object_set_new(q, "split_log", json_true());
    }
    put_time(q, "most_s", job->most_us);
    put_time(q, "grace_s", job->grace_us);
    put_time(q, "checkpoint_every_s", job->checkpoint_every_us);
    return q;
}

ls_status ls_tenant_submit(ls_tenant *t, const ls_tenant_job *job, uint64_t *out_id,
                           ls_error *err) {
    json_t *made = NULL;
    *out_id = 0;
    if (!is_utf8(job, err)) {
        return LS_ERR_INVALID;
    }
    ls_status status = ask(t, question_of(t, job), &made, err);
    int64_t id = 0;
    const char *text = text_at(made, "id");
    if (status == LS_OK && (!ls_text_parse_i64(text, strlen(text), &id) || id <= 0)) {
        status = ls_fail(err, LS_ERR_IO, "the pool gave no number for the job '%s'", job->name);
    }
    *out_id = (uint64_t)id;
    json_decref(made);
    return status;
}

// ---- looking

static ls_tenant_state state_of(const char *word) {
    return strcmp(word, "waiting") == 0                                    ? LS_TENANT_WAITS
           : strcmp(word, "running") == 0 || strcmp(word, "stopping") == 0 ? LS_TENANT_RUNS
           : strcmp(word, "done") == 0                                     ? LS_TENANT_DONE
           : strcmp(word, "cancelled") == 0                                ? LS_TENANT_CANCELLED
                                                                           : LS_TENANT_FAILED;
}

static void take_look(const json_t *job, ls_tenant_look *out) {
    const json_t *code = json_object_get(job, "exit");
    const char *note = text_at(job, "note");
    const char *why = text_at(json_object_get(job, "why"), "text");
    *out = (ls_tenant_look){.state = state_of(text_at(job, "state")), .exit_code = -1};
    ls_text_format(out->word, sizeof out->word, "%s", text_at(job, "state"));
    out->restarts = (uint32_t)json_integer_value(json_object_get(job, "restarts"));
    const json_int_t number = json_integer_value(code);
    if (json_is_integer(code) && number >= 0) {
        out->exit_code = (int)number;
    }
    if (note[0] != '\0' || !ls_tenant_is_over(out)) {
        ls_text_format(out->text, sizeof out->text, "%s", note[0] != '\0' ? note : why);
    } else if (number < 0) {
        ls_text_format(out->text, sizeof out->text, "ended by signal %d", (int)-number);
    } else if (out->state == LS_TENANT_FAILED && out->exit_code > 0) {
        ls_text_format(out->text, sizeof out->text, "exit code %d", out->exit_code);
    }
}

ls_status ls_tenant_ask(ls_tenant *t, uint64_t id, ls_tenant_look *out, ls_error *err) {
    json_t *job = NULL;
    *out = (ls_tenant_look){.exit_code = -1};
    const ls_status status = ask(t, about_job("job", id), &job, err);
    if (status == LS_OK) {
        take_look(job, out);
    }
    json_decref(job);
    return status;
}

ls_status ls_tenant_log(ls_tenant *t, uint64_t id, char *out, size_t size, ls_error *err) {
    json_t *answer = NULL, *question = about_job("log", id);
    const size_t most = size - 1 < LS_ASK_LOG_MOST ? size - 1 : LS_ASK_LOG_MOST;
    out[0] = '\0';
    if (size < LOG_LEAST) {
        json_decref(question);
        return LS_OK;
    }
    json_object_set_new(question, "from", json_integer(-(json_int_t)most));
    json_object_set_new(question, "size", json_integer((json_int_t)most));
    const ls_status status = ask(t, question, &answer, err);
    if (status == LS_OK) {
        ls_buffer bytes;
        ls_buffer_init(&bytes);
        const char *text = text_at(answer, "bytes");
        if (ls_base64_take(text, strlen(text), &bytes) && bytes.size <= most) {
            memcpy(out, bytes.data != NULL ? bytes.data : "", bytes.size);
            out[bytes.size] = '\0';
            ls_text_tame(out, true);
        }
        ls_buffer_clear(&bytes);
    }
    json_decref(answer);
    return status;
}

ls_status ls_tenant_read(ls_tenant *t, uint64_t id, bool errors, int64_t *from, ls_buffer *out,
                         ls_error *err) {
    json_t *answer = NULL, *question = about_job("log", id);
    json_object_set_new(question, "from", json_integer(*from));
    json_object_set_new(question, "errors", json_boolean(errors));
    const ls_status status = ask(t, question, &answer, err);
    if (status == LS_OK) {
        const char *text = text_at(answer, "bytes");
        (void)ls_base64_take(text, strlen(text), out);
        *from = json_integer_value(json_object_get(answer, "next"));
    }
    json_decref(answer);
    return status;
}

ls_status ls_tenant_cancel(ls_tenant *t, uint64_t id, ls_error *err) {
    json_t *answer = NULL;
    const ls_status status = ask(t, about_job("cancel", id), &answer, err);
    json_decref(answer);
    return status;
}

// ---- all of it

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

ls_status ls_tenant_run(ls_tenant *t, const ls_tenant_job *job, const volatile int *stop,
                        int64_t away_us, uint64_t *out_id, ls_tenant_look *out, ls_error *err) {
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    int64_t heard_us = now_us();
    *out_id = 0;
    *out = (ls_tenant_look){.exit_code = -1};
    while (stop == NULL || *stop == 0) {
        ls_status status = *out_id == 0 ? ls_tenant_submit(t, job, out_id, err)
                                        : ls_tenant_ask(t, *out_id, out, err);
        if (status == LS_OK && ls_tenant_is_over(out)) {
            return LS_OK;
        }
        const bool away = status == LS_ERR_IO || status == LS_ERR_LIMIT;
        heard_us = away ? heard_us : now_us();
        if (status != LS_OK && (!away || now_us() - heard_us > away_us)) {
            return status;
        }
        nanosleep(&pause, NULL);
    }
    return ls_fail(err, LS_ERR_STOPPED, "stopped waiting for the job '%s', which goes on",
                   job->name);
}
