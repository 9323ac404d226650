#include "process/reaction.h"

#include "base/kmath.h"

static const double zero_celsius_k = 273.15f;

// Activation energies over the gas constant, in kelvin, divided in single precision as published.
static const double activation_g_k = 40000.0f / 1.987f;
static const double activation_h_k = 20000.0f / 1.987f;
static const double activation_f_k = 60000.0f / 1.987f;
static const double order_a = 1.1544f, order_c = 0.3735f;
static const double heat_g = 0.06899381054, heat_h = 0.05;  // 1e6 Btu/lbmol

void ls_te_react(const ls_te_two_phases *reactor, double kinetics_g, double kinetics_h,
                 ls_te_reaction *out) {
    const double *p = reactor->partial_mmhg;
    const double t_k = reactor->t_c + zero_celsius_k;
    double to_g = ls_exp(31.5859536f - activation_g_k / t_k) * kinetics_g;
    double to_h = ls_exp(3.00094014f - activation_h_k / t_k) * kinetics_h;
    double to_f = ls_exp(53.4060443f - activation_f_k / t_k);
    double d_to_f = to_f * 0.767488334;
    if (p[LS_TE_A] > 0.0 && p[LS_TE_C] > 0.0) {
        const double with_a_and_c = ls_pow(p[LS_TE_A], order_a) * ls_pow(p[LS_TE_C], order_c);
        to_g *= with_a_and_c * p[LS_TE_D];
        to_h *= with_a_and_c * p[LS_TE_E];
    } else {
        to_g = 0.0;
        to_h = 0.0;
    }
    to_f *= p[LS_TE_A] * p[LS_TE_E];
    d_to_f *= p[LS_TE_A] * p[LS_TE_D];
    to_g *= reactor->vapour_ft3;
    to_h *= reactor->vapour_ft3;
    to_f *= reactor->vapour_ft3;
    d_to_f *= reactor->vapour_ft3;

    out->made[LS_TE_A] = -to_g - to_h - to_f;
    out->made[LS_TE_B] = 0.0;
    out->made[LS_TE_C] = -to_g - to_h;
    out->made[LS_TE_D] = -to_g - 1.5 * d_to_f;
    out->made[LS_TE_E] = -to_h - to_f;
    out->made[LS_TE_F] = to_f + d_to_f;
    out->made[LS_TE_G] = to_g;
    out->made[LS_TE_H] = to_h;
    out->heat = to_g * heat_g + to_h * heat_h;
}
