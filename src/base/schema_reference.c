// schema_reference.c - the tables of keys as a document.
#include <string.h>

#include "base/schema.h"

enum { KEYS_MAX = 64 };

// `|` ends a cell of a table.
static void put_cell(ls_buffer *out, const char *text) {
    for (const char *c = text; *c != '\0'; c++) {
        ls_buffer_append(out, *c == '|' ? "\\|" : c, *c == '|' ? 2 : 1);
    }
}

static void put_type(ls_buffer *out, const ls_key *key) {
    const char *between = "";
    if (key->type == LS_KEY_CHOICE) {
        for (const char *at = key->words; *at != '\0';) {
            const size_t length = strcspn(at, " ");
            ls_buffer_printf(out, "%s`%.*s`", between, (int)length, at);
            between = ", ";
            at += length;
            at += strspn(at, " ");
        }
    } else {
        ls_buffer_text(out, ls_schema_type_text(key->type));
        if ((key->type == LS_KEY_COUNT || key->type == LS_KEY_NUMBER) && key->low < key->high) {
            ls_buffer_printf(out, ", %.16g to %.16g", key->low, key->high);
        }
        if (key->words != NULL) {
            ls_buffer_printf(out, ", or `%s`", key->words);
        }
    }
    if (key->type == LS_KEY_ANY) {
        return;
    }
    if ((key->shapes & LS_SHAPE_MAP) != 0 && key->type != LS_KEY_MAP) {
        ls_buffer_text(out, "; or a map");
    }
    if ((key->shapes & LS_SHAPE_LIST) != 0) {
        ls_buffer_text(out, "; or a list");
    }
}

static void put_row(ls_buffer *out, const ls_key *key) {
    const char *dot = strrchr(key->path, '.');
    const char *name = dot == NULL ? key->path : dot + 1;
    if (strcmp(name, "*") == 0) {
        ls_buffer_text(out, "| NAME | ");
    } else {
        ls_buffer_printf(out, "| `%s` | ", name);
    }
    put_type(out, key);
    ls_buffer_text(out, " | ");
    if (key->required) {
        ls_buffer_text(out, "**required**");
    } else if (key->fallback != NULL && key->fallback[0] != '\0') {
        ls_buffer_printf(out, "`%s`", key->fallback);
    } else if (key->note != NULL) {
        put_cell(out, key->note);
    } else {
        ls_buffer_text(out, "-");
    }
    ls_buffer_text(out, " | ");
    put_cell(out, key->help);
    ls_buffer_text(out, " |\n");
}

// `stations.*.fails` as `stations.NAME.fails`.
static void put_path(ls_buffer *out, const char *path) {
    for (const char *c = path; *c != '\0'; c++) {
        ls_buffer_append(out, *c == '*' ? "NAME" : c, *c == '*' ? 4 : 1);
    }
}

static bool has_own_keys(const ls_schema *schema, int parent) {
    const char *path = schema->keys[parent].path;
    const size_t length = strlen(path);
    const size_t next = (size_t)parent + 1;
    return next < schema->count && strncmp(schema->keys[next].path, path, length) == 0 &&
           schema->keys[next].path[length] == '.';
}

static void put_table(ls_buffer *out, const ls_schema *schema, int parent) {
    const char *names[KEYS_MAX];
    const size_t count = ls_schema_children(schema, parent, names, KEYS_MAX);
    const int any = ls_schema_child(schema, parent,
                                    "\n");  // no key is a line end: the row for any name
    if (parent >= 0 && schema->keys[parent].like != NULL && !has_own_keys(schema, parent)) {
        return;  // told at the row it is like
    }
    if (count == 0 && any < 0) {
        return;
    }
    if (parent >= 0) {
        ls_buffer_text(out, "### `");
        put_path(out, schema->keys[parent].path);
        ls_buffer_printf(out, "`\n\n%s\n\n", schema->keys[parent].help);
    }
    ls_buffer_text(out, "| key | value | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        put_row(out, &schema->keys[ls_schema_child(schema, parent, names[i])]);
    }
    if (any >= 0) {
        put_row(out, &schema->keys[any]);
    }
    ls_buffer_text(out, "\n");
}

void ls_schema_reference(const ls_schema *schema, ls_buffer *out) {
    put_table(out, schema, -1);
    for (size_t i = 0; i < schema->count; i++) {
        put_table(out, schema, (int)i);
    }
}
