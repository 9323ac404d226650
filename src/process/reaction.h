// reaction.h - what reacts in the reactor's vapour.
//
// A + C + D -> G, A + C + E -> H, A + E -> F, 3 D -> 2 F: irreversible, by Arrhenius' law; the
// first two give heat that is counted.
#pragma once

#include "process/holdup.h"

typedef struct ls_te_reaction {
    double made[LS_TE_SPECIES];  // lbmol/h, negative where used up
    double heat;                 // 1e6 Btu/h
} ls_te_reaction;

// kinetics_g and kinetics_h are factors of the first two rates, 1 in health.
void ls_te_react(const ls_te_two_phases *reactor, double kinetics_g, double kinetics_h,
                 ls_te_reaction *out);
