// https_fuzz.c - a hostile head of an answer, and a hostile address: understood, or refused.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "exec/https.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int status = 0;
    int64_t length = 0;
    bool closes = false;
    char *head = malloc(size + 1);  // exactly as large, for the sanitizers
    if (head == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(head, data, size);
    }
    if (ls_https_head_parse(head, size, &status, &length, &closes) &&
        (status < 100 || status > 999 || length < -1)) {
        abort();
    }
    head[size] = '\0';
    ls_https_url url;
    const char *why = NULL;
    const bool good = ls_https_url_parse(head, &url, &why);
    if (why == NULL || (good && (url.host[0] == '\0' || url.port < 1 || url.port > 65535 ||
                                 strpbrk(url.host, "\r\n ") != NULL))) {
        abort();
    }
    free(head);
    return 0;
}
