// booked.c - reservations: nodes that are kept for an account, or from everybody, for some time.
#include <assert.h>

#include "pool/scheduler_inside.h"

static bool may_use(const ls_scheduler *s, const ls_booked *k, uint32_t account) {
    while (account != LS_POOL_NONE && account != k->account) {
        account = ls_shares_parent(s->shares, account);
    }
    return account != LS_POOL_NONE;
}

static void show_nodes(ls_scheduler *s, const ls_booked *k, uint32_t job) {
    for (uint32_t n = k->node_at; n < k->node_at + k->node_count; n++) {
        ls_occupancy_hold(s->occupancy, n, ls_booked_hold_us(s, n, job));
    }
}

// Accounts that may use the same reservations are one group: that of the nearest account, from
// their own up, for which there is one. 0: none.
static bool make_groups(ls_scheduler *s) {
    s->groups = ls_alloc(s->def.account_count * sizeof *s->groups);
    for (uint32_t i = 0; s->groups != NULL && i < s->def.account_count; i++) {
        const uint32_t parent = ls_shares_parent(s->shares, i);
        s->groups[i] = parent != LS_POOL_NONE ? s->groups[parent] : 0;
        for (uint32_t k = 0; k < s->booked_count; k++) {
            s->groups[i] = s->booked[k].account == i ? i + 1 : s->groups[i];
        }
    }
    return s->groups != NULL;
}

ls_status ls_booked_make(ls_scheduler *s, const ls_pool_reservation *rows, uint32_t count,
                         ls_error *err) {
    if (count == 0) {
        return LS_OK;
    }
    s->booked = ls_alloc(count * sizeof *s->booked);
    for (uint32_t i = 0; s->booked != NULL && i < count; i++) {
        if (rows[i].node_at > s->cluster->node_count ||
            rows[i].node_count > s->cluster->node_count - rows[i].node_at ||
            (rows[i].account != LS_POOL_NONE && rows[i].account >= s->def.account_count)) {
            return ls_fail(err, LS_ERR_INVALID, "reservation %u: no such nodes or account", i);
        }
        s->booked[s->booked_count++] = (ls_booked){.number = i,
                                                   .account = rows[i].account,
                                                   .node_at = rows[i].node_at,
                                                   .node_count = rows[i].node_count,
                                                   .from_us = rows[i].from_us,
                                                   .until_us = rows[i].until_us};
    }
    if (s->booked == NULL || !make_groups(s)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < s->booked_count; i++) {
        show_nodes(s, s->booked + i, LS_POOL_NONE);
    }
    return LS_OK;
}

void ls_booked_pass(ls_scheduler *s) {
    bool some = false;
    for (uint32_t i = 0; i < s->booked_count;) {
        if (s->booked[i].until_us > s->now_us) {
            i++;
            continue;
        }
        const ls_booked over = s->booked[i];
        s->booked[i] = s->booked[--s->booked_count];
        show_nodes(s, &over, LS_POOL_NONE);
        some = true;
    }
    if (some) {
        ls_scheduler_open(s);
        ls_scheduler_fell(s, 0);
        ls_reclaim_wake(s);
    }
}

int64_t ls_booked_next_us(const ls_scheduler *s) {
    int64_t next_us = INT64_MAX;
    for (uint32_t i = 0; i < s->booked_count; i++) {
        next_us = s->booked[i].until_us < next_us ? s->booked[i].until_us : next_us;
    }
    return next_us;
}

int64_t ls_booked_hold_us(const ls_scheduler *s, uint32_t node, uint32_t job) {
    const uint32_t at = s->nodes[node].reserved;
    int64_t held_us = INT64_MAX;
    if (at != LS_POOL_NONE && (job == LS_POOL_NONE || s->jobs[job].reserved != at)) {
        held_us = s->reserved[at].from_us;
    }
    for (uint32_t i = 0; i < s->booked_count; i++) {
        const ls_booked *k = s->booked + i;
        if (node >= k->node_at && node - k->node_at < k->node_count && k->from_us < held_us &&
            (job == LS_POOL_NONE || !may_use(s, k, s->jobs[job].request.account))) {
            held_us = k->from_us;
        }
    }
    return held_us;
}

bool ls_booked_bars(const ls_scheduler *s, uint32_t kept, uint32_t job) {
    return !may_use(s, s->booked + kept, s->jobs[job].request.account);
}

uint32_t ls_booked_from(const ls_scheduler *s, uint32_t node, uint32_t job, int64_t at_us,
                        int64_t until_us) {
    for (uint32_t i = 0; i < s->booked_count; i++) {
        const ls_booked *k = s->booked + i;
        if (node >= k->node_at && node - k->node_at < k->node_count && at_us < k->until_us &&
            until_us > k->from_us && !may_use(s, k, s->jobs[job].request.account)) {
            return i;
        }
    }
    return LS_POOL_NONE;
}

int64_t ls_booked_after(const ls_scheduler *s, uint32_t node, uint32_t job, int64_t at_us) {
    const int64_t most_us = s->jobs[job].request.most_us;
    uint32_t in_the_way = 0;
    while (s->booked_count > 0 && at_us < INT64_MAX && in_the_way != LS_POOL_NONE) {
        in_the_way = ls_booked_from(s, node, job, at_us, ls_pool_later(at_us, most_us));
        at_us = in_the_way != LS_POOL_NONE ? s->booked[in_the_way].until_us : at_us;
    }
    return at_us;
}

void ls_reserve_show(ls_scheduler *s, uint32_t job, bool hold) {
    const ls_pool_job *j = s->jobs + job;
    const uint32_t except = hold ? LS_POOL_NONE : job;
    if (j->reserved != LS_POOL_NONE) {
        const ls_reserved *r = s->reserved + j->reserved;
        for (uint32_t i = 0; i < r->count; i++) {
            ls_occupancy_hold(s->occupancy, r->nodes[i], ls_booked_hold_us(s, r->nodes[i], except));
        }
    }
    for (uint32_t i = 0; i < s->booked_count; i++) {
        if (may_use(s, s->booked + i, j->request.account)) {
            show_nodes(s, s->booked + i, except);
        }
    }
}
