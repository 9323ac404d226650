// why.c - see why.h. What is short, and who holds it; why_when.c says when, why_help.c what helps.
#include "pool/why.h"

#include <assert.h>
#include <string.h>

#include "pool/why_inside.h"

// ---- limits

uint64_t ls_why_over_limit(const ls_scheduler *s, uint32_t account, uint32_t kind, uint64_t milli,
                           bool *out_of_kind) {
    const uint32_t kinds = s->cluster->kind_count;
    const uint64_t of_kind = ls_shares_limit(s->shares, account, kind);
    const uint64_t of_any = ls_shares_limit(s->shares, account, kinds);
    const uint64_t here = ls_shares_counted(s->shares, account, kind) + milli;
    const uint64_t all = ls_shares_counted(s->shares, account, kinds) + milli;
    const uint64_t over_kind = of_kind != UINT64_MAX && here > of_kind ? here - of_kind : 0;
    const uint64_t over_all = of_any != UINT64_MAX && all > of_any ? all - of_any : 0;
    *out_of_kind = over_kind > over_all;
    return over_kind > over_all ? over_kind : over_all;
}

// The limit that keeps the job from all of its kinds: of the first of them.
static void tell_limit(const ls_scheduler *s, uint32_t account, ls_why *out) {
    const ls_pool_job *j = s->jobs + out->job;
    uint32_t kind = 0;
    while (ls_shares_limited(s->shares, j->request.account, kind, out->need_milli) != account ||
           ((j->request.shape.kinds >> kind) & 1) == 0) {
        kind++;
        assert(kind < s->cluster->kind_count);
    }
    bool of_kind = false;
    out->what = LS_SHORT_LIMIT;
    out->account = account;
    (void)ls_why_over_limit(s, account, kind, out->need_milli, &of_kind);
    out->kind = of_kind ? kind : LS_POOL_NONE;
    const uint32_t at = of_kind ? kind : s->cluster->kind_count;
    const uint64_t counted = ls_shares_counted(s->shares, account, at);
    out->most_milli = ls_shares_limit(s->shares, account, at);
    out->free_milli = out->most_milli > counted ? out->most_milli - counted : 0;
}

// ---- places

bool ls_why_find(ls_scheduler *s, uint32_t job, const ls_shape *shape, int64_t until_us) {
    if (!ls_grow(&s->places, &s->places_room, sizeof *s->places, shape->parts)) {
        return false;
    }
    return ls_scheduler_find_now(s, job, *shape, until_us);
}

// A place is there but for what is kept: for whom, and from when on.
static void tell_kept(const ls_scheduler *s, int64_t until_us, ls_why *out) {
    const ls_shape *shape = &s->jobs[out->job].request.shape;
    out->what = LS_SHORT_PROMISED;
    out->from_us = INT64_MAX;
    for (uint32_t i = 0; i < shape->parts; i++) {
        const uint32_t at = s->nodes[s->places[i].node].reserved;
        const ls_reserved *r = at != LS_POOL_NONE ? s->reserved + at : NULL;
        if (r != NULL && r->job != out->job && r->from_us < until_us && r->from_us < out->from_us) {
            out->from_us = r->from_us;
            out->for_job = r->job;
            out->what = LS_SHORT_PROMISED;
            out->until_us = INT64_MAX;
            out->reservation = LS_POOL_NONE;
        }
        const uint32_t k = ls_booked_from(s, s->places[i].node, out->job, s->now_us, until_us);
        if (k != LS_POOL_NONE && s->booked[k].from_us < out->from_us) {
            out->what = LS_SHORT_RESERVED;
            out->for_job = LS_POOL_NONE;
            out->from_us = s->booked[k].from_us;
            out->until_us = s->booked[k].until_us;
            out->reservation = s->booked[k].number;
        }
    }
}

// GPUs of these kinds that are free on nodes that are up.
static uint64_t free_of(const ls_scheduler *s, uint32_t kinds) {
    uint64_t milli = 0;
    for (uint32_t n = 0; n < s->cluster->node_count; n++) {
        const uint32_t kind = s->cluster->nodes[n].kind;
        if (kind != LS_POOL_NONE && ((kinds >> kind) & 1) != 0 &&
            ls_occupancy_state(s->occupancy, n) == LS_NODE_UP) {
            milli += ls_occupancy_node(s->occupancy, n).milli;
        }
    }
    return milli;
}

// No place: what of?
static ls_status tell_no_place(ls_scheduler *s, const ls_shape *shape, uint32_t limit, ls_why *out,
                               ls_error *err) {
    ls_occupancy *bare = NULL;
    const ls_status status = ls_why_bare(s, &bare, err);
    if (status != LS_OK) {
        return status;
    }
    const bool ever = ls_scheduler_find(s, bare, *shape, INT64_MIN);
    const bool was_short = ls_occupancy_was_short(bare);
    ls_occupancy_free(bare);
    if (was_short) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_shape loose = *shape;
    loose.must = false;
    out->free_milli = free_of(s, shape->kinds);
    if (!ever && limit != LS_POOL_NONE) {  // it would fit on other kinds
        tell_limit(s, limit, out);
    } else if (!ever) {
        out->what = LS_SHORT_UP;
    } else if (out->free_milli < out->need_milli) {
        out->what = LS_SHORT_GPUS;
    } else if (shape->must && shape->within != LS_POOL_ANYWHERE &&
               ls_why_find(s, out->job, &loose, INT64_MIN)) {
        out->what = LS_SHORT_UNIT;
        out->level = shape->within;
    } else {
        out->what = LS_SHORT_NODES;
    }
    return LS_OK;
}

static ls_status tell_short(ls_scheduler *s, ls_why *out, ls_error *err) {
    const ls_pool_job *j = s->jobs + out->job;
    uint32_t limit = LS_POOL_NONE;
    bool part = false;
    if (j->reserved != LS_POOL_NONE && s->reserved[j->reserved].claim) {
        out->what = LS_SHORT_STOPPING;
        return LS_OK;
    }
    const bool found = ls_scheduler_place(s, out->job, &limit, &part);
    if (found) {
        const uint32_t next = ls_waiting_next(ls_scheduler_queues(s, out->job));
        out->what = next == out->job ? LS_SHORT_NOTHING : LS_SHORT_TURN;
        out->for_job = next == out->job ? LS_POOL_NONE : next;
        return LS_OK;
    }
    if (ls_scheduler_has_spent(s, out->job)) {
        out->what = LS_SHORT_BUDGET;
        out->account = limit;
        out->until_us = ls_budgets_month_end_us(s->budgets, s->now_us);
        return LS_OK;
    }
    if (limit != LS_POOL_NONE && !part) {
        tell_limit(s, limit, out);
        return LS_OK;
    }
    ls_shape shape = j->request.shape;
    shape.kinds = ls_scheduler_kinds(s, j, &limit);
    const int64_t until_us = ls_pool_later(s->now_us, j->request.most_us);
    s->power_ignored = true;
    if (s->power_count > 0 && ls_why_find(s, out->job, &shape, until_us)) {
        const uint32_t power = ls_power_short(s, &shape);
        out->what = power != LS_POOL_NONE ? LS_SHORT_POWER : LS_SHORT_NODES;
        out->unit = power != LS_POOL_NONE ? s->power[power].unit : LS_POOL_NONE;
    }
    s->power_ignored = false;
    if (out->what == LS_SHORT_POWER) {
        return LS_OK;
    }
    if (ls_why_find(s, out->job, &shape, INT64_MIN)) {
        tell_kept(s, until_us, out);
        return LS_OK;
    }
    return tell_no_place(s, &shape, limit, out, err);
}

// ---- who holds it

// Does what a job holds stand in the way?
static bool is_in_the_way(const ls_scheduler *s, const ls_why *why, uint32_t job) {
    const ls_pool_job *j = s->jobs + job;
    if (j->kind == LS_POOL_NONE) {
        return false;
    }
    if (why->what == LS_SHORT_LIMIT || why->what == LS_SHORT_BUDGET) {
        return why->kind == LS_POOL_NONE || why->kind == j->kind;
    }
    return ((s->jobs[why->job].request.shape.kinds >> j->kind) & 1) != 0;
}

static ls_why_holder holder_of(const ls_scheduler *s, const ls_why *why, uint32_t leaf) {
    ls_why_holder h = {.account = leaf, .oldest = LS_POOL_NONE, .until_us = INT64_MIN};
    h.borrowed = ls_shares_borrowed(s->shares, leaf);
    for (uint32_t job = s->running[leaf]; job != LS_POOL_NONE; job = s->jobs[job].next_running) {
        const ls_pool_job *j = s->jobs + job;
        if (!is_in_the_way(s, why, job)) {
            continue;
        }
        h.milli += ls_shape_milli(&j->request.shape);
        h.jobs++;
        h.until_us = j->latest_us > h.until_us ? j->latest_us : h.until_us;
        h.oldest = job;  // the latest started comes first
        h.since_us = j->started_us;
    }
    return h;
}

static void tell_holders(const ls_scheduler *s, ls_why *out) {
    const bool by_limit = out->what == LS_SHORT_LIMIT || out->what == LS_SHORT_BUDGET;
    for (uint32_t leaf = 0; leaf < s->def.account_count; leaf++) {
        if (s->running[leaf] == LS_POOL_NONE ||
            (by_limit && ls_shares_meet(s->shares, leaf, out->account) != out->account)) {
            continue;
        }
        const ls_why_holder h = holder_of(s, out, leaf);
        if (h.jobs == 0) {
            continue;
        }
        uint32_t at = out->holder_count;
        while (at > 0 && out->holders[at - 1].milli < h.milli) {
            at--;
        }
        if (at == LS_WHY_HOLDERS_MAX) {
            out->more_holders++;
            continue;
        }
        out->more_holders += out->holder_count == LS_WHY_HOLDERS_MAX;
        out->holder_count += out->holder_count < LS_WHY_HOLDERS_MAX;
        memmove(out->holders + at + 1, out->holders + at,
                (out->holder_count - at - 1) * sizeof *out->holders);
        out->holders[at] = h;
    }
}

// ---- what it is guaranteed

static void tell_guarantee(ls_scheduler *s, ls_why *out) {
    const ls_pool_request *r = &s->jobs[out->job].request;
    for (uint32_t at = r->account; at != 0 && at != LS_POOL_NONE && out->need_milli > 0;
         at = ls_shares_parent(s->shares, at)) {
        if (r->spot) {
            break;  // it is guaranteed nothing
        }
        for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
            if (((r->shape.kinds >> k) & 1) != 0 && out->guarantor == LS_POOL_NONE &&
                ls_shares_borrowed_with(s->shares, at, k, out->need_milli) == 0) {
                out->guarantor = at;
            }
        }
    }
    if (out->guarantor != LS_POOL_NONE && ls_reclaim_would(s, out->job)) {
        out->back_us = ls_pool_later(out->since_us, s->reclaim_us[r->account]);
    }
}

typedef struct ahead {
    const ls_scheduler *s;
    const ls_pool_job *job;
    uint32_t count;
} ahead;

static int64_t due_us(const ls_pool_job *j) {
    return j->request.deadline_us != 0 ? j->request.deadline_us : INT64_MAX;
}

static void count_ahead(void *context, uint32_t slot) {
    ahead *a = context;
    const ls_pool_job *j = a->s->jobs + slot;
    if (j->request.account != a->job->request.account || j == a->job) {
        return;
    }
    if (j->request.priority != a->job->request.priority) {
        a->count += j->request.priority > a->job->request.priority;
    } else if (due_us(j) != due_us(a->job)) {
        a->count += due_us(j) < due_us(a->job);
    } else if (j->submitted_us != a->job->submitted_us) {
        a->count += j->submitted_us < a->job->submitted_us;
    } else {
        a->count += j->number < a->job->number;
    }
}

ls_status ls_why_waits(ls_scheduler *s, uint32_t job, int64_t now_us, ls_why *out, ls_error *err) {
    assert(ls_scheduler_state(s, job) == LS_POOL_JOB_WAITING && now_us >= s->now_us);
    const ls_pool_job *j = s->jobs + job;
    s->now_us = now_us;
    *out = (ls_why){.job = job,
                    .account_of_job = j->request.account,
                    .now_us = now_us,
                    .since_us = j->since_us,
                    .account = LS_POOL_NONE,
                    .kind = LS_POOL_NONE,
                    .for_job = LS_POOL_NONE,
                    .unit = LS_POOL_NONE,
                    .reservation = LS_POOL_NONE,
                    .spot = j->request.spot,
                    .guarantor = LS_POOL_NONE,
                    .need_milli = ls_shape_milli(&j->request.shape),
                    .from_us = INT64_MAX,
                    .until_us = INT64_MAX,
                    .back_us = INT64_MAX,
                    .gave_way_us = j->broken_us,
                    .gave_way_from_us = j->broken_from_us,
                    .gave_way_to = j->broken_for,
                    .expected_us = INT64_MAX};
    ahead a = {.s = s, .job = j};
    ls_waiting_each(ls_scheduler_queues(s, job), count_ahead, &a);
    out->before = a.count;
    ls_status status = tell_short(s, out, err);
    if (status == LS_OK) {
        tell_holders(s, out);
        tell_guarantee(s, out);
        status = ls_why_when(s, out, err);
    }
    status = status == LS_OK ? ls_why_help(s, out, err) : status;
    if (status == LS_OK && ls_occupancy_was_short(s->occupancy)) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    return status;
}
