// read_values.c - values of the plant file, with the defaults of the table of keys.
#include <assert.h>
#include <string.h>

#include "plant/reader.h"

static const ls_key *row_of(ls_reader *r, const char *path) {
    const uint32_t row = ls_names_find(&r->paths, 0, path);
    assert(row != LS_NONE || r->out_of_memory);  // every key we read stands in the table
    return &ls_schema[row == LS_NONE ? 0 : row];
}

static const char *key_of(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot == NULL ? path : dot + 1;
}

const ls_yaml *ls_take(ls_reader *r, const ls_yaml *map, const char *path) {
    (void)row_of(r, path);
    const ls_yaml *value = ls_yaml_find(map, key_of(path));
    return value != NULL && value->kind != LS_YAML_NULL ? value : NULL;
}

const ls_yaml *ls_take_map(ls_reader *r, const ls_yaml *map, const char *path) {
    const ls_yaml *value = ls_take(r, map, path);
    return value != NULL && value->kind == LS_YAML_MAP ? value : NULL;
}

bool ls_yaml_is_text(const ls_yaml *value) {
    return value != NULL && value->kind == LS_YAML_TEXT;
}

// The text of a single value, or NULL; the default's in *out_fallback.
static const char *text_of(ls_reader *r, const ls_yaml *map, const char *path,
                           const char **out_fallback) {
    const ls_yaml *value = ls_take(r, map, path);
    *out_fallback = row_of(r, path)->fallback;
    return ls_yaml_is_text(value) ? value->text : NULL;
}

static bool is_in_range(const ls_key *key, double number) {
    return key->low == key->high || (number >= key->low && number <= key->high);
}

// Which texts are good values. Words allowed instead of a value are not.
static bool parse_count(const ls_key *key, const char *text, int64_t *out) {
    int64_t number = 0;
    if (!ls_text_parse_i64(text, strlen(text), &number) || !is_in_range(key, (double)number)) {
        return false;
    }
    *out = number;
    return true;
}

bool ls_take_count(ls_reader *r, const ls_yaml *map, const char *path, int64_t *out) {
    const char *fallback = NULL;
    const char *text = text_of(r, map, path, &fallback);
    if (text != NULL && parse_count(row_of(r, path), text, out)) {
        return true;
    }
    if (fallback != NULL) {
        (void)parse_count(row_of(r, path), fallback, out);
    }
    return false;
}

bool ls_take_u32(ls_reader *r, const ls_yaml *map, const char *path, uint32_t *out) {
    int64_t number = *out;
    const bool is_given = ls_take_count(r, map, path, &number);
    assert(number >= 0 && number <= UINT32_MAX);
    *out = (uint32_t)number;
    return is_given;
}

static bool parse_number(const ls_key *key, const char *text, double *out) {
    double number = 0;
    if (!ls_text_parse_double(text, strlen(text), &number) || !is_in_range(key, number)) {
        return false;
    }
    *out = number;
    return true;
}

bool ls_take_number(ls_reader *r, const ls_yaml *map, const char *path, double *out) {
    const char *fallback = NULL;
    const char *text = text_of(r, map, path, &fallback);
    if (text != NULL && parse_number(row_of(r, path), text, out)) {
        return true;
    }
    if (fallback != NULL) {
        (void)parse_number(row_of(r, path), fallback, out);
    }
    return false;
}

bool ls_take_time(ls_reader *r, const ls_yaml *map, const char *path, int64_t *out_us) {
    const char *fallback = NULL;
    const char *text = text_of(r, map, path, &fallback);
    if (text != NULL && ls_units_time(text, out_us, NULL) == LS_OK) {
        return true;
    }
    if (fallback != NULL) {
        (void)ls_units_time(fallback, out_us, NULL);
    }
    return false;
}

bool ls_take_share(ls_reader *r, const ls_yaml *map, const char *path, double *out) {
    const char *fallback = NULL;
    const char *text = text_of(r, map, path, &fallback);
    if (text != NULL && ls_units_share(text, out, NULL) == LS_OK) {
        return true;
    }
    if (fallback != NULL) {
        (void)ls_units_share(fallback, out, NULL);
    }
    return false;
}

bool ls_take_yes(ls_reader *r, const ls_yaml *map, const char *path, bool *out) {
    const char *fallback = NULL;
    const char *text = text_of(r, map, path, &fallback);
    const char *word = text != NULL ? text : fallback;
    assert(word != NULL);
    *out = strcmp(word, "yes") == 0 || strcmp(word, "true") == 0;
    return text != NULL;
}

static int place_of_word(const char *words, const char *word) {
    const size_t length = strlen(word);
    int place = 0;
    for (const char *at = words; *at != '\0'; place++) {
        const size_t here = strcspn(at, " ");
        if (here == length && strncmp(at, word, here) == 0) {
            return place;
        }
        at += here;
        at += strspn(at, " ");
    }
    return -1;
}

bool ls_take_choice(ls_reader *r, const ls_yaml *map, const char *path, int *out) {
    const char *fallback = NULL;
    const char *text = text_of(r, map, path, &fallback);
    const int place = text != NULL ? place_of_word(row_of(r, path)->words, text) : -1;
    if (place >= 0) {
        *out = place;
        return true;
    }
    if (fallback != NULL) {
        *out = place_of_word(row_of(r, path)->words, fallback);
        assert(*out >= 0);
    }
    return false;
}

bool ls_take_text(ls_reader *r, const ls_yaml *map, const char *path, const char **out) {
    const char *fallback = NULL;
    const char *text = text_of(r, map, path, &fallback);
    if (text != NULL) {
        *out = ls_reader_text(r, text);
    } else if (fallback != NULL) {
        *out = fallback;
    }
    return text != NULL;
}

bool ls_take_dist(ls_reader *r, const ls_yaml *map, const char *path, ls_dist_index *out) {
    const char *fallback = NULL;
    const ls_yaml *value = ls_take(r, map, path);
    (void)text_of(r, map, path, &fallback);
    if (ls_yaml_is_text(value)) {
        const ls_dist_index dist = ls_read_dist(r, value);
        *out = dist;
        return dist != LS_NONE;
    }
    return false;
}

uint32_t ls_yaml_many(const ls_yaml *value) {
    if (value == NULL || value->kind == LS_YAML_NULL) {
        return 0;
    }
    return value->kind == LS_YAML_LIST ? (uint32_t)value->count : 1;
}

const ls_yaml *ls_yaml_nth(const ls_yaml *value, uint32_t i) {
    assert(i < ls_yaml_many(value));
    return value->kind == LS_YAML_LIST ? &value->items[i] : value;
}

bool ls_split_pair(ls_reader *r, const char *text, const char **out_from, const char **out_to) {
    const char *middle = strstr(text, " to ");
    if (middle == NULL || middle == text || middle[4] == '\0') {
        return false;
    }
    *out_from = ls_reader_format(r, "%.*s", (int)(middle - text), text);
    *out_to = ls_reader_format(r, "%s", middle + 4);
    return true;
}
