// service_elastic.c - elastic jobs: each part that they can use beyond is a job of its own, a spot
// job but where it is a service.
//
// The parts of a start are an array of their own, submitted with it in one transaction, and gone
// when it is over; so none is left behind, wherever the daemon is killed.
#include <stdio.h>

#include "exec/service_inside.h"

// So many parts more wait from now on, the first with this number.
static ls_status add_parts(ls_exec *e, const ls_entry *j, uint32_t count, uint32_t first,
                           ls_error *err) {
    ls_exec_job part = *j->spec->job;
    uint64_t id = 0;
    // What a service needs for its load it has a right to, as far as its account's guarantee goes.
    const bool is_service = part.busy > 0;
    part.account = e->def.pool->accounts[j->account].path;
    part.shape.parts = 1;
    part.shape.within = LS_POOL_ANYWHERE;
    part.shape.must = part.shape.spread = false;
    part.shape.kinds = j->kind != LS_POOL_NONE ? (uint32_t)1 << j->kind : 0;
    part.restartable = part.saves = true;
    part.spot = !is_service;
    part.checkpoint_every_us = part.deadline_us = 0;
    part.array = count;
    part.array_first = first;
    part.elastic = 0;
    part.busy = 0;
    part.after = NULL;
    part.after_count = 0;
    part.once = NULL;
    part.leader = j->id;
    part.leader_run = j->runs;
    return ls_exec_submit(e, &part, &id, err);
}

void ls_exec_elastic_begin(ls_exec *e, ls_entry *j) {
    ls_error err = {0};
    if (j->spec->job->busy > 0) {
        ls_exec_load_begin(e, j);
        return;
    }
    if (add_parts(e, j, j->spec->job->elastic, 1, &err) != LS_OK) {
        ls_exec_note(j, "it cannot grow: %s", err.text);
    }
}

// The part of this start of the job that goes first when there are too many: one that waits before
// one that runs, then the latest. 0: none is left.
static uint64_t last_part(const ls_exec *e, const ls_entry *of, uint32_t *out_count,
                          uint32_t *out_next) {
    uint64_t last = 0;
    bool waits = false;
    *out_count = 0;
    *out_next = 1;
    for (uint64_t id = of->id + 1; id - e->base < e->entry_count; id++) {
        const ls_entry *j = ls_exec_find(e, id);
        if (j == NULL || j->spec->job->leader != of->id || j->spec->job->leader_run != of->runs) {
            continue;
        }
        *out_next = j->array_index + 1;
        if (ls_exec_is_over(j->state) ||
            ((j->state == LS_EXEC_STOPPING || j->state == LS_EXEC_RUNNING) &&
             j->why == LS_WHY_CANCEL)) {
            continue;
        }
        const bool here = j->state == LS_EXEC_WAITING;
        last = here || !waits ? id : last;
        waits |= here;
        *out_count += 1;
    }
    return last;
}

uint32_t ls_exec_elastic_parts(const ls_exec *e, const ls_entry *of) {
    uint32_t count = 0, next = 1;
    (void)last_part(e, of, &count, &next);
    return count;
}

ls_status ls_exec_resize(ls_exec *e, uint64_t id, uint32_t parts, ls_error *err) {
    const ls_entry *j = ls_exec_find(e, id);
    const unsigned long long number = id;
    if (j == NULL || j->spec->job->elastic == 0) {
        ls_fail(err, LS_ERR_INVALID, "job %llu is not elastic", number);
        ls_hint(err, "submit it with the most parts that it can use beyond (--elastic)");
        return LS_ERR_INVALID;
    }
    if (j->shares == NULL) {
        return ls_fail(err, LS_ERR_INVALID, "job %llu does not run", number);
    }
    if (parts > j->spec->job->elastic) {
        return ls_fail(err, LS_ERR_INVALID, "job %llu can use %u parts beyond at most, not %u",
                       number, j->spec->job->elastic, parts);
    }
    uint32_t count = 0, next = 1;
    uint64_t last = last_part(e, j, &count, &next);
    if (count < parts) {
        return add_parts(e, j, parts - count, next, err);
    }
    for (uint32_t left = count; left > parts && last != 0; left--) {
        const ls_status status = ls_exec_cancel(e, last, err);
        if (status != LS_OK) {
            return status;
        }
        const ls_entry *gone = ls_exec_find(e, last);
        if (gone != NULL && gone->state == LS_EXEC_RUNNING) {
            // Told to stop by the next decision: counted as gone from now on.
            ls_exec_find(e, last)->why = LS_WHY_CANCEL;
        }
        last = last_part(e, j, &count, &next);
    }
    return LS_OK;
}

void ls_exec_elastic_end(ls_exec *e, uint64_t leader) {
    for (uint64_t id = leader + 1; id - e->base < e->entry_count; id++) {
        const ls_entry *j = ls_exec_find(e, id);
        if (j != NULL && j->spec->job->leader == leader && !ls_exec_is_over(j->state)) {
            ls_exec_cancel(e, id, NULL);
        }
    }
}

void ls_exec_elastic_open(ls_exec *e) {
    for (uint64_t id = e->base; id - e->base < e->entry_count; id++) {
        const ls_entry *j = ls_exec_find(e, id);
        const uint64_t leader = j != NULL ? j->spec->job->leader : 0;
        if (leader == 0 || ls_exec_is_over(j->state)) {
            continue;
        }
        const ls_entry *of = ls_exec_find(e, leader);
        if (of == NULL || of->shares == NULL || of->runs != j->spec->job->leader_run) {
            ls_exec_cancel(e, id, NULL);
        }
    }
}
