// recorded.h - tests only: rows of the recorded data sets, tests/data/tep/recorded.csv.
#pragma once

#include <stdint.h>

enum { RECORDED_COLUMNS = 52, RECORDED_MAX = 200 };

typedef struct recorded_row {
    char set[16];
    int idv;
    long from_s;  // when the disturbance began
    int64_t seed;
    long at_s;  // when the row was taken
    double value[RECORDED_COLUMNS];
} recorded_row;

// Returns how many rows; 0 with a failed check when the file cannot be read.
int recorded_load(recorded_row *rows);
