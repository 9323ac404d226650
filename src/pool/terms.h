// terms.h - what the accounts of a pool file come to in the books: shares in thousandths, by kind.
#pragma once

#include "pool/pool.h"
#include "pool/shares.h"

typedef struct ls_terms {
    ls_share_terms *rows;  // one for each account of the pool
    uint32_t count;
    uint64_t *amounts;    // what the rows point into
    int64_t *reclaim_us;  // by account
    double *budgets;      // by account, GPU hours of a month; 0: none
    // By account and kind: millionths of the currency that it pays to its parent for an hour of a
    // GPU; of the pool itself 0.
    uint64_t *prices;
} ls_terms;

// An account that may not borrow is limited to its guarantee. Fails with LS_ERR_MEMORY.
ls_status ls_terms_make(const ls_pool *pool, ls_terms *out, ls_error *err);
void ls_terms_clear(ls_terms *terms);  // NULL and zeroed are fine
