// route.h - questions about routes: where lots come, whether they end, how often, on which
// machines.
#pragma once

#include <stdbool.h>

#include "plant/plant.h"

// comes[step]: some lot can come to it; ends[step]: from there the end can be reached. Both hold
// step_count values, all false before. False: out of memory.
bool ls_route_reach(const ls_plant *plant, ls_arena *arena, bool *comes, bool *ends);

// A copy of plant->indexes in the arena, made so that ls_route_may_run is quick; NULL: out of
// memory.
const uint32_t *ls_route_allowed(const ls_plant *plant, ls_arena *arena);
// May this machine (within the station of the step) run the step, by `only` and `on`?
bool ls_route_may_run(const ls_plant *plant, const uint32_t *allowed, uint32_t step,
                      uint32_t machine);

// Lots per microsecond that every release brings in the long run, by its mean; 0 for kept lots.
double ls_route_release_rate(const ls_plant *plant, uint32_t release);

// Expected visits per microsecond of every step (step_count values, all 0 before), from the rates
// of the releases: branches, rework with its limits, scrap, sampling. Lots choose among
// alternatives in proportion to what these can do. False: out of memory.
bool ls_route_visits(const ls_plant *plant, ls_arena *arena, double *visits);
