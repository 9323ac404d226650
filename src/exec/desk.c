// desk.c - see desk.h: opening, closing, and the small pieces of all answers.
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exec/desk_inside.h"
#include "exec/run_limits.h"
#include "exec/submit.h"

const char *ls_desk_code_word(ls_desk_code code) {
    static const char *const words[] = {"done",      "invalid", "unknown", "refused",
                                        "forbidden", "often",   "busy"};
    return words[code];
}

int64_t desk_clock_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// ---- pieces

ls_desk_code desk_memory(ls_error *err) {
    ls_fail(err, LS_ERR_MEMORY, "out of memory");
    return LS_DESK_BUSY;
}

ls_desk_code desk_give(json_t *object, json_t **out, ls_error *err) {
    *out = object;
    return object != NULL ? LS_DESK_DONE : desk_memory(err);
}

json_t *desk_gpus(uint64_t milli) {
    return milli % LS_POOL_WHOLE == 0 ? json_integer((json_int_t)(milli / LS_POOL_WHOLE))
                                      : json_real((double)milli / LS_POOL_WHOLE);
}

json_t *desk_time(int64_t us) {
    return us > 0 && us < INT64_MAX ? json_integer(us) : json_null();
}

json_t *desk_text(const char *text) {
    size_t length = strlen(text);
    if (ls_text_is_utf8(text, length, NULL)) {
        return json_string(text);
    }
    char *copy = ls_alloc(length + 1);
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, text, length);
    ls_text_tame(copy, true);
    json_t *made = json_string(copy);
    ls_free(copy);
    return made;
}

json_t *desk_id(uint64_t id) {
    char text[24];
    ls_text_format(text, sizeof text, "%llu", (unsigned long long)id);
    return json_string(text);
}

const char *desk_path(const ls_pool *pool, uint32_t account) {
    return account < pool->account_count ? pool->accounts[account].path : "";
}

bool desk_is_below(const ls_pool *pool, uint32_t account, uint32_t above) {
    while (account != above && account != LS_POOL_NONE) {
        account = pool->accounts[account].parent;
    }
    return account == above;
}

bool desk_sees(const ls_desk *desk, const ls_asker *who, uint32_t account) {
    return who == NULL || who->account == 0 ||
           (account < desk->pool->account_count &&
            desk_is_below(desk->pool, account, who->account));
}

bool desk_reads(const ls_desk *desk, const ls_asker *who, const ls_exec_view *view) {
    return desk_sees(desk, who, view->account) &&
           (who->reads_all || (who->account == 0 && who->uid == view->job->uid));
}

ls_desk_code desk_account(const ls_desk *desk, const char *path, const ls_asker *who, uint32_t *out,
                          ls_error *err) {
    *out = who != NULL ? who->account : 0;
    if (path == NULL || path[0] == '\0') {
        return LS_DESK_DONE;
    }
    *out = ls_pool_account(desk->pool, path);
    if (*out != LS_POOL_NONE && desk_sees(desk, who, *out)) {
        return LS_DESK_DONE;
    }
    if (who != NULL && who->account != 0) {  // neither that it is there, nor what is like it
        char said[208];
        ls_text_format(said, sizeof said, "%s", path);
        ls_text_tame(said, false);
        ls_fail(err, LS_ERR_INVALID, "there is no account '%s' for this token", said);
        ls_hint(err, "it is for '%s' and those below it", desk_path(desk->pool, who->account));
        return LS_DESK_UNKNOWN;
    }
    (void)ls_submit_account(desk->pool, path, out, err);  // says so
    return LS_DESK_UNKNOWN;
}

// ---- opening, closing

ls_status ls_desk_create(const ls_desk_def *def, ls_desk **out, ls_error *err) {
    *out = NULL;
    ls_desk *desk = ls_alloc(sizeof *desk);
    if (desk == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    desk->def = *def;
    desk->def.submits_per_s = def->submits_per_s != 0 ? def->submits_per_s : 1000;
    desk->def.submits_at_once = def->submits_at_once != 0 ? def->submits_at_once : 10000;
    desk->pool = def->pool;
    desk->acts = ls_alloc(ACTS_KEPT * sizeof *desk->acts);
    desk->whys = ls_alloc(WHYS_KEPT * sizeof *desk->whys);
    ls_status status = desk->acts != NULL && desk->whys != NULL
                           ? LS_OK
                           : ls_fail(err, LS_ERR_MEMORY, "out of memory");
    if (status == LS_OK) {
        status = ls_terms_make(def->pool, &desk->terms, err);
    }
    if (status == LS_OK) {
        status = desk_racks_open(desk, err);
    }
    if (status == LS_OK) {
        status = desk_samples_open(desk, err);
    }
    if (status == LS_OK && def->folder != NULL) {
        status = ls_tokens_open(def->folder, &desk->tokens, err);
    }
    if (status != LS_OK) {
        ls_desk_destroy(desk);
        return status;
    }
    *out = desk;
    return LS_OK;
}

void ls_desk_destroy(ls_desk *desk) {
    if (desk != NULL) {
        desk_tally_clear(&desk->tally);
        desk_samples_close(desk);
        ls_tokens_close(desk->tokens);
        ls_terms_clear(&desk->terms);
        ls_free(desk->rack_of);
        ls_free(desk->racks);
        for (uint32_t i = 0; desk->acts != NULL && i < ACTS_KEPT; i++) {
            ls_free(desk->acts[i].about);
        }
        ls_free(desk->acts);
        ls_free(desk->whys);
        ls_free(desk);
    }
}

void ls_desk_begin(ls_desk *desk, ls_exec *exec) {
    desk->exec = exec;
    desk->since_us = ls_exec_now_us(exec);
    ls_desk_know_once(desk);
}

void ls_desk_tick(ls_desk *desk) {
    desk->steps++;
    desk_samples_take(desk);
}

json_t *ls_desk_account_text(const ls_desk *desk, uint32_t account) {
    return desk_text(desk_path(desk->pool, account));
}

json_t *desk_limits(const ls_desk *desk) {
    const char *why = "";
    const uint32_t limits = ls_exec_limits(desk->exec, &why);
    return json_pack("{s:b, s:b, s:b, s:o}", "memory", (limits & LS_LIMIT_MEMORY) != 0, "cpus",
                     (limits & LS_LIMIT_CPU) != 0, "processes", (limits & LS_LIMIT_PIDS) != 0,
                     "why", why != NULL && why[0] != '\0' ? desk_text(why) : json_null());
}

ls_desk_code ls_desk_about(ls_desk *desk, json_t **out, ls_error *err) {
    const char *why = "";
    const bool cgroups = ls_exec_has_cgroups(desk->exec, &why);
    return desk_give(
        json_pack(
            "{s:o, s:s, s:I, s:I, s:I, s:b, s:b, s:o, s:o}", "pool", desk_text(desk->pool->name),
            "version", desk->def.version, "pid", (json_int_t)getpid(), "since_us",
            (json_int_t)desk->since_us, "now_us", (json_int_t)ls_exec_now_us(desk->exec),
            "isolates", (int)ls_exec_isolates(desk->exec), "cgroups", (int)cgroups, "no_cgroups",
            cgroups ? json_null() : desk_text(why != NULL ? why : ""), "limits", desk_limits(desk)),
        out, err);
}
