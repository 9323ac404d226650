// plant_file.c - see plant_file.h.
#include "import/plant_file.h"

#include <lineshaft/plant.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/yaml.h"
#include "import/beside.h"
#include "plant/read.h"

ls_status ls_plant_file_read(const char *path, ls_plant **out, ls_errors *errors) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_error err = {0};
    char *text = NULL;
    size_t size = 0;
    *out = NULL;
    ls_status status = ls_file_read(path, LS_YAML_SIZE_MAX, &arena, &text, &size, &err);
    if (status == LS_OK) {
        ls_beside from = {.path = path, .arena = &arena};
        const ls_plant_files files = ls_files_beside(&from);
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
