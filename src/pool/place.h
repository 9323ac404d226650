// place.h - finding the place of a job; what occupancy.c tells the finders. Private to the room.
#pragma once

#include "pool/occupancy_inside.h"

ls_status ls_place_open(ls_occupancy *o, const ls_demand *demand, ls_error *err);
void ls_place_close(ls_occupancy *o);                   // half open is fine
void ls_place_changed(ls_occupancy *o, uint32_t node);  // after a change of what is free on it

// Before that: a part of this shape is taken or given back.
void ls_place_tag(ls_occupancy *o, uint32_t node, const ls_shape *shape, bool takes);

// Whether what is kept on the node keeps away a job that is over by then.
static inline bool ls_place_usable(const ls_occupancy *o, uint32_t node, int64_t until_us) {
    return until_us == INT64_MIN || o->nodes[node].held >= until_us;
}

// The node where one part goes, by index; LS_POOL_NONE: none.
uint32_t ls_place_one(ls_place_index *index);
// Where the parts of a gang go, by index, into `out`. False: nowhere.
bool ls_place_gang(ls_place_index *index, const ls_shape *shape, ls_pool_share *out);
// Appends `parts` parts on the node to `out` (which holds *placed); they fit.
void ls_place_put(const ls_occupancy *o, const ls_shape *shape, uint32_t node, uint32_t parts,
                  ls_pool_share *out, uint32_t *placed);
