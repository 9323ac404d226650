// json.c - see json.h.
#include "cli/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *ls_json_estimate(ls_estimate estimate) {
    return json_pack("{s:o, s:o}", "mean", ls_json_number(estimate.mean), "half_width",
                     ls_json_number(estimate.half_width));
}

json_t *ls_json_text(const char *text) {
    json_t *string = json_string(text);
    if (string != NULL) {
        return string;
    }
    // Paths may be any bytes; JSON may not.
    ls_buffer cleaned;
    ls_buffer_init(&cleaned);
    size_t bad = 0;
    while (!ls_text_is_utf8(text, strlen(text), &bad)) {
        ls_buffer_append(&cleaned, text, bad);
        ls_buffer_text(&cleaned, "?");
        text += bad + 1;
    }
    ls_buffer_text(&cleaned, text);
    string = cleaned.failed ? NULL : json_string(cleaned.data);
    ls_buffer_clear(&cleaned);
    return string;
}

json_t *ls_json_hex(uint64_t value) {
    char text[20];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)value);
    return json_string(text);
}

json_t *ls_json_mistake(const ls_error *mistake) {
    return json_pack("{s:o, s:o, s:o, s:i, s:i}", "text", ls_json_text(mistake->text), "hint",
                     ls_json_text(mistake->hint), "file", ls_json_text(mistake->file), "line",
                     mistake->line, "column", mistake->column);
}

json_t *ls_json_notes(const ls_errors *notes) {
    json_t *list = json_array();
    for (size_t i = 0; i < notes->count; i++) {
        json_array_append_new(list, ls_json_mistake(&notes->items[i]));
    }
    return list;
}

void ls_json_print(json_t *object, ls_buffer *out) {
    char *text = object == NULL ? NULL
                                : json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    if (text == NULL) {
        out->failed = true;
    } else {
        ls_buffer_text(out, text);
        ls_buffer_text(out, "\n");
    }
    free(text);
    json_decref(object);
}
