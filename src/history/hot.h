// hot.h - a generation: what was appended since the last blocks, in memory.
//
// Samples stand in the order heard; each knows the one of its tag before it. A generation grows
// until it is frozen, is then packed into blocks, and goes away when nobody reads it any more.
// Growing is for one thread at a time, under the lock of the history. A reader notes under that
// lock where a tag ends (ls_hot_end) and walks from there without it: what it sees never moves.
#pragma once

#include <stdatomic.h>

#include "history/samples.h"
#include "history/store.h"

enum {
    LS_HOT_PAGE_BITS = 12,
    LS_HOT_PAGE = 1 << LS_HOT_PAGE_BITS,  // samples
    LS_HOT_PAGES = 1 << 14,
};

typedef struct ls_hot {
    atomic_uint holders;
    ls_sample *pages[LS_HOT_PAGES];  // pad2: index + 1 of the one of its tag before
    uint32_t page_count, count;
    uint32_t *ends;  // by tag: index + 1 of its last sample
    uint32_t end_room;
    size_t bytes, bytes_max;
    char *text_at;  // room for texts that was made ready
    size_t text_left;
    ls_arena texts;
    ls_happened *events;
    size_t event_count, event_room;
    ls_state_entry *states;  // names and bytes owned
    size_t state_count, state_room;
    int64_t first_us, last_us;  // earliest and latest time
} ls_hot;

ls_status ls_hot_create(size_t bytes_max, ls_hot **out, ls_error *err);
void ls_hot_hold(ls_hot *hot);
void ls_hot_drop(ls_hot *hot);  // destroys with the last holder; NULL is fine
bool ls_hot_is_empty(const ls_hot *hot);

// Room for these; then `add` cannot fail. False: it is full (an empty one takes anything), or there
// is no memory.
bool ls_hot_reserve(ls_hot *hot, const ls_sample *samples, size_t count);
void ls_hot_add(ls_hot *hot, const ls_sample *samples, size_t count);
// Copies; a state takes the place of the one of that name. False: full or out of memory.
bool ls_hot_add_event(ls_hot *hot, const ls_happened *event);
bool ls_hot_add_state(ls_hot *hot, const ls_state_entry *state);
const ls_state_entry *ls_hot_find_state(const ls_hot *hot, const char *name);

uint32_t ls_hot_end(const ls_hot *hot, uint32_t tag);
// Samples of a tag with from_us <= time < to_us, and the one with the greatest time before from_us
// when `before`, behind `out`, in the order heard.
ls_status ls_hot_collect(const ls_hot *hot, uint32_t end, int64_t from_us, int64_t to_us,
                         bool before, ls_samples *out, ls_error *err);

static inline const ls_sample *ls_hot_at(const ls_hot *hot, uint32_t index) {
    return &hot->pages[index >> LS_HOT_PAGE_BITS][index & (LS_HOT_PAGE - 1)];
}
