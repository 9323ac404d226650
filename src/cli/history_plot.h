// history_plot.h - a curve of one tag in the terminal, drawn with braille characters.
#pragma once

#include "base/text.h"

typedef struct ls_plot_column {  // what falls into one column of dots
    double min, max;             // NaN: nothing
} ls_plot_column;

enum { LS_PLOT_ROWS = 8 };

// Draws columns (two dots a character wide) with LS_PLOT_ROWS lines, scale on the left, times
// below. Fewer than two different columns with values give nothing but the scale's line.
void ls_plot_draw(const char *title, const ls_plot_column *columns, int count, int64_t from_us,
                  int64_t to_us, ls_buffer *out);
