// record_fuzz.c - recordings from a stranger. The CRC is made good, so that what is behind it is
// reached: the first byte says for how many records.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "history/crc.h"
#include "line/record_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_good(unsigned char *bytes, size_t size, unsigned count) {
    size_t at = LS_RECORD_MAGIC_SIZE;
    for (unsigned i = 0; i < count && size - at >= LS_RECORD_HEAD_SIZE; i++) {
        const uint32_t length = (uint32_t)bytes[at + 4] | (uint32_t)bytes[at + 5] << 8;
        bytes[at + 6] = bytes[at + 7] = 0;
        if (length > size - at - LS_RECORD_HEAD_SIZE) {
            return;
        }
        const uint32_t crc = ls_crc32c(0, bytes + at + 4, length + 4);
        for (int j = 0; j < 4; j++) {
            bytes[at + (size_t)j] = (unsigned char)(crc >> 8 * j);
        }
        at += LS_RECORD_HEAD_SIZE + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 + LS_RECORD_MAGIC_SIZE) {
        return 0;
    }
    unsigned char *bytes = malloc(size - 1);
    memcpy(bytes, data + 1, size - 1);
    memcpy(bytes, LS_RECORD_MAGIC, LS_RECORD_MAGIC_SIZE);
    make_good(bytes, size - 1, data[0]);
    ls_record_reader *reader = NULL;
    if (ls_record_open_bytes(bytes, size - 1, &reader, NULL) == LS_OK) {
        ls_mqtt_message message;
        int64_t at_us = 0, before_us = 0;
        while (ls_record_next(reader, &message, &at_us)) {
            assert(at_us >= before_us && message.topic[0] != '\0');
            assert(message.size == 0 || message.payload != NULL);
            before_us = at_us;
        }
        ls_record_reader_close(reader);
    }
    free(bytes);
    return 0;
}
