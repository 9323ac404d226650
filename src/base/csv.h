// csv.h - tables: comma or tab separated, RFC 4180 quotes, header line, CRLF allowed, UTF-8 BOM skipped.
#pragma once

#include "base/arena.h"
#include "base/status.h"

typedef struct ls_csv {
    size_t column_count;
    const char **columns;  // header names
    size_t row_count;
    const char ***rows;  // rows[r][c]; missing trailing cells are ""
    const int *lines;    // 1-based line of each row
} ls_csv;

// separator: ',' or '\t'. A row with more cells than the header is an error, with fewer it is padded.
ls_status ls_csv_parse(const char *text, size_t size, char separator, const char *file,
                       ls_arena *arena, ls_csv *out, ls_error *err);
int ls_csv_column(const ls_csv *csv, const char *name);  // -1 when missing
