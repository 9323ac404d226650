// place.c - where a job goes; testing/place_reference.h says it in words.
#include "pool/place.h"

#include <assert.h>

#include "pool/place_index.h"
#include "pool/score.h"

// Without a demand that is told, LS_PLACE_OWN seeks by index alone.
ls_status ls_place_open(ls_occupancy *o, const ls_demand *demand, ls_error *err) {
    if (o->policy == LS_PLACE_OWN && demand == NULL) {
        return LS_OK;
    }
    return ls_score_open(o, demand, err);
}

void ls_place_close(ls_occupancy *o) {
    ls_place_index_free(o->indexes);
    ls_score_close(o->score);
}

void ls_place_changed(ls_occupancy *o, uint32_t node) {
    if (o->score != NULL) {
        ls_score_changed(o, node);
    }
}

void ls_place_tag(ls_occupancy *o, uint32_t node, const ls_shape *shape, bool takes) {
    if (o->score != NULL) {
        ls_score_tag(o, node, shape, takes);
    }
}

void ls_place_put(const ls_occupancy *o, const ls_shape *s, uint32_t node, uint32_t parts,
                  ls_pool_share *out, uint32_t *placed) {
    if (s->milli == 0 && parts == 1 && s->gpus == o->nodes[node].free_gpus) {  // all that are free
        out[(*placed)++] = (ls_pool_share){.node = node, .gpus = o->nodes[node].whole};
        return;
    }
    uint16_t free[LS_POOL_NODE_GPUS_MAX];
    const uint32_t gpus = o->cluster->nodes[node].gpus;
    for (uint32_t g = 0; g < gpus; g++) {
        free[g] = o->gpus[o->nodes[node].gpu_at + g];
    }
    for (uint32_t i = 0; i < parts; i++) {
        out[*placed] = (ls_pool_share){.node = node, .gpus = ls_fit_gpus(s, free, gpus)};
        assert((out[*placed].gpus != 0) == (s->gpus != 0 || s->milli != 0));
        ++*placed;
    }
}

uint32_t ls_place_one(ls_place_index *x) {
    const ls_cluster *c = x->o->cluster;
    const bool own_tree = x->o->lowest_level == LS_POOL_ANYWHERE;
    const uint32_t *root = own_tree ? &x->lowest : x->levels + x->o->lowest_level;
    const uint32_t first = own_tree ? c->unit_count : 0;  // number of unit 0 there
    for (uint32_t b = 0; b < LS_BUCKETS; b++) {
        const ls_bitset *nodes = x->nodes + b;
        if (nodes->count == 0) {
            continue;
        }
        if (b % 2 == 0) {
            return ls_bitset_next(nodes, 0);
        }
        // Empty nodes: one of the unit that has the least room left is broken into.
        ls_place_index_order(x);
        for (uint32_t at = ls_room_tree_from(x->tree, *root, 1, 0); at != LS_POOL_NONE;
             at = ls_room_tree_from(x->tree, *root, x->tree[at].room, at + 1)) {
            const ls_pool_unit *u = c->units + (at - first);
            const uint32_t n = ls_bitset_next(nodes, u->node_at);
            if (n != UINT32_MAX && n - u->node_at < u->node_count) {
                return n;
            }
        }
        assert(false);
    }
    return LS_POOL_NONE;
}

static bool find_by_score(ls_occupancy *o, const ls_shape *shape, int64_t until_us,
                          const ls_pool_kept *own, ls_pool_share *out) {
    for (uint32_t i = 0; own != NULL && i < own->count; i++) {
        ls_occupancy_hold(o, own->nodes[i], INT64_MAX);
    }
    const bool found = ls_score_find(o, shape, until_us, out);
    for (uint32_t i = 0; own != NULL && i < own->count; i++) {
        ls_occupancy_hold(o, own->nodes[i], own->from_us);
    }
    return found;
}

bool ls_occupancy_was_short(ls_occupancy *o) {
    const bool was = o->was_short;
    o->was_short = false;
    return was;
}

bool ls_occupancy_find_kept(ls_occupancy *o, const ls_shape *shape, int64_t until_us,
                            const ls_pool_kept *own, ls_pool_share *out) {
    assert(shape->parts > 0);
    if (shape->parts == 1 && o->score != NULL && !o->score->failed) {
        return find_by_score(o, shape, until_us, own, out);
    }
    const uint32_t *shown = own != NULL ? own->nodes : NULL;
    const uint32_t shown_count = own != NULL ? own->count : 0;
    ls_place_index *index = ls_place_index_get(o, shape, until_us, shown, shown_count);
    if (index == NULL) {
        o->was_short = true;
        return false;
    }
    bool found = false;
    if (shape->parts > 1) {
        found = ls_place_gang(index, shape, out);
    } else {
        const uint32_t node = ls_place_one(index);
        uint32_t placed = 0;
        found = node != LS_POOL_NONE;
        if (found) {
            ls_place_put(o, shape, node, 1, out, &placed);
        }
    }
    ls_place_index_hide(index, shown, shown_count);
    return found;
}

bool ls_occupancy_find(ls_occupancy *o, const ls_shape *shape, int64_t until_us,
                       ls_pool_share *out) {
    return ls_occupancy_find_kept(o, shape, until_us, NULL, out);
}

double ls_occupancy_fragmented(const ls_occupancy *o) {
    double sum = 0.0;
    for (uint32_t i = 0; o->score != NULL && i < o->score->live_count; i++) {
        const ls_class *c = o->score->classes + o->score->live[i];
        sum += c->fragments * c->members;
    }
    return sum;
}
