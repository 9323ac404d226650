// physics.h - the balances of the process: from a state to its rates of change.
//
// Streams have their published numbers: 1 D feed, 2 E feed, 3 A feed, 4 A and C feed, 5 vapour from
// the stripper, 6 and 7 from the header into the reactor, 8 out of it, 9 recycled gas, 10 purge, 11
// liquid from the separator, 12 liquid down the stripper, 13 product. (The publication's text calls
// purge and product streams 9 and 11.)
#pragma once

#include "process/reaction.h"
#include "process/state.h"

typedef struct ls_te_stream {
    double flow;                     // lbmol/h
    double fraction[LS_TE_SPECIES];  // molar
    double weight;                   // lb/lbmol; only where a flow follows from a pressure
    double heat;                     // 1e6 Btu/lbmol
} ls_te_stream;

enum { LS_TE_STREAMS = 14 };  // [0] is not used

// Everything that follows from a state at one moment; kept for those who measure.
typedef struct ls_te_moment {
    ls_te_two_phases reactor, separator;
    ls_te_one_phase stripper, header;
    ls_te_stream stream[LS_TE_STREAMS];
    ls_te_reaction reaction;
    double compressor_heat;                            // 1e6 Btu/h that the compressor puts in
    double reactor_cooling, condenser_cooling, steam;  // 1e6 Btu/h into the process
    double reactor_water_inlet_c, condenser_water_inlet_c;
    double reactor_water, condenser_water;  // gal/min
} ls_te_moment;

// Looks at the state; its guesses of temperatures are renewed.
void ls_te_moment_of(ls_te_state *state, ls_te_moment *out);

// d/dt of all but the valves, per hour.
void ls_te_balance(const ls_te_state *state, const ls_te_moment *moment, ls_te_integrated *out);
