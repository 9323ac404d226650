// plant_file.c - see plant_file.h.
#include "import/plant_file.h"

#include <lineshaft/plant.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/yaml.h"
#include "plant/read.h"

enum { PATH_SIZE = 4096, TABLE_SIZE_MAX = 256 * 1024 * 1024 };

// Relative names are meant from the folder of the plant file.
static ls_status load_beside(void *context, const char *name, const char **out, size_t *out_size,
                             ls_error *err) {
    const ls_plant_beside *from = context;
    const char *slash = name[0] == '/' ? NULL : strrchr(from->plant_path, '/');
    const int length = slash == NULL ? 0 : (int)(slash - from->plant_path) + 1;
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%.*s%s", length, from->plant_path, name) >= (int)sizeof path) {
        return ls_fail(err, LS_ERR_INVALID, "the path of this file is too long: %.100s...", name);
    }
    char *text = NULL;
    const ls_status status = ls_file_read(path, TABLE_SIZE_MAX, from->arena, &text, out_size, err);
    *out = text;
    return status;
}

ls_plant_files ls_plant_files_beside(ls_plant_beside *beside) {
    return (ls_plant_files){.load = load_beside, .context = beside};
}

ls_status ls_plant_file_read(const char *path, ls_plant **out, ls_errors *errors) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_error err = {0};
    char *text = NULL;
    size_t size = 0;
    *out = NULL;
    ls_status status = ls_file_read(path, LS_YAML_SIZE_MAX, &arena, &text, &size, &err);
    if (status == LS_OK) {
        ls_plant_beside from = {.plant_path = path, .arena = &arena};
        const ls_plant_files files = ls_plant_files_beside(&from);
        status = ls_plant_read(text, size, path, &files, out, errors);
    } else {
        ls_errors_add(errors, &err);
    }
    ls_arena_clear(&arena);
    return status;
}

// The first of the mistakes, for callers that show one.
static ls_status first_mistake(ls_status status, ls_errors *errors, size_t *out_mistakes,
                               ls_error *err) {
    if (out_mistakes != NULL) {
        *out_mistakes = errors->total;
    }
    if (status != LS_OK && err != NULL) {
        if (errors->count > 0) {
            *err = errors->items[0];
        } else {
            ls_fail(err, status, "%s", ls_status_text(status));
        }
    }
    ls_errors_clear(errors);
    return status;
}

ls_status ls_plant_load(const char *path, ls_plant **out, size_t *out_mistakes, ls_error *err) {
    ls_errors errors;
    ls_errors_init(&errors);
    const ls_status status = ls_plant_file_read(path, out, &errors);
    return first_mistake(status, &errors, out_mistakes, err);
}

ls_status ls_plant_parse(const char *text, size_t size, const char *name, ls_plant **out,
                         size_t *out_mistakes, ls_error *err) {
    ls_errors errors;
    ls_errors_init(&errors);
    const ls_status status = ls_plant_read(text, size, name, NULL, out, &errors);
    return first_mistake(status, &errors, out_mistakes, err);
}
