// Any bytes as a dataset's file, as they are and with the right SHA-256 behind them. What can be
// read gives the same bytes again.
#include <stdlib.h>
#include <string.h>

#include "model/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_bytes(const unsigned char *bytes, size_t size) {
    ls_dataset dataset, again;
    ls_error err;
    if (ls_dataset_unpack(bytes, size, "fuzz", &dataset, &err) != LS_OK) {
        return;
    }
    ls_arena arena;
    ls_arena_init(&arena);
    unsigned char *packed = NULL;
    size_t packed_size = 0;
    if (ls_dataset_pack(&dataset, &arena, &packed, &packed_size, &err) != LS_OK ||
        ls_dataset_unpack(packed, packed_size, "again", &again, &err) != LS_OK ||
        again.row_count != dataset.row_count || again.column_count != dataset.column_count) {
        abort();
    }
    ls_dataset_clear(&again);
    ls_arena_clear(&arena);
    ls_dataset_clear(&dataset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    try_bytes(data, size);
    unsigned char *signed_bytes = malloc(size + LS_SHA256_SIZE);
    if (signed_bytes != NULL) {
        if (size > 0) {
            memcpy(signed_bytes, data, size);
        }
        ls_sha256_of(data, size, signed_bytes + size);
        try_bytes(signed_bytes, size + LS_SHA256_SIZE);
    }
    free(signed_bytes);
    return 0;
}
