// signature_fuzz.c - any bytes as a public key, and as a signature by a good one: never accepted
// for what was not signed.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char key[] =
        "lineshaft-public-key/1 d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\n";
    const char *text = (const char *)data;
    ls_error err = {0};
    if (ls_signature_check(key, strlen(key), "key", "x", 1, text, size, "fuzz", &err) == LS_OK ||
        err.text[0] == '\0') {
        abort();
    }
    err = (ls_error){0};
    if (ls_signature_check(text, size, "fuzz", "x", 1, text, size, "fuzz", &err) == LS_OK ||
        err.text[0] == '\0') {
        abort();
    }
    return 0;
}
