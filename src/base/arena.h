// arena.h - memory that is given back all at once.
//
// Blocks are chained, zeroed, aligned to 16 bytes. Knows its high-water mark. Not thread safe.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Every allocation of the project goes through these two, so that tests can make the n-th one fail
// (ls_alloc_fail_after(n); -1 switches off). ls_alloc zeroes. Both return NULL on failure.
void *ls_alloc(size_t size);
void *ls_realloc(void *old, size_t size);
void ls_free(void *p);
void ls_alloc_fail_after(int64_t count);

typedef struct ls_arena_block ls_arena_block;
typedef struct ls_arena {
    ls_arena_block *head;
    size_t used;
    size_t high_water;
} ls_arena;

void ls_arena_init(ls_arena *arena);
void ls_arena_clear(ls_arena *arena);
void *ls_arena_alloc(ls_arena *arena, size_t size);  // zeroed; NULL when out of memory
char *ls_arena_text(ls_arena *arena, const char *text, size_t length);  // copy, zero-terminated
