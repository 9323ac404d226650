#include "process/physics.h"

#include "process/cooling.h"
#include "process/flow.h"
#include "process/strip.h"

static const double reactor_ft3 = 1300.0, separator_ft3 = 3500.0, header_ft3 = 5000.0;

static void heat(ls_te_stream *stream, ls_te_phase phase, double t_c) {
    const ls_te_heat of = ls_te_heat_of(stream->fraction, phase);
    stream->heat = ls_te_heat_at(&of, t_c);
}

static void heats(const ls_te_state *state, ls_te_moment *m) {
    const double feed_c = 45.0;
    ls_te_stream *s = m->stream;
    const double idv3 = (state->idv >> 2 & 1U) != 0 ? 5.0 : 0.0;
    heat(&s[1], LS_TE_VAPOUR,
         ls_te_walk_at(&state->walks[LS_TE_WALK_D_FEED_C], state->time_h) + idv3);
    heat(&s[2], LS_TE_VAPOUR, feed_c);
    heat(&s[3], LS_TE_VAPOUR, feed_c);
    heat(&s[4], LS_TE_VAPOUR, ls_te_walk_at(&state->walks[LS_TE_WALK_C_FEED_C], state->time_h));
    heat(&s[5], LS_TE_VAPOUR, m->stripper.t_c);
    heat(&s[6], LS_TE_VAPOUR, m->header.t_c);
    heat(&s[8], LS_TE_VAPOUR, m->reactor.t_c);
    heat(&s[10], LS_TE_VAPOUR, m->separator.t_c);
    heat(&s[11], LS_TE_LIQUID, m->separator.t_c);
    heat(&s[13], LS_TE_LIQUID, m->stripper.t_c);
    s[7].heat = s[6].heat;
    s[9].heat = s[10].heat + m->compressor_heat / s[9].flow;
}

void ls_te_moment_of(ls_te_state *state, ls_te_moment *m) {
    const ls_te_integrated *now = &state->now;
    ls_te_two_phases_of(&now->reactor, reactor_ft3, state->guess_c[0], &m->reactor);
    ls_te_two_phases_of(&now->separator, separator_ft3, state->guess_c[1], &m->separator);
    ls_te_liquid_of(&now->stripper, state->guess_c[2], &m->stripper);
    ls_te_vapour_of(&now->header, header_ft3, state->guess_c[3], &m->header);
    state->guess_c[0] = m->reactor.t_c;
    state->guess_c[1] = m->separator.t_c;
    state->guess_c[2] = m->stripper.t_c;
    state->guess_c[3] = m->header.t_c;
    ls_te_react(&m->reactor, ls_te_walk_at(&state->walks[LS_TE_WALK_KINETICS_G], state->time_h),
                ls_te_walk_at(&state->walks[LS_TE_WALK_KINETICS_H], state->time_h), &m->reaction);
    ls_te_flow_by_valve(state, m);
    ls_te_flow_by_pressure(state, m);
    ls_te_strip(m);
    ls_te_cool(state, m);
    heats(state, m);
}

void ls_te_balance(const ls_te_state *state, const ls_te_moment *m, ls_te_integrated *out) {
    const ls_te_stream *s = m->stream;
#define AMOUNT(n) (s[n].fraction[i] * s[n].flow)
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        out->reactor.lbmol[i] = AMOUNT(7) - AMOUNT(8) + m->reaction.made[i];
        out->separator.lbmol[i] = AMOUNT(8) - AMOUNT(9) - AMOUNT(10) - AMOUNT(11);
        out->stripper.lbmol[i] = AMOUNT(12) - AMOUNT(13);
        out->header.lbmol[i] = AMOUNT(1) + AMOUNT(2) + AMOUNT(3) + AMOUNT(5) + AMOUNT(9) -
                               AMOUNT(6);
    }
#undef AMOUNT
#define HEAT(n) (s[n].heat * s[n].flow)
    out->reactor.energy = HEAT(7) - HEAT(8) + m->reaction.heat + m->reactor_cooling;
    out->separator.energy = HEAT(8) - HEAT(9) - HEAT(10) - HEAT(11) + m->condenser_cooling;
    out->stripper.energy = HEAT(4) + HEAT(11) - HEAT(5) - HEAT(13) + m->steam;
    out->header.energy = HEAT(1) + HEAT(2) + HEAT(3) + HEAT(5) + HEAT(9) - HEAT(6);
#undef HEAT
    // Cooling water: 500.53 lb/h to a gal/min; 7060 and 11138 lb of it stand in the coils.
    out->reactor_water_c = (m->reactor_water * (double)500.53f *
                                (m->reactor_water_inlet_c - state->now.reactor_water_c) -
                            m->reactor_cooling * 1e6 / 1.8f) /
                           7060.0;
    out->condenser_water_c = (m->condenser_water * (double)500.53f *
                                  (m->condenser_water_inlet_c - state->now.condenser_water_c) -
                              m->condenser_cooling * 1e6 / 1.8f) /
                             11138.0;
}
