// candidate_machine.c - what a machine could take next: dispatch, batches, setups, waiting.
#include <stdio.h>

#include "base/units.h"
#include "decide/candidate_inside.h"
#include "twin/intervene.h"

enum { WAITS_MOST = 3 };  // different times to wait for
// Waiting ends just behind the arrival, so that the lot is there whatever the order of the instant.
enum { BEHIND_US = 1000 };

static const char *step_name(const ls_candidate_view *v, uint32_t step) {
    return v->from->twin->steps[step];
}

// Lots (or parts) of a product that a family could give to the machine now, each step's `most`
// observed; LS_NO: of any.
static uint32_t family_lots(const ls_ctx *c, const ls_m_station *st, uint32_t machine,
                            uint32_t family, uint32_t product) {
    const ls_u64 *members = c->masks + c->families[st->family_at + family].mask_at;
    uint32_t count = 0;
    for (uint32_t q = 0; q < st->queue_count; q++) {
        if (((members[q >> 6] >> (q & 63)) & 1) != 0 && ls_look_may_take(c, machine, q)) {
            const ls_m_step *step = c->steps + c->queues[st->queue_at + q].step;
            uint32_t lots = product == LS_NO || step->product == product ? ls_look_count(c, st, q)
                                                                         : 0;
            lots = step->batch_most != 0 && lots > step->batch_most ? step->batch_most : lots;
            count += lots * ls_lot_size(st, step);
        }
    }
    return count;
}

// The family that a batch begun with a lot of this queue is of (hand.h takes the first).
static uint32_t family_of(const ls_ctx *c, const ls_m_station *st, uint32_t queue) {
    for (uint32_t f = 0; f < st->family_count; f++) {
        const ls_u64 *members = c->masks + c->families[st->family_at + f].mask_at;
        if (((members[queue >> 6] >> (queue & 63)) & 1) != 0) {
            return f;
        }
    }
    return LS_NO;
}

static uint32_t oldest_of(const ls_ctx *c, uint32_t head) {
    uint32_t oldest = head;
    for (uint32_t lot = head; lot != LS_NO; lot = c->lot[lot].next) {
        oldest = ls_lot_is_older(c, lot, oldest) ? lot : oldest;
    }
    return oldest;
}

static ls_act choose(const ls_candidate_view *v, uint32_t lot) {
    return (ls_act){
        .kind = LS_DO_CHOOSE, .index = v->question.subject, .value = (int64_t)v->c.lot[lot].serial};
}

// May a lot of this queue be begun now, as far as the plant file binds decisions?
static bool may_begin(const ls_candidate_view *v, uint32_t queue) {
    const ls_ctx *c = &v->c;
    const uint32_t machine = v->question.subject;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const ls_m_step *step = c->steps + c->queues[st->queue_at + queue].step;
    if (ls_look_count(c, st, queue) == 0 || !ls_look_may_take(c, machine, queue) ||
        !ls_may_leave(c, st, step)) {
        return false;
    }
    if ((st->features & LS_F_BATCH) != 0 && v->point->kind != LS_DECIDE_BATCH) {
        const uint32_t family = family_of(c, st, queue);
        return family != LS_NO && family_lots(c, st, machine, family, LS_NO) >= step->batch_min;
    }
    return true;
}

// Does every lot of the family go into one batch, whichever comes first?
static bool is_one_batch(const ls_candidate_view *v, uint32_t queue) {
    const ls_ctx *c = &v->c;
    const uint32_t machine = v->question.subject;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    if ((st->features & LS_F_BATCH) == 0) {
        return false;
    }
    const ls_m_step *step = c->steps + c->queues[st->queue_at + queue].step;
    const uint32_t family = family_of(c, st, queue);
    return family != LS_NO && step->batch_most == 0 &&
           family_lots(c, st, machine, family, LS_NO) <= step->batch_max;
}

static void add_lot(ls_candidate_view *v, uint32_t lot, const char *which) {
    const ls_ctx *c = &v->c;
    const ls_m_station *st = c->stations + c->machines[v->question.subject].station;
    const uint32_t queue = c->lot[lot].queue - st->queue_at;
    const ls_m_step *step = c->steps + c->lot[lot].step;
    double setup = 0.0;
    char setup_text[64] = "";
    if ((st->features & LS_F_SETUP) != 0) {
        ls_setup_needed(c, st, c->machine + v->question.subject, step, &setup);
        if (setup > 0.0) {
            char time[40];
            ls_units_show_time(setup, time, sizeof time);
            snprintf(setup_text, sizeof setup_text, ", setup %s", time);
        }
    }
    ls_candidate_add(v->out, choose(v, lot), "%s (%s of %u waiting%s)",
                     step_name(v, c->lot[lot].step), which, ls_look_count(c, st, queue),
                     setup_text);
}

// The batch of this queue's product alone, where its family would mix it with others, and where it
// may be begun with so few.
static void add_pure(ls_candidate_view *v, uint32_t queue) {
    const ls_ctx *c = &v->c;
    const uint32_t machine = v->question.subject;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const ls_m_step *step = c->steps + c->queues[st->queue_at + queue].step;
    const uint32_t family = family_of(c, st, queue);
    if (family == LS_NO) {
        return;
    }
    const uint32_t lots = family_lots(c, st, machine, family, step->product);
    const bool others = family_lots(c, st, machine, family, LS_NO) > lots;
    if (others && (v->point->kind == LS_DECIDE_BATCH || lots >= step->batch_min)) {
        const uint32_t lot = v->base.queue[st->queue_at + queue].head;
        ls_act act = choose(v, lot);
        act.number = 1.0;
        ls_candidate_add(v->out, act, "%s alone (%u of %u that fit)",
                         step_name(v, c->lot[lot].step),
                         lots < step->batch_max ? lots : step->batch_max, step->batch_max);
    }
}

static void add_pure_batches(ls_candidate_view *v) {
    const ls_ctx *c = &v->c;
    const ls_m_station *st = c->stations + c->machines[v->question.subject].station;
    for (uint32_t q = 0; q < st->queue_count && (st->features & LS_F_BATCH) != 0; q++) {
        if (may_begin(v, q)) {
            add_pure(v, q);
        }
    }
}

static bool batch_is_there(const ls_candidate_view *v, const bool *tried, uint32_t queue) {
    const ls_ctx *c = &v->c;
    const ls_m_station *st = c->stations + c->machines[v->question.subject].station;
    const uint32_t family = is_one_batch(v, queue) ? family_of(c, st, queue) : LS_NO;
    return family != LS_NO && family < 64 && tried[family];
}

// The best lot of each class by the base rule, and the oldest.
static void add_lots(ls_candidate_view *v) {
    const ls_ctx *c = &v->c;
    const ls_m_station *st = c->stations + c->machines[v->question.subject].station;
    bool tried[64] = {false};
    for (uint32_t q = 0; q < st->queue_count; q++) {
        if (!may_begin(v, q) || batch_is_there(v, tried, q)) {
            continue;
        }
        if (is_one_batch(v, q) && family_of(c, st, q) < 64) {
            tried[family_of(c, st, q)] = true;
        }
        const uint32_t head = v->base.queue[st->queue_at + q].head;
        add_lot(v, head, "first");
        if (!is_one_batch(v, q)) {
            add_lot(v, oldest_of(c, c->queue[st->queue_at + q].head), "oldest");
        }
    }
}

// One candidate for each setup state: the lot that the base rule would take of it.
static void add_setups(ls_candidate_view *v) {
    const ls_ctx *c = &v->base;
    const uint32_t machine = v->question.subject;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const ls_s_machine *mc = c->machine + machine;
    for (uint32_t state = 0; state <= st->setup_count; state++) {
        ls_pick best = ls_pick_none(0);
        for (uint32_t q = 0; q < st->queue_count; q++) {
            const ls_m_step *step = c->steps + c->queues[st->queue_at + q].step;
            if (step->setup == state && may_begin(v, q)) {
                const ls_pick p = ls_pick_of_queue(c, st, mc, q);
                best = p.lot != LS_NO && ls_pick_before(c, st, &p, &best) ? p : best;
            }
        }
        if (best.lot != LS_NO) {
            add_lot(v, best.lot, "first");
        }
    }
}

// Nothing waits: the setups that the machine could be given meanwhile, for what will come.
static void add_idle_setups(ls_candidate_view *v) {
    const ls_ctx *c = &v->c;
    const uint32_t machine = v->question.subject;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const ls_station *station = v->from->plant->stations + v->point->station;
    for (uint32_t state = 0; state < st->setup_count; state++) {
        const uint32_t step = ls_intervene_setup_step(v->from->twin, machine, state);
        double setup = 0.0;
        if (step != LS_NO && c->machine[machine].setup != state + 1) {
            char time[40];
            ls_setup_needed(c, st, c->machine + machine, c->steps + step, &setup);
            ls_units_show_time(setup, time, sizeof time);
            const ls_act act = {.kind = LS_DO_SET_UP, .index = machine, .value = (int64_t)state};
            ls_candidate_add(v->out, act, "set up for %s now (%s)",
                             v->from->plant->setup_names[station->setup_at + state], time);
        }
    }
}

static uint32_t add_wait(ls_candidate_view *v, int64_t until_us, uint32_t step) {
    char time[40];
    ls_units_show_time((double)(until_us - v->c.now), time, sizeof time);
    const ls_act act = {
        .kind = LS_DO_HOLD, .index = v->question.subject, .value = until_us - v->c.now + BEHIND_US};
    return ls_candidate_add(v->out, act, "wait %s for %s", time,
                            step == LS_NO ? "what comes" : step_name(v, step));
}

static void add_waits(ls_candidate_view *v) {
    ls_coming coming[WAITS_MOST];
    const uint32_t count = ls_look_coming(&v->c, v->question.subject, coming, WAITS_MOST);
    for (uint32_t i = 0; i < count; i++) {
        add_wait(v, coming[i].at_us, coming[i].step);
    }
}

// When a rule would take nothing where another would: the machine is held until something comes.
static uint32_t add_stay(ls_candidate_view *v) {
    ls_coming next;
    if (ls_look_coming(&v->c, v->question.subject, &next, 1) == 1) {
        return add_wait(v, next.at_us, next.step);
    }
    return add_wait(v, v->c.now + 600 * (int64_t)1000000, LS_NO);
}

// A lot that stands for the batch of this pick when it is chosen: of the queues of the pick's
// family one that no earlier family has.
static uint32_t lot_for(const ls_candidate_view *v, const ls_ctx *c, const ls_pick *pick) {
    const uint32_t machine = v->question.subject;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    if ((st->features & LS_F_BATCH) == 0 ||
        family_of(c, st, c->lot[pick->lot].queue - st->queue_at) == pick->family) {
        return pick->lot;
    }
    for (uint32_t q = 0; q < st->queue_count; q++) {
        if (ls_look_count(c, st, q) > 0 && ls_look_may_take(c, machine, q) &&
            family_of(c, st, q) == pick->family) {
            return c->queue[st->queue_at + q].head;
        }
    }
    return pick->lot;
}

static uint32_t add_pick(ls_candidate_view *v, const ls_ctx *c, const ls_pick *pick,
                         const char *which) {
    if (pick->lot == LS_NO) {
        return add_stay(v);
    }
    const uint32_t lot = lot_for(v, c, pick);
    return ls_candidate_add(v->out, choose(v, lot), "%s (%s)", step_name(v, c->lot[lot].step),
                            which);
}

void ls_candidates_of_machine(ls_candidate_view *v) {
    const uint32_t machine = v->question.subject;
    const ls_pick own = ls_look_pick(&v->c, machine);
    const ls_pick base = ls_look_pick(&v->base, machine);
    const bool same = own.lot == base.lot && own.family == base.family;
    if (same && own.lot == LS_NO) {  // nothing to do, for both
        v->out->own = ls_candidate_add(v->out, (ls_act){.kind = LS_DO_NOTHING},
                                       "wait, as the rule does");
    } else {
        add_pick(v, &v->base, &base, "by the base rule");
        v->out->own = same ? 0 : add_pick(v, &v->c, &own, "by the line's own rule");
    }
    if (v->point->kind == LS_DECIDE_SETUP) {
        add_setups(v);
        if (ls_look_is_free(&v->c, machine) && v->out->count == 1 && own.lot == LS_NO) {
            add_idle_setups(v);
        }
    } else {
        add_lots(v);
    }
    if (v->point->pure) {
        add_pure_batches(v);
    }
    if (v->point->wait) {
        add_waits(v);
    }
}
