// put.h - values of a file that people write, as text that reads back to the same.
#pragma once

#include "base/text.h"

// A text, in double quotes where YAML would take it for something else.
void ls_put_text(ls_buffer *out, const char *text);
void ls_put_time(ls_buffer *out, int64_t us);
// As a string of JSON, in its quotes; `text` is UTF-8.
void ls_put_json_text(ls_buffer *out, const char *text, size_t length);
// As a number of JSON that reads back to the same double; it is finite.
void ls_put_json_number(ls_buffer *out, double value);
// The shortest number that reads back to the same double.
void ls_put_number(ls_buffer *out, double value);
