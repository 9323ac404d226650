// status.h - filling errors, and collecting many of them.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <lineshaft/status.h>

// Writes the text (printf style, cut at the size of the field) and returns status, so that a caller
// can write `return ls_fail(err, LS_ERR_INVALID, "...")`. err may be NULL. Clears hint and place.
// The arguments may be fields of *err itself (`ls_fail_at(err, err->status, file, 3, 1, "%s",
// err->text)`).
ls_status ls_fail(ls_error *err, ls_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
ls_status ls_fail_at(ls_error *err, ls_status status, const char *file, int line, int column,
                     const char *format, ...) __attribute__((format(printf, 6, 7)));
void ls_hint(ls_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

// A list of mistakes in the order found; grows up to LS_ERRORS_MAX, then counts only.
enum { LS_ERRORS_MAX = 1000 };
typedef struct ls_errors {
    ls_error *items;  // owned
    size_t count;     // stored
    size_t total;     // found, stored or not
    size_t capacity;
} ls_errors;

void ls_errors_init(ls_errors *errors);
void ls_errors_clear(ls_errors *errors);
// Adds a copy. Never fails: without memory it only counts.
void ls_errors_add(ls_errors *errors, const ls_error *err);

// "lineshaft: error: TEXT\n  FILE:LINE:COLUMN\nhint: HINT\n" into buffer, returns the length it
// would have (like snprintf).
size_t ls_error_format(const ls_error *err, char *buffer, size_t size);
