// room.c - how many parts could have a place at most: a bound that costs nothing to look at.
//
// A gang that waits is asked for each time that a node is freed; most times there are plainly too
// few free GPUs for it. Nodes that are up are counted by kind and by how many of their GPUs are
// wholly free, and by the greatest part that is free of one; those that are kept for a job are
// counted with what is kept for it.
#include "pool/scheduler_inside.h"

static uint32_t *row_of(const ls_scheduler *s, uint32_t node) {
    const uint32_t reserved = s->nodes[node].reserved;
    return reserved != LS_POOL_NONE ? s->reserved[reserved].rooms
                                    : s->rooms + (size_t)s->nodes[node].kind * LS_ROOM_ROW;
}

// The step of the greatest part that is free of one of its GPUs.
static uint32_t step_of(const ls_scheduler *s, uint32_t node) {
    uint32_t most = 0;
    for (uint32_t g = 0; g < s->nodes[node].gpus; g++) {
        const uint32_t free = ls_occupancy_gpu_free(s->occupancy, node, g);
        most = free > most ? free : most;
    }
    return most * LS_ROOM_STEPS / LS_POOL_WHOLE;
}

uint32_t ls_room_sole(const ls_scheduler *s, uint32_t node) {
    const ls_node_parts *n = s->nodes + node;
    if (n->counted == 0 || n->plain > 0) {
        return n->counted == 0 ? LS_SOLE_AWAY : LS_SOLE_PLAIN;
    }
    const bool one = n->counted == 1 && n->tenant_count == 1 && !n->more_tenants &&
                     s->jobs[n->first_job].request.shape.gpus == n->gpus;
    return one ? n->tenants[0] : LS_SOLE_MIXED;
}

void ls_room_out(ls_scheduler *s, uint32_t node) {
    ls_node_parts *n = s->nodes + node;
    s->soles[node] = LS_SOLE_AWAY;
    if (n->counted > 0) {
        row_of(s, node)[n->counted - 1]--;
        row_of(s, node)[LS_POOL_NODE_GPUS_MAX + 1 + n->counted_step]--;
        n->counted = 0;
    }
}

void ls_room_in(ls_scheduler *s, uint32_t node) {
    if (s->nodes[node].kind != UINT8_MAX && ls_occupancy_state(s->occupancy, node) == LS_NODE_UP) {
        const ls_node_free rest = ls_occupancy_node(s->occupancy, node);
        const uint32_t whole = rest.wholes;
        const uint32_t step = whole > 0 ? LS_ROOM_STEPS : rest.milli == 0 ? 0 : step_of(s, node);
        row_of(s, node)[whole]++;
        row_of(s, node)[LS_POOL_NODE_GPUS_MAX + 1 + step]++;
        s->nodes[node].counted = (uint8_t)(whole + 1);
        s->nodes[node].counted_step = (uint8_t)step;
        if (s->nodes[node].reserved == LS_POOL_NONE) {
            s->soles[node] = ls_room_sole(s, node);
            s->sole_jobs[node] = s->nodes[node].first_job;
        }
    }
}

void ls_room_changed(ls_scheduler *s, uint32_t node) {
    ls_room_out(s, node);
    ls_room_in(s, node);
}

static uint64_t parts_in(const uint32_t *row, const ls_shape *shape) {
    uint64_t parts = 0;
    if (shape->milli != 0) {  // any number of parts on a node that has room for one
        const uint32_t *steps = row + LS_POOL_NODE_GPUS_MAX + 1;
        for (uint32_t at = shape->milli * LS_ROOM_STEPS / LS_POOL_WHOLE; at <= LS_ROOM_STEPS;
             at++) {
            parts += steps[at] > 0 ? UINT32_MAX : 0;
        }
        return parts;
    }
    for (uint32_t whole = shape->gpus; whole <= LS_POOL_NODE_GPUS_MAX; whole++) {
        parts += (uint64_t)row[whole] * (shape->spread ? 1 : whole / shape->gpus);
    }
    return parts;
}

uint64_t ls_room_most(const ls_scheduler *s, const ls_shape *shape, uint32_t kind, uint32_t job) {
    uint64_t parts = parts_in(s->rooms + (size_t)kind * LS_ROOM_ROW, shape);
    for (uint32_t i = 0; i < s->reserved_count; i++) {
        const ls_reserved *r = s->reserved + i;
        if (r->job != LS_POOL_NONE && (s->jobs[job].reserved == i || r->breaks)) {
            parts += parts_in(r->rooms, shape);
        }
    }
    return parts;
}

bool ls_room_may(const ls_scheduler *s, const ls_shape *shape, uint32_t job, int64_t until_us) {
    if (shape->gpus == 0 && shape->milli == 0) {
        return true;
    }
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        if (((shape->kinds >> k) & 1) == 0) {
            continue;
        }
        uint64_t parts = parts_in(s->rooms + (size_t)k * LS_ROOM_ROW, shape);
        for (uint32_t i = 0; i < s->reserved_count && parts < shape->parts; i++) {
            const ls_reserved *r = s->reserved + i;
            if (r->job != LS_POOL_NONE && (r->kind == k || r->kind == LS_POOL_NONE) &&
                ((job != LS_POOL_NONE && s->jobs[job].reserved == i) || r->from_us >= until_us)) {
                parts += parts_in(r->rooms, shape);
            }
        }
        if (parts >= shape->parts) {
            return true;
        }
    }
    return false;
}
