// json_payload.c - see json_payload.h.
#include "line/json_payload.h"

#include <math.h>
#include <string.h>

#include "base/units.h"

enum { TIME_SIZE = 64 };
#define YEAR_9999_US 253402300799000000LL

void ls_json_payload_init(ls_json_payload *payload) {
    *payload = (ls_json_payload){0};
    ls_buffer_init(&payload->paths);
}

static void forget(ls_json_payload *payload) {
    json_decref(payload->root);
    payload->root = NULL;
    payload->count = 0;
    payload->paths.size = 0;
    payload->time_missing = false;
}

void ls_json_payload_clear(ls_json_payload *payload) {
    forget(payload);
    ls_buffer_clear(&payload->paths);
    ls_free(payload->values);
    payload->values = NULL;
    payload->capacity = 0;
}

// ---- values

static ls_status grow(ls_json_payload *payload, ls_error *err) {
    if (payload->count >= LS_JSON_VALUES_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "more than %d values in one payload", LS_JSON_VALUES_MAX);
    }
    if (payload->count < payload->capacity) {
        return LS_OK;
    }
    const uint32_t capacity = payload->capacity == 0 ? 16 : 2 * payload->capacity;
    ls_json_value *values = ls_realloc(payload->values, capacity * sizeof *values);
    if (values == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the values of a payload");
    }
    payload->values = values;
    payload->capacity = capacity;
    return LS_OK;
}

static void set_text(ls_sample *sample, const char *text, size_t size) {
    sample->kind = LS_VALUE_TEXT;
    sample->value.text = text;
    sample->size = (uint32_t)size;
}

static void set_value(ls_sample *sample, const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_INTEGER:
        sample->kind = LS_VALUE_INT;
        sample->value.integer = json_integer_value(value);
        break;
    case JSON_REAL:
        sample->kind = LS_VALUE_REAL;
        sample->value.real = json_real_value(value);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        sample->kind = LS_VALUE_BOOL;
        sample->value.integer = json_is_true(value) ? 1 : 0;
        break;
    case JSON_STRING: set_text(sample, json_string_value(value), json_string_length(value)); break;
    default: sample->kind = LS_VALUE_NONE; break;
    }
}

static ls_status add_value(ls_json_payload *payload, const char *path, size_t path_size,
                           const ls_sample *sample, ls_error *err) {
    if (sample->kind == LS_VALUE_TEXT && sample->size > LS_JSON_TEXT_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "a text of %u bytes; at most %d are taken", sample->size,
                       LS_JSON_TEXT_MAX);
    }
    const ls_status status = grow(payload, err);
    if (status != LS_OK) {
        return status;
    }
    ls_json_value *value = payload->values + payload->count++;
    value->path = (uint32_t)payload->paths.size;
    value->path_size = (uint32_t)path_size;
    value->sample = *sample;
    ls_buffer_append(&payload->paths, path, path_size);
    return payload->paths.failed
               ? ls_fail(err, LS_ERR_MEMORY, "out of memory for the paths of a payload")
               : LS_OK;
}

static ls_status add_json(ls_json_payload *payload, const char *path, size_t path_size,
                          const json_t *json, ls_error *err) {
    ls_sample sample = {0};
    set_value(&sample, json);
    return add_value(payload, path, path_size, &sample, err);
}

// ---- every scalar

typedef struct walk {
    ls_json_payload *payload;
    char path[LS_JSON_DEPTH_MAX * 64];
    size_t used;
} walk;

static ls_status walk_json(walk *w, const json_t *json, int depth, ls_error *err);

static ls_status walk_child(walk *w, const char *name, const json_t *child, int depth,
                            ls_error *err) {
    const size_t before = w->used;
    const size_t room = sizeof w->path - w->used;
    const size_t length = ls_text_format(w->path + w->used, room, before > 0 ? ".%s" : "%s", name);
    if (length >= room) {
        return ls_fail(err, LS_ERR_LIMIT, "a path of more than %zu bytes", sizeof w->path);
    }
    w->used += length;
    const ls_status status = walk_json(w, child, depth + 1, err);
    w->used = before;
    return status;
}

static ls_status walk_json(walk *w, const json_t *json, int depth, ls_error *err) {
    ls_status status = LS_OK;
    if (depth > LS_JSON_DEPTH_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "more than %d levels in one payload", LS_JSON_DEPTH_MAX);
    }
    if (json_is_object(json)) {
        // jansson's iterators take no const; nothing is changed.
        json_t *object = (json_t *)(uintptr_t)json;
        for (void *at = json_object_iter(object); at != NULL && status == LS_OK;
             at = json_object_iter_next(object, at)) {
            status = walk_child(w, json_object_iter_key(at), json_object_iter_value(at), depth,
                                err);
        }
        return status;
    }
    if (json_is_array(json)) {
        for (size_t i = 0; i < json_array_size(json) && status == LS_OK; i++) {
            char name[24];
            ls_text_format(name, sizeof name, "%zu", i);
            status = walk_child(w, name, json_array_get(json, i), depth, err);
        }
        return status;
    }
    return add_json(w->payload, w->path, w->used, json, err);
}

// ---- one path

// A name may itself hold dots: the longest one that fits counts.
static const json_t *follow(const json_t *json, const char *path, int depth) {
    char name[512];
    const size_t length = strlen(path);
    if (depth > LS_JSON_DEPTH_MAX || length >= sizeof name) {
        return NULL;
    }
    for (size_t end = length; end > 0; end--) {
        if (end != length && path[end] != '.') {
            continue;
        }
        const json_t *child = NULL;
        int64_t index = 0;
        memcpy(name, path, end);
        name[end] = '\0';
        if (json_is_object(json)) {
            child = json_object_get(json, name);
        } else if (json_is_array(json) && ls_text_parse_i64(name, end, &index) && index >= 0) {
            child = json_array_get(json, (size_t)index);
        }
        if (child != NULL && end == length) {
            return child;
        }
        const json_t *found = child != NULL ? follow(child, path + end + 1, depth + 1) : NULL;
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

static ls_status add_fields(ls_json_payload *payload, const ls_topic *topic, ls_error *err) {
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < topic->field_count && status == LS_OK; i++) {
        const json_t *json = follow(payload->root, topic->fields[i], 0);
        if (json != NULL && !json_is_object(json) && !json_is_array(json)) {
            status = add_json(payload, topic->fields[i], strlen(topic->fields[i]), json, err);
        }
    }
    return status;
}

// ---- time

// "+02:00", "-0530", "Z" at the end of an ISO 8601 time; its length, 0: none.
static size_t zone_length(const char *text, size_t length, int64_t *out_us) {
    *out_us = 0;
    if (length > 1 && (text[length - 1] == 'Z' || text[length - 1] == 'z')) {
        return 1;
    }
    const size_t from = length > 6 ? length - 6 : 0;
    for (size_t i = from; i < length; i++) {
        const size_t digits = length - i - 1;
        if ((text[i] != '+' && text[i] != '-') || i < 11 || digits < 4) {
            continue;
        }
        int64_t hours = 0, minutes = 0;
        if (ls_text_parse_i64(text + i + 1, 2, &hours) &&
            ls_text_parse_i64(text + length - 2, 2, &minutes) && hours < 24 && minutes < 60) {
            *out_us = (hours * 60 + minutes) * LS_US_PER_MIN * (text[i] == '-' ? -1 : 1);
            return length - i;
        }
    }
    return 0;
}

bool ls_json_time(const json_t *value, int64_t *out_us) {
    if (json_is_number(value)) {
        // Milliseconds of integers are exact in a double up to far beyond the year 9999.
        const double us = floor(json_number_value(value) * 1000.0 + 0.5);
        const bool good = us > 0.0 && us < (double)YEAR_9999_US;
        *out_us = good ? (int64_t)us : *out_us;
        return good;
    }
    char text[TIME_SIZE];
    int64_t offset_us = 0, us = 0;
    const size_t length = json_is_string(value) ? json_string_length(value) : 0;
    if (length == 0 || length >= sizeof text) {
        return false;
    }
    memcpy(text, json_string_value(value), length + 1);
    text[length - zone_length(text, length, &offset_us)] = '\0';
    if (ls_units_date(text, &us, NULL) != LS_OK) {
        return false;
    }
    *out_us = us - offset_us;
    return true;
}

static void set_times(ls_json_payload *payload, const ls_topic *topic, int64_t arrival_us) {
    int64_t us = arrival_us;
    uint8_t flags = LS_SAMPLE_ARRIVAL;
    if (topic->time_path != NULL) {
        const json_t *time = payload->root != NULL ? follow(payload->root, topic->time_path, 0)
                                                   : NULL;
        payload->time_missing = time == NULL || !ls_json_time(time, &us);
        flags = payload->time_missing ? flags : 0;
    }
    for (uint32_t i = 0; i < payload->count; i++) {
        payload->values[i].sample.time_us = us;
        payload->values[i].sample.flags = flags;
    }
}

// ---- a whole payload

// A number, a word or a text of JSON, else the bytes as a text.
static ls_status read_scalar(ls_json_payload *payload, const char *text, size_t size,
                             ls_error *err) {
    payload->root = json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (payload->root != NULL) {
        return add_json(payload, "", 0, payload->root, err);
    }
    ls_sample sample = {0};
    if (!ls_text_is_utf8(text, size, NULL)) {
        return ls_fail(err, LS_ERR_INVALID, "neither JSON nor text");
    }
    set_text(&sample, text, size);
    return add_value(payload, "", 0, &sample, err);
}

static ls_status read_tree(ls_json_payload *payload, const ls_topic *topic, const char *text,
                           size_t size, ls_error *err) {
    json_error_t bad;
    payload->root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &bad);
    if (payload->root == NULL) {
        return ls_fail(err, LS_ERR_INVALID, "not JSON: %s at line %d, column %d", bad.text,
                       bad.line, bad.column);
    }
    if (topic->field_count > 0) {
        return add_fields(payload, topic, err);
    }
    walk w = {.payload = payload};
    return walk_json(&w, payload->root, 0, err);
}

ls_status ls_json_payload_read(ls_json_payload *payload, const ls_topic *topic, const void *bytes,
                               size_t size, int64_t arrival_us, ls_error *err) {
    forget(payload);
    if (size > LS_JSON_PAYLOAD_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "%zu bytes; a JSON payload has at most %d", size,
                       LS_JSON_PAYLOAD_MAX);
    }
    const char *text = bytes != NULL ? bytes : "";
    size_t begin = 0;
    while (begin < size && strchr(" \t\r\n", text[begin]) != NULL && text[begin] != '\0') {
        begin++;
    }
    if (begin == size) {
        return ls_fail(err, LS_ERR_INVALID, "the payload is empty");
    }
    const bool tree = text[begin] == '{' || text[begin] == '[';
    const ls_status status = tree ? read_tree(payload, topic, text, size, err)
                                  : read_scalar(payload, text, size, err);
    if (status != LS_OK) {
        payload->count = 0;
        return status;
    }
    set_times(payload, topic, arrival_us);
    return LS_OK;
}
