// schema.c - see schema.h.
#include "base/schema.h"

#include <assert.h>
#include <string.h>

int ls_schema_find(const ls_schema *schema, const char *path) {
    assert(path != NULL);
    for (size_t i = 0; i < schema->count; i++) {
        if (strcmp(schema->keys[i].path, path) == 0) {
            return (int)i;
        }
    }
    return -1;
}

// The component of `path` directly below a parent path of `length` bytes (0: top); NULL when the
// row is not a direct child.
static const char *component_below(const char *path, const char *parent, size_t length) {
    const char *rest = path;
    if (length > 0) {
        if (strncmp(path, parent, length) != 0 || path[length] != '.') {
            return NULL;
        }
        rest = path + length + 1;
    }
    return strchr(rest, '.') == NULL ? rest : NULL;
}

// Calls go over the rows below the parent, and below the row it is like.
static int children_of(const ls_schema *schema, int parent, const char *key, const char **names,
                       size_t size, size_t *count) {
    const char *base = parent < 0 ? "" : schema->keys[parent].path;
    const size_t length = strlen(base);
    int any_name = -1;
    const size_t first = parent < 0 ? 0 : (size_t)parent + 1;
    for (size_t i = first; i < schema->count; i++) {
        if (length > 0 && strncmp(schema->keys[i].path, base, length) != 0) {
            break;
        }
        const char *name = component_below(schema->keys[i].path, base, length);
        if (name == NULL) {
            continue;
        }
        if (strcmp(name, "*") == 0) {
            any_name = (int)i;
        } else if (key != NULL && strcmp(name, key) == 0) {
            return (int)i;
        } else if (names != NULL && *count < size) {
            names[(*count)++] = name;
        }
    }
    return any_name;
}

static bool is_left_out(const ls_schema *schema, int parent, const char *key) {
    return schema->is_left_out != NULL && schema->is_left_out(schema->keys[parent].path, key);
}

int ls_schema_child(const ls_schema *schema, int parent, const char *key) {
    assert(key != NULL);
    const int row = children_of(schema, parent, key, NULL, 0, NULL);
    if (row >= 0 || parent < 0 || schema->keys[parent].like == NULL ||
        is_left_out(schema, parent, key)) {
        return row;
    }
    return children_of(schema, ls_schema_find(schema, schema->keys[parent].like), key, NULL, 0,
                       NULL);
}

size_t ls_schema_children(const ls_schema *schema, int parent, const char **names, size_t size) {
    size_t count = 0;
    (void)children_of(schema, parent, NULL, names, size, &count);
    if (parent >= 0 && schema->keys[parent].like != NULL) {
        (void)children_of(schema, ls_schema_find(schema, schema->keys[parent].like), NULL, names,
                          size, &count);
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            if (!is_left_out(schema, parent, names[i])) {
                names[kept++] = names[i];
            }
        }
        count = kept;
    }
    return count;
}

bool ls_schema_has_word(const char *words, const char *word) {
    if (words == NULL) {
        return false;
    }
    const size_t length = strlen(word);
    for (const char *at = words; *at != '\0' && length > 0;) {
        const size_t here = strcspn(at, " ");
        if (here == length && strncmp(at, word, here) == 0) {
            return true;
        }
        at += here;
        at += strspn(at, " ");
    }
    return false;
}

const char *ls_schema_type_text(ls_key_type type) {
    switch (type) {
    case LS_KEY_MAP: return "a map of keys";
    case LS_KEY_TEXT: return "a text";
    case LS_KEY_NAME: return "a name";
    case LS_KEY_COUNT: return "a whole number";
    case LS_KEY_NUMBER: return "a number";
    case LS_KEY_TIME: return "a span of time";
    case LS_KEY_SHARE: return "a share";
    case LS_KEY_YESNO: return "yes or no";
    case LS_KEY_CHOICE: return "one of the words";
    case LS_KEY_DIST: return "a distribution of time";
    case LS_KEY_EVERY: return "a distribution of time or of a count";
    case LS_KEY_DATE: return "a date";
    case LS_KEY_SPANS: return "times of day";
    case LS_KEY_POWER: return "a power";
    case LS_KEY_MEMORY: return "a size of memory";
    case LS_KEY_ANY: return "anything";
    }
    return "a value";
}
