// Any bytes as a block; with a first byte of 0 the checksum is put right, to reach what is behind
// it. What could be read is packed again and read again: it must be the same.
#include <stdlib.h>

#include "history/block.h"
#include "history/bytes.h"
#include "history/crc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pack_again(ls_block_codec *first, const ls_sample *samples, size_t count) {
    ls_block_codec *second = NULL;
    const void *bytes = NULL;
    size_t size = 0;
    size_t taken = 0;
    const ls_sample *got = NULL;
    size_t got_count = 0;
    (void)first;  // owns the samples
    if (ls_block_codec_create(&second, NULL) != LS_OK) {
        return;
    }
    if (ls_block_pack(second, samples, count, &bytes, &size, &taken, NULL) != LS_OK) {
        abort();
    }
    uint8_t *copy = malloc(size);
    memcpy(copy, bytes, size);
    if (ls_block_unpack(second, copy, size, 0, &got, &got_count, NULL) != LS_OK ||
        got_count != taken || taken != count) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        if (samples[i].time_us != got[i].time_us || samples[i].flags != got[i].flags ||
            !ls_sample_same(&samples[i], &got[i])) {
            abort();
        }
    }
    free(copy);
    ls_block_codec_destroy(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ls_block_codec *codec;
    if (codec == NULL && ls_block_codec_create(&codec, NULL) != LS_OK) {
        return 0;
    }
    uint8_t *bytes = malloc(size + 1);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    if (size > 5 && bytes[0] == 0) {
        const uint32_t crc = ls_crc32c(0, bytes + 5, size - 5);
        bytes[0] = 1;
        memcpy(bytes + 1, &crc, 4);
    }
    const ls_sample *samples = NULL;
    size_t count = 0;
    if (ls_block_unpack(codec, bytes, size, 0, &samples, &count, NULL) == LS_OK) {
        pack_again(codec, samples, count);
    }
    free(bytes);
    return 0;
}
