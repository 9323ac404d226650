// rows.h - a table of measurements: row after row of doubles, in the order of time.
#pragma once

#include <stddef.h>

// `count` rows, each of as many values as whoever is given them says; row after row, without gaps
// in time. NaN is a missing value. Borrowed.
typedef struct ls_rows {
    const double *values;
    size_t count;
} ls_rows;
