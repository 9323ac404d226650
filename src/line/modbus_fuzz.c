// modbus_fuzz.c - a stream of requests at the server's tables, and words as every type of register.
//
// A first byte below 128: the rest is a stream as a client sends it. Else: a type, and its words.
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "line/modbus_answer.h"
#include "line/modbus_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_stream(const uint8_t *data, size_t size) {
    static uint16_t values[LS_MODBUS_TABLES][300];
    ls_modbus_tables tables = {.counts = {300, 200, 300, 0}};
    for (int i = 0; i < LS_MODBUS_TABLES; i++) {
        tables.values[i] = values[i];
    }
    for (size_t length = ls_modbus_frame(data, size); length > 0 && length != SIZE_MAX;
         length = ls_modbus_frame(data, size)) {
        uint8_t out[LS_MODBUS_FRAME_MAX];
        ls_modbus_write write;
        const size_t answered = ls_modbus_answer(&tables, data, length, out, &write);
        if (answered < 9 || ls_modbus_frame(out, answered) != answered ||
            (uint64_t)write.at + write.count > tables.counts[write.table]) {
            abort();
        }
        data += length;
        size -= length;
    }
}

static void run_value(const uint8_t *data, size_t size) {
    ls_register reg = {.type = (ls_register_type)(data[0] % 10),
                       .low_word_first = (data[0] & 16) != 0,
                       .byte_swap = (data[0] & 32) != 0,
                       .words = (uint32_t)(data[1] % 125 + 1),
                       .bit = data[1] % 16,
                       .scale = (data[0] & 64) != 0 ? 0.1 : 1};
    uint16_t words[128] = {0};
    uint16_t again[128] = {0};
    char text[LS_MODBUS_TEXT_MAX];
    ls_sample s = {0};
    memcpy(words, data + 2, size - 2 < sizeof words ? size - 2 : sizeof words);
    ls_modbus_decode(&reg, words, &s, text);
    if (s.kind == LS_VALUE_TEXT && s.size > 0 && !ls_text_is_utf8(s.value.text, s.size, NULL)) {
        abort();
    }
    (void)ls_modbus_encode(&reg, &s, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0 && data[0] < 128) {
        run_stream(data + 1, size - 1);
    } else if (size > 3) {
        run_value(data + 1, size - 1);
    }
    return 0;
}
