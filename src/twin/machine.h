// machine.h - one machine: the phases of an operation, operators, lots leaving, and becoming free.
//
// An operation is setup, load, run, unload; phases that no operator tells apart are one. A phase
// runs, or stands still (failure, shift) with its elapsed time kept. Each phase's length is drawn
// when it begins.
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
    return mc->mode != 0 || (c->station[station].off != 0 && st->shift_end == LS_SHIFT_PAUSE);
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
    } else if (off && (mc->lot_count == 0 || st->shift_end == LS_SHIFT_PAUSE)) {
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

// ---- clocks of failures by busy time: they run while the machine processes

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

// ---- a phase runs or stands still

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

// ---- operators

LS_SLOW int ls_operator_take(ls_ctx *c, ls_u32 machine, ls_u32 skill) {
    const ls_m_pool *pools = LS_MODEL_ARRAY(c->m, ls_m_pool, pool_at);
    ls_s_pool *state = LS_STATE_ARRAY(c->m, c->s, ls_s_pool, s_pool);
    for (ls_u32 p = 0; p < c->m->pools; p++) {
        const ls_u64 *skills = c->masks + pools[p].skill_at;
        const int has = skill / 64 < pools[p].skill_words &&
                        ((skills[skill / 64] >> (skill % 64)) & 1) != 0;
        if (has && state[p].on != 0 && state[p].busy < pools[p].count) {
            state[p].busy_area += (c->now - state[p].since) * (ls_i64)state[p].busy;
            state[p].since = c->now;
            state[p].busy++;
            c->machine[machine].operator_pool = p + 1;
            return 1;
        }
    }
    return 0;
}

LS_SLOW void ls_operator_give(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    if (mc->operator_pool != 0) {
        ls_s_pool *state = LS_STATE_ARRAY(c->m, c->s, ls_s_pool, s_pool) + mc->operator_pool - 1;
        state->busy_area += (c->now - state->since) * (ls_i64)state->busy;
        state->since = c->now;
        state->busy--;
        mc->operator_pool = 0;
        c->s->operators_freed = 1;
    }
}

LS_SLOW void ls_operator_wait(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    mc->waits = 1;
    mc->next = 0;
    if (c->s->operator_head == 0) {
        c->s->operator_head = machine + 1;
    } else {
        c->machine[c->s->operator_tail - 1].next = machine + 1;
    }
    c->s->operator_tail = machine + 1;
}

LS_SLOW void ls_operator_unwait(ls_ctx *c, ls_u32 machine) {
    ls_u32 before = 0;
    for (ls_u32 at = c->s->operator_head; at != 0; at = c->machine[at - 1].next) {
        if (at == machine + 1) {
            const ls_u32 after = c->machine[machine].next;
            if (before == 0) {
                c->s->operator_head = after;
            } else {
                c->machine[before - 1].next = after;
            }
            if (c->s->operator_tail == at) {
                c->s->operator_tail = before;
            }
            break;
        }
        before = at;
    }
    c->machine[machine].waits = 0;
    c->machine[machine].next = 0;
}

// Takes or keeps the operator that a phase needs, gives back one it does not. 0: must wait.
LS_SLOW int ls_operator_for_phase(ls_ctx *c, const ls_m_station *st, ls_u32 machine, ls_u32 phase) {
    const ls_m_need *needs = LS_MODEL_ARRAY(c->m, ls_m_need, need_at) + st->need_at;
    for (ls_u32 i = 0; i < st->need_count; i++) {
        if (((needs[i].phases >> phase) & 1) != 0) {
            if (c->machine[machine].operator_need == needs[i].skill + 1 &&
                c->machine[machine].operator_pool != 0) {
                return 1;
            }
            ls_operator_give(c, machine);
            if (!ls_operator_take(c, machine, needs[i].skill)) {
                return 0;
            }
            c->machine[machine].operator_need = needs[i].skill + 1;
            return 1;
        }
    }
    ls_operator_give(c, machine);
    return 1;
}

// ---- phases

LS_HOT double ls_process_draw(ls_ctx *c, const ls_m_station *st, const ls_m_step *step,
                              ls_u32 machine) {
    ls_u32 dist = step->process;
    if (LS_UNLIKELY((step->features & LS_SF_MACHINES) != 0)) {
        dist = c->words[step->machine_process_at + machine - st->machine_at];
    }
    return ls_draw(c, c->machines[machine].stream, dist);
}

LS_SLOW double ls_process_draw_rare(ls_ctx *c, const ls_m_station *st, const ls_m_step *step,
                                    ls_u32 machine) {
    return ls_process_draw(c, st, step, machine);
}

// How often the draw counts for this load of the machine, and what is added: the machine is
// occupied for cascade-or-process, the lots for process; see PLANT.md, "per" and "cascade".
typedef struct ls_work {
    double factor;  // the lots' time is factor * draw * slowness + extra
    double extra;
    double machine;    // the machine's time, or < 0: the lots' time without the lag
    double lag_extra;  // load and unload that do not occupy the machine
} ls_work;

LS_FN ls_work ls_work_of(const ls_m_station *st, const ls_m_step *step, ls_u32 lots, ls_u32 parts,
                         double slowness) {
    ls_work w;
    w.factor = step->per == LS_PER_BATCH ? 1.0
               : step->per == LS_PER_LOT ? (double)lots
                                         : (double)parts;
    w.extra = 0.0;
    w.machine = -1.0;
    w.lag_extra = 0.0;
    if (step->cascade > 0) {
        const double interval = (double)step->cascade * slowness;
        if (step->per == LS_PER_PART) {
            w.factor = 1.0;
            w.extra = interval * ((double)parts - 1.0);
            w.machine = interval * (double)parts;
        } else {
            w.machine = interval;
        }
    }
    if ((st->features & LS_F_LOADING) != 0 && st->ports > 1) {
        w.lag_extra = (double)(step->load + step->unload);
    }
    return w;
}

// Load and unload where they are part of the run: one port, and no operator tells them apart.
LS_FN double ls_loading_of(const ls_m_station *st, const ls_m_step *step) {
    const int inside = st->ports < 2 && ((st->need_phases >> 7) & 1) == 0;
    return inside ? (double)(step->load + step->unload) : 0.0;
}

LS_SLOW ls_i64 ls_run_length(ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_m_step *step = c->steps + mc->step;
    const double slowness = c->machines[machine].slowness;
    const ls_work w = ls_work_of(st, step, mc->lot_count, mc->part_count, slowness);
    const double lots = ls_process_draw_rare(c, st, step, machine) * slowness * w.factor + w.extra;
    double machine_time = w.machine >= 0.0 ? w.machine : lots;
    const double lag = lots + w.lag_extra - machine_time;
    mc->lag = lag > 0.5 ? ls_round_us(lag) : 0;
    return ls_round_us(machine_time + ls_loading_of(st, step));
}

// The phase after `phase`; LS_PHASE_NONE: the operation is over. need_phases bit 7: load and unload
// are phases of their own.
LS_FN ls_u32 ls_phase_after(const ls_m_station *st, const ls_m_step *step, ls_u32 phase) {
    const int split = (st->need_phases >> 7) & 1;
    if (phase < LS_PHASE_LOAD && split && step->load > 0) {
        return LS_PHASE_LOAD;
    }
    if (phase < LS_PHASE_RUN) {
        return LS_PHASE_RUN;
    }
    return phase < LS_PHASE_UNLOAD && split && step->unload > 0 ? LS_PHASE_UNLOAD : LS_PHASE_NONE;
}

// Begins mc->phase: operator, length, clocks.
LS_SLOW void ls_phase_begin_full(ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_m_step *step = c->steps + mc->step;
    mc->phase_since = LS_NEVER;
    mc->phase_elapsed = 0;
    mc->phase_total = LS_NEVER;
    if ((st->features & LS_F_NEEDS) != 0 && !ls_operator_for_phase(c, st, machine, mc->phase)) {
        ls_operator_wait(c, machine);
        ls_account_refresh(c, machine);
        return;
    }
    if (mc->phase == LS_PHASE_SETUP) {
        double mean = 0.0;
        const ls_u32 dist = ls_setup_needed(c, st, mc, step, &mean);
        mc->phase_total = dist == LS_NO
                              ? 0
                              : ls_round_us(ls_draw(c, c->machines[machine].setup_stream, dist));
    } else if (mc->phase == LS_PHASE_LOAD) {
        mc->phase_total = step->load;
    } else if (mc->phase == LS_PHASE_UNLOAD) {
        mc->phase_total = step->unload;
    } else {
        mc->phase_total = ls_run_length(c, st, machine);
    }
    if (!ls_is_paused(c, st, mc, c->machines[machine].station)) {
        ls_phase_go(c, st, machine);
    }
    ls_account_refresh(c, machine);
}

#define LS_F_PLAIN_NOT \
    (LS_F_BATCH | LS_F_SETUP | LS_F_NEEDS | LS_F_FAILS | LS_F_SHIFT | LS_F_LAG | LS_F_LOADING)

LS_SLOW void ls_operation_begin_full(ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_m_step *step = c->steps + mc->step;
    ls_u32 phase = ls_phase_after(st, step, LS_PHASE_SETUP);
    if ((st->features & LS_F_SETUP) != 0) {
        if (step->setup == 0 && st->setup_clears != 0) {
            mc->setup = 0;
            mc->run = 0;
        } else if (step->setup != 0 && step->setup != mc->setup) {
            double mean = 0.0;
            mc->setup_to = step->setup;
            if (ls_setup_needed(c, st, mc, step, &mean) != LS_NO) {
                phase = LS_PHASE_SETUP;
            } else {
                mc->setup = step->setup;
                mc->run = 0;
            }
        }
    }
    mc->phase = phase;
    ls_phase_begin_full(c, st, machine);
}

// The lots are in the machine: begins the operation.
LS_HOT void ls_operation_begin(ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    mc->lag = 0;
    if (LS_LIKELY((st->features & LS_F_PLAIN_NOT) == 0)) {  // nothing but a run of one lot
        const ls_m_step *step = c->steps + mc->step;
        double length = ls_process_draw(c, st, step, machine) * c->machines[machine].slowness;
        length *= step->per == LS_PER_PART ? (double)step->parts : 1.0;
        mc->phase = LS_PHASE_RUN;
        mc->phase_since = c->now;
        mc->phase_elapsed = 0;
        mc->phase_total = ls_round_us(length);
        ls_source_set(c, c->m->source_machine + machine, c->now + mc->phase_total);
        ls_account(c, machine, LS_STATE_PROCESSING);
        return;
    }
    ls_operation_begin_full(c, st, machine);
}

// What a lot remembers and what ends when it starts a step.
LS_SLOW void ls_lot_started(ls_ctx *c, const ls_m_station *st, ls_u32 machine, ls_u32 lot_index) {
    const ls_m_step *step = c->steps + c->lot[lot_index].step;
    if ((step->features & LS_SF_REMEMBER) != 0) {
        c->memory[(ls_u64)lot_index * c->m->memory_slots + step->memory_slot - 1] =
            (ls_u16)(machine - st->machine_at + 1);
    }
    for (ls_u32 i = 0; i < step->deadline_count; i++) {
        const ls_u32 slot = c->words[step->deadline_at + i];
        ls_i64 *deadline = c->deadline + (ls_u64)lot_index * c->m->deadline_slots + slot;
        if (*deadline != LS_NEVER) {
            c->release[c->lot[lot_index].release].late_limits += c->now > *deadline;
            *deadline = LS_NEVER;
        }
    }
}

// Takes what the pick says into an idle machine and begins.
LS_HOT void ls_machine_start(ls_ctx *c, const ls_m_station *st, ls_u32 station, ls_u32 machine,
                             const ls_pick *pick) {
    ls_s_machine *mc = c->machine + machine;
    ls_idle_clear(c, st, station, machine);
    mc->step = c->lot[pick->lot].step;
    mc->lot_count = 0;
    mc->part_count = 0;
    mc->lots = LS_NO;
    if (LS_UNLIKELY((st->features & LS_F_BATCH) != 0)) {
        ls_take_batch(c, st, station, machine, pick);
    } else {
        ls_u32 tail = LS_NO;
        ls_take_lot(c, station, machine, pick->lot, &tail);
    }
    for (ls_u32 lot = mc->lots; lot != LS_NO; lot = c->lot[lot].next) {
        LS_TRACE(c, LS_TRACE_START, c->lot[lot].serial, c->lot[lot].step, machine);
        if (LS_UNLIKELY(
                (c->steps[c->lot[lot].step].features & (LS_SF_REMEMBER | LS_SF_DEADLINES)) != 0)) {
            ls_lot_started(c, st, machine, lot);
        }
    }
    if (LS_UNLIKELY((st->features & LS_F_BEFORE) != 0)) {
        const ls_u32 next = c->steps[mc->step].next;
        if (next != LS_NO) {
            mc->reserved = c->steps[next].station + 1;
            c->station[mc->reserved - 1].coming++;
        }
    }
    if ((st->features & LS_F_ROOM) != 0) {
        ls_room_made(c, station);
    }
    ls_operation_begin(c, st, machine);
}

// ---- a lot leaves its machine

// The next step of a lot whose step is done; LS_NO: out of the plant; LS_STEP_SCRAP: thrown away.
#define LS_STEP_SCRAP 0xfffffffeu

LS_SLOW ls_u32 ls_next_step_full(ls_ctx *c, ls_u32 lot_index, const ls_m_step *step) {
    if ((step->features & LS_SF_SCRAP) != 0 && ls_draw_uniform(c, step->stream) < step->scrap) {
        return LS_STEP_SCRAP;
    }
    if ((step->features & LS_SF_LIMITS) != 0) {
        const ls_m_limit *limits = LS_MODEL_ARRAY(c->m, ls_m_limit, limit_at) + step->limit_at;
        for (ls_u32 i = 0; i < step->limit_count; i++) {
            c->deadline[(ls_u64)lot_index * c->m->deadline_slots + limits[i].slot] =
                c->now + limits[i].limit;
        }
    }
    if ((step->features & LS_SF_REWORK) != 0) {
        ls_u16 *count = c->memory + (ls_u64)lot_index * c->m->memory_slots + step->rework_slot;
        if (step->rework_once == 0 || *count == 0) {
            const int again = ls_draw_uniform(c, step->stream) < step->rework;
            if (again && step->rework_limit != 0 && *count >= step->rework_limit) {
                if (step->rework_scrap != 0) {
                    return LS_STEP_SCRAP;
                }
            } else if (again) {
                *count = (ls_u16)(*count + (*count < 0xffff));
                c->release[c->lot[lot_index].release].reworked++;
                return step->rework_to;
            } else if (step->rework_once != 0) {
                *count = 1;
            }
        }
    }
    if ((step->features & LS_SF_BRANCH) != 0) {
        const ls_m_branch *branch = LS_MODEL_ARRAY(c->m, ls_m_branch, branch_at) + step->branch_at;
        double u = ls_draw_uniform(c, step->stream);
        for (ls_u32 i = 0; i + 1 < step->branch_count; i++) {
            if (u < branch[i].chance) {
                return branch[i].step;
            }
            u -= branch[i].chance;
        }
        return branch[step->branch_count - 1].step;
    }
    return step->next;
}

// A lot leaves the order of its route. Forward: limits that end at steps it passes by are over.
// Back: limits that began at steps it does again are over. So a slot never holds a limit that does
// not run here.
LS_SLOW void ls_limits_lapse(ls_ctx *c, ls_u32 lot_index, ls_u32 from, ls_u32 to) {
    const ls_m_limit *limits = LS_MODEL_ARRAY(c->m, ls_m_limit, limit_at);
    ls_i64 *deadline = c->deadline + (ls_u64)lot_index * c->m->deadline_slots;
    const ls_u32 product = c->steps[from].product;
    const ls_u32 here = c->steps[from].number;
    const ls_u32 there = c->steps[to].number;
    const ls_u32 least = here < there ? here : there;
    ls_u32 s = here < there ? from : to;
    while (s > 0 && c->steps[s - 1].product == product && c->steps[s - 1].number == least) {
        s--;  // alternatives share a number
    }
    for (; s < c->m->steps && c->steps[s].product == product; s++) {
        const ls_m_step *step = c->steps + s;
        if (step->number > here && step->number < there) {
            for (ls_u32 i = 0; i < step->deadline_count; i++) {
                deadline[c->words[step->deadline_at + i]] = LS_NEVER;
            }
        } else if (step->number >= there && step->number <= here) {
            for (ls_u32 i = 0; i < step->limit_count; i++) {
                deadline[limits[step->limit_at + i].slot] = LS_NEVER;
            }
        } else if (step->number > here) {
            break;
        }
    }
}

// Sends a lot on from `station`. 0: no room, it stays where it is and is listed to be called.
// reserved: where a station is kept in which a place is reserved for it, + 1, or 0.
LS_HOT int ls_lot_leave(ls_ctx *c, ls_u32 station, ls_u32 lot_index, ls_u32 *reserved) {
    const ls_m_step *step = c->steps + c->lot[lot_index].step;
    ls_u32 next = step->next;
    if (LS_UNLIKELY((step->features & LS_SF_AFTER) != 0)) {
        next = ls_next_step_full(c, lot_index, step);
        if (next == LS_STEP_SCRAP ||
            (next == step->rework_to && (step->features & LS_SF_REWORK) != 0)) {
            c->station[station].bad += step->parts;
        }
        if (next == LS_STEP_SCRAP) {
            ls_lot_scrap(c, lot_index);
            return 1;
        }
    }
    next = ls_route(c, next);
    if (next == LS_NO) {
        if (LS_LIKELY(c->m->areas == 0)) {
            ls_lot_done(c, lot_index);
        } else {
            ls_lot_out_travel(c, lot_index, station);
        }
        return 1;
    }
    const ls_u32 to = c->steps[next].station;
    int has_place = 0;
    if (LS_UNLIKELY(*reserved != 0)) {
        const ls_u32 held = *reserved - 1;
        *reserved = 0;
        c->station[held].coming--;
        has_place = held == to;  // others that ask for room do not get it
        if (!has_place) {
            ls_room_made(c, held);
        }
    }
    if (LS_UNLIKELY(c->m->deadline_slots != 0) && c->steps[next].number != step->number + 1) {
        ls_limits_lapse(c, lot_index, c->lot[lot_index].step, next);
    }
    c->lot[lot_index].step = next;
    if ((c->stations[to].features & LS_F_ROOM) != 0 && !has_place &&
        (c->station[to].blocked_head != LS_NO || !ls_has_room(c, to))) {
        LS_TRACE(c, LS_TRACE_BLOCK, c->lot[lot_index].serial, next, LS_NO);
        ls_lot_block(c, lot_index, to);
        return 0;
    }
    ls_lot_carry(c, lot_index, station);
    return 1;
}

LS_SLOW int ls_lot_leave_rare(ls_ctx *c, ls_u32 station, ls_u32 lot_index, ls_u32 *reserved) {
    return ls_lot_leave(c, station, lot_index, reserved);
}

// Gives a reserved place back when it was not used.
LS_SLOW void ls_unreserve(ls_ctx *c, ls_u32 *reserved) {
    if (*reserved != 0) {
        const ls_u32 held = *reserved - 1;
        *reserved = 0;
        c->station[held].coming--;
        ls_room_made(c, held);
    }
}

LS_SLOW void ls_mode_start(ls_ctx *c, ls_u32 machine, ls_u32 k);

// The machine holds nothing any more: maintenance that is due, end of shift, or the next lot.
LS_HOT void ls_machine_free(ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    mc->phase = LS_PHASE_NONE;
    if (LS_UNLIKELY((mc->pending | mc->mode | c->station[station].off) != 0)) {
        if (mc->mode == 0 && mc->pending != 0) {
            ls_mode_start(c, machine, (ls_u32)ls_ctz64(mc->pending));
        } else {
            ls_account_refresh(c, machine);
        }
        return;
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
