// reader.c - see reader.h: rows, mistakes, and finding names.
#include "plant/reader.h"

#include <assert.h>
#include <string.h>

enum { ROWS_FIRST_CAPACITY = 16, HINT_NAMES = 12, NAMES_COMPARED_MAX = 2000000 };

void *ls_rows_push(ls_reader *r, ls_rows *rows, uint32_t *out_index) {
    assert(rows->size > 0 && rows->size <= sizeof r->waste);
    if (!r->out_of_memory && rows->count == rows->capacity) {
        const uint32_t capacity = rows->capacity == 0 ? ROWS_FIRST_CAPACITY : rows->capacity * 2;
        void *items = capacity < UINT32_MAX / 2 ? ls_realloc(rows->items, capacity * rows->size)
                                                : NULL;
        if (items == NULL) {
            r->out_of_memory = true;
        } else {
            rows->items = items;
            rows->capacity = capacity;
        }
    }
    if (r->out_of_memory) {
        memset(r->waste, 0, sizeof r->waste);
        if (out_index != NULL) {
            *out_index = 0;
        }
        return r->waste;
    }
    unsigned char *row = (unsigned char *)rows->items + (size_t)rows->count * rows->size;
    memset(row, 0, rows->size);
    if (out_index != NULL) {
        *out_index = rows->count;
    }
    rows->count++;
    return row;
}

uint32_t ls_reader_index(ls_reader *r, uint32_t value) {
    uint32_t at = 0;
    *(uint32_t *)ls_rows_push(r, &r->indexes, &at) = value;
    return at;
}

static void add(ls_reader *r, ls_error *err, const char *hint) {
    if (hint != NULL) {
        ls_hint(err, "%s", hint);
    }
    if (r->error_count == 0) {
        r->first_status = err->status;
    }
    r->error_count++;
    if (r->errors != NULL) {
        ls_errors_add(r->errors, err);
    }
}

static void format_text(ls_error *err, const char *format, va_list args) {
    char text[LS_ERROR_TEXT_SIZE];
    ls_text_vformat(text, sizeof text, format, args);
    (void)ls_fail(err, LS_ERR_INVALID, "%s", text);
}

void ls_reader_mistake(ls_reader *r, const ls_yaml *at, const char *hint, const char *format, ...) {
    ls_error err;
    ls_error text;
    va_list args;
    va_start(args, format);
    format_text(&text, format, args);
    va_end(args);
    (void)ls_fail_at(&err, LS_ERR_INVALID, r->file, at != NULL ? at->line : 0,
                     at != NULL ? at->column : 0, "%s", text.text);
    add(r, &err, hint);
}

void ls_reader_mistake_in(ls_reader *r, const char *file, int line, int column, const char *hint,
                          const char *format, ...) {
    ls_error err;
    ls_error text;
    va_list args;
    va_start(args, format);
    format_text(&text, format, args);
    va_end(args);
    (void)ls_fail_at(&err, LS_ERR_INVALID, file, line, column, "%s", text.text);
    add(r, &err, hint);
}

void ls_reader_error(ls_reader *r, const ls_error *err) {
    ls_error copy = *err;
    if (copy.status == LS_ERR_MEMORY) {
        r->out_of_memory = true;
        return;
    }
    add(r, &copy, NULL);
}

const char *ls_reader_format(ls_reader *r, const char *format, ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    const size_t length = ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    const char *copy = ls_arena_text(&r->scratch, text,
                                     length < sizeof text ? length : sizeof text - 1);
    if (copy == NULL) {
        r->out_of_memory = true;
        return "";
    }
    return copy;
}

const char *ls_reader_text(ls_reader *r, const char *text) {
    const char *copy = ls_arena_text(&r->plant->arena, text, strlen(text));
    if (copy == NULL) {
        r->out_of_memory = true;
        return "";
    }
    return copy;
}

const char *ls_reader_nearest(ls_reader *r, const char *word, const char *const *names,
                              size_t count) {
    const char *nearest = ls_text_nearest(word, names, count);
    if (nearest != NULL) {
        return ls_reader_format(r, "did you mean '%s'?", nearest);
    }
    const char *list = NULL;
    for (size_t i = 0; i < count && i < HINT_NAMES; i++) {
        list = list == NULL ? ls_reader_format(r, "there is: %s", names[i])
                            : ls_reader_format(r, "%s, %s", list, names[i]);
    }
    if (list != NULL && count > HINT_NAMES) {
        list = ls_reader_format(r, "%s, ... (%zu in all)", list, count);
    }
    return list;
}

const char *ls_reader_nearest_row(ls_reader *r, const char *word, const ls_rows *rows,
                                  size_t offset) {
    if (r->names_compared > NAMES_COMPARED_MAX) {
        return NULL;
    }
    r->names_compared += rows->count;
    const char **names = ls_arena_alloc(&r->scratch, (rows->count + 1) * sizeof *names);
    if (names == NULL) {
        r->out_of_memory = true;
        return NULL;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        memcpy(&names[i], (const unsigned char *)rows->items + i * rows->size + offset,
               sizeof names[i]);
    }
    return ls_reader_nearest(r, word, names, rows->count);
}

uint32_t ls_reader_find(ls_reader *r, const ls_yaml *at, const ls_names *names, uint32_t scope,
                        const char *what, const ls_rows *rows, size_t name_offset) {
    assert(at->text != NULL);
    const uint32_t found = ls_names_find(names, scope, at->text);
    if (found == LS_NONE) {
        ls_reader_mistake(r, at, ls_reader_nearest_row(r, at->text, rows, name_offset),
                          "unknown %s '%s'", what, at->text);
    }
    return found;
}
