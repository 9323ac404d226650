// place_index.h - what is known of all nodes and units for parts of one shape, kept up to date.
// Private to the room.
//
// Nodes stand in *buckets* by the rest that a part would leave on them (twice, plus 1 if it is
// empty), so the best node is the first of the first bucket. Units stand in trees by their room:
// one for each level, and one of the units that hold no others. An index catches up, when it is
// asked, with the nodes that changed since; there is one for each of the LS_PLACE_SHAPES shapes of
// parts that were asked for last.
#pragma once

#include "pool/bitset.h"
#include "pool/place.h"
#include "pool/room_tree.h"

enum {
    LS_BUCKETS = LS_FIT_LEVELS * 2,
    LS_BUCKET_NONE = 255,
};

typedef struct ls_place_fit {
    uint16_t parts;  // how many fit
    uint8_t bucket;
} ls_place_fit;

struct ls_place_index {
    ls_occupancy *o;
    ls_shape part;     // parts 1, within anywhere
    uint64_t asked;    // for the last time, counted
    uint64_t seen;     // changes
    int64_t until_us;  // for jobs that are over by then
    bool plain;        // asks for GPUs alone: what fits is told by the words of the nodes
    uint32_t kinds;    // that have such GPUs, bits
    uint32_t unclear;  // bits of a word that does not tell it
    uint16_t wholes[LS_POOL_NODE_GPUS_MAX + 1];  // plain: parts in so many free GPUs
    uint8_t rests[LS_POOL_NODE_GPUS_MAX + 1];    // ls_fit.rest there
    uint32_t *words;     // by node, at the last look; UINT32_MAX: it did not tell
    ls_place_fit *fits;  // by node
    ls_bitset nodes[LS_BUCKETS];
    uint64_t gain;  // of the nodes looked at last, not yet in the room of their unit
    uint32_t gain_unit;
    uint64_t *room;      // by unit, and one more: all
    ls_room_node *tree;  // by unit; then again by unit, for the tree of lowest units
    uint32_t levels[LS_POOL_NODE + 1], lowest;  // roots; lowest: not used when it is a level's
    uint32_t *dirty;
    bool *is_dirty;
    uint32_t dirty_count;
    ls_place_index *next;
};

// The index for parts of this shape and jobs that are over by then, up to date. NULL: out of
// memory. These nodes count as not held, until `hide` is called for them: at once after the search.
ls_place_index *ls_place_index_get(ls_occupancy *o, const ls_shape *shape, int64_t until_us,
                                   const uint32_t *shown, uint32_t shown_count);
void ls_place_index_hide(ls_place_index *index, const uint32_t *shown, uint32_t shown_count);
// Brings the trees up to date with the rooms: before one is asked, which few searches come to.
void ls_place_index_order(ls_place_index *index);
void ls_place_index_free(ls_place_index *index);  // and all after it
