// tags.h - what the instruments and valves are called, in which unit and how often they show.
#pragma once

#include "process/state.h"

typedef struct ls_te_tag {
    const char *name;  // the published one: XMEAS_1 to XMEAS_41, XMV_1 to XMV_12
    const char *what;  // for people
    const char *unit;
    int every_s;  // how often there is a new value
    int late_s;   // how old it then is
} ls_te_tag;

extern const ls_te_tag ls_te_measurements[LS_TE_MEASURED];
extern const ls_te_tag ls_te_valves[LS_TE_VALVES];
