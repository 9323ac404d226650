// ask.h - a line of the pool's socket: read, answered by the desk, written.
//
//     {"do": "jobs", "account": "castings"}          a question
//     {"ok": {"jobs": [...], ...}}                   its answer
//     {"error": {"code": "unknown", "text": "...", "hint": "..."}}
//
// docs/POOL.md, "The socket", lists what can be asked.
#pragma once

#include "exec/desk.h"

typedef enum ls_ask_kind {
    LS_ASK_ABOUT,
    LS_ASK_POOL,
    LS_ASK_JOBS,
    LS_ASK_JOB,
    LS_ASK_WHY,
    LS_ASK_SUBMIT,
    LS_ASK_CANCEL,
    LS_ASK_RESIZE,
    LS_ASK_DRAIN,
    LS_ASK_UNDRAIN,
    LS_ASK_DRAINED,
    LS_ASK_LOG,
    LS_ASK_DAYS,
    LS_ASK_ACTS,
    LS_ASK_TOKENS,
    LS_ASK_MAKE_TOKEN,
    LS_ASK_REVOKE_TOKEN,
    LS_ASK_KINDS
} ls_ask_kind;

enum { LS_ASK_LOG_MOST = 64 << 10, LS_ASK_JOBS_MOST = 1000 };

typedef struct ls_ask {
    json_t *object;  // owned; texts below are its
    ls_ask_kind kind;
    uint64_t job;               // JOB, WHY, CANCEL, RESIZE, LOG
    int64_t parts;              // RESIZE
    const char *node, *reason;  // DRAIN, UNDRAIN
    ls_desk_jobs_def jobs;
    ls_desk_acts_def acts;
    const char *account;       // DAYS
    int64_t from_day, to_day;  // DAYS
    int64_t from, run, size;   // LOG
    bool errors;               // LOG: that of standard error
    ls_desk_token_def token;   // MAKE_TOKEN; REVOKE_TOKEN: its name
} ls_ask;

// Fails with LS_ERR_INVALID: says what is wrong and what would be right. Clear it in any case.
ls_status ls_ask_read(const char *line, size_t size, ls_ask *out, ls_error *err);
void ls_ask_clear(ls_ask *ask);

// Appends the answer, on one line. True: it holds only if the next step goes well. *out_code (may
// be NULL): how it went.
bool ls_ask_answer(ls_desk *desk, const ls_asker *who, const char *line, size_t size,
                   ls_desk_code *out_code, ls_buffer *out);
void ls_ask_put_error(ls_desk_code code, const ls_error *err, ls_buffer *out);
