// bitset.c - see bitset.h.
#include "pool/bitset.h"

#include <assert.h>

bool ls_bitset_init(ls_bitset *set, uint32_t range) {
    *set = (ls_bitset){0};
    size_t sizes[LS_BITSET_LEVELS], sum = 0, size = range;
    do {
        size = size / 64 + 1;
        assert(set->levels < LS_BITSET_LEVELS);
        sizes[set->levels++] = size;
        sum += size;
    } while (size > 1);
    uint64_t *words = ls_alloc(sum * sizeof *words);
    if (words == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < set->levels; i++) {
        set->words[i] = words;
        words += sizes[i];
    }
    return true;
}

void ls_bitset_clear(ls_bitset *set) {
    ls_free(set->words[0]);
    *set = (ls_bitset){0};
}

void ls_bitset_add(ls_bitset *set, uint32_t member) {
    for (uint32_t i = 0; i < set->levels; i++) {
        uint64_t *word = set->words[i] + (member >> 6);
        const uint64_t was = *word;
        *word = was | (uint64_t)1 << (member & 63);
        member >>= 6;
        if (was != 0) {
            break;
        }
    }
    set->count++;
}

void ls_bitset_remove(ls_bitset *set, uint32_t member) {
    for (uint32_t i = 0; i < set->levels; i++) {
        uint64_t *word = set->words[i] + (member >> 6);
        *word &= ~((uint64_t)1 << (member & 63));
        member >>= 6;
        if (*word != 0) {
            break;
        }
    }
    set->count--;
}

uint32_t ls_bitset_next(const ls_bitset *set, uint32_t from) {
    // Up until a word has a member at or behind the place, then down to the least below it.
    uint64_t at = from;
    for (uint32_t i = 0; i < set->levels && set->count > 0; i++) {
        uint64_t word = set->words[i][at >> 6] >> (at & 63);
        if (word != 0) {
            at += (uint64_t)__builtin_ctzll(word);
            while (i > 0) {
                i--;
                at = at << 6 | (uint64_t)__builtin_ctzll(set->words[i][at]);
            }
            return (uint32_t)at;
        }
        at = (at >> 6) + 1;
    }
    return UINT32_MAX;
}
