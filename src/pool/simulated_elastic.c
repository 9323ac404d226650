// simulated_elastic.c - jobs that grow and shrink; see simulated.h.
#include <assert.h>

#include "pool/grow.h"
#include "pool/simulated_inside.h"

// How much faster it is than with the parts of its shape alone.
static double rate_of(const sim_job *j) {
    const double parts = j->job.request.shape.parts;
    return (parts + j->extras_running) / parts;
}

// What it has worked until now counts at the rate that it had.
static void settle(const sim *s, sim_job *j) {
    j->done_us += (double)(s->now_us - j->since_rate_us) * rate_of(j);
    j->since_rate_us = s->now_us;
}

// It is done at another time from now on.
static void move(sim *s, uint32_t id) {
    const sim_job *j = s->jobs + id;
    const double left_us = ((double)j->left_us - j->done_us) / rate_of(j);
    const int64_t span_us = left_us > 0.0 ? (int64_t)left_us + 1 : 0;
    ls_sim_runs_move(s->runs, id, j->run, s->now_us + span_us);
}

static uint64_t milli_of(const sim_job *extra) {
    return ls_shape_milli(&extra->job.request.shape);
}

// One part more waits. LS_ERR_INVALID: there never is one.
static ls_status submit_extra(sim *s, uint32_t id, uint32_t *out) {
    const ls_pool_request *of = &s->jobs[id].job.request;
    const uint32_t kind = ls_scheduler_kind(s->scheduler, id);
    ls_pool_request one = *of;
    ls_error err = {0};
    one.shape.parts = 1;
    one.shape.within = LS_POOL_ANYWHERE;
    one.shape.must = one.shape.spread = false;
    one.shape.kinds = kind != LS_POOL_NONE ? (uint32_t)1 << kind : 0;
    one.spot = one.restartable = one.saves = true;
    one.checkpoint_every_us = one.deadline_us = 0;
    ls_status status = ls_scheduler_submit(s->scheduler, s->now_us, &one, out, &err);
    if (status == LS_OK && !ls_grow(&s->jobs, &s->job_room, sizeof *s->jobs, *out + 1)) {
        status = LS_ERR_MEMORY;
    }
    if (status == LS_OK) {
        s->jobs[*out] = (sim_job){.job = {.request = one, .submit_us = s->now_us},
                                  .run = s->jobs[*out].run,
                                  .first_us = s->now_us,
                                  .since_us = s->now_us,
                                  .waits = true,
                                  .extra = true,
                                  .leader = id};
    }
    return status;
}

ls_status sim_elastic_begin(sim *s, uint32_t id) {
    const uint32_t most = s->jobs[id].job.extras;
    uint32_t *extras = ls_alloc(most * sizeof *extras);
    ls_status status = extras != NULL ? LS_OK : LS_ERR_MEMORY;
    uint32_t count = 0;
    while (status == LS_OK && count < most) {
        status = submit_extra(s, id, extras + count);
        count += status == LS_OK;
    }
    sim_job *j = s->jobs + id;
    j->extras = extras;
    j->extra_count = count;
    j->extras_running = 0;
    j->done_us = 0.0;
    j->since_rate_us = s->now_us;
    return status != LS_ERR_MEMORY ? LS_OK : ls_fail(s->err, LS_ERR_MEMORY, "out of memory");
}

int64_t sim_elastic_end(sim *s, uint32_t id) {
    sim_job *j = s->jobs + id;
    settle(s, j);
    for (uint32_t i = 0; i < j->extra_count; i++) {
        sim_job *extra = s->jobs + j->extras[i];
        if (extra->waits) {
            ls_scheduler_cancel(s->scheduler, s->now_us, j->extras[i]);
            *extra = (sim_job){.run = extra->run};
        } else {  // told by the executor at once
            extra->over = true;
            s->executor.stop(s->executor.context, j->extras[i], extra->run, s->now_us);
        }
    }
    ls_free(j->extras);
    j->extras = NULL;
    j->extra_count = j->extras_running = 0;
    const double left_us = (double)j->left_us;
    return (int64_t)(j->done_us < left_us ? j->done_us : left_us);
}

ls_status sim_elastic_grow(sim *s, const ls_pool_act *act) {
    sim_job *extra = s->jobs + act->job;
    sim_job *j = s->jobs + extra->leader;
    extra->run++;
    extra->started_us = s->now_us;
    extra->until_us = INT64_MAX;
    extra->waits = false;
    settle(s, j);
    j->extras_running++;
    move(s, extra->leader);
    s->out->grown++;
    const uint32_t kind = ls_scheduler_kind(s->scheduler, act->job);
    ls_meter_hold(s->meter, s->now_us, extra->job.request.account, kind, milli_of(extra), true);
    sim_tell(s, LS_SIM_GREW, j, NULL, NULL, INT64_MAX);
    const ls_sim_span span = {.work_us = INT64_MAX, .most_us = INT64_MAX};
    const ls_run_start run = {.job = act->job,
                              .run = extra->run,
                              .shares = act->shares,
                              .kind = kind,
                              .now_us = s->now_us,
                              .what = &span};
    return s->executor.start(s->executor.context, &run, s->err);
}

ls_status sim_elastic_shrink(sim *s, uint32_t id) {
    sim_job *extra = s->jobs + id;
    const uint32_t leader = extra->leader;
    const bool over = extra->over;
    bool waits = false;
    ls_error err = {0};
    ls_meter_drop(s->meter, s->now_us, extra->job.request.account,
                  ls_scheduler_kind(s->scheduler, id), milli_of(extra), true);
    const ls_status status = ls_scheduler_ended(s->scheduler, s->now_us, id, over, &waits, &err);
    if (status != LS_OK) {
        return ls_fail(s->err, status, "%s", err.text);
    }
    extra->waits = waits;
    extra->since_us = s->now_us;
    if (!over) {
        sim_job *j = s->jobs + leader;
        assert(waits && j->extras_running > 0);
        settle(s, j);
        j->extras_running--;
        move(s, leader);
        s->out->shrunk++;
        sim_tell(s, LS_SIM_SHRANK, j, NULL, NULL, INT64_MAX);
    }
    return LS_OK;
}
