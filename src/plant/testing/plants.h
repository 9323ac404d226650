// plants.h - what the tests of this room share: plants read from text and from files.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plant/read.h"
#include "tests/harness.h"

// Files beside a plant file, under tests/data/plant.
typedef struct test_files {
    char *loaded[64];
    size_t count;
} test_files;

static inline ls_status test_load(void *context, const char *name, const char **out,
                                  size_t *out_size, ls_error *err) {
    test_files *files = context;
    char path[300];
    uint64_t size = 0;
    snprintf(path, sizeof path, "tests/data/plant/%s", name);
    char *text = files->count < 64 ? harness_read_file(harness_source_path(path), &size) : NULL;
    if (text == NULL) {
        return ls_fail(err, LS_ERR_IO, "it is not there");
    }
    files->loaded[files->count++] = text;
    *out = text;
    *out_size = (size_t)size;
    return LS_OK;
}

static inline void test_files_clear(test_files *files) {
    for (size_t i = 0; i < files->count; i++) {
        free(files->loaded[i]);
    }
    files->count = 0;
}

static inline ls_plant *test_read(const char *text, size_t size, ls_errors *errors) {
    test_files files = {.count = 0};
    const ls_plant_files from = {.load = test_load, .context = &files};
    ls_plant *plant = NULL;
    const ls_status status = ls_plant_read(text, size, "plant.yaml", &from, &plant, errors);
    CHECK((status == LS_OK) == (plant != NULL));
    test_files_clear(&files);
    return plant;
}

// A plant that is right; a mistake is printed and the check fails.
static inline ls_plant *test_good(const char *text) {
    ls_errors errors;
    ls_errors_init(&errors);
    ls_plant *plant = test_read(text, strlen(text), &errors);
    CHECK(plant != NULL);
    for (size_t i = 0; i < errors.count; i++) {
        CHECK_STR(errors.items[i].text, "");
    }
    ls_errors_clear(&errors);
    return plant;
}

static inline ls_plant *test_good_file(const char *path) {
    char *text = harness_read_file(harness_source_path(path), NULL);
    CHECK(text != NULL);
    ls_plant *plant = text != NULL ? test_good(text) : NULL;
    free(text);
    return plant;
}

// Appends at most `most` errors as people see them.
static inline void test_put_errors(ls_buffer *out, const ls_errors *errors, size_t most) {
    for (size_t i = 0; i < errors->count && i < most; i++) {
        char text[2048];
        ls_error_format(&errors->items[i], text, sizeof text);
        ls_buffer_text(out, text);
    }
    if (errors->count > most) {
        ls_buffer_printf(out, "... and %zu more\n", errors->count - most);
    }
}
