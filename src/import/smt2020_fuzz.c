// smt2020_fuzz.c - a whole data set from one text: a line "@@ NAME" begins the file NAME.
//
// The first byte chooses the options. Whatever the importer accepts must be a plant file that our
// own YAML reader takes.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "import/smt2020.h"
#include "plant/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES_MAX = 40 };

static size_t split(ls_arena *arena, const char *text, size_t size, ls_import_file *files) {
    size_t count = 0, at = 0;
    while (at < size) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        size_t next = end != NULL ? at + length + 1 : size;
        if (length > 3 && memcmp(text + at, "@@ ", 3) == 0 && count < FILES_MAX) {
            files[count].name = ls_arena_text(arena, text + at + 3, length - 3);
            files[count].text = text + next;
            count++;
        } else if (count > 0) {
            files[count - 1].size = (size_t)(text + next - files[count - 1].text);
        }
        at = next;
    }
    return count;
}

static ls_status load_initial(void *context, const char *name, const char **out, size_t *out_size,
                              ls_error *err) {
    (void)name;
    (void)err;
    const ls_buffer *initial = context;
    *out = initial->data != NULL ? initial->data : "";
    *out_size = initial->size;
    return LS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    ls_arena arena;
    ls_arena_init(&arena);
    ls_import_file items[FILES_MAX] = {0};
    ls_import_files files = {.folder = "set", .items = items};
    files.count = split(&arena, (const char *)data + 1, size - 1, items);
    ls_smt2020_options options = ls_smt2020_options_default((data[0] & 1) != 0);
    options.dispatch = (ls_smt2020_dispatch)(data[0] / 2 % 3);
    ls_buffer plant, initial;
    ls_buffer_init(&plant);
    ls_buffer_init(&initial);
    ls_errors errors;
    ls_errors_init(&errors);
    ls_status status = ls_import_smt2020(&files, &options, &plant, &initial, &errors);
    if ((status == LS_OK) != (errors.total == 0)) {
        abort();
    }
    if (status == LS_OK) {
        ls_yaml *root;
        if (ls_yaml_parse(plant.data, plant.size, "plant.yaml", &arena, &root, NULL) != LS_OK) {
            abort();
        }
        ls_plant *read = NULL;
        ls_plant_files beside = {.load = load_initial, .context = &initial};
        (void)ls_plant_read(plant.data, plant.size, "plant.yaml", &beside, &read, &errors);
        ls_plant_destroy(read);
    }
    ls_errors_clear(&errors);
    ls_buffer_clear(&initial);
    ls_buffer_clear(&plant);
    ls_arena_clear(&arena);
    return 0;
}
