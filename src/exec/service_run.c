// service_run.c - what the scheduler decides is carried out, and what became of it is told to it.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "exec/service_inside.h"

// ---- ends

// How much of a run that was stopped, and waits again, was for nothing.
static int64_t lost_when_stopped(const ls_entry *j, const ls_run_end *end, int64_t ended_us) {
    const ls_exec_job *job = j->spec->job;
    const int64_t ran_us = ended_us - j->started_us;
    const bool killed = end->how != LS_RUN_EXITED &&
                        !(end->how == LS_RUN_SIGNALLED && end->code != SIGKILL);
    if (job->saves && end->asked && !killed && j->stops_us > j->started_us) {
        return ended_us - j->stops_us;  // what it had when it was asked it has saved
    }
    return job->checkpoint_every_us > 0 ? ran_us % job->checkpoint_every_us : ran_us;
}

typedef struct verdict {
    bool again;
    ls_exec_state state;  // not again
    int64_t lost_us;
    ls_meter_event how;
} verdict;

// Its time is over by our clock, and we said so: whoever guards it stood still past it, was ended
// for it, or began late. That is neither an accident nor a fault of its own.
static bool out_of_time(const ls_entry *j, const ls_run_end *end) {
    return j->overdue && (end->how == LS_RUN_LOST || (j->state == LS_EXEC_RUNNING && end->asked));
}

static verdict judge(const ls_entry *j, const ls_run_end *end, int64_t ended_us) {
    const ls_exec_job *job = j->spec->job;
    const int64_t ran_us = ended_us - j->started_us;
    const bool good = end->how == LS_RUN_EXITED && end->code == 0;
    verdict v = {.state = LS_EXEC_FAILED, .lost_us = ran_us, .how = LS_METER_ENDED};
    if (end->how == LS_RUN_NEVER) {
        v.lost_us = 0;
        v.again = j->tries + 1 < LS_EXEC_TRIES && j->why != LS_WHY_CANCEL;
        v.state = j->why == LS_WHY_CANCEL ? LS_EXEC_CANCELLED : LS_EXEC_FAILED;
        return v;
    }
    if (j->state == LS_EXEC_STOPPING && j->why == LS_WHY_CANCEL) {
        v.state = LS_EXEC_CANCELLED;
        return v;
    }
    if (out_of_time(j, end) && !good) {
        v.state = LS_EXEC_TIMED_OUT;
        return v;
    }
    if (end->how == LS_RUN_LOST) {
        v.how = LS_METER_BROKEN;
        v.again = job->restartable;
        v.state = LS_EXEC_LOST;
        v.lost_us = v.again ? lost_when_stopped(j, end, ended_us) : ran_us;
        return v;
    }
    // Asked to stop for others, it has saved and gone; one that does not save and ends well is
    // done.
    if (j->state == LS_EXEC_STOPPING && end->asked && !end->timed_out && !(good && !job->saves)) {
        v.how = LS_METER_STOPPED;
        v.again = true;
        v.lost_us = lost_when_stopped(j, end, ended_us);
        return v;
    }
    if (good) {
        v.state = LS_EXEC_DONE;
        v.lost_us = 0;
    } else if (end->timed_out) {
        v.state = LS_EXEC_TIMED_OUT;
    }
    return v;
}

static int64_t within(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

static void remember_end(ls_entry *j, const ls_run_end *end) {
    j->exit_code = end->how == LS_RUN_EXITED ? end->code : -1;
    j->signal = end->how == LS_RUN_SIGNALLED ? end->code : 0;
    if (end->note[0] != '\0') {
        ls_exec_note(j, "%s", end->note);
    }
}

ls_status ls_exec_apply_end(ls_exec *e, const ls_run_end *end, ls_error *err) {
    ls_entry *j = ls_exec_find(e, end->job);
    if (j == NULL || j->runs != end->run || j->shares == NULL) {
        return LS_OK;  // of a run that nobody counts any more
    }
    // What the books have told of is past: what it holds it holds until then at least, so that runs
    // and books say the same.
    const int64_t least_us = j->started_us > e->books.last_us ? j->started_us : e->books.last_us;
    const int64_t ended_us = within(end->ended_us, least_us, e->now_us);
    verdict v = judge(j, end, ended_us);
    bool waits = false;
    ls_status status = LS_OK;
    if (v.again) {
        status = ls_scheduler_again(e->scheduler, e->now_us, j->slot, err);
    }
    if (status != LS_OK || !ls_exec_mark(e, j) ||
        !ls_grow(&e->ended, &e->ended_room, sizeof *e->ended, e->ended_count + 1)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    e->ended[e->ended_count++] = (ls_ended_run){.job = j->id,
                                                .run = j->runs,
                                                .account = j->account,
                                                .kind = j->kind,
                                                .milli = ls_shape_milli(&j->spec->job->shape),
                                                .started_us = j->started_us,
                                                .ended_us = ended_us > 0 ? ended_us : 1,
                                                .lost_us = v.lost_us,
                                                .how = v.how};
    ls_exec_books_hold(e, ended_us, j, false);
    ls_meter_lose(e->books.meter, j->account, ls_shape_milli(&j->spec->job->shape), v.lost_us);
    ls_meter_count(e->books.meter, j->account, v.how);
    status = ls_scheduler_ended(e->scheduler, e->now_us, j->slot, !v.again, &waits, err);
    remember_end(j, end);
    ls_exec_gpu_ended(e, j, end);
    j->lost_us += v.lost_us;
    j->run_dirty = false;
    j->to_start = false;
    j->to_stop = false;
    ls_exec_let_go(e, j);
    j->kind = LS_POOL_NONE;
    j->until_us = 0;
    j->tries = end->how == LS_RUN_NEVER ? j->tries + 1 : 0;
    if (status != LS_OK) {
        ls_exec_note(j, "out of memory when it was to wait again");
    }
    if (waits) {
        ls_exec_forget_out(j);
        ls_exec_set_state(e, j, LS_EXEC_WAITING);
        ls_exec_tell(e, LS_EXEC_REQUEUED, j, ended_us);
    } else {
        if (v.state == LS_EXEC_TIMED_OUT && (j->note == NULL || j->note[0] == '\0')) {
            ls_exec_note(j, "it ran for its longest time");
        }
        ls_exec_finish(e, j, v.again ? LS_EXEC_LOST : v.state, ended_us);
    }
    if (j->spec->job->elastic > 0) {
        ls_exec_elastic_end(e, end->job);
    }
    return status;
}

// ---- acts

static ls_status start(ls_exec *e, ls_entry *j, const ls_pool_act *act, ls_error *err) {
    const uint32_t parts = j->spec->job->shape.parts;
    j->shares = ls_alloc(parts * sizeof *j->shares);
    if (j->shares == NULL || !ls_exec_mark(e, j) || !ls_exec_hold(e, j)) {
        ls_free(j->shares);
        j->shares = NULL;
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    e->pressing = true;
    memcpy(j->shares, act->shares, parts * sizeof *j->shares);
    j->kind = ls_scheduler_kind(e->scheduler, act->job);
    j->runs++;
    j->why = act->why;
    j->for_job = 0;
    j->started_us = e->now_us;
    j->stops_us = 0;
    j->until_us = 0;
    j->overdue = false;
    j->exit_code = -1;
    j->signal = 0;
    j->began = false;
    j->to_start = true;
    j->run_dirty = true;
    ls_exec_set_state(e, j, LS_EXEC_STARTING);
    ls_exec_books_hold(e, e->now_us, j, true);
    ls_meter_count(e->books.meter, j->account, LS_METER_STARTED);
    ls_exec_tell(e, LS_EXEC_STARTED, j, e->now_us);
    if (j->spec->job->elastic > 0) {
        if (!ls_grow(&e->grow, &e->grow_room, sizeof *e->grow, e->grow_count + 1)) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory");
        }
        e->grow[e->grow_count++] = j->id;
    }
    return LS_OK;
}

static ls_status stop(ls_exec *e, ls_entry *j, const ls_pool_act *act, ls_error *err) {
    if (!ls_exec_mark(e, j)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    e->pressing = true;
    j->why = act->why;
    j->for_job = act->for_job != LS_POOL_NONE && act->for_job < e->slot_room
                     ? e->slots[act->for_job]
                     : 0;
    j->until_us = act->until_us;
    j->stops_us = e->now_us;
    j->to_stop = true;
    j->run_dirty = true;
    ls_exec_set_state(e, j, LS_EXEC_STOPPING);
    ls_exec_tell(e, LS_EXEC_STOPS, j, e->now_us);
    return LS_OK;
}

static ls_status apply_once(ls_exec *e, ls_error *err) {
    const ls_pool_act *acts = NULL;
    ls_status decided = LS_OK;
    const uint32_t count = ls_scheduler_decide(e->scheduler, e->now_us, &acts, &decided);
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        ls_entry *j = ls_exec_find(e, e->slots[acts[i].job]);
        if (acts[i].kind == LS_POOL_START) {
            status = start(e, j, acts + i, err);
        } else if (j != NULL && j->slot == acts[i].job &&
                   (j->state == LS_EXEC_STARTING || j->state == LS_EXEC_RUNNING)) {
            status = stop(e, j, acts + i, err);  // else it has ended since it was cancelled
        }
    }
    if (status == LS_OK && decided != LS_OK) {
        status = ls_fail(err, decided, "out of memory when the scheduler decided");
    }
    return status;
}

ls_status ls_exec_apply_acts(ls_exec *e, ls_error *err) {
    ls_status status = apply_once(e, err);
    while (status == LS_OK && e->grow_count > 0) {
        for (uint32_t i = 0; i < e->grow_count; i++) {
            ls_exec_elastic_begin(e, ls_exec_find(e, e->grow[i]));
        }
        e->grow_count = 0;
        status = apply_once(e, err);
    }
    return status;
}

// ---- past their time

// By when its guardian should have ended the run; INT64_MAX: it may go on.
static int64_t over_by(const ls_entry *j) {
    const ls_exec_job *job = j->spec->job;
    if (j->state == LS_EXEC_STOPPING) {
        return j->until_us;
    }
    if (j->state != LS_EXEC_RUNNING || job->limit_us == 0 ||
        job->limit_us > INT64_MAX - job->grace_us - j->started_us) {
        return INT64_MAX;
    }
    return j->started_us + job->limit_us + job->grace_us;
}

// Where jobs are not kept apart one may have made its guardian stand still, and it would never end.
void ls_exec_remind(ls_exec *e) {
    e->remind_us = INT64_MAX;
    for (uint32_t i = 0; i < e->holding_count; i++) {
        ls_entry *j = ls_exec_find(e, e->holding[i]);
        int64_t at_us = over_by(j);
        if (at_us > INT64_MAX - LS_EXEC_OVERDUE_US) {
            continue;
        }
        at_us += LS_EXEC_OVERDUE_US;
        if (at_us <= e->now_us) {
            j->overdue = true;
            e->executor.stop(e->executor.context, j->id, j->runs, at_us - LS_EXEC_OVERDUE_US);
            at_us = e->now_us + LS_EXEC_REMIND_US;
        }
        e->remind_us = at_us < e->remind_us ? at_us : e->remind_us;
    }
}

// ---- carried out, after the commit

static ls_status start_now(ls_exec *e, ls_entry *j, ls_error *err) {
    ls_exec_job job = *j->spec->job;
    job.log_bytes_max = job.log_bytes_max != 0 ? job.log_bytes_max : e->def.log_bytes_max;
    job.account = e->def.pool->accounts[j->account].path;
    const ls_run_start s = {.job = j->id,
                            .run = j->runs,
                            .shares = j->shares,
                            .kind = j->kind,
                            .index = j->array_index,
                            .now_us = e->now_us,
                            .what = &job};
    j->to_start = false;
    if (j->state == LS_EXEC_STARTING) {
        ls_exec_set_state(e, j, LS_EXEC_RUNNING);
    }
    return e->executor.start(e->executor.context, &s, err);
}

ls_status ls_exec_perform(ls_exec *e, ls_error *err) {
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < e->dirty_count; i++) {
        ls_entry *j = ls_exec_find(e, e->dirty[i]);
        if (j == NULL) {
            continue;
        }
        j->dirty = false;
        if (j->to_start) {
            const ls_status started = start_now(e, j, err);
            status = status == LS_OK ? started : status;
        }
        if (j->to_stop) {
            j->to_stop = false;
            e->executor.stop(e->executor.context, j->id, j->runs, j->until_us);
        }
        if (j->to_drop) {
            const uint64_t id = j->id;
            e->entries[id - e->base] = NULL;
            ls_exec_uncount(e, j);
            ls_exec_free_entry(j);
            if (e->machine != NULL) {
                ls_machine_forget(e->machine, id);
            }
        }
    }
    e->dirty_count = 0;
    return status;
}
