// operate.c - operations begin, go through their phases and end, as heard.
#include "twin/follow/core.h"
#include "twin/intervene.h"

// PackML numbers that matter here.
enum {
    PACK_STOPPED = 2,
    PACK_STARTING = 3,
    PACK_IDLE = 4,
    PACK_SUSPENDED = 5,
    PACK_EXECUTE = 6,
    PACK_STOPPING = 7,
    PACK_HOLDING = 10,
    PACK_HELD = 11,
    PACK_COMPLETING = 16,
    PACK_COMPLETE = 17
};

static const ls_m_station *station_of(const ls_core *core, uint32_t machine) {
    return core->c.stations + core->c.machines[machine].station;
}

void ls_core_load(ls_core *core, uint32_t machine, const uint32_t *lots, uint32_t count) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = station_of(core, machine);
    const ls_u32 station = c->machines[machine].station;
    if (ls_idle_is(c, st, machine)) {
        ls_idle_clear(c, st, station, machine);
    }
    mc->step = c->lot[lots[0]].step;
    mc->lot_count = 0;
    mc->part_count = 0;
    mc->lots = LS_NO;
    ls_u32 tail = LS_NO;
    for (uint32_t i = 0; i < count; i++) {
        ls_take_lot(c, station, machine, lots[i], &tail);
        if ((c->steps[c->lot[lots[i]].step].features & (LS_SF_REMEMBER | LS_SF_DEADLINES)) != 0) {
            ls_lot_started(c, st, machine, lots[i]);
        }
    }
    if ((st->features & LS_F_BEFORE) != 0) {
        const ls_u32 next = c->steps[mc->step].next;
        if (next != LS_NO) {
            mc->reserved = c->steps[next].station + 1;
            c->station[mc->reserved - 1].coming++;
        }
    }
    mc->lag = 0;
    core->machines[machine].good = 0;
    core->machines[machine].begun_us = c->now;
}

// An operator for the phase: by the model's own order, if one is free there.
static void take_operator(ls_core *core, uint32_t machine, ls_u32 phase) {
    ls_ctx *c = &core->c;
    const ls_m_station *st = station_of(core, machine);
    if ((st->features & LS_F_NEEDS) != 0 && !ls_operator_for_phase(c, st, machine, phase)) {
        ls_core_diverge(core, LS_DIVERGE_CONTRADICTED, machine, LS_NO,
                        "works, but by the plant file no operator is free for it");
    }
}

static void phase_begin(ls_core *core, uint32_t machine, ls_u32 phase) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = station_of(core, machine);
    mc->phase = phase;
    mc->phase_since = LS_NEVER;
    mc->phase_elapsed = 0;
    mc->phase_total = FOLLOW_ENDLESS;
    take_operator(core, machine, phase);
    if (!ls_is_paused(c, st, mc, c->machines[machine].station) ||
        core->machines[machine].state == PACK_EXECUTE) {
        ls_phase_go(c, st, machine);
    }
}

static void phase_wait(ls_core *core, uint32_t machine, ls_u32 phase) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    mc->phase = phase;
    mc->phase_since = LS_NEVER;
    mc->phase_elapsed = 0;
    mc->phase_total = LS_NEVER;
    ls_operator_give(c, machine);
    if (mc->waits == 0) {
        ls_operator_wait(c, machine);
    }
}

static void tell_setup(ls_core *core, uint32_t machine) {
    ls_ctx *c = &core->c;
    const ls_s_machine *mc = c->machine + machine;
    ls_fact fact = ls_core_fact(core, LS_FACT_SETUP);
    fact.value = (double)(mc->phase_elapsed +
                          (mc->phase_since == LS_NEVER ? 0 : c->now - mc->phase_since));
    fact.machine = machine;
    fact.station = c->machines[machine].station;
    fact.step = mc->step;
    fact.setup_from = mc->setup;
    fact.setup_to = mc->setup_to;
    fact.inferred = core->machines[machine].inferred != 0 ||
                    ls_core_doubts(core, machine, core->machines[machine].begun_us);
    ls_core_tell(core, &fact);
}

// The running phase is over, the next not yet begun.
static void phase_end(ls_core *core, uint32_t machine) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = station_of(core, machine);
    if (mc->waits != 0) {
        ls_operator_unwait(c, machine);
    }
    if (mc->phase == LS_PHASE_SETUP) {
        tell_setup(core, machine);
        mc->setup = mc->setup_to;
        mc->run = 0;
    } else if ((st->features & LS_F_FAILS) != 0) {
        ls_busy_clocks_stop(c, machine);
    }
    mc->phase_since = LS_NEVER;
    ls_source_set(c, c->m->source_machine + machine, LS_NEVER);
}

static bool waits_for_operator(const ls_core *core, uint32_t machine) {
    const ls_core_machine *told = &core->machines[machine];
    return (told->state == PACK_HELD || told->state == PACK_HOLDING) && told->reason == 0 &&
           (station_of(core, machine)->features & LS_F_NEEDS) != 0;
}

// The first phase by the model; what the setup becomes without one is settled here.
static ls_u32 first_phase(ls_core *core, uint32_t machine) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = station_of(core, machine);
    const ls_m_step *step = c->steps + mc->step;
    const ls_core_machine *told = &core->machines[machine];
    ls_u32 phase = ls_phase_after(st, step, LS_PHASE_SETUP);
    if ((st->features & LS_F_SETUP) == 0) {
        return phase;
    }
    if (step->setup == 0 && st->setup_clears != 0) {
        mc->setup = 0;
        mc->run = 0;
    } else if (step->setup != 0 && step->setup != mc->setup) {
        double mean = 0.0;
        mc->setup_to = step->setup;
        const bool skipped = told->state == PACK_EXECUTE || told->state == PACK_COMPLETING;
        if (ls_setup_needed(c, st, mc, step, &mean) != LS_NO && !skipped) {
            return LS_PHASE_SETUP;
        }
        mc->setup = step->setup;
        mc->run = 0;
    }
    return phase;
}

void ls_core_begin(ls_core *core, uint32_t machine) {
    const ls_core_machine *told = &core->machines[machine];
    ls_u32 phase = first_phase(core, machine);
    if (waits_for_operator(core, machine)) {
        phase_wait(core, machine, phase);
        return;
    }
    if (told->state == PACK_EXECUTE) {
        phase = LS_PHASE_RUN;
    }
    phase_begin(core, machine, phase);
}

static void tell_process(ls_core *core, uint32_t machine, int64_t length, bool done) {
    ls_ctx *c = &core->c;
    const ls_s_machine *mc = c->machine + machine;
    ls_fact fact = ls_core_fact(core, LS_FACT_PROCESS);
    fact.value = (double)length;
    fact.censored = !done;
    fact.machine = machine;
    fact.station = c->machines[machine].station;
    fact.step = mc->step;
    fact.lots = mc->lot_count;
    fact.parts = mc->part_count;
    fact.lot = mc->lots != LS_NO ? c->lot[mc->lots].serial : 0;
    fact.inferred = core->machines[machine].inferred != 0 ||
                    ls_core_doubts(core, machine, core->machines[machine].begun_us);
    ls_core_tell(core, &fact);
}

// The work itself is over, an unload phase of its own follows.
static void process_end(ls_core *core, uint32_t machine) {
    const ls_ctx *c = &core->c;
    const ls_s_machine *mc = c->machine + machine;
    if (mc->phase == LS_PHASE_RUN && mc->waits == 0) {
        tell_process(
            core, machine,
            mc->phase_elapsed + (mc->phase_since == LS_NEVER ? 0 : c->now - mc->phase_since), true);
    }
}

void ls_core_go_on(ls_core *core, uint32_t machine) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = station_of(core, machine);
    const ls_m_step *step = c->steps + mc->step;
    const ls_core_machine *told = &core->machines[machine];
    const int split = (st->need_phases >> 7) & 1;
    ls_u32 next = mc->phase;
    if (waits_for_operator(core, machine)) {
        if (mc->waits == 0 && mc->phase_since != LS_NEVER) {
            next = ls_phase_after(st, step, mc->phase);
            if (next != LS_PHASE_NONE) {
                process_end(core, machine);
                phase_end(core, machine);
                phase_wait(core, machine, next);
            }
        }
        return;
    }
    if (told->state == PACK_EXECUTE && mc->phase < LS_PHASE_RUN) {
        next = LS_PHASE_RUN;
    } else if (told->state == PACK_STARTING && mc->phase == LS_PHASE_SETUP && split &&
               step->load > 0 && told->setup == mc->setup_to + 1) {
        next = LS_PHASE_LOAD;
    } else if (told->state == PACK_COMPLETING && split && step->unload > 0) {
        next = LS_PHASE_UNLOAD;
    }
    if (next != mc->phase) {
        process_end(core, machine);
        phase_end(core, machine);
        phase_begin(core, machine, next);
    } else if (mc->waits != 0 && (told->state == PACK_EXECUTE || told->state == PACK_STARTING ||
                                  told->state == PACK_COMPLETING)) {
        ls_operator_unwait(c, machine);
        phase_begin(core, machine, mc->phase);
    }
}

// The operation's counts, and the machine gives back what it held for it.
static void operation_end(ls_core *core, uint32_t machine, bool done) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = station_of(core, machine);
    const int64_t ran = mc->phase_elapsed +
                        (mc->phase_since == LS_NEVER ? 0 : c->now - mc->phase_since);
    if (mc->phase == LS_PHASE_RUN && mc->waits == 0) {
        tell_process(core, machine, ran, done);
    }
    if (mc->phase == LS_PHASE_SETUP && !done) {
        ls_phase_halt(c, machine);
    } else {
        phase_end(core, machine);
    }
    if (mc->waits != 0) {
        ls_operator_unwait(c, machine);
    }
    ls_operator_give(c, machine);
    if (done && (st->features & (LS_F_PLAIN_NOT | LS_F_BEFORE)) != 0) {
        mc->run += mc->lot_count;
        c->station[c->machines[machine].station].batches++;
        if ((st->features & LS_F_FAILS) != 0) {
            ls_counts_add(c, machine);
        }
    } else if (!done && (st->features & LS_F_FAILS) != 0) {
        ls_busy_clocks_stop(c, machine);
    }
    mc->phase = LS_PHASE_NONE;
    mc->phase_since = LS_NEVER;
    ls_source_set(c, c->m->source_machine + machine, LS_NEVER);
    core->machines[machine].inferred = 0;
    core->machines[machine].begun_us = LS_NEVER;
}

bool ls_core_sets_up(const ls_core *core, uint32_t machine) {
    const ls_ctx *c = &core->c;
    const ls_core_machine *told = &core->machines[machine];
    const ls_s_machine *mc = c->machine + machine;
    return told->names_lots != 0 && told->state == PACK_STARTING && mc->lot_count == 0 &&
           mc->mode == 0 && mc->hand == 0 && c->station[c->machines[machine].station].off == 0 &&
           (station_of(core, machine)->features & LS_F_SETUP) != 0;
}

// The first lot that waits and needs another setup, else the first other setup of the station.
static ls_u32 supposed_setup(const ls_core *core, uint32_t machine) {
    const ls_ctx *c = &core->c;
    const ls_m_station *st = station_of(core, machine);
    const ls_s_machine *mc = c->machine + machine;
    double mean = 0.0;
    for (ls_u32 q = 0; q < st->queue_count; q++) {
        const ls_s_queue *queue = c->queue + st->queue_at + q;
        const ls_u32 step = queue->count > 0 ? c->lot[queue->head].step : LS_NO;
        if (step != LS_NO && ls_setup_needed(c, st, mc, c->steps + step, &mean) != LS_NO) {
            return step;
        }
    }
    for (ls_u32 i = 0; i < c->m->steps; i++) {
        if (c->steps[i].station == c->machines[machine].station &&
            ls_setup_needed(c, st, mc, c->steps + i, &mean) != LS_NO) {
            return i;
        }
    }
    return LS_NO;
}

void ls_core_set_up(ls_core *core, uint32_t machine) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = station_of(core, machine);
    const ls_u32 step = supposed_setup(core, machine);
    if (step == LS_NO) {
        return;
    }
    if (ls_idle_is(c, st, machine)) {
        ls_idle_clear(c, st, c->machines[machine].station, machine);
    }
    mc->step = step;
    mc->setup_to = c->steps[step].setup;
    mc->part_count = 0;
    mc->lag = 0;
    core->machines[machine].begun_us = c->now;
    phase_begin(core, machine, LS_PHASE_SETUP);
}

void ls_core_set_up_end(ls_core *core, uint32_t machine, bool setup_told) {
    ls_s_machine *mc = core->c.machine + machine;
    const uint32_t told = core->machines[machine].setup;
    if (told == 0 || (setup_told && told - 1 != mc->setup)) {
        mc->setup_to = told != 0 ? told - 1 : mc->setup_to;
        if (mc->setup_to != 0) {
            const uint32_t step = ls_intervene_setup_step(core->twin, machine, mc->setup_to - 1);
            mc->step = step != LS_NO ? step : mc->step;  // whose time it took
            tell_setup(core, machine);
        }
        mc->setup = mc->setup_to;
        mc->run = 0;
    }
    operation_end(core, machine, false);
}

// Where a lot goes that does not leave: where there is no room.
static ls_u32 blocked_way(ls_core *core, ls_u32 lot, ls_u32 step) {
    uint32_t ways[16];
    const uint32_t count = ls_core_ways(core, lot, step, ways, 16);
    for (uint32_t i = 0; i < count; i++) {
        if (ways[i] != LS_NO && !ls_may_enter(&core->c, core->c.steps[ways[i]].station)) {
            return ways[i];
        }
    }
    return ways[0];
}

bool ls_core_may_block(ls_core *core, uint32_t machine) {
    const ls_ctx *c = &core->c;
    for (ls_u32 lot = c->machine[machine].lots; lot != LS_NO; lot = c->lot[lot].next) {
        uint32_t ways[16];
        const uint32_t count = ls_core_ways(core, lot, c->lot[lot].step, ways, 16);
        for (uint32_t i = 0; i < count; i++) {
            if (ways[i] != LS_NO &&
                (c->stations[c->steps[ways[i]].station].features & LS_F_ROOM) != 0) {
                return true;
            }
        }
    }
    return false;
}

// All its lots have ended: they hold their place, and are listed where they want to go.
void ls_core_finish(ls_core *core, uint32_t machine) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    operation_end(core, machine, true);
    for (ls_u32 lot = mc->lots; lot != LS_NO; lot = c->lot[lot].next) {
        const ls_u32 step = c->lot[lot].step;
        c->finished[step]++;
        ls_core_step_ended(core, lot, step);
        const ls_u32 next = blocked_way(core, lot, step);
        if (next != LS_NO) {
            c->lot[lot].step = next;
            ls_core_block(core, lot);
        }
    }
    if (mc->reserved != 0) {
        c->station[mc->reserved - 1].coming--;
        mc->reserved = 0;
    }
}

void ls_core_cancel(ls_core *core, uint32_t machine) {
    ls_s_machine *mc = core->c.machine + machine;
    operation_end(core, machine, false);
    if (mc->reserved != 0) {
        core->c.station[mc->reserved - 1].coming--;
        mc->reserved = 0;
    }
}

void ls_core_lag(ls_core *core, uint32_t machine) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const int64_t elapsed = mc->phase_elapsed +
                            (mc->phase_since == LS_NEVER ? 0 : c->now - mc->phase_since);
    const ls_u32 count = mc->lot_count;
    const ls_u32 parts = mc->part_count;
    const bool doubt = core->machines[machine].inferred != 0 ||
                       ls_core_doubts(core, machine, core->machines[machine].begun_us);
    if (core->plant->steps[mc->step].cascade_us > 0) {
        // Of a cascade's entrance nothing was drawn; the lots' own time is told when they leave.
        mc->phase = mc->phase == LS_PHASE_RUN ? LS_PHASE_UNLOAD : mc->phase;
    }
    operation_end(core, machine, true);
    ls_u32 lot = mc->lots;
    while (lot != LS_NO) {
        const ls_u32 after = c->lot[lot].next;
        ls_lot_event *e = c->event + lot;
        e->elapsed = elapsed;
        core->lots[lot].doubt &= (uint8_t)~FOLLOW_DOUBT_WAY;
        core->lots[lot].doubt |= doubt ? FOLLOW_DOUBT_WAY : 0;
        e->total = FOLLOW_ENDLESS;
        e->since = c->now;
        e->lots = count;
        e->parts = parts;
        e->dist = mc->reserved - 1;
        e->transit = LS_NO;
        mc->reserved = 0;
        c->lot[lot].where = LS_LOT_LAG;
        c->finished[c->lot[lot].step]++;
        c->lot[lot].next = mc->lag_head;
        mc->lag_head = lot;
        lot = after;
    }
    mc->lots = LS_NO;
    mc->lot_count = 0;
}

void ls_core_rest(ls_core *core, uint32_t machine) {
    ls_ctx *c = &core->c;
    const ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = station_of(core, machine);
    const ls_u32 station = c->machines[machine].station;
    const bool may = mc->phase == LS_PHASE_NONE && mc->lot_count == 0 && mc->mode == 0 &&
                     mc->hand == 0 && c->station[station].off == 0;
    const bool is = ls_idle_is(c, st, machine) != 0;
    if (may && !is) {
        ls_idle_set(c, st, station, machine);
    } else if (!may && is) {
        ls_idle_clear(c, st, station, machine);
    }
    ls_account_refresh(c, machine);
}
