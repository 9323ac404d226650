// reference_scheduler.c - what it is told, and its rounds; see reference_scheduler.h.
#include <assert.h>
#include <string.h>

#include "pool/testing/reference_inside.h"

#define MINUTE_US INT64_C(60000000)

ls_status ls_reference_scheduler_create(const ls_scheduler_def *def, ls_reference_scheduler **out,
                                        ls_error *err) {
    ls_reference_scheduler *s = ls_alloc(sizeof *s);
    assert(s != NULL);
    s->def = *def;
    s->cluster = def->cluster;
    s->tick_us = INT64_MAX;
    s->told_us = INT64_MIN;
    s->move_us = INT64_MIN;
    s->month_us = INT64_MIN;
    s->accounts = ls_alloc(def->account_count * sizeof *s->accounts);
    s->spare_when_back = ls_alloc(def->cluster->node_count * sizeof *s->spare_when_back);
    assert(s->accounts != NULL && s->spare_when_back != NULL);
    *out = s;
    ls_status status = ls_occupancy_new(def->cluster, def->policy, def->demand, def->seed,
                                        &s->occupancy, err);
    return status != LS_OK ? status
                           : ls_occupancy_new(def->cluster, def->policy, def->demand, def->seed,
                                              &s->empty, err);
}

void ls_reference_scheduler_destroy(ls_reference_scheduler *s) {
    for (uint32_t i = 0; s != NULL && i < s->job_count; i++) {
        ls_free(s->jobs[i].shares);
        ls_free(s->jobs[i].kept.nodes);
        ls_free(s->jobs[i].stopped_for);
    }
    if (s != NULL) {
        ls_occupancy_free(s->occupancy);
        ls_occupancy_free(s->empty);
        ls_free(s->accounts);
        ls_free(s->jobs);
        ls_free(s->classes);
        ls_free(s->queues);
        ls_free(s->looks);
        ls_free(s->acts);
        ls_free(s->spare_when_back);
        ls_free(s->runs);
        ls_free(s);
    }
}

// ---- nodes that are kept

// Every node is held as the job may see it: from what is kept for others, and from when on it is
// reserved for others. LS_POOL_NONE: as somebody sees it for whom nothing is kept.
void ref_hold_for(ls_reference_scheduler *s, uint32_t job) {
    const uint32_t account = job != LS_POOL_NONE ? s->jobs[job].request.account : LS_POOL_NONE;
    const uint32_t own = job != LS_POOL_NONE ? s->jobs[job].kept.place : LS_POOL_NONE;
    for (uint32_t node = 0; node < s->cluster->node_count; node++) {
        int64_t from_us = ref_reserved_us(s, node, account);
        for (uint32_t i = 0; i < s->job_count; i++) {
            const ref_kept *kept = &s->jobs[i].kept;
            for (uint32_t k = 0;
                 kept->place != own && kept->place != LS_POOL_NONE && k < kept->node_count; k++) {
                from_us = kept->nodes[k] == node && kept->from_us < from_us ? kept->from_us
                                                                            : from_us;
            }
        }
        ls_occupancy_hold(s->occupancy, node, from_us);
    }
}

uint32_t ref_next_kept(const ls_reference_scheduler *s, uint32_t place, uint32_t after) {
    const uint64_t from = after != LS_POOL_NONE ? s->jobs[after].kept.order : 0;
    uint32_t next = LS_POOL_NONE;
    for (uint32_t i = 0; i < s->job_count; i++) {
        const ref_kept *kept = &s->jobs[i].kept;
        if (kept->place == place && kept->order > from &&
            (next == LS_POOL_NONE || kept->order < s->jobs[next].kept.order)) {
            next = i;
        }
    }
    return next;
}

void ref_keep(ls_reference_scheduler *s, uint32_t job, const uint32_t *nodes, uint32_t count,
              int64_t from_us, bool claims) {
    ref_kept *kept = &s->jobs[job].kept;
    uint32_t place = LS_POOL_NONE;
    bool stirred = false;
    for (uint32_t i = 0; i < s->job_count; i++) {  // a claim of one part shares its node
        const ref_kept *other = &s->jobs[i].kept;
        for (uint32_t k = 0; other->place != LS_POOL_NONE && k < other->node_count; k++) {
            if (other->nodes[k] == nodes[0]) {
                place = other->place;
                stirred |= other->stirred;
            }
        }
    }
    if (place == LS_POOL_NONE) {
        place = 0;
        while (ref_next_kept(s, place, LS_POOL_NONE) != LS_POOL_NONE) {
            place++;
        }
        s->table_count = place < s->table_count ? s->table_count : place + 1;
    }
    *kept = (ref_kept){.place = place,
                       .claims = claims,
                       .order = ++s->kept_count,
                       .stirred = stirred,
                       .from_us = from_us,
                       .node_count = count};
    kept->nodes = ls_alloc(count * sizeof *kept->nodes);
    assert(kept->nodes != NULL);
    for (uint32_t i = 0; i < count; i++) {  // by number
        uint32_t at = i;
        for (; at > 0 && kept->nodes[at - 1] > nodes[i]; at--) {
            kept->nodes[at] = kept->nodes[at - 1];
        }
        kept->nodes[at] = nodes[i];
    }
    const ls_shape *shape = &s->jobs[job].request.shape;
    kept->kind = shape->kinds != 0 ? s->cluster->nodes[nodes[0]].kind : LS_POOL_NONE;
}

void ref_drop(ls_reference_scheduler *s, uint32_t job) {
    ref_kept *kept = &s->jobs[job].kept;
    if (kept->place == LS_POOL_NONE) {
        return;
    }
    kept->place = LS_POOL_NONE;
    ls_free(kept->nodes);
    kept->nodes = NULL;
    ref_open_all(s);
    ref_fell(s, kept->claims ? s->jobs[job].request.account : 0);
}

// Where a part of a job was: whatever is kept there is looked at in the next round.
static void stir(ls_reference_scheduler *s, uint32_t node) {
    for (uint32_t i = 0; i < s->job_count; i++) {
        ref_kept *kept = &s->jobs[i].kept;
        for (uint32_t k = 0; kept->place != LS_POOL_NONE && k < kept->node_count; k++) {
            kept->stirred |= kept->nodes[k] == node;
        }
    }
}

// ---- a place

typedef enum found { FOUND, LIMITED_SOME, LIMITED_ALL, SPENT, NOWHERE } found;

static bool find_place(ls_occupancy *o, const ls_shape *shape, uint32_t allowed, int64_t until_us,
                       ls_pool_share *out) {
    ls_shape one = *shape;
    if (shape->kinds == 0 || shape->parts == 1) {
        one.kinds = allowed;
        return ls_occupancy_find(o, &one, until_us, out);
    }
    for (uint32_t kind = 0; kind < LS_POOL_KINDS_MAX; kind++) {
        one.kinds = allowed & (UINT32_C(1) << kind);
        if (one.kinds != 0 && ls_occupancy_find(o, &one, until_us, out)) {
            return true;
        }
    }
    return false;
}

static found seek(ls_reference_scheduler *s, int64_t now_us, uint32_t job, ls_pool_share *out,
                  uint32_t *out_limit) {
    const ls_pool_request *r = &s->jobs[job].request;
    const ls_shape *shape = &r->shape;
    uint32_t allowed = 0;
    uint32_t nearest = LS_POOL_NONE;
    *out_limit = ref_spent(s, now_us, r->account, ls_shape_milli(shape));
    if (*out_limit != LS_POOL_NONE) {
        return SPENT;
    }
    ref_count(s, job);
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        if (((shape->kinds >> k) & 1) == 0) {
            continue;
        }
        const uint32_t limit = ref_limited(s, r->account, k, ls_shape_milli(shape));
        if (limit == LS_POOL_NONE) {
            allowed |= UINT32_C(1) << k;
        } else if (nearest == LS_POOL_NONE ||
                   (limit != nearest && ref_is_below(s, nearest, limit))) {
            nearest = limit;
        }
    }
    *out_limit = nearest;
    if (allowed == 0 && shape->kinds != 0) {
        return LIMITED_ALL;
    }
    const int64_t until_us = r->most_us > INT64_MAX - now_us ? INT64_MAX : now_us + r->most_us;
    ref_hold_for(s, job);
    bool good = find_place(s->occupancy, shape, allowed, until_us, out);
    while (good && ref_power_short(s, shape, out) != LS_POOL_NONE) {  // without that unit, then
        const ls_pool_unit *u = s->cluster->units + ref_power_short(s, shape, out);
        for (uint32_t n = u->node_at; n < u->node_at + u->node_count; n++) {
            ls_occupancy_hold(s->occupancy, n, INT64_MIN);
        }
        good = find_place(s->occupancy, shape, allowed, until_us, out);
    }
    return good ? FOUND : nearest != LS_POOL_NONE ? LIMITED_SOME : NOWHERE;
}

// ---- acts

static void act(ls_reference_scheduler *s, ls_pool_act act) {
    s->acts = ls_realloc(s->acts, (s->act_count + 1) * sizeof *s->acts);
    assert(s->acts != NULL);
    s->acts[s->act_count++] = act;
}

static void start(ls_reference_scheduler *s, int64_t now_us, uint32_t job, ls_pool_share *shares,
                  ls_pool_why why) {
    ref_job *j = s->jobs + job;
    ref_drop(s, job);
    ls_occupancy_take(s->occupancy, &j->request.shape, shares, j->request.shape.parts);
    j->state = LS_POOL_JOB_RUNNING;
    j->started_us = now_us;
    j->in_vain = false;
    j->came = ++s->starts;
    ref_began(s, now_us, job);
    j->shares = shares;
    j->kind = s->cluster->nodes[shares[0].node].kind;
    if (j->request.shape.kinds == 0) {
        j->kind = LS_POOL_NONE;
    }
    act(s, (ls_pool_act){.kind = LS_POOL_START,
                         .why = why,
                         .job = job,
                         .for_job = LS_POOL_NONE,
                         .shares = shares});
}

void ref_stop(ls_reference_scheduler *s, int64_t now_us, uint32_t job, ls_pool_why why,
              uint32_t for_job) {
    ref_job *j = s->jobs + job;
    j->state = LS_POOL_JOB_STOPPING;
    j->why = why;
    j->until_us = why == LS_WHY_BROKEN ? now_us : now_us + j->request.stop_us;
    if (why == LS_WHY_RECLAIM || why == LS_WHY_YIELD || why == LS_WHY_MOVE) {
        j->stopped_for = ls_realloc(j->stopped_for, (j->stopped_count + 1) * sizeof(uint64_t));
        assert(j->stopped_for != NULL);
        j->stopped_for[j->stopped_count++] = s->jobs[for_job].number;
    }
    act(s, (ls_pool_act){.kind = LS_POOL_STOP,
                         .why = why,
                         .job = job,
                         .for_job = for_job,
                         .until_us = j->until_us});
}

// ---- the round

bool ref_start_now(ls_reference_scheduler *s, int64_t now_us, uint32_t job) {
    uint32_t limit = LS_POOL_NONE;
    ls_pool_share *shares = ls_alloc(s->jobs[job].request.shape.parts * sizeof *shares);
    assert(shares != NULL);
    const bool good = seek(s, now_us, job, shares, &limit) == FOUND;
    if (good) {
        start(s, now_us, job, shares, LS_WHY_PROMISED);
    } else {
        ls_free(shares);
    }
    return good;
}

// On a node that is kept for the job.
bool ref_somebody_stops(const ls_reference_scheduler *s, uint32_t job) {
    const ref_kept *kept = &s->jobs[job].kept;
    for (uint32_t i = 0; i < s->job_count; i++) {
        const ref_job *j = s->jobs + i;
        for (uint32_t p = 0; j->state == LS_POOL_JOB_STOPPING && p < j->request.shape.parts; p++) {
            for (uint32_t k = 0; k < kept->node_count; k++) {
                if (kept->nodes[k] == j->shares[p].node) {
                    return true;
                }
            }
        }
    }
    return false;
}

// The job for which nodes are kept starts, or they are given up. False: it is looked at in the next
// round.
static bool start_one(ls_reference_scheduler *s, int64_t now_us, uint32_t job, bool due) {
    const bool claims = s->jobs[job].kept.claims;
    uint32_t limit = LS_POOL_NONE;
    ls_pool_share *shares = ls_alloc(s->jobs[job].request.shape.parts * sizeof *shares);
    assert(shares != NULL);
    const found f = seek(s, now_us, job, shares, &limit);
    if (f == FOUND) {
        start(s, now_us, job, shares, LS_WHY_PROMISED);
        return true;
    }
    ls_free(shares);
    if ((f == LIMITED_ALL && due) || f == SPENT) {
        ref_drop(s, job);
    } else if (f == NOWHERE && claims && !ref_somebody_stops(s, job)) {
        s->jobs[job].in_vain |= ref_has_power(s);
        ref_drop(s, job);
        ref_pause(s, now_us, job);
        s->jobs[job].spots_us = now_us + MINUTE_US / 2;
    } else if (f == NOWHERE && due && ref_has_power(s)) {
        ref_drop(s, job);
    }
    return !claims || (f != LIMITED_ALL && f != LIMITED_SOME);
}

static void start_kept(ls_reference_scheduler *s, int64_t now_us) {
    for (uint32_t place = 0; place < s->table_count; place++) {
        uint32_t job = ref_next_kept(s, place, LS_POOL_NONE);
        if (job == LS_POOL_NONE) {
            continue;
        }
        const bool due = !s->jobs[job].kept.claims && now_us >= s->jobs[job].kept.from_us;
        if (!s->jobs[job].kept.stirred && !due) {
            continue;
        }
        for (uint32_t i = 0; i < s->job_count; i++) {
            s->jobs[i].kept.stirred &= s->jobs[i].kept.place != place;
        }
        bool again = false;
        while (job != LS_POOL_NONE) {
            const uint32_t next = ref_next_kept(s, place, job);
            again |= !start_one(s, now_us, job, due);
            job = next;
        }
        for (uint32_t i = 0; i < s->job_count && again; i++) {
            s->jobs[i].kept.stirred |= s->jobs[i].kept.place == place;
        }
    }
}

// Another job of the shape has a place with the nodes that are kept for it: it starts.
static bool start_kept_alike(ls_reference_scheduler *s, int64_t now_us, uint32_t job) {
    for (uint32_t place = 0; place < s->table_count && !s->jobs[job].request.spot; place++) {
        for (uint32_t other = ref_next_kept(s, place, LS_POOL_NONE); other != LS_POOL_NONE;
             other = ref_next_kept(s, place, other)) {
            if (other != job && !s->jobs[other].passed &&
                ref_is_same_shape(&s->jobs[other].request.shape, &s->jobs[job].request.shape) &&
                ref_start_now(s, now_us, other)) {
                return true;
            }
        }
    }
    return false;
}

static void take_turns(ls_reference_scheduler *s, int64_t now_us, bool spot) {
    for (;;) {
        const uint32_t job = ref_turn(s, 0, false, spot);
        if (job == LS_POOL_NONE) {
            break;
        }
        uint32_t limit = LS_POOL_NONE;
        ref_queue *queue = s->queues + s->jobs[job].queue;
        ls_pool_share *shares = ls_alloc(s->jobs[job].request.shape.parts * sizeof *shares);
        assert(shares != NULL);
        const bool turn = ref_turn(s, 0, true, spot) == job;
        const found f = seek(s, now_us, job, shares, &limit);
        if (f == FOUND) {
            start(s, now_us, job, shares, turn ? LS_WHY_TURN : LS_WHY_BACKFILL);
            continue;
        }
        ls_free(shares);
        if ((f == LIMITED_SOME || f == NOWHERE) && start_kept_alike(s, now_us, job)) {
            continue;
        }
        const bool yields = !spot && ref_spots_run(s) &&
                            (ref_does_claim(s, job) || ref_take_from_spots(s, now_us, job));
        if (yields) {
            s->jobs[job].passed = s->jobs[job].state == LS_POOL_JOB_WAITING;
            s->jobs[job].passed_limited = limit != LS_POOL_NONE;
        } else if (f == LIMITED_SOME) {
            queue->stopped_by = 0;
        } else if (f == LIMITED_ALL || f == SPENT) {
            queue->stopped_by = limit;
        } else if (s->def.strict) {
            break;
        } else {
            const ls_shape *shape = &s->jobs[job].request.shape;
            const bool all = !ref_has_room(s, shape) && !ref_spots_run(s);
            for (uint32_t c = 0; c < s->class_count; c++) {
                s->classes[c].closed |= c == queue->klass ||
                                        (all && s->classes[c].spot == spot &&
                                         ref_is_same_shape(&s->classes[c].shape, shape));
            }
        }
    }
}

// Whoever was passed waits as he did, each in a class that has no place.
static void end_passing(ls_reference_scheduler *s) {
    for (uint32_t i = 0; i < s->job_count; i++) {
        if (s->jobs[i].passed) {
            s->classes[s->queues[s->jobs[i].queue].klass].closed |= !s->jobs[i].passed_limited;
            s->jobs[i].passed = false;
        }
    }
}

static bool has_promise(const ls_reference_scheduler *s, uint32_t account) {
    for (uint32_t i = 0; i < s->job_count; i++) {
        const ref_job *j = s->jobs + i;
        if (j->kept.place != LS_POOL_NONE && !j->kept.claims &&
            ref_is_below(s, j->request.account, account)) {
            return true;
        }
    }
    return false;
}

static void promise(ls_reference_scheduler *s, int64_t now_us, uint32_t account) {
    ref_account *a = s->accounts + account;
    if (has_promise(s, account) || (a->vain && now_us < a->vain_us + MINUTE_US)) {
        return;
    }
    const uint32_t job = ref_turn(s, account, true, false);
    if (job == LS_POOL_NONE || s->jobs[job].kept.place != LS_POOL_NONE) {
        return;
    }
    uint32_t *nodes = ls_alloc(s->jobs[job].request.shape.parts * sizeof *nodes);
    assert(nodes != NULL);
    int64_t at_us = INT64_MAX;
    const uint32_t count = ref_plan(s, now_us, job, nodes, &at_us);
    a->vain = count == 0 || at_us <= now_us;
    a->vain_us = now_us;
    if (!a->vain) {
        ref_keep(s, job, nodes, count, at_us, false);
    }
    ls_free(nodes);
}

uint32_t ls_reference_scheduler_decide(ls_reference_scheduler *s, int64_t now_us,
                                       const ls_pool_act **out_acts, ls_status *out_status) {
    ref_round_begins(s, now_us);
    start_kept(s, now_us);
    take_turns(s, now_us, false);
    end_passing(s);
    for (uint32_t i = 0; i < s->def.account_count && !s->def.strict && !s->def.no_backfill; i++) {
        if (ref_parent(s, i) == 0 || s->def.account_count == 1) {
            promise(s, now_us, i);
        }
    }
    ref_take_back(s, now_us);
    ref_move(s, now_us);
    take_turns(s, now_us, true);
    const uint32_t count = s->act_count;
    s->act_count = 0;
    *out_acts = s->acts;
    *out_status = LS_OK;
    return count;
}

// ---- what it is told

static bool could_ever_run(ls_reference_scheduler *s, const ls_pool_request *request) {
    const ls_shape *shape = &request->shape;
    uint32_t allowed = 0;
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        bool never = ((shape->kinds >> k) & 1) == 0;
        for (uint32_t up = request->account; up != 0 && up != LS_POOL_NONE;
             up = ref_parent(s, up)) {
            const uint64_t *limit = s->def.terms[up].limit;
            never |= ls_shape_milli(shape) > limit[k] ||
                     ls_shape_milli(shape) > limit[s->cluster->kind_count];
        }
        allowed |= (never ? 0 : UINT32_C(1)) << k;
    }
    if (allowed == 0 && shape->kinds != 0) {
        return false;
    }
    ls_pool_share *shares = ls_alloc(shape->parts * sizeof *shares);
    assert(shares != NULL);
    const bool good = find_place(s->empty, shape, allowed, INT64_MAX, shares);
    ls_free(shares);
    return good;
}

// A job comes into its queue.
static void put(ls_reference_scheduler *s, int64_t now_us, uint32_t job) {
    ref_job *j = s->jobs + job;
    j->since_us = now_us;
    j->pause_us = MINUTE_US / 2;
    j->paused_until_us = INT64_MIN;
    j->spots_us = INT64_MIN;
    j->moves_us = INT64_MIN;
    const uint32_t klass = s->queues[j->queue].klass;
    bool alone = true;
    for (uint32_t i = 0; i < s->job_count; i++) {
        alone &= s->jobs[i].state != LS_POOL_JOB_WAITING ||
                 s->queues[s->jobs[i].queue].klass != klass;
    }
    if (alone) {
        s->classes[klass].closed = false;
    }
    j->state = LS_POOL_JOB_WAITING;
    if (!j->request.spot) {
        ref_look_soon(s, j->request.account);
    }
}

ls_status ls_reference_scheduler_submit(ls_reference_scheduler *s, int64_t now_us,
                                        const ls_pool_request *request, uint32_t *out_job,
                                        ls_error *err) {
    if (request->account >= s->def.account_count || !ref_is_leaf(s, request->account) ||
        (request->spot && !request->restartable) || !could_ever_run(s, request)) {
        (void)err;
        return LS_ERR_INVALID;
    }
    const uint32_t job = s->job_count++;
    s->jobs = ls_realloc(s->jobs, s->job_count * sizeof *s->jobs);
    assert(s->jobs != NULL);
    s->jobs[job] = (ref_job){.request = *request,
                             .number = (uint64_t)job + 1,
                             .submitted_us = now_us,
                             .queue = ref_find_queue(s, request),
                             .kept = {.place = LS_POOL_NONE}};
    put(s, now_us, job);
    s->longest_stop_us = request->stop_us > s->longest_stop_us ? request->stop_us
                                                               : s->longest_stop_us;
    *out_job = job;
    return LS_OK;
}

static bool is_spot(const void *context, uint32_t job) {
    const ls_reference_scheduler *s = context;
    return s->jobs[job].request.spot;
}

ls_status ls_reference_scheduler_ended(ls_reference_scheduler *s, int64_t now_us, uint32_t job,
                                       bool finished, bool *out_waits, ls_error *err) {
    ref_job *j = s->jobs + job;
    ls_pool_share *shares = j->shares;
    const uint32_t parts = j->request.shape.parts;
    (void)err;
    ref_ended(s, now_us, job);
    *out_waits = !finished && j->state == LS_POOL_JOB_STOPPING && j->why != LS_WHY_CANCEL &&
                 j->request.restartable;
    j->shares = NULL;
    j->state = LS_POOL_JOB_FREE;
    ls_occupancy_give(s->occupancy, &j->request.shape, shares, parts);
    for (uint32_t c = 0; c < s->class_count; c++) {
        for (uint32_t p = 0; p < parts && s->classes[c].closed; p++) {
            const uint32_t node = shares[p].node;
            const ref_free free = ref_node_free(s, node, is_spot, s);
            s->classes[c].closed = ls_occupancy_state(s->occupancy, node) != LS_NODE_UP ||
                                   ref_parts(s, &s->classes[c].shape, node, &free) == 0 ||
                                   (!ref_has_room(s, &s->classes[c].shape) && !ref_spots_run(s));
        }
    }
    if (ref_has_power(s)) {
        ref_open_all(s);
    }
    for (uint32_t p = 0; p < parts; p++) {
        stir(s, shares[p].node);
    }
    ref_fell(s, j->request.account);
    ls_free(shares);
    if (*out_waits) {
        put(s, now_us, job);
    }
    return LS_OK;
}

void ls_reference_scheduler_cancel(ls_reference_scheduler *s, int64_t now_us, uint32_t job) {
    ref_job *j = s->jobs + job;
    if (j->state == LS_POOL_JOB_WAITING) {
        ref_drop(s, job);
        j->state = LS_POOL_JOB_FREE;
    } else if (j->state == LS_POOL_JOB_RUNNING) {
        ref_stop(s, now_us, job, LS_WHY_CANCEL, LS_POOL_NONE);
    } else if (j->state == LS_POOL_JOB_STOPPING) {
        j->why = LS_WHY_CANCEL;
    }
}

// The first in the narrowest unit around the node that has one.
static uint32_t nearest_spare(const ls_reference_scheduler *s, uint32_t node) {
    const ls_cluster *c = s->cluster;
    for (uint32_t unit = c->nodes[node].unit;; unit = c->units[unit].parent) {
        for (uint32_t i = 0; i < c->node_count; i++) {
            const bool here = unit == LS_POOL_NONE ||
                              (i >= c->units[unit].node_at &&
                               i - c->units[unit].node_at < c->units[unit].node_count);
            if (here && ls_occupancy_state(s->occupancy, i) == LS_NODE_SPARE &&
                c->nodes[i].kind == c->nodes[node].kind &&
                c->nodes[i].gpus == c->nodes[node].gpus) {
                return i;
            }
        }
        if (unit == LS_POOL_NONE) {
            return LS_POOL_NONE;
        }
    }
}

static void has_more(ls_reference_scheduler *s, int64_t now_us) {
    ref_open_all(s);
    ref_fell(s, 0);
    ref_wake(s, now_us);
}

static void comes_up(ls_reference_scheduler *s, int64_t now_us, uint32_t node) {
    ls_occupancy_set_state(s->occupancy, node, LS_NODE_UP);
    has_more(s, now_us);
}

// Nothing is kept there any more.
static void drop_kept(ls_reference_scheduler *s, uint32_t node) {
    for (uint32_t i = 0; i < s->job_count; i++) {
        ref_kept *kept = &s->jobs[i].kept;
        for (uint32_t k = 0; kept->place != LS_POOL_NONE && k < kept->node_count; k++) {
            if (kept->nodes[k] == node) {
                ref_drop(s, i);
            }
        }
    }
}

void ls_reference_scheduler_gpu(ls_reference_scheduler *s, int64_t now_us, uint32_t node,
                                uint32_t gpu, bool in) {
    const bool was_in = ((ls_occupancy_out(s->occupancy, node) >> gpu) & 1) == 0;
    ls_occupancy_set_gpu(s->occupancy, node, gpu, in);
    if (in && !was_in) {
        has_more(s, now_us);
    } else if (!in && was_in) {
        drop_kept(s, node);
    }
}

// What runs on these GPUs of the node (all bits: on the node) stops, who started last first.
static void stop_there(ls_reference_scheduler *s, int64_t now_us, uint32_t node, uint32_t gpus) {
    for (;;) {
        uint32_t last = LS_POOL_NONE;
        for (uint32_t i = 0; i < s->job_count; i++) {
            ref_job *j = s->jobs + i;
            bool here = false;
            for (uint32_t p = 0; j->shares != NULL && p < j->request.shape.parts; p++) {
                here |= j->shares[p].node == node &&
                        (gpus == UINT32_MAX || (j->shares[p].gpus & gpus) != 0);
            }
            if (here && j->state == LS_POOL_JOB_RUNNING &&
                (last == LS_POOL_NONE || j->came > s->jobs[last].came)) {
                last = i;
            }
        }
        if (last == LS_POOL_NONE) {
            break;
        }
        ref_stop(s, now_us, last, LS_WHY_BROKEN, LS_POOL_NONE);
    }
}

void ls_reference_scheduler_gpu_breaks(ls_reference_scheduler *s, int64_t now_us, uint32_t node,
                                       uint32_t gpu) {
    ls_reference_scheduler_gpu(s, now_us, node, gpu, false);
    stop_there(s, now_us, node, (uint32_t)1 << gpu);
}

void ls_reference_scheduler_node(ls_reference_scheduler *s, int64_t now_us, uint32_t node,
                                 ls_node_state state, uint32_t *out_spare) {
    const ls_node_state was = ls_occupancy_state(s->occupancy, node);
    *out_spare = LS_POOL_NONE;
    if (state == LS_NODE_SPARE || (state == LS_NODE_UP && was == LS_NODE_SPARE)) {
        ls_occupancy_set_state(s->empty, node, state);
    }
    if (state == LS_NODE_UP && s->spare_when_back[node]) {
        s->spare_when_back[node] = false;
        state = LS_NODE_SPARE;
    }
    if (state == was) {
        return;
    }
    if (state == LS_NODE_UP) {
        comes_up(s, now_us, node);
        return;
    }
    ls_occupancy_set_state(s->occupancy, node, state);
    drop_kept(s, node);
    s->spare_when_back[node] |= was == LS_NODE_SPARE;
    if (state == LS_NODE_BROKEN) {
        stop_there(s, now_us, node, UINT32_MAX);
    }
    const uint32_t spare = nearest_spare(s, node);
    if (state == LS_NODE_BROKEN && spare != LS_POOL_NONE && !s->spare_when_back[node]) {
        s->spare_when_back[node] = true;
        comes_up(s, now_us, spare);
        *out_spare = spare;
    }
}
