// schema_cases.c - see schema_cases.h.
#include "base/testing/schema_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/yaml.h"
#include "tests/harness.h"

static const schema_cases *cases;

void schema_cases_use(const schema_cases *of) {
    cases = of;
}

void schema_cases_rows_stand_depth_first(void) {
    for (size_t i = 0; i < cases->schema->count; i++) {
        const char *path = cases->schema->keys[i].path;
        const char *dot = strrchr(path, '.');
        harness_note("%s", path);
        CHECK_INT(ls_schema_find(cases->schema, path), i);
        CHECK(cases->schema->keys[i].help != NULL && cases->schema->keys[i].help[0] != '\0');
        if (dot == NULL) {
            continue;
        }
        // The row above is the parent, or lies below it.
        const size_t length = (size_t)(dot - path);
        CHECK(strncmp(cases->schema->keys[i - 1].path, path, length) == 0);
    }
}

static bool is_good_default(const ls_key *key) {
    const char *text = key->fallback;
    int64_t whole = 0;
    double number = 0;
    if (key->type != LS_KEY_CHOICE && ls_schema_has_word(key->words, text)) {
        return true;
    }
    switch (key->type) {
    case LS_KEY_COUNT: return ls_text_parse_i64(text, strlen(text), &whole);
    case LS_KEY_NUMBER: return ls_text_parse_double(text, strlen(text), &number);
    case LS_KEY_TIME: return ls_units_time(text, &whole, NULL) == LS_OK;
    case LS_KEY_SHARE: return ls_units_share(text, &number, NULL) == LS_OK;
    case LS_KEY_YESNO: return ls_schema_has_word("yes no", text);
    case LS_KEY_CHOICE: return ls_schema_has_word(key->words, text);
    case LS_KEY_DATE: return ls_units_date(text, &whole, NULL) == LS_OK;
    case LS_KEY_POWER: return ls_units_power(text, &whole, NULL) == LS_OK;
    case LS_KEY_MEMORY: return ls_units_memory(text, &whole, NULL) == LS_OK;
    case LS_KEY_SPANS: return cases->check_spans(text, NULL) == LS_OK;
    case LS_KEY_NAME:
    case LS_KEY_TEXT:
    case LS_KEY_DIST: return true;
    default: return false;
    }
}

void schema_cases_defaults_are_good_values(void) {
    for (size_t i = 0; i < cases->schema->count; i++) {
        harness_note("%s", cases->schema->keys[i].path);
        CHECK(cases->schema->keys[i].fallback == NULL || is_good_default(&cases->schema->keys[i]));
        CHECK(!cases->schema->keys[i].required || cases->schema->keys[i].fallback == NULL);
    }
}

// As people see them.
static void put_errors(ls_buffer *out, const ls_errors *errors, size_t most) {
    for (size_t i = 0; i < errors->count && i < most; i++) {
        char text[2048];
        ls_error_format(&errors->items[i], text, sizeof text);
        ls_buffer_text(out, text);
    }
    if (errors->count > most) {
        ls_buffer_printf(out, "... and %zu more\n", errors->count - most);
    }
}

// --- one change at a time

typedef enum change {
    CHANGE_NONE,
    CHANGE_VALUE,    // another value, as it is written
    CHANGE_DOUBLED,  // the key twice
    CHANGE_MISSING,  // the key left out
    CHANGE_KEY,      // another key
} change;

typedef struct edit {
    change what;
    const ls_yaml *at;  // the key
    const char *text;
} edit;

static void put_quoted(ls_buffer *out, const char *text) {
    ls_buffer_text(out, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        ls_buffer_printf(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    }
    ls_buffer_text(out, "\"");
}

static void put_node(ls_buffer *out, const ls_yaml *node, const edit *e);

static void put_entry(ls_buffer *out, const ls_yaml *key, const ls_yaml *value, const edit *e) {
    const bool is_here = e->at == key;
    if (is_here && e->what == CHANGE_MISSING) {
        return;
    }
    put_quoted(out, is_here && e->what == CHANGE_KEY ? e->text : key->text);
    ls_buffer_text(out, ": ");
    if (is_here && e->what == CHANGE_VALUE) {
        ls_buffer_text(out, e->text);
    } else {
        put_node(out, value, e);
    }
    ls_buffer_text(out, ",\n");
}

// In brackets, one key per line, so that places mean something.
static void put_node(ls_buffer *out, const ls_yaml *node, const edit *e) {
    static const edit none = {.what = CHANGE_NONE};
    if (node->kind == LS_YAML_TEXT) {
        put_quoted(out, node->text);
    } else if (node->kind == LS_YAML_LIST) {
        ls_buffer_text(out, "[");
        for (size_t i = 0; i < node->count; i++) {
            put_node(out, &node->items[i], e);
            ls_buffer_text(out, ", ");
        }
        ls_buffer_text(out, "]");
    } else if (node->kind == LS_YAML_MAP) {
        ls_buffer_text(out, "{\n");
        for (size_t i = 0; i < node->count; i++) {
            put_entry(out, &node->keys[i], &node->items[i], e);
            if (e->at == &node->keys[i] && e->what == CHANGE_DOUBLED) {
                put_entry(out, &node->keys[i], &node->items[i], &none);
            }
        }
        ls_buffer_text(out, "}");
    }
}

// The first place of a row in the plant; NULL when the plant does not say it.
static const ls_yaml *find_row(const ls_yaml *node, int at, int row) {
    if (node->kind == LS_YAML_LIST) {
        for (size_t i = 0; i < node->count; i++) {
            const ls_yaml *found = find_row(&node->items[i], at, row);
            if (found != NULL) {
                return found;
            }
        }
        return NULL;
    }
    for (size_t i = 0; node->kind == LS_YAML_MAP && i < node->count; i++) {
        const int child = ls_schema_child(cases->schema, at, node->keys[i].text);
        if (child == row) {
            return &node->keys[i];
        }
        const ls_yaml *found = child < 0 ? NULL : find_row(&node->items[i], child, row);
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

typedef struct bench {
    ls_arena arena;
    ls_yaml *root;
    ls_buffer out;  // the golden text
} bench;

static void bench_open(bench *b) {
    uint64_t size = 0;
    char *text = harness_read_file(harness_source_path(cases->every_key), &size);
    ls_arena_init(&b->arena);
    ls_buffer_init(&b->out);
    b->root = NULL;
    CHECK(text != NULL &&
          ls_yaml_parse(text, (size_t)size, "", &b->arena, &b->root, NULL) == LS_OK);
    free(text);
}

static void bench_close(bench *b) {
    ls_arena_clear(&b->arena);
    ls_buffer_clear(&b->out);
}

static void try_edit(bench *b, const ls_key *key, const char *what, const edit *e) {
    ls_buffer text;
    ls_errors errors;
    ls_buffer_init(&text);
    ls_errors_init(&errors);
    put_node(&text, b->root, e);
    harness_note("%s: %s", key->path, what);
    CHECK(!cases->read(text.data, text.size, &errors));
    CHECK(errors.count > 0);
    // The first mistake is at a place, and its text names something of the file.
    ls_buffer_printf(&b->out, "== %s: %s\n", key->path, what);
    put_errors(&b->out, &errors, 2);
    ls_errors_clear(&errors);
    ls_buffer_clear(&text);
}

static void try_value(bench *b, const ls_key *key, const ls_yaml *at, const char *what,
                      const char *text) {
    const edit e = {.what = CHANGE_VALUE, .at = at, .text = text};
    try_edit(b, key, what, &e);
}

static void try_range(bench *b, const ls_key *key, const ls_yaml *at) {
    char low[64];
    char high[64];
    snprintf(low, sizeof low, "%.17g", key->low - 1);
    snprintf(high, sizeof high, "%.17g", key->high < 1e15 ? key->high + 1 : key->high * 2);
    try_value(b, key, at, "below the range", low);
    try_value(b, key, at, "above the range", high);
}

// A list or map where a single value is meant, or the other way round.
static void try_shapes(bench *b, const ls_key *key, const ls_yaml *at) {
    try_value(b, key, at, "no value", "");
    try_value(b, key, at, "a list of lists", "[[x]]");
    if ((key->shapes & LS_SHAPE_LIST) == 0) {
        try_value(b, key, at, "a list", "[1, 2]");
    } else {
        try_value(b, key, at, "an empty list", "[]");
    }
    if ((key->shapes & LS_SHAPE_MAP) == 0) {
        try_value(b, key, at, "a map", "{x: 1}");
    }
    if ((key->shapes & LS_SHAPE_ONE) == 0) {
        try_value(b, key, at, "a single value", "x");
    }
}

static void try_type(bench *b, const ls_key *key, const ls_yaml *at) {
    switch (key->type) {
    case LS_KEY_COUNT:
        try_value(b, key, at, "no whole number", "1.5");
        try_value(b, key, at, "a unit too much", "3 s");
        try_range(b, key, at);
        break;
    case LS_KEY_NUMBER:
        try_value(b, key, at, "no number", "many");
        try_range(b, key, at);
        break;
    case LS_KEY_TIME:
        try_value(b, key, at, "no unit", "5");
        try_value(b, key, at, "an unknown unit", "5 parsec");
        try_value(b, key, at, "above the range", "6000 w");
        try_value(b, key, at, "below the range", "-1 s");
        break;
    case LS_KEY_SHARE:
        try_value(b, key, at, "above the range", "101 %");
        try_value(b, key, at, "below the range", "-1 %");
        try_value(b, key, at, "another unit", "5 s");
        break;
    case LS_KEY_POWER:
        try_value(b, key, at, "no unit", "5");
        try_value(b, key, at, "an unknown unit", "5 kw");
        try_value(b, key, at, "above the range", "5 GW");
        break;
    case LS_KEY_MEMORY:
        try_value(b, key, at, "no unit", "5");
        try_value(b, key, at, "an unknown unit", "5 Gb");
        try_value(b, key, at, "above the range", "5000 TiB");
        break;
    case LS_KEY_YESNO: try_value(b, key, at, "neither yes nor no", "maybe"); break;
    case LS_KEY_CHOICE: try_value(b, key, at, "no word of these", "fife"); break;
    case LS_KEY_DIST:
    case LS_KEY_EVERY:
        try_value(b, key, at, "no unit", "62");
        try_value(b, key, at, "an unknown distribution", "exponental 6 h");
        try_value(b, key, at, "out of range", "normal 5 s sd -1 s");
        break;
    case LS_KEY_DATE: try_value(b, key, at, "no date", "2026-02-30"); break;
    case LS_KEY_SPANS: try_value(b, key, at, "no times of day", "\"25:00-26:00\""); break;
    case LS_KEY_NAME: try_value(b, key, at, "no name", "\"a.b\""); break;
    case LS_KEY_MAP:
    case LS_KEY_TEXT:
    case LS_KEY_ANY: break;
    }
}

static bool is_any_name(const ls_key *key) {
    return key->path[strlen(key->path) - 1] == '*';
}

static void try_key(bench *b, int row) {
    const ls_key *key = &cases->schema->keys[row];
    const ls_yaml *at = find_row(b->root, -1, row);
    harness_note("%s", key->path);
    CHECK(at != NULL);  // every_key.yaml says every key
    if (at == NULL || key->type == LS_KEY_ANY) {
        return;
    }
    const edit doubled = {.what = CHANGE_DOUBLED, .at = at};
    try_edit(b, key, "twice", &doubled);
    if (key->required) {
        const edit missing = {.what = CHANGE_MISSING, .at = at};
        try_edit(b, key, "missing", &missing);
    }
    if (!is_any_name(key)) {
        char wrong[128];
        snprintf(wrong, sizeof wrong, "%sx", at->text);
        const edit misspelt = {.what = CHANGE_KEY, .at = at, .text = wrong};
        try_edit(b, key, "misspelt", &misspelt);
    }
    if (key->type != LS_KEY_MAP || key->required) {
        try_shapes(b, key, at);
    } else {
        try_value(b, key, at, "a list of lists", "[[x]]");
        try_value(b, key, at, "a single value", "x");
    }
    try_type(b, key, at);
}

void schema_cases_every_key_given_wrong_is_refused(void) {
    bench b;
    bench_open(&b);
    for (size_t i = 0; b.root != NULL && i < cases->schema->count; i++) {
        try_key(&b, (int)i);
    }
    CHECK_GOLDEN(cases->golden, b.out.data);
    bench_close(&b);
}

void schema_cases_the_unchanged_file_is_right(void) {
    static const edit none = {.what = CHANGE_NONE};
    bench b;
    bench_open(&b);
    if (b.root != NULL) {
        ls_errors errors;
        ls_errors_init(&errors);
        put_node(&b.out, b.root, &none);
        CHECK(cases->read(b.out.data, b.out.size, &errors));
        put_errors(&b.out, &errors, 2);
        CHECK_INT(errors.count, 0);
        ls_errors_clear(&errors);
    }
    bench_close(&b);
}
