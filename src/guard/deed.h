// deed.h - what people tell the guard: holds, bypasses, re-arming, revocations, resets.
//
// Pure functions of (state, deed, clock), like the guards: done, or refused with the reason in both
// languages and nothing changed. Who may do what stands with ls_guard_deed_kind (link.h). That a
// deed is on the disk before it counts is its caller's care.
#pragma once

#include "guard/check_state.h"

// True: done. Any bytes in the deed give an answer.
bool ls_guard_do(ls_guard_state *state, const ls_guard_deed *deed, const ls_guard_clock *clock,
                 ls_guard_answer *out);
// From the journal, with the wall time of then: what was done is not asked about again. A bypass
// that is too long by now is taken, and refuses by guard 35.
void ls_guard_do_again(ls_guard_state *state, const ls_guard_deed *deed,
                       const ls_guard_clock *then);

// Which interlock (condition) or value (target) `what` names; both LS_NONE: none.
void ls_guard_deed_find_armed(const ls_guard_limits *limits, const char *what,
                              uint32_t *out_condition, uint32_t *out_target);
// What stands, by number from 0. False: no more.
bool ls_guard_stands(const ls_guard_state *state, uint32_t number, const ls_guard_clock *clock,
                     ls_guard_standing *out);
