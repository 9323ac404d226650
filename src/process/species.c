#include "process/species.h"

#include "base/kmath.h"

const double ls_te_weight[LS_TE_SPECIES] = {2.0, 25.4f, 28.0, 32.0, 46.0, 48.0, 62.0, 76.0};

// Btu per degree Fahrenheit are published; temperatures are in degrees Celsius.
static const double fahrenheit_per_celsius = 1.8;

// Heat capacities a + b t + c t^2 of liquid and vapour and heats of vaporisation; 1e6 Btu, lb, C.
typedef struct capacity {
    double a, b, c, vaporisation;
} capacity;
static const capacity liquid[LS_TE_SPECIES] = {
    {1.0e-6, 0.0, 0.0, 0.0},
    {1.0e-6, 0.0, 0.0, 0.0},
    {1.0e-6, 0.0, 0.0, 0.0},
    {0.960e-6, 8.70e-9, 4.81e-11, 0.0},
    {0.573e-6, 2.41e-9, 1.82e-11, 0.0},
    {0.652e-6, 2.18e-9, 1.94e-11, 0.0},
    {0.515e-6, 5.65e-10, 3.82e-12, 0.0},
    {0.471e-6, 8.70e-10, 2.62e-12, 0.0},
};
static const capacity vapour[LS_TE_SPECIES] = {
    {3.411e-6, 7.18e-10, 6.0e-13, 1.0e-6},
    {0.3799e-6, 1.08e-9, -3.98e-13, 1.0e-6},
    {0.2491e-6, 1.36e-11, -3.93e-14, 1.0e-6},
    {0.3567e-6, 8.51e-10, -3.12e-13, 86.7e-6},
    {0.3463e-6, 8.96e-10, -3.27e-13, 160.0e-6},
    {0.3930e-6, 1.02e-9, -3.12e-13, 160.0e-6},
    {0.170e-6, 0.0, 0.0, 225.0e-6},
    {0.150e-6, 0.0, 0.0, 209.0e-6},
};
// The gas constant in 1e6 Btu/(lbmol C), and zero Celsius in kelvin.
static const double gas_constant = 3.57696 / 1.0e6;
static const double zero_celsius_k = 273.15f;

// Density of liquids, lb/ft3: a + b t + c t^2.
typedef struct density {
    double a, b, c;
} density;
static const density dense[LS_TE_SPECIES] = {
    {1.0, 0.0, 0.0},
    {1.0, 0.0, 0.0},
    {1.0, 0.0, 0.0},
    {23.3f, -0.0700f, -0.0002f},
    {33.9f, -0.0957f, -0.000152f},
    {32.8f, -0.0995f, -0.000233f},
    {49.9f, -0.0191f, -0.000425f},
    {50.5f, -0.0541f, -0.000150f},
};

// ln p = a + b / (t + c), p in mmHg, t in C. E and F are alike.
typedef struct antoine {
    double a, b, c;
} antoine;
static const antoine breath[LS_TE_SPECIES] = {
    {0.0, 0.0, 0.0},           {0.0, 0.0, 0.0},           {0.0, 0.0, 0.0},
    {15.92f, -1444.0, 259.0},  {16.35f, -2114.0, 265.5},  {16.35f, -2114.0, 265.5},
    {16.43f, -2748.0, 232.9f}, {17.21f, -3318.0, 249.6f},
};

ls_te_heat ls_te_heat_of(const double fraction[LS_TE_SPECIES], ls_te_phase phase) {
    const capacity *of = phase == LS_TE_LIQUID ? liquid : vapour;
    ls_te_heat heat = {0.0, 0.0, 0.0, 0.0};
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        const double weight = fraction[i] * ls_te_weight[i];
        heat.base += weight * of[i].vaporisation;
        heat.slope += weight * of[i].a;
        heat.bend += weight * of[i].b;
        heat.twist += weight * of[i].c;
    }
    heat.slope *= fahrenheit_per_celsius;
    heat.bend *= fahrenheit_per_celsius / 2.0;
    heat.twist *= fahrenheit_per_celsius / 3.0;
    if (phase == LS_TE_VAPOUR_IN_TANK) {
        heat.base -= gas_constant * zero_celsius_k;
        heat.slope -= gas_constant;
    }
    return heat;
}

double ls_te_temperature(const ls_te_heat *heat, double value, double guess_c) {
    double t_c = guess_c;
    for (int i = 0; i < 100; i++) {
        const double slope = heat->slope + t_c * (2.0 * heat->bend + t_c * 3.0 * heat->twist);
        const double step_c = (value - ls_te_heat_at(heat, t_c)) / slope;
        t_c += step_c;
        if (ls_abs(step_c) < 1e-12) {
            return t_c;
        }
    }
    return guess_c;
}

double ls_te_mixture_weight(const double fraction[LS_TE_SPECIES]) {
    double weight = 0.0;
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        weight += fraction[i] * ls_te_weight[i];
    }
    return weight;
}

double ls_te_liquid_density(const double fraction[LS_TE_SPECIES], double t_c) {
    double volume = 0.0;
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        volume += fraction[i] * ls_te_weight[i] /
                  (dense[i].a + (dense[i].b + dense[i].c * t_c) * t_c);
    }
    return 1.0 / volume;
}

double ls_te_vapour_pressure(int species, double t_c) {
    const antoine *of = &breath[species];
    return ls_exp(of->a + of->b / (t_c + of->c));
}
