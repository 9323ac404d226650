// yaml_fuzz.c - any bytes into the YAML reader; what it takes is walked and has places inside the
// file.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Depth is bounded by LS_YAML_DEPTH_MAX, so recursion is fine here.
static void walk(const ls_yaml *node, size_t size, int depth) {
    assert(depth <= LS_YAML_DEPTH_MAX);
    assert(node->line >= 1 && node->column >= 1);
    assert(node->start_byte <= node->end_byte && node->end_byte <= size);
    assert(node->kind >= LS_YAML_NULL && node->kind <= LS_YAML_MAP);
    if (node->kind == LS_YAML_TEXT || node->kind == LS_YAML_NULL) {
        assert(node->text != NULL && node->count == 0);
        assert(ls_text_is_utf8(node->text, strlen(node->text), NULL));
    }
    assert((node->keys != NULL) == (node->kind == LS_YAML_MAP && node->count > 0));
    for (size_t i = 0; i < node->count; i++) {
        walk(&node->items[i], size, depth + 1);
        if (node->keys != NULL) {
            walk(&node->keys[i], size, depth + 1);
            assert(node->keys[i].kind == LS_YAML_TEXT && node->keys[i].text[0] != '\0');
            assert(ls_yaml_find(node, node->keys[i].text) != NULL);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_arena arena;
    ls_yaml *root = NULL;
    ls_error err;
    memset(&err, 0, sizeof err);
    ls_arena_init(&arena);
    const ls_status status = ls_yaml_parse((const char *)data, size, "fuzz.yaml", &arena, &root,
                                           &err);
    if (status == LS_OK) {
        walk(root, size, 0);
    } else {
        assert(root == NULL && err.text[0] != '\0' && err.status == status);
    }
    ls_arena_clear(&arena);
    return 0;
}
