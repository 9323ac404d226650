// account.h - where a machine's time goes.
#pragma once

#include "twin/dispatch.h"

// Moves the account of a machine's time into another state.
LS_HOT void ls_account(ls_ctx *c, ls_u32 machine, ls_u32 state) {
    ls_s_machine *mc = c->machine + machine;
    if (mc->account != state) {
        c->account[(ls_u64)machine * LS_STATE_COUNT + mc->account] += c->now - mc->since;
        mc->since = c->now;
        mc->account = state;
    }
}

LS_FN int ls_is_paused(const ls_ctx *c, const ls_m_station *st, const ls_s_machine *mc,
                       ls_u32 station) {
    return mc->mode != 0 || (mc->hand & LS_HAND_STOPPED) != 0 ||
           (c->station[station].off != 0 && st->shift_end == LS_SHIFT_PAUSE);
}

// The account state that follows from what the machine does.
LS_SLOW void ls_account_refresh(ls_ctx *c, ls_u32 machine) {
    const ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    const int off = c->station[station].off != 0;
    ls_u32 state = LS_STATE_STARVED;
    if (mc->mode != 0) {
        const ls_m_mode *mode = c->modes + c->machines[machine].mode_at + mc->mode - 1;
        state = mode->maintenance != 0 ? LS_STATE_MAINTENANCE : LS_STATE_DOWN;
    } else if ((mc->hand & LS_HAND_STOPPED) != 0) {
        state = LS_STATE_OFF;
    } else if (off && ((mc->lot_count == 0 && mc->phase == LS_PHASE_NONE) ||
                       st->shift_end == LS_SHIFT_PAUSE)) {
        state = LS_STATE_OFF;
    } else if (mc->waits != 0) {
        state = LS_STATE_OPERATOR;
    } else if (mc->phase == LS_PHASE_SETUP) {
        state = LS_STATE_SETUP;
    } else if (mc->phase != LS_PHASE_NONE) {
        state = LS_STATE_PROCESSING;
    } else if (mc->lot_count > 0) {
        state = LS_STATE_BLOCKED;
    }
    ls_account(c, machine, state);
}
