// entries.c - see entries.h.
#include "decide/prove/entries.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "twin/intervene.h"
#include "twin/model.h"
#include "twin/state.h"

static int by_time(const void *a, const void *b) {
    const ls_entry *x = a;
    const ls_entry *y = b;
    if (x->time_us != y->time_us) {
        return x->time_us < y->time_us ? -1 : 1;
    }
    // Who comes in does so before the pool is shut for the next.
    return x->shuts != y->shuts ? (x->shuts ? 1 : -1)
                                : (x->order > y->order) - (x->order < y->order);
}

static bool has_pool(const ls_twin *twin, uint64_t release) {
    const ls_m_release *releases = LS_MODEL_ARRAY(twin->model, ls_m_release, release_at);
    return release < twin->model->releases && releases[release].pool != 0;
}

ls_status ls_entries_make(const ls_twin *twin, const ls_realised *realised, ls_entries *out,
                          ls_error *err) {
    *out = (ls_entries){0};
    size_t count = 0;
    for (size_t i = 0; i < realised->count; i++) {
        const ls_realised_kind kind = realised->items[i].kind;
        count += kind == LS_REALISED_WAITS || kind == LS_REALISED_ENTERS;
    }
    out->items = ls_alloc((count + 1) * sizeof *out->items);
    if (out->items == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu entries", count);
    }
    for (size_t i = 0; i < realised->count; i++) {
        const ls_realised_value *v = &realised->items[i];
        const bool waits = v->kind == LS_REALISED_WAITS;
        if ((waits || v->kind == LS_REALISED_ENTERS) && has_pool(twin, v->key)) {
            // Shut just before it comes: what came before has passed by then.
            out->items[out->count] = (ls_entry){.time_us = waits ? v->value - 1 : v->value,
                                                .release = (uint32_t)v->key,
                                                .shuts = waits,
                                                .order = (uint32_t)out->count};
            out->count++;
        }
    }
    qsort(out->items, out->count, sizeof *out->items, by_time);
    return LS_OK;
}

void ls_entries_clear(ls_entries *entries) {
    ls_free(entries->items);
    *entries = (ls_entries){0};
}

static uint32_t pooled(const ls_snapshot *s, uint32_t release) {
    return LS_STATE_VIEW(s->model, s->state, ls_s_release, s_release)[release].pooled;
}

// The two can be refused where the plant has ended only.
static void shut(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release) {
    (void)ls_intervene_put_off(twin, snapshot, release, LS_NEVER, NULL);
}

static void open(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release) {
    (void)ls_intervene_put_off(twin, snapshot, release, 0, NULL);
}

void ls_entries_begin(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release) {
    if (has_pool(twin, release)) {
        (pooled(snapshot, release) > 0 ? shut : open)(twin, snapshot, release);
    }
}

void ls_entry_do(const ls_twin *twin, ls_snapshot *snapshot, const ls_entry *entry) {
    if (entry->shuts) {
        shut(twin, snapshot, entry->release);
        return;
    }
    (void)ls_intervene_release(twin, snapshot, entry->release, NULL);
    if (pooled(snapshot, entry->release) == 0) {
        open(twin, snapshot, entry->release);
    }
}
