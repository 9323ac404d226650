// reference.c - docs/PLANT.md from the table of keys and the text that people write.
#include <string.h>

#include "plant/explain.h"
#include "plant/reference_text.h"
#include "plant/schema.h"

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

static const ls_key *child(int parent, const char *name) {
    return &ls_schema[ls_schema_child(parent, name)];
}

static bool has_own_keys(int parent) {
    const char *path = ls_schema[parent].path;
    const size_t length = strlen(path);
    const size_t next = (size_t)parent + 1;
    return next < ls_schema_count && strncmp(ls_schema[next].path, path, length) == 0 &&
           ls_schema[next].path[length] == '.';
}

static void put_table(ls_buffer *out, int parent) {
    const char *names[KEYS_MAX];
    const size_t count = ls_schema_children(parent, names, KEYS_MAX);
    const int any = ls_schema_child(parent, "\n");  // no key is a line end: the row for any name
    if (parent >= 0 && ls_schema[parent].like != NULL && !has_own_keys(parent)) {
        return;  // told at the row it is like
    }
    if (count == 0 && any < 0) {
        return;
    }
    if (parent >= 0) {
        ls_buffer_text(out, "### `");
        put_path(out, ls_schema[parent].path);
        ls_buffer_printf(out, "`\n\n%s\n\n", ls_schema[parent].help);
    }
    ls_buffer_text(out, "| key | value | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        put_row(out, child(parent, names[i]));
    }
    if (any >= 0) {
        put_row(out, &ls_schema[any]);
    }
    ls_buffer_text(out, "\n");
}

ls_status ls_plant_reference(ls_buffer *out) {
    ls_buffer_text(out, ls_reference_head);
    ls_buffer_text(out, "## Keys\n\n");
    put_table(out, -1);
    for (size_t i = 0; i < ls_schema_count; i++) {
        put_table(out, (int)i);
    }
    ls_buffer_text(out, "## What it means\n\n");
    for (size_t i = 0; ls_reference_meaning[i] != NULL; i++) {
        ls_buffer_printf(out, "%s%s", i > 0 ? "\n" : "", ls_reference_meaning[i]);
    }
    return out->failed ? LS_ERR_MEMORY : LS_OK;
}
