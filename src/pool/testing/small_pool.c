// small_pool.c - see small_pool.h.
#include "pool/testing/small_pool.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"

#define MINUTE_US INT64_C(60000000)

static double draw(small_pool *p) {
    return ls_random_uniform(p->def.seed, 7, p->drawn++);
}

static uint32_t one_of(small_pool *p, uint32_t count) {
    const uint32_t at = (uint32_t)(draw(p) * count);
    return at < count ? at : count - 1;
}

// One site or two, of racks of nodes, each rack of one kind and size.
static void make_cluster(small_pool *p) {
    const uint32_t racks = 1 + one_of(p, 4);
    const uint32_t per_rack = 1 + one_of(p, SMALL_NODES_MAX / 4);
    const uint32_t sites = p->def.sites && racks > 1 ? 2 : 1;
    p->kinds[0] = (ls_gpu_kind){.name = "a", .memory_mib = 1000, .watts = 100, .idle_watts = 10};
    p->kinds[1] = (ls_gpu_kind){.name = "b", .memory_mib = 2000, .watts = 250};
    for (uint32_t s = 0, at = 0; s < sites; s++) {
        const uint32_t here = s + 1 < sites ? 1 : racks - s;
        p->units[s] = (ls_pool_unit){.name = s == 0 ? "north" : "south",
                                     .level = LS_POOL_SITE,
                                     .parent = LS_POOL_NONE,
                                     .node_at = at,
                                     .node_count = here * per_rack};
        at += here * per_rack;
    }
    for (uint32_t r = 0; r < racks; r++) {
        p->units[sites + r] = (ls_pool_unit){.name = "rack",
                                             .level = LS_POOL_RACK,
                                             .parent = sites > 1 && r > 0,
                                             .node_at = r * per_rack,
                                             .node_count = per_rack};
        const uint32_t kind = p->def.kinds ? one_of(p, 2) : 0;
        const uint32_t gpus = (uint32_t)1 << one_of(p, 4);
        for (uint32_t i = 0; i < per_rack; i++) {
            const uint32_t at = r * per_rack + i;
            snprintf(p->names[at], sizeof p->names[at], "n%02u", at);
            p->nodes[at] = (ls_pool_node){.name = p->names[at],
                                          .unit = sites + r,
                                          .kind = kind,
                                          .gpus = gpus,
                                          .cpu_milli = gpus * 4000,
                                          .memory_mib = gpus * 1000};
            p->states[at] = p->def.spares && i == 0 && per_rack > 2 ? LS_NODE_SPARE : LS_NODE_UP;
            p->cluster.gpus += gpus;
        }
    }
    p->cluster.kinds = p->kinds;
    p->cluster.kind_count = SMALL_KINDS;
    p->cluster.units = p->units;
    p->cluster.unit_count = sites + racks;
    p->cluster.nodes = p->nodes;
    p->cluster.node_count = racks * per_rack;
}

// A part of what is left.
static uint64_t part_of(small_pool *p, uint64_t *left) {
    const uint64_t part = *left > 0 ? one_of(p, (uint32_t)*left + 1) : 0;
    *left -= part;
    return part;
}

// The children of an account, with parts of what it may promise.
static void make_children(small_pool *p, uint32_t parent, uint32_t count, uint32_t depth,
                          uint32_t *depths, uint64_t left[SMALL_KINDS + 1]) {
    for (uint32_t c = 0; c < count && p->account_count < SMALL_ACCOUNTS_MAX; c++) {
        const uint32_t at = p->account_count++;
        depths[at] = depth;
        p->terms[at].parent = parent;
        for (uint32_t k = 0; k <= SMALL_KINDS; k++) {
            p->guarantee[at][k] = part_of(p, left + k) * LS_POOL_WHOLE;
        }
    }
}

// A tree; guarantees are within those above, and within the pool.
static void make_accounts(small_pool *p) {
    uint64_t left[SMALL_KINDS + 1] = {0};
    uint32_t depths[SMALL_ACCOUNTS_MAX] = {0};
    for (uint32_t i = 0; i < p->cluster.node_count; i++) {
        const uint32_t kind = p->def.by_kind ? p->nodes[i].kind : SMALL_KINDS;
        left[p->states[i] == LS_NODE_UP && i % 2 == 0 ? kind : SMALL_KINDS] +=
            p->states[i] == LS_NODE_UP ? p->nodes[i].gpus : 0;
    }
    p->account_count = 1;
    make_children(p, 0, 1 + one_of(p, 3), 1, depths, left);
    for (uint32_t i = 1; i < p->account_count; i++) {
        for (uint32_t k = 0; k <= SMALL_KINDS; k++) {
            left[k] = p->guarantee[i][k] / LS_POOL_WHOLE;
        }
        if (depths[i] < (p->def.deep ? 4 : 2)) {
            make_children(p, i, one_of(p, 4), depths[i] + 1, depths, left);
        }
    }
    for (uint32_t i = 0; i < p->account_count; i++) {
        for (uint32_t k = 0; k <= SMALL_KINDS; k++) {
            p->limit[i][k] = UINT64_MAX;
        }
        if (p->def.limits && i > 0 && draw(p) < 0.4) {
            const uint32_t k = one_of(p, SMALL_KINDS + 1);
            p->limit[i][k] = (1 + one_of(p, (uint32_t)p->cluster.gpus)) * LS_POOL_WHOLE;
        }
        p->terms[i].weight = 1.0 + one_of(p, 4);
        p->terms[i].guarantee = p->guarantee[i];
        p->terms[i].limit = p->limit[i];
    }
    for (uint32_t i = 1; i < p->account_count; i++) {
        bool leaf = true;
        for (uint32_t k = i + 1; k < p->account_count; k++) {
            leaf &= p->terms[k].parent != i;
        }
        if (leaf) {
            p->leaves[p->leaf_count++] = i;
        }
    }
}

small_pool_def small_pool_any(uint64_t seed) {
    return (small_pool_def){.seed = seed,
                            .limits = seed & 1,
                            .fractions = seed & 2,
                            .gangs = seed & 4,
                            .kinds = seed & 8,
                            .spares = seed & 16,
                            .endless = seed & 32,
                            .deep = seed & 64,
                            .by_kind = seed & 128,
                            .sites = seed & 256,
                            .processors = seed & 512,
                            .power = seed % 4 == 1,
                            .budgets = seed % 5 == 3,
                            .reserved = seed % 7 == 2,
                            .spots = seed % 6 >= 3,
                            .reclaim = seed % 3 == 1,
                            .shares = seed % 8 >= 5};
}

// What some units may draw is less than all of their GPUs would.
static void make_power(small_pool *p) {
    for (uint32_t u = 0; u < p->cluster.unit_count && p->def.power; u++) {
        uint64_t most = 0;
        for (uint32_t n = 0; n < p->units[u].node_count; n++) {
            const ls_pool_node *node = p->nodes + p->units[u].node_at + n;
            most += node->gpus * p->kinds[node->kind].watts;
        }
        if (draw(p) < 0.5) {
            p->units[u].watts = 1 + (uint32_t)((0.3 + 0.8 * draw(p)) * (double)most);
        }
    }
}

// Some accounts have a budget of a few hours of their pool; the month ends after some hours.
static void make_budgets(small_pool *p) {
    const int64_t hour_us = 60 * MINUTE_US;
    p->start_us = INT64_C(1769904000000000) - (1 + one_of(p, 12)) * hour_us;  // 2026-02-01
    for (uint32_t i = 1; i < p->account_count && p->def.budgets; i++) {
        if (draw(p) < 0.4) {
            p->budgets[i] = (double)p->cluster.gpus * (0.1 + draw(p));
        }
    }
}

static void make_reservations(small_pool *p) {
    p->reservation_count = p->def.reserved ? 1 + one_of(p, SMALL_RESERVATIONS) : 0;
    for (uint32_t i = 0; i < p->reservation_count; i++) {
        ls_pool_reservation *r = p->reservations + i;
        r->name = "kept";
        r->account = draw(p) < 0.3 ? LS_POOL_NONE : 1 + one_of(p, p->account_count - 1);
        r->node_at = one_of(p, p->cluster.node_count);
        r->node_count = 1 + one_of(p, p->cluster.node_count - r->node_at);
        r->from_us = (int64_t)one_of(p, 300) * MINUTE_US;
        r->until_us = draw(p) < 0.1 ? INT64_MAX
                                    : r->from_us + (1 + (int64_t)one_of(p, 400)) * MINUTE_US;
    }
}

void small_pool_make(small_pool *p, const small_pool_def *def, uint32_t jobs, double load) {
    memset(p, 0, sizeof *p);
    p->def = *def;
    p->jobs_most = jobs;
    p->load = load;
    make_cluster(p);
    make_accounts(p);
    make_power(p);
    make_budgets(p);
    make_reservations(p);
    for (uint32_t i = 1; i < p->account_count && def->reclaim; i++) {
        p->reclaim_us[i] = MINUTE_US / 2 * (int64_t)(25.0 * ls_random_uniform(def->seed, 10, i));
    }
    small_pool_again(p);
}

void small_pool_again(small_pool *p) {
    p->drawn = 1000;
    p->at_us = 0;
    p->jobs = 0;
}

static ls_shape draw_shape(small_pool *p) {
    ls_shape s = {.parts = 1, .gpus = (uint32_t)1 << one_of(p, 4), .kinds = 1};
    if (p->def.kinds) {
        s.kinds = 1 + one_of(p, 3);
    }
    if (p->def.fractions && draw(p) < 0.3) {
        s.gpus = 0;
        s.milli = 250 * (1 + one_of(p, 3));
    }
    if (p->def.gangs && draw(p) < 0.3) {
        s.parts = 2 + one_of(p, 4);
        static const ls_pool_level levels[] = {LS_POOL_ANYWHERE, LS_POOL_RACK, LS_POOL_RACK,
                                               LS_POOL_SITE, LS_POOL_NODE};
        s.must = draw(p) < 0.5;
        s.within = levels[one_of(p, 5)];
        s.spread = draw(p) < 0.2;
    }
    s.cpu_milli = 1000 * (1 + one_of(p, 4));
    s.memory_mib = 250;
    if (p->def.sites && draw(p) < 0.3) {
        s.sites = 1 + one_of(p, 3);
    }
    if (p->def.kinds && draw(p) < 0.1) {
        s.gpu_mib = 1500;
    }
    if (p->def.processors && draw(p) < 0.2) {
        s.gpus = s.milli = s.gpu_mib = 0;
        s.kinds = draw(p) < 0.8 ? 0 : s.kinds;
    }
    return s;
}

bool small_pool_next(void *pool, ls_sim_job *out) {
    small_pool *p = pool;
    if (p->jobs == p->jobs_most) {
        return false;
    }
    p->jobs++;
    const ls_shape shape = draw_shape(p);
    const int64_t work_us = MINUTE_US * (1 + one_of(p, 120));
    // Mean GPU time of a job over what the pool has in a minute, at the load that is asked for.
    const double mean_gap = 60.0 * 4.0 / (p->load * (double)p->cluster.gpus);
    p->at_us += (int64_t)(mean_gap * ls_random_exp_unit(p->def.seed, 8, p->drawn++) * MINUTE_US);
    p->at_us -= p->at_us % (MINUTE_US / 2);  // so that things come at once now and then
    *out = (ls_sim_job){.submit_us = p->at_us,
                        .work_us = work_us,
                        .tag = p->jobs,
                        .request = {.account = p->leaves[one_of(p, p->leaf_count)],
                                    .priority = (int32_t)one_of(p, 3),
                                    .shape = shape,
                                    .most_us = work_us * (1 + one_of(p, 3)),
                                    .stop_us = (int64_t)one_of(p, 3) * MINUTE_US,
                                    .checkpoint_every_us = draw(p) < 0.3 ? 10 * MINUTE_US : 0,
                                    .saves = draw(p) < 0.3,
                                    .restartable = draw(p) < 0.8}};
    if (p->def.spots && ls_random_uniform(p->def.seed, 12, p->jobs) < 0.3) {
        out->request.spot = true;
        out->request.restartable = true;
    }
    const double due = ls_random_uniform(p->def.seed, 9, p->jobs);
    if (due < 0.2) {
        out->request.deadline_us = p->at_us + (int64_t)(due * 30.0 * (double)work_us);
    }
    if (p->def.endless && draw(p) < 0.2) {
        out->request.most_us = INT64_MAX;
    }
    return true;
}

ls_sim_def small_pool_sim(small_pool *p, int64_t until_us) {
    return (ls_sim_def){.scheduler = {.cluster = &p->cluster,
                                      .terms = p->terms,
                                      .account_count = p->account_count,
                                      .reclaim_us = p->reclaim_us,
                                      .budget_gpu_hours = p->budgets,
                                      .start_us = p->start_us,
                                      .reservations = p->reservations,
                                      .reservation_count = p->reservation_count,
                                      .restore_shares = p->def.shares,
                                      .policy = LS_PLACE_OWN,
                                      .seed = p->def.seed},
                        .states = p->states,
                        .load = {.next = small_pool_next, .context = p},
                        .seed = p->def.seed,
                        .until_us = until_us};
}
