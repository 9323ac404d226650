// gzip_fuzz.c - any bytes as a packed file: text, or a reason.
#include <stdint.h>
#include <stdlib.h>

#include "base/gzip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_error err = {0};
    char *out = NULL;
    size_t out_size = 0;
    if (ls_gzip_unpack(data, size, 1 << 20, "x.gz", &arena, &out, &out_size, &err) == LS_OK
            ? out[out_size] != '\0'
            : err.text[0] == '\0') {
        abort();
    }
    ls_arena_clear(&arena);
    return 0;
}
