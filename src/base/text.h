// text.h - small text helpers without locale.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

// Damerau-Levenshtein distance, capped: returns cap when it is at least that.
unsigned ls_text_distance(const char *a, const char *b, unsigned cap);
// The nearest of count names (stride bytes apart, each a `const char *`), or NULL when none is near
// enough (distance at most 1 + length/3, prefix counts as near).
const char *ls_text_nearest(const char *word, const char *const *names, size_t count);
bool ls_text_parse_i64(const char *text, size_t length, int64_t *out);  // decimal, whole text
bool ls_text_parse_double(const char *text, size_t length, double *out);  // finite, no hex, '.'

// Text that grows; sticky out-of-memory flag instead of a status per call.
typedef struct ls_buffer {
    char *data;  // zero-terminated when size > 0
    size_t size;
    size_t capacity;
    bool failed;
} ls_buffer;
void ls_buffer_init(ls_buffer *buffer);
void ls_buffer_clear(ls_buffer *buffer);
void ls_buffer_append(ls_buffer *buffer, const char *bytes, size_t size);
void ls_buffer_printf(ls_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
