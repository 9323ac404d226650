// phase.h - a phase of an operation, and lots behind a cascade, run or stand still.
#pragma once

#include "twin/account.h"

// Clocks of failures by busy time run while the machine loads, processes or unloads.

LS_SLOW void ls_busy_clocks_start(ls_ctx *c, ls_u32 machine, ls_i64 phase_end) {
    for (ls_u32 k = 0; k < c->machines[machine].mode_count; k++) {
        const ls_u32 at = c->machines[machine].mode_at + k;
        if (c->modes[at].by == LS_FAIL_BUSY && c->modes[at].maintenance == 0) {
            ls_s_mode *sm = c->mode + at;
            sm->since = c->now;
            const ls_i64 when = c->now + (sm->total - sm->elapsed);
            if (when < phase_end) {
                ls_source_set(c, c->m->source_mode + at, when);
            }
        }
    }
}

LS_SLOW void ls_busy_clocks_stop(ls_ctx *c, ls_u32 machine) {
    for (ls_u32 k = 0; k < c->machines[machine].mode_count; k++) {
        const ls_u32 at = c->machines[machine].mode_at + k;
        ls_s_mode *sm = c->mode + at;
        if (c->modes[at].by == LS_FAIL_BUSY && c->modes[at].maintenance == 0 &&
            sm->since != LS_NEVER && sm->active == 0) {
            sm->elapsed += c->now - sm->since;
            sm->since = LS_NEVER;
            if (ls_source_is_set(c, c->m->source_mode + at)) {
                ls_source_set(c, c->m->source_mode + at, LS_NEVER);
            }
        }
    }
}

LS_FN void ls_phase_go(ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    mc->phase_since = c->now;
    const ls_i64 end = c->now + (mc->phase_total - mc->phase_elapsed);
    ls_source_set(c, c->m->source_machine + machine, end);
    if (LS_UNLIKELY((st->features & LS_F_FAILS) != 0) && mc->phase != LS_PHASE_SETUP) {
        ls_busy_clocks_start(c, machine, end);
    }
}

LS_SLOW void ls_phase_halt(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    if (mc->phase_since != LS_NEVER) {
        mc->phase_elapsed += c->now - mc->phase_since;
        mc->phase_since = LS_NEVER;
        ls_source_set(c, c->m->source_machine + machine, LS_NEVER);
        if (mc->phase != LS_PHASE_SETUP) {
            ls_busy_clocks_stop(c, machine);
        }
    }
}

// Lots that left the cascade's entrance but not the machine stand still or go on with it.
LS_SLOW void ls_lags_halt(ls_ctx *c, ls_u32 machine, int spare_now) {
    for (ls_u32 lot = c->machine[machine].lag_head; lot != LS_NO; lot = c->lot[lot].next) {
        ls_lot_event *e = c->event + lot;
        const int ends_now = e->since != LS_NEVER && e->since + (e->total - e->elapsed) == c->now;
        if (e->since != LS_NEVER && !(spare_now && ends_now)) {
            e->elapsed += c->now - e->since;
            e->since = LS_NEVER;
            ls_lot_event_clear(c, lot);
        }
    }
}

LS_SLOW void ls_lags_go(ls_ctx *c, ls_u32 machine) {
    for (ls_u32 lot = c->machine[machine].lag_head; lot != LS_NO; lot = c->lot[lot].next) {
        ls_lot_event *e = c->event + lot;
        if (e->since == LS_NEVER) {
            e->since = c->now;
            ls_lot_event_set(c, lot, c->now + (e->total - e->elapsed));
        }
    }
}
