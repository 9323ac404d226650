// sqlite_file.c - see sqlite_file.h.
#include "history/sqlite_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BUSY_MS = 10000, HEADER_SIZE = 16 };

// Blocks of a tag do not overlap: what is written late goes into the block that it belongs to. So
// the index by (tag, first) finds any time in O(log n), and its other columns answer questions
// about sizes without a look at the blocks.
static const char schema[] =
    "create table meta (name text primary key, value) without rowid;"
    "create table tags (id integer primary key, name text not null unique, kind integer not null,"
    " unit text not null, rolled integer);"
    "create table blocks (tag integer not null, first integer not null, last integer not null,"
    " count integer not null, size integer not null, bytes blob not null);"
    "create index blocks_by_time on blocks (tag, first, last, count, size);"
    "create table rollups (tag integer not null, start integer not null, width integer not null,"
    " count integer not null, numbers integer not null, first real, last real, min real, max real,"
    " sum real, area real, held integer not null, holds integer not null,"
    " primary key (tag, start, width)) without rowid;"
    "create table events (number integer primary key, time integer not null, kind text not null,"
    " subject text not null, text text not null, json text not null);"
    "create index events_by_time on events (time);"
    "create table states (name text primary key, bytes blob not null);"
    "insert into meta values ('version', 1);";

typedef struct statement {
    const char *doing, *sql;
} statement;

static const statement statements[LS_SQL_COUNT] = {
    [LS_SQL_BEGIN] = {"beginning a transaction", "begin immediate"},
    [LS_SQL_COMMIT] = {"ending a transaction", "commit"},
    [LS_SQL_ROLLBACK] = {"taking a transaction back", "rollback"},
    [LS_SQL_GET_META] = {"reading table 'meta'", "select value from meta where name = ?"},
    [LS_SQL_PUT_META] = {"writing table 'meta'", "insert or replace into meta values (?, ?)"},
    [LS_SQL_TAGS] = {"reading table 'tags'", "select id, name, kind, unit from tags order by id"},
    [LS_SQL_ADD_TAG] = {"writing table 'tags'",
                        "insert into tags (id, name, kind, unit) values (?, ?, ?, ?)"},
    [LS_SQL_DECLARE_TAG] = {"writing table 'tags'",
                            "update tags set kind = ?2, unit = ?3 where id = ?1"},
    [LS_SQL_ROLLED] = {"reading table 'tags'", "select rolled from tags where id = ?"},
    [LS_SQL_PUT_ROLLED] = {"writing table 'tags'", "update tags set rolled = ?2 where id = ?1"},
    [LS_SQL_BLOCK_FLOOR] = {"reading table 'blocks'",
                            "select rowid, first, last, count, size from blocks"
                            " where tag = ? and first <= ? order by first desc"},
    [LS_SQL_BLOCK_NEXT] = {"reading table 'blocks'",
                           "select first from blocks where tag = ? and first > ?"
                           " order by first limit 1"},
    [LS_SQL_BLOCKS] =
        {"reading table 'blocks'",
         "select rowid, first, last, bytes from blocks where tag = ?1 and first >="
         " coalesce((select max(first) from blocks where tag = ?1 and first < ?2), ?2)"
         " and first < ?3 order by first"},
    [LS_SQL_ADD_BLOCK] = {"writing table 'blocks'",
                          "insert into blocks (tag, first, last, count, size, bytes)"
                          " values (?, ?, ?, ?, ?, ?)"},
    [LS_SQL_DROP_BLOCK] = {"writing table 'blocks'",
                           "delete from blocks where rowid = ? returning bytes"},
    [LS_SQL_OLD_BLOCKS] = {"reading table 'blocks'",
                           "select count(*), total(count), total(size) from blocks"
                           " where tag = ?1 and first < ?2 and last < ?2"},
    [LS_SQL_DROP_OLD_BLOCKS] = {"writing table 'blocks'",
                                "delete from blocks where tag = ?1 and first < ?2 and last < ?2"},
    [LS_SQL_NTH_BLOCK] = {"reading table 'blocks'",
                          "select first from blocks where tag = ? order by first limit 1 offset ?"},
    [LS_SQL_TAG_FIGURES] = {"reading table 'blocks'",
                            "select count(*), total(count), total(size), min(first), max(last)"
                            " from blocks where tag = ?"},
    [LS_SQL_FIRST_LAST] = {"reading table 'blocks'", "select min(first), max(last) from blocks"},
    [LS_SQL_ADD_EVENT] = {"writing table 'events'",
                          "insert or replace into events values (?, ?, ?, ?, ?, ?)"},
    [LS_SQL_EVENTS] = {"reading table 'events'",
                       "select number, time, kind, subject, text, json from events"
                       " where time >= ?1 and time < ?2 order by time, number"},
    [LS_SQL_EVENTS_OF] = {"reading table 'events'",
                          "select number, time, kind, subject, text, json from events"
                          " where time >= ?1 and time < ?2 and kind = ?3 order by time, number"},
    [LS_SQL_PUT_STATE] = {"writing table 'states'", "insert or replace into states values (?, ?)"},
    [LS_SQL_GET_STATE] = {"reading table 'states'", "select bytes from states where name = ?"},
    [LS_SQL_ADD_ROLLUP] = {"writing table 'rollups'",
                           "insert or replace into rollups values"
                           " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    [LS_SQL_ROLLUPS] = {"reading table 'rollups'",
                        "select start, width, count, numbers, first, last, min, max, sum, area,"
                        " held, holds from rollups where tag = ?1 and start >= coalesce((select"
                        " max(start) from rollups where tag = ?1 and start < ?2), ?2)"
                        " and start < ?3 order by start, width"},
    [LS_SQL_DROP_ROLLUPS] = {"writing table 'rollups'",
                             "delete from rollups where tag = ?1 and start < ?2"},
};

static ls_status status_of(int code) {
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW: return LS_OK;
    case SQLITE_NOMEM: return LS_ERR_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:  // a table that is missing
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return LS_ERR_INVALID;
    case SQLITE_TOOBIG: return LS_ERR_LIMIT;
    default: return LS_ERR_IO;
    }
}

ls_status ls_sqlite_fail(ls_sqlite *file, const char *doing, ls_error *err) {
    const int code = file->db != NULL ? sqlite3_extended_errcode(file->db) : SQLITE_NOMEM;
    const char *said = file->db != NULL ? sqlite3_errmsg(file->db) : sqlite3_errstr(code);
    const ls_status status = status_of(code) == LS_OK ? LS_ERR_IO : status_of(code);
    file->status = status;
    ls_fail_at(err, status, file->path, 0, 0, "%s: %s", doing, said);
    if (status == LS_ERR_INVALID) {
        ls_hint(err, "the file is damaged; 'lineshaft history restore' brings a backup back");
    } else if ((code & 0xff) == SQLITE_BUSY) {
        ls_hint(err, "another program holds the file; does a tool have it open?");
    }
    return status;
}

sqlite3_stmt *ls_sqlite_use(ls_sqlite *file, ls_sql sql, ls_error *err) {
    if (file->statements[sql] == NULL &&
        sqlite3_prepare_v3(file->db, statements[sql].sql, -1, SQLITE_PREPARE_PERSISTENT,
                           &file->statements[sql], NULL) != SQLITE_OK) {
        ls_sqlite_fail(file, statements[sql].doing, err);
        return NULL;
    }
    sqlite3_reset(file->statements[sql]);
    sqlite3_clear_bindings(file->statements[sql]);
    return file->statements[sql];
}

ls_status ls_sqlite_step(ls_sqlite *file, ls_sql sql, bool *out_row, ls_error *err) {
    const int code = sqlite3_step(file->statements[sql]);
    *out_row = code == SQLITE_ROW;
    if (code == SQLITE_ROW) {
        return LS_OK;
    }
    const ls_status status = code == SQLITE_DONE ? LS_OK
                                                 : ls_sqlite_fail(file, statements[sql].doing, err);
    sqlite3_reset(file->statements[sql]);
    return status;
}

ls_status ls_sqlite_run(ls_sqlite *file, ls_sql sql, ls_error *err) {
    bool row = true;
    ls_status status = LS_OK;
    while (row && status == LS_OK) {
        status = ls_sqlite_step(file, sql, &row, err);
    }
    return status;
}

void ls_sqlite_rest(ls_sqlite *file, ls_sql sql) {
    if (file->statements[sql] != NULL) {
        sqlite3_reset(file->statements[sql]);
    }
}

ls_status ls_sqlite_meta(ls_sqlite *file, const char *name, int64_t *out, ls_error *err) {
    sqlite3_stmt *get = ls_sqlite_use(file, LS_SQL_GET_META, err);
    if (get == NULL) {
        return file->status;
    }
    sqlite3_bind_text(get, 1, name, -1, SQLITE_STATIC);
    bool row = false;
    const ls_status status = ls_sqlite_step(file, LS_SQL_GET_META, &row, err);
    *out = row ? sqlite3_column_int64(get, 0) : 0;
    ls_sqlite_rest(file, LS_SQL_GET_META);
    return status;
}

ls_status ls_sqlite_put_meta(ls_sqlite *file, const char *name, int64_t value, ls_error *err) {
    sqlite3_stmt *put = ls_sqlite_use(file, LS_SQL_PUT_META, err);
    if (put == NULL) {
        return file->status;
    }
    sqlite3_bind_text(put, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, value);
    return ls_sqlite_run(file, LS_SQL_PUT_META, err);
}

ls_status ls_sqlite_unpack(ls_sqlite *file, sqlite3_stmt *row, int column, uint32_t tag,
                           const ls_sample **out, size_t *out_count, ls_error *err) {
    const void *bytes = sqlite3_column_blob(row, column);
    const int size = sqlite3_column_bytes(row, column);
    ls_error why = {0};
    const ls_status status = ls_block_unpack(file->codec, bytes != NULL ? bytes : "", (size_t)size,
                                             tag, out, out_count, &why);
    if (status != LS_OK) {
        ls_fail_at(err, status, file->path, 0, 0, "table 'blocks', row %lld: %s",
                   (long long)sqlite3_column_int64(row, 0), why.text);
        if (status == LS_ERR_INVALID) {
            ls_hint(err, "the file is damaged; 'lineshaft history restore' brings a backup back");
        }
    }
    return status;
}

static ls_status execute(ls_sqlite *file, const char *sql, const char *doing, ls_error *err) {
    return sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? LS_OK
               : ls_sqlite_fail(file, doing, err);
}

static ls_status count_tables(ls_sqlite *file, int *out, ls_error *err) {
    sqlite3_stmt *count = NULL;
    *out = 0;
    if (sqlite3_prepare_v2(file->db, "select count(*) from sqlite_master where type = 'table'", -1,
                           &count, NULL) != SQLITE_OK ||
        sqlite3_step(count) != SQLITE_ROW) {
        const ls_status status = ls_sqlite_fail(file, "reading the list of tables", err);
        sqlite3_finalize(count);
        return status;
    }
    *out = sqlite3_column_int(count, 0);
    sqlite3_finalize(count);
    return LS_OK;
}

static ls_status make_tables(ls_sqlite *file, ls_error *err) {
    int tables = 0;
    ls_status status = execute(file, "begin immediate", "beginning a transaction", err);
    if (status != LS_OK) {
        return status;
    }
    status = count_tables(file, &tables, err);  // another process may have been faster
    if (status == LS_OK && tables == 0) {
        status = execute(file, schema, "making the tables", err);
    }
    const ls_status ended = execute(file, status == LS_OK ? "commit" : "rollback",
                                    "making the tables", status == LS_OK ? err : NULL);
    return status == LS_OK ? ended : status;
}

static ls_status check_version(ls_sqlite *file, ls_error *err) {
    int tables = 0;
    int64_t version = 0;
    ls_status status = count_tables(file, &tables, err);
    if (status == LS_OK && tables > 0) {
        status = ls_sqlite_meta(file, "version", &version, err);
    }
    if (status != LS_OK) {
        return status;
    }
    if (tables == 0 || version < 1) {
        return ls_fail_at(err, LS_ERR_INVALID, file->path, 0, 0,
                          "this database holds no history of Lineshaft");
    }
    if (version > LS_SQLITE_VERSION) {
        ls_fail_at(err, LS_ERR_VERSION, file->path, 0, 0,
                   "this history has format %lld, this program knows formats up to %d",
                   (long long)version, LS_SQLITE_VERSION);
        ls_hint(err, "a later Lineshaft wrote it; use that one, or a later one still");
        return LS_ERR_VERSION;
    }
    return LS_OK;
}

// A write-ahead log that nobody can make: the folder cannot be written. Then the file does not
// change either, and may be read as it is.
static ls_status open_immutable(ls_sqlite *file, ls_error *err) {
    char uri[3 * LS_SQLITE_PATH_SIZE + 32] = "file:";
    size_t length = strlen(uri);
    for (const char *c = file->path; *c != '\0'; c++) {
        length += (size_t)snprintf(uri + length, sizeof uri - length,
                                   strchr("?#%", *c) != NULL ? "%%%02x" : "%c", (unsigned char)*c);
    }
    snprintf(uri + length, sizeof uri - length, "?immutable=1");
    sqlite3_close(file->db);
    file->db = NULL;
    if (sqlite3_open_v2(uri, &file->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) !=
        SQLITE_OK) {
        return ls_sqlite_fail(file, "cannot open the history", err);
    }
    return LS_OK;
}

static bool has_write_ahead_log(const ls_sqlite *file) {
    char path[LS_SQLITE_PATH_SIZE + 8];
    snprintf(path, sizeof path, "%s-wal", file->path);
    return access(path, F_OK) == 0;
}

static ls_status connect(ls_sqlite *file, bool to_write, ls_error *err) {
    const int flags = to_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    if (sqlite3_open_v2(file->path, &file->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        return ls_sqlite_fail(file, "cannot open the history", err);
    }
    sqlite3_extended_result_codes(file->db, 1);
    sqlite3_busy_timeout(file->db, BUSY_MS);
    if (!to_write) {
        int tables = 0;
        const ls_status status = count_tables(file, &tables, err);
        return status == LS_ERR_IO && access(file->path, R_OK) == 0 && !has_write_ahead_log(file)
                   ? open_immutable(file, err)
                   : status;
    }
    ls_status status = execute(file, "pragma journal_mode = wal", "opening the history", err);
    if (status == LS_OK) {
        status = execute(file,
                         "pragma synchronous = normal; pragma wal_autocheckpoint = 0;"
                         "pragma cache_size = -8000; pragma temp_store = memory",
                         "opening the history", err);
    }
    return status == LS_OK ? make_tables(file, err) : status;
}

ls_status ls_sqlite_open(ls_sqlite *file, const char *folder, bool to_write, ls_error *err) {
    *file = (ls_sqlite){0};
    if (snprintf(file->path, sizeof file->path, "%s/history.db", folder) >=
        (int)sizeof file->path) {
        return ls_fail(err, LS_ERR_INVALID, "the path of the history is too long: %.100s...",
                       folder);
    }
    if (!to_write && access(file->path, F_OK) != 0) {
        ls_fail_at(err, LS_ERR_IO, file->path, 0, 0, "there is no history here");
        return LS_ERR_IO;
    }
    ls_status status = connect(file, to_write, err);
    if (status == LS_OK) {
        status = check_version(file, err);
    }
    if (status == LS_OK) {
        status = ls_block_codec_create(&file->codec, err);
    }
    if (status != LS_OK) {
        ls_sqlite_close(file);
    }
    return status;
}

void ls_sqlite_close(ls_sqlite *file) {
    for (int i = 0; i < LS_SQL_COUNT; i++) {
        sqlite3_finalize(file->statements[i]);
        file->statements[i] = NULL;
    }
    sqlite3_close(file->db);
    file->db = NULL;
    ls_block_codec_destroy(file->codec);
    file->codec = NULL;
}

ls_status ls_sqlite_make_plain(const char *path, ls_error *err) {
    sqlite3 *db = NULL;
    ls_status status = LS_OK;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(db, "pragma journal_mode = delete", NULL, NULL, NULL) != SQLITE_OK) {
        status = ls_fail_at(err, LS_ERR_IO, path, 0, 0, "cannot end the write-ahead log: %s",
                            db != NULL ? sqlite3_errmsg(db) : "out of memory");
    }
    sqlite3_close(db);
    return status;
}
