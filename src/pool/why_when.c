// why_when.c - when a job that waits is expected: the pool goes on without new jobs, and everything
// in it takes its longest time.
#include <stdlib.h>

#include "pool/why_inside.h"

ls_status ls_why_bare(const ls_scheduler *s, ls_occupancy **out, ls_error *err) {
    const ls_status status = ls_occupancy_new(s->cluster, LS_PLACE_OWN, NULL, 0, out, err);
    for (uint32_t n = 0; status == LS_OK && n < s->cluster->node_count; n++) {
        const ls_node_state state = ls_occupancy_state(s->occupancy, n);
        if (state != LS_NODE_UP) {
            ls_occupancy_set_state(*out, n, state);
        }
        for (uint32_t gpus = ls_occupancy_out(s->occupancy, n); gpus != 0; gpus &= gpus - 1) {
            ls_occupancy_set_gpu(*out, n, (uint32_t)__builtin_ctz(gpus), false);
        }
    }
    return status;
}

// Something is over: a job, what is kept for another one, a reservation.
typedef enum over_what { JOB_OVER, RESERVED_OVER, BOOKED_OVER } over_what;

typedef struct over {
    int64_t at_us;
    over_what what;
    uint32_t which;
} over;

static int by_time(const void *a, const void *b) {
    const over *x = a, *y = b;
    if (x->at_us != y->at_us) {
        return x->at_us < y->at_us ? -1 : 1;
    }
    if (x->what != y->what) {
        return x->what < y->what ? -1 : 1;
    }
    return x->which < y->which ? -1 : x->which > y->which;
}

typedef struct later {
    ls_scheduler *s;
    const ls_pool_job *job;
    ls_occupancy *occupancy;
    over *overs;
    uint32_t count;
    uint64_t *gone;  // by account and kind (the last: all), of jobs that are over
    bool *reserved_over, *booked_over;
} later;

// When what is kept is free again: whoever it is kept for has run there.
static int64_t kept_until(const ls_scheduler *s, const ls_reserved *r) {
    int64_t last_us = INT64_MIN;
    for (uint32_t job = r->job; job != LS_POOL_NONE; job = s->jobs[job].next_claim) {
        const ls_pool_job *j = s->jobs + job;
        const int64_t from_us = r->claim ? j->promised_us : r->from_us;
        const int64_t until_us = ls_pool_later(from_us > s->now_us ? from_us : s->now_us,
                                               j->request.most_us);
        last_us = until_us > last_us ? until_us : last_us;
    }
    return last_us;
}

// The node is kept from the job by what is kept for others, while that is not over, and by
// reservations.
static void hold(later *l, uint32_t node) {
    const ls_scheduler *s = l->s;
    const uint32_t at = s->nodes[node].reserved;
    const uint32_t job = (uint32_t)(l->job - s->jobs);
    int64_t held_us = INT64_MAX;
    if (at != LS_POOL_NONE && l->job->reserved != at && !l->reserved_over[at]) {
        held_us = s->reserved[at].from_us;
    }
    for (uint32_t i = 0; i < s->booked_count; i++) {
        const ls_booked *k = s->booked + i;
        if (!l->booked_over[i] && node >= k->node_at && node - k->node_at < k->node_count &&
            k->from_us < held_us && ls_booked_bars(s, i, job)) {
            held_us = k->from_us;
        }
    }
    ls_occupancy_hold(l->occupancy, node, held_us);
}

static void hold_reserved(later *l, uint32_t reserved, bool is_over) {
    const ls_reserved *r = l->s->reserved + reserved;
    l->reserved_over[reserved] = is_over;
    for (uint32_t i = 0; i < r->count; i++) {
        hold(l, r->nodes[i]);
    }
}

static void hold_booked(later *l, uint32_t kept, bool is_over) {
    const ls_booked *k = l->s->booked + kept;
    l->booked_over[kept] = is_over;
    for (uint32_t n = k->node_at; n < k->node_at + k->node_count; n++) {
        hold(l, n);
    }
}

static bool list_overs(later *l) {
    ls_scheduler *s = l->s;
    const size_t most = (size_t)s->job_count + s->reserved_count + s->booked_count + 1;
    l->overs = ls_alloc(most * sizeof *l->overs);
    l->reserved_over = ls_alloc(((size_t)s->reserved_count + 1) * sizeof *l->reserved_over);
    l->booked_over = ls_alloc(((size_t)s->booked_count + 1) * sizeof *l->booked_over);
    if (l->overs == NULL || l->reserved_over == NULL || l->booked_over == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < s->job_count; i++) {
        const ls_pool_job *j = s->jobs + i;
        if (j->shares == NULL) {
            continue;
        }
        ls_occupancy_take(l->occupancy, &j->request.shape, j->shares, j->request.shape.parts);
        const int64_t at_us = j->latest_us > s->now_us ? j->latest_us : s->now_us;
        if (at_us < INT64_MAX) {
            l->overs[l->count++] = (over){.at_us = at_us, .what = JOB_OVER, .which = i};
        }
    }
    for (uint32_t i = 0; i < s->reserved_count; i++) {
        const ls_reserved *r = s->reserved + i;
        if (r->job == LS_POOL_NONE || l->job->reserved == i) {
            continue;
        }
        hold_reserved(l, i, false);
        const int64_t at_us = kept_until(s, r);
        if (at_us < INT64_MAX) {
            l->overs[l->count++] = (over){.at_us = at_us, .what = RESERVED_OVER, .which = i};
        }
    }
    for (uint32_t i = 0; i < s->booked_count; i++) {
        hold_booked(l, i, false);
        if (s->booked[i].until_us < INT64_MAX) {
            l->overs[l->count++] = (over){
                .at_us = s->booked[i].until_us, .what = BOOKED_OVER, .which = i};
        }
    }
    qsort(l->overs, l->count, sizeof *l->overs, by_time);
    return true;
}

static void let_go(later *l, const over *o) {
    const ls_scheduler *s = l->s;
    if (o->what == RESERVED_OVER) {
        hold_reserved(l, o->which, true);
        return;
    }
    if (o->what == BOOKED_OVER) {
        hold_booked(l, o->which, true);
        return;
    }
    const ls_pool_job *j = s->jobs + o->which;
    const uint32_t wide = s->cluster->kind_count + 1;
    ls_occupancy_give(l->occupancy, &j->request.shape, j->shares, j->request.shape.parts);
    for (uint32_t at = j->request.account; j->kind != LS_POOL_NONE && at != LS_POOL_NONE;
         at = ls_shares_parent(s->shares, at)) {
        l->gone[(size_t)at * wide + j->kind] += ls_shape_milli(&j->request.shape);
        l->gone[(size_t)at * wide + wide - 1] += ls_shape_milli(&j->request.shape);
    }
}

// The limits allow it some kinds by now: which.
static uint32_t kinds_by_now(const later *l) {
    const ls_scheduler *s = l->s;
    const ls_pool_request *r = &l->job->request;
    const uint64_t milli = ls_shape_milli(&r->shape);
    const uint32_t wide = s->cluster->kind_count + 1;
    uint32_t kinds = r->shape.kinds;
    for (uint32_t at = r->account; milli > 0 && at != LS_POOL_NONE;
         at = ls_shares_parent(s->shares, at)) {
        const uint64_t *gone = l->gone + (size_t)at * wide;
        const uint64_t any = ls_shares_limit(s->shares, at, wide - 1);
        const uint64_t all = ls_shares_counted(s->shares, at, wide - 1) + milli - gone[wide - 1];
        for (uint32_t k = 0; k + 1 < wide; k++) {
            const uint64_t most = ls_shares_limit(s->shares, at, k);
            const uint64_t here = ls_shares_counted(s->shares, at, k) + milli - gone[k];
            if ((most != UINT64_MAX && here > most) || (any != UINT64_MAX && all > any)) {
                kinds &= ~((uint32_t)1 << k);
            }
        }
    }
    return kinds;
}

static bool fits_by_now(later *l, int64_t at_us) {
    ls_shape shape = l->job->request.shape;
    if (shape.kinds != 0) {
        shape.kinds = kinds_by_now(l);
        if (shape.kinds == 0) {
            return false;
        }
    }
    return ls_scheduler_find(l->s, l->occupancy, shape,
                             ls_pool_later(at_us, l->job->request.most_us));
}

// The first time at which a place is there; INT64_MAX: none is known.
static int64_t plan(later *l) {
    const uint32_t stride = 1 + l->count / LS_WHY_STEPS;
    for (uint32_t i = 0; i < l->count;) {
        const uint32_t first = i;
        while (i < l->count && (i - first < stride || l->overs[i].at_us == l->overs[i - 1].at_us)) {
            let_go(l, l->overs + i++);
        }
        if (fits_by_now(l, l->overs[i - 1].at_us)) {
            return l->overs[i - 1].at_us;
        }
    }
    return INT64_MAX;
}

static ls_status plan_time(ls_scheduler *s, uint32_t job, int64_t *out_us, ls_error *err) {
    later l = {.s = s, .job = s->jobs + job};
    const size_t cells = (size_t)s->def.account_count * (s->cluster->kind_count + 1);
    l.gone = ls_alloc(cells * sizeof *l.gone);
    ls_status status = ls_why_bare(s, &l.occupancy, err);
    if (status == LS_OK && (l.gone == NULL || !list_overs(&l))) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (status == LS_OK) {
        *out_us = plan(&l);
    }
    ls_occupancy_free(l.occupancy);
    ls_free(l.overs);
    ls_free(l.reserved_over);
    ls_free(l.booked_over);
    ls_free(l.gone);
    return status;
}

// It would borrow in its own account, and another has room in its guarantee for a GPU of its kind.
static bool may_give_way(const ls_scheduler *s, const ls_why *why) {
    const ls_reserved *r = s->reserved + s->jobs[why->job].reserved;
    bool may = false;
    for (uint32_t at = 1; at < s->def.account_count && why->guarantor != why->account_of_job;
         at++) {
        for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
            may |= (r->kind == k || r->kind == LS_POOL_NONE) && at != why->account_of_job &&
                   ls_shares_room(s->shares, at, k) > 0;
        }
    }
    return may;
}

ls_status ls_why_when(ls_scheduler *s, ls_why *why, ls_error *err) {
    const ls_pool_job *j = s->jobs + why->job;
    if (why->what == LS_SHORT_NOTHING) {
        why->expected = LS_EXPECTED_NOW;
        why->expected_us = s->now_us;
        return LS_OK;
    }
    const bool claims = j->reserved != LS_POOL_NONE && s->reserved[j->reserved].claim;
    if (j->reserved != LS_POOL_NONE &&
        (claims || why->back_us < s->now_us || why->back_us >= j->promised_us)) {
        why->expected = claims ? LS_EXPECTED_STOPS : LS_EXPECTED_PROMISE;
        why->expected_us = j->promised_us > s->now_us ? j->promised_us : s->now_us;
        why->may_give_way = why->expected == LS_EXPECTED_PROMISE && may_give_way(s, why);
        return LS_OK;
    }
    if (why->what == LS_SHORT_BUDGET) {
        why->expected = LS_EXPECTED_MONTH;
        why->expected_us = why->until_us;
        return LS_OK;
    }
    if (why->what == LS_SHORT_POWER) {  // who will have it then is not known
        return LS_OK;
    }
    int64_t planned_us = j->reserved != LS_POOL_NONE ? j->promised_us : INT64_MAX;
    const ls_status status = j->reserved != LS_POOL_NONE ? LS_OK
                                                         : plan_time(s, why->job, &planned_us, err);
    if (status != LS_OK) {
        return status;
    }
    const bool back = why->back_us >= s->now_us && why->back_us < planned_us;
    why->expected_us = back ? why->back_us : planned_us;
    why->expected = back                      ? LS_EXPECTED_RECLAIM
                    : planned_us == INT64_MAX ? LS_EXPECTED_UNKNOWN
                                              : LS_EXPECTED_PLAN;
    return LS_OK;
}
