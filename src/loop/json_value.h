// json_value.h - numbers and texts of JSON objects, as we write them and as they were read.
#pragma once

#include <jansson.h>

json_t *ls_json_number(double value);  // null where there is none
// Of an object that was read: "" and NAN where there is no such text or number.
const char *ls_json_text_at(const json_t *object, const char *key);
double ls_json_number_at(const json_t *object, const char *key);
