// crc.c - see crc.h. Reflected polynomial 0x82f63b78 (RFC 3720, B.4 has test values).
#include "history/crc.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static uint32_t table[256];
static bool by_processor;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int k = 0; k < 8; k++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
        }
        table[i] = crc;
    }
#if defined(__x86_64__)
    by_processor = __builtin_cpu_supports("sse4.2") != 0;
#endif
}

uint32_t ls_crc32c_table(uint32_t before, const void *bytes, size_t size) {
    (void)pthread_once(&once, prepare);
    const unsigned char *at = bytes;
    uint32_t crc = ~before;
    for (size_t i = 0; i < size; i++) {
        crc = (crc >> 8) ^ table[(crc ^ at[i]) & 0xff];
    }
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t before, const void *bytes,
                                                            size_t size) {
    const unsigned char *at = bytes;
    uint64_t crc = ~before;
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        crc = __builtin_ia32_crc32di(crc, word);
        at += 8;
        size -= 8;
    }
    uint32_t rest = (uint32_t)crc;
    while (size-- > 0) {
        rest = __builtin_ia32_crc32qi(rest, *at++);
    }
    return ~rest;
}
#endif

uint32_t ls_crc32c(uint32_t before, const void *bytes, size_t size) {
    (void)pthread_once(&once, prepare);
#if defined(__x86_64__)
    if (by_processor) {
        return crc_sse42(before, bytes, size);
    }
#endif
    return ls_crc32c_table(before, bytes, size);
}
