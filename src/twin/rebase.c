// rebase.c - see rebase.h.
#include "twin/rebase.h"

#include <assert.h>
#include <string.h>

#include "twin/context.h"
#include "twin/queue.h"

typedef struct pair {
    const ls_twin *a, *b;
    const char *differs;  // NULL: nothing so far
} pair;

// What a rule may change is made equal in copies; the rest must be the same bytes.
typedef void (*mask_fn)(void *item);

static void mask_station(void *item) {
    ls_m_station *st = item;
    st->criterion_at = st->criterion_count = st->fifo_only = st->static_order = 0;
    st->batch_full = st->simple = 0;
    st->features &= ~(ls_u32)LS_F_DRIFT;
}

static void mask_machine(void *item) {
    ls_m_machine *mm = item;
    mm->exp_mean = 0.0;
    mm->express_step = mm->express_queue = mm->express_ends = 0;
}

static void mask_step(void *item) {
    ls_m_step *step = item;
    step->express = step->batch_min = 0;
    step->planned = 0.0;
}

static void mask_release(void *item) {
    ls_m_release *r = item;
    r->express = 0;
}

enum { ITEM_MAX = 256 };

static void compare(pair *p, const char *what, ls_u64 a_at, ls_u64 b_at, ls_u64 count, size_t size,
                    mask_fn mask) {
    assert(size <= ITEM_MAX);
    _Alignas(16) char a[ITEM_MAX];
    _Alignas(16) char b[ITEM_MAX];
    for (ls_u64 i = 0; i < count && p->differs == NULL; i++) {
        memcpy(a, (const char *)p->a->model + a_at + i * size, size);
        memcpy(b, (const char *)p->b->model + b_at + i * size, size);
        if (mask != NULL) {
            mask(a);
            mask(b);
        }
        if (memcmp(a, b, size) != 0) {
            p->differs = what;
        }
    }
}

static bool same_counts(const ls_model *a, const ls_model *b) {
    return a->state_size == b->state_size && a->stations == b->stations &&
           a->machines == b->machines && a->steps == b->steps && a->queues == b->queues &&
           a->families == b->families && a->modes == b->modes && a->releases == b->releases &&
           a->orders == b->orders && a->wip == b->wip && a->calendars == b->calendars &&
           a->pools == b->pools && a->crews == b->crews && a->needs == b->needs &&
           a->branches == b->branches && a->limits == b->limits && a->dists == b->dists &&
           a->tables == b->tables && a->words == b->words && a->times == b->times &&
           a->areas == b->areas && a->streams == b->streams && a->setups == b->setups &&
           a->lots == b->lots && a->idle_words == b->idle_words &&
           a->queue_words == b->queue_words && a->memory_slots == b->memory_slots &&
           a->deadline_slots == b->deadline_slots && a->sources == b->sources &&
           a->s_lot == b->s_lot && a->s_event == b->s_event && a->s_deadline == b->s_deadline &&
           a->dynamic == b->dynamic && a->before_count == b->before_count;
}

static void compare_all(pair *p) {
    const ls_model *a = p->a->model;
    const ls_model *b = p->b->model;
#define LS_SAME(what, at, count, type, mask) \
    compare(p, what, a->at, b->at, a->count, sizeof(type), mask)
    LS_SAME("stations", station_at, stations, ls_m_station, mask_station);
    LS_SAME("machines", machine_at, machines, ls_m_machine, mask_machine);
    LS_SAME("steps", step_at, steps, ls_m_step, mask_step);
    LS_SAME("queues", queue_at, queues, ls_m_queue, NULL);
    LS_SAME("batch families", family_at, families, ls_m_family, NULL);
    LS_SAME("failures", mode_at, modes, ls_m_mode, NULL);
    LS_SAME("releases", release_at, releases, ls_m_release, mask_release);
    LS_SAME("orders", order_at, orders, ls_m_order, NULL);
    LS_SAME("calendars", calendar_at, calendars, ls_m_calendar, NULL);
    LS_SAME("operators", pool_at, pools, ls_m_pool, NULL);
    LS_SAME("needs", need_at, needs, ls_m_need, NULL);
    LS_SAME("branches", branch_at, branches, ls_m_branch, NULL);
    LS_SAME("queue limits", limit_at, limits, ls_m_limit, NULL);
    LS_SAME("distributions", dist_at, dists, ls_dist, NULL);
    LS_SAME("distributions", table_at, tables, double, NULL);
    LS_SAME("lists", word_at, words, ls_u32, NULL);
    LS_SAME("calendars", time_at, times, ls_i64, NULL);
    LS_SAME("setups", matrix_at, setups, ls_m_setup, NULL);
    LS_SAME("streams", stream_at, streams, ls_m_stream, NULL);
    LS_SAME("crews", crew_at, crews, ls_u32, NULL);
#undef LS_SAME
    if (a->areas != 0) {
        const ls_u64 cells = (ls_u64)(a->areas + 1) * (a->areas + 1);
        compare(p, "transport", a->transport_at, b->transport_at, cells, sizeof(ls_u32), NULL);
    }
    // Masks lie between their section's start and the next one's.
    compare(p, "eligible machines", a->mask_at, b->mask_at, (a->time_at - a->mask_at) / 8, 8, NULL);
}

ls_status ls_twin_check_kin(const ls_twin *a, const ls_twin *b, ls_error *err) {
    pair p = {a, b, NULL};
    if (!same_counts(a->model, b->model) ||
        a->model->time_at - a->model->mask_at != b->model->time_at - b->model->mask_at) {
        p.differs = "sizes";
    } else if (a->model->hash != b->model->hash) {
        compare_all(&p);
    }
    if (p.differs != NULL) {
        return ls_fail(err, LS_ERR_INVALID,
                       "plants '%s' and '%s' differ in more than their dispatching rules: %s",
                       a->name, b->name, p.differs);
    }
    return LS_OK;
}

// Takes the lots out and puts them in again, each where it belongs.
static void sort_queue(ls_ctx *c, ls_u32 q) {
    ls_s_queue *queue = c->queue + q;
    ls_u32 lot = queue->head;
    c->station[c->queues[q].station].waiting -= queue->count;
    queue->head = queue->tail = LS_NO;
    queue->count = 0;
    while (lot != LS_NO) {
        const ls_u32 after = c->lot[lot].next;
        ls_queue_insert(c, lot);
        lot = after;
    }
}

void ls_twin_rebase(const ls_twin *to, const ls_snapshot *from, ls_snapshot *out) {
    assert(out->model == to->model);
    assert(from->state_size == out->state_size);
    ls_state_copy(to->model, out->state, from->state);
    out->scratch.still = 0;
    if (from->state->model_hash == to->model->hash) {
        return;
    }
    out->state->model_hash = to->model->hash;
    ls_ctx c;
    ls_ctx_open(&c, to->model, out->state, &out->scratch);
    for (ls_u32 q = 0; q < to->model->queues; q++) {
        if (c.queue[q].count > 1) {
            sort_queue(&c, q);
        }
    }
}

ls_status ls_twin_rebased(const ls_twin *own, const ls_snapshot *from, const ls_twin *to,
                          ls_snapshot **out, ls_error *err) {
    *out = NULL;
    ls_status status = ls_twin_check_kin(own, to, err);
    if (status == LS_OK) {
        status = ls_snapshot_create(to, 1, 0, out, err);
    }
    if (status == LS_OK) {
        ls_twin_rebase(to, from, *out);
    }
    return status;
}
