// rebase.h - the same moment of the same plant, under another dispatching rule.
//
// Two twins are kin when their plants differ in nothing but the chain of criteria, `prefer: full`
// and the least batch: then a state of one has the same layout and meaning as a state of the other,
// but for the order in which lots stand in their queues. Lots keep their slots and serials.
#pragma once

#include "twin/twin.h"

// LS_OK when they are kin, else LS_ERR_INVALID, and err says what differs.
ls_status ls_twin_check_kin(const ls_twin *a, const ls_twin *b, ls_error *err);
// `out`, a snapshot of `to`, becomes the moment that `from` (of a kin of `to`) stands at. It may be
// unsettled under the new rule: a least batch that is smaller, for example. No allocation.
void ls_twin_rebase(const ls_twin *to, const ls_snapshot *from, ls_snapshot *out);
// A new snapshot of `to` at that moment; the caller's. Fails when `own`, whose the other one is, is
// no kin, and with LS_ERR_MEMORY.
ls_status ls_twin_rebased(const ls_twin *own, const ls_snapshot *from, const ls_twin *to,
                          ls_snapshot **out, ls_error *err);
