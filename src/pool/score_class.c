// score_class.c - classes of nodes that are equally free; see score.h.
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "pool/grow.h"
#include "pool/score.h"

// For qsort, which hands on no context.
typedef struct named {
    const char *name;
    uint32_t node;
} named;

static int by_name(const void *a, const void *b) {
    const named *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->node < y->node ? -1 : 1);
}

static bool rank_names(ls_occupancy *o) {
    const uint32_t count = o->cluster->node_count;
    named *all = ls_alloc(count * sizeof *all);
    if (all == NULL) {
        return false;
    }
    for (uint32_t n = 0; n < count; n++) {
        all[n] = (named){.name = o->cluster->nodes[n].name, .node = n};
    }
    qsort(all, count, sizeof *all, by_name);
    for (uint32_t r = 0; r < count; r++) {
        o->score->node_of[r] = all[r].node;
        o->score->rank_of[all[r].node] = r;
    }
    ls_free(all);
    return true;
}

static int by_gpu(const void *a, const void *b) {
    const ls_wanted *x = a, *y = b;
    if (x->least != y->least) {
        return x->least < y->least ? -1 : 1;
    }
    return x->weight != y->weight ? (x->weight > y->weight ? -1 : 1) : 0;
}

static bool copy_demand(ls_score *score, const ls_demand *demand) {
    const uint32_t count = demand != NULL ? demand->count : 0;
    score->wanted = ls_alloc((count + 1) * sizeof *score->wanted);
    if (score->wanted == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const ls_shape *s = demand->shapes + i;
        score->wanted[i] = (ls_wanted){.shape = *s,
                                       .weight = demand->weights[i],
                                       .least = s->milli != 0  ? s->milli
                                                : s->gpus != 0 ? (uint32_t)LS_POOL_WHOLE
                                                               : 0,
                                       .count = s->milli != 0 ? 1 : s->gpus};
    }
    score->wanted_count = count;
    qsort(score->wanted, count, sizeof *score->wanted, by_gpu);
    return true;
}

ls_status ls_score_open(ls_occupancy *o, const ls_demand *demand, ls_error *err) {
    const size_t nodes = (size_t)o->cluster->node_count + 1;
    ls_score *score = ls_alloc(sizeof *score);
    o->score = score;
    if (score != NULL) {
        score->rank_of = ls_alloc(nodes * sizeof *score->rank_of);
        score->node_of = ls_alloc(nodes * sizeof *score->node_of);
        score->class_of = ls_alloc(nodes * sizeof *score->class_of);
        score->shapes = ls_alloc(LS_SCORE_SHAPES * sizeof *score->shapes);
        score->shape_hash = ls_alloc(2 * LS_SCORE_SHAPES * sizeof *score->shape_hash);
        if (o->policy == LS_PLACE_CLUSTERING) {
            score->tags = ls_alloc(nodes * sizeof *score->tags);
        }
    }
    if (score == NULL || score->rank_of == NULL || score->node_of == NULL ||
        score->class_of == NULL || score->shapes == NULL || score->shape_hash == NULL ||
        (o->policy == LS_PLACE_CLUSTERING && score->tags == NULL) || !copy_demand(score, demand) ||
        !rank_names(o)) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory to score the places of %u nodes",
                       o->cluster->node_count);
    }
    memset(score->class_hash, 0xff, sizeof score->class_hash);
    memset(score->shape_hash, 0xff, 2 * LS_SCORE_SHAPES * sizeof *score->shape_hash);
    memset(score->class_of, 0xff, nodes * sizeof *score->class_of);
    ls_score_own_open(score, o->cluster);
    for (uint32_t n = 0; n < o->cluster->node_count; n++) {
        ls_score_changed(o, n);
    }
    return score->failed ? ls_fail(err, LS_ERR_MEMORY, "no memory to score the places of %u nodes",
                                   o->cluster->node_count)
                         : LS_OK;
}

void ls_score_close(ls_score *score) {
    if (score == NULL) {
        return;
    }
    for (uint32_t i = 0; i < score->class_count; i++) {
        ls_free(score->classes[i].heap);
        ls_free(score->classes[i].scores);
    }
    ls_free(score->wanted);
    ls_free(score->rank_of);
    ls_free(score->node_of);
    ls_free(score->class_of);
    ls_free(score->tags);
    ls_free(score->classes);
    ls_free(score->live);
    ls_free(score->shapes);
    ls_free(score->shape_hash);
    ls_free(score);
}

static ls_free_state state_of(const ls_occupancy *o, uint32_t node) {
    const ls_pool_node *n = o->cluster->nodes + node;
    ls_free_state f = {.kind = n->kind,
                       .gpus = n->gpus,
                       .site = o->nodes[node].site,
                       .cpu = o->nodes[node].cpu,
                       .memory = o->nodes[node].memory,
                       .milli = o->nodes[node].milli,
                       .whole = o->nodes[node].free_gpus};
    for (uint32_t g = 0; g < n->gpus; g++) {
        f.free[g] = o->gpus[o->nodes[node].gpu_at + g];
    }
    for (uint32_t t = 0; o->score->tags != NULL && t <= LS_POOL_NODE_GPUS_MAX; t++) {
        f.tags |= (uint64_t)(o->score->tags[node][t] != 0) << t;
    }
    return f;
}

static uint32_t hash_of(const void *data, size_t size) {
    const unsigned char *bytes = data;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return (uint32_t)(hash ^ hash >> 32);
}

// The class of such nodes, made when there is none; LS_POOL_NONE: out of memory.
static uint32_t class_get(ls_score *score, const ls_free_state *f) {
    uint32_t *slot = score->class_hash + hash_of(f, sizeof *f) % LS_SCORE_HASH;
    for (uint32_t c = *slot; c != LS_POOL_NONE; c = score->classes[c].next_hash) {
        if (memcmp(&score->classes[c].state, f, sizeof *f) == 0) {
            return c;
        }
    }
    if (!ls_grow(&score->classes, &score->class_room, sizeof *score->classes,
                 score->class_count + 1) ||
        !ls_grow(&score->live, &score->live_room, sizeof *score->live, score->class_count + 1)) {
        return LS_POOL_NONE;
    }
    score->classes[score->class_count] = (ls_class){.state = *f,
                                                    .next_hash = *slot,
                                                    .live_at = LS_POOL_NONE,
                                                    .fragments = ls_score_fragments(score, f)};
    *slot = score->class_count;
    return score->class_count++;
}

static bool heap_push(ls_class *c, uint32_t rank) {
    if (!ls_grow(&c->heap, &c->heap_room, sizeof *c->heap, c->heap_count + 1)) {
        return false;
    }
    uint32_t at = c->heap_count++;
    for (; at > 0 && c->heap[(at - 1) / 2] > rank; at = (at - 1) / 2) {
        c->heap[at] = c->heap[(at - 1) / 2];
    }
    c->heap[at] = rank;
    return true;
}

static void heap_pop(ls_class *c) {
    const uint32_t last = c->heap[--c->heap_count];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= c->heap_count) {
            break;
        }
        child += child + 1 < c->heap_count && c->heap[child + 1] < c->heap[child];
        if (c->heap[child] >= last) {
            break;
        }
        c->heap[at] = c->heap[child];
        at = child;
    }
    if (c->heap_count > 0) {
        c->heap[at] = last;
    }
}

// The member whose name sorts first.
static uint32_t first_rank(ls_score *score, uint32_t class) {
    ls_class *c = score->classes + class;
    while (score->class_of[score->node_of[c->heap[0]]] != class) {
        heap_pop(c);
    }
    return c->heap[0];
}

static void leave(ls_score *score, uint32_t node) {
    const uint32_t class = score->class_of[node];
    if (class == LS_POOL_NONE) {
        return;
    }
    ls_class *c = score->classes + class;
    score->class_of[node] = LS_POOL_NONE;
    if (--c->members == 0) {
        const uint32_t last = score->live[--score->live_count];
        score->live[c->live_at] = last;
        score->classes[last].live_at = c->live_at;
        c->live_at = LS_POOL_NONE;
        ls_free(c->heap);
        ls_free(c->scores);
        c->heap = NULL;
        c->scores = NULL;
        c->heap_count = c->heap_room = c->score_room = 0;
    }
}

void ls_score_changed(ls_occupancy *o, uint32_t node) {
    ls_score *score = o->score;
    leave(score, node);
    if (o->nodes[node].state != LS_NODE_UP || o->nodes[node].held != INT64_MAX) {
        return;
    }
    const ls_free_state f = state_of(o, node);
    const uint32_t class = class_get(score, &f);
    if (class == LS_POOL_NONE || !heap_push(score->classes + class, score->rank_of[node])) {
        score->failed = true;
        return;
    }
    ls_class *c = score->classes + class;
    if (c->members++ == 0) {
        c->live_at = score->live_count;
        score->live[score->live_count++] = class;
    }
    score->class_of[node] = class;
}

void ls_score_tag(ls_occupancy *o, uint32_t node, const ls_shape *s, bool takes) {
    if (o->score->tags != NULL && (s->gpus != 0 || s->milli != 0)) {
        uint16_t *tag = &o->score->tags[node][s->milli != 0 ? 0 : s->gpus];
        *tag = (uint16_t)(takes ? *tag + 1 : *tag - 1);
    }
}

static uint32_t shape_get(ls_score *score, const ls_shape *s) {
    uint32_t key[8] = {s->gpus,    s->milli, s->cpu_milli,       s->memory_mib,
                       s->gpu_mib, s->kinds, (uint32_t)s->sites, (uint32_t)(s->sites >> 32)};
    uint32_t at = hash_of(key, sizeof key) % (2 * LS_SCORE_SHAPES);
    for (; score->shape_hash[at] != LS_POOL_NONE; at = (at + 1) % (2 * LS_SCORE_SHAPES)) {
        const ls_shape *t = score->shapes + score->shape_hash[at];
        if (s->gpus == t->gpus && s->milli == t->milli && s->cpu_milli == t->cpu_milli &&
            s->memory_mib == t->memory_mib && s->gpu_mib == t->gpu_mib && s->kinds == t->kinds &&
            s->sites == t->sites) {
            return score->shape_hash[at];
        }
    }
    if (score->shape_count == LS_SCORE_SHAPES) {
        return LS_POOL_NONE;
    }
    score->shapes[score->shape_count] = *s;
    score->shape_hash[at] = score->shape_count;
    return score->shape_count++;
}

// -INFINITY: does not fit.
static double class_score(ls_occupancy *o, ls_class *c, const ls_shape *s, uint32_t shape) {
    if (shape < c->score_room && !isnan(c->scores[shape])) {
        return c->scores[shape];
    }
    uint32_t gpu;
    const double score = ls_score_fits(o, &c->state, s) ? ls_score_of(o, c, &c->state, s, &gpu)
                                                        : -INFINITY;
    if (shape != LS_POOL_NONE) {
        const uint32_t had = c->score_room;
        if (ls_grow(&c->scores, &c->score_room, sizeof *c->scores, shape + 1)) {
            for (uint32_t i = had; i < c->score_room; i++) {
                c->scores[i] = NAN;
            }
            c->scores[shape] = (float)score;
        }
    }
    return (float)score;
}

// A random one of the nodes that fit, and a random one of their GPUs for a fraction.
static bool find_random(ls_occupancy *o, const ls_shape *s, int64_t until_us, ls_pool_share *out) {
    uint32_t fit = 0, found = LS_POOL_NONE;
    for (uint32_t n = 0; n < o->cluster->node_count; n++) {
        if (ls_place_usable(o, n, until_us) && ls_fit_node(o, s, n).parts > 0) {
            fit++;
            if (ls_random_uniform(o->seed, 11, o->drawn++) * fit < 1.0) {
                found = n;
            }
        }
    }
    if (found == LS_POOL_NONE) {
        return false;
    }
    uint32_t placed = 0, gpus = 0;
    ls_place_put(o, s, found, 1, out, &placed);
    for (uint32_t g = 0; s->milli != 0 && g < o->cluster->nodes[found].gpus; g++) {
        if (o->gpus[o->nodes[found].gpu_at + g] >= s->milli &&
            ls_random_uniform(o->seed, 11, o->drawn++) * ++gpus < 1.0) {
            out->gpus = (uint32_t)1 << g;
        }
    }
    return true;
}

bool ls_score_find(ls_occupancy *o, const ls_shape *s, int64_t until_us, ls_pool_share *out) {
    if (o->policy == LS_PLACE_RANDOM) {
        return find_random(o, s, until_us, out);
    }
    ls_score *score = o->score;
    const uint32_t shape = shape_get(score, s);
    double best = -INFINITY;
    uint32_t rank = LS_POOL_NONE;
    for (uint32_t i = 0; i < score->live_count; i++) {
        const uint32_t class = score->live[i];
        const double here = class_score(o, score->classes + class, s, shape);
        if (here > best || (here == best && here > -INFINITY)) {
            const uint32_t first = first_rank(score, class);
            if (here > best || first < rank) {
                best = here;
                rank = first;
            }
        }
    }
    for (uint32_t i = 0; i < o->held_count; i++) {
        const uint32_t n = o->held_nodes[i];
        if (o->nodes[n].state != LS_NODE_UP || !ls_place_usable(o, n, until_us)) {
            continue;
        }
        const ls_free_state f = state_of(o, n);
        uint32_t gpu;
        const double here = ls_score_fits(o, &f, s) ? (float)ls_score_of(o, NULL, &f, s, &gpu)
                                                    : -INFINITY;
        if (here > best || (here == best && here > -INFINITY && score->rank_of[n] < rank)) {
            best = here;
            rank = score->rank_of[n];
        }
    }
    if (rank == LS_POOL_NONE) {
        return false;
    }
    const uint32_t node = score->node_of[rank];
    const ls_free_state f = state_of(o, node);
    uint32_t placed = 0, gpu = 0;
    ls_place_put(o, s, node, 1, out, &placed);
    ls_score_of(o, NULL, &f, s, &gpu);
    if (s->milli != 0) {
        out->gpus = (uint32_t)1 << gpu;
    }
    return true;
}
