// learner_state_fuzz.c - any bytes as the state of a training: refused, or whole.
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "model/learner_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // As it is, and with a true sum behind it, so that what lies behind the sum is reached.
    uint8_t key[LS_SHA256_SIZE] = {0};
    ls_learner_state state;
    ls_error err;
    (void)ls_learner_state_read(data, size, key, &state, &err);
    uint8_t *whole = ls_alloc(size + LS_SHA256_SIZE);
    if (whole == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(whole, data, size);
    }
    ls_sha256_of(whole, size, whole + size);
    if (size >= 8 + LS_SHA256_SIZE) {
        memcpy(key, whole + 8, LS_SHA256_SIZE);
    }
    if (ls_learner_state_read(whole, size + LS_SHA256_SIZE, key, &state, &err) == LS_OK) {
        volatile uint8_t sink = 0;
        for (size_t i = 0; i < state.model_size; i++) {
            sink = (uint8_t)(sink ^ ((const uint8_t *)state.model)[i]);
        }
    }
    ls_free(whole);
    return 0;
}
