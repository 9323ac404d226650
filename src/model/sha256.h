// sha256.h - SHA-256 (FIPS 180-4): the name of bytes that nobody can give to other bytes.
//
// For manifests and lineage. Pure; no allocation.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LS_SHA256_SIZE = 32, LS_SHA256_TEXT = 65 };

typedef struct ls_sha256 {
    uint32_t state[8];
    uint64_t size;  // bytes so far
    uint8_t block[64];
} ls_sha256;

void ls_sha256_init(ls_sha256 *sha);
void ls_sha256_add(ls_sha256 *sha, const void *bytes, size_t size);
// Ends it; init before it is used again.
void ls_sha256_end(ls_sha256 *sha, uint8_t out[LS_SHA256_SIZE]);

void ls_sha256_of(const void *bytes, size_t size, uint8_t out[LS_SHA256_SIZE]);
// 64 lower-case hexadecimal digits, zero-terminated.
void ls_sha256_text(const uint8_t sum[LS_SHA256_SIZE], char out[LS_SHA256_TEXT]);
