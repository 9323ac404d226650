// kept.c - see kept.h.
#include "pool/kept.h"

#include <string.h>

// A size that jobs have asked for.
typedef struct size_of {
    uint64_t milli;
    uint32_t kinds;
} size_of;

struct ls_kept {
    uint32_t count, kinds;
    uint32_t *parents;
    bool *promises;  // the account, or one of its kinds, is guaranteed something
    int64_t *reclaim_us;
    ls_kept_row *rows;
    size_of sizes[LS_KEPT_SIZES];
    uint32_t size_count;
    uint64_t unwatched;
    int64_t *since_us;  // account by size: owed since; INT64_MAX: not owed
};

ls_status ls_kept_create(const ls_share_terms *terms, const int64_t *reclaim_us, uint32_t accounts,
                         uint32_t kinds, ls_kept **out, ls_error *err) {
    *out = NULL;
    ls_kept *k = ls_alloc(sizeof *k);
    if (k == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    k->count = accounts;
    k->kinds = kinds;
    k->parents = ls_alloc(accounts * sizeof *k->parents);
    k->promises = ls_alloc(accounts * sizeof *k->promises);
    k->reclaim_us = ls_alloc(accounts * sizeof *k->reclaim_us);
    k->rows = ls_alloc(accounts * sizeof *k->rows);
    k->since_us = ls_alloc((size_t)accounts * LS_KEPT_SIZES * sizeof *k->since_us);
    if (k->parents == NULL || k->promises == NULL || k->reclaim_us == NULL || k->rows == NULL ||
        k->since_us == NULL) {
        ls_kept_destroy(k);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < accounts; i++) {
        k->parents[i] = i == 0 ? LS_POOL_NONE : terms[i].parent;
        k->reclaim_us[i] = reclaim_us != NULL ? reclaim_us[i] : 0;
        for (uint32_t kind = 0; i > 0 && kind <= kinds; kind++) {
            k->promises[i] |= terms[i].guarantee[kind] > 0;
        }
    }
    for (size_t i = 0; i < (size_t)accounts * LS_KEPT_SIZES; i++) {
        k->since_us[i] = INT64_MAX;
    }
    *out = k;
    return LS_OK;
}

void ls_kept_destroy(ls_kept *kept) {
    if (kept != NULL) {
        ls_free(kept->parents);
        ls_free(kept->promises);
        ls_free(kept->reclaim_us);
        ls_free(kept->rows);
        ls_free(kept->since_us);
        ls_free(kept);
    }
}

// The account would hold a job of this size within what it is guaranteed.
static bool owes(const ls_kept *k, const ls_shares *books, uint32_t account, const size_of *size) {
    for (uint32_t kind = 0; kind < k->kinds; kind++) {
        if (((size->kinds >> kind) & 1) != 0 &&
            ls_shares_borrowed_with(books, account, kind, size->milli) == 0 &&
            ls_shares_limited(books, account, kind, size->milli) == LS_POOL_NONE) {
            return true;
        }
    }
    return false;
}

// What the account holds has changed, or a size is new.
static void look(ls_kept *k, const ls_shares *books, uint32_t account, uint32_t from_size,
                 int64_t now_us) {
    for (uint32_t i = from_size; i < k->size_count; i++) {
        int64_t *since_us = k->since_us + (size_t)account * LS_KEPT_SIZES + i;
        const bool owed = owes(k, books, account, k->sizes + i);
        *since_us = !owed ? INT64_MAX : (*since_us == INT64_MAX ? now_us : *since_us);
    }
}

// The number of a size, new ones are added for all accounts; LS_POOL_NONE: there is no room.
static uint32_t size_at(ls_kept *k, const ls_sim_event *e) {
    const size_of size = {.milli = ls_shape_milli(&e->job->request.shape),
                          .kinds = e->job->request.shape.kinds};
    for (uint32_t i = 0; i < k->size_count; i++) {
        if (k->sizes[i].milli == size.milli && k->sizes[i].kinds == size.kinds) {
            return i;
        }
    }
    if (k->size_count == LS_KEPT_SIZES) {
        return LS_POOL_NONE;
    }
    k->sizes[k->size_count++] = size;
    for (uint32_t account = 1; account < k->count; account++) {
        if (k->promises[account]) {
            look(k, e->books, account, k->size_count - 1, e->at_us);
        }
    }
    return k->size_count - 1;
}

// A job starts, or waits still at the end: how long was it owed, and by whom?
static void served(ls_kept *k, const ls_sim_event *e, uint32_t size) {
    const uint32_t own = e->job->request.account;
    const int64_t waits_since_us = e->at_us - e->waited_us;
    for (uint32_t at = own; at != 0; at = k->parents[at]) {
        const int64_t owed_since_us = k->since_us[(size_t)at * LS_KEPT_SIZES + size];
        if (owed_since_us == INT64_MAX) {
            continue;
        }
        const int64_t since_us = owed_since_us > waits_since_us ? owed_since_us : waits_since_us;
        const int64_t owed_us = e->at_us - since_us;
        const bool late = owed_us > k->reclaim_us[own];
        if (e->kind == LS_SIM_LEFT && !late) {
            continue;  // its time is not over yet
        }
        ls_kept_row *row = k->rows + at;
        row->owed++;
        row->late += late;
        row->most_us = owed_us > row->most_us ? owed_us : row->most_us;
        row->owed_sum_s += (double)owed_us * 1e-6;
    }
}

void ls_kept_event(ls_kept *kept, const ls_sim_event *e) {
    if (e->kind == LS_SIM_REFUSED || e->kind == LS_SIM_GREW || e->kind == LS_SIM_SHRANK ||
        e->kind == LS_SIM_CANCELLED || e->kind == LS_SIM_HELD || e->job->request.spot ||
        ls_shape_milli(&e->job->request.shape) == 0) {
        return;
    }
    const uint32_t size = size_at(kept, e);
    kept->unwatched += size == LS_POOL_NONE && e->kind == LS_SIM_SUBMITTED;
    if (size != LS_POOL_NONE && (e->kind == LS_SIM_STARTED || e->kind == LS_SIM_LEFT)) {
        served(kept, e, size);
    }
    if (e->kind == LS_SIM_SUBMITTED || e->kind == LS_SIM_LEFT) {
        return;
    }
    for (uint32_t at = e->job->request.account; at != 0; at = kept->parents[at]) {
        if (kept->promises[at]) {
            look(kept, e->books, at, 0, e->at_us);
        }
    }
}

const ls_kept_row *ls_kept_rows(const ls_kept *kept) {
    return kept->rows;
}

uint64_t ls_kept_unwatched(const ls_kept *kept) {
    return kept->unwatched;
}
