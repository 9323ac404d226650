// down.h - a machine goes down: a failure or a maintenance begins, and what becomes of the lots.
//
// A mode is one failure mode or maintenance of one machine. Its source fires when it is due and
// again when the work on it is over. At most one mode of a machine is active; others wait as bits.
#pragma once

#include "twin/leave.h"

LS_SLOW void ls_repair_begin(ls_ctx *c, ls_u32 at) {
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    sm->total = ls_round_us(ls_draw(c, mode->repair_stream, mode->repair));
    sm->since = c->now;
    sm->elapsed = 0;
    ls_source_set(c, c->m->source_mode + at, c->now + sm->total);
}

// Back in the queue, where it has been since its operation began.
LS_SLOW void ls_lot_put_back(ls_ctx *c, const ls_m_station *st, ls_u32 lot_index) {
    const ls_m_step *step = c->steps + c->lot[lot_index].step;
    if (st->static_order == 2) {
        c->lot[lot_index].machine = (ls_u32)(ls_draw_uniform(c, step->stream) * 4294967296.0);
    }
    ls_queue_insert_rare(c, lot_index);
    if ((st->features & LS_F_WAIT) != 0 && step->batch_wait != LS_NEVER) {
        const ls_i64 patience = c->lot[lot_index].arrived + step->batch_wait;
        ls_lot_event_set(c, lot_index, patience > c->now ? patience : c->now);
    }
}

// Throws the lots away, or puts them back in the queue: they start over.
LS_SLOW void ls_machine_empty(ls_ctx *c, const ls_m_station *st, ls_u32 machine, int scrap) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    ls_u32 lot = mc->lots;
    mc->lots = LS_NO;
    while (lot != LS_NO) {
        const ls_u32 after = c->lot[lot].next;
        c->station[station].working--;
        if (scrap) {
            c->station[station].bad += c->steps[c->lot[lot].step].parts;
            ls_lot_scrap(c, lot);
        } else {
            ls_lot_put_back(c, st, lot);
        }
        lot = after;
    }
    mc->lot_count = 0;
    mc->part_count = 0;
    mc->phase = LS_PHASE_NONE;
    mc->phase_since = LS_NEVER;
    ls_source_set(c, c->m->source_machine + machine, LS_NEVER);
    if (mc->waits != 0) {
        ls_operator_unwait(c, machine);
    }
    ls_operator_give(c, machine);
    ls_unreserve(c, &mc->reserved);
    if ((st->features & LS_F_ROOM) != 0) {
        ls_room_made(c, station);
    }
}

LS_SLOW void ls_mode_start(ls_ctx *c, ls_u32 machine, ls_u32 k) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    const ls_u32 at = c->machines[machine].mode_at + k;
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    mc->pending &= ~(1u << k);
    if (ls_idle_is(c, st, machine)) {
        ls_idle_clear(c, st, station, machine);
    }
    LS_TRACE(c, LS_TRACE_DOWN, k, mc->step, machine);
    ls_phase_halt(c, machine);
    if (mode->maintenance == 0) {  // maintenance lets out what is still inside
        ls_lags_halt(c, machine, 0);
    }
    if (mc->hand != 0 && mc->phase == LS_PHASE_NONE) {  // the end of a hold: asked again afterwards
        ls_source_set(c, c->m->source_machine + machine, LS_NEVER);
    }
    mc->mode = k + 1;
    sm->active = 1;
    if (mc->phase != LS_PHASE_NONE && mode->lots != LS_LOTS_RESUME && mode->maintenance == 0) {
        if (mode->lots == LS_LOTS_SCRAP) {
            ls_machine_empty(c, st, machine, 1);
        } else {
            mc->phase_elapsed = 0;  // starts over
        }
    }
    sm->since = LS_NEVER;
    ls_source_set(c, c->m->source_mode + at, LS_NEVER);
    ls_account_refresh(c, machine);
    if (mode->crew != LS_NO) {
        ls_s_crew *crew = LS_STATE_ARRAY(c->m, c->s, ls_s_crew, s_crew) + mode->crew;
        if (crew->busy >= LS_MODEL_ARRAY(c->m, ls_u32, crew_at)[mode->crew]) {
            sm->next = 0;
            sm->waits = 1;
            if (crew->head == 0) {
                crew->head = at + 1;
            } else {
                c->mode[crew->tail - 1].next = at + 1;
            }
            crew->tail = at + 1;
            return;
        }
        crew->busy++;
    }
    ls_repair_begin(c, at);
}
