// service_jobs.c - jobs as the service keeps them: asked for, found, told of.
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "exec/disk.h"
#include "exec/service_inside.h"
#include "exec/spec.h"

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory");
}

// ---- entries

ls_entry *ls_exec_find(const ls_exec *e, uint64_t id) {
    return id >= e->base && id - e->base < e->entry_count ? e->entries[id - e->base] : NULL;
}

ls_entry *ls_exec_add(ls_exec *e, uint64_t id, ls_spec *spec) {
    if (e->entry_count == 0) {
        e->base = id;
    }
    const uint64_t at = id - e->base;
    ls_entry *j = at < UINT32_MAX - 1 ? ls_alloc(sizeof *j) : NULL;
    if (j == NULL || !ls_grow(&e->entries, &e->entry_room, sizeof *e->entries, (uint32_t)at + 1)) {
        ls_free(j);
        return NULL;
    }
    e->entry_count = (uint32_t)at + 1;
    e->entries[at] = j;
    spec->users++;
    *j = (ls_entry){.id = id,
                    .spec = spec,
                    .slot = LS_POOL_NONE,
                    .kind = LS_POOL_NONE,
                    .exit_code = -1,
                    .state = LS_EXEC_STATE_COUNT};
    return j;
}

void ls_exec_release_spec(ls_spec *spec) {
    if (spec != NULL && --spec->users == 0) {
        ls_arena_clear(&spec->arena);
        ls_free(spec);
    }
}

void ls_exec_free_entry(ls_entry *j) {
    if (j != NULL) {
        ls_exec_release_spec(j->spec);
        ls_free(j->shares);
        ls_free(j->note);
        ls_free(j->load);
        ls_free(j);
    }
}

bool ls_exec_mark(ls_exec *e, ls_entry *j) {
    e->wants_step = true;
    if (!j->dirty) {
        if (!ls_grow(&e->dirty, &e->dirty_room, sizeof *e->dirty, e->dirty_count + 1)) {
            return false;
        }
        e->dirty[e->dirty_count++] = j->id;
        j->dirty = true;
    }
    return true;
}

static bool waits(ls_exec_state state) {
    return state == LS_EXEC_HELD || state == LS_EXEC_WAITING;
}

// In its account and all above it.
static void count(ls_exec *e, const ls_entry *j, int64_t change) {
    const uint64_t milli = waits(j->state) ? ls_shape_milli(&j->spec->job->shape) : 0;
    for (uint32_t a = j->account; a != LS_POOL_NONE; a = e->def.pool->accounts[a].parent) {
        e->crowds[a].by_state[j->state] += (uint64_t)change;
        e->crowds[a].waiting_milli += (uint64_t)change * milli;
    }
}

void ls_exec_uncount(ls_exec *e, ls_entry *j) {
    if (j->state != LS_EXEC_STATE_COUNT) {
        count(e, j, -1);
    }
}

void ls_exec_set_state(ls_exec *e, ls_entry *j, ls_exec_state state) {
    ls_exec_uncount(e, j);
    j->state = state;
    count(e, j, 1);
}

bool ls_exec_hold(ls_exec *e, ls_entry *j) {
    if (!ls_grow(&e->holding, &e->holding_room, sizeof *e->holding, e->holding_count + 1)) {
        return false;
    }
    j->holding_at = e->holding_count;
    e->holding[e->holding_count++] = j->id;
    return true;
}

void ls_exec_let_go(ls_exec *e, ls_entry *j) {
    ls_free(j->shares);
    j->shares = NULL;
    const uint64_t last = e->holding[--e->holding_count];
    e->holding[j->holding_at] = last;  // which may be itself
    ls_exec_find(e, last)->holding_at = j->holding_at;
}

void ls_exec_note(ls_entry *j, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    ls_text_tame(text, false);
    const size_t size = strlen(text) + 1;
    ls_free(j->note);
    j->note = ls_alloc(size);  // without memory it goes without
    if (j->note != NULL) {
        memcpy(j->note, text, size);
    }
}

void ls_exec_tell(ls_exec *e, ls_exec_act act, const ls_entry *j, int64_t at_us) {
    // Without memory nobody hears of it; the journal has it.
    if (e->def.told != NULL &&
        ls_grow(&e->told, &e->told_room, sizeof *e->told, e->told_count + 1)) {
        e->told[e->told_count++] = (ls_told){.act = act, .id = j->id, .at_us = at_us};
    }
}

void ls_exec_tell_out(ls_exec *e, const char *place, const char *reason, int64_t at_us) {
    if (e->def.told == NULL ||
        !ls_grow(&e->told, &e->told_room, sizeof *e->told, e->told_count + 1)) {
        return;
    }
    ls_told t = {.act = reason != NULL ? LS_EXEC_DRAINED : LS_EXEC_UNDRAINED,
                 .at_us = at_us,
                 .place = ls_text_copy(place),
                 .reason = reason != NULL ? ls_text_copy(reason) : NULL};
    e->told[e->told_count++] = t;  // without a place (no memory) it is passed over
}

void ls_exec_forget_told(ls_exec *e) {
    while (e->told_count > 0) {
        ls_told *t = e->told + --e->told_count;
        ls_free(t->place);
        ls_free(t->reason);
        *t = (ls_told){.id = 0};
    }
}

// ---- what is asked for

static ls_status wrong(ls_error *err, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static ls_status wrong(ls_error *err, const char *hint, const char *format, ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    ls_text_tame(text, false);
    ls_fail(err, LS_ERR_INVALID, "%s", text);
    ls_hint(err, "%s", hint);
    return LS_ERR_INVALID;
}

static ls_status check_texts(const ls_exec_job *job, ls_error *err) {
    if (job->argv == NULL || job->argv[0] == NULL || job->argv[0][0] == '\0') {
        return wrong(err, "give the command and its arguments", "a job without a command");
    }
    const char *names[] = {job->name, job->user};
    for (int i = 0; i < 2; i++) {
        if (names[i] != NULL && (strlen(names[i]) > LS_EXEC_NAME_MAX ||
                                 !ls_text_is_utf8(names[i], strlen(names[i]), NULL))) {
            return wrong(err, "a name is UTF-8, of at most 127 bytes", "%s '%s' of a job",
                         i == 0 ? "name" : "user", names[i]);
        }
    }
    if (job->folder != NULL && job->folder[0] != '/') {
        return wrong(err, "it begins with a slash", "folder '%s' of a job", job->folder);
    }
    for (uint32_t i = 0; job->env != NULL && job->env[i] != NULL; i++) {
        if (strchr(job->env[i], '=') == NULL || job->env[i][0] == '=') {
            return wrong(err, "a variable is NAME=VALUE", "variable '%s' of a job", job->env[i]);
        }
    }
    return LS_OK;
}

static ls_status check_numbers(const ls_exec *e, const ls_exec_job *job, ls_error *err) {
    if (job->deadline_us < 0 || job->limit_us < 0 || job->grace_us < 0 ||
        job->checkpoint_every_us < 0) {
        return wrong(err, "times are 0 or more", "a job with a negative time");
    }
    if (job->stop_signal < 0 || job->stop_signal >= NSIG || job->stop_signal == SIGKILL ||
        job->stop_signal == SIGSTOP) {
        return wrong(err, "a signal that a program can hear, as 15 (SIGTERM) or 10 (SIGUSR1)",
                     "signal %d to stop a job", job->stop_signal);
    }
    if (job->array > LS_EXEC_ARRAY_MAX) {
        return wrong(err, "an array has at most 100000 jobs", "an array of %u jobs", job->array);
    }
    if (job->log_bytes_max > e->def.log_bytes_most) {
        return wrong(err, "ask for less, or let the operator raise the limit",
                     "a log of %llu bytes; at most %llu are kept",
                     (unsigned long long)job->log_bytes_max,
                     (unsigned long long)e->def.log_bytes_most);
    }
    const ls_shape *s = &job->shape;
    if (s->gpus == 0 && s->milli == 0 && s->cpu_milli == 0) {
        return wrong(err, "ask for 1 GPU (or CPU slot), or for processors",
                     "a job that needs nothing");
    }
    for (uint32_t i = 0; i < job->after_count; i++) {
        const uint64_t id = job->after[i] & ~LS_EXEC_AFTER_ARRAY;
        if (ls_exec_find(e, id) == NULL) {
            return wrong(err, "wait for jobs that are listed", "there is no job %llu to wait for",
                         (unsigned long long)id);
        }
    }
    return job->after_count > LS_EXEC_AFTER_MAX
               ? wrong(err, "at most 1024", "a job that waits for %u jobs", job->after_count)
               : LS_OK;
}

ls_status ls_exec_account(const ls_exec *e, const ls_exec_job *job, uint32_t *out, ls_error *err) {
    const ls_pool *pool = e->def.pool;
    const char *path = job->account != NULL ? job->account : "";
    *out = ls_pool_account(pool, path);
    while (path[0] == '\0' && *out != LS_POOL_NONE && pool->accounts[*out].child_count == 1) {
        *out = pool->accounts[*out].child_at;  // there is only one that it can be
    }
    if (*out == LS_POOL_NONE) {
        return wrong(err, "'lineshaft check --effective' shows the accounts of the pool file",
                     "there is no account '%s'", path);
    }
    const ls_account *a = pool->accounts + *out;
    if (a->child_count > 0) {
        return wrong(err, pool->accounts[a->child_at].path,
                     "jobs belong to accounts that have none below them; '%s' has, the first is "
                     "the hint",
                     path[0] != '\0' ? path : pool->name);
    }
    if (job->has_priority && (job->priority < 0 || (uint32_t)job->priority > a->priority_max)) {
        char hint[64];
        snprintf(hint, sizeof hint, "0 to %u", a->priority_max);
        return wrong(err, hint, "priority %d of a job of '%s'", (int)job->priority, a->path);
    }
    return LS_OK;
}

static uint64_t waiting_of(const ls_exec *e, uint32_t account) {
    const uint64_t *by_state = e->crowds[account].by_state;
    return by_state[LS_EXEC_HELD] + by_state[LS_EXEC_WAITING];
}

static ls_status check_limits(const ls_exec *e, uint32_t account, uint32_t count, ls_error *err) {
    const uint64_t all = waiting_of(e, 0);
    if (all + count > e->def.waiting_max) {
        return ls_fail(err, LS_ERR_LIMIT, "%llu jobs wait; the pool lets %u wait",
                       (unsigned long long)all, e->def.waiting_max);
    }
    const uint64_t own = waiting_of(e, account);
    if (own + count > e->def.waiting_account_max) {
        return ls_fail(err, LS_ERR_LIMIT, "%llu jobs of '%s' wait; the pool lets %u of one wait",
                       (unsigned long long)own, e->def.pool->accounts[account].path,
                       e->def.waiting_account_max);
    }
    return LS_OK;
}

// When the job is wanted done; 0: it does not say.
static int64_t deadline_of(const ls_entry *j) {
    const int64_t span_us = j->spec->job->deadline_us;
    return span_us == 0                            ? 0
           : j->submitted_us > INT64_MAX - span_us ? INT64_MAX
                                                   : j->submitted_us + span_us;
}

ls_pool_request ls_exec_request(const ls_exec *e, const ls_entry *j) {
    const ls_exec_job *job = j->spec->job;
    const ls_account *a = e->def.pool->accounts + j->account;
    ls_pool_request r = {.account = j->account,
                         .priority = job->has_priority ? job->priority : (int32_t)a->priority,
                         .deadline_us = deadline_of(j),
                         .shape = job->shape,
                         .most_us = job->limit_us > 0 ? job->limit_us : INT64_MAX,
                         .stop_us = job->grace_us,
                         .checkpoint_every_us = job->checkpoint_every_us,
                         .saves = job->saves,
                         .restartable = job->restartable,
                         .spot = job->spot};
    // It may use its grace after its longest time; a promise to others counts with that.
    if (r.most_us != INT64_MAX) {
        r.most_us = job->grace_us > INT64_MAX - r.most_us ? INT64_MAX : r.most_us + job->grace_us;
    }
    if (r.shape.gpus > 0 || r.shape.milli > 0) {
        r.shape.kinds = r.shape.kinds != 0 ? r.shape.kinds & a->kinds : a->kinds;
    }
    r.shape.sites = r.shape.sites != 0 && a->sites != 0 ? r.shape.sites & a->sites
                                                        : r.shape.sites | a->sites;
    return r;
}

ls_status ls_exec_schedule(ls_exec *e, ls_entry *j, int64_t at_us, ls_error *err) {
    const ls_pool_request request = ls_exec_request(e, j);
    uint32_t slot = LS_POOL_NONE;
    ls_status status = ls_scheduler_submit(e->scheduler, at_us, &request, &slot, err);
    if (status == LS_OK && !ls_grow(&e->slots, &e->slot_room, sizeof *e->slots, slot + 1)) {
        ls_scheduler_cancel(e->scheduler, at_us, slot);
        status = no_memory(err);
    }
    if (status == LS_OK) {
        j->slot = slot;
        e->slots[slot] = j->id;
        ls_exec_set_state(e, j, LS_EXEC_WAITING);
    }
    return status;
}

static ls_spec *copy_spec(const ls_exec *e, const ls_exec_job *job, ls_error *err) {
    ls_spec *spec = ls_alloc(sizeof *spec);
    ls_writer bytes = {0};
    ls_exec_job given = *job;
    uint64_t after[LS_EXEC_AFTER_MAX];
    for (uint32_t i = 0; i < job->after_count; i++) {
        after[i] = ls_exec_after_number(e, job->after[i]);
    }
    given.after = after;
    given.shape.parts = given.shape.parts == 0 ? 1 : given.shape.parts;
    ls_exec_spec_write(&bytes, &given);
    ls_status status = spec == NULL || bytes.failed ? no_memory(err) : LS_OK;
    if (status == LS_OK && bytes.size > LS_EXEC_SPEC_SIZE_MAX - LS_EXEC_SPEC_OWN) {
        status = ls_fail(err, LS_ERR_LIMIT, "a job says %zu bytes; at most %d are kept", bytes.size,
                         LS_EXEC_SPEC_SIZE_MAX - LS_EXEC_SPEC_OWN);
    }
    if (status == LS_OK) {
        ls_arena_init(&spec->arena);
        spec->is_new = true;
        status = ls_exec_spec_read(bytes.bytes, bytes.size, &spec->arena, &spec->job, err);
    }
    ls_writer_clear(&bytes);
    if (status != LS_OK && spec != NULL) {
        ls_arena_clear(&spec->arena);
        ls_free(spec);
        spec = NULL;
    }
    return spec;
}

// One job of a spec. On failure there is none. `after`: what it waits for has come to; when it was
// not done, that is `failed`.
static ls_status submit_one(ls_exec *e, ls_spec *spec, uint64_t id, uint32_t account,
                            uint64_t array_id, uint32_t index, ls_after_state after,
                            uint64_t failed, ls_error *err) {
    ls_entry *j = ls_exec_add(e, id, spec);
    if (j == NULL) {
        return no_memory(err);
    }
    j->account = account;
    j->array_id = array_id;
    j->array_index = index;
    j->submitted_us = e->now_us;
    ls_status status = ls_exec_schedule(e, j, e->now_us, err);
    if (status == LS_OK && (after != LS_AFTER_DONE || !ls_exec_mark(e, j))) {
        ls_scheduler_cancel(e->scheduler, e->now_us, j->slot);
        j->slot = LS_POOL_NONE;
        status = after == LS_AFTER_DONE ? no_memory(err) : LS_OK;
        if (after != LS_AFTER_DONE) {
            ls_exec_set_state(e, j, LS_EXEC_HELD);
            status = ls_exec_mark(e, j) ? LS_OK : no_memory(err);
        }
    }
    if (status == LS_OK) {
        ls_exec_tell(e, LS_EXEC_SUBMITTED, j, e->now_us);
        if (after == LS_AFTER_FAILED) {
            ls_exec_give_up(e, j, failed);
        }
    }
    return status;
}

// Takes back the jobs from `first` on; nobody has heard of them.
static void take_back(ls_exec *e, uint64_t first) {
    for (uint64_t id = first; id - e->base < e->entry_count; id++) {
        ls_entry *j = ls_exec_find(e, id);
        if (j == NULL) {
            continue;
        }
        if (j->slot != LS_POOL_NONE) {
            ls_scheduler_cancel(e->scheduler, e->now_us, j->slot);
        }
        ls_exec_uncount(e, j);
        e->entries[id - e->base] = NULL;
        ls_exec_free_entry(j);
    }
    while (e->dirty_count > 0 && e->dirty[e->dirty_count - 1] >= first) {
        e->dirty_count--;
    }
    ls_afters_drop(e->afters, first);
    while (e->told_count > 0 && e->told[e->told_count - 1].id >= first) {
        e->told_count--;
    }
    if (first - e->base < e->entry_count) {
        e->entry_count = (uint32_t)(first - e->base);
    }
}

ls_status ls_exec_check_room(const ls_exec *e, ls_error *err) {
    return ls_disk_check(e->def.folder, err);
}

ls_status ls_exec_submit(ls_exec *e, const ls_exec_job *job, uint64_t *out_first, ls_error *err) {
    *out_first = 0;
    uint32_t account = LS_POOL_NONE;
    const uint32_t count = job->array > 0 ? job->array : 1;
    e->now_us = ls_exec_now_us(e);
    ls_status status = check_texts(job, err);
    status = status == LS_OK ? check_numbers(e, job, err) : status;
    status = status == LS_OK ? ls_exec_account(e, job, &account, err) : status;
    status = status == LS_OK ? check_limits(e, account, count, err) : status;
    if (status == LS_OK && ls_exec_check_room(e, err) != LS_OK) {
        status = LS_ERR_IO;
    }
    if (status != LS_OK) {
        return status;
    }
    ls_spec *spec = copy_spec(e, job, err);
    if (spec == NULL) {
        return err != NULL ? err->status : LS_ERR_MEMORY;
    }
    const uint64_t first = e->next_id;
    spec->id = first;
    spec->users = 1;  // ours, until the end
    ls_after_state after = LS_AFTER_DONE;
    uint64_t failed = 0;
    status = ls_exec_hold_back(e, spec, &after, &failed, err);
    for (uint32_t i = 0; status == LS_OK && i < count; i++) {
        status = submit_one(e, spec, first + i, account, job->array > 0 ? first : 0,
                            job->array_first + i, after, failed, err);
    }
    if (status != LS_OK) {
        take_back(e, first);
    } else {
        *out_first = first;
        e->next_id = first + count;
        e->pressing = true;
    }
    ls_exec_release_spec(spec);
    return status;
}

// ---- over

void ls_exec_finish(ls_exec *e, ls_entry *j, ls_exec_state state, int64_t at_us) {
    ls_exec_set_state(e, j, state);
    j->ended_us = at_us;
    j->slot = LS_POOL_NONE;
    ls_exec_mark(e, j);
    ls_exec_tell(e, LS_EXEC_ENDED, j, at_us);
    if (ls_grow(&e->over, &e->over_room, sizeof *e->over, e->over_count + 1)) {
        e->over[e->over_count++] = j->id;
    }
    ls_exec_told_over(e, j);
}

ls_status ls_exec_cancel(ls_exec *e, uint64_t id, ls_error *err) {
    ls_entry *j = ls_exec_find(e, id);
    e->now_us = ls_exec_now_us(e);
    if (j == NULL) {
        return wrong(err, "'lineshaft pool jobs' lists those there are", "there is no job %llu",
                     (unsigned long long)id);
    }
    if (ls_exec_is_over(j->state)) {
        return LS_OK;
    }
    if (!ls_exec_mark(e, j)) {
        return no_memory(err);
    }
    e->pressing = true;
    if (j->slot != LS_POOL_NONE) {
        ls_scheduler_cancel(e->scheduler, e->now_us, j->slot);
    }
    if (waits(j->state)) {
        j->why = LS_WHY_CANCEL;
        ls_exec_finish(e, j, LS_EXEC_CANCELLED, e->now_us);
    } else if (j->state == LS_EXEC_STOPPING) {
        j->why = LS_WHY_CANCEL;  // it does not wait again
    }
    return LS_OK;
}

// ---- questions

const char *ls_exec_state_word(ls_exec_state state) {
    static const char *const words[] = {"held", "waiting", "starting",  "running",   "stopping",
                                        "done", "failed",  "cancelled", "timed-out", "lost"};
    return (unsigned)state < LS_EXEC_STATE_COUNT ? words[state] : "";
}

void ls_exec_view_of(const ls_exec *e, const ls_entry *j, ls_exec_view *out) {
    const bool runs = e->machine != NULL &&
                      (j->state == LS_EXEC_RUNNING || j->state == LS_EXEC_STOPPING);
    const bool is_watched = j->load != NULL && j->shares != NULL && j->load->run == j->runs;
    *out = (ls_exec_view){.id = j->id,
                          .array_id = j->array_id,
                          .array_index = j->array_index,
                          .job = j->spec->job,
                          .account = j->account,
                          .state = j->state,
                          .runs = j->runs,
                          .submitted_us = j->submitted_us,
                          .deadline_us = deadline_of(j),
                          .started_us = j->started_us,
                          .ended_us = j->ended_us,
                          .why = j->why,
                          .for_job = j->for_job,
                          .until_us = j->until_us,
                          .shares = j->shares,
                          .kind = j->kind,
                          .pid = runs ? ls_machine_pid(e->machine, j->id, j->runs) : 0,
                          .exit_code = j->exit_code,
                          .signal = j->signal,
                          .note = j->note != NULL ? j->note : "",
                          .lost_us = j->lost_us,
                          .load_used = is_watched ? j->load->used : 0.0,
                          .load_parts = is_watched ? j->load->parts : 0,
                          .load_wanted = is_watched ? j->load->wanted : 0};
}

bool ls_exec_get(const ls_exec *e, uint64_t id, ls_exec_view *out) {
    const ls_entry *j = ls_exec_find(e, id);
    if (j != NULL) {
        ls_exec_view_of(e, j, out);
    }
    return j != NULL;
}

static bool is_below(const ls_pool *pool, uint32_t account, uint32_t above) {
    while (account != above && account != 0) {
        account = pool->accounts[account].parent;
        account = account == LS_POOL_NONE ? 0 : account;
    }
    return account == above;
}

bool ls_exec_next(const ls_exec *e, uint64_t after, uint32_t states, uint32_t account,
                  ls_exec_view *out) {
    for (uint64_t id = after + 1 > e->base ? after + 1 : e->base; id - e->base < e->entry_count;
         id++) {
        const ls_entry *j = e->entries[id - e->base];
        if (j != NULL && (states == 0 || ((states >> j->state) & 1) != 0) &&
            is_below(e->def.pool, j->account, account)) {
            ls_exec_view_of(e, j, out);
            return true;
        }
    }
    return false;
}

void ls_exec_counts(const ls_exec *e, uint64_t out[LS_EXEC_STATE_COUNT]) {
    memcpy(out, e->crowds[0].by_state, sizeof e->crowds[0].by_state);
}

const ls_exec_crowd *ls_exec_crowd_of(const ls_exec *e, uint32_t account) {
    return e->crowds + account;
}

bool ls_exec_next_holding(const ls_exec *e, uint32_t *at, ls_exec_view *out) {
    if (*at >= e->holding_count) {
        return false;
    }
    ls_exec_view_of(e, ls_exec_find(e, e->holding[(*at)++]), out);
    return true;
}
