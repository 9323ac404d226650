// sha256.c - see sha256.h.
#include "model/sha256.h"

#include <assert.h>
#include <string.h>

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2).
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, unsigned count) {
    return (x >> count) | (x << (32 - count));
}

static uint32_t big_endian(const uint8_t *p) {
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++) {
        w[i] = big_endian(block + 4 * i);
    }
    for (int i = 16; i < 64; i++) {
        const uint32_t a = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >> 3);
        const uint32_t b = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >> 10);
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i++) {
        const uint32_t e = s[4], a = s[0];
        const uint32_t first = s[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) +
                               ((e & s[5]) ^ (~e & s[6])) + constants[i] + w[i];
        const uint32_t second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) +
                                ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += first;
        s[0] = first + second;
    }
    for (int i = 0; i < 8; i++) {
        state[i] += s[i];
    }
}

void ls_sha256_init(ls_sha256 *sha) {
    // The first 32 bits of the fractional parts of the square roots of the first 8 primes (5.3.3).
    static const uint32_t begin[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memset(sha, 0, sizeof *sha);
    memcpy(sha->state, begin, sizeof begin);
}

void ls_sha256_add(ls_sha256 *sha, const void *bytes, size_t size) {
    assert(bytes != NULL || size == 0);
    const uint8_t *p = bytes;
    size_t filled = (size_t)(sha->size % 64);
    sha->size += size;
    while (size > 0) {
        if (filled == 0 && size >= 64) {
            compress(sha->state, p);
            p += 64;
            size -= 64;
            continue;
        }
        const size_t take = size < 64 - filled ? size : 64 - filled;
        memcpy(sha->block + filled, p, take);
        p += take;
        size -= take;
        filled += take;
        if (filled == 64) {
            compress(sha->state, sha->block);
            filled = 0;
        }
    }
}

void ls_sha256_end(ls_sha256 *sha, uint8_t out[LS_SHA256_SIZE]) {
    const uint64_t bits = sha->size * 8;
    const uint8_t mark = 0x80, zero = 0;
    uint8_t length[8];
    ls_sha256_add(sha, &mark, 1);
    while (sha->size % 64 != 56) {
        ls_sha256_add(sha, &zero, 1);
    }
    for (int i = 0; i < 8; i++) {
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    ls_sha256_add(sha, length, sizeof length);
    for (int i = 0; i < 32; i++) {
        out[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

void ls_sha256_of(const void *bytes, size_t size, uint8_t out[LS_SHA256_SIZE]) {
    ls_sha256 sha;
    ls_sha256_init(&sha);
    ls_sha256_add(&sha, bytes, size);
    ls_sha256_end(&sha, out);
}

void ls_sha256_text(const uint8_t sum[LS_SHA256_SIZE], char out[LS_SHA256_TEXT]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < LS_SHA256_SIZE; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[2 * LS_SHA256_SIZE] = '\0';
}
