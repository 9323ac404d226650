// cluster.h - the GPUs there are: kinds, nodes, and the units that nodes stand in.
//
// Nodes are numbered along the tree of units, so that the nodes of every unit are consecutive:
// sites hold halls, halls rows, rows racks, racks NVLink domains, domains nodes. A level that a
// pool does not have is left out of its units: a node's parent is the lowest unit it stands in.
// Plain data, built once and not changed while a pool runs; what is free stands in occupancy.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

enum {
    LS_POOL_KINDS_MAX = 32,      // kinds of GPUs
    LS_POOL_NODE_GPUS_MAX = 32,  // GPUs of one node
    LS_POOL_WHOLE = 1000,        // a GPU in thousandths: what fractions count in
    LS_POOL_UNITS_LEVELS = 5,
};
#define LS_POOL_SLOT_KIND "cpu-slot"  // the kind that is no GPU: a slot of a machine without one

// From the widest to the narrowest. `LS_POOL_ANYWHERE`: no unit has to hold a job together.
typedef enum ls_pool_level {
    LS_POOL_ANYWHERE,
    LS_POOL_SITE,
    LS_POOL_HALL,
    LS_POOL_ROW,
    LS_POOL_RACK,
    LS_POOL_DOMAIN,  // NVLink domain
    LS_POOL_NODE,
} ls_pool_level;

typedef struct ls_gpu_kind {
    const char *name;     // "b200", "gb200-nvl72"
    uint32_t memory_mib;  // of one GPU, 0: not told
    uint32_t watts;       // of one GPU at work, 0: not told
    uint32_t idle_watts;
} ls_gpu_kind;

typedef struct ls_pool_unit {
    const char *name;
    ls_pool_level level;
    uint32_t parent;  // unit, LS_POOL_NONE: top
    uint32_t node_at, node_count;
    uint32_t watts;  // limit of power, 0: none
} ls_pool_unit;

#define LS_POOL_NONE UINT32_MAX

typedef struct ls_pool_node {
    const char *name;
    uint32_t unit;  // lowest, LS_POOL_NONE: stands alone
    uint32_t kind;  // LS_POOL_NONE: no GPUs
    uint32_t gpus;
    uint32_t cpu_milli;  // thousandths of a processor
    uint32_t memory_mib;
} ls_pool_node;

typedef struct ls_cluster {
    const ls_gpu_kind *kinds;
    uint32_t kind_count;
    const ls_pool_unit *units;  // a parent stands before its children
    uint32_t unit_count;
    const ls_pool_node *nodes;
    uint32_t node_count;
    uint64_t gpus;  // in all
} ls_cluster;

// Checks that the numbers above hold together (consecutive nodes, parents first, limits). Fails
// with LS_ERR_INVALID and names the first that does not.
ls_status ls_cluster_check(const ls_cluster *cluster, ls_error *err);
// The unit of this level that holds the node, LS_POOL_NONE: none. O(levels).
uint32_t ls_cluster_unit(const ls_cluster *cluster, uint32_t node, ls_pool_level level);
