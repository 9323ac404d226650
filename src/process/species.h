// species.h - the eight chemicals of the Tennessee Eastman process and what they weigh, hold and
// breathe.
//
// A, B and C do not condense; D, E, F, G and H do. Units are those of the publication (J. J. Downs
// and E. F. Vogel, Computers and Chemical Engineering 17 (1993) 245-255): lbmol, lb, ft3, degrees
// Celsius, mmHg absolute, and 1e6 Btu for energy.
//
// The published program states most of its constants in single precision. Where it does, so do we
// (an `f` behind the number): 25.4f is 25.39999962, and a trajectory that is to agree with recorded
// ones in nine digits begins with the same numbers.
#pragma once

#include "base/kernel.h"

enum {
    LS_TE_A,
    LS_TE_B,
    LS_TE_C,
    LS_TE_D,
    LS_TE_E,
    LS_TE_F,
    LS_TE_G,
    LS_TE_H,
    LS_TE_SPECIES,
    LS_TE_CONDENSE = LS_TE_D  // the first species that condenses
};

// What is asked of a mixture.
typedef enum ls_te_phase {
    LS_TE_LIQUID,          // enthalpy of the liquid
    LS_TE_VAPOUR,          // enthalpy of the vapour
    LS_TE_VAPOUR_IN_TANK,  // internal energy of the vapour
} ls_te_phase;

// Heat of a mixture, in 1e6 Btu/lbmol, as a polynomial of its temperature in C:
// heat = base + t (slope + t (bend + t twist)).
typedef struct ls_te_heat {
    double base, slope, bend, twist;
} ls_te_heat;

// Molar weights, lb/lbmol.
extern const double ls_te_weight[LS_TE_SPECIES];

// The polynomial of a mixture. Fractions are molar and need not sum to one: heat is per unit of
// their sum.
ls_te_heat ls_te_heat_of(const double fraction[LS_TE_SPECIES], ls_te_phase phase);

LS_FN double ls_te_heat_at(const ls_te_heat *heat, double t_c) {
    return heat->base + t_c * (heat->slope + t_c * (heat->bend + t_c * heat->twist));
}

// The temperature in C at which the mixture has this heat, by Newton's method from guess_c until a
// step is below 1e-12 C; guess_c itself when a hundred steps do not do.
double ls_te_temperature(const ls_te_heat *heat, double value, double guess_c);

// lb/lbmol.
double ls_te_mixture_weight(const double fraction[LS_TE_SPECIES]);

// Density of a liquid mixture, lbmol/ft3.
double ls_te_liquid_density(const double fraction[LS_TE_SPECIES], double t_c);

// Vapour pressure of a species that condenses, mmHg; Antoine's equation.
double ls_te_vapour_pressure(int species, double t_c);
