// likely.h - how much of a declared effect the measured values show, and how sure that is.
//
// On a grid of times
//     value = level + share * effect + disturbance
// where `effect` is what the settings should have brought by the plant file. The disturbance is one
// with memory, d' = memory d + shock, with noise of its own on each value; it is heard through the
// same values, so that a setting which follows them (a feedback) is no reason for a share. For each
// of a grid of memories and noises, and for each shape of the effect (other time constants and dead
// times), the likelihood is taken by the innovations of the Kalman filter, with the level and the
// shocks' variance integrated out. A priori the share is normal around 0, sd 1.5: that a setting
// does anything must be seen. Where the values jump, though the declared effect does not, the level
// is free anew: one jump would otherwise pass for the size of all shocks. Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    LS_LIKELY_STEPS = 256,  // most values
    LS_LIKELY_LEAST = 32,   // with less nothing is said
    LS_LIKELY_SHAPES = 25   // most
};

typedef struct ls_likely_cell {
    double weight;     // how likely it and all before it are together; the last has 1
    double share, sd;  // normal
    uint32_t shape;
} ls_likely_cell;

typedef struct ls_likely {
    ls_likely_cell *cells;  // owned
    size_t count;
} ls_likely;

// effects: `shapes` (at least 1) courses of `count` values each, `declared` the one that the plant
// file says. Fails with LS_ERR_MEMORY.
ls_status ls_likely_make(const double *values, uint32_t count, const double *const *effects,
                         uint32_t shapes, uint32_t declared, ls_likely *out, ls_error *err);
void ls_likely_clear(ls_likely *likely);
// One of those that are likely, by two uniform numbers in [0, 1).
void ls_likely_draw(const ls_likely *likely, double which, double where, uint32_t *out_shape,
                    double *out_share);
