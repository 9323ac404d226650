// follow.c - signals come in, in whatever order; the present is what they say in theirs.
#include "twin/follow/follow.h"

#include <assert.h>
#include <stdio.h>

#include "twin/follow/inside.h"

enum {
    DEF_COOKIE = 0x666f6c,
    AHEAD_STEP = 24,  // jumps from one signal from ahead to the next
    BEHIND_MIN = 64,  // so many signals in a row from behind: the clock was set back
    TAGS = LS_HEARD_QUEUE + 1
};

ls_follow_def ls_follow_def_default(void) {
    return (ls_follow_def){.late_us = INT64_C(10) * 1000000,
                           .clock_jump_us = INT64_C(3600) * 1000000,
                           .seed = 1,
                           .cookie = DEF_COOKIE};
}

ls_status ls_follow_make(const ls_plant *plant, const ls_twin *twin, int64_t start_us,
                         const ls_follow_def *def, ls_follow **out, ls_error *err) {
    *out = NULL;
    assert(def->cookie == DEF_COOKIE);
    ls_follow *f = ls_alloc(sizeof *f);
    if (f == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    f->def = *def;
    f->plant = plant;
    f->twin = twin;
    f->now_us = start_us;
    f->newest_us = start_us;
    f->dirty = UINT64_MAX;
    f->batch_capacity = 1024;
    f->batch = ls_alloc(f->batch_capacity * sizeof *f->batch);
    f->told = ls_alloc(((size_t)twin->model->machines + twin->model->stations) * TAGS *
                       sizeof *f->told);
    f->instant = ls_instant_create(twin->model);
    ls_status status = LS_OK;
    if (!ls_recent_init(&f->recent) || f->batch == NULL || f->told == NULL || f->instant == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_core **cores[3 + FOLLOW_MARKS] = {&f->base, &f->present, &f->shown};
    for (int i = 0; i < FOLLOW_MARKS; i++) {
        cores[3 + i] = &f->marks[i].core;
    }
    for (int i = 0; i < 3 + FOLLOW_MARKS && status == LS_OK; i++) {
        status = ls_core_create(plant, twin, start_us, cores[i], err);
    }
    if (status != LS_OK) {
        ls_follow_destroy(f);
        return status;
    }
    f->base->tell = &f->def;
    *out = f;
    return LS_OK;
}

ls_status ls_follow_create(const ls_plant *plant, const ls_twin *twin, int64_t start_us,
                           const ls_follow_def *def, ls_follow **out, ls_error *err) {
    return ls_follow_make(plant, twin, start_us, def, out, err);
}

static void forget_ahead(ls_follow *f) {
    for (uint32_t i = 0; i < f->kept_count; i++) {
        ls_free((char *)(uintptr_t)f->kept[i].text);
    }
    f->kept_count = 0;
}

void ls_follow_destroy(ls_follow *f) {
    if (f != NULL) {
        ls_core_destroy(f->base);
        ls_core_destroy(f->present);
        ls_core_destroy(f->shown);
        for (int i = 0; i < FOLLOW_MARKS; i++) {
            ls_core_destroy(f->marks[i].core);
        }
        forget_ahead(f);
        ls_instant_destroy(f->instant);
        ls_recent_clear(&f->recent);
        ls_free(f->batch);
        ls_free(f->told);
        ls_free(f);
    }
}

// ---- from the recent signals into a core

// Tags of machines and stations; LS_NO: not a tag that is told once in an instant.
static uint32_t tag_of(const ls_follow *f, const ls_heard *heard) {
    const ls_model *m = f->twin->model;
    if (heard->kind == LS_HEARD_QUEUE) {
        return heard->of < m->stations ? (m->machines + heard->of) * TAGS : LS_NO;
    }
    if (heard->kind < LS_HEARD_GOOD && heard->of < m->machines) {
        return heard->of * TAGS + (uint32_t)heard->kind;
    }
    return LS_NO;
}

static bool batch_reserve(ls_follow *f, uint32_t count) {
    if (count < f->batch_capacity) {
        return true;
    }
    ls_heard *batch = ls_realloc(f->batch, (size_t)f->batch_capacity * 2 * sizeof *batch);
    if (batch == NULL) {
        return false;
    }
    f->batch = batch;
    f->batch_capacity *= 2;
    return true;
}

void ls_follow_apply(ls_follow *f, ls_core *core, uint32_t from, uint32_t to) {
    uint32_t at = from;
    while (at < to) {
        uint32_t count = 0;
        const int64_t time_us = f->recent.items[at].time_us;
        const bool birth = f->recent.items[at].birth;
        f->batch_number++;
        for (; at < to && f->recent.items[at].time_us == time_us; at++) {
            const uint32_t tag = tag_of(f, &f->recent.items[at]);
            // The same tag again is a later moment of the same time, as is a change after a birth.
            if ((tag != LS_NO && f->told[tag] == f->batch_number) ||
                f->recent.items[at].birth != birth || !batch_reserve(f, count)) {
                break;
            }
            if (tag != LS_NO) {
                f->told[tag] = f->batch_number;
            }
            f->batch[count++] = ls_recent_at(&f->recent, at);
        }
        if (count == 0) {
            return;  // out of memory: what cannot be gathered is not heard
        }
        const bool more = at < to && f->recent.items[at].time_us == time_us;
        ls_core_hear(core, f->instant, f->batch, count, more);
    }
}

static uint32_t place_of(const ls_follow *f, uint64_t applied) {
    return f->recent.first + (uint32_t)(applied - f->dropped);
}

// The newest core from before the late signal, and everything since.
static void roll_back(ls_follow *f) {
    const ls_core *best = f->base;
    uint64_t applied = f->dropped;
    for (int i = 0; i < FOLLOW_MARKS; i++) {
        const uint64_t has = f->marks[i].applied;
        if (has > applied && has <= f->dirty) {
            best = f->marks[i].core;
            applied = has;
        }
    }
    ls_core_copy(f->present, best);
    f->applied = applied;
    f->dirty = UINT64_MAX;
    f->rolled_back++;
}

static void drop_marks(ls_follow *f, uint64_t from) {
    for (int i = 0; i < FOLLOW_MARKS; i++) {
        if (f->marks[i].applied > from) {
            f->marks[i].applied = 0;
        }
    }
}

static void mark(ls_follow *f) {
    uint64_t newest = f->dropped;
    for (int i = 0; i < FOLLOW_MARKS; i++) {
        newest = f->marks[i].applied > newest ? f->marks[i].applied : newest;
    }
    if (f->applied - newest >= FOLLOW_MARK_EVERY) {
        ls_follow_mark *m = &f->marks[f->mark_next];
        f->mark_next = (f->mark_next + 1) % FOLLOW_MARKS;
        ls_core_copy(m->core, f->present);
        m->applied = f->applied;
    }
}

// The present has every whole instant before this place.
static void present_to(ls_follow *f, uint32_t place) {
    if (f->dirty != UINT64_MAX) {
        roll_back(f);
    }
    const uint32_t from = place_of(f, f->applied);
    if (from < place) {
        ls_follow_apply(f, f->present, from, place);
        f->applied += place - from;
        mark(f);
    }
}

static uint32_t place_before(const ls_recent *j, int64_t time_us) {
    return ls_recent_place(j, time_us - 1);
}

// What no late signal can change any more goes into the base.
static void commit(ls_follow *f) {
    ls_recent *j = &f->recent;
    const int64_t border_us = f->now_us - f->def.late_us;
    if (j->first == j->end || j->items[j->first].time_us >= border_us) {
        return;
    }
    const uint32_t place = place_before(j, border_us);
    const uint32_t count = place - j->first;
    if (f->dropped + count > f->applied || f->dirty < f->dropped + count) {
        present_to(f, place);
    }
    ls_follow_apply(f, f->base, j->first, place);
    ls_recent_drop(j, count);
    f->dropped += count;
}

// The base is in nobody's way: it moves when someone has time (ls_follow_settle), or when much has
// gathered, so that a signal does not pay for one of ten minutes ago as well.
static void commit_much(ls_follow *f) {
    const ls_recent *j = &f->recent;
    if (j->end - j->first > FOLLOW_COMMIT_EVERY &&
        j->items[j->first + FOLLOW_COMMIT_EVERY].time_us < f->now_us - f->def.late_us) {
        commit(f);
    }
}

// ---- clocks

static void tell_clock(ls_follow *f, ls_divergence_kind kind, int64_t time_us, const char *text,
                       int64_t by_us) {
    if (f->def.diverged != NULL) {
        ls_divergence d = {.kind = kind, .time_us = time_us, .machine = LS_NO, .station = LS_NO};
        snprintf(d.text, sizeof d.text, "%s (%.3f s)", text, (double)by_us / 1e6);
        f->def.diverged(f->def.context, &d);
    }
}

// Far ahead of everything heard: one such clock is wrong, several in a row are right.
static bool believes_ahead(ls_follow *f, const ls_heard *heard, int64_t time_us) {
    const int64_t jump_us = time_us - f->now_us;
    if (jump_us <= f->def.clock_jump_us || heard->birth) {
        f->ahead = 0;
        return time_us < f->twin->model->horizon;
    }
    // The next of them may come hours later: some lines say little.
    const int64_t step_us = time_us - f->ahead_us;
    const bool goes_on = step_us >= -f->def.clock_jump_us &&
                         step_us / AHEAD_STEP <= f->def.clock_jump_us;
    f->ahead = goes_on ? f->ahead + 1 : 1;
    f->ahead_us = time_us;
    if (f->ahead < FOLLOW_AHEAD_MIN || time_us >= f->twin->model->horizon) {
        f->clock += f->ahead == 1;
        return false;
    }
    tell_clock(f, LS_DIVERGE_CLOCK, time_us, "time jumped forward", jump_us);
    f->ahead = 0;
    return true;
}

// Older than late_us: not taken; very many in a row mean that the clock was set back.
static bool believes_behind(ls_follow *f, int64_t *time_us, bool birth) {
    const int64_t border_us = f->now_us - f->def.late_us;
    if (birth && *time_us < border_us) {
        *time_us = f->now_us;  // it is so now, however long it has been so
    }
    if (*time_us >= border_us) {
        f->behind = 0;
        return true;
    }
    const int64_t apart = *time_us > f->behind_us ? *time_us - f->behind_us
                                                  : f->behind_us - *time_us;
    f->behind = apart <= f->def.clock_jump_us ? f->behind + 1 : 1;
    f->behind_us = *time_us;
    f->late++;
    tell_clock(f, LS_DIVERGE_LATE, f->newest_us, "a signal older than is waited for",
               f->newest_us - *time_us);
    if (f->behind < BEHIND_MIN) {
        return false;
    }
    const int64_t back_us = f->newest_us - *time_us;
    f->clock++;
    tell_clock(f, LS_DIVERGE_CLOCK, f->newest_us, "the line's clock was set back", back_us);
    f->shift_us += back_us;
    *time_us += back_us;
    f->behind = 0;
    return true;
}

// ---- signals

static bool is_sound(const ls_follow *f, const ls_heard *heard) {
    const ls_model *m = f->twin->model;
    if (heard->kind < LS_HEARD_QUEUE && heard->of >= m->machines) {
        return false;
    }
    return heard->kind < LS_HEARD_KIND_COUNT && heard->size <= RECENT_SIGNAL_TEXT_MAX &&
           (heard->text != NULL || heard->size == 0) && heard->time_us < m->horizon &&
           heard->time_us >= 0;
}

static void take(ls_follow *f, const ls_heard *heard) {
    ls_heard h = *heard;
    if (!believes_behind(f, &h.time_us, h.birth)) {
        return;
    }
    uint32_t place = ls_recent_place(&f->recent, h.time_us);
    if (ls_recent_has(&f->recent, &h, place)) {
        f->doubled++;
        return;
    }
    const bool late = h.time_us < f->newest_us;
    if (!late) {
        if (h.time_us > f->newest_us) {
            present_to(f, f->recent.end);
        }
        f->newest_us = h.time_us;
        f->now_us = h.time_us > f->now_us ? h.time_us : f->now_us;
        commit_much(f);
        place = f->recent.end;
    }
    if (!ls_recent_insert(&f->recent, &h, &place)) {
        f->late++;
        return;
    }
    if (late) {
        f->reordered++;
        while (place > f->recent.first && f->recent.items[place - 1].time_us == h.time_us) {
            place--;  // its instant is heard again as a whole
        }
        const uint64_t at = f->dropped + (place - f->recent.first);
        drop_marks(f, at);
        if (at < f->applied) {
            f->dirty = at < f->dirty ? at : f->dirty;
        }
    }
    f->is_shown = false;
}

static void keep_ahead(ls_follow *f, const ls_heard *heard) {
    char *text = heard->size > 0 ? ls_alloc(heard->size) : NULL;
    if (f->kept_count == FOLLOW_AHEAD_MIN || (heard->size > 0 && text == NULL)) {
        ls_free(text);
        return;
    }
    if (heard->size > 0) {
        memcpy(text, heard->text, heard->size);
    }
    f->kept[f->kept_count] = *heard;
    f->kept[f->kept_count++].text = text;
}

// Were those from ahead right, as this one shows? Then time has come to them, or jumps there.
static bool proves_ahead(const ls_follow *f, int64_t time_us, bool jumps) {
    const int64_t apart = time_us > f->ahead_us ? time_us - f->ahead_us : f->ahead_us - time_us;
    const int64_t now_us = time_us > f->now_us ? time_us : f->now_us;
    return jumps ? apart <= f->def.clock_jump_us : f->ahead_us <= now_us + f->def.late_us;
}

void ls_follow_hear(ls_follow *f, const ls_heard *heard) {
    ls_heard h = *heard;
    if (!is_sound(f, heard)) {
        f->clock++;
        return;
    }
    h.time_us += f->shift_us;
    const bool jumps = h.time_us - f->now_us > f->def.clock_jump_us;
    if (!believes_ahead(f, heard, h.time_us)) {
        if (f->ahead == 1) {
            forget_ahead(f);
        }
        if (f->ahead > 0) {
            keep_ahead(f, &h);
        }
        return;
    }
    // A silent night looks like a jump at first: nothing of what was told then is lost.
    const bool proved = proves_ahead(f, h.time_us, jumps);
    for (uint32_t i = 0; i < f->kept_count && proved; i++) {
        take(f, &f->kept[i]);
    }
    forget_ahead(f);
    take(f, &h);
}

void ls_follow_advance(ls_follow *f, int64_t now_us) {
    const int64_t last = f->twin->model->horizon - 1;
    now_us = now_us + f->shift_us < last ? now_us + f->shift_us : last;
    if (now_us > f->now_us) {
        f->now_us = now_us;
        f->is_shown = false;
        commit(f);
    }
}

void ls_follow_settle(ls_follow *f) {
    commit(f);
}

int64_t ls_follow_now(const ls_follow *f) {
    return f->now_us;
}

// ---- looking

const ls_core *ls_follow_show(const ls_follow *follow) {
    ls_follow *f = (ls_follow *)(uintptr_t)follow;  // a cache
    if (!f->is_shown) {
        const uint32_t whole = place_before(&f->recent, f->newest_us);
        present_to(f, whole);
        ls_core_copy(f->shown, f->present);
        ls_follow_apply(f, f->shown, place_of(f, f->applied), f->recent.end);
        ls_core_advance(f->shown, f->now_us);
        f->is_shown = true;
    }
    return f->shown;
}

const ls_state *ls_follow_state(const ls_follow *f) {
    return ls_follow_show(f)->c.s;
}

const char *ls_follow_lot_name(const ls_follow *follow, uint32_t lot) {
    const ls_core *core = ls_follow_show(follow);
    ls_follow *f = (ls_follow *)(uintptr_t)follow;
    if (lot >= core->c.s->lot_used || core->c.lot[lot].where == LS_LOT_FREE) {
        return NULL;
    }
    if (core->lots[lot].hash != 0) {
        return core->lots[lot].name;
    }
    snprintf(f->name, sizeof f->name, "~%u", core->c.lot[lot].serial);
    return f->name;
}

double ls_follow_certainty(const ls_follow *f) {
    const ls_core *core = ls_follow_show(f);
    uint64_t all = core->c.m->machines;
    uint64_t sure = 0;
    for (uint32_t i = 0; i < core->c.m->machines; i++) {
        sure += core->machines[i].state != FOLLOW_STATE_UNHEARD && core->machines[i].stale == 0;
    }
    for (uint32_t i = 0; i < core->c.s->lot_used; i++) {
        if (core->c.lot[i].where != LS_LOT_FREE) {
            all++;
            sure += core->lots[i].hash != 0 && core->lots[i].supposed == 0;
        }
    }
    return all > 0 ? (double)sure / (double)all : 1.0;
}

void ls_follow_fork(const ls_follow *f, uint64_t seed, uint64_t future, ls_snapshot *into) {
    ls_core_fork(ls_follow_show(f), ls_random_key(seed, future), into);
}

ls_follow_figures ls_follow_describe(const ls_follow *f) {
    const ls_core *core = ls_follow_show(f);
    ls_follow_figures g = {.heard = core->figures->heard,
                           .doubled = f->doubled,
                           .reordered = f->reordered,
                           .rolled_back = f->rolled_back,
                           .unchanged = core->figures->unchanged,
                           .released = core->figures->released,
                           .done = core->figures->done,
                           .scrapped = core->figures->scrapped,
                           .now_us = f->now_us,
                           .last_heard_us = core->figures->last_heard_us};
    memcpy(g.divergences, core->figures->divergences, sizeof g.divergences);
    g.divergences[LS_DIVERGE_LATE] += f->late;
    g.divergences[LS_DIVERGE_CLOCK] += f->clock;
    for (uint32_t i = 0; i < core->c.m->machines; i++) {
        g.machines_unheard += core->machines[i].state == FOLLOW_STATE_UNHEARD;
        g.machines_stale += core->machines[i].stale != 0;
    }
    for (uint32_t i = 0; i < core->c.s->lot_used; i++) {
        if (core->c.lot[i].where != LS_LOT_FREE) {
            g.lots++;
            g.lots_inferred += core->lots[i].inferred != 0 || core->lots[i].hash == 0;
        }
    }
    return g;
}
