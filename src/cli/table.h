// table.h - aligned tables for people.
//
// A column is as wide as its widest cell; widths count characters as a terminal shows them. Numbers
// go to the right, words to the left.
#pragma once

#include "base/arena.h"
#include "base/text.h"

typedef enum ls_align { LS_ALIGN_LEFT, LS_ALIGN_RIGHT } ls_align;

enum { LS_TABLE_COLUMNS_MAX = 16, LS_TABLE_CELL_SIZE = 256 };

typedef struct ls_table {
    ls_arena *arena;  // the caller's; cells live there
    int column_count;
    const char *headers[LS_TABLE_COLUMNS_MAX];
    ls_align aligns[LS_TABLE_COLUMNS_MAX];
    int widths[LS_TABLE_COLUMNS_MAX];
    struct ls_table_line *first, *last;
    bool failed;  // out of memory; printing then marks the buffer as failed
} ls_table;

void ls_table_init(ls_table *table, ls_arena *arena);
// A header of "" in all columns prints no header line. Copied.
void ls_table_column(ls_table *table, const char *header, ls_align align);
void ls_table_row(ls_table *table);  // begins a row; cells not set are empty
// Sets a cell of the last row, printf style, cut at LS_TABLE_CELL_SIZE.
void ls_table_cell(ls_table *table, int column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// Every line is indented by `indent` blanks; no blanks at the ends of lines.
void ls_table_print(const ls_table *table, int indent, ls_buffer *out);

// Columns that a terminal uses for the text: combining marks 0, wide characters of East Asia 2.
int ls_table_text_width(const char *text);
