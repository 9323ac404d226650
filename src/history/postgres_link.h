// postgres_link.h - one connection to a PostgreSQL server: made when needed, lost without harm.
//
// Inside the room only. One thread at a time.
#pragma once

#include "base/text.h"
#include "history/history.h"
#include "history/late_pq.h"

enum { LS_PG_VERSION = 1, LS_PG_PARAMETERS_MAX = 16, LS_PG_NUMBER_SIZE = 32 };

typedef struct ls_pg_target {  // where to, shared by the connections of a store
    char *url;                 // without a password; owned
    char *login;               // path of the file with the password, or NULL; owned
    char place[128];           // "127.0.0.1:5432/lineshaft", for errors
    bool read_only;
} ls_pg_target;

typedef struct ls_pg {
    const ls_pg_target *target;
    PGconn *connection;
    int timeout_s;  // of a statement
    bool writes;    // holds the lock that lets only one process write
} ls_pg;

// Copies and checks. Fails with LS_ERR_INVALID for an URL that is none or has a password in it, and
// for a login file that others may read.
ls_status ls_pg_target_init(ls_pg_target *target, const ls_history_def *def, ls_error *err);
void ls_pg_target_clear(ls_pg_target *target);

// Connects unless it is; *out_new: it was not. LS_ERR_IO when the server does not answer.
ls_status ls_pg_connect(ls_pg *link, bool *out_new, ls_error *err);
void ls_pg_close(ls_pg *link);  // not connected is fine
// Parameters of a statement, in binary or text.
typedef struct ls_pg_values {
    int count;
    const char *values[LS_PG_PARAMETERS_MAX];
    int sizes[LS_PG_PARAMETERS_MAX];
    int formats[LS_PG_PARAMETERS_MAX];
    char numbers[LS_PG_PARAMETERS_MAX][LS_PG_NUMBER_SIZE];
} ls_pg_values;
void ls_pg_put_number(ls_pg_values *values, int64_t number);
void ls_pg_put_real(ls_pg_values *values, double real);  // NaN becomes null
void ls_pg_put_text(ls_pg_values *values, const char *text);
void ls_pg_put_bytes(ls_pg_values *values, const void *bytes, size_t size);
// Runs one statement; *out (may be NULL) is the result in text, to be freed by PQclear. After a
// failure the connection may be gone; the next ls_pg_connect makes a new one.
ls_status ls_pg_run(ls_pg *link, const char *sql, const ls_pg_values *values, PGresult **out,
                    ls_error *err);
// From what the server says. `result` may be NULL.
ls_status ls_pg_fail(ls_pg *link, const PGresult *result, const char *doing, ls_error *err);
// A cell as a number; 0 when it is null.
int64_t ls_pg_cell(const PGresult *result, int row, int column);
// Asks in one-row mode, binary cells; the caller takes rows by PQgetResult and calls ls_pg_finish.
ls_status ls_pg_ask(ls_pg *link, const char *sql, const ls_pg_values *values, ls_error *err);
// Takes what is left; `stop`: the rest is not wanted.
void ls_pg_finish(ls_pg *link, bool stop);
