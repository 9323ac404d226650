// design.h - a datacenter for so many GPUs: racks, rows and halls, the fat tree between them,
// power, spare nodes; what jobs can expect of it; and the pool file that says it.
//
// Pure arithmetic on published figures (catalog.h, design_parts.h); docs/POOL.md has the rules.
#pragma once

#include "base/status.h"
#include "base/text.h"
#include "pool/catalog.h"
#include "pool/design_parts.h"

enum { LS_DESIGN_SPARE_AUTO = -1 };

typedef struct ls_design_ask {
    const ls_pool_model *model;
    uint32_t gpus;            // at least 1
    int64_t power_watts;      // of the whole building, 0: as much as it takes
    int64_t hall_watts;       // of the racks of one hall
    int64_t rack_watts;       // of one rack, where machines are not bought by the rack
    uint32_t row_racks;       // racks of a row
    double pue;               // power of the building by that of what computes
    double oversubscription;  // ports down by ports up of a leaf, at least 1
    const ls_switch_model *switches;
    uint32_t ports;     // of a switch
    double failures;    // of 1000 node days
    int64_t repair_us;  // until a node is back
    int32_t spare;      // nodes of each domain (where it has several), else in all; or _AUTO
} ls_design_ask;

// What is usual for a kind: halls of 20 MW, racks of 45 kW, rows of 10, no oversubscription, the
// failures of RSC-1, repaired within a day.
ls_design_ask ls_design_ask_default(const ls_pool_model *model, uint32_t gpus);

// A fat tree of rails: GPU i of every node is on rail i. With several planes each rail is a tree of
// its own; else the rails meet at the spines.
typedef struct ls_design_fabric {
    uint32_t rails, planes, tiers;
    uint32_t down, up;               // ports of a leaf
    uint32_t leaf_nodes;             // that have the same leaves
    uint32_t pod_nodes;              // that meet at the same spines; with 2 tiers: all
    uint32_t leaves, spines, cores;  // in all
    uint64_t node_links, leaf_links, spine_links;
    double bisection_gbit;  // between two halves, each way
} ls_design_fabric;

typedef struct ls_design {
    ls_design_ask ask;
    uint32_t gpus, nodes, racks, rows, halls;
    uint32_t rack_nodes;             // of a full one
    uint32_t hall_racks;             // of a full one
    uint32_t domains, domain_nodes;  // domain_nodes 1: each node is one
    uint32_t spare;                  // nodes of each domain, or in all
    uint32_t spare_nodes;            // in all
    uint32_t usable_gpus;
    ls_design_fabric fabric;
    int64_t rack_watts;  // of a full one
    int64_t racks_watts, switch_watts, optics_watts, computing_watts, building_watts;
    double failures_a_day;
    double beyond_spare;  // domains, or the chance, that more than the spare ones are down at once
} ls_design;

// Fails with LS_ERR_INVALID (a rack needs more than its hall has, a node more than its rack has,
// ...) or LS_ERR_LIMIT (more than a tree of these switches reaches), with what would do. Does not
// look at power_watts.
ls_status ls_design_compose(const ls_design_ask *ask, ls_design *out, ls_error *err);
// The same for as many GPUs, up to those asked for, as power_watts is enough for.
ls_status ls_design_fit(const ls_design_ask *ask, ls_design *out, ls_error *err);

// What a job of so many GPUs can expect where it is placed into as few domains as it can be.
typedef struct ls_design_job {
    uint32_t gpus;
    uint32_t domains, leaf_groups, pods;
    double all_reduce_gbyte;  // bus bandwidth, at most (docs/POOL.md)
    double all_to_all_gbyte;  // of each GPU, at most
    double failure_us;        // mean time to the first failure of one of its nodes
} ls_design_job;

// gpus at most usable_gpus.
ls_design_job ls_design_job_of(const ls_design *design, uint32_t gpus);

// Appends the pool file.
void ls_design_write(const ls_design *design, const char *name, ls_buffer *out);
