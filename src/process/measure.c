#include "process/measure.h"

#include <assert.h>

#include "process/noise.h"

static const double ft3_per_m3 = 35.3145f;

// Deviations of the noise, in the unit of each measurement.
static const double deviation[LS_TE_MEASURED] = {
    0.0012, 18.0, 22.0,  0.05, 0.2,  0.21,  0.3,  0.5,  0.01, 0.0017, 0.01, 1.0, 0.3,  0.125,
    1.0,    0.3,  0.115, 0.01, 1.15, 0.2,   0.01, 0.01, 0.25, 0.1,    0.25, 0.1, 0.25, 0.025,
    0.25,   0.1,  0.25,  0.1,  0.25, 0.025, 0.05, 0.05, 0.01, 0.01,   0.01, 0.5, 0.5,
};

typedef struct limit {
    ls_te_trip trip;
    const char *text;
} limit;
static const limit limits[LS_TE_TRIPS] = {
    {LS_TE_RUNS, "runs"},
    {LS_TE_TRIP_REACTOR_PRESSURE, "pressure of the reactor above 3000 kPa gauge"},
    {LS_TE_TRIP_REACTOR_FULL, "liquid in the reactor above 24 m3"},
    {LS_TE_TRIP_REACTOR_EMPTY, "liquid in the reactor below 2 m3"},
    {LS_TE_TRIP_REACTOR_HOT, "temperature of the reactor above 175 C"},
    {LS_TE_TRIP_SEPARATOR_FULL, "liquid in the separator above 12 m3"},
    {LS_TE_TRIP_SEPARATOR_EMPTY, "liquid in the separator below 1 m3"},
    {LS_TE_TRIP_STRIPPER_FULL, "liquid in the stripper above 8 m3"},
    {LS_TE_TRIP_STRIPPER_EMPTY, "liquid in the stripper below 1 m3"},
};

const char *ls_te_trip_text(ls_te_trip trip) {
    assert(trip < LS_TE_TRIPS && limits[trip].trip == trip);
    return limits[trip].text;
}

static double gauge_kpa(double mmhg) {
    return (mmhg - 760.0) / 760.0 * 101.325f;
}

ls_te_trip ls_te_trip_of(const ls_te_moment *m) {
    const double reactor_m3 = m->reactor.liquid_ft3 / ft3_per_m3;
    const double separator_m3 = m->separator.liquid_ft3 / ft3_per_m3;
    const double stripper_m3 = m->stripper.liquid_ft3 / ft3_per_m3;
    const bool beyond[LS_TE_TRIPS] = {
        [LS_TE_TRIP_REACTOR_PRESSURE] = gauge_kpa(m->reactor.pressure_mmhg) > 3000.0,
        [LS_TE_TRIP_REACTOR_FULL] = reactor_m3 > 24.0,
        [LS_TE_TRIP_REACTOR_EMPTY] =
            reactor_m3<2.0, [LS_TE_TRIP_REACTOR_HOT] = m->reactor.t_c> 175.0,
        [LS_TE_TRIP_SEPARATOR_FULL] = separator_m3 > 12.0,
        [LS_TE_TRIP_SEPARATOR_EMPTY] =
            separator_m3<1.0, [LS_TE_TRIP_STRIPPER_FULL] = stripper_m3> 8.0,
        [LS_TE_TRIP_STRIPPER_EMPTY] = stripper_m3 < 1.0,
    };
    for (int trip = LS_TE_RUNS + 1; trip < LS_TE_TRIPS; trip++) {
        if (beyond[trip]) {
            return (ls_te_trip)trip;
        }
    }
    return LS_TE_RUNS;
}

// lbmol/h of gas as thousands of standard m3 an hour; lb/h as kg/h.
static double kscmh(double lbmol_h) {
    return lbmol_h * 0.359f / ft3_per_m3;
}
static double kg_h(double lb_h) {
    return lb_h * 0.454f;
}

static double of_span(double ft3, double zero_ft3, double span_ft3) {
    return (ft3 - zero_ft3) / span_ft3 * 100.0;
}

void ls_te_measure(ls_te_state *state, const ls_te_moment *m, bool noisy) {
    const ls_te_stream *s = m->stream;
    const double shown[LS_TE_CONTINUOUS] = {
        kscmh(s[3].flow),
        kg_h(s[1].flow * s[1].weight),
        kg_h(s[2].flow * s[2].weight),
        kscmh(s[4].flow),
        kscmh(s[9].flow),
        kscmh(s[6].flow),
        gauge_kpa(m->reactor.pressure_mmhg),
        of_span(m->reactor.liquid_ft3, 84.6f, 666.7f),
        m->reactor.t_c,
        kscmh(s[10].flow),
        m->separator.t_c,
        of_span(m->separator.liquid_ft3, 27.5, 290.0),
        gauge_kpa(m->separator.pressure_mmhg),
        s[11].flow / m->separator.density / ft3_per_m3,
        of_span(m->stripper.liquid_ft3, 78.25, 156.5),
        gauge_kpa(m->header.pressure_mmhg),
        s[13].flow / m->stripper.density / ft3_per_m3,
        m->stripper.t_c,
        kg_h(m->steam * 1.04e3),
        m->compressor_heat * 0.29307e3,  // kW
        state->now.reactor_water_c,
        state->now.condenser_water_c,
    };
    for (int i = 0; i < LS_TE_CONTINUOUS; i++) {
        state->measured[i] = shown[i];
        if (noisy) {
            state->measured[i] += ls_te_normal(&state->generator, deviation[i]);
        }
    }
}

// What the analysers sample: A to F of the reactor's feed, A to H of the purge, D to H of the
// product; in percent.
static void sample(const ls_te_moment *m, double out[LS_TE_MEASURED]) {
    for (int i = 0; i < 6; i++) {
        out[LS_TE_CONTINUOUS + i] = m->stream[7].fraction[i] * 100.0;
    }
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        out[LS_TE_CONTINUOUS + 6 + i] = m->stream[10].fraction[i] * 100.0;
    }
    for (int i = LS_TE_CONDENSE; i < LS_TE_SPECIES; i++) {
        out[LS_TE_GAS + i - LS_TE_CONDENSE] = m->stream[13].fraction[i] * 100.0;
    }
}

// One analyser, whose measurements are from first to before end.
static void give_out(ls_te_state *state, const double *sampled, int first, int end) {
    for (int i = first; i < end; i++) {
        state->measured[i] = state->pending[i] + ls_te_normal(&state->generator, deviation[i]);
        state->pending[i] = sampled[i];
    }
}

void ls_te_analyse(ls_te_state *state, const ls_te_moment *m, bool first) {
    const double gas_every_h = 0.1f, product_every_h = 0.25f;
    double sampled[LS_TE_MEASURED];
    if (!first && state->time_h < state->gas_due_h && state->time_h < state->product_due_h) {
        return;
    }
    sample(m, sampled);
    if (first) {
        for (int i = LS_TE_CONTINUOUS; i < LS_TE_MEASURED; i++) {
            state->pending[i] = sampled[i];
            state->measured[i] = sampled[i];
        }
        state->gas_due_h = gas_every_h;
        state->product_due_h = product_every_h;
    }
    if (state->time_h >= state->gas_due_h) {
        give_out(state, sampled, LS_TE_CONTINUOUS, LS_TE_GAS);
        state->gas_due_h += gas_every_h;
    }
    if (state->time_h >= state->product_due_h) {
        give_out(state, sampled, LS_TE_GAS, LS_TE_MEASURED);
        state->product_due_h += product_every_h;
    }
}
