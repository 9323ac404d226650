// move.c - running jobs are moved, so that what is free in bits makes a place.
#include "pool/scheduler_inside.h"

enum { HEADS_MAX = 64 };

// It waits for nothing but a place, and has for some time.
static bool may_ask(ls_scheduler *s, uint32_t job) {
    const ls_pool_job *j = s->jobs + job;
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    uint32_t limit = LS_POOL_NONE;
    const bool claims = j->reserved != LS_POOL_NONE && s->reserved[j->reserved].claim;
    return milli > 0 && !claims && !j->in_vain && s->now_us - j->since_us >= LS_MOVE_WAITED_US &&
           s->now_us >= j->moves_us && ls_occupancy_free_milli(s->occupancy) >= milli &&
           ls_scheduler_kinds(s, j, &limit) != 0;
}

// Each of the victims has a place now, and none on the nodes that are planned.
static bool have_places(ls_scheduler *s, uint32_t used) {
    const uint32_t count = s->victim_count;
    if (!ls_grow(&s->moved, &s->moved_room, sizeof *s->moved, count)) {
        s->out_of_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < used; i++) {
        ls_occupancy_hold(s->occupancy, s->plan[i].node, INT64_MIN);
    }
    uint32_t found = 0;
    while (found < count) {
        const ls_pool_request *r = &s->jobs[s->victims[found]].request;
        const int64_t from_us = ls_pool_later(s->now_us, r->stop_us);
        if (!ls_scheduler_find(s, s->occupancy, r->shape, ls_pool_later(from_us, r->most_us))) {
            break;
        }
        s->moved[found] = s->places[0];
        ls_occupancy_take(s->occupancy, &r->shape, s->moved + found, 1);
        found++;
    }
    for (uint32_t i = found; i-- > 0;) {
        ls_occupancy_give(s->occupancy, &s->jobs[s->victims[i]].request.shape, s->moved + i, 1);
    }
    for (uint32_t i = 0; i < used; i++) {
        ls_occupancy_hold(s->occupancy, s->plan[i].node,
                          ls_booked_hold_us(s, s->plan[i].node, LS_POOL_NONE));
    }
    return found == count;
}

// A place for one part that breaks no limit of power, into s->places.
static bool find_powered(ls_scheduler *s, const ls_shape *shape, int64_t until_us) {
    bool found = ls_scheduler_find(s, s->occupancy, *shape, until_us);
    uint32_t power = found ? ls_power_short(s, shape) : LS_POOL_NONE;
    while (power != LS_POOL_NONE) {
        ls_power_leave_out(s, power, true);
        found = ls_scheduler_find(s, s->occupancy, *shape, until_us);
        power = found ? ls_power_short(s, shape) : LS_POOL_NONE;
    }
    for (uint32_t i = 0; i < s->power_count; i++) {
        if (s->power[i].out) {
            ls_power_leave_out(s, i, false);
        }
    }
    return found;
}

static void hold_planned(ls_scheduler *s, uint32_t used, bool hold) {
    for (uint32_t i = 0; i < used; i++) {
        const uint32_t node = s->plan[i].node;
        ls_occupancy_hold(s->occupancy, node,
                          hold ? INT64_MIN : ls_booked_hold_us(s, node, LS_POOL_NONE));
    }
}

// The part of a victim, or where it would go, counts, or no longer.
static void count_part(ls_scheduler *s, const ls_shape *shape, const ls_pool_share *share,
                       bool there) {
    if (there) {
        ls_occupancy_take(s->occupancy, shape, share, 1);
    } else {
        ls_occupancy_give(s->occupancy, shape, share, 1);
    }
    ls_power_changed(s, share->node);
}

// The same under limits of power: when the victims are gone each has another place, and then the
// job has one too.
static bool have_powered_places(ls_scheduler *s, uint32_t job, uint32_t kind, uint32_t used) {
    const uint32_t count = s->victim_count;
    if (!ls_grow(&s->moved, &s->moved_room, sizeof *s->moved, count)) {
        s->out_of_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const ls_pool_job *v = s->jobs + s->victims[i];
        count_part(s, &v->request.shape, v->shares, false);
    }
    uint32_t found = 0;
    while (found < count) {
        const ls_pool_request *r = &s->jobs[s->victims[found]].request;
        const int64_t from_us = ls_pool_later(s->now_us, r->stop_us);
        hold_planned(s, used, true);
        if (!find_powered(s, &r->shape, ls_pool_later(from_us, r->most_us))) {
            break;
        }
        s->moved[found] = s->places[0];
        count_part(s, &r->shape, s->moved + found, true);
        found++;
    }
    hold_planned(s, used, false);
    ls_shape shape = s->jobs[job].request.shape;
    shape.kinds = (uint32_t)1 << kind;
    const int64_t until_us = ls_pool_later(s->now_us, s->jobs[job].request.most_us);
    const bool good = found == count && ls_scheduler_find_now(s, job, shape, until_us);
    for (uint32_t i = found; i-- > 0;) {
        count_part(s, &s->jobs[s->victims[i]].request.shape, s->moved + i, false);
    }
    for (uint32_t i = count; i-- > 0;) {
        const ls_pool_job *v = s->jobs + s->victims[i];
        count_part(s, &v->request.shape, v->shares, true);
    }
    return good;
}

static bool move_for(ls_scheduler *s, uint32_t job) {
    const ls_pool_job *j = s->jobs + job;
    uint32_t limit = LS_POOL_NONE;
    const uint32_t kinds = ls_scheduler_kinds(s, j, &limit);
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        uint32_t used = 0;
        if (((kinds >> k) & 1) == 0 || !ls_victims_find(s, job, k, LS_GIVE_MOVED, &used)) {
            continue;
        }
        if (s->power_count > 0 ? have_powered_places(s, job, k, used) : have_places(s, used)) {
            return ls_reclaim_claim(s, job, k, used, true);
        }
        ls_victims_again(s);
    }
    return false;
}

// The first who may ask, from the leaf on at which the last search ended.
static uint32_t who_asks(ls_scheduler *s) {
    const uint32_t accounts = s->def.account_count;
    for (uint32_t i = 0; i < accounts; i++) {
        const uint32_t leaf = s->move_leaf;
        uint32_t heads[HEADS_MAX];
        const bool some = ls_shares_children(s->shares, leaf) == 0 &&
                          ls_waiting_any(s->waiting, leaf);
        const uint32_t count = some ? ls_waiting_heads(s->waiting, leaf, heads, HEADS_MAX) : 0;
        for (uint32_t h = 0; h < count; h++) {
            if (may_ask(s, heads[h])) {
                return heads[h];
            }
        }
        s->move_leaf = leaf + 1 < accounts ? leaf + 1 : 0;
    }
    return LS_POOL_NONE;
}

void ls_move(ls_scheduler *s) {
    if (!s->move_due || s->def.no_moves || s->now_us < s->move_us) {
        return;
    }
    s->move_due = false;
    const uint32_t job = who_asks(s);
    if (job == LS_POOL_NONE) {
        return;
    }
    if (move_for(s, job)) {
        s->move_pause_us = 0;
        return;
    }
    s->jobs[job].moves_us = ls_pool_later(s->now_us, LS_MOVE_PAUSE_US);
    s->move_pause_us = s->move_pause_us == 0 ? LS_RECLAIM_TICK_US : 2 * s->move_pause_us;
    s->move_pause_us = s->move_pause_us < LS_MOVE_PAUSE_US ? s->move_pause_us : LS_MOVE_PAUSE_US;
    s->move_us = ls_pool_later(s->now_us, s->move_pause_us);
}
