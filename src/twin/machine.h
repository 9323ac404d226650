// machine.h - the end of an operation, and a machine that becomes free.
#pragma once

#include "twin/down.h"

// A free machine that is held: 1 until the hold is over, when its source fires; 0 it is over now.
LS_SLOW int ls_hold_waits(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    if ((mc->hand & LS_HAND_HELD) != 0 && mc->held_until <= c->now) {
        mc->hand &= ~(ls_u32)LS_HAND_HELD;
        mc->held_until = 0;
        ls_source_set(c, c->m->source_machine + machine, LS_NEVER);
    }
    if ((mc->hand & LS_HAND_HELD) != 0) {
        ls_source_set(c, c->m->source_machine + machine, mc->held_until);
    }
    return mc->hand != 0;
}

// The machine holds nothing any more: maintenance that is due, end of shift, or the next lot.
LS_HOT void ls_machine_free(ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    mc->phase = LS_PHASE_NONE;
    if (LS_UNLIKELY((mc->pending | mc->mode | mc->hand | c->station[station].off) != 0)) {
        if (mc->mode == 0 && mc->pending != 0) {
            ls_mode_start(c, machine, (ls_u32)ls_ctz64(mc->pending));
            return;
        }
        if (mc->mode != 0 || c->station[station].off != 0 || ls_hold_waits(c, machine)) {
            ls_account_refresh(c, machine);
            return;
        }
    }
    ls_idle_set(c, st, station, machine);
    ls_agenda_add(c, station);
    if (LS_UNLIKELY((st->features & LS_F_ROOM) != 0)) {
        ls_room_made(c, station);
    }
}

LS_SLOW void ls_machine_free_rare(ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    ls_machine_free(c, st, machine);
}

LS_SLOW void ls_counts_add(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    for (ls_u32 k = 0; k < c->machines[machine].mode_count; k++) {
        const ls_u32 at = c->machines[machine].mode_at + k;
        ls_s_mode *sm = c->mode + at;
        const ls_u32 by = c->modes[at].by;
        if (by == LS_FAIL_PARTS || by == LS_FAIL_LOTS || by == LS_FAIL_BATCHES) {
            sm->elapsed += by == LS_FAIL_PARTS  ? (ls_i64)mc->part_count
                           : by == LS_FAIL_LOTS ? (ls_i64)mc->lot_count
                                                : 1;
            if (sm->elapsed >= sm->total && sm->active == 0) {
                mc->pending |= 1u << k;
                sm->due = sm->elapsed - sm->total;  // the overshoot, for modes that carry it over
            }
        }
    }
}

LS_SLOW void ls_lots_lag(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    ls_u32 lot = mc->lots;
    while (lot != LS_NO) {
        const ls_u32 after = c->lot[lot].next;
        ls_lot_event *e = c->event + lot;
        // The operation's own clock: what has run of it counts as elapsed (fork.h draws the rest
        // again).
        e->elapsed = mc->phase_elapsed + (c->now - mc->phase_since);
        e->total = e->elapsed + mc->lag;
        e->since = c->now;
        e->lots = mc->lot_count;
        e->parts = mc->part_count;
        e->dist = mc->reserved - 1;  // the first takes the place; 0 - 1 is LS_NO
        e->transit = LS_NO;
        mc->reserved = 0;
        c->lot[lot].where = LS_LOT_LAG;
        c->finished[c->lot[lot].step]++;
        c->lot[lot].next = mc->lag_head;
        mc->lag_head = lot;
        ls_lot_event_set(c, lot, c->now + mc->lag);
        lot = after;
    }
    mc->lots = LS_NO;
    mc->lot_count = 0;
}

// The operation is over.
LS_HOT void ls_finish(ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    ls_s_station *ss = c->station + station;
    mc->phase = LS_PHASE_NONE;
    if (LS_UNLIKELY((st->features & (LS_F_PLAIN_NOT | LS_F_BEFORE)) != 0)) {
        ls_operator_give(c, machine);
        mc->run += mc->lot_count;
        ss->batches++;
        if ((st->features & LS_F_FAILS) != 0) {
            ls_busy_clocks_stop(c, machine);
            ls_counts_add(c, machine);
        }
        if (mc->lag > 0) {
            ls_lots_lag(c, machine);
            ls_machine_free_rare(c, st, machine);
            if (mc->phase == LS_PHASE_NONE && mc->mode == 0) {
                ls_account_refresh(c, machine);
            }
            return;
        }
    }
    ls_u32 lot = mc->lots;
    mc->lots = LS_NO;
    ls_u32 kept = 0;
    ls_u32 kept_tail = LS_NO;
    while (lot != LS_NO) {
        const ls_u32 after = c->lot[lot].next;
        LS_TRACE(c, LS_TRACE_END, c->lot[lot].serial, c->lot[lot].step, machine);
        c->finished[c->lot[lot].step]++;
        if (LS_LIKELY(ls_lot_leave(c, station, lot, &mc->reserved))) {
            ss->working--;
        } else {
            c->lot[lot].next = LS_NO;
            if (kept_tail == LS_NO) {
                mc->lots = lot;
            } else {
                c->lot[kept_tail].next = lot;
            }
            kept_tail = lot;
            kept++;
        }
        lot = after;
    }
    mc->lot_count = kept;
    if (LS_UNLIKELY(mc->reserved != 0)) {  // the lot took another way
        ls_unreserve(c, &mc->reserved);
    }
    if (LS_LIKELY(kept == 0)) {
        ls_machine_free(c, st, machine);
    } else {
        ls_account_refresh(c, machine);
    }
}

// A phase has run its time.
LS_HOT void ls_machine_event(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    if (LS_UNLIKELY((st->features & (LS_F_SETUP | LS_F_NEEDS)) != 0)) {
        if (mc->phase == LS_PHASE_SETUP) {
            mc->setup = mc->setup_to;
            mc->run = 0;
            if (LS_UNLIKELY(mc->lot_count == 0)) {  // by hand, for no lot: hand.h
                mc->phase_since = LS_NEVER;
                ls_operator_give(c, machine);
                ls_machine_free_rare(c, st, machine);
                if (mc->phase == LS_PHASE_NONE && mc->mode == 0) {
                    ls_account_refresh(c, machine);
                }
                return;
            }
        }
        const ls_u32 next = ls_phase_after(st, c->steps + mc->step, mc->phase);
        if (next != LS_PHASE_NONE) {
            if (mc->phase != LS_PHASE_SETUP && (st->features & LS_F_FAILS) != 0) {
                ls_busy_clocks_stop(c, machine);
            }
            mc->phase = next;
            ls_phase_begin_full(c, st, machine);
            return;
        }
    }
    ls_finish(c, st, machine);
}
