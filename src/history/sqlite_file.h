// sqlite_file.h - one connection to history.db, with its prepared statements.
//
// Inside the room only. One thread at a time.
#pragma once

#include <sqlite3.h>

#include "history/block.h"
#include "history/samples.h"
#include "history/store.h"

enum { LS_SQLITE_PATH_SIZE = 4096, LS_SQLITE_VERSION = 1 };

typedef enum ls_sql {
    LS_SQL_BEGIN,
    LS_SQL_COMMIT,
    LS_SQL_ROLLBACK,
    LS_SQL_GET_META,
    LS_SQL_PUT_META,
    LS_SQL_TAGS,
    LS_SQL_ADD_TAG,
    LS_SQL_DECLARE_TAG,
    LS_SQL_ROLLED,
    LS_SQL_PUT_ROLLED,
    LS_SQL_BLOCK_FLOOR,  // blocks that begin at or before a time, the latest first
    LS_SQL_BLOCK_NEXT,   // the beginning of the first block after a time
    LS_SQL_BLOCKS,       // blocks by time, from the last one that begins before `from`
    LS_SQL_ADD_BLOCK,
    LS_SQL_DROP_BLOCK,
    LS_SQL_OLD_BLOCKS,  // how many, and their sizes, end before a time
    LS_SQL_DROP_OLD_BLOCKS,
    LS_SQL_NTH_BLOCK,  // the beginning of the n-th block of a tag
    LS_SQL_TAG_FIGURES,
    LS_SQL_FIRST_LAST,
    LS_SQL_ADD_EVENT,
    LS_SQL_EVENTS,
    LS_SQL_EVENTS_OF,
    LS_SQL_PUT_STATE,
    LS_SQL_GET_STATE,
    LS_SQL_ADD_ROLLUP,
    LS_SQL_ROLLUPS,
    LS_SQL_DROP_ROLLUPS,
    LS_SQL_COUNT
} ls_sql;

typedef struct ls_sqlite {
    sqlite3 *db;
    sqlite3_stmt *statements[LS_SQL_COUNT];  // prepared when first used
    char path[LS_SQLITE_PATH_SIZE];
    ls_block_codec *codec;
    ls_status status;  // of the last failure
} ls_sqlite;

// Opens `folder`/history.db. To write: makes it where there is none, and its tables; to read: that
// fails. Also where the folder cannot be written. Refuses other formats with LS_ERR_VERSION, what
// is no database and what is damaged with LS_ERR_INVALID.
ls_status ls_sqlite_open(ls_sqlite *file, const char *folder, bool to_write, ls_error *err);
void ls_sqlite_close(ls_sqlite *file);  // zeroed is fine
// The statement, reset and without values; NULL after an error.
sqlite3_stmt *ls_sqlite_use(ls_sqlite *file, ls_sql sql, ls_error *err);
// Steps to the next row: LS_OK with *out_row, or the error. Resets the statement at the end.
ls_status ls_sqlite_step(ls_sqlite *file, ls_sql sql, bool *out_row, ls_error *err);
// A statement that gives no rows.
ls_status ls_sqlite_run(ls_sqlite *file, ls_sql sql, ls_error *err);
void ls_sqlite_rest(ls_sqlite *file, ls_sql sql);  // resets, frees locks
// Fills *err from what SQLite says; `doing` as in "reading table 'blocks'".
ls_status ls_sqlite_fail(ls_sqlite *file, const char *doing, ls_error *err);
// A number of table `meta`, 0 where there is none.
ls_status ls_sqlite_meta(ls_sqlite *file, const char *name, int64_t *out, ls_error *err);
ls_status ls_sqlite_put_meta(ls_sqlite *file, const char *name, int64_t value, ls_error *err);
// Unpacks the block in columns `column` (bytes) of the statement's row.
ls_status ls_sqlite_unpack(ls_sqlite *file, sqlite3_stmt *row, int column, uint32_t tag,
                           const ls_sample **out, size_t *out_count, ls_error *err);
// Out of WAL mode: one file without companions.
ls_status ls_sqlite_make_plain(const char *path, ls_error *err);
