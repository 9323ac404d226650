// waiting.c - see waiting.h.
#include "pool/waiting.h"

#include <assert.h>
#include <string.h>

#include "pool/waiting_inside.h"

static void fill(uint32_t *array, size_t count) {
    for (size_t i = 0; i < count; i++) {
        array[i] = LS_POOL_NONE;
    }
}

ls_status ls_waiting_create(const ls_shares *shares, uint32_t kind_count, ls_waiting **out,
                            ls_error *err) {
    *out = NULL;
    ls_waiting *w = ls_alloc(sizeof *w);
    if (w == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    w->shares = shares;
    w->accounts = ls_shares_count(shares);
    w->kind_count = kind_count;
    w->leaves = ls_alloc(w->accounts * sizeof *w->leaves);
    w->limited = ls_alloc(w->accounts * sizeof *w->limited);
    w->stopped = ls_alloc(w->accounts * sizeof *w->stopped);
    w->queued = ls_alloc(w->accounts * sizeof *w->queued);
    if (w->leaves == NULL || w->queued == NULL || w->limited == NULL || w->stopped == NULL) {
        ls_waiting_destroy(w);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    fill(w->leaves, w->accounts);
    fill(w->limited, w->accounts);
    fill(w->stopped, w->accounts);
    fill(w->class_hash, LS_WAITING_BUCKETS);
    fill(w->queue_hash, LS_WAITING_QUEUES);
    w->queue_free = LS_POOL_NONE;
    *out = w;
    return LS_OK;
}

void ls_waiting_destroy(ls_waiting *w) {
    if (w == NULL) {
        return;
    }
    for (uint32_t i = 0; i < w->queue_count; i++) {
        ls_free(w->queues[i].heap);
    }
    for (uint32_t i = 0; i < w->class_count; i++) {
        ls_free(w->classes[i].below);
    }
    ls_free(w->slots);
    ls_free(w->classes);
    ls_free(w->queues);
    ls_free(w->ready);
    ls_free(w->open);
    ls_free(w->kinds);
    ls_free(w->leaves);
    ls_free(w->limited);
    ls_free(w->stopped);
    ls_free(w->queued);
    ls_free(w);
}

// ---- a queue: a binary heap of slots

static bool goes_first(const ls_waiting *w, uint32_t a, uint32_t b) {
    const ls_waiting_slot *x = w->slots + a;
    const ls_waiting_slot *y = w->slots + b;
    if (x->priority != y->priority) {
        return x->priority > y->priority;
    }
    if (x->deadline_us != y->deadline_us) {
        return x->deadline_us < y->deadline_us;
    }
    if (x->submitted_us != y->submitted_us) {
        return x->submitted_us < y->submitted_us;
    }
    return x->number < y->number;
}

static void set_place(ls_waiting *w, ls_waiting_queue *q, uint32_t at, uint32_t slot) {
    q->heap[at] = slot;
    w->slots[slot].at = at;
}

static void rise(ls_waiting *w, ls_waiting_queue *q, uint32_t at, uint32_t slot) {
    while (at > 0 && goes_first(w, slot, q->heap[(at - 1) / 2])) {
        set_place(w, q, at, q->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    set_place(w, q, at, slot);
}

static void sink(ls_waiting *w, ls_waiting_queue *q, uint32_t at, uint32_t slot) {
    for (uint32_t child = 2 * at + 1; child < q->count; child = 2 * at + 1) {
        child += child + 1 < q->count && goes_first(w, q->heap[child + 1], q->heap[child]);
        if (!goes_first(w, q->heap[child], slot)) {
            break;
        }
        set_place(w, q, at, q->heap[child]);
        at = child;
    }
    set_place(w, q, at, slot);
}

// ---- jobs come and go

// The first job comes into the queue, or the last one is gone; or a limit is met, or no longer.
static void changed(ls_waiting *w, uint32_t index, bool on) {
    const ls_waiting_queue *q = w->queues + index;
    if (q->limited_by == LS_POOL_NONE) {
        ls_waiting_queue_ready(w, index, on);
    } else if (q->limited_by != q->account) {
        ls_waiting_list(w, w->stopped + q->account, index, on);
    }
}

ls_status ls_waiting_put(ls_waiting *w, uint32_t slot, const ls_waiting_job *job, ls_error *err) {
    assert(job->account < w->accounts && !ls_waiting_has(w, slot));
    const uint32_t had = w->slot_room;
    if (!ls_grow(&w->slots, &w->slot_room, sizeof *w->slots, slot + 1)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = had; i < w->slot_room; i++) {
        w->slots[i].queue = LS_POOL_NONE;
    }
    const uint32_t class = ls_waiting_class_get(w, job);
    const uint32_t index = class == LS_POOL_NONE ? LS_POOL_NONE
                                                 : ls_waiting_queue_get(w, job->account, class);
    ls_waiting_queue *q = index == LS_POOL_NONE ? NULL : w->queues + index;
    if (q == NULL || !ls_grow(&q->heap, &q->room, sizeof *q->heap, q->count + 1)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    w->slots[slot] = (ls_waiting_slot){
        .queue = index,
        .priority = job->priority,
        .deadline_us = job->deadline_us != 0 ? job->deadline_us : INT64_MAX,
        .submitted_us = job->submitted_us,
        .number = job->number};
    q->count++;
    rise(w, q, q->count - 1, slot);
    if (w->classes[class].jobs++ == 0) {  // nobody has looked for a place for it of late
        ls_bit_set(w->open, class, true);
    }
    w->count++;
    if (q->count == 1) {
        changed(w, index, true);
    }
    return LS_OK;
}

void ls_waiting_take(ls_waiting *w, uint32_t slot) {
    assert(ls_waiting_has(w, slot) && !w->slots[slot].passed);
    const uint32_t index = w->slots[slot].queue;
    ls_waiting_queue *q = w->queues + index;
    const uint32_t at = w->slots[slot].at;
    q->count--;
    const uint32_t last = q->heap[q->count];
    if (last != slot) {
        if (at > 0 && goes_first(w, last, q->heap[(at - 1) / 2])) {
            rise(w, q, at, last);
        } else {
            sink(w, q, at, last);
        }
    }
    w->slots[slot].queue = LS_POOL_NONE;
    q->aside -= w->slots[slot].aside;
    w->classes[q->class].jobs--;
    w->count--;
    if (q->count == 0) {
        changed(w, index, false);
    }
}

bool ls_waiting_has(const ls_waiting *w, uint32_t slot) {
    return slot < w->slot_room && w->slots[slot].queue != LS_POOL_NONE;
}

uint64_t ls_waiting_count(const ls_waiting *w) {
    return w->count;
}

// ---- whose turn it is

// Kinds that what waits below the account, in a class of `among`, could use; *out_any: anything
// waits there at all.
static uint32_t kinds_below(const ls_waiting *w, uint32_t account, const uint64_t *among,
                            bool *out_any) {
    const uint64_t *ready = ls_waiting_ready(w, account);
    uint32_t kinds = 0;
    uint64_t any = 0;
    for (uint32_t i = 0; i < w->words; i++) {
        const uint64_t here = ready[i] & (among != NULL ? among[i] : UINT64_MAX);
        if (here == 0) {
            continue;
        }
        any |= here;
        for (uint32_t k = 0; k < w->kind_count; k++) {
            kinds |= (uint32_t)((w->kinds[(size_t)k * w->words + i] & here) != 0) << k;
        }
    }
    *out_any = any != 0;
    return kinds;
}

// The first of those from this place of the heap down that have a turn, if it goes before `best`.
static uint32_t first_turn(const ls_waiting *w, const ls_waiting_queue *q, uint32_t at,
                           uint32_t best) {
    if (at >= q->count) {
        return best;
    }
    const uint32_t slot = q->heap[at];
    if (!w->slots[slot].passed) {
        return best == LS_POOL_NONE || goes_first(w, slot, best) ? slot : best;
    }
    return first_turn(w, q, 2 * at + 2, first_turn(w, q, 2 * at + 1, best));
}

// The first job of a leaf, in a class of `among`: mostly few are open.
static uint32_t first_among(const ls_waiting *w, uint32_t leaf, const uint64_t *among) {
    const uint64_t *ready = ls_waiting_ready(w, leaf);
    uint32_t best = LS_POOL_NONE;
    for (uint32_t i = 0; i < w->words; i++) {
        for (uint64_t bits = ready[i] & among[i]; bits != 0; bits &= bits - 1) {
            const uint32_t class = i * 64 + (uint32_t)__builtin_ctzll(bits);
            const ls_waiting_queue *q = w->queues + ls_waiting_queue_find(w, leaf, class);
            best = first_turn(w, q, 0, best);
        }
    }
    return best;
}

static uint32_t first_of_leaf(const ls_waiting *w, uint32_t leaf) {
    uint32_t best = LS_POOL_NONE;
    for (uint32_t i = w->leaves[leaf]; i != LS_POOL_NONE; i = w->queues[i].next_ready) {
        const ls_waiting_queue *q = w->queues + i;
        if (best == LS_POOL_NONE || goes_first(w, q->heap[0], best)) {
            best = q->heap[0];
        }
    }
    return best;
}

static uint32_t first_below(const ls_waiting *w, uint32_t account, const uint64_t *among) {
    bool any = w->queued[account] > 0;
    if (any) {
        kinds_below(w, account, among, &any);
    }
    if (!any) {
        return LS_POOL_NONE;
    }
    while (ls_shares_children(w->shares, account) > 0) {
        uint32_t best = LS_POOL_NONE;
        double least = 0.0;
        for (uint32_t i = 0; i < ls_shares_children(w->shares, account); i++) {
            const uint32_t child = ls_shares_child(w->shares, account, i);
            any = w->queued[child] > 0;
            const uint32_t kinds = any ? kinds_below(w, child, among, &any) : 0;
            if (!any) {
                continue;
            }
            const double rank = ls_shares_rank(w->shares, child, kinds);
            if (best == LS_POOL_NONE || rank < least) {
                best = child;
                least = rank;
            }
        }
        assert(best != LS_POOL_NONE);
        account = best;
    }
    return among != NULL ? first_among(w, account, among) : first_of_leaf(w, account);
}

// The same where some are passed: a child that has nobody else is passed as well.
static uint32_t first_left(const ls_waiting *w, uint32_t account) {
    const uint32_t children = ls_shares_children(w->shares, account);
    if (children == 0) {
        return first_among(w, account, w->open);
    }
    uint32_t last = 0, first = LS_POOL_NONE;  // last: of those that were asked
    double least = -1.0;
    for (uint32_t asked = 0; asked < children && first == LS_POOL_NONE; asked++) {
        uint32_t best = LS_POOL_NONE;
        double rank_of_best = 0.0;
        for (uint32_t i = 0; i < children; i++) {
            const uint32_t child = ls_shares_child(w->shares, account, i);
            bool any = w->queued[child] > 0;
            const uint32_t kinds = any ? kinds_below(w, child, w->open, &any) : 0;
            const double rank = any ? ls_shares_rank(w->shares, child, kinds) : 0.0;
            const bool was = asked > 0 && (rank < least || (rank <= least && i <= last));
            if (any && !was && (best == LS_POOL_NONE || rank < rank_of_best)) {
                best = i;
                rank_of_best = rank;
            }
        }
        if (best == LS_POOL_NONE) {
            break;
        }
        last = best;
        least = rank_of_best;
        first = first_left(w, ls_shares_child(w->shares, account, best));
    }
    return first;
}

uint32_t ls_waiting_next(const ls_waiting *w) {
    return w->passed > 0 ? first_left(w, 0) : first_below(w, 0, w->open);
}

bool ls_waiting_is_passed(const ls_waiting *w, uint32_t slot) {
    return ls_waiting_has(w, slot) && w->slots[slot].passed;
}

void ls_waiting_pass(ls_waiting *w, uint32_t slot, bool passed) {
    assert(ls_waiting_has(w, slot) && w->slots[slot].passed != passed);
    w->slots[slot].passed = passed;
    w->passed += passed ? 1 : UINT64_MAX;
}

uint32_t ls_waiting_first(const ls_waiting *w, uint32_t account) {
    return first_below(w, account, NULL);
}

bool ls_waiting_any(const ls_waiting *w, uint32_t account) {
    return w->queued[account] > 0;
}

bool ls_waiting_stopped(const ls_waiting *w, uint32_t leaf) {
    return w->stopped[leaf] != LS_POOL_NONE;
}

void ls_waiting_set_aside(ls_waiting *w, uint32_t slot, bool aside) {
    assert(ls_waiting_has(w, slot) && w->slots[slot].aside != aside);
    w->slots[slot].aside = aside;
    w->queues[w->slots[slot].queue].aside += aside ? 1 : UINT32_MAX;
}

// The first of those from this place of the heap down that are not set aside, if it goes before
// `best`. Who is not set aside goes before all below.
static uint32_t first_from(const ls_waiting *w, const ls_waiting_queue *q, uint32_t at,
                           uint32_t best) {
    if (at >= q->count) {
        return best;
    }
    const uint32_t slot = q->heap[at];
    if (!w->slots[slot].aside) {
        return best == LS_POOL_NONE || goes_first(w, slot, best) ? slot : best;
    }
    return first_from(w, q, 2 * at + 2, first_from(w, q, 2 * at + 1, best));
}

// LS_POOL_NONE: all are set aside.
static uint32_t head_of(const ls_waiting *w, const ls_waiting_queue *q) {
    if (q->aside == 0) {
        return q->heap[0];
    }
    return q->aside < q->count ? first_from(w, q, 0, LS_POOL_NONE) : LS_POOL_NONE;
}

// Adds the heads of a list of queues to those that are there.
static uint32_t add_heads(const ls_waiting *w, uint32_t first, uint32_t *out, uint32_t count,
                          uint32_t most) {
    for (uint32_t i = first; i != LS_POOL_NONE; i = w->queues[i].next_ready) {
        const uint32_t head = head_of(w, w->queues + i);
        if (head == LS_POOL_NONE) {
            continue;
        }
        uint32_t at = count < most ? count++ : most;
        for (; at > 0 && (at == most || goes_first(w, head, out[at - 1])); at--) {
            if (at == most && !goes_first(w, head, out[at - 1])) {
                break;
            }
            if (at < most) {
                out[at] = out[at - 1];
            }
        }
        if (at < most) {
            out[at] = head;
        }
    }
    return count;
}

uint32_t ls_waiting_heads(const ls_waiting *w, uint32_t leaf, uint32_t *out, uint32_t most) {
    const uint32_t count = add_heads(w, w->leaves[leaf], out, 0, most);
    return add_heads(w, w->stopped[leaf], out, count, most);
}

bool ls_waiting_some(const ls_waiting *w, uint32_t leaf, uint64_t most_milli,
                     bool (*is)(const void *context, uint32_t slot), const void *context) {
    const uint32_t firsts[] = {w->leaves[leaf], w->stopped[leaf]};
    for (uint32_t k = 0; k < 2; k++) {
        for (uint32_t i = firsts[k]; i != LS_POOL_NONE; i = w->queues[i].next_ready) {
            const uint32_t head = w->queues[i].milli <= most_milli ? head_of(w, w->queues + i)
                                                                   : LS_POOL_NONE;
            if (head != LS_POOL_NONE && is(context, head)) {
                return true;
            }
        }
    }
    return false;
}

// ---- who has to wait for what

void ls_waiting_close(ls_waiting *w, uint32_t slot) {
    ls_bit_set(w->open, w->queues[w->slots[slot].queue].class, false);
}

void ls_waiting_close_shape(ls_waiting *w, uint32_t slot) {
    const ls_waiting_class *closed = w->classes + w->queues[w->slots[slot].queue].class;
    for (uint32_t i = 0; i < w->class_count; i++) {
        if (ls_waiting_shape_is(&w->classes[i].shape, &closed->shape)) {
            ls_bit_set(w->open, i, false);
        }
    }
}

void ls_waiting_open(ls_waiting *w, bool (*might)(const void *context, const ls_shape *shape),
                     const void *context) {
    for (uint32_t i = 0; i < w->class_count; i++) {
        const ls_waiting_class *c = w->classes + i;
        if (c->jobs > 0 && !ls_bit(w->open, i) && (might == NULL || might(context, &c->shape))) {
            ls_bit_set(w->open, i, true);
        }
    }
}

void ls_waiting_limit(ls_waiting *w, uint32_t slot, uint32_t account) {
    const uint32_t index = w->slots[slot].queue;
    ls_waiting_queue *q = w->queues + index;
    assert(q->limited_by == LS_POOL_NONE);
    changed(w, index, false);
    q->limited_by = account;
    changed(w, index, true);
    q->next_limited = w->limited[account];
    w->limited[account] = index;
}

void ls_waiting_fell(ls_waiting *w, uint32_t account) {
    for (; account != LS_POOL_NONE; account = ls_shares_parent(w->shares, account)) {
        while (w->limited[account] != LS_POOL_NONE) {
            const uint32_t index = w->limited[account];
            ls_waiting_queue *q = w->queues + index;
            w->limited[account] = q->next_limited;
            if (q->count > 0) {
                changed(w, index, false);
            }
            q->limited_by = LS_POOL_NONE;
            if (q->count > 0) {
                changed(w, index, true);
            }
        }
    }
}

void ls_waiting_each(const ls_waiting *w, void (*visit)(void *context, uint32_t slot),
                     void *context) {
    for (uint32_t i = 0; i < w->queue_count; i++) {
        for (uint32_t k = 0; k < w->queues[i].count; k++) {
            visit(context, w->queues[i].heap[k]);
        }
    }
}
