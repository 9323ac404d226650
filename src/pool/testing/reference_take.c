// reference_take.c - taking back what was lent; see reference_scheduler.h.
#include <assert.h>
#include <string.h>

#include "pool/testing/reference_inside.h"

#define SECOND_US INT64_C(1000000)
#define TICK_US (30 * SECOND_US)
#define PAUSE_US (30 * SECOND_US)
#define PAUSE_MOST_US (600 * SECOND_US)

enum { HEADS = 64, TRIES = 4, SPARE_PARTS = 64, SPARE_UNITS = 4 };

// Who takes how much of which kind, and which leaves may not give.
typedef struct attempt {
    ls_reference_scheduler *s;
    int64_t now_us;
    uint32_t job, kind;
    uint32_t limit;  // of this account keeps the job away, LS_POOL_NONE: none does
    uint64_t milli;
    ls_shape shape;  // of the one kind
    bool *banned;
    bool spots;       // spot jobs alone may be stopped
    bool moves;       // jobs that can be moved alone
    bool vain;        // the limits cannot have room
    bool *looked_at;  // nodes from which is chosen
    bool *may_break;  // jobs whose promises may be broken, NULL: none
    bool *may_pass;   // these, and jobs with whose claims nodes are shared
} attempt;

// How far it goes on a node: by loss, of equal loss who was submitted last first.
typedef struct mark {
    double loss;
    uint64_t number;
} mark;

// A node that can take parts when the jobs up to a mark are gone.
typedef struct site {
    uint32_t node, parts;
    mark up_to;
    double cost;  // per part; 0: they fit now
    bool now;
} site;

static uint32_t child_below(const ls_reference_scheduler *s, uint32_t above, uint32_t account) {
    while (ref_parent(s, account) != above) {
        account = ref_parent(s, account);
    }
    return account;
}

// The leaf may give up a job that holds so much.
static bool may_give(const attempt *a, uint32_t leaf, uint64_t has) {
    const ls_reference_scheduler *s = a->s;
    const uint32_t own = s->jobs[a->job].request.account;
    if (a->moves) {
        return ref_is_leaf(s, leaf);
    }
    if (a->spots || leaf == own || a->banned[leaf] || !ref_is_leaf(s, leaf) ||
        (a->limit != LS_POOL_NONE && !ref_is_below(s, leaf, a->limit))) {
        return false;
    }
    uint32_t meet = own;
    while (!ref_is_below(s, leaf, meet)) {
        meet = ref_parent(s, meet);
    }
    for (uint32_t up = leaf; up != meet; up = ref_parent(s, up)) {
        if (ref_borrowed(s, up, 0, 0) == 0) {
            return false;
        }
    }
    const uint32_t takes = child_below(s, meet, own), gives = child_below(s, meet, leaf);
    const uint64_t borrows = ref_borrowed(s, takes, a->kind, a->milli);
    if (borrows == 0) {
        return true;
    }
    const double with = (double)(borrows + a->milli);  // and a gang
    const double most = (double)ref_borrowed(s, gives, 0, 0) -
                        s->def.terms[gives].weight * (with / s->def.terms[takes].weight);
    return s->def.restore_shares && a->milli > 0 && most > 0 && (double)has <= most;
}

static bool was_stopped_for(const attempt *a, uint32_t job) {
    const ref_job *j = a->s->jobs + job;
    bool was = false;
    for (uint32_t i = 0; i < j->stopped_count; i++) {
        was |= j->stopped_for[i] == a->s->jobs[a->job].number;
    }
    return was;
}

static bool may_be_stopped(const attempt *a, uint32_t job) {
    const ref_job *j = a->s->jobs + job;
    if (a->moves && (j->request.spot || !j->request.saves || j->request.shape.parts > 1 ||
                     a->now_us - j->started_us < 1800 * SECOND_US)) {
        return false;
    }
    return j->state == LS_POOL_JOB_RUNNING && j->request.restartable && !was_stopped_for(a, job) &&
           (j->request.spot || may_give(a, j->request.account, ls_shape_milli(&j->request.shape)));
}

static double loss_of(const attempt *a, uint32_t job) {
    const ref_job *j = a->s->jobs + job;
    const ls_pool_request *r = &j->request;
    int64_t lost_us = a->now_us - j->started_us;
    if (r->saves) {
        lost_us = 0;
    } else if (r->checkpoint_every_us > 0) {
        lost_us %= r->checkpoint_every_us;
    }
    const double whole = (double)ls_shape_milli(&r->shape) * (double)(lost_us + r->stop_us);
    return r->spot ? whole / 1.0e6 : whole;
}

static mark mark_of(const attempt *a, uint32_t job) {
    return (mark){.loss = loss_of(a, job), .number = a->s->jobs[job].number};
}

static bool is_within(mark one, mark other) {
    return one.loss < other.loss || (one.loss <= other.loss && one.number >= other.number);
}

typedef struct up_to {
    const attempt *a;
    mark mark;
    bool all, nobody;
    const bool *spared;  // by job; NULL: none is
    bool stopping;       // those too that are on their way out
} up_to;

static bool is_gone(const void *context, uint32_t job) {
    const up_to *u = context;
    if (u->stopping && u->a->s->jobs[job].state == LS_POOL_JOB_STOPPING) {
        return true;
    }
    return !u->nobody && (u->spared == NULL || !u->spared[job]) && may_be_stopped(u->a, job) &&
           (u->all || is_within(mark_of(u->a, job), u->mark));
}

// Nodes that are taken back for jobs of one part are shared by them.
static bool shares_node(const ls_reference_scheduler *s, uint32_t job) {
    return s->jobs[job].kept.place != LS_POOL_NONE && s->jobs[job].kept.claims &&
           s->jobs[job].request.shape.parts == 1;
}

static bool is_shared(const ls_reference_scheduler *s, uint32_t node) {
    bool is = false;
    for (uint32_t i = 0; i < s->job_count; i++) {
        is |= shares_node(s, i) && s->jobs[i].kept.nodes[0] == node;
    }
    return is;
}

// What those that share the node have claimed is taken out of what is free, in the order in which
// they did. False: not all is there.
static bool without_claims(const ls_reference_scheduler *s, uint32_t node, ref_free *free) {
    uint32_t job = LS_POOL_NONE;
    for (uint32_t i = 0; i < s->job_count; i++) {
        job = shares_node(s, i) && s->jobs[i].kept.nodes[0] == node ? i : job;
    }
    const uint32_t place = s->jobs[job].kept.place;
    for (job = ref_next_kept(s, place, LS_POOL_NONE); job != LS_POOL_NONE;
         job = ref_next_kept(s, place, job)) {
        const ls_shape *has = &s->jobs[job].request.shape;
        if (has->cpu_milli > free->cpu_milli || has->memory_mib > free->memory_mib) {
            return false;
        }
        free->cpu_milli -= has->cpu_milli;
        free->memory_mib -= has->memory_mib;
        uint32_t left = has->milli != 0 ? 1 : has->gpus;
        const uint32_t each = has->milli != 0 ? has->milli : LS_POOL_WHOLE;
        for (; left > 0; left--) {  // the GPU with the least that suffices
            uint32_t best = LS_POOL_NONE;
            for (uint32_t g = 0; g < s->cluster->nodes[node].gpus; g++) {
                if (free->milli[g] >= each &&
                    (best == LS_POOL_NONE || free->milli[g] < free->milli[best])) {
                    best = g;
                }
            }
            if (best == LS_POOL_NONE) {
                return false;
            }
            free->milli[best] -= each;
        }
    }
    return true;
}

static uint32_t parts_without(const attempt *a, uint32_t node, const up_to *u) {
    up_to here = u != NULL ? *u : (up_to){.a = a, .nobody = true};
    here.stopping = is_shared(a->s, node) && a->shape.parts == 1;
    ref_free free = ref_node_free(a->s, node, is_gone, &here);
    return here.stopping && !without_claims(a->s, node, &free)
               ? 0
               : ref_parts(a->s, &a->shape, node, &free);
}

static uint32_t parts_on(const ref_job *j, uint32_t node) {
    uint32_t parts = 0;
    for (uint32_t p = 0; j->shares != NULL && p < j->request.shape.parts; p++) {
        parts += j->shares[p].node == node;
    }
    return parts;
}

// The first mark up to which all have to go so that so many parts fit. False: not even then.
static bool first_mark(const attempt *a, uint32_t node, uint32_t parts, mark *out) {
    bool some = false;
    for (uint32_t i = 0; i < a->s->job_count; i++) {
        if (parts_on(a->s->jobs + i, node) == 0 || !may_be_stopped(a, i)) {
            continue;
        }
        const up_to u = {.a = a, .mark = mark_of(a, i)};
        if ((!some || is_within(u.mark, *out)) && parts_without(a, node, &u) >= parts) {
            *out = u.mark;
            some = true;
        }
    }
    return some;
}

// Those up to the mark without whom the parts fit as well, the dearest looked at first.
static void spare(const attempt *a, uint32_t node, uint32_t parts, mark up_to_mark, bool *spared) {
    const up_to u = {.a = a, .mark = up_to_mark, .spared = spared};
    mark before = up_to_mark;
    memset(spared, 0, a->s->job_count);
    for (;;) {
        uint32_t next = LS_POOL_NONE;
        for (uint32_t i = 0; i < a->s->job_count; i++) {
            if (parts_on(a->s->jobs + i, node) > 0 && may_be_stopped(a, i) &&
                !is_within(before, mark_of(a, i)) &&
                (next == LS_POOL_NONE || is_within(mark_of(a, next), mark_of(a, i)))) {
                next = i;
            }
        }
        if (next == LS_POOL_NONE) {
            return;
        }
        before = mark_of(a, next);
        spared[next] = true;
        spared[next] = parts_without(a, node, &u) >= parts;
    }
}

// A reservation would keep the job from the node before it is over, as late as it may start.
static bool is_reserved(const attempt *a, uint32_t node) {
    const ls_pool_request *r = &a->s->jobs[a->job].request;
    const int64_t starts_us = a->now_us + a->s->longest_stop_us;
    return ref_is_reserved(a->s, node, r->account, a->now_us,
                           r->most_us > INT64_MAX - starts_us ? INT64_MAX : starts_us + r->most_us);
}

static site look_at(const attempt *a, uint32_t node) {
    const ls_reference_scheduler *s = a->s;
    site out = {.node = node};
    if ((a->looked_at != NULL && !a->looked_at[node]) ||
        !ref_is_considered(s, a->job, &a->shape, node, a->may_pass) || is_reserved(a, node)) {
        return out;
    }
    out.parts = parts_without(a, node, NULL);
    out.now = out.parts > 0;
    if (out.now) {
        return out;
    }
    out.parts = parts_without(a, node, &(up_to){.a = a, .all = true});
    const bool some = out.parts > 0 && first_mark(a, node, out.parts, &out.up_to);
    bool *spared = ls_alloc(s->job_count);
    assert(spared != NULL);
    if (some) {
        spare(a, node, out.parts, out.up_to, spared);
    }
    for (uint32_t i = 0; i < s->job_count && some; i++) {
        const uint32_t parts = parts_on(s->jobs + i, node);
        if (parts > 0 && !spared[i] && may_be_stopped(a, i) &&
            is_within(mark_of(a, i), out.up_to)) {
            out.cost += a->shape.parts == 1
                            ? loss_of(a, i)
                            : loss_of(a, i) / s->jobs[i].request.shape.parts * parts;
        }
    }
    ls_free(spared);
    out.cost = some ? out.cost / out.parts : 0;
    return out;
}

// The cheapest nodes of a range for all parts; returns how many, 0: they do not suffice.
static uint32_t choose(const attempt *a, uint32_t node_at, uint32_t node_count, site *out,
                       double *out_sum) {
    uint32_t left = a->shape.parts;
    uint32_t count = 0;
    *out_sum = 0;
    while (left > 0) {
        site best = {0};
        for (uint32_t node = node_at; node < node_at + node_count; node++) {
            bool taken = false;
            for (uint32_t i = 0; i < count; i++) {
                taken |= out[i].node == node;
            }
            const site here = taken ? (site){0} : look_at(a, node);
            if (here.parts > 0 && (best.parts == 0 || here.cost < best.cost)) {
                best = here;
            }
        }
        if (best.parts == 0) {
            return 0;
        }
        const uint32_t parts = best.parts < left ? best.parts : left;
        *out_sum += best.cost * parts;
        left -= parts;
        if (!best.now && parts < best.parts) {
            best.parts = parts;
            (void)first_mark(a, best.node, parts, &best.up_to);
        }
        out[count++] = best;
    }
    return count;
}

static void look_at_one(attempt *a, uint32_t node, bool *seen, uint32_t *found) {
    if (!seen[node] && *found < 4 + SPARE_PARTS) {
        seen[node] = true;
        a->looked_at[node] = true;
        const bool can = look_at(a, node).parts > 0;
        a->looked_at[node] = can;
        *found += can;
    }
}

// For one part: nodes that are shared, of promises that may be broken, then of the jobs that may be
// stopped, the latest started of each leaf first.
static void look_for_one(attempt *a) {
    ls_reference_scheduler *s = a->s;
    bool *seen = ls_alloc(s->cluster->node_count);
    uint32_t found = 0;
    assert(seen != NULL);
    for (uint32_t i = 0; i < s->table_count; i++) {
        const uint32_t job = ref_next_kept(s, i, LS_POOL_NONE);
        if (job != LS_POOL_NONE && shares_node(s, job)) {
            look_at_one(a, s->jobs[job].kept.nodes[0], seen, &found);
        }
    }
    for (uint32_t i = 0; i < s->table_count && a->may_break != NULL; i++) {
        const uint32_t job = ref_next_kept(s, i, LS_POOL_NONE);
        const bool breaks = job != LS_POOL_NONE && a->may_break[job];
        for (uint32_t k = 0; breaks && k < s->jobs[job].kept.node_count; k++) {
            look_at_one(a, s->jobs[job].kept.nodes[k], seen, &found);
        }
    }
    for (uint32_t leaf = 0; leaf <= s->def.account_count; leaf++) {  // spot jobs behind the others
        const bool spot = leaf == s->def.account_count;
        uint64_t before = UINT64_MAX;
        for (;;) {
            uint32_t next = LS_POOL_NONE;
            for (uint32_t i = 0; i < s->job_count; i++) {
                if (s->jobs[i].shares != NULL && s->jobs[i].request.spot == spot &&
                    (spot || s->jobs[i].request.account == leaf) && s->jobs[i].came < before &&
                    may_be_stopped(a, i) &&
                    (next == LS_POOL_NONE || s->jobs[i].came > s->jobs[next].came)) {
                    next = i;
                }
            }
            if (next == LS_POOL_NONE) {
                break;
            }
            before = s->jobs[next].came;
            for (uint32_t p = 0; p < s->jobs[next].request.shape.parts; p++) {
                look_at_one(a, s->jobs[next].shares[p].node, seen, &found);
            }
        }
    }
    ls_free(seen);
}

// For several: from where the last search ended around, until there are enough to choose from.
static void look_around(attempt *a) {
    ls_reference_scheduler *s = a->s;
    const uint32_t nodes = s->cluster->node_count;
    const bool in_unit = a->shape.must && a->shape.within != LS_POOL_ANYWHERE &&
                         a->shape.within != LS_POOL_NODE;
    uint32_t from = s->search_from;
    uint64_t parts = 0, unit_parts = 0;
    uint32_t units = 0, last = LS_POOL_NONE;
    if (in_unit) {
        const uint32_t unit = ls_cluster_unit(s->cluster, from, a->shape.within);
        from = unit != LS_POOL_NONE ? s->cluster->units[unit].node_at : from;
    }
    for (uint32_t i = 0; i < nodes; i++) {
        const uint32_t node = (from + i) % nodes;
        if (in_unit) {
            const uint32_t unit = ls_cluster_unit(s->cluster, node, a->shape.within);
            if (unit != last) {
                units += unit_parts >= a->shape.parts;
                last = unit;
                unit_parts = 0;
            }
        }
        if (in_unit ? units >= SPARE_UNITS : parts >= 4 * (uint64_t)a->shape.parts + SPARE_PARTS) {
            s->search_from = node;
            return;
        }
        a->looked_at[node] = true;
        const uint32_t here = look_at(a, node).parts;
        parts += here;
        unit_parts += here;
    }
}

static uint32_t choose_anywhere(const attempt *a, site *out) {
    site *sites = ls_alloc(a->shape.parts * sizeof *sites);
    uint32_t best = 0;
    double least = 0;
    uint32_t node_at = 0;
    uint32_t node_count = 0;
    assert(sites != NULL);
    for (uint32_t r = 0; r < ref_ranges(a->s, &a->shape, r, &node_at, &node_count); r++) {
        double sum = 0;
        const uint32_t count = choose(a, node_at, node_count, sites, &sum);
        if (count > 0 && (best == 0 || sum < least)) {
            best = count;
            least = sum;
            memcpy(out, sites, count * sizeof *sites);
        }
    }
    ls_free(sites);
    return best;
}

// Others whose loss is the least, leaf by leaf, the latest started first among equals, until the
// limits have room. False: there are not enough.
static bool note_for_limits(attempt *a, const bool *may, uint32_t *out, uint32_t *out_count) {
    ls_reference_scheduler *s = a->s;
    const uint32_t own = s->jobs[a->job].request.account;
    for (;;) {
        ref_count(s, LS_POOL_NONE);
        if (ref_limited_later(s, own, a->kind, a->milli) == LS_POOL_NONE) {
            return true;
        }
        uint32_t best = LS_POOL_NONE;
        for (uint32_t i = 0; i < s->job_count; i++) {
            const ref_job *j = s->jobs + i;
            if (!may[i] || j->noted || j->request.spot || j->kind != a->kind ||
                ls_shape_milli(&j->request.shape) == 0 ||
                !may_give(a, j->request.account, ls_shape_milli(&j->request.shape))) {
                continue;
            }
            const ref_job *b = best != LS_POOL_NONE ? s->jobs + best : NULL;
            const double gain = b != NULL ? loss_of(a, best) - loss_of(a, i) : 1;
            const bool earlier = b != NULL &&
                                 (j->request.account < b->request.account ||
                                  (j->request.account == b->request.account && j->came > b->came));
            if (gain > 0 || (gain == 0 && earlier)) {
                best = i;
            }
        }
        if (best == LS_POOL_NONE) {
            return false;
        }
        s->jobs[best].noted = true;
        out[(*out_count)++] = best;
    }
}

// Spot jobs below the limits that are in the way, as long as they are: those of the kind first,
// then those whose loss is the least, the latest started first among equals.
static void note_spots_for_limits(attempt *a, const bool *may, uint32_t *out, uint32_t *out_count) {
    ls_reference_scheduler *s = a->s;
    for (;;) {
        ref_count(s, LS_POOL_NONE);
        const uint32_t limit = ref_limited(s, s->jobs[a->job].request.account, a->kind, a->milli);
        uint32_t best = LS_POOL_NONE;
        for (uint32_t i = 0; i < s->job_count && limit != LS_POOL_NONE; i++) {
            const ref_job *j = s->jobs + i;
            if (!may[i] || j->noted || !j->request.spot || ls_shape_milli(&j->request.shape) == 0 ||
                !ref_is_below(s, j->request.account, limit)) {
                continue;
            }
            const ref_job *b = best != LS_POOL_NONE ? s->jobs + best : NULL;
            const int nearer = b != NULL ? (j->kind == a->kind) - (b->kind == a->kind) : 1;
            const double gain = b != NULL ? loss_of(a, best) - loss_of(a, i) : 1;
            if (nearer > 0 || (nearer == 0 && (gain > 0 || (gain == 0 && j->came > b->came)))) {
                best = i;
            }
        }
        if (best == LS_POOL_NONE) {
            return;
        }
        s->jobs[best].noted = true;
        out[(*out_count)++] = best;
    }
}

// Notes who is to be stopped, in order. False: some leaf may by then give no more: those are
// banned.
static bool note(attempt *a, const site *sites, uint32_t count, uint32_t *out,
                 uint32_t *out_count) {
    ls_reference_scheduler *s = a->s;
    bool *may = ls_alloc(s->job_count);  // before anybody is taken out of the books
    bool *here = ls_alloc(s->job_count);
    bool *banned = ls_alloc(s->def.account_count);
    bool good = true;
    bool *spared = ls_alloc((size_t)count * s->job_count);  // by site
    assert(may != NULL && here != NULL && banned != NULL && spared != NULL);
    for (uint32_t n = 0; n < count; n++) {
        if (!sites[n].now) {
            spare(a, sites[n].node, sites[n].parts, sites[n].up_to,
                  spared + (size_t)n * s->job_count);
        }
    }
    *out_count = 0;
    for (uint32_t i = 0; i < s->job_count; i++) {
        may[i] = may_be_stopped(a, i);
    }
    for (uint32_t n = 0; n < count; n++) {
        for (uint32_t i = 0; i < s->job_count; i++) {
            here[i] = !sites[n].now && may[i] && parts_on(s->jobs + i, sites[n].node) > 0 &&
                      !spared[(size_t)n * s->job_count + i] && !s->jobs[i].noted &&
                      is_within(mark_of(a, i), sites[n].up_to);
        }
        for (;;) {
            uint32_t next = LS_POOL_NONE;
            for (uint32_t i = 0; i < s->job_count; i++) {
                if (here[i] && (next == LS_POOL_NONE || s->jobs[i].came > s->jobs[next].came)) {
                    next = i;
                }
            }
            if (next == LS_POOL_NONE) {
                break;
            }
            here[next] = false;
            ref_count(s, LS_POOL_NONE);
            const uint32_t leaf = s->jobs[next].request.account;
            if (!s->jobs[next].request.spot && !a->moves &&
                !may_give(a, leaf, ls_shape_milli(&s->jobs[next].request.shape))) {
                good = false;
                uint32_t who = leaf;  // below where ways meet
                while (ref_borrowed(s, who, 0, 0) > 0 &&
                       !ref_is_below(s, s->jobs[a->job].request.account, ref_parent(s, who))) {
                    who = ref_parent(s, who);
                }
                for (uint32_t b = 0; b < s->def.account_count; b++) {
                    banned[b] |= ref_is_below(s, b, who);
                }
                continue;
            }
            s->jobs[next].noted = true;
            out[(*out_count)++] = next;
        }
    }
    if (good && !note_for_limits(a, may, out, out_count)) {
        good = false;
        a->vain = true;
    }
    if (good) {
        note_spots_for_limits(a, may, out, out_count);
    }
    for (uint32_t i = 0; i < s->job_count; i++) {
        s->jobs[i].noted = false;
    }
    ref_count(s, LS_POOL_NONE);
    for (uint32_t b = 0; b < s->def.account_count; b++) {
        a->banned[b] |= banned[b];
    }
    ls_free(may);
    ls_free(spared);
    ls_free(here);
    ls_free(banned);
    return good;
}

static bool is_enough(const attempt *a) {
    uint64_t lent = 0;
    bool some = a->may_break != NULL || (!a->moves && ref_spots_run(a->s));
    for (uint32_t i = 0; i < a->s->job_count; i++) {
        const ref_job *j = a->s->jobs + i;
        lent += j->request.spot && j->state == LS_POOL_JOB_RUNNING && j->kind == a->kind
                    ? ls_shape_milli(&j->request.shape)
                    : 0;
    }
    for (uint32_t i = 0; i < a->s->def.account_count; i++) {
        some |= may_give(a, i, 0);
        lent += may_give(a, i, 0) ? a->s->accounts[i].held[a->kind] : 0;
    }
    return some && ls_occupancy_free_milli(a->s->occupancy) + lent >= a->milli;
}

// What is promised to this job is no hindrance for the one that takes back.
static bool may_break(ls_reference_scheduler *s, uint32_t job, uint32_t kind, uint32_t other) {
    const ref_kept *kept = &s->jobs[other].kept;
    const uint32_t own = s->jobs[job].request.account;
    const uint32_t from = s->jobs[other].request.account;
    const uint64_t milli = ls_shape_milli(&s->jobs[other].request.shape);
    if (other == job || kept->place == LS_POOL_NONE || kept->claims) {
        return false;
    }
    uint32_t meet = own;
    while (!ref_is_below(s, from, meet)) {
        meet = ref_parent(s, meet);
    }
    const uint32_t side = from == own ? own : child_below(s, meet, own);
    const uint64_t needs = ls_shape_milli(&s->jobs[job].request.shape);
    const uint64_t borrows = ref_borrowed(s, side, kind, needs);
    if (borrows > 0) {  // it may still be below its share, and the other above
        if (!s->def.restore_shares || from == own) {
            return false;
        }
        const uint32_t gives = child_below(s, meet, from);
        const double most = (double)ref_borrowed(s, gives, 0, 0) -
                            s->def.terms[gives].weight *
                                ((double)(borrows + needs) / s->def.terms[side].weight);
        if (most <= 0) {
            return false;
        }
    }
    const uint32_t end = from == own ? ref_parent(s, own) : meet;
    for (uint32_t up = from; up != end; up = ref_parent(s, up)) {
        if (milli > 0 && ref_borrowed(s, up, kept->kind, milli) == 0) {
            return false;
        }
    }
    return true;
}

static bool is_kept_for(const ls_reference_scheduler *s, uint32_t job, uint32_t node) {
    const ref_kept *kept = &s->jobs[job].kept;
    bool is = false;
    for (uint32_t k = 0; kept->place != LS_POOL_NONE && k < kept->node_count; k++) {
        is |= kept->nodes[k] == node;
    }
    return is;
}

// A place that breaks no limit of power: the units whose limit it would break are left out.
static bool find_powered(ls_reference_scheduler *s, const ls_shape *shape, int64_t until_us,
                         ls_pool_share *out) {
    bool good = ls_occupancy_find(s->occupancy, shape, until_us, out);
    while (good && ref_power_short(s, shape, out) != LS_POOL_NONE) {
        const ls_pool_unit *u = s->cluster->units + ref_power_short(s, shape, out);
        for (uint32_t n = u->node_at; n < u->node_at + u->node_count; n++) {
            ls_occupancy_hold(s->occupancy, n, INT64_MIN);
        }
        good = ls_occupancy_find(s->occupancy, shape, until_us, out);
    }
    return good;
}

// With limits of power: when all that are noted are gone, each has another place, and then the job
// has one too.
static bool have_powered_places(ls_reference_scheduler *s, int64_t now_us, uint32_t job,
                                uint32_t kind, const site *sites, uint32_t count,
                                const uint32_t *noted, uint32_t stops) {
    ls_pool_share *moved = ls_alloc(stops * sizeof *moved);
    ls_pool_share **were = ls_alloc(stops * sizeof *were);
    ls_shape shape = s->jobs[job].request.shape;
    ls_pool_share *places = ls_alloc(shape.parts * sizeof *places);
    assert(moved != NULL && were != NULL && places != NULL);
    bool good = true;
    for (uint32_t i = 0; i < stops; i++) {
        ref_job *j = s->jobs + noted[i];
        were[i] = j->shares;
        ls_occupancy_give(s->occupancy, &j->request.shape, j->shares, 1);
        j->shares = NULL;
    }
    uint32_t found = 0;
    for (; found < stops && good; found++) {
        ref_job *j = s->jobs + noted[found];
        const ls_pool_request *r = &j->request;
        const int64_t from_us = now_us + r->stop_us;
        ref_hold_for(s, LS_POOL_NONE);
        for (uint32_t i = 0; i < count; i++) {
            ls_occupancy_hold(s->occupancy, sites[i].node, INT64_MIN);
        }
        good = find_powered(s, &r->shape,
                            r->most_us > INT64_MAX - from_us ? INT64_MAX : from_us + r->most_us,
                            moved + found);
        if (good) {
            ls_occupancy_take(s->occupancy, &r->shape, moved + found, 1);
            j->shares = moved + found;
        }
    }
    const int64_t most_us = s->jobs[job].request.most_us;
    shape.kinds = UINT32_C(1) << kind;
    ref_hold_for(s, job);
    good = good &&
           find_powered(s, &shape, most_us > INT64_MAX - now_us ? INT64_MAX : now_us + most_us,
                        places);
    for (uint32_t i = 0; i < stops; i++) {
        ref_job *j = s->jobs + noted[i];
        if (j->shares != NULL) {
            ls_occupancy_give(s->occupancy, &j->request.shape, j->shares, 1);
        }
        j->shares = were[i];
    }
    for (uint32_t i = 0; i < stops; i++) {
        ls_occupancy_take(s->occupancy, &s->jobs[noted[i]].request.shape, were[i], 1);
    }
    ls_free(moved);
    ls_free(were);
    ls_free(places);
    return good;
}

// Each of those that are noted has another place now.
static bool have_places(ls_reference_scheduler *s, int64_t now_us, const site *sites,
                        uint32_t count, const uint32_t *noted, uint32_t stops) {
    ls_pool_share *moved = ls_alloc(stops * sizeof *moved);
    uint32_t found = 0;
    assert(moved != NULL);
    ref_hold_for(s, LS_POOL_NONE);
    for (uint32_t i = 0; i < count; i++) {
        ls_occupancy_hold(s->occupancy, sites[i].node, INT64_MIN);
    }
    for (; found < stops; found++) {
        const ls_pool_request *r = &s->jobs[noted[found]].request;
        const int64_t from_us = now_us + r->stop_us;
        const int64_t until_us = r->most_us > INT64_MAX - from_us ? INT64_MAX
                                                                  : from_us + r->most_us;
        if (!ls_occupancy_find(s->occupancy, &r->shape, until_us, moved + found)) {
            break;
        }
        ls_occupancy_take(s->occupancy, &r->shape, moved + found, 1);
    }
    for (uint32_t i = found; i-- > 0;) {
        ls_occupancy_give(s->occupancy, &s->jobs[noted[i]].request.shape, moved + i, 1);
    }
    ls_free(moved);
    return found == stops;
}

static bool try_nodes(ls_reference_scheduler *s, int64_t now_us, uint32_t job, uint32_t kind,
                      bool *breaks, bool spots, bool moves) {
    const ls_shape *shape = &s->jobs[job].request.shape;
    attempt a = {.s = s,
                 .now_us = now_us,
                 .job = job,
                 .kind = kind,
                 .milli = ls_shape_milli(shape),
                 .shape = *shape,
                 .may_break = breaks,
                 .spots = spots,
                 .moves = moves,
                 .may_pass = ls_alloc(s->job_count),
                 .banned = ls_alloc(s->def.account_count),
                 .looked_at = ls_alloc(s->cluster->node_count)};
    site *sites = ls_alloc(shape->parts * sizeof *sites);
    uint32_t *nodes = ls_alloc(shape->parts * sizeof *nodes);
    uint32_t *noted = ls_alloc(s->job_count * sizeof *noted);
    bool done = false;
    assert(a.banned != NULL && a.looked_at != NULL && sites != NULL && nodes != NULL &&
           noted != NULL);
    a.shape.kinds = kind != LS_POOL_NONE ? UINT32_C(1) << kind : 0;
    ref_count(s, LS_POOL_NONE);
    a.limit = ref_limited_later(s, s->jobs[job].request.account, kind, a.milli);
    const bool enough = is_enough(&a);
    assert(a.may_pass != NULL);
    for (uint32_t i = 0; i < s->job_count; i++) {
        a.may_pass[i] = (breaks != NULL && breaks[i]) ||
                        (!moves && shape->parts == 1 && shares_node(s, i));
    }
    for (uint32_t t = 0; t < TRIES && !done && enough; t++) {
        uint32_t stops = 0;
        memset(a.looked_at, 0, s->cluster->node_count);
        if (shape->parts == 1) {
            look_for_one(&a);
        } else {
            look_around(&a);
        }
        const uint32_t count = choose_anywhere(&a, sites);
        if (count == 0) {
            break;
        }
        done = note(&a, sites, count, noted, &stops);
        bool some = stops > 0 || (!moves && shape->parts == 1 && is_shared(s, sites[0].node));
        for (uint32_t i = 0; i < s->job_count && breaks != NULL; i++) {
            for (uint32_t k = 0; k < count; k++) {
                some |= breaks[i] && is_kept_for(s, i, sites[k].node);
            }
        }
        if (a.vain || (done && !some) ||
            (done && moves &&
             !(ref_has_power(s)
                   ? have_powered_places(s, now_us, job, kind, sites, count, noted, stops)
                   : have_places(s, now_us, sites, count, noted, stops)))) {
            done = false;
            break;
        }
        for (uint32_t i = 0; i < count; i++) {
            nodes[i] = sites[i].node;
        }
        if (done) {
            ref_drop(s, job);
            for (uint32_t i = 0; i < s->job_count && breaks != NULL; i++) {
                for (uint32_t k = 0; k < count && breaks[i]; k++) {
                    if (is_kept_for(s, i, sites[k].node)) {
                        ref_drop(s, i);
                    }
                }
            }
            ref_keep(s, job, nodes, count, INT64_MIN, true);
        }
        for (uint32_t i = 0; i < stops && done; i++) {
            ref_stop(s, now_us, noted[i],
                     moves                            ? LS_WHY_MOVE
                     : s->jobs[noted[i]].request.spot ? LS_WHY_YIELD
                                                      : LS_WHY_RECLAIM,
                     job);
        }
        ref_count(s, done ? job : LS_POOL_NONE);
        const bool limited = done && stops > 0 &&
                             ref_limited(s, s->jobs[job].request.account, kind, a.milli) !=
                                 LS_POOL_NONE;
        for (uint32_t i = 0; i < s->job_count && limited; i++) {
            s->jobs[i].kept.stirred |= s->jobs[i].kept.place == s->jobs[job].kept.place;
        }
        if (done && stops == 0 && !ref_start_now(s, now_us, job) && !ref_somebody_stops(s, job)) {
            for (uint32_t i = 0; i < s->job_count; i++) {
                s->jobs[i].kept.stirred |= s->jobs[i].kept.place == s->jobs[job].kept.place;
            }
        }
    }
    ls_free(a.banned);
    ls_free(a.looked_at);
    ls_free(a.may_pass);
    ls_free(sites);
    ls_free(nodes);
    ls_free(noted);
    return done;
}

static bool try_kind(ls_reference_scheduler *s, int64_t now_us, uint32_t job, uint32_t kind) {
    bool done = try_nodes(s, now_us, job, kind, NULL, false, false);
    bool *breaks = ls_alloc(s->job_count);
    bool some = false;
    assert(breaks != NULL);
    ref_count(s, LS_POOL_NONE);
    for (uint32_t i = 0; i < s->job_count && !done; i++) {
        breaks[i] = may_break(s, job, kind, i);
        some |= breaks[i];
    }
    done = done || (some && try_nodes(s, now_us, job, kind, breaks, false, false));
    ls_free(breaks);
    return done;
}

static bool is_entitled(const ls_reference_scheduler *s, uint32_t job, uint32_t kind) {
    const ls_pool_request *r = &s->jobs[job].request;
    const uint64_t milli = ls_shape_milli(&r->shape);
    if (milli == 0 || s->jobs[job].in_vain || ((r->shape.kinds >> kind) & 1) == 0 ||
        ref_limited_later(s, r->account, kind, milli) == r->account) {
        return false;
    }
    bool entitled = s->def.restore_shares;
    for (uint32_t up = r->account; up != 0; up = ref_parent(s, up)) {
        entitled |= ref_borrowed(s, up, kind, milli) == 0;
    }
    return entitled;
}

bool ref_does_claim(const ls_reference_scheduler *s, uint32_t job) {
    return s->jobs[job].kept.place != LS_POOL_NONE && s->jobs[job].kept.claims;
}

// It waits, and its own account's limit does not stop its queue.
static bool is_looked_at(const ls_reference_scheduler *s, uint32_t job) {
    const ref_job *j = s->jobs + job;
    return j->state == LS_POOL_JOB_WAITING && !j->request.spot &&
           s->queues[j->queue].stopped_by != j->request.account;
}

// The heads of the leaf's queues in their order; returns how many.
static uint32_t heads_of(const ls_reference_scheduler *s, uint32_t leaf, uint32_t *out) {
    uint32_t count = 0;
    for (;;) {
        uint32_t next = LS_POOL_NONE;
        for (uint32_t i = 0; i < s->job_count && count < HEADS; i++) {
            bool fits = s->jobs[i].request.account == leaf && is_looked_at(s, i) &&
                        !ref_does_claim(s, i);
            for (uint32_t k = 0; k < count && fits; k++) {
                fits = s->jobs[out[k]].queue != s->jobs[i].queue;
            }
            if (fits && (next == LS_POOL_NONE || ref_goes_before(s, i, next))) {
                next = i;
            }
        }
        if (next == LS_POOL_NONE) {
            return count;
        }
        out[count++] = next;
    }
}

static int64_t reclaim_of(const ls_reference_scheduler *s, uint32_t job) {
    return s->def.reclaim_us != NULL ? s->def.reclaim_us[s->jobs[job].request.account] : 0;
}

static bool may_try(ls_reference_scheduler *s, int64_t now_us, uint32_t job, uint32_t kind) {
    const ref_job *j = s->jobs + job;
    ref_count(s, LS_POOL_NONE);
    return now_us >= j->paused_until_us &&
           ref_spent(s, now_us, j->request.account, ls_shape_milli(&j->request.shape)) ==
               LS_POOL_NONE &&
           now_us - j->since_us + s->longest_stop_us + TICK_US >= reclaim_of(s, job) &&
           is_entitled(s, job, kind);
}

static bool may_try_any(ls_reference_scheduler *s, int64_t now_us, uint32_t job) {
    bool may = false;
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        may |= may_try(s, now_us, job, k);
    }
    return may;
}

void ref_pause(ls_reference_scheduler *s, int64_t now_us, uint32_t job) {
    ref_job *j = s->jobs + job;
    int64_t most_us = reclaim_of(s, job) - TICK_US - s->longest_stop_us;
    most_us = most_us > PAUSE_US ? most_us : PAUSE_US;
    most_us = most_us < PAUSE_MOST_US ? most_us : PAUSE_MOST_US;
    j->pause_us = j->pause_us < most_us ? j->pause_us : most_us;
    j->paused_until_us = now_us + j->pause_us;
    j->pause_us *= 2;
}

void ref_wake(ls_reference_scheduler *s, int64_t now_us) {
    for (uint32_t i = 0; i < s->job_count; i++) {
        s->jobs[i].paused_until_us = INT64_MIN;
    }
    s->tick_us = s->tick_us != INT64_MAX ? now_us : INT64_MAX;
}

// The leaf at the front, one try. False: it is not done.
static bool look(ls_reference_scheduler *s, int64_t now_us, uint32_t leaf, bool *tried) {
    uint32_t heads[HEADS];
    for (;;) {
        const uint32_t count = heads_of(s, leaf, heads);
        while (s->heads_done < count && !may_try_any(s, now_us, heads[s->heads_done])) {
            s->heads_done++;
        }
        if (s->heads_done >= count) {
            break;
        }
        if (*tried) {
            return false;
        }
        *tried = true;
        bool done = false;
        for (uint32_t k = 0; k < s->cluster->kind_count && !done; k++) {
            if (may_try(s, now_us, heads[s->heads_done], k)) {
                done = try_kind(s, now_us, heads[s->heads_done], k);
            }
        }
        if (!done) {
            ref_pause(s, now_us, heads[s->heads_done++]);
        }
    }
    s->heads_done = 0;
    return true;
}

void ref_look_soon(ls_reference_scheduler *s, uint32_t leaf) {
    for (uint32_t i = 0; i < s->look_count; i++) {
        if (s->looks[i] == leaf) {
            return;
        }
    }
    s->looks = ls_realloc(s->looks, (s->look_count + 1) * sizeof *s->looks);
    assert(s->looks != NULL);
    s->looks[s->look_count++] = leaf;
}

void ref_take_back(ls_reference_scheduler *s, int64_t now_us) {
    bool waits = false;
    for (uint32_t i = 0; i < s->job_count; i++) {
        waits |= s->jobs[i].state == LS_POOL_JOB_WAITING && !s->jobs[i].request.spot;
    }
    const bool tick = waits && s->tick_us <= now_us;
    s->move_due |= tick;
    if (!waits) {
        s->tick_us = INT64_MAX;
    } else if (tick || s->tick_us == INT64_MAX) {
        s->tick_us = now_us + TICK_US;
    }
    for (uint32_t i = 0; i < s->def.account_count && tick; i++) {
        bool some = false;
        for (uint32_t job = 0; job < s->job_count && ref_is_leaf(s, i); job++) {
            some |= s->jobs[job].request.account == i && is_looked_at(s, job);
        }
        if (some) {
            ref_look_soon(s, i);
        }
    }
    bool tried = false;
    while (s->look_count > 0 && look(s, now_us, s->looks[0], &tried)) {
        s->look_count--;
        memmove(s->looks, s->looks + 1, s->look_count * sizeof *s->looks);
    }
}

// ---- spot jobs

bool ref_take_from_spots(ls_reference_scheduler *s, int64_t now_us, uint32_t job) {
    const ref_job *j = s->jobs + job;
    const ls_pool_request *r = &j->request;
    const uint64_t milli = ls_shape_milli(&r->shape);
    bool done = false;
    if (j->in_vain || now_us < j->spots_us || !ref_spots_run(s) ||
        ref_spent(s, now_us, r->account, milli) != LS_POOL_NONE) {
        return false;
    }
    for (uint32_t k = 0; k < s->cluster->kind_count && r->shape.kinds != 0 && !done; k++) {
        ref_count(s, LS_POOL_NONE);
        done = ((r->shape.kinds >> k) & 1) != 0 &&
               ref_limited_later(s, r->account, k, milli) == LS_POOL_NONE &&
               try_nodes(s, now_us, job, k, NULL, true, false);
    }
    return r->shape.kinds != 0 ? done : try_nodes(s, now_us, job, LS_POOL_NONE, NULL, true, false);
}

// ---- moving

static bool move_for(ls_reference_scheduler *s, int64_t now_us, uint32_t job) {
    const ls_pool_request *r = &s->jobs[job].request;
    const uint64_t milli = ls_shape_milli(&r->shape);
    bool done = false;
    for (uint32_t k = 0; k < s->cluster->kind_count && !done; k++) {
        ref_count(s, LS_POOL_NONE);
        done = ((r->shape.kinds >> k) & 1) != 0 &&
               ref_limited(s, r->account, k, milli) == LS_POOL_NONE &&
               try_nodes(s, now_us, job, k, NULL, false, true);
    }
    return done;
}

static bool may_ask(ls_reference_scheduler *s, int64_t now_us, uint32_t job) {
    const ref_job *j = s->jobs + job;
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    bool limited = true;
    ref_count(s, LS_POOL_NONE);
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        limited &= ((j->request.shape.kinds >> k) & 1) == 0 ||
                   ref_limited(s, j->request.account, k, milli) != LS_POOL_NONE;
    }
    return milli > 0 && !limited && !ref_does_claim(s, job) && !j->in_vain &&
           now_us - j->since_us >= 120 * SECOND_US && now_us >= j->moves_us &&
           ls_occupancy_free_milli(s->occupancy) >= milli &&
           ref_spent(s, now_us, j->request.account, milli) == LS_POOL_NONE;
}

// The leaf has a job that no limit stops.
static bool has_ready(const ls_reference_scheduler *s, uint32_t leaf) {
    bool some = false;
    for (uint32_t i = 0; i < s->job_count && ref_is_leaf(s, leaf); i++) {
        some |= s->jobs[i].request.account == leaf && !s->jobs[i].request.spot &&
                ref_is_ready(s, i);
    }
    return some;
}

static uint32_t who_asks(ls_reference_scheduler *s, int64_t now_us) {
    for (uint32_t i = 0; i < s->def.account_count; i++) {
        uint32_t heads[HEADS];
        const uint32_t count = has_ready(s, s->move_leaf) ? heads_of(s, s->move_leaf, heads) : 0;
        for (uint32_t h = 0; h < count; h++) {
            if (may_ask(s, now_us, heads[h])) {
                return heads[h];
            }
        }
        s->move_leaf = (s->move_leaf + 1) % s->def.account_count;
    }
    return LS_POOL_NONE;
}

void ref_move(ls_reference_scheduler *s, int64_t now_us) {
    if (!s->move_due || now_us < s->move_us) {
        return;
    }
    s->move_due = false;
    const uint32_t job = who_asks(s, now_us);
    if (job != LS_POOL_NONE && move_for(s, now_us, job)) {
        s->move_pause_us = 0;
    } else if (job != LS_POOL_NONE) {
        s->jobs[job].moves_us = now_us + 600 * SECOND_US;
        s->move_pause_us = s->move_pause_us == 0 ? TICK_US : 2 * s->move_pause_us;
        s->move_pause_us = s->move_pause_us < 600 * SECOND_US ? s->move_pause_us : 600 * SECOND_US;
        s->move_us = now_us + s->move_pause_us;
    }
}
