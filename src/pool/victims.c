// victims.c - which nodes a job could have if others were stopped, and who they are.
#include <assert.h>
#include <string.h>

#include "pool/scheduler_inside.h"

#define GIVE_ANY 1.0e300  // whatever it holds

enum {
    TRIES_MAX = 4,
    SPARE_PARTS = 64,  // a search ends with 4 times the parts that it needs, and so many
    SPARE_UNITS = 4,   // or with so many units that have enough
    LOOKS_SPARE = 16,  // jobs that are looked at beyond half as many as there are nodes
};

// The account, and all above it below the top, lend or borrow: does each borrow something?
static bool all_borrow(const ls_scheduler *s, uint32_t from, uint32_t below) {
    for (uint32_t at = from; at != below; at = ls_shares_parent(s->shares, at)) {
        if (ls_shares_borrowed(s->shares, at) == 0) {
            return false;
        }
    }
    return true;
}

// The account that has no more to give to `account`: from this one up to below where their ways
// meet the first that borrows nothing, or the last.
static uint32_t who_is_spent(const ls_scheduler *s, uint32_t account, uint32_t from) {
    const uint32_t meet = ls_shares_meet(s->shares, account, from);
    while (ls_shares_borrowed(s->shares, from) > 0 && ls_shares_parent(s->shares, from) != meet) {
        from = ls_shares_parent(s->shares, from);
    }
    return from;
}

// What a job below `gives` may hold that stops for one below `takes`, right beside it, that needs
// so much of the kind; at most 0: there is none.
static double most_given(const ls_scheduler *s, uint32_t takes, uint32_t gives, uint32_t kind,
                         uint64_t milli) {
    if (ls_shares_borrowed(s->shares, gives) == 0) {
        return 0.0;
    }
    if (ls_shares_borrowed_with(s->shares, takes, kind, milli) == 0) {
        return GIVE_ANY;
    }
    return s->def.restore_shares && milli > 0
               ? ls_shares_above(s->shares, gives, takes, kind, milli)
               : 0.0;
}

// May a job of `account` that needs so much of the kind take from one of `from` that has `has`?
static bool may_take(const ls_scheduler *s, uint32_t account, uint32_t from, uint32_t kind,
                     uint64_t milli, uint64_t has) {
    if (account == from) {
        return false;
    }
    const uint32_t meet = ls_shares_meet(s->shares, account, from);
    const uint32_t side = ls_shares_below(s->shares, meet, account);
    const double most = most_given(s, side, ls_shares_below(s->shares, meet, from), kind, milli);
    return most > 0.0 && (double)has <= most && all_borrow(s, from, meet);
}

// The work that is lost when the job is stopped now, in thousandths of GPUs times microseconds; of
// a spot job a millionth, so that those go first.
static double loss(const ls_scheduler *s, const ls_pool_job *j) {
    const ls_pool_request *r = &j->request;
    const int64_t ran_us = s->now_us - j->started_us;
    int64_t lost_us = ran_us;
    if (r->saves) {
        lost_us = 0;
    } else if (r->checkpoint_every_us > 0) {
        lost_us = ran_us % r->checkpoint_every_us;
    }
    const double whole = (double)ls_shape_milli(&r->shape) * (double)(lost_us + r->stop_us);
    return r->spot ? whole / 1.0e6 : whole;
}

// Jobs that may be stopped for the claimant, up to the dearest: by loss, and of equal loss the one
// that was submitted last first.
typedef struct takers {
    bool alone;  // the claimant takes one node: what is lost elsewhere is lost for it too
    uint32_t claimant;
    double dearest;     // loss of the last
    uint64_t at_least;  // of those that lose as much: their number
} takers;

// (loss, number) is not behind the other in the order in which jobs are stopped.
static bool comes_by(double lost, uint64_t number, double other, uint64_t other_number) {
    return lost < other || (lost <= other && number >= other_number);
}

static bool may_stop(const void *context, const ls_scheduler *s, uint32_t job) {
    const takers *t = context;
    const ls_pool_job *j = s->jobs + job;
    if (s->moving && (!j->request.saves || j->request.shape.parts > 1 ||
                      s->now_us - j->started_us < LS_MOVE_RAN_US)) {
        return false;
    }
    const uint32_t lender = ls_scheduler_lender(s, job);
    return j->state == LS_POOL_JOB_RUNNING && j->request.restartable && !j->spared &&
           s->may_give[lender] &&
           (double)ls_shape_milli(&j->request.shape) <= s->give_most[lender] &&
           comes_by(loss(s, j), j->number, t->dearest, t->at_least) &&
           !ls_stopped_was(s, job, t->claimant);
}

// What stopping the job costs for one of its parts on a node, of which `before` is the job of the
// part before in the list (those of one job are together). A gang is lost whole for one node; where
// several are taken, its other parts may be among them.
static double part_loss(const ls_scheduler *s, const takers *t, uint32_t job, uint32_t before) {
    const ls_pool_job *j = s->jobs + job;
    if (t->alone) {
        return job != before ? loss(s, j) : 0.0;
    }
    return loss(s, j) / (double)j->request.shape.parts;
}

// The sum of the losses of those on the node that may be stopped.
static double sum_losses(const ls_scheduler *s, uint32_t node, const takers *t) {
    double sum = 0.0;
    uint32_t before = LS_POOL_NONE;
    uint32_t job = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    while (job != LS_POOL_NONE) {
        const ls_pool_job *j = s->jobs + job;
        sum += may_stop(t, s, job) ? part_loss(s, t, job, before) : 0.0;
        before = job;
        const ls_pool_link *link = j->links + part;
        job = link->next_job;
        part = link->next_part;
    }
    return sum;
}

// Moves *t on to the next who may be stopped on the node; false: there is none behind it.
static bool next_dearest(const ls_scheduler *s, uint32_t node, const takers *all, takers *t) {
    takers next = *all;
    bool some = false;
    uint32_t job = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    while (job != LS_POOL_NONE) {
        const ls_pool_job *j = s->jobs + job;
        if (may_stop(all, s, job)) {
            const double lost = loss(s, j);
            if (!comes_by(lost, j->number, t->dearest, t->at_least) &&
                comes_by(lost, j->number, next.dearest, next.at_least)) {
                next.dearest = lost;
                next.at_least = j->number;
                some = true;
            }
        }
        const ls_pool_link *link = j->links + part;
        job = link->next_job;
        part = link->next_part;
    }
    *t = next;
    return some;
}

// Moves *t back to the one before it who may be stopped on the node, and returns it; LS_POOL_NONE:
// there is none before.
static uint32_t next_cheaper(const ls_scheduler *s, uint32_t node, const takers *all, takers *t) {
    takers next = {.claimant = all->claimant, .dearest = -1.0, .at_least = UINT64_MAX};
    uint32_t best = LS_POOL_NONE;
    uint32_t job = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    while (job != LS_POOL_NONE) {
        const ls_pool_job *j = s->jobs + job;
        const double lost = loss(s, j);
        if (may_stop(all, s, job) && !comes_by(t->dearest, t->at_least, lost, j->number) &&
            !comes_by(lost, j->number, next.dearest, next.at_least)) {
            next.dearest = lost;
            next.at_least = j->number;
            best = job;
        }
        const ls_pool_link *link = j->links + part;
        job = link->next_job;
        part = link->next_part;
    }
    *t = next;
    return best;
}

// Spares those up to *t without whom the parts fit as well, the dearest first: each of the rest is
// needed. The last of them is.
static void spare_some(const ls_scheduler *s, const ls_shape *shape, uint32_t node, uint32_t parts,
                       const takers *all, const takers *t) {
    takers at = *t;
    uint32_t job = next_cheaper(s, node, all, &at);
    while (job != LS_POOL_NONE) {
        s->jobs[job].spared = true;
        s->jobs[job].spared = ls_plan_parts(s, shape, node, parts, may_stop, t) >= parts;
        job = next_cheaper(s, node, all, &at);
    }
}

static void spare_nobody(const ls_scheduler *s, uint32_t node) {
    uint32_t job = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    while (job != LS_POOL_NONE) {
        s->jobs[job].spared = false;
        const ls_pool_link *link = s->jobs[job].links + part;
        job = link->next_job;
        part = link->next_part;
    }
}

// Sets *t to those that have to go so that `parts` parts fit on the node, and *out_sum to what is
// lost there; who of them is not needed is spared until spare_nobody(). False: not even when all
// go. O(jobs on the node squared).
static bool least_dearest(const ls_scheduler *s, const ls_shape *shape, uint32_t node,
                          const takers *all, uint32_t parts, takers *t, double *out_sum) {
    *t = *all;
    t->dearest = -1.0;
    t->at_least = UINT64_MAX;
    while (next_dearest(s, node, all, t)) {
        if (ls_plan_parts(s, shape, node, parts, may_stop, t) >= parts) {
            spare_some(s, shape, node, parts, all, t);
            *out_sum = sum_losses(s, node, t);
            return true;
        }
    }
    return false;
}

static bool nobody(const void *context, const ls_scheduler *s, uint32_t job) {
    (void)context;
    (void)s;
    (void)job;
    return false;
}

// Somebody on the node may be stopped, and with *out_all everybody who holds a GPU there.
static bool some_may_stop(const ls_scheduler *s, uint32_t node, const takers *all, bool *out_all,
                          double *out_sum) {
    bool some = false;
    uint32_t before = LS_POOL_NONE;
    uint32_t job = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    *out_all = true;
    *out_sum = 0.0;
    while (job != LS_POOL_NONE) {
        const ls_pool_job *j = s->jobs + job;
        if (may_stop(all, s, job)) {
            some = true;
            *out_sum += part_loss(s, all, job, before);
        } else {
            *out_all &= j->shares[part].gpus == 0;
        }
        before = job;
        const ls_pool_link *link = j->links + part;
        job = link->next_job;
        part = link->next_part;
    }
    return some;
}

// What a node costs where nothing fits now; false: it cannot be had.
static bool cost_of(const ls_scheduler *s, const ls_shape *shape, const takers *all, uint32_t most,
                    ls_plan_node *here) {
    bool everybody = false;
    takers t;
    double sum = 0.0;
    if (!some_may_stop(s, here->node, all, &everybody, &sum)) {
        return false;
    }
    if (shape->gpus > 0 && shape->gpus == s->cluster->nodes[here->node].gpus &&
        s->nodes[here->node].plain == 0 &&
        s->nodes[here->node].reserved == LS_POOL_NONE) {  // a whole node: all have to go
        here->parts = 1;
        here->value = sum;
        return everybody;
    }
    here->parts = ls_plan_parts(s, shape, here->node, most, may_stop, all);
    if (here->parts == 0 || !least_dearest(s, shape, here->node, all, here->parts, &t, &sum)) {
        return false;
    }
    spare_nobody(s, here->node);
    here->value = sum / here->parts;
    return true;
}

// Whether what has been found by now is enough to choose from.
typedef struct enough {
    const ls_shape *shape;
    bool in_unit;  // all parts in one
    uint32_t unit;
    uint32_t unit_from, unit_to;  // its nodes, as far as is known
    uint64_t parts, unit_parts;
    uint32_t units;
} enough;

// Before a node of the next unit is looked at, or (anywhere) the next node.
static bool is_enough(enough *e, const ls_scheduler *s, uint32_t node) {
    if (!e->in_unit) {
        return e->parts >= 4 * (uint64_t)e->shape->parts + SPARE_PARTS;
    }
    if (node >= e->unit_from && node < e->unit_to) {
        return false;
    }
    const uint32_t unit = ls_cluster_unit(s->cluster, node, e->shape->within);
    if (unit != e->unit) {
        e->units += e->unit_parts >= e->shape->parts;
        e->unit = unit;
        e->unit_parts = 0;
    }
    const ls_pool_unit *u = unit != LS_POOL_NONE ? s->cluster->units + unit : NULL;
    e->unit_from = u != NULL ? u->node_at : node;
    e->unit_to = u != NULL ? u->node_at + u->node_count : node + 1;
    return e->units >= SPARE_UNITS;
}

// Where a search begins: after the last one, at the beginning of a unit.
static uint32_t search_from(const ls_scheduler *s, const ls_shape *shape, bool in_unit) {
    uint32_t from = s->plan_from < s->cluster->node_count ? s->plan_from : 0;
    if (in_unit) {
        const uint32_t unit = ls_cluster_unit(s->cluster, from, shape->within);
        from = unit != LS_POOL_NONE ? s->cluster->units[unit].node_at : from;
    }
    return from;
}

// Told by who is on the node: some of it may be taken, of a whole node all.
static bool may_lend(const ls_scheduler *s, uint32_t node, const ls_shape *shape) {
    const ls_node_parts *n = s->nodes + node;
    const bool whole = shape->gpus == n->gpus && n->plain == 0;
    bool some = n->more_tenants;
    for (uint32_t i = 0; i < n->tenant_count; i++) {
        const bool lends = s->may_give[n->tenants[i]];
        some |= lends;
        if (whole && !lends) {
            return false;
        }
    }
    return some;
}

// No reservation would keep the job from the node before it is over, as late as it may start.
static bool is_clear(const ls_scheduler *s, uint32_t job, uint32_t node) {
    const int64_t starts_us = ls_pool_later(s->now_us, s->longest_stop_us);
    return s->booked_count == 0 ||
           ls_booked_from(s, node, job, s->now_us,
                          ls_pool_later(starts_us, s->jobs[job].request.most_us)) == LS_POOL_NONE;
}

// Adds the node to the *count that are planned, if it can be had for one part and was not looked at
// before in this search.
static void plan_for_one(ls_scheduler *s, uint32_t claimant, uint32_t kind, const takers *all,
                         uint32_t node, uint32_t *count) {
    const ls_shape *shape = &s->jobs[claimant].request.shape;
    ls_plan_node here = {.node = node};
    if (s->plan_marks[node] == s->plan_mark) {
        return;
    }
    s->plan_marks[node] = s->plan_mark;
    if (!ls_plan_may(s, claimant, kind, node) || !is_clear(s, claimant, node)) {
        return;
    }
    here.parts = ls_plan_parts(s, shape, node, 1, nobody, NULL);
    if (here.parts > 0 || cost_of(s, shape, all, 1, &here)) {
        s->plan[(*count)++] = here;
    }
}

// For one part: on nodes that are shared, on those of promises that may be broken, then on those
// with jobs of those who may give, the latest started first.
static uint32_t plan_one(ls_scheduler *s, uint32_t claimant, uint32_t kind) {
    const ls_shape *shape = &s->jobs[claimant].request.shape;
    const takers all = {.claimant = claimant, .dearest = 1.0e300, .alone = true};
    uint32_t count = 0;
    s->plan_mark++;
    for (uint32_t i = 0; i < s->reserved_count && count < 4 + SPARE_PARTS; i++) {
        if (s->reserved[i].shared) {
            plan_for_one(s, claimant, kind, &all, s->reserved[i].nodes[0], &count);
        }
    }
    for (uint32_t i = 0; i < s->reserved_count && s->breaking && count < 4 + SPARE_PARTS; i++) {
        const ls_reserved *r = s->reserved + i;
        for (uint32_t k = 0; r->breaks && k < r->count; k++) {
            plan_for_one(s, claimant, kind, &all, r->nodes[k], &count);
            if (count == 4 + SPARE_PARTS) {
                break;
            }
        }
    }
    for (uint32_t lender = 0; lender <= s->def.account_count; lender++) {
        uint32_t job = s->may_give[lender] ? s->running[lender] : LS_POOL_NONE;
        for (; job != LS_POOL_NONE; job = s->jobs[job].next_running) {
            const ls_pool_job *j = s->jobs + job;
            for (uint32_t i = 0; i < j->request.shape.parts && may_stop(&all, s, job); i++) {
                plan_for_one(s, claimant, kind, &all, j->shares[i].node, &count);
                if (count == 4 + SPARE_PARTS) {
                    return ls_plan_choose(s, shape, count, true);
                }
            }
        }
    }
    return ls_plan_choose(s, shape, count, true);
}

// Whether the job may be stopped, found once in a search.
static bool judge(ls_scheduler *s, uint32_t job, const takers *all) {
    ls_pool_job *j = s->jobs + job;
    if (j->judged != s->plan_mark) {
        j->judged = s->plan_mark;
        j->stoppable = may_stop(all, s, job);
        j->part_loss = loss(s, j) / (double)j->request.shape.parts;
    }
    return j->stoppable;
}

// The parts that a node has that is up and kept for nobody else, now or by taking back, and what
// one costs; false: none.
static bool look_at_node(const ls_scheduler *s, const ls_shape *shape, const takers *all,
                         uint32_t node, ls_plan_node *here) {
    const ls_node_parts *n = s->nodes + node;
    const uint32_t most = shape->spread ? 1 : shape->parts;
    *here = (ls_plan_node){.node = node};
    if (shape->gpus > 0 && shape->gpus == n->gpus && n->plain == 0) {
        here->parts = n->counted > shape->gpus;  // the whole node, empty or not
    } else if (n->counted > shape->gpus || (shape->gpus == 0 && shape->milli == 0)) {
        // As many are wholly free, or none is asked for.
        here->parts = ls_plan_parts(s, shape, here->node, most, nobody, NULL);
    }
    return here->parts > 0 ||
           (may_lend(s, here->node, shape) && cost_of(s, shape, all, most, here));
}

static void show_kept(ls_scheduler *s, const ls_reserved *r, bool show) {
    for (uint32_t i = 0; i < r->count; i++) {
        s->soles[r->nodes[i]] = show ? ls_room_sole(s, r->nodes[i]) : LS_SOLE_AWAY;
        s->sole_jobs[r->nodes[i]] = s->nodes[r->nodes[i]].first_job;
    }
}

// The nodes that are kept for the job itself, and those of promises that it may break, are shown,
// or hidden again.
static void show_own(ls_scheduler *s, const ls_pool_job *j, bool show) {
    if (j->reserved != LS_POOL_NONE) {
        show_kept(s, s->reserved + j->reserved, show);
    }
    for (uint32_t i = 0; i < s->reserved_count && s->breaking; i++) {
        if (s->reserved[i].breaks) {
            show_kept(s, s->reserved + i, show);
        }
    }
}

// Nodes of the kind may give so many parts at most: what is free and kept for nobody else, and
// where somebody may be stopped all of a node, for each of his parts. A claimant that this does not
// suffice for need not look at each node. So long as who runs is soon told.
static bool could_suffice(ls_scheduler *s, const takers *all, uint32_t kind) {
    const ls_shape *shape = &s->jobs[all->claimant].request.shape;
    if (shape->gpus == 0 || shape->milli != 0) {
        return true;
    }
    const uint32_t each = shape->spread ? 1 : LS_POOL_NODE_GPUS_MAX / shape->gpus;
    uint64_t parts = ls_room_most(s, shape, kind, all->claimant);
    uint32_t left = s->cluster->node_count / 2 + LOOKS_SPARE;
    for (uint32_t lender = 0; lender <= s->def.account_count && parts < shape->parts; lender++) {
        uint32_t job = s->may_give[lender] ? s->running[lender] : LS_POOL_NONE;
        for (; job != LS_POOL_NONE && parts < shape->parts; job = s->jobs[job].next_running) {
            if (left-- == 0) {
                return true;
            }
            parts += judge(s, job, all) ? (uint64_t)each * s->jobs[job].request.shape.parts : 0;
        }
    }
    return parts >= shape->parts;
}

// For several parts: all nodes around, until what is found is enough to choose from. A gang is
// mostly in vain where little is lent: that is told by who has the nodes, a word for each.
static uint32_t plan_losses(ls_scheduler *s, uint32_t job, uint32_t kind) {
    const ls_pool_job *j = s->jobs + job;
    const ls_shape *shape = &j->request.shape;
    const takers all = {.claimant = job, .dearest = 1.0e300};
    const bool in_unit = shape->must && shape->within != LS_POOL_ANYWHERE &&
                         shape->within != LS_POOL_NODE;
    enough e = {.shape = shape, .in_unit = in_unit, .unit = LS_POOL_NONE};
    const bool needs_gpus = shape->gpus > 0 || shape->milli > 0;
    const uint32_t nodes = s->cluster->node_count;
    const uint32_t from = search_from(s, shape, in_unit);
    uint32_t count = 0;
    s->plan_mark++;
    if (!could_suffice(s, &all, kind)) {
        return 0;
    }
    show_own(s, j, true);
    bool suits[LS_NODE_TYPES] = {false}, whole[LS_NODE_TYPES] = {false};
    ls_plan_types(s, job, kind, suits);
    for (uint32_t i = 0; i < s->type_count && i < LS_NODE_TYPES - 1; i++) {
        whole[i] = suits[i] && shape->gpus == s->nodes[s->type_nodes[i]].gpus;
    }
    uint32_t last = LS_POOL_NONE;  // the job that was judged last: nodes of one lie side by side
    bool stops = false;
    for (uint32_t i = 0; i < nodes; i++) {
        const uint32_t node = from + i < nodes ? from + i : from + i - nodes;
        const uint32_t sole = s->soles[node];
        ls_plan_node *here = s->plan + count;
        if (is_enough(&e, s, node)) {
            s->plan_from = node;
            break;
        }
        const bool away = sole == LS_SOLE_AWAY || (sole < LS_SOLE_ACCOUNTS && !s->may_give[sole]);
        if (needs_gpus ? away : !ls_plan_may(s, job, kind, node)) {
            continue;
        }
        const uint8_t type = s->types[node];
        if (sole < LS_SOLE_ACCOUNTS && whole[type]) {
            if (s->sole_jobs[node] != last) {
                last = s->sole_jobs[node];
                stops = judge(s, last, &all);
            }
            if (!stops || !is_clear(s, job, node)) {
                continue;
            }
            here->node = node;
            here->parts = 1;
            here->value = s->jobs[last].part_loss;
        } else if ((!suits[type] &&
                    (type < LS_NODE_TYPES - 1 || !ls_plan_may(s, job, kind, node))) ||
                   !is_clear(s, job, node) || !look_at_node(s, shape, &all, node, here)) {
            continue;
        }
        e.parts += here->parts;
        e.unit_parts += here->parts;
        count++;
    }
    show_own(s, j, false);
    return ls_plan_choose(s, shape, count, true);
}

void ls_victims_again(ls_scheduler *s) {
    while (s->victim_count > 0) {
        ls_pool_job *j = s->jobs + s->victims[--s->victim_count];
        j->victim = false;
        ls_shares_add(s->shares, j->request.account, j->kind, ls_shape_milli(&j->request.shape));
        if (j->request.spot) {
            ls_shares_leave(s->shares, j->request.account, j->kind,
                            ls_shape_milli(&j->request.shape));
        }
    }
}

// Takes a job out of the books that is to be stopped. False: out of memory.
static bool note_victim(ls_scheduler *s, uint32_t job) {
    ls_pool_job *j = s->jobs + job;
    if (!ls_grow(&s->victims, &s->victim_room, sizeof *s->victims, s->victim_count + 1)) {
        s->out_of_memory = true;
        return false;
    }
    s->victims[s->victim_count++] = job;
    j->victim = true;
    if (j->request.spot) {
        ls_shares_gone(s->shares, j->request.account, j->kind, ls_shape_milli(&j->request.shape));
    } else {
        ls_shares_remove(s->shares, j->request.account, j->kind, ls_shape_milli(&j->request.shape));
    }
    return true;
}

// Notes those that have to go from a node for so many parts, and takes them out of the books. Those
// whose account would by then lend no more are passed over: that account is spent, and *out_spent.
// False: out of memory.
static bool note_victims(ls_scheduler *s, uint32_t claimant, uint32_t kind, uint32_t node,
                         uint32_t parts, bool *out_spent) {
    const ls_pool_job *c = s->jobs + claimant;
    const ls_shape *shape = &c->request.shape;
    const uint64_t milli = ls_shape_milli(shape);
    const ls_node_parts *n = s->nodes + node;
    takers t = {.claimant = claimant, .dearest = 1.0e300};
    if (shape->gpus > 0 && shape->gpus == n->gpus && n->plain == 0) {  // all go, or nobody
        if (n->counted > shape->gpus) {
            return true;
        }
    } else if (ls_plan_parts(s, shape, node, parts, nobody, NULL) >= parts) {
        return true;
    } else {
        double sum = 0.0;
        const takers all = t;
        (void)least_dearest(s, shape, node, &all, parts, &t, &sum);
    }
    bool good = true;
    uint32_t job = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    while (job != LS_POOL_NONE) {
        ls_pool_job *j = s->jobs + job;
        const bool goes = may_stop(&t, s, job) && !j->victim;
        if (goes && !j->request.spot && !s->moving &&
            !may_take(s, c->request.account, j->request.account, kind, milli,
                      ls_shape_milli(&j->request.shape))) {
            s->spent[who_is_spent(s, c->request.account, j->request.account)] = true;
            *out_spent = true;
        } else if (goes && !note_victim(s, job)) {
            good = false;
            break;
        }
        const ls_pool_link *link = j->links + part;
        job = link->next_job;
        part = link->next_part;
    }
    spare_nobody(s, node);
    return good;
}

// Who else has to go so that the limits on the way to the top have room for the job: those whose
// loss is the least. False: there are not enough, or memory is out.
static bool note_for_limits(ls_scheduler *s, uint32_t claimant, uint32_t kind) {
    const ls_pool_job *c = s->jobs + claimant;
    const uint32_t account = c->request.account;
    const uint64_t milli = ls_shape_milli(&c->request.shape);
    const takers all = {.claimant = claimant, .dearest = 1.0e300};
    while (ls_shares_limited_later(s->shares, account, kind, milli) != LS_POOL_NONE) {
        uint32_t best = LS_POOL_NONE;
        for (uint32_t leaf = 0; leaf < s->def.account_count; leaf++) {
            const bool gives = s->may_give[leaf] && may_take(s, account, leaf, kind, milli, 0);
            for (uint32_t i = gives ? s->running[leaf] : LS_POOL_NONE; i != LS_POOL_NONE;
                 i = s->jobs[i].next_running) {
                if (s->jobs[i].kind == kind && !s->jobs[i].victim && may_stop(&all, s, i) &&
                    (!s->def.restore_shares ||
                     may_take(s, account, leaf, kind, milli,
                              ls_shape_milli(&s->jobs[i].request.shape))) &&
                    (best == LS_POOL_NONE || loss(s, s->jobs + i) < loss(s, s->jobs + best))) {
                    best = i;
                }
            }
        }
        if (best == LS_POOL_NONE || !note_victim(s, best)) {
            return false;
        }
    }
    return true;
}

// Spot jobs count for limits as long as they run: those of the kind first, then those whose loss is
// the least, go until the limits have room, or none is left. False: memory is out.
static bool note_spots_for_limits(ls_scheduler *s, uint32_t claimant, uint32_t kind) {
    const ls_pool_job *c = s->jobs + claimant;
    const uint32_t account = c->request.account;
    const takers all = {.claimant = claimant, .dearest = 1.0e300};
    for (;;) {
        const uint32_t limit = ls_shares_limited(s->shares, account, kind,
                                                 ls_shape_milli(&c->request.shape));
        uint32_t best = LS_POOL_NONE;
        uint32_t i = limit != LS_POOL_NONE ? s->running[s->def.account_count] : LS_POOL_NONE;
        for (; i != LS_POOL_NONE; i = s->jobs[i].next_running) {
            const ls_pool_job *j = s->jobs + i;
            const ls_pool_job *b = best != LS_POOL_NONE ? s->jobs + best : NULL;
            if (j->kind != LS_POOL_NONE && !j->victim && may_stop(&all, s, i) &&
                ls_shares_meet(s->shares, j->request.account, limit) == limit &&
                (b == NULL || (j->kind == kind && b->kind != kind) ||
                 ((j->kind == kind) == (b->kind == kind) && loss(s, j) < loss(s, b)))) {
                best = i;
            }
        }
        if (best == LS_POOL_NONE) {
            return true;
        }
        if (!note_victim(s, best)) {
            return false;
        }
    }
}

// Where a limit keeps the job away, only what is below its account makes room in it; and spot jobs,
// which count for no such limit.
static void only_below(ls_scheduler *s, uint32_t limit) {
    for (uint32_t i = 0; i < s->def.account_count; i++) {
        s->may_give[i] &= ls_shares_meet(s->shares, i, limit) == limit;
    }
}

// Notes which leaves may give to a job of `account` that needs so much of the kind (may_take). One
// look at each account: parents stand before their children.
static void note_givers(ls_scheduler *s, uint32_t account, uint32_t kind, uint64_t milli) {
    uint32_t meets = 0;  // the account on the way from the top to `account` that comes next
    for (uint32_t i = 0; i < s->def.account_count; i++) {
        if (i == meets) {
            meets = i != account ? ls_shares_below(s->shares, i, account) : LS_POOL_NONE;
            s->give_most[i] = 0.0;
            continue;
        }
        const uint32_t parent = ls_shares_parent(s->shares, i);
        if (ls_shares_meet(s->shares, parent, account) == parent) {
            const uint32_t takes = ls_shares_below(s->shares, parent, account);
            s->give_most[i] = parent != account ? most_given(s, takes, i, kind, milli) : 0.0;
        } else {
            s->give_most[i] = ls_shares_borrowed(s->shares, i) > 0 ? s->give_most[parent] : 0.0;
        }
    }
    for (uint32_t i = 0; i < s->def.account_count; i++) {
        s->may_give[i] = s->give_most[i] > 0.0 && ls_shares_children(s->shares, i) == 0;
    }
    s->may_give[s->def.account_count] = s->spot_count > 0;
    s->give_most[s->def.account_count] = GIVE_ANY;
}

// Spot jobs alone may give; or all accounts, their own too.
static void note_all(ls_scheduler *s, ls_givers givers) {
    for (uint32_t i = 0; i <= s->def.account_count; i++) {
        s->give_most[i] = GIVE_ANY;
    }
    for (uint32_t i = 0; i < s->def.account_count; i++) {
        s->may_give[i] = givers == LS_GIVE_MOVED && ls_shares_children(s->shares, i) == 0;
    }
    s->may_give[s->def.account_count] = givers == LS_GIVE_SPOTS;
}

// It breaks a promise, or shares a node.
static bool breaks_some(const ls_scheduler *s, uint32_t used) {
    bool some = false;
    for (uint32_t i = 0; i < used && !some; i++) {
        const uint32_t reserved = s->nodes[s->plan[i].node].reserved;
        some = reserved != LS_POOL_NONE &&
               (s->reserved[reserved].breaks || (s->sharing && s->reserved[reserved].shared));
    }
    return some;
}

static bool find(ls_scheduler *s, uint32_t claimant, uint32_t kind, ls_givers givers,
                 uint32_t *out_used) {
    const ls_pool_job *c = s->jobs + claimant;
    const uint64_t milli = ls_shape_milli(&c->request.shape);
    const uint64_t free = ls_occupancy_free_milli(s->occupancy);
    const uint32_t limit = ls_shares_limited_later(s->shares, c->request.account, kind, milli);
    if (givers == LS_GIVE_BORROWERS) {
        note_givers(s, c->request.account, kind, milli);
    } else {
        note_all(s, givers);
    }
    if (limit != LS_POOL_NONE) {
        only_below(s, limit);
    }
    uint64_t lent = kind != LS_POOL_NONE ? s->spot_milli[kind] : 0;  // of the kind
    bool may = s->breaking || s->may_give[s->def.account_count];
    for (uint32_t i = 0; i < s->def.account_count; i++) {
        may |= s->may_give[i];
        lent += s->may_give[i] ? ls_shares_held_kind(s->shares, i, kind) : 0;
    }
    may = may && free + lent >= milli;
    memset(s->spent, 0, s->def.account_count * sizeof *s->spent);
    assert(s->victim_count == 0);
    for (uint32_t tries = 0; may && tries < TRIES_MAX; tries++) {
        const uint32_t used = c->request.shape.parts == 1 ? plan_one(s, claimant, kind)
                                                          : plan_losses(s, claimant, kind);
        if (used == 0) {
            return false;
        }
        s->victim_count = 0;
        bool good = true;
        bool spent = false;
        uint32_t left = c->request.shape.parts;
        for (uint32_t i = 0; i < used && good; i++) {
            const uint32_t parts = s->plan[i].parts < left ? s->plan[i].parts : left;
            good = note_victims(s, claimant, kind, s->plan[i].node, parts, &spent);
            left -= parts;
        }
        good = good && (spent || (note_for_limits(s, claimant, kind) &&
                                  note_spots_for_limits(s, claimant, kind)));
        if (good && !spent && (s->victim_count > 0 || breaks_some(s, used))) {
            *out_used = used;
            return true;
        }
        ls_victims_again(s);
        if (!good || !spent) {
            return false;
        }
        for (uint32_t i = 1; i < s->def.account_count;
             i++) {  // parents stand before their children
            s->spent[i] |= s->spent[ls_shares_parent(s->shares, i)];
            s->may_give[i] &= !s->spent[i];
        }
    }
    return false;
}

bool ls_victims_find(ls_scheduler *s, uint32_t claimant, uint32_t kind, ls_givers givers,
                     uint32_t *out_used) {
    s->moving = givers == LS_GIVE_MOVED;
    s->sharing = !s->moving && s->jobs[claimant].request.shape.parts == 1;
    const bool found = find(s, claimant, kind, givers, out_used);
    s->sharing = false;
    s->moving = false;
    return found;
}
