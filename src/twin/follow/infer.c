// infer.c - what must have been though it was not told: lines that name no lots, queues that count
// otherwise, lots that stay behind for ever.
#include "twin/follow/instant.h"

enum {
    QUEUE_TOLD_MIN = 4,
    QUEUE_TOLD_MOST = 1000,
    GHOST_LOTS = 24,  // a lot is thought gone when so many and three times those inside left since
};

static bool works(const ls_core *core, uint32_t machine) {
    const uint8_t state = core->machines[machine].state;
    return state == 3 || state == 6 || state == 16;
}

static void all_left(ls_core *core, ls_instant *in, uint32_t machine) {
    for (ls_u32 lot = core->c.machine[machine].lots; lot != LS_NO; lot = core->c.lot[lot].next) {
        ls_move *move = ls_instant_move(in, lot);
        if (move != NULL && move->kind == LS_MOVE_NONE) {
            move->kind = LS_MOVE_LEFT;
        }
    }
}

// A machine that names no lots: its states and counters tell when an operation ends.
static void count_machine(ls_core *core, ls_instant *in, uint32_t machine) {
    ls_core_machine *told = &core->machines[machine];
    const ls_s_machine *mc = core->c.machine + machine;
    ls_job *job = &in->jobs[machine];
    bool over = false;
    if (mc->phase != LS_PHASE_NONE) {
        told->good += job->parts;
        over = (job->parts > 0 && told->good >= mc->part_count) ||
               (job->state_told && told->state == 4);
    } else if (mc->lot_count > 0) {
        over = job->state_told && (works(core, machine) || told->state == 4);
    }
    if (over) {
        all_left(core, in, machine);
    }
    job->wants = works(core, machine) && (over || mc->lot_count == 0);
}

void ls_infer_counters(ls_core *core, ls_instant *in) {
    for (uint32_t i = 0; i < in->machine_count; i++) {
        if (core->machines[in->machines[i]].names_lots == 0) {
            count_machine(core, in, in->machines[i]);
        }
    }
}

// ---- what is begun without a name

// How far a lot is from this station by what is known, 0 the nearest; LS_NO: it does not come here.
static uint32_t distance(ls_core *core, uint32_t lot_index, uint32_t station) {
    const ls_ctx *c = &core->c;
    const ls_lot *lot = c->lot + lot_index;
    bool sure = true;
    if (c->steps[lot->step].station == station) {
        if (lot->where == LS_LOT_TRANSIT) {
            return 0;
        }
        return lot->where == LS_LOT_OUTSIDE || lot->where == LS_LOT_LEFT ||
                       (lot->where == LS_LOT_MACHINE &&
                        c->machine[lot->machine].phase == LS_PHASE_NONE)
                   ? 1
                   : LS_NO;
    }
    if (lot->where != LS_LOT_MACHINE && lot->where != LS_LOT_LAG && lot->where != LS_LOT_WAITING) {
        return LS_NO;
    }
    if (lot->where == LS_LOT_MACHINE && core->machines[lot->machine].names_lots != 0) {
        return LS_NO;  // that machine would have said so
    }
    const ls_u32 next = ls_core_next(core, lot_index, lot->step, &sure);
    if (next == LS_NO || c->steps[next].station != station) {
        return LS_NO;
    }
    return lot->where == LS_LOT_WAITING ? 3 : 2;
}

// Out of a machine that has nothing left to work on then.
static void pull(ls_core *core, uint32_t lot) {
    ls_ctx *c = &core->c;
    if (c->lot[lot].where != LS_LOT_MACHINE) {
        return;
    }
    const uint32_t machine = c->lot[lot].machine;
    if (c->machine[machine].phase != LS_PHASE_NONE && c->machine[machine].lot_count == 1) {
        ls_core_cancel(core, machine);
        ls_core_take_out(core, lot);
        ls_core_rest(core, machine);
    }
}

// The lot that must have come here unheard. O(lots): only where something was missed.
static uint32_t nearest(ls_core *core, uint32_t station) {
    const ls_ctx *c = &core->c;
    uint32_t best = LS_NO;
    uint32_t least = LS_NO;
    for (uint32_t lot = 0; lot < c->s->lot_used; lot++) {
        if (c->lot[lot].where == LS_LOT_FREE) {
            continue;
        }
        const uint32_t far = distance(core, lot, station);
        if (far < least ||
            (far == least && far != LS_NO && c->lot[lot].serial < c->lot[best].serial)) {
            best = lot;
            least = far;
        }
    }
    return best;
}

static uint32_t invent(ls_core *core, uint32_t machine, uint32_t station) {
    const ls_plant *plant = core->plant;
    const ls_core_machine *told = machine != LS_NO ? &core->machines[machine] : NULL;
    for (uint32_t r = 0; r < plant->release_count; r++) {
        const uint32_t product = plant->releases[r].product;
        if (told != NULL && told->product != 0 && told->product != product + 1) {
            continue;
        }
        const ls_product *p = &plant->products[product];
        for (uint32_t s = p->step_at; s < p->step_at + p->step_count; s++) {
            if (plant->steps[s].station == station) {
                const uint32_t lot = ls_core_lot_make(core, r, s);
                if (lot != LS_NO) {
                    core->figures->invented++;
                    core->lots[lot].inferred = 1;
                    core->lots[lot].supposed = 1;
                    core->lots[lot].doubt = FOLLOW_DOUBT_WAY | FOLLOW_DOUBT_RELEASE;
                    core->releases[r].doubt = 1;
                    ls_core_lot_heard(core, lot);
                }
                return lot;
            }
        }
    }
    return LS_NO;
}

// A lot that was missed comes to this station's queue. LS_NO: none can.
static uint32_t bring(ls_core *core, ls_instant *in, uint32_t machine, uint32_t station) {
    ls_ctx *c = &core->c;
    uint32_t lot = nearest(core, station);
    if (lot == LS_NO) {
        lot = invent(core, machine, station);
        if (lot == LS_NO) {
            return LS_NO;
        }
        ls_core_diverge(core, LS_DIVERGE_INFERRED, machine, station,
                        "must have got a lot of which nothing was heard");
    } else {
        if (c->lot[lot].where == LS_LOT_MACHINE) {
            const uint32_t from = c->lot[lot].machine;
            if (c->machine[from].phase != LS_PHASE_NONE && c->machine[from].lot_count == 1) {
                ls_core_finish(core, from);
            }
            ls_instant_job(in, from);
        }
        ls_core_diverge(core, LS_DIVERGE_INFERRED, machine, station, "lot '%s' must have come here",
                        core->lots[lot].name[0] != '\0' ? core->lots[lot].name : "~");
    }
    uint32_t step = c->lot[lot].step;
    if (c->steps[step].station != station) {
        ls_core_step_ended(core, lot, step);
        step = ls_hear_step_at(core, lot, station, LS_NO);
    }
    ls_core_take_out(core, lot);
    if (core->lots[lot].step != 0) {
        ls_core_step_chosen(core, lot, core->lots[lot].step - 1, step);
    }
    ls_core_put_waiting(core, lot, step, c->now);
    core->lots[lot].supposed = 1;
    return lot;
}

// By the plant's own rule.
static ls_pick pick_for(const ls_core *core, uint32_t machine) {
    const ls_ctx *c = &core->c;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const ls_u64 *mask = c->masks + c->machines[machine].mask_at;
    return (st->features & LS_F_BATCH) != 0 ? ls_pick_batch(c, st, c->machine + machine, mask)
                                            : ls_pick_lot(c, st, c->machine + machine, mask);
}

static void start_picked(ls_core *core, ls_instant *in, uint32_t machine) {
    ls_ctx *c = &core->c;
    const ls_u32 station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    ls_pick pick = pick_for(core, machine);
    uint32_t lots[1] = {pick.lot};
    if (pick.lot == LS_NO) {
        lots[0] = bring(core, in, machine, station);
        if (lots[0] == LS_NO) {
            return;
        }
    }
    ls_s_machine *mc = c->machine + machine;
    if (pick.lot != LS_NO && (st->features & LS_F_BATCH) != 0) {
        if (ls_idle_is(c, st, machine)) {
            ls_idle_clear(c, st, station, machine);
        }
        uint32_t many[256];
        uint32_t count = 0;
        mc->lots = LS_NO;
        mc->lot_count = 0;
        mc->part_count = 0;
        mc->step = c->lot[pick.lot].step;
        ls_take_batch(c, st, station, machine, &pick);
        while (mc->lots != LS_NO) {  // by way of the queue again, where the ordinary way begins
            const ls_u32 lot = mc->lots;
            mc->phase = LS_PHASE_RUN;
            ls_core_take_out(core, lot);
            ls_core_put_waiting(core, lot, c->lot[lot].step, c->lot[lot].arrived);
            if (count < 256) {
                many[count++] = lot;
            }
        }
        mc->phase = LS_PHASE_NONE;
        ls_move_start(core, in, machine, many, count);
        return;
    }
    ls_move_start(core, in, machine, lots, 1);
}

void ls_infer_starts(ls_core *core, ls_instant *in) {
    for (uint32_t i = 0; i < in->machine_count; i++) {
        const uint32_t machine = in->machines[i];
        if (in->jobs[machine].wants && core->c.machine[machine].lot_count == 0 &&
            core->c.machine[machine].phase == LS_PHASE_NONE) {
            start_picked(core, in, machine);
        }
    }
}

// ---- queues

static bool is_nameless(const ls_core *core, uint32_t lot) {
    return core->lots[lot].hash == 0;
}

// Whom the queue must have lost: one made up, else (at a birth) the one heard of least lately.
static uint32_t surplus(const ls_core *core, uint32_t station, bool birth) {
    const ls_ctx *c = &core->c;
    const ls_m_station *st = c->stations + station;
    uint32_t best = LS_NO;
    for (ls_u32 q = 0; q < st->queue_count; q++) {
        const ls_s_queue *queue = c->queue + st->queue_at + q;
        for (ls_u32 lot = queue->count > 0 ? queue->head : LS_NO; lot != LS_NO;
             lot = c->lot[lot].next) {
            if (is_nameless(core, lot)) {
                return lot;
            }
            if (birth && (best == LS_NO || core->lots[lot].heard_us < core->lots[best].heard_us)) {
                best = lot;
            }
        }
    }
    return best;
}

// At a birth the line is right. Otherwise lots may be on their way in the signals: only who tells
// the same several times is believed, and then no lot with a name is given up for it.
static void compare_queue(ls_core *core, ls_instant *in, uint32_t station, bool birth) {
    const ls_ctx *c = &core->c;
    ls_core_station *cs = &core->stations[station];
    const uint32_t told = cs->queue - 1;
    const uint32_t waiting = c->station[station].waiting;
    cs->more = told > waiting ? (uint16_t)(cs->more + (cs->more < QUEUE_TOLD_MOST)) : 0;
    cs->fewer = told < waiting ? (uint16_t)(cs->fewer + (cs->fewer < QUEUE_TOLD_MOST)) : 0;
    if (!birth && cs->more < QUEUE_TOLD_MIN && cs->fewer < QUEUE_TOLD_MIN) {
        return;
    }
    if (!birth && (cs->more == QUEUE_TOLD_MIN || cs->fewer == QUEUE_TOLD_MIN)) {
        ls_core_diverge(core, LS_DIVERGE_CONTRADICTED, LS_NO, station,
                        "says that %u lots wait, the twin has %u", told, waiting);
    }
    uint32_t most = 1000;  // a counter that lies does not fill the plant
    while (c->station[station].waiting > told && most-- > 0) {
        const uint32_t lot = surplus(core, station, birth);
        if (lot == LS_NO) {
            return;
        }
        ls_core_remove(core, lot, false);
    }
    while (c->station[station].waiting < told && most-- > 0 &&
           (birth || c->station[station].coming > 0)) {
        if (bring(core, in, LS_NO, station) == LS_NO) {
            return;
        }
    }
}

void ls_infer_queues(ls_core *core, ls_instant *in) {
    for (uint32_t i = 0; i < in->queue_count; i++) {
        const uint32_t station = in->queue_told[i] & ~(1u << 31);
        compare_queue(core, in, station, in->queue_told[i] >> 31 != 0);
        ls_instant_touch(in, station);
    }
}

// ---- lots that left unheard

// A birth that names lots names all: the others have left.
void ls_infer_unborn(ls_core *core, ls_instant *in) {
    const ls_ctx *c = &core->c;
    for (uint32_t lot = 0; lot < c->s->lot_used; lot++) {
        if (c->lot[lot].where == LS_LOT_FREE || in->move_of[lot] != 0 ||
            core->lots[lot].heard_us == c->now) {
            continue;
        }
        ls_move *move = ls_instant_move(in, lot);
        if (move != NULL) {
            move->kind = LS_MOVE_DONE;
            ls_core_diverge(core, LS_DIVERGE_INFERRED, LS_NO, LS_NO,
                            "lot '%s' is not named at a birth: gone", core->lots[lot].name);
        }
    }
}

// Is there a reason that it was not heard of for so long?
static bool may_stay(const ls_core *core, uint32_t lot_index) {
    const ls_ctx *c = &core->c;
    const ls_lot *lot = c->lot + lot_index;
    if (lot->where == LS_LOT_MACHINE || lot->where == LS_LOT_LAG) {
        return core->lots[lot_index].hash != 0 || works(core, lot->machine);
    }
    if (lot->where == LS_LOT_POOL) {
        return true;  // nothing is told of it before it comes in
    }
    if (lot->where != LS_LOT_WAITING || core->lots[lot_index].supposed != 0) {
        return false;
    }
    const ls_u32 station = c->steps[lot->step].station;
    if (core->stations[station].queue != 0) {
        return core->stations[station].fewer < QUEUE_TOLD_MIN;
    }
    return c->stations[station].fifo_only == 0;
}

// The lot of each class that was heard of least lately: when very many of its class have left
// since, it has too.
void ls_infer_ghosts(ls_core *core, ls_instant *in) {
    ls_ctx *c = &core->c;
    (void)in;
    for (ls_u32 r = 0; r < c->m->releases; r++) {
        const ls_core_release *cr = &core->releases[r];
        const ls_s_release *rs = c->release + r;
        if (cr->oldest == 0) {
            continue;
        }
        const uint32_t lot = cr->oldest - 1;
        const uint64_t inside = rs->released - rs->done - rs->scrapped - rs->lost;
        if (cr->left - core->lots[lot].left < GHOST_LOTS + 3 * inside) {
            continue;
        }
        if (may_stay(core, lot)) {
            ls_core_lot_heard(core, lot);
            continue;
        }
        ls_core_diverge(core, LS_DIVERGE_INFERRED, LS_NO, LS_NO,
                        "lot '%s' was not heard of while %llu others left: gone",
                        core->lots[lot].name,
                        (unsigned long long)(cr->left - core->lots[lot].left));
        pull(core, lot);
        ls_core_remove(core, lot, false);
    }
}
