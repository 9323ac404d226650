// pack.h - growing arrays while a model is put together.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ls_pack {
    char *data;
    size_t item;  // bytes
    size_t count, capacity;
    bool failed;  // out of memory: pushes go nowhere, ask once at the end
} ls_pack;

void ls_pack_init(ls_pack *pack, size_t item_size);
void ls_pack_clear(ls_pack *pack);
// A zeroed new item at the end; never NULL (a spare one when memory is out). Valid until the next
// push.
void *ls_pack_push(ls_pack *pack);
// count zeroed items; returns the index of the first.
uint32_t ls_pack_grow(ls_pack *pack, size_t count);
// Item `index`; a zeroed spare one where there is none because memory was out, so that whoever
// fills a model need not ask at every step: the end asks `failed` once.
void *ls_pack_at(const ls_pack *pack, size_t index);
#define LS_PACK_AT(pack, type, index) ((type *)ls_pack_at((pack), (index)))
