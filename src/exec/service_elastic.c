// service_elastic.c - elastic jobs: each part that they can use beyond is a spot job of its own.
//
// The parts of a start are an array of their own, submitted with it in one transaction, and gone
// when it is over; so none is left behind, wherever the daemon is killed.
#include <stdio.h>

#include "exec/service_inside.h"

void ls_exec_elastic_begin(ls_exec *e, ls_entry *j) {
    ls_exec_job part = *j->spec->job;
    ls_error err = {0};
    uint64_t first = 0;
    part.account = e->def.pool->accounts[j->account].path;
    part.shape.parts = 1;
    part.shape.within = LS_POOL_ANYWHERE;
    part.shape.must = part.shape.spread = false;
    part.shape.kinds = j->kind != LS_POOL_NONE ? (uint32_t)1 << j->kind : 0;
    part.spot = part.restartable = part.saves = true;
    part.checkpoint_every_us = part.deadline_us = 0;
    part.array = part.elastic;
    part.array_first = 1;
    part.elastic = 0;
    part.after = NULL;
    part.after_count = 0;
    part.once = NULL;
    part.leader = j->id;
    part.leader_run = j->runs;
    if (ls_exec_submit(e, &part, &first, &err) != LS_OK) {
        ls_exec_note(j, "it cannot grow: %s", err.text);
    }
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
