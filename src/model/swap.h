// swap.h - a thing in service, replaced while others read it, without a lock.
//
// Readers each own a slot. Between take and give the thing that was taken stays whole and alive;
// a put never waits for readers, and readers never wait for a put (take looks again only when a put
// falls into its few instructions). What was replaced is given back by the one who puts, as soon as
// no reader holds it: hazard pointers (Michael, IEEE TPDS 15 (2004) 491-504).
//
// One thread at a time puts and collects; each slot belongs to one thread at a time.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { LS_SWAP_READERS_MAX = 64, LS_SWAP_RETIRED_MAX = 64 };

typedef struct ls_swap_slot {
    _Alignas(64) _Atomic(void *) held;  // a cache line of its own
} ls_swap_slot;

typedef struct ls_swap {
    _Alignas(64) _Atomic(void *) now;
    ls_swap_slot slots[LS_SWAP_READERS_MAX];
    _Alignas(64) void (*destroy)(void *thing);
    void *retired[LS_SWAP_RETIRED_MAX];  // replaced, perhaps still held
    uint32_t retired_count;
} ls_swap;

// Nothing in service. `destroy` is called for each thing that went out of service.
void ls_swap_init(ls_swap *swap, void (*destroy)(void *thing));
// No reader may hold anything any more. Destroys what is in service too.
void ls_swap_clear(ls_swap *swap);

// The thing in service, NULL when there is none; to be given back before the next take of this
// slot.
void *ls_swap_take(ls_swap *swap, uint32_t slot);
void ls_swap_give(ls_swap *swap, uint32_t slot);

// `thing` (NULL: nothing) is in service from now on. False when LS_SWAP_RETIRED_MAX things are
// still held by readers: nothing has changed then, and `thing` is still the caller's.
bool ls_swap_put(ls_swap *swap, void *thing);
// Destroys what nobody holds any more; returns how many are still held.
uint32_t ls_swap_collect(ls_swap *swap);
