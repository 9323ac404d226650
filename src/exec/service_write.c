// service_write.c - everything that changed since the last commit, in one transaction.
#include <string.h>

#include "exec/service_inside.h"
#include "exec/spec.h"

static ls_status put_spec(ls_exec *e, const ls_spec *spec, ls_error *err) {
    ls_writer bytes = {0};
    ls_exec_spec_write(&bytes, spec->job);
    const ls_status status = bytes.failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory")
                                          : ls_exec_journal_put_spec(e->journal, spec->id,
                                                                     bytes.bytes, bytes.size, err);
    ls_writer_clear(&bytes);
    return status;
}

static ls_status put_job(ls_exec *e, const ls_entry *j, ls_error *err) {
    const ls_job_row row = {.id = j->id,
                            .spec = j->spec->id,
                            .array_id = j->array_id,
                            .array_index = j->array_index,
                            .state = j->state,
                            .runs = j->runs,
                            .tries = j->tries,
                            .submitted_us = j->submitted_us,
                            .started_us = j->started_us,
                            .ended_us = j->ended_us,
                            .lost_us = j->lost_us,
                            .why = j->why,
                            .for_job = j->for_job,
                            .exit_code = j->exit_code,
                            .signal = j->signal,
                            .note = j->note != NULL ? j->note : ""};
    return ls_exec_journal_put_job(e->journal, &row, err);
}

static const char *kind_name(const ls_pool *pool, uint32_t kind) {
    return kind != LS_POOL_NONE ? pool->cluster.kinds[kind].name : "";
}

// Of a run that is under way.
static ls_status put_run(ls_exec *e, const ls_entry *j, ls_error *err) {
    const ls_pool *pool = e->def.pool;
    ls_buffer shares;
    ls_buffer_init(&shares);
    ls_shares_text(pool, j->shares, j->spec->job->shape.parts, &shares);
    const ls_run_row row = {.job = j->id,
                            .run = j->runs,
                            .account = pool->accounts[j->account].path,
                            .shares = shares.failed ? "" : shares.data,
                            .kind = kind_name(pool, j->kind),
                            .milli = ls_shape_milli(&j->spec->job->shape),
                            .started_us = j->started_us,
                            .until_us = j->until_us,
                            .boot = e->boot};
    const ls_status status = shares.failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory")
                                           : ls_exec_journal_put_run(e->journal, &row, err);
    ls_buffer_clear(&shares);
    return status;
}

static ls_status put_ended(ls_exec *e, const ls_ended_run *r, ls_error *err) {
    const ls_run_row row = {.job = r->job,
                            .run = r->run,
                            .account = e->def.pool->accounts[r->account].path,
                            .shares = "",
                            .kind = kind_name(e->def.pool, r->kind),
                            .milli = r->milli,
                            .started_us = r->started_us,
                            .ended_us = r->ended_us,
                            .lost_us = r->lost_us,
                            .how = (int)r->how,
                            .boot = e->boot};
    return ls_exec_journal_put_run(e->journal, &row, err);
}

static ls_status put_entry(ls_exec *e, ls_entry *j, ls_error *err) {
    if (j->to_drop) {
        return ls_exec_journal_drop(e->journal, j->id, j->spec->id, j->spec->users == 1, err);
    }
    ls_status status = j->spec->is_new ? put_spec(e, j->spec, err) : LS_OK;
    // One more of its array would write it again, which does no harm: it is the same.
    status = status == LS_OK ? put_job(e, j, err) : status;
    return status == LS_OK && j->run_dirty && j->shares != NULL ? put_run(e, j, err) : status;
}

static ls_status write_all(ls_exec *e, ls_error *err) {
    ls_status status = ls_exec_journal_begin(e->journal, err);
    uint64_t spec = 0;
    // First what ended: a job may be dropped, or run again, since.
    for (uint32_t i = 0; i < e->ended_count && status == LS_OK; i++) {
        status = put_ended(e, e->ended + i, err);
    }
    for (uint32_t i = 0; i < e->dirty_count && status == LS_OK; i++) {
        ls_entry *j = ls_exec_find(e, e->dirty[i]);
        if (j == NULL) {
            continue;
        }
        const bool is_new = j->spec->is_new;
        j->spec->is_new &= j->spec->id != spec;  // once for an array
        status = put_entry(e, j, err);
        spec = j->spec->id;
        j->spec->is_new = is_new;
    }
    if (status == LS_OK && e->books.dirty) {
        status = ls_exec_books_write(e, err);
    }
    if (status == LS_OK && e->outs_dirty) {
        status = ls_exec_outs_write(e, err);
    }
    if (status == LS_OK) {
        status = ls_exec_journal_put_number(e->journal, "next_id", (int64_t)e->next_id, err);
    }
    if (status == LS_OK) {
        status = ls_exec_journal_put_number(e->journal, "now_us", e->now_us, err);
    }
    return status == LS_OK ? ls_exec_journal_commit(e->journal, err) : status;
}

ls_status ls_exec_commit(ls_exec *e, ls_error *err) {
    if (e->dirty_count == 0 && e->ended_count == 0 && !e->books.dirty && !e->outs_dirty) {
        return LS_OK;
    }
    const ls_status status = write_all(e, err);
    if (status != LS_OK) {
        ls_exec_journal_rollback(e->journal);
        return status;
    }
    for (uint32_t i = 0; i < e->dirty_count; i++) {
        ls_entry *j = ls_exec_find(e, e->dirty[i]);
        if (j != NULL) {
            j->spec->is_new = false;
            j->run_dirty = false;
        }
    }
    e->ended_count = 0;
    e->books.dirty = false;
    e->books.past_count = 0;
    ls_exec_outs_written(e);
    return LS_OK;
}

void ls_exec_purge(ls_exec *e) {
    while (e->over_count - e->over_at > e->def.keep) {
        ls_entry *j = ls_exec_find(e, e->over[e->over_at]);
        if (j != NULL && ls_exec_is_over(j->state)) {
            if (!ls_exec_mark(e, j)) {
                return;
            }
            j->to_drop = true;
        }
        e->over_at++;
    }
    if (e->over_at > 0 && e->over_at * 2 >= e->over_count) {
        memmove(e->over, e->over + e->over_at, (e->over_count - e->over_at) * sizeof *e->over);
        e->over_count -= e->over_at;
        e->over_at = 0;
    }
    // The list of jobs begins at the first that there is.
    uint32_t gone = 0;
    while (gone < e->entry_count && e->entries[gone] == NULL) {
        gone++;
    }
    if (gone > 0 && gone * 2 >= e->entry_count) {
        memmove(e->entries, e->entries + gone, (e->entry_count - gone) * sizeof(ls_entry *));
        memset(e->entries + e->entry_count - gone, 0, gone * sizeof(ls_entry *));
        e->entry_count -= gone;
        e->base += gone;
    }
}
