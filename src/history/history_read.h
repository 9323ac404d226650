// history_read.h - what queries stand on: the samples of one tag, wherever they are now.
//
// Inside the room only. Safe while appending, from any thread.
#pragma once

#include "history/store.h"

// The samples of one tag in [from_us, to_us) by time, those of the store and those that are still
// in memory, each exactly once (of samples with equal time, kind, quality and value one). `before`:
// also the last sample before from_us, first. Texts live until `visit` returns.
ls_status ls_history_visit(ls_history *history, uint32_t tag, int64_t from_us, int64_t to_us,
                           bool before, ls_sample_visit visit, void *context, ls_error *err);
// Events of a kind (NULL: all) in [from_us, to_us) by time, of the store and of memory.
ls_status ls_history_visit_events(ls_history *history, const char *kind, int64_t from_us,
                                  int64_t to_us, ls_event_visit visit, void *context,
                                  ls_error *err);
const ls_tags *ls_history_tags(const ls_history *history);
// The backend, for backup and the like.
const ls_store_ops *ls_history_store(const ls_history *history, ls_store **out);
