// status.c - see status.h.
#include "base/status.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { ERRORS_FIRST_CAPACITY = 8 };

const char *ls_status_text(ls_status status) {
    switch (status) {
    case LS_OK: return "done";
    case LS_ERR_INVALID: return "invalid input";
    case LS_ERR_LIMIT: return "limit reached";
    case LS_ERR_MEMORY: return "out of memory";
    case LS_ERR_IO: return "input or output failed";
    case LS_ERR_VERSION: return "wrong version";
    case LS_ERR_STUCK: return "plant is deadlocked";
    case LS_ERR_STOPPED: return "stopped on request";
    }
    return "unknown status";
}

// Cuts at the size of the field, and never inside a UTF-8 sequence.
static void format_field(char *field, size_t size, const char *format, va_list args) {
    memset(field, 0, size);
    const size_t length = ls_text_vformat(field, size, format, args);
    if (length < size) {
        return;
    }
    size_t end = size - 1;
    while (end > 0 && ((unsigned char)field[end - 1] & 0xC0) == 0x80) {
        end--;
    }
    if (end > 0 && (unsigned char)field[end - 1] >= 0xC0) {
        const unsigned char lead = (unsigned char)field[end - 1];
        const size_t need = lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : 2);
        if (end - 1 + need > size - 1) {
            field[end - 1] = '\0';
        }
    }
}

static void set_place(ls_error *err, const char *file, int line, int column) {
    err->line = line;
    err->column = column;
    if (file == NULL) {
        err->file[0] = '\0';
    } else {
        // The end of a long path says more than its beginning.
        const size_t length = strlen(file);
        const size_t room = sizeof err->file - 1;
        const char *from = length > room ? file + (length - room) : file;
        while (((unsigned char)*from & 0xC0) == 0x80) {
            from++;
        }
        memmove(err->file, from, strlen(from) + 1);
    }
}

// Formats aside first: the arguments may be fields of *err itself.
static ls_status fail_v(ls_error *err, ls_status status, const char *file, int line, int column,
                        const char *format, va_list args) {
    char text[sizeof err->text];
    assert(format != NULL);
    assert(status != LS_OK);
    format_field(text, sizeof text, format, args);
    err->status = status;
    memcpy(err->text, text, sizeof text);
    err->hint[0] = '\0';
    set_place(err, file, line, column);
    return status;
}

ls_status ls_fail(ls_error *err, ls_status status, const char *format, ...) {
    if (err == NULL) {
        return status;
    }
    va_list args;
    va_start(args, format);
    fail_v(err, status, NULL, 0, 0, format, args);
    va_end(args);
    return status;
}

ls_status ls_fail_at(ls_error *err, ls_status status, const char *file, int line, int column,
                     const char *format, ...) {
    if (err == NULL) {
        return status;
    }
    va_list args;
    va_start(args, format);
    fail_v(err, status, file, line, column, format, args);
    va_end(args);
    return status;
}

void ls_hint(ls_error *err, const char *format, ...) {
    assert(format != NULL);
    if (err == NULL) {
        return;
    }
    char hint[sizeof err->hint];
    va_list args;
    va_start(args, format);
    format_field(hint, sizeof hint, format, args);
    va_end(args);
    memcpy(err->hint, hint, sizeof hint);
}

void ls_errors_init(ls_errors *errors) {
    assert(errors != NULL);
    memset(errors, 0, sizeof *errors);
}

void ls_errors_clear(ls_errors *errors) {
    if (errors == NULL) {
        return;
    }
    ls_free(errors->items);
    memset(errors, 0, sizeof *errors);
}

void ls_errors_add(ls_errors *errors, const ls_error *err) {
    assert(errors != NULL);
    assert(err != NULL);
    errors->total++;
    if (errors->count == LS_ERRORS_MAX) {
        return;
    }
    if (errors->count == errors->capacity) {
        size_t capacity = errors->capacity == 0 ? ERRORS_FIRST_CAPACITY : errors->capacity * 2;
        if (capacity > LS_ERRORS_MAX) {
            capacity = LS_ERRORS_MAX;
        }
        ls_error *items = ls_realloc(errors->items, capacity * sizeof *items);
        if (items == NULL) {
            return;
        }
        errors->items = items;
        errors->capacity = capacity;
    }
    errors->items[errors->count++] = *err;
}

size_t ls_error_format(const ls_error *err, char *buffer, size_t size) {
    assert(err != NULL);
    assert(buffer != NULL || size == 0);
    char place[LS_ERROR_FILE_SIZE + 64] = "";
    if (err->file[0] != '\0' || err->line > 0) {
        const char *file = err->file[0] != '\0' ? err->file : "line";
        if (err->line > 0 && err->column > 0) {
            ls_text_format(place, sizeof place, "  %s:%d:%d\n", file, err->line, err->column);
        } else if (err->line > 0) {
            ls_text_format(place, sizeof place, "  %s:%d\n", file, err->line);
        } else {
            ls_text_format(place, sizeof place, "  %s\n", file);
        }
    }
    const bool has_hint = err->hint[0] != '\0';
    return ls_text_format(buffer, size, "lineshaft: error: %s\n%s%s%s%s",
                          err->text[0] != '\0' ? err->text : ls_status_text(err->status), place,
                          has_hint ? "hint: " : "", err->hint, has_hint ? "\n" : "");
}
