// edit_fuzz.c - any YAML: every value that can be changed is changed, and nothing else has moved.
#include <assert.h>
#include <string.h>

#include "twin/calibrate/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EDITS_MAX = 64 };
static const char value[] = "lognormal 63.1 s sd 6 s";

typedef struct changing {
    const char *text;
    size_t size;
    ls_arena *arena;
    ls_edit edits[EDITS_MAX];
    const ls_yaml *nodes[EDITS_MAX];
    size_t count;
} changing;

static void change(changing *c, const ls_yaml *node) {
    for (size_t i = 0; (node->kind == LS_YAML_MAP || node->kind == LS_YAML_LIST) && i < node->count;
         i++) {
        change(c, &node->items[i]);
    }
    if (node->kind == LS_YAML_TEXT && c->count < EDITS_MAX &&
        ls_edit_make(c->text, c->size, node, value, c->arena, &c->edits[c->count], NULL) == LS_OK) {
        c->nodes[c->count++] = node;
    }
}

static bool was_changed(const changing *c, const ls_yaml *node) {
    for (size_t i = 0; i < c->count; i++) {
        if (c->nodes[i] == node) {
            return true;
        }
    }
    return false;
}

static void check(const changing *c, const ls_yaml *before, const ls_yaml *after) {
    const bool changed = was_changed(c, before);
    assert(before->kind == after->kind && before->line == after->line);
    if (before->kind == LS_YAML_TEXT) {
        assert(strcmp(after->text, changed ? value : before->text) == 0);
    } else if (before->kind == LS_YAML_MAP || before->kind == LS_YAML_LIST) {
        assert(before->count == after->count);
        for (size_t i = 0; i < before->count; i++) {
            assert(before->kind == LS_YAML_LIST ||
                   strcmp(before->keys[i].text, after->keys[i].text) == 0);
            check(c, &before->items[i], &after->items[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_yaml *root = NULL;
    const char *text = (const char *)data;
    if (size < 65536 && ls_yaml_parse(text, size, "f", &arena, &root, NULL) == LS_OK) {
        changing c = {.text = text, .size = size, .arena = &arena};
        ls_buffer out;
        ls_buffer diff;
        ls_buffer_init(&out);
        ls_buffer_init(&diff);
        change(&c, root);
        const ls_status status = ls_edit_apply(text, size, c.edits, c.count, &out, NULL);
        ls_yaml *again = NULL;
        assert(status == LS_OK || out.failed);
        if (status == LS_OK && size > 0) {
            const ls_status parsed = ls_yaml_parse(out.data, out.size, "f", &arena, &again, NULL);
            assert(parsed == LS_OK);
            check(&c, root, again);
            ls_edit_diff(text, size, out.data, out.size, "f", &diff);
        }
        ls_buffer_clear(&out);
        ls_buffer_clear(&diff);
    }
    ls_arena_clear(&arena);
    return 0;
}
