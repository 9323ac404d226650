// plan.c - which nodes a job could have if others were gone.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pool/scheduler_inside.h"

// Up: nodes with GPUs are counted then (room.c).
static bool is_up(const ls_scheduler *s, uint32_t node) {
    const ls_node_parts *n = s->nodes + node;
    return n->kind != UINT8_MAX ? n->counted > 0
                                : ls_occupancy_state(s->occupancy, node) == LS_NODE_UP;
}

// It could take a part of the shape if it were empty and up.
static bool could_take(const ls_scheduler *s, const ls_shape *shape, uint32_t node) {
    const ls_node_parts *n = s->nodes + node;
    const uint32_t gpus = shape->milli != 0 ? 1 : shape->gpus;
    if (shape->kinds == 0 && gpus > 0) {
        return false;
    }
    if (shape->kinds != 0 &&
        (n->kind == UINT8_MAX || ((shape->kinds >> n->kind) & 1) == 0 || n->gpus < gpus)) {
        return false;
    }
    if ((gpus > 0 && s->cluster->kinds[n->kind].memory_mib < shape->gpu_mib) ||
        s->cluster->nodes[node].cpu_milli < shape->cpu_milli ||
        s->cluster->nodes[node].memory_mib < shape->memory_mib) {
        return false;
    }
    return shape->sites == 0 || (n->site < 64 && ((shape->sites >> n->site) & 1) != 0);
}

bool ls_plan_suits(const ls_scheduler *s, const ls_shape *shape, uint32_t node) {
    return is_up(s, node) && could_take(s, shape, node);
}

void ls_plan_types(const ls_scheduler *s, uint32_t job, uint32_t kind, bool *out) {
    const ls_shape *shape = &s->jobs[job].request.shape;
    for (uint32_t i = 0; i < s->type_count && i < LS_NODE_TYPES - 1; i++) {
        const uint32_t node = s->type_nodes[i];
        out[i] = (shape->kinds == 0 || s->nodes[node].kind == kind) && could_take(s, shape, node);
    }
}

bool ls_plan_may(const ls_scheduler *s, uint32_t job, uint32_t kind, uint32_t node) {
    const ls_shape *shape = &s->jobs[job].request.shape;
    const ls_node_parts *n = s->nodes + node;
    const ls_reserved *r = n->reserved != LS_POOL_NONE ? s->reserved + n->reserved : NULL;
    return (r == NULL || s->jobs[job].reserved == n->reserved || r->breaks ||
            (s->sharing && r->shared)) &&
           (shape->kinds == 0 || n->kind == kind) && ls_plan_suits(s, shape, node);
}

// Takes what those that share the node have claimed out of what is free. False: not all is there.
static bool without_claims(const ls_scheduler *s, const ls_reserved *r, uint32_t gpus,
                           uint32_t *free, ls_node_free *rest) {
    for (uint32_t job = r->job; job != LS_POOL_NONE; job = s->jobs[job].next_claim) {
        const ls_shape *has = &s->jobs[job].request.shape;
        uint32_t wholes = has->milli != 0 ? 0 : has->gpus;
        uint32_t best = gpus;  // for a fraction: the GPU with the least that suffices
        if (has->cpu_milli > rest->cpu_milli || has->memory_mib > rest->memory_mib) {
            return false;
        }
        rest->cpu_milli -= has->cpu_milli;
        rest->memory_mib -= has->memory_mib;
        for (uint32_t g = 0; g < gpus; g++) {
            if (wholes > 0 && free[g] == LS_POOL_WHOLE) {
                free[g] = 0;
                wholes--;
            }
            if (has->milli != 0 && free[g] >= has->milli &&
                (best == gpus || free[g] < free[best])) {
                best = g;
            }
        }
        if (wholes > 0 || (has->milli != 0 && best == gpus)) {
            return false;
        }
        free[best < gpus ? best : 0] -= best < gpus ? has->milli : 0;
    }
    return true;
}

uint32_t ls_plan_parts(const ls_scheduler *s, const ls_shape *shape, uint32_t node, uint32_t most,
                       bool (*gone)(const void *context, const ls_scheduler *s, uint32_t job),
                       const void *context) {
    uint32_t free[LS_POOL_NODE_GPUS_MAX];
    const uint32_t gpus = s->cluster->nodes[node].gpus;
    ls_node_free rest = ls_occupancy_node(s->occupancy, node);
    for (uint32_t g = 0; g < gpus; g++) {
        free[g] = ls_occupancy_gpu_free(s->occupancy, node, g);
    }
    const uint32_t reserved = s->nodes[node].reserved;
    const bool shared = s->sharing && reserved != LS_POOL_NONE && s->reserved[reserved].shared;
    uint32_t job = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    while (job != LS_POOL_NONE) {
        const ls_pool_job *j = s->jobs + job;
        if ((shared && j->state == LS_POOL_JOB_STOPPING) || gone(context, s, job)) {
            const ls_shape *has = &j->request.shape;
            rest.cpu_milli += has->cpu_milli;
            rest.memory_mib += has->memory_mib;
            for (uint32_t g = 0; g < gpus; g++) {
                if (((j->shares[part].gpus >> g) & 1) != 0) {
                    free[g] += has->milli != 0 ? has->milli : LS_POOL_WHOLE;
                }
            }
        }
        const ls_pool_link *link = j->links + part;
        job = link->next_job;
        part = link->next_part;
    }
    for (uint32_t out = ls_occupancy_out(s->occupancy, node); out != 0; out &= out - 1) {
        free[__builtin_ctz(out)] = 0;
    }
    if (shared && !without_claims(s, s->reserved + reserved, gpus, free, &rest)) {
        return 0;
    }
    uint32_t parts = most;
    if (shape->cpu_milli > 0 && rest.cpu_milli / shape->cpu_milli < parts) {
        parts = rest.cpu_milli / shape->cpu_milli;
    }
    if (shape->memory_mib > 0 && rest.memory_mib / shape->memory_mib < parts) {
        parts = rest.memory_mib / shape->memory_mib;
    }
    uint32_t room = 0;  // for whole GPUs, or for fractions
    for (uint32_t g = 0; g < gpus; g++) {
        room += shape->milli != 0 ? free[g] / shape->milli : free[g] == LS_POOL_WHOLE;
    }
    if (shape->milli == 0 && shape->gpus > 0) {
        room /= shape->gpus;
    }
    return shape->milli != 0 || shape->gpus > 0 ? (room < parts ? room : parts) : parts;
}

enum {
    FEW_NODES = 16,   // are sorted by insertion
    SORT_DEPTH = 64,  // twice the halvings of all that fit in memory
};

static int by_value(const void *a, const void *b) {
    const ls_plan_node *x = a;
    const ls_plan_node *y = b;
    if (x->value != y->value) {
        return x->value < y->value ? -1 : 1;
    }
    return x->node < y->node ? -1 : x->node > y->node;
}

static void swap(ls_plan_node *a, ls_plan_node *b) {
    const ls_plan_node kept = *a;
    *a = *b;
    *b = kept;
}

// Hoare's partition by the one in the middle: none in [low, border) is behind one in [border,
// high).
static uint32_t part_by_middle(ls_plan_node *nodes, uint32_t low, uint32_t high) {
    const ls_plan_node pivot = nodes[low + (high - low) / 2];
    uint32_t i = low, k = high - 1;
    for (;;) {
        while (by_value(nodes + i, &pivot) < 0) {
            i++;
        }
        while (by_value(nodes + k, &pivot) > 0) {
            k--;
        }
        if (i >= k) {
            return k + 1;
        }
        swap(nodes + i++, nodes + k--);
    }
}

// Moves the `first` least of them to the front.
static void select_least(ls_plan_node *nodes, uint32_t count, uint32_t first) {
    uint32_t low = 0, high = count;  // the border is in [low, high)
    while (first > low && first < high) {
        if (high - low <= FEW_NODES) {
            qsort(nodes + low, high - low, sizeof *nodes, by_value);
            return;
        }
        const uint32_t border = part_by_middle(nodes, low, high);
        if (first <= border) {
            high = border;
        } else {
            low = border;
        }
    }
}

// As qsort() does, without a call for each comparison; that does it where the middle is often bad.
static void sort_nodes(ls_plan_node *nodes, uint32_t count, uint32_t depth) {
    while (count > FEW_NODES && depth > 0) {
        const uint32_t border = part_by_middle(nodes, 0, count);
        depth--;
        if (border <= count - border) {  // the smaller one first: so deep is the stack
            sort_nodes(nodes, border, depth);
            nodes += border;
            count -= border;
        } else {
            sort_nodes(nodes + border, count - border, depth);
            count = border;
        }
    }
    if (count > FEW_NODES) {
        qsort(nodes, count, sizeof *nodes, by_value);
        return;
    }
    for (uint32_t i = 1; i < count; i++) {
        const ls_plan_node node = nodes[i];
        uint32_t at = i;
        for (; at > 0 && by_value(nodes + at - 1, &node) > 0; at--) {
            nodes[at] = nodes[at - 1];
        }
        nodes[at] = node;
    }
}

// Each of these has one part.
static bool there_are_single(const ls_plan_node *nodes, uint32_t count) {
    uint32_t at = 0;
    while (at < count && nodes[at].parts == 1) {
        at++;
    }
    return at == count;
}

// Moves the greatest to the end, and returns its value.
static double last_of(ls_plan_node *nodes, uint32_t count) {
    for (uint32_t i = 0; i + 1 < count; i++) {
        if (by_value(nodes + i, nodes + count - 1) > 0) {
            swap(nodes + i, nodes + count - 1);
        }
    }
    return nodes[count - 1].value;
}

// Moves the first nodes to the front and returns how many of them it takes for `parts` parts; 0:
// not enough. *out_total: greatest value, or the sum over parts.
static uint32_t take(ls_plan_node *nodes, uint32_t count, uint32_t parts, bool sum,
                     double *out_total) {
    uint64_t there = 0;
    for (uint32_t i = 0; i < count; i++) {
        there += nodes[i].parts;
    }
    if (there < parts) {
        return 0;
    }
    const uint32_t first = count < parts ? count : parts;  // each has a part at least
    select_least(nodes, count, first);
    if (!sum && there_are_single(nodes, first)) {
        *out_total = last_of(nodes, first);
        return first;
    }
    sort_nodes(nodes, first, SORT_DEPTH);
    uint32_t got = 0, used = 0;
    double total = 0.0;
    for (; got < parts; used++) {
        const uint32_t here = nodes[used].parts < parts - got ? nodes[used].parts : parts - got;
        total = sum ? total + nodes[used].value * here : nodes[used].value;
        got += here;
    }
    *out_total = total;
    return used;
}

// So many parts are on nodes with lesser values.
static bool has_below(const ls_plan_node *nodes, uint32_t count, uint32_t parts, double value) {
    uint64_t there = 0;
    for (uint32_t i = 0; i < count; i++) {
        there += nodes[i].value < value ? nodes[i].parts : 0;
    }
    return there >= parts;
}

uint32_t ls_plan_choose(ls_scheduler *s, const ls_shape *shape, uint32_t count, bool sum) {
    double total = 0.0;
    if (shape->within == LS_POOL_ANYWHERE || !shape->must) {
        return take(s->plan, count, shape->parts, sum, &total);
    }
    uint32_t best_at = 0, best_count = 0, best_used = 0;
    double best = (double)INFINITY;
    for (uint32_t at = 0, end; at < count; at = end) {  // nodes of a unit are consecutive
        const uint32_t unit = ls_cluster_unit(s->cluster, s->plan[at].node, shape->within);
        end = at + 1;
        while (end < count && unit != LS_POOL_NONE &&
               ls_cluster_unit(s->cluster, s->plan[end].node, shape->within) == unit) {
            end++;
        }
        if (unit == LS_POOL_NONE && shape->within != LS_POOL_NODE) {
            continue;  // stands in no such unit
        }
        if (!sum && best_count > 0 && !has_below(s->plan + at, end - at, shape->parts, best)) {
            continue;
        }
        const uint32_t used = take(s->plan + at, end - at, shape->parts, sum, &total);
        if (used > 0 && (best_count == 0 || total < best)) {
            best = total;
            best_at = at;
            best_count = end - at;
            best_used = used;
        }
    }
    memmove(s->plan, s->plan + best_at, best_count * sizeof *s->plan);
    return best_used;
}
