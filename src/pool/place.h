// place.h - finding the place of a job; what occupancy.c tells the finders. Private to the room.
#pragma once

#include "pool/occupancy_inside.h"

ls_status ls_place_open(ls_occupancy *o, const ls_demand *demand, ls_error *err);
void ls_place_close(ls_occupancy *o);                   // half open is fine
void ls_place_changed(ls_occupancy *o, uint32_t node);  // after a change of what is free on it
