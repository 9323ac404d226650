// arena.h - memory that is given back all at once.
//
// Blocks are chained, zeroed, aligned to 16 bytes. Knows its high-water mark. Not thread safe.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Every allocation of the project goes through these two, so that tests can make the n-th one fail.
// ls_alloc zeroes, ls_realloc does not. Both return NULL on failure; the old block then still
// lives. A size of 0 gives a block of 1 byte.
void *ls_alloc(size_t size);
void *ls_realloc(void *old, size_t size);
void ls_free(void *p);  // NULL is fine
// For tests: `count` more allocations succeed, all later ones fail, until -1 switches it off.
// Counts those of all threads.
void ls_alloc_fail_after(int64_t count);

typedef struct ls_arena_block ls_arena_block;
typedef struct ls_arena {
    ls_arena_block *head;
    size_t used;        // bytes handed out, in steps of 16
    size_t high_water;  // the most that `used` has been, also over clears
} ls_arena;

void ls_arena_init(ls_arena *arena);
// Gives everything back; the arena can be used again. NULL is fine.
void ls_arena_clear(ls_arena *arena);
void *ls_arena_alloc(ls_arena *arena, size_t size);  // zeroed; NULL when out of memory
char *ls_arena_text(ls_arena *arena, const char *text, size_t length);  // copy, zero-terminated
