// keeper.h - the follower over a restart: saved in the history, and caught up from it.
//
// What was heard after the last save stands in the history; it is heard again, by time. When there
// is no save that fits (first start, another plant file), as much of the history as catch_up_us
// says is heard instead.
#pragma once

#include "loop/intake.h"

// Under the intake's lock, before any driver runs. *out_heard_again counts samples.
ls_status ls_keeper_restore(ls_intake *intake, int64_t catch_up_us, uint64_t *out_heard_again,
                            ls_error *err);
// After that, for who only reads beside a service: time goes on to the newest sample of any tag, as
// the service's does with every signal.
ls_status ls_keeper_reach_newest(ls_intake *intake, ls_error *err);
// The present as it was at at_us (since 1970): what was heard in the catch_up_us before, and no
// saved state. Fails with LS_ERR_INVALID where the history has nothing of that time: it lies before
// its beginning, or more than an hour after its end, or nothing was heard in catch_up_us.
ls_status ls_keeper_restore_at(ls_intake *intake, int64_t at_us, int64_t catch_up_us,
                               uint64_t *out_heard_again, ls_error *err);
// Takes the lock for copying only. Nothing to save is no failure.
ls_status ls_keeper_save(ls_intake *intake, ls_error *err);
