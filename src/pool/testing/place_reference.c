// place_reference.c - see place_reference.h.
#include "pool/testing/place_reference.h"

#include <assert.h>
#include <stdlib.h>

typedef struct fit {
    uint32_t parts, rest;
    bool empty;
} fit;

typedef struct search {
    const ls_occupancy *o;
    const ls_cluster *c;
    const ls_shape *s;
    int64_t until_us;
    fit *fits;        // by node
    uint64_t *rooms;  // by unit, and one more: all
    ls_pool_share *out;
    uint32_t placed;
} search;

static bool holds_units(const ls_cluster *c, uint32_t unit) {
    for (uint32_t u = 0; u < c->unit_count; u++) {
        if (c->units[u].parent == unit) {
            return true;
        }
    }
    return false;
}

static bool kind_fits(const search *x, uint32_t node) {
    const ls_pool_node *n = x->c->nodes + node;
    if (x->s->sites != 0) {
        const uint32_t site = ls_cluster_unit(x->c, node, LS_POOL_SITE);
        uint32_t ordinal = 0;
        for (uint32_t u = 0; u < x->c->unit_count && u < site; u++) {
            ordinal += x->c->units[u].level == LS_POOL_SITE;
        }
        if (site == LS_POOL_NONE || ordinal > 63 || ((x->s->sites >> ordinal) & 1) == 0) {
            return false;
        }
    }
    const bool gpu = x->s->gpus != 0 || x->s->milli != 0;
    if (x->s->kinds == 0) {
        return !gpu;
    }
    return n->kind != LS_POOL_NONE && ((x->s->kinds >> n->kind) & 1) != 0 &&
           (!gpu || x->c->kinds[n->kind].memory_mib >= x->s->gpu_mib);
}

static fit fit_of(const search *x, uint32_t node) {
    const ls_pool_node *n = x->c->nodes + node;
    const ls_shape *s = x->s;
    const ls_node_free free = ls_occupancy_node(x->o, node);
    fit f = {0, 0, false};
    if (ls_occupancy_state(x->o, node) != LS_NODE_UP || !kind_fits(x, node) ||
        (x->until_us != INT64_MIN && ls_occupancy_held(x->o, node) < x->until_us)) {
        return f;
    }
    uint32_t whole = 0, fractions = 0, best = 1000;
    for (uint32_t g = 0; g < n->gpus; g++) {
        const uint32_t milli = ls_occupancy_gpu_free(x->o, node, g);
        whole += milli == 1000;
        if (s->milli != 0 && milli >= s->milli) {
            fractions += milli / s->milli;
            if (milli < 1000 && milli - s->milli < best) {
                best = milli - s->milli;
            }
        }
    }
    f.empty = n->gpus > 0 && whole == n->gpus && n->unit != LS_POOL_NONE &&
              !holds_units(x->c, n->unit);
    f.parts = s->milli != 0 ? fractions : s->gpus != 0 ? whole / s->gpus : 65535;
    if (s->cpu_milli > 0 && free.cpu_milli / s->cpu_milli < f.parts) {
        f.parts = free.cpu_milli / s->cpu_milli;
    }
    if (s->memory_mib > 0 && free.memory_mib / s->memory_mib < f.parts) {
        f.parts = free.memory_mib / s->memory_mib;
    }
    if (f.parts > 1 && s->spread && s->parts > 1) {
        f.parts = 1;
    }
    if (s->milli != 0) {
        f.rest = best < 1000 ? best * 16 / 1000 : 15 + (whole < 18 ? whole : 18);
    } else if (s->gpus != 0) {
        f.rest = whole - s->gpus;
    } else {
        f.rest = n->gpus == 0 ? 0 : 1 + whole;
    }
    return f;
}

static uint64_t count_room(const search *x, uint32_t at, uint32_t count) {
    uint64_t sum = 0;
    for (uint32_t n = at; n < at + count; n++) {
        sum += x->fits[n].parts;
    }
    return sum;
}

static uint64_t room(const search *x, uint32_t unit) {
    return x->rooms[unit == LS_POOL_NONE ? x->c->unit_count : unit];
}

static void put(search *x, uint32_t node, uint32_t parts) {
    const uint32_t gpus = x->c->nodes[node].gpus;
    uint32_t free[LS_POOL_NODE_GPUS_MAX];
    for (uint32_t g = 0; g < gpus; g++) {
        free[g] = ls_occupancy_gpu_free(x->o, node, g);
    }
    for (uint32_t i = 0; i < parts; i++) {
        ls_pool_share share = {.node = node};
        if (x->s->milli != 0) {
            uint32_t best = LS_POOL_NONE;
            for (uint32_t g = 0; g < gpus; g++) {
                if (free[g] >= x->s->milli && (best == LS_POOL_NONE || free[g] < free[best])) {
                    best = g;
                }
            }
            assert(best != LS_POOL_NONE);
            free[best] -= x->s->milli;
            share.gpus = 1u << best;
        } else {
            for (uint32_t g = 0, left = x->s->gpus; left > 0; g++) {
                assert(g < gpus);
                if (free[g] == 1000) {
                    free[g] = 0;
                    share.gpus |= 1u << g;
                    left--;
                }
            }
        }
        x->out[x->placed++] = share;
    }
}

// Whether node a goes before node b for one part.
static bool better(const search *x, uint32_t a, uint32_t b, bool units) {
    const fit *f = x->fits + a, *g = x->fits + b;
    if (f->rest != g->rest) {
        return f->rest < g->rest;
    }
    if (f->empty != g->empty) {
        return g->empty;
    }
    if (units && f->empty) {
        const uint32_t u = x->c->nodes[a].unit, v = x->c->nodes[b].unit;
        const uint64_t ru = room(x, u), rv = room(x, v);
        if (ru != rv) {
            return ru < rv;
        }
        if (u != v) {
            return u < v;
        }
    }
    return a < b;
}

static uint32_t best_node(const search *x, uint32_t at, uint32_t count, uint32_t parts, bool units,
                          const bool *done) {
    uint32_t best = LS_POOL_NONE;
    for (uint32_t n = at; n < at + count; n++) {
        if (x->fits[n].parts >= parts && (done == NULL || !done[n]) &&
            (best == LS_POOL_NONE || better(x, n, best, units))) {
            best = n;
        }
    }
    return best;
}

static void fill(search *x, uint32_t unit, uint32_t parts) {
    const uint32_t at = unit == LS_POOL_NONE ? 0 : x->c->units[unit].node_at;
    const uint32_t count = unit == LS_POOL_NONE ? x->c->node_count : x->c->units[unit].node_count;
    bool *done = calloc(x->c->node_count, sizeof *done);
    assert(done != NULL);
    while (parts > 0) {
        const uint32_t n = best_node(x, at, count, 1, false, done);
        assert(n != LS_POOL_NONE);
        const uint32_t here = x->fits[n].parts < parts ? x->fits[n].parts : parts;
        put(x, n, here);
        parts -= here;
        done[n] = true;
    }
    free(done);
}

typedef struct part_of {
    uint32_t unit;
    uint64_t room, gets;
    bool chosen;
} part_of;

// The unit of most room (or of the least that is enough) that is not chosen yet.
static part_of *pick(part_of *all, uint32_t count, bool most, uint64_t enough) {
    part_of *best = NULL;
    for (uint32_t i = 0; i < count; i++) {
        part_of *p = all + i;
        if (!p->chosen && p->room >= enough &&
            (best == NULL || (most ? p->room > best->room : p->room < best->room))) {
            best = p;
        }
    }
    return best;
}

static void choose(part_of *all, uint32_t count, uint32_t parts, bool spread) {
    if (spread) {
        for (uint32_t i = 0; i < count && i < parts; i++) {
            part_of *p = pick(all, count, false, 1);
            if (p != NULL) {
                p->chosen = true;
            }
        }
        return;
    }
    uint64_t sum = 0, few = 0;
    while (sum < parts) {
        part_of *p = pick(all, count, true, 1);
        assert(p != NULL);
        p->chosen = true;
        sum += p->room;
        few++;
    }
    const uint64_t even = (parts + few - 1) / few;
    uint64_t have = 0;
    for (uint32_t i = 0; i < count; i++) {
        have += all[i].room >= even;
    }
    if (have >= few) {
        for (uint32_t i = 0; i < count; i++) {
            all[i].chosen = false;
        }
        for (uint64_t i = 0; i < few; i++) {
            pick(all, count, false, even)->chosen = true;
        }
    }
}

static void place_in(search *x, uint32_t unit, uint32_t parts) {
    part_of *all = calloc(x->c->unit_count + 1, sizeof *all);
    assert(all != NULL);
    uint32_t count = 0, nodes = 0;
    for (uint32_t u = 0; u < x->c->unit_count; u++) {
        if (x->c->units[u].parent == unit) {
            all[count++] = (part_of){.unit = u, .room = room(x, u)};
            nodes += x->c->units[u].node_count;
        }
    }
    if (count == 0 ||
        nodes != (unit == LS_POOL_NONE ? x->c->node_count : x->c->units[unit].node_count)) {
        fill(x, unit, parts);
        free(all);
        return;
    }
    choose(all, count, parts, x->s->spread);
    // One more each, in turn, as long as there is room: the even part, and the first get the rest.
    for (uint32_t left = parts; left > 0;) {
        for (uint32_t i = 0; i < count && left > 0; i++) {
            if (all[i].chosen && all[i].gets < all[i].room) {
                all[i].gets++;
                left--;
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (all[i].gets > 0) {
            place_in(x, all[i].unit, (uint32_t)all[i].gets);
        }
    }
    free(all);
}

static uint32_t best_unit(const search *x, ls_pool_level level, uint32_t parts) {
    uint32_t best = LS_POOL_NONE;
    for (uint32_t u = 0; u < x->c->unit_count; u++) {
        if (x->c->units[u].level == level && room(x, u) >= parts &&
            (best == LS_POOL_NONE || room(x, u) < room(x, best))) {
            best = u;
        }
    }
    return best;
}

static bool gang(search *x) {
    const ls_shape *s = x->s;
    const uint32_t parts = s->parts;
    if (s->within == LS_POOL_NODE) {
        const uint32_t n = best_node(x, 0, x->c->node_count, parts, false, NULL);
        if (n != LS_POOL_NONE) {
            put(x, n, parts);
            return true;
        }
    }
    if (s->within == LS_POOL_NODE && s->must) {
        return false;
    }
    for (uint32_t level = LS_POOL_DOMAIN; level >= LS_POOL_SITE; level--) {
        if ((s->spread && level != (uint32_t)s->within) ||
            (s->must && level < (uint32_t)s->within)) {
            continue;
        }
        const uint32_t u = best_unit(x, (ls_pool_level)level, parts);
        if (u != LS_POOL_NONE) {
            place_in(x, u, parts);
            return true;
        }
    }
    if ((s->must && s->within != LS_POOL_ANYWHERE) || room(x, LS_POOL_NONE) < parts) {
        return false;
    }
    place_in(x, LS_POOL_NONE, parts);
    return true;
}

bool ls_place_reference(const ls_occupancy *o, const ls_cluster *cluster, const ls_shape *shape,
                        int64_t until_us, ls_pool_share *out) {
    search x = {.o = o, .c = cluster, .s = shape, .until_us = until_us, .out = out};
    x.fits = calloc(cluster->node_count + 1, sizeof *x.fits);
    assert(x.fits != NULL);
    for (uint32_t n = 0; n < cluster->node_count; n++) {
        x.fits[n] = fit_of(&x, n);
    }
    x.rooms = calloc(cluster->unit_count + 1, sizeof *x.rooms);
    assert(x.rooms != NULL);
    for (uint32_t u = 0; u < cluster->unit_count; u++) {
        x.rooms[u] = count_room(&x, cluster->units[u].node_at, cluster->units[u].node_count);
    }
    x.rooms[cluster->unit_count] = count_room(&x, 0, cluster->node_count);
    bool found = false;
    if (shape->parts == 1) {
        const uint32_t n = best_node(&x, 0, cluster->node_count, 1, true, NULL);
        found = n != LS_POOL_NONE;
        if (found) {
            put(&x, n, 1);
        }
    } else {
        found = gang(&x);
    }
    free(x.fits);
    free(x.rooms);
    return found;
}
