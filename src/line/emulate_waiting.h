// emulate_waiting.h - which lots wait at which station of the emulated line, by name, as its PLC
// would show them in registers.
//
// Made from what the line tells: Released lets a lot in, Arrived puts it to a station, Lots of a
// machine, Done and Scrapped take it away. No clock, no thread.
#pragma once

#include "base/text.h"
#include "plant/plant.h"

typedef struct ls_emulate_waiting ls_emulate_waiting;

ls_status ls_emulate_waiting_create(const ls_plant *plant, ls_emulate_waiting **out, ls_error *err);
void ls_emulate_waiting_destroy(ls_emulate_waiting *w);  // NULL is fine

// "LOT class=C ...": it is in the plant. Told twice it is one lot. With ` pool=` it waits outside
// in the order pool of its class, which is shut until that date; without, it has come in.
void ls_emulate_waiting_released(ls_emulate_waiting *w, const char *text, size_t size);
// "LOT station=S ...".
void ls_emulate_waiting_arrived(ls_emulate_waiting *w, const char *text, size_t size);
// The lots that a machine has in work, blank separated: they wait no more.
void ls_emulate_waiting_taken(ls_emulate_waiting *w, const char *lots, size_t size);
// "LOT", done or scrapped.
void ls_emulate_waiting_gone(ls_emulate_waiting *w, const char *text, size_t size);

// Names of the lots in the order pool of a class, the first first, and since when it is shut until
// when: since 1970, INT64_MAX: until told, 0: not known.
const char *ls_emulate_waiting_outside(const ls_emulate_waiting *w, uint32_t release,
                                       int64_t *out_until_us);
// How many lots are in the plant, wherever they are.
uint32_t ls_emulate_waiting_inside(const ls_emulate_waiting *w);
// Names of a station, blank separated, in the order in which they came; until the next change.
const char *ls_emulate_waiting_at(const ls_emulate_waiting *w, uint32_t station);
// Has the station changed since this was last asked?
bool ls_emulate_waiting_changed(ls_emulate_waiting *w, uint32_t station);
