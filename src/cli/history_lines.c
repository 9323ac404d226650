// history_lines.c - see history_lines.h.
#include "cli/history_lines.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

enum { PIECE_SIZE = 1 << 18, END = -1 };

ls_status ls_lines_open_file(ls_lines *lines, const char *path, FILE *file, ls_error *err) {
    *lines = (ls_lines){.path = path, .file = file, .next_line = 1};
    ls_buffer_init(&lines->row);
    lines->piece = ls_alloc(PIECE_SIZE);
    lines->cells = ls_alloc(LS_LINES_CELLS_MAX * sizeof *lines->cells);
    if (lines->piece == NULL || lines->cells == NULL) {
        ls_lines_close(lines);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for reading %s", path);
    }
    return LS_OK;
}

ls_status ls_lines_open(ls_lines *lines, const char *path, ls_error *err) {
    struct stat info;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (file == NULL || fstat(fileno(file), &info) != 0 || S_ISDIR(info.st_mode)) {
        const char *reason = file != NULL ? "this is a folder" : ls_errno_text(errno);
        ls_fail_at(err, LS_ERR_IO, path, 0, 0, "cannot open the file: %s", reason);
        if (file != NULL && file != stdin) {
            fclose(file);
        }
        return LS_ERR_IO;
    }
    const ls_status status = ls_lines_open_file(lines, path, file, err);
    lines->size = S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
    return status;
}

void ls_lines_close(ls_lines *lines) {
    if (lines->file != NULL && lines->file != stdin) {
        fclose(lines->file);
    }
    ls_free(lines->piece);
    ls_free(lines->cells);
    ls_buffer_clear(&lines->row);
    lines->file = NULL;
    lines->piece = NULL;
    lines->cells = NULL;
}

static int peek(ls_lines *lines) {
    if (lines->at == lines->end) {
        lines->at = 0;
        lines->end = fread(lines->piece, 1, PIECE_SIZE, lines->file);
        const bool begins = lines->read == 0;
        lines->read += lines->end;
        if (begins && lines->end >= 3 && memcmp(lines->piece, "\xef\xbb\xbf", 3) == 0) {
            lines->at = 3;
        }
        if (lines->end == 0) {
            return END;
        }
    }
    return (unsigned char)lines->piece[lines->at];
}

static void put(ls_lines *lines, char c) {
    ls_buffer *row = &lines->row;
    if (row->size + 1 < row->capacity) {  // the common case, without a call
        row->data[row->size++] = c;
    } else {
        ls_buffer_append(row, &c, 1);
    }
}

static ls_status fail(ls_lines *lines, int column, ls_error *err, const char *text) {
    return ls_fail_at(err, LS_ERR_INVALID, lines->path, lines->line, column, "%s", text);
}

static ls_status check_row(ls_lines *lines, ls_error *err) {
    if (lines->row.failed) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for reading %s", lines->path);
    }
    if (lines->row.size > LS_LINES_ROW_MAX) {
        return ls_fail_at(err, LS_ERR_LIMIT, lines->path, lines->line, 1,
                          "this row is longer than %d MiB", LS_LINES_ROW_MAX >> 20);
    }
    return LS_OK;
}

// The text moves while it grows: cells hold offsets until the row is whole.
static void fix_cells(ls_lines *lines) {
    for (size_t i = 0; i < lines->cell_count; i++) {
        lines->cells[i].text = lines->row.data + (uintptr_t)lines->cells[i].text;
    }
}

// A cell in quotes, after the opening one.
static ls_status read_quoted(ls_lines *lines, int *column, ls_error *err) {
    const int begin = *column - 1;
    for (;;) {
        const int c = peek(lines);
        if (c == END) {
            return fail(lines, begin, err, "this quote is never closed");
        }
        lines->at++;
        ++*column;
        if (c == '"') {
            if (peek(lines) != '"') {
                return LS_OK;
            }
            lines->at++;
            ++*column;
        }
        if (c == '\n') {
            lines->next_line++;
        }
        put(lines, (char)c);
        if (lines->row.size > LS_LINES_ROW_MAX) {
            return check_row(lines, err);
        }
    }
}

static void skip_blanks(ls_lines *lines, int *column) {
    while (peek(lines) == ' ' || peek(lines) == '\t') {
        lines->at++;
        ++*column;
    }
}

// Cell by cell up to the line's end, which is left.
static ls_status read_cell(ls_lines *lines, int *column, ls_error *err) {
    if (lines->cell_count == LS_LINES_CELLS_MAX) {
        return fail(lines, *column, err, "more than 10001 cells in one row");
    }
    skip_blanks(lines, column);
    ls_cell *cell = &lines->cells[lines->cell_count++];
    *cell = (ls_cell){.text = (const char *)(uintptr_t)lines->row.size,
                      .column = *column,
                      .quoted = peek(lines) == '"'};
    const size_t begin = lines->row.size;
    if (cell->quoted) {
        lines->at++;
        ++*column;
        const ls_status status = read_quoted(lines, column, err);
        if (status != LS_OK) {
            return status;
        }
        cell->length = lines->row.size - begin;
        skip_blanks(lines, column);
        const int next = peek(lines);
        if (next != ',' && next != '\n' && next != '\r' && next != END) {
            return fail(lines, *column, err, "text after a closing quote");
        }
    } else {
        int c = peek(lines);
        while (c != ',' && c != '\n' && c != END) {
            put(lines, (char)c);
            lines->at++;
            ++*column;
            c = peek(lines);
        }
        size_t length = lines->row.size - begin;
        while (length > 0 && strchr(" \t\r", lines->row.data[begin + length - 1]) != NULL) {
            length--;
        }
        cell->length = length;
        lines->row.size = begin + length;
    }
    put(lines, '\0');
    return check_row(lines, err);
}

ls_status ls_lines_csv(ls_lines *lines, bool *out_row, ls_error *err) {
    for (;;) {
        int column = 1;
        lines->row.size = 0;
        lines->cell_count = 0;
        lines->line = lines->next_line;
        if (peek(lines) == END) {
            *out_row = false;
            return ferror(lines->file) ? ls_fail_at(err, LS_ERR_IO, lines->path, lines->line, 0,
                                                    "cannot read the file")
                                       : LS_OK;
        }
        ls_status status = LS_OK;
        bool more = true;
        while (more && status == LS_OK) {
            status = read_cell(lines, &column, err);
            if (peek(lines) == '\r') {
                lines->at++;
            }
            const int c = peek(lines);
            more = c == ',';
            if (c != END && (more || c == '\n')) {
                lines->at++;
                column++;
            }
            lines->next_line += c == '\n' ? 1 : 0;
        }
        if (status != LS_OK) {
            return status;
        }
        fix_cells(lines);
        if (lines->cell_count > 1 || lines->cells[0].length > 0 || lines->cells[0].quoted) {
            *out_row = true;
            return LS_OK;
        }
    }
}

ls_status ls_lines_line(ls_lines *lines, bool *out_row, ls_error *err) {
    bool blank = true;
    do {
        lines->row.size = 0;
        lines->line = lines->next_line;
        int c = peek(lines);
        if (c == END) {
            *out_row = false;
            return LS_OK;
        }
        blank = true;
        while (c != '\n' && c != END && lines->row.size <= LS_LINES_ROW_MAX) {
            blank = blank && (c == ' ' || c == '\t' || c == '\r');
            put(lines, (char)c);
            lines->at++;
            c = peek(lines);
        }
        if (c == '\n') {
            lines->at++;
            lines->next_line++;
        }
        const ls_status status = check_row(lines, err);
        if (status != LS_OK) {
            return status;
        }
    } while (blank);
    lines->cells[0] = (ls_cell){.length = lines->row.size, .column = 1};
    put(lines, '\0');
    lines->cell_count = 1;
    fix_cells(lines);
    *out_row = true;
    return check_row(lines, err);
}
