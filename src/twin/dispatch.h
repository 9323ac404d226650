// dispatch.h - what an idle machine takes next.
#pragma once

#include "twin/draw.h"
#include "twin/flow.h"
#include "twin/queue.h"

// Setup needed before this step on this machine: the distribution, or LS_NO for none; its mean.
LS_FN ls_u32 ls_setup_needed(const ls_ctx *c, const ls_m_station *st, const ls_s_machine *mc,
                             const ls_m_step *step, double *out_mean) {
    *out_mean = 0.0;
    if (step->setup == 0 || step->setup == mc->setup) {
        return LS_NO;
    }
    const ls_m_setup *matrix = LS_MODEL_ARRAY(c->m, ls_m_setup, matrix_at) + st->matrix_at;
    ls_m_setup entry = matrix[(ls_u64)mc->setup * st->setup_count + step->setup - 1];
    if (step->setup_time != LS_NO) {
        entry.dist = step->setup_time;
        entry.mean = LS_MODEL_ARRAY(c->m, double, mean_at)[step->setup_time];
    }
    *out_mean = entry.dist == LS_NO ? 0.0 : entry.mean;
    return entry.dist;
}

// May this machine start lots of this queue now, as far as setups' minimal run goes? 1 yes, 0 only
// when nothing of its own setup waits.
LS_FN int ls_setup_continues(const ls_m_station *st, const ls_s_machine *mc,
                             const ls_m_step *step) {
    return st->min_run == 0 || mc->setup == 0 || mc->run >= st->min_run || step->setup == 0 ||
           step->setup == mc->setup;
}

typedef struct ls_pick {
    ls_u32 lot;  // best head, LS_NO: none
    ls_u32 family;
    double setup;  // mean setup time of the best
    int continues;
    int full;
} ls_pick;

LS_FN ls_pick ls_pick_none(ls_u32 family) {
    ls_pick none;
    none.lot = LS_NO;
    none.family = family;
    none.setup = 0.0;
    none.continues = 0;
    none.full = 0;
    return none;
}

// The better of two candidates at one machine.
LS_FN int ls_pick_before(const ls_ctx *c, const ls_m_station *st, const ls_pick *a,
                         const ls_pick *b) {
    if (b->lot == LS_NO) {
        return 1;
    }
    if (a->continues != b->continues) {
        return a->continues > b->continues;
    }
    if (st->batch_full != 0 && a->full != b->full) {
        return a->full > b->full;
    }
    return ls_lot_before(c, st, a->lot, a->setup, b->lot, b->setup);
}

// Room downstream for a station that blocks before service.
LS_FN int ls_may_leave(const ls_ctx *c, const ls_m_station *st, const ls_m_step *step) {
    return (st->features & LS_F_BEFORE) == 0 || step->next == LS_NO ||
           ls_has_room(c, c->steps[step->next].station);
}

LS_FN ls_pick ls_pick_of_queue(const ls_ctx *c, const ls_m_station *st, const ls_s_machine *mc,
                               ls_u32 queue) {
    ls_pick p;
    p.lot = c->queue[st->queue_at + queue].head;
    p.family = 0;
    p.setup = 0.0;
    p.continues = 1;
    p.full = 0;
    if (LS_UNLIKELY((st->features & LS_F_DRIFT) !=
                    0)) {  // the list's order may be one of yesterday
        for (ls_u32 lot = c->lot[p.lot].next; lot != LS_NO; lot = c->lot[lot].next) {
            p.lot = ls_lot_before(c, st, lot, 0.0, p.lot, 0.0) ? lot : p.lot;
        }
    }
    const ls_m_step *step = c->steps + c->queues[st->queue_at + queue].step;
    if ((st->features & LS_F_SETUP) != 0) {
        ls_setup_needed(c, st, mc, step, &p.setup);
        p.continues = ls_setup_continues(st, mc, step);
    }
    if (!ls_may_leave(c, st, step)) {
        p.lot = LS_NO;
    }
    return p;
}

// Best head among the queues of mask (and non-empty); for stations without batches.
LS_FN ls_pick ls_pick_lot(const ls_ctx *c, const ls_m_station *st, const ls_s_machine *mc,
                          const ls_u64 *mask) {
    ls_pick best = ls_pick_none(0);
    for (ls_u32 w = 0; w < st->queue_words; w++) {
        ls_u64 bits = c->bits[st->word_at + w] & mask[w];
        while (bits != 0) {
            const ls_u32 queue = (w << 6) + (ls_u32)ls_ctz64(bits);
            bits &= bits - 1;
            const ls_pick p = ls_pick_of_queue(c, st, mc, queue);
            if (p.lot != LS_NO && ls_pick_before(c, st, &p, &best)) {
                best = p;
            }
        }
    }
    return best;
}

LS_FN ls_u32 ls_lot_size(const ls_m_station *st, const ls_m_step *step) {
    return st->batch_parts != 0 ? step->parts : 1;
}

// Has a lot of this queue waited as long as its batch may wait?
LS_FN int ls_queue_overdue(const ls_ctx *c, ls_u32 head, const ls_m_step *step) {
    if (step->batch_wait == LS_NEVER) {
        return 0;
    }
    for (ls_u32 lot = head; lot != LS_NO; lot = c->lot[lot].next) {
        if (c->now - c->lot[lot].arrived >= step->batch_wait) {
            return 1;
        }
    }
    return 0;
}

// The batch that one family offers to one machine.
LS_FN ls_pick ls_pick_of_family(const ls_ctx *c, const ls_m_station *st, const ls_s_machine *mc,
                                const ls_u64 *mask, ls_u32 family) {
    const ls_u64 *members = c->masks + c->families[st->family_at + family].mask_at;
    ls_pick best = ls_pick_none(family);
    ls_u32 count = 0;
    ls_u32 counted_step = LS_NO;  // queues of one step stand together: `most` is of the step
    ls_u32 counted_lots = 0;
    int overdue = 0;
    for (ls_u32 w = 0; w < st->queue_words; w++) {
        ls_u64 bits = c->bits[st->word_at + w] & mask[w] & members[w];
        while (bits != 0) {
            const ls_u32 queue = (w << 6) + (ls_u32)ls_ctz64(bits);
            bits &= bits - 1;
            const ls_s_queue *sq = c->queue + st->queue_at + queue;
            const ls_u32 step_index = c->queues[st->queue_at + queue].step;
            const ls_m_step *step = c->steps + step_index;
            ls_pick p = ls_pick_of_queue(c, st, mc, queue);
            p.family = family;
            if (p.lot != LS_NO) {
                counted_lots = step_index == counted_step ? counted_lots : 0;
                counted_step = step_index;
                ls_u32 lots = sq->count;
                if (step->batch_most != 0 && counted_lots + lots > step->batch_most) {
                    lots = step->batch_most - counted_lots;
                }
                counted_lots += lots;
                count += lots * ls_lot_size(st, step);
                overdue |= ls_queue_overdue(c, sq->head, step);
                if (ls_pick_before(c, st, &p, &best)) {
                    best = p;
                }
            }
        }
    }
    if (best.lot != LS_NO) {
        const ls_m_step *step = c->steps + c->lot[best.lot].step;
        best.full = count >= step->batch_max;
        if (count < step->batch_min && !overdue) {
            best.lot = LS_NO;
        }
    }
    return best;
}

LS_SLOW ls_pick ls_pick_batch(const ls_ctx *c, const ls_m_station *st, const ls_s_machine *mc,
                              const ls_u64 *mask) {
    ls_pick best = ls_pick_none(0);
    for (ls_u32 f = 0; f < st->family_count; f++) {
        const ls_pick p = ls_pick_of_family(c, st, mc, mask, f);
        if (p.lot != LS_NO && ls_pick_before(c, st, &p, &best)) {
            best = p;
        }
    }
    return best;
}

// Moves one lot from its queue to the end of the machine's list, with the accounts of its wait.
LS_HOT void ls_take_lot(ls_ctx *c, ls_u32 station, ls_u32 machine, ls_u32 lot_index, ls_u32 *tail) {
    ls_lot *lot = c->lot + lot_index;
    ls_s_machine *mc = c->machine + machine;
    ls_s_station *ss = c->station + station;
    if (lot->heap != 0) {
        ls_lot_event_clear(c, lot_index);  // its batch no longer waits
    }
    ls_queue_remove(c, lot_index);
    const ls_i64 wait = c->now - lot->arrived;
    ss->wait_sum += wait;
    ss->wait_max = wait > ss->wait_max ? wait : ss->wait_max;
    ss->started++;
    ss->working++;
    lot->arrived = c->now;
    lot->machine = machine;
    lot->where = LS_LOT_MACHINE;
    lot->next = LS_NO;
    lot->other = LS_NO;
    if (*tail == LS_NO) {
        mc->lots = lot_index;
    } else {
        c->lot[*tail].next = lot_index;
    }
    *tail = lot_index;
    mc->lot_count++;
    mc->part_count += c->steps[lot->step].parts;
}

// Lots of this step already in the machine.
LS_FN ls_u32 ls_count_in_machine(const ls_ctx *c, const ls_s_machine *mc, ls_u32 step) {
    ls_u32 count = 0;
    for (ls_u32 lot = mc->lots; lot != LS_NO; lot = c->lot[lot].next) {
        count += c->lot[lot].step == step;
    }
    return count;
}

enum { LS_BATCH_WORDS = 64 };  // queues of a batching station / 64, checked at compile time

// All queues of a step: its own and those for one machine each.
LS_SLOW void ls_queues_close(const ls_m_station *st, const ls_m_step *step, ls_u64 *open) {
    const ls_u32 count = (step->features & LS_SF_TAGGED) != 0 ? 1 + st->machine_count : 1;
    for (ls_u32 queue = step->queue; queue < step->queue + count; queue++) {
        open[queue >> 6] &= ~((ls_u64)1 << (queue & 63));
    }
}

// A batch of one product: the queues of all others.
LS_SLOW void ls_queues_close_others(const ls_ctx *c, const ls_m_station *st, ls_u32 product,
                                    ls_u64 *open) {
    for (ls_u32 queue = 0; queue < st->queue_count; queue++) {
        if (c->steps[c->queues[st->queue_at + queue].step].product != product) {
            open[queue >> 6] &= ~((ls_u64)1 << (queue & 63));
        }
    }
}

// Fills the machine from the family of the pick, best lots first, up to the step's maximum.
LS_SLOW void ls_take_batch(ls_ctx *c, const ls_m_station *st, ls_u32 station, ls_u32 machine,
                           const ls_pick *pick) {
    const ls_u64 *members = c->masks + c->families[st->family_at + pick->family].mask_at;
    const ls_u64 *mask = c->masks + c->machines[machine].mask_at;
    ls_s_machine *mc = c->machine + machine;
    ls_u64 open[LS_BATCH_WORDS];
    for (ls_u32 w = 0; w < st->queue_words; w++) {
        open[w] = members[w] & mask[w];
    }
    if (LS_UNLIKELY(mc->chosen == (LS_CHOSEN_PURE | (pick->lot + 1)))) {
        ls_queues_close_others(c, st, c->steps[c->lot[pick->lot].step].product, open);
    }
    ls_u32 tail = LS_NO;
    const ls_u32 max = c->steps[c->lot[pick->lot].step].batch_max;
    ls_u32 size = 0;
    ls_u32 lot = pick->lot;
    while (lot != LS_NO) {
        const ls_u32 step_index = c->lot[lot].step;
        const ls_m_step *step = c->steps + step_index;
        if (size > 0 && size + ls_lot_size(st, step) > max) {
            break;
        }
        ls_take_lot(c, station, machine, lot, &tail);
        size += ls_lot_size(st, step);
        if (step->batch_most != 0 && ls_count_in_machine(c, mc, step_index) >= step->batch_most) {
            ls_queues_close(st, step, open);
        }
        lot = size < max ? ls_pick_lot(c, st, mc, open).lot : LS_NO;
    }
}

LS_FN void ls_idle_set(ls_ctx *c, const ls_m_station *st, ls_u32 station, ls_u32 machine) {
    const ls_u32 i = machine - st->machine_at;
    c->idle[st->idle_at + (i >> 6)] |= (ls_u64)1 << (i & 63);
    c->station[station].idle++;
}

LS_FN int ls_idle_is(const ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    const ls_u32 i = machine - st->machine_at;
    return (int)((c->idle[st->idle_at + (i >> 6)] >> (i & 63)) & 1);
}

LS_FN void ls_idle_clear(ls_ctx *c, const ls_m_station *st, ls_u32 station, ls_u32 machine) {
    const ls_u32 i = machine - st->machine_at;
    c->idle[st->idle_at + (i >> 6)] &= ~((ls_u64)1 << (i & 63));
    c->station[station].idle--;
}

// Among the idle machines that may take this lot, the one that needs the least setup; the first
// wins ties.
LS_SLOW ls_u32 ls_least_setup_machine(const ls_ctx *c, const ls_m_station *st, ls_u32 machine,
                                      ls_u32 lot) {
    const ls_m_step *step = c->steps + c->lot[lot].step;
    const ls_u32 queue = c->lot[lot].queue - st->queue_at;
    ls_u32 best = machine;
    double best_setup = 0.0;
    ls_setup_needed(c, st, c->machine + machine, step, &best_setup);
    for (ls_u32 i = 0; i < st->machine_count; i++) {
        const ls_u32 other = st->machine_at + i;
        const ls_u64 *mask = c->masks + c->machines[other].mask_at;
        if (!ls_idle_is(c, st, other) || ((mask[queue >> 6] >> (queue & 63)) & 1) == 0) {
            continue;
        }
        double setup = 0.0;
        ls_setup_needed(c, st, c->machine + other, step, &setup);
        if (setup < best_setup) {
            best = other;
            best_setup = setup;
        }
    }
    return best;
}
