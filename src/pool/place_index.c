// place_index.c - see place_index.h.
#include "pool/place_index.h"

#include <string.h>

enum {
    FEW = 6,    // nodes of a change that are looked at one by one
    AHEAD = 6,  // changes
};

static void make_empty(ls_place_index *x) {
    ls_free(x->fits);
    ls_free(x->words);
    ls_free(x->room);
    ls_free(x->tree);
    ls_free(x->dirty);
    ls_free(x->is_dirty);
    for (uint32_t b = 0; b < LS_BUCKETS; b++) {
        ls_bitset_clear(x->nodes + b);
    }
}

void ls_place_index_free(ls_place_index *x) {
    while (x != NULL) {
        ls_place_index *next = x->next;
        make_empty(x);
        ls_free(x);
        x = next;
    }
}

static ls_place_index *make(ls_occupancy *o) {
    const size_t nodes = (size_t)o->cluster->node_count + 1,
                 units = (size_t)o->cluster->unit_count + 1;
    ls_place_index *x = ls_alloc(sizeof *x);
    if (x == NULL) {
        return NULL;
    }
    x->o = o;
    x->fits = ls_alloc(nodes * sizeof *x->fits);
    x->words = ls_alloc((nodes + LS_CHANGE_BLOCK) * sizeof *x->words);
    x->room = ls_alloc(units * sizeof *x->room);
    x->tree = ls_alloc(2 * units * sizeof *x->tree);
    x->dirty = ls_alloc(units * sizeof *x->dirty);
    x->is_dirty = ls_alloc(units * sizeof *x->is_dirty);
    bool made = x->fits != NULL && x->words != NULL && x->room != NULL && x->tree != NULL &&
                x->dirty != NULL && x->is_dirty != NULL;
    for (uint32_t b = 0; made && b < LS_BUCKETS; b++) {
        made = ls_bitset_init(x->nodes + b, o->cluster->node_count);
    }
    if (!made) {
        ls_place_index_free(x);
        return NULL;
    }
    for (uint32_t l = 0; l <= LS_POOL_NODE; l++) {
        x->levels[l] = LS_POOL_NONE;
    }
    x->lowest = LS_POOL_NONE;
    x->gain_unit = LS_POOL_NONE;
    for (size_t n = 0; n < nodes; n++) {
        x->fits[n].bucket = LS_BUCKET_NONE;
    }
    return x;
}

// Notes what makes the look at a node short.
static void note_part(ls_place_index *x, const ls_shape *part) {
    const ls_cluster *c = x->o->cluster;
    x->part = *part;
    for (uint32_t n = 0; n < c->node_count; n++) {
        x->words[n] = UINT32_MAX;
    }
    x->plain = (part->gpus != 0 || part->milli != 0) && part->cpu_milli == 0 &&
               part->memory_mib == 0 && part->sites == 0;
    x->unclear = LS_WORD_HELD | (part->milli != 0 ? LS_WORD_PART : 0);
    x->kinds = 0;
    for (uint32_t k = 0; k < c->kind_count; k++) {
        const bool may = ((part->kinds >> k) & 1) != 0 && c->kinds[k].memory_mib >= part->gpu_mib;
        x->kinds |= (uint32_t)may << k;
    }
    for (uint32_t free = 0; x->plain && free <= LS_POOL_NODE_GPUS_MAX; free++) {
        const uint32_t parts = part->milli != 0 ? free * (LS_POOL_WHOLE / part->milli)
                                                : free / part->gpus;
        x->wholes[free] = (uint16_t)(part->spread && parts > 1 ? 1 : parts);
        x->rests[free] = (uint8_t)(part->milli != 0 ? 15 + (free < 18 ? free : 18)
                                                    : free - part->gpus);
    }
}

// As ls_fit_node, where the word tells it.
static ls_fit fit_plain(const ls_place_index *x, uint32_t word) {
    const uint32_t free = word & 0xff;
    if ((word & LS_WORD_UP) == 0 || (word & LS_WORD_NO) != 0 ||
        ((x->kinds >> (word >> 16 & 0xff)) & 1) == 0) {
        return (ls_fit){0};
    }
    return (ls_fit){.parts = x->wholes[free],
                    .rest = x->rests[free],
                    .empty = (word & LS_WORD_ALONE) == 0 && free == (word >> 8 & 0xff)};
}

// What the nodes looked at last have gained goes into the rooms.
static void add_gain(ls_place_index *x) {
    const ls_cluster *c = x->o->cluster;
    x->room[c->unit_count] += x->gain;
    for (uint32_t u = x->gain_unit; u != LS_POOL_NONE && x->gain != 0; u = c->units[u].parent) {
        x->room[u] += x->gain;
        if (!x->is_dirty[u]) {
            x->is_dirty[u] = true;
            x->dirty[x->dirty_count++] = u;
        }
    }
    x->gain = 0;
}

// What fits on the node is looked at again; `shown`: held or not.
static void refresh(ls_place_index *x, uint32_t node, bool shown) {
    const ls_occupancy *o = x->o;
    ls_place_fit *seen = x->fits + node;
    ls_fit fit = {0};
    if (x->plain) {
        const uint32_t word = o->words[node];
        if (x->words[node] == word) {
            return;
        }
        x->words[node] = (word & x->unclear) == 0 ? word : UINT32_MAX;
        if ((word & LS_WORD_HELD) == 0 || shown || ls_place_usable(o, node, x->until_us)) {
            fit = (word & x->unclear & LS_WORD_PART) == 0 ? fit_plain(x, word)
                                                          : ls_fit_node(o, &x->part, node);
        }
    } else if (shown || ls_place_usable(o, node, x->until_us)) {
        fit = ls_fit_node(o, &x->part, node);
    }
    const uint8_t bucket = fit.parts == 0 ? LS_BUCKET_NONE : (uint8_t)(fit.rest * 2 + fit.empty);
    if (bucket != seen->bucket) {
        if (seen->bucket != LS_BUCKET_NONE) {
            ls_bitset_remove(x->nodes + seen->bucket, node);
        }
        if (bucket != LS_BUCKET_NONE) {
            ls_bitset_add(x->nodes + bucket, node);
        }
        seen->bucket = bucket;
    }
    if (fit.parts == seen->parts) {
        return;
    }
    if (x->gain_unit != o->nodes[node].unit) {
        add_gain(x);
        x->gain_unit = o->nodes[node].unit;
    }
    x->gain += (uint64_t)fit.parts - seen->parts;  // may wrap: so does the sum
    seen->parts = (uint16_t)fit.parts;
}

static void put_in_tree(ls_place_index *x, uint32_t *root, uint32_t number, uint64_t room) {
    if (x->tree[number].in) {
        if (x->tree[number].room == room) {
            return;
        }
        ls_room_tree_remove(x->tree, root, number);
    }
    if (room > 0) {
        ls_room_tree_add(x->tree, root, number, room);
    }
}

void ls_place_index_order(ls_place_index *x) {
    const ls_cluster *c = x->o->cluster;
    for (uint32_t i = 0; i < x->dirty_count; i++) {
        const uint32_t u = x->dirty[i];
        x->is_dirty[u] = false;
        put_in_tree(x, x->levels + c->units[u].level, u, x->room[u]);
        if (x->o->lowest_level == LS_POOL_ANYWHERE && x->o->child_count[u] == 0) {
            put_in_tree(x, &x->lowest, c->unit_count + u, x->room[u]);
        }
    }
    x->dirty_count = 0;
}

// Nodes are held from a moment that lies between the two: they count for one and not for the other.
static bool differ(const ls_occupancy *o, int64_t a_us, int64_t b_us) {
    const int64_t low = a_us < b_us ? a_us : b_us;
    const int64_t high = a_us < b_us ? b_us : a_us;
    for (uint32_t i = 0; i < o->hold_time_count; i++) {
        if (o->hold_times[i].from_us >= low && o->hold_times[i].from_us < high) {
            return true;
        }
    }
    return false;
}

// Nodes that are kept for longer than one and not than the other, of the two times.
static void see_holds(ls_place_index *x, int64_t until_us) {
    ls_occupancy *o = x->o;
    const int64_t low = until_us < x->until_us ? until_us : x->until_us;
    const int64_t high = until_us < x->until_us ? x->until_us : until_us;
    const bool differs = low < high && differ(o, low, high);
    x->until_us = until_us;
    for (uint32_t i = 0; differs && i < o->held_count; i++) {
        const int64_t from = o->held_from[i];
        if (from >= low && from < high) {
            refresh(x, o->held_nodes[i], false);
        }
    }
}

// The nodes of change `number` are looked at again, unless they come once more.
static void see_change(ls_place_index *x, uint64_t number) {
    const ls_occupancy *o = x->o;
    const ls_block_change *change = o->changes + (number - 1) % o->change_room;
    const uint32_t at = change->block * LS_CHANGE_BLOCK;
    if (x->plain && __builtin_popcount(change->nodes) > FEW &&
        memcmp(o->words + at, x->words + at, LS_CHANGE_BLOCK * sizeof *x->words) == 0) {
        return;  // a gang went and another came
    }
    for (uint32_t bits = change->nodes; bits != 0; bits &= bits - 1) {
        const uint32_t n = at + (uint32_t)__builtin_ctz(bits);
        if (o->changed[n] == number) {
            refresh(x, n, false);
        }
    }
}

// What is looked at soon, into the caches.
static void fetch_change(const ls_place_index *x, uint64_t number) {
    const ls_occupancy *o = x->o;
    const ls_block_change *change = o->changes + (number - 1) % o->change_room;
    const uint32_t n = change->block * LS_CHANGE_BLOCK + (uint32_t)__builtin_ctz(change->nodes);
    __builtin_prefetch(o->changed + n);
    __builtin_prefetch(x->fits + n);
    if (x->plain) {
        __builtin_prefetch(o->words + n);
        __builtin_prefetch(x->words + n);
    } else {
        __builtin_prefetch(o->nodes + n);
    }
}

static void catch_up(ls_place_index *x, int64_t until_us) {
    ls_occupancy *o = x->o;
    const uint64_t since = x->seen;
    const uint64_t behind = o->change_count - since;
    if (behind > o->change_room || behind > o->cluster->node_count) {
        x->until_us = until_us;
        for (uint32_t n = 0; n < o->cluster->node_count; n++) {
            refresh(x, n, false);
        }
    } else {
        see_holds(x, until_us);
        for (uint64_t at = since + 1; at <= o->change_count; at++) {
            if (at + AHEAD <= o->change_count) {
                fetch_change(x, at + AHEAD);
            }
            see_change(x, at);
        }
    }
    x->seen = o->change_count;
    o->change_seen = o->change_count;
    add_gain(x);
}

static bool same_part(const ls_shape *a, const ls_shape *b) {
    return a->gpus == b->gpus && a->milli == b->milli && a->cpu_milli == b->cpu_milli &&
           a->memory_mib == b->memory_mib && a->gpu_mib == b->gpu_mib && a->kinds == b->kinds &&
           a->sites == b->sites && (a->spread == b->spread);
}

static void show(ls_place_index *x, const uint32_t *shown, uint32_t count, bool as_free) {
    for (uint32_t i = 0; i < count; i++) {
        refresh(x, shown[i], as_free);
    }
    add_gain(x);
}

void ls_place_index_hide(ls_place_index *x, const uint32_t *shown, uint32_t shown_count) {
    show(x, shown, shown_count, false);
}

ls_place_index *ls_place_index_get(ls_occupancy *o, const ls_shape *shape, int64_t until_us,
                                   const uint32_t *shown, uint32_t shown_count) {
    ls_shape part = *shape;
    part.parts = 1;
    part.within = LS_POOL_ANYWHERE;
    part.must = false;
    part.spread = shape->spread && shape->parts > 1;
    ls_place_index *x = o->indexes, *oldest = NULL, *twin = NULL;
    uint32_t count = 0, twins = 0;
    for (; x != NULL; x = x->next) {
        if (same_part(&x->part, &part)) {
            if (!differ(o, x->until_us, until_us)) {
                break;
            }
            twin = twin == NULL || x->asked < twin->asked ? x : twin;
            twins++;
        }
        oldest = oldest == NULL || x->asked < oldest->asked ? x : oldest;
        count++;
    }
    if (x == NULL && (twins == LS_PLACE_TWINS || (twins > 0 && count >= LS_PLACE_SHAPES))) {
        x = twin;
    }
    if (x == NULL) {
        if (count < LS_PLACE_SHAPES) {
            x = make(o);
            if (x == NULL) {
                return NULL;
            }
            x->next = o->indexes;
            o->indexes = x;
        } else {
            x = oldest;
        }
        note_part(x, &part);
        x->until_us = until_us;
        x->seen = o->change_count;
        for (uint32_t n = 0; n < o->cluster->node_count; n++) {
            refresh(x, n, false);
        }
    }
    x->asked = ++o->asked;
    catch_up(x, until_us);
    show(x, shown, shown_count, true);
    return x;
}
