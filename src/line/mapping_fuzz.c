// mapping_fuzz.c - samples of every kind, in any order, at any bound tag; and what was saved.
//
// Each sample: a byte that chooses the tag, one for the kind, one for quality and flags, eight of
// value or a length and its text. A first byte of 0xFF: the rest is given to load.
#include <stdlib.h>
#include <string.h>

#include "line/mapping.h"
#include "line/testing/mapping_plant.h"
#include "plant/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_heard(void *context, const ls_heard *heard) {
    const ls_plant *plant = context;
    const bool is_line = heard->kind >= LS_HEARD_RELEASED && heard->kind <= LS_HEARD_SCRAPPED;
    const uint32_t count = heard->kind == LS_HEARD_QUEUE ? plant->station_count
                                                         : plant->machine_count;
    const bool is_state = heard->kind != LS_HEARD_STATE ||
                          (heard->number >= 0 && heard->number <= 17);
    if (heard->kind >= LS_HEARD_KIND_COUNT || (!is_line && heard->of >= count) || !is_state ||
        heard->number < 0 || heard->size > 5000 || (heard->size > 0 && heard->text == NULL)) {
        abort();
    }
}

static size_t take_value(const uint8_t *data, size_t size, ls_sample *sample) {
    memset(&sample->value, 0, sizeof sample->value);
    if (sample->kind == LS_VALUE_TEXT || sample->kind == LS_VALUE_BYTES) {
        const size_t length = data[0] < size ? data[0] : size - 1;
        sample->size = (uint32_t)length;
        sample->value.text = (const char *)data + 1;
        return length + 1;
    }
    const size_t length = size < 8 ? size : 8;
    memcpy(&sample->value, data, length);
    if (sample->kind == LS_VALUE_BOOL) {
        sample->value.integer &= 1;
    }
    return length;
}

static void run(ls_mapping *mapping, const ls_plant *plant, const uint8_t *data, size_t size) {
    int64_t time_us = 0;
    while (size >= 4) {
        ls_sample sample = {.tag = data[0], .kind = data[1] % LS_VALUE_KIND_COUNT};
        sample.quality = data[2] & 3;
        sample.flags = (data[2] >> 2) & 7;
        time_us += (int64_t)(data[2] >> 5) * 1000000 - 1000000;
        sample.time_us = time_us;
        const size_t used = 3 + take_value(data + 3, size - 3, &sample);
        const char *refused = NULL;
        void *context = NULL;
        memcpy(&context, &plant, sizeof context);
        (void)ls_mapping_sample(mapping, &sample, check_heard, context, &refused);
        if (refused != NULL && strlen(refused) > 400) {
            abort();
        }
        data += used;
        size -= used;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_plant *plant = NULL;
    ls_tags *tags = NULL;
    ls_mapping *mapping = NULL;
    if (ls_plant_read(test_mapping_plant, sizeof test_mapping_plant - 1, "plant.yaml", NULL, &plant,
                      NULL) != LS_OK ||
        ls_tags_create(&tags, NULL) != LS_OK ||
        ls_mapping_create(plant, tags, &mapping, NULL) != LS_OK) {
        abort();
    }
    if (size > 0 && data[0] == 0xFF) {
        (void)ls_mapping_load(mapping, data + 1, size - 1, NULL);
    } else {
        ls_buffer out;
        ls_buffer_init(&out);
        run(mapping, plant, data, size);
        ls_mapping_complain(mapping, &out);
        ls_buffer_clear(&out);
    }
    ls_mapping_destroy(mapping);
    ls_tags_destroy(tags);
    ls_plant_destroy(plant);
    return 0;
}
