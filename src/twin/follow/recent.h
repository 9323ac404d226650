// recent.h - the signals of the last moments in the order of (time, arrival), so that late ones
// can be put in their place. Bounded; in steady state nothing is allocated.
#pragma once

#include "base/arena.h"
#include "twin/follow/follow.h"

enum {
    RECENT_MAX = 1 << 17,             // signals
    RECENT_TEXT_MAX = 16 << 20,       // bytes of their texts
    RECENT_SIGNAL_TEXT_MAX = 1 << 14  // of one
};

typedef struct ls_recent {
    ls_heard *items;  // text: NULL, see text_at
    uint32_t *text_at;
    uint32_t first, end, capacity;  // items[first .. end)
    char *text;
    uint32_t text_used, text_capacity;
} ls_recent;

bool ls_recent_init(ls_recent *recent);
void ls_recent_clear(ls_recent *recent);
// Where a signal of this time goes: behind all that are not later.
uint32_t ls_recent_place(const ls_recent *recent, int64_t time_us);
// Is the same signal there already? `place` is where it would go.
bool ls_recent_has(const ls_recent *recent, const ls_heard *heard, uint32_t place);
// Puts it in; *place moves when the recent was packed. False: no room.
bool ls_recent_insert(ls_recent *recent, const ls_heard *heard, uint32_t *place);
void ls_recent_drop(ls_recent *recent, uint32_t count);  // the first ones
ls_heard ls_recent_at(const ls_recent *recent, uint32_t index);
