// fork.h - time zero, and forgetting: a state becomes one of its futures.
//
// What runs has a length that only the simulation knows. A fork keeps what could be seen (elapsed
// times) and draws every such length again, given that it has not ended yet, under a new key; all
// streams start at position 0. Afterwards nothing of the old hidden values is left, so that two
// states which look the same become the same future. Formulas: plant/sample.h, ls_dist_residual.
#pragma once

#include "twin/failure.h"

// ---- time zero

LS_SLOW void ls_start_mode(ls_ctx *c, ls_u32 at) {
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    const ls_u32 first = mode->first_dist != LS_NO ? mode->first_dist : mode->every;
    sm->since = LS_NEVER;
    sm->total = ls_round_us(ls_draw(c, mode->stream, first)) + mode->first_extra;
    if (mode->by != LS_FAIL_CALENDAR) {
        sm->total = sm->total < 1 ? 1 : sm->total;
        return;
    }
    sm->since = 0;
    if (mode->maintenance != 0 && mode->from_end == 0) {
        sm->due = sm->total;
    }
    ls_source_put(c, c->m->source_mode + at, sm->total);
}

LS_SLOW void ls_start_release(ls_ctx *c, ls_u32 release) {
    const ls_m_release *r = c->releases + release;
    ls_s_release *rs = c->release + release;
    const ls_u32 source = c->m->source_release + release;
    rs->left = r->count;
    rs->total = LS_NEVER;
    rs->next_order = r->order_at;
    if (r->kind == LS_RELEASE_KEEP) {
        rs->left = r->keep;
        ls_source_put(c, source, 0);
    } else if (r->kind == LS_RELEASE_TIMETABLE) {
        if (r->order_count > 0) {
            ls_source_put(c, source,
                          (LS_MODEL_ARRAY(c->m, ls_m_order, order_at) + r->order_at)->time);
        }
    } else if (rs->left > 0) {
        rs->total = ls_round_us(ls_draw(c, r->stream, r->first != LS_NO ? r->first : r->every));
        ls_source_put(c, source, rs->total);
    }
}

// A lot that is in the plant at time zero, waiting at its step.
LS_SLOW void ls_start_lot(ls_ctx *c, const ls_m_wip *wip) {
    const ls_u32 lot_index = ls_lot_slot(c);
    if (lot_index == LS_NO) {
        return;
    }
    ls_lot *lot = c->lot + lot_index;
    lot->released = wip->released;
    lot->due = wip->due;
    lot->serial = c->s->serial++;
    lot->release = wip->release;
    lot->priority = wip->priority;
    lot->step = wip->step;
    for (ls_u32 i = 0; i < c->m->deadline_slots; i++) {
        c->deadline[(ls_u64)lot_index * c->m->deadline_slots + i] = LS_NEVER;
    }
    c->release[wip->release].released++;
    if (lot->due == LS_NEVER && c->releases[wip->release].due != LS_NO) {
        const ls_m_release *r = c->releases + wip->release;
        lot->due = wip->released + ls_round_us(ls_draw(c, r->due_stream, r->due));
    }
    ls_lot_arrive_rare(c, lot_index);
}

LS_SLOW void ls_start_clear(ls_ctx *c) {
    for (ls_u32 i = 0; i < 2 * c->m->leaves; i++) {
        c->tree[i] = ~(ls_u64)0;
    }
    for (ls_u32 i = 0; i < c->m->queues; i++) {
        c->queue[i].head = LS_NO;
        c->queue[i].tail = LS_NO;
    }
    for (ls_u32 i = 0; i < c->m->stations; i++) {
        c->station[i].blocked_head = LS_NO;
        c->station[i].blocked_tail = LS_NO;
    }
    for (ls_u32 i = 0; i < c->m->machines; i++) {
        ls_s_machine *mc = c->machine + i;
        mc->phase_since = LS_NEVER;
        mc->phase_total = LS_NEVER;
        mc->lots = LS_NO;
        mc->lag_head = LS_NO;
        mc->setup = c->machines[i].setup_initial;
    }
}

LS_SLOW void ls_start(ls_ctx *c, ls_u64 key) {
    const ls_model *m = c->m;
    ls_state *s = c->s;
    s->key = key;
    s->lot_free = LS_NO;
    ls_start_clear(c);
    ls_s_calendar *calendar = LS_STATE_ARRAY(m, s, ls_s_calendar, s_calendar);
    const ls_m_calendar *calendars = LS_MODEL_ARRAY(m, ls_m_calendar, calendar_at);
    for (ls_u32 i = 0; i < m->calendars; i++) {
        calendar[i].on = calendars[i].on_first;
        const ls_i64 *times = LS_MODEL_ARRAY(m, ls_i64, time_at) + calendars[i].time_at;
        ls_source_put(c, i, calendars[i].time_count > 0 ? times[0] : LS_NEVER);
    }
    const ls_m_pool *pools = LS_MODEL_ARRAY(m, ls_m_pool, pool_at);
    for (ls_u32 i = 0; i < m->pools; i++) {
        LS_STATE_ARRAY(m, s, ls_s_pool, s_pool)
        [i].on = (ls_u16)(pools[i].calendar == LS_NO ? 1 : calendar[pools[i].calendar].on);
    }
    for (ls_u32 i = 0; i < m->stations; i++) {
        const ls_m_station *st = c->stations + i;
        c->station[i].off = st->calendar != LS_NO && calendar[st->calendar].on == 0;
        for (ls_u32 k = 0; k < st->machine_count; k++) {
            if (c->station[i].off == 0) {
                ls_idle_set(c, st, i, st->machine_at + k);
            } else {
                c->machine[st->machine_at + k].account = LS_STATE_OFF;
            }
        }
    }
    for (ls_u32 i = 0; i < m->modes; i++) {
        ls_start_mode(c, i);
    }
    for (ls_u32 i = 0; i < m->releases; i++) {
        ls_start_release(c, i);
    }
    ls_tree_rebuild(c);
    const ls_m_wip *wip = LS_MODEL_ARRAY(m, ls_m_wip, wip_at);
    for (ls_u32 i = 0; i < m->wip && s->stopped == 0; i++) {
        ls_start_lot(c, wip + i);
    }
}

// ---- forgetting

// Positions of redraws that belong to a lot lie far behind those of ordinary draws.
#define LS_REDRAW_LOT ((ls_u64)1 << 50)

// A value of dist given that it is more than elapsed (<= 0: nothing is known).
LS_FN double ls_redraw(ls_ctx *c, ls_u32 stream, ls_u64 n, ls_u32 dist_index, double elapsed) {
    const ls_dist *dist = c->dists + dist_index;
    if (dist->kind == LS_DIST_CONST) {
        return dist->p[0];
    }
    if (elapsed <= 0.0) {
        return ls_dist_sample(dist, c->tables, c->s->key, c->streams[stream].id, n);
    }
    const double u = ls_random_uniform(c->s->key, c->streams[stream].id, n);
    if (dist->kind == LS_DIST_EXP) {  // has no memory
        return elapsed - ls_log_normal(1.0 - u) * dist->p[0];
    }
    ls_u32 fallback = 0;
    const double rest = ls_dist_residual(dist, c->tables, elapsed, u, &fallback);
    c->s->fallbacks += fallback != 0;
    return elapsed + rest;
}

LS_FN ls_i64 ls_later(ls_i64 elapsed, ls_i64 total) {
    return total > elapsed ? total : elapsed;
}

// The lots' whole time of an operation that has run for `elapsed`, load and unload included where
// they occupy the machine.
LS_SLOW double ls_redraw_work(ls_ctx *c, ls_u32 machine, ls_u32 step_index, ls_u64 n,
                              double elapsed, const ls_work *w) {
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const ls_u32 dist = ls_process_dist(c, st, c->steps + step_index, machine);
    const double scale = ls_slowness(c, machine) * w->factor;
    const double x = (elapsed - w->extra) / scale;
    return ls_redraw(c, c->machines[machine].stream, n, dist, x) * scale + w->extra;
}

LS_SLOW void ls_fork_machine(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    if (mc->phase == LS_PHASE_NONE || mc->phase_total == LS_NEVER) {
        mc->lag = mc->phase == LS_PHASE_NONE ? 0 : mc->lag;
        return;
    }
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const ls_m_step *step = c->steps + mc->step;
    ls_i64 elapsed = mc->phase_elapsed;
    elapsed += mc->phase_since == LS_NEVER ? 0 : c->now - mc->phase_since;
    if (mc->phase == LS_PHASE_SETUP) {
        double mean = 0.0;
        const ls_u32 dist = ls_setup_needed(c, st, mc, step, &mean);
        if (dist != LS_NO && c->dists[dist].kind != LS_DIST_CONST) {
            const ls_u32 stream = c->machines[machine].setup_stream;
            const ls_u64 n = c->position[stream]++;
            mc->phase_total = ls_later(elapsed,
                                       ls_round_us(ls_redraw(c, stream, n, dist, (double)elapsed)));
        }
    } else if (mc->phase == LS_PHASE_RUN) {
        const ls_work w = ls_work_of(st, step, mc->lot_count, mc->part_count,
                                     ls_slowness(c, machine));
        const double around = ls_loading_of(st, step);
        const double known = (double)elapsed - around - w.lag_extra;
        const ls_u64 n = c->position[c->machines[machine].stream]++;
        const double lots = ls_redraw_work(c, machine, mc->step, n, known, &w);
        const double machine_time = w.machine >= 0.0 ? w.machine : lots;
        const double lag = lots + w.lag_extra - machine_time;
        mc->lag = lag > 0.5 ? ls_round_us(lag) : 0;
        mc->phase_total = ls_later(elapsed, ls_round_us(machine_time + around));
    }
    if (mc->phase_since != LS_NEVER) {
        ls_source_put(c, c->m->source_machine + machine,
                      mc->phase_since + (mc->phase_total - mc->phase_elapsed));
    }
}

LS_SLOW void ls_fork_mode(ls_ctx *c, ls_u32 at) {
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    const ls_u32 source = c->m->source_mode + at;
    ls_i64 elapsed = sm->elapsed + (sm->since == LS_NEVER ? 0 : c->now - sm->since);
    if (sm->active != 0) {
        if (sm->waits == 0) {
            const ls_u64 n = c->position[mode->repair_stream]++;
            sm->total = ls_later(elapsed, ls_round_us(ls_redraw(c, mode->repair_stream, n,
                                                                mode->repair, (double)elapsed)));
            ls_source_put(c, source, sm->since + (sm->total - sm->elapsed));
        }
        return;
    }
    if (mode->maintenance != 0 && mode->from_end == 0 && mode->by == LS_FAIL_CALENDAR) {
        return;  // the plan is known
    }
    const int is_told = ls_condition_is_told(c, mode);
    if (sm->renewed != 0 && mode->by != LS_FAIL_BUSY && !is_told &&
        c->dists[mode->every].kind == LS_DIST_CONST) {
        return;  // nothing is hidden
    }
    ls_u32 dist = mode->every;
    ls_i64 extra = 0;
    if (sm->renewed == 0) {
        dist = mode->first_dist != LS_NO ? mode->first_dist : dist;
        extra = mode->first_extra;
    }
    if (((c->machine[mode->machine].pending >> (at - c->machines[mode->machine].mode_at)) & 1) ==
        0) {
        const ls_u64 n = c->position[mode->stream]++;
        if (is_told) {
            sm->total = ls_later(elapsed,
                                 ls_round_us(ls_condition_redraw(c, mode, (double)elapsed)));
        } else {
            const double x = ls_redraw(c, mode->stream, n, dist, (double)(elapsed - extra));
            sm->total = ls_later(elapsed, ls_round_us(x) + extra);
        }
        if (mode->by != LS_FAIL_CALENDAR && mode->by != LS_FAIL_BUSY) {
            sm->total = sm->total > elapsed ? sm->total : elapsed + 1;
        }
    }
    if (sm->since == LS_NEVER) {
        return;
    }
    const ls_i64 when = sm->since + (sm->total - sm->elapsed);
    if (mode->by == LS_FAIL_CALENDAR) {
        if (ls_source_is_set(c, source)) {
            ls_source_put(c, source, when);
        }
    } else {
        const ls_s_machine *mc = c->machine + mode->machine;
        const ls_i64 end = mc->phase_since + (mc->phase_total - mc->phase_elapsed);
        ls_source_put(c, source, when < end ? when : LS_NEVER);
    }
}

LS_SLOW void ls_fork_lot(ls_ctx *c, ls_u32 lot_index) {
    ls_lot *lot = c->lot + lot_index;
    ls_lot_event *e = c->event + lot_index;
    const ls_m_step *step = c->steps + lot->step;
    const ls_i64 elapsed = e->elapsed + (e->since == LS_NEVER ? 0 : c->now - e->since);
    double total = 0.0;
    if (lot->where == LS_LOT_LAG) {
        const ls_m_station *st = c->stations + c->machines[lot->machine].station;
        const ls_work w = ls_work_of(st, step, e->lots, e->parts, ls_slowness(c, lot->machine));
        const double around = w.lag_extra + ls_loading_of(st, step);
        // Lots of one batch began together and end together: the same draw.
        const ls_u64 n = LS_REDRAW_LOT + (ls_u64)lot->arrived;
        total = around +
                ls_redraw_work(c, lot->machine, lot->step, n, (double)elapsed - around, &w);
    } else {
        const ls_u64 n = LS_REDRAW_LOT + lot->serial;
        const ls_u32 first = e->dist != LS_NO ? e->dist : e->transit;
        const double rest = e->dist != LS_NO && e->transit != LS_NO
                                ? LS_MODEL_ARRAY(c->m, double, mean_at)[e->transit]
                                : 0.0;
        total = rest + ls_redraw(c, step->route_stream, n, first, (double)elapsed - rest);
    }
    e->total = ls_later(elapsed, ls_round_us(total));
}

LS_SLOW void ls_fork_lots(ls_ctx *c) {
    for (ls_u32 i = 0; i < c->s->lot_used; i++) {
        const ls_u32 where = c->lot[i].where;
        if (where == LS_LOT_TRANSIT || where == LS_LOT_LAG || where == LS_LOT_OUT) {
            ls_fork_lot(c, i);
        }
    }
    // Emptied and filled again by slot: the layout must not tell in what order things would have
    // ended.
    c->s->heap_count = 0;
    for (ls_u32 i = 0; i < c->s->lot_used; i++) {
        ls_lot *lot = c->lot + i;
        const ls_lot_event *e = c->event + i;
        // An end that lay behind the horizon stands in no heap, but may come nearer.
        const int ends = lot->where == LS_LOT_TRANSIT || lot->where == LS_LOT_OUT ||
                         (lot->where == LS_LOT_LAG && e->since != LS_NEVER);
        if (lot->where == LS_LOT_POOL && lot->heap != 0) {
            lot->heap = 0;
            ls_lot_event_set(c, i, c->release[lot->release].put_off);
        }
        if (ends || (lot->where == LS_LOT_WAITING && lot->heap != 0)) {
            lot->heap = 0;
            ls_lot_event_set(c, i,
                             lot->where == LS_LOT_WAITING
                                 ? lot->arrived + c->steps[lot->step].batch_wait
                                 : e->since + (e->total - e->elapsed));
        }
    }
    ls_source_put(c, c->m->source_dynamic, c->s->heap_count > 0 ? c->heap[0].time : LS_NEVER);
}

LS_SLOW void ls_fork_release(ls_ctx *c, ls_u32 release) {
    const ls_m_release *r = c->releases + release;
    ls_s_release *rs = c->release + release;
    if (r->kind == LS_RELEASE_EVERY && rs->left > 0) {
        const ls_u32 dist = rs->left == r->count && r->first != LS_NO ? r->first : r->every;
        const ls_i64 elapsed = c->now - rs->since;
        const ls_u64 n = c->position[r->stream]++;
        rs->total = ls_later(elapsed,
                             ls_round_us(ls_redraw(c, r->stream, n, dist, (double)elapsed)));
        ls_source_put(c, c->m->source_release + release, rs->since + rs->total);
    }
}

LS_SLOW void ls_fork(ls_ctx *c, ls_u64 key) {
    c->s->key = key;
    for (ls_u32 i = 0; i < c->m->streams; i++) {
        c->position[i] = 0;
    }
    for (ls_u32 i = 0; i < c->m->machines; i++) {
        ls_fork_machine(c, i);
    }
    for (ls_u32 i = 0; i < c->m->modes; i++) {
        ls_fork_mode(c, i);
    }
    for (ls_u32 i = 0; i < c->m->releases; i++) {
        ls_fork_release(c, i);
    }
    if (c->m->dynamic != 0) {
        ls_fork_lots(c);
    }
    ls_tree_rebuild(c);
}
