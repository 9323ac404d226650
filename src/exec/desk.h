// desk.h - what people ask of a pool that runs, and what they are answered: the same for its local
// socket and for HTTP.
//
// Answers are JSON as src/web/pool_openapi.yaml states it; docs/POOL-API.md explains it. Not thread
// safe: under the lock of whoever owns the ls_exec (daemon.h). What submits or cancels holds only
// when the next ls_exec_step has gone well.
#pragma once

#include <jansson.h>

#include "exec/service.h"

typedef struct ls_desk ls_desk;

// How it went; *err says why not.
typedef enum ls_desk_code {
    LS_DESK_DONE,
    LS_DESK_INVALID,    // a field is wrong
    LS_DESK_UNKNOWN,    // no such job, account, rack
    LS_DESK_REFUSED,    // can never run, is over, a limit is reached
    LS_DESK_FORBIDDEN,  // somebody else's
    LS_DESK_OFTEN,      // too many submissions from this user; again in a moment
    LS_DESK_BUSY,       // no memory, disk
} ls_desk_code;
const char *ls_desk_code_word(ls_desk_code code);  // "invalid", "unknown", ...

// Who asks.
typedef struct ls_asker {
    const char *name;  // for the books
    uid_t uid;         // as whom jobs run, where that can be chosen
    gid_t gid;
    bool reads_all;  // commands and logs of everybody, not only of its own uid
    bool acts_all;   // cancels jobs of everybody
    bool may_act;    // submits and cancels at all
    bool rules;      // makes and revokes tokens, takes nodes out of service
    // All of it within this account and those below it alone; others are not told of, not even that
    // they are there. 0: everywhere.
    uint32_t account;
} ls_asker;

typedef struct ls_desk_def {
    const ls_pool *pool;       // must outlive it
    const char *version;       // of the program; stays
    const char *folder;        // where tokens of accounts are kept; NULL: there are none. Stays
    uint32_t submits_per_s;    // of one uid, in the mean; 0: 1000
    uint32_t submits_at_once;  // of one uid; 0: 10,000
} ls_desk_def;

ls_status ls_desk_create(const ls_desk_def *def, ls_desk **out, ls_error *err);
void ls_desk_destroy(ls_desk *desk);  // NULL is fine
// Before anything is asked. Its ls_exec_def.told is ls_desk_told, with the desk as context; it is
// opened after the desk was made.
void ls_desk_begin(ls_desk *desk, ls_exec *exec);
void ls_desk_told(void *desk, const ls_exec_event *event);
// After each step: what is kept of use over time.
void ls_desk_tick(ls_desk *desk);

// ---- answers. *out is the caller's; NULL unless LS_DESK_DONE.

json_t *ls_desk_account_text(const ls_desk *desk, uint32_t account);  // its path; NULL: no memory
// What runs here: {"pool", "version", "pid", "since_us", "now_us", "isolates", "cgroups", ...}.
ls_desk_code ls_desk_about(ls_desk *desk, json_t **out, ls_error *err);
ls_desk_code ls_desk_pool(ls_desk *desk, const ls_asker *who, json_t **out, ls_error *err);
ls_desk_code ls_desk_accounts(ls_desk *desk, const char *below, const char *after, uint32_t limit,
                              const ls_asker *who, json_t **out, ls_error *err);
ls_desk_code ls_desk_rack(ls_desk *desk, const char *name, const char *after, const ls_asker *who,
                          json_t **out, ls_error *err);

typedef struct ls_desk_jobs_def {
    const char *account;  // NULL: all
    const char *states;   // with commas; NULL: waiting,running,stopping
    const char *after;    // `next` of the answer before; NULL: the beginning
    uint32_t limit;       // 1 to 1000
    bool mine;            // of the asker's uid
} ls_desk_jobs_def;
ls_desk_code ls_desk_jobs(ls_desk *desk, const ls_desk_jobs_def *def, const ls_asker *who,
                          json_t **out, ls_error *err);
ls_desk_code ls_desk_job(ls_desk *desk, uint64_t id, const ls_asker *who, json_t **out,
                         ls_error *err);
// Why it waits and when it starts, all of it: the job's `why`, with `lines` for people.
ls_desk_code ls_desk_why(ls_desk *desk, uint64_t id, const ls_asker *who, json_t **out,
                         ls_error *err);
ls_desk_code ls_desk_submit(ls_desk *desk, const json_t *object, const ls_asker *who, json_t **out,
                            ls_error *err);
ls_desk_code ls_desk_resize(ls_desk *desk, uint64_t id, uint32_t parts, const ls_asker *who,
                            json_t **out, ls_error *err);
ls_desk_code ls_desk_cancel(ls_desk *desk, uint64_t id, const ls_asker *who, json_t **out,
                            ls_error *err);

// Takes a node out of service and says why, or puts it back (reason NULL). *out, and of
// ls_desk_drained: {"drained": [{"node", "reason", "since_us"}]}.
ls_desk_code ls_desk_drain(ls_desk *desk, const char *node, const char *reason, const ls_asker *who,
                           json_t **out, ls_error *err);
ls_desk_code ls_desk_drained(ls_desk *desk, json_t **out, ls_error *err);

// At most `size` bytes of a log into `out`, from *from on; *from below 0: the last so many.
typedef struct ls_desk_log {
    uint64_t id;
    uint32_t run;  // 0: the last
    ls_exec_stream stream;
    int64_t from;
    char *out;
    size_t size;
    size_t read;         // how many came
    uint64_t next, end;  // where to go on; how much it has written so far
    bool over;           // the job is over: nothing more will come
    uint32_t last_run;
} ls_desk_log;
ls_desk_code ls_desk_read_log(ls_desk *desk, ls_desk_log *log, const ls_asker *who, ls_error *err);

// Days (UTC) [from, to) since 1970: what each account held, borrowed and lost.
ls_desk_code ls_desk_days(ls_desk *desk, const char *account, int64_t from_day, int64_t to_day,
                          const ls_asker *who, json_t **out, ls_error *err);
// Means over each step; step_s 0: about 300 of them.
ls_desk_code ls_desk_usage(ls_desk *desk, const char *account, int64_t from_us, int64_t to_us,
                           int64_t step_s, const ls_asker *who, json_t **out, ls_error *err);
typedef struct ls_desk_acts_def {
    uint64_t after;       // only those with a greater seq
    int64_t from_us;      // -1: the last hour, unless `after` is given
    const char *account;  // NULL: all
    const char *kinds;    // with commas; NULL: all
    uint32_t limit;
} ls_desk_acts_def;
ls_desk_code ls_desk_acts(ls_desk *desk, const ls_desk_acts_def *def, const ls_asker *who,
                          json_t **out, ls_error *err);

// ---- tokens of accounts (tokens.h), for who rules

ls_desk_code ls_desk_tokens(ls_desk *desk, const ls_asker *who, json_t **out, ls_error *err);
typedef struct ls_desk_token_def {
    const char *name, *account;
    bool acts;         // submits and cancels; else it only looks
    const char *user;  // as whom its jobs run; NULL: as the daemon's user
} ls_desk_token_def;
// *out has the token in it, which is never told again. It holds when this returns.
ls_desk_code ls_desk_make_token(ls_desk *desk, const ls_desk_token_def *def, const ls_asker *who,
                                json_t **out, ls_error *err);
ls_desk_code ls_desk_revoke_token(ls_desk *desk, const char *name, const ls_asker *who,
                                  json_t **out, ls_error *err);
// Who shows this token; its name stays until the next change of tokens. False: nobody's, or of an
// account that is no more.
bool ls_desk_knows_token(const ls_desk *desk, const char *token, ls_asker *out);

// ---- for who shows it live
uint64_t ls_desk_seq(const ls_desk *desk);               // of the last act
json_t *ls_desk_act(const ls_desk *desk, uint64_t seq);  // NULL: not kept
