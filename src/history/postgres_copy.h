// postgres_copy.h - rows by binary COPY, in pieces of bounded size.
#pragma once

#include "history/bytes.h"
#include "history/postgres_link.h"

typedef struct ls_pg_copy {
    ls_pg *link;
    ls_writer out;
} ls_pg_copy;

// "copy TABLE (COLUMNS) from stdin binary".
ls_status ls_pg_copy_begin(ls_pg_copy *copy, ls_pg *link, const char *sql, ls_error *err);
void ls_pg_copy_row(ls_pg_copy *copy, uint16_t columns);
void ls_pg_copy_i16(ls_pg_copy *copy, int16_t value);
void ls_pg_copy_i32(ls_pg_copy *copy, int32_t value);
void ls_pg_copy_i64(ls_pg_copy *copy, int64_t value);
void ls_pg_copy_real(ls_pg_copy *copy, double value);
void ls_pg_copy_bytes(ls_pg_copy *copy, const void *bytes, size_t size);
void ls_pg_copy_null(ls_pg_copy *copy);
// After each row; sends when enough has come together.
ls_status ls_pg_copy_flush(ls_pg_copy *copy, bool all, ls_error *err);
// Ends the copy, or gives it up when status is not LS_OK; returns the first failure. Frees.
ls_status ls_pg_copy_end(ls_pg_copy *copy, ls_status status, ls_error *err);
