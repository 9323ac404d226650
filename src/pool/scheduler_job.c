// scheduler_job.c - jobs take their places and leave them.
#include <assert.h>
#include <string.h>

#include "pool/scheduler_inside.h"

static bool push_act(ls_scheduler *s, const ls_pool_act *act) {
    if (s->acts_taken) {
        s->acts_taken = false;
        s->act_count = 0;
    }
    if (!ls_grow(&s->acts, &s->act_room, sizeof *s->acts, s->act_count + 1)) {
        s->out_of_memory = true;
        return false;
    }
    s->acts[s->act_count++] = *act;
    return true;
}

void ls_scheduler_open(ls_scheduler *s) {
    ls_waiting_open(s->waiting, NULL, NULL);
    ls_waiting_open(s->spots, NULL, NULL);
}

void ls_scheduler_fell(ls_scheduler *s, uint32_t account) {
    ls_waiting_fell(s->waiting, account);
    ls_waiting_fell(s->spots, account);
}

uint32_t ls_scheduler_kinds(const ls_scheduler *s, const ls_pool_job *j, uint32_t *out_limit) {
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    uint32_t kinds = 0;
    *out_limit = LS_POOL_NONE;
    if (s->budgets != NULL && milli > 0) {
        *out_limit = ls_budgets_spent(s->budgets, s->now_us, j->request.account);
        if (*out_limit != LS_POOL_NONE) {
            return 0;
        }
    }
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        if (((j->request.shape.kinds >> k) & 1) == 0) {
            continue;
        }
        const uint32_t limit = ls_shares_limited(s->shares, j->request.account, k, milli);
        if (limit == LS_POOL_NONE) {
            kinds |= (uint32_t)1 << k;
        } else if (*out_limit == LS_POOL_NONE ||
                   ls_shares_depth(s->shares, limit) < ls_shares_depth(s->shares, *out_limit)) {
            *out_limit = limit;
        }
    }
    return kinds;
}

bool ls_scheduler_has_spent(const ls_scheduler *s, uint32_t job) {
    const ls_pool_request *r = &s->jobs[job].request;
    return s->budgets != NULL && ls_shape_milli(&r->shape) > 0 &&
           ls_budgets_spent(s->budgets, s->now_us, r->account) != LS_POOL_NONE;
}

static bool find(ls_scheduler *s, ls_occupancy *o, ls_shape shape, int64_t until_us,
                 const ls_pool_kept *own) {
    const uint32_t kinds = shape.kinds;
    if (shape.parts == 1 || (kinds & (kinds - 1)) == 0) {
        return ls_occupancy_find_kept(o, &shape, until_us, own, s->places);
    }
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        shape.kinds = kinds & ((uint32_t)1 << k);
        if (shape.kinds != 0 && ls_occupancy_find_kept(o, &shape, until_us, own, s->places)) {
            return true;
        }
    }
    return false;
}

bool ls_scheduler_find(ls_scheduler *s, ls_occupancy *o, ls_shape shape, int64_t until_us) {
    return find(s, o, shape, until_us, NULL);
}

// Units whose limit of power the place would break are left out one after another.
static bool find_powered(ls_scheduler *s, ls_shape shape, int64_t until_us) {
    bool found = false;
    for (;;) {
        found = find(s, s->occupancy, shape, until_us, NULL);
        const uint32_t power = found ? ls_power_short(s, &shape) : LS_POOL_NONE;
        if (power == LS_POOL_NONE) {
            break;
        }
        ls_power_leave_out(s, power, true);
    }
    for (uint32_t i = 0; i < s->power_count; i++) {
        if (s->power[i].out) {
            ls_power_leave_out(s, i, false);
        }
    }
    return found;
}

bool ls_scheduler_find_now(ls_scheduler *s, uint32_t job, ls_shape shape, int64_t until_us) {
    const uint32_t reserved = s->jobs[job].reserved;
    const bool powers = s->power_count > 0 && !s->power_ignored && until_us != INT64_MIN;
    if (s->booked_count > 0 || powers) {
        ls_reserve_show(s, job, false);
        const bool found = powers ? find_powered(s, shape, until_us)
                                  : find(s, s->occupancy, shape, until_us, NULL);
        ls_reserve_show(s, job, true);
        return found;
    }
    if (reserved == LS_POOL_NONE) {
        return find(s, s->occupancy, shape, until_us, NULL);
    }
    const ls_reserved *r = s->reserved + reserved;
    const ls_pool_kept own = {.nodes = r->nodes, .count = r->count, .from_us = r->from_us};
    return find(s, s->occupancy, shape, until_us, &own);
}

bool ls_scheduler_place(ls_scheduler *s, uint32_t job, uint32_t *out_limit, bool *out_part) {
    const ls_pool_job *j = s->jobs + job;
    ls_shape shape = j->request.shape;
    const ls_reserved *own = j->reserved != LS_POOL_NONE ? s->reserved + j->reserved : NULL;
    if (own != NULL && own->claim) {  // it counts already
        ls_shares_remove(s->shares, j->request.account, own->kind, ls_shape_milli(&shape));
    }
    shape.kinds = ls_scheduler_kinds(s, j, out_limit);
    if (own != NULL && own->claim) {
        ls_shares_add(s->shares, j->request.account, own->kind, ls_shape_milli(&shape));
    }
    *out_part = shape.kinds != 0 && *out_limit != LS_POOL_NONE;
    if (shape.kinds == 0 && j->request.shape.kinds != 0) {
        return false;
    }
    const int64_t until_us = ls_pool_later(s->now_us, j->request.most_us);
    if (!ls_room_may(s, &j->request.shape, job, until_us)) {
        return false;
    }
    return ls_scheduler_find_now(s, job, shape, until_us);
}

// ---- the lists of what runs on a node

// One more stands before those that are noted.
static void note_tenant(ls_node_parts *n, uint32_t lender) {
    n->more_tenants |= n->tenant_count == LS_TENANTS;
    n->tenant_count = (uint8_t)(n->tenant_count < LS_TENANTS ? n->tenant_count + 1 : LS_TENANTS);
    for (uint32_t i = n->tenant_count - 1u; i > 0; i--) {
        n->tenants[i] = n->tenants[i - 1];
    }
    n->tenants[0] = lender;
}

// Notes the lenders of what is on a node.
static void note_tenants(ls_scheduler *s, ls_node_parts *n) {
    uint32_t job = n->first_job;
    uint32_t part = n->first_part;
    n->tenant_count = 0;
    while (job != LS_POOL_NONE && n->tenant_count < LS_TENANTS) {
        const ls_pool_job *j = s->jobs + job;
        n->tenants[n->tenant_count++] = ls_scheduler_lender(s, job);
        const ls_pool_link *link = j->links + part;
        job = link->next_job;
        part = link->next_part;
    }
    n->more_tenants = job != LS_POOL_NONE;
}

static void link_part(ls_scheduler *s, uint32_t job, uint32_t part) {
    ls_pool_job *j = s->jobs + job;
    ls_node_parts *n = s->nodes + j->shares[part].node;
    j->links[part] = (ls_pool_link){.next_job = n->first_job,
                                    .next_part = n->first_part,
                                    .prev_job = LS_POOL_NONE,
                                    .prev_part = LS_POOL_NONE};
    if (n->first_job != LS_POOL_NONE) {
        ls_pool_link *next = s->jobs[n->first_job].links + n->first_part;
        next->prev_job = job;
        next->prev_part = part;
    }
    n->first_job = job;
    n->first_part = part;
    int64_t *latest_us = s->latest_us + j->shares[part].node;
    *latest_us = j->latest_us > *latest_us ? j->latest_us : *latest_us;
    n->plain += j->shares[part].gpus == 0;
    note_tenant(n, ls_scheduler_lender(s, job));
}

void ls_scheduler_latest(ls_scheduler *s, uint32_t node) {
    int64_t latest_us = INT64_MIN;
    uint32_t job = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    while (job != LS_POOL_NONE) {
        const ls_pool_job *j = s->jobs + job;
        latest_us = j->latest_us > latest_us ? j->latest_us : latest_us;
        const ls_pool_link *link = j->links + part;
        job = link->next_job;
        part = link->next_part;
    }
    s->latest_us[node] = latest_us;
}

static void unlink_part(ls_scheduler *s, uint32_t job, uint32_t part) {
    const ls_pool_job *j = s->jobs + job;
    const ls_pool_link *link = j->links + part;
    ls_node_parts *n = s->nodes + j->shares[part].node;
    if (link->prev_job != LS_POOL_NONE) {
        ls_pool_link *prev = s->jobs[link->prev_job].links + link->prev_part;
        prev->next_job = link->next_job;
        prev->next_part = link->next_part;
    } else {
        n->first_job = link->next_job;
        n->first_part = link->next_part;
    }
    if (link->next_job != LS_POOL_NONE) {
        ls_pool_link *next = s->jobs[link->next_job].links + link->next_part;
        next->prev_job = link->prev_job;
        next->prev_part = link->prev_part;
    }
    n->plain -= j->shares[part].gpus == 0;
    note_tenants(s, n);
    if (s->latest_us[j->shares[part].node] == j->latest_us) {
        ls_scheduler_latest(s, j->shares[part].node);
    }
}

// ---- what runs of a lender

static void list_running(ls_scheduler *s, uint32_t job) {
    ls_pool_job *j = s->jobs + job;
    uint32_t *first = s->running + ls_scheduler_lender(s, job);
    j->prev_running = LS_POOL_NONE;
    j->next_running = *first;
    if (*first != LS_POOL_NONE) {
        s->jobs[*first].prev_running = job;
    }
    *first = job;
}

static void unlist_running(ls_scheduler *s, uint32_t job) {
    const ls_pool_job *j = s->jobs + job;
    if (j->prev_running != LS_POOL_NONE) {
        s->jobs[j->prev_running].next_running = j->next_running;
    } else {
        s->running[ls_scheduler_lender(s, job)] = j->next_running;
    }
    if (j->next_running != LS_POOL_NONE) {
        s->jobs[j->next_running].prev_running = j->prev_running;
    }
}

// ---- start, stop, leave

// A running spot job is in the books, or no longer; one that stops is in those of its limits alone.
static void count_spot(ls_scheduler *s, const ls_pool_job *j, bool runs) {
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    s->spot_count += runs ? 1 : UINT32_MAX;
    if (milli > 0) {
        s->spot_milli[j->kind] += runs ? milli : 0 - milli;
    }
}

// What a job that starts holds counts from now on.
static void count_in(ls_scheduler *s, const ls_pool_job *j) {
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    ls_shares_add(s->shares, j->request.account, j->kind, milli);
    if (j->request.spot) {
        ls_shares_leave(s->shares, j->request.account, j->kind, milli);
        ls_shares_add(s->spot_shares, j->request.account, j->kind, milli);
        count_spot(s, j, true);
    }
}

// What a job that is over held.
static void count_out(ls_scheduler *s, const ls_pool_job *j) {
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    if (j->request.spot) {
        ls_shares_gone(s->shares, j->request.account, j->kind, milli);
        ls_shares_remove(s->spot_shares, j->request.account, j->kind, milli);
        if (j->state == LS_POOL_JOB_RUNNING) {
            count_spot(s, j, false);
        }
    } else if (j->state == LS_POOL_JOB_RUNNING) {
        ls_shares_remove(s->shares, j->request.account, j->kind, milli);
    } else {
        ls_shares_gone(s->shares, j->request.account, j->kind, milli);
    }
}

bool ls_scheduler_start(ls_scheduler *s, uint32_t job, ls_pool_why why) {
    ls_pool_job *j = s->jobs + job;
    const uint32_t parts = j->request.shape.parts;
    assert(j->state == LS_POOL_JOB_WAITING);
    char *block = ls_alloc(parts * (sizeof *j->shares + sizeof *j->links));
    const ls_pool_act act = {
        .kind = LS_POOL_START, .why = why, .job = job, .shares = (const void *)block};
    if (block == NULL || !push_act(s, &act)) {
        ls_free(block);
        s->out_of_memory = true;
        return false;
    }
    j->shares = (void *)block;
    j->links = (void *)(block + parts * sizeof *j->shares);
    memcpy(j->shares, s->places, parts * sizeof *j->shares);
    ls_reserve_drop(s, job);  // a claim counted until now
    ls_waiting_take(ls_scheduler_queues(s, job), job);
    const ls_shape *shape = &j->request.shape;
    j->kind = shape->milli != 0 || shape->gpus != 0 ? s->cluster->nodes[j->shares[0].node].kind
                                                    : LS_POOL_NONE;
    j->state = LS_POOL_JOB_RUNNING;
    j->in_vain = false;
    j->started_us = s->now_us;
    j->latest_us = ls_pool_later(s->now_us, j->request.most_us);
    list_running(s, job);
    ls_occupancy_take(s->occupancy, shape, j->shares, parts);
    count_in(s, j);
    if (s->budgets != NULL) {
        ls_budgets_hold(s->budgets, s->now_us, j->request.account, ls_shape_milli(shape));
    }
    for (uint32_t i = 0; i < parts; i++) {
        link_part(s, job, i);
        ls_room_changed(s, j->shares[i].node);
        ls_power_changed(s, j->shares[i].node);
    }
    return true;
}

bool ls_scheduler_stop(ls_scheduler *s, uint32_t job, ls_pool_why why, uint32_t for_job,
                       bool again) {
    ls_pool_job *j = s->jobs + job;
    assert(j->state == LS_POOL_JOB_RUNNING);
    const int64_t span_us = why == LS_WHY_BROKEN ? 0 : j->request.stop_us;
    const ls_pool_act act = {.kind = LS_POOL_STOP,
                             .why = why,
                             .job = job,
                             .for_job = for_job,
                             .until_us = ls_pool_later(s->now_us, span_us)};
    if (!push_act(s, &act)) {
        return false;
    }
    j->state = LS_POOL_JOB_STOPPING;
    j->again = again;
    const int64_t latest_us = j->latest_us;
    j->latest_us = act.until_us < j->latest_us ? act.until_us : j->latest_us;
    for (uint32_t i = 0; i < j->request.shape.parts; i++) {
        if (s->latest_us[j->shares[i].node] == latest_us) {
            ls_scheduler_latest(s, j->shares[i].node);
        }
    }
    if (j->request.spot) {
        count_spot(s, j, false);
    } else {
        ls_shares_leave(s->shares, j->request.account, j->kind, ls_shape_milli(&j->request.shape));
    }
    return true;
}

// Room was made for which shapes? A part of theirs must fit on one of the nodes.
typedef struct made_room {
    const ls_scheduler *s;
    const ls_pool_share *shares;
    uint32_t count;
} made_room;

static bool is_spot(const void *context, const ls_scheduler *s, uint32_t job) {
    (void)context;
    return s->jobs[job].request.spot;
}

static bool might(const void *context, const ls_shape *shape) {
    const made_room *made = context;
    for (uint32_t i = 0; i < made->count; i++) {
        const uint32_t node = made->shares[i].node;
        if (i > 0 && node == made->shares[i - 1].node) {
            continue;
        }
        if (ls_plan_suits(made->s, shape, node) &&
            ls_plan_parts(made->s, shape, node, 1, is_spot, NULL) > 0) {
            return made->s->spot_count > 0 || ls_room_may(made->s, shape, LS_POOL_NONE, INT64_MIN);
        }
    }
    return false;
}

void ls_scheduler_leave(ls_scheduler *s, uint32_t job) {
    ls_pool_job *j = s->jobs + job;
    const uint32_t parts = j->request.shape.parts;
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    count_out(s, j);
    if (s->budgets != NULL) {
        ls_budgets_drop(s->budgets, s->now_us, j->request.account, milli);
    }
    ls_scheduler_fell(s, j->request.account);
    for (uint32_t i = 0; i < parts; i++) {
        const uint32_t reserved = s->nodes[j->shares[i].node].reserved;
        unlink_part(s, job, i);
        if (reserved != LS_POOL_NONE) {
            s->reserved[reserved].stirred = true;
        }
    }
    unlist_running(s, job);
    ls_occupancy_give(s->occupancy, &j->request.shape, j->shares, parts);
    for (uint32_t i = 0; i < parts; i++) {
        ls_room_changed(s, j->shares[i].node);
        ls_power_changed(s, j->shares[i].node);
    }
    const made_room made = {.s = s, .shares = j->shares, .count = parts};
    // Power that gets free may do for a place anywhere.
    ls_waiting_open(s->waiting, s->power_count == 0 ? might : NULL, &made);
    ls_waiting_open(s->spots, s->power_count == 0 ? might : NULL, &made);
    ls_scheduler_fell(s, 0);  // those that only some kinds would do for
    ls_free(j->shares);
    j->shares = NULL;
    j->links = NULL;
    j->kind = LS_POOL_NONE;
}
