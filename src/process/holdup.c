#include "process/holdup.h"

// mmHg ft3/(lbmol K), as published.
static const double gas_constant = 998.9f;
static const double zero_celsius_k = 273.15f;

void ls_te_two_phases_of(const ls_te_holdup *holdup, double volume_ft3, double guess_c,
                         ls_te_two_phases *out) {
    double total = 0.0;
    for (int i = LS_TE_CONDENSE; i < LS_TE_SPECIES; i++) {
        total += holdup->lbmol[i];
    }
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        out->liquid[i] = i < LS_TE_CONDENSE ? 0.0 : holdup->lbmol[i] / total;
    }
    const ls_te_heat heat = ls_te_heat_of(out->liquid, LS_TE_LIQUID);
    out->t_c = ls_te_temperature(&heat, holdup->energy / total, guess_c);
    out->density = ls_te_liquid_density(out->liquid, out->t_c);
    out->liquid_ft3 = total / out->density;
    out->vapour_ft3 = volume_ft3 - out->liquid_ft3;

    const double t_k = out->t_c + zero_celsius_k;
    out->pressure_mmhg = 0.0;
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        out->partial_mmhg[i] = i < LS_TE_CONDENSE
                                   ? holdup->lbmol[i] * gas_constant * t_k / out->vapour_ft3
                                   : ls_te_vapour_pressure(i, out->t_c) * out->liquid[i];
        out->pressure_mmhg += out->partial_mmhg[i];
    }
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        out->vapour[i] = out->partial_mmhg[i] / out->pressure_mmhg;
    }
}

static void fractions_of(const ls_te_holdup *holdup, ls_te_one_phase *out) {
    out->total_lbmol = 0.0;
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        out->total_lbmol += holdup->lbmol[i];
    }
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        out->fraction[i] = holdup->lbmol[i] / out->total_lbmol;
    }
}

void ls_te_liquid_of(const ls_te_holdup *holdup, double guess_c, ls_te_one_phase *out) {
    fractions_of(holdup, out);
    const ls_te_heat heat = ls_te_heat_of(out->fraction, LS_TE_LIQUID);
    out->t_c = ls_te_temperature(&heat, holdup->energy / out->total_lbmol, guess_c);
    out->density = ls_te_liquid_density(out->fraction, out->t_c);
    out->liquid_ft3 = out->total_lbmol / out->density;
    out->pressure_mmhg = 0.0;
}

void ls_te_vapour_of(const ls_te_holdup *holdup, double volume_ft3, double guess_c,
                     ls_te_one_phase *out) {
    fractions_of(holdup, out);
    const ls_te_heat heat = ls_te_heat_of(out->fraction, LS_TE_VAPOUR_IN_TANK);
    out->t_c = ls_te_temperature(&heat, holdup->energy / out->total_lbmol, guess_c);
    out->pressure_mmhg = out->total_lbmol * gas_constant * (out->t_c + zero_celsius_k) / volume_ft3;
    out->density = 0.0;
    out->liquid_ft3 = 0.0;
}
