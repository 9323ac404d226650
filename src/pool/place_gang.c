// place_gang.c - where the parts of a gang go: testing/place_reference.h says it in words.
#include <assert.h>
#include <stdlib.h>

#include "base/whole.h"
#include "pool/place_index.h"

typedef struct gang {
    ls_place_index *x;
    const ls_occupancy *o;
    const ls_shape *s;
    ls_pool_share *out;
    uint32_t placed;
} gang;

// Nodes from `at` on, by least rest.
static void fill(gang *g, uint32_t at, uint32_t count, uint64_t parts) {
    for (uint32_t b = 0; b < LS_BUCKETS && parts > 0; b++) {
        uint32_t n = ls_bitset_next(g->x->nodes + b, at);
        while (parts > 0 && n != UINT32_MAX && n - at < count) {
            const uint64_t here = g->x->fits[n].parts < parts ? g->x->fits[n].parts : parts;
            ls_place_put(g->o, g->s, n, (uint32_t)here, g->out, &g->placed);
            parts -= here;
            n = ls_bitset_next(g->x->nodes + b, n + 1);
        }
    }
    assert(parts == 0);
}

static int roomy_first(const void *a, const void *b) {
    const ls_place_child *c = a, *d = b;
    return c->room != d->room ? (c->room > d->room ? -1 : 1) : (c->unit < d->unit ? -1 : 1);
}

static int tight_first(const void *a, const void *b) {
    const ls_place_child *c = a, *d = b;
    return c->room != d->room ? (c->room < d->room ? -1 : 1) : (c->unit < d->unit ? -1 : 1);
}

static int in_order(const void *a, const void *b) {
    const ls_place_child *c = a, *d = b;
    return c->unit < d->unit ? -1 : 1;
}

// Puts those that are to be used at the front; returns how many. All have room.
static uint32_t choose(ls_place_child *all, uint32_t count, uint64_t parts, bool spread) {
    if (spread) {
        qsort(all, count, sizeof *all, tight_first);
        return count < parts ? count : (uint32_t)parts;
    }
    qsort(all, count, sizeof *all, roomy_first);
    uint64_t sum = 0;
    uint32_t few = 0;
    while (sum < parts) {
        sum += all[few++].room;
    }
    const uint64_t even = ls_divide_up(parts, few);
    uint32_t have = 0;
    while (have < count && all[have].room >= even) {
        have++;
    }
    if (have >= few) {
        qsort(all, have, sizeof *all, tight_first);
    }
    return few;
}

// An even part for each, its room if that is less; what is over goes to the first that have room.
static void share_out(ls_place_child *chosen, uint32_t count, uint64_t parts) {
    qsort(chosen, count, sizeof *chosen, tight_first);
    uint64_t each = 0;
    uint32_t full = 0;
    for (; full < count; full++) {
        each = parts / (count - full);
        if (chosen[full].room > each) {
            break;
        }
        chosen[full].gets = chosen[full].room;
        parts -= chosen[full].room;
    }
    for (uint32_t i = full; i < count; i++) {
        chosen[i].gets = each;
        parts -= each;
    }
    qsort(chosen + full, count - full, sizeof *chosen, in_order);
    for (uint32_t i = full; i < count && parts > 0; i++) {
        chosen[i].gets++;
        parts--;
    }
    assert(parts == 0);
    qsort(chosen, count, sizeof *chosen, in_order);
}

// `scratch`: room for every unit below.
static void place_in(gang *g, uint32_t unit, uint64_t parts, ls_place_child *scratch) {
    const ls_cluster *c = g->o->cluster;
    const uint32_t slot = unit == LS_POOL_NONE ? c->unit_count : unit;
    if (!g->o->divides[slot]) {
        fill(g, unit == LS_POOL_NONE ? 0 : c->units[unit].node_at,
             unit == LS_POOL_NONE ? c->node_count : c->units[unit].node_count, parts);
        return;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < g->o->child_count[slot]; i++) {
        const uint32_t child = g->o->children[g->o->child_at[slot] + i];
        if (g->x->room[child] > 0) {
            scratch[count++] = (ls_place_child){.unit = child, .room = g->x->room[child]};
        }
    }
    count = choose(scratch, count, parts, g->s->spread);
    share_out(scratch, count, parts);
    for (uint32_t i = 0; i < count; i++) {
        if (scratch[i].gets > 0) {
            place_in(g, scratch[i].unit, scratch[i].gets, scratch + count);
        }
    }
}

// One node that takes all parts.
static bool on_one_node(gang *g) {
    const uint32_t parts = g->s->parts;
    for (uint32_t b = 0; b < LS_BUCKETS; b++) {
        if (g->s->gpus != 0 && b / 2 + g->s->gpus < (uint64_t)parts * g->s->gpus) {
            continue;  // whole GPUs: not enough are free there
        }
        for (uint32_t n = ls_bitset_next(g->x->nodes + b, 0); n != UINT32_MAX;
             n = ls_bitset_next(g->x->nodes + b, n + 1)) {
            if (g->x->fits[n].parts >= parts) {
                ls_place_put(g->o, g->s, n, parts, g->out, &g->placed);
                return true;
            }
        }
    }
    return false;
}

bool ls_place_gang(ls_place_index *x, const ls_shape *s, ls_pool_share *out) {
    gang g = {.x = x, .o = x->o, .s = s, .out = out};
    const uint32_t all = x->o->cluster->unit_count;
    if (x->room[all] < s->parts) {
        return false;
    }
    if (s->within == LS_POOL_NODE && on_one_node(&g)) {
        return true;
    }
    if (s->within == LS_POOL_NODE && s->must) {
        return false;
    }
    ls_place_index_order(x);
    for (uint32_t level = LS_POOL_DOMAIN; level >= LS_POOL_SITE; level--) {
        if ((s->spread && level != (uint32_t)s->within) ||
            (s->must && level < (uint32_t)s->within)) {
            continue;
        }
        const uint32_t u = ls_room_tree_from(x->tree, x->levels[level], s->parts, 0);
        if (u != LS_POOL_NONE) {
            place_in(&g, u, s->parts, x->o->scratch);
            return true;
        }
    }
    if (s->must && s->within != LS_POOL_ANYWHERE) {
        return false;
    }
    place_in(&g, LS_POOL_NONE, s->parts, x->o->scratch);
    return true;
}
