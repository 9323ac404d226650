// kept.h - were guarantees kept: how long jobs waited that were within what somebody was promised.
//
// A waiting job is *owed* by an account on its way to the top as long as that account would borrow
// nothing even with it (and no limit from there up is in its way). It should run within the time of
// `reclaim` of its own account from then on. Here it is counted for each account how many starts
// were owed, and how many of them came later than that, from what happens alone: so policies that
// know no accounts are measured by the same rule as the product's own.
//
// A job that is owed and fits nowhere even with everything taken back (a gang for one domain, say)
// counts as late like any other, and so does one whose account has used up its budget. Jobs of
// equal size and kinds are looked at together, so the cost of an event is accounts on the way x
// sizes; sizes beyond LS_KEPT_SIZES are not watched.
#pragma once

#include "pool/simulated.h"

enum { LS_KEPT_SIZES = 64 };

typedef struct ls_kept_row {
    uint64_t owed;    // starts of jobs that this account owed, and jobs still owed at the end
    uint64_t late;    // of these: later than promised
    int64_t most_us;  // the longest that one was owed
    double owed_sum_s;
} ls_kept_row;

typedef struct ls_kept ls_kept;

// `terms`, `reclaim_us` as for ls_scheduler_create; copied. Fails with LS_ERR_MEMORY.
ls_status ls_kept_create(const ls_share_terms *terms, const int64_t *reclaim_us, uint32_t accounts,
                         uint32_t kinds, ls_kept **out, ls_error *err);
void ls_kept_destroy(ls_kept *kept);  // NULL is fine
void ls_kept_event(ls_kept *kept, const ls_sim_event *event);
// By account: what it owed itself, not those below it.
const ls_kept_row *ls_kept_rows(const ls_kept *kept);
uint64_t ls_kept_unwatched(const ls_kept *kept);  // jobs of sizes that are not watched
