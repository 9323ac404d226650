// form_values.c - values of a file, with the defaults of the table of keys.
#include <assert.h>
#include <string.h>

#include "base/form.h"

static const ls_key *row_of(ls_form *f, const char *path) {
    const uint32_t row = ls_names_find(&f->paths, 0, path);
    assert(row != UINT32_MAX || f->out_of_memory);  // every key we read stands in the table
    return &f->schema->keys[row == UINT32_MAX ? 0 : row];
}

static const char *key_of(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot == NULL ? path : dot + 1;
}

const ls_yaml *ls_form_take(ls_form *f, const ls_yaml *map, const char *path) {
    (void)row_of(f, path);
    const ls_yaml *value = ls_yaml_find(map, key_of(path));
    return value != NULL && value->kind != LS_YAML_NULL ? value : NULL;
}

const ls_yaml *ls_form_take_map(ls_form *f, const ls_yaml *map, const char *path) {
    const ls_yaml *value = ls_form_take(f, map, path);
    return value != NULL && value->kind == LS_YAML_MAP ? value : NULL;
}

bool ls_yaml_is_text(const ls_yaml *value) {
    return value != NULL && value->kind == LS_YAML_TEXT;
}

// The text of a single value, or NULL; the default's in *out_fallback.
static const char *text_of(ls_form *f, const ls_yaml *map, const char *path,
                           const char **out_fallback) {
    const ls_yaml *value = ls_form_take(f, map, path);
    *out_fallback = row_of(f, path)->fallback;
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

bool ls_form_take_count(ls_form *f, const ls_yaml *map, const char *path, int64_t *out) {
    const char *fallback = NULL;
    const char *text = text_of(f, map, path, &fallback);
    if (text != NULL && parse_count(row_of(f, path), text, out)) {
        return true;
    }
    if (fallback != NULL) {
        (void)parse_count(row_of(f, path), fallback, out);
    }
    return false;
}

bool ls_form_take_u32(ls_form *f, const ls_yaml *map, const char *path, uint32_t *out) {
    int64_t number = *out;
    const bool is_given = ls_form_take_count(f, map, path, &number);
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

bool ls_form_take_number(ls_form *f, const ls_yaml *map, const char *path, double *out) {
    const char *fallback = NULL;
    const char *text = text_of(f, map, path, &fallback);
    if (text != NULL && parse_number(row_of(f, path), text, out)) {
        return true;
    }
    if (fallback != NULL) {
        (void)parse_number(row_of(f, path), fallback, out);
    }
    return false;
}

// A quantity that a function of units.h reads into a whole number.
static bool take_quantity(ls_form *f, const ls_yaml *map, const char *path,
                          ls_status (*read)(const char *, int64_t *, ls_error *), int64_t *out) {
    const char *fallback = NULL;
    const char *text = text_of(f, map, path, &fallback);
    if (text != NULL && read(text, out, NULL) == LS_OK) {
        return true;
    }
    if (fallback != NULL) {
        (void)read(fallback, out, NULL);
    }
    return false;
}

bool ls_form_take_time(ls_form *f, const ls_yaml *map, const char *path, int64_t *out_us) {
    return take_quantity(f, map, path, ls_units_time, out_us);
}

bool ls_form_take_power(ls_form *f, const ls_yaml *map, const char *path, int64_t *out_watts) {
    return take_quantity(f, map, path, ls_units_power, out_watts);
}

bool ls_form_take_memory(ls_form *f, const ls_yaml *map, const char *path, int64_t *out_mib) {
    return take_quantity(f, map, path, ls_units_memory, out_mib);
}

bool ls_form_take_share(ls_form *f, const ls_yaml *map, const char *path, double *out) {
    const char *fallback = NULL;
    const char *text = text_of(f, map, path, &fallback);
    if (text != NULL && ls_units_share(text, out, NULL) == LS_OK) {
        return true;
    }
    if (fallback != NULL) {
        (void)ls_units_share(fallback, out, NULL);
    }
    return false;
}

bool ls_form_take_yes(ls_form *f, const ls_yaml *map, const char *path, bool *out) {
    const char *fallback = NULL;
    const char *text = text_of(f, map, path, &fallback);
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

bool ls_form_take_choice(ls_form *f, const ls_yaml *map, const char *path, int *out) {
    const char *fallback = NULL;
    const char *text = text_of(f, map, path, &fallback);
    const int place = text != NULL ? place_of_word(row_of(f, path)->words, text) : -1;
    if (place >= 0) {
        *out = place;
        return true;
    }
    if (fallback != NULL) {
        *out = place_of_word(row_of(f, path)->words, fallback);
        assert(*out >= 0);
    }
    return false;
}

bool ls_form_take_text(ls_form *f, const ls_yaml *map, const char *path, const char **out) {
    const char *fallback = NULL;
    const char *text = text_of(f, map, path, &fallback);
    if (text != NULL) {
        *out = ls_form_text(f, text);
    } else if (fallback != NULL) {
        *out = fallback;
    }
    return text != NULL;
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

bool ls_form_split(ls_form *f, const char *text, const char **out_from, const char **out_to) {
    const char *middle = strstr(text, " to ");
    if (middle == NULL || middle == text || middle[4] == '\0') {
        return false;
    }
    *out_from = ls_form_format(f, "%.*s", (int)(middle - text), text);
    *out_to = ls_form_format(f, "%s", middle + 4);
    return true;
}
