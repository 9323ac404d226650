// history_plot.c - see history_plot.h.
#include "cli/history_plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/history_value.h"
#include "cli/table.h"

enum { DOTS = 4 * LS_PLOT_ROWS, CHARACTERS_MAX = 512, LABEL_SIZE = 32 };

typedef struct plot_scale {
    double low, high;
} plot_scale;

static plot_scale find_scale(const ls_plot_column *columns, int count) {
    plot_scale found = {INFINITY, -INFINITY};
    for (int i = 0; i < count; i++) {
        found.low = fmin(found.low, columns[i].min);  // fmin passes NaN over
        found.high = fmax(found.high, columns[i].max);
    }
    if (found.low == found.high) {
        const double room = fabs(found.low) > 0.0 ? fabs(found.low) * 0.1 : 1.0;
        found.low -= room;
        found.high += room;
    }
    return found;
}

// The dot from below, 0 to DOTS - 1.
static int dot_of(plot_scale scale, double value) {
    const double share = (value - scale.low) / (scale.high - scale.low);
    return (int)lround(fmin(fmax(share, 0.0), 1.0) * (DOTS - 1));
}

// Bits of a braille character, by row from above and column (Unicode 2800 and on).
static const unsigned char bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

static void set_dots(unsigned char (*cells)[CHARACTERS_MAX], int column, int low, int high) {
    for (int dot = low; dot <= high; dot++) {
        const int row = DOTS - 1 - dot;
        cells[row / 4][column / 2] |= bits[row % 4][column % 2];
    }
}

// Neighbours are joined, so that a curve is a line.
static void draw_curve(const ls_plot_column *columns, int count, plot_scale scale,
                       unsigned char (*cells)[CHARACTERS_MAX]) {
    int last_low = -1;
    int last_high = -1;
    int last = -1;
    for (int i = 0; i < count; i++) {
        if (isnan(columns[i].min)) {
            continue;
        }
        int low = dot_of(scale, columns[i].min);
        int high = dot_of(scale, columns[i].max);
        const int own_low = low;
        const int own_high = high;
        if (last >= 0 && i - last <= 2) {
            low = low > last_high + 1 ? last_high + 1 : low;
            high = high < last_low - 1 ? last_low - 1 : high;
        }
        set_dots(cells, i, low, high);
        last_low = own_low;
        last_high = own_high;
        last = i;
    }
}

static void put_label(ls_buffer *out, double value, int width) {
    char text[LABEL_SIZE];
    ls_text_format(text, sizeof text, "%.4g", value == 0.0 ? 0.0 : value);  // no "-0"
    ls_buffer_printf(out, "%*s ", width, text);
}

static void put_times(ls_buffer *out, int indent, int width, int64_t from_us, int64_t to_us) {
    char from[48], to[48];
    ls_time_print(from_us, from, sizeof from);
    ls_time_print(to_us, to, sizeof to);
    const int gap = width - (int)strlen(from) - (int)strlen(to);
    ls_buffer_printf(out, "%*s%s%*s%s\n", indent, "", from, gap > 1 ? gap : 1, "", to);
}

void ls_plot_draw(const char *title, const ls_plot_column *columns, int count, int64_t from_us,
                  int64_t to_us, ls_buffer *out) {
    static const int label_width = 10;
    unsigned char cells[LS_PLOT_ROWS][CHARACTERS_MAX] = {{0}};
    count = count < 2 * CHARACTERS_MAX ? count : 2 * CHARACTERS_MAX;
    const int width = (count + 1) / 2;
    ls_buffer_printf(out, "%s\n", title);
    const plot_scale scale = find_scale(columns, count);
    if (!(scale.low < scale.high) || isinf(scale.low) || isinf(scale.high)) {
        ls_buffer_text(out, "  no numbers to draw\n");
        return;
    }
    draw_curve(columns, count, scale, cells);
    for (int row = 0; row < LS_PLOT_ROWS; row++) {
        if (row == 0 || row == LS_PLOT_ROWS - 1) {
            put_label(out, row == 0 ? scale.high : scale.low, label_width);
        } else {
            ls_buffer_printf(out, "%*s ", label_width, "");
        }
        ls_buffer_text(out, "\xe2\x94\x82");  // a vertical line
        int end = width;
        while (end > 0 && cells[row][end - 1] == 0) {
            end--;
        }
        for (int i = 0; i < end; i++) {
            const char braille[3] = {(char)0xe2, (char)(0xa0 | cells[row][i] >> 6),
                                     (char)(0x80 | (cells[row][i] & 0x3f))};
            ls_buffer_append(out, braille, 3);
        }
        ls_buffer_text(out, "\n");
    }
    put_times(out, label_width + 2, width, from_us, to_us);
}
