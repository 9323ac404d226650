// operation.h - what a machine does with the lots it took: setup, load, run, unload.
//
// Phases that no operator tells apart are one. Each phase's length is drawn when it begins.
#pragma once

#include "twin/operator.h"
#include "twin/slowness.h"

// The distribution of a step's process time on one machine of its station.
LS_HOT ls_u32 ls_process_dist(const ls_ctx *c, const ls_m_station *st, const ls_m_step *step,
                              ls_u32 machine) {
    if (LS_UNLIKELY((step->features & LS_SF_MACHINES) != 0)) {
        return c->words[step->machine_process_at + machine - st->machine_at];
    }
    return step->process;
}

LS_HOT double ls_process_draw(ls_ctx *c, const ls_m_station *st, const ls_m_step *step,
                              ls_u32 machine) {
    return ls_draw(c, c->machines[machine].stream, ls_process_dist(c, st, step, machine));
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
    const double slowness = ls_slowness(c, machine);
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

#define LS_F_PLAIN_NOT                                                                          \
    (LS_F_BATCH | LS_F_SETUP | LS_F_NEEDS | LS_F_FAILS | LS_F_SHIFT | LS_F_LAG | LS_F_LOADING | \
     LS_F_SLOWNESS)

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
                c->station[c->machines[machine].station].setups++;
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
