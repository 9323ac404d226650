// catalog.h - kinds of GPU machines with their published figures. docs/POOL.md lists the sources.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct ls_pool_model {
    const char *name;         // "gb200-nvl72"
    uint32_t gpus;            // of one node
    double cpus;              // cores of one node
    uint32_t memory_mib;      // of one node
    uint32_t gpu_memory_mib;  // 0: not told
    uint32_t gpu_watts;       // of one GPU at work, 0: not told
    uint32_t idle_watts;
    uint32_t domain_nodes;  // in one NVLink domain, 1: the node itself
    uint32_t rack_nodes;    // of a rack that is bought as one, 0: there is no such rack

    // For designs. 0: not told.
    uint32_t node_watts;    // the whole node at work
    uint32_t rack_watts;    // of a rack that is bought as one, with its switches
    double link_gbit;       // of one GPU out of its node or domain, each way
    double nvlink_gbyte;    // of one GPU within its domain, each way
    bool is_liquid;         // cooled by liquid
    const char *source[4];  // where the figures are from; ends in NULL
} ls_pool_model;

// NULL: no such kind.
const ls_pool_model *ls_pool_model_find(const char *name);
uint32_t ls_pool_model_count(void);
const ls_pool_model *ls_pool_model_get(uint32_t index);
