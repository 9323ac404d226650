// group.h - a group of like units or nodes as a pool file writes it: `racks: {count: 10, ...}`.
#pragma once

#include "pool/cluster.h"

typedef struct ls_pool_group {
    ls_pool_level level;
    const char *name;      // with `#` where the number goes
    uint32_t count;        // in each unit that they stand in
    uint32_t spare;        // nodes of each, the last ones
    uint32_t watts;        // limit of each, 0: none
    uint32_t child, next;  // groups, LS_POOL_NONE

    // Of nodes.
    uint32_t kind;  // LS_POOL_NONE: no GPUs
    uint32_t gpus;
    uint32_t cpu_milli, memory_mib;

    bool is_unclear;  // its kind was refused: what is in it is not known
    bool is_implied;  // by the kind of the group above: not in the file
    uint32_t model;   // of units: kind that says what is in them, LS_POOL_NONE
    int line, column;
} ls_pool_group;
