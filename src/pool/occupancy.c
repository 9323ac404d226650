// occupancy.c - what is free on each node; see occupancy.h. Where a job goes is place.c.
#include "pool/occupancy_inside.h"

#include <assert.h>

#include "pool/place.h"

// The units that each unit holds, in their order.
static void find_children(ls_occupancy *o) {
    const ls_cluster *c = o->cluster;
    const uint32_t top = c->unit_count;
    for (uint32_t u = 0; u < c->unit_count; u++) {
        o->child_count[c->units[u].parent == LS_POOL_NONE ? top : c->units[u].parent]++;
    }
    for (uint32_t u = 0, at = 0; u <= top; u++) {
        o->child_at[u] = at;
        at += o->child_count[u];
        o->child_count[u] = 0;
    }
    uint64_t below_top = 0;
    for (uint32_t u = 0; u < c->unit_count; u++) {
        const uint32_t in = c->units[u].parent == LS_POOL_NONE ? top : c->units[u].parent;
        o->children[o->child_at[in] + o->child_count[in]++] = u;
        below_top += in == top ? c->units[u].node_count : 0;
    }
    for (uint32_t u = 0; u <= top; u++) {
        uint64_t below = u == top ? below_top : 0;
        for (uint32_t i = 0; u < top && i < o->child_count[u]; i++) {
            below += c->units[o->children[o->child_at[u] + i]].node_count;
        }
        o->divides[u] = o->child_count[u] > 0 &&
                        below == (u == top ? c->node_count : c->units[u].node_count);
    }
}

static void find_lowest_level(ls_occupancy *o) {
    const ls_cluster *c = o->cluster;
    bool lowest[LS_POOL_NODE] = {false}, holds[LS_POOL_NODE] = {false};
    for (uint32_t u = 0; u < c->unit_count; u++) {
        *(o->child_count[u] == 0 ? lowest + c->units[u].level : holds + c->units[u].level) = true;
    }
    uint32_t levels = 0;
    for (uint32_t l = LS_POOL_SITE; l < LS_POOL_NODE; l++) {
        if (lowest[l]) {
            o->lowest_level = holds[l] ? LS_POOL_ANYWHERE : (ls_pool_level)l;
            levels++;
        }
    }
    o->lowest_level = levels == 1 ? o->lowest_level : LS_POOL_ANYWHERE;
}

// Sites are counted in the order of the units.
static void find_sites(ls_occupancy *o) {
    const ls_cluster *c = o->cluster;
    uint32_t sites = 0;
    for (uint32_t n = 0; n < c->node_count; n++) {
        o->nodes[n].site = LS_SITES_ALL;
        o->nodes[n].alone = c->nodes[n].unit == LS_POOL_NONE ||
                            o->child_count[c->nodes[n].unit] > 0;
    }
    for (uint32_t u = 0; u < c->unit_count; u++) {
        if (c->units[u].level == LS_POOL_SITE) {
            for (uint32_t i = 0; i < c->units[u].node_count; i++) {
                o->nodes[c->units[u].node_at + i].site = (uint8_t)sites;
            }
            sites += sites < LS_SITES_ALL;
        }
    }
}

static bool get_memory(ls_occupancy *o) {
    const size_t nodes = (size_t)o->cluster->node_count + 1;
    const size_t units = (size_t)o->cluster->unit_count + 1;
    const size_t blocks = nodes / LS_CHANGE_BLOCK + 1;
    o->change_room = (uint32_t)nodes * 2 + 1024;
    o->nodes = ls_alloc(nodes * sizeof *o->nodes);
    o->words = ls_alloc((nodes + LS_CHANGE_BLOCK) * sizeof *o->words);
    o->changed = ls_alloc(nodes * sizeof *o->changed);
    o->block_changed = ls_alloc(blocks * sizeof *o->block_changed);
    o->gpus = ls_alloc(((size_t)o->cluster->gpus + 1) * sizeof *o->gpus);
    o->idle = ls_alloc(((size_t)o->cluster->gpus + 1) * sizeof *o->idle);
    o->changes = ls_alloc(o->change_room * sizeof *o->changes);
    o->held_nodes = ls_alloc(nodes * sizeof *o->held_nodes);
    o->held_from = ls_alloc(nodes * sizeof *o->held_from);
    o->hold_times = ls_alloc(nodes * sizeof *o->hold_times);
    o->held_at = ls_alloc(nodes * sizeof *o->held_at);
    o->child_at = ls_alloc(units * sizeof *o->child_at);
    o->child_count = ls_alloc(units * sizeof *o->child_count);
    o->children = ls_alloc(units * sizeof *o->children);
    o->divides = ls_alloc(units * sizeof *o->divides);
    o->scratch = ls_alloc(units * sizeof *o->scratch);
    return o->nodes != NULL && o->words != NULL && o->changed != NULL && o->block_changed != NULL &&
           o->gpus != NULL && o->idle != NULL && o->changes != NULL && o->held_nodes != NULL &&
           o->hold_times != NULL && o->held_from != NULL && o->held_at != NULL &&
           o->child_at != NULL && o->child_count != NULL && o->children != NULL &&
           o->divides != NULL && o->scratch != NULL &&
           ls_bitset_init(&o->spares, o->cluster->node_count);
}

static uint32_t word_of(const ls_node_now *n) {
    const uint32_t kind = n->kind != LS_POOL_NONE ? n->kind << 16 : LS_WORD_NO;
    return n->free_gpus | (uint32_t)n->gpus << 8 | kind |
           (n->state == LS_NODE_UP ? LS_WORD_UP : 0) | (n->alone ? LS_WORD_ALONE : 0) |
           (n->held != INT64_MAX ? LS_WORD_HELD : 0) |
           (n->milli != n->free_gpus * (uint32_t)LS_POOL_WHOLE ? LS_WORD_PART : 0);
}

static void make_free(ls_occupancy *o) {
    uint32_t at = 0;
    for (uint32_t n = 0; n < o->cluster->node_count; n++) {
        const ls_pool_node *node = o->cluster->nodes + n;
        o->nodes[n].unit = node->unit;
        o->nodes[n].kind = node->kind;
        o->nodes[n].gpus = (uint8_t)node->gpus;
        o->nodes[n].free_gpus = (uint8_t)node->gpus;
        o->nodes[n].gpu_at = at;
        o->nodes[n].cpu = node->cpu_milli;
        o->nodes[n].memory = node->memory_mib;
        o->nodes[n].whole = (uint32_t)(((uint64_t)1 << node->gpus) - 1);
        o->nodes[n].milli = node->gpus * LS_POOL_WHOLE;
        o->nodes[n].held = INT64_MAX;
        for (uint32_t g = 0; g < node->gpus; g++) {
            o->gpus[at++] = LS_POOL_WHOLE;
        }
        o->free_milli += o->nodes[n].milli;
        o->words[n] = word_of(o->nodes + n);
    }
}

ls_status ls_occupancy_new(const ls_cluster *cluster, ls_place_policy policy,
                           const ls_demand *demand, uint64_t seed, ls_occupancy **out,
                           ls_error *err) {
    ls_status status = ls_cluster_check(cluster, err);
    if (status != LS_OK) {
        return status;
    }
    ls_occupancy *o = ls_alloc(sizeof *o);
    if (o == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for what is free");
    }
    *o = (ls_occupancy){.cluster = cluster, .policy = policy, .seed = seed};
    if (!get_memory(o)) {
        status = ls_fail(err, LS_ERR_MEMORY, "no memory for what is free on %u nodes",
                         cluster->node_count);
    } else {
        find_children(o);
        find_lowest_level(o);
        find_sites(o);
        make_free(o);
        status = ls_place_open(o, demand, err);
    }
    if (status != LS_OK) {
        ls_occupancy_free(o);
        return status;
    }
    *out = o;
    return LS_OK;
}

void ls_occupancy_free(ls_occupancy *o) {
    if (o == NULL) {
        return;
    }
    ls_place_close(o);
    ls_free(o->nodes);
    ls_free(o->words);
    ls_free(o->changed);
    ls_free(o->block_changed);
    ls_free(o->gpus);
    ls_free(o->idle);
    ls_free(o->changes);
    ls_free(o->held_nodes);
    ls_free(o->hold_times);
    ls_free(o->held_from);
    ls_free(o->held_at);
    ls_free(o->child_at);
    ls_free(o->child_count);
    ls_free(o->children);
    ls_free(o->divides);
    ls_free(o->scratch);
    ls_bitset_clear(&o->spares);
    ls_free(o);
}

static void changed(ls_occupancy *o, uint32_t node) {
    uint64_t *last = o->block_changed + node / LS_CHANGE_BLOCK;
    if (*last <= o->change_seen) {
        o->changes[o->change_count++ % o->change_room] = (ls_block_change){
            .block = node / LS_CHANGE_BLOCK};
        *last = o->change_count;
    }
    o->changes[(*last - 1) % o->change_room].nodes |= (uint32_t)1 << node % LS_CHANGE_BLOCK;
    o->changed[node] = *last;
    o->words[node] = word_of(o->nodes + node);
    ls_place_changed(o, node);
}

// All of these GPUs, wholly free or not at all, are taken (or given back).
static void set_whole(ls_occupancy *o, uint32_t node, uint32_t gpus, bool takes) {
    ls_node_now *n = o->nodes + node;
    uint16_t *free = o->gpus + n->gpu_at;
    uint32_t count = 0;
    for (uint32_t bits = gpus; bits != 0; bits &= bits - 1, count++) {
        uint16_t *gpu = free + __builtin_ctz(bits);
        assert(*gpu == (takes ? LS_POOL_WHOLE : 0));
        *gpu = takes ? 0 : LS_POOL_WHOLE;
    }
    assert(((n->whole ^ (takes ? UINT32_MAX : 0)) & gpus) == 0);
    const uint32_t milli = count * LS_POOL_WHOLE;
    n->whole ^= gpus;
    n->free_gpus = (uint8_t)(takes ? n->free_gpus - count : n->free_gpus + count);
    n->milli = takes ? n->milli - milli : n->milli + milli;
    if (n->state == LS_NODE_UP) {
        o->free_milli = takes ? o->free_milli - milli : o->free_milli + milli;
    }
}

// One GPU gains (or loses) so many thousandths.
static void set_gpu(ls_occupancy *o, uint32_t node, uint32_t gpu, uint32_t milli) {
    uint16_t *free = o->gpus + o->nodes[node].gpu_at + gpu;
    const int32_t gain = (int32_t)milli - *free;
    *free = (uint16_t)milli;
    o->nodes[node].milli += (uint32_t)gain;
    if (o->nodes[node].state == LS_NODE_UP) {
        o->free_milli += (uint64_t)(int64_t)gain;
    }
    const uint32_t bit = (uint32_t)1 << gpu;
    ls_node_now *n = o->nodes + node;
    n->free_gpus = (uint8_t)(n->free_gpus - ((n->whole & bit) != 0) + (milli == LS_POOL_WHOLE));
    n->whole = milli == LS_POOL_WHOLE ? n->whole | bit : n->whole & ~bit;
}

// What is taken of GPUs that are out of service, or given back. The rest of the bits.
static uint32_t set_idle(ls_occupancy *o, uint32_t node, uint32_t gpus, uint32_t milli,
                         bool takes) {
    const ls_node_now *n = o->nodes + node;
    for (uint32_t bits = gpus & n->out; bits != 0; bits &= bits - 1) {
        uint16_t *idle = o->idle + n->gpu_at + __builtin_ctz(bits);
        assert(takes ? *idle >= milli : *idle + milli <= LS_POOL_WHOLE);
        *idle = (uint16_t)(takes ? *idle - milli : *idle + milli);
    }
    return gpus & ~n->out;
}

void ls_occupancy_set_gpu(ls_occupancy *o, uint32_t node, uint32_t gpu, bool in) {
    assert(node < o->cluster->node_count && gpu < o->cluster->nodes[node].gpus);
    ls_node_now *n = o->nodes + node;
    const uint32_t bit = (uint32_t)1 << gpu;
    uint16_t *idle = o->idle + n->gpu_at + gpu;
    if (in == ((n->out & bit) == 0)) {
        return;
    }
    if (in) {
        n->out &= ~bit;
        set_gpu(o, node, gpu, *idle);
    } else {
        *idle = o->gpus[n->gpu_at + gpu];
        set_gpu(o, node, gpu, 0);
        n->out |= bit;
    }
    changed(o, node);
}

uint32_t ls_occupancy_out(const ls_occupancy *o, uint32_t node) {
    assert(node < o->cluster->node_count);
    return o->nodes[node].out;
}

uint32_t ls_occupancy_gpu_idle(const ls_occupancy *o, uint32_t node, uint32_t gpu) {
    assert(node < o->cluster->node_count);
    const ls_node_now *n = o->nodes + node;
    return ((n->out >> gpu) & 1) != 0 ? o->idle[n->gpu_at + gpu] : o->gpus[n->gpu_at + gpu];
}

void ls_occupancy_take(ls_occupancy *o, const ls_shape *s, const ls_pool_share *shares,
                       uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t node = shares[i].node;
        assert(node < o->cluster->node_count);
        assert(o->nodes[node].cpu >= s->cpu_milli);
        assert(o->nodes[node].memory >= s->memory_mib);
        o->nodes[node].cpu -= s->cpu_milli;
        o->nodes[node].memory -= s->memory_mib;
        uint32_t gpus = shares[i].gpus;
        if (o->nodes[node].out != 0) {
            gpus = set_idle(o, node, gpus, s->milli != 0 ? s->milli : LS_POOL_WHOLE, true);
        }
        if (s->milli == 0) {
            set_whole(o, node, gpus, true);
        } else if (gpus != 0) {
            const uint32_t gpu = (uint32_t)__builtin_ctz(gpus);
            assert(o->gpus[o->nodes[node].gpu_at + gpu] >= s->milli);
            set_gpu(o, node, gpu, o->gpus[o->nodes[node].gpu_at + gpu] - s->milli);
        }
        ls_place_tag(o, node, s, true);
        changed(o, node);
    }
}

void ls_occupancy_give(ls_occupancy *o, const ls_shape *s, const ls_pool_share *shares,
                       uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t node = shares[i].node;
        assert(node < o->cluster->node_count);
        assert(o->cluster->nodes[node].cpu_milli - o->nodes[node].cpu >= s->cpu_milli);
        assert(o->cluster->nodes[node].memory_mib - o->nodes[node].memory >= s->memory_mib);
        o->nodes[node].cpu += s->cpu_milli;
        o->nodes[node].memory += s->memory_mib;
        uint32_t gpus = shares[i].gpus;
        if (o->nodes[node].out != 0) {
            gpus = set_idle(o, node, gpus, s->milli != 0 ? s->milli : LS_POOL_WHOLE, false);
        }
        if (s->milli == 0) {
            set_whole(o, node, gpus, false);
        } else if (gpus != 0) {
            const uint32_t gpu = (uint32_t)__builtin_ctz(gpus);
            assert(o->gpus[o->nodes[node].gpu_at + gpu] + s->milli <= LS_POOL_WHOLE);
            set_gpu(o, node, gpu, o->gpus[o->nodes[node].gpu_at + gpu] + s->milli);
        }
        ls_place_tag(o, node, s, false);
        changed(o, node);
    }
}

void ls_occupancy_set_state(ls_occupancy *o, uint32_t node, ls_node_state state) {
    const ls_node_state was = ls_occupancy_state(o, node);
    if (was == state) {
        return;
    }
    if (was == LS_NODE_UP) {
        o->free_milli -= o->nodes[node].milli;
    } else if (state == LS_NODE_UP) {
        o->free_milli += o->nodes[node].milli;
    }
    if (was == LS_NODE_SPARE) {
        ls_bitset_remove(&o->spares, node);
    } else if (state == LS_NODE_SPARE) {
        ls_bitset_add(&o->spares, node);
    }
    o->nodes[node].state = (uint8_t)state;
    changed(o, node);
}

ls_node_state ls_occupancy_state(const ls_occupancy *o, uint32_t node) {
    assert(node < o->cluster->node_count);
    return (ls_node_state)o->nodes[node].state;
}

// One node more, or less, is held from then on; INT64_MAX: not held.
static void count_hold(ls_occupancy *o, int64_t from_us, bool more) {
    uint32_t at = 0;
    if (from_us == INT64_MAX) {
        return;
    }
    while (at < o->hold_time_count && o->hold_times[at].from_us != from_us) {
        at++;
    }
    if (at == o->hold_time_count) {
        o->hold_times[o->hold_time_count++] = (ls_hold_time){.from_us = from_us};
    }
    ls_hold_time *time = o->hold_times + at;
    time->count += more ? 1 : UINT32_MAX;
    if (time->count == 0) {
        *time = o->hold_times[--o->hold_time_count];
    }
}

uint32_t ls_occupancy_spare(const ls_occupancy *o, uint32_t from) {
    return from < o->cluster->node_count ? ls_bitset_next(&o->spares, from) : LS_POOL_NONE;
}

void ls_occupancy_hold(ls_occupancy *o, uint32_t node, int64_t from_us) {
    assert(node < o->cluster->node_count);
    if (o->nodes[node].held == from_us) {
        return;
    }
    if (o->nodes[node].held == INT64_MAX) {
        o->held_at[node] = o->held_count;
        o->held_nodes[o->held_count++] = node;
    } else if (from_us == INT64_MAX) {
        const uint32_t last = o->held_nodes[--o->held_count];
        o->held_nodes[o->held_at[node]] = last;
        o->held_at[last] = o->held_at[node];
        o->held_from[o->held_at[node]] = o->held_from[o->held_count];
    }
    if (from_us != INT64_MAX) {
        o->held_from[o->held_at[node]] = from_us;
    }
    count_hold(o, o->nodes[node].held, false);
    count_hold(o, from_us, true);
    o->nodes[node].held = from_us;
    changed(o, node);
}

int64_t ls_occupancy_held(const ls_occupancy *o, uint32_t node) {
    assert(node < o->cluster->node_count);
    return o->nodes[node].held;
}

ls_node_free ls_occupancy_node(const ls_occupancy *o, uint32_t node) {
    assert(node < o->cluster->node_count);
    return (ls_node_free){.whole = o->nodes[node].whole,
                          .wholes = o->nodes[node].free_gpus,
                          .milli = o->nodes[node].milli,
                          .cpu_milli = o->nodes[node].cpu,
                          .memory_mib = o->nodes[node].memory};
}

uint32_t ls_occupancy_gpu_free(const ls_occupancy *o, uint32_t node, uint32_t gpu) {
    assert(node < o->cluster->node_count);
    assert(gpu < o->cluster->nodes[node].gpus);
    return o->gpus[o->nodes[node].gpu_at + gpu];
}

uint64_t ls_occupancy_free_milli(const ls_occupancy *o) {
    return o->free_milli;
}
