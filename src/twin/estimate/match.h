// match.h - how alike two logs of events are.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_logged {
    int64_t time_us;
    uint64_t label;  // equal labels may be matched
} ls_logged;

// The longest common subsequence in which matched events have equal labels and times at most
// delta_us apart (Hunt and Szymanski 1977: O((n + pairs) log n)). Both are put into the order of
// (time, label) first, so that what happens at one instant has one order. At most pairs_most pairs
// are looked at, LS_ERR_LIMIT beyond; LS_ERR_MEMORY.
ls_status ls_match_logs(ls_logged *a, size_t a_count, ls_logged *b, size_t b_count,
                        int64_t delta_us, uint64_t pairs_most, size_t *out, ls_error *err);
