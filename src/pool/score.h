// score.h - places by score: every node that fits is scored, the best is taken, and among equals
// the one whose name sorts first. For the policies of the openb experiment, and for LS_PLACE_OWN
// where the demand that is expected is told. Private to the room.
//
// Nodes that are equally free form a *class* and have one score, so a decision takes time in the
// number of classes, not of nodes. What a class scores for a shape is kept.
#pragma once

#include "pool/place.h"

// What is free on a node, or on every node of a class.
typedef struct ls_free_state {
    uint64_t tags;  // kinds of jobs that run there: bit 0 fractions, bit n jobs of n GPUs
    uint32_t kind, gpus, site;
    uint32_t cpu, memory, milli, whole;  // milli: in all; whole: how many GPUs
    uint32_t zero;                       // no gap: states are compared and hashed as bytes
    uint16_t free[LS_POOL_NODE_GPUS_MAX];
} ls_free_state;

typedef struct ls_class {
    ls_free_state state;
    uint32_t next_hash;
    uint32_t live_at;  // place among the classes that have members; LS_POOL_NONE: has none
    uint32_t members;
    uint32_t *heap;  // ranks, the least first; those of nodes that have left are passed over
    uint32_t heap_count, heap_room;
    double fragments;  // below 0: not computed yet
    float *scores;     // by shape; NAN: not computed yet
    uint32_t score_room;
} ls_class;

// One of the shapes that are expected.
typedef struct ls_wanted {
    ls_shape shape;
    double weight;
    uint32_t least;  // free thousandths that a GPU must have: 1000 for whole ones, 0: no GPU
    uint32_t count;  // of such GPUs
} ls_wanted;

enum { LS_SCORE_HASH = 1 << 14, LS_SCORE_SHAPES = 4096 };

struct ls_score {
    ls_wanted *wanted;
    uint32_t wanted_count;
    uint32_t *rank_of, *node_of;                  // by node, by rank: in the order of names
    uint32_t *class_of;                           // by node; LS_POOL_NONE: out of service or kept
    uint16_t (*tags)[LS_POOL_NODE_GPUS_MAX + 1];  // by node: jobs of each tag (see ls_free_state)
    ls_class *classes;
    uint32_t class_count, class_room;
    uint32_t *live;
    uint32_t live_count, live_room;
    uint32_t class_hash[LS_SCORE_HASH];
    ls_shape *shapes;
    uint32_t *shape_hash;
    uint32_t shape_count;
    double pressure[LS_POOL_KINDS_MAX];  // see score_own.c
    double cpu_share;                    // processors for a GPU, in the cluster
    bool failed;  // out of memory once: places are sought by index from then on
};

ls_status ls_score_open(ls_occupancy *o, const ls_demand *demand, ls_error *err);
void ls_score_close(ls_score *score);  // NULL is fine
void ls_score_changed(ls_occupancy *o, uint32_t node);
void ls_score_tag(ls_occupancy *o, uint32_t node, const ls_shape *shape, bool takes);
// One part. False: there is no place.
bool ls_score_find(ls_occupancy *o, const ls_shape *shape, int64_t until_us, ls_pool_share *out);

// Whether a part fits.
bool ls_score_fits(const ls_occupancy *o, const ls_free_state *state, const ls_shape *shape);
// What it scores under the policy, the more the better. Where it is a fraction, *out_gpu is the
// GPU.
double ls_score_of(const ls_occupancy *o, const ls_class *class, const ls_free_state *state,
                   const ls_shape *shape, uint32_t *out_gpu);
// Thousandths of GPUs that the expected shapes cannot use, in the mean.
double ls_score_fragments(const ls_score *score, const ls_free_state *state);
// The state after one part; a fraction goes to that GPU.
ls_free_state ls_score_after(const ls_free_state *state, const ls_shape *shape, uint32_t gpu);
double ls_score_own(const ls_occupancy *o, const ls_free_state *state, const ls_shape *shape,
                    uint32_t *out_gpu);
void ls_score_own_open(ls_score *score, const ls_cluster *cluster);
