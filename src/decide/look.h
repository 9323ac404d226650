// look.h - a state seen from the side of a decision: what is free, what waits, what is on its way.
//
// For reading: a look is a view of a snapshot that stays as it is.
#pragma once

#include <stdbool.h>

#include "plant/plant.h"
#include "twin/context.h"
#include "twin/dispatch.h"
#include "twin/hand.h"
#include "twin/twin.h"

static inline ls_ctx ls_look(const ls_twin *twin, const ls_snapshot *snapshot) {
    ls_ctx c;
    ls_scratch none = {0};
    ls_ctx_open(&c, twin->model, snapshot->state, &none);
    c.x = NULL;
    return c;
}

// Holds nothing, is not down, held, stopped or off: it would take a lot at once.
static inline bool ls_look_is_free(const ls_ctx *c, uint32_t machine) {
    const ls_s_machine *mc = c->machine + machine;
    return mc->phase == LS_PHASE_NONE && mc->lot_count == 0 && mc->mode == 0 && mc->pending == 0 &&
           mc->hand == 0 && c->station[c->machines[machine].station].off == 0;
}

// At work, and free to begin something when that is over.
static inline bool ls_look_is_at_work(const ls_ctx *c, uint32_t machine) {
    const ls_s_machine *mc = c->machine + machine;
    return mc->phase != LS_PHASE_NONE && mc->mode == 0 && mc->hand == 0;
}

static inline bool ls_look_may_take(const ls_ctx *c, uint32_t machine, uint32_t queue) {
    const ls_u64 *mask = c->masks + c->machines[machine].mask_at;
    return ((mask[queue >> 6] >> (queue & 63)) & 1) != 0;
}

static inline uint32_t ls_look_count(const ls_ctx *c, const ls_m_station *st, uint32_t queue) {
    return c->queue[st->queue_at + queue].count;
}

// What the machine's rule would take now; lot LS_NO: nothing.
static inline ls_pick ls_look_pick(const ls_ctx *c, uint32_t machine) {
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const ls_u64 *mask = c->masks + c->machines[machine].mask_at;
    const ls_s_machine *mc = c->machine + machine;
    if (mc->chosen != 0) {
        const ls_pick chosen = ls_pick_chosen(c, st, machine);
        if (chosen.lot != LS_NO) {
            return chosen;
        }
    }
    return (st->features & LS_F_BATCH) != 0 ? ls_pick_batch(c, st, mc, mask)
                                            : ls_pick_lot(c, st, mc, mask);
}

// When lots are expected to come to a station that this machine may take: the next `most` different
// times, soonest first, with the step of the first that comes. Means, given what has passed; ends
// that only the simulation knows are not looked at.
typedef struct ls_coming {
    int64_t at_us;
    uint32_t step;
    uint32_t lots;
} ls_coming;
uint32_t ls_look_coming(const ls_ctx *c, uint32_t machine, ls_coming *out, uint32_t most);
