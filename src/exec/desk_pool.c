// desk_pool.c - the pool and its accounts at one moment.
#include <string.h>

#include "exec/desk_inside.h"

enum { ACCOUNTS_MOST = 2000 };

// ---- accounts

static json_t *amounts_of(const ls_pool *pool, const ls_amount *list, uint32_t count) {
    json_t *made = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_array_append_new(made,
                              json_pack("{s:o, s:o}", "kind",
                                        list[i].kind == LS_POOL_NONE
                                            ? json_null()
                                            : desk_text(pool->cluster.kinds[list[i].kind].name),
                                        "gpus", json_integer(list[i].gpus)));
    }
    return made;
}

static json_t *used_by_kind(const ls_desk *desk, const desk_tally *tally, uint32_t account) {
    json_t *made = json_array();
    for (uint32_t k = 0; k < desk->pool->cluster.kind_count; k++) {
        json_array_append_new(made, desk_gpus(ls_shares_held_kind(tally->books, account, k)));
    }
    return made;
}

static json_t *account_of(const ls_desk *desk, const desk_tally *tally, uint32_t at) {
    const ls_account *a = desk->pool->accounts + at;
    const desk_counts counts = desk_counts_of(desk, at);
    const uint64_t used = ls_shares_held(tally->books, at);
    const uint64_t borrowed = ls_shares_borrowed(tally->books, at);
    const uint64_t guarantee = (uint64_t)a->guarantee_gpus * LS_POOL_WHOLE;
    const uint64_t covered = used - borrowed;
    return json_pack(
        "{s:o, s:I, s:I, s:o, s:o, s:o, s:f, s:b, s:f, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o}",
        "path", desk_text(a->path), "children", (json_int_t)a->child_count, "guarantee",
        (json_int_t)a->guarantee_gpus, "guarantees",
        amounts_of(desk->pool, a->guarantee, a->guarantee_count), "limit",
        a->limit_gpus == LS_ACCOUNT_UNLIMITED ? json_null() : json_integer(a->limit_gpus), "limits",
        amounts_of(desk->pool, a->limit, a->limit_count), "weight", a->weight, "can_borrow",
        (int)a->borrow, "reclaim_s", (double)a->reclaim_us * 1e-6, "used", desk_gpus(used),
        "used_by_kind", used_by_kind(desk, tally, at), "borrowed", desk_gpus(borrowed), "unused",
        desk_gpus(guarantee > covered ? guarantee - covered : 0), "running",
        (json_int_t)counts.running, "stopping", (json_int_t)counts.stopping, "waiting",
        (json_int_t)counts.waiting, "waiting_gpus", desk_gpus(counts.waiting_milli));
}

// The deepest level down to which all accounts that the asker sees are few enough.
static uint32_t depth_told(const ls_desk *desk, const ls_asker *who) {
    const ls_pool *pool = desk->pool;
    uint32_t by_depth[LS_ACCOUNT_DEPTH_MAX + 1] = {0};
    for (uint32_t i = 1; i < pool->account_count; i++) {
        by_depth[pool->accounts[i].depth] += desk_sees(desk, who, i);
    }
    uint32_t all = 0, depth = 0;
    while (depth < LS_ACCOUNT_DEPTH_MAX && all + by_depth[depth + 1] <= ACCOUNTS_MOST) {
        depth++;
        all += by_depth[depth];
    }
    return depth;
}

ls_desk_code ls_desk_accounts(ls_desk *desk, const char *below, const char *after, uint32_t limit,
                              const ls_asker *who, json_t **out, ls_error *err) {
    const ls_pool *pool = desk->pool;
    const desk_tally *tally = desk_count(desk);
    uint32_t parent = 0;
    int64_t from = 0;
    *out = NULL;
    const ls_desk_code code = desk_account(desk, below, who, &parent, err);
    if (code != LS_DESK_DONE) {
        return code;
    }
    if (after != NULL && (!ls_text_parse_i64(after, strlen(after), &from) || from < 0)) {
        ls_fail(err, LS_ERR_INVALID, "after must be `next` of the answer before");
        return LS_DESK_INVALID;
    }
    json_t *list = tally != NULL ? json_array() : NULL;
    const ls_account *p = pool->accounts + parent;
    uint32_t i = from < p->child_count ? (uint32_t)from : p->child_count;
    for (uint32_t n = 0; list != NULL && i < p->child_count && n < limit; i++, n++) {
        json_array_append_new(list, account_of(desk, tally, p->child_at + i));
    }
    return desk_give(json_pack("{s:o, s:o}", "accounts", list, "next",
                               i < p->child_count ? desk_id(i) : json_null()),
                     out, err);
}

// ---- sums

desk_sums desk_node_sums(const ls_desk *desk, uint32_t node) {
    const ls_occupancy *o = ls_exec_occupancy(desk->exec);
    const ls_pool *pool = desk->pool;
    const int64_t at_us = ls_exec_now_us(desk->exec) - pool->start_us;
    desk_sums sums = {.all = (uint64_t)pool->cluster.nodes[node].gpus * LS_POOL_WHOLE};
    uint64_t rest = 0;
    uint64_t out = 0;  // of GPUs that are out of service by themselves
    for (uint32_t gpu = 0; gpu < pool->cluster.nodes[node].gpus; gpu++) {
        const uint32_t idle = ls_occupancy_gpu_idle(o, node, gpu);
        rest += idle;
        out += ((ls_occupancy_out(o, node) >> gpu) & 1) != 0 ? idle : 0;
    }
    sums.used = sums.all - rest;
    rest -= out;
    const ls_node_state state = ls_occupancy_state(o, node);
    sums.drained = state == LS_NODE_DRAINED ? rest + out : out;
    sums.broken = state == LS_NODE_BROKEN ? rest : 0;
    sums.spare = state == LS_NODE_SPARE ? rest : 0;
    for (uint32_t i = 0; state == LS_NODE_UP && sums.reserved == 0 && i < pool->reservation_count;
         i++) {
        const ls_pool_reservation *r = pool->reservations + i;
        const bool covers = node >= r->node_at && node - r->node_at < r->node_count &&
                            at_us >= r->from_us && at_us < r->until_us;
        sums.reserved = covers ? rest : 0;
    }
    return sums;
}

static json_t *print_sums(const desk_sums *s) {
    const uint64_t free = s->all - s->used - s->reserved - s->drained - s->broken - s->spare;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "all", desk_gpus(s->all), "used",
                     desk_gpus(s->used), "borrowed", desk_gpus(s->borrowed), "free",
                     desk_gpus(free), "reserved", desk_gpus(s->reserved), "drained",
                     desk_gpus(s->drained), "broken", desk_gpus(s->broken), "spare",
                     desk_gpus(s->spare));
}

// Of an account: what it is guaranteed, and what it holds beyond.
static json_t *sums_of_account(const ls_desk *desk, const desk_tally *tally, uint32_t account) {
    const uint64_t used = ls_shares_held(tally->books, account);
    const uint64_t guarantee = (uint64_t)desk->pool->accounts[account].guarantee_gpus *
                               LS_POOL_WHOLE;
    const desk_sums s = {.all = used > guarantee ? used : guarantee,
                         .used = used,
                         .borrowed = ls_shares_borrowed(tally->books, account)};
    return print_sums(&s);
}

static json_t *sums_of(const ls_desk *desk, const desk_tally *tally) {
    desk_sums s = {0};
    for (uint32_t n = 0; n < desk->pool->cluster.node_count; n++) {
        const desk_sums one = desk_node_sums(desk, n);
        s.all += one.all;
        s.used += one.used;
        s.reserved += one.reserved;
        s.drained += one.drained;
        s.broken += one.broken;
        s.spare += one.spare;
    }
    for (uint32_t i = 0; i < tally->holding_count; i++) {
        s.borrowed += tally->holding[i].borrowed;
    }
    return print_sums(&s);
}

static json_t *kinds_of(const ls_pool *pool) {
    json_t *list = json_array();
    for (uint32_t k = 0; k < pool->cluster.kind_count; k++) {
        const ls_gpu_kind *kind = pool->cluster.kinds + k;
        uint64_t gpus = 0;
        for (uint32_t n = 0; n < pool->cluster.node_count; n++) {
            gpus += pool->cluster.nodes[n].kind == k ? pool->cluster.nodes[n].gpus : 0;
        }
        json_array_append_new(
            list, json_pack("{s:o, s:I, s:b, s:o, s:o}", "name", desk_text(kind->name), "gpus",
                            (json_int_t)gpus, "slots", (int)pool->kinds[k].is_slots, "memory_mib",
                            kind->memory_mib > 0 ? json_integer(kind->memory_mib) : json_null(),
                            "watts", kind->watts > 0 ? json_integer(kind->watts) : json_null()));
    }
    return list;
}

ls_desk_code ls_desk_pool(ls_desk *desk, const ls_asker *who, json_t **out, ls_error *err) {
    const ls_pool *pool = desk->pool;
    const desk_tally *tally = desk_count(desk);
    *out = NULL;
    if (tally == NULL) {
        return desk_memory(err);
    }
    json_t *accounts = json_array();
    const uint32_t depth = depth_told(desk, who);
    const uint32_t own = who != NULL ? who->account : 0;
    for (uint32_t i = 1; i < pool->account_count; i++) {
        if (pool->accounts[i].depth <= depth && desk_sees(desk, who, i)) {
            json_array_append_new(accounts, account_of(desk, tally, i));
        }
    }
    const desk_counts top = desk_counts_of(desk, own);
    return desk_give(
        json_pack(
            "{s:o, s:o, s:I, s:I, s:I, s:s, s:o, s:o, s:{s:I, s:o, s:I, s:I}, s:o, s:o, s:o}",
            "name", desk_text(pool->name), "about",
            desk_text(pool->about != NULL ? pool->about : ""), "seq", (json_int_t)desk->act_count,
            "now_us", (json_int_t)ls_exec_now_us(desk->exec), "since_us",
            (json_int_t)desk->since_us, "place", "machine", "kinds", kinds_of(pool), "gpus",
            own == 0 ? sums_of(desk, tally) : sums_of_account(desk, tally, own), "jobs", "waiting",
            (json_int_t)top.waiting, "waiting_gpus", desk_gpus(top.waiting_milli), "running",
            (json_int_t)top.running, "stopping", (json_int_t)top.stopping, "accounts", accounts,
            "racks", desk_racks(desk, own == 0 ? tally : NULL), "limits", desk_limits(desk)),
        out, err);
}
