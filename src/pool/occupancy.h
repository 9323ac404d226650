// occupancy.h - what is free on a cluster, kept so that a place is found without looking at all of
// it.
//
// Nodes are kept in buckets by what a part would leave on them, units in the order of their room,
// for each of the 64 shapes of parts that were asked for last. `find` takes the logarithm of the
// number of units for each node that changed since the shape was asked for, and for each part; a
// shape beyond the 64 takes one look at every node. docs/POOL.md, "Where a job goes", has the
// rules.
//
// Pure: no clock, no files; deterministic: the same calls give the same places.
#pragma once

#include "pool/shape.h"

typedef struct ls_occupancy ls_occupancy;

// What one part of a job holds.
typedef struct ls_pool_share {
    uint32_t node;
    uint32_t gpus;  // bit for each GPU of the node; 0: processors alone
} ls_pool_share;

typedef enum ls_node_state {
    LS_NODE_UP,
    LS_NODE_DRAINED,  // what runs may end, nothing new comes
    LS_NODE_BROKEN,   // as drained; the caller ends what runs
    LS_NODE_SPARE,    // held back for failures
} ls_node_state;

// How the best among the places that fit is chosen. All but LS_PLACE_OWN are those of the openb
// experiment (Weng et al., USENIX ATC 2023); the product has its own. They choose the node of a
// single part, by a score of every kind of node state there is; gangs go by the same rules under
// all of them, and so do single parts under LS_PLACE_OWN without a demand.
typedef enum ls_place_policy {
    LS_PLACE_OWN,
    LS_PLACE_RANDOM,
    LS_PLACE_DOT_PRODUCT,
    LS_PLACE_CLUSTERING,
    LS_PLACE_PACKING,
    LS_PLACE_BEST_FIT,
    LS_PLACE_FGD,
} ls_place_policy;

// Shapes that are expected, with their weights: what fragmentation is measured against (FGD, OWN).
typedef struct ls_demand {
    const ls_shape *shapes;
    const double *weights;  // sum 1
    uint32_t count;
} ls_demand;

// All nodes up and empty. `demand` may be NULL; it is copied. The cluster must outlive it. `seed`
// is for LS_PLACE_RANDOM.
ls_status ls_occupancy_new(const ls_cluster *cluster, ls_place_policy policy,
                           const ls_demand *demand, uint64_t seed, ls_occupancy **out,
                           ls_error *err);
void ls_occupancy_free(ls_occupancy *o);  // NULL is fine

// A place for all parts now, into `out` (room for shape->parts), best by the policy. Nodes that are
// held (below) for longer than `until_us` are as good as free ones for a job that is over by then.
// False: there is none. Changes nothing that a caller can see.
bool ls_occupancy_find(ls_occupancy *o, const ls_shape *shape, int64_t until_us,
                       ls_pool_share *out);

// Nodes that are held, all from the same time on, for the job that a place is sought for.
typedef struct ls_pool_kept {
    const uint32_t *nodes;
    uint32_t count;
    int64_t from_us;
} ls_pool_kept;

// As if `own` were not held (NULL: nothing is its own).
bool ls_occupancy_find_kept(ls_occupancy *o, const ls_shape *shape, int64_t until_us,
                            const ls_pool_kept *own, ls_pool_share *out);
// A search since the last call of this found no place because it found no memory.
bool ls_occupancy_was_short(ls_occupancy *o);
// Takes and gives back a place that `find` has named; a job's parts may be given back one by one.
void ls_occupancy_take(ls_occupancy *o, const ls_shape *shape, const ls_pool_share *shares,
                       uint32_t count);
void ls_occupancy_give(ls_occupancy *o, const ls_shape *shape, const ls_pool_share *shares,
                       uint32_t count);

void ls_occupancy_set_state(ls_occupancy *o, uint32_t node, ls_node_state state);
ls_node_state ls_occupancy_state(const ls_occupancy *o, uint32_t node);
// One GPU of a node is out of service, or in it again: what has a part of it keeps that, nothing
// new comes there. Searches see nothing free of it; whoever left it left it out.
void ls_occupancy_set_gpu(ls_occupancy *o, uint32_t node, uint32_t gpu, bool in);
uint32_t ls_occupancy_out(const ls_occupancy *o, uint32_t node);  // GPUs that are out, bits
// What nobody has of the GPU, thousandths, whether it is in service or not.
uint32_t ls_occupancy_gpu_idle(const ls_occupancy *o, uint32_t node, uint32_t gpu);
// The first spare node from this one on, LS_POOL_NONE: none. O(log nodes).
uint32_t ls_occupancy_spare(const ls_occupancy *o, uint32_t from);
// From from_us on the node is kept for somebody: only what ends by then may be put there.
// INT64_MAX: no longer held. `find` with until_us = INT64_MIN ignores holds: for whom it is held.
void ls_occupancy_hold(ls_occupancy *o, uint32_t node, int64_t from_us);
int64_t ls_occupancy_held(const ls_occupancy *o, uint32_t node);  // INT64_MAX: not

// Free now on one node.
typedef struct ls_node_free {
    uint32_t whole;   // GPUs that are wholly free, bits
    uint32_t wholes;  // how many those are
    uint32_t milli;   // in all, fractions too
    uint32_t cpu_milli, memory_mib;
} ls_node_free;
ls_node_free ls_occupancy_node(const ls_occupancy *o, uint32_t node);
uint32_t ls_occupancy_gpu_free(const ls_occupancy *o, uint32_t node, uint32_t gpu);  // thousandths
uint64_t ls_occupancy_free_milli(const ls_occupancy *o);  // of nodes that are up
// Expected fragmentation in thousandths of GPUs, of the whole cluster, for the demand.
double ls_occupancy_fragmented(const ls_occupancy *o);
