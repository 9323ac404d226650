// json.h - the small pieces that all our JSON objects are made of.
//
// Out of memory needs no care in between: jansson passes NULL on, and ls_json_print marks the
// buffer.
#pragma once

#include <jansson.h>
#include <lineshaft/twin.h>

#include "base/status.h"
#include "base/text.h"
#include "loop/json_value.h"

json_t *ls_json_estimate(ls_estimate estimate);    // {"mean", "half_width"}
json_t *ls_json_text(const char *text);            // bytes that are no UTF-8 become `?`
json_t *ls_json_hex(uint64_t value);               // 16 digits
json_t *ls_json_mistake(const ls_error *mistake);  // {"text", "hint", "file", "line", "column"}
json_t *ls_json_notes(const ls_errors *notes);
// Prints the object and gives it back.
void ls_json_print(json_t *object, ls_buffer *out);
