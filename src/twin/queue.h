// queue.h - waiting lots, one list per class (product and step) and, for dedicated lots, per
// machine.
//
// Lots of one list differ only in what a lot carries (arrival, due date, priority, deadline), and
// no rule changes their order with time: a list is kept in the order of the station's rules, and
// its head is its best. A machine therefore compares heads, not lots. Non-empty lists are bits;
// what a machine may take is a mask of bits.
#pragma once

#include "twin/context.h"

LS_FN ls_i64 ls_lot_deadline(const ls_ctx *c, ls_u32 lot) {
    const ls_u32 slots = c->m->deadline_slots;
    const ls_i64 *deadline = c->deadline + (ls_u64)lot * slots;
    ls_i64 first = LS_NEVER;
    for (ls_u32 i = 0; i < slots; i++) {
        first = deadline[i] < first ? deadline[i] : first;
    }
    return first;
}

#define LS_HOURS(us) ((double)(us) * (1.0 / 3.6e9))

// Value of a criterion for a lot of one class at one machine; the least goes first. setup_mean in
// us.
LS_FN double ls_criterion_value(const ls_ctx *c, const ls_m_criterion *k, const ls_lot *lot,
                                ls_u32 lot_index, const ls_m_step *step, double setup_mean) {
    switch (k->rule) {
    case LS_RULE_FIFO: return (double)lot->arrived;
    case LS_RULE_LIFO: return -(double)lot->arrived;
    case LS_RULE_SPT: return step->mean;
    case LS_RULE_LPT: return -step->mean;
    case LS_RULE_EDD: return (double)lot->due;
    case LS_RULE_SLACK:
        return lot->due == LS_NEVER ? 9.0e18 : (double)lot->due - (double)c->now - step->remaining;
    case LS_RULE_CR:
        return lot->due == LS_NEVER ? 9.0e18 : (double)(lot->due - c->now) / step->remaining;
    case LS_RULE_FBFS: return (double)step->number;
    case LS_RULE_LBFS: return -(double)step->number;
    case LS_RULE_SETUP: return setup_mean;
    case LS_RULE_HOT: return -(double)lot->priority;
    case LS_RULE_QUEUE_TIME:
        return c->m->deadline_slots == 0 ? 0.0 : (double)ls_lot_deadline(c, lot_index);
    case LS_RULE_RANDOM: return (double)lot->machine;
    case LS_RULE_NO_SETUP: return setup_mean > 0.0 ? 1.0 : 0.0;
    default: break;
    }
    const double *w = k->weights;
    double sum = w[LS_W_WAIT_H] * LS_HOURS(c->now - lot->arrived);
    sum += w[LS_W_PRIORITY] * (double)lot->priority;
    sum += w[LS_W_SETUP_H] * LS_HOURS(setup_mean);
    sum += w[LS_W_PROCESS_H] * LS_HOURS(step->mean);
    sum += w[LS_W_STEP] * (double)step->number;
    if (lot->due != LS_NEVER) {
        sum += w[LS_W_SLACK_H] * LS_HOURS((double)(lot->due - c->now) - step->remaining);
        sum += w[LS_W_LATE_H] * LS_HOURS(c->now - lot->due);
    }
    return -sum;
}

// Does a go before b? Both wait at this station.
LS_FN int ls_lot_before(const ls_ctx *c, const ls_m_station *st, ls_u32 a, double setup_a, ls_u32 b,
                        double setup_b) {
    const ls_lot *la = c->lot + a;
    const ls_lot *lb = c->lot + b;
    if (st->fifo_only == 0) {
        const ls_m_step *sa = c->steps + la->step;
        const ls_m_step *sb = c->steps + lb->step;
        for (ls_u32 i = 0; i < st->criterion_count; i++) {
            const ls_m_criterion *k = c->criteria + st->criterion_at + i;
            const double va = ls_criterion_value(c, k, la, a, sa, setup_a);
            const double vb = ls_criterion_value(c, k, lb, b, sb, setup_b);
            if (va != vb) {
                return va < vb;
            }
        }
    }
    return la->arrived < lb->arrived || (la->arrived == lb->arrived && la->serial < lb->serial);
}

// The list this lot waits in: its class's, or one of the class's per-machine lists.
LS_FN ls_u32 ls_queue_of(const ls_ctx *c, ls_u32 lot, const ls_m_step *step) {
    ls_u32 queue = step->queue;
    if (LS_UNLIKELY((step->features & LS_SF_TAGGED) != 0)) {
        const ls_u32 tag = c->memory[(ls_u64)lot * c->m->memory_slots + step->tag_slot];
        if (tag != 0) {
            queue = step->tag_queue_at + tag - 1;
        }
    }
    return queue;
}

// The lot of an ordered list behind which a new one goes, LS_NO: to the front.
LS_SLOW ls_u32 ls_queue_place(const ls_ctx *c, const ls_m_station *st, const ls_s_queue *queue,
                              ls_u32 lot) {
    ls_u32 before = queue->tail;
    if (ls_lot_before(c, st, lot, 0.0, queue->head, 0.0)) {
        return LS_NO;
    }
    while (ls_lot_before(c, st, lot, 0.0, before, 0.0)) {
        before = c->lot[before].other;
    }
    return before;
}

// By arrival, then by number.
LS_FN int ls_lot_is_older(const ls_ctx *c, ls_u32 a, ls_u32 b) {
    const ls_lot *la = c->lot + a;
    const ls_lot *lb = c->lot + b;
    return la->arrived < lb->arrived || (la->arrived == lb->arrived && la->serial < lb->serial);
}

LS_HOT void ls_queue_insert(ls_ctx *c, ls_u32 lot_index) {
    ls_lot *lot = c->lot + lot_index;
    const ls_m_step *step = c->steps + lot->step;
    const ls_m_station *st = c->stations + step->station;
    const ls_u32 q = ls_queue_of(c, lot_index, step);
    ls_s_queue *queue = c->queue + st->queue_at + q;
    ls_u32 before = queue->tail;  // the new lot comes behind this one
    if (queue->count > 0 && (LS_UNLIKELY(st->static_order != 0) ||
                             LS_UNLIKELY(ls_lot_is_older(c, lot_index, before)))) {
        before = ls_queue_place(c, st, queue, lot_index);
    }
    lot->queue = st->queue_at + q;
    lot->where = LS_LOT_WAITING;
    lot->other = queue->count > 0 ? before : LS_NO;
    if (queue->count == 0 || before == LS_NO) {
        lot->next = queue->count > 0 ? queue->head : LS_NO;
        queue->head = lot_index;
    } else {
        lot->next = c->lot[before].next;
        c->lot[before].next = lot_index;
    }
    if (lot->next == LS_NO) {
        queue->tail = lot_index;
    } else {
        c->lot[lot->next].other = lot_index;
    }
    queue->count++;
    c->bits[st->word_at + (q >> 6)] |= (ls_u64)1 << (q & 63);
    c->station[step->station].waiting++;
}

LS_SLOW void ls_queue_insert_rare(ls_ctx *c, ls_u32 lot_index) {
    ls_queue_insert(c, lot_index);
}

LS_HOT void ls_queue_remove(ls_ctx *c, ls_u32 lot_index) {
    ls_lot *lot = c->lot + lot_index;
    const ls_u32 station = c->steps[lot->step].station;
    const ls_m_station *st = c->stations + station;
    ls_s_queue *queue = c->queue + lot->queue;
    if (lot->other == LS_NO) {
        queue->head = lot->next;
    } else {
        c->lot[lot->other].next = lot->next;
    }
    if (lot->next == LS_NO) {
        queue->tail = lot->other;
    } else {
        c->lot[lot->next].other = lot->other;
    }
    if (--queue->count == 0) {
        const ls_u32 q = lot->queue - st->queue_at;
        c->bits[st->word_at + (q >> 6)] &= ~((ls_u64)1 << (q & 63));
    }
    c->station[station].waiting--;
}
