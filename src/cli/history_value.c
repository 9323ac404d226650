// history_value.c - see history_value.h.
#include "cli/history_value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

enum { NUMBER_SIZE = 40 };
#define YEAR_1_US (-62135596800LL * LS_US_PER_S)
#define YEAR_10000_US (253402300800LL * LS_US_PER_S)

// ---- times

static bool scale(int64_t number, int64_t factor, int64_t *out_us) {
    int64_t time_us = 0;
    if (__builtin_mul_overflow(number, factor, &time_us)) {
        return false;
    }
    *out_us = time_us;
    return true;
}

static bool read_number(const char *text, size_t length, ls_time_unit unit, int64_t *out_us) {
    static const struct {
        const char *word;
        ls_time_unit unit;
    } words[] = {{"us", LS_TIME_US}, {"ms", LS_TIME_MS}, {"s", LS_TIME_S}};
    for (size_t i = 0; i < 3; i++) {
        const size_t size = strlen(words[i].word);
        if (length > size && memcmp(text + length - size, words[i].word, size) == 0) {
            unit = words[i].unit;
            length -= size;
            while (length > 0 && text[length - 1] == ' ') {
                length--;
            }
            break;
        }
    }
    int64_t number = 0;
    double real = 0.0;
    const int64_t factors[] = {0, LS_US_PER_S, 1000, 1};
    if (ls_text_parse_i64(text, length, &number)) {
        const int64_t limit = 100000000000000;  // in ms the year 5138, in us March 1973
        const bool ms = number > -limit && number < limit;
        return scale(number, unit == LS_TIME_AUTO ? (ms ? 1000 : 1) : factors[unit], out_us);
    }
    if (!ls_text_parse_double(text, length, &real) || unit == LS_TIME_US) {
        return false;
    }
    const double us = real * (double)(unit == LS_TIME_AUTO ? 1000 : factors[unit]);
    if (fabs(us) > 9e18) {
        return false;
    }
    *out_us = llround(us);
    return true;
}

bool ls_time_read(const char *text, size_t length, ls_time_unit unit, int64_t *out_us) {
    return ls_units_date_zoned(text, length, out_us, NULL) == LS_OK ||
           read_number(text, length, unit, out_us);
}

void ls_time_print(int64_t time_us, char *out, size_t size) {
    if (time_us < YEAR_1_US || time_us >= YEAR_10000_US) {
        snprintf(out, size, "%" PRId64 "us", time_us);
        return;
    }
    char date[NUMBER_SIZE + 8];
    ls_units_print_date(time_us, date, sizeof date);
    snprintf(out, size, "%sZ", date);
}

// ---- values

static bool is_clean(const ls_sample *sample) {
    return ls_text_is_utf8(sample->value.text, sample->size, NULL);
}

const char *ls_value_word(const ls_sample *sample) {
    return sample->kind == LS_VALUE_TEXT && !is_clean(sample)
               ? "text:hex"
               : ls_value_kind_name((ls_value_kind)sample->kind);
}

static void print_hex(const char *bytes, size_t size, ls_buffer *out) {
    for (size_t i = 0; i < size; i++) {
        static const char digits[] = "0123456789abcdef";
        const unsigned char byte = (unsigned char)bytes[i];
        const char two[2] = {digits[byte >> 4], digits[byte & 15]};
        ls_buffer_append(out, two, 2);
    }
}

// The fewest digits that read back to the same number.
static void print_real(double value, bool is_float, ls_buffer *out) {
    char text[NUMBER_SIZE];
    if (isnan(value)) {
        uint64_t bits = 0;
        memcpy(&bits, &value, sizeof bits);
        if (bits == 0x7ff8000000000000u) {
            ls_buffer_text(out, "nan");
        } else {
            ls_buffer_printf(out, "nan:%016" PRIx64, bits);
        }
        return;
    }
    if (isinf(value)) {
        ls_buffer_text(out, value > 0 ? "inf" : "-inf");
        return;
    }
    if (value == rint(value) && fabs(value) < 1e15 && !(value == 0.0 && signbit(value))) {
        ls_buffer_printf(out, "%" PRId64, (int64_t)value);
        return;
    }
    for (int digits = is_float ? 6 : 15; digits <= 17; digits++) {
        double back = 0.0;
        ls_text_format(text, sizeof text, "%.*g", digits, value);
        if (ls_text_parse_double(text, strlen(text), &back) &&
            (is_float ? (double)(float)back == value : back == value)) {
            break;
        }
    }
    ls_buffer_text(out, text);
}

void ls_value_print(const ls_sample *sample, ls_buffer *out) {
    switch (sample->kind) {
    case LS_VALUE_NONE: break;
    case LS_VALUE_BOOL:
        if ((uint64_t)sample->value.integer <= 1) {
            ls_buffer_text(out, sample->value.integer != 0 ? "true" : "false");
        } else {
            ls_buffer_printf(out, "%" PRId64, sample->value.integer);
        }
        break;
    case LS_VALUE_INT: ls_buffer_printf(out, "%" PRId64, sample->value.integer); break;
    case LS_VALUE_UINT: ls_buffer_printf(out, "%" PRIu64, sample->value.natural); break;
    case LS_VALUE_REAL: print_real(sample->value.real, false, out); break;
    case LS_VALUE_FLOAT:
        print_real(
            sample->value.real,
            isnan(sample->value.real) || (double)(float)sample->value.real == sample->value.real,
            out);
        break;
    case LS_VALUE_TEXT:
        if (is_clean(sample)) {
            ls_buffer_append(out, sample->value.text, sample->size);
            break;
        }
        __attribute__((fallthrough));
    default: print_hex(sample->value.text, sample->size, out);
    }
}

static bool same(const char *text, size_t length, const char *word) {
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool read_hex64(const char *text, size_t length, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < length; i++) {
        if (hex_digit(text[i]) < 0) {
            return false;
        }
        *out = *out << 4 | (uint64_t)hex_digit(text[i]);
    }
    return length == 16;
}

static bool read_real(const char *text, size_t length, double *out) {
    uint64_t bits = 0;
    if (same(text, length, "inf") || same(text, length, "-inf")) {
        *out = text[0] == '-' ? -INFINITY : INFINITY;
        return true;
    }
    if (same(text, length, "nan")) {
        bits = 0x7ff8000000000000u;
        memcpy(out, &bits, sizeof bits);
        return true;
    }
    if (length == 20 && memcmp(text, "nan:", 4) == 0 && read_hex64(text + 4, 16, &bits)) {
        memcpy(out, &bits, sizeof bits);
        return isnan(*out);
    }
    return ls_text_parse_double(text, length, out);
}

static bool read_uint(const char *text, size_t length, uint64_t *out) {
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value)) {
            return false;
        }
    }
    *out = value;
    return length > 0;
}

static bool read_bool(const char *text, size_t length, int64_t *out) {
    if (same(text, length, "true") || same(text, length, "false")) {
        *out = text[0] == 't';
        return true;
    }
    return ls_text_parse_i64(text, length, out) && (*out == 0 || *out == 1);
}

static bool read_hex(const char *text, size_t length, ls_buffer *scratch, ls_sample *out) {
    scratch->size = 0;
    for (size_t i = 0; i + 1 < length; i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        const char byte = (char)(high << 4 | low);
        ls_buffer_append(scratch, &byte, 1);
    }
    out->value.text = scratch->data != NULL ? scratch->data : "";
    out->size = (uint32_t)scratch->size;
    return length % 2 == 0 && !scratch->failed;
}

static void read_any(const char *text, size_t length, ls_sample *out) {
    if (length == 0) {
        out->kind = LS_VALUE_NONE;
    } else if (same(text, length, "true") || same(text, length, "false")) {
        out->kind = LS_VALUE_BOOL;
        out->value.integer = text[0] == 't';
    } else if (read_real(text, length, &out->value.real)) {
        out->kind = LS_VALUE_REAL;
    } else {
        out->kind = LS_VALUE_TEXT;
        out->value.text = text;
        out->size = (uint32_t)length;
    }
}

bool ls_value_read(const char *word, const char *text, size_t length, ls_buffer *scratch,
                   ls_sample *out, const char **out_right) {
    out->value.natural = 0;
    out->size = 0;
    *out_right = "";
    if (word[0] == '\0') {
        read_any(text, length, out);
        return true;
    }
    if (strcmp(word, "text:hex") == 0) {
        out->kind = LS_VALUE_TEXT;
        *out_right = "pairs of hex digits";
        return read_hex(text, length, scratch, out);
    }
    const ls_value_kind kind = ls_value_kind_find(word);
    out->kind = (uint8_t)kind;
    switch (kind) {
    case LS_VALUE_NONE: *out_right = "nothing"; return length == 0;
    case LS_VALUE_BOOL:
        *out_right = "true or false";
        return read_bool(text, length, &out->value.integer);
    case LS_VALUE_INT:
        *out_right = "a whole number of 64 bits";
        return ls_text_parse_i64(text, length, &out->value.integer);
    case LS_VALUE_UINT:
        *out_right = "a whole number from 0 to 2^64 - 1";
        return read_uint(text, length, &out->value.natural);
    case LS_VALUE_REAL: *out_right = "a number"; return read_real(text, length, &out->value.real);
    case LS_VALUE_FLOAT:
        *out_right = "a number";
        if (!read_real(text, length, &out->value.real)) {
            return false;
        }
        if (!isnan(out->value.real)) {
            out->value.real = (double)(float)out->value.real;
        }
        return true;
    case LS_VALUE_TEXT:
        out->value.text = text;
        out->size = (uint32_t)length;
        return true;
    case LS_VALUE_BYTES:
        *out_right = "pairs of hex digits";
        return read_hex(text, length, scratch, out);
    default: *out_right = "a kind: none, bool, int, uint, real, float, text, bytes"; return false;
    }
}

static const char *const flag_words[] = {"historical", "birth", "arrival"};

void ls_flags_print(uint8_t flags, ls_buffer *out) {
    bool any = false;
    for (int i = 0; i < 3; i++) {
        if ((flags >> i & 1) != 0) {
            ls_buffer_printf(out, "%s%s", any ? "+" : "", flag_words[i]);
            any = true;
        }
    }
}

bool ls_flags_read(const char *text, size_t length, uint8_t *out) {
    uint8_t flags = 0;
    for (size_t at = 0; at < length;) {
        const char *plus = memchr(text + at, '+', length - at);
        const size_t size = plus != NULL ? (size_t)(plus - text) - at : length - at;
        int i = 0;
        while (i < 3 && !same(text + at, size, flag_words[i])) {
            i++;
        }
        if (i == 3) {
            return false;
        }
        flags = (uint8_t)(flags | 1 << i);
        at += size + 1;
    }
    *out = flags;
    return true;
}

void ls_csv_put(ls_buffer *out, const char *text, size_t length) {
    bool quotes = length > 0 && (text[0] == ' ' || text[length - 1] == ' ' || text[0] == '\t' ||
                                 text[length - 1] == '\t');
    for (size_t i = 0; i < length && !quotes; i++) {
        quotes = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r';
    }
    if (!quotes) {
        ls_buffer_append(out, text, length);
        return;
    }
    ls_buffer_text(out, "\"");
    for (size_t i = 0; i < length; i++) {
        ls_buffer_append(out, text + i, 1);
        if (text[i] == '"') {
            ls_buffer_text(out, "\"");
        }
    }
    ls_buffer_text(out, "\"");
}
