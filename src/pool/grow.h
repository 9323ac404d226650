// grow.h - arrays that grow.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

// Grows the array at *items (a pointer to items of `size`) to hold `count`; what is new is zero.
// False: out of memory, unchanged.
static inline bool ls_grow(void *items, uint32_t *room, size_t size, uint32_t count) {
    if (count <= *room) {
        return true;
    }
    uint32_t wide = *room < 16 ? 16 : *room;
    while (wide < count) {
        wide = wide > UINT32_MAX / 2 ? count : wide * 2;
    }
    void *old;
    memcpy(&old, items, sizeof old);
    char *grown = ls_realloc(old, wide * size);
    if (grown == NULL) {
        return false;
    }
    memset(grown + *room * size, 0, (wide - *room) * size);
    memcpy(items, &grown, sizeof grown);
    *room = wide;
    return true;
}
