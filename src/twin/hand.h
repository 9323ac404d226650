// hand.h - what a control system does to a machine: stop, hold, choose, release, maintain.
//
// The kernel's side of intervene.h. Ordinary plants never come here: what is decided stands in
// fields that are zero otherwise, and a machine that may not start is simply not idle. While
// state.hands is set, no event takes the express way.
#pragma once

#include "twin/failure.h"

enum {
    LS_ACT_CHOOSE,    // machine; value: lot slot + 1 or 0
    LS_ACT_HOLD,      // machine; value: until, not later than now: release
    LS_ACT_STOP,      // machine
    LS_ACT_START,     // machine
    LS_ACT_MAINTAIN,  // machine; value: mode, counted within the machine
    LS_ACT_RELEASE,   // release
    LS_ACT_KEEP,      // release; value: lots
    LS_ACT_STAFF,     // pool; value: people
    LS_ACT_SET_UP,    // machine, free and running; value: the step whose setup and time it is
    LS_ACT_PUT_OFF,   // release with an order pool; value: until, not later than now: comes in
    LS_ACT_COUNT,
    LS_ACT_SORT = LS_ACT_COUNT,  // lot that waits where lots are sorted; value: LS_SORT_... of
                                 // plant/decide.h. Apart: few plants have it
    LS_ACT_LATER = 256           // or-ed to it: what follows is settled later, by ls_kernel_settle
};

// Level of a CONWIP class in force.
LS_FN ls_i64 ls_kept_of(const ls_m_release *r, const ls_s_release *rs) {
    return rs->kept != 0 ? (ls_i64)rs->kept - 1 : (ls_i64)r->keep;
}

// Does the lot wait here, or is it on its way here?
LS_FN int ls_lot_comes(const ls_ctx *c, ls_u32 lot_index, ls_u32 station) {
    const ls_lot *lot = c->lot + lot_index;
    if (lot->where == LS_LOT_FREE || lot->where == LS_LOT_OUT || lot->where == LS_LOT_POOL ||
        c->steps[lot->step].station != station) {
        return 0;
    }
    if (lot->where == LS_LOT_MACHINE) {  // blocked: its step is the next one already
        return c->machine[lot->machine].phase == LS_PHASE_NONE;
    }
    return lot->where != LS_LOT_LAG;
}

LS_FN ls_u32 ls_chosen_lot(const ls_s_machine *mc) {
    return (mc->chosen & ~LS_CHOSEN_PURE) - 1;
}

// The lot that was chosen for a machine, when it can begin with it now; a batch is begun with it
// even when it is not full.
LS_SLOW ls_pick ls_pick_chosen(const ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    ls_pick p = ls_pick_none(0);
    const ls_u32 lot_index = ls_chosen_lot(c->machine + machine);
    const ls_lot *lot = c->lot + lot_index;
    const ls_m_step *step = c->steps + lot->step;
    if (lot->where != LS_LOT_WAITING || step->station != c->machines[machine].station) {
        return p;
    }
    const ls_u64 *mask = c->masks + c->machines[machine].mask_at;
    const ls_u32 queue = lot->queue - st->queue_at;
    if (((mask[queue >> 6] >> (queue & 63)) & 1) == 0 || !ls_may_leave(c, st, step)) {
        return p;
    }
    if ((st->features & LS_F_BATCH) != 0) {
        while (p.family < st->family_count &&
               ((c->masks[c->families[st->family_at + p.family].mask_at + (queue >> 6)] >>
                 (queue & 63)) &
                1) == 0) {
            p.family++;
        }
        if (p.family == st->family_count) {
            return p;
        }
    }
    p.lot = lot_index;
    return p;
}

// A choice is over when its lot is in work or goes elsewhere.
LS_SLOW void ls_choices_lapse(ls_ctx *c) {
    for (ls_u32 i = 0; i < c->m->machines; i++) {
        ls_s_machine *mc = c->machine + i;
        if (mc->chosen != 0 && !ls_lot_comes(c, ls_chosen_lot(mc), c->machines[i].station)) {
            mc->chosen = 0;
        }
    }
}

LS_SLOW ls_u32 ls_hands_left(const ls_ctx *c) {
    for (ls_u32 i = 0; i < c->m->machines; i++) {
        if ((c->machine[i].hand | c->machine[i].chosen) != 0) {
            return 1;
        }
    }
    return 0;
}

LS_SLOW void ls_hold_end(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    mc->hand &= ~(ls_u32)LS_HAND_HELD;
    mc->held_until = 0;
    ls_source_set(c, c->m->source_machine + machine, LS_NEVER);
    ls_machine_resume(c, machine);
}

LS_SLOW void ls_hold(ls_ctx *c, ls_u32 machine, ls_i64 until) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    const int free = mc->phase == LS_PHASE_NONE && mc->lot_count == 0;
    if (until <= c->now) {
        if (free && (mc->hand & LS_HAND_HELD) != 0) {
            ls_hold_end(c, machine);
        }
        mc->hand &= ~(ls_u32)LS_HAND_HELD;
        mc->held_until = 0;
        return;
    }
    mc->hand |= LS_HAND_HELD;
    mc->held_until = until;
    if (ls_idle_is(c, st, machine)) {
        ls_idle_clear(c, st, station, machine);
    }
    if (free && mc->mode == 0) {
        ls_source_set(c, c->m->source_machine + machine, until);
    }
}

LS_SLOW void ls_stop(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    mc->hand |= LS_HAND_STOPPED;
    if (ls_idle_is(c, st, machine)) {
        ls_idle_clear(c, st, station, machine);
    }
    if (mc->phase != LS_PHASE_NONE) {
        ls_phase_halt(c, machine);
    }
    ls_lags_halt(c, machine, 0);
    ls_account_refresh(c, machine);
}

LS_SLOW void ls_restart(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    mc->hand &= ~(ls_u32)LS_HAND_STOPPED;
    const int pauses = c->station[station].off != 0 && st->shift_end == LS_SHIFT_PAUSE;
    if (mc->mode != 0 && !pauses &&
        c->modes[c->machines[machine].mode_at + mc->mode - 1].maintenance != 0) {
        ls_lags_go(c, machine);  // maintenance lets out what is still inside
    }
    ls_machine_resume(c, machine);
    if (mc->phase_since != LS_NEVER && c->machines[machine].express_step != LS_NO) {
        mc->phase_since -= mc->phase_elapsed;  // the express way takes it that nothing has paused
        mc->phase_elapsed = 0;
    }
}

// As if the time of the maintenance had come.
LS_SLOW void ls_maintain(ls_ctx *c, ls_u32 machine, ls_u32 k) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 at = c->machines[machine].mode_at + k;
    if (c->modes[at].by == LS_FAIL_CALENDAR) {
        ls_source_set(c, c->m->source_mode + at, LS_NEVER);
        ls_mode_event(c, at);
        return;
    }
    c->mode[at].due = 0;  // no overshoot
    mc->pending |= 1u << k;
    if (mc->mode == 0 && mc->phase == LS_PHASE_NONE && mc->lot_count == 0) {
        ls_mode_start(c, machine, k);
    }
}

// Its usual lots; of a timetable the next order, now instead of at its time; where there is an
// order pool its first lot comes in.
LS_SLOW void ls_release_now(ls_ctx *c, ls_u32 release) {
    const ls_m_release *r = c->releases + release;
    if (r->pool != 0) {
        const ls_s_release *rs = c->release + release;
        ls_pool_enter(c, release);
        if (rs->pool_head != 0) {
            ls_lot_event_set(c, rs->pool_head - 1, rs->put_off);
        }
        return;
    }
    if (r->kind == LS_RELEASE_TIMETABLE) {
        ls_release_other(c, release);
        return;
    }
    const ls_u32 lots = r->kind == LS_RELEASE_KEEP ? 1 : r->lots;
    for (ls_u32 i = 0; i < lots && c->s->stopped == 0; i++) {
        ls_release_one_rare(c, release, r->step, LS_NEVER, r->priority);
    }
}

// Nothing of a class with an order pool comes in before `until`.
LS_SLOW void ls_put_off(ls_ctx *c, ls_u32 release, ls_i64 until) {
    ls_s_release *rs = c->release + release;
    if (until <= c->now) {
        ls_pool_open(c, release);
        return;
    }
    rs->put_off = until;
    if (rs->pool_head != 0) {
        ls_lot_event_clear(c, rs->pool_head - 1);
        ls_lot_event_set(c, rs->pool_head - 1, until);
    }
}

// Another level of a CONWIP class. Up: the difference is released, as an event of this instant.
// Down: lots that are owed are not, then so many that leave have no successor.
LS_SLOW void ls_keep(ls_ctx *c, ls_u32 release, ls_i64 level) {
    ls_s_release *rs = c->release + release;
    const ls_i64 more = level - ls_kept_of(c->releases + release, rs);
    rs->kept = (ls_u32)level + 1;
    if (more > 0) {
        const ls_i64 over = (ls_i64)rs->over;
        const ls_i64 spared = more < over ? more : over;
        rs->over -= (ls_u64)spared;
        rs->left += more - spared;
    } else {
        const ls_i64 spared = -more < rs->left ? -more : rs->left;
        rs->left -= spared;
        rs->over += (ls_u64)(-more - spared);
    }
    ls_source_set(c, c->m->source_release + release, rs->left > 0 ? c->now : LS_NEVER);
}

// More people take up what waits for one at once; fewer first finish what they are at.
LS_SLOW void ls_staff(ls_ctx *c, ls_u32 pool, ls_i64 people) {
    LS_STATE_ARRAY(c->m, c->s, ls_s_pool, s_pool)[pool].staff = (ls_u16)(people + 1);
    c->s->operators_freed = 1;
}

// The phase of an operation without lots: its end only frees the machine (machine.h).
LS_SLOW void ls_set_up(ls_ctx *c, ls_u32 machine, ls_u32 step_index) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    double mean = 0.0;
    if (ls_setup_needed(c, st, mc, c->steps + step_index, &mean) == LS_NO) {  // takes no time
        mc->setup = c->steps[step_index].setup;
        mc->run = 0;
        ls_agenda_add(c, station);
        return;
    }
    if (ls_idle_is(c, st, machine)) {
        ls_idle_clear(c, st, station, machine);
    }
    ls_source_set(c, c->m->source_machine + machine,
                  LS_NEVER);  // of a hold: asked again afterwards
    mc->step = step_index;
    mc->setup_to = c->steps[step_index].setup;
    mc->part_count = 0;
    mc->lag = 0;
    mc->phase = LS_PHASE_SETUP;
    c->station[station].setups++;
    ls_phase_begin_full(c, st, machine);
}

// A lot that waits goes on without being inspected: to the step that follows (1), to rework (2), or
// it is scrapped (4). A bad one that goes on has escaped, by the chance that it is bad.
LS_SLOW void ls_sort(ls_ctx *c, ls_u32 lot_index, ls_u32 way) {
    ls_lot *lot = c->lot + lot_index;
    const ls_u32 from = lot->step;
    const ls_m_step *step = c->steps + from;
    const ls_u32 station = step->station;
    const ls_finds finds = ls_finds_of(c, lot_index, step);
    ls_lot_event_clear(c, lot_index);  // a batch that did not come
    ls_queue_remove(c, lot_index);
    ls_room_made(c, station);
    ls_agenda_add(c, station);
    ls_told_bad_forget(c, lot_index, step);
    ls_limits_drop(c, lot_index, step);
    ls_u32 next = step->next;
    if (way != 1) {
        c->station[station].bad += step->parts;
    }
    if (way == 4) {
        ls_lot_scrap(c, lot_index);
        return;
    }
    if (way == 2) {
        ls_rework_again(c, lot_index, step);
        next = step->rework_to;
    } else {
        c->release[lot->release].escaped += (ls_u64)(ls_bad_of(&finds) * 1e6 + 0.5);
        ls_limits_begin(c, lot_index, step);
    }
    next = ls_route(c, next);
    if (next == LS_NO) {
        if (c->m->areas == 0) {
            ls_lot_done_rare(c, lot_index);
        } else {
            ls_lot_out_travel(c, lot_index, station);
        }
        return;
    }
    if (c->m->deadline_slots != 0 && c->steps[next].number != step->number + 1) {
        ls_limits_lapse(c, lot_index, from, next);
    }
    lot->step = next;
    ls_lot_carry_rare(c, lot_index, station);
}

LS_SLOW void ls_hand_act(ls_ctx *c, ls_u32 act, ls_u32 index, ls_i64 value) {
    switch (act) {
    case LS_ACT_CHOOSE:
        c->machine[index].chosen = (ls_u32)value;
        ls_agenda_add(c, c->machines[index].station);
        break;
    case LS_ACT_HOLD: ls_hold(c, index, value); break;
    case LS_ACT_STOP: ls_stop(c, index); break;
    case LS_ACT_START: ls_restart(c, index); break;
    case LS_ACT_MAINTAIN: ls_maintain(c, index, (ls_u32)value); break;
    case LS_ACT_KEEP: ls_keep(c, index, value); break;
    case LS_ACT_STAFF: ls_staff(c, index, value); break;
    case LS_ACT_SET_UP: ls_set_up(c, index, (ls_u32)value); break;
    case LS_ACT_PUT_OFF: ls_put_off(c, index, value); break;
    case LS_ACT_SORT: ls_sort(c, index, (ls_u32)value); break;
    default: ls_release_now(c, index); break;
    }
}
