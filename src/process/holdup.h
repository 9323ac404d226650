// holdup.h - what stands in a vessel, and what follows from it.
//
// A vessel is its amounts and its energy; temperature, volumes and pressure are computed from them.
// Units as in species.h: lbmol, 1e6 Btu, C, ft3, mmHg absolute.
#pragma once

#include "process/species.h"

typedef struct ls_te_holdup {
    double lbmol[LS_TE_SPECIES];
    double energy;
} ls_te_holdup;

// Liquid below, vapour above: the reactor and the separator. A, B and C stand in the vapour only;
// of the others the liquid alone is counted, and energy is the liquid's.
typedef struct ls_te_two_phases {
    double liquid[LS_TE_SPECIES], vapour[LS_TE_SPECIES];  // mole fractions
    double partial_mmhg[LS_TE_SPECIES];
    double pressure_mmhg;
    double t_c;
    double density;  // of the liquid, lbmol/ft3
    double liquid_ft3, vapour_ft3;
} ls_te_two_phases;

// Ideal gas above an ideal solution. guess_c: the temperature a step ago.
void ls_te_two_phases_of(const ls_te_holdup *holdup, double volume_ft3, double guess_c,
                         ls_te_two_phases *out);

// One phase: the liquid in the stripper, the vapour in the header before the reactor.
typedef struct ls_te_one_phase {
    double fraction[LS_TE_SPECIES];
    double total_lbmol;
    double t_c;
    double density, liquid_ft3;  // liquid only
    double pressure_mmhg;        // vapour only
} ls_te_one_phase;

void ls_te_liquid_of(const ls_te_holdup *holdup, double guess_c, ls_te_one_phase *out);
void ls_te_vapour_of(const ls_te_holdup *holdup, double volume_ft3, double guess_c,
                     ls_te_one_phase *out);
