// check.h - what is wrong with a plant as a whole, and how much its stations have to do.
#pragma once

#include "base/status.h"
#include "plant/plant.h"

// Routes that cannot end, batches that can never fill, steps that no machine can run, ... Adds each
// to *errors (may be NULL) at its place. LS_OK, LS_ERR_INVALID or LS_ERR_MEMORY. ls_plant_read
// calls it.
ls_status ls_plant_check(const ls_plant *plant, ls_errors *errors);

// What a person should know though the plant can run: stations, machines and calendars nobody uses,
// products that are never released, load over 1. Each is added to *notes as an ls_error with status
// LS_OK.
ls_status ls_plant_notes(const ls_plant *plant, ls_errors *notes);

// How much a station has to do, as a share of the time its machines can work, from mean values.
typedef struct ls_load {
    uint32_t station;
    double load;           // over 1: the queue grows without end; 0: nothing comes
    double lots_per_hour;  // visits
    double availability;   // what failures and maintenance leave
    double calendar_share;
} ls_load;

// One per station, in the order of the plant, in the arena. Lots kept (CONWIP) count nothing: they
// come as fast as they leave. LS_ERR_MEMORY or LS_OK.
ls_status ls_plant_loads(const ls_plant *plant, ls_arena *arena, const ls_load **out);
