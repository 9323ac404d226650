#include "twin/follow/visible.h"

#include <stdarg.h>
#include <stdio.h>

#include "twin/context.h"

typedef struct sight {
    const ls_twin *twin;
    const ls_visible_def *def;
    ls_ctx a, b;
    char *why;
    size_t why_size;
    bool same;
} sight;

static void differs(sight *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void differs(sight *w, const char *format, ...) {
    if (w->same) {
        va_list args;
        va_start(args, format);
        vsnprintf(w->why, w->why_size, format, args);
        va_end(args);
        w->same = false;
    }
}

static uint64_t key_a(const sight *w, ls_u32 lot) {
    return lot == LS_NO ? 0 : w->def->key(w->def->context_a, w->a.s, lot);
}
static uint64_t key_b(const sight *w, ls_u32 lot) {
    return lot == LS_NO ? 0 : w->def->key(w->def->context_b, w->b.s, lot);
}

#define SAME(w, x, y, what, index)                                                                 \
    do {                                                                                           \
        if ((long long)(x) != (long long)(y)) {                                                    \
            differs((w), "%s %u: %lld and %lld", (what), (index), (long long)(x), (long long)(y)); \
        }                                                                                          \
    } while (0)

// One list of lots: the same in the same order. `other`: linked by that.
static void same_list(sight *w, ls_u32 at, ls_u32 bt, bool other, const char *what, ls_u32 index) {
    while (w->same && (at != LS_NO || bt != LS_NO)) {
        if (key_a(w, at) != key_b(w, bt)) {
            differs(w, "%s %u: lot %llu and %llu", what, index, (unsigned long long)key_a(w, at),
                    (unsigned long long)key_b(w, bt));
            return;
        }
        at = other ? w->a.lot[at].other : w->a.lot[at].next;
        bt = other ? w->b.lot[bt].other : w->b.lot[bt].next;
    }
}

// Only where the route has no choice is the next step of a lot that left known.
static bool knows_step(const ls_ctx *c, ls_u32 lot) {
    return c->lot[lot].where == LS_LOT_WAITING || c->lot[lot].where == LS_LOT_LAG ||
           (c->lot[lot].where == LS_LOT_MACHINE &&
            c->machine[c->lot[lot].machine].phase != LS_PHASE_NONE);
}

static void same_lot(sight *w, ls_u32 i, ls_u32 k) {
    const ls_lot *a = w->a.lot + i;
    const ls_lot *b = w->b.lot + k;
    const ls_u32 key = (ls_u32)key_a(w, i);
    SAME(w, a->where, b->where, "place of lot", key);
    if (!w->same) {
        return;
    }
    if (knows_step(&w->a, i)) {
        SAME(w, a->step, b->step, "step of lot", key);
    }
    if (a->where == LS_LOT_MACHINE || a->where == LS_LOT_LAG) {
        SAME(w, a->machine, b->machine, "machine of lot", key);
    }
    if (w->def->places_only) {
        return;
    }
    SAME(w, a->released, b->released, "release time of lot", key);
    SAME(w, a->due, b->due, "due date of lot", key);
    SAME(w, a->priority, b->priority, "priority of lot", key);
    SAME(w, a->release, b->release, "class of lot", key);
    if (knows_step(&w->a, i)) {
        SAME(w, a->arrived, b->arrived, "arrival of lot", key);
        for (ls_u32 s = 0; s < w->a.m->memory_slots; s++) {
            SAME(w, w->a.memory[(ls_u64)i * w->a.m->memory_slots + s],
                 w->b.memory[(ls_u64)k * w->a.m->memory_slots + s], "memory of lot", key);
        }
        for (ls_u32 s = 0; s < w->a.m->deadline_slots; s++) {
            SAME(w, w->a.deadline[(ls_u64)i * w->a.m->deadline_slots + s],
                 w->b.deadline[(ls_u64)k * w->a.m->deadline_slots + s], "limit of lot", key);
        }
    }
    if (a->where == LS_LOT_TRANSIT || a->where == LS_LOT_LAG || a->where == LS_LOT_OUT) {
        const ls_lot_event *ea = w->a.event + i;
        const ls_lot_event *eb = w->b.event + k;
        SAME(w, ea->since, eb->since, "way of lot since", key);
        SAME(w, ea->elapsed, eb->elapsed, "time on the way of lot", key);
        if (a->where == LS_LOT_LAG) {
            SAME(w, ea->lots, eb->lots, "lots in the batch of lot", key);
            SAME(w, ea->parts, eb->parts, "parts in the batch of lot", key);
        }
    }
}

static ls_u32 inside(const ls_ctx *c) {
    ls_u32 count = 0;
    for (ls_u32 i = 0; i < c->s->lot_used; i++) {
        count += c->lot[i].where != LS_LOT_FREE;
    }
    return count;
}

// O(lots x lots): for tests, and for plants as small as their tests.
static void same_lots(sight *w) {
    SAME(w, inside(&w->a), inside(&w->b), "lots", 0u);
    ls_u32 guess = 0;
    for (ls_u32 i = 0; i < w->a.s->lot_used && w->same; i++) {
        if (w->a.lot[i].where == LS_LOT_FREE) {
            continue;
        }
        const uint64_t key = key_a(w, i);
        ls_u32 found = LS_NO;
        for (ls_u32 n = 0; n < w->b.s->lot_used && found == LS_NO; n++) {
            const ls_u32 k = (guess + n) % w->b.s->lot_used;
            found = w->b.lot[k].where != LS_LOT_FREE && key_b(w, k) == key ? k : LS_NO;
        }
        if (found == LS_NO) {
            differs(w, "lot %llu (place %u, step %u) is not there", (unsigned long long)key,
                    w->a.lot[i].where, w->a.lot[i].step);
            return;
        }
        guess = found + 1;
        same_lot(w, i, found);
    }
}

static ls_u32 maintenance_pending(const ls_ctx *c, ls_u32 machine) {
    ls_u32 bits = 0;
    for (ls_u32 k = 0; k < c->machines[machine].mode_count; k++) {
        const ls_m_mode *mode = c->modes + c->machines[machine].mode_at + k;
        const bool known = mode->maintenance != 0 &&
                           (mode->from_end == 0 || c->dists[mode->every].kind == LS_DIST_CONST) &&
                           (mode->by == LS_FAIL_CALENDAR ||
                            c->dists[mode->every].kind == LS_DIST_CONST);
        bits |= known ? c->machine[machine].pending & (1u << k) : 0;
    }
    return bits;
}

static void same_machine(sight *w, ls_u32 i) {
    const ls_s_machine *a = w->a.machine + i;
    const ls_s_machine *b = w->b.machine + i;
    same_list(w, a->lots, b->lots, false, "lots in machine", i);
    same_list(w, a->lag_head, b->lag_head, false, "lots behind machine", i);
    SAME(w, a->phase, b->phase, "phase of machine", i);
    SAME(w, a->mode, b->mode, "mode of machine", i);
    SAME(w, a->waits, b->waits, "wait of machine", i);
    SAME(w, a->hand, b->hand, "hand at machine", i);
    SAME(w, a->setup, b->setup, "setup of machine", i);
    if (w->def->places_only) {
        return;
    }
    if (a->lot_count > 0 || a->phase != LS_PHASE_NONE) {
        SAME(w, a->step, b->step, "step of machine", i);
    }
    if (a->phase != LS_PHASE_NONE) {
        SAME(w, a->phase_since, b->phase_since, "phase since of machine", i);
        SAME(w, a->phase_elapsed, b->phase_elapsed, "time in phase of machine", i);
        SAME(w, a->part_count, b->part_count, "parts in machine", i);
    }
    SAME(w, a->reserved, b->reserved, "place reserved by machine", i);
    SAME(w, a->operator_pool, b->operator_pool, "operator of machine", i);
    SAME(w, maintenance_pending(&w->a, i), maintenance_pending(&w->b, i), "due at machine", i);
    const ls_m_station *st = w->a.stations + w->a.machines[i].station;
    const ls_u32 at = i - st->machine_at;
    if ((st->features & LS_F_SETUP) != 0) {
        SAME(w, a->run, b->run, "run of machine", i);
    }
    SAME(w, (w->a.idle[st->idle_at + at / 64] >> (at % 64)) & 1,
         (w->b.idle[st->idle_at + at / 64] >> (at % 64)) & 1, "rest of machine", i);
}

static void same_station(sight *w, ls_u32 i) {
    const ls_m_station *st = w->a.stations + i;
    const ls_s_station *a = w->a.station + i;
    const ls_s_station *b = w->b.station + i;
    SAME(w, a->waiting, b->waiting, "lots waiting at station", i);
    SAME(w, a->off, b->off, "shift of station", i);
    if (!w->def->places_only) {
        SAME(w, a->coming, b->coming, "lots coming to station", i);
        SAME(w, a->working, b->working, "lots working at station", i);
        same_list(w, a->blocked_head, b->blocked_head, true, "lots blocked before station", i);
        for (ls_u32 q = 0; q < st->queue_count && st->static_order != 2; q++) {
            const ls_s_queue *qa = w->a.queue + st->queue_at + q;
            const ls_s_queue *qb = w->b.queue + st->queue_at + q;
            same_list(w, qa->count > 0 ? qa->head : LS_NO, qb->count > 0 ? qb->head : LS_NO, false,
                      "queue at station", i);
        }
    }
}

static void same_mode(sight *w, ls_u32 i) {
    const ls_m_mode *mode = w->a.modes + i;
    const ls_s_mode *a = w->a.mode + i;
    const ls_s_mode *b = w->b.mode + i;
    SAME(w, a->active, b->active, "mode", i);
    SAME(w, a->waits, b->waits, "wait for crew of mode", i);
    const bool planned = mode->maintenance != 0 && mode->from_end == 0 &&
                         mode->by == LS_FAIL_CALENDAR;
    if (a->active != 0 || !planned) {
        SAME(w, a->since, b->since, "clock of mode", i);
        SAME(w, a->elapsed, b->elapsed, "time of mode", i);
        SAME(w, a->renewed, b->renewed, "age of mode", i);
    } else {
        SAME(w, a->due, b->due, "due time of mode", i);
    }
}

static void same_rest(sight *w) {
    const ls_model *m = w->a.m;
    for (ls_u32 i = 0; i < m->modes && w->same; i++) {
        same_mode(w, i);
    }
    const ls_s_pool *pa = LS_STATE_ARRAY(m, w->a.s, ls_s_pool, s_pool);
    const ls_s_pool *pb = LS_STATE_ARRAY(m, w->b.s, ls_s_pool, s_pool);
    for (ls_u32 i = 0; i < m->pools && w->same; i++) {
        SAME(w, pa[i].busy, pb[i].busy, "operators of pool", i);
        SAME(w, pa[i].on, pb[i].on, "shift of pool", i);
    }
    const ls_s_crew *ca = LS_STATE_ARRAY(m, w->a.s, ls_s_crew, s_crew);
    const ls_s_crew *cb = LS_STATE_ARRAY(m, w->b.s, ls_s_crew, s_crew);
    for (ls_u32 i = 0; i < m->crews && w->same; i++) {
        SAME(w, ca[i].busy, cb[i].busy, "crew", i);
        SAME(w, ca[i].head, cb[i].head, "first that waits for crew", i);
    }
    ls_u32 at = w->a.s->operator_head;
    ls_u32 bt = w->b.s->operator_head;
    while ((at != 0 || bt != 0) && w->same) {
        SAME(w, at, bt, "machines that wait for an operator", 0u);
        at = at != 0 ? w->a.machine[at - 1].next : 0;
        bt = bt != 0 ? w->b.machine[bt - 1].next : 0;
    }
    for (ls_u32 i = 0; i < m->releases && w->same; i++) {
        if (w->a.releases[i].lose != 0) {
            continue;  // lots that found no room are not told
        }
        SAME(w, w->a.release[i].left, w->b.release[i].left, "releases left of class", i);
        SAME(w, w->a.release[i].next_order, w->b.release[i].next_order, "next order of class", i);
        if (w->a.releases[i].kind == LS_RELEASE_EVERY) {
            SAME(w, w->a.release[i].since, w->b.release[i].since, "last release of class", i);
        }
    }
}

static void open_const(ls_ctx *c, const ls_twin *twin, const ls_state *state) {
    static const ls_scratch none;
    ls_ctx_open(c, twin->model, (ls_state *)(uintptr_t)state, (ls_scratch *)(uintptr_t)&none);
}

bool ls_visible_same(const ls_twin *twin, const ls_state *a, const ls_state *b,
                     const ls_visible_def *def, char *why, size_t why_size) {
    sight w = {.twin = twin, .def = def, .why = why, .why_size = why_size, .same = true};
    open_const(&w.a, twin, a);
    open_const(&w.b, twin, b);
    SAME(&w, a->now, b->now, "time", 0u);
    for (ls_u32 i = 0; i < twin->model->machines && w.same; i++) {
        same_machine(&w, i);
    }
    for (ls_u32 i = 0; i < twin->model->stations && w.same; i++) {
        same_station(&w, i);
    }
    same_lots(&w);
    if (!def->places_only && w.same) {
        same_rest(&w);
    }
    return w.same;
}
