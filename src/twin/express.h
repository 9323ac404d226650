// express.h - the ordinary event of an ordinary station, without the questions.
//
// Where a station has nothing special (model.h, `simple`) and a lot goes from such a step to such a
// step, most of what the general way asks is known beforehand: nothing waits while a machine is
// idle, so a lot that comes is started or joins the end of the one queue, and a machine that ends
// takes the head. These functions do exactly what the general way does, to the bit (a test compares
// states); they are left when a trace is written.
#pragma once

#include "twin/machine.h"

// Process time of the one step of a simple station.
LS_SLOW double ls_express_length(ls_ctx *c, const ls_m_machine *mm, ls_u32 machine) {
    const ls_m_step *step = c->steps + mm->express_step;
    const double length = ls_process_draw(c, c->stations + mm->station, step, machine) *
                          mm->slowness;
    return length * (step->per == LS_PER_PART ? (double)step->parts : 1.0);
}

// The source that has just fired fires again after the draw that stands ready: its key grows by it.
// Nothing else lies between this event's key and the next one's, which is what the speed of small
// plants hangs on.
LS_HOT ls_i64 ls_express_again(ls_ctx *c, ls_u32 source, ls_u32 stream, double mean, ls_u64 key) {
    const ls_u64 step = c->ahead[source].step;
    const ls_u64 next = key + step;
    ls_source_set_key(
        c, source,
        LS_LIKELY(next >> c->m->source_bits < (ls_u64)c->m->horizon) ? next : ~(ls_u64)0);
    c->position[stream]++;
    ls_ahead_make(c, source, stream, mean);
    return (ls_i64)(step >> c->m->source_bits);
}

// A machine of a simple station begins its next operation now: only its times, which the next event
// may depend on. key: of its own event, if that is what fired; else 0.
LS_HOT void ls_express_run(ls_ctx *c, const ls_m_machine *mm, ls_u32 machine, ls_u64 key) {
    ls_s_machine *mc = c->machine + machine;
    const double mean = mm->exp_mean;
    const ls_u32 source = c->m->source_machine + machine;
    ls_i64 total;
    if (LS_LIKELY(mean > 0.0 && ls_ahead_is_ready(c, source, mm->stream))) {
        // A machine that was idle has no key of its own: as if it had fired now.
        const ls_u64 fired = key != 0 ? key : ((ls_u64)c->now << c->m->source_bits) | source;
        total = ls_express_again(c, source, mm->stream, mean, fired);
    } else {
        total = ls_round_us(ls_express_length(c, mm, machine));
        ls_source_set(c, source, c->now + total);
        if (mean > 0.0) {
            ls_ahead_make(c, source, mm->stream, mean);
        }
    }
    mc->phase_since = c->now;
    mc->phase_total = total;
}

// Its lot, and the accounts of the lot's wait. phase_elapsed and lag are never other than 0 here,
// and step and parts are those of the operation before, since the station serves one step.
LS_HOT void ls_express_load(ls_ctx *c, ls_s_station *ss, ls_u32 machine, ls_u32 lot_index,
                            ls_i64 arrived) {
    ls_s_machine *mc = c->machine + machine;
    ls_lot *lot = c->lot + lot_index;
    const ls_i64 wait = c->now - arrived;
    ss->wait_sum += wait;
    ss->wait_max = wait > ss->wait_max ? wait : ss->wait_max;
    ss->started++;
    lot->arrived = c->now;
    lot->machine = machine;
    lot->where = LS_LOT_MACHINE;
    lot->next = LS_NO;
    lot->other = LS_NO;
    mc->lots = lot_index;
}

// A lot comes to a simple station whose queue and machines are settled.
LS_HOT void ls_express_arrive(ls_ctx *c, ls_u32 lot_index, ls_u32 step_index) {
    ls_lot *lot = c->lot + lot_index;
    const ls_m_step *step = c->steps + step_index;
    const ls_m_station *st = c->stations + step->station;
    ls_s_station *ss = c->station + step->station;
    lot->queue = st->queue_at;
    if (LS_UNLIKELY(ss->idle > 0)) {
        const ls_u32 local = (ls_u32)ls_ctz64(c->idle[st->idle_at]);
        c->idle[st->idle_at] &= c->idle[st->idle_at] - 1;
        ss->idle--;
        ss->working++;
        ls_s_machine *mc = c->machine + st->machine_at + local;
        mc->phase = LS_PHASE_RUN;
        mc->lot_count = 1;
        mc->part_count = step->parts;
        mc->step = step_index;
        ls_account(c, st->machine_at + local, LS_STATE_PROCESSING);
        ls_express_run(c, c->machines + st->machine_at + local, st->machine_at + local, 0);
        ls_express_load(c, ss, st->machine_at + local, lot_index, c->now);
        return;
    }
    lot->arrived = c->now;
    ls_s_queue *queue = c->queue + st->queue_at;
    const ls_u32 tail = queue->tail;
    if (LS_UNLIKELY(st->static_order != 0) ||
        (tail != LS_NO && LS_UNLIKELY(ls_lot_is_older(c, lot_index, tail)))) {
        if (st->static_order == 2) {
            lot->machine = (ls_u32)(ls_draw_uniform(c, step->stream) * 4294967296.0);
        }
        ls_queue_insert_rare(c, lot_index);
        return;
    }
    lot->where = LS_LOT_WAITING;
    lot->next = LS_NO;
    lot->other = tail;
    if (tail == LS_NO) {
        queue->head = lot_index;
        c->bits[st->word_at] |= 1;
    } else {
        c->lot[tail].next = lot_index;
    }
    queue->tail = lot_index;
    queue->count++;
    ss->waiting++;
}

// A machine of a simple station that has just ended takes the head of the queue.
LS_HOT void ls_express_take(ls_ctx *c, const ls_m_station *st, ls_s_station *ss, ls_u32 machine,
                            ls_u32 queue_index) {
    ls_s_queue *queue = c->queue + queue_index;
    const ls_u32 lot_index = queue->head;
    const ls_u32 next = c->lot[lot_index].next;
    queue->head = next;
    if (next == LS_NO) {
        queue->tail = LS_NO;
        c->bits[st->word_at] &= ~(ls_u64)1;
    } else {
        c->lot[next].other = LS_NO;
    }
    queue->count--;
    ss->waiting--;
    ls_express_load(c, ss, machine, lot_index, c->lot[lot_index].arrived);
}

// The event of a machine, if it can be served so.
LS_HOT int ls_express_machine(ls_ctx *c, ls_u32 machine, ls_u64 key) {
    const ls_m_machine *mm = c->machines + machine;
    const ls_u32 step_index = mm->express_step;
    if (LS_UNLIKELY(mm->express_ends == 0)) {
        return 0;
    }
    ls_s_machine *mc = c->machine + machine;
    ls_s_station *ss = c->station + mm->station;
    const ls_m_station *st = c->stations + mm->station;
    const ls_u32 lot_index = mc->lots;
    const int more = ss->waiting > 0;
    // What decides the next event comes first, so that the processor is not kept waiting for it.
    if (LS_LIKELY(more)) {
        ls_express_run(c, mm, machine, key);
    } else {
        ls_source_set(c, c->m->source_machine + machine, LS_NEVER);
    }
    c->finished[step_index]++;
    const ls_u32 next = c->steps[step_index].next;
    if (next == LS_NO) {
        ls_lot_account(c, lot_index);
    } else {
        c->lot[lot_index].step = next;
        ls_express_arrive(c, lot_index, next);
    }
    if (LS_LIKELY(more)) {
        ls_express_take(c, st, ss, machine, mm->express_queue);
    } else {
        mc->lots = LS_NO;
        mc->lot_count = 0;
        mc->phase = LS_PHASE_NONE;
        ss->working--;
        ls_idle_set(c, st, mm->station, machine);
        ls_account(c, machine, LS_STATE_STARVED);
    }
    return 1;
}

// The event of a release, if it can be served so.
LS_HOT int ls_express_release(ls_ctx *c, ls_u32 release, ls_u64 key) {
    const ls_m_release *r = c->releases + release;
    const ls_u32 lot_index = c->s->lot_free;
    if (LS_UNLIKELY(r->express == 0 || lot_index == LS_NO)) {  // a slot never used: the general way
        return 0;
    }
    ls_s_release *rs = c->release + release;
    const ls_u32 source = c->m->source_release + release;
    if (LS_LIKELY(r->exp_mean > 0.0 && rs->left > 1)) {
        if (LS_LIKELY(ls_ahead_is_ready(c, source, r->stream))) {
            rs->total = ls_express_again(c, source, r->stream, r->exp_mean, key);
        } else {
            rs->total = ls_round_us(ls_draw_rare(c, r->stream, r->every));
            ls_source_set(c, source, c->now + rs->total);
            ls_ahead_make(c, source, r->stream, r->exp_mean);
        }
        rs->since = c->now;
        rs->left--;
    } else {
        ls_release_next(c, r, rs, source);
    }
    c->s->lot_free = c->lot[lot_index].next;
    ls_lot_fill(c, lot_index, release, r->step, LS_NEVER, r->priority);
    ls_express_arrive(c, lot_index, r->step);
    return 1;
}
