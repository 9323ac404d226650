// desk_tally.c - jobs that hold a place, counted: who holds what, what of it is borrowed.
#include <stdlib.h>
#include <string.h>

#include "exec/desk_inside.h"

void desk_tally_clear(desk_tally *t) {
    ls_shares_destroy(t->books);
    ls_free(t->holding);
    *t = (desk_tally){0};
}

static bool add_holding(desk_tally *t, const ls_exec_view *view, uint64_t milli) {
    if (t->holding_count == t->holding_room) {
        const uint32_t room = t->holding_room == 0 ? 64 : 2 * t->holding_room;
        desk_holding *more = ls_realloc(t->holding, room * sizeof *more);
        if (more == NULL) {
            return false;
        }
        t->holding = more;
        t->holding_room = room;
    }
    t->holding[t->holding_count++] = (desk_holding){.id = view->id,
                                                    .account = view->account,
                                                    .kind = view->kind,
                                                    .started_us = view->started_us,
                                                    .milli = milli};
    return true;
}

desk_counts desk_counts_of(const ls_desk *desk, uint32_t account) {
    const ls_exec_crowd *crowd = ls_exec_crowd_of(desk->exec, account);
    const uint64_t *by_state = crowd->by_state;
    return (desk_counts){.waiting = by_state[LS_EXEC_HELD] + by_state[LS_EXEC_WAITING],
                         .running = by_state[LS_EXEC_STARTING] + by_state[LS_EXEC_RUNNING],
                         .stopping = by_state[LS_EXEC_STOPPING],
                         .waiting_milli = crowd->waiting_milli};
}

static int last_started_first(const void *a, const void *b) {
    const desk_holding *x = a, *y = b;
    if (x->account != y->account) {
        return x->account < y->account ? -1 : 1;
    }
    if (x->started_us != y->started_us) {
        return x->started_us > y->started_us ? -1 : 1;
    }
    return x->id > y->id ? -1 : x->id < y->id;
}

// What an account borrows is held by its jobs that started last.
static void share_out_borrowed(desk_tally *t) {
    uint64_t left = 0;
    for (uint32_t i = 0; i < t->holding_count; i++) {
        desk_holding *h = t->holding + i;
        if (i == 0 || h->account != t->holding[i - 1].account) {
            left = ls_shares_borrowed(t->books, h->account);
        }
        h->borrowed = h->milli < left ? h->milli : left;
        left -= h->borrowed;
    }
}

static bool make(ls_desk *desk, desk_tally *t) {
    const ls_pool *pool = desk->pool;
    if (ls_shares_create(desk->terms.rows, desk->terms.count, pool->cluster.kind_count, &t->books,
                         NULL) != LS_OK) {
        return false;
    }
    ls_exec_view view;
    for (uint32_t at = 0; ls_exec_next_holding(desk->exec, &at, &view);) {
        const uint64_t milli = ls_shape_milli(&view.job->shape);
        const bool holds = view.kind != LS_POOL_NONE && milli > 0;
        if (holds) {
            ls_shares_add(t->books, view.account, view.kind, milli);
        }
        if (holds && !add_holding(t, &view, milli)) {
            return false;
        }
    }
    if (t->holding_count > 0) {
        qsort(t->holding, t->holding_count, sizeof *t->holding, last_started_first);
    }
    share_out_borrowed(t);
    return true;
}

const desk_tally *desk_count(ls_desk *desk) {
    const int64_t begin = desk_clock_us();
    desk_tally *t = &desk->tally;
    if (t->books != NULL && (t->step == desk->steps || begin < t->made_us + REST * t->cost_us)) {
        return t;
    }
    desk_tally_clear(t);
    if (!make(desk, t)) {
        desk_tally_clear(t);
        return NULL;
    }
    t->step = desk->steps;
    t->made_us = desk_clock_us();
    t->cost_us = t->made_us - begin;
    return t;
}

const desk_holding *desk_find_holding(const desk_tally *t, uint64_t id) {
    for (uint32_t i = 0; i < t->holding_count; i++) {
        if (t->holding[i].id == id) {
            return t->holding + i;
        }
    }
    return NULL;
}
