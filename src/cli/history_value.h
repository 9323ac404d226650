// history_value.h - times and values as text, and back to the bit.
#pragma once

#include "base/tags.h"
#include "base/text.h"

typedef enum ls_time_unit { LS_TIME_AUTO, LS_TIME_S, LS_TIME_MS, LS_TIME_US } ls_time_unit;

// ISO 8601 with or without zone (without: UTC), a number with unit (`12 us`, `5ms`), or a bare
// number: of `unit`, with AUTO below 10^14 milliseconds, else microseconds. Out unchanged on false.
bool ls_time_read(const char *text, size_t length, ls_time_unit unit, int64_t *out_us);
// `2026-01-05T06:00:00.5Z`; outside of years 1 to 9999 `-99999999999999999us`. 48 bytes are enough.
void ls_time_print(int64_t time_us, char *out, size_t size);

// The words of column `kind`: those of ls_value_kind_name, and "text:hex" for a text that is no
// clean UTF-8.
const char *ls_value_word(const ls_sample *sample);
// The value as text: `true`, `-3`, the shortest number that reads back to the same bits, `nan`,
// `nan:7ff8000000000001`, `inf`; bytes in hex.
void ls_value_print(const ls_sample *sample, ls_buffer *out);
// Sets kind and value from `text`. `word` is that of a kind, or "": then a number is REAL, true and
// false are BOOL, nothing is NONE and all else TEXT. Texts point into `text`; bytes are decoded
// into `scratch`. False: the text is no such value; *out_right then says what would be.
bool ls_value_read(const char *word, const char *text, size_t length, ls_buffer *scratch,
                   ls_sample *out, const char **out_right);
// "historical+birth" and back; "" for none.
void ls_flags_print(uint8_t flags, ls_buffer *out);
bool ls_flags_read(const char *text, size_t length, uint8_t *out);
// A cell of a CSV file, quoted where it has to be.
void ls_csv_put(ls_buffer *out, const char *text, size_t length);
