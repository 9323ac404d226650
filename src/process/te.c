#include "process/te.h"

#include <assert.h>
#include <string.h>

#include "base/kmath.h"
#include "process/control.h"
#include "process/disturbance.h"
#include "process/measure.h"
#include "process/physics.h"

static_assert(sizeof(ls_te_integrated) == LS_TE_INTEGRATED * sizeof(double),
              "the integrated numbers stand side by side");

// A second in hours, in single precision as published: 3.4e-8 less or more than it is, which moves
// the times at which analysers are due.
static const double step_h = 1.0f / 3600.0f;

// Where the plant is at rest in the mode that was published as the base case.
static const ls_te_integrated at_rest = {
    .reactor = {{10.40491389f, 4.363996017f, 7.570059737f, 0.4230042431f, 24.15513437f,
                 2.942597645f, 154.3770655f, 159.1865960f},
                2.808522723f},
    .separator = {{63.75581199f, 26.74026066f, 46.38532432f, 0.2464521543f, 15.20484404f,
                   1.852266172f, 52.44639459f, 41.20394008f},
                  0.5699317760f},
    .stripper = {{0.4306056376f, 7.9906200783e-3, 0.9056036089f, 1.6054258216e-2, 0.7509759687f,
                  8.8582855955e-2, 48.27726193f, 39.38459028f},
                 0.3755297257f},
    .header = {{107.7562698f, 29.77250546f, 88.32481135f, 23.03929507f, 62.85848794f, 5.546318688f,
                11.92244772f, 5.555448243f},
               0.9218489762f},
    .reactor_water_c = 94.59927549f,
    .condenser_water_c = 77.29698353f,
    .valve_percent = {63.05263039f, 53.97970677f, 24.64355755f, 61.30192144f, 22.21000000f,
                      40.06374673f, 38.10034370f, 46.53415582f, 47.44573456f, 41.10581288f,
                      18.11349055f, 50.00000000f},
};

// Time constants of the valves, s.
static const double lag_s[LS_TE_VALVES] = {8, 8, 6, 9, 7, 5, 5, 5, 120, 5, 5, 5};

// Which command each valve obeys (one that sticks stays until it is too far), and its speed, %/h.
static void move_valves(ls_te_state *state, bool first, double speed[LS_TE_VALVES]) {
    for (int i = 0; i < LS_TE_VALVES; i++) {
        double *obeyed = &state->obeyed_percent[i];
        const double away = ls_abs(*obeyed - state->command_percent[i]);
        if (first || away > ls_te_idv_stiction(state->idv, i)) {
            *obeyed = state->command_percent[i];
        }
        *obeyed = *obeyed < 0.0 ? 0.0 : *obeyed > 100.0 ? 100.0 : *obeyed;
        speed[i] = (*obeyed - state->now.valve_percent[i]) / (lag_s[i] / 3600.0);
    }
}

// Everything that a moment brings: curves, flows, measurements; the rates of change.
static void look(ls_te_state *state, ls_te_integrated *rates) {
    const bool first = state->time_h == 0.0;
    ls_te_moment moment;
    ls_te_walks_advance(state->walks, state->time_h, ls_te_idv_walks(state->idv),
                        &state->generator);
    ls_te_moment_of(state, &moment);
    state->trip = ls_te_trip_of(&moment);
    ls_te_measure(state, &moment, state->time_h > 0.0 && state->trip == LS_TE_RUNS);
    ls_te_analyse(state, &moment, first);
    ls_te_balance(state, &moment, rates);
    move_valves(state, first, rates->valve_percent);
    if (state->trip != LS_TE_RUNS) {
        memset(rates, 0, sizeof *rates);
    }
}

void ls_te_start(ls_te_state *state, int64_t seed) {
    assert(ls_te_seed_is_good(seed));
    memset(state, 0, sizeof *state);
    state->now = at_rest;
    state->generator = (double)seed;
    memcpy(state->command_percent, at_rest.valve_percent, sizeof state->command_percent);
    ls_te_walks_rest(state->walks);
    ls_te_integrated rates;
    look(state, &rates);
    ls_te_control_start(state);
}

void ls_te_control_now(ls_te_state *state) {
    ls_te_control(state, state->steps + 1, step_h);
}

void ls_te_integrate(ls_te_state *state) {
    ls_te_integrated rates;
    look(state, &rates);
    state->time_h += step_h;
    double value[LS_TE_INTEGRATED], rate[LS_TE_INTEGRATED];
    memcpy(value, &state->now, sizeof value);
    memcpy(rate, &rates, sizeof rate);
    for (int i = 0; i < LS_TE_INTEGRATED; i++) {
        value[i] += rate[i] * step_h;
    }
    memcpy(&state->now, value, sizeof value);
    for (int i = 0; i < LS_TE_VALVES - 1; i++) {
        double *command = &state->command_percent[i];
        *command = *command <= 0.0 ? 0.0 : *command >= 100.0 ? 100.0 : *command;
    }
    state->steps++;
}

void ls_te_step(ls_te_state *state) {
    ls_te_control_now(state);
    ls_te_integrate(state);
}
