// desk_tokens.c - tokens of accounts: made, listed, revoked, and who shows one.
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "exec/desk_inside.h"

static ls_desk_code may_rule(const ls_desk *desk, const ls_asker *who, ls_error *err) {
    if (!who->rules) {
        ls_fail(err, LS_ERR_INVALID,
                "tokens are the business of root and of the user that the daemon runs as");
        return LS_DESK_FORBIDDEN;
    }
    if (desk->tokens == NULL) {
        ls_fail(err, LS_ERR_INVALID, "this pool keeps no tokens");
        ls_hint(err, "a pool of its own does: 'lineshaft pool run'");
        return LS_DESK_REFUSED;
    }
    return LS_DESK_DONE;
}

static json_t *print_token(const ls_desk *desk, const ls_account_token *t) {
    const bool known = ls_pool_account(desk->pool, t->account) != LS_POOL_NONE;
    json_t *made = json_pack("{s:s, s:o, s:s, s:I, s:b, s:o}", "name", t->name, "account",
                             desk_text(t->account), "right", t->acts ? "act" : "look", "made_us",
                             (json_int_t)t->made_us, "opens", (int)known, "uid",
                             t->has_user ? json_integer(t->uid) : json_null());
    return made;
}

ls_desk_code ls_desk_tokens(ls_desk *desk, const ls_asker *who, json_t **out, ls_error *err) {
    *out = NULL;
    const ls_desk_code code = may_rule(desk, who, err);
    if (code != LS_DESK_DONE) {
        return code;
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < ls_tokens_count(desk->tokens); i++) {
        json_array_append_new(list, print_token(desk, ls_tokens_at(desk->tokens, i)));
    }
    return desk_give(json_pack("{s:o}", "tokens", list), out, err);
}

// ---- made

static ls_desk_code find_user(const ls_desk *desk, const char *name, ls_account_token *out,
                              ls_error *err) {
    struct passwd entry, *found = NULL;
    char room[4096], said[64];
    ls_text_format(said, sizeof said, "%s", name);
    ls_text_tame(said, false);
    if (!ls_exec_isolates(desk->exec)) {
        ls_fail(err, LS_ERR_INVALID, "jobs of this pool all run as one user, not as '%s'", said);
        ls_hint(err, "a pool that root starts with --user keeps users apart");
        return LS_DESK_REFUSED;
    }
    const int wrong = getpwnam_r(name, &entry, room, sizeof room, &found);
    if (found == NULL) {
        ls_fail(err, LS_ERR_INVALID, "there is no user '%s'%s%s", said, wrong != 0 ? ": " : "",
                wrong != 0 ? strerror(wrong) : "");
        return LS_DESK_INVALID;
    }
    if (!ls_exec_runs_as(desk->exec, entry.pw_uid)) {
        ls_fail(err, LS_ERR_INVALID, "no job runs as '%s': its number, %u, is too low", said,
                (unsigned)entry.pw_uid);
        return LS_DESK_REFUSED;
    }
    out->has_user = true;
    out->uid = entry.pw_uid;
    out->gid = entry.pw_gid;
    return LS_DESK_DONE;
}

ls_desk_code ls_desk_make_token(ls_desk *desk, const ls_desk_token_def *def, const ls_asker *who,
                                json_t **out, ls_error *err) {
    ls_account_token like = {.acts = def->acts};
    char token[LS_ACCOUNT_TOKEN_SIZE];
    uint32_t account = 0;
    *out = NULL;
    ls_desk_code code = may_rule(desk, who, err);
    if (code != LS_DESK_DONE) {
        return code;
    }
    if (def->account == NULL || def->account[0] == '\0') {
        ls_fail(err, LS_ERR_INVALID, "a token is for one account: say which");
        ls_hint(err, "the three tokens of tokens.json in the data folder are for all of them");
        return LS_DESK_INVALID;
    }
    if (desk_account(desk, def->account, NULL, &account, err) != LS_DESK_DONE) {
        return LS_DESK_INVALID;
    }
    if (ls_text_format(like.name, sizeof like.name, "%s", def->name) >= sizeof like.name) {
        ls_fail(err, LS_ERR_INVALID, "a name of a token has at most %zu letters",
                sizeof like.name - 1);
        return LS_DESK_INVALID;
    }
    ls_text_format(like.account, sizeof like.account, "%s", desk_path(desk->pool, account));
    if (def->user != NULL) {
        code = find_user(desk, def->user, &like, err);
    } else if (like.acts && ls_exec_isolates(desk->exec)) {
        ls_fail(err, LS_ERR_INVALID, "say as which user the jobs of this token run");
        ls_hint(err, "--user NAME; or --look, for one that submits nothing");
        code = LS_DESK_INVALID;
    }
    if (code != LS_DESK_DONE) {
        return code;
    }
    const ls_status status = ls_tokens_make(desk->tokens, &like, token, err);
    if (status != LS_OK) {
        return status == LS_ERR_INVALID ? LS_DESK_INVALID
               : status == LS_ERR_LIMIT ? LS_DESK_REFUSED
                                        : LS_DESK_BUSY;
    }
    return desk_give(
        json_pack("{s:s, s:o, s:s, s:s}", "name", like.name, "account", desk_text(like.account),
                  "right", like.acts ? "act" : "look", "token", token),
        out, err);
}

ls_desk_code ls_desk_revoke_token(ls_desk *desk, const char *name, const ls_asker *who,
                                  json_t **out, ls_error *err) {
    *out = NULL;
    const ls_desk_code code = may_rule(desk, who, err);
    if (code != LS_DESK_DONE) {
        return code;
    }
    const ls_status status = ls_tokens_revoke(desk->tokens, name, err);
    if (status != LS_OK) {
        return status == LS_ERR_INVALID ? LS_DESK_UNKNOWN : LS_DESK_BUSY;
    }
    return desk_give(json_pack("{s:o}", "revoked", desk_text(name)), out, err);
}

// ---- shown

bool ls_desk_knows_token(const ls_desk *desk, const char *token, ls_asker *out) {
    const ls_account_token *t = desk->tokens != NULL ? ls_tokens_find(desk->tokens, token) : NULL;
    const uint32_t account = t != NULL ? ls_pool_account(desk->pool, t->account) : LS_POOL_NONE;
    // Of an account that is no more it opens nothing; that of the pool itself would open all.
    if (account == LS_POOL_NONE || account == 0) {
        return false;
    }
    *out = (ls_asker){.name = t->name,
                      .uid = t->has_user ? t->uid : geteuid(),
                      .gid = t->has_user ? t->gid : getegid(),
                      .reads_all = t->acts,
                      .acts_all = t->acts,
                      .may_act = t->acts,
                      .account = account};
    return true;
}
