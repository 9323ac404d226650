// journal.h - the signals of the last moments in the order of (time, arrival), so that late ones
// can be put in their place. Bounded; in steady state nothing is allocated.
#pragma once

#include "base/arena.h"
#include "twin/follow/follow.h"

enum {
    JOURNAL_MAX = 1 << 17,             // signals
    JOURNAL_TEXT_MAX = 16 << 20,       // bytes of their texts
    JOURNAL_SIGNAL_TEXT_MAX = 1 << 14  // of one
};

typedef struct ls_journal {
    ls_heard *items;  // text: NULL, see text_at
    uint32_t *text_at;
    uint32_t first, end, capacity;  // items[first .. end)
    char *text;
    uint32_t text_used, text_capacity;
} ls_journal;

bool ls_journal_init(ls_journal *journal);
void ls_journal_clear(ls_journal *journal);
// Where a signal of this time goes: behind all that are not later.
uint32_t ls_journal_place(const ls_journal *journal, int64_t time_us);
// Is the same signal there already? `place` is where it would go.
bool ls_journal_has(const ls_journal *journal, const ls_heard *heard, uint32_t place);
// Puts it in; *place moves when the journal was packed. False: no room.
bool ls_journal_insert(ls_journal *journal, const ls_heard *heard, uint32_t *place);
void ls_journal_drop(ls_journal *journal, uint32_t count);  // the first ones
ls_heard ls_journal_at(const ls_journal *journal, uint32_t index);
