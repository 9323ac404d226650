// state_check_values.c - what must hold of the values of a state, once its lists are known to be
// whole: clocks in range and in agreement with the times of events, counts that agree with what is
// there.
//
// With that, a damaged state that still loads computes nonsense at worst: no index leaves its
// array, no list lacks an end, no sum of times leaves 64 bits.
#include "twin/slowness.h"
#include "twin/state_check.h"

// Sums of a state stay below this; with the longest draw (ls_round_us) added, they stay within 64
// bits.
#define FAR ((ls_i64)1 << 61)

typedef struct sight {
    const ls_ctx *c;
    ls_i64 now;
    const char *what;  // the first thing that does not hold
    ls_u32 index;
    int holds;
} sight;

static void expect(sight *w, int fact, const char *what, ls_u32 index) {
    if (w->holds && !fact) {
        w->holds = 0;
        w->what = what;
        w->index = index;
    }
}

static int is_past(const sight *w, ls_i64 time) {
    return time >= 0 && time <= w->now;
}
static int is_length(ls_i64 time) {
    return time >= 0 && time <= LS_NEVER / 2 + FAR / 2;
}
static int is_sum(ls_i64 sum) {
    return sum > -FAR && sum < FAR;
}

// The time a source will fire, LS_NEVER: not.
static ls_i64 time_of(const ls_ctx *c, ls_u32 source) {
    const ls_u64 key = c->tree[c->m->leaves + source];
    return key == ~(ls_u64)0 ? LS_NEVER : (ls_i64)(key >> c->m->source_bits);
}

// A source fires when its clock, running since `since` with `elapsed` before that, comes to
// `total`; or, where that is behind the horizon, not at all.
static int fires_at(const ls_ctx *c, ls_u32 source, ls_i64 since, ls_i64 elapsed, ls_i64 total) {
    const ls_i64 at = since + (total - elapsed);
    return time_of(c, source) == (at < c->m->horizon ? at : LS_NEVER);
}

static void see_lots(sight *w) {
    const ls_ctx *c = w->c;
    for (ls_u32 i = 0; i < c->s->lot_used; i++) {
        const ls_lot *lot = c->lot + i;
        if (lot->where == LS_LOT_FREE) {
            expect(w, lot->heap == 0, "free lot", i);
            continue;
        }
        const ls_m_step *step = c->steps + lot->step;
        expect(w,
               lot->released <= w->now && lot->released > -FAR && lot->arrived <= w->now &&
                   lot->arrived > -FAR && (lot->due == LS_NEVER || is_sum(lot->due)),
               "times of lot", i);
        if (lot->heap != 0) {
            const ls_heap_item *item = c->heap + (lot->heap - 1);
            expect(w, item->lot == i && item->time >= w->now && item->time < c->m->horizon,
                   "event of lot", i);
        }
        if (lot->where == LS_LOT_WAITING) {
            expect(w, lot->heap == 0 || step->batch_wait != LS_NEVER, "wait of lot", i);
        } else if (lot->where == LS_LOT_TRANSIT || lot->where == LS_LOT_OUT ||
                   lot->where == LS_LOT_LAG) {
            const ls_lot_event *e = c->event + i;
            expect(w, c->m->dynamic != 0, "way of lot", i);
            if (c->m->dynamic != 0) {
                expect(w,
                       (e->since == LS_NEVER || is_past(w, e->since)) && is_past(w, e->elapsed) &&
                           is_length(e->total) && e->total >= e->elapsed,
                       "way of lot", i);
                expect(w,
                       (e->dist == LS_NO || e->dist < c->m->dists) &&
                           (e->transit == LS_NO || e->transit < c->m->dists) &&
                           (lot->where == LS_LOT_LAG || e->dist != LS_NO || e->transit != LS_NO) &&
                           e->lots <= c->m->lots && e->parts <= 1u << 30,
                       "way of lot", i);
                expect(w, lot->where == LS_LOT_LAG || e->since != LS_NEVER, "way of lot", i);
                expect(
                    w,
                    lot->where != LS_LOT_LAG || step->station == c->machines[lot->machine].station,
                    "step of lot", i);
            }
        }
        for (ls_u32 s = 0; s < c->m->steps && c->m->memory_slots > 0; s++) {
            const ls_m_step *of = c->steps + s;
            if (of->product == step->product && (of->features & LS_SF_TAGGED) != 0) {
                const ls_u32 tag = c->memory[(ls_u64)i * c->m->memory_slots + of->tag_slot];
                expect(w, tag <= c->stations[of->station].machine_count, "memory of lot", i);
            }
        }
    }
}

static void see_phase(sight *w, ls_u32 i) {
    const ls_ctx *c = w->c;
    const ls_s_machine *mc = c->machine + i;
    const ls_u32 source = c->m->source_machine + i;
    expect(w, is_past(w, mc->phase_elapsed) && mc->lag >= 0 && is_length(mc->lag),
           "clock of machine", i);
    expect(w, mc->phase_since == LS_NEVER || is_past(w, mc->phase_since), "clock of machine", i);
    if (mc->phase == LS_PHASE_NONE) {
        const ls_i64 time = time_of(c, source);  // of the end of a hold
        expect(w,
               (time == LS_NEVER || ((mc->hand & LS_HAND_HELD) != 0 && time == mc->held_until)) &&
                   mc->waits == 0,
               "event of idle machine", i);
        return;
    }
    const ls_u32 station = c->machines[i].station;
    // Without lots it is set up by hand.
    expect(
        w,
        c->steps[mc->step].station == station && (mc->lot_count > 0 || mc->phase == LS_PHASE_SETUP),
        "operation of machine", i);
    ls_u32 parts = 0;
    for (ls_u32 lot = mc->lots; lot != LS_NO; lot = c->lot[lot].next) {
        expect(w, c->steps[c->lot[lot].step].station == station, "lots of machine", i);
        parts += c->steps[c->lot[lot].step].parts;
    }
    expect(w, parts == mc->part_count, "parts of machine", i);
    if (mc->waits != 0) {
        expect(w, mc->phase_since == LS_NEVER && time_of(c, source) == LS_NEVER, "waiting machine",
               i);
        return;
    }
    expect(w, is_length(mc->phase_total) && mc->phase_total >= mc->phase_elapsed,
           "clock of machine", i);
    if (mc->phase_since == LS_NEVER) {
        expect(w, time_of(c, source) == LS_NEVER, "event of stopped machine", i);
    } else {
        expect(w, fires_at(c, source, mc->phase_since, mc->phase_elapsed, mc->phase_total),
               "event of machine", i);
    }
    expect(w,
           mc->phase != LS_PHASE_SETUP ||
               (mc->setup_to != 0 && mc->setup_to == c->steps[mc->step].setup),
           "setup of machine", i);
}

// What a control system decided.
static void see_hand(sight *w, ls_u32 i) {
    const ls_ctx *c = w->c;
    const ls_s_machine *mc = c->machine + i;
    const ls_m_station *st = c->stations + c->machines[i].station;
    const ls_u32 at = i - st->machine_at;
    const int idle = (int)((c->idle[st->idle_at + at / 64] >> (at % 64)) & 1);
    expect(w, mc->hand <= (LS_HAND_STOPPED | LS_HAND_HELD) && (!idle || mc->hand == 0),
           "hand at machine", i);
    expect(w, (mc->hand & LS_HAND_HELD) != 0 ? mc->held_until >= 0 : mc->held_until == 0,
           "hold of machine", i);
    expect(w,
           (mc->chosen & ~LS_CHOSEN_PURE) <= c->s->lot_used && mc->chosen != LS_CHOSEN_PURE &&
               ((mc->chosen & LS_CHOSEN_PURE) == 0 || (st->features & LS_F_BATCH) != 0),
           "choice of machine", i);
    expect(w, (mc->hand == 0 && mc->chosen == 0) || c->s->hands != 0, "hand at machine", i);
    expect(w,
           (mc->hand & LS_HAND_STOPPED) == 0 || mc->phase == LS_PHASE_NONE ||
               mc->phase_since == LS_NEVER,
           "stopped machine", i);
    // Nothing else would wake it.
    const int waits = mc->hand == LS_HAND_HELD && mc->phase == LS_PHASE_NONE &&
                      mc->lot_count == 0 && mc->mode == 0 &&
                      c->station[c->machines[i].station].off == 0;
    expect(w,
           !waits || mc->held_until >= c->m->horizon ||
               time_of(c, c->m->source_machine + i) == mc->held_until,
           "end of the hold of machine", i);
}

static void see_machines(sight *w) {
    const ls_ctx *c = w->c;
    for (ls_u32 i = 0; i < c->m->machines && w->holds; i++) {
        const ls_s_machine *mc = c->machine + i;
        const ls_u32 station = c->machines[i].station;
        const ls_m_station *st = c->stations + station;
        expect(w, is_past(w, mc->since), "account of machine", i);
        for (ls_u32 k = 0; k < LS_STATE_COUNT; k++) {
            expect(w, is_past(w, c->account[(ls_u64)i * LS_STATE_COUNT + k]), "accounts of machine",
                   i);
        }
        see_phase(w, i);
        see_hand(w, i);
        const ls_u32 at = i - st->machine_at;
        const int idle = (int)((c->idle[st->idle_at + at / 64] >> (at % 64)) & 1);
        expect(w, !idle || (mc->phase == LS_PHASE_NONE && mc->lot_count == 0 && mc->mode == 0),
               "idle machine", i);
        expect(w, mc->mode == 0 || mc->phase_since == LS_NEVER || mc->phase == LS_PHASE_NONE,
               "broken machine", i);
        for (ls_u32 lot = mc->lots; lot != LS_NO && mc->phase == LS_PHASE_NONE;
             lot = c->lot[lot].next) {
            expect(w, c->lot[lot].step < c->m->steps, "blocked lot", lot);
        }
        for (ls_u32 lot = mc->lag_head; lot != LS_NO; lot = c->lot[lot].next) {
            const ls_lot_event *e = c->event + lot;
            expect(w,
                   (c->lot[lot].heap == 0) == (e->since == LS_NEVER) ||
                       e->total >= c->m->horizon - w->now,
                   "cascade of machine", i);
        }
        expect(w, mc->operator_need <= 1u << 20 && (mc->waits == 0 || mc->operator_pool == 0),
               "operator of machine", i);
    }
}

// Machines that wait for an operator: one list, with an end, of those and no others.
static void see_operators(sight *w) {
    const ls_ctx *c = w->c;
    ls_u32 waiting = 0;
    ls_u32 last = 0;
    for (ls_u32 at = c->s->operator_head; at != 0 && w->holds; at = c->machine[at - 1].next) {
        expect(w, c->machine[at - 1].waits == 1 && ++waiting <= c->m->machines, "list of operators",
               at);
        last = at;
    }
    expect(w, c->s->operator_tail == last, "end of the list of operators", last);
    const ls_s_pool *pool = LS_STATE_ARRAY(c->m, c->s, ls_s_pool, s_pool);
    const ls_m_pool *pools = LS_MODEL_ARRAY(c->m, ls_m_pool, pool_at);
    for (ls_u32 p = 0; p < c->m->pools; p++) {
        ls_u32 busy = 0;
        for (ls_u32 i = 0; i < c->m->machines; i++) {
            busy += c->machine[i].operator_pool == p + 1;
        }
        expect(w,
               busy == pool[p].busy && (busy <= pools[p].count || pool[p].staff != 0) &&
                   pool[p].on <= 1 && is_past(w, pool[p].since) && pool[p].busy_area >= 0 &&
                   pool[p].busy_area < FAR,
               "operators of pool", p);
    }
    for (ls_u32 i = 0; i < c->m->machines; i++) {
        waiting -= c->machine[i].waits != 0;
        expect(w, c->machine[i].waits <= 1, "waiting machine", i);
    }
    expect(w, waiting == 0, "number of machines waiting for operators", waiting);
}

static int counts(const ls_m_mode *mode) {
    return mode->by != LS_FAIL_BUSY && mode->by != LS_FAIL_CALENDAR;
}

static void see_mode(sight *w, ls_u32 at) {
    const ls_ctx *c = w->c;
    const ls_m_mode *mode = c->modes + at;
    const ls_s_mode *sm = c->mode + at;
    const ls_s_machine *mc = c->machine + mode->machine;
    const ls_u32 k = at - c->machines[mode->machine].mode_at;
    const ls_u32 source = c->m->source_mode + at;
    const ls_i64 time = time_of(c, source);
    expect(w,
           (sm->active != 0) == (mc->mode == k + 1) && sm->active <= 1 && sm->waits <= sm->active,
           "mode", at);
    expect(
        w,
        (sm->since == LS_NEVER || is_past(w, sm->since)) && is_sum(sm->due) && is_length(sm->total),
        "clock of mode", at);
    expect(w, sm->elapsed >= 0 && (counts(mode) ? is_sum(sm->elapsed) : sm->elapsed <= w->now),
           "clock of mode", at);
    if (sm->active != 0) {
        expect(w,
               sm->waits != 0 ? time == LS_NEVER
                              : sm->since != LS_NEVER &&
                                    fires_at(c, source, sm->since, sm->elapsed, sm->total),
               "repair", at);
        expect(w, sm->waits == 0 || mode->crew != LS_NO, "crew of mode", at);
    } else if (time != LS_NEVER) {
        const int planned = mode->maintenance != 0 && mode->from_end == 0;
        expect(w, !counts(mode), "event of a mode that counts", at);
        expect(w,
               planned || (sm->since != LS_NEVER &&
                           fires_at(c, source, sm->since, sm->elapsed, sm->total)),
               "event of mode", at);
    }
    expect(w,
           mode->by != LS_FAIL_BUSY || sm->active != 0 || sm->since == LS_NEVER ||
               mc->phase_since != LS_NEVER,
           "busy clock of mode", at);
    expect(w, !counts(mode) || sm->active != 0 || sm->since == LS_NEVER, "clock of mode", at);
}

static int is_number(double x) {
    return x >= 0.0 && x <= 1e15;
}

static void see_condition(sight *w, ls_u32 at) {
    const ls_s_condition *s = ls_state_conditions(w->c->m, w->c->s) + at;
    const ls_m_condition *m = ls_model_conditions(w->c->m) + at;
    if (m->mode == LS_NO && s->told != 0) {
        const double times = s->value * m->pace;
        const double fresh = m->fresh * m->pace;  // that a person may have written
        expect(w, (times >= LS_SLOWNESS_FROM && times <= LS_SLOWNESS_TO) || times == fresh,
               "slowness", at);
    }
    const int empty = s->value == 0.0 && s->deviation == 0.0 && s->told_us == 0;
    expect(w,
           s->told <= 1 && s->pad == 0 && (s->told != 0 || empty) && is_number(s->value) &&
               is_number(s->deviation) && s->told_us >= 0,
           "condition", at);
}

static void see_crews(sight *w) {
    const ls_ctx *c = w->c;
    const ls_s_crew *crews = LS_STATE_ARRAY(c->m, c->s, ls_s_crew, s_crew);
    const ls_u32 *sizes = LS_MODEL_ARRAY(c->m, ls_u32, crew_at);
    for (ls_u32 i = 0; i < c->m->modes && w->holds; i++) {
        expect(w, c->mode[i].next <= c->m->modes, "list of modes", i);
    }
    for (ls_u32 k = 0; k < c->m->crews && w->holds; k++) {
        ls_u32 at = crews[k].head;
        ls_u32 waiting = 0;
        ls_u32 last = 0;
        while (at != 0 && w->holds) {
            expect(w, at <= c->m->modes && ++waiting <= c->m->modes, "list of crew", k);
            if (w->holds) {
                const ls_s_mode *sm = c->mode + at - 1;
                expect(w, sm->active != 0 && sm->waits != 0 && c->modes[at - 1].crew == k,
                       "list of crew", k);
                last = at;
                at = sm->next;
            }
        }
        expect(w, crews[k].tail == last, "end of the list of crew", k);
        ls_u32 busy = 0;
        for (ls_u32 i = 0; i < c->m->modes; i++) {
            busy += c->modes[i].crew == k && c->mode[i].active != 0 && c->mode[i].waits == 0;
            waiting -= c->modes[i].crew == k && c->mode[i].waits != 0;
        }
        expect(w, waiting == 0 && busy == crews[k].busy && busy <= sizes[k], "crew", k);
    }
}

static void see_stations(sight *w) {
    const ls_ctx *c = w->c;
    for (ls_u32 i = 0; i < c->m->stations && w->holds; i++) {
        const ls_m_station *st = c->stations + i;
        const ls_s_station *ss = c->station + i;
        ls_u32 idle = 0;
        for (ls_u32 k = 0; k < st->idle_words; k++) {
            for (ls_u64 bits = c->idle[st->idle_at + k]; bits != 0; bits &= bits - 1) {
                expect(w, k * 64 + (ls_u32)ls_ctz64(bits) < st->machine_count,
                       "idle machines of station", i);
                idle++;
            }
        }
        ls_u32 coming = 0;
        ls_u32 working = 0;
        for (ls_u32 k = 0; k < c->s->lot_used; k++) {
            const ls_lot *lot = c->lot + k;
            coming += lot->where == LS_LOT_TRANSIT && c->steps[lot->step].station == i;
            // A place reserved before service goes with the lot of a cascade, see ls_lots_lag.
            coming += lot->where == LS_LOT_LAG && c->event[k].dist == i;
            working += (lot->where == LS_LOT_MACHINE || lot->where == LS_LOT_LAG ||
                        lot->where == LS_LOT_LEFT) &&
                       c->machines[lot->machine].station == i;
        }
        for (ls_u32 k = 0; k < c->m->machines; k++) {
            coming += c->machine[k].reserved == i + 1;
        }
        ls_u32 tail = LS_NO;
        for (ls_u32 at = ss->blocked_head; at != LS_NO; at = c->lot[at].other) {
            tail = at;
            expect(w, c->steps[c->lot[at].step].station == i, "blocked lots of station", i);
        }
        expect(w, idle == ss->idle && coming == ss->coming && working == ss->working,
               "counts of station", i);
        expect(w, ss->blocked_head == LS_NO || ss->blocked_tail == tail, "blocked lots of station",
               i);
        expect(w, ss->off <= 1 && is_sum(ss->wait_sum) && is_sum(ss->wait_max),
               "accounts of station", i);
    }
}

static void see_calendars(sight *w) {
    const ls_ctx *c = w->c;
    const ls_m_calendar *model = LS_MODEL_ARRAY(c->m, ls_m_calendar, calendar_at);
    const ls_s_calendar *state = LS_STATE_ARRAY(c->m, c->s, ls_s_calendar, s_calendar);
    const ls_m_pool *pools = LS_MODEL_ARRAY(c->m, ls_m_pool, pool_at);
    const ls_s_pool *pool = LS_STATE_ARRAY(c->m, c->s, ls_s_pool, s_pool);
    for (ls_u32 i = 0; i < c->m->calendars; i++) {
        const ls_i64 *times = LS_MODEL_ARRAY(c->m, ls_i64, time_at) + model[i].time_at;
        expect(w, state[i].on <= 1 && state[i].at <= model[i].time_count && is_sum(state[i].base),
               "calendar", i);
        if (w->holds) {
            const ls_i64 next = state[i].at < model[i].time_count
                                    ? state[i].base + times[state[i].at]
                                    : LS_NEVER;
            expect(w, time_of(c, i) == (next < c->m->horizon ? next : LS_NEVER),
                   "event of calendar", i);
        }
    }
    for (ls_u32 i = 0; i < c->m->stations && w->holds; i++) {
        const ls_u32 calendar = c->stations[i].calendar;
        expect(w, c->station[i].off == (calendar != LS_NO && state[calendar].on == 0),
               "shift of station", i);
    }
    for (ls_u32 i = 0; i < c->m->pools && w->holds; i++) {
        expect(w, pool[i].on == (pools[i].calendar == LS_NO || state[pools[i].calendar].on != 0),
               "shift of pool", i);
    }
}

static void see_releases(sight *w) {
    const ls_ctx *c = w->c;
    for (ls_u32 i = 0; i < c->m->releases; i++) {
        const ls_m_release *r = c->releases + i;
        const ls_s_release *rs = c->release + i;
        const ls_u32 source = c->m->source_release + i;
        expect(w,
               is_past(w, rs->since) && is_sum(rs->cycle_sum) && is_sum(rs->tardy_sum) &&
                   is_sum(rs->scrap_sum) && is_sum(rs->early_sum) && is_sum(rs->cycle_max) &&
                   rs->left >= 0 && rs->put_off >= 0 && is_sum(rs->pool_sum) &&
                   (rs->pool_head == 0 || rs->put_off >= w->now),
               "accounts of class", i);
        if (r->kind == LS_RELEASE_TIMETABLE) {
            expect(w,
                   rs->next_order >= r->order_at && rs->next_order <= r->order_at + r->order_count,
                   "orders of class", i);
            expect(w,
                   time_of(c, source) == LS_NEVER || rs->next_order < r->order_at + r->order_count,
                   "orders of class", i);
        } else if (r->kind == LS_RELEASE_KEEP) {
            expect(w, rs->left <= (ls_i64)c->m->lots, "lots owed of class", i);
            expect(w, rs->kept <= c->m->lots + 1 && rs->over <= c->m->lots, "level of class", i);
            expect(w,
                   time_of(c, source) == LS_NEVER || time_of(c, source) == w->now || rs->left > 0,
                   "event of class", i);
        } else if (time_of(c, source) != LS_NEVER) {
            expect(w,
                   rs->left > 0 && is_length(rs->total) &&
                       fires_at(c, source, rs->since, 0, rs->total),
                   "event of class", i);
        }
    }
}

static void see_head(sight *w) {
    const ls_ctx *c = w->c;
    expect(w, c->s->stopped <= LS_RUN_BROKEN && c->s->operators_freed == 0 && c->s->hands <= 1,
           "head", 0);
    expect(w,
           c->m->dynamic == 0 || time_of(c, c->m->source_dynamic) ==
                                     (c->s->heap_count > 0 ? c->heap[0].time : LS_NEVER),
           "events of lots", 0);
    for (ls_u32 i = 0; i < c->m->sources && w->holds; i++) {
        expect(w, time_of(c, i) >= w->now, "time of source", i);
    }
}

ls_status ls_state_check_values(const ls_ctx *c, ls_error *err) {
    sight w = {.c = c, .now = c->s->now, .holds = 1};
    see_head(&w);
    see_crews(&w);
    if (w.holds) {
        see_lots(&w);
    }
    if (w.holds) {
        see_machines(&w);
    }
    if (w.holds) {
        see_operators(&w);
        see_stations(&w);
        see_calendars(&w);
        see_releases(&w);
    }
    for (ls_u32 i = 0; i < c->m->modes && w.holds; i++) {
        see_mode(&w, i);
    }
    for (ls_u32 i = 0; i < c->m->conditions && w.holds; i++) {
        see_condition(&w, i);
    }
    return w.holds ? LS_OK
                   : ls_fail(err, LS_ERR_INVALID, "damaged state: %s (number %u)", w.what, w.index);
}
