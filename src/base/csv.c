// csv.c - see csv.h.
//
// One copy of the text is made; cells are cut out of it in place, so that memory is the file, plus
// a pointer per cell.
#include "base/csv.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"

typedef struct scanner {
    char *at;
    char *end;
    char *line_start;
    int line;
    char separator;
    const char *file;
    ls_error *err;
} scanner;

typedef struct cell_list {
    const char **items;  // owned
    size_t count;
    size_t capacity;
} cell_list;

typedef struct table {
    cell_list cells;      // all rows one behind the other, column_count each
    int *lines;           // owned
    const char **starts;  // owned
    size_t row_count;
    size_t row_capacity;
} table;

static ls_status no_memory(const scanner *s) {
    return ls_fail_at(s->err, LS_ERR_MEMORY, s->file, 0, 0, "out of memory while reading a table");
}

static int column_of(const scanner *s, const char *at) {
    const ptrdiff_t column = at - s->line_start + 1;
    return column > INT_MAX ? INT_MAX : (int)column;
}

static ls_status cell_add(const scanner *s, cell_list *list, const char *cell) {
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        const char **items = ls_realloc((void *)list->items, capacity * sizeof *items);
        if (items == NULL) {
            return no_memory(s);
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = cell;
    return LS_OK;
}

static bool is_blank(const scanner *s, char c) {
    return (c == ' ' || c == '\t') && c != s->separator;
}

static void new_line(scanner *s) {
    s->line++;
    s->line_start = s->at;
}

// A quoted cell from the byte behind its quote: unescaped in place, s->at is left behind the
// closing one.
static ls_status read_quoted(scanner *s, char **out_cell, char **out_end) {
    const int line = s->line;
    const int column = column_of(s, s->at - 1);
    char *cell = s->at;
    char *to = s->at;
    while (s->at < s->end) {
        const char c = *s->at++;
        if (c == '"') {
            if (s->at == s->end || *s->at != '"') {
                *out_cell = cell;
                *out_end = to;
                return LS_OK;
            }
            s->at++;
        } else if (c == '\n') {
            new_line(s);
        }
        *to++ = c;
    }
    ls_fail_at(s->err, LS_ERR_INVALID, s->file, line, column, "this quote is never closed");
    ls_hint(s->err, "a quote inside a quoted cell is written twice");
    return LS_ERR_INVALID;
}

static bool at_line_end(const scanner *s) {
    return s->at == s->end || *s->at == '\n' ||
           (*s->at == '\r' && (s->at + 1 == s->end || s->at[1] == '\n'));
}

// One cell; s->at is left at the separator or the end of the line, which must be looked at before
// the cell is closed by *out_end = 0: they may be the same byte.
static ls_status read_cell(scanner *s, char **out_cell, char **out_end) {
    while (s->at < s->end && is_blank(s, *s->at)) {
        s->at++;
    }
    if (s->at < s->end && *s->at == '"') {
        s->at++;
        const ls_status status = read_quoted(s, out_cell, out_end);
        if (status != LS_OK) {
            return status;
        }
        while (s->at < s->end && is_blank(s, *s->at)) {
            s->at++;
        }
        if (!at_line_end(s) && *s->at != s->separator) {
            ls_fail_at(s->err, LS_ERR_INVALID, s->file, s->line, column_of(s, s->at),
                       "text behind the closing quote of a cell");
            ls_hint(s->err, "a quote inside a quoted cell is written twice");
            return LS_ERR_INVALID;
        }
        return LS_OK;
    }
    char *cell = s->at;
    while (!at_line_end(s) && *s->at != s->separator) {
        s->at++;
    }
    char *end = s->at;
    while (end > cell && is_blank(s, end[-1])) {
        end--;
    }
    *out_cell = cell;
    *out_end = end;
    return LS_OK;
}

// All cells of one line (or of several, when quotes hold line ends). columns_max 0: as many as
// there are. Cells over columns_max are an error unless empty.
static ls_status read_row(scanner *s, size_t columns_max, cell_list *list, size_t *out_count) {
    const size_t limit = columns_max == 0 ? LS_CSV_COLUMNS_MAX : columns_max;
    size_t count = 0;
    bool is_last = false;
    while (!is_last) {
        const int line = s->line;
        const int column = column_of(s, s->at);
        char *cell = NULL;
        char *end = NULL;
        ls_status status = read_cell(s, &cell, &end);
        if (status != LS_OK) {
            return status;
        }
        is_last = at_line_end(s);
        if (is_last && s->at < s->end) {
            s->at += *s->at == '\r' ? 1 : 0;
            s->at += s->at < s->end ? 1 : 0;
            new_line(s);
        } else if (!is_last) {
            s->at++;
        }
        *end = '\0';
        if (count < limit) {
            status = cell_add(s, list, cell);
            if (status != LS_OK) {
                return status;
            }
            count++;
        } else if (columns_max == 0) {
            return ls_fail_at(s->err, LS_ERR_LIMIT, s->file, line, column,
                              "more than %d columns in one table", LS_CSV_COLUMNS_MAX);
        } else if (*cell != '\0') {
            ls_fail_at(s->err, LS_ERR_INVALID, s->file, line, column,
                       "cell '%.40s' is one too many: the header has %zu columns", cell,
                       columns_max);
            ls_hint(s->err, "a cell that holds the separator needs quotes");
            return LS_ERR_INVALID;
        }
    }
    *out_count = count;
    return LS_OK;
}

// Passes over blank lines; false at the end of the text.
static bool find_row(scanner *s) {
    while (s->at < s->end) {
        char *start = s->at;
        while (s->at < s->end && (*s->at == ' ' || (*s->at == '\t' && s->separator != '\t'))) {
            s->at++;
        }
        if (!at_line_end(s)) {
            s->at = start;
            return true;
        }
        if (s->at < s->end) {
            s->at += *s->at == '\r' ? 1 : 0;
            s->at += s->at < s->end ? 1 : 0;
            new_line(s);
        }
    }
    return false;
}

static ls_status read_header(scanner *s, ls_arena *arena, ls_csv *out) {
    if (!find_row(s)) {
        ls_fail_at(s->err, LS_ERR_INVALID, s->file, 1, 1, "the table is empty");
        ls_hint(s->err, "the first line names the columns");
        return LS_ERR_INVALID;
    }
    const int line = s->line;
    out->header_start = s->line_start;
    cell_list list = {0};
    size_t count = 0;
    ls_status status = read_row(s, 0, &list, &count);
    while (status == LS_OK && count > 0 && list.items[count - 1][0] == '\0') {
        count--;
    }
    if (status == LS_OK && count == 0) {
        status = ls_fail_at(s->err, LS_ERR_INVALID, s->file, line, 1, "the header has no names");
    }
    for (size_t i = 0; status == LS_OK && i < count; i++) {
        if (list.items[i][0] == '\0') {
            status = ls_fail_at(s->err, LS_ERR_INVALID, s->file, line, 1,
                                "column %zu of the header has no name", i + 1);
        }
        for (size_t j = 0; status == LS_OK && j < i; j++) {
            if (strcmp(list.items[i], list.items[j]) == 0) {
                status = ls_fail_at(s->err, LS_ERR_INVALID, s->file, line, 1,
                                    "the header names column '%.40s' twice (columns %zu and %zu)",
                                    list.items[i], j + 1, i + 1);
            }
        }
    }
    if (status == LS_OK) {
        out->columns = ls_arena_alloc(arena, count * sizeof *out->columns);
        out->column_count = count;
        if (out->columns == NULL) {
            status = no_memory(s);
        } else {
            memcpy((void *)out->columns, (const void *)list.items, count * sizeof *out->columns);
        }
    }
    ls_free((void *)list.items);
    return status;
}

static ls_status add_row(scanner *s, table *t, size_t column_count) {
    if (t->row_count == t->row_capacity) {
        const size_t capacity = t->row_capacity == 0 ? 64 : t->row_capacity * 2;
        int *lines = ls_realloc(t->lines, capacity * sizeof *lines);
        if (lines == NULL) {
            return no_memory(s);
        }
        t->lines = lines;
        const char **starts = ls_realloc((void *)t->starts, capacity * sizeof *starts);
        if (starts == NULL) {
            return no_memory(s);
        }
        t->starts = starts;
        t->row_capacity = capacity;
    }
    t->starts[t->row_count] = s->line_start;
    t->lines[t->row_count++] = s->line;
    size_t found = 0;
    ls_status status = read_row(s, column_count, &t->cells, &found);
    for (; status == LS_OK && found < column_count; found++) {
        status = cell_add(s, &t->cells, "");
    }
    return status;
}

static ls_status move_rows(const scanner *s, const table *t, ls_arena *arena, ls_csv *out) {
    if (t->row_count == 0) {
        return LS_OK;
    }
    const char **cells = ls_arena_alloc(arena, t->cells.count * sizeof *cells);
    int *lines = ls_arena_alloc(arena, t->row_count * sizeof *lines);
    const char **starts = ls_arena_alloc(arena, t->row_count * sizeof *starts);
    const char ***rows = ls_arena_alloc(arena, t->row_count * sizeof *rows);
    if (cells == NULL || lines == NULL || starts == NULL || rows == NULL) {
        return no_memory(s);
    }
    memcpy((void *)cells, (const void *)t->cells.items, t->cells.count * sizeof *cells);
    memcpy(lines, t->lines, t->row_count * sizeof *lines);
    memcpy((void *)starts, (const void *)t->starts, t->row_count * sizeof *starts);
    for (size_t r = 0; r < t->row_count; r++) {
        rows[r] = cells + r * out->column_count;
    }
    out->rows = rows;
    out->lines = lines;
    out->starts = starts;
    out->row_count = t->row_count;
    return LS_OK;
}

static ls_status check_utf8(const char *text, size_t size, const char *file, ls_error *err) {
    size_t bad = 0;
    if (ls_text_is_utf8(text, size, &bad)) {
        return LS_OK;
    }
    int line = 1;
    size_t line_start = 0;
    for (size_t i = 0; i < bad; i++) {
        if (text[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    ls_fail_at(err, LS_ERR_INVALID, file, line, (int)(bad - line_start + 1),
               "this is not a text file: byte 0x%02X", (unsigned)(unsigned char)text[bad]);
    ls_hint(err, "save the table as UTF-8");
    return LS_ERR_INVALID;
}

ls_status ls_csv_parse(const char *text, size_t size, char separator, const char *file,
                       ls_arena *arena, ls_csv *out, ls_error *err) {
    assert(text != NULL || size == 0);
    assert(separator == ',' || separator == '\t');
    assert(arena != NULL);
    assert(out != NULL);
    memset(out, 0, sizeof *out);
    if (size > INT_MAX) {
        return ls_fail_at(err, LS_ERR_LIMIT, file, 0, 0, "the table has over 2 GiB");
    }
    const size_t skipped = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    ls_status status = check_utf8(text, size, file, err);
    if (status != LS_OK) {
        return status;
    }
    char *copy = ls_arena_text(arena, text, size);
    scanner s = {.line = 1, .separator = separator, .file = file, .err = err};
    if (copy == NULL) {
        return no_memory(&s);
    }
    s.at = copy + skipped;
    s.end = copy + size;
    s.line_start = s.at;
    status = read_header(&s, arena, out);
    table t = {0};
    while (status == LS_OK && find_row(&s)) {
        status = add_row(&s, &t, out->column_count);
    }
    if (status == LS_OK) {
        status = move_rows(&s, &t, arena, out);
    }
    ls_free((void *)t.cells.items);
    ls_free(t.lines);
    ls_free((void *)t.starts);
    if (status != LS_OK) {
        memset(out, 0, sizeof *out);
    }
    return status;
}

int ls_csv_column(const ls_csv *csv, const char *name) {
    assert(csv != NULL);
    assert(name != NULL);
    for (size_t i = 0; i < csv->column_count; i++) {
        if (strcmp(csv->columns[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static int place_of(const char *cell, const char *start) {
    if (cell[0] == '\0') {
        return 0;  // a padded cell is no part of the text
    }
    const ptrdiff_t place = cell - start + 1;
    return place < 1 || place > INT_MAX ? 0 : (int)place;
}

int ls_csv_place(const ls_csv *csv, size_t row, size_t column) {
    return place_of(csv->rows[row][column], csv->starts[row]);
}

int ls_csv_header_place(const ls_csv *csv, size_t column) {
    return place_of(csv->columns[column], csv->header_start);
}
