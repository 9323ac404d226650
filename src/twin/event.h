// event.h - when is the next event: a winner tree over the static sources, a heap for the lots'
// own.
//
// Every source has one pending time at most. Its key is (time << source_bits) | source, so that the
// smallest key is the next event and ties go by the source's number, the order of the file. A
// change costs log2(sources) conditional moves. All lots under way are one more source, the last: a
// heap ordered by (time, serial of the lot).
#pragma once

#include "twin/context.h"

LS_HOT void ls_source_set_key(ls_ctx *c, ls_u32 source, ls_u64 key) {
    ls_u64 *const tree = c->tree;
    ls_u32 n = c->m->leaves + source;
    tree[n] = key;
    while (n > 1) {
        const ls_u64 sibling = tree[n ^ 1];
        key = sibling < key ? sibling : key;
        n >>= 1;
        if (tree[n] == key) {
            return;
        }
        tree[n] = key;
    }
}

LS_HOT void ls_source_set(ls_ctx *c, ls_u32 source, ls_i64 time) {
    ls_u64 key = ~(ls_u64)0;
    if (LS_LIKELY(time < c->m->horizon)) {
        key = ((ls_u64)time << c->m->source_bits) | source;
    }
    ls_source_set_key(c, source, key);
}

// Only the leaf; ls_tree_rebuild must follow before the next event. For changing very many at once.
LS_FN void ls_source_put(ls_ctx *c, ls_u32 source, ls_i64 time) {
    const ls_u64 key = time < c->m->horizon ? ((ls_u64)time << c->m->source_bits) | source
                                            : ~(ls_u64)0;
    c->tree[c->m->leaves + source] = key;
}

LS_FN void ls_tree_rebuild(ls_ctx *c) {
    ls_u64 *const tree = c->tree;
    for (ls_u32 n = c->m->leaves - 1; n > 0; n--) {
        const ls_u64 a = tree[2 * n];
        const ls_u64 b = tree[2 * n + 1];
        tree[n] = a < b ? a : b;
    }
}

LS_FN int ls_source_is_set(const ls_ctx *c, ls_u32 source) {
    return c->tree[c->m->leaves + source] != ~(ls_u64)0;
}

LS_FN int ls_heap_before(const ls_heap_item *a, const ls_heap_item *b) {
    return a->time < b->time || (a->time == b->time && a->serial < b->serial);
}

LS_FN void ls_heap_put(ls_ctx *c, ls_u32 at, ls_heap_item item) {
    c->heap[at] = item;
    c->lot[item.lot].heap = at + 1;
}

// Four children to a parent: they share a cache line, and a heap is half as deep.
LS_FN void ls_heap_up(ls_ctx *c, ls_u32 at, ls_heap_item item) {
    while (at > 0) {
        const ls_u32 parent = (at - 1) >> 2;
        if (!ls_heap_before(&item, c->heap + parent)) {
            break;
        }
        ls_heap_put(c, at, c->heap[parent]);
        at = parent;
    }
    ls_heap_put(c, at, item);
}

LS_FN void ls_heap_down(ls_ctx *c, ls_u32 at, ls_heap_item item) {
    const ls_u32 count = c->s->heap_count;
    for (;;) {
        const ls_u32 first = 4 * at + 1;
        if (first >= count) {
            break;
        }
        const ls_u32 end = first + 4 < count ? first + 4 : count;
        ls_u32 least = first;
        for (ls_u32 child = first + 1; child < end; child++) {
            least = ls_heap_before(c->heap + child, c->heap + least) ? child : least;
        }
        if (!ls_heap_before(c->heap + least, &item)) {
            break;
        }
        ls_heap_put(c, at, c->heap[least]);
        at = least;
    }
    ls_heap_put(c, at, item);
}

LS_FN void ls_heap_top_changed(ls_ctx *c) {
    ls_source_set(c, c->m->source_dynamic, c->s->heap_count > 0 ? c->heap[0].time : LS_NEVER);
}

LS_FN void ls_lot_event_set(ls_ctx *c, ls_u32 lot, ls_i64 time) {
    ls_heap_item item;
    LS_EXPECT(c, c->lot[lot].heap == 0);
    if (time >= c->m->horizon) {
        return;  // out of reach
    }
    item.time = time;
    item.serial = c->lot[lot].serial;
    item.lot = lot;
    ls_heap_up(c, c->s->heap_count++, item);
    if (c->lot[lot].heap == 1) {
        ls_heap_top_changed(c);
    }
}

LS_FN void ls_lot_event_clear(ls_ctx *c, ls_u32 lot) {
    const ls_u32 at = c->lot[lot].heap;
    if (at == 0) {
        return;
    }
    c->lot[lot].heap = 0;
    const ls_heap_item last = c->heap[--c->s->heap_count];
    if (last.lot != lot) {
        if (at > 1 && ls_heap_before(&last, c->heap + ((at - 2) >> 2))) {
            ls_heap_up(c, at - 1, last);
        } else {
            ls_heap_down(c, at - 1, last);
        }
    }
    if (at == 1) {
        ls_heap_top_changed(c);
    }
}
