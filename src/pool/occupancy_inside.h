// occupancy_inside.h - what occupancy.c, fit.c, place*.c and score*.c share. Private to them.
#pragma once

#include "pool/bitset.h"
#include "pool/occupancy.h"

enum {
    LS_FIT_LEVELS = 34,    // see ls_fit.rest
    LS_PLACE_SHAPES = 64,  // parts of different shape whose index is kept
    LS_PLACE_TWINS = 4,    // of one shape, for jobs that are over before and after held times
    LS_SITES_ALL = 255,
    LS_CHANGE_BLOCK = 32,  // nodes; a gang takes and leaves many side by side
};

// How parts of a shape stand to one node.
typedef struct ls_fit {
    uint32_t parts;  // how many of them fit; 0: none, and the rest says nothing
    // The less, the better the node for one part (whole GPUs: those left free; a fraction: what is
    // left of the GPU in 16ths, then 16 and more: the free GPUs of a node where one must be broken;
    // processors alone: free GPUs, the least for a node without any).
    uint8_t rest;
    bool empty;  // nothing runs on it, and it stands in a lowest unit: taking it breaks the unit
} ls_fit;

// A unit among which the parts of a gang are shared out.
typedef struct ls_place_child {
    uint32_t unit;
    uint64_t room, gets;
} ls_place_child;

// What is free on a node, with what has to be known of it to judge it: one line of memory, since a
// large cluster is looked at in no order.
typedef struct ls_node_now {
    int64_t held;     // from when
    uint32_t gpu_at;  // of its first GPU in `gpus`
    uint32_t cpu, memory, whole, milli;
    uint32_t unit, kind;
    uint8_t gpus, free_gpus, state, site;  // free_gpus: bits of `whole`
    bool alone;                            // stands in no lowest unit
    uint32_t out;                          // GPUs that are out of service, bits
} ls_node_now;

// free GPUs | GPUs << 8 | kind << 16 and these
enum {
    LS_WORD_UP = 1 << 24,
    LS_WORD_ALONE = 1 << 25,
    LS_WORD_HELD = 1 << 26,
    LS_WORD_NO = 1 << 27,    // no GPUs
    LS_WORD_PART = 1 << 28,  // a part of one of its GPUs is taken
};

// A moment from which nodes are held, and how many.
typedef struct ls_hold_time {
    int64_t from_us;
    uint32_t count;
} ls_hold_time;

// Nodes of a block in which something changed.
typedef struct ls_block_change {
    uint32_t block, nodes;  // nodes: bits
} ls_block_change;

typedef struct ls_place_index ls_place_index;
typedef struct ls_score ls_score;

struct ls_occupancy {
    const ls_cluster *cluster;
    ls_place_policy policy;
    uint64_t seed, drawn;
    ls_node_now *nodes;  // by node
    // By node: all that a part which asks for GPUs alone wants to know, in one word; but with
    // LS_WORD_HELD from when it is held, and with LS_WORD_PART what is left of its GPUs. As many as
    // fill the last block.
    uint32_t *words;
    uint16_t *gpus;  // free thousandths of each GPU that is in service; of the others
    uint16_t *idle;  // 0, and here what nobody has of them
    uint64_t free_milli;
    ls_bitset spares;  // nodes
    // By unit, and one more: the units that stand in none.
    uint32_t *child_at, *child_count, *children;
    bool *divides;  // holds other units, and no nodes besides
    ls_pool_level
        lowest_level;  // of all units that hold no others, and of no other unit; or anywhere
    ls_place_child *scratch;
    uint32_t *held_nodes, *held_at;  // nodes that are kept for somebody; where each stands there
    int64_t *held_from;              // of each of held_nodes: from when
    uint32_t held_count;
    ls_hold_time *hold_times;  // distinct ones
    uint32_t hold_time_count;
    // What changed, so that an index can catch up: change n is changes[n % room], of nodes of one
    // block; more nodes of it join as long as no index has looked at the change.
    ls_block_change *changes;
    uint64_t *block_changed, *changed;   // by block, by node: the last change, counted from 1
    uint64_t change_count, change_seen;  // change_seen: all that some index has looked at
    uint32_t change_room;
    ls_place_index *indexes;
    uint64_t asked;
    ls_score *score;  // NULL: places are sought by index
    bool was_short;   // of memory, in a search
};

ls_fit ls_fit_node(const ls_occupancy *o, const ls_shape *shape, uint32_t node);
// The GPUs that the next part gets on a node, out of what `free` says (`gpus` of them); they are
// taken off. `cpu` and `memory` are not looked at. 0: no GPU, or none asked for.
uint32_t ls_fit_gpus(const ls_shape *shape, uint16_t *free, uint32_t gpus);
