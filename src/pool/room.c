// room.c - how many parts could have a place at most: a bound that costs nothing to look at.
//
// A gang that waits is asked for each time that a node is freed; most times there are plainly too
// few free GPUs for it. Nodes that are up are counted by kind and by how many of their GPUs are
// wholly free; those that are kept for a job are counted with what is kept for it.
#include "pool/scheduler_inside.h"

static uint32_t *row_of(const ls_scheduler *s, uint32_t node) {
    const uint32_t reserved = s->nodes[node].reserved;
    return reserved != LS_POOL_NONE
               ? s->reserved[reserved].rooms
               : s->rooms + (size_t)s->cluster->nodes[node].kind * LS_ROOM_ROW;
}

void ls_room_out(ls_scheduler *s, uint32_t node) {
    ls_node_parts *n = s->nodes + node;
    if (n->counted > 0) {
        row_of(s, node)[n->counted - 1]--;
        n->counted = 0;
    }
}

void ls_room_in(ls_scheduler *s, uint32_t node) {
    if (s->cluster->nodes[node].kind != LS_POOL_NONE &&
        ls_occupancy_state(s->occupancy, node) == LS_NODE_UP) {
        const ls_node_free rest = ls_occupancy_node(s->occupancy, node);
        const uint32_t whole = (uint32_t)__builtin_popcount(rest.whole);
        row_of(s, node)[whole]++;
        s->nodes[node].counted = (uint8_t)(whole + 1);
    }
}

void ls_room_changed(ls_scheduler *s, uint32_t node) {
    ls_room_out(s, node);
    ls_room_in(s, node);
}

static uint64_t parts_in(const uint32_t *row, const ls_shape *shape) {
    uint64_t parts = 0;
    for (uint32_t whole = shape->gpus; whole < LS_ROOM_ROW; whole++) {
        parts += (uint64_t)row[whole] * (shape->spread ? 1 : whole / shape->gpus);
    }
    return parts;
}

bool ls_room_may(const ls_scheduler *s, uint32_t job, int64_t until_us) {
    const ls_shape *shape = &s->jobs[job].request.shape;
    if (shape->gpus == 0) {
        return true;
    }
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        if (((shape->kinds >> k) & 1) == 0) {
            continue;
        }
        uint64_t parts = parts_in(s->rooms + (size_t)k * LS_ROOM_ROW, shape);
        for (uint32_t i = 0; i < s->reserved_count && parts < shape->parts; i++) {
            const ls_reserved *r = s->reserved + i;
            if (r->job != LS_POOL_NONE && r->kind == k &&
                (r->job == job || r->from_us >= until_us)) {
                parts += parts_in(r->rooms, shape);
            }
        }
        if (parts >= shape->parts) {
            return true;
        }
    }
    return false;
}
