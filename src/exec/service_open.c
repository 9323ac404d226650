// service_open.c - from the journal to what was there before, and what became of it since.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/service_inside.h"
#include "exec/spec.h"

typedef struct loading {
    ls_exec *e;
    ls_spec **specs;  // by id
    uint32_t spec_count, spec_room;
    uint64_t *runs;  // jobs with a run under way
    char (*boots)[LS_BOOT_SIZE];
    uint32_t run_count, run_room, boot_room;
} loading;

// ---- rows

static ls_status take_spec(void *context, uint64_t id, const void *bytes, size_t size,
                           ls_error *err) {
    loading *l = context;
    ls_spec *spec = ls_alloc(sizeof *spec);
    if (spec == NULL || !ls_grow(&l->specs, &l->spec_room, sizeof *l->specs, l->spec_count + 1)) {
        ls_free(spec);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_arena_init(&spec->arena);
    spec->id = id;
    spec->users = 1;  // ours
    l->specs[l->spec_count++] = spec;
    ls_error why = {0};
    const ls_status status = ls_exec_spec_read(bytes, size, &spec->arena, &spec->job, &why);
    return status == LS_OK ? LS_OK
                           : ls_fail(err, status, "the journal is damaged: what job %llu runs: %s",
                                     (unsigned long long)id, why.text);
}

static int by_id(const void *a, const void *b) {
    const uint64_t *id = a;
    ls_spec *const *spec = b;
    return (*id > (*spec)->id) - (*id < (*spec)->id);
}

static ls_status take_job(void *context, const ls_job_row *r, ls_error *err) {
    loading *l = context;
    ls_exec *e = l->e;
    ls_spec **spec = l->spec_count > 0
                         ? bsearch(&r->spec, l->specs, l->spec_count, sizeof(ls_spec *), by_id)
                         : NULL;
    if (spec == NULL || r->id == 0) {
        return ls_fail(err, LS_ERR_INVALID, "the journal is damaged: job %llu runs nothing",
                       (unsigned long long)r->id);
    }
    if (r->id >= e->next_id) {
        return ls_fail(err, LS_ERR_INVALID,
                       "the journal is damaged: job %llu, though the next is to be %llu",
                       (unsigned long long)r->id, (unsigned long long)e->next_id);
    }
    ls_entry *j = ls_exec_add(e, r->id, *spec);
    if (j == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_error why = {0};
    const bool known = ls_exec_account(e, (*spec)->job, &j->account, &why) == LS_OK;
    const bool runs = r->state >= LS_EXEC_STARTING && r->state <= LS_EXEC_STOPPING;
    if (!known) {
        if (runs) {
            return ls_fail(err, LS_ERR_INVALID,
                           "job %llu runs for an account that this pool file has no more: %s",
                           (unsigned long long)r->id, why.text);
        }
        j->account = 0;
    }
    j->array_id = r->array_id;
    j->array_index = r->array_index;
    j->runs = r->runs;
    j->tries = r->tries;
    j->submitted_us = r->submitted_us;
    j->started_us = r->started_us;
    j->ended_us = r->ended_us;
    j->lost_us = r->lost_us;
    j->why = r->why;
    j->for_job = r->for_job;
    j->exit_code = r->exit_code;
    j->signal = r->signal;
    if (r->note[0] != '\0') {
        ls_exec_note(j, "%s", r->note);
    }
    ls_exec_set_state(e, j, r->state);
    if (!known && !ls_exec_is_over(r->state)) {
        ls_exec_note(j, "%s", why.text);
        ls_exec_finish(e, j, LS_EXEC_CANCELLED, e->now_us);
    }
    return LS_OK;
}

static ls_status take_run(void *context, const ls_run_row *r, ls_error *err) {
    loading *l = context;
    ls_exec *e = l->e;
    ls_entry *j = ls_exec_find(e, r->job);
    if (r->ended_us != 0) {
        return LS_OK;
    }
    if (j == NULL || j->runs != r->run || j->shares != NULL || ls_exec_is_over(j->state)) {
        return ls_fail(err, LS_ERR_INVALID, "the journal is damaged: run %u of job %llu", r->run,
                       (unsigned long long)r->job);
    }
    const uint32_t parts = j->spec->job->shape.parts;
    ls_error why = {0};
    const ls_status status = ls_shares_parse(e->def.pool, r->shares, parts, &j->shares, &why);
    if (status != LS_OK) {
        return ls_fail(err, status, "job %llu runs where this pool file has nothing: %s",
                       (unsigned long long)r->job, why.text);
    }
    for (uint32_t k = 0; k < e->def.pool->cluster.kind_count; k++) {
        if (strcmp(e->def.pool->cluster.kinds[k].name, r->kind) == 0) {
            j->kind = k;
        }
    }
    j->started_us = r->started_us;
    j->until_us = r->until_us;
    j->stops_us = r->until_us != 0 ? r->until_us - j->spec->job->grace_us : 0;
    if (!ls_exec_hold(e, j) ||
        !ls_grow(&l->runs, &l->run_room, sizeof *l->runs, l->run_count + 1) ||
        !ls_grow(&l->boots, &l->boot_room, sizeof *l->boots, l->run_count + 1)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    snprintf(l->boots[l->run_count], LS_BOOT_SIZE, "%s", r->boot);
    l->runs[l->run_count++] = j->id;
    return LS_OK;
}

// ---- the scheduler, as it was

static ls_status cannot_go_on(const ls_entry *j, ls_status status, const ls_error *why,
                              ls_error *err) {
    return ls_fail(err, status, "job %llu cannot go on in this pool: %s", (unsigned long long)j->id,
                   why->text);
}

static int by_start(const void *a, const void *b) {
    const ls_entry *const *x = a;
    const ls_entry *const *y = b;
    if ((*x)->started_us != (*y)->started_us) {
        return (*x)->started_us < (*y)->started_us ? -1 : 1;
    }
    return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

// A job that runs is where it was; `state` is what it was.
static ls_status put_back(ls_exec *e, ls_entry *j, ls_error *err) {
    ls_error why = {0};
    const ls_exec_state state = j->state;
    ls_status status = ls_scheduler_adopt(e->scheduler, j->started_us, j->slot, j->shares, &why);
    if (status == LS_OK && state == LS_EXEC_STOPPING) {
        status = ls_scheduler_again(e->scheduler, e->now_us, j->slot, &why);
        if (status == LS_OK && j->why == LS_WHY_CANCEL) {
            ls_scheduler_cancel(e->scheduler, e->now_us, j->slot);
        }
    }
    return status == LS_OK ? LS_OK : cannot_go_on(j, status, &why, err);
}

static ls_status give_to_scheduler(ls_exec *e, ls_error *err) {
    ls_entry **running = ls_alloc((e->entry_count + 1) * sizeof(ls_entry *));
    uint32_t count = 0;
    ls_status status = running == NULL ? ls_fail(err, LS_ERR_MEMORY, "out of memory") : LS_OK;
    for (uint32_t i = 0; i < e->entry_count && status == LS_OK; i++) {
        ls_entry *j = e->entries[i];
        if (j == NULL || ls_exec_is_over(j->state) || j->state == LS_EXEC_HELD) {
            continue;
        }
        const ls_exec_state state = j->state;
        ls_error why = {0};
        status = ls_exec_schedule(e, j, j->submitted_us, &why);
        if (status == LS_OK && j->shares != NULL) {
            ls_exec_set_state(e, j, state);
            running[count++] = j;
        } else if (status == LS_ERR_INVALID && j->shares == NULL) {
            ls_exec_note(j, "%s", why.text);  // the pool file was changed since
            ls_exec_finish(e, j, LS_EXEC_CANCELLED, e->now_us);
            status = LS_OK;
        } else if (status != LS_OK) {
            status = cannot_go_on(j, status, &why, err);
        }
    }
    // In the order in which they began: the scheduler's time does not go back.
    if (status == LS_OK && count > 0) {
        qsort(running, count, sizeof(ls_entry *), by_start);
    }
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        status = put_back(e, running[i], err);
    }
    ls_free(running);
    return status;
}

static ls_status adopt_one(ls_exec *e, ls_entry *j, const char *boot, ls_error *err) {
    const bool same_boot = strcmp(boot, e->boot) == 0;
    ls_run_end end = {.job = j->id, .run = j->runs, .how = LS_RUN_NEVER, .ended_us = j->started_us};
    switch (e->executor.adopt(e->executor.context, j->id, j->runs)) {
    case LS_RUN_FOUND_RUNNING:
        if (j->state == LS_EXEC_STARTING) {
            ls_exec_set_state(e, j, LS_EXEC_RUNNING);
        }
        if (j->state == LS_EXEC_STOPPING) {
            e->executor.stop(e->executor.context, j->id, j->runs, j->until_us);
        }
        return LS_OK;
    case LS_RUN_FOUND_ENDED: return LS_OK;
    case LS_RUN_FOUND_NEVER:
        if (!same_boot) {
            // What says who had begun it was not made durable: it may have run.
            end.how = LS_RUN_LOST;
            end.ended_us = e->now_us;
            snprintf(end.note, sizeof end.note, "the machine was started anew while it ran");
        }
        return ls_exec_apply_end(e, &end, err);
    default:
        return ls_fail(err, LS_ERR_IO, "it cannot be found out what became of job %llu",
                       (unsigned long long)j->id);
    }
}

// ---- the books, from the last close on

typedef struct held {
    int64_t at_us;
    uint32_t account, kind;
    uint64_t milli;
    int64_t lost_us;
    ls_meter_event how;
    bool begins, counts;
} held;

typedef struct happened {
    ls_exec *e;
    held *items;
    uint32_t count, room;
} happened;

static bool push(happened *h, const held *item) {
    if (!ls_grow(&h->items, &h->room, sizeof *h->items, h->count + 1)) {
        return false;
    }
    h->items[h->count++] = *item;
    return true;
}

static ls_status note_run(void *context, const ls_run_row *r, ls_error *err) {
    happened *h = context;
    const ls_pool *pool = h->e->def.pool;
    const int64_t closed_us = h->e->books.closed_us;
    held item = {.account = ls_pool_account(pool, r->account),
                 .kind = LS_POOL_NONE,
                 .milli = r->milli,
                 .lost_us = r->lost_us,
                 .how = LS_METER_STARTED};
    for (uint32_t k = 0; k < pool->cluster.kind_count; k++) {
        item.kind = strcmp(pool->cluster.kinds[k].name, r->kind) == 0 ? k : item.kind;
    }
    if (item.account == LS_POOL_NONE || (item.kind == LS_POOL_NONE && r->milli > 0)) {
        return LS_OK;  // of an account or kind that is no more
    }
    item.begins = true;
    item.counts = r->started_us > closed_us;
    item.at_us = item.counts ? r->started_us : closed_us;
    bool fine = push(h, &item);
    if (r->ended_us != 0) {
        item.begins = false;
        item.counts = true;
        item.at_us = r->ended_us > closed_us ? r->ended_us : closed_us;
        item.how = r->how >= LS_METER_STARTED && r->how <= LS_METER_BROKEN ? (ls_meter_event)r->how
                                                                           : LS_METER_ENDED;
        fine = fine && push(h, &item);
    }
    return fine ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "out of memory for the books");
}

static int by_time(const void *a, const void *b) {
    const held *x = a;
    const held *y = b;
    if (x->at_us != y->at_us) {
        return x->at_us < y->at_us ? -1 : 1;
    }
    return (int)y->begins - (int)x->begins;  // a run that took no time begins before it ends
}

static ls_status replay_books(ls_exec *e, ls_error *err) {
    happened h = {.e = e};
    ls_books *b = &e->books;
    const ls_status status = ls_exec_journal_runs(e->journal, b->closed_us, note_run, &h, err);
    if (status == LS_OK && h.count > 0) {
        qsort(h.items, h.count, sizeof *h.items, by_time);
    }
    for (uint32_t i = 0; status == LS_OK && i < h.count; i++) {
        const held *item = h.items + i;
        b->last_us = item->at_us > b->last_us ? item->at_us : b->last_us;
        if (item->begins) {
            ls_meter_hold(b->meter, b->last_us, item->account, item->kind, item->milli, false);
        } else {
            ls_meter_drop(b->meter, b->last_us, item->account, item->kind, item->milli, false);
            ls_meter_lose(b->meter, item->account, item->milli, item->lost_us);
        }
        if (item->counts) {
            ls_meter_count(b->meter, item->account, item->how);
        }
    }
    ls_free(h.items);
    return status;
}

static int by_end(const void *a, const void *b) {
    const ls_entry *const *x = a;
    const ls_entry *const *y = b;
    if ((*x)->ended_us != (*y)->ended_us) {
        return (*x)->ended_us < (*y)->ended_us ? -1 : 1;
    }
    return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

// Those that are over, in the order in which they will be forgotten.
static ls_status list_over(ls_exec *e, ls_error *err) {
    uint32_t count = 0;
    const ls_entry **rows = ls_alloc(e->entry_count * sizeof *rows);
    if (rows == NULL || !ls_grow(&e->over, &e->over_room, sizeof *e->over, e->entry_count)) {
        ls_free(rows);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < e->entry_count; i++) {
        if (e->entries[i] != NULL && ls_exec_is_over(e->entries[i]->state)) {
            rows[count++] = e->entries[i];
        }
    }
    qsort(rows, count, sizeof *rows, by_end);
    for (uint32_t i = 0; i < count; i++) {
        e->over[i] = rows[i]->id;
    }
    e->over_at = 0;
    e->over_count = count;
    ls_free(rows);
    return LS_OK;
}

ls_status ls_exec_load(ls_exec *e, ls_error *err) {
    loading l = {.e = e};
    e->next_id = (uint64_t)ls_exec_journal_number(e->journal, "next_id", 1);
    ls_status status = ls_exec_journal_specs(e->journal, take_spec, &l, err);
    status = status == LS_OK ? ls_exec_journal_jobs(e->journal, take_job, &l, err) : status;
    status = status == LS_OK ? ls_exec_journal_runs(e->journal, INT64_MAX, take_run, &l, err)
                             : status;
    for (uint32_t i = 0; status == LS_OK && i < e->entry_count; i++) {
        const ls_entry *j = e->entries[i];
        if (j != NULL && j->state >= LS_EXEC_STARTING && j->state <= LS_EXEC_STOPPING &&
            j->shares == NULL) {
            status = ls_fail(err, LS_ERR_INVALID, "the journal is damaged: job %llu runs nowhere",
                             (unsigned long long)j->id);
        }
    }
    if (status == LS_OK && e->entry_count > 0 && e->base + e->entry_count > e->next_id) {
        e->next_id = e->base + e->entry_count;
    }
    status = status == LS_OK ? ls_exec_books_open(e, err) : status;
    status = status == LS_OK ? ls_exec_outs_open(e, err) : status;
    status = status == LS_OK ? replay_books(e, err) : status;
    status = status == LS_OK ? give_to_scheduler(e, err) : status;
    for (uint32_t i = 0; status == LS_OK && i < l.run_count; i++) {
        ls_entry *j = ls_exec_find(e, l.runs[i]);
        status = adopt_one(e, j, l.boots[i], err);
    }
    status = status == LS_OK ? list_over(e, err) : status;
    if (status == LS_OK) {
        ls_exec_outs_apply(e);  // behind those that run there
        status = ls_exec_hold_again(e, err);
    }
    if (status == LS_OK) {
        ls_exec_elastic_open(e);
        ls_exec_load_open(e);
        e->wants_step = true;
        e->pressing = true;
    }
    for (uint32_t i = 0; i < l.spec_count; i++) {
        ls_exec_release_spec(l.specs[i]);
    }
    ls_free(l.specs);
    ls_free(l.runs);
    ls_free(l.boots);
    return status;
}
