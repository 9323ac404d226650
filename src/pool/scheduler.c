// scheduler.c - see scheduler.h.
#include "pool/scheduler.h"

#include <assert.h>
#include <string.h>

#include "pool/scheduler_inside.h"

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory");
}

int64_t ls_pool_later(int64_t now_us, int64_t span_us) {
    return span_us > INT64_MAX - now_us ? INT64_MAX : now_us + span_us;
}

// The type of a node, made when there is none like it.
static uint8_t type_of(ls_scheduler *s, uint32_t node) {
    const ls_pool_node *n = s->cluster->nodes + node;
    for (uint32_t i = s->type_count; i-- > 0;) {  // mostly like the one before
        const ls_pool_node *like = s->cluster->nodes + s->type_nodes[i];
        if (like->kind == n->kind && like->gpus == n->gpus && like->cpu_milli == n->cpu_milli &&
            like->memory_mib == n->memory_mib &&
            s->nodes[s->type_nodes[i]].site == s->nodes[node].site) {
            return (uint8_t)i;
        }
    }
    if (s->type_count == LS_NODE_TYPES) {
        return LS_NODE_TYPES - 1;
    }
    s->type_nodes[s->type_count] = node;
    return (uint8_t)s->type_count++;
}

// Rows of accounts and nodes.
static bool make_rows(ls_scheduler *s) {
    const uint32_t accounts = s->def.account_count;
    const uint32_t nodes = s->cluster->node_count;
    s->nodes = ls_alloc(nodes * sizeof *s->nodes);
    s->soles = ls_alloc(nodes * sizeof *s->soles);
    s->sole_jobs = ls_alloc(nodes * sizeof *s->sole_jobs);
    s->types = ls_alloc(nodes * sizeof *s->types);
    s->latest_us = ls_alloc(nodes * sizeof *s->latest_us);
    s->plan = ls_alloc(nodes * sizeof *s->plan);
    s->rooms = ls_alloc((s->cluster->kind_count + 1) * LS_ROOM_ROW * sizeof *s->rooms);
    s->running = ls_alloc((accounts + 1) * sizeof *s->running);
    s->plan_marks = ls_alloc(nodes * sizeof *s->plan_marks);
    s->promised = ls_alloc(accounts * sizeof *s->promised);
    s->promise_us = ls_alloc(accounts * sizeof *s->promise_us);
    s->reclaim_us = ls_alloc(accounts * sizeof *s->reclaim_us);
    s->look = ls_alloc(accounts * sizeof *s->look);
    s->looks = ls_alloc(accounts * sizeof *s->looks);
    s->may_give = ls_alloc((accounts + 1) * sizeof *s->may_give);
    s->give_most = ls_alloc((accounts + 1) * sizeof *s->give_most);
    s->spent = ls_alloc(accounts * sizeof *s->spent);
    if (s->running == NULL || s->plan_marks == NULL || s->reclaim_us == NULL || s->nodes == NULL ||
        s->plan == NULL || s->soles == NULL || s->sole_jobs == NULL || s->types == NULL ||
        s->latest_us == NULL || s->rooms == NULL || s->promised == NULL || s->promise_us == NULL ||
        s->look == NULL || s->looks == NULL || s->may_give == NULL || s->give_most == NULL ||
        s->spent == NULL) {
        return false;
    }
    s->running[accounts] = LS_POOL_NONE;  // spot jobs
    for (uint32_t i = 0; i < accounts; i++) {
        s->promised[i] = LS_POOL_NONE;
        s->running[i] = LS_POOL_NONE;
        s->promise_us[i] = INT64_MIN;
        s->reclaim_us[i] = s->def.reclaim_us != NULL ? s->def.reclaim_us[i] : 0;
    }
    uint32_t sites = 0;
    uint32_t last = LS_POOL_NONE;
    for (uint32_t i = 0; i < nodes; i++) {
        const uint32_t unit = ls_cluster_unit(s->cluster, i, LS_POOL_SITE);
        sites += unit != LS_POOL_NONE && unit != last;
        last = unit;
        s->nodes[i] = (ls_node_parts){.first_job = LS_POOL_NONE,
                                      .first_part = LS_POOL_NONE,
                                      .gpus = (uint8_t)s->cluster->nodes[i].gpus,
                                      .kind = s->cluster->nodes[i].kind == LS_POOL_NONE
                                                  ? UINT8_MAX
                                                  : (uint8_t)s->cluster->nodes[i].kind,
                                      .reserved = LS_POOL_NONE,
                                      .site = unit != LS_POOL_NONE ? sites - 1 : LS_POOL_NONE};
        s->soles[i] = LS_SOLE_AWAY;
        s->latest_us[i] = INT64_MIN;
        s->types[i] = type_of(s, i);
        ls_room_in(s, i);
    }
    return true;
}

// Books of spot jobs: nobody is guaranteed anything, so that turns go by weight.
static ls_status make_spots(ls_scheduler *s, const ls_scheduler_def *def, uint32_t kinds,
                            ls_error *err) {
    uint64_t amounts[2][LS_POOL_KINDS_MAX + 1];
    memset(amounts[0], 0, sizeof amounts[0]);
    memset(amounts[1], 0xff, sizeof amounts[1]);  // no limit: those of the shares hold
    ls_share_terms *terms = ls_alloc(def->account_count * sizeof *terms);
    if (terms == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < def->account_count; i++) {
        terms[i] = def->terms[i];
        terms[i].guarantee = amounts[0];
        terms[i].limit = amounts[1];
    }
    ls_status status = ls_shares_create(terms, def->account_count, kinds, &s->spot_shares, err);
    ls_free(terms);
    return status == LS_OK ? ls_waiting_create(s->spot_shares, kinds, &s->spots, err) : status;
}

// What only some pools have: budgets, reservations.
static ls_status make_rules(ls_scheduler *s, const ls_scheduler_def *def, ls_error *err) {
    bool some = false;
    for (uint32_t i = 0; def->budget_gpu_hours != NULL && i < def->account_count; i++) {
        some |= def->budget_gpu_hours[i] > 0.0;
    }
    s->month_us = INT64_MAX;
    if (some) {
        const ls_status status = ls_budgets_create(s->shares, def->budget_gpu_hours, def->start_us,
                                                   &s->budgets, err);
        if (status != LS_OK) {
            return status;
        }
        s->month_us = INT64_MIN;
    }
    const ls_status status = ls_power_make(s, err);
    return status == LS_OK ? ls_booked_make(s, def->reservations, def->reservation_count, err)
                           : status;
}

ls_status ls_scheduler_create(const ls_scheduler_def *def, ls_scheduler **out, ls_error *err) {
    *out = NULL;
    ls_scheduler *s = ls_alloc(sizeof *s);
    if (s == NULL) {
        return no_memory(err);
    }
    s->def = *def;
    s->cluster = def->cluster;
    s->job_free = LS_POOL_NONE;
    s->next_number = 1;
    s->now_us = INT64_MIN;
    s->tick_us = INT64_MAX;
    s->move_us = INT64_MIN;
    const uint32_t kinds = def->cluster->kind_count;
    ls_status status = ls_shares_create(def->terms, def->account_count, kinds, &s->shares, err);
    if (status == LS_OK) {
        status = ls_waiting_create(s->shares, kinds, &s->waiting, err);
    }
    if (status == LS_OK) {
        status = make_spots(s, def, kinds, err);
    }
    if (status == LS_OK) {
        status = ls_occupancy_new(def->cluster, def->policy, def->demand, def->seed, &s->occupancy,
                                  err);
    }
    if (status == LS_OK) {
        status = ls_occupancy_new(def->cluster, LS_PLACE_OWN, NULL, 0, &s->empty, err);
    }
    if (status == LS_OK && !make_rows(s)) {
        status = no_memory(err);
    }
    if (status == LS_OK) {
        status = make_rules(s, def, err);
    }
    s->def.terms = NULL;
    s->def.reclaim_us = NULL;
    s->def.demand = NULL;
    s->def.budget_gpu_hours = NULL;
    s->def.reservations = NULL;
    if (status != LS_OK) {
        ls_scheduler_destroy(s);
        return status;
    }
    *out = s;
    return LS_OK;
}

void ls_scheduler_destroy(ls_scheduler *s) {
    if (s == NULL) {
        return;
    }
    for (uint32_t i = 0; i < s->job_count; i++) {
        ls_free(s->jobs[i].shares);
        ls_free(s->jobs[i].stopped);
    }
    for (uint32_t i = 0; i < s->reserved_count; i++) {
        ls_free(s->reserved[i].nodes);
    }
    ls_budgets_destroy(s->budgets);
    ls_free(s->booked);
    ls_free(s->groups);
    ls_free(s->power);
    ls_free(s->power_drawn);
    ls_shares_destroy(s->shares);
    ls_shares_destroy(s->spot_shares);
    ls_waiting_destroy(s->waiting);
    ls_waiting_destroy(s->spots);
    ls_occupancy_free(s->occupancy);
    ls_occupancy_free(s->empty);
    ls_free(s->jobs);
    ls_free(s->nodes);
    ls_free(s->soles);
    ls_free(s->sole_jobs);
    ls_free(s->types);
    ls_free(s->latest_us);
    ls_free(s->reserved);
    ls_free(s->acts);
    ls_free(s->running);
    ls_free(s->plan_marks);
    ls_free(s->rooms);
    ls_free(s->plan);
    ls_free(s->promised);
    ls_free(s->promise_us);
    ls_free(s->reclaim_us);
    ls_free(s->look);
    ls_free(s->looks);
    ls_free(s->may_give);
    ls_free(s->give_most);
    ls_free(s->spent);
    ls_free(s->victims);
    ls_free(s->moved);
    ls_free(s->places);
    ls_free(s);
}

// ---- jobs come

// What it asks for, in words: CPU slots where no other kind would do.
static const char *unit_of(const ls_scheduler *s, const ls_shape *shape) {
    bool slots = shape->kinds != 0;
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        slots &= ((shape->kinds >> k) & 1) == 0 ||
                 strcmp(s->cluster->kinds[k].name, LS_POOL_SLOT_KIND) == 0;
    }
    return slots ? "CPU slots" : "GPUs";
}

// Could it ever run, on the pool with nothing else in it?
static ls_status check_request(ls_scheduler *s, const ls_pool_request *r, ls_error *err) {
    const ls_shape *shape = &r->shape;
    if (r->account >= s->def.account_count || ls_shares_children(s->shares, r->account) > 0) {
        return ls_fail(err, LS_ERR_INVALID, "jobs belong to accounts that have none below them");
    }
    if (shape->parts == 0 || shape->milli >= LS_POOL_WHOLE ||
        (shape->milli > 0 && shape->gpus > 0)) {
        return ls_fail(err, LS_ERR_INVALID,
                       "a job has at least 1 part, of whole GPUs or of less than one");
    }
    if (r->spot && !r->restartable) {
        return ls_fail(err, LS_ERR_INVALID,
                       "a spot job has to be one that may be stopped and begun again");
    }
    if (r->most_us <= 0 || r->stop_us < 0 || r->checkpoint_every_us < 0) {
        return ls_fail(err, LS_ERR_INVALID,
                       "times of a job must not be negative, its longest not 0");
    }
    const uint64_t milli = ls_shape_milli(shape);
    ls_shape allowed = *shape;
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        if (ls_shares_never(s->shares, r->account, k, milli)) {
            allowed.kinds &= ~((uint32_t)1 << k);
        }
    }
    if (allowed.kinds == 0 && milli > 0) {
        return ls_fail(err, LS_ERR_INVALID,
                       "%.6g %s are more than the limit of the account, or of one above it",
                       (double)milli / LS_POOL_WHOLE, unit_of(s, shape));
    }
    if (!ls_scheduler_find(s, s->empty, allowed, INT64_MIN)) {
        if (ls_occupancy_was_short(s->empty)) {
            return no_memory(err);
        }
        ls_fail(err, LS_ERR_INVALID, "%u x %.6g %s fit nowhere, even if the pool were empty",
                shape->parts,
                shape->milli != 0 ? shape->milli / (double)LS_POOL_WHOLE : shape->gpus,
                unit_of(s, shape));
        if (shape->cpu_milli > 0 || shape->memory_mib > 0) {
            ls_hint(err, "each part also asks its node for %.6g processors and %.6g GiB of memory",
                    shape->cpu_milli / 1000.0, shape->memory_mib / 1024.0);
        }
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static bool wait_on(ls_scheduler *s, uint32_t job, ls_error *err) {
    ls_pool_job *j = s->jobs + job;
    const ls_waiting_job waiting = {.account = j->request.account,
                                    .priority = j->request.priority,
                                    .deadline_us = j->request.deadline_us,
                                    .submitted_us = j->submitted_us,
                                    .number = j->number,
                                    .most_us = j->request.most_us,
                                    .group = s->groups != NULL ? s->groups[j->request.account] : 0,
                                    .shape = j->request.shape};
    if (ls_waiting_put(ls_scheduler_queues(s, job), job, &waiting, err) != LS_OK) {
        return false;
    }
    j->state = LS_POOL_JOB_WAITING;
    j->since_us = s->now_us;
    j->retry_us = INT64_MIN;
    j->spots_us = INT64_MIN;
    j->moves_us = INT64_MIN;
    j->pause_us = LS_RECLAIM_PAUSE_US;
    if (!j->request.spot) {
        ls_reclaim_look(s, j->request.account);
    }
    return true;
}

static void forget(ls_scheduler *s, uint32_t job) {
    ls_free(s->jobs[job].stopped);
    s->jobs[job] = (ls_pool_job){.next_free = s->job_free};
    s->job_free = job;
}

ls_status ls_scheduler_submit(ls_scheduler *s, int64_t now_us, const ls_pool_request *request,
                              uint32_t *out_job, ls_error *err) {
    s->now_us = now_us;
    if (!ls_grow(&s->places, &s->places_room, sizeof *s->places, request->shape.parts)) {
        return no_memory(err);
    }
    const ls_status status = check_request(s, request, err);
    if (status != LS_OK) {
        return status;
    }
    uint32_t job = s->job_free;
    if (job != LS_POOL_NONE) {
        s->job_free = s->jobs[job].next_free;
    } else if (ls_grow(&s->jobs, &s->job_room, sizeof *s->jobs, s->job_count + 1)) {
        job = s->job_count++;
    } else {
        return no_memory(err);
    }
    s->jobs[job] = (ls_pool_job){.request = *request,
                                 .reserved = LS_POOL_NONE,
                                 .kind = LS_POOL_NONE,
                                 .submitted_us = now_us,
                                 .promised_us = INT64_MAX,
                                 .broken_us = INT64_MIN,
                                 .number = s->next_number++};
    if (!wait_on(s, job, err)) {
        forget(s, job);
        return LS_ERR_MEMORY;
    }
    s->longest_stop_us = request->stop_us > s->longest_stop_us ? request->stop_us
                                                               : s->longest_stop_us;
    *out_job = job;
    return LS_OK;
}

// ---- jobs go

ls_status ls_scheduler_ended(ls_scheduler *s, int64_t now_us, uint32_t job, bool finished,
                             bool *out_waits, ls_error *err) {
    ls_pool_job *j = s->jobs + job;
    assert(j->state == LS_POOL_JOB_RUNNING || j->state == LS_POOL_JOB_STOPPING);
    s->now_us = now_us;
    const bool again = j->state == LS_POOL_JOB_STOPPING && j->again && !finished;
    ls_scheduler_leave(s, job);
    *out_waits = again;
    if (!again) {
        forget(s, job);
        return LS_OK;
    }
    j->promised_us = INT64_MAX;
    j->broken_us = INT64_MIN;
    if (!wait_on(s, job, err)) {
        forget(s, job);
        return LS_ERR_MEMORY;
    }
    return LS_OK;
}

void ls_scheduler_cancel(ls_scheduler *s, int64_t now_us, uint32_t job) {
    ls_pool_job *j = s->jobs + job;
    s->now_us = now_us;
    if (j->state == LS_POOL_JOB_WAITING) {
        ls_reserve_drop(s, job);
        ls_waiting_take(ls_scheduler_queues(s, job), job);
        forget(s, job);
    } else if (j->state == LS_POOL_JOB_RUNNING) {
        ls_scheduler_stop(s, job, LS_WHY_CANCEL, LS_POOL_NONE, false);
    } else if (j->state == LS_POOL_JOB_STOPPING) {
        j->again = false;
    }
}

// ---- nodes come and go

// The nearest spare of the same kind: in the narrowest unit around the node that has one.
static uint32_t nearest_spare(const ls_scheduler *s, uint32_t node) {
    const ls_pool_node *n = s->cluster->nodes + node;
    uint32_t unit = n->unit;
    for (;;) {
        const bool all = unit == LS_POOL_NONE;
        const uint32_t at = all ? 0 : s->cluster->units[unit].node_at;
        const uint32_t count = all ? s->cluster->node_count : s->cluster->units[unit].node_count;
        for (uint32_t i = ls_occupancy_spare(s->occupancy, at); i != LS_POOL_NONE && i - at < count;
             i = ls_occupancy_spare(s->occupancy, i + 1)) {
            if (s->cluster->nodes[i].kind == n->kind && s->cluster->nodes[i].gpus == n->gpus) {
                return i;
            }
        }
        if (all) {
            return LS_POOL_NONE;
        }
        unit = s->cluster->units[unit].parent;
    }
}

// The cluster has more than before.
static void wake(ls_scheduler *s) {
    ls_scheduler_open(s);
    ls_scheduler_fell(s, 0);
    ls_reclaim_wake(s);
}

static void node_up(ls_scheduler *s, uint32_t node) {
    ls_occupancy_set_state(s->occupancy, node, LS_NODE_UP);
    ls_room_changed(s, node);
    wake(s);
}

static void drop_kept(ls_scheduler *s, uint32_t node) {
    while (s->nodes[node].reserved != LS_POOL_NONE) {
        ls_reserve_drop(s, s->reserved[s->nodes[node].reserved].job);
    }
}

// What runs on these GPUs of the node (bits; all bits: on the node) stops.
static void stop_there(ls_scheduler *s, uint32_t node, uint32_t gpus) {
    uint32_t job = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    while (job != LS_POOL_NONE) {
        const ls_pool_link link = s->jobs[job].links[part];
        const bool there = gpus == UINT32_MAX || (s->jobs[job].shares[part].gpus & gpus) != 0;
        if (there && s->jobs[job].state == LS_POOL_JOB_RUNNING) {
            ls_scheduler_stop(s, job, LS_WHY_BROKEN, LS_POOL_NONE,
                              s->jobs[job].request.restartable);
        }
        job = link.next_job;
        part = link.next_part;
    }
}

static uint32_t break_node(ls_scheduler *s, uint32_t node) {
    drop_kept(s, node);
    stop_there(s, node, UINT32_MAX);
    const uint32_t spare = s->nodes[node].spare_used ? LS_POOL_NONE : nearest_spare(s, node);
    if (spare == LS_POOL_NONE) {
        return LS_POOL_NONE;
    }
    s->nodes[node].spare_used = true;
    node_up(s, spare);
    return spare;
}

void ls_scheduler_node(ls_scheduler *s, int64_t now_us, uint32_t node, ls_node_state state,
                       uint32_t *out_spare) {
    *out_spare = LS_POOL_NONE;
    assert(node < s->cluster->node_count);
    s->now_us = now_us;
    const ls_node_state was = ls_occupancy_state(s->occupancy, node);
    if (state == LS_NODE_SPARE || (was == LS_NODE_SPARE && state == LS_NODE_UP)) {
        ls_occupancy_set_state(s->empty, node, state);  // jobs that need it never run
    }
    if (state == LS_NODE_UP && s->nodes[node].spare_used) {
        s->nodes[node].spare_used = false;
        state = LS_NODE_SPARE;
    }
    if (state == was) {
        return;
    }
    if (state == LS_NODE_UP) {
        node_up(s, node);
        return;
    }
    ls_occupancy_set_state(s->occupancy, node, state);
    ls_room_changed(s, node);
    s->nodes[node].spare_used |= was == LS_NODE_SPARE;  // comes back as what it was
    if (state == LS_NODE_BROKEN) {
        *out_spare = break_node(s, node);
    } else {
        drop_kept(s, node);
    }
}

void ls_scheduler_gpu(ls_scheduler *s, int64_t now_us, uint32_t node, uint32_t gpu, bool in) {
    assert(node < s->cluster->node_count && gpu < s->cluster->nodes[node].gpus);
    const uint32_t were = ls_occupancy_out(s->occupancy, node);
    s->now_us = now_us;
    ls_occupancy_set_gpu(s->occupancy, node, gpu, in);
    const uint32_t are = ls_occupancy_out(s->occupancy, node);
    if (are == were) {
        return;
    }
    // As a part without a GPU does: nobody has the node to himself.
    s->nodes[node].plain += were == 0 ? 1 : are == 0 ? UINT32_MAX : 0;
    ls_room_changed(s, node);
    ls_power_changed(s, node);
    if (in) {
        wake(s);
    } else {
        drop_kept(s, node);
    }
}

void ls_scheduler_gpu_breaks(ls_scheduler *s, int64_t now_us, uint32_t node, uint32_t gpu) {
    ls_scheduler_gpu(s, now_us, node, gpu, false);
    stop_there(s, node, (uint32_t)1 << gpu);
}

// ---- what is to be done

// A job has no place, and is given that of spot jobs, or has one that is being made; it is passed
// for the rest of the round, and those behind it have their turn. False: there is none.
static bool pass_claimant(ls_scheduler *s, uint32_t job, bool limited, uint32_t *passed) {
    ls_pool_job *j = s->jobs + job;
    const bool claims = j->reserved != LS_POOL_NONE && s->reserved[j->reserved].claim;
    if (s->spot_count == 0 || j->request.spot || (!claims && !ls_reclaim_spots(s, job))) {
        return false;
    }
    if (j->state == LS_POOL_JOB_WAITING) {
        ls_waiting_pass(s->waiting, job, true);
        j->passed_limited = limited;
        j->next_passed = *passed;
        *passed = job;
    }
    return true;
}

// What was passed waits as it did, each in a class that has no place, unless it was a limit that
// kept it away.
static void end_passing(ls_scheduler *s, uint32_t passed) {
    for (; passed != LS_POOL_NONE; passed = s->jobs[passed].next_passed) {
        ls_waiting_pass(s->waiting, passed, false);
        if (!s->jobs[passed].passed_limited) {
            ls_waiting_close(s->waiting, passed);
        }
    }
}

// The job has no place. Another one of equal shape may have one, since nodes are kept for it: it
// starts, before they are all told that there is none. True: the first has its turn again.
static bool start_kept_alike(ls_scheduler *s, uint32_t job) {
    const ls_shape *shape = &s->jobs[job].request.shape;
    for (uint32_t i = 0; i < s->reserved_count && !s->jobs[job].request.spot; i++) {
        for (uint32_t other = s->reserved[i].job; other != LS_POOL_NONE;
             other = s->jobs[other].next_claim) {
            uint32_t limit = LS_POOL_NONE;
            bool part = false;
            if (other == job || ls_waiting_is_passed(s->waiting, other) ||
                !ls_waiting_shape_is(shape, &s->jobs[other].request.shape)) {
                continue;
            }
            if (ls_scheduler_place(s, other, &limit, &part)) {
                (void)ls_scheduler_start(s, other, LS_WHY_PROMISED);
                return true;
            }
            if (ls_occupancy_was_short(s->occupancy)) {
                s->out_of_memory = true;
                return true;
            }
        }
    }
    return false;
}

static void start_those_that_fit(ls_scheduler *s, ls_waiting *waiting) {
    uint32_t passed = LS_POOL_NONE;
    for (;;) {
        const uint32_t job = ls_waiting_next(waiting);
        if (job == LS_POOL_NONE || s->out_of_memory) {
            break;
        }
        uint32_t limit = LS_POOL_NONE;
        bool part = false;
        if (ls_scheduler_place(s, job, &limit, &part)) {
            const bool turn = ls_waiting_first(waiting, 0) == job;
            ls_scheduler_start(s, job, turn ? LS_WHY_TURN : LS_WHY_BACKFILL);
        } else if (ls_occupancy_was_short(s->occupancy)) {
            s->out_of_memory = true;  // it is asked for again
        } else if ((limit == LS_POOL_NONE || part) && start_kept_alike(s, job)) {
            continue;
        } else if (pass_claimant(s, job, limit != LS_POOL_NONE, &passed)) {
            continue;
        } else if (limit != LS_POOL_NONE) {
            ls_waiting_limit(waiting, job, part ? 0 : limit);
        } else if (s->def.strict) {
            break;
        } else if (s->spot_count == 0 &&
                   !ls_room_may(s, &s->jobs[job].request.shape, job, INT64_MIN)) {
            ls_waiting_close_shape(waiting, job);
        } else {
            ls_waiting_close(waiting, job);
        }
    }
    end_passing(s, passed);
}

void ls_scheduler_used(ls_scheduler *s, int64_t now_us, uint32_t account, ls_gpu_time used) {
    if (s->budgets != NULL) {
        ls_budgets_put_back(s->budgets, now_us, account, used);
    }
}

// A new month: whom its budget stopped may start again.
static void begin_month(ls_scheduler *s) {
    if (s->budgets == NULL || s->now_us < s->month_us) {
        return;
    }
    s->month_us = ls_budgets_month_end_us(s->budgets, s->now_us);
    for (uint32_t i = 0; i < s->def.account_count; i++) {
        double hours = 0.0;
        ls_budgets_used_hours(s->budgets, s->now_us, i, &hours);
        if (hours > 0.0) {
            ls_scheduler_fell(s, i);
        }
    }
}

uint32_t ls_scheduler_decide(ls_scheduler *s, int64_t now_us, const ls_pool_act **out_acts,
                             ls_status *out_status) {
    s->now_us = now_us;
    s->out_of_memory = false;
    s->round_again = false;
    if (s->acts_taken) {
        s->act_count = 0;
        s->acts_taken = false;
    }
    ls_booked_pass(s);
    begin_month(s);
    ls_reserve_start(s);
    start_those_that_fit(s, s->waiting);
    if (!s->def.no_backfill && !s->def.strict) {
        ls_reserve_promise(s);
    }
    ls_reclaim(s);
    ls_move(s);
    start_those_that_fit(s, s->spots);
    s->acts_taken = true;
    *out_acts = s->acts;
    *out_status = s->out_of_memory ? LS_ERR_MEMORY : LS_OK;
    return s->act_count;
}

int64_t ls_scheduler_wake(const ls_scheduler *s) {
    if (s->look_count > 0 || s->round_again) {
        return s->now_us;
    }
    const int64_t promised_us = ls_reserve_next_us(s);
    int64_t wake_us = promised_us < s->tick_us ? promised_us : s->tick_us;
    if (ls_scheduler_waiting(s) > 0) {
        const int64_t kept_us = ls_booked_next_us(s);
        wake_us = s->month_us < wake_us ? s->month_us : wake_us;
        wake_us = kept_us < wake_us ? kept_us : wake_us;
    }
    return wake_us;
}

// ---- questions

ls_pool_job_state ls_scheduler_state(const ls_scheduler *s, uint32_t job) {
    return job < s->job_count ? s->jobs[job].state : LS_POOL_JOB_FREE;
}

const ls_pool_request *ls_scheduler_request(const ls_scheduler *s, uint32_t job) {
    return &s->jobs[job].request;
}

uint32_t ls_scheduler_kind(const ls_scheduler *s, uint32_t job) {
    return s->jobs[job].kind;
}

int64_t ls_scheduler_promise(const ls_scheduler *s, uint32_t job) {
    return s->jobs[job].promised_us;
}

bool ls_scheduler_gave_way(const ls_scheduler *s, uint32_t job) {
    return s->jobs[job].broken_us != INT64_MIN;
}

uint64_t ls_scheduler_waiting(const ls_scheduler *s) {
    return ls_waiting_count(s->waiting) + ls_waiting_count(s->spots);
}

uint64_t ls_scheduler_waiting_spots(const ls_scheduler *s) {
    return ls_waiting_count(s->spots);
}

const ls_shares *ls_scheduler_shares(const ls_scheduler *s) {
    return s->shares;
}

const ls_occupancy *ls_scheduler_occupancy(const ls_scheduler *s) {
    return s->occupancy;
}
