// entries.h - order pools of a past: when they were shut and when lots came in out of them.
//
// Made from what was heard (realised.h), so that a replay lets each lot in when the line did,
// whatever shut the pool: a decision, the line's own wait for a word, people.
#pragma once

#include "decide/prove/realised.h"

typedef struct ls_entry {
    int64_t time_us;  // plant time
    uint32_t release;
    bool shuts;      // nothing comes in from now on; else the first that waits there does
    uint32_t order;  // among those of one time
} ls_entry;

typedef struct ls_entries {
    ls_entry *items;  // owned; in the order of time
    size_t count;
} ls_entries;

// Fails with LS_ERR_MEMORY. Of classes without an order pool nothing is taken.
ls_status ls_entries_make(const ls_twin *twin, const ls_realised *realised, ls_entries *out,
                          ls_error *err);
void ls_entries_clear(ls_entries *entries);
// The pool of a class as it is before the first entry: shut where lots wait, else open.
void ls_entries_begin(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release);
// What one says, at its time. Where nothing waits, nothing comes in.
void ls_entry_do(const ls_twin *twin, ls_snapshot *snapshot, const ls_entry *entry);
