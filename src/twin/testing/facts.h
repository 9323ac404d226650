// facts.h - for tests only: what a follower that hears everything would tell of the engine's own
// run.
//
// From the trace: operations, failures by the busy clock, repairs, transports, releases, outcomes.
// For plants without setups, batches, cascades, crews and blocking.
#pragma once

#include <lineshaft/twin.h>

#include "plant/plant.h"
#include "twin/follow/fact.h"

// Runs the plant to until_us. What still runs then is told as censored.
void facts_of_run(const ls_plant *plant, uint64_t seed, int64_t until_us,
                  void (*tell)(void *context, const ls_fact *fact), void *context);
