// desk_deed.c - submitting, cancelling, and reading what a job wrote.
#include <string.h>

#include "exec/desk_inside.h"
#include "exec/submit.h"

// ---- how often

// Whose submissions are counted together: a user's, or those for the account of a token.
static uint64_t key_of(uid_t uid, uint32_t account) {
    return (uint64_t)account << 32 | (account == 0 ? uid : 0);
}

// A bucket that fills with time, one for each of them; who has not asked for longest makes room.
static desk_quota *quota_of(ls_desk *desk, uint64_t key) {
    desk_quota *oldest = desk->quotas;
    for (uint32_t i = 0; i < QUOTAS_KEPT; i++) {
        desk_quota *q = desk->quotas + i;
        if (q->used && q->key == key) {
            return q;
        }
        if (!q->used || (oldest->used && q->at_us < oldest->at_us)) {
            oldest = q;
        }
    }
    *oldest = (desk_quota){
        .key = key, .used = true, .left = desk->def.submits_at_once, .at_us = desk_clock_us()};
    return oldest;
}

static bool may_submit(ls_desk *desk, uint64_t key) {
    desk_quota *q = quota_of(desk, key);
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

// What tells a submission of a token from all others, also from equal words of another account's,
// which must not lead to its job. *out lives as long as `room`.
static const char *once_of(const ls_desk *desk, const ls_asker *who, const char *once,
                           char room[ONCE_SIZE]) {
    if (once == NULL || who->account == 0) {
        return once;
    }
    ls_sha256 sha;
    uint8_t sum[LS_SHA256_SIZE];
    const char *path = desk_path(desk->pool, who->account);
    ls_sha256_init(&sha);
    ls_sha256_add(&sha, path, strlen(path) + 1);
    ls_sha256_add(&sha, once, strlen(once));
    ls_sha256_end(&sha, sum);
    room[0] = '@';
    ls_sha256_text(sum, room + 1);
    return room;
}

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

// There is the account. A token's job is one of its account or below it, and waits for such jobs
// alone.
static ls_desk_code within_bounds(const ls_desk *desk, const ls_asker *who, ls_exec_job *job,
                                  ls_error *err) {
    uint32_t account = 0;
    const ls_desk_code code = desk_account(desk, job->account, who, &account, err);
    if (code != LS_DESK_DONE) {
        return LS_DESK_INVALID;
    }
    if (who->account == 0) {
        return LS_DESK_DONE;
    }
    job->account = desk_path(desk->pool, account);
    for (uint32_t i = 0; code == LS_DESK_DONE && i < job->after_count; i++) {
        ls_exec_view view;
        const uint64_t id = job->after[i] & ~LS_EXEC_AFTER_ARRAY;
        if (ls_exec_get(desk->exec, id, &view) && !desk_sees(desk, who, view.account)) {
            ls_fail(err, LS_ERR_INVALID, "there is no job %llu to wait for",
                    (unsigned long long)id);
            ls_hint(err, "wait for jobs that are listed");
            return LS_DESK_REFUSED;  // as for one that is not there
        }
    }
    return code;
}

ls_desk_code ls_desk_submit(ls_desk *desk, const json_t *object, const ls_asker *who, json_t **out,
                            ls_error *err) {
    ls_arena arena;
    ls_submit asked;
    *out = NULL;
    if (!who->may_act) {
        return forbid(who, err);
    }
    if (!may_submit(desk, key_of(who->uid, who->account))) {
        ls_fail(err, LS_ERR_LIMIT, "%s submits too often", who->name);
        ls_hint(err, "%u a second in the mean; many like ones are one submission with --array",
                desk->def.submits_per_s);
        return LS_DESK_OFTEN;
    }
    // Where jobs run as who submits them, not as root or as one of the system's own; the helper
    // would start none of theirs.
    if (ls_exec_isolates(desk->exec) && !ls_exec_runs_as(desk->exec, who->uid)) {
        ls_fail(err, LS_ERR_INVALID, "jobs of %s (user %u) are not run here", who->name,
                (unsigned)who->uid);
        ls_hint(err, "jobs run as who submits them; submit as a person, not as one of the system");
        return LS_DESK_REFUSED;
    }
    ls_arena_init(&arena);
    ls_desk_code code = LS_DESK_DONE;
    ls_status status = ls_submit_read(object, desk->pool, &arena, &asked, err);
    if (status == LS_OK) {
        code = within_bounds(desk, who, &asked.job, err);
    }
    char room[ONCE_SIZE];
    const char *once = once_of(desk, who, status == LS_OK ? asked.once : NULL, room);
    uint64_t id = code == LS_DESK_DONE ? find_once(desk, once, who->uid) : 0;
    uint32_t count = 1;
    if (status != LS_OK) {
        code = status == LS_ERR_MEMORY ? LS_DESK_BUSY : LS_DESK_INVALID;
    } else if (code == LS_DESK_DONE && id == 0) {
        asked.job.once = once;
        asked.job.user = who->name;
        asked.job.uid = who->uid;
        asked.job.gid = who->gid;
        count = asked.job.array > 0 ? asked.job.array : 1;
        status = ls_exec_submit(desk->exec, &asked.job, &id, err);
        code = status == LS_OK ? LS_DESK_DONE : code_of(status);
        if (status == LS_OK) {
            keep_once(desk, once, who->uid, id);
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

// The job is his to change, and not over.
static ls_desk_code may_change(ls_desk *desk, uint64_t id, const ls_asker *who, json_t **out,
                               ls_error *err) {
    ls_exec_view view;
    *out = NULL;
    if (!who->may_act) {
        return forbid(who, err);
    }
    if (!ls_exec_get(desk->exec, id, &view) || !desk_sees(desk, who, view.account)) {
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
    return LS_DESK_DONE;
}

static ls_desk_code changed(ls_desk *desk, uint64_t id, ls_status status, const ls_asker *who,
                            json_t **out, ls_error *err) {
    if (status != LS_OK) {
        return code_of(status);
    }
    forget_tally(desk);
    return ls_desk_job(desk, id, who, out, err);
}

ls_desk_code ls_desk_cancel(ls_desk *desk, uint64_t id, const ls_asker *who, json_t **out,
                            ls_error *err) {
    const ls_desk_code code = may_change(desk, id, who, out, err);
    return code != LS_DESK_DONE
               ? code
               : changed(desk, id, ls_exec_cancel(desk->exec, id, err), who, out, err);
}

ls_desk_code ls_desk_resize(ls_desk *desk, uint64_t id, uint32_t parts, const ls_asker *who,
                            json_t **out, ls_error *err) {
    const ls_desk_code code = may_change(desk, id, who, out, err);
    return code != LS_DESK_DONE
               ? code
               : changed(desk, id, ls_exec_resize(desk->exec, id, parts, err), who, out, err);
}

ls_desk_code ls_desk_drained(ls_desk *desk, json_t **out, ls_error *err) {
    json_t *list = json_array();
    const char *node = NULL;
    const char *reason = NULL;
    int64_t since_us = 0;
    for (uint32_t at = 0; ls_exec_next_out(desk->exec, &at, &node, &reason, &since_us);) {
        json_array_append_new(list, json_pack("{s:o, s:o, s:I}", "node", desk_text(node), "reason",
                                              desk_text(reason), "since_us", (json_int_t)since_us));
    }
    return desk_give(json_pack("{s:o}", "drained", list), out, err);
}

ls_desk_code ls_desk_drain(ls_desk *desk, const char *node, const char *reason, const ls_asker *who,
                           json_t **out, ls_error *err) {
    *out = NULL;
    if (!who->rules) {
        ls_fail(err, LS_ERR_INVALID,
                "nodes are the business of root and of the user that the daemon runs as");
        return LS_DESK_FORBIDDEN;
    }
    const ls_status status = reason != NULL ? ls_exec_drain(desk->exec, node, reason, err)
                                            : ls_exec_undrain(desk->exec, node, err);
    if (status != LS_OK) {
        return code_of(status);
    }
    forget_tally(desk);
    return ls_desk_drained(desk, out, err);
}

ls_desk_code ls_desk_read_log(ls_desk *desk, ls_desk_log *log, const ls_asker *who, ls_error *err) {
    ls_exec_view view;
    if (!ls_exec_get(desk->exec, log->id, &view) || !desk_sees(desk, who, view.account)) {
        json_t *none = NULL;
        return ls_desk_job(desk, log->id, who, &none, err);  // says so
    }
    if (!desk_reads(desk, who, &view)) {
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
