#include "process/flow.h"

#include <string.h>

#include "base/kmath.h"
#include "process/disturbance.h"

// Flow of a wide open valve, lbmol/h; numbered as XMV, from 0.
static const double range[LS_TE_VALVES] = {400.0, 400.0, 100.0, 1500.0, 0.0, 0.0, 1500.0, 1000.0};

static const double feed_d[LS_TE_SPECIES] = {[LS_TE_B] = 0.0001f, [LS_TE_D] = 0.9999f};
static const double feed_e[LS_TE_SPECIES] = {[LS_TE_E] = 0.9999f, [LS_TE_F] = 0.0001f};
static const double feed_a[LS_TE_SPECIES] = {[LS_TE_A] = 0.9999f, [LS_TE_B] = 0.0001f};

static double open(const ls_te_state *state, int valve) {
    return state->now.valve_percent[valve] * range[valve] / 100.0;
}

static void fractions(ls_te_stream *stream, const double from[LS_TE_SPECIES]) {
    memcpy(stream->fraction, from, sizeof stream->fraction);
}

static double idv(const ls_te_state *state, int number) {
    return ls_te_idv_has(state->idv, number) ? 1.0 : 0.0;
}

void ls_te_flow_by_valve(const ls_te_state *state, ls_te_moment *m) {
    const ls_te_walk *walks = state->walks;
    ls_te_stream *s = m->stream;
    const double a = ls_te_walk_at(&walks[LS_TE_WALK_A_SHARE], state->time_h) -
                     idv(state, 1) * 0.03 - idv(state, 2) * 2.43719e-3;
    const double b = ls_te_walk_at(&walks[LS_TE_WALK_B_SHARE], state->time_h) +
                     idv(state, 2) * 0.005;
    const double feed_ac[LS_TE_SPECIES] = {a, b, 1.0 - a - b};
    fractions(&s[1], feed_d);
    fractions(&s[2], feed_e);
    fractions(&s[3], feed_a);
    fractions(&s[4], feed_ac);
    fractions(&s[11], m->separator.liquid);
    fractions(&s[13], m->stripper.fraction);
    s[1].weight = ls_te_mixture_weight(s[1].fraction);
    s[2].weight = ls_te_mixture_weight(s[2].fraction);

    s[1].flow = open(state, 0);
    s[2].flow = open(state, 1);
    s[3].flow = open(state, 2) * (1.0 - idv(state, 6));
    s[4].flow = open(state, 3) * (1.0 - idv(state, 7) * 0.2) + 1e-10;
    s[11].flow = open(state, 6);
    s[13].flow = open(state, 7);
}

// Mass flow goes with the root of the difference of pressure (mmHg); none flows back. lb/h.
static double root_flow(double coefficient, double from_mmhg, double to_mmhg) {
    const double difference = from_mmhg - to_mmhg;
    return difference > 0.0 ? coefficient * ls_sqrt(difference) : 0.0;
}

// The compressor takes less gas the higher the ratio of pressures; what its recycle valve lets back
// does not arrive at the header.
static double compress(const ls_te_state *state, ls_te_moment *m, double weight) {
    const double most = 280275.0;  // lb/h
    const double per_ratio = most / 1.197;
    const double highest_ratio = 1.3f;
    const double header = m->header.pressure_mmhg;
    const double separator = m->separator.pressure_mmhg;
    double ratio = header / separator;
    ratio = ratio < 1.0 ? 1.0 : ratio > highest_ratio ? highest_ratio : ratio;
    const double through = most + per_ratio * (1.0 - ratio * ratio * ratio);
    m->compressor_heat = through * (m->separator.t_c + 273.15) * 1.8e-6 * 1.9872 *
                         (header - separator) / (weight * separator);
    const double back = root_flow(state->now.valve_percent[4] * 53.349, header, separator);
    const double rest = through - back;
    return rest < 1e-3 ? 1e-3 : rest;
}

void ls_te_flow_by_pressure(const ls_te_state *state, ls_te_moment *m) {
    const double outside_mmhg = 760.0;
    ls_te_stream *s = m->stream;
    fractions(&s[6], m->header.fraction);
    fractions(&s[8], m->reactor.vapour);
    fractions(&s[9], m->separator.vapour);
    fractions(&s[10], m->separator.vapour);
    s[6].weight = ls_te_mixture_weight(s[6].fraction);
    s[8].weight = ls_te_mixture_weight(s[8].fraction);
    s[9].weight = ls_te_mixture_weight(s[9].fraction);
    s[10].weight = s[9].weight;

    const double header = m->header.pressure_mmhg;
    const double reactor = m->reactor.pressure_mmhg;
    const double separator = m->separator.pressure_mmhg;
    s[6].flow = root_flow(1937.6, header, reactor) / s[6].weight;
    const double free = 1.0 - 0.25 * ls_te_walk_at(&state->walks[LS_TE_WALK_REACTOR_OUTLET],
                                                   state->time_h);
    s[8].flow = root_flow(4574.21, reactor, separator) * free / s[8].weight;
    s[10].flow = root_flow(state->now.valve_percent[5] * 0.151169, separator, outside_mmhg) /
                 s[10].weight;
    s[9].flow = compress(state, m, s[9].weight) / s[9].weight;
    s[7] = s[6];
}
