// power.c - limits of power: what the GPUs at work below a unit may draw.
#include <string.h>

#include "pool/scheduler_inside.h"

// What a GPU of the kind draws at work beyond what it draws idle.
static uint64_t extra_of(const ls_scheduler *s, uint32_t kind) {
    const ls_gpu_kind *k = s->cluster->kinds + kind;
    return k->watts > k->idle_watts ? k->watts - k->idle_watts : 0;
}

ls_status ls_power_make(ls_scheduler *s, ls_error *err) {
    const ls_cluster *c = s->cluster;
    s->power = ls_alloc(((size_t)c->unit_count + 1) * sizeof *s->power);
    s->power_drawn = ls_alloc(((size_t)c->node_count + 1) * sizeof *s->power_drawn);
    if (s->power == NULL || s->power_drawn == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t u = 0; u < c->unit_count; u++) {
        uint64_t idle = 0, extra = 0;
        const uint32_t end = c->units[u].node_at + c->units[u].node_count;
        for (uint32_t n = c->units[u].node_at; n < end && c->units[u].watts > 0; n++) {
            const ls_pool_node *node = c->nodes + n;
            if (node->kind != LS_POOL_NONE) {
                idle += (uint64_t)node->gpus * c->kinds[node->kind].idle_watts;
                extra += node->gpus * extra_of(s, node->kind);
            }
        }
        const uint64_t room = c->units[u].watts > idle ? c->units[u].watts - idle : 0;
        if (c->units[u].watts > 0 && extra > room) {  // else it cannot be reached
            s->power[s->power_count++] = (ls_power){.unit = u, .room = room};
        }
    }
    return LS_OK;
}

static bool holds(const ls_scheduler *s, const ls_power *p, uint32_t node) {
    const ls_pool_unit *u = s->cluster->units + p->unit;
    return node >= u->node_at && node - u->node_at < u->node_count;
}

void ls_power_changed(ls_scheduler *s, uint32_t node) {
    const ls_pool_node *n = s->cluster->nodes + node;
    uint64_t drawn = 0;
    if (s->power_count == 0 || n->kind == LS_POOL_NONE) {
        return;
    }
    for (uint32_t g = 0; g < n->gpus; g++) {
        const bool works = ls_occupancy_gpu_idle(s->occupancy, node, g) < LS_POOL_WHOLE;
        drawn += works ? extra_of(s, n->kind) : 0;
    }
    for (uint32_t i = 0; i < s->power_count; i++) {
        if (holds(s, s->power + i, node)) {
            s->power[i].drawn += drawn - s->power_drawn[node];
        }
    }
    s->power_drawn[node] = drawn;
}

uint32_t ls_power_short(ls_scheduler *s, const ls_shape *shape) {
    for (uint32_t i = 0; i < s->power_count; i++) {
        s->power[i].wanted = 0;
    }
    for (uint32_t i = 0; i < shape->parts; i++) {
        const ls_pool_share *share = s->places + i;
        const uint32_t kind = s->cluster->nodes[share->node].kind;
        uint32_t begun = 0;  // by parts before it: GPUs that a fraction works on already
        for (uint32_t k = i; k > 0 && s->places[k - 1].node == share->node; k--) {
            begun |= s->places[k - 1].gpus;
        }
        uint64_t extra = 0;
        for (uint32_t bits = share->gpus & ~begun; bits != 0; bits &= bits - 1) {
            const uint32_t gpu = (uint32_t)__builtin_ctz(bits);
            extra += ls_occupancy_gpu_free(s->occupancy, share->node, gpu) == LS_POOL_WHOLE
                         ? extra_of(s, kind)
                         : 0;
        }
        for (uint32_t p = 0; p < s->power_count && extra > 0; p++) {
            s->power[p].wanted += holds(s, s->power + p, share->node) ? extra : 0;
        }
    }
    for (uint32_t i = s->power_count; i > 0; i--) {
        const ls_power *p = s->power + i - 1;
        if (p->wanted > 0 && p->drawn + p->wanted > p->room) {
            return i - 1;
        }
    }
    return LS_POOL_NONE;
}

void ls_power_leave_out(ls_scheduler *s, uint32_t power, bool out) {
    const ls_pool_unit *u = s->cluster->units + s->power[power].unit;
    for (uint32_t n = u->node_at; n < u->node_at + u->node_count; n++) {
        ls_occupancy_hold(s->occupancy, n, out ? INT64_MIN : ls_booked_hold_us(s, n, LS_POOL_NONE));
    }
    s->power[power].out = out;
}
