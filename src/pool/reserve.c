// reserve.c - nodes kept for jobs: promised ones, and those that were taken back.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pool/scheduler_inside.h"

enum { NODE_JOBS_MAX = 256 };  // of one node that are told apart; the rest end with the last

static uint32_t reserved_place(ls_scheduler *s) {
    for (uint32_t i = 0; i < s->reserved_count; i++) {
        if (s->reserved[i].job == LS_POOL_NONE) {
            return i;
        }
    }
    return ls_grow(&s->reserved, &s->reserved_room, sizeof *s->reserved, s->reserved_count + 1)
               ? s->reserved_count++
               : LS_POOL_NONE;
}

static int by_number(const void *a, const void *b) {
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

// Numbers of nodes, each once, in order: many are marked and read off.
static void order(ls_scheduler *s, uint32_t *nodes, uint32_t count) {
    uint32_t low = UINT32_MAX, high = 0, at = 0;
    for (uint32_t i = 0; i < count; i++) {
        low = nodes[i] < low ? nodes[i] : low;
        high = nodes[i] > high ? nodes[i] : high;
    }
    if ((high - low) / 32 > count) {
        qsort(nodes, count, sizeof *nodes, by_number);
        return;
    }
    s->plan_mark++;
    for (uint32_t i = 0; i < count; i++) {
        s->plan_marks[nodes[i]] = s->plan_mark;
    }
    for (uint32_t node = low; at < count; node++) {
        nodes[at] = node;
        at += s->plan_marks[node] == s->plan_mark;
    }
}

// One more claims on a node that is shared, behind the others.
static void join(ls_scheduler *s, uint32_t job, uint32_t at) {
    uint32_t last = s->reserved[at].job;
    while (s->jobs[last].next_claim != LS_POOL_NONE) {
        last = s->jobs[last].next_claim;
    }
    s->jobs[last].next_claim = job;
}

// A new place for what is kept; LS_POOL_NONE: out of memory.
static uint32_t keep(ls_scheduler *s, uint32_t job, const ls_plan_node *nodes, uint32_t count,
                     int64_t from_us, bool claim, uint32_t kind) {
    const bool shared = claim && s->jobs[job].request.shape.parts == 1;
    uint32_t *kept = ls_alloc(count * sizeof *kept);
    const uint32_t at = kept != NULL ? reserved_place(s) : LS_POOL_NONE;
    if (at == LS_POOL_NONE) {
        ls_free(kept);
        s->out_of_memory = true;
        return LS_POOL_NONE;
    }
    s->reserved[at] = (ls_reserved){.job = job,
                                    .claim = claim,
                                    .shared = shared,
                                    .kind = shared ? s->cluster->nodes[nodes[0].node].kind : kind,
                                    .from_us = from_us,
                                    .nodes = kept,
                                    .count = count};
    for (uint32_t i = 0; i < count; i++) {
        kept[i] = nodes[i].node;
    }
    order(s, kept, count);
    for (uint32_t i = 0; i < count; i++) {
        assert(s->nodes[kept[i]].reserved == LS_POOL_NONE);
        ls_room_out(s, kept[i]);
        s->nodes[kept[i]].reserved = at;
        ls_room_in(s, kept[i]);
    }
    return at;
}

bool ls_reserve(ls_scheduler *s, uint32_t job, const ls_plan_node *nodes, uint32_t count,
                int64_t from_us, bool claim, uint32_t kind) {
    ls_pool_job *j = s->jobs + job;
    assert(j->reserved == LS_POOL_NONE && count > 0);
    uint32_t at = s->nodes[nodes[0].node].reserved;
    j->next_claim = LS_POOL_NONE;
    if (at != LS_POOL_NONE) {
        assert(claim && s->reserved[at].shared && count == 1);
        join(s, job, at);
    } else {
        at = keep(s, job, nodes, count, from_us, claim, kind);
    }
    if (at == LS_POOL_NONE) {
        return false;
    }
    j->reserved = at;
    if (claim) {
        ls_waiting_set_aside(s->waiting, job, true);  // those behind it may claim as well
        ls_shares_add(s->shares, j->request.account, kind, ls_shape_milli(&j->request.shape));
    }
    ls_reserve_show(s, job, true);
    return true;
}

// Nothing is kept there any more.
static void let_go(ls_scheduler *s, ls_reserved *r) {
    for (uint32_t i = 0; i < r->count; i++) {
        ls_room_out(s, r->nodes[i]);
        s->nodes[r->nodes[i]].reserved = LS_POOL_NONE;
        ls_room_in(s, r->nodes[i]);
        ls_occupancy_hold(s->occupancy, r->nodes[i],
                          ls_booked_hold_us(s, r->nodes[i], LS_POOL_NONE));
    }
    ls_free(r->nodes);
    *r = (ls_reserved){.job = LS_POOL_NONE};
}

void ls_reserve_drop(ls_scheduler *s, uint32_t job) {
    ls_pool_job *j = s->jobs + job;
    if (j->reserved == LS_POOL_NONE) {
        return;
    }
    ls_reserved *r = s->reserved + j->reserved;
    uint32_t *from = &r->job;
    while (*from != job) {
        from = &s->jobs[*from].next_claim;
    }
    *from = j->next_claim;
    j->reserved = LS_POOL_NONE;
    if (r->claim) {
        ls_waiting_set_aside(s->waiting, job, false);
        ls_shares_remove(s->shares, j->request.account, r->kind, ls_shape_milli(&j->request.shape));
        ls_scheduler_fell(s, j->request.account);
    } else {
        ls_scheduler_fell(s, 0);  // those that only some kinds would do for
        for (uint32_t i = 0; i < s->def.account_count; i++) {
            s->promised[i] = s->promised[i] == job ? LS_POOL_NONE : s->promised[i];
        }
    }
    if (r->job == LS_POOL_NONE) {
        let_go(s, r);
    }
    ls_scheduler_open(s);
}

bool ls_reserve_is_freed(const ls_scheduler *s, uint32_t reserved) {
    const ls_reserved *r = s->reserved + reserved;
    for (uint32_t i = 0; i < r->count; i++) {
        uint32_t job = s->nodes[r->nodes[i]].first_job;
        uint32_t part = s->nodes[r->nodes[i]].first_part;
        while (job != LS_POOL_NONE) {
            if (s->jobs[job].state == LS_POOL_JOB_STOPPING) {
                return false;
            }
            const ls_pool_link *link = s->jobs[job].links + part;
            job = link->next_job;
            part = link->next_part;
        }
    }
    return true;
}

// Starts the job for which nodes are kept, or gives them up. False: it is looked at in the next
// round.
static bool start_one(ls_scheduler *s, uint32_t job, bool due) {
    const uint32_t at = s->jobs[job].reserved;
    const bool claim = s->reserved[at].claim;
    uint32_t limit = LS_POOL_NONE;
    bool part = false;
    if (ls_scheduler_place(s, job, &limit, &part)) {
        return ls_scheduler_start(s, job, LS_WHY_PROMISED);
    }
    if (limit != LS_POOL_NONE) {
        if (!part && (due || ls_scheduler_has_spent(s, job))) {
            ls_reserve_drop(s, job);  // its account may not have it now: nobody waits for that
            return true;
        }
        return !claim;  // room comes when others have stopped, wherever
    }
    if (claim && ls_reserve_is_freed(s, at)) {  // no power, or the node is not as it was thought
        s->jobs[job].in_vain |= s->power_count > 0;  // or it stopped others again and again
        ls_reserve_drop(s, job);
        ls_reclaim_pause(s, job);
        s->jobs[job].spots_us = ls_pool_later(s->now_us, LS_RECLAIM_PAUSE_US);
    } else if (due && s->power_count > 0) {
        ls_reserve_drop(s, job);  // no power is kept for it
    }
    return true;
}

void ls_reserve_start(ls_scheduler *s) {
    for (uint32_t i = 0; i < s->reserved_count; i++) {
        const ls_reserved *r = s->reserved + i;
        const bool due = !r->claim && s->now_us >= r->from_us;
        if (r->job == LS_POOL_NONE || !(r->stirred || due)) {
            continue;
        }
        s->reserved[i].stirred = false;
        bool again = false;
        for (uint32_t job = r->job, next; job != LS_POOL_NONE; job = next) {
            next = s->jobs[job].next_claim;
            again |= !start_one(s, job, due);
        }
        s->reserved[i].stirred |= again;
    }
}

int64_t ls_reserve_next_us(const ls_scheduler *s) {
    int64_t next_us = INT64_MAX;
    for (uint32_t i = 0; i < s->reserved_count; i++) {
        const ls_reserved *r = s->reserved + i;
        if (r->job != LS_POOL_NONE && !r->claim && r->from_us > s->now_us && r->from_us < next_us) {
            next_us = r->from_us;
        }
    }
    return next_us;
}

// ---- when a node could take a part

typedef struct by_when {
    int64_t now_us, when_us;
} by_when;

static bool gone_by(const void *context, const ls_scheduler *s, uint32_t job) {
    const by_when *by = context;
    const int64_t latest_us = s->jobs[job].latest_us;
    return (latest_us > by->now_us ? latest_us : by->now_us) <= by->when_us;
}

// Distinct times at which something on the node is over, in their order; what is over by now counts
// as now.
static uint32_t times_of(const ls_scheduler *s, uint32_t node, int64_t *out) {
    uint32_t count = 0;
    uint32_t job = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    out[count++] = s->now_us;
    while (job != LS_POOL_NONE && count < NODE_JOBS_MAX) {
        const int64_t latest_us = s->jobs[job].latest_us;
        uint32_t at = count;
        while (at > 0 && out[at - 1] > latest_us) {
            at--;
        }
        if (latest_us > s->now_us && latest_us != INT64_MAX && out[at - 1] != latest_us) {
            memmove(out + at + 1, out + at, (count - at) * sizeof *out);
            out[at] = latest_us;
            count++;
        }
        const ls_pool_link *link = s->jobs[job].links + part;
        job = link->next_job;
        part = link->next_part;
    }
    return count;
}

// The first time at which a part fits on the node, and how many then.
static bool plan_node(const ls_scheduler *s, const ls_shape *shape, uint32_t node,
                      ls_plan_node *out) {
    int64_t times[NODE_JOBS_MAX + 1];
    const uint32_t time_count = times_of(s, node, times);
    for (uint32_t i = 0; i < time_count; i++) {
        const by_when by = {.now_us = s->now_us, .when_us = times[i]};
        const uint32_t parts = ls_plan_parts(s, shape, node, shape->spread ? 1 : shape->parts,
                                             gone_by, &by);
        if (parts > 0) {
            *out = (ls_plan_node){
                .value = (double)(times[i] - s->now_us), .node = node, .parts = parts};
            return true;
        }
    }
    return false;
}

// How long until all that runs on the node is over; negative: that is not known.
static double wait_of(const ls_scheduler *s, uint32_t node) {
    const int64_t latest_us = s->latest_us[node];
    if (latest_us == INT64_MAX) {
        return -1.0;
    }
    // The time, then the wait: clang 14 takes the difference first, which overflows when nothing
    // runs there.
    const int64_t when_us = latest_us > s->now_us ? latest_us : s->now_us;
    return (double)(when_us - s->now_us);
}

// Waits are put into buckets that are a 64th of their power of two wide.
enum { WAIT_BUCKETS = 64 * 64 };

static uint32_t wait_bucket(double wait) {
    uint64_t bits = 0;
    if (wait < 1.0) {
        return 0;
    }
    memcpy(&bits, &wait, sizeof bits);
    return (uint32_t)(bits >> 46) - (UINT32_C(0x3ff) << 6) + 1;
}

// Nodes that the job needs as a whole, by type.
typedef struct whole_types {
    bool suits[LS_NODE_TYPES], whole[LS_NODE_TYPES], has_gpus[LS_NODE_TYPES];
} whole_types;

// All of the node is free for the job when what runs there is over.
static bool is_whole(const ls_scheduler *s, const whole_types *t, uint32_t node) {
    return t->whole[s->types[node]] && s->soles[node] != LS_SOLE_AWAY &&
           s->soles[node] != LS_SOLE_PLAIN;
}

// A time by when more nodes than the job needs are free as a whole; a guess by every 16th of them.
// INT64_MAX: all are needed, for all that is known.
static int64_t guess_time(const ls_scheduler *s, const whole_types *t, uint32_t parts) {
    enum { STEP = 16, SPARE = 2 * STEP };  // samples beyond
    const uint64_t wanted = (uint64_t)parts + parts / 8 + SPARE * STEP;
    if (((uint64_t)s->cluster->node_count + STEP - 1) / STEP * STEP < wanted) {
        return INT64_MAX;  // so few nodes that all samples together do not suffice
    }
    uint32_t counts[WAIT_BUCKETS] = {0};
    uint64_t sum = 0;
    uint32_t bucket = 0;
    for (uint32_t node = 0; node < s->cluster->node_count; node += STEP) {
        const double wait = is_whole(s, t, node) ? wait_of(s, node) : -1.0;
        if (wait >= 0.0) {
            counts[wait_bucket(wait)]++;
        }
    }
    while (bucket < WAIT_BUCKETS && sum * STEP < wanted) {
        sum += counts[bucket++];
    }
    if (bucket == WAIT_BUCKETS || bucket < 2) {
        return bucket < 2 ? ls_pool_later(s->now_us, 1) : INT64_MAX;
    }
    // The least wait of the next bucket.
    const uint64_t bits = ((uint64_t)(bucket - 1) + (UINT64_C(0x3ff) << 6)) << 46;
    double border = 0.0;
    memcpy(&border, &bits, sizeof border);
    return ls_pool_later(s->now_us, border < 0x1p62 ? (int64_t)border : INT64_MAX);
}

static void plan_whole(ls_scheduler *s, uint32_t node, uint32_t *count) {
    s->plan[(*count)++] = (ls_plan_node){.value = wait_of(s, node), .node = node, .parts = 1};
}

// Which nodes the job could have, and when. Most are needed as a whole, which is told by when they
// are free; of those the later ones are looked at only when the others do not suffice.
static uint32_t plan_times(ls_scheduler *s, uint32_t job, uint32_t kind) {
    const ls_shape *shape = &s->jobs[job].request.shape;
    const bool in_unit = shape->must && shape->within != LS_POOL_ANYWHERE;
    const uint32_t nodes = s->cluster->node_count;
    whole_types t = {.suits = {false}};
    uint32_t count = 0;
    uint64_t parts = 0;
    ls_plan_types(s, job, kind, t.suits);
    for (uint32_t i = 0; i < s->type_count; i++) {
        t.has_gpus[i] = i < LS_NODE_TYPES - 1 && s->nodes[s->type_nodes[i]].kind != UINT8_MAX;
        t.whole[i] = t.suits[i] && shape->gpus > 0 &&
                     shape->gpus == s->nodes[s->type_nodes[i]].gpus;
    }
    const int64_t until_us = in_unit ? INT64_MAX : guess_time(s, &t, shape->parts);
    for (uint32_t node = 0; node < nodes; node++) {
        if (is_whole(s, &t, node)) {
            if (s->latest_us[node] < until_us) {
                plan_whole(s, node, &count);
                parts++;
            }
            continue;
        }
        if (s->soles[node] == LS_SOLE_AWAY && t.has_gpus[s->types[node]]) {
            continue;
        }
        if ((t.suits[s->types[node]] || s->types[node] == LS_NODE_TYPES - 1) &&
            ls_plan_may(s, job, kind, node) && plan_node(s, shape, node, s->plan + count)) {
            parts += s->plan[count++].parts;
        }
    }
    for (uint32_t node = 0; node < nodes && parts < shape->parts && until_us < INT64_MAX; node++) {
        if (is_whole(s, &t, node) && s->latest_us[node] >= until_us &&
            s->latest_us[node] < INT64_MAX) {
            plan_whole(s, node, &count);
        }
    }
    return ls_plan_choose(s, shape, count, false);
}

// The same, none before from_us, and each only when no reservation keeps the job away from then on.
static uint32_t plan_booked(ls_scheduler *s, uint32_t job, uint32_t kind, int64_t from_us) {
    const ls_shape *shape = &s->jobs[job].request.shape;
    const uint32_t most = shape->spread ? 1 : shape->parts;
    uint32_t count = 0;
    for (uint32_t node = 0; node < s->cluster->node_count; node++) {
        ls_plan_node here = {.node = node};
        if (!ls_plan_may(s, job, kind, node) || !plan_node(s, shape, node, &here)) {
            continue;
        }
        const int64_t first_us = s->now_us + (int64_t)here.value;
        const by_when by = {
            .now_us = s->now_us,
            .when_us = ls_booked_after(s, node, job, first_us > from_us ? first_us : from_us)};
        if (by.when_us < INT64_MAX) {
            here.parts = ls_plan_parts(s, shape, node, most, gone_by, &by);
            here.value = (double)(by.when_us - s->now_us);
            s->plan[count++] = here;
        }
    }
    return ls_plan_choose(s, shape, count, false);
}

// Nodes that are all there for the job from the time of the last of them on: a reservation may
// keep one that could take its part earlier away by then.
static uint32_t plan_time(ls_scheduler *s, uint32_t job, uint32_t kind) {
    if (s->booked_count == 0) {
        return plan_times(s, job, kind);
    }
    for (int64_t from_us = s->now_us;;) {
        const uint32_t used = plan_booked(s, job, kind, from_us);
        const int64_t at_us = used > 0 ? s->now_us + (int64_t)s->plan[used - 1].value : 0;
        bool all = true;
        for (uint32_t i = 0; i < used && all; i++) {
            all = ls_booked_after(s, s->plan[i].node, job, at_us) == at_us;
        }
        if (all) {
            return used;
        }
        from_us = at_us;
    }
}

// Promises the job its time; nothing when none is known.
static void promise(ls_scheduler *s, uint32_t account, uint32_t job) {
    ls_pool_job *j = s->jobs + job;
    const uint32_t kinds = j->request.shape.kinds;
    uint32_t best_kind = LS_POOL_NONE, last_kind = LS_POOL_NONE, used = 0;
    double best = 0.0;
    for (uint32_t k = 0; k < LS_POOL_KINDS_MAX; k++) {
        // Without a GPU it is planned once: no kind matters.
        if (kinds == 0 ? k == 0 : ((kinds >> k) & 1) != 0) {
            used = plan_time(s, job, k);
            last_kind = k;
            if (used > 0 && (best_kind == LS_POOL_NONE || s->plan[used - 1].value < best)) {
                best_kind = k;
                best = s->plan[used - 1].value;
            }
        }
    }
    if (best_kind == LS_POOL_NONE || best <= 0.0) {
        return;
    }
    if (last_kind != best_kind) {
        used = plan_time(s, job, best_kind);
    }
    const int64_t from_us = s->now_us + (int64_t)best;
    if (ls_reserve(s, job, s->plan, used, from_us, false, kinds == 0 ? LS_POOL_NONE : best_kind)) {
        s->promised[account] = job;
        j->promised_us = from_us < j->promised_us ? from_us : j->promised_us;
    }
}

void ls_reserve_promise(ls_scheduler *s) {
    const uint32_t children = ls_shares_children(s->shares, 0);
    for (uint32_t i = 0; i < (children > 0 ? children : 1); i++) {
        const uint32_t account = children > 0 ? ls_shares_child(s->shares, 0, i) : 0;
        if (s->promised[account] != LS_POOL_NONE) {
            continue;
        }
        const uint32_t job = ls_waiting_first(s->waiting, account);
        if (job != LS_POOL_NONE && s->jobs[job].reserved == LS_POOL_NONE &&
            s->now_us >= s->promise_us[account]) {
            promise(s, account, job);
            s->promise_us[account] = s->promised[account] == LS_POOL_NONE
                                         ? ls_pool_later(s->now_us, LS_PROMISE_PAUSE_US)
                                         : s->now_us;
        }
    }
}
