// propose_fuzz.c - tags of any names: the proposal loads. One tag a line: a byte of kind, then the
// name.
#include <stdlib.h>
#include <string.h>

#include "line/propose.h"
#include "plant/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
    "plant: p\n"
    "stations: {lathe: {machines: [lathe-1, lathe-2], process: 1 min}, wash: {process: 1 min}}\n"
    "products: {x: {route: [lathe, wash], release: {every: 1 h}}}\n";

static void add_lines(ls_tags *tags, const char *at, size_t size) {
    while (size > 1) {
        const char *end = memchr(at, '\n', size);
        const size_t length = end != NULL ? (size_t)(end - at) : size;
        uint32_t tag = 0;
        if (length > 1 && ls_tags_add(tags, at + 1, length - 1, &tag, NULL) == LS_OK) {
            ls_tags_declare(tags, tag, (ls_value_kind)((unsigned char)at[0] % LS_VALUE_KIND_COUNT),
                            (at[0] & 8) != 0 ? "C\"" : "");
        }
        at += length < size ? length + 1 : length;
        size -= length < size ? length + 1 : length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const groups[] = {"g", "h.1"};
    ls_plant *plant = NULL;
    ls_plant *mapped = NULL;
    ls_tags *tags = NULL;
    ls_buffer out;
    ls_propose_figures figures;
    ls_buffer_init(&out);
    ls_buffer_append(&out, text, sizeof text - 1);
    if (ls_plant_read(text, sizeof text - 1, "plant.yaml", NULL, &plant, NULL) != LS_OK ||
        ls_tags_create(&tags, NULL) != LS_OK) {
        abort();
    }
    add_lines(tags, (const char *)data, size < 20000 ? size : 20000);
    const ls_propose_def def = {.plant = plant,
                                .tags = tags,
                                .broker = "mqtt://127.0.0.1:1883",
                                .groups = groups,
                                .group_count = 2};
    if (ls_propose(&def, &out, &figures) != LS_OK ||
        ls_plant_read(out.data, out.size, "plant.yaml", NULL, &mapped, NULL) != LS_OK) {
        abort();
    }
    ls_plant_destroy(mapped);
    ls_plant_destroy(plant);
    ls_tags_destroy(tags);
    ls_buffer_clear(&out);
    return 0;
}
