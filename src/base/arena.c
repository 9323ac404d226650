// arena.c - see arena.h.
#include "base/arena.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_ALIGN = 16, ARENA_BLOCK_SIZE = 64 * 1024 };

// How many allocations still succeed; negative: no failure is asked for.
static atomic_llong alloc_allowed = -1;

struct ls_arena_block {
    ls_arena_block *next;
    size_t size;  // of bytes
    size_t used;
    size_t unused;  // keeps bytes aligned to 16
    unsigned char bytes[];
};

_Static_assert(offsetof(struct ls_arena_block, bytes) % ARENA_ALIGN == 0, "blocks are aligned");

static bool may_allocate(void) {
    long long allowed = atomic_load_explicit(&alloc_allowed, memory_order_relaxed);
    while (allowed > 0) {
        if (atomic_compare_exchange_weak_explicit(&alloc_allowed, &allowed, allowed - 1,
                                                  memory_order_relaxed, memory_order_relaxed)) {
            return true;
        }
    }
    return allowed != 0;
}

void *ls_alloc(size_t size) {
    return may_allocate() ? calloc(1, size == 0 ? 1 : size) : NULL;
}

void *ls_realloc(void *old, size_t size) {
    return may_allocate() ? realloc(old, size == 0 ? 1 : size) : NULL;
}

void ls_free(void *p) {
    free(p);
}

void ls_alloc_fail_after(int64_t count) {
    atomic_store_explicit(&alloc_allowed, count, memory_order_relaxed);
}

void ls_arena_init(ls_arena *arena) {
    assert(arena != NULL);
    memset(arena, 0, sizeof *arena);
}

void ls_arena_clear(ls_arena *arena) {
    if (arena == NULL) {
        return;
    }
    ls_arena_block *block = arena->head;
    while (block != NULL) {
        ls_arena_block *next = block->next;
        ls_free(block);
        block = next;
    }
    arena->head = NULL;
    arena->used = 0;
}

static ls_arena_block *block_create(size_t size) {
    if (size > SIZE_MAX - sizeof(ls_arena_block)) {
        return NULL;
    }
    ls_arena_block *block = ls_alloc(sizeof(ls_arena_block) + size);
    if (block != NULL) {
        block->size = size;
    }
    return block;
}

// Puts a block in front, or, when it is filled by one big piece, behind the first, so that the rest
// of the first is still used.
static void block_add(ls_arena *arena, ls_arena_block *block, bool behind) {
    if (behind && arena->head != NULL) {
        block->next = arena->head->next;
        arena->head->next = block;
    } else {
        block->next = arena->head;
        arena->head = block;
    }
}

void *ls_arena_alloc(ls_arena *arena, size_t size) {
    assert(arena != NULL);
    if (size > SIZE_MAX - ARENA_ALIGN) {
        return NULL;
    }
    const size_t need = size == 0 ? ARENA_ALIGN
                                  : (size + (ARENA_ALIGN - 1)) & ~(size_t)(ARENA_ALIGN - 1);
    ls_arena_block *block = arena->head;
    if (block == NULL || block->size - block->used < need) {
        const bool is_big = need > ARENA_BLOCK_SIZE / 4;
        block = block_create(is_big ? need : ARENA_BLOCK_SIZE);
        if (block == NULL) {
            return NULL;
        }
        block_add(arena, block, is_big);
    }
    unsigned char *piece = block->bytes + block->used;
    block->used += need;
    arena->used += need;
    if (arena->high_water < arena->used) {
        arena->high_water = arena->used;
    }
    assert(block->used <= block->size);
    return piece;
}

char *ls_arena_text(ls_arena *arena, const char *text, size_t length) {
    assert(text != NULL || length == 0);
    if (length == SIZE_MAX) {
        return NULL;
    }
    char *copy = ls_arena_alloc(arena, length + 1);
    if (copy != NULL && length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}
