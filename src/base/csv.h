// csv.h - tables: comma or tab separated, RFC 4180 quotes, header line, CRLF allowed, UTF-8 BOM
// skipped.
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"

typedef struct ls_csv {
    size_t column_count;
    const char **columns;  // header names
    size_t row_count;
    const char ***rows;         // rows[r][c]; missing trailing cells are ""
    const int *lines;           // 1-based line of each row (of its first byte)
    const char *const *starts;  // where that line begins
    const char *header_start;
} ls_csv;

enum { LS_CSV_COLUMNS_MAX = 10000 };

// separator: ',' or '\t'. A row with more cells than the header is an error, with fewer it is
// padded. Blanks around a cell and its quotes are dropped, inside quotes they are kept; lines that
// are blank are passed over. Errors name line and column (in bytes). The header may not be missing,
// have an empty name in between, or a name twice; empty names at the end, and the cells under them,
// are dropped when those cells are empty. Text is UTF-8 without NUL. Everything lies in the arena.
ls_status ls_csv_parse(const char *text, size_t size, char separator, const char *file,
                       ls_arena *arena, ls_csv *out, ls_error *err);
int ls_csv_column(const ls_csv *csv, const char *name);  // -1 when missing
// Where a cell's text begins in its line, in bytes from 1; 0 for a cell that is not in the text.
int ls_csv_place(const ls_csv *csv, size_t row, size_t column);
int ls_csv_header_place(const ls_csv *csv, size_t column);
