// names.c - see names.h. Open addressing, at most half full, FNV-1a.
#include "base/names.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"

enum { NAMES_FIRST_CAPACITY = 64 };

static uint64_t hash_of(uint32_t scope, const char *text) {
    uint64_t hash = 14695981039346656037ULL ^ scope;
    hash *= 1099511628211ULL;
    for (const unsigned char *c = (const unsigned char *)text; *c != 0; c++) {
        hash = (hash ^ *c) * 1099511628211ULL;
    }
    return hash ^ (hash >> 29);
}

void ls_names_init(ls_names *names) {
    memset(names, 0, sizeof *names);
}

void ls_names_clear(ls_names *names) {
    if (names == NULL) {
        return;
    }
    ls_free(names->slots);
    memset(names, 0, sizeof *names);
}

// The slot that holds the name, or the empty one where it belongs. O(1) on average.
static ls_name_slot *slot_of(const ls_names *names, uint32_t scope, const char *text,
                             uint64_t hash) {
    const uint32_t mask = names->capacity - 1;
    uint32_t at = (uint32_t)hash & mask;
    for (;;) {
        ls_name_slot *slot = &names->slots[at];
        if (slot->text == NULL ||
            (slot->hash == hash && slot->scope == scope && strcmp(slot->text, text) == 0)) {
            return slot;
        }
        at = (at + 1) & mask;
    }
}

uint32_t ls_names_find(const ls_names *names, uint32_t scope, const char *text) {
    assert(text != NULL);
    if (names->capacity == 0) {
        return UINT32_MAX;
    }
    const ls_name_slot *slot = slot_of(names, scope, text, hash_of(scope, text));
    return slot->text == NULL ? UINT32_MAX : slot->value;
}

static bool grow(ls_names *names) {
    const uint32_t capacity = names->capacity == 0 ? NAMES_FIRST_CAPACITY : names->capacity * 2;
    ls_names bigger = {.capacity = capacity, .count = names->count};
    bigger.slots = ls_alloc(capacity * sizeof *bigger.slots);
    if (bigger.slots == NULL) {
        names->failed = true;
        return false;
    }
    for (uint32_t i = 0; i < names->capacity; i++) {
        const ls_name_slot *old = &names->slots[i];
        if (old->text != NULL) {
            *slot_of(&bigger, old->scope, old->text, old->hash) = *old;
        }
    }
    ls_free(names->slots);
    *names = bigger;
    return true;
}

uint32_t ls_names_add(ls_names *names, uint32_t scope, const char *text, uint32_t value) {
    assert(text != NULL);
    if (names->failed || (names->count * 2 >= names->capacity && !grow(names))) {
        return UINT32_MAX;
    }
    const uint64_t hash = hash_of(scope, text);
    ls_name_slot *slot = slot_of(names, scope, text, hash);
    if (slot->text != NULL) {
        return slot->value;
    }
    *slot = (ls_name_slot){.text = text, .scope = scope, .value = value, .hash = hash};
    names->count++;
    return UINT32_MAX;
}

void ls_names_set(ls_names *names, uint32_t scope, const char *text, uint32_t value) {
    assert(names->capacity > 0);
    ls_name_slot *slot = slot_of(names, scope, text, hash_of(scope, text));
    assert(slot->text != NULL);
    slot->value = value;
}
