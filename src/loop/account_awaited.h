// account_awaited.h - what was to be expected of a window of time, by its beginning and by what its
// decisions promised (decide/prove/promise.h).
#pragma once

#include "decide/prove/account.h"
#include "loop/account_window.h"

// Are windows of this kind compared with what was promised? Levels, staffing and settings stay in
// force: what they bring after their horizon was not promised. Of lots that were sorted nobody
// hears what became of them.
bool ls_account_compares(ls_decide_kind kind);
// Into `out->awaited`, low and high; NaN where it is not known: the window followed several base
// rules one after another, its kind is not compared, or some of its decisions promised nothing
// (people's own). `weights`: of the plant's objective.
// Fails with LS_ERR_MEMORY and what running the plant fails with.
ls_status ls_account_await(const ls_account_window *window, const ls_plant *plant,
                           const ls_twin *twin, ls_decide_kind kind, const ls_done *done,
                           size_t count, const double *weights, uint64_t seed, ls_outcome *out,
                           ls_error *err);
