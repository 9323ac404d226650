// service_books.c - what accounts used, day by day, on the pool's clock.
//
// The meter counts between two closes; sums of a day stand in the journal with the time of the last
// close. What happened after that is told to the meter again when the service opens, from the runs.
#include <string.h>

#include "exec/service_inside.h"
#include "pool/budget.h"

static bool is_empty(const ls_meter_row *r) {
    const ls_meter_row zero = {.held = 0};
    return r->held == 0 && r->borrowed == 0 && r->offered == 0 && r->lost == 0 &&
           r->started == zero.started && r->ended == 0 && r->stopped == 0 && r->broken == 0;
}

void ls_exec_books_clear(ls_books *b) {
    ls_meter_destroy(b->meter);
    ls_free(b->sums);
    ls_free(b->rows);
    ls_free(b->past);
    *b = (ls_books){0};
}

void ls_exec_books_hold(ls_exec *e, int64_t at_us, const ls_entry *j, bool hold) {
    ls_books *b = &e->books;
    b->last_us = at_us > b->last_us ? at_us : b->last_us;
    const uint64_t milli = ls_shape_milli(&j->spec->job->shape);
    if (hold) {
        ls_meter_hold(b->meter, b->last_us, j->account, j->kind, milli, false);
    } else {
        ls_meter_drop(b->meter, b->last_us, j->account, j->kind, milli, false);
    }
}

static bool keep_day(ls_exec *e) {
    ls_books *b = &e->books;
    const uint32_t accounts = e->def.pool->account_count;
    if (!ls_grow(&b->past, &b->past_room, sizeof *b->past, b->past_count + accounts + 1)) {
        return false;
    }
    for (uint32_t i = 0; i < accounts; i++) {
        if (!is_empty(b->sums + i)) {
            b->past[b->past_count++] = (ls_books_row){
                .day = b->day, .account = i, .row = b->sums[i]};
        }
    }
    b->past[b->past_count++] = (ls_books_row){.day = b->day, .account = accounts, .pool = b->pool};
    memset(b->sums, 0, accounts * sizeof *b->sums);
    b->pool = (ls_meter_pool){0};
    return true;
}

ls_status ls_exec_books_close(ls_exec *e, int64_t now_us, ls_error *err) {
    ls_books *b = &e->books;
    now_us = now_us > b->last_us ? now_us : b->last_us;
    while (b->closed_us < now_us) {
        const int64_t midnight_us = (b->day + 1) * LS_DAY_US;
        const int64_t to_us = midnight_us < now_us ? midnight_us : now_us;
        ls_meter_pool pool;
        // What was told after midnight already counts on the day it was told.
        const int64_t at_us = to_us > b->last_us ? to_us : b->last_us;
        ls_meter_close(b->meter, at_us, b->rows, &pool);
        for (uint32_t i = 0; i < e->def.pool->account_count; i++) {
            ls_meter_add(b->sums + i, b->rows + i);
        }
        ls_meter_add_pool(&b->pool, &pool);
        b->closed_us = at_us;
        b->last_us = at_us;
        b->dirty = true;
        if (at_us >= midnight_us) {
            if (!keep_day(e)) {
                return ls_fail(err, LS_ERR_MEMORY, "out of memory for the books");
            }
            b->day = at_us / LS_DAY_US;
        }
    }
    return LS_OK;
}

// ---- into the journal and out of it

static uint64_t u64(ls_gpu_time value) {
    return value > INT64_MAX ? INT64_MAX : (uint64_t)value;
}

// Of ls_meter_row in the journal: what is left over is forgotten when the books are opened again.
#define MICRO_WATT_HOUR ((ls_gpu_time)LS_POOL_WHOLE * 3600)
#define MICRO_MONEY ((ls_gpu_time)LS_POOL_WHOLE * 3600 * 1000000)

static ls_meter_row row_of(const ls_usage_row *r) {
    return (ls_meter_row){.held = r->held,
                          .borrowed = r->borrowed,
                          .offered = r->offered,
                          .lost = r->lost,
                          .energy = r->energy * MICRO_WATT_HOUR,
                          .charge = r->charge * MICRO_MONEY,
                          .started = r->started,
                          .ended = r->ended,
                          .stopped = r->stopped,
                          .broken = r->broken};
}

static ls_status put_row(ls_exec *e, int64_t day, uint32_t account, const ls_meter_row *r,
                         ls_error *err) {
    const ls_usage_row row = {.day = day,
                              .account = e->def.pool->accounts[account].path,
                              .held = u64(r->held),
                              .borrowed = u64(r->borrowed),
                              .offered = u64(r->offered),
                              .lost = u64(r->lost),
                              .started = r->started,
                              .ended = r->ended,
                              .stopped = r->stopped,
                              .broken = r->broken,
                              .energy = u64(r->energy / MICRO_WATT_HOUR),
                              .charge = u64(r->charge / MICRO_MONEY)};
    return ls_exec_journal_put_usage(e->journal, &row, err);
}

static ls_status put_pool(ls_exec *e, int64_t day, const ls_meter_pool *p, ls_error *err) {
    ls_day_row row = {.day = day, .all = u64(p->all), .idle = u64(p->idle)};
    for (int i = 0; i < 4; i++) {
        row.by_state[i] = u64(p->by_state[i]);
    }
    return ls_exec_journal_put_day(e->journal, &row, err);
}

ls_status ls_exec_books_write(ls_exec *e, ls_error *err) {
    const ls_books *b = &e->books;
    const uint32_t accounts = e->def.pool->account_count;
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < b->past_count && status == LS_OK; i++) {
        const ls_books_row *r = b->past + i;
        status = r->account < accounts ? put_row(e, r->day, r->account, &r->row, err)
                                       : put_pool(e, r->day, &r->pool, err);
    }
    for (uint32_t i = 0; i < accounts && status == LS_OK; i++) {
        status = is_empty(b->sums + i) ? LS_OK : put_row(e, b->day, i, b->sums + i, err);
    }
    status = status == LS_OK ? put_pool(e, b->day, &b->pool, err) : status;
    return status == LS_OK ? ls_exec_journal_put_number(e->journal, "closed_us", b->closed_us, err)
                           : status;
}

static ls_status load_row(void *context, const ls_usage_row *r, ls_error *err) {
    ls_exec *e = context;
    (void)err;
    const uint32_t account = ls_pool_account(e->def.pool, r->account);
    if (account != LS_POOL_NONE) {
        e->books.sums[account] = row_of(r);
    }
    return LS_OK;
}

static void pool_of(const ls_day_row *r, ls_meter_pool *out) {
    out->all = r->all;
    out->idle = r->idle;
    for (int i = 0; i < 4; i++) {
        out->by_state[i] = r->by_state[i];
    }
}

static ls_status load_day(void *context, const ls_day_row *r, ls_error *err) {
    ls_exec *e = context;
    (void)err;
    pool_of(r, &e->books.pool);
    return LS_OK;
}

ls_status ls_exec_books_open(ls_exec *e, ls_error *err) {
    ls_books *b = &e->books;
    const uint32_t accounts = e->def.pool->account_count;
    b->closed_us = ls_exec_journal_number(e->journal, "closed_us", INT64_MAX);
    b->dirty = b->closed_us == INT64_MAX;  // when they were opened stands in the first commit
    b->closed_us = b->closed_us < e->now_us ? b->closed_us : e->now_us;
    b->last_us = b->closed_us;
    b->day = b->closed_us / LS_DAY_US;
    b->sums = ls_alloc(accounts * sizeof *b->sums);
    b->rows = ls_alloc(accounts * sizeof *b->rows);
    if (b->sums == NULL || b->rows == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the books");
    }
    ls_status status = ls_meter_create(&e->def.pool->cluster, e->terms.rows, e->terms.count,
                                       b->closed_us, &b->meter, err);
    if (status == LS_OK) {
        ls_meter_price(b->meter, e->terms.prices);
    }
    for (uint32_t i = 0; status == LS_OK && i < e->def.pool->cluster.node_count; i++) {
        const ls_node_state state = (ls_node_state)e->def.pool->states[i];
        if (state != LS_NODE_UP) {
            ls_meter_node(b->meter, b->closed_us, i, LS_NODE_UP, state);
        }
    }
    if (status == LS_OK) {
        status = ls_exec_journal_usage(e->journal, b->day, b->day + 1, load_row, e, err);
    }
    return status == LS_OK ? ls_exec_journal_days(e->journal, b->day, b->day + 1, load_day, e, err)
                           : status;
}

// ---- budgets

typedef struct month {
    const ls_pool *pool;
    ls_gpu_time *used;  // by account
} month;

static ls_status add_month(void *context, const ls_usage_row *r, ls_error *err) {
    month *m = context;
    (void)err;
    const uint32_t account = ls_pool_account(m->pool, r->account);
    if (account != LS_POOL_NONE) {
        m->used[account] += r->held;
    }
    return LS_OK;
}

static int64_t month_begins(int64_t day) {
    int64_t first = day;
    while (ls_month_end_us((first - 1) * LS_DAY_US) > day * LS_DAY_US) {
        first--;
    }
    return first;
}

ls_status ls_exec_books_tell_budgets(ls_exec *e, ls_error *err) {
    ls_books *b = &e->books;
    const uint32_t accounts = e->def.pool->account_count;
    bool some = false;
    for (uint32_t i = 0; i < accounts && !b->budgets_told; i++) {
        some |= e->terms.budgets[i] > 0.0;
    }
    if (!some) {
        b->budgets_told = true;
        return LS_OK;
    }
    ls_status status = ls_exec_books_close(e, e->now_us, err);
    if (status != LS_OK) {
        return status;
    }
    month m = {.pool = e->def.pool, .used = ls_alloc(accounts * sizeof *m.used)};
    const int64_t first = month_begins(b->day);
    // Of days that are over and not written yet the journal has a part, if anything.
    const int64_t written = b->past_count > 0 ? b->past[0].day : b->day;
    status = m.used == NULL ? ls_fail(err, LS_ERR_MEMORY, "out of memory for the budgets")
                            : ls_exec_journal_usage(e->journal, first, written, add_month, &m, err);
    for (uint32_t i = 0; i < b->past_count && status == LS_OK; i++) {
        const ls_books_row *r = b->past + i;
        if (r->account < accounts && r->day >= first) {
            m.used[r->account] += r->row.held;
        }
    }
    for (uint32_t i = 0; i < accounts && status == LS_OK; i++) {
        if (e->terms.budgets[i] > 0.0) {
            ls_scheduler_used(e->scheduler, e->now_us, i, m.used[i] + b->sums[i].held);
        }
    }
    ls_free(m.used);
    b->budgets_told = status == LS_OK;
    return status;
}

// ---- questions

typedef struct asking {
    ls_exec *e;
    int64_t day;
    ls_meter_row *rows;  // of `day`, by account
    ls_meter_pool pool;
    bool (*visit)(void *context, const ls_exec_usage *usage, const ls_meter_pool *pool);
    void *context;
    bool stop;
} asking;

static void visit_day(asking *a) {
    for (uint32_t i = 0; i < a->e->def.pool->account_count && !a->stop; i++) {
        const ls_exec_usage usage = {.day = a->day, .account = i, .row = a->rows[i]};
        if (!is_empty(a->rows + i)) {
            a->stop = !a->visit(a->context, &usage, &a->pool);
        }
    }
}

static ls_status ask_row(void *context, const ls_usage_row *r, ls_error *err) {
    asking *a = context;
    (void)err;
    const uint32_t account = ls_pool_account(a->e->def.pool, r->account);
    if (account != LS_POOL_NONE) {
        a->rows[account] = row_of(r);
    }
    return LS_OK;
}

typedef struct day_list {
    ls_day_row *rows;
    uint32_t count, room;
} day_list;

static ls_status list_day(void *context, const ls_day_row *r, ls_error *err) {
    day_list *l = context;
    if (!ls_grow(&l->rows, &l->room, sizeof *l->rows, l->count + 1)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    l->rows[l->count++] = *r;
    return LS_OK;
}

ls_status ls_exec_usage_each(ls_exec *e, int64_t from_day, int64_t to_day,
                             bool (*visit)(void *context, const ls_exec_usage *usage,
                                           const ls_meter_pool *pool),
                             void *context, ls_error *err) {
    const uint32_t accounts = e->def.pool->account_count;
    day_list days = {.count = 0};
    asking a = {.e = e, .visit = visit, .context = context};
    e->now_us = ls_exec_now_us(e);
    a.rows = ls_alloc(accounts * sizeof *a.rows);
    ls_status status = a.rows == NULL ? ls_fail(err, LS_ERR_MEMORY, "out of memory") : LS_OK;
    status = status == LS_OK ? ls_exec_books_close(e, e->now_us, err) : status;
    status = status == LS_OK ? ls_exec_commit(e, err) : status;
    if (status == LS_OK) {
        status = ls_exec_journal_days(e->journal, from_day, to_day, list_day, &days, err);
    }
    for (uint32_t i = 0; i < days.count && status == LS_OK && !a.stop; i++) {
        memset(a.rows, 0, accounts * sizeof *a.rows);
        a.day = days.rows[i].day;
        pool_of(days.rows + i, &a.pool);
        status = ls_exec_journal_usage(e->journal, a.day, a.day + 1, ask_row, &a, err);
        if (status == LS_OK) {
            visit_day(&a);
        }
    }
    ls_free(days.rows);
    ls_free(a.rows);
    return status;
}
