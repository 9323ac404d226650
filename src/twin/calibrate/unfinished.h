// unfinished.h - what still runs, as facts that are lower bounds.
//
// A follower tells what has ended. Left out, what has not would make everything look shorter than
// it is: operations, setups and repairs under way, and machines that have not failed yet.
#pragma once

#include "plant/plant.h"
#include "twin/follow/fact.h"
#include "twin/twin.h"

// O(machines and modes). Allocates nothing.
void ls_unfinished_tell(const ls_plant *plant, const ls_twin *twin, const ls_state *state,
                        void (*fact)(void *context, const ls_fact *fact), void *context);
