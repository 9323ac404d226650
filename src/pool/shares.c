// shares.c - see shares.h.
#include "pool/shares.h"

#include <assert.h>
#include <string.h>

typedef struct account {
    uint32_t parent, depth;
    uint32_t child_at, child_count;  // in `children`
    uint64_t held, uncovered, leaving;
    uint64_t guarantee_any, limit_any, guaranteed;  // guaranteed: of all kinds together
    double weight;
} account;

struct ls_shares {
    uint32_t count, kind_count;
    account *accounts;
    uint32_t *children;
    uint64_t *held, *guarantee, *limit, *leaving;  // account by kind
};

static ls_status take_terms(ls_shares *s, uint32_t at, const ls_share_terms *terms, ls_error *err) {
    account *a = s->accounts + at;
    if (at > 0 && terms->parent >= at) {
        return ls_fail(err, LS_ERR_INVALID, "account %u stands before its parent", at);
    }
    if (!(terms->weight > 0.0)) {
        return ls_fail(err, LS_ERR_INVALID, "account %u: weight must be above 0", at);
    }
    a->parent = at == 0 ? LS_POOL_NONE : terms->parent;
    a->depth = at == 0 ? 0 : s->accounts[terms->parent].depth + 1;
    a->weight = terms->weight;
    a->guarantee_any = terms->guarantee[s->kind_count];
    a->limit_any = terms->limit[s->kind_count];
    a->guaranteed = a->guarantee_any;
    const size_t row = (size_t)at * s->kind_count;
    for (uint32_t k = 0; k < s->kind_count; k++) {
        s->guarantee[row + k] = terms->guarantee[k];
        s->limit[row + k] = terms->limit[k];
        a->guaranteed += terms->guarantee[k];
    }
    if (at > 0) {
        s->accounts[a->parent].child_count++;
    }
    return LS_OK;
}

// Children of each account side by side, in their order.
static void list_children(ls_shares *s) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        s->accounts[i].child_at = at;
        at += s->accounts[i].child_count;
        s->accounts[i].child_count = 0;
    }
    for (uint32_t i = 1; i < s->count; i++) {
        account *parent = s->accounts + s->accounts[i].parent;
        s->children[parent->child_at + parent->child_count++] = i;
    }
}

ls_status ls_shares_create(const ls_share_terms *terms, uint32_t count, uint32_t kind_count,
                           ls_shares **out, ls_error *err) {
    assert(count > 0 && kind_count <= LS_POOL_KINDS_MAX);
    *out = NULL;
    ls_shares *s = ls_alloc(sizeof *s);
    if (s == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    const size_t cells = (size_t)count * (kind_count > 0 ? kind_count : 1);
    s->count = count;
    s->kind_count = kind_count;
    s->accounts = ls_alloc(count * sizeof *s->accounts);
    s->children = ls_alloc(count * sizeof *s->children);
    s->held = ls_alloc(cells * sizeof *s->held);
    s->guarantee = ls_alloc(cells * sizeof *s->guarantee);
    s->limit = ls_alloc(cells * sizeof *s->limit);
    s->leaving = ls_alloc(cells * sizeof *s->leaving);
    ls_status status = LS_OK;
    if (s->accounts == NULL || s->children == NULL || s->held == NULL || s->guarantee == NULL ||
        s->limit == NULL || s->leaving == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        status = take_terms(s, i, terms + i, err);
    }
    if (status != LS_OK) {
        ls_shares_destroy(s);
        return status;
    }
    list_children(s);
    *out = s;
    return LS_OK;
}

void ls_shares_destroy(ls_shares *shares) {
    if (shares != NULL) {
        ls_free(shares->accounts);
        ls_free(shares->children);
        ls_free(shares->held);
        ls_free(shares->guarantee);
        ls_free(shares->limit);
        ls_free(shares->leaving);
        ls_free(shares);
    }
}

static uint64_t over(uint64_t held, uint64_t guarantee) {
    return held > guarantee ? held - guarantee : 0;
}

// Adds `milli` to (or, with `less`, takes it from) what the account and all above it hold.
static void change_held(ls_shares *shares, uint32_t at, uint32_t kind, uint64_t milli, bool less) {
    if (milli == 0) {
        return;
    }
    assert(at < shares->count && kind < shares->kind_count);
    for (; at != LS_POOL_NONE; at = shares->accounts[at].parent) {
        account *a = shares->accounts + at;
        const size_t cell = (size_t)at * shares->kind_count + kind;
        assert(!less || (shares->held[cell] >= milli && a->held >= milli));
        a->uncovered -= over(shares->held[cell], shares->guarantee[cell]);
        shares->held[cell] = less ? shares->held[cell] - milli : shares->held[cell] + milli;
        a->uncovered += over(shares->held[cell], shares->guarantee[cell]);
        a->held = less ? a->held - milli : a->held + milli;
    }
}

void ls_shares_add(ls_shares *shares, uint32_t at, uint32_t kind, uint64_t milli) {
    change_held(shares, at, kind, milli, false);
}

void ls_shares_remove(ls_shares *shares, uint32_t at, uint32_t kind, uint64_t milli) {
    change_held(shares, at, kind, milli, true);
}

static void change_leaving(ls_shares *shares, uint32_t at, uint32_t kind, uint64_t milli,
                           bool less) {
    for (; milli > 0 && at != LS_POOL_NONE; at = shares->accounts[at].parent) {
        account *a = shares->accounts + at;
        uint64_t *of_kind = shares->leaving + (size_t)at * shares->kind_count + kind;
        assert(!less || (*of_kind >= milli && a->leaving >= milli));
        *of_kind = less ? *of_kind - milli : *of_kind + milli;
        a->leaving = less ? a->leaving - milli : a->leaving + milli;
    }
}

void ls_shares_leave(ls_shares *shares, uint32_t at, uint32_t kind, uint64_t milli) {
    ls_shares_remove(shares, at, kind, milli);
    change_leaving(shares, at, kind, milli, false);
}

void ls_shares_gone(ls_shares *shares, uint32_t at, uint32_t kind, uint64_t milli) {
    change_leaving(shares, at, kind, milli, true);
}

uint64_t ls_shares_held(const ls_shares *shares, uint32_t at) {
    return shares->accounts[at].held;
}

uint64_t ls_shares_held_kind(const ls_shares *shares, uint32_t at, uint32_t kind) {
    return shares->held[(size_t)at * shares->kind_count + kind];
}

uint64_t ls_shares_borrowed(const ls_shares *shares, uint32_t at) {
    return over(shares->accounts[at].uncovered, shares->accounts[at].guarantee_any);
}

uint64_t ls_shares_borrowed_with(const ls_shares *shares, uint32_t at, uint32_t kind,
                                 uint64_t milli) {
    const account *a = shares->accounts + at;
    if (milli == 0) {
        return over(a->uncovered, a->guarantee_any);
    }
    const size_t cell = (size_t)at * shares->kind_count + kind;
    const uint64_t more = over(shares->held[cell] + milli, shares->guarantee[cell]) -
                          over(shares->held[cell], shares->guarantee[cell]);
    return over(a->uncovered + more, a->guarantee_any);
}

uint64_t ls_shares_room(const ls_shares *shares, uint32_t at, uint32_t kind) {
    const account *a = shares->accounts + at;
    const size_t cell = (size_t)at * shares->kind_count + kind;
    return a->uncovered > a->guarantee_any ? 0
                                           : a->guarantee_any - a->uncovered +
                                                 over(shares->guarantee[cell], shares->held[cell]);
}

double ls_shares_above(const ls_shares *shares, uint32_t giver, uint32_t taker, uint32_t kind,
                       uint64_t milli) {
    const double with = (double)(ls_shares_borrowed_with(shares, taker, kind, milli) + milli);
    return (double)ls_shares_borrowed(shares, giver) -
           shares->accounts[giver].weight * (with / shares->accounts[taker].weight);
}

double ls_shares_weight(const ls_shares *shares, uint32_t at) {
    return shares->accounts[at].weight;
}

// The guarantee has room for one more of some of these kinds.
static bool has_room(const ls_shares *shares, uint32_t at, uint32_t kinds) {
    const account *a = shares->accounts + at;
    if (a->uncovered < a->guarantee_any) {
        return kinds != 0;
    }
    const size_t row = (size_t)at * shares->kind_count;
    for (uint32_t k = 0; k < shares->kind_count; k++) {
        if (((kinds >> k) & 1) != 0 && shares->held[row + k] < shares->guarantee[row + k]) {
            return true;
        }
    }
    return false;
}

double ls_shares_rank(const ls_shares *shares, uint32_t at, uint32_t kinds) {
    const account *a = shares->accounts + at;
    const uint64_t borrowed = over(a->uncovered, a->guarantee_any);
    if (has_room(shares, at, kinds)) {
        return (double)(a->held - borrowed) / (double)a->guaranteed;
    }
    return 1.0 + (double)borrowed / (LS_POOL_WHOLE * a->weight);
}

static uint32_t limited(const ls_shares *shares, uint32_t at, uint32_t kind, uint64_t milli,
                        bool later) {
    if (milli == 0) {
        return LS_POOL_NONE;
    }
    for (; at != LS_POOL_NONE; at = shares->accounts[at].parent) {
        const account *a = shares->accounts + at;
        const size_t cell = (size_t)at * shares->kind_count + kind;
        const uint64_t limit = shares->limit[cell];
        const uint64_t here = shares->held[cell] + (later ? 0 : shares->leaving[cell]) + milli;
        const uint64_t all = a->held + (later ? 0 : a->leaving) + milli;
        if ((limit != UINT64_MAX && here > limit) ||
            (a->limit_any != UINT64_MAX && all > a->limit_any)) {
            return at;
        }
    }
    return LS_POOL_NONE;
}

uint32_t ls_shares_limited(const ls_shares *shares, uint32_t at, uint32_t kind, uint64_t milli) {
    return limited(shares, at, kind, milli, false);
}

uint32_t ls_shares_limited_later(const ls_shares *shares, uint32_t at, uint32_t kind,
                                 uint64_t milli) {
    return limited(shares, at, kind, milli, true);
}

uint64_t ls_shares_limit(const ls_shares *shares, uint32_t at, uint32_t kind) {
    return kind < shares->kind_count ? shares->limit[(size_t)at * shares->kind_count + kind]
                                     : shares->accounts[at].limit_any;
}

uint64_t ls_shares_counted(const ls_shares *shares, uint32_t at, uint32_t kind) {
    const size_t cell = (size_t)at * shares->kind_count + kind;
    return kind < shares->kind_count ? shares->held[cell] + shares->leaving[cell]
                                     : shares->accounts[at].held + shares->accounts[at].leaving;
}

bool ls_shares_never(const ls_shares *shares, uint32_t at, uint32_t kind, uint64_t milli) {
    for (; at != LS_POOL_NONE; at = shares->accounts[at].parent) {
        const size_t cell = (size_t)at * shares->kind_count + kind;
        if (milli > shares->limit[cell] || milli > shares->accounts[at].limit_any) {
            return true;
        }
    }
    return false;
}

uint32_t ls_shares_count(const ls_shares *shares) {
    return shares->count;
}

uint32_t ls_shares_parent(const ls_shares *shares, uint32_t at) {
    return shares->accounts[at].parent;
}

uint32_t ls_shares_depth(const ls_shares *shares, uint32_t at) {
    return shares->accounts[at].depth;
}

uint32_t ls_shares_children(const ls_shares *shares, uint32_t at) {
    return shares->accounts[at].child_count;
}

uint32_t ls_shares_child(const ls_shares *shares, uint32_t at, uint32_t i) {
    assert(i < shares->accounts[at].child_count);
    return shares->children[shares->accounts[at].child_at + i];
}

uint32_t ls_shares_meet(const ls_shares *shares, uint32_t a, uint32_t b) {
    while (a != b) {
        if (shares->accounts[a].depth >= shares->accounts[b].depth) {
            a = shares->accounts[a].parent;
        } else {
            b = shares->accounts[b].parent;
        }
    }
    return a;
}

uint32_t ls_shares_below(const ls_shares *shares, uint32_t above, uint32_t at) {
    assert(at != above);
    while (shares->accounts[at].parent != above) {
        at = shares->accounts[at].parent;
        assert(at != LS_POOL_NONE);
    }
    return at;
}
