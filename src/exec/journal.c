// journal.c - see journal.h.
#include "exec/journal.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { VERSION = 2 };                              // 1: usage had no energy, no charge
enum { PAGES_TIDIED = 4000, PAGES_MOST = 32000 };  // of the log; past the most a commit tidies
// Of the log, that are there before they are needed: a commit that writes where the file already
// has blocks waits for its own bytes alone, one that makes the file longer for the file system's
// journal.
enum { PAGES_AHEAD = 64, PAGES_STEP = 256, FRAME = 4096 + 24 };

typedef enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    PUT_SPEC,
    PUT_JOB,
    PUT_RUN,
    DROP_JOB,
    DROP_RUNS,
    DROP_SPEC,
    PUT_USAGE,
    PUT_DAY,
    PUT_META,
    GET_META,
    SPECS,
    JOBS,
    RUNS,
    USAGE,
    DAYS,
    STATEMENTS
} statement;

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [PUT_SPEC] = "INSERT OR REPLACE INTO specs VALUES(?,?)",
    [PUT_JOB] = "INSERT OR REPLACE INTO jobs VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [PUT_RUN] = "INSERT OR REPLACE INTO runs VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
    [DROP_JOB] = "DELETE FROM jobs WHERE id=?",
    [DROP_RUNS] = "DELETE FROM runs WHERE job=?",
    [DROP_SPEC] = "DELETE FROM specs WHERE id=?",
    [PUT_USAGE] = "INSERT OR REPLACE INTO usage VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
    [PUT_DAY] = "INSERT OR REPLACE INTO days VALUES(?,?,?,?,?,?,?)",
    [PUT_META] = "INSERT OR REPLACE INTO meta VALUES(?,?)",
    [GET_META] = "SELECT value FROM meta WHERE key=?",
    [SPECS] = "SELECT id,bytes FROM specs ORDER BY id",
    [JOBS] =
        "SELECT id,spec,array_id,array_index,state,runs,tries,submitted_us,ended_us,lost_us,"
        "why,for_job,exit_code,signal,note,started_us FROM jobs ORDER BY id",
    [RUNS] =
        "SELECT job,run,account,shares,kind,milli,started_us,ended_us,until_us,lost_us,how,"
        "boot FROM runs WHERE ended_us=0 OR ended_us>? ORDER BY job,run",
    [USAGE] =
        "SELECT day,account,held,borrowed,offered,lost,started,ended,stopped,broken,energy,"
        "charge FROM "
        "usage WHERE day>=? AND day<? ORDER BY day,account",
    [DAYS] =
        "SELECT day,total,idle,up,drained,broken,spare FROM days WHERE day>=? AND day<? ORDER "
        "BY day",
};

static const char tables[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY,value)WITHOUT ROWID;"
    "CREATE TABLE specs(id INTEGER PRIMARY KEY,bytes BLOB);"
    "CREATE TABLE jobs(id INTEGER PRIMARY KEY,spec,array_id,array_index,state,runs,tries,"
    "submitted_us,ended_us,lost_us,why,for_job,exit_code,signal,note TEXT,started_us);"
    "CREATE TABLE runs(job,run,account TEXT,shares TEXT,kind TEXT,milli,started_us,ended_us,"
    "until_us,lost_us,how,boot TEXT,PRIMARY KEY(job,run))WITHOUT ROWID;"
    "CREATE INDEX runs_ended ON runs(ended_us);"
    "CREATE TABLE usage(day,account TEXT,held,borrowed,offered,lost,started,ended,stopped,broken,"
    "energy,charge,PRIMARY KEY(day,account))WITHOUT ROWID;"
    "CREATE TABLE days(day INTEGER PRIMARY KEY,total,idle,up,drained,broken,spare);"
    "PRAGMA user_version=2;";

static const char from_1[] =
    "ALTER TABLE usage ADD COLUMN energy;ALTER TABLE usage ADD COLUMN charge;"
    "PRAGMA user_version=2;";

struct ls_exec_journal {
    sqlite3 *db;
    int log_pages;
    sqlite3_stmt *statements[STATEMENTS];
};

static int64_t writes_left = -1;

void ls_exec_journal_fail_after(int64_t writes) {
    writes_left = writes;
}

static bool may_write(void) {
    if (writes_left < 0) {
        return true;
    }
    if (writes_left == 0) {
        return false;
    }
    writes_left--;
    return true;
}

static ls_status failed(const ls_exec_journal *j, ls_error *err) {
    const int code = sqlite3_extended_errcode(j->db);
    return ls_fail(err, (code & 0xff) == SQLITE_NOMEM ? LS_ERR_MEMORY : LS_ERR_IO,
                   "the journal cannot be written or read: %s", sqlite3_errmsg(j->db));
}

static ls_status open_file(ls_exec_journal *j, const char *path, ls_error *err) {
    if (sqlite3_open_v2(path, &j->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
        SQLITE_OK) {
        return ls_fail(err, LS_ERR_IO, "the journal '%s' cannot be opened: %s", path,
                       sqlite3_errmsg(j->db));
    }
    const char set[] =
        "PRAGMA locking_mode=EXCLUSIVE;PRAGMA journal_mode=WAL;"
        "PRAGMA synchronous=FULL;";
    int code = sqlite3_exec(j->db, set, NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_exec(j->db, "BEGIN IMMEDIATE;COMMIT;", NULL, NULL, NULL);
    }
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        return ls_fail(err, LS_ERR_LIMIT, "another pool runs on the journal '%s'", path);
    }
    if (code != SQLITE_OK) {
        return ls_fail(err, LS_ERR_IO, "the journal '%s' cannot be opened: %s", path,
                       sqlite3_errmsg(j->db));
    }
    sqlite3_stmt *s = NULL;
    int64_t version = -1;
    if (sqlite3_prepare_v2(j->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW) {
        version = sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    if (version == 0 || version == 1) {
        char both[sizeof tables + 32];
        snprintf(both, sizeof both, "BEGIN;%sCOMMIT;", version == 0 ? tables : from_1);
        return sqlite3_exec(j->db, both, NULL, NULL, NULL) == SQLITE_OK ? LS_OK : failed(j, err);
    }
    if (version != VERSION) {
        return ls_fail(err, LS_ERR_VERSION,
                       "the journal '%s' is of version %lld; this one reads %d", path,
                       (long long)version, VERSION);
    }
    return LS_OK;
}

// Instead of SQLite's own, which would tidy within a commit that somebody waits for.
static int on_commit(void *context, sqlite3 *db, const char *name, int pages) {
    ls_exec_journal *j = context;
    j->log_pages = pages;
    if (pages >= PAGES_MOST) {
        (void)sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
    return SQLITE_OK;  // what was committed is, tidied or not
}

// The log is as long as the next commits need, of zeros, which SQLite takes for its end. Not so
// (the disk is full): commits make it longer themselves, or fail.
static void make_log_room(const ls_exec_journal *j) {
    static const char zeros[16 * FRAME];
    sqlite3_file *log = NULL;
    sqlite3_int64 size = 0;
    if (sqlite3_file_control(j->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK ||
        log == NULL || log->pMethods == NULL || log->pMethods->xFileSize(log, &size) != SQLITE_OK) {
        return;
    }
    const sqlite3_int64 pages = j->log_pages;
    if (size == 0 || size >= (pages + PAGES_AHEAD) * FRAME || pages >= PAGES_TIDIED) {
        return;
    }
    const sqlite3_int64 step = pages < PAGES_AHEAD  ? PAGES_AHEAD
                               : pages < PAGES_STEP ? pages
                                                    : PAGES_STEP;
    const sqlite3_int64 until = (pages + PAGES_AHEAD + step) * FRAME;
    int code = SQLITE_OK;
    for (sqlite3_int64 at = size; at < until && code == SQLITE_OK; at += (int)sizeof zeros) {
        const sqlite3_int64 left = until - at;
        code = log->pMethods->xWrite(log, zeros,
                                     left < (int)sizeof zeros ? (int)left : (int)sizeof zeros, at);
    }
    code = code == SQLITE_OK ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : code;
    if (code != SQLITE_OK) {
        (void)log->pMethods->xTruncate(log, size);
    }
}

ls_status ls_exec_journal_open(const char *path, ls_exec_journal **out, ls_error *err) {
    *out = NULL;
    ls_exec_journal *j = ls_alloc(sizeof *j);
    if (j == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_status status = open_file(j, path, err);
    for (int i = 0; status == LS_OK && i < STATEMENTS; i++) {
        if (sqlite3_prepare_v3(j->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &j->statements[i],
                               NULL) != SQLITE_OK) {
            status = failed(j, err);
        }
    }
    if (status != LS_OK) {
        ls_exec_journal_close(j);
        return status;
    }
    sqlite3_wal_hook(j->db, on_commit, j);
    make_log_room(j);
    *out = j;
    return LS_OK;
}

void ls_exec_journal_close(ls_exec_journal *j) {
    if (j == NULL) {
        return;
    }
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(j->statements[i]);
    }
    sqlite3_close(j->db);
    ls_free(j);
}

// ---- writing

typedef struct binder {
    sqlite3_stmt *s;
    int at;
    bool failed;
} binder;

static binder bind(ls_exec_journal *j, statement which) {
    sqlite3_reset(j->statements[which]);
    return (binder){.s = j->statements[which], .at = 1};
}

static void put_i(binder *b, int64_t value) {
    b->failed |= sqlite3_bind_int64(b->s, b->at++, value) != SQLITE_OK;
}

// Beyond 63 bits nothing of one machine comes; what does is kept at the most.
static void put_u(binder *b, uint64_t value) {
    put_i(b, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static void put_t(binder *b, const char *text) {
    b->failed |= sqlite3_bind_text(b->s, b->at++, text, -1, SQLITE_STATIC) != SQLITE_OK;
}

static ls_status run(ls_exec_journal *j, binder *b, ls_error *err) {
    if (!may_write()) {
        return ls_fail(err, LS_ERR_IO, "the journal cannot be written: made to fail by a test");
    }
    const int code = b->failed ? SQLITE_NOMEM : sqlite3_step(b->s);
    const ls_status status = code == SQLITE_DONE ? LS_OK : failed(j, err);
    sqlite3_reset(b->s);
    return status;
}

static ls_status plain(ls_exec_journal *j, statement which, ls_error *err) {
    binder b = bind(j, which);
    return run(j, &b, err);
}

ls_status ls_exec_journal_begin(ls_exec_journal *j, ls_error *err) {
    return plain(j, BEGIN, err);
}

ls_status ls_exec_journal_commit(ls_exec_journal *j, ls_error *err) {
    return plain(j, COMMIT, err);
}

void ls_exec_journal_rollback(ls_exec_journal *j) {
    if (!sqlite3_get_autocommit(j->db)) {
        sqlite3_reset(j->statements[ROLLBACK]);
        sqlite3_step(j->statements[ROLLBACK]);
        sqlite3_reset(j->statements[ROLLBACK]);
    }
}

void ls_exec_journal_tidy(ls_exec_journal *j) {
    if (j->log_pages >= PAGES_TIDIED &&
        sqlite3_wal_checkpoint_v2(j->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
            SQLITE_OK) {
        j->log_pages = 0;
    }
    make_log_room(j);
}

ls_status ls_exec_journal_put_spec(ls_exec_journal *j, uint64_t id, const void *bytes, size_t size,
                                   ls_error *err) {
    binder b = bind(j, PUT_SPEC);
    put_u(&b, id);
    b.failed |= sqlite3_bind_blob64(b.s, b.at++, bytes, size, SQLITE_STATIC) != SQLITE_OK;
    return run(j, &b, err);
}

ls_status ls_exec_journal_put_job(ls_exec_journal *j, const ls_job_row *r, ls_error *err) {
    binder b = bind(j, PUT_JOB);
    put_u(&b, r->id);
    put_u(&b, r->spec);
    put_u(&b, r->array_id);
    put_u(&b, r->array_index);
    put_i(&b, r->state);
    put_u(&b, r->runs);
    put_u(&b, r->tries);
    put_i(&b, r->submitted_us);
    put_i(&b, r->ended_us);
    put_i(&b, r->lost_us);
    put_i(&b, r->why);
    put_u(&b, r->for_job);
    put_i(&b, r->exit_code);
    put_i(&b, r->signal);
    put_t(&b, r->note);
    put_i(&b, r->started_us);
    return run(j, &b, err);
}

ls_status ls_exec_journal_put_run(ls_exec_journal *j, const ls_run_row *r, ls_error *err) {
    binder b = bind(j, PUT_RUN);
    put_u(&b, r->job);
    put_u(&b, r->run);
    put_t(&b, r->account);
    put_t(&b, r->shares);
    put_t(&b, r->kind);
    put_u(&b, r->milli);
    put_i(&b, r->started_us);
    put_i(&b, r->ended_us);
    put_i(&b, r->until_us);
    put_i(&b, r->lost_us);
    put_i(&b, r->how);
    put_t(&b, r->boot);
    return run(j, &b, err);
}

ls_status ls_exec_journal_drop(ls_exec_journal *j, uint64_t job, uint64_t spec, bool with_spec,
                               ls_error *err) {
    binder b = bind(j, DROP_JOB);
    put_u(&b, job);
    ls_status status = run(j, &b, err);
    if (status == LS_OK) {
        b = bind(j, DROP_RUNS);
        put_u(&b, job);
        status = run(j, &b, err);
    }
    if (status == LS_OK && with_spec) {
        b = bind(j, DROP_SPEC);
        put_u(&b, spec);
        status = run(j, &b, err);
    }
    return status;
}

ls_status ls_exec_journal_put_usage(ls_exec_journal *j, const ls_usage_row *r, ls_error *err) {
    binder b = bind(j, PUT_USAGE);
    put_i(&b, r->day);
    put_t(&b, r->account);
    put_u(&b, r->held);
    put_u(&b, r->borrowed);
    put_u(&b, r->offered);
    put_u(&b, r->lost);
    put_u(&b, r->started);
    put_u(&b, r->ended);
    put_u(&b, r->stopped);
    put_u(&b, r->broken);
    put_u(&b, r->energy);
    put_u(&b, r->charge);
    return run(j, &b, err);
}

ls_status ls_exec_journal_put_day(ls_exec_journal *j, const ls_day_row *r, ls_error *err) {
    binder b = bind(j, PUT_DAY);
    put_i(&b, r->day);
    put_u(&b, r->all);
    put_u(&b, r->idle);
    for (int i = 0; i < 4; i++) {
        put_u(&b, r->by_state[i]);
    }
    return run(j, &b, err);
}

ls_status ls_exec_journal_put_number(ls_exec_journal *j, const char *key, int64_t value,
                                     ls_error *err) {
    binder b = bind(j, PUT_META);
    put_t(&b, key);
    put_i(&b, value);
    return run(j, &b, err);
}

ls_status ls_exec_journal_put_text(ls_exec_journal *j, const char *key, const char *value,
                                   ls_error *err) {
    binder b = bind(j, PUT_META);
    put_t(&b, key);
    put_t(&b, value);
    return run(j, &b, err);
}

// ---- reading

static sqlite3_stmt *get_meta(ls_exec_journal *j, const char *key) {
    binder b = bind(j, GET_META);
    put_t(&b, key);
    return sqlite3_step(b.s) == SQLITE_ROW ? b.s : NULL;
}

int64_t ls_exec_journal_number(ls_exec_journal *j, const char *key, int64_t initial) {
    sqlite3_stmt *s = get_meta(j, key);
    const int64_t value = s != NULL ? sqlite3_column_int64(s, 0) : initial;
    sqlite3_reset(j->statements[GET_META]);
    return value;
}

void ls_exec_journal_text(ls_exec_journal *j, const char *key, char *out, size_t size) {
    sqlite3_stmt *s = get_meta(j, key);
    const unsigned char *text = s != NULL ? sqlite3_column_text(s, 0) : NULL;
    snprintf(out, size, "%s", text != NULL ? (const char *)text : "");
    sqlite3_reset(j->statements[GET_META]);
}

static uint64_t get_u(sqlite3_stmt *s, int column) {
    const int64_t value = sqlite3_column_int64(s, column);
    return value > 0 ? (uint64_t)value : 0;
}

static uint32_t get_u32(sqlite3_stmt *s, int column) {
    const uint64_t value = get_u(s, column);
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static const char *get_t(sqlite3_stmt *s, int column) {
    const unsigned char *text = sqlite3_column_text(s, column);
    return text != NULL ? (const char *)text : "";
}

// Rows one after the other; `row` reads one and visits it.
typedef ls_status row_fn(sqlite3_stmt *s, const void *visit, void *context, ls_error *err);

static ls_status each(ls_exec_journal *j, binder *b, row_fn *row, const void *visit, void *context,
                      ls_error *err) {
    ls_status status = LS_OK;
    int code = SQLITE_DONE;
    while (status == LS_OK && (code = sqlite3_step(b->s)) == SQLITE_ROW) {
        status = row(b->s, visit, context, err);
    }
    if (status == LS_OK && code != SQLITE_DONE) {
        status = failed(j, err);
    }
    sqlite3_reset(b->s);
    return status;
}

static ls_status spec_row(sqlite3_stmt *s, const void *visit, void *context, ls_error *err) {
    ls_spec_visit *const *fn = visit;
    return (*fn)(context, get_u(s, 0), sqlite3_column_blob(s, 1),
                 (size_t)sqlite3_column_bytes(s, 1), err);
}

static ls_status job_row(sqlite3_stmt *s, const void *visit, void *context, ls_error *err) {
    ls_job_visit *const *fn = visit;
    const uint32_t state = get_u32(s, 4);
    const uint32_t why = get_u32(s, 10);
    if (state >= LS_EXEC_STATE_COUNT || why > LS_WHY_CANCEL) {
        return ls_fail(err, LS_ERR_INVALID, "the journal is damaged: job %lld, state %u, why %u",
                       sqlite3_column_int64(s, 0), state, why);
    }
    const ls_job_row row = {.id = get_u(s, 0),
                            .spec = get_u(s, 1),
                            .array_id = get_u(s, 2),
                            .array_index = get_u32(s, 3),
                            .state = (ls_exec_state)state,
                            .runs = get_u32(s, 5),
                            .tries = get_u32(s, 6),
                            .submitted_us = sqlite3_column_int64(s, 7),
                            .ended_us = sqlite3_column_int64(s, 8),
                            .lost_us = sqlite3_column_int64(s, 9),
                            .why = (ls_pool_why)why,
                            .for_job = get_u(s, 11),
                            .exit_code = sqlite3_column_int(s, 12),
                            .signal = sqlite3_column_int(s, 13),
                            .note = get_t(s, 14),
                            .started_us = sqlite3_column_int64(s, 15)};
    return (*fn)(context, &row, err);
}

static ls_status run_row(sqlite3_stmt *s, const void *visit, void *context, ls_error *err) {
    ls_run_visit *const *fn = visit;
    const ls_run_row row = {.job = get_u(s, 0),
                            .run = get_u32(s, 1),
                            .account = get_t(s, 2),
                            .shares = get_t(s, 3),
                            .kind = get_t(s, 4),
                            .milli = get_u(s, 5),
                            .started_us = sqlite3_column_int64(s, 6),
                            .ended_us = sqlite3_column_int64(s, 7),
                            .until_us = sqlite3_column_int64(s, 8),
                            .lost_us = sqlite3_column_int64(s, 9),
                            .how = sqlite3_column_int(s, 10),
                            .boot = get_t(s, 11)};
    return (*fn)(context, &row, err);
}

static ls_status usage_row(sqlite3_stmt *s, const void *visit, void *context, ls_error *err) {
    ls_usage_visit *const *fn = visit;
    const ls_usage_row row = {.day = sqlite3_column_int64(s, 0),
                              .account = get_t(s, 1),
                              .held = get_u(s, 2),
                              .borrowed = get_u(s, 3),
                              .offered = get_u(s, 4),
                              .lost = get_u(s, 5),
                              .started = get_u(s, 6),
                              .ended = get_u(s, 7),
                              .stopped = get_u(s, 8),
                              .broken = get_u(s, 9),
                              .energy = get_u(s, 10),
                              .charge = get_u(s, 11)};
    return (*fn)(context, &row, err);
}

static ls_status day_row(sqlite3_stmt *s, const void *visit, void *context, ls_error *err) {
    ls_day_visit *const *fn = visit;
    ls_day_row row = {.day = sqlite3_column_int64(s, 0), .all = get_u(s, 1), .idle = get_u(s, 2)};
    for (int i = 0; i < 4; i++) {
        row.by_state[i] = get_u(s, 3 + i);
    }
    return (*fn)(context, &row, err);
}

ls_status ls_exec_journal_specs(ls_exec_journal *j, ls_spec_visit *visit, void *context,
                                ls_error *err) {
    binder b = bind(j, SPECS);
    return each(j, &b, spec_row, &visit, context, err);
}

ls_status ls_exec_journal_jobs(ls_exec_journal *j, ls_job_visit *visit, void *context,
                               ls_error *err) {
    binder b = bind(j, JOBS);
    return each(j, &b, job_row, &visit, context, err);
}

ls_status ls_exec_journal_runs(ls_exec_journal *j, int64_t after_us, ls_run_visit *visit,
                               void *context, ls_error *err) {
    binder b = bind(j, RUNS);
    put_i(&b, after_us);
    return each(j, &b, run_row, &visit, context, err);
}

ls_status ls_exec_journal_usage(ls_exec_journal *j, int64_t from, int64_t to, ls_usage_visit *visit,
                                void *context, ls_error *err) {
    binder b = bind(j, USAGE);
    put_i(&b, from);
    put_i(&b, to);
    return each(j, &b, usage_row, &visit, context, err);
}

ls_status ls_exec_journal_days(ls_exec_journal *j, int64_t from, int64_t to, ls_day_visit *visit,
                               void *context, ls_error *err) {
    binder b = bind(j, DAYS);
    put_i(&b, from);
    put_i(&b, to);
    return each(j, &b, day_row, &visit, context, err);
}
