// account.h - who shares the GPUs: a tree of accounts with what each was promised and may take.
//
// Plain data, made by ls_pool_read (pool_file.h), constant afterwards. Account 0 is the pool
// itself. A parent stands before its children, and the children of one account stand together, in
// the order of the file. What the rules mean is docs/POOL.md.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pool/cluster.h"

enum {
    LS_ACCOUNTS_MAX = 100000,
    LS_ACCOUNT_DEPTH_MAX = 16,
    LS_PRIORITY_MAX = 1000,  // of jobs, from 0; the higher goes first
};

#define LS_ACCOUNT_UNLIMITED UINT32_MAX

// GPUs of one kind, or of any.
typedef struct ls_amount {
    uint32_t kind;  // LS_POOL_NONE: whichever of the kinds that the account may use
    uint32_t gpus;
} ls_amount;

typedef struct ls_account_price {
    uint32_t kind;  // LS_POOL_NONE: every kind that has no price of its own
    double per_gpu_hour;
} ls_account_price;

typedef struct ls_account {
    const char *name;  // its own: "castings"
    const char *path;  // from the top: "suppliers.castings"; the pool's is ""
    const char *about;
    uint32_t parent;  // LS_POOL_NONE: the pool
    uint32_t child_at, child_count;
    uint32_t depth;  // 0: the pool

    // Promised. Amounts add up: `[16 b200, 4]` is 16 GPUs of b200 and 4 more of any kind. Those of
    // the children are within these; the pool's own are all GPUs that are not spare.
    const ls_amount *guarantee;
    uint32_t guarantee_count;
    uint32_t guarantee_gpus;  // in all
    // The most it may hold at once, with all below it. One for any kind is over all kinds together;
    // every one of them has to hold. None: no limit.
    const ls_amount *limit;
    uint32_t limit_count;
    uint32_t limit_gpus;  // of any kind together, LS_ACCOUNT_UNLIMITED: none

    double weight;            // its part of what nobody was promised or uses, beside its siblings
    bool borrow;              // may hold more than its guarantee
    int64_t reclaim_us;       // what it lent is back within this time when it asks
    uint32_t kinds;           // bit for each kind it may use; never 0
    uint64_t sites;           // bit for each site, counted among units of that level; 0: all
    double budget_gpu_hours;  // of a calendar month, with all below it; 0: none
    uint32_t priority;        // of its jobs that do not say their own
    uint32_t priority_max;    // the highest that its jobs may have

    // What its children pay to it for a GPU hour; none: what it pays itself.
    const ls_account_price *prices;
    uint32_t price_count;

    const char *file;  // where it stands: the pool file, or a table beside it
    int line, column;
} ls_account;

// GPUs of this kind that are promised as such (without those of any kind).
static inline uint32_t ls_account_guarantee_of(const ls_account *account, uint32_t kind) {
    for (uint32_t i = 0; i < account->guarantee_count; i++) {
        if (account->guarantee[i].kind == kind) {
            return account->guarantee[i].gpus;
        }
    }
    return 0;
}

// The limit for this kind alone, LS_ACCOUNT_UNLIMITED: none.
static inline uint32_t ls_account_limit_of(const ls_account *account, uint32_t kind) {
    for (uint32_t i = 0; i < account->limit_count; i++) {
        if (account->limit[i].kind == kind) {
            return account->limit[i].gpus;
        }
    }
    return LS_ACCOUNT_UNLIMITED;
}
