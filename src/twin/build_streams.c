// build_streams.c - random streams by name.
#include "twin/builder.h"

static uint32_t fnv(uint32_t hash, const char *text) {
    for (; *text != '\0'; text++) {
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    }
    return (hash ^ 0xffu) * 16777619u;  // ends the part
}

// True when the id was free and is now taken.
static bool stream_take(ls_builder *b, uint32_t id) {
    if (2 * (b->taken_count + 1) > b->taken.count) {  // grow and put all in again
        ls_pack old = b->taken;
        ls_pack_init(&b->taken, sizeof(uint64_t));
        ls_pack_grow(&b->taken, old.count == 0 ? 64 : old.count * 2);
        b->taken_count = 0;
        for (size_t i = 0; i < old.count && !b->taken.failed; i++) {
            const uint64_t entry = *LS_PACK_AT(&old, uint64_t, i);
            if (entry != 0) {
                stream_take(b, (uint32_t)(entry - 1));
            }
        }
        ls_pack_clear(&old);
    }
    if (b->taken.failed) {
        return true;
    }
    size_t at = id & (b->taken.count - 1);
    while (*LS_PACK_AT(&b->taken, uint64_t, at) != 0) {
        if (*LS_PACK_AT(&b->taken, uint64_t, at) == (uint64_t)id + 1) {
            return false;
        }
        at = (at + 1) & (b->taken.count - 1);
    }
    *LS_PACK_AT(&b->taken, uint64_t, at) = (uint64_t)id + 1;
    b->taken_count++;
    return true;
}

uint32_t ls_builder_stream(ls_builder *b, const char *kind, const char *a, const char *c,
                           uint32_t number) {
    uint32_t id = fnv(fnv(fnv(2166136261u, kind), a), c);
    id = (id ^ number) * 16777619u;
    id ^= id >> 15;
    while (!stream_take(b, id)) {
        id = (id + 0x9e3779b9u) * 16777619u;
    }
    const uint32_t index = (uint32_t)b->streams.count;
    ls_m_stream *stream = ls_pack_push(&b->streams);
    stream->id = id;
    stream->exp = 1;
    return index;
}

void ls_builder_stream_use(ls_builder *b, uint32_t stream, uint32_t dist) {
    if (dist != LS_NONE && stream < b->streams.count) {
        const uint32_t kind = b->plant->dists[dist].kind;
        if (kind != LS_DIST_EXP && kind != LS_DIST_CONST) {
            LS_PACK_AT(&b->streams, ls_m_stream, stream)->exp = 0;
        }
    }
}
