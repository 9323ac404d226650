// look.c - which lots are expected at a station, and when.
#include "decide/look.h"

enum {
    OVERDUE_SHARE = 16
};  // what should be over by now is expected in so small a part of its mean

// What is left of something with this mean after `elapsed`.
static int64_t left_of(double mean_us, int64_t elapsed_us) {
    const double least = mean_us / OVERDUE_SHARE;
    const double left = mean_us - (double)elapsed_us;
    return (int64_t)(left > least ? left : least);
}

static double mean_of(const ls_ctx *c, uint32_t dist) {
    return dist == LS_NO ? 0.0 : LS_MODEL_ARRAY(c->m, double, mean_at)[dist];
}

static double carry_mean(const ls_ctx *c, uint32_t from, uint32_t to) {
    double mean = mean_of(c, c->stations[to].transit);
    if (c->m->areas != 0) {
        const ls_u32 *transport = LS_MODEL_ARRAY(c->m, ls_u32, transport_at);
        const ls_u32 row = from == LS_NO ? c->m->areas : c->stations[from].area;
        mean += mean_of(c, transport[(ls_u64)row * (c->m->areas + 1) + c->stations[to].area]);
    }
    return mean;
}

static bool may_come(const ls_ctx *c, uint32_t machine, uint32_t step) {
    const uint32_t station = c->machines[machine].station;
    return step != LS_NO && c->steps[step].station == station &&
           ((c->steps[step].features & LS_SF_TAGGED) != 0 ||
            ls_look_may_take(c, machine, c->steps[step].queue));
}

static uint32_t coming_add(ls_coming *out, uint32_t count, uint32_t most, int64_t at_us,
                           uint32_t step, uint32_t lots) {
    uint32_t place = 0;
    while (place < count && out[place].at_us < at_us) {
        place++;
    }
    if (place < count && out[place].at_us == at_us) {
        out[place].lots += lots;
        return count;
    }
    if (place == most) {
        return count;
    }
    count = count < most ? count + 1 : most;
    for (uint32_t i = count - 1; i > place; i--) {
        out[i] = out[i - 1];
    }
    out[place] = (ls_coming){.at_us = at_us, .step = step, .lots = lots};
    return count;
}

// Mean time that is left of what the machine does with its lots.
static int64_t work_left(const ls_ctx *c, uint32_t machine) {
    const ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const ls_m_step *step = c->steps + mc->step;
    const double slowness = ls_slowness_expected(c, machine);
    const ls_work w = ls_work_of(st, step, mc->lot_count, mc->part_count, slowness);
    const double run = step->mean * slowness * w.factor + w.extra + ls_loading_of(st, step);
    const int64_t elapsed = mc->phase_elapsed +
                            (mc->phase_since == LS_NEVER ? 0 : c->now - mc->phase_since);
    if (mc->phase == LS_PHASE_SETUP) {
        double setup = 0.0;
        ls_setup_needed(c, st, mc, step, &setup);
        return left_of(setup, elapsed) + (int64_t)run;
    }
    return left_of(run, mc->phase == LS_PHASE_RUN ? elapsed : 0);
}

uint32_t ls_look_coming(const ls_ctx *c, uint32_t machine, ls_coming *out, uint32_t most) {
    const uint32_t station = c->machines[machine].station;
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->m->machines; i++) {
        const ls_s_machine *mc = c->machine + i;
        if (mc->phase == LS_PHASE_NONE || mc->mode != 0 || mc->lots == LS_NO) {
            continue;
        }
        const uint32_t next = c->steps[c->lot[mc->lots].step].next;
        if (may_come(c, machine, next)) {
            const double carry = carry_mean(c, c->machines[i].station, station);
            count = coming_add(out, count, most, c->now + work_left(c, i) + (int64_t)carry, next,
                               mc->lot_count);
        }
    }
    for (uint32_t i = 0; c->m->dynamic != 0 && i < c->s->lot_used; i++) {
        const ls_lot *lot = c->lot + i;
        if (lot->where == LS_LOT_TRANSIT && may_come(c, machine, lot->step)) {
            const ls_lot_event *e = c->event + i;
            const double mean = mean_of(c, e->dist) + mean_of(c, e->transit);
            count = coming_add(out, count, most, c->now + left_of(mean, c->now - e->since),
                               lot->step, 1);
        }
    }
    for (uint32_t i = 0; i < c->m->releases; i++) {
        const ls_m_release *r = c->releases + i;
        const ls_s_release *rs = c->release + i;
        if (r->kind == LS_RELEASE_EVERY && rs->left > 0 && may_come(c, machine, r->step)) {
            const double mean = mean_of(
                c, rs->released == 0 && r->first != LS_NO ? r->first : r->every);
            const int64_t left = left_of(mean, c->now - rs->since);
            count = coming_add(out, count, most,
                               c->now + left + (int64_t)carry_mean(c, LS_NO, station), r->step,
                               r->lots);
        }
    }
    return count;
}
