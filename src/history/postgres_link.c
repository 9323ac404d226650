// postgres_link.c - see postgres_link.h.
#include "history/postgres_link.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

enum { LOGIN_SIZE_MAX = 4096, SQL_STATE_CLASS = 2 };

// Its number is ours: 'lineshft'.
#define WRITER_LOCK "7811904021387110004"

// ---- where to

static char *copy_text(const char *text) {
    char *copy = ls_alloc(strlen(text) + 1);
    return copy != NULL ? memcpy(copy, text, strlen(text) + 1) : NULL;
}

// What the URL says of a key, or "".
static const char *option_of(const PQconninfoOption *options, const char *key) {
    for (; options->keyword != NULL; options++) {
        if (strcmp(options->keyword, key) == 0) {
            return options->val != NULL ? options->val : "";
        }
    }
    return "";
}

static ls_status check_url(ls_pg_target *target, ls_error *err) {
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(target->url, &why);
    if (options == NULL) {
        ls_fail(err, LS_ERR_INVALID, "not a PostgreSQL address: %s", why != NULL ? why : "?");
        ls_hint(err, "as in postgresql://user@host:5432/database");
        PQfreemem(why);
        return LS_ERR_INVALID;
    }
    const char *port = option_of(options, "port");
    snprintf(target->place, sizeof target->place, "postgresql://%.60s:%.8s/%.40s",
             option_of(options, "host"), port[0] != '\0' ? port : "5432",
             option_of(options, "dbname"));
    const bool has_password = option_of(options, "password")[0] != '\0';
    PQconninfoFree(options);
    if (has_password) {
        ls_fail(err, LS_ERR_INVALID, "%s: a password has no place in an address, others can see it",
                target->place);
        ls_hint(err, "put it into a file (mode 0600) and name that as login, or use PGPASSFILE");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static ls_status check_login(const char *path, ls_error *err) {
    struct stat info;
    if (stat(path, &info) != 0) {
        return ls_fail_errno(err, path, "cannot open the file with the password", errno);
    }
    if ((info.st_mode & 077) != 0) {
        ls_fail_at(err, LS_ERR_INVALID, path, 0, 0,
                   "others may read this file with a password (mode %03o)",
                   (unsigned)info.st_mode & 0777);
        ls_hint(err, "chmod 600 %s", path);
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

ls_status ls_pg_target_init(ls_pg_target *target, const ls_history_def *def, ls_error *err) {
    *target = (ls_pg_target){.read_only = def->read_only};
    target->url = copy_text(def->store);
    target->login = def->login != NULL ? copy_text(def->login) : NULL;
    if (target->url == NULL || (def->login != NULL && target->login == NULL)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the history");
    }
    ls_status status = ls_pq_open(err);
    status = status == LS_OK ? check_url(target, err) : status;
    return status == LS_OK && target->login != NULL ? check_login(target->login, err) : status;
}

void ls_pg_target_clear(ls_pg_target *target) {
    ls_free(target->url);
    ls_free(target->login);
    *target = (ls_pg_target){0};
}

// ---- errors

// Only the first line: the rest are details of the server's code.
static void first_line(const char *text, char *out, size_t size) {
    const size_t length = strcspn(text, "\n");
    snprintf(out, size, "%.*s", (int)(length < size ? length : size - 1), text);
}

ls_status ls_pg_fail(ls_pg *link, const PGresult *result, const char *doing, ls_error *err) {
    char why[256];
    const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    first_line(text != NULL ? text : PQerrorMessage(link->connection), why, sizeof why);
    // 22: data, 23: constraints, 42: names and rights: the database is not as we left it.
    const bool wrong = state != NULL && (memcmp(state, "22", SQL_STATE_CLASS) == 0 ||
                                         memcmp(state, "23", SQL_STATE_CLASS) == 0 ||
                                         memcmp(state, "42", SQL_STATE_CLASS) == 0);
    const ls_status status = wrong ? LS_ERR_INVALID : LS_ERR_IO;
    if (state != NULL) {
        ls_fail(err, status, "%s: %s: %s (SQLSTATE %s)", link->target->place, doing, why, state);
    } else {
        ls_fail(err, status, "%s: %s: %s", link->target->place, doing,
                why[0] != '\0' ? why : "connection lost");
    }
    return status;
}

// ---- the connection

// The password is the file's first line. It stays in memory no longer than it takes to connect.
static ls_status read_password(const char *path, char *out, size_t size, ls_error *err) {
    const ls_status checked = check_login(path, err);
    if (checked != LS_OK) {
        return checked;
    }
    FILE *file = fopen(path, "re");
    const bool read = file != NULL && fgets(out, (int)size, file) != NULL;
    if (file != NULL) {
        fclose(file);
    }
    if (!read) {
        return ls_fail_at(err, LS_ERR_IO, path, 0, 0, "cannot read the password from this file");
    }
    out[strcspn(out, "\r\n")] = '\0';
    return LS_OK;
}

void ls_pg_close(ls_pg *link) {
    PQfinish(link->connection);
    link->connection = NULL;
}

static ls_status start_session(ls_pg *link, ls_error *err) {
    char sql[160];
    const char *encoding = PQparameterStatus(link->connection, "server_encoding");
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        return ls_fail(err, LS_ERR_INVALID, "%s: the database's encoding is %s, UTF8 is needed",
                       link->target->place, encoding != NULL ? encoding : "unknown");
    }
    snprintf(sql, sizeof sql,
             "set statement_timeout = '%ds'; set lock_timeout = '20s'; set client_min_messages = "
             "warning; set search_path = lineshaft, pg_temp",
             link->timeout_s);
    PGresult *result = PQexec(link->connection, sql);
    const ls_status status = PQresultStatus(result) == PGRES_COMMAND_OK
                                 ? LS_OK
                                 : ls_pg_fail(link, result, "connecting", err);
    PQclear(result);
    return status;
}

// Two processes that write one history would both think that their log is covered.
static ls_status take_lock(ls_pg *link, ls_error *err) {
    PGresult *result = NULL;
    const ls_status status = ls_pg_run(link, "select pg_try_advisory_lock(" WRITER_LOCK ")", NULL,
                                       &result, err);
    const bool taken = status == LS_OK && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    if (status != LS_OK || taken) {
        return status;
    }
    ls_fail(err, LS_ERR_IO, "%s: another process writes this history", link->target->place);
    ls_hint(err, "one process writes a history at a time; any number may read");
    return LS_ERR_IO;
}

ls_status ls_pg_connect(ls_pg *link, bool *out_new, ls_error *err) {
    char password[LOGIN_SIZE_MAX] = "";
    *out_new = false;
    if (link->connection != NULL && PQstatus(link->connection) == CONNECTION_OK) {
        return LS_OK;
    }
    ls_pg_close(link);
    if (link->target->login != NULL) {
        const ls_status status = read_password(link->target->login, password, sizeof password, err);
        if (status != LS_OK) {
            return status;
        }
    }
    // What the URL says stands behind our words and wins.
    const char *const keys[] = {"connect_timeout",
                                "tcp_user_timeout",
                                "keepalives_idle",
                                "application_name",
                                "client_encoding",
                                "dbname",
                                password[0] != '\0' ? "password" : NULL,
                                NULL};
    const char *const values[] = {"3",    "10000",           "10",     "lineshaft",
                                  "UTF8", link->target->url, password, NULL};
    link->connection = PQconnectdbParams(keys, values, 1);
    explicit_bzero(password, sizeof password);
    ls_status status = PQstatus(link->connection) == CONNECTION_OK
                           ? start_session(link, err)
                           : ls_pg_fail(link, NULL, "connecting", err);
    if (status == LS_OK && link->writes) {
        status = take_lock(link, err);
    }
    if (status != LS_OK) {
        ls_pg_close(link);
    }
    *out_new = status == LS_OK;
    return status;
}

// ---- statements

void ls_pg_put_number(ls_pg_values *values, int64_t number) {
    char *text = values->numbers[values->count];
    snprintf(text, LS_PG_NUMBER_SIZE, "%" PRId64, number);
    values->values[values->count++] = text;
}

void ls_pg_put_real(ls_pg_values *values, double real) {
    char *text = values->numbers[values->count];
    ls_text_format(text, LS_PG_NUMBER_SIZE, "%.17g", real);  // at most 24 bytes
    if (isinf(real)) {
        snprintf(text, LS_PG_NUMBER_SIZE, real > 0 ? "Infinity" : "-Infinity");
    }
    values->values[values->count++] = isnan(real) ? NULL : text;
}

void ls_pg_put_text(ls_pg_values *values, const char *text) {
    values->values[values->count++] = text != NULL ? text : "";
}

void ls_pg_put_bytes(ls_pg_values *values, const void *bytes, size_t size) {
    values->sizes[values->count] = (int)size;
    values->formats[values->count] = 1;
    values->values[values->count++] = size > 0 ? bytes : "";
}

ls_status ls_pg_run(ls_pg *link, const char *sql, const ls_pg_values *values, PGresult **out,
                    ls_error *err) {
    PGresult *result = values == NULL
                           ? PQexec(link->connection, sql)
                           : PQexecParams(link->connection, sql, values->count, NULL,
                                          values->values, values->sizes, values->formats, 0);
    const ExecStatusType how = PQresultStatus(result);
    if (how != PGRES_COMMAND_OK && how != PGRES_TUPLES_OK) {
        char doing[80];
        snprintf(doing, sizeof doing, "%.60s...", sql);
        const ls_status status = ls_pg_fail(link, result, doing, err);
        PQclear(result);
        return status;
    }
    if (out != NULL) {
        *out = result;
    } else {
        PQclear(result);
    }
    return LS_OK;
}

int64_t ls_pg_cell(const PGresult *result, int row, int column) {
    int64_t number = 0;
    if (row < PQntuples(result) && !PQgetisnull(result, row, column)) {
        const char *text = PQgetvalue(result, row, column);
        ls_text_parse_i64(text, strlen(text), &number);
    }
    return number;
}

ls_status ls_pg_ask(ls_pg *link, const char *sql, const ls_pg_values *values, ls_error *err) {
    if (PQsendQueryParams(link->connection, sql, values->count, NULL, values->values, values->sizes,
                          values->formats, 1) != 1 ||
        PQsetSingleRowMode(link->connection) != 1) {
        return ls_pg_fail(link, NULL, "asking", err);
    }
    return LS_OK;
}

void ls_pg_finish(ls_pg *link, bool stop) {
    if (stop) {
        char why[256];
        PGcancel *cancel = PQgetCancel(link->connection);
        if (cancel != NULL) {
            PQcancel(cancel, why, sizeof why);
            PQfreeCancel(cancel);
        }
    }
    PGresult *result = PQgetResult(link->connection);
    while (result != NULL) {
        PQclear(result);
        result = PQgetResult(link->connection);
    }
}
