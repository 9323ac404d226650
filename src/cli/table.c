// table.c - see table.h.
#include "cli/table.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

enum { GAP = 2 };

typedef struct ls_table_line {
    struct ls_table_line *next;
    const char *cells[LS_TABLE_COLUMNS_MAX];
} ls_table_line;

typedef struct range {
    uint32_t first, last;
} range;

// Unicode 15, EastAsianWidth W and F, coarsely; and what has no width of its own: combining marks
// of European scripts and of kana, vowels and final consonants of Hangul that is told letter by
// letter (its first consonant has the width of the syllable), joiners and variation selectors.
static const range wide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0xa4cf},
                             {0xac00, 0xd7a3},   {0xf900, 0xfaff},  {0xfe30, 0xfe6f},
                             {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
                             {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
static const range narrow[] = {{0x0300, 0x036f}, {0x1160, 0x11ff}, {0x1ab0, 0x1aff},
                               {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x20d0, 0x20ff},
                               {0x302a, 0x302f}, {0x3099, 0x309a}, {0xd7b0, 0xd7ff},
                               {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};

static bool is_in(uint32_t code, const range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

// Reads one character; bytes that are no UTF-8 count as one each.
static uint32_t next_code(const unsigned char **at) {
    const unsigned char *p = *at;
    const int more = p[0] >= 0xf0 ? 3 : (p[0] >= 0xe0 ? 2 : (p[0] >= 0xc0 ? 1 : 0));
    uint32_t code = more == 0 ? p[0] : p[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *at = p + 1;
            return '?';
        }
        code = code << 6 | (p[i] & 0x3fu);
    }
    *at = p + 1 + more;
    return code;
}

int ls_table_text_width(const char *text) {
    int width = 0;
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        const uint32_t code = next_code(&at);
        if (!is_in(code, narrow, sizeof narrow / sizeof narrow[0])) {
            width += is_in(code, wide, sizeof wide / sizeof wide[0]) ? 2 : 1;
        }
    }
    return width;
}

void ls_table_init(ls_table *table, ls_arena *arena) {
    memset(table, 0, sizeof *table);
    table->arena = arena;
}

static const char *keep(ls_table *table, const char *text) {
    const char *kept = ls_arena_text(table->arena, text, strlen(text));
    table->failed = table->failed || kept == NULL;
    return kept;
}

static void widen(ls_table *table, int column, const char *text) {
    const int width = ls_table_text_width(text);
    if (width > table->widths[column]) {
        table->widths[column] = width;
    }
}

void ls_table_column(ls_table *table, const char *header, ls_align align) {
    assert(table->column_count < LS_TABLE_COLUMNS_MAX);
    assert(table->first == NULL);
    const int column = table->column_count++;
    table->headers[column] = keep(table, header);
    table->aligns[column] = align;
    widen(table, column, header);
}

void ls_table_row(ls_table *table) {
    ls_table_line *row = ls_arena_alloc(table->arena, sizeof *row);
    if (row == NULL) {
        table->failed = true;
        return;
    }
    if (table->last == NULL) {
        table->first = row;
    } else {
        table->last->next = row;
    }
    table->last = row;
}

void ls_table_cell(ls_table *table, int column, const char *format, ...) {
    assert(column < table->column_count);
    if (table->failed) {
        return;
    }
    assert(table->last != NULL);
    char text[LS_TABLE_CELL_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    ls_text_tame(text, false);  // also what was cut within a character
    va_end(args);
    table->last->cells[column] = keep(table, text);
    widen(table, column, text);
}

static void put_blanks(ls_buffer *out, int count) {
    for (int i = 0; i < count; i++) {
        ls_buffer_append(out, " ", 1);
    }
}

// Blanks are owed until something follows, so that no line ends in them.
static void put_line(const ls_table *table, const char *const *cells, int indent, ls_buffer *out) {
    int owed = indent;
    for (int c = 0; c < table->column_count; c++) {
        const char *cell = cells[c] != NULL ? cells[c] : "";
        const int rest = table->widths[c] - ls_table_text_width(cell);
        const bool right = table->aligns[c] == LS_ALIGN_RIGHT;
        owed += right ? rest : 0;
        if (cell[0] != '\0') {
            put_blanks(out, owed);
            ls_buffer_text(out, cell);
            owed = 0;
        }
        owed += (right ? 0 : rest) + GAP;
    }
    ls_buffer_text(out, "\n");
}

void ls_table_print(const ls_table *table, int indent, ls_buffer *out) {
    if (table->failed) {
        out->failed = true;
        return;
    }
    bool header = false;
    for (int c = 0; c < table->column_count; c++) {
        header = header || table->headers[c][0] != '\0';
    }
    if (header) {
        put_line(table, table->headers, indent, out);
    }
    for (const ls_table_line *row = table->first; row != NULL; row = row->next) {
        put_line(table, row->cells, indent, out);
    }
}
