// memory.h - what the guards remember, as rows of the journal and back.
//
// A summary holds all of it, so that nothing is forgotten however often the journal turns over:
// ids seen, sequences, dwell and windows, trips, what people have done and what waits for them.
#pragma once

#include "guard/check.h"
#include "guard/journal.h"

// A row of before into the state; the state has heard nothing yet.
void ls_guard_memory_take(ls_guard_state *state, const ls_journal_entry *row);
// All rows have been told. A lease that no row gave back ended by a death, at this wall time at the
// latest.
void ls_guard_memory_taken(ls_guard_state *state, int64_t wall_us);
// All that still counts, row by row. Fails with what `put` fails with.
ls_status ls_guard_memory_put(const ls_guard_state *state,
                              ls_status (*put)(void *context, const ls_journal_entry *row,
                                               ls_error *err),
                              void *context, ls_error *err);

// What the line has told that must outlive us: the next interlock that was active, or target that
// others changed, of which `written` (conditions, then targets) does not know yet. What is no more
// leaves it. False: there is none.
bool ls_guard_memory_yields(const ls_guard_state *state, bool *written, ls_journal_entry *out);
