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
    }
    return status;
}

// Something is over: a job, or what is kept for another one.
typedef struct over {
    int64_t at_us;
    uint32_t job, reserved;  // one of them LS_POOL_NONE
} over;

static int by_time(const void *a, const void *b) {
    const over *x = a, *y = b;
    if (x->at_us != y->at_us) {
        return x->at_us < y->at_us ? -1 : 1;
    }
    if (x->job != y->job) {
        return x->job < y->job ? -1 : 1;
    }
    return x->reserved < y->reserved ? -1 : x->reserved > y->reserved;
}

typedef struct later {
    ls_scheduler *s;
    const ls_pool_job *job;
    ls_occupancy *occupancy;
    over *overs;
    uint32_t count;
    uint64_t *gone;  // by account and kind (the last: all), of jobs that are over
} later;

// When what is kept for a job is free again: it has run there.
static int64_t kept_until(const ls_scheduler *s, const ls_reserved *r) {
    const ls_pool_job *j = s->jobs + r->job;
    const int64_t from_us = r->claim ? j->promised_us : r->from_us;
    return ls_pool_later(from_us > s->now_us ? from_us : s->now_us, j->request.most_us);
}

static void hold(later *l, const ls_reserved *r, int64_t from_us) {
    for (uint32_t i = 0; i < r->count; i++) {
        ls_occupancy_hold(l->occupancy, r->nodes[i], from_us);
    }
}

static bool list_overs(later *l) {
    ls_scheduler *s = l->s;
    l->overs = ls_alloc(((size_t)s->job_count + s->reserved_count + 1) * sizeof *l->overs);
    if (l->overs == NULL) {
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
            l->overs[l->count++] = (over){.at_us = at_us, .job = i, .reserved = LS_POOL_NONE};
        }
    }
    for (uint32_t i = 0; i < s->reserved_count; i++) {
        const ls_reserved *r = s->reserved + i;
        if (r->job == LS_POOL_NONE || s->jobs + r->job == l->job) {
            continue;
        }
        hold(l, r, r->from_us);
        const int64_t at_us = kept_until(s, r);
        if (at_us < INT64_MAX) {
            l->overs[l->count++] = (over){.at_us = at_us, .job = LS_POOL_NONE, .reserved = i};
        }
    }
    qsort(l->overs, l->count, sizeof *l->overs, by_time);
    return true;
}

static void let_go(later *l, const over *o) {
    const ls_scheduler *s = l->s;
    if (o->job == LS_POOL_NONE) {
        hold(l, s->reserved + o->reserved, INT64_MAX);
        return;
    }
    const ls_pool_job *j = s->jobs + o->job;
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
    ls_free(l.gone);
    return status;
}

ls_status ls_why_when(ls_scheduler *s, ls_why *why, ls_error *err) {
    const ls_pool_job *j = s->jobs + why->job;
    if (why->what == LS_SHORT_NOTHING) {
        why->expected = LS_EXPECTED_NOW;
        why->expected_us = s->now_us;
        return LS_OK;
    }
    if (j->reserved != LS_POOL_NONE) {
        why->expected = s->reserved[j->reserved].claim ? LS_EXPECTED_STOPS : LS_EXPECTED_PROMISE;
        why->expected_us = j->promised_us > s->now_us ? j->promised_us : s->now_us;
        return LS_OK;
    }
    if (why->what == LS_SHORT_BUDGET) {
        why->expected = LS_EXPECTED_MONTH;
        why->expected_us = why->until_us;
        return LS_OK;
    }
    int64_t planned_us = INT64_MAX;
    const ls_status status = plan_time(s, why->job, &planned_us, err);
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
