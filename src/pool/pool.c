// pool.c - see pool.h.
#include "pool/pool.h"

#include <assert.h>
#include <string.h>

uint32_t ls_pool_account(const ls_pool *pool, const char *path) {
    assert(pool != NULL && path != NULL);
    uint32_t at = 0;
    while (*path != '\0') {
        const size_t length = strcspn(path, ".");
        const ls_account *parent = &pool->accounts[at];
        uint32_t found = LS_POOL_NONE;
        for (uint32_t i = 0; i < parent->child_count && found == LS_POOL_NONE; i++) {
            const char *name = pool->accounts[parent->child_at + i].name;
            if (strlen(name) == length && memcmp(name, path, length) == 0) {
                found = parent->child_at + i;
            }
        }
        if (found == LS_POOL_NONE) {
            return LS_POOL_NONE;
        }
        at = found;
        path += length;
        path += *path == '.' ? 1 : 0;
    }
    return at;
}

const char *ls_pool_what(const ls_pool *pool) {
    uint32_t slots = 0;
    for (uint32_t k = 0; k < pool->cluster.kind_count; k++) {
        slots += pool->kinds[k].is_slots ? 1 : 0;
    }
    return slots == 0                          ? "GPUs"
           : slots == pool->cluster.kind_count ? "CPU slots"
                                               : "GPUs, CPU slots";
}

bool ls_pool_has_prices(const ls_pool *pool) {
    for (uint32_t i = 0; i < pool->account_count; i++) {
        if (pool->accounts[i].price_count > 0) {
            return true;
        }
    }
    return false;
}

void ls_pool_destroy(ls_pool *pool) {
    if (pool == NULL) {
        return;
    }
    ls_arena_clear(&pool->arena);
    ls_free(pool);
}
