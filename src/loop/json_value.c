// json_value.c - see json_value.h.
#include "loop/json_value.h"

#include <math.h>

json_t *ls_json_number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

const char *ls_json_text_at(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

double ls_json_number_at(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}
