// units.h - quantities as people write them: `62 s`, `1.5 h`, `5 %`, `2026-01-05T06:00`.
//
// Numbers are decimal with '.' whatever the locale, without sign; blanks around and between are
// free. Every call either fills *out and returns LS_OK, or leaves *out alone and fills *err (when
// not NULL) with text and hint, and no place: the caller knows the place.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

#define LS_US_PER_S 1000000LL
#define LS_US_PER_MIN (60LL * LS_US_PER_S)
#define LS_US_PER_HOUR (60LL * LS_US_PER_MIN)
#define LS_US_PER_DAY (24LL * LS_US_PER_HOUR)
// 100 years of 365.25 days: below 2^53, so that a double holds every span exactly.
#define LS_UNITS_TIME_MAX_US (36525LL * LS_US_PER_DAY)

// Parses a span of time into microseconds, rounded to nearest, halves up, without going through a
// double. Units: us ms s min h d w (also sec, hr, day, days, hours, ...: a table). `90 min`, `1 h
// 30 min`, `4h` are fine (several parts: larger unit first, each unit once); a bare `0` is zero;
// any other bare number fails ("needs a unit: s, min, h, d"). Range: 0 .. LS_UNITS_TIME_MAX_US.
ls_status ls_units_time(const char *text, int64_t *out_us, ls_error *err);
// `5 %` or `0.05`, both the same double; range 0..1.
ls_status ls_units_share(const char *text, double *out, ls_error *err);
// Time of day `06:00`, `22:30:15`, `24:00` into microseconds since midnight. Seconds may have up to
// six decimals.
ls_status ls_units_clock(const char *text, int64_t *out_us, ls_error *err);
// `2026-01-05`, `2026-01-05T06:00`, `2026-01-05 06:00:30` (proleptic Gregorian, years 1 to 9999, no
// zone, no daylight saving) into microseconds since 1970-01-01T00:00.
ls_status ls_units_date(const char *text, int64_t *out_us, ls_error *err);
// The same with a zone behind the time of day where one is told (`Z`, `+09:00`, `-0330`, `+09`):
// the instant in UTC; without one it is taken as it stands. Decimals of a second beyond
// microseconds are cut. `text` need not end with a zero byte.
ls_status ls_units_date_zoned(const char *text, size_t length, int64_t *out_us, ls_error *err);

// An exact text that ls_units_time parses back to the same value, with the fewest digits, at least
// 1 before the point; among equals the larger unit: `62 s`, `1.5 h`, `250 ms`, `0 s`. us is in the
// range of ls_units_time. 32 bytes are enough.
void ls_units_print_time(int64_t us, char *out, size_t size);
// For people, two significant parts: `3 d 4 h`, `1 h 15 min`, `12.5 s`; infinite is `never`, not a
// number
// `-`. 32 bytes are enough.
void ls_units_show_time(double us, char *out, size_t size);
// `2026-01-05T06:00:00`, with decimals of a second only where they are needed. 48 bytes are enough.
void ls_units_print_date(int64_t us_since_1970, char *out, size_t size);

// `120 kW`, `400 MW` into watts, rounded; at most 4 GW. A bare `0` is zero.
ls_status ls_units_power(const char *text, int64_t *out_watts, ls_error *err);
// `192 GiB`, `2 TiB`, `80 GB` into MiB (2^20 bytes), rounded; at most 4000 TiB. A bare `0` is zero.
ls_status ls_units_memory(const char *text, int64_t *out_mib, ls_error *err);
// Texts that read back to the same value. 32 bytes are enough.
void ls_units_print_power(int64_t watts, char *out, size_t size);
void ls_units_print_memory(int64_t mib, char *out, size_t size);
