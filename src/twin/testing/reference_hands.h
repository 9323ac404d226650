// reference_hands.h - one random act of a control system, on the kernel's plant and on the
// reference's. For tests only.
#pragma once

#include "twin/hand.h"
#include "twin/testing/reference.h"
#include "twin/twin.h"

typedef struct reference_hands {
    uint64_t seed, count;  // of the draws
    uint64_t done[LS_ACT_COUNT], refused;
} reference_hands;

// A number below `below`.
uint64_t reference_hands_draw(reference_hands *h, uint64_t below);
// Does the same to all three, or to none where the kernel refuses (both kernels must agree, and
// their states stay as they are). False: they did not.
bool reference_hands_act(reference_hands *h, const ls_twin *twin, ls_snapshot *traced,
                         ls_snapshot *untraced, ls_reference *reference);
