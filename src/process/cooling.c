#include "process/cooling.h"

#include "process/disturbance.h"

static double walk(const ls_te_state *state, ls_te_walk_id id) {
    return ls_te_walk_at(&state->walks[id], state->time_h);
}

// The coils are wetted between 10 and 50 (ft3 of liquid over 7.8); the agitator helps.
static double reactor_transfer(const ls_te_state *state, const ls_te_moment *m) {
    const double level = m->reactor.liquid_ft3 / 7.8f;
    double wetted = (double)0.025f * m->reactor.liquid_ft3 / 7.8f - 0.25;
    wetted = level > 50.0 ? 1.0 : level < 10.0 ? 0.0 : wetted;
    const double speed = (state->now.valve_percent[11] + 150.0) / 100.0;
    return wetted * (-0.5 * (speed * speed) + 2.75 * speed - 2.5) * 855490.0e-6;
}

static double condenser_transfer(const ls_te_moment *m) {
    const double part = m->stream[8].flow / 3528.73f;
    const double square = part * part;
    return (double)0.404655f * (1.0 - 1.0 / (1.0 + square * square));
}

void ls_te_cool(const ls_te_state *state, ls_te_moment *m) {
    const double *valve = state->now.valve_percent;
    const double idv4 = ls_te_idv_has(state->idv, 4) ? 5.0 : 0.0;
    const double idv5 = ls_te_idv_has(state->idv, 5) ? 5.0 : 0.0;
    m->reactor_water_inlet_c = walk(state, LS_TE_WALK_REACTOR_WATER_C) + idv4;
    m->condenser_water_inlet_c = walk(state, LS_TE_WALK_CONDENSER_WATER_C) + idv5;
    m->reactor_water = valve[9] * 1000.0 / 100.0;
    m->condenser_water = valve[10] * 1200.0 / 100.0;

    m->reactor_cooling = reactor_transfer(state, m) *
                         (state->now.reactor_water_c - m->reactor.t_c) *
                         (1.0 - 0.35 * walk(state, LS_TE_WALK_REACTOR_FOULING));
    m->condenser_cooling = condenser_transfer(m) * (state->now.condenser_water_c - m->reactor.t_c) *
                           (1.0 - 0.25 * walk(state, LS_TE_WALK_CONDENSER_FOULING));
    const double steam = valve[8] * (double)0.03f * (1.0 + walk(state, LS_TE_WALK_STEAM)) / 100.0;
    m->steam = m->stripper.t_c < 100.0 ? steam * (100.0 - m->stripper.t_c) : 0.0;
}
