// history_import_jsonl.c - JSON Lines into a history: one object a line, long or wide.
//
//     {"tag": "a/b", "time": "2026-01-05T06:00:00Z", "value": 1.5, "quality": "good"}
//     {"time": 1767592800000, "a/b": 1.5, "a/c": true}
//
// Events are in history_import_events.c.
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "cli/history_import.h"
#include "cli/json.h"

enum { WATCH_ROWS = 4096, NUMBER_SIZE = 40 };

static ls_status fail(const ls_lines *lines, const char *what, const char *value, const char *right,
                      ls_error *err) {
    return ls_import_fail(lines, 1, what, value, right, err);
}

static ls_status read_time(const ls_lines *lines, json_t *object, ls_time_unit unit, int64_t *out,
                           ls_error *err) {
    char text[NUMBER_SIZE] = "";
    const json_t *time = json_object_get(object, "time");
    const char *from = text;
    if (json_is_string(time)) {
        from = json_string_value(time);
    } else if (json_is_integer(time)) {
        snprintf(text, sizeof text, "%" PRId64, (int64_t)json_integer_value(time));
    } else if (json_is_real(time)) {
        ls_text_format(text, sizeof text, "%.17g", json_real_value(time));
    }
    return ls_time_read(from, strlen(from), unit, out)
               ? LS_OK
               : fail(lines, "'time' is no time", from,
                      "as in \"2026-01-05T06:00:00.5Z\", or milliseconds or microseconds since "
                      "1970",
                      err);
}

static bool is_text_kind(const char *kind) {
    return kind[0] == '\0' || strcmp(kind, "text") == 0;
}

// A string may hold what JSON's numbers cannot: "nan", whole numbers of 64 bits.
static bool read_value(const json_t *value, const char *kind, ls_buffer *scratch, ls_sample *sample,
                       const char **out_right) {
    char text[NUMBER_SIZE] = "";
    size_t length = 0;
    *out_right = "a number, a string, true, false or null";
    switch (json_typeof(value)) {
    case JSON_NULL: sample->kind = LS_VALUE_NONE; return kind[0] == '\0' || !strcmp(kind, "none");
    case JSON_TRUE:
    case JSON_FALSE:
        length = (size_t)snprintf(text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
        break;
    case JSON_INTEGER:
        length = (size_t)snprintf(text, sizeof text, "%" PRId64,
                                  (int64_t)json_integer_value(value));
        break;
    case JSON_REAL:
        length = ls_text_format(text, sizeof text, "%.17g", json_real_value(value));
        break;
    case JSON_STRING:
        return ls_value_read(is_text_kind(kind) ? "text" : kind, json_string_value(value),
                             json_string_length(value), scratch, sample, out_right);
    default: return false;
    }
    return ls_value_read(kind, text, length, scratch, sample, out_right);
}

static ls_status read_long(ls_lines *lines, json_t *object, ls_history_intake *intake,
                           ls_sample *sample, ls_error *err) {
    const char *name = ls_json_text_at(object, "tag");
    const char *quality = ls_json_text_at(object, "quality");
    const char *flags = ls_json_text_at(object, "flags");
    const char *right = "";
    const json_t *value = json_object_get(object, "value");
    ls_error why = {0};
    if (ls_tags_add(intake->tags, name, strlen(name), &sample->tag, &why) != LS_OK) {
        return ls_fail_at(err, why.status, lines->path, lines->line, 1, "'tag': %s", why.text);
    }
    if (value == NULL ||
        !read_value(value, ls_json_text_at(object, "kind"), &intake->scratch, sample, &right)) {
        char *text = value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        const ls_status status = fail(lines, "'value' cannot be", text != NULL ? text : "", right,
                                      err);
        free(text);
        return status;
    }
    sample->quality = (uint8_t)ls_quality_find(quality[0] != '\0' ? quality : "good");
    if (sample->quality == LS_QUALITY_COUNT) {
        return fail(lines, "'quality' is unknown", quality, "good, uncertain, stale or bad", err);
    }
    if (!ls_flags_read(flags, strlen(flags), &sample->flags)) {
        return fail(lines, "'flags' has an unknown word", flags,
                    "historical, birth, arrival, joined by '+'", err);
    }
    return ls_history_intake_add(intake, sample, err);
}

static ls_status read_wide(ls_lines *lines, json_t *object, ls_history_intake *intake,
                           int64_t time_us, ls_error *err) {
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(object, key, value) {
        ls_sample sample = {.time_us = time_us};
        const char *right = "";
        ls_error why = {0};
        if (strcmp(key, "time") == 0) {
            continue;
        }
        if (ls_tags_add(intake->tags, key, strlen(key), &sample.tag, &why) != LS_OK) {
            return ls_fail_at(err, why.status, lines->path, lines->line, 1, "%s", why.text);
        }
        if (!read_value(value, "", &intake->scratch, &sample, &right)) {
            return fail(lines, "this value cannot be", key, right, err);
        }
        const ls_status status = ls_history_intake_add(intake, &sample, err);
        if (status != LS_OK) {
            return status;
        }
    }
    return LS_OK;
}

static ls_status read_line(ls_lines *lines, ls_history_intake *intake, ls_error *err) {
    json_error_t why;
    json_t *object = json_loadb(lines->cells[0].text, lines->cells[0].length,
                                JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why);
    if (object == NULL || !json_is_object(object)) {
        const ls_status status = ls_fail_at(
            err, LS_ERR_INVALID, lines->path, lines->line, object == NULL ? why.column : 1,
            "not a JSON object: %.80s", object == NULL ? why.text : lines->cells[0].text);
        json_decref(object);
        return status;
    }
    ls_sample sample = {0};
    ls_status status = read_time(lines, object, intake->unit, &sample.time_us, err);
    if (status == LS_OK && ls_history_is_event(object)) {
        status = ls_history_import_event(lines, object, intake, sample.time_us, err);
    } else if (status == LS_OK) {
        const bool is_long = json_is_string(json_object_get(object, "tag")) &&
                             json_object_get(object, "value") != NULL;
        status = is_long ? read_long(lines, object, intake, &sample, err)
                         : read_wide(lines, object, intake, sample.time_us, err);
    }
    json_decref(object);
    return status;
}

ls_status ls_history_import_jsonl(ls_lines *lines, ls_history_intake *intake,
                                  const ls_import_watch *watch, ls_error *err) {
    bool row = false;
    ls_status status = LS_OK;
    while (status == LS_OK && !*watch->stop) {
        status = ls_lines_line(lines, &row, err);
        if (status != LS_OK || !row) {
            break;
        }
        intake->rows++;
        status = read_line(lines, intake, err);
        if (intake->rows % WATCH_ROWS == 0) {
            watch->tell(watch->context, lines, intake->samples);
        }
    }
    return status == LS_OK ? ls_history_intake_flush(intake, err) : status;
}
