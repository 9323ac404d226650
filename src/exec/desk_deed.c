// desk_deed.c - submitting, cancelling, and reading what a job wrote.
#include <string.h>

#include "exec/desk_inside.h"
#include "exec/submit.h"

// ---- how often

// A bucket that fills with time, one a user; who has not asked for longest makes room.
static desk_quota *quota_of(ls_desk *desk, uid_t uid) {
    desk_quota *oldest = desk->quotas;
    for (uint32_t i = 0; i < QUOTAS_KEPT; i++) {
        desk_quota *q = desk->quotas + i;
        if (q->used && q->uid == uid) {
            return q;
        }
        if (!q->used || (oldest->used && q->at_us < oldest->at_us)) {
            oldest = q;
        }
    }
    *oldest = (desk_quota){
        .uid = uid, .used = true, .left = desk->def.submits_at_once, .at_us = desk_clock_us()};
    return oldest;
}

static bool may_submit(ls_desk *desk, uid_t uid) {
    desk_quota *q = quota_of(desk, uid);
    const int64_t now = desk_clock_us();
    const double most = desk->def.submits_at_once;
    q->left += (double)(now - q->at_us) * 1e-6 * desk->def.submits_per_s;
    q->left = q->left < most ? q->left : most;
    q->at_us = now;
    if (q->left < 1.0) {
        return false;
    }
    q->left -= 1.0;
    return true;
}

// ---- submitted once

static uint64_t find_once(const ls_desk *desk, const char *once, uid_t uid) {
    for (uint32_t i = 0; once != NULL && i < ONCE_KEPT; i++) {
        if (desk->once[i].id != 0 && desk->once[i].uid == uid &&
            strcmp(desk->once[i].text, once) == 0) {
            return desk->once[i].id;
        }
    }
    return 0;
}

static void keep_once(ls_desk *desk, const char *once, uid_t uid, uint64_t id) {
    if (once != NULL) {
        const uint32_t at = desk->once_count++ % ONCE_KEPT;
        ls_text_format(desk->once[at].text, ONCE_SIZE, "%s", once);
        desk->once[at].uid = uid;
        desk->once[at].id = id;
    }
}

void ls_desk_know_once(ls_desk *desk) {
    ls_exec_view view;
    for (uint64_t id = 0; ls_exec_next(desk->exec, id, 0, 0, &view); id = view.id) {
        const char *once = view.job->once;
        if (find_once(desk, once, view.job->uid) == 0) {
            keep_once(desk, once, view.job->uid, view.array_id != 0 ? view.array_id : view.id);
        }
    }
}

// ---- deeds

static ls_desk_code forbid(const ls_asker *who, ls_error *err) {
    ls_fail(err, LS_ERR_INVALID, "%s may only look", who->name);
    return LS_DESK_FORBIDDEN;
}

static void forget_tally(ls_desk *desk) {
    desk->tally.step = UINT64_MAX;
    desk->tally.made_us = desk->tally.cost_us = 0;
}

static ls_desk_code code_of(ls_status status) {
    return status == LS_ERR_MEMORY || status == LS_ERR_IO ? LS_DESK_BUSY : LS_DESK_REFUSED;
}

ls_desk_code ls_desk_submit(ls_desk *desk, const json_t *object, const ls_asker *who, json_t **out,
                            ls_error *err) {
    ls_arena arena;
    ls_submit asked;
    *out = NULL;
    if (!who->may_act) {
        return forbid(who, err);
    }
    if (!may_submit(desk, who->uid)) {
        ls_fail(err, LS_ERR_LIMIT, "%s submits too often", who->name);
        ls_hint(err, "%u a second in the mean; many like ones are one submission with --array",
                desk->def.submits_per_s);
        return LS_DESK_OFTEN;
    }
    ls_arena_init(&arena);
    ls_desk_code code = LS_DESK_DONE;
    ls_status status = ls_submit_read(object, desk->pool, &arena, &asked, err);
    uint64_t id = find_once(desk, status == LS_OK ? asked.once : NULL, who->uid);
    uint32_t count = 1;
    if (status != LS_OK) {
        code = status == LS_ERR_MEMORY ? LS_DESK_BUSY : LS_DESK_INVALID;
    } else if (id == 0) {
        asked.job.once = asked.once;
        asked.job.user = who->name;
        asked.job.uid = who->uid;
        asked.job.gid = who->gid;
        count = asked.job.array > 0 ? asked.job.array : 1;
        status = ls_exec_submit(desk->exec, &asked.job, &id, err);
        code = status == LS_OK ? LS_DESK_DONE : code_of(status);
        if (status == LS_OK) {
            keep_once(desk, asked.once, who->uid, id);
            forget_tally(desk);
        }
    }
    ls_arena_clear(&arena);
    if (code == LS_DESK_DONE) {
        code = ls_desk_job(desk, id, who, out, err);
    }
    if (code == LS_DESK_DONE && count > 1) {
        json_object_set_new(*out, "count", json_integer(count));
    }
    return code;
}

ls_desk_code ls_desk_cancel(ls_desk *desk, uint64_t id, const ls_asker *who, json_t **out,
                            ls_error *err) {
    ls_exec_view view;
    *out = NULL;
    if (!who->may_act) {
        return forbid(who, err);
    }
    if (!ls_exec_get(desk->exec, id, &view)) {
        return ls_desk_job(desk, id, who, out, err);  // says so
    }
    if (!who->acts_all && view.job->uid != who->uid) {
        ls_fail(err, LS_ERR_INVALID, "job %llu is that of %s", (unsigned long long)id,
                view.job->user != NULL ? view.job->user : "somebody else");
        return LS_DESK_FORBIDDEN;
    }
    if (ls_exec_is_over(view.state)) {
        ls_fail(err, LS_ERR_INVALID, "job %llu is over: %s", (unsigned long long)id,
                ls_exec_state_word(view.state));
        return LS_DESK_REFUSED;
    }
    const ls_status status = ls_exec_cancel(desk->exec, id, err);
    if (status != LS_OK) {
        return code_of(status);
    }
    forget_tally(desk);
    return ls_desk_job(desk, id, who, out, err);
}

ls_desk_code ls_desk_read_log(ls_desk *desk, ls_desk_log *log, const ls_asker *who, ls_error *err) {
    ls_exec_view view;
    if (!ls_exec_get(desk->exec, log->id, &view)) {
        json_t *none = NULL;
        return ls_desk_job(desk, log->id, who, &none, err);  // says so
    }
    if (!desk_reads(who, &view)) {
        ls_fail(err, LS_ERR_INVALID, "job %llu is that of %s", (unsigned long long)log->id,
                view.job->user != NULL ? view.job->user : "somebody else");
        return LS_DESK_FORBIDDEN;
    }
    log->read = 0;
    log->over = ls_exec_is_over(view.state);
    log->last_run = view.runs;
    log->end = ls_exec_log_size(desk->exec, log->id, log->run, log->stream);
    const uint64_t wanted = log->from < 0 ? (uint64_t)-log->from : 0;
    log->next = log->from >= 0 ? (uint64_t)log->from : wanted < log->end ? log->end - wanted : 0;
    if (view.runs == 0) {
        return LS_DESK_DONE;  // it has not begun
    }
    const ls_status status = ls_exec_log_read(desk->exec, log->id, log->run, log->stream,
                                              &log->next, log->out, log->size, &log->read, err);
    return status == LS_OK ? LS_DESK_DONE
                           : (status == LS_ERR_INVALID ? LS_DESK_UNKNOWN : LS_DESK_BUSY);
}
