// state_check.c - what must hold of a state between events: indexes in range, every lot in exactly
// one place, conservation (released = done + scrapped + lost + inside), heap and lists in order.
//
// Used on snapshots from files (a damaged one must not crash the engine) and at every event in
// tests.
#include <string.h>

#include "twin/context.h"
#include "twin/state_check.h"
#include "twin/twin.h"

typedef struct walk {
    const ls_twin *twin;
    const ls_ctx *c;
    unsigned char *seen;  // per lot: found in a list
    ls_error *err;
    ls_status status;
} walk;

#define WALK_EXPECT(w, fact, ...)                                         \
    do {                                                                  \
        if ((w)->status == LS_OK && !(fact)) {                            \
            (w)->status = ls_fail((w)->err, LS_ERR_INVALID, __VA_ARGS__); \
        }                                                                 \
    } while (0)

static int lot_ok(walk *w, ls_u32 lot, const char *where) {
    WALK_EXPECT(w, lot < w->c->s->lot_used, "damaged state: lot %u of %s does not exist", lot,
                where);
    if (w->status == LS_OK) {
        WALK_EXPECT(w, w->seen[lot] == 0, "damaged state: lot %u stands in two places, one is %s",
                    lot, where);
    }
    if (w->status == LS_OK) {
        w->seen[lot] = 1;
    }
    return w->status == LS_OK;
}

// The next of a list; its end as soon as something was wrong.
static ls_u32 next_of(const walk *w, ls_u32 lot) {
    return w->status == LS_OK ? w->c->lot[lot].next : LS_NO;
}
static ls_u32 other_of(const walk *w, ls_u32 lot) {
    return w->status == LS_OK ? w->c->lot[lot].other : LS_NO;
}

static void check_head(walk *w) {
    const ls_model *m = w->c->m;
    const ls_state *s = w->c->s;
    WALK_EXPECT(w, s->lot_used <= m->lots, "damaged state: %u lots used of %u", s->lot_used,
                m->lots);
    WALK_EXPECT(w, s->heap_count <= (m->dynamic != 0 ? m->lots : 0),
                "damaged state: %u events of lots", s->heap_count);
    for (ls_u32 i = 0; i < m->stations; i++) {
        WALK_EXPECT(w, w->c->station[i].on_agenda == 0, "damaged state: agenda is not empty");
    }
    WALK_EXPECT(w, s->now >= 0 && s->now < m->horizon, "damaged state: time %lld us",
                (long long)s->now);
    WALK_EXPECT(w, s->operator_head <= m->machines && s->operator_tail <= m->machines,
                "damaged state: operators' list");
}

static void check_lots(walk *w) {
    const ls_ctx *c = w->c;
    for (ls_u32 i = 0; i < c->s->lot_used && w->status == LS_OK; i++) {
        const ls_lot *lot = c->lot + i;
        WALK_EXPECT(w, lot->where <= LS_LOT_POOL, "damaged state: lot %u is nowhere (%u)", i,
                    lot->where);
        if (lot->where != LS_LOT_FREE) {
            WALK_EXPECT(w, lot->step < c->m->steps && lot->release < c->m->releases,
                        "damaged state: lot %u at step %u of class %u", i, lot->step, lot->release);
            WALK_EXPECT(w, lot->heap <= c->s->heap_count, "damaged state: lot %u in the heap at %u",
                        i, lot->heap);
            const int in_machine = lot->where == LS_LOT_MACHINE || lot->where == LS_LOT_LAG ||
                                   lot->where == LS_LOT_LEFT;
            WALK_EXPECT(w, !in_machine || lot->machine < c->m->machines,
                        "damaged state: lot %u in machine %u", i, lot->machine);
            for (ls_u32 k = 0; k < c->m->memory_slots; k++) {
                WALK_EXPECT(w, c->memory[(ls_u64)i * c->m->memory_slots + k] <= 0xffff,
                            "damaged state: memory of lot %u", i);
            }
        }
    }
    ls_u32 left = c->s->lot_used + 1;
    for (ls_u32 at = c->s->lot_free; at != LS_NO && w->status == LS_OK; at = next_of(w, at)) {
        if (lot_ok(w, at, "the free list")) {
            WALK_EXPECT(w, c->lot[at].where == LS_LOT_FREE,
                        "damaged state: lot %u is free and is not", at);
        }
        WALK_EXPECT(w, left-- > 0, "damaged state: the free list has no end");
    }
}

static void check_queues(walk *w) {
    const ls_ctx *c = w->c;
    for (ls_u32 s = 0; s < c->m->stations && w->status == LS_OK; s++) {
        const ls_m_station *st = c->stations + s;
        ls_u32 waiting = 0;
        for (ls_u32 q = 0; q < st->queue_count && w->status == LS_OK; q++) {
            const ls_s_queue *queue = c->queue + st->queue_at + q;
            ls_u32 count = 0;
            ls_u32 before = LS_NO;
            for (ls_u32 at = queue->count > 0 ? queue->head : LS_NO;
                 at != LS_NO && w->status == LS_OK; at = next_of(w, at)) {
                if (lot_ok(w, at, "a queue")) {
                    const ls_lot *lot = c->lot + at;
                    WALK_EXPECT(w,
                                lot->where == LS_LOT_WAITING && lot->queue == st->queue_at + q &&
                                    lot->other == before,
                                "damaged state: lot %u waits wrongly", at);
                    WALK_EXPECT(w, c->steps[lot->step].station == s,
                                "damaged state: lot %u waits at another station", at);
                    before = at;
                    count++;
                }
            }
            WALK_EXPECT(w, count == queue->count && (count == 0 || queue->tail == before),
                        "damaged state: queue of %u lots counts %u", count, queue->count);
            const int bit = (int)((c->bits[st->word_at + q / 64] >> (q % 64)) & 1);
            WALK_EXPECT(w, bit == (count > 0), "damaged state: bit of a queue of station '%s'",
                        w->twin->stations[s]);
            waiting += count;
        }
        WALK_EXPECT(w, waiting == c->station[s].waiting,
                    "damaged state: station '%s' counts %u waiting lots, has %u",
                    w->twin->stations[s], c->station[s].waiting, waiting);
    }
}

static void check_machines(walk *w) {
    const ls_ctx *c = w->c;
    for (ls_u32 i = 0; i < c->m->machines && w->status == LS_OK; i++) {
        const ls_s_machine *mc = c->machine + i;
        const char *name = w->twin->machines[i];
        ls_u32 count = 0;
        WALK_EXPECT(
            w,
            mc->phase <= LS_PHASE_UNLOAD && mc->account < LS_STATE_COUNT && mc->step < c->m->steps,
            "damaged state: machine '%s'", name);
        WALK_EXPECT(w,
                    mc->mode <= c->machines[i].mode_count && mc->operator_pool <= c->m->pools &&
                        mc->next <= c->m->machines && mc->reserved <= c->m->stations,
                    "damaged state: machine '%s'", name);
        const ls_m_station *st = c->stations + c->machines[i].station;
        WALK_EXPECT(w, mc->setup <= st->setup_count && mc->setup_to <= st->setup_count,
                    "damaged state: setup of '%s'", name);
        WALK_EXPECT(
            w, c->machines[i].mode_count >= 32 || mc->pending >> c->machines[i].mode_count == 0,
            "damaged state: pending work of '%s'", name);
        for (ls_u32 at = mc->lots; at != LS_NO && w->status == LS_OK; at = next_of(w, at)) {
            if (lot_ok(w, at, "a machine")) {
                WALK_EXPECT(w, c->lot[at].where == LS_LOT_MACHINE && c->lot[at].machine == i,
                            "damaged state: lot %u in '%s'", at, name);
                count++;
            }
        }
        WALK_EXPECT(w, count == mc->lot_count, "damaged state: machine '%s' counts %u lots, has %u",
                    name, mc->lot_count, count);
        for (ls_u32 at = mc->lag_head; at != LS_NO && w->status == LS_OK; at = next_of(w, at)) {
            if (lot_ok(w, at, "a cascade")) {
                WALK_EXPECT(w, c->lot[at].where == LS_LOT_LAG && c->lot[at].machine == i,
                            "damaged state: lot %u behind '%s'", at, name);
            }
        }
    }
}

static void check_heap(walk *w) {
    const ls_ctx *c = w->c;
    for (ls_u32 i = 0; i < c->s->heap_count && w->status == LS_OK; i++) {
        const ls_heap_item *item = c->heap + i;
        WALK_EXPECT(w, item->lot < c->s->lot_used, "damaged state: event of lot %u", item->lot);
        if (w->status == LS_OK) {
            WALK_EXPECT(w,
                        c->lot[item->lot].heap == i + 1 && c->lot[item->lot].serial == item->serial,
                        "damaged state: event of lot %u", item->lot);
            const ls_u32 where = c->lot[item->lot].where;
            WALK_EXPECT(w,
                        where == LS_LOT_TRANSIT || where == LS_LOT_LAG || where == LS_LOT_OUT ||
                            where == LS_LOT_WAITING || where == LS_LOT_POOL,
                        "damaged state: event of lot %u", item->lot);
            const ls_heap_item *parent = c->heap + (i > 0 ? (i - 1) / 4 : 0);
            WALK_EXPECT(w, parent->time <= item->time, "damaged state: heap out of order");
        }
    }
    for (ls_u32 n = c->m->leaves - 1; n >= 1 && w->status == LS_OK; n--) {
        const ls_u64 a = c->tree[2 * n];
        const ls_u64 b = c->tree[2 * n + 1];
        WALK_EXPECT(w, c->tree[n] == (a < b ? a : b), "damaged state: tree of events");
    }
    const ls_u64 mask = ((ls_u64)1 << c->m->source_bits) - 1;
    for (ls_u32 n = 0; n < c->m->leaves && w->status == LS_OK; n++) {
        const ls_u64 key = c->tree[c->m->leaves + n];
        WALK_EXPECT(w, key == ~(ls_u64)0 || ((key & mask) == n && n < c->m->sources),
                    "damaged state: source %u", n);
    }
}

// Lots in order pools: those in the list and no others, the first with the event.
static void check_pools(walk *w) {
    const ls_ctx *c = w->c;
    for (ls_u32 i = 0; i < c->m->releases && w->status == LS_OK; i++) {
        const ls_s_release *rs = c->release + i;
        ls_u32 count = 0;
        ls_u32 last = 0;
        for (ls_u32 at = rs->pool_head - 1; at != LS_NO && w->status == LS_OK;
             at = other_of(w, at)) {
            if (lot_ok(w, at, "an order pool")) {
                const ls_lot *lot = c->lot + at;
                const ls_i64 fires = lot->heap != 0 ? c->heap[lot->heap - 1].time : LS_NEVER;
                const ls_i64 due = rs->put_off < c->m->horizon ? rs->put_off : LS_NEVER;
                WALK_EXPECT(w,
                            lot->where == LS_LOT_POOL && lot->release == i &&
                                fires == (count == 0 ? due : LS_NEVER),
                            "damaged state: lot %u waits wrongly outside", at);
                last = at + 1;
                count++;
            }
        }
        WALK_EXPECT(w, count == rs->pooled && last == rs->pool_tail,
                    "damaged state: %u lots of '%s' in its order pool, it counts %u", count,
                    w->twin->classes[i], rs->pooled);
        WALK_EXPECT(w, c->releases[i].pool != 0 || (rs->pool_head == 0 && rs->put_off == 0),
                    "damaged state: class '%s' has no order pool", w->twin->classes[i]);
    }
}

static void check_blocked(walk *w) {
    const ls_ctx *c = w->c;
    ls_u32 left = c->s->lot_used + 1;
    for (ls_u32 s = 0; s < c->m->stations && w->status == LS_OK; s++) {
        for (ls_u32 at = c->station[s].blocked_head; at != LS_NO && w->status == LS_OK;
             at = other_of(w, at)) {
            WALK_EXPECT(w, at < c->s->lot_used && left-- > 0, "damaged state: list of the blocked");
            if (w->status == LS_OK) {
                const ls_u32 where = c->lot[at].where;
                WALK_EXPECT(
                    w, where == LS_LOT_MACHINE || where == LS_LOT_OUTSIDE || where == LS_LOT_LEFT,
                    "damaged state: lot %u is blocked and is not", at);
                w->seen[at] |= 1;
            }
        }
    }
    for (ls_u32 i = 0; i < c->m->releases && w->status == LS_OK; i++) {
        const ls_s_release *rs = c->release + i;
        ls_u64 inside = 0;
        for (ls_u32 k = 0; k < c->s->lot_used; k++) {
            inside += c->lot[k].where != LS_LOT_FREE && c->lot[k].release == i;
        }
        WALK_EXPECT(
            w, rs->released == rs->done + rs->scrapped + rs->lost + inside,
            "class '%s': %llu released, but %llu done, %llu scrapped, %llu lost, %llu inside",
            w->twin->classes[i], (unsigned long long)rs->released, (unsigned long long)rs->done,
            (unsigned long long)rs->scrapped, (unsigned long long)rs->lost,
            (unsigned long long)inside);
        WALK_EXPECT(w,
                    c->releases[i].kind != LS_RELEASE_TIMETABLE ||
                        c->releases[i].order_count == 0 ||
                        rs->next_order <= c->releases[i].order_at + c->releases[i].order_count,
                    "damaged state: orders of '%s'", w->twin->classes[i]);
    }
    for (ls_u32 i = 0; i < c->s->lot_used && w->status == LS_OK; i++) {
        const ls_u32 where = c->lot[i].where;
        WALK_EXPECT(w, w->seen[i] != 0 || where == LS_LOT_TRANSIT || where == LS_LOT_OUT,
                    "lot %u stands in no list (%u)", i, where);
    }
}

ls_status ls_state_check(const ls_twin *twin, const ls_state *state, ls_error *err) {
    ls_ctx ctx;
    ls_scratch scratch;
    memset(&scratch, 0, sizeof scratch);
    ls_ctx_open(&ctx, twin->model, (ls_state *)(uintptr_t)state, &scratch);  // read only
    walk w = {.twin = twin, .c = &ctx, .err = err, .status = LS_OK};
    check_head(&w);
    if (w.status == LS_OK) {
        w.seen = ls_alloc((size_t)state->lot_used + 1);
        if (w.seen == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory");
        }
        check_lots(&w);
        check_queues(&w);
        check_machines(&w);
        check_heap(&w);
        check_pools(&w);
        check_blocked(&w);
        ls_free(w.seen);
        w.status = w.status == LS_OK ? ls_state_check_values(&ctx, err) : w.status;
    }
    return w.status;
}
