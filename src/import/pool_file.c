// pool_file.c - see import/pool_file.h.
#include "import/pool_file.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/yaml.h"
#include "import/beside.h"
#include "pool/pool_file.h"

bool ls_pool_file_probe(const char *path) {
    ls_arena arena;
    ls_arena_init(&arena);
    char *text = NULL;
    size_t size = 0;
    const bool is_pool = ls_file_read(path, LS_YAML_SIZE_MAX, &arena, &text, &size, NULL) ==
                             LS_OK &&
                         ls_pool_file_is(text, size);
    ls_arena_clear(&arena);
    return is_pool;
}

ls_status ls_pool_file_read(const char *path, ls_pool **out, ls_errors *errors) {
    return ls_pool_file_read_if(path, NULL, NULL, out, errors);
}

ls_status ls_pool_file_read_if(const char *path,
                               ls_status (*may_read)(void *context, const char *path,
                                                     ls_error *err),
                               void *context, ls_pool **out, ls_errors *errors) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_error err = {0};
    char *text = NULL;
    size_t size = 0;
    *out = NULL;
    ls_status status = ls_file_read(path, LS_YAML_SIZE_MAX, &arena, &text, &size, &err);
    if (status == LS_OK) {
        ls_beside from = {.path = path, .arena = &arena, .may_read = may_read, .context = context};
        const ls_form_files files = ls_files_beside(&from);
        status = ls_pool_read(text, size, path, &files, out, errors);
    } else {
        ls_errors_add(errors, &err);
    }
    ls_arena_clear(&arena);
    return status;
}
