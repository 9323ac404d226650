// glance.h - what the page shows of the line, copied in one go.
//
// Whoever hears the line waits while it is copied, so names and numbers are all that is taken; what
// is made of them is made afterwards. Plant and model stay the running ones: they must not change
// meanwhile (the service's line lock).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "loop/running.h"
#include "twin/state.h"

typedef struct ls_glance {
    bool known;       // the line is followed; else nothing below is there
    int64_t line_us;  // since 1970
    ls_s_station *stations;
    ls_s_machine *machines;
    uint32_t *name_at, *lot_counts;  // of each machine: into names
    ls_buffer
        names;  // of each machine its chosen lot, empty: none, then its lots; each ended by '\0'
} ls_glance;

// Room for this plant; false: no memory. Clear it in any case.
bool ls_glance_init(ls_glance *glance, const ls_running *running);
void ls_glance_take(ls_glance *glance, const ls_running *running);  // under the intake's lock
void ls_glance_clear(ls_glance *glance);
