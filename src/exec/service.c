// service.c - see service.h: opened, stepped, closed.
#include "exec/service.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exec/nvml.h"
#include "exec/process.h"
#include "exec/service_inside.h"

static int64_t steady_us(const ls_exec *e) {
    return e->def.steady_us != NULL ? e->def.steady_us(e->def.context) : ls_steady_us();
}

static uint32_t initial(uint32_t given, uint32_t otherwise) {
    return given != 0 ? given : otherwise;
}

// ---- open

// GPUs of the pool, one after the other, are those of the machine in its order.
static ls_status find_gpus(ls_exec *e, ls_error *err) {
    const ls_pool *pool = e->def.pool;
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < pool->cluster.node_count; i++) {
        const ls_pool_node *n = pool->cluster.nodes + i;
        wanted += n->gpus;
        if (n->kind != LS_POOL_NONE && !pool->kinds[n->kind].is_slots) {
            e->gpu_count = wanted;  // slots behind the last need no name
        }
    }
    if (e->gpu_count == 0) {
        return LS_OK;
    }
    ls_nvml list;
    ls_status status = ls_nvml_list(&list, err);
    if (status != LS_OK) {
        return status;
    }
    e->gpus = ls_alloc(e->gpu_count * sizeof *e->gpus);
    uint32_t at = 0;
    uint32_t found = 0;
    for (uint32_t i = 0; e->gpus != NULL && status == LS_OK && i < pool->cluster.node_count; i++) {
        const ls_pool_node *n = pool->cluster.nodes + i;
        const bool slots = n->kind == LS_POOL_NONE || pool->kinds[n->kind].is_slots;
        for (uint32_t g = 0; g < n->gpus && at < e->gpu_count && status == LS_OK; g++, at++) {
            const char *uuid = slots ? "" : found < list.count ? list.gpus[found].uuid : NULL;
            char *copy = uuid != NULL ? ls_alloc(strlen(uuid) + 1) : NULL;
            if (uuid == NULL) {
                status = ls_fail(err, LS_ERR_INVALID,
                                 "pool '%s' has more GPUs than this machine: %u were found%s%s",
                                 pool->name, list.count, list.note[0] != '\0' ? "; " : "",
                                 list.note);
                ls_hint(err, "say fewer, or 'slots' for CPU slots, or leave the file out");
            } else if (copy == NULL) {
                status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
            } else {
                memcpy(copy, uuid, strlen(uuid) + 1);
                e->gpus[at] = copy;
                found += !slots;
            }
        }
    }
    if (e->gpus == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_nvml_clear(&list);
    return status;
}

// The pool's clock goes on as it did within one boot; after that from the wall clock, but not back.
static void set_clock(ls_exec *e) {
    char before[LS_BOOT_SIZE];
    ls_process_boot(e->boot);
    ls_exec_journal_text(e->journal, "boot", before, sizeof before);
    const int64_t last_us = ls_exec_journal_number(e->journal, "now_us", INT64_MIN);
    const int64_t wall_us = ls_process_wall_us();
    if (e->boot[0] != '\0' && strcmp(e->boot, before) == 0) {
        e->offset_us = ls_exec_journal_number(e->journal, "offset_us", 0);
    } else {
        e->offset_us = (wall_us > last_us ? wall_us : last_us) - steady_us(e);
    }
    if (steady_us(e) + e->offset_us < last_us) {
        e->offset_us = last_us - steady_us(e);
    }
    e->now_us = ls_exec_now_us(e);
}

static ls_status keep_clock(ls_exec *e, ls_error *err) {
    ls_status status = ls_exec_journal_begin(e->journal, err);
    status = status == LS_OK ? ls_exec_journal_put_text(e->journal, "boot", e->boot, err) : status;
    status = status == LS_OK
                 ? ls_exec_journal_put_number(e->journal, "offset_us", e->offset_us, err)
                 : status;
    status = status == LS_OK ? ls_exec_journal_commit(e->journal, err) : status;
    if (status != LS_OK) {
        ls_exec_journal_rollback(e->journal);
    }
    return status;
}

static ls_status make_scheduler(ls_exec *e, ls_error *err) {
    const ls_pool *pool = e->def.pool;
    ls_status status = ls_terms_make(pool, &e->terms, err);
    if (status != LS_OK) {
        return status;
    }
    // Times of the file count from its time zero, the pool's clock from 1970.
    ls_pool_reservation *reservations = ls_alloc(pool->reservation_count * sizeof *reservations);
    if (reservations == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < pool->reservation_count; i++) {
        ls_pool_reservation *r = reservations + i;
        *r = pool->reservations[i];
        r->from_us = r->from_us > 0 ? r->from_us + pool->start_us : 0;
        r->until_us = r->until_us != INT64_MAX ? r->until_us + pool->start_us : INT64_MAX;
    }
    const ls_scheduler_def def = {.cluster = &pool->cluster,
                                  .terms = e->terms.rows,
                                  .account_count = e->terms.count,
                                  .reclaim_us = e->terms.reclaim_us,
                                  .restore_shares = pool->restore_shares,
                                  .budget_gpu_hours = e->terms.budgets,
                                  .reservations = reservations,
                                  .reservation_count = pool->reservation_count,
                                  .policy = LS_PLACE_OWN};
    status = ls_scheduler_create(&def, &e->scheduler, err);
    status = status == LS_OK ? ls_afters_create(false, &e->afters, err) : status;
    ls_free(reservations);
    for (uint32_t i = 0; status == LS_OK && i < pool->cluster.node_count; i++) {
        uint32_t spare = LS_POOL_NONE;
        if (pool->states[i] != LS_NODE_UP) {
            ls_scheduler_node(e->scheduler, INT64_MIN, i, (ls_node_state)pool->states[i], &spare);
        }
    }
    return status;
}

static ls_status open_parts(ls_exec *e, ls_error *err) {
    char path[4096];
    ls_status status = LS_OK;
    signal(SIGPIPE, SIG_IGN);  // a run may end while it is told to stop
    if (e->def.helper == NULL && e->def.executor == NULL) {
        const ls_exec_helper_def helper = {.folder = e->def.folder};
        status = ls_exec_helper_start(&helper, &e->own_helper, err);
        e->def.helper = e->own_helper;
    }
    if (status == LS_OK &&
        snprintf(path, sizeof path, "%s/pool.db", e->def.folder) >= (int)sizeof path) {
        status = ls_fail(err, LS_ERR_INVALID, "the data folder has too long a name");
    }
    status = status == LS_OK ? ls_exec_journal_open(path, &e->journal, err) : status;
    if (status == LS_OK) {
        set_clock(e);
        status = keep_clock(e, err);
    }
    status = status == LS_OK ? find_gpus(e, err) : status;
    if (status == LS_OK && e->def.executor == NULL) {
        const ls_machine_def machine = {.folder = e->def.folder,
                                        .helper = e->def.helper,
                                        .pool = e->def.pool,
                                        .gpus = e->gpus,
                                        .offset_us = e->offset_us};
        status = ls_machine_create(&machine, &e->machine, err);
    }
    return status == LS_OK ? make_scheduler(e, err) : status;
}

ls_status ls_exec_open(const ls_exec_def *def, ls_exec **out, ls_error *err) {
    *out = NULL;
    ls_exec *e = ls_alloc(sizeof *e);
    if (e == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    e->def = *def;
    e->base = 1;
    e->def.log_bytes_max = def->log_bytes_max != 0 ? def->log_bytes_max : (uint64_t)16 << 20;
    e->def.log_bytes_most = def->log_bytes_most != 0 ? def->log_bytes_most : (uint64_t)1 << 30;
    e->def.waiting_max = initial(def->waiting_max, 1000000);
    e->def.waiting_account_max = initial(def->waiting_account_max, 100000);
    e->def.keep = initial(def->keep, 10000);
    e->def.load_every_us = def->load_every_us != 0 ? def->load_every_us : INT64_C(5000000);
    e->def.load_calm_us = def->load_calm_us != 0 ? def->load_calm_us : INT64_C(300000000);
    e->late_us = INT64_MAX;
    e->remind_us = INT64_MAX;
    e->load_us = INT64_MAX;
    e->crowds = ls_alloc(def->pool->account_count * sizeof *e->crowds);
    e->outs = ls_alloc(((size_t)def->pool->cluster.node_count + def->pool->cluster.gpus) *
                       sizeof *e->outs);
    e->gpu_at = ls_alloc(((size_t)def->pool->cluster.node_count + 1) * sizeof *e->gpu_at);
    ls_status status = e->crowds == NULL || e->outs == NULL || e->gpu_at == NULL
                           ? ls_fail(err, LS_ERR_MEMORY, "out of memory")
                           : open_parts(e, err);
    if (status == LS_OK) {
        e->executor = e->def.executor != NULL ? *e->def.executor : ls_machine_executor(e->machine);
        e->told_number = (uint64_t)e->now_us;
        status = ls_exec_load(e, err);
    }
    if (status != LS_OK) {
        ls_exec_close(e);
        return status;
    }
    *out = e;
    return LS_OK;
}

void ls_exec_close(ls_exec *e) {
    if (e == NULL) {
        return;
    }
    for (uint32_t i = 0; i < e->entry_count; i++) {
        ls_exec_free_entry(e->entries[i]);
    }
    for (uint32_t i = 0; e->gpus != NULL && i < e->gpu_count; i++) {
        char *name = NULL;
        memcpy(&name, e->gpus + i, sizeof name);
        ls_free(name);
    }
    ls_free(e->gpus);
    ls_exec_outs_clear(e);
    ls_exec_books_clear(&e->books);
    ls_scheduler_destroy(e->scheduler);
    ls_machine_destroy(e->machine);
    ls_exec_journal_close(e->journal);
    ls_exec_helper_stop(e->own_helper);
    ls_terms_clear(&e->terms);
    ls_free(e->entries);
    ls_free(e->slots);
    ls_free(e->dirty);
    ls_afters_destroy(e->afters);
    ls_free(e->over);
    ls_free(e->grow);
    ls_free(e->ended);
    ls_exec_forget_told(e);
    ls_free(e->told);
    ls_free(e->crowds);
    ls_free(e->holding);
    ls_free(e);
}

// ---- step

int64_t ls_exec_now_us(const ls_exec *e) {
    const int64_t now_us = steady_us(e) + e->offset_us;
    return now_us > e->now_us ? now_us : e->now_us;
}

int ls_exec_fd(const ls_exec *e) {
    return e->machine != NULL ? ls_machine_fd(e->machine) : -1;
}

int64_t ls_exec_wait_us(const ls_exec *e) {
    const int64_t now_us = ls_exec_now_us(e);
    int64_t at_us = ls_scheduler_wake(e->scheduler);
    const int64_t books_us = e->books.closed_us + LS_EXEC_BOOKS_US;
    at_us = books_us < at_us ? books_us : at_us;
    at_us = e->late_us < at_us ? e->late_us : at_us;
    at_us = e->remind_us < at_us ? e->remind_us : at_us;
    at_us = e->load_us < at_us ? e->load_us : at_us;
    int64_t wait_us = e->wants_step || at_us <= now_us ? 0 : at_us - now_us;
    const int64_t machine_us = e->machine != NULL ? ls_machine_wait_us(e->machine) : INT64_MAX;
    return machine_us < wait_us ? machine_us : wait_us;
}

// Another helper of our own for one that is gone.
static ls_status help_again(ls_exec *e, ls_error *err) {
    if (e->own_helper == NULL) {
        return LS_ERR_IO;
    }
    ls_exec_helper *helper = NULL;
    const ls_exec_helper_def def = {.folder = e->def.folder};
    ls_status status = ls_exec_helper_start(&def, &helper, err);
    status = status == LS_OK ? ls_machine_use(e->machine, helper, err) : status;
    if (status != LS_OK) {
        ls_exec_helper_stop(helper);
        return status;
    }
    ls_exec_helper_stop(e->own_helper);
    e->own_helper = helper;
    e->def.helper = helper;
    return LS_OK;
}

bool ls_exec_is_helpless(const ls_exec *e) {
    return e->helpless;
}

static void tell_all(ls_exec *e) {
    for (uint32_t i = 0; i < e->told_count; i++) {
        const ls_told *t = e->told + i;
        const ls_entry *j = ls_exec_find(e, t->id);
        ls_exec_event event = {
            .act = t->act, .at_us = t->at_us, .place = t->place, .reason = t->reason};
        if (j != NULL) {
            ls_exec_view_of(e, j, &event.job);
        }
        if (j != NULL || t->place != NULL) {
            event.number = ++e->told_number;
            e->def.told(e->def.context, &event);
        }
    }
    ls_exec_forget_told(e);
}

// What is there to be written may wait for more.
static bool may_wait(ls_exec *e) {
    if (e->pressing || e->books.dirty || e->outs_dirty || e->dirty_count + e->ended_count == 0) {
        return false;
    }
    if (e->late_us == INT64_MAX) {
        e->late_us = e->now_us + e->def.end_delay_us;
    }
    return e->now_us < e->late_us;
}

ls_status ls_exec_step(ls_exec *e, ls_error *err) {
    ls_status heard = e->machine != NULL ? ls_machine_hear(e->machine, err) : LS_OK;
    if (heard == LS_ERR_IO) {
        heard = help_again(e, err);
        e->helpless = heard != LS_OK && e->own_helper == NULL;
    }
    if (e->helpless) {  // what would be started now would fail for nothing of its own
        return LS_ERR_IO;
    }
    e->now_us = ls_exec_now_us(e);
    e->wants_step = false;
    ls_run_end end;
    ls_status status = LS_OK;
    while (status == LS_OK && e->executor.ended(e->executor.context, &end)) {
        status = ls_exec_apply_end(e, &end, err);
    }
    if (status == LS_OK) {
        ls_exec_gpu_suspected(e);
    }
    // Behind the ends: what was over while nobody was here is in the books by now.
    status = status == LS_OK ? ls_exec_books_tell_budgets(e, err) : status;
    if (status == LS_OK) {
        ls_exec_load_follow(e);
    }
    status = status == LS_OK ? ls_exec_apply_acts(e, err) : status;
    if (status == LS_OK) {
        ls_exec_purge(e);
        if (e->now_us - e->books.closed_us >= LS_EXEC_BOOKS_US) {
            status = ls_exec_books_close(e, e->now_us, err);
        }
    }
    if (status == LS_OK && may_wait(e)) {
        e->wants_step = false;
        return heard;
    }
    status = status == LS_OK ? ls_exec_commit(e, err) : status;
    if (status != LS_OK) {
        e->wants_step = true;
        return status;
    }
    e->pressing = false;
    e->late_us = INT64_MAX;
    // Told before it is done: whoever listens hears of a start before the job can be heard of.
    tell_all(e);
    e->wants_step = false;
    status = ls_exec_perform(e, err);
    ls_exec_remind(e);
    ls_exec_journal_tidy(e->journal);
    return heard != LS_OK ? heard : status;
}

// ---- questions

const ls_pool *ls_exec_pool(const ls_exec *e) {
    return e->def.pool;
}

bool ls_exec_isolates(const ls_exec *e) {
    return e->def.helper != NULL && e->def.helper->changes_user;
}

bool ls_exec_runs_as(const ls_exec *e, uid_t uid) {
    return ls_exec_isolates(e) ? uid >= e->def.helper->uid_least : uid == geteuid();
}

uint32_t ls_exec_limits(const ls_exec *e, const char **out_why) {
    const ls_exec_helper *helper = e->def.helper;
    if (out_why != NULL) {
        *out_why = helper == NULL              ? ""
                   : helper->cgroup.folder < 0 ? helper->cgroup.why
                                               : helper->cgroup.why_no_limit;
    }
    return helper != NULL ? helper->cgroup.limits : 0;
}

bool ls_exec_has_cgroups(const ls_exec *e, const char **out_why) {
    if (out_why != NULL) {
        *out_why = e->def.helper != NULL ? e->def.helper->cgroup.why : "";
    }
    return e->def.helper != NULL && e->def.helper->cgroup.folder >= 0;
}

const ls_shares *ls_exec_shares(const ls_exec *e) {
    return ls_scheduler_shares(e->scheduler);
}

const ls_occupancy *ls_exec_occupancy(const ls_exec *e) {
    return ls_scheduler_occupancy(e->scheduler);
}
