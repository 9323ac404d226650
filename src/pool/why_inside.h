// why_inside.h - what why*.c share. Private to them.
#pragma once

#include "pool/scheduler_inside.h"
#include "pool/why.h"

// The cluster with its nodes as they are (up, drained, ...) and nothing on it.
ls_status ls_why_bare(const ls_scheduler *s, ls_occupancy **out, ls_error *err);
// A place for a waiting job of that shape, with what is kept for it; ls_scheduler_find.
bool ls_why_find(ls_scheduler *s, uint32_t job, const ls_shape *shape, int64_t until_us);
// By how much so much more of the kind would break the limits of this account; 0: it does not.
uint64_t ls_why_over_limit(const ls_scheduler *s, uint32_t account, uint32_t kind, uint64_t milli,
                           bool *out_of_kind);
ls_status ls_why_when(ls_scheduler *s, ls_why *why, ls_error *err);  // when it is expected
ls_status ls_why_help(ls_scheduler *s, ls_why *why, ls_error *err);  // what would help
