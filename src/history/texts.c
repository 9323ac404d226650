// texts.c - see texts.h.
//
// A column is: how many different texts, their sizes (varints), how many bytes they have, the bytes
// through zstd where that pays, and the index of each value as a column of integers.
#include "history/texts.h"

#include <assert.h>

#include "history/block.h"

enum { SLOTS_FIRST = 64 };

typedef struct entry {
    size_t offset;  // in bytes
    uint32_t size, hash;
} entry;

struct ls_texts {
    ls_writer bytes;
    entry *entries;
    size_t entry_count, entry_room;
    uint32_t *slots;  // index + 1
    size_t slot_count;
    int64_t *indexes;  // room for LS_BLOCK_SAMPLES_MAX
    size_t count;
};

ls_status ls_texts_create(ls_texts **out, ls_error *err) {
    *out = NULL;
    ls_texts *it = ls_alloc(sizeof *it);
    if (it == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for packing samples");
    }
    it->slot_count = SLOTS_FIRST;
    it->slots = ls_alloc(SLOTS_FIRST * sizeof *it->slots);
    it->indexes = ls_alloc(LS_BLOCK_SAMPLES_MAX * sizeof *it->indexes);
    if (it->slots == NULL || it->indexes == NULL) {
        ls_texts_destroy(it);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for packing samples");
    }
    *out = it;
    return LS_OK;
}

void ls_texts_destroy(ls_texts *it) {
    if (it == NULL) {
        return;
    }
    ls_writer_clear(&it->bytes);
    ls_free(it->entries);
    ls_free(it->slots);
    ls_free(it->indexes);
    ls_free(it);
}

void ls_texts_start(ls_texts *it) {
    it->bytes.size = 0;
    it->bytes.failed = false;
    it->entry_count = 0;
    it->count = 0;
    memset(it->slots, 0, it->slot_count * sizeof *it->slots);
}

static uint32_t hash_text(const char *text, uint32_t size) {
    uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
    for (uint32_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    }
    return (uint32_t)(hash ^ (hash >> 32));
}

static size_t find_slot(const ls_texts *it, const char *text, uint32_t size, uint32_t hash) {
    size_t at = hash & (it->slot_count - 1);
    while (it->slots[at] != 0) {
        const entry *there = &it->entries[it->slots[at] - 1];
        if (there->hash == hash && there->size == size &&
            (size == 0 || memcmp(it->bytes.bytes + there->offset, text, size) == 0)) {
            break;
        }
        at = (at + 1) & (it->slot_count - 1);
    }
    return at;
}

static bool grow(ls_texts *it) {
    if (it->entry_count == it->entry_room) {
        const size_t room = it->entry_room == 0 ? 32 : it->entry_room * 2;
        entry *entries = ls_realloc(it->entries, room * sizeof *entries);
        if (entries == NULL) {
            return false;
        }
        it->entries = entries;
        it->entry_room = room;
    }
    if ((it->entry_count + 1) * 2 > it->slot_count) {
        uint32_t *slots = ls_alloc(it->slot_count * 2 * sizeof *slots);
        if (slots == NULL) {
            return false;
        }
        ls_free(it->slots);
        it->slots = slots;
        it->slot_count *= 2;
        for (uint32_t k = 0; k < it->entry_count; k++) {
            size_t at = it->entries[k].hash & (it->slot_count - 1);
            while (slots[at] != 0) {
                at = (at + 1) & (it->slot_count - 1);
            }
            slots[at] = k + 1;
        }
    }
    return ls_writer_reserve(&it->bytes, 1);
}

bool ls_texts_add(ls_texts *it, const char *text, uint32_t size, bool *failed) {
    assert(it->count < LS_BLOCK_SAMPLES_MAX);
    const uint32_t hash = hash_text(text, size);
    size_t slot = find_slot(it, text, size, hash);
    if (it->slots[slot] == 0) {
        if (it->bytes.size + size > LS_BLOCK_TEXT_MAX && it->bytes.size > 0) {
            return false;
        }
        if (!grow(it) || !ls_writer_reserve(&it->bytes, size)) {
            *failed = true;
            return false;
        }
        slot = find_slot(it, text, size, hash);
        it->entries[it->entry_count] = (entry){it->bytes.size, size, hash};
        it->slots[slot] = (uint32_t)++it->entry_count;
        ls_write_bytes(&it->bytes, text, size);
    }
    it->indexes[it->count++] = (int64_t)it->slots[slot] - 1;
    return true;
}

void ls_texts_pack(ls_texts *it, ls_integers *integers, ls_writer *out) {
    assert(it->count > 0);
    ls_write_varint(out, it->entry_count);
    for (size_t k = 0; k < it->entry_count; k++) {
        ls_write_varint(out, it->entries[k].size);
    }
    ls_squeeze_pack(integers, it->bytes.bytes, it->bytes.size, out);
    ls_integers_pack(integers, it->indexes, it->count, false, out);
}

// The sizes; the sum is bounded before anything is allocated.
static void read_entries(ls_texts *it, ls_reader *in, size_t count) {
    size_t total = 0;
    for (size_t k = 0; k < count; k++) {
        const uint64_t size = ls_read_varint(in);
        // More than the limit only when it is one text: that is always taken.
        if (in->failed || size > LS_SAMPLE_TEXT_MAX || total + size > LS_BLOCK_TEXT_MAX) {
            in->failed = true;
            return;
        }
        if (!grow(it)) {
            it->bytes.failed = true;
            return;
        }
        it->entries[it->entry_count++] = (entry){total, (uint32_t)size, 0};
        total += (size_t)size;
    }
    if (!ls_writer_reserve(&it->bytes, total)) {
        return;
    }
    it->bytes.size = total;
}

void ls_texts_unpack(ls_texts *it, ls_integers *integers, ls_reader *in, size_t count) {
    ls_texts_start(it);
    const uint64_t entries = ls_read_varint(in);
    if (entries == 0 || entries > count || entries > ls_reader_left(in)) {
        in->failed = true;
        return;
    }
    read_entries(it, in, (size_t)entries);
    if (in->failed || it->bytes.failed) {
        in->failed = true;
        return;
    }
    ls_squeeze_unpack(integers, in, it->bytes.bytes, it->bytes.size);
    if (in->failed) {
        return;
    }
    ls_integers_unpack(integers, in, it->indexes, count);
    it->count = count;
    for (size_t i = 0; i < count && !in->failed; i++) {
        in->failed = (uint64_t)it->indexes[i] >= entries;
    }
}

ls_piece ls_texts_get(const ls_texts *it, size_t index) {
    assert(index < it->count);
    const entry *of = &it->entries[it->indexes[index]];
    return (ls_piece){(const char *)it->bytes.bytes + of->offset, of->size};
}
