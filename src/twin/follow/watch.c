#include "twin/follow/watch.h"

#include <stdio.h>
#include <string.h>

#include "twin/context.h"

enum { NAMES_SIZE = 4096, NAME_SIZE = 256 };

typedef struct watcher {
    const ls_plant *plant;
    const ls_twin *twin;
    const ls_watch_def *def;
    const ls_ctx *a;  // before, or NULL
    const ls_ctx *b;
} watcher;

static bool mode_is_on(const ls_plant *plant, const ls_failure *f, uint32_t local) {
    for (uint32_t i = 0; i < f->on_count; i++) {
        if (plant->indexes[f->on_at + i] == local) {
            return true;
        }
    }
    return f->on_count == 0;
}

uint32_t ls_watch_failure(const ls_plant *plant, uint32_t station, uint32_t local, uint32_t k) {
    const ls_station *st = &plant->stations[station];
    uint32_t at = 0;
    for (uint32_t i = st->failure_at; i < st->failure_at + st->failure_count; i++) {
        if (mode_is_on(plant, &plant->failures[i], local) && at++ == k) {
            return i;
        }
    }
    return LS_NO;
}

uint32_t ls_watch_mode(const ls_plant *plant, uint32_t station, uint32_t local, uint32_t failure) {
    const ls_station *st = &plant->stations[station];
    uint32_t at = 0;
    for (uint32_t i = st->failure_at; i < st->failure_at + st->failure_count; i++) {
        const bool on = mode_is_on(plant, &plant->failures[i], local);
        if (i == failure) {
            return on ? at : LS_NO;
        }
        at += on;
    }
    return LS_NO;
}

static void open_const(ls_ctx *c, const ls_twin *twin, const ls_state *state) {
    static const ls_scratch none;
    ls_ctx_open(c, twin->model, (ls_state *)(uintptr_t)state, (ls_scratch *)(uintptr_t)&none);
}

static int packml_of(const ls_plant *plant, const ls_ctx *c, uint32_t machine, uint32_t *reason) {
    const ls_s_machine *mc = c->machine + machine;
    const uint32_t station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    const bool off = c->station[station].off != 0;
    *reason = 0;
    if (mc->mode != 0) {
        const ls_m_mode *mode = c->modes + c->machines[machine].mode_at + mc->mode - 1;
        *reason = ls_watch_failure(plant, station, machine - st->machine_at, mc->mode - 1) + 1;
        return mode->maintenance != 0 ? 2 : 9;
    }
    if ((mc->hand & LS_HAND_STOPPED) != 0 ||
        (off && (mc->lot_count == 0 || st->shift_end == LS_SHIFT_PAUSE))) {
        return 2;
    }
    if (mc->waits != 0) {
        return 11;
    }
    switch (mc->phase) {
    case LS_PHASE_SETUP:
    case LS_PHASE_LOAD: return 3;
    case LS_PHASE_RUN: return 6;
    case LS_PHASE_UNLOAD: return 16;
    default: return mc->lot_count > 0 ? 5 : 4;
    }
}

int ls_watch_packml(const ls_plant *plant, const ls_twin *twin, const ls_state *state,
                    uint32_t machine, uint32_t *out_reason) {
    ls_ctx c;
    open_const(&c, twin, state);
    return packml_of(plant, &c, machine, out_reason);
}

static void say(const watcher *w, ls_heard_kind kind, uint32_t of, int64_t number,
                const char *text) {
    ls_heard heard = {.kind = kind,
                      .birth = w->a == NULL,
                      .of = of,
                      .time_us = w->b->s->now,
                      .number = number,
                      .text = text,
                      .size = text != NULL ? (uint32_t)strlen(text) : 0};
    w->def->say(w->def->context, &heard);
}

static void name_of(const watcher *w, uint32_t serial, char *out, size_t size) {
    if (w->def->name != NULL) {
        w->def->name(w->def->context, serial, out, size);
    } else {
        snprintf(out, size, "L%u", serial);
    }
}

// The names of the lots inside, as LOTS tells them.
static void lots_text(const watcher *w, const ls_ctx *c, uint32_t machine, char *out) {
    size_t size = 0;
    out[0] = '\0';
    const ls_u32 lists[2] = {c->machine[machine].lots, c->machine[machine].lag_head};
    for (int k = 0; k < 2; k++) {
        for (ls_u32 lot = lists[k]; lot != LS_NO; lot = c->lot[lot].next) {
            char name[NAME_SIZE];
            name_of(w, c->lot[lot].serial, name, sizeof name);
            const size_t length = strlen(name);
            if (size + length + 2 > NAMES_SIZE) {
                return;
            }
            if (size > 0) {
                out[size++] = ' ';
            }
            memcpy(out + size, name, length + 1);
            size += length;
        }
    }
}

static bool same_list(const ls_ctx *a, ls_u32 at, const ls_ctx *b, ls_u32 bt) {
    while (at != LS_NO && bt != LS_NO && a->lot[at].serial == b->lot[bt].serial) {
        at = a->lot[at].next;
        bt = b->lot[bt].next;
    }
    return at == LS_NO && bt == LS_NO;
}

static bool same_lots(const watcher *w, uint32_t i) {
    return same_list(w->a, w->a->machine[i].lots, w->b, w->b->machine[i].lots) &&
           same_list(w->a, w->a->machine[i].lag_head, w->b, w->b->machine[i].lag_head);
}

// The step in work, LS_NO: none.
static ls_u32 step_of(const ls_ctx *c, uint32_t i) {
    const ls_s_machine *mc = c->machine + i;
    return mc->lot_count > 0 ? mc->step : LS_NO;
}

static const char *step_name(const watcher *w, ls_u32 step) {
    return step == LS_NO ? "" : w->plant->steps[step].name;
}

static const char *product_name(const watcher *w, ls_u32 step) {
    return step == LS_NO ? "" : w->plant->products[w->plant->steps[step].product].name;
}

static void watch_machine(const watcher *w, uint32_t i) {
    const ls_ctx *b = w->b;
    uint32_t reason = 0;
    uint32_t reason_before = 0;
    const int state = packml_of(w->plant, b, i, &reason);
    const int state_before = w->a != NULL ? packml_of(w->plant, w->a, i, &reason_before) : -1;
    const ls_u32 step = step_of(b, i);
    const ls_u32 step_before = w->a != NULL ? step_of(w->a, i) : LS_NO - 1;
    const ls_u32 setup = b->machine[i].setup;
    if (w->a == NULL || !same_lots(w, i)) {
        char names[NAMES_SIZE];
        lots_text(w, b, i, names);
        say(w, LS_HEARD_LOTS, i, 0, names);
    }
    if (step != step_before) {
        const bool known = w->a != NULL;
        if (!known || strcmp(product_name(w, step), product_name(w, step_before)) != 0) {
            say(w, LS_HEARD_PRODUCT, i, 0, product_name(w, step));
        }
        say(w, LS_HEARD_STEP, i, 0, step_name(w, step));
    }
    const ls_station *st = &w->plant->stations[b->machines[i].station];
    if (st->setup_count > 0 && (w->a == NULL || w->a->machine[i].setup != setup)) {
        say(w, LS_HEARD_SETUP, i, 0,
            setup == 0 ? "" : w->plant->setup_names[st->setup_at + setup - 1]);
    }
    if (w->a == NULL || reason != reason_before) {
        say(w, LS_HEARD_REASON, i, reason, NULL);
    }
    if (state != state_before) {
        say(w, LS_HEARD_STATE, i, state, NULL);
    }
}

static bool lot_is(const ls_ctx *c, ls_u32 slot, ls_u32 serial) {
    return slot < c->s->lot_used && c->lot[slot].where != LS_LOT_FREE &&
           c->lot[slot].serial == serial;
}

static void watch_released(const watcher *w, ls_u32 slot) {
    const ls_lot *lot = w->b->lot + slot;
    char name[NAME_SIZE];
    char text[NAME_SIZE * 3];
    name_of(w, lot->serial, name, sizeof name);
    const ls_step *step = &w->plant->steps[lot->step];
    int size = snprintf(text, sizeof text, "%s class=%s product=%s priority=%d step=%s", name,
                        w->plant->releases[lot->release].name,
                        w->plant->products[step->product].name, (int)lot->priority, step->name);
    if (lot->due != LS_NEVER && size > 0 && (size_t)size < sizeof text) {
        size += snprintf(text + size, sizeof text - (size_t)size, " due=%lld", (long long)lot->due);
    }
    if (lot->where == LS_LOT_POOL && size > 0 && (size_t)size < sizeof text) {
        const ls_i64 until = w->b->release[lot->release].put_off;
        if (until > 0 && until != LS_NEVER) {
            snprintf(text + size, sizeof text - (size_t)size, " pool=%lld", (long long)until);
        } else {
            snprintf(text + size, sizeof text - (size_t)size, " pool=yes");
        }
    }
    say(w, LS_HEARD_RELEASED, LS_NO, 0, text);
}

static void watch_arrived(const watcher *w, ls_u32 slot) {
    const ls_lot *lot = w->b->lot + slot;
    char name[NAME_SIZE];
    char text[NAME_SIZE * 3];
    name_of(w, lot->serial, name, sizeof name);
    const ls_step *step = &w->plant->steps[lot->step];
    snprintf(text, sizeof text, "%s station=%s step=%s", name,
             w->plant->stations[step->station].name, step->name);
    say(w, LS_HEARD_ARRIVED, LS_NO, 0, text);
}

static bool was_scrapped(const watcher *w, ls_u32 serial, ls_u32 release, ls_u64 *guessed) {
    for (size_t i = 0; i < w->def->trace_count; i++) {
        if (w->def->trace[i].serial == serial &&
            (w->def->trace[i].kind == LS_TRACE_SCRAP || w->def->trace[i].kind == LS_TRACE_DONE)) {
            return w->def->trace[i].kind == LS_TRACE_SCRAP;
        }
    }
    const ls_u64 scrapped = w->b->release[release].scrapped - w->a->release[release].scrapped;
    return (*guessed)++ < scrapped;
}

static void watch_gone(const watcher *w) {
    ls_u64 guessed = 0;
    for (ls_u32 i = 0; i < w->a->s->lot_used; i++) {
        const ls_lot *lot = w->a->lot + i;
        if (lot->where != LS_LOT_FREE && !lot_is(w->b, i, lot->serial)) {
            char name[NAME_SIZE];
            name_of(w, lot->serial, name, sizeof name);
            const bool scrapped = was_scrapped(w, lot->serial, lot->release, &guessed);
            say(w, scrapped ? LS_HEARD_SCRAPPED : LS_HEARD_DONE, LS_NO, 0, name);
        }
    }
}

static void watch_passed_released(const watcher *w, ls_u32 serial) {
    for (size_t i = 0; i < w->def->trace_count; i++) {
        const ls_trace_item *item = &w->def->trace[i];
        if (item->kind != LS_TRACE_RELEASE || item->serial != serial) {
            continue;
        }
        const ls_u32 product = w->plant->steps[item->step].product;
        for (ls_u32 r = 0; r < w->b->m->releases; r++) {
            if (w->plant->releases[r].product == product &&
                w->a->release[r].released != w->b->release[r].released) {
                char name[NAME_SIZE];
                char text[NAME_SIZE * 3];
                name_of(w, serial, name, sizeof name);
                snprintf(text, sizeof text, "%s class=%s product=%s", name,
                         w->plant->releases[r].name, w->plant->products[product].name);
                say(w, LS_HEARD_RELEASED, LS_NO, 0, text);
                return;
            }
        }
    }
}

// Lots that came and went within the instant are known by the trace alone.
static void watch_passed(const watcher *w) {
    for (size_t i = 0; i < w->def->trace_count; i++) {
        const ls_trace_item *item = &w->def->trace[i];
        if ((item->kind == LS_TRACE_SCRAP || item->kind == LS_TRACE_DONE) &&
            item->serial >= w->a->s->serial) {
            char text[NAME_SIZE];
            name_of(w, item->serial, text, sizeof text);
            say(w, item->kind == LS_TRACE_SCRAP ? LS_HEARD_SCRAPPED : LS_HEARD_DONE, LS_NO, 0,
                text);
        }
    }
}

// Good and bad parts: an operation ended, and its lot goes on or does not.
static void watch_parts(const watcher *w) {
    for (size_t i = 0; i < w->def->trace_count; i++) {
        const ls_trace_item *end = &w->def->trace[i];
        if (end->kind != LS_TRACE_END) {
            continue;
        }
        bool bad = false;
        for (size_t k = i + 1; k < w->def->trace_count; k++) {
            bad |= w->def->trace[k].kind == LS_TRACE_SCRAP &&
                   w->def->trace[k].serial == end->serial;
        }
        say(w, bad ? LS_HEARD_BAD : LS_HEARD_GOOD, end->machine, w->b->steps[end->step].parts,
            NULL);
    }
}

// Those released, in the order of their numbers; slots are in no order, and few are new at a time.
static void watch_releases(const watcher *w) {
    const ls_u32 first = w->a != NULL ? w->a->s->serial : 0;
    for (ls_u32 serial = first; serial < w->b->s->serial; serial++) {
        ls_u32 slot = 0;
        while (slot < w->b->s->lot_used && !lot_is(w->b, slot, serial)) {
            slot++;
        }
        if (slot < w->b->s->lot_used) {
            watch_released(w, slot);
        } else if (w->a != NULL) {
            watch_passed_released(w, serial);
        }
    }
}

// Lots that have come out of their order pool, and those that wait there until another time.
static void watch_pools(const watcher *w) {
    for (ls_u32 i = 0; i < w->a->s->lot_used; i++) {
        const ls_lot *lot = w->a->lot + i;
        if (lot->where != LS_LOT_POOL || !lot_is(w->b, i, lot->serial)) {
            continue;
        }
        const bool came_in = w->b->lot[i].where != LS_LOT_POOL;
        const bool is_first = w->b->release[lot->release].pool_head == i + 1;
        if (came_in || (is_first && w->a->release[lot->release].put_off !=
                                        w->b->release[lot->release].put_off)) {
            watch_released(w, i);
        }
    }
}

static void watch_queues(const watcher *w) {
    for (ls_u32 i = 0; i < w->b->m->stations; i++) {
        if (w->a == NULL || w->a->station[i].waiting != w->b->station[i].waiting) {
            say(w, LS_HEARD_QUEUE, i, w->b->station[i].waiting, NULL);
        }
    }
    for (ls_u32 i = 0; i < w->b->s->lot_used; i++) {
        const ls_lot *lot = w->b->lot + i;
        if (lot->where != LS_LOT_WAITING) {
            continue;
        }
        const bool stayed = w->a != NULL && lot_is(w->a, i, lot->serial) &&
                            w->a->lot[i].where == LS_LOT_WAITING &&
                            w->a->lot[i].step == lot->step && w->a->lot[i].arrived == lot->arrived;
        if (!stayed) {
            watch_arrived(w, i);
        }
    }
}

void ls_watch(const ls_plant *plant, const ls_twin *twin, const ls_state *before,
              const ls_state *after, const ls_watch_def *def) {
    ls_ctx a;
    ls_ctx b;
    open_const(&b, twin, after);
    if (before != NULL) {
        open_const(&a, twin, before);
    }
    const watcher w = {plant, twin, def, before != NULL ? &a : NULL, &b};
    if (before == NULL || a.s->serial != b.s->serial) {
        watch_releases(&w);
    }
    if (before != NULL) {
        watch_pools(&w);
        watch_passed(&w);
        watch_parts(&w);
    }
    for (uint32_t i = 0; i < twin->model->machines; i++) {
        watch_machine(&w, i);
    }
    watch_queues(&w);
    if (before != NULL) {
        watch_gone(&w);
    }
}
