// fields.c - see fields.h.
#include "exec/fields.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"

enum { KEYS_MAX = 64 };

void ls_fields_fail(ls_fields *f, ls_status status, const char *format, ...) {
    if (!f->failed) {
        char text[LS_ERROR_TEXT_SIZE];
        va_list arguments;
        va_start(arguments, format);
        ls_text_vformat(text, sizeof text, format, arguments);
        va_end(arguments);
        ls_text_tame(text, false);
        ls_fail(f->err, status, "%s", text);
        f->failed = true;
    }
}

static size_t count_keys(const char *const *keys) {
    size_t count = 0;
    while (keys[count] != NULL) {
        count++;
    }
    return count;
}

ls_fields ls_fields_open(const json_t *object, const char *const *keys, ls_error *err) {
    ls_fields f = {.object = object, .err = err};
    const size_t count = count_keys(keys);
    if (!json_is_object(object)) {
        ls_fields_fail(&f, LS_ERR_INVALID, "a JSON object is wanted");
        return f;
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        bool known = false;
        for (size_t i = 0; i < count && !known; i++) {
            known = strcmp(key, keys[i]) == 0;
        }
        if (!known && !f.failed) {
            const char *nearest = ls_text_nearest(key, keys, count);
            ls_fields_fail(&f, LS_ERR_INVALID, "unknown key '%.60s'", key);
            if (nearest != NULL) {
                ls_hint(err, "did you mean '%s'?", nearest);
            }
        }
    }
    return f;
}

static const json_t *field(const ls_fields *f, const char *key) {
    const json_t *value = f->failed ? NULL : json_object_get(f->object, key);
    return json_is_null(value) ? NULL : value;
}

bool ls_fields_has(const ls_fields *f, const char *key) {
    return field(f, key) != NULL;
}

void ls_fields_integer(ls_fields *f, const char *key, int64_t least, int64_t most, int64_t *out) {
    const json_t *value = field(f, key);
    if (value == NULL) {
        return;
    }
    const json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= least && number <= most) {
        *out = number;
    } else {
        ls_fields_fail(f, LS_ERR_INVALID, "%s must be a whole number from %lld to %lld", key,
                       (long long)least, (long long)most);
    }
}

void ls_fields_number(ls_fields *f, const char *key, double least, double most, double *out) {
    const json_t *value = field(f, key);
    if (value == NULL) {
        return;
    }
    const double number = json_number_value(value);
    if (json_is_number(value) && number >= least && number <= most) {
        *out = number;
    } else {
        ls_fields_fail(f, LS_ERR_INVALID, "%s must be a number from %g to %g", key, least, most);
    }
}

void ls_fields_flag(ls_fields *f, const char *key, bool *out) {
    const json_t *value = field(f, key);
    if (value != NULL && json_is_boolean(value)) {
        *out = json_is_true(value);
    } else if (value != NULL) {
        ls_fields_fail(f, LS_ERR_INVALID, "%s must be true or false", key);
    }
}

static const char *text_of(const json_t *value, size_t least, size_t most) {
    const char *text = json_string_value(value);
    const size_t length = text != NULL ? json_string_length(value) : 0;
    return text != NULL && length >= least && length <= most && strlen(text) == length ? text
                                                                                       : NULL;
}

void ls_fields_text(ls_fields *f, const char *key, size_t least, size_t most, const char **out) {
    const json_t *value = field(f, key);
    if (value == NULL) {
        return;
    }
    const char *text = text_of(value, least, most);
    if (text != NULL) {
        *out = text;
    } else {
        ls_fields_fail(f, LS_ERR_INVALID, "%s must be a text of %zu to %zu bytes", key, least,
                       most);
    }
}

void ls_fields_texts(ls_fields *f, const char *key, size_t count_least, size_t count_most,
                     size_t most, ls_arena *arena, const char *const **out, size_t *out_count) {
    const json_t *value = field(f, key);
    if (value == NULL) {
        return;
    }
    const size_t count = json_array_size(value);
    if (!json_is_array(value) || count < count_least || count > count_most) {
        ls_fields_fail(f, LS_ERR_INVALID, "%s must be a list of %zu to %zu texts", key, count_least,
                       count_most);
        return;
    }
    const char **list = ls_arena_alloc(arena, (count + 1) * sizeof *list);
    if (list == NULL) {
        ls_fields_fail(f, LS_ERR_MEMORY, "out of memory");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = text_of(json_array_get(value, i), 0, most);
        if (list[i] == NULL) {
            ls_fields_fail(f, LS_ERR_INVALID, "%s: entry %zu must be a text of at most %zu bytes",
                           key, i + 1, most);
            return;
        }
    }
    list[count] = NULL;
    *out = list;
    *out_count = count;
}

void ls_fields_id(ls_fields *f, const char *key, uint64_t *out) {
    const json_t *value = field(f, key);
    if (value == NULL) {
        return;
    }
    const char *text = text_of(value, 1, 19);
    int64_t id = 0;
    if (text != NULL && text[0] >= '0' && text[0] <= '9' &&
        ls_text_parse_i64(text, strlen(text), &id) && id > 0) {
        *out = (uint64_t)id;
    } else {
        ls_fields_fail(f, LS_ERR_INVALID, "%s must be the number of a job, as a text", key);
    }
}
