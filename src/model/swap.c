// swap.c - see swap.h.
#include "model/swap.h"

#include <assert.h>
#include <stddef.h>

void ls_swap_init(ls_swap *swap, void (*destroy)(void *thing)) {
    atomic_init(&swap->now, NULL);
    for (uint32_t i = 0; i < LS_SWAP_READERS_MAX; i++) {
        atomic_init(&swap->slots[i].held, NULL);
    }
    swap->destroy = destroy;
    swap->retired_count = 0;
}

void *ls_swap_take(ls_swap *swap, uint32_t slot) {
    assert(slot < LS_SWAP_READERS_MAX);
    _Atomic(void *) *held = &swap->slots[slot].held;
    assert(atomic_load_explicit(held, memory_order_relaxed) == NULL);
    // Said first, then looked whether it still is in service: who retires it looks at the slots
    // after taking it out of service, so one of the two sees the other.
    void *thing = atomic_load(&swap->now);
    for (;;) {
        atomic_store(held, thing);
        void *again = atomic_load(&swap->now);
        if (again == thing) {
            return thing;
        }
        thing = again;
    }
}

void ls_swap_give(ls_swap *swap, uint32_t slot) {
    assert(slot < LS_SWAP_READERS_MAX);
    atomic_store_explicit(&swap->slots[slot].held, NULL, memory_order_release);
}

static bool is_held(ls_swap *swap, const void *thing) {
    for (uint32_t i = 0; i < LS_SWAP_READERS_MAX; i++) {
        if (atomic_load(&swap->slots[i].held) == thing) {
            return true;
        }
    }
    return false;
}

uint32_t ls_swap_collect(ls_swap *swap) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < swap->retired_count; i++) {
        void *thing = swap->retired[i];
        if (is_held(swap, thing)) {
            swap->retired[kept++] = thing;
        } else {
            swap->destroy(thing);
        }
    }
    swap->retired_count = kept;
    return kept;
}

bool ls_swap_put(ls_swap *swap, void *thing) {
    if (ls_swap_collect(swap) == LS_SWAP_RETIRED_MAX) {
        return false;
    }
    void *old = atomic_exchange(&swap->now, thing);
    assert(old == NULL || old != thing);
    if (old != NULL) {
        swap->retired[swap->retired_count++] = old;
    }
    ls_swap_collect(swap);
    return true;
}

void ls_swap_clear(ls_swap *swap) {
    if (swap->destroy == NULL) {
        return;
    }
    const bool put = ls_swap_put(swap, NULL);
    const uint32_t held = ls_swap_collect(swap);
    assert(put && held == 0);
    (void)put;
    (void)held;
}
