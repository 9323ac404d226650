// small_pool.h - random small pools, and random loads for them. For tests only.
#pragma once

#include "pool/simulated.h"

enum { SMALL_NODES_MAX = 24, SMALL_ACCOUNTS_MAX = 16, SMALL_KINDS = 2, SMALL_RESERVATIONS = 4 };

// What a pool may have in it.
typedef struct small_pool_def {
    uint64_t seed;
    bool limits, fractions, gangs, kinds, spares;
    bool endless;     // jobs that say no longest time
    bool deep;        // accounts four levels below the pool, else two
    bool by_kind;     // guarantees of a kind too
    bool sites;       // two of them, and jobs that must not leave one
    bool processors;  // jobs without a GPU
    bool power;       // limits of racks and sites
    bool budgets;     // of GPU hours; a month ends in between
    bool reserved;    // nodes for an account, or for nobody, for some time
    bool spots;       // some of the jobs
    bool reclaim;     // what was lent is back within some minutes, else at once
    bool shares;      // restored by weight
} small_pool_def;

typedef struct small_pool {
    small_pool_def def;
    ls_cluster cluster;
    ls_gpu_kind kinds[SMALL_KINDS];
    ls_pool_unit units[16];
    ls_pool_node nodes[SMALL_NODES_MAX];
    uint8_t states[SMALL_NODES_MAX];
    char names[SMALL_NODES_MAX][8];
    ls_share_terms terms[SMALL_ACCOUNTS_MAX];
    uint64_t guarantee[SMALL_ACCOUNTS_MAX][SMALL_KINDS + 1];
    uint64_t limit[SMALL_ACCOUNTS_MAX][SMALL_KINDS + 1];
    double budgets[SMALL_ACCOUNTS_MAX];
    int64_t reclaim_us[SMALL_ACCOUNTS_MAX];
    ls_pool_reservation reservations[SMALL_RESERVATIONS];
    uint32_t reservation_count;
    int64_t start_us;
    uint32_t account_count;
    uint32_t leaves[SMALL_ACCOUNTS_MAX];
    uint32_t leaf_count;
    // the load
    uint64_t drawn;
    int64_t at_us;
    uint32_t jobs, jobs_most;
    double load;  // of all GPUs
} small_pool;

void small_pool_make(small_pool *p, const small_pool_def *def, uint32_t jobs, double load);
bool small_pool_next(void *pool, ls_sim_job *out);  // for ls_sim_load
void small_pool_again(small_pool *p);               // the same load from its beginning
// Everything that may be in it, chosen by the bits of the seed.
small_pool_def small_pool_any(uint64_t seed);
// The parts of a simulation's def that this pool says.
ls_sim_def small_pool_sim(small_pool *p, int64_t until_us);
