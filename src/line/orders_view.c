// orders_view.c - orders of a database: a table or view of SQLite or PostgreSQL, read whole each
// time.
//
// Rows that are known are passed over by their id and what they say. SQLite is opened read-only and
// for the moment; to PostgreSQL one connection is kept, in a read-only session.
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "history/late_pq.h"
#include "line/orders_inside.h"

enum { PATH_SIZE = 4096, COLUMNS_MAX = 64, NAME_MAX_BYTES = 128, LOGIN_SIZE_MAX = 4096 };

typedef struct view {
    ls_desk_turn *turn;
    const ls_order_source *source;
    char from[400];
    char sql[600];
    char why[400];
} view;

// SELECT * FROM "a"."b": each part between dots is a name, whatever stands in it.
static bool make_query(view *v) {
    char name[500] = "";
    size_t length = 0;
    const char *text = v->source->view;
    name[length++] = '"';
    for (const char *c = text; *c != '\0' && length + 4 < sizeof name; c++) {
        if (*c == '.') {
            memcpy(name + length, "\".\"", 3);
            length += 3;
        } else {
            name[length++] = *c;
            if (*c == '"') {
                name[length++] = '"';
            }
        }
    }
    name[length++] = '"';
    name[length] = '\0';
    return ls_text_format(v->sql, sizeof v->sql, "SELECT * FROM %s LIMIT %d", name,
                          LS_ORDER_ROWS_MAX + 1) < sizeof v->sql;
}

// Where a column's values go; other columns of the view are not looked at.
static const char **place_of(ls_order_row *row, const char *column) {
    char lower[NAME_MAX_BYTES];
    const size_t length = strlen(column);
    if (length >= sizeof lower) {
        return NULL;
    }
    for (size_t i = 0; i <= length; i++) {
        lower[i] = column[i] >= 'A' && column[i] <= 'Z' ? (char)(column[i] - 'A' + 'a') : column[i];
    }
    return ls_order_key(row, lower, false);
}

// `2026-01-31 14:00:00+00`, as databases print UTC, without its zone.
static const char *plain_date(const char *text, char *out, size_t size) {
    const size_t length = strlen(text);
    if (length >= size || length < 19 || text[4] != '-' || text[13] != ':') {
        return text;
    }
    memcpy(out, text, length + 1);
    static const char *const zones[] = {"+00", "+00:00", "Z"};
    for (size_t i = 0; i < 3; i++) {
        const size_t zone = strlen(zones[i]);
        if (length > zone && strcmp(out + length - zone, zones[i]) == 0) {
            out[length - zone] = '\0';
            return out;
        }
    }
    return out;
}

static void take_row(view *v, ls_order_row *row) {
    char due[64];
    char release[64];
    row->due = row->due != NULL ? plain_date(row->due, due, sizeof due) : NULL;
    row->release = row->release != NULL ? plain_date(row->release, release, sizeof release) : NULL;
    ls_orders_row(v->turn, v->from, row);
}

static bool fail(view *v, const char *why) {
    ls_text_format(v->why, sizeof v->why, "%.300s", why);
    for (char *c = v->why; *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    }
    return false;
}

static bool too_many(view *v) {
    char why[100];
    ls_text_format(why, sizeof why, "more than %d rows; give a view of the open orders",
                   LS_ORDER_ROWS_MAX);
    return fail(v, why);
}

// --- SQLite

static bool step_sqlite(view *v, sqlite3 *db, sqlite3_stmt *query) {
    const int columns = sqlite3_column_count(query);
    int rows = 0;
    int code = sqlite3_step(query);
    for (; code == SQLITE_ROW && rows < LS_ORDER_ROWS_MAX; code = sqlite3_step(query), rows++) {
        ls_order_row row = {0};
        for (int c = 0; c < columns && c < COLUMNS_MAX; c++) {
            const char **at = place_of(&row, sqlite3_column_name(query, c));
            if (at != NULL) {
                *at = (const char *)sqlite3_column_text(query, c);
            }
        }
        take_row(v, &row);
    }
    if (code == SQLITE_ROW) {
        return too_many(v);
    }
    return code == SQLITE_DONE || fail(v, sqlite3_errmsg(db));
}

static bool read_sqlite(view *v) {
    char path[PATH_SIZE];
    sqlite3 *db = NULL;
    sqlite3_stmt *query = NULL;
    ls_listen_path(&v->turn->desk->plant->listen, v->source->sql + strlen("sqlite:"), path,
                   sizeof path);
    bool is_good = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK ||
                   fail(v, db != NULL ? sqlite3_errmsg(db) : "out of memory");
    if (is_good) {
        (void)sqlite3_busy_timeout(db, 500);
        is_good = sqlite3_prepare_v2(db, v->sql, -1, &query, NULL) == SQLITE_OK ||
                  fail(v, sqlite3_errmsg(db));
    }
    is_good = is_good && step_sqlite(v, db, query);
    (void)sqlite3_finalize(query);
    (void)sqlite3_close(db);
    return is_good;
}

// --- PostgreSQL

typedef struct db_login {
    char text[LOGIN_SIZE_MAX];
    const char *user, *password;
} db_login;

// User and password, one line each; one line alone is the password.
static bool read_login(view *v, db_login *out) {
    char path[PATH_SIZE];
    char *text = NULL;
    size_t size = 0;
    struct stat is;
    ls_arena scratch;
    ls_error err;
    *out = (db_login){.user = NULL};
    if (v->source->login == NULL) {
        return true;
    }
    ls_listen_path(&v->turn->desk->plant->listen, v->source->login, path, sizeof path);
    if (stat(path, &is) == 0 && (is.st_mode & 077) != 0) {
        return fail(v, "others than its owner may read the login file (chmod 600)");
    }
    ls_arena_init(&scratch);
    const bool is_read = ls_file_read(path, sizeof out->text - 1, &scratch, &text, &size, &err) ==
                         LS_OK;
    if (is_read) {
        memcpy(out->text, text, size);
        out->text[size] = '\0';
        char *first_end = out->text + strcspn(out->text, "\r\n");
        char *second = first_end + strspn(first_end, "\r\n");
        *first_end = '\0';
        second[strcspn(second, "\r\n")] = '\0';
        out->user = second[0] != '\0' ? out->text : NULL;
        out->password = second[0] != '\0' ? second : out->text;
    }
    ls_arena_clear(&scratch);
    return is_read || fail(v, err.text);
}

// What a server remarks is not ours to print.
static void no_notice(void *context, const char *text) {
    (void)context;
    (void)text;
}

static PGconn *connection_of(view *v) {
    ls_orders *desk = v->turn->desk;
    PGconn *link = desk->postgres;
    if (link != NULL && PQstatus(link) == CONNECTION_OK) {
        return link;
    }
    db_login login;
    ls_error err = {0};
    ls_orders_view_close(desk);
    if (ls_pq_open(&err) != LS_OK) {
        (void)fail(v, err.text);
        return NULL;
    }
    if (!read_login(v, &login)) {
        return NULL;
    }
    const char *const keys[] = {"dbname",
                                "connect_timeout",
                                "application_name",
                                "options",
                                "client_encoding",
                                login.password ? "password" : NULL,
                                login.user ? "user" : NULL,
                                NULL};
    const char *const values[] = {v->source->sql,
                                  "5",
                                  "lineshaft orders",
                                  "-c default_transaction_read_only=on -c statement_timeout=20000 "
                                  "-c timezone=UTC -c datestyle=ISO",
                                  "UTF8",
                                  login.password,
                                  login.user,
                                  NULL};
    link = PQconnectdbParams(keys, values, 1);
    explicit_bzero(&login, sizeof login);
    if (link == NULL || PQstatus(link) != CONNECTION_OK) {
        (void)fail(v, link != NULL ? PQerrorMessage(link) : "out of memory");
        PQfinish(link);
        return NULL;
    }
    (void)PQsetNoticeProcessor(link, no_notice, NULL);
    desk->postgres = link;
    return link;
}

static bool read_postgres(view *v) {
    PGconn *link = connection_of(v);
    if (link == NULL) {
        return false;
    }
    PGresult *result = PQexec(link, v->sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        (void)fail(v, PQerrorMessage(link));
        PQclear(result);
        return false;
    }
    const int rows = PQntuples(result);
    for (int r = 0; r < rows && r < LS_ORDER_ROWS_MAX; r++) {
        ls_order_row row = {0};
        for (int c = 0; c < PQnfields(result) && c < COLUMNS_MAX; c++) {
            const char **at = place_of(&row, PQfname(result, c));
            if (at != NULL && PQgetisnull(result, r, c) == 0) {
                *at = PQgetvalue(result, r, c);
            }
        }
        take_row(v, &row);
    }
    PQclear(result);
    return rows <= LS_ORDER_ROWS_MAX || too_many(v);
}

void ls_orders_view_close(ls_orders *desk) {
    if (desk->postgres != NULL) {
        PQfinish(desk->postgres);
        desk->postgres = NULL;
    }
}

void ls_orders_view(ls_desk_turn *turn) {
    ls_orders *desk = turn->desk;
    const ls_order_source *source = &desk->plant->listen.orders;
    view v = {.turn = turn, .source = source};
    if (source->sql == NULL || turn->now_us < desk->view_next_us) {
        return;
    }
    desk->view_next_us = turn->now_us + source->every_us;
    ls_text_format(v.from, sizeof v.from, "view %s", source->view);
    const bool is_sqlite = strncmp(source->sql, "sqlite:", strlen("sqlite:")) == 0;
    const bool is_good = (make_query(&v) || fail(&v, "the name of the view is too long")) &&
                         (is_sqlite ? read_sqlite(&v) : read_postgres(&v));
    if (!is_good && !is_sqlite && desk->postgres != NULL &&
        PQstatus(desk->postgres) != CONNECTION_OK) {
        ls_orders_view_close(desk);
    }
    ls_orders_sight(turn, &desk->view_sight, v.from, is_good ? NULL : v.why);
}
