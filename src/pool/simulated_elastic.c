// simulated_elastic.c - jobs that grow and shrink; see simulated.h.
#include <assert.h>

#include "pool/grow.h"
#include "pool/simulated_inside.h"

static uint32_t least_of(const sim_job *j) {
    return j->job.request.shape.parts;
}

// How much faster it is than with the parts of its shape alone. A service is up or not.
static double rate_of(const sim_job *j) {
    const double parts = least_of(j);
    return j->job.demand != NULL ? 1.0 : (parts + j->extras_running) / parts;
}

// What it has worked until now counts at the rate that it had.
static void settle(const sim *s, sim_job *j) {
    const double since_us = (double)(s->now_us - j->since_rate_us);
    j->done_us += since_us * rate_of(j);
    j->had_us += since_us * (least_of(j) + j->extras_running);
    j->since_rate_us = s->now_us;
}

// It is done at another time from now on.
static void move(sim *s, uint32_t id) {
    const sim_job *j = s->jobs + id;
    if (j->job.demand != NULL) {
        return;
    }
    const double left_us = ((double)j->left_us - j->done_us) / rate_of(j);
    const int64_t span_us = left_us > 0.0 ? (int64_t)left_us + 1 : 0;
    ls_sim_runs_move(s->runs, id, j->run, s->now_us + span_us);
}

static uint64_t milli_of(const sim_job *extra) {
    return ls_shape_milli(&extra->job.request.shape);
}

// One part more waits. LS_ERR_INVALID: there never is one.
static ls_status submit_extra(sim *s, uint32_t id, uint32_t *out) {
    const bool service = s->jobs[id].job.demand != NULL;
    const uint32_t kind = ls_scheduler_kind(s->scheduler, id);
    ls_pool_request one = s->jobs[id].job.request;
    ls_error err = {0};
    one.shape.parts = 1;
    one.shape.within = LS_POOL_ANYWHERE;
    one.shape.must = one.shape.spread = false;
    one.shape.kinds = kind != LS_POOL_NONE ? (uint32_t)1 << kind : 0;
    one.spot = !service;
    one.restartable = one.saves = true;
    one.checkpoint_every_us = one.deadline_us = 0;
    const ls_sim_job part = {.request = one, .work_us = s->jobs[id].job.work_us};
    const ls_pool_request request = sim_request(s, &part);
    ls_status status = ls_scheduler_submit(s->scheduler, s->now_us, &request, out, &err);
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

// So many further parts wait or run from now on, as far as they ever can.
static ls_status add_parts(sim *s, uint32_t id, uint32_t count) {
    ls_status status = LS_OK;
    while (status == LS_OK && s->jobs[id].extra_count < count) {
        uint32_t extra = 0;
        status = submit_extra(s, id, &extra);
        if (status == LS_OK) {
            sim_job *j = s->jobs + id;
            j->extras[j->extra_count++] = extra;
        }
    }
    return status != LS_ERR_MEMORY ? LS_OK : ls_fail(s->err, LS_ERR_MEMORY, "out of memory");
}

// One further part is not needed any more.
static void end_part(sim *s, uint32_t id) {
    sim_job *extra = s->jobs + id;
    if (extra->waits) {
        ls_scheduler_cancel(s->scheduler, s->now_us, id);
        *extra = (sim_job){.run = extra->run};
    } else {  // told by the executor at once
        extra->over = true;
        s->executor.stop(s->executor.context, id, extra->run, s->now_us);
    }
}

ls_status sim_elastic_begin(sim *s, uint32_t id) {
    sim_job *j = s->jobs + id;
    j->extras = ls_alloc((j->job.extras + (size_t)1) * sizeof *j->extras);
    j->extra_count = j->extras_running = 0;
    j->done_us = 0.0;
    j->since_rate_us = s->now_us;
    if (j->extras == NULL) {
        return ls_fail(s->err, LS_ERR_MEMORY, "out of memory");
    }
    return j->job.demand != NULL ? sim_elastic_demand(s, id) : add_parts(s, id, j->job.extras);
}

// ---- services

static uint32_t most_of(const sim_job *j) {
    return least_of(j) + j->job.extras;
}

// The one that goes first: that waits, or has started last.
static uint32_t last_part(const sim *s, const sim_job *j) {
    uint32_t last = 0;
    for (uint32_t i = 1; i < j->extra_count; i++) {
        const sim_job *a = s->jobs + j->extras[i];
        const sim_job *b = s->jobs + j->extras[last];
        if (a->waits != b->waits ? a->waits : a->waits || a->started_us >= b->started_us) {
            last = i;
        }
    }
    return last;
}

ls_status sim_elastic_demand(sim *s, uint32_t id) {
    sim_job *j = s->jobs + id;
    const ls_day_load *demand = j->job.demand;
    const uint32_t wanted = ls_day_load_wanted(demand, s->now_us, least_of(j), most_of(j)) -
                            least_of(j);
    settle(s, j);
    while (j->extra_count > wanted) {
        const uint32_t at = last_part(s, j);
        const uint32_t extra = j->extras[at];
        if (!s->jobs[extra].waits) {
            j->extras_running--;
            s->out->shrunk++;
            sim_tell(s, LS_SIM_SHRANK, j, NULL, NULL, INT64_MAX);
        }
        end_part(s, extra);
        j->extras[at] = j->extras[--j->extra_count];
    }
    if (!sim_push(s, (sim_event){.at_us = ls_day_load_next_us(demand, s->now_us),
                                 .what = DEMAND_CHANGES,
                                 .node = id,
                                 .run = j->run})) {
        return ls_fail(s->err, LS_ERR_MEMORY, "out of memory");
    }
    return add_parts(s, id, wanted);
}

void sim_elastic_account(sim *s, uint32_t id) {
    sim_job *j = s->jobs + id;
    const double milli = (double)milli_of(j) / least_of(j);
    if (j->extras != NULL) {
        settle(s, j);
    }
    s->out->served_milli_us += milli * j->had_us;
    s->out->demanded_milli_us += milli * ls_day_load_between(j->job.demand, j->first_us, s->now_us,
                                                             least_of(j), most_of(j));
    j->demands = false;
}

// ---- as they run

int64_t sim_elastic_end(sim *s, uint32_t id) {
    sim_job *j = s->jobs + id;
    settle(s, j);
    for (uint32_t i = 0; i < j->extra_count; i++) {
        end_part(s, j->extras[i]);
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
    ls_meter_hold(s->meter, s->now_us, extra->job.request.account, kind, milli_of(extra),
                  extra->job.request.spot);
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
                  ls_scheduler_kind(s->scheduler, id), milli_of(extra), extra->job.request.spot);
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
