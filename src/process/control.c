#include "process/control.h"

#include <string.h>

#include "base/status.h"
#include "process/disturbance.h"

// Numbers in single precision, and divided in it, as published; see species.h.
const ls_te_loop ls_te_loops[LS_TE_LOOPS] = {
    {"D feed", "kg/h", 1, 1, 0, 0, 3664.0, 5811.0, 1.0, 0.0, 3, 0.0, 0.0, 5811.0},
    {"E feed", "kg/h", 2, 2, 1, 0, 4509.3f, 8354.0, 1.0, 0.0, 3, 0.0, 0.0, 8354.0},
    {"A feed", "kscmh", 3, 0, 2, 0, .25052f, 1.017f, 1.0, 0.0, 3, 0.0, 0.0, 1.017},
    {"A and C feed", "kscmh", 4, 3, 3, 0, 9.3477f, 15.25, 1.0, 0.0, 3, 0.0, 0.0, 15.25},
    {"recycle", "kscmh", 5, 4, 4, 0, 26.902f, 53.0, -0.083f, 1.0f / 3600.0f, 3, 0.0, 0.0, 53.0},
    {"purge", "kscmh", 6, 9, 5, 0, 0.33712f, 1.0, 1.22f, 0.0, 3, 0.0, 0.0, 1.0},
    {"separator level", "%", 7, 11, 6, 0, 50.0, 70.0, -2.06f, 0.0, 3, 0.0, 0.0, 100.0},
    {"stripper level", "%", 8, 14, 7, 0, 50.0, 70.0, -1.62f, 0.0, 3, 0.0, 0.0, 100.0},
    {"steam", "kg/h", 9, 18, 8, 0, 230.31f, 460.0, 0.41f, 0.0, 3, 0.0, 0.0, 460.0},
    {"reactor water outlet", "C", 10, 20, 9, 0, 94.599f, 150.0, -0.156f * 10.0f, 1452.0f / 3600.0f,
     3, 0.0, 0.0, 150.0},
    {"product flow", "m3/h", 11, 16, 10, 0, 22.949f, 46.0, 1.09f, 2600.0f / 3600.0f, 3, 0.0, 0.0,
     46.0},
    {"stripper temperature", "C", 16, 17, -1, 9, 65.731f, 130.0, 1.69f / 10.0f, 236.0f / 3600.0f, 3,
     460.0, 0.0, 130.0},
    {"reactor level", "%", 17, 7, -1, 4, 75.0, 50.0, 11.1f / 10.0f, 3168.0f / 3600.0f, 3, 15.25,
     0.0, 100.0},
    {"reactor temperature", "C", 18, 8, -1, 10, 120.40f, 150.0, 2.83f * 10.0f, 982.0f / 3600.0f, 3,
     150.0, 0.0, 150.0},
    {"A in the reactor feed", "mol%", 13, 22, -1, 3, 32.188f, 100.0, 18.0, 3168.0f / 3600.0f, 360,
     1.017f, 0.0, 100.0},
    {"D in the reactor feed", "mol%", 14, 25, -1, 1, 6.8820f, 100.0, 8.3f, 3168.0f / 3600.0f, 360,
     5811.0, 0.0, 100.0},
    {"E in the reactor feed", "mol%", 15, 26, -1, 2, 18.776f, 100.0, 2.37f, 5069.0f / 3600.0f, 360,
     8354.0, 0.0, 100.0},
    {"B in the purge", "mol%", 19, 29, -1, 6, 13.823f, 26.0, -83.2f / 5.0f / 3.0f,
     6336.0f / 3600.0f, 360, 1.0, 0.0, 26.0},
    {"E in the product", "mol%", 20, 37, -1, 16, 0.83570f, 1.6f, -16.3f / 5.0f, 12408.0f / 3600.0f,
     900, 130.0, 0.0, 1.6},
};
enum { PURGE = 6, PURGE_VALVE = 5, FEED_C_VALVE = 3 };

static const double valves_at_rest[LS_TE_VALVES - 1] = {
    63.053f, 53.980f, 24.644f, 61.302f, 22.210f, 40.064f,
    38.100f, 46.534f, 47.446f, 41.106f, 18.114f,
};

void ls_te_control_start(ls_te_state *state) {
    memset(state->error, 0, sizeof state->error);
    memset(state->setpoint, 0, sizeof state->setpoint);
    for (int i = 0; i < LS_TE_LOOPS; i++) {
        state->setpoint[ls_te_loops[i].number - 1] = ls_te_loops[i].setpoint;
    }
    memcpy(state->command_percent, valves_at_rest, sizeof valves_at_rest);
    state->purge = 0;
}

const ls_te_loop *ls_te_loop_find(int number) {
    for (int i = 0; i < LS_TE_LOOPS; i++) {
        if (ls_te_loops[i].number == number) {
            return &ls_te_loops[i];
        }
    }
    return NULL;
}

// The loop that moves the setpoint of this one.
static const ls_te_loop *outer(const ls_te_loop *loop) {
    for (int i = 0; i < LS_TE_LOOPS; i++) {
        if (ls_te_loops[i].loop == loop->number) {
            return &ls_te_loops[i];
        }
    }
    return NULL;
}

bool ls_te_loop_is_free(const ls_te_loop *loop) {
    return outer(loop) == NULL;
}

ls_status ls_te_set_point(ls_te_state *state, int number, double value, ls_error *err) {
    const ls_te_loop *loop = ls_te_loop_find(number);
    if (loop == NULL) {
        return ls_fail(err, LS_ERR_INVALID,
                       "no control loop has the number %d; they are 1 to 11 and 13 to 20", number);
    }
    if (!ls_te_loop_is_free(loop)) {
        return ls_fail(err, LS_ERR_INVALID,
                       "the setpoint of loop %d (%s) is moved by loop %d (%s): set that", number,
                       loop->name, outer(loop)->number, outer(loop)->name);
    }
    if (!(value >= loop->low && value <= loop->high)) {
        return ls_fail(err, LS_ERR_INVALID,
                       "the setpoint of loop %d (%s) is from %g to %g %s, not %g", number,
                       loop->name, loop->low, loop->high, loop->unit, value);
    }
    // The one at rest, as people write it, is that of single precision to the bit.
    const bool rest = (float)value == (float)loop->setpoint;
    state->setpoint[number - 1] = rest ? loop->setpoint : value;
    return LS_OK;
}

static void act(ls_te_state *state, const ls_te_loop *loop, double step_h) {
    double *last = &state->error[loop->number - 1];
    const double error = (state->setpoint[loop->number - 1] - state->measured[loop->measured]) *
                         100.0 / loop->span;
    double change = error - *last;
    if (loop->reset_h > 0.0) {
        change += error * step_h * loop->every_s / loop->reset_h;
    }
    change *= loop->gain;
    *last = error;
    if (loop->valve >= 0) {
        state->command_percent[loop->valve] += change;
    } else {
        state->setpoint[loop->loop - 1] += change * loop->out_span / 100.0;
    }
}

// The purge valve is torn open when the separator's pressure is too high, and shut when it is too
// low, until it is back at rest; then its loop begins anew.
enum { PURGE_FREE, PURGE_OPEN, PURGE_SHUT };
static void act_on_purge(ls_te_state *state, const ls_te_loop *loop, double step_h) {
    const double highest = 2950.0, lowest = 2300.0, middle = 2633.7f;  // kPa gauge
    const double pressure = state->measured[12];
    double *command = &state->command_percent[PURGE_VALVE];
    const bool back = (state->purge == PURGE_OPEN && pressure < middle) ||
                      (state->purge == PURGE_SHUT && pressure >= middle);
    if (pressure >= highest) {
        state->purge = PURGE_OPEN;
    } else if (state->purge == PURGE_FREE && pressure <= lowest) {
        state->purge = PURGE_SHUT;
    } else if (back) {
        state->purge = PURGE_FREE;
        *command = 40.060f;
        state->setpoint[loop->number - 1] = loop->setpoint;
        state->error[loop->number - 1] = 0.0;
        return;
    }
    if (state->purge == PURGE_FREE) {
        act(state, loop, step_h);
    } else {
        *command = state->purge == PURGE_OPEN ? 100.0 : 0.0;
    }
}

void ls_te_control(ls_te_state *state, int64_t step, double step_h) {
    for (int i = 0; i < LS_TE_LOOPS; i++) {
        const ls_te_loop *loop = &ls_te_loops[i];
        if (step % loop->every_s != 0) {
            continue;
        }
        (loop->number == PURGE ? act_on_purge : act)(state, loop, step_h);
    }
    if (ls_te_idv_has(state->idv, 21)) {
        state->command_percent[FEED_C_VALVE] = valves_at_rest[FEED_C_VALVE];
    }
}
