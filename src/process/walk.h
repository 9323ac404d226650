// walk.h - what wanders by itself in the process: twelve smooth random curves.
//
// Nine are chains of cubic pieces between random values, drawn whether or not their disturbance is
// on: off, the values are all the resting one, and the random numbers are used up just the same.
// Three are pulses: nothing for a random while, then a rise that is turned back to zero within 0.1
// h. What each moves is said at ls_te_walk_id; spans and lengths are the published ones. Times in
// hours.
#pragma once

#include <stdbool.h>

typedef enum ls_te_walk_id {
    LS_TE_WALK_A_SHARE,            // mole fraction of A in stream 4
    LS_TE_WALK_B_SHARE,            // mole fraction of B in stream 4
    LS_TE_WALK_D_FEED_C,           // temperature of the D feed, C
    LS_TE_WALK_C_FEED_C,           // temperature of the A and C feed, C
    LS_TE_WALK_REACTOR_WATER_C,    // cooling water at the inlet, C
    LS_TE_WALK_CONDENSER_WATER_C,  // the same of the condenser
    LS_TE_WALK_KINETICS_G,         // factor of the reaction to G
    LS_TE_WALK_KINETICS_H,         // factor of the reaction to H
    LS_TE_WALK_STEAM,              // change of heat transfer in the stripper, a share
    LS_TE_WALK_REACTOR_FOULING,    // pulses: less heat transfer in the reactor
    LS_TE_WALK_CONDENSER_FOULING,  // pulses: less heat transfer in the condenser
    LS_TE_WALK_REACTOR_OUTLET,     // pulses: less flow out of the reactor
    LS_TE_WALKS
} ls_te_walk_id;

// One curve: a + h (b + h (c + h d)) at h hours after it began.
typedef struct ls_te_walk {
    double a, b, c, d;
    double began_h, ends_h;
} ls_te_walk;

void ls_te_walks_rest(ls_te_walk walks[LS_TE_WALKS]);

// New pieces where the old ones have ended. Bit i of moving says that curve i moves.
void ls_te_walks_advance(ls_te_walk walks[LS_TE_WALKS], double time_h, unsigned moving,
                         double *generator);

static inline double ls_te_walk_at(const ls_te_walk *walk, double time_h) {
    const double h = time_h - walk->began_h;
    return walk->a + h * (walk->b + h * (walk->c + h * walk->d));
}
