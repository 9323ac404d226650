// history_lines.h - a file read row by row in bounded memory: CSV cells, or lines.
#pragma once

#include <stdio.h>

#include "base/status.h"
#include "base/text.h"

enum { LS_LINES_CELLS_MAX = 10001, LS_LINES_ROW_MAX = 16 << 20 };

typedef struct ls_cell {
    const char *text;  // without quotes; zero-terminated
    size_t length;
    int column;  // where it begins in its line, in bytes from 1
    bool quoted;
} ls_cell;

typedef struct ls_lines {
    const char *path;  // for errors
    FILE *file;
    char *piece;  // read ahead; owned
    size_t at, end;
    uint64_t size, read;  // of the file in bytes, 0 when not known; so far
    int line;             // of the row last read, from 1
    int next_line;
    ls_buffer row;   // text of the row's cells
    ls_cell *cells;  // owned
    size_t cell_count;
} ls_lines;

// `-` is stdin. A BOM is skipped.
ls_status ls_lines_open(ls_lines *lines, const char *path, ls_error *err);
// The same from an open file, which is closed by ls_lines_close, also after a failure.
ls_status ls_lines_open_file(ls_lines *lines, const char *path, FILE *file, ls_error *err);
void ls_lines_close(ls_lines *lines);
// The next row of a CSV file (RFC 4180, separator ','), blank lines passed over; *out_row false at
// the end.
ls_status ls_lines_csv(ls_lines *lines, bool *out_row, ls_error *err);
// The next line as it is, as cells[0], blank ones passed over.
ls_status ls_lines_line(ls_lines *lines, bool *out_row, ls_error *err);
