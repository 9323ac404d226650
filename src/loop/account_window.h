// account_window.h - a span of line time, from a copy of the followed plant on, with what the line
// showed in it; and what the decisions that were done in it brought.
#pragma once

#include "decide/cost.h"
#include "decide/prove/account.h"
#include "decide/prove/counterfactual.h"
#include "loop/decisions.h"

typedef struct ls_account_window {
    bool open;                   // it collects
    int64_t from_us;             // plant time
    int64_t until_us;            // -1: it goes on
    int64_t begun_us, ended_us;  // wall time, since 1970
    ls_snapshot *origin;         // owned; made once
    ls_realised realised;
    ls_amounts at_begin, at_end;
    uint64_t jumps;    // of the line's clock, up to its begin
    uint64_t refused;  // batches that the history did not take, up to its begin
    char spoilt[160];  // why it cannot be told; "": it can
} ls_account_window;

// Makes the snapshot. Fails with LS_ERR_MEMORY.
ls_status ls_account_window_init(ls_account_window *window, const ls_twin *twin, ls_error *err);
void ls_account_window_clear(ls_account_window *window);

// These four under the intake's lock, with a follower there. Begins from the present.
void ls_account_window_begin(ls_account_window *window, const ls_intake *intake, int64_t wall_us);
// Looks whether the twin still has the line; ends the window when it is `length_us` long.
void ls_account_window_look(ls_account_window *window, const ls_intake *intake, int64_t length_us,
                            int64_t wall_us);
void ls_account_window_fact(ls_account_window *window, const ls_twin *twin, const ls_fact *fact);
// It has ended, and no late signal can change it any more.
bool ls_account_window_is_final(const ls_account_window *window, ls_intake *intake);

// What one kind of decision, but for settings (account_settings.h), brought in a window that is
// final. `done`: all that was done in it, of
// every kind, by time; `seed`: of what is left to the model. Under no lock. Fails with
// LS_ERR_MEMORY and what running the plant fails with. What cannot be told is no failure.
ls_status ls_account_window_tell(ls_account_window *window, const ls_plant *plant,
                                 const ls_twin *twin, ls_decide_kind kind, const ls_done *done,
                                 size_t count, uint64_t seed, ls_outcome *out, ls_error *err);
