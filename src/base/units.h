// units.h - quantities as people write them: `62 s`, `1.5 h`, `5 %`, `2026-01-05T06:00`.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

#define LS_US_PER_S 1000000LL

// Parses a span of time into microseconds, rounded to nearest. Units: us ms s min h d w (also sec,
// hr, day, days, hours, ...: a table). `90 min`, `1 h 30 min`, `4h` are fine; a bare `0` is zero; any
// other bare number fails ("needs a unit: s, min, h, d"). Range: 0 .. 100 years. On failure *err has
// text and hint, no place.
ls_status ls_units_time(const char *text, int64_t *out_us, ls_error *err);
// `5 %` or `0.05`; range 0..1.
ls_status ls_units_share(const char *text, double *out, ls_error *err);
// Time of day `06:00`, `22:30:15`, `24:00` into microseconds since midnight.
ls_status ls_units_clock(const char *text, int64_t *out_us, ls_error *err);
// `2026-01-05`, `2026-01-05T06:00`, `2026-01-05 06:00:30` (proleptic Gregorian, no zone, no daylight
// saving) into microseconds since 1970-01-01T00:00.
ls_status ls_units_date(const char *text, int64_t *out_us, ls_error *err);

// The shortest exact text that parses back to the same value: `62 s`, `1.5 h`, `250 ms`, `0 s`.
void ls_units_print_time(int64_t us, char *out, size_t size);
// For people, two significant parts: `3 d 4 h`, `1 h 15 min`, `12.5 s`.
void ls_units_show_time(double us, char *out, size_t size);
// `2026-01-05T06:00:00`
void ls_units_print_date(int64_t us_since_1970, char *out, size_t size);
