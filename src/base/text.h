// text.h - small text helpers without locale.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

// Edit distance with neighbours swapped counted as one (optimal string alignment), in bytes,
// capped: returns cap when it is at least that. Names over LS_TEXT_WORD_MAX bytes are equal (0) or
// far (cap).
enum { LS_TEXT_WORD_MAX = 127 };
unsigned ls_text_distance(const char *a, const char *b, unsigned cap);
// The nearest of count names, the first of several equally near; NULL when none is near enough
// (distance at most 1 + length/3; one being the beginning of the other counts as near, a difference
// of upper and lower case only as distance 1). NULL names are passed over.
const char *ls_text_nearest(const char *word, const char *const *names, size_t count);
// Whole text, no blanks around. `out` is unchanged on false.
bool ls_text_parse_i64(const char *text, size_t length, int64_t *out);  // decimal, sign allowed
// Finite, no hex, always '.', correctly rounded; at most LS_TEXT_NUMBER_MAX bytes.
enum { LS_TEXT_NUMBER_MAX = 800 };
bool ls_text_parse_double(const char *text, size_t length, double *out);
// The length of the number (as in ls_text_parse_double, without a sign) that text begins with; 0
// when there is none. An `e` that no digit follows is not part of it.
size_t ls_text_number_length(const char *text, size_t length);
// Valid UTF-8 without NUL (no surrogates, no overlong forms)? *out_bad, when not NULL, is the place
// of the first bad byte, or length.
bool ls_text_is_utf8(const char *text, size_t length, size_t *out_bad);
// What others say of themselves must not steer a terminal or break a line of a log: control
// characters (those of UTF-8's second block too) and bytes that are no UTF-8 become `?`, in place.
void ls_text_tame(char *text, bool keep_newlines);

// snprintf with the C locale whatever the program has set: 0.5 is never "0,5". Returns the length
// that the whole text has; what does not fit is cut, and the result zero-terminated when size > 0.
size_t ls_text_format(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t ls_text_vformat(char *out, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

// The caller's, by ls_free; NULL: out of memory.
char *ls_text_copy(const char *text);

// Text that grows; sticky out-of-memory flag instead of a status per call. Once failed, later
// appends do nothing, so that what is there is always a beginning of what was meant.
typedef struct ls_buffer {
    char *data;  // zero-terminated when not NULL
    size_t size;
    size_t capacity;
    bool failed;
} ls_buffer;
void ls_buffer_init(ls_buffer *buffer);
void ls_buffer_clear(ls_buffer *buffer);
void ls_buffer_append(ls_buffer *buffer, const char *bytes, size_t size);
void ls_buffer_text(ls_buffer *buffer, const char *text);  // append, zero-terminated text
void ls_buffer_printf(ls_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
