// flow.h - how much flows in each stream: valves, differences of pressure, the compressor.
#pragma once

#include "process/physics.h"

// Compositions and flows of the feeds (1 to 4) and of the two liquids that valves let out (11, 13).
void ls_te_flow_by_valve(const ls_te_state *state, ls_te_moment *m);

// Header to reactor, reactor to separator, purge, and the compressor with its recycle valve; their
// compositions as well.
void ls_te_flow_by_pressure(const ls_te_state *state, ls_te_moment *m);
