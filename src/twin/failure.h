// failure.h - when machines fail or are due for maintenance, how they come back, and shifts.
#pragma once

#include "twin/condition.h"
#include "twin/machine.h"

// The clock of a mode starts anew.
LS_SLOW void ls_mode_renew(ls_ctx *c, ls_u32 at) {
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    const int counts = mode->by != LS_FAIL_BUSY && mode->by != LS_FAIL_CALENDAR;
    const ls_u32 source = c->m->source_mode + at;
    sm->active = 0;
    sm->renewed = 1;
    sm->since = LS_NEVER;
    ls_condition_forget(c, mode);
    ls_slowness_renew(c, mode->machine, at);
    if (counts) {
        sm->elapsed = mode->carry != 0 && sm->due > 0 ? sm->due : 0;  // overshoot kept in `due`
        sm->due = 0;
        sm->total = ls_round_us(ls_draw(c, mode->stream, mode->every));
        sm->total = sm->total < 1 ? 1 : sm->total;
    } else if (mode->maintenance != 0 && mode->from_end == 0) {
        ls_source_set(c, source, sm->due > c->now ? sm->due : c->now);
    } else {
        sm->elapsed = 0;
        sm->total = ls_round_us(ls_draw(c, mode->stream, mode->every));
        if (mode->by == LS_FAIL_CALENDAR) {
            sm->since = c->now;
            ls_source_set(c, source, c->now + sm->total);
        }
    }
}

// What the work on this mode puts in new: their clocks start anew, and what of them was due is not
// due any more.
LS_SLOW void ls_modes_renew_others(ls_ctx *c, ls_u32 machine, ls_u32 bits) {
    for (; bits != 0; bits &= bits - 1) {
        const ls_u32 k = (ls_u32)ls_ctz64(bits);
        const ls_u32 at = c->machines[machine].mode_at + k;
        c->machine[machine].pending &= ~(1u << k);
        ls_source_set(c, c->m->source_mode + at, LS_NEVER);
        ls_mode_renew(c, at);
    }
}

// The machine may go on with what it holds, or take something.
LS_SLOW void ls_machine_resume(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    if (ls_is_paused(c, st, mc, station)) {
        ls_account_refresh(c, machine);
        return;
    }
    ls_lags_go(c, machine);
    if (mc->phase != LS_PHASE_NONE) {
        if (mc->waits != 0) {
            c->s->operators_freed = 1;  // one may have been free while this machine stood still
        } else if (mc->phase_since == LS_NEVER) {
            ls_phase_go(c, st, machine);
        }
        ls_account_refresh(c, machine);
    } else if (mc->lot_count > 0) {
        ls_account_refresh(c, machine);  // blocked
    } else if (!ls_idle_is(c, st, machine)) {
        ls_machine_free_rare(c, st, machine);
        ls_account_refresh(c, machine);
    }
}

LS_SLOW void ls_mode_end(ls_ctx *c, ls_u32 machine, ls_u32 k) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 at = c->machines[machine].mode_at + k;
    const ls_m_mode *mode = c->modes + at;
    LS_TRACE(c, LS_TRACE_UP, k, mc->step, machine);
    mc->mode = 0;
    if (mode->crew != LS_NO) {
        ls_s_crew *crew = LS_STATE_ARRAY(c->m, c->s, ls_s_crew, s_crew) + mode->crew;
        if (crew->head != 0) {
            const ls_u32 next = crew->head - 1;
            crew->head = c->mode[next].next;
            crew->tail = crew->head == 0 ? 0 : crew->tail;
            c->mode[next].waits = 0;
            ls_repair_begin(c, next);
        } else {
            crew->busy--;
        }
    }
    ls_mode_renew(c, at);
    ls_modes_renew_others(c, machine, mode->renews);
    // A failure that came meanwhile starts now; maintenance waits for the machine to be free.
    for (ls_u32 bits = mc->pending; bits != 0; bits &= bits - 1) {
        const ls_u32 other = (ls_u32)ls_ctz64(bits);
        const ls_m_mode *om = c->modes + c->machines[machine].mode_at + other;
        if (om->maintenance == 0 || (mc->phase == LS_PHASE_NONE && mc->lot_count == 0)) {
            ls_mode_start(c, machine, other);
            return;
        }
    }
    ls_machine_resume(c, machine);
}

LS_SLOW void ls_mode_event(ls_ctx *c, ls_u32 at) {
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    const ls_u32 machine = mode->machine;
    const ls_u32 k = at - c->machines[machine].mode_at;
    ls_s_machine *mc = c->machine + machine;
    if (sm->active != 0) {
        ls_mode_end(c, machine, k);
        return;
    }
    if (mode->maintenance != 0) {
        if (mode->from_end == 0) {
            sm->due += mode->interval;
        }
        mc->pending |= 1u << k;
        if (mc->mode == 0 && mc->phase == LS_PHASE_NONE && mc->lot_count == 0) {
            ls_mode_start(c, machine, k);
        }
        return;
    }
    if (mc->mode != 0) {
        mc->pending |= 1u << k;
    } else {
        ls_mode_start(c, machine, k);
    }
}

// ---- shifts

// The operation's end is due at this very instant, behind the shift's: it counts as done in time.
LS_FN int ls_ends_now(const ls_ctx *c, const ls_m_station *st, const ls_s_machine *mc) {
    return mc->phase_since != LS_NEVER &&
           mc->phase_since + (mc->phase_total - mc->phase_elapsed) == c->now &&
           ls_phase_after(st, c->steps + mc->step, mc->phase) == LS_PHASE_NONE;
}

LS_SLOW void ls_station_off(ls_ctx *c, ls_u32 station) {
    const ls_m_station *st = c->stations + station;
    c->station[station].off = 1;
    for (ls_u32 i = 0; i < st->machine_count; i++) {
        const ls_u32 machine = st->machine_at + i;
        ls_s_machine *mc = c->machine + machine;
        if (ls_idle_is(c, st, machine)) {
            ls_idle_clear(c, st, station, machine);
        } else if (mc->phase != LS_PHASE_NONE && st->shift_end != LS_SHIFT_FINISH &&
                   !ls_ends_now(c, st, mc)) {
            ls_phase_halt(c, machine);
            if (st->shift_end == LS_SHIFT_ABORT) {
                ls_machine_empty(c, st, machine, 0);
            }
        }
        if (st->shift_end == LS_SHIFT_PAUSE) {
            ls_lags_halt(c, machine, 1);
        }
        ls_account_refresh(c, machine);
    }
}

LS_SLOW void ls_station_on(ls_ctx *c, ls_u32 station) {
    const ls_m_station *st = c->stations + station;
    c->station[station].off = 0;
    for (ls_u32 i = 0; i < st->machine_count; i++) {
        const ls_u32 machine = st->machine_at + i;
        ls_machine_resume(c, machine);
    }
    ls_agenda_add(c, station);
}

LS_SLOW void ls_calendar_event(ls_ctx *c, ls_u32 calendar) {
    const ls_m_calendar *k = LS_MODEL_ARRAY(c->m, ls_m_calendar, calendar_at) + calendar;
    ls_s_calendar *sk = LS_STATE_ARRAY(c->m, c->s, ls_s_calendar, s_calendar) + calendar;
    const ls_i64 *times = LS_MODEL_ARRAY(c->m, ls_i64, time_at) + k->time_at;
    sk->on = sk->on == 0;
    sk->at++;
    ls_i64 next = LS_NEVER;
    if (sk->at >= k->time_count && k->cycle > 0) {
        sk->at = k->cycle_at;
        sk->base += k->cycle;
    }
    if (sk->at < k->time_count) {
        next = sk->base + times[sk->at];
    }
    ls_source_set(c, calendar, next);
    for (ls_u32 station = 0; station < c->m->stations; station++) {
        if (c->stations[station].calendar == calendar) {
            if (sk->on != 0) {
                ls_station_on(c, station);
            } else {
                ls_station_off(c, station);
            }
        }
    }
    const ls_m_pool *pools = LS_MODEL_ARRAY(c->m, ls_m_pool, pool_at);
    ls_s_pool *pool = LS_STATE_ARRAY(c->m, c->s, ls_s_pool, s_pool);
    for (ls_u32 p = 0; p < c->m->pools; p++) {
        if (pools[p].calendar == calendar) {
            pool[p].on = (ls_u16)sk->on;
            c->s->operators_freed = 1;
        }
    }
}

// The first of those that wait for room here comes in; the machine that held it may become free.
LS_SLOW void ls_blocked_enter(ls_ctx *c, ls_u32 station) {
    ls_s_station *ss = c->station + station;
    const ls_u32 lot_index = ss->blocked_head;
    ls_lot *lot = c->lot + lot_index;
    ss->blocked_head = lot->other;
    lot->other = LS_NO;
    if (lot->where == LS_LOT_OUTSIDE) {
        ls_lot_carry_rare(c, lot_index, LS_NO);
        return;
    }
    const ls_u32 machine = lot->machine;
    const ls_u32 from = c->machines[machine].station;
    c->station[from].working--;
    if (lot->where == LS_LOT_LEFT) {  // had left its machine's cascade already
        ls_lot_carry_rare(c, lot_index, from);
        return;
    }
    ls_s_machine *mc = c->machine + machine;
    ls_u32 *link = &mc->lots;
    while (*link != lot_index && *link != LS_NO) {
        link = &c->lot[*link].next;
    }
    LS_EXPECT(c, *link == lot_index);
    *link = lot->next;
    mc->lot_count--;
    ls_lot_carry_rare(c, lot_index, from);
    if (mc->lot_count == 0) {
        ls_machine_free_rare(c, c->stations + from, machine);
        ls_account_refresh(c, machine);
    }
}
