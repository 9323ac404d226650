// settle.c - a future: what the line hides is drawn, and what the rules would have begun is begun.
#include "twin/follow/core.h"

static int64_t longer(int64_t elapsed, int64_t total) {
    return total > elapsed ? total : elapsed;
}

// How much later its lots leave than it is free: as long as is usual.
static void plan_lag(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const ls_m_step *step = c->steps + mc->step;
    const double slowness = ls_slowness_expected(c, machine);
    const ls_work w = ls_work_of(st, step, mc->lot_count, mc->part_count, slowness);
    const double mean = LS_MODEL_ARRAY(c->m, double,
                                       mean_at)[ls_process_dist(c, st, step, machine)];
    const double lots = mean * slowness * w.factor + w.extra;
    const double lag = lots + w.lag_extra - (w.machine >= 0.0 ? w.machine : lots);
    mc->lag = lag > 0.5 ? ls_round_us(lag) : 0;
}

// Phases of a known length; fork.h draws the others.
static void plan_phase(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    if (mc->phase == LS_PHASE_NONE || mc->waits != 0) {
        return;
    }
    const ls_m_step *step = c->steps + mc->step;
    const int64_t elapsed = mc->phase_elapsed +
                            (mc->phase_since == LS_NEVER ? 0 : c->now - mc->phase_since);
    double mean = 0.0;
    if (mc->phase == LS_PHASE_SETUP) {
        const ls_u32 dist = ls_setup_needed(c, st, mc, step, &mean);
        if (dist == LS_NO) {
            mc->phase_total = elapsed;
        } else if (c->dists[dist].kind == LS_DIST_CONST) {
            mc->phase_total = longer(elapsed, ls_round_us(c->dists[dist].p[0]));
        }
    } else if (mc->phase != LS_PHASE_RUN) {
        if (mc->phase == LS_PHASE_UNLOAD) {
            plan_lag(c, machine);
        }
        mc->phase_total = longer(elapsed, mc->phase == LS_PHASE_LOAD ? step->load : step->unload);
    }
}

// Clocks by the calendar: fork.h draws those whose source is on.
static void plan_mode(ls_ctx *c, ls_u32 at) {
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    const ls_u32 source = c->m->source_mode + at;
    const int planned = mode->maintenance != 0 && mode->from_end == 0;
    const ls_u32 k = at - c->machines[mode->machine].mode_at;
    const int pending = ((c->machine[mode->machine].pending >> k) & 1) != 0;
    if (mode->by != LS_FAIL_CALENDAR || sm->active != 0 || planned || pending ||
        sm->since == LS_NEVER) {
        return;
    }
    const ls_dist *dist = c->dists + mode->every;
    if (sm->renewed != 0 && dist->kind == LS_DIST_CONST) {
        sm->total = longer(sm->elapsed + c->now - sm->since, ls_round_us(dist->p[0]));
        ls_source_put(c, source, sm->since + (sm->total - sm->elapsed));
    } else {
        ls_source_put(c, source, c->now);
    }
}

// How long what waits in an order pool still does when the line has not said so, and what it said
// is over.
enum { POOL_SOON_US = 1000000 };

// By itself it comes in when the line said, else soon.
static void plan_pool(const ls_core *core, ls_ctx *c, ls_u32 release) {
    ls_s_release *rs = c->release + release;
    const int64_t until_us = core->releases[release].until_us;
    if (rs->pool_head != 0) {
        rs->put_off = until_us != LS_NEVER && until_us > c->now ? until_us : c->now + POOL_SOON_US;
        ls_lot_event_set(c, rs->pool_head - 1, rs->put_off);
    }
}

static void plan_release(ls_ctx *c, ls_u32 release) {
    const ls_m_release *r = c->releases + release;
    ls_s_release *rs = c->release + release;
    const ls_u32 source = c->m->source_release + release;
    if (r->kind == LS_RELEASE_KEEP) {
        ls_source_put(c, source, rs->left > 0 ? c->now : LS_NEVER);
    } else if (r->kind == LS_RELEASE_TIMETABLE) {
        ls_i64 when = LS_NEVER;
        if (rs->next_order < r->order_at + r->order_count) {
            when = (LS_MODEL_ARRAY(c->m, ls_m_order, order_at) + rs->next_order)->time;
            when = when > c->now ? when : c->now;
        }
        ls_source_put(c, source, when);
    }
}

// Ended lots that hold a machine and have nowhere to go but out.
static void let_out(const ls_core *core, ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    ls_u32 *link = &mc->lots;
    if (mc->phase != LS_PHASE_NONE || mc->lot_count == 0) {
        return;
    }
    while (*link != LS_NO) {
        const ls_u32 lot = *link;
        if (core->lots[lot].step != c->lot[lot].step + 1) {
            link = &c->lot[lot].next;
            continue;
        }
        *link = c->lot[lot].next;
        mc->lot_count--;
        c->station[station].working--;
        if (c->m->areas != 0) {
            ls_lot_out_travel(c, lot, station);
        } else {
            ls_lot_done_rare(c, lot);
        }
    }
    if (mc->lot_count == 0) {
        ls_machine_free_rare(c, c->stations + station, machine);
        ls_account_refresh(c, machine);
    }
}

void ls_core_fork(const ls_core *core, uint64_t key, ls_snapshot *into) {
    const ls_twin *twin = core->twin;
    ls_ctx ctx;
    ls_ctx *c = &ctx;
    ls_state_copy(twin->model, into->state, core->c.s);
    into->scratch.still = 0;
    ls_ctx_open(c, twin->model, into->state, &into->scratch);
    ls_u32 hands = 0;
    for (ls_u32 i = 0; i < c->m->machines; i++) {
        plan_phase(c, i);
        hands |= c->machine[i].hand | c->machine[i].chosen;
    }
    into->state->hands = hands != 0;
    for (ls_u32 i = 0; i < c->m->modes; i++) {
        plan_mode(c, i);
    }
    for (ls_u32 i = 0; i < c->m->releases; i++) {
        plan_release(c, i);
        plan_pool(core, c, i);
    }
    twin->kernel->fork(twin->model, into->state, &into->scratch, key);
    for (ls_u32 i = 0; i < c->m->machines; i++) {
        let_out(core, c, i);
    }
    // What let_out listed is listed again by the kernel.
    while (c->agenda_count > 0) {
        c->station[c->agenda[c->agenda_head]].on_agenda = 0;
        c->agenda_head = c->agenda_head + 1 == c->m->stations ? 0 : c->agenda_head + 1;
        c->agenda_count--;
    }
    twin->kernel->settle(twin->model, into->state, &into->scratch);
}
