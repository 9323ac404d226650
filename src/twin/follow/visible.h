// visible.h - what a person standing in the plant could see of a state, and whether two states look
// the same.
//
// Not compared: lengths that only the simulation knows, accounts, streams, slots of lots; and what
// no signal tells (docs/FOLLOW.md): the step that a lot on its way or blocked goes to where the
// route has a choice, draws of the rule `random`, an unheard failure that is due behind another.
#pragma once

#include "twin/twin.h"

typedef struct ls_visible_def {
    // A lot's key, equal in both states for the same lot; 0: it has none.
    uint64_t (*key)(void *context, const ls_state *state, uint32_t lot);
    void *context_a, *context_b;
    bool places_only;  // where every lot is and what every machine does; not since when
} ls_visible_def;

// The same? If not, `why` says the first difference found.
bool ls_visible_same(const ls_twin *twin, const ls_state *a, const ls_state *b,
                     const ls_visible_def *def, char *why, size_t why_size);
