// sparkplug_wire.h - reading protobuf's wire format in place. Inside of sparkplug_payload.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "line/sparkplug_payload.h"

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_SPAN = 2, WIRE_32 = 5 };

typedef struct wire {
    const uint8_t *at, *end;
    const char *reason;  // NULL while all is well
} wire;

static inline bool wire_fail(wire *w, const char *reason) {
    w->reason = reason;
    return false;
}

// Byte by byte: near the end, longer than eight bytes, or wrong.
__attribute__((noinline)) static bool wire_varint_slow(wire *w, uint64_t *out) {
    uint64_t value = 0;
    const uint8_t *at = w->at;
    for (unsigned shift = 0; at < w->end; shift += 7) {
        const uint64_t byte = *at++;
        if (shift == 63 && byte > 1) {
            return wire_fail(w, "a varint is longer than 64 bits");
        }
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) {
            w->at = at;
            *out = value;
            return true;
        }
    }
    return wire_fail(w, "it ends within a varint");
}

static inline uint64_t wire_little(const uint8_t *at, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

// Times take six bytes, so this is worth it: all at once, the groups of seven bits pushed together
// by halves.
static inline bool wire_varint_long(wire *w, uint64_t *out) {
    if (w->end - w->at < 8) {
        return wire_varint_slow(w, out);
    }
    uint64_t x = wire_little(w->at, 8);
    const uint64_t stop = ~x & 0x8080808080808080u;
    if (stop == 0) {
        return wire_varint_slow(w, out);
    }
    w->at += (unsigned)__builtin_ctzll(stop) / 8 + 1;
    x &= stop ^ (stop - 1);
    x = (x & 0x007f007f007f007fu) | (x & 0x7f007f007f007f00u) >> 1;
    x = (x & 0x00003fff00003fffu) | (x & 0x3fff00003fff0000u) >> 2;
    *out = (x & 0x000000000fffffffu) | (x & 0x0fffffff00000000u) >> 4;
    return true;
}

static inline bool wire_varint(wire *w, uint64_t *out) {
    if (w->at < w->end && *w->at < 0x80) {
        *out = *w->at++;
        return true;
    }
    return wire_varint_long(w, out);
}

static inline bool wire_fixed(wire *w, unsigned bytes, uint64_t *out) {
    if ((size_t)(w->end - w->at) < bytes) {
        return wire_fail(w, "it ends within a number");
    }
    *out = wire_little(w->at, bytes);
    w->at += bytes;
    return true;
}

static inline bool wire_span(wire *w, ls_sparkplug_span *out) {
    uint64_t size;
    if (!wire_varint(w, &size)) {
        return false;
    }
    if (size > (uint64_t)(w->end - w->at)) {
        return wire_fail(w, "a length goes beyond the end");
    }
    out->data = (const char *)w->at;
    out->size = (size_t)size;
    w->at += size;
    return true;
}

static inline wire wire_of(ls_sparkplug_span span) {
    const uint8_t *at = (const uint8_t *)span.data;
    return (wire){.at = at, .end = at + span.size};
}

// Field and wire type; groups and field 0 are refused here, so that `wire_skip` knows every type.
static inline bool wire_key(wire *w, uint32_t *out_field, uint32_t *out_type) {
    uint64_t key;
    if (!wire_varint(w, &key)) {
        return false;
    }
    *out_field = (uint32_t)(key >> 3);
    *out_type = (uint32_t)(key & 7);
    if (key > UINT32_MAX || key < 8) {
        return wire_fail(w, "a field has a number that cannot be");
    }
    if (*out_type == 3 || *out_type == 4) {
        return wire_fail(w, "it holds a group, which this format does not have");
    }
    if (*out_type > WIRE_32) {
        return wire_fail(w, "a field has a wire type that does not exist");
    }
    return true;
}

static inline bool wire_skip(wire *w, uint32_t type) {
    uint64_t number;
    ls_sparkplug_span span;
    switch (type) {
    case WIRE_VARINT: return wire_varint(w, &number);
    case WIRE_64: return wire_fixed(w, 8, &number);
    case WIRE_SPAN: return wire_span(w, &span);
    default: return wire_fixed(w, 4, &number);
    }
}

static inline bool wire_expect(wire *w, uint32_t type, uint32_t wanted) {
    return type == wanted || wire_fail(w, "a known field has another wire type than it should");
}
