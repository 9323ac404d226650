// text.c - see text.h.
#include "base/text.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_FIRST_CAPACITY = 256, PREFIX_MIN = 2 };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned min_u(unsigned a, unsigned b) {
    return a < b ? a : b;
}

unsigned ls_text_distance(const char *a, const char *b, unsigned cap) {
    assert(a != NULL && b != NULL);
    const size_t a_length = strlen(a);
    const size_t b_length = strlen(b);
    if (strcmp(a, b) == 0) {
        return 0;
    }
    const size_t difference = a_length > b_length ? a_length - b_length : b_length - a_length;
    if (a_length > LS_TEXT_WORD_MAX || b_length > LS_TEXT_WORD_MAX || difference >= cap) {
        return cap;
    }
    unsigned rows[3][LS_TEXT_WORD_MAX + 1];
    unsigned *before = rows[0];
    unsigned *last = rows[1];
    unsigned *now = rows[2];
    for (size_t j = 0; j <= b_length; j++) {
        last[j] = (unsigned)j;
        before[j] = 0;
    }
    for (size_t i = 1; i <= a_length; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            const unsigned change = a[i - 1] == b[j - 1] ? 0 : 1;
            now[j] = min_u(min_u(last[j] + 1, now[j - 1] + 1), last[j - 1] + change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                now[j] = min_u(now[j], before[j - 2] + 1);
            }
        }
        unsigned *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return min_u(last[b_length], cap);
}

static bool is_same_but_case(const char *a, const char *b) {
    size_t i = 0;
    while (a[i] != '\0' && lower(a[i]) == lower(b[i])) {
        i++;
    }
    return a[i] == b[i];
}

static bool is_prefix_pair(const char *a, const char *b) {
    const size_t a_length = strlen(a);
    const size_t b_length = strlen(b);
    const size_t shorter = a_length < b_length ? a_length : b_length;
    return shorter >= PREFIX_MIN && strncmp(a, b, shorter) == 0;
}

const char *ls_text_nearest(const char *word, const char *const *names, size_t count) {
    assert(word != NULL);
    assert(names != NULL || count == 0);
    const size_t length = strlen(word);
    if (length == 0 || length > LS_TEXT_WORD_MAX) {
        return NULL;
    }
    const unsigned limit = 1 + (unsigned)length / 3;
    const char *best = NULL;
    unsigned best_distance = limit + 1;
    for (size_t i = 0; i < count; i++) {
        if (names[i] == NULL || names[i][0] == '\0') {
            continue;
        }
        unsigned distance = ls_text_distance(word, names[i], best_distance);
        if (distance > 1 && is_same_but_case(word, names[i])) {
            distance = 1;
        } else if (distance > limit && is_prefix_pair(word, names[i])) {
            distance = limit;
        }
        if (distance < best_distance) {
            best_distance = distance;
            best = names[i];
        }
    }
    return best;
}

bool ls_text_parse_i64(const char *text, size_t length, int64_t *out) {
    assert(text != NULL || length == 0);
    assert(out != NULL);
    size_t i = 0;
    bool negative = false;
    if (length > 0 && (text[0] == '-' || text[0] == '+')) {
        negative = text[0] == '-';
        i = 1;
    }
    if (i == length) {
        return false;
    }
    // Counted downwards: the negative range is the larger one.
    int64_t value = 0;
    for (; i < length; i++) {
        if (!is_digit(text[i]) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, text[i] - '0', &value)) {
            return false;
        }
    }
    if (!negative && value == INT64_MIN) {
        return false;
    }
    *out = negative ? value : -value;
    return true;
}

static size_t digits_at(const char *text, size_t length, size_t from) {
    size_t i = from;
    while (i < length && is_digit(text[i])) {
        i++;
    }
    return i - from;
}

size_t ls_text_number_length(const char *text, size_t length) {
    assert(text != NULL || length == 0);
    const size_t whole = digits_at(text, length, 0);
    size_t i = whole;
    size_t fraction = 0;
    if (i < length && text[i] == '.') {
        fraction = digits_at(text, length, i + 1);
        if (whole + fraction == 0) {
            return 0;
        }
        i += 1 + fraction;
    }
    if (whole + fraction == 0) {
        return 0;
    }
    if (i < length && (text[i] == 'e' || text[i] == 'E')) {
        size_t exponent = i + 1;
        if (exponent < length && (text[exponent] == '+' || text[exponent] == '-')) {
            exponent++;
        }
        const size_t digits = digits_at(text, length, exponent);
        if (digits > 0) {
            i = exponent + digits;
        }
    }
    return i;
}

bool ls_text_parse_double(const char *text, size_t length, double *out) {
    assert(text != NULL || length == 0);
    assert(out != NULL);
    if (length == 0 || length > LS_TEXT_NUMBER_MAX) {
        return false;
    }
    const size_t sign = text[0] == '-' || text[0] == '+' ? 1 : 0;
    const size_t number = ls_text_number_length(text + sign, length - sign);
    if (number == 0 || sign + number != length) {
        return false;
    }
    char copy[LS_TEXT_NUMBER_MAX + 1];
    memcpy(copy, text, length);
    copy[length] = '\0';
    const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) {
        return false;
    }
    char *end = NULL;
    const double value = strtod_l(copy, &end, c_locale);
    freelocale(c_locale);
    if (end != copy + length || !isfinite(value)) {
        return false;
    }
    *out = value;
    return true;
}

// Length of the valid sequence at text, 0 when it is none.
static size_t utf8_sequence(const unsigned char *text, size_t length) {
    const unsigned char lead = text[0];
    if (lead < 0x80) {
        return lead == 0 ? 0 : 1;
    }
    size_t size = 0;
    uint32_t code = 0;
    uint32_t least = 0;
    if (lead >= 0xC2 && lead < 0xE0) {
        size = 2;
        code = lead & 0x1F;
        least = 0x80;
    } else if (lead >= 0xE0 && lead < 0xF0) {
        size = 3;
        code = lead & 0x0F;
        least = 0x800;
    } else if (lead >= 0xF0 && lead < 0xF5) {
        size = 4;
        code = lead & 0x07;
        least = 0x10000;
    }
    if (size == 0 || size > length) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
        code = code << 6 | (text[i] & 0x3F);
    }
    const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code >= least && code <= 0x10FFFF && !is_surrogate ? size : 0;
}

bool ls_text_is_utf8(const char *text, size_t length, size_t *out_bad) {
    assert(text != NULL || length == 0);
    const unsigned char *bytes = (const unsigned char *)text;
    size_t i = 0;
    while (i < length) {
        const size_t size = utf8_sequence(bytes + i, length - i);
        if (size == 0) {
            break;
        }
        i += size;
    }
    if (out_bad != NULL) {
        *out_bad = i;
    }
    return i == length;
}

void ls_text_tame(char *text, bool keep_newlines) {
    assert(text != NULL);
    unsigned char *at = (unsigned char *)text;
    for (size_t left = strlen(text); left > 0;) {
        const size_t size = utf8_sequence(at, left);
        const bool is_kept = *at == '\n' && keep_newlines;
        if (size == 0 || ((*at < 0x20 || *at == 0x7f) && !is_kept)) {
            *at = '?';
        } else if (size == 2 && at[0] == 0xC2 && at[1] < 0xA0) {
            at[0] = at[1] = '?';
        }
        const size_t step = size > 0 ? size : 1;
        at += step;
        left -= step;
    }
}

size_t ls_text_vformat(char *out, size_t size, const char *format, va_list args) {
    assert(format != NULL);
    assert(out != NULL || size == 0);
    // glibc hands out its constant C locale here: no allocation, and cheap.
    const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t old = c_locale == (locale_t)0 ? (locale_t)0 : uselocale(c_locale);
    const int length = vsnprintf(out, size, format, args);
    if (c_locale != (locale_t)0) {
        uselocale(old);
        freelocale(c_locale);
    }
    if (length < 0) {
        if (size > 0) {
            out[0] = '\0';
        }
        return 0;
    }
    return (size_t)length;
}

size_t ls_text_format(char *out, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const size_t length = ls_text_vformat(out, size, format, args);
    va_end(args);
    return length;
}

char *ls_text_copy(const char *text) {
    const size_t size = strlen(text) + 1;
    char *copy = ls_alloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void ls_buffer_init(ls_buffer *buffer) {
    assert(buffer != NULL);
    memset(buffer, 0, sizeof *buffer);
}

void ls_buffer_clear(ls_buffer *buffer) {
    if (buffer == NULL) {
        return;
    }
    ls_free(buffer->data);
    memset(buffer, 0, sizeof *buffer);
}

// Room for `more` bytes and the zero behind them.
static bool buffer_reserve(ls_buffer *buffer, size_t more) {
    if (buffer->failed) {
        return false;
    }
    if (more >= SIZE_MAX / 4 - buffer->size) {
        buffer->failed = true;
        return false;
    }
    const size_t need = buffer->size + more + 1;
    if (need <= buffer->capacity) {
        return true;
    }
    size_t capacity = buffer->capacity == 0 ? BUFFER_FIRST_CAPACITY : buffer->capacity;
    while (capacity < need) {
        capacity *= 2;
    }
    char *data = ls_realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void ls_buffer_append(ls_buffer *buffer, const char *bytes, size_t size) {
    assert(buffer != NULL);
    assert(bytes != NULL || size == 0);
    if (!buffer_reserve(buffer, size)) {
        return;
    }
    if (size > 0) {
        memcpy(buffer->data + buffer->size, bytes, size);
    }
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void ls_buffer_text(ls_buffer *buffer, const char *text) {
    assert(text != NULL);
    ls_buffer_append(buffer, text, strlen(text));
}

void ls_buffer_printf(ls_buffer *buffer, const char *format, ...) {
    assert(buffer != NULL);
    assert(format != NULL);
    if (!buffer_reserve(buffer, 0)) {
        return;
    }
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    const size_t room = buffer->capacity - buffer->size;
    const size_t length = ls_text_vformat(buffer->data + buffer->size, room, format, args);
    if (length < room) {
        buffer->size += length;
    } else if (buffer_reserve(buffer, length)) {
        (void)ls_text_vformat(buffer->data + buffer->size, buffer->capacity - buffer->size, format,
                              again);
        buffer->size += length;
    } else {
        buffer->data[buffer->size] = '\0';
    }
    va_end(again);
    va_end(args);
    assert(buffer->data[buffer->size] == '\0');
}
