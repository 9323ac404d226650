// reference_nodes.c - what fits on which nodes when; see reference_scheduler.h.
#include <assert.h>
#include <string.h>

#include "pool/testing/reference_inside.h"

int64_t ref_over_us(const ref_job *job) {
    const int64_t most_us = job->request.most_us;
    const int64_t over_us = most_us > INT64_MAX - job->started_us ? INT64_MAX
                                                                  : job->started_us + most_us;
    return job->state == LS_POOL_JOB_STOPPING && job->until_us < over_us ? job->until_us : over_us;
}

ref_free ref_node_free(const ls_reference_scheduler *s, uint32_t node,
                       bool (*gone)(const void *context, uint32_t job), const void *context) {
    const ls_pool_node *n = s->cluster->nodes + node;
    ref_free f = {.cpu_milli = n->cpu_milli, .memory_mib = n->memory_mib};
    for (uint32_t g = 0; g < n->gpus; g++) {
        f.milli[g] = LS_POOL_WHOLE;
    }
    for (uint32_t i = 0; i < s->job_count; i++) {
        const ref_job *j = s->jobs + i;
        const ls_shape *shape = &j->request.shape;
        if (j->shares == NULL || (gone != NULL && gone(context, i))) {
            continue;
        }
        for (uint32_t p = 0; p < shape->parts; p++) {
            if (j->shares[p].node != node) {
                continue;
            }
            for (uint32_t g = 0; g < n->gpus; g++) {
                if (((j->shares[p].gpus >> g) & 1) != 0) {
                    f.milli[g] -= shape->milli != 0 ? shape->milli : LS_POOL_WHOLE;
                }
            }
            f.cpu_milli -= shape->cpu_milli;
            f.memory_mib -= shape->memory_mib;
        }
    }
    for (uint32_t g = 0; g < n->gpus; g++) {
        f.milli[g] = ((ls_occupancy_out(s->occupancy, node) >> g) & 1) != 0 ? 0 : f.milli[g];
    }
    return f;
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

// Its site's number among the sites, LS_POOL_NONE: it stands in none.
static uint32_t site_of(const ls_cluster *cluster, uint32_t node) {
    const uint32_t unit = ls_cluster_unit(cluster, node, LS_POOL_SITE);
    uint32_t site = 0;
    for (uint32_t u = 0; u < unit && unit != LS_POOL_NONE; u++) {
        site += cluster->units[u].level == LS_POOL_SITE;
    }
    return unit == LS_POOL_NONE ? LS_POOL_NONE : site;
}

uint32_t ref_parts(const ls_reference_scheduler *s, const ls_shape *shape, uint32_t node,
                   const ref_free *free) {
    const ls_pool_node *n = s->cluster->nodes + node;
    uint32_t parts = shape->spread ? 1 : shape->parts;
    if (shape->sites != 0) {
        const uint32_t site = site_of(s->cluster, node);
        if (site >= 64 || ((shape->sites >> site) & 1) == 0) {
            return 0;
        }
    }
    if (shape->kinds != 0 && (n->kind == LS_POOL_NONE || ((shape->kinds >> n->kind) & 1) == 0)) {
        return 0;
    }
    if (shape->gpus != 0 || shape->milli != 0) {
        if (shape->kinds == 0 || s->cluster->kinds[n->kind].memory_mib < shape->gpu_mib) {
            return 0;
        }
        uint32_t whole = 0;
        uint32_t pieces = 0;
        for (uint32_t g = 0; g < n->gpus; g++) {
            whole += free->milli[g] == LS_POOL_WHOLE;
            pieces += shape->milli != 0 ? free->milli[g] / shape->milli : 0;
        }
        parts = least(parts, shape->milli != 0 ? pieces : whole / shape->gpus);
    }
    parts = shape->cpu_milli != 0 ? least(parts, free->cpu_milli / shape->cpu_milli) : parts;
    return shape->memory_mib != 0 ? least(parts, free->memory_mib / shape->memory_mib) : parts;
}

static bool is_anybody(const void *context, uint32_t job) {
    (void)context;
    (void)job;
    return true;
}

bool ref_is_considered(const ls_reference_scheduler *s, uint32_t job, const ls_shape *shape,
                       uint32_t node, const bool *may_pass) {
    if (ls_occupancy_state(s->occupancy, node) != LS_NODE_UP) {
        return false;
    }
    for (uint32_t i = 0; i < s->job_count; i++) {
        const ref_kept *kept = &s->jobs[i].kept;
        for (uint32_t k = 0; kept->place != LS_POOL_NONE && i != job && k < kept->node_count; k++) {
            if (kept->nodes[k] == node && (may_pass == NULL || !may_pass[i])) {
                return false;
            }
        }
    }
    const ref_free empty = ref_node_free(s, node, is_anybody, NULL);
    return ref_parts(s, shape, node, &empty) > 0;
}

uint32_t ref_ranges(const ls_reference_scheduler *s, const ls_shape *shape, uint32_t at,
                    uint32_t *out_node, uint32_t *out_count) {
    const ls_cluster *c = s->cluster;
    if (!shape->must || shape->within == LS_POOL_ANYWHERE) {
        *out_node = 0;
        *out_count = c->node_count;
        return 1;
    }
    if (shape->within == LS_POOL_NODE) {
        *out_node = at;
        *out_count = 1;
        return c->node_count;
    }
    uint32_t count = 0;
    for (uint32_t u = 0; u < c->unit_count; u++) {
        if (c->units[u].level == shape->within) {
            if (count == at) {
                *out_node = c->units[u].node_at;
                *out_count = c->units[u].node_count;
            }
            count++;
        }
    }
    return count;
}

// ---- promises

typedef struct moment {
    const ls_reference_scheduler *s;
    int64_t at_us;
} moment;

static bool is_over_by(const void *context, uint32_t job) {
    const moment *m = context;
    return ref_over_us(m->s->jobs + job) <= m->at_us;
}

// How many parts at the given time. Who should be over by then is gone.
static uint32_t parts_at(const ls_reference_scheduler *s, const ls_shape *shape, uint32_t node,
                         int64_t at_us) {
    const moment m = {s, at_us};
    const ref_free free = ref_node_free(s, node, is_over_by, &m);
    return ref_parts(s, shape, node, &free);
}

// The first time at which the node could take parts, and from then on as long as the job may run;
// INT64_MAX: never. Not before from_us.
static int64_t first_us(const ls_reference_scheduler *s, uint32_t job, const ls_shape *shape,
                        uint32_t node, int64_t now_us, int64_t from_us) {
    const ls_pool_request *r = &s->jobs[job].request;
    int64_t first = INT64_MAX;
    if (parts_at(s, shape, node, now_us) > 0) {
        first = now_us;
    }
    for (uint32_t i = 0; i < s->job_count; i++) {
        const int64_t at_us = s->jobs[i].shares != NULL ? ref_over_us(s->jobs + i) : INT64_MAX;
        if (at_us < first && parts_at(s, shape, node, at_us) > 0) {
            first = at_us;
        }
    }
    first = first > from_us ? first : from_us;
    for (uint32_t i = 0; i <= s->def.reservation_count && first < INT64_MAX; i++) {
        const int64_t over_us = r->most_us > INT64_MAX - first ? INT64_MAX : first + r->most_us;
        if (!ref_is_reserved(s, node, r->account, first, over_us)) {
            return first;
        }
        int64_t next_us = INT64_MAX;  // the first end of a reservation after that
        for (uint32_t k = 0; k < s->def.reservation_count; k++) {
            const int64_t until_us = s->def.reservations[k].until_us;
            next_us = until_us > first && until_us < next_us ? until_us : next_us;
        }
        first = next_us;
    }
    return first;
}

// Within a range of nodes; returns when the last of them can take its parts, INT64_MAX: no way.
static int64_t plan_range_from(const ls_reference_scheduler *s, int64_t now_us, int64_t from_us,
                               uint32_t job, const ls_shape *shape, uint32_t node_at,
                               uint32_t node_count, uint32_t *out, uint32_t *out_count) {
    uint32_t left = shape->parts;
    int64_t last_us = now_us;
    *out_count = 0;
    while (left > 0) {
        uint32_t best = LS_POOL_NONE;
        int64_t best_us = INT64_MAX;
        for (uint32_t node = node_at; node < node_at + node_count; node++) {
            bool taken = false;
            for (uint32_t i = 0; i < *out_count; i++) {
                taken |= out[i] == node;
            }
            if (taken || !ref_is_considered(s, job, shape, node, NULL)) {
                continue;
            }
            const int64_t at_us = first_us(s, job, shape, node, now_us, from_us);
            if (at_us < best_us) {
                best = node;
                best_us = at_us;
            }
        }
        if (best == LS_POOL_NONE) {
            return INT64_MAX;
        }
        out[(*out_count)++] = best;
        left -= least(left, parts_at(s, shape, best, best_us));
        last_us = best_us > last_us ? best_us : last_us;
    }
    return last_us;
}

static uint32_t plan_ranges(const ls_reference_scheduler *s, int64_t now_us, int64_t from_us,
                            uint32_t job, const ls_shape *shape, uint32_t *out, int64_t *out_us) {
    uint32_t *nodes = ls_alloc(shape->parts * sizeof *nodes);
    uint32_t best = 0, node_at = 0, node_count = 0;
    assert(nodes != NULL);
    *out_us = INT64_MAX;
    for (uint32_t r = 0; r < ref_ranges(s, shape, r, &node_at, &node_count); r++) {
        uint32_t count = 0;
        const int64_t at_us = plan_range_from(s, now_us, from_us, job, shape, node_at, node_count,
                                              nodes, &count);
        if (at_us < *out_us) {
            *out_us = at_us;
            memcpy(out, nodes, count * sizeof *nodes);
            best = count;
        }
    }
    ls_free(nodes);
    return best;
}

// Of one kind: again and again from the time at which the last node is there, until no reservation
// keeps the job from any of them from then on.
static uint32_t plan_kind(const ls_reference_scheduler *s, int64_t now_us, uint32_t job,
                          const ls_shape *shape, uint32_t *out, int64_t *out_us) {
    const ls_pool_request *r = &s->jobs[job].request;
    int64_t from_us = now_us;
    for (;;) {
        const uint32_t count = plan_ranges(s, now_us, from_us, job, shape, out, out_us);
        const int64_t over_us = r->most_us > INT64_MAX - *out_us ? INT64_MAX : *out_us + r->most_us;
        bool good = true;
        for (uint32_t i = 0; i < count; i++) {
            good &= !ref_is_reserved(s, out[i], r->account, *out_us, over_us);
        }
        if (good) {
            return count;
        }
        from_us = *out_us;
    }
}

uint32_t ref_plan(const ls_reference_scheduler *s, int64_t now_us, uint32_t job, uint32_t *out,
                  int64_t *out_us) {
    const ls_shape *shape = &s->jobs[job].request.shape;
    uint32_t *nodes = ls_alloc(shape->parts * sizeof *nodes);
    uint32_t best = 0;
    assert(nodes != NULL);
    *out_us = INT64_MAX;
    for (uint32_t kind = 0; kind < s->cluster->kind_count; kind++) {
        ls_shape one = *shape;
        one.kinds &= UINT32_C(1) << kind;
        if (shape->kinds == 0 ? kind > 0 : one.kinds == 0) {
            continue;
        }
        int64_t at_us = INT64_MAX;
        const uint32_t count = plan_kind(s, now_us, job, &one, nodes, &at_us);
        if (at_us < *out_us) {
            *out_us = at_us;
            memcpy(out, nodes, count * sizeof *nodes);
            best = count;
        }
    }
    ls_free(nodes);
    return best;
}

bool ref_has_room(const ls_reference_scheduler *s, const ls_shape *shape) {
    if (shape->gpus == 0 && shape->milli == 0) {
        return true;
    }
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        uint64_t parts = 0;
        for (uint32_t n = 0; n < s->cluster->node_count && ((shape->kinds >> k) & 1) != 0; n++) {
            const ref_free free = ref_node_free(s, n, NULL, NULL);
            uint32_t whole = 0, most = 0;
            if (s->cluster->nodes[n].kind != k ||
                ls_occupancy_state(s->occupancy, n) != LS_NODE_UP) {
                continue;
            }
            for (uint32_t g = 0; g < s->cluster->nodes[n].gpus; g++) {
                whole += free.milli[g] == LS_POOL_WHOLE;
                most = free.milli[g] > most ? free.milli[g] : most;
            }
            if (shape->milli != 0) {
                parts += most * 32 / LS_POOL_WHOLE >= shape->milli * 32 / LS_POOL_WHOLE ? UINT32_MAX
                                                                                        : 0;
            } else if (whole >= shape->gpus) {
                parts += shape->spread ? 1 : whole / shape->gpus;
            }
        }
        if (parts >= shape->parts) {
            return true;
        }
    }
    return false;
}
