// pool.h - a pool of GPUs as its file says: the cluster, what is out of service, and who shares it.
//
// Made by ls_pool_read (pool_file.h) in its own arena, constant afterwards.
#pragma once

#include "base/arena.h"
#include "pool/account.h"
#include "pool/cluster.h"
#include "pool/group.h"
#include "pool/occupancy.h"
#include "pool/reservation.h"

// How often nodes break down; what the simulated clock draws from. A mean of 0: they do not.
typedef struct ls_pool_failures {
    int64_t every_us;   // mean time between failures of one node
    int64_t repair_us;  // mean time until it is back
    double lemons, worse;
    double gpus;                            // share of the failures that are of one GPU alone
    int64_t times, within_us, exchange_us;  // see ls_sim_failures; times 0: nobody is exchanged
} ls_pool_failures;

// What a kind says of a node, a domain and a rack of it (figures of catalog.h, or the file's own).
typedef struct ls_pool_kind {
    uint32_t gpus, cpu_milli, memory_mib;  // of one node
    uint32_t domain_nodes, rack_nodes;
    bool is_own;    // the file has it under `kinds`
    bool is_slots;  // CPU slots, not GPUs
} ls_pool_kind;

typedef struct ls_pool {
    ls_arena arena;
    const char *file;
    const char *name;
    const char *about;
    int64_t start_us;  // time zero, since 1970

    ls_cluster cluster;
    const ls_pool_group *groups;  // as the file writes them
    uint32_t group_count;
    uint32_t first_group;       // of the top, LS_POOL_NONE: none
    const ls_pool_kind *kinds;  // one for each of cluster.kinds
    const uint8_t *states;      // ls_node_state of each node at the start
    uint32_t spare_nodes;
    uint64_t gpus;  // that accounts can have: all but those of spare nodes

    const ls_account *accounts;  // [0]: the pool itself
    uint32_t account_count;
    const char *currency;  // of prices
    bool restore_shares;   // see scheduler.h

    const ls_pool_reservation *reservations;
    uint32_t reservation_count;
    ls_pool_failures failures;
} ls_pool;

// The account of this path ("suppliers.castings"), LS_POOL_NONE: none. O(depth x children).
uint32_t ls_pool_account(const ls_pool *pool, const char *path);
// What accounts share, as people call it: "GPUs", "CPU slots", or "GPUs, CPU slots".
const char *ls_pool_what(const ls_pool *pool);
// Some account asks a price of those below it.
bool ls_pool_has_prices(const ls_pool *pool);
void ls_pool_destroy(ls_pool *pool);  // NULL is fine
