// tokens_fuzz.c - a hostile file of tokens: read, or refused with a word why.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "exec/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_account_token *rows = NULL;
    uint32_t count = 0;
    ls_error err = {0};
    const ls_status status = ls_tokens_parse((const char *)data, size, &rows, &count, &err);
    if ((status == LS_OK) == (err.text[0] != '\0') || (status != LS_OK && rows != NULL)) {
        abort();
    }
    for (uint32_t i = 0; i < count; i++) {
        if (strlen(rows[i].name) == 0 || strlen(rows[i].name) >= LS_TOKEN_NAME_SIZE ||
            (i > 0 && strcmp(rows[i - 1].name, rows[i].name) >= 0)) {
            abort();
        }
    }
    ls_free(rows);
    return 0;
}
