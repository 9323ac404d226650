// form_check.c - the first pass: every value of the file against the table of keys.
#include <assert.h>
#include <string.h>

#include "base/form.h"

enum { WHERE_SIZE = 400, KEYS_MAX = 64 };

typedef struct walk {
    ls_form *f;
    char where[WHERE_SIZE];  // "stations.lathe.fails", for people
} walk;

static void check_value(walk *w, int row, const ls_yaml *value);

static const char *kind_text(const ls_yaml *value) {
    switch (value->kind) {
    case LS_YAML_NULL: return "nothing";
    case LS_YAML_TEXT: return "a single value";
    case LS_YAML_LIST: return "a list";
    case LS_YAML_MAP: return "a map";
    }
    return "something else";
}

// What the row accepts, for people.
static const char *wanted_text(walk *w, const ls_key *key) {
    const char *one = ls_schema_type_text(key->type);
    if (key->type == LS_KEY_CHOICE) {
        one = ls_form_format(w->f, "one of: %s", key->words);
    } else if (key->words != NULL) {
        one = ls_form_format(w->f, "%s, or: %s", one, key->words);
    }
    const bool has_map = (key->shapes & LS_SHAPE_MAP) != 0 && key->type != LS_KEY_MAP;
    const bool has_list = (key->shapes & LS_SHAPE_LIST) != 0;
    return ls_form_format(w->f, "%s%s%s", one, has_map ? ", or a map" : "",
                          has_list ? ", or a list" : "");
}

// How a map that was left out would be written.
static const char *map_hint(walk *w, int row) {
    const char *names[KEYS_MAX];
    const size_t count = ls_schema_children(w->f->schema, row, names, KEYS_MAX);
    if (count == 0) {
        const char *path = w->f->schema->keys[row].path;
        const char *dot = strrchr(path, '.');
        return ls_form_format(w->f, "write '%s: {NAME: ...}'", dot == NULL ? path : dot + 1);
    }
    return ls_form_nearest(w->f, "", names, count);
}

static void wrong_shape(walk *w, int row, const ls_yaml *value) {
    const ls_key *key = &w->f->schema->keys[row];
    const bool wants_map = key->type == LS_KEY_MAP && value->kind != LS_YAML_MAP;
    ls_form_mistake(w->f, value, wants_map ? map_hint(w, row) : NULL, "%s: expected %s, found %s",
                    w->where, wanted_text(w, key), kind_text(value));
}

static void check_range(walk *w, const ls_key *key, const ls_yaml *value, double number,
                        const char *low, const char *high) {
    if (key->low == key->high || (number >= key->low && number <= key->high)) {
        return;
    }
    ls_form_mistake(w->f, value, NULL, "%s: '%s' is out of range, expected %s to %s", w->where,
                    value->text, low, high);
}

static void check_number(walk *w, const ls_key *key, const ls_yaml *value) {
    const size_t length = strlen(value->text);
    double number = 0;
    int64_t whole = 0;
    const bool is_good = key->type == LS_KEY_COUNT
                             ? ls_text_parse_i64(value->text, length, &whole)
                             : ls_text_parse_double(value->text, length, &number);
    if (!is_good) {
        ls_form_mistake(w->f, value, NULL, "%s: '%s' is not %s", w->where, value->text,
                        wanted_text(w, key));
        return;
    }
    if (key->type == LS_KEY_COUNT) {
        number = (double)whole;
    }
    check_range(w, key, value, number, ls_form_format(w->f, "%.17g", key->low),
                ls_form_format(w->f, "%.17g", key->high));
}

// A value that a function of units.h parses.
static void check_unit(walk *w, const ls_yaml *value, ls_status status, const ls_error *err) {
    if (status != LS_OK) {
        ls_form_mistake(w->f, value, err->hint[0] != '\0' ? err->hint : NULL, "%s: %s", w->where,
                        err->text);
    }
}

static void check_choice(walk *w, const ls_key *key, const ls_yaml *value) {
    const char *words[KEYS_MAX];
    size_t count = 0;
    const char *at = key->words;
    while (*at != '\0' && count < KEYS_MAX) {
        const size_t length = strcspn(at, " ");
        words[count++] = ls_form_format(w->f, "%.*s", (int)length, at);
        at += length;
        at += strspn(at, " ");
    }
    ls_form_mistake(w->f, value, ls_form_nearest(w->f, value->text, words, count),
                    "%s: '%s' is not one of: %s", w->where, value->text, key->words);
}

bool ls_form_is_name(const char *text) {
    if (text[0] == '\0' || text[0] == ' ' || text[strlen(text) - 1] == ' ') {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '.' || *c == '"' || *c == '\\' || (unsigned char)*c < ' ') {
            return false;
        }
    }
    return strlen(text) <= LS_TEXT_WORD_MAX;
}

static void check_name(walk *w, const ls_yaml *at) {
    if (!ls_form_is_name(at->text)) {
        ls_form_mistake(
            w->f, at,
            "a name has 1 to 127 bytes, no dot, quote or backslash, and no blank at its ends",
            "%s: '%s' is not a name", w->where, at->text);
    }
}

static bool is_yes_or_no(const char *text) {
    return ls_schema_has_word("yes no true false", text);
}

static void check_one(walk *w, int row, const ls_yaml *value) {
    const ls_key *key = &w->f->schema->keys[row];
    ls_error err;
    int64_t whole = 0;
    double share = 0;
    if (key->type != LS_KEY_CHOICE && ls_schema_has_word(key->words, value->text)) {
        return;
    }
    switch (key->type) {
    case LS_KEY_COUNT:
    case LS_KEY_NUMBER: check_number(w, key, value); break;
    case LS_KEY_TIME: check_unit(w, value, ls_units_time(value->text, &whole, &err), &err); break;
    case LS_KEY_SHARE: check_unit(w, value, ls_units_share(value->text, &share, &err), &err); break;
    case LS_KEY_DATE: check_unit(w, value, ls_units_date(value->text, &whole, &err), &err); break;
    case LS_KEY_POWER: check_unit(w, value, ls_units_power(value->text, &whole, &err), &err); break;
    case LS_KEY_MEMORY:
        check_unit(w, value, ls_units_memory(value->text, &whole, &err), &err);
        break;
    case LS_KEY_SPANS:
        assert(w->f->check_spans != NULL);
        check_unit(w, value, w->f->check_spans(value->text, &err), &err);
        break;
    case LS_KEY_YESNO:
        if (!is_yes_or_no(value->text)) {
            ls_form_mistake(w->f, value, NULL, "%s: '%s' is neither yes nor no", w->where,
                            value->text);
        }
        break;
    case LS_KEY_CHOICE:
        if (!ls_schema_has_word(key->words, value->text)) {
            check_choice(w, key, value);
        }
        break;
    case LS_KEY_NAME: check_name(w, value); break;
    case LS_KEY_MAP:
    case LS_KEY_TEXT:
    case LS_KEY_DIST:  // whoever reads them parses and reports these
    case LS_KEY_EVERY:
    case LS_KEY_ANY: break;
    }
}

static void unknown_key(walk *w, int row, const ls_yaml *key) {
    const char *names[KEYS_MAX];
    const size_t count = ls_schema_children(w->f->schema, row, names, KEYS_MAX);
    // `process:62 s`, without a blank, is to YAML one word.
    const bool is_glued = key->text[strcspn(key->text, ":")] == ':';
    const char *hint = is_glued ? ls_form_format(w->f, "YAML wants a blank after ':', as in '%s'",
                                                 w->f->schema->example)
                                : ls_form_nearest(w->f, key->text, names, count);
    ls_form_mistake(w->f, key, hint, "unknown key '%s' in %s", key->text,
                    w->where[0] != '\0' ? w->where : w->f->schema->file);
}

static size_t where_push(walk *w, const char *format, const char *name, unsigned number) {
    const size_t length = strlen(w->where);
    if (name != NULL) {
        ls_text_format(w->where + length, WHERE_SIZE - length, "%s%s", length > 0 ? format : "",
                       name);
    } else {
        ls_text_format(w->where + length, WHERE_SIZE - length, "[%u]", number);
    }
    return length;
}

static bool has_foreign_names(const walk *w, const char *path) {
    const ls_schema *schema = w->f->schema;
    return schema->has_foreign_names != NULL && schema->has_foreign_names(path);
}

static void check_keys(walk *w, int row, const ls_yaml *map) {
    ls_names seen;
    ls_names_init(&seen);
    for (size_t i = 0; i < map->count; i++) {
        const ls_yaml *key = &map->keys[i];
        const uint32_t earlier = ls_names_add(&seen, 0, key->text, (uint32_t)i);
        if (earlier != UINT32_MAX) {
            ls_form_mistake(w->f, key, "the first one stands; take one of them out",
                            "'%s' is given twice in %s, first at line %d", key->text,
                            w->where[0] != '\0' ? w->where : w->f->schema->file,
                            map->keys[earlier].line);
            continue;
        }
        const int child = ls_schema_child(w->f->schema, row, key->text);
        if (child < 0) {
            unknown_key(w, row, key);
            continue;
        }
        const size_t length = where_push(w, ".", key->text, 0);
        const char *path = w->f->schema->keys[child].path;
        // Names that people choose.
        if (path[strlen(path) - 1] == '*' && !has_foreign_names(w, path)) {
            check_name(w, key);
        }
        check_value(w, child, &map->items[i]);
        w->where[length] = '\0';
    }
    if (seen.failed) {
        w->f->out_of_memory = true;
    }
    ls_names_clear(&seen);
}

// Keys that must be there. `at` tells the place.
static void check_required(walk *w, int row, const ls_yaml *map, const ls_yaml *at) {
    const char *names[KEYS_MAX];
    const size_t count = ls_schema_children(w->f->schema, row, names, KEYS_MAX);
    for (size_t i = 0; i < count; i++) {
        const ls_key *key = &w->f->schema->keys[ls_schema_child(w->f->schema, row, names[i])];
        if (key->required && ls_yaml_find(map, names[i]) == NULL) {
            ls_form_mistake(w->f, at, ls_form_format(w->f, "%s: %s", names[i], key->help),
                            "missing key '%s' in %s", names[i],
                            w->where[0] != '\0' ? w->where : w->f->schema->file);
        }
    }
}

// A list of machines is a list of names, though a single value is a count.
static bool is_list_of_names(const ls_key *key) {
    return key->type == LS_KEY_COUNT;
}

static void check_entry(walk *w, int row, const ls_yaml *value, bool in_list) {
    const ls_key *key = &w->f->schema->keys[row];
    if (value->kind == LS_YAML_MAP && (key->shapes & LS_SHAPE_MAP) != 0 &&
        !(in_list && is_list_of_names(key))) {
        check_keys(w, row, value);
        check_required(w, row, value, value);
    } else if (value->kind == LS_YAML_TEXT && in_list && is_list_of_names(key)) {
        check_name(w, value);
    } else if (value->kind == LS_YAML_TEXT && (key->shapes & LS_SHAPE_ONE) != 0) {
        check_one(w, row, value);
    } else {
        wrong_shape(w, row, value);
    }
}

static void check_value(walk *w, int row, const ls_yaml *value) {
    const ls_key *key = &w->f->schema->keys[row];
    if (key->type == LS_KEY_ANY) {
        return;
    }
    if (value->kind == LS_YAML_NULL) {
        if (key->type != LS_KEY_MAP) {
            ls_form_mistake(w->f, value, NULL, "%s has no value, expected %s", w->where,
                            wanted_text(w, key));
        } else {
            check_required(w, row, NULL, value);
        }
        return;
    }
    if (value->kind == LS_YAML_LIST && (key->shapes & LS_SHAPE_LIST) != 0) {
        if (value->count == 0) {
            ls_form_mistake(w->f, value, NULL, "%s: the list is empty", w->where);
        }
        for (size_t i = 0; i < value->count; i++) {
            const size_t length = where_push(w, "", NULL, (unsigned)i + 1);
            check_entry(w, row, &value->items[i], true);
            w->where[length] = '\0';
        }
        return;
    }
    check_entry(w, row, value, false);
}

void ls_form_check(ls_form *f) {
    walk w = {.f = f};
    if (f->root->kind != LS_YAML_MAP) {
        ls_form_mistake(f, f->root, f->schema->begins, "the file is not a map of keys but %s",
                        kind_text(f->root));
        return;
    }
    check_keys(&w, -1, f->root);
    check_required(&w, -1, f->root, NULL);
}

void ls_form_check_map(ls_form *f, const char *path, const ls_yaml *map, const char *where) {
    walk w = {.f = f};
    const int row = ls_schema_find(f->schema, path);
    assert(row >= 0 && map->kind == LS_YAML_MAP);
    ls_text_format(w.where, sizeof w.where, "%s", where);
    check_keys(&w, row, map);
    check_required(&w, row, map, map);
}
