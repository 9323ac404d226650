// bitset.h - a set of small numbers that finds its next member in the logarithm (of base 64) of
// their range: words, and above them words that say which of them are not 0.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum { LS_BITSET_LEVELS = 6 };

typedef struct ls_bitset {
    uint64_t *words[LS_BITSET_LEVELS];  // words[0] is what was allocated
    uint32_t levels;
    uint32_t count;  // members
} ls_bitset;

// Empty, for numbers below `range`. False: out of memory.
bool ls_bitset_init(ls_bitset *set, uint32_t range);
void ls_bitset_clear(ls_bitset *set);                    // zeroed is fine
void ls_bitset_add(ls_bitset *set, uint32_t member);     // is none yet
void ls_bitset_remove(ls_bitset *set, uint32_t member);  // is one
// The least member that is at least `from`, UINT32_MAX: none.
uint32_t ls_bitset_next(const ls_bitset *set, uint32_t from);
