// shares.h - who holds how much of a pool: the account tree and its books.
//
// Every account has a guarantee, a limit and a weight. GPUs are counted in thousandths, by kind. A
// guarantee may be of a kind or of any kind: what an account holds of a kind is covered by the
// guarantee of that kind first, what is left over of all kinds by the guarantee of any kind; what
// then is not covered is *borrowed*:
//
//     uncovered = sum over kinds of max(0, held(kind) - guarantee(kind))
//     borrowed  = max(0, uncovered - guarantee(any))
//     covered   = sum over kinds of held(kind) - borrowed
//
// An account's held GPUs count in all accounts above it. The top (account 0) is the pool itself: it
// guarantees nothing and has no limit.
//
// Fair shares are hierarchical max-min with guarantees (progressive filling, Bertsekas and
// Gallager, "Data Networks", 6.5.2, at every node of the tree): among the children of an account
// the next GPUs go to the one with the least *rank*. While its guarantee has room for what it wants
// the rank is what of that is covered over what it is guaranteed in all, below 1; otherwise
// 1 + borrowed / weight, weights in GPUs. So guarantees are filled first, evenly, and what is left
// goes by weight.
#pragma once

#include "pool/cluster.h"

// What an account is promised. Kinds are those of the cluster; `guarantee` and `limit` have
// kind_count + 1 entries each, the last for GPUs of any kind, in thousandths.
typedef struct ls_share_terms {
    uint32_t parent;  // an account before this one; ignored for account 0
    double weight;    // above 0
    const uint64_t *guarantee;
    const uint64_t *limit;  // UINT64_MAX: none
} ls_share_terms;

typedef struct ls_shares ls_shares;

// terms[0] is the top. Fails with LS_ERR_INVALID (a parent that does not stand before, a weight
// that is not above 0) or LS_ERR_MEMORY.
ls_status ls_shares_create(const ls_share_terms *terms, uint32_t count, uint32_t kind_count,
                           ls_shares **out, ls_error *err);
void ls_shares_destroy(ls_shares *shares);  // NULL is fine

// `account` and all above it hold so much more or less of the kind. O(depth).
void ls_shares_add(ls_shares *shares, uint32_t account, uint32_t kind, uint64_t milli);
void ls_shares_remove(ls_shares *shares, uint32_t account, uint32_t kind, uint64_t milli);

// What it holds of this is on its way out: it counts for limits alone, until it is gone.
void ls_shares_leave(ls_shares *shares, uint32_t account, uint32_t kind, uint64_t milli);
void ls_shares_gone(ls_shares *shares, uint32_t account, uint32_t kind, uint64_t milli);

uint64_t ls_shares_held(const ls_shares *shares, uint32_t account);
uint64_t ls_shares_held_kind(const ls_shares *shares, uint32_t account, uint32_t kind);
uint64_t ls_shares_borrowed(const ls_shares *shares, uint32_t account);
// `kinds`: bits of the kinds that the account could use now; below 1 only when a guarantee has room
// for one of them.
double ls_shares_rank(const ls_shares *shares, uint32_t account, uint32_t kinds);
// What `account` would borrow with so much more of the kind.
uint64_t ls_shares_borrowed_with(const ls_shares *shares, uint32_t account, uint32_t kind,
                                 uint64_t milli);
// How much more of the kind it could hold and borrow nothing.
uint64_t ls_shares_room(const ls_shares *shares, uint32_t account, uint32_t kind);
// What a job below `giver` may hold so that, once it is gone, `giver` still borrows by weight at
// least a gang more than `taker`, beside it, with a gang of so much more of the kind. At most 0:
// nothing.
double ls_shares_above(const ls_shares *shares, uint32_t giver, uint32_t taker, uint32_t kind,
                       uint64_t milli);
double ls_shares_weight(const ls_shares *shares, uint32_t account);

// The first account, from this one up, whose limit so much more of the kind would break;
// LS_POOL_NONE: none.
uint32_t ls_shares_limited(const ls_shares *shares, uint32_t account, uint32_t kind,
                           uint64_t milli);

// The same when all that is on its way out is gone.
uint32_t ls_shares_limited_later(const ls_shares *shares, uint32_t account, uint32_t kind,
                                 uint64_t milli);
// The limit of the kind, or of all kinds together (kind_count); UINT64_MAX: none.
uint64_t ls_shares_limit(const ls_shares *shares, uint32_t account, uint32_t kind);
// What counts for that limit: what is held, and what is on its way out.
uint64_t ls_shares_counted(const ls_shares *shares, uint32_t account, uint32_t kind);

// So much of the kind is more than the limit of the account or of one above it allows at all.
bool ls_shares_never(const ls_shares *shares, uint32_t account, uint32_t kind, uint64_t milli);

uint32_t ls_shares_count(const ls_shares *shares);
uint32_t ls_shares_parent(const ls_shares *shares, uint32_t account);
uint32_t ls_shares_depth(const ls_shares *shares, uint32_t account);  // of the top: 0
uint32_t ls_shares_children(const ls_shares *shares, uint32_t account);
uint32_t ls_shares_child(const ls_shares *shares, uint32_t account, uint32_t i);  // in file order
// The lowest account above both, or one of them.
uint32_t ls_shares_meet(const ls_shares *shares, uint32_t a, uint32_t b);
// The account below `above` that is `account` or above it.
uint32_t ls_shares_below(const ls_shares *shares, uint32_t above, uint32_t account);
