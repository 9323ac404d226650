// pulse.h - what the followed line did over the last hours: rates and shares that a single state
// does not say.
//
// Looks at the state once a minute of line time at most and keeps three hours. Not thread safe: its
// owner has the intake's lock.
#pragma once

#include "plant/plant.h"
#include "twin/follow/follow.h"

enum { LS_PULSE_STATIONS = 3 };

typedef struct ls_pulse ls_pulse;

ls_pulse *ls_pulse_create(void);  // NULL: out of memory
void ls_pulse_destroy(ls_pulse *pulse);
// Another plant: everything seen before is forgotten.
void ls_pulse_forget(ls_pulse *pulse);
void ls_pulse_look(ls_pulse *pulse, const ls_plant *plant, const ls_twin *twin,
                   const ls_follow *follow);

typedef struct ls_pulse_busy {
    uint32_t station;  // LS_NONE: no more
    double share;      // of its machines' time, in work, set up, down or in maintenance
} ls_pulse_busy;
typedef struct ls_pulse_figures {
    uint64_t made, scrapped;
    uint32_t wip;
    bool pools;        // some class has an order pool; else the next two say nothing
    uint32_t outside;  // lots that wait there now; wip has them too
    double outside_s;  // mean wait there of lots that came in within the last hour; NaN: none did
    double per_hour, cycle_s, on_time, oee;    // of the last hour; NaN: not known yet
    ls_pulse_busy busiest[LS_PULSE_STATIONS];  // of the last two hours, busiest first
} ls_pulse_figures;
ls_pulse_figures ls_pulse_describe(const ls_pulse *pulse);
