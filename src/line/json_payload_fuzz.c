// json_payload_fuzz.c - plain MQTT payloads. First byte: with fields and time named, or without.
#include <assert.h>
#include <string.h>

#include "line/json_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const fields[] = {"v", "a.b.0.c", "a.0", "..", "t"};
    const bool named = size > 0 && data[0] % 2 == 1;
    const ls_topic topic = {.filter = "#",
                            .time_path = named ? "t" : NULL,
                            .fields = fields,
                            .field_count = named ? 5 : 0};
    ls_json_payload payload;
    ls_error err = {0};
    ls_json_payload_init(&payload);
    const size_t skip = size > 0 ? 1 : 0;
    const ls_status status = ls_json_payload_read(&payload, &topic, data + skip, size - skip, 17,
                                                  &err);
    assert((status == LS_OK) == (err.text[0] == '\0'));
    assert(status == LS_OK || payload.count == 0);
    for (uint32_t i = 0; i < payload.count; i++) {
        const ls_json_value *value = payload.values + i;
        assert(value->path + value->path_size <= payload.paths.size);
        assert(value->sample.kind < LS_VALUE_KIND_COUNT);
        if (value->sample.kind == LS_VALUE_TEXT) {
            assert(ls_text_is_utf8(value->sample.value.text, value->sample.size, NULL));
        }
    }
    ls_json_payload_clear(&payload);
    return 0;
}
