// flow.h - lots between stations: created, routed, carried, waiting for room, done.
#pragma once

#include "twin/draw.h"
#include "twin/event.h"
#include "twin/queue.h"

// A station to be looked at before time goes on.
LS_FN void ls_agenda_add(ls_ctx *c, ls_u32 station) {
    ls_s_station *ss = c->station + station;
    if (ss->on_agenda == 0) {
        ss->on_agenda = 1;
        ls_u32 at = c->agenda_head + c->agenda_count;
        at = at >= c->m->stations ? at - c->m->stations : at;
        c->agenda[at] = station;
        c->agenda_count++;
    }
}

// One more lot may come: a waiting place is free, or nothing waits and an idle machine can hold it.
LS_FN int ls_has_room(const ls_ctx *c, ls_u32 station) {
    const ls_m_station *st = c->stations + station;
    if ((st->features & LS_F_ROOM) == 0) {
        return 1;
    }
    const ls_s_station *ss = c->station + station;
    const ls_i64 there = (ls_i64)ss->waiting + (ls_i64)ss->coming;
    return there < st->places || (ss->waiting == 0 && there < st->places + (ls_i64)ss->idle);
}

// Something at this station left its queue or a machine of it became idle: whoever waits for room
// may come. The station is looked at again on the agenda.
LS_FN void ls_room_made(ls_ctx *c, ls_u32 station) {
    if ((c->stations[station].features & LS_F_ROOM) != 0) {
        if (c->station[station].blocked_head != LS_NO) {
            ls_agenda_add(c, station);
        }
        const ls_u32 *before = c->words + c->m->before_at;
        for (ls_u32 i = 0; i < c->m->before_count; i++) {
            ls_agenda_add(c, before[i]);
        }
    }
}

LS_FN ls_u32 ls_hist_bucket(const ls_m_release *r, ls_i64 us) {
    const double x = (double)us * r->scale;  // 1 is 1/16 of the raw process time
    const ls_u64 bits = ls_double_bits(x);
    const ls_i64 at = (ls_i64)(bits >> 46) - ((ls_i64)1023 << 6);
    const ls_i64 capped = at < LS_HIST_BUCKETS ? at : LS_HIST_BUCKETS - 1;
    return (ls_u32)(capped > 0 ? capped : 0);
}

LS_FN void ls_lot_free(ls_ctx *c, ls_u32 lot_index) {
    c->lot[lot_index].where = LS_LOT_FREE;
    c->lot[lot_index].next = c->s->lot_free;
    c->s->lot_free = lot_index;
}

LS_HOT void ls_lot_leave_plant(ls_ctx *c, ls_u32 lot_index) {
    const ls_u32 release = c->lot[lot_index].release;
    ls_s_release *rs = c->release + release;
    if (LS_UNLIKELY(c->lot[lot_index].released < 0)) {
        rs->early_sum -= c->lot[lot_index].released;
    }
    ls_lot_free(c, lot_index);
    if (c->releases[release].kind ==
        LS_RELEASE_KEEP) {  // one out, one in, as an event of this instant
        if (LS_UNLIKELY(rs->over > 0)) {
            rs->over--;
            return;
        }
        rs->left++;
        ls_source_set(c, c->m->source_release + release, c->now);
    }
}

// The accounts of a lot that is done; it leaves.
LS_HOT void ls_lot_account(ls_ctx *c, ls_u32 lot_index) {
    const ls_lot *lot = c->lot + lot_index;
    const ls_u32 release = lot->release;
    const ls_i64 due = lot->due;
    ls_s_release *rs = c->release + release;
    const ls_i64 cycle = c->now - lot->released;
    rs->done++;
    rs->cycle_sum += cycle;
    rs->cycle_max = cycle > rs->cycle_max ? cycle : rs->cycle_max;
    c->hist[(ls_u64)release * LS_HIST_BUCKETS + ls_hist_bucket(c->releases + release, cycle)]++;
    if (due != LS_NEVER) {
        rs->dated++;
        rs->on_time += c->now <= due;
        rs->tardy_sum += c->now > due ? c->now - due : 0;
    }
    ls_lot_leave_plant(c, lot_index);
}

LS_FN void ls_lot_done(ls_ctx *c, ls_u32 lot_index) {
    LS_TRACE(c, LS_TRACE_DONE, c->lot[lot_index].serial, c->lot[lot_index].step, LS_NO);
    ls_lot_account(c, lot_index);
}

LS_SLOW void ls_lot_done_rare(ls_ctx *c, ls_u32 lot_index) {
    ls_lot_done(c, lot_index);
}

LS_SLOW void ls_lot_scrap(ls_ctx *c, ls_u32 lot_index) {
    const ls_u32 release = c->lot[lot_index].release;
    LS_TRACE(c, LS_TRACE_SCRAP, c->lot[lot_index].serial, c->lot[lot_index].step, LS_NO);
    c->release[release].scrapped++;
    c->release[release].scrap_sum += c->now - c->lot[lot_index].released;
    ls_lot_leave_plant(c, lot_index);
}

// In the queue of its step's station, from now on.
LS_HOT void ls_lot_arrive(ls_ctx *c, ls_u32 lot_index) {
    ls_lot *lot = c->lot + lot_index;
    const ls_m_step *step = c->steps + lot->step;
    const ls_m_station *st = c->stations + step->station;
    lot->arrived = c->now;
    LS_TRACE(c, LS_TRACE_ARRIVE, lot->serial, lot->step, LS_NO);
    if (LS_UNLIKELY(st->static_order == 2)) {  // the rule `random`: a draw per arrival
        lot->machine = (ls_u32)(ls_draw_uniform(c, step->stream) * 4294967296.0);
    }
    ls_queue_insert(c, lot_index);
    if (LS_UNLIKELY((st->features & LS_F_WAIT) != 0) && step->batch_wait != LS_NEVER) {
        ls_lot_event_set(c, lot_index, c->now + step->batch_wait);
    }
    ls_agenda_add(c, step->station);
}

// The alternative that a lot takes: the step or one of its siblings.
LS_SLOW ls_u32 ls_choose_alternative(ls_ctx *c, ls_u32 first) {
    const ls_m_step *step = c->steps + first;
    if (step->choice == LS_CHOOSE_RANDOM) {
        const double u = ls_draw_uniform(c, step->stream);
        const ls_u32 k = (ls_u32)(u * (double)(step->alternatives + 1));
        return first + (k > step->alternatives ? step->alternatives : k);
    }
    ls_u32 best = first;
    double least = 0.0;
    for (ls_u32 i = 0; i <= step->alternatives; i++) {
        const ls_u32 station = c->steps[first + i].station;
        const ls_s_station *ss = c->station + station;
        if (step->choice == LS_CHOOSE_FIRST && ss->waiting + ss->coming == 0 && ss->idle > 0) {
            return first + i;
        }
        double load = (double)(ss->waiting + ss->coming + ss->working);
        load /= (double)c->stations[station].machine_count;
        if (i == 0 || load < least) {
            least = load;
            best = first + i;
        }
    }
    return best;
}

// The step a lot really goes to when its route says `step`: sampling skips, alternatives choose.
// LS_NO: the lot is done.
LS_HOT ls_u32 ls_route(ls_ctx *c, ls_u32 step) {
    while (step != LS_NO && (c->steps[step].features & (LS_SF_SAMPLE | LS_SF_ALTERNATIVES)) != 0) {
        const ls_m_step *at = c->steps + step;
        if ((at->features & LS_SF_SAMPLE) != 0 && ls_draw_uniform(c, at->stream) >= at->sample) {
            step = at->next;
            continue;
        }
        return (at->features & LS_SF_ALTERNATIVES) != 0 ? ls_choose_alternative(c, step) : step;
    }
    return step;
}

// The same, for where it happens rarely.
LS_SLOW void ls_lot_arrive_rare(ls_ctx *c, ls_u32 lot_index) {
    ls_lot_arrive(c, lot_index);
}

// Takes its place there and is on its way by transport and transit.
LS_SLOW void ls_lot_travel(ls_ctx *c, ls_u32 lot_index, ls_u32 from) {
    ls_lot *lot = c->lot + lot_index;
    const ls_m_step *step = c->steps + lot->step;
    const ls_m_station *st = c->stations + step->station;
    ls_u32 dist = LS_NO;
    if (c->m->areas != 0) {
        const ls_u32 *transport = LS_MODEL_ARRAY(c->m, ls_u32, transport_at);
        const ls_u32 row = from == LS_NO ? c->m->areas : c->stations[from].area;
        dist = transport[(ls_u64)row * (c->m->areas + 1) + st->area];
    }
    if (dist == LS_NO && st->transit == LS_NO) {
        ls_lot_arrive_rare(c, lot_index);
        return;
    }
    ls_lot_event *e = c->event + lot_index;
    double total = dist == LS_NO ? 0.0 : ls_draw(c, step->route_stream, dist);
    total += st->transit == LS_NO ? 0.0 : ls_draw(c, step->route_stream, st->transit);
    e->since = c->now;
    e->elapsed = 0;
    e->total = ls_round_us(total);
    e->dist = dist;
    e->transit = st->transit;
    lot->where = LS_LOT_TRANSIT;
    lot->arrived = c->now;
    c->station[step->station].coming++;
    ls_lot_event_set(c, lot_index, c->now + e->total);
}

// To the queue of its step. from: station or LS_NO (outside).
LS_HOT void ls_lot_carry(ls_ctx *c, ls_u32 lot_index, ls_u32 from) {
    const ls_m_station *st = c->stations + c->steps[c->lot[lot_index].step].station;
    if (LS_LIKELY(c->m->areas == 0 && st->transit == LS_NO)) {
        ls_lot_arrive(c, lot_index);
    } else {
        ls_lot_travel(c, lot_index, from);
    }
}

LS_SLOW void ls_lot_carry_rare(ls_ctx *c, ls_u32 lot_index, ls_u32 from) {
    ls_lot_carry(c, lot_index, from);
}

LS_FN void ls_lot_block(ls_ctx *c, ls_u32 lot_index, ls_u32 station) {
    ls_s_station *ss = c->station + station;
    c->lot[lot_index].other = LS_NO;
    if (ss->blocked_head == LS_NO) {
        ss->blocked_head = lot_index;
    } else {
        c->lot[ss->blocked_tail].other = lot_index;
    }
    ss->blocked_tail = lot_index;
}

// A lot leaves the plant by the transport "out".
LS_SLOW void ls_lot_out_travel(ls_ctx *c, ls_u32 lot_index, ls_u32 from) {
    const ls_u32 *transport = LS_MODEL_ARRAY(c->m, ls_u32, transport_at);
    const ls_u32 dist = transport[(ls_u64)c->stations[from].area * (c->m->areas + 1) + c->m->areas];
    if (dist == LS_NO) {
        ls_lot_done_rare(c, lot_index);
        return;
    }
    ls_lot_event *e = c->event + lot_index;
    e->since = c->now;
    e->elapsed = 0;
    e->total = ls_round_us(ls_draw(c, c->steps[c->lot[lot_index].step].route_stream, dist));
    e->dist = dist;
    e->transit = LS_NO;
    c->lot[lot_index].where = LS_LOT_OUT;
    ls_lot_event_set(c, lot_index, c->now + e->total);
}

LS_SLOW ls_u32 ls_lot_slot(ls_ctx *c) {
    ls_state *s = c->s;
    if (s->lot_used < c->m->lots) {
        return s->lot_used++;
    }
    s->stopped = LS_RUN_LOTS;
    return LS_NO;
}

LS_FN int ls_may_enter(const ls_ctx *c, ls_u32 station) {
    return c->station[station].blocked_head == LS_NO && ls_has_room(c, station);
}

// A lot from outside goes to a step (LS_NO: none is left to do), or waits outside while there is no
// room.
LS_HOT void ls_lot_enter(ls_ctx *c, ls_u32 lot_index, ls_u32 step) {
    if (step == LS_NO) {
        ls_lot_done_rare(c, lot_index);
        return;
    }
    c->lot[lot_index].step = step;
    const ls_u32 station = c->steps[step].station;
    if (!ls_may_enter(c, station)) {
        c->lot[lot_index].where = LS_LOT_OUTSIDE;
        ls_lot_block(c, lot_index, station);
        return;
    }
    ls_lot_carry(c, lot_index, LS_NO);
}

LS_SLOW void ls_lot_slots_clear(ls_ctx *c, ls_u32 lot_index) {
    for (ls_u32 i = 0; i < c->m->memory_slots; i++) {
        c->memory[(ls_u64)lot_index * c->m->memory_slots + i] = 0;
    }
    for (ls_u32 i = 0; i < c->m->deadline_slots; i++) {
        c->deadline[(ls_u64)lot_index * c->m->deadline_slots + i] = LS_NEVER;
    }
}

// What a new lot carries, in a slot that is its own.
LS_HOT void ls_lot_fill(ls_ctx *c, ls_u32 lot_index, ls_u32 release, ls_u32 step, ls_i64 due,
                        ls_i32 priority) {
    const ls_m_release *r = c->releases + release;
    ls_lot *lot = c->lot + lot_index;
    lot->released = c->now;
    lot->due = due;
    if (due == LS_NEVER && r->due != LS_NO) {
        lot->due = c->now + ls_round_us(ls_draw(c, r->due_stream, r->due));
    }
    lot->serial = c->s->serial++;
    lot->release = release;
    lot->priority = priority;
    lot->heap = 0;
    lot->step = step;
    c->release[release].released++;
}

// A lot of its own: slot, dates, counts. LS_NO: the limit is reached.
LS_FN ls_u32 ls_lot_create(ls_ctx *c, ls_u32 release, ls_u32 step, ls_i64 due, ls_i32 priority) {
    ls_u32 lot_index = c->s->lot_free;
    if (LS_LIKELY(lot_index != LS_NO)) {
        c->s->lot_free = c->lot[lot_index].next;
    } else {
        lot_index = ls_lot_slot(c);
        if (lot_index == LS_NO) {
            return LS_NO;
        }
    }
    ls_lot_fill(c, lot_index, release, step, due, priority);
    if ((c->m->memory_slots | c->m->deadline_slots) != 0) {
        ls_lot_slots_clear(c, lot_index);
    }
    LS_TRACE(c, LS_TRACE_RELEASE, c->lot[lot_index].serial, step, LS_NO);
    return lot_index;
}

// ---- the order pool: lots of a class that wait outside because their entry was put off
//
// One list per class, in the order of release. Its first lot has the event of the time until which
// the class is put off; then all come in. Where a lot goes is drawn when it comes in.

LS_FN int ls_pool_is_shut(const ls_ctx *c, const ls_s_release *rs) {
    return rs->put_off > c->now || rs->pool_head != 0;
}

LS_SLOW void ls_pool_wait(ls_ctx *c, ls_u32 lot_index) {
    ls_s_release *rs = c->release + c->lot[lot_index].release;
    ls_lot *lot = c->lot + lot_index;
    lot->where = LS_LOT_POOL;
    lot->arrived = c->now;
    lot->other = LS_NO;
    if (rs->pool_head == 0) {
        rs->pool_head = lot_index + 1;
        ls_lot_event_set(c, lot_index, rs->put_off);
    } else {
        c->lot[rs->pool_tail - 1].other = lot_index;
    }
    rs->pool_tail = lot_index + 1;
    rs->pooled++;
}

// The first of them comes in. Whoever calls sees to the event of the next.
LS_SLOW void ls_pool_enter(ls_ctx *c, ls_u32 release) {
    ls_s_release *rs = c->release + release;
    const ls_u32 lot_index = rs->pool_head - 1;
    ls_lot *lot = c->lot + lot_index;
    ls_lot_event_clear(c, lot_index);
    rs->pool_head = lot->other + 1;  // LS_NO + 1 is 0
    rs->pool_tail = rs->pool_head == 0 ? 0 : rs->pool_tail;
    rs->pooled--;
    rs->pool_sum += c->now - lot->arrived;
    rs->pool_entered++;
    lot->other = LS_NO;
    ls_lot_enter(c, lot_index, ls_route(c, lot->step));
}

// Nothing is put off any more.
LS_SLOW void ls_pool_open(ls_ctx *c, ls_u32 release) {
    ls_s_release *rs = c->release + release;
    rs->put_off = 0;
    while (rs->pool_head != 0) {
        ls_pool_enter(c, release);
    }
}

// A new lot at the first step of its route.
LS_HOT void ls_release_one(ls_ctx *c, ls_u32 release, ls_u32 step, ls_i64 due, ls_i32 priority) {
    ls_s_release *rs = c->release + release;
    if (LS_UNLIKELY(c->releases[release].pool != 0) && ls_pool_is_shut(c, rs)) {
        const ls_u32 waits = ls_lot_create(c, release, step, due, priority);
        if (waits != LS_NO) {
            ls_pool_wait(c, waits);
        }
        return;
    }
    const ls_u32 entry = ls_route(c, step);
    if (LS_UNLIKELY(c->releases[release].lose != 0) && entry != LS_NO &&
        !ls_may_enter(c, c->steps[entry].station)) {
        rs->released++;
        rs->lost++;
        LS_TRACE(c, LS_TRACE_LOST, LS_NO, step, LS_NO);
        return;
    }
    const ls_u32 lot_index = ls_lot_create(c, release, step, due, priority);
    if (LS_LIKELY(lot_index != LS_NO)) {
        ls_lot_enter(c, lot_index, entry);
    }
}

LS_SLOW void ls_release_one_rare(ls_ctx *c, ls_u32 release, ls_u32 step, ls_i64 due,
                                 ls_i32 priority) {
    ls_release_one(c, release, step, due, priority);
}

// CONWIP and timetables.
LS_SLOW void ls_release_other(ls_ctx *c, ls_u32 release) {
    const ls_m_release *r = c->releases + release;
    ls_s_release *rs = c->release + release;
    const ls_u32 source = c->m->source_release + release;
    if (r->kind == LS_RELEASE_KEEP) {
        ls_source_set(c, source, LS_NEVER);
        const ls_i64 owed = rs->left;
        rs->left = 0;
        for (ls_i64 i = 0; i < owed && c->s->stopped == 0; i++) {
            ls_release_one_rare(c, release, r->step, LS_NEVER, r->priority);
        }
        return;
    }
    const ls_m_order *order = LS_MODEL_ARRAY(c->m, ls_m_order, order_at) + rs->next_order;
    rs->next_order++;
    ls_source_set(c, source,
                  rs->next_order < r->order_at + r->order_count ? order[1].time : LS_NEVER);
    for (ls_u32 i = 0; i < order->lots && c->s->stopped == 0; i++) {
        ls_release_one_rare(c, release, order->step, order->due, order->priority);
    }
}

LS_HOT void ls_release_next(ls_ctx *c, const ls_m_release *r, ls_s_release *rs, ls_u32 source) {
    rs->since = c->now;
    rs->left--;
    if (LS_LIKELY(rs->left > 0)) {
        const ls_i64 total = ls_round_us(ls_draw(c, r->stream, r->every));
        ls_source_set(c, source, c->now + total);
        rs->total = total;
    } else {
        rs->total = LS_NEVER;
        ls_source_set(c, source, LS_NEVER);
    }
}

// The release source: lots now, and the time of the next.
LS_HOT void ls_release_event(ls_ctx *c, ls_u32 release) {
    const ls_m_release *r = c->releases + release;
    ls_s_release *rs = c->release + release;
    const ls_u32 source = c->m->source_release + release;
    if (LS_UNLIKELY(r->kind != LS_RELEASE_EVERY)) {
        ls_release_other(c, release);
        return;
    }
    ls_release_next(c, r, rs, source);
    for (ls_u32 i = 0; i < r->lots && c->s->stopped == 0; i++) {
        ls_release_one(c, release, r->step, LS_NEVER, r->priority);
    }
}
