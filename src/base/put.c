// put.c - see put.h.
#include "base/put.h"

#include <math.h>
#include <string.h>

#include "base/units.h"

#define WHOLE_MAX 1e15

static bool is_plain_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

// Words that YAML readers take for something else than text, in any case.
static bool is_word_of_yaml(const char *text) {
    static const char *const words[] = {"null", "yes", "no", "true", "false",
                                        "on",   "off", "y",  "n"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *word = words[i];
        const char *c = text;
        while (*word != '\0' && (*c == *word || *c == *word - 'a' + 'A')) {
            word++;
            c++;
        }
        if (*word == '\0' && *c == '\0') {
            return true;
        }
    }
    return false;
}

static bool is_plain(const char *text) {
    const char first = text[0];
    if (!((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z'))) {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_plain_char(*c)) {
            return false;
        }
    }
    return !is_word_of_yaml(text);
}

void ls_put_text(ls_buffer *out, const char *text) {
    if (is_plain(text)) {
        ls_buffer_text(out, text);
        return;
    }
    ls_buffer_text(out, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        const unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\') {
            ls_buffer_printf(out, "\\%c", byte);
        } else if (byte < ' ' || byte == 0x7F) {
            ls_buffer_printf(out, "\\x%02X", byte);
        } else {
            ls_buffer_append(out, c, 1);
        }
    }
    ls_buffer_text(out, "\"");
}

void ls_put_time(ls_buffer *out, int64_t us) {
    char text[64];
    ls_units_print_time(us, text, sizeof text);
    ls_buffer_text(out, text);
}

void ls_put_number(ls_buffer *out, double value) {
    char text[64];
    if (fabs(value) < WHOLE_MAX && value == floor(value)) {
        ls_text_format(text, sizeof text, "%.0f", value + 0.0);  // 900, not 9e+02; 0, not -0
        ls_buffer_text(out, text);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        double back = 0;
        ls_text_format(text, sizeof text, "%.*g", digits, value);
        if (ls_text_parse_double(text, strlen(text), &back) && back == value) {
            break;
        }
    }
    ls_buffer_text(out, text);
}

void ls_put_json_text(ls_buffer *out, const char *text, size_t length) {
    ls_buffer_text(out, "\"");
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            ls_buffer_printf(out, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            ls_buffer_printf(out, "\\u%04x", c);
        } else {
            ls_buffer_append(out, text + i, 1);
        }
    }
    ls_buffer_text(out, "\"");
}

void ls_put_json_number(ls_buffer *out, double value) {
    // "-0" would be read as the whole number 0, without its sign.
    ls_buffer_printf(out, value == 0.0 && signbit(value) ? "%.1f" : "%.17g", value);
}
