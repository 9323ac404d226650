// terms.c - see terms.h.
#include "pool/terms.h"

static uint64_t milli_of(uint32_t gpus) {
    return gpus == LS_ACCOUNT_UNLIMITED ? UINT64_MAX : (uint64_t)gpus * LS_POOL_WHOLE;
}

// The pool guarantees itself nothing and has no limit.
static void fill_row(const ls_account *a, uint32_t kinds, bool top, uint64_t *guarantee,
                     uint64_t *limit) {
    uint64_t promised = 0;
    for (uint32_t k = 0; k <= kinds; k++) {
        const uint32_t kind = k < kinds ? k : LS_POOL_NONE;
        guarantee[k] = top ? 0 : milli_of(ls_account_guarantee_of(a, kind));
        limit[k] = top ? UINT64_MAX : milli_of(ls_account_limit_of(a, kind));
        promised += guarantee[k];
    }
    if (!top && !a->borrow && promised < limit[kinds]) {
        limit[kinds] = promised;
    }
}

// What the accounts below `a` pay for a kind, where it says so, else what it pays itself.
static uint64_t price_of(const ls_account *a, uint32_t kind, uint64_t own) {
    for (uint32_t i = 0; i < a->price_count; i++) {
        if (a->prices[i].kind == kind || a->prices[i].kind == LS_POOL_NONE) {
            return (uint64_t)(a->prices[i].per_gpu_hour * 1e6 + 0.5);
        }
    }
    return own;
}

ls_status ls_terms_make(const ls_pool *pool, ls_terms *out, ls_error *err) {
    const uint32_t kinds = pool->cluster.kind_count;
    const size_t wide = (size_t)kinds + 1;
    *out = (ls_terms){.count = pool->account_count};
    out->rows = ls_alloc(pool->account_count * sizeof *out->rows);
    out->amounts = ls_alloc(pool->account_count * wide * 2 * sizeof *out->amounts);
    out->reclaim_us = ls_alloc(pool->account_count * sizeof *out->reclaim_us);
    out->budgets = ls_alloc(pool->account_count * sizeof *out->budgets);
    out->prices = ls_alloc(pool->account_count * wide * sizeof *out->prices);
    if (out->prices == NULL || out->rows == NULL || out->amounts == NULL ||
        out->reclaim_us == NULL || out->budgets == NULL) {
        ls_terms_clear(out);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < pool->account_count; i++) {
        const ls_account *a = pool->accounts + i;
        out->reclaim_us[i] = a->reclaim_us;
        out->budgets[i] = a->budget_gpu_hours;
        for (uint32_t k = 0; i > 0 && k < kinds; k++) {  // parents come first
            const uint64_t own = out->prices[(size_t)a->parent * kinds + k];
            out->prices[(size_t)i * kinds + k] = price_of(pool->accounts + a->parent, k, own);
        }
        uint64_t *guarantee = out->amounts + i * wide * 2;
        fill_row(a, kinds, i == 0, guarantee, guarantee + wide);
        out->rows[i] = (ls_share_terms){.parent = i == 0 ? 0 : a->parent,
                                        .weight = a->weight > 0.0 ? a->weight : 1.0,
                                        .guarantee = guarantee,
                                        .limit = guarantee + wide};
    }
    return LS_OK;
}

void ls_terms_clear(ls_terms *terms) {
    if (terms != NULL) {
        ls_free(terms->rows);
        ls_free(terms->amounts);
        ls_free(terms->reclaim_us);
        ls_free(terms->budgets);
        ls_free(terms->prices);
        *terms = (ls_terms){0};
    }
}
