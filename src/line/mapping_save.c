// mapping_save.c - the counters' last values as bytes, by name of tag, so that a changed plant file
// takes what is still the same.
#include <assert.h>
#include <string.h>

#include "line/mapping_inside.h"

static const char magic[8] = "LSMAP\1\n";
enum { HEAD_SIZE = 12, SEAL_SIZE = 8, ROW_SIZE = 2 + 8 + 8 };

static void put(ls_buffer *out, uint64_t value, int bytes) {
    char text[8];
    for (int i = 0; i < bytes; i++) {
        text[i] = (char)(value >> (8 * i));
    }
    ls_buffer_append(out, text, (size_t)bytes);
}

static uint64_t take(const unsigned char *at, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

static uint64_t seal(const void *bytes, size_t size) {
    uint64_t hash = 14695981039346656037ULL;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211ULL;
    }
    return hash;
}

ls_status ls_mapping_save(const ls_mapping *mapping, void **out, size_t *out_size, ls_error *err) {
    assert(mapping != NULL && out != NULL && out_size != NULL);
    ls_buffer bytes;
    uint32_t count = 0;
    ls_buffer_init(&bytes);
    for (uint32_t i = 0; i < mapping->figures.bindings; i++) {
        count += mapping->slots[i].counter.known ? 1 : 0;
    }
    ls_buffer_append(&bytes, magic, sizeof magic);
    put(&bytes, count, 4);
    for (uint32_t i = 0; i < mapping->figures.bindings; i++) {
        const ls_slot *slot = &mapping->slots[i];
        if (slot->counter.known) {
            const size_t length = strlen(slot->binding->tag);
            put(&bytes, length, 2);
            put(&bytes, slot->counter.value, 8);
            put(&bytes, (uint64_t)slot->counter.time_us, 8);
            ls_buffer_append(&bytes, slot->binding->tag, length);
        }
    }
    put(&bytes, seal(bytes.data, bytes.data == NULL ? 0 : bytes.size), SEAL_SIZE);
    if (bytes.failed) {
        ls_buffer_clear(&bytes);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    *out = bytes.data;
    *out_size = bytes.size;
    return LS_OK;
}

static void restore(ls_mapping *m, const char *tag, size_t length, uint64_t value,
                    int64_t time_us) {
    const uint32_t number = ls_tags_find(m->tags, tag, length);
    const uint32_t at = number < m->tag_count ? m->by_tag[number] : LS_NONE;
    if (at == LS_NONE) {
        return;  // the plant file has changed: not a counter any more
    }
    const ls_meaning means = m->slots[at].binding->means;
    if (means == LS_MEANS_GOOD || means == LS_MEANS_BAD) {
        m->slots[at].counter = (ls_counter){.known = true, .time_us = time_us, .value = value};
    }
}

static ls_status damaged(ls_error *err) {
    return ls_fail(err, LS_ERR_INVALID, "what was saved of the mapping is damaged");
}

ls_status ls_mapping_load(ls_mapping *mapping, const void *bytes, size_t size, ls_error *err) {
    assert(mapping != NULL && (bytes != NULL || size == 0));
    const unsigned char *at = bytes;
    if (size < HEAD_SIZE + SEAL_SIZE || memcmp(at, magic, sizeof magic) != 0 ||
        take(at + size - SEAL_SIZE, SEAL_SIZE) != seal(at, size - SEAL_SIZE)) {
        return damaged(err);
    }
    const unsigned char *end = at + size - SEAL_SIZE;
    const uint64_t count = take(at + sizeof magic, 4);
    at += HEAD_SIZE;
    for (uint64_t i = 0; i < count; i++) {
        if (end - at < ROW_SIZE || (size_t)(end - at) < ROW_SIZE + take(at, 2)) {
            return damaged(err);
        }
        const size_t length = (size_t)take(at, 2);
        restore(mapping, (const char *)at + ROW_SIZE, length, take(at + 2, 8),
                (int64_t)take(at + 10, 8));
        at += ROW_SIZE + length;
    }
    return at == end ? LS_OK : damaged(err);
}
