// advance.c - time passes: what has a known time happens.
#include "twin/follow/core.h"

// By the plant file: what is idle rests, what is to pause pauses. What a shift's end throws back in
// the queue is heard.
static void station_off(ls_core *core, ls_u32 station) {
    ls_ctx *c = &core->c;
    const ls_m_station *st = c->stations + station;
    c->station[station].off = 1;
    for (ls_u32 i = 0; i < st->machine_count; i++) {
        const ls_u32 machine = st->machine_at + i;
        ls_s_machine *mc = c->machine + machine;
        if (ls_idle_is(c, st, machine)) {
            ls_idle_clear(c, st, station, machine);
        } else if (mc->phase != LS_PHASE_NONE && st->shift_end != LS_SHIFT_FINISH) {
            ls_phase_halt(c, machine);
        }
        if (st->shift_end == LS_SHIFT_PAUSE) {
            ls_lags_halt(c, machine, 0);
        }
        mc->hand = 0;
        ls_account_refresh(c, machine);
    }
}

static void station_on(ls_core *core, ls_u32 station) {
    ls_ctx *c = &core->c;
    const ls_m_station *st = c->stations + station;
    c->station[station].off = 0;
    for (ls_u32 i = 0; i < st->machine_count; i++) {
        const ls_u32 machine = st->machine_at + i;
        ls_s_machine *mc = c->machine + machine;
        if (mc->mode == 0 && mc->hand == 0) {
            ls_lags_go(c, machine);
            if (mc->phase != LS_PHASE_NONE && mc->waits == 0 && mc->phase_since == LS_NEVER) {
                ls_phase_go(c, st, machine);
            }
        }
        ls_core_rest(core, machine);
    }
}

static void calendar_turn(ls_core *core, ls_u32 calendar) {
    ls_ctx *c = &core->c;
    const ls_m_calendar *k = LS_MODEL_ARRAY(c->m, ls_m_calendar, calendar_at) + calendar;
    ls_s_calendar *sk = LS_STATE_ARRAY(c->m, c->s, ls_s_calendar, s_calendar) + calendar;
    const ls_i64 *times = LS_MODEL_ARRAY(c->m, ls_i64, time_at) + k->time_at;
    sk->on = sk->on == 0;
    sk->at++;
    if (sk->at >= k->time_count && k->cycle > 0) {
        sk->at = k->cycle_at;
        sk->base += k->cycle;
    }
    ls_source_set(c, calendar, sk->at < k->time_count ? sk->base + times[sk->at] : LS_NEVER);
    for (ls_u32 station = 0; station < c->m->stations; station++) {
        if (c->stations[station].calendar == calendar) {
            if (sk->on != 0) {
                station_on(core, station);
            } else {
                station_off(core, station);
            }
        }
    }
    const ls_m_pool *pools = LS_MODEL_ARRAY(c->m, ls_m_pool, pool_at);
    ls_s_pool *pool = LS_STATE_ARRAY(c->m, c->s, ls_s_pool, s_pool);
    for (ls_u32 p = 0; p < c->m->pools; p++) {
        if (pools[p].calendar == calendar) {
            pool[p].on = (ls_u16)sk->on;
        }
    }
}

static void mode_due(ls_core *core, ls_u32 at) {
    ls_ctx *c = &core->c;
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    const ls_u32 k = at - c->machines[mode->machine].mode_at;
    ls_source_set(c, c->m->source_mode + at, LS_NEVER);
    if (mode->maintenance == 0) {
        sm->total = FOLLOW_ENDLESS;  // overdue by the model: the line knows
        return;
    }
    if (mode->from_end == 0) {
        sm->due += mode->interval;
    }
    c->machine[mode->machine].pending |= 1u << k;
}

static void lot_due(ls_core *core) {
    ls_ctx *c = &core->c;
    const ls_u32 lot = c->heap[0].lot;
    const ls_u32 where = c->lot[lot].where;
    ls_lot_event_clear(c, lot);
    if (where == LS_LOT_TRANSIT) {
        const ls_u32 step = c->lot[lot].step;
        ls_fact fact = ls_core_fact(core, LS_FACT_TRANSPORT);
        (void)fact;  // of a constant length by the model: nothing was measured
        ls_core_take_out(core, lot);
        ls_core_put_waiting(core, lot, step, c->now);
    } else if (where == LS_LOT_OUT) {
        ls_core_remove(core, lot, false);
    }
}

void ls_core_advance(ls_core *core, int64_t now_us) {
    ls_ctx *c = &core->c;
    const ls_u32 bits = c->m->source_bits;
    const ls_u64 mask = ((ls_u64)1 << bits) - 1;
    now_us = now_us < c->m->horizon - 1 ? now_us : c->m->horizon - 1;
    while (c->tree[1] != ~(ls_u64)0 && (ls_i64)(c->tree[1] >> bits) <= now_us) {
        const ls_u64 key = c->tree[1];
        const ls_u32 source = (ls_u32)(key & mask);
        c->now = (ls_i64)(key >> bits);
        c->s->now = c->now;
        if (source == c->m->source_dynamic) {
            lot_due(core);
        } else if (source >= c->m->source_mode) {
            mode_due(core, source - c->m->source_mode);
        } else if (source < c->m->source_release) {
            calendar_turn(core, source);
        } else {
            ls_source_set(c, source, LS_NEVER);
        }
    }
    c->now = now_us > c->now ? now_us : c->now;
    c->s->now = c->now;
    ls_core_agenda_clear(core);
}
