// edit_text.c - numbers with the units that the old text has; see edit.h.
#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "twin/calibrate/edit.h"

enum { UNITS_MAX = 4, WORD_SIZE = 16, DIGITS = 4, DECIMALS_MAX = 12 };

typedef struct style {
    char units[UNITS_MAX][WORD_SIZE];  // in the order of the old text
    uint32_t unit_count;
    const char *count_word;  // NULL: times
    bool glued;              // 62s
} style;

static double unit_us(const char *unit) {
    char text[WORD_SIZE + 4];
    int64_t us = 0;
    ls_text_format(text, sizeof text, "1 %s", unit);
    return ls_units_time(text, &us, NULL) == LS_OK && us > 0 ? (double)us : 0.0;
}

// Every word behind a number that is a unit of time.
static void read_units(const char *old, style *s) {
    for (const char *p = old; *p != '\0';) {
        const size_t number = ls_text_number_length(p, strlen(p));
        if (number == 0) {
            p++;
            continue;
        }
        p += number;
        const size_t blanks = strspn(p, " ");
        const size_t word = strspn(p + blanks, "abcdefghijklmnopqrstuvwxyz");
        if (word > 0 && word < WORD_SIZE && s->unit_count < UNITS_MAX) {
            char *unit = s->units[s->unit_count];
            memcpy(unit, p + blanks, word);
            unit[word] = '\0';
            if (unit_us(unit) > 0.0) {
                s->glued = blanks == 0;
                s->unit_count++;
            } else {
                unit[0] = '\0';
            }
        }
        p += blanks + word;
    }
}

// With DIGITS significant digits, no exponent, no zeros at the end.
static void put_number(ls_buffer *out, double value) {
    const double size = fabs(value);
    int decimals = DIGITS - 1;
    for (double limit = 10.0; limit <= size && decimals > 0; limit *= 10.0) {
        decimals--;
    }
    for (double limit = 1.0; size > 0.0 && size < limit && decimals < DECIMALS_MAX; limit *= 0.1) {
        decimals++;
    }
    char text[64];
    ls_text_format(text, sizeof text, "%.*f", decimals, value);
    if (strchr(text, '.') != NULL) {
        size_t end = strlen(text);
        while (text[end - 1] == '0') {
            end--;
        }
        end -= text[end - 1] == '.' ? 1 : 0;
        text[end] = '\0';
    }
    ls_buffer_text(out, text);
}

static const char *fitting_unit(double us) {
    return us < 1e3 ? "us" : us < 1e6 ? "ms" : us < 300e6 ? "s" : us < 2 * 3600e6 ? "min" : "h";
}

// The i-th amount of the new text, in the unit of the i-th of the old, else of its last.
static void put_amount(ls_buffer *out, const style *s, uint32_t i, double value) {
    if (s->count_word != NULL) {
        put_number(out, value);
        return;
    }
    const uint32_t at = i < s->unit_count ? i : s->unit_count - 1;
    const char *unit = s->unit_count > 0 ? s->units[at] : fitting_unit(value);
    double size = unit_us(unit);
    // A unit in which the number would be hard to read is not kept.
    if (value > 0.0 && (value / size < 0.001 || value / size >= 1e7)) {
        unit = fitting_unit(value);
        size = unit_us(unit);
    }
    put_number(out, value / size);
    ls_buffer_printf(out, s->glued ? "%s" : " %s", unit);
}

static void put_dist(ls_buffer *out, const ls_dist *d, const char *old, const style *s) {
    const double *p = d->p;
    switch (d->kind) {
    case LS_DIST_CONST:
        ls_buffer_text(out, strncmp(old, "const ", 6) == 0 ? "const " : "");
        put_amount(out, s, 0, p[0]);
        break;
    case LS_DIST_EXP:
        ls_buffer_text(out, "exp ");
        put_amount(out, s, 0, p[0]);
        break;
    case LS_DIST_NORMAL:
        ls_buffer_text(out, "normal ");
        put_amount(out, s, 0, p[0]);
        ls_buffer_text(out, " sd ");
        put_amount(out, s, 1, p[1]);
        break;
    case LS_DIST_LOGNORMAL:
    case LS_DIST_GAMMA:
        ls_buffer_text(out, d->kind == LS_DIST_GAMMA ? "gamma " : "lognormal ");
        put_amount(out, s, 0, p[2]);
        ls_buffer_text(out, " sd ");
        put_amount(out, s, 1, p[3]);
        break;
    case LS_DIST_ERLANG:
        ls_buffer_text(out, "erlang ");
        put_number(out, p[0]);
        ls_buffer_text(out, " mean ");
        put_amount(out, s, 0, p[2]);
        break;
    case LS_DIST_WEIBULL:
        ls_buffer_text(out, "weibull shape ");
        put_number(out, p[0]);
        if (strstr(old, " mean ") != NULL && strncmp(old, "weibull", 7) == 0) {
            ls_buffer_text(out, " mean ");
            put_amount(out, s, 0, ls_dist_mean(d, NULL));
        } else {
            ls_buffer_text(out, " scale ");
            put_amount(out, s, 0, p[1]);
        }
        break;
    case LS_DIST_UNIFORM:
        ls_buffer_text(out, "uniform ");
        put_amount(out, s, 0, p[0]);
        ls_buffer_text(out, " to ");
        put_amount(out, s, 1, p[1]);
        break;
    case LS_DIST_TRIANGULAR:
        ls_buffer_text(out, "triangular ");
        put_amount(out, s, 0, p[0]);
        ls_buffer_text(out, " mode ");
        put_amount(out, s, 1, p[1]);
        ls_buffer_text(out, " to ");
        put_amount(out, s, 2, p[2]);
        break;
    default: break;
    }
    if (s->count_word != NULL) {
        ls_buffer_printf(out, " %s", s->count_word);
    }
}

size_t ls_edit_dist_text(const ls_dist *dist, const char *old_text, const char *word, char *out,
                         size_t size, ls_dist *out_dist) {
    style s = {.count_word = word};
    read_units(old_text, &s);
    ls_buffer buffer;
    ls_buffer_init(&buffer);
    put_dist(&buffer, dist, old_text, &s);
    ls_dist again = {0};
    ls_dist_tables tables;
    ls_dist_tables_init(&tables);
    size_t length = 0;
    if (!buffer.failed && buffer.size > 0 && buffer.size < size) {
        const ls_status status = word != NULL
                                     ? ls_dist_parse_count(buffer.data, word, &tables, &again, NULL)
                                     : ls_dist_parse(buffer.data, &tables, &again, NULL, NULL);
        length = status == LS_OK ? buffer.size : 0;
        memcpy(out, buffer.data, buffer.size + 1);
    }
    if (out_dist != NULL) {
        *out_dist = again;
    }
    ls_dist_tables_clear(&tables);
    ls_buffer_clear(&buffer);
    return length;
}

size_t ls_edit_share_text(double share, const char *old_text, char *out, size_t size) {
    ls_buffer buffer;
    ls_buffer_init(&buffer);
    const bool percent = strchr(old_text, '%') != NULL;
    put_number(&buffer, percent ? 100.0 * share : share);
    if (percent) {
        ls_buffer_text(&buffer, strchr(old_text, ' ') != NULL ? " %" : "%");
    }
    const size_t length = buffer.failed || buffer.size >= size ? 0 : buffer.size;
    if (length > 0) {
        memcpy(out, buffer.data, length + 1);
    }
    ls_buffer_clear(&buffer);
    return length;
}
