// bytes.h - growing and reading byte strings of the history's formats.
//
// Numbers are little endian; small ones are varints of 7 bits a byte. A writer that ran out of
// memory, a reader that ran over the end, remember it: check `failed` once, at the end.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

typedef struct ls_writer {
    uint8_t *bytes;  // owned
    size_t size, capacity;
    bool failed;
} ls_writer;

typedef struct ls_reader {
    const uint8_t *at, *end;
    bool failed;
} ls_reader;

static inline uint64_t ls_zigzag(int64_t value) {
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}
static inline int64_t ls_unzigzag(uint64_t value) {
    return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}
// How many bits it takes: 0 for 0, 64 for UINT64_MAX.
static inline unsigned ls_bit_width(uint64_t value) {
    return value == 0 ? 0 : 64u - (unsigned)__builtin_clzll(value);
}

// Room for `more` bytes behind the end, or false.
static inline bool ls_writer_reserve(ls_writer *out, size_t more) {
    if (out->capacity - out->size >= more) {
        return true;
    }
    size_t capacity = out->capacity < 256 ? 256 : out->capacity;
    while (capacity - out->size < more) {
        if (capacity > SIZE_MAX / 2) {
            out->failed = true;
            return false;
        }
        capacity *= 2;
    }
    uint8_t *bytes = ls_realloc(out->bytes, capacity);
    if (bytes == NULL) {
        out->failed = true;
        return false;
    }
    out->bytes = bytes;
    out->capacity = capacity;
    return true;
}
static inline void ls_writer_clear(ls_writer *out) {
    ls_free(out->bytes);
    *out = (ls_writer){0};
}
static inline void ls_write_bytes(ls_writer *out, const void *bytes, size_t size) {
    if (size > 0 && ls_writer_reserve(out, size)) {
        memcpy(out->bytes + out->size, bytes, size);
        out->size += size;
    }
}
static inline void ls_write_byte(ls_writer *out, uint8_t byte) {
    ls_write_bytes(out, &byte, 1);
}
// Into memory that has room for 10 bytes; returns the end.
static inline uint8_t *ls_put_varint(uint8_t *at, uint64_t value) {
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}
static inline void ls_write_varint(ls_writer *out, uint64_t value) {
    if (ls_writer_reserve(out, 10)) {
        out->size = (size_t)(ls_put_varint(out->bytes + out->size, value) - out->bytes);
    }
}

static inline ls_reader ls_reader_of(const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    return (ls_reader){.at = at, .end = size > 0 ? at + size : at};
}
static inline size_t ls_reader_left(const ls_reader *in) {
    return (size_t)(in->end - in->at);
}
// NULL, and failed, when there are not so many.
static inline const uint8_t *ls_read_bytes(ls_reader *in, size_t size) {
    if (ls_reader_left(in) < size) {
        in->failed = true;
        in->at = in->end;
        return NULL;
    }
    const uint8_t *bytes = in->at;
    in->at += size;
    return bytes;
}
static inline uint8_t ls_read_byte(ls_reader *in) {
    const uint8_t *byte = ls_read_bytes(in, 1);
    return byte != NULL ? *byte : 0;
}
static inline uint64_t ls_read_varint(ls_reader *in) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t byte = ls_read_byte(in);
        if (shift == 63 && byte > 1) {
            break;  // more than 64 bits
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return in->failed ? 0 : value;
        }
    }
    in->failed = true;
    return 0;
}
