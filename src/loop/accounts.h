// accounts.h - what decisions brought: the time since is played again by the line's own rule.
//
// Windows of line time follow one another. Each begins with a copy of the followed plant and
// collects what the line then shows; when no late signal can change it any more, a thread of its
// own plays the counterfactual (decide/prove/counterfactual.h) for each kind of decision that was
// done in it. The result is an event of kind "account" in the history (docs/JSON.md), and what the
// rows of the window say as `realised`. A window in which the twin lost the line is not told, and
// says so.
#pragma once

#include "loop/decisions.h"
#include "loop/watch.h"

typedef struct ls_accounts ls_accounts;

// `window_us` 0: twice the horizon of the decisions, from an hour to twelve. All that is given
// stays until it is closed. A plant that decides nothing has none: *out is NULL. Fails with
// LS_ERR_MEMORY.
ls_status ls_accounts_open(ls_intake *intake, ls_watch *watch, ls_decisions *decisions,
                           int64_t window_us, ls_accounts **out, ls_error *err);
// Since when the window is open that collects now, plant time; -1: none is.
int64_t ls_accounts_since_us(ls_accounts *accounts);
void ls_accounts_close(ls_accounts *accounts);  // NULL is fine
