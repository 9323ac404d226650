// simulated.c - see simulated.h.
#include "pool/simulated.h"

#include <assert.h>
#include <string.h>

#include "base/random.h"
#include "pool/grow.h"
#include "pool/simulated_inside.h"

const ls_sim_policy ls_sim_policies[] = {
    {.name = "own", .about = "shares, backfill with promises, taking back"},
    {.name = "fifo",
     .about = "first come, first served; nobody passes",
     .flat = true,
     .strict = true},
    {.name = "easy", .about = "first come, EASY backfill", .flat = true},
    {.name = "sjf",
     .about = "the shortest first, told by an oracle",
     .flat = true,
     .no_promise = true,
     .shortest = true},
};
const uint32_t ls_sim_policy_count = sizeof ls_sim_policies / sizeof *ls_sim_policies;

const ls_sim_policy *ls_sim_policy_find(const char *name) {
    for (uint32_t i = 0; i < ls_sim_policy_count; i++) {
        if (strcmp(ls_sim_policies[i].name, name) == 0) {
            return ls_sim_policies + i;
        }
    }
    return NULL;
}

// ---- events by (time, what, subject)

static bool before(const sim_event *a, const sim_event *b) {
    if (a->at_us != b->at_us) {
        return a->at_us < b->at_us;
    }
    return a->what != b->what ? a->what < b->what : a->node < b->node;
}

bool sim_push(sim *s, sim_event e) {
    if (e.at_us == INT64_MAX) {
        return true;
    }
    if (!ls_grow(&s->heap, &s->heap_room, sizeof *s->heap, s->heap_count + 1)) {
        return false;
    }
    uint32_t at = s->heap_count++;
    for (; at > 0 && before(&e, s->heap + (at - 1) / 2); at = (at - 1) / 2) {
        s->heap[at] = s->heap[(at - 1) / 2];
    }
    s->heap[at] = e;
    return true;
}

static sim_event pop(sim *s) {
    const sim_event first = s->heap[0];
    const sim_event last = s->heap[--s->heap_count];
    uint32_t at = 0;
    for (uint32_t child = 1; child < s->heap_count; child = 2 * at + 1) {
        child += child + 1 < s->heap_count && before(s->heap + child + 1, s->heap + child);
        if (!before(s->heap + child, &last)) {
            break;
        }
        s->heap[at] = s->heap[child];
        at = child;
    }
    if (s->heap_count > 0) {
        s->heap[at] = last;
    }
    return first;
}

// ---- what is told

static int64_t sooner(int64_t a, int64_t b) {
    return a < b ? a : b;
}

void sim_tell(sim *s, ls_sim_kind kind, const sim_job *j, const char *reason,
              const ls_pool_act *act, int64_t promised_us) {
    if (s->def->on_event == NULL) {
        return;
    }
    ls_sim_event e = {
        .kind = kind,
        .at_us = s->now_us,
        .job = &j->job,
        .why = act != NULL ? act->why : LS_WHY_TURN,
        .shares = act != NULL ? act->shares : NULL,
        .submitted_us = j->first_us,
        .first = j->runs == (kind == LS_SIM_LEFT ? 0 : 1),
        .waited_us = s->now_us - j->since_us,
        .promised_us = promised_us,
        .gave_way = kind == LS_SIM_STARTED && ls_scheduler_gave_way(s->scheduler, act->job),
        .reason = reason,
        .books = ls_meter_shares(s->meter)};
    if (kind == LS_SIM_ENDED || kind == LS_SIM_KILLED) {
        e.lost_us = j->lost_us;
    } else if (kind == LS_SIM_STOPPED || kind == LS_SIM_BROKEN) {
        e.lost_us = j->lost_us;
        e.stopping_us = sooner(j->lost_us, s->now_us - j->asked_us);
    }
    s->stop |= !s->def->on_event(s->def->context, &e);
}

static uint64_t milli_of(const sim_job *j) {
    return ls_shape_milli(&j->job.request.shape);
}

// ---- jobs

ls_pool_request sim_request(const sim *s, const ls_sim_job *job) {
    ls_pool_request request = job->request;
    if (s->policy->flat) {
        request.account = 1;
        request.priority = 0;
        request.deadline_us = 0;
        request.spot = false;
    }
    if (s->policy->shortest) {
        const int64_t seconds = job->work_us / 1000000;
        request.priority = -(int32_t)(seconds < INT32_MAX ? seconds : INT32_MAX);
    }
    return request;
}

ls_status sim_enter(sim *s, const ls_sim_job *job) {
    uint32_t id = 0;
    ls_error err = {0};
    const ls_pool_request request = sim_request(s, job);
    const ls_status status = ls_scheduler_submit(s->scheduler, s->now_us, &request, &id, &err);
    if (status == LS_ERR_INVALID) {
        const sim_job refused = {.job = *job, .since_us = s->now_us, .first_us = s->now_us};
        s->out->refused++;
        sim_tell(s, LS_SIM_REFUSED, &refused, err.text, NULL, INT64_MAX);
        sim_after_over(s, job, false);
        return LS_OK;
    }
    if (status == LS_OK && !ls_grow(&s->jobs, &s->job_room, sizeof *s->jobs, id + 1)) {
        return ls_fail(s->err, LS_ERR_MEMORY, "out of memory");
    }
    if (status != LS_OK) {
        return ls_fail(s->err, status, "%s", err.text);
    }
    s->jobs[id] = (sim_job){.job = *job,
                            .run = s->jobs[id].run,
                            .left_us = job->work_us,
                            .since_us = s->now_us,
                            .first_us = s->now_us,
                            .demands = job->demand != NULL,
                            .waits = true};
    s->out->services += s->jobs[id].demands;
    sim_tell(s, LS_SIM_SUBMITTED, s->jobs + id, NULL, NULL, INT64_MAX);
    return LS_OK;
}

static ls_status submit(sim *s) {
    bool held = false;
    s->out->submitted++;
    if (s->policy->flat && s->next.demand == NULL) {
        s->next.extras = 0;  // there are no spot jobs
    }
    const ls_status status = sim_after_submit(s, &s->next, &held);
    s->out->held += held;
    return status == LS_OK && !held ? sim_enter(s, &s->next) : status;
}

static ls_status start(sim *s, const ls_pool_act *act) {
    sim_job *j = s->jobs + act->job;
    const uint32_t kind = ls_scheduler_kind(s->scheduler, act->job);
    if (j->extra) {
        return sim_elastic_grow(s, act);
    }
    j->run++;
    j->runs++;
    j->started_us = s->now_us;
    j->until_us = INT64_MAX;
    j->waits = false;
    s->out->started++;
    ls_meter_hold(s->meter, s->now_us, j->job.request.account, kind, milli_of(j),
                  j->job.request.spot);
    ls_meter_count(s->meter, j->job.request.account, LS_METER_STARTED);
    sim_tell(s, LS_SIM_STARTED, j, NULL, act, ls_scheduler_promise(s->scheduler, act->job));
    const ls_sim_span span = {.work_us = j->left_us, .most_us = j->job.request.most_us};
    const ls_run_start run = {.job = act->job,
                              .run = j->run,
                              .shares = act->shares,
                              .kind = kind,
                              .now_us = s->now_us,
                              .what = &span};
    if (j->job.extras > 0 || j->job.demand != NULL) {
        if (!ls_grow(&s->begun, &s->begun_room, sizeof *s->begun, s->begun_count + 1)) {
            return ls_fail(s->err, LS_ERR_MEMORY, "out of memory");
        }
        s->begun[s->begun_count++] = act->job;
    }
    return s->executor.start(s->executor.context, &run, s->err);
}

static void stop(sim *s, const ls_pool_act *act) {
    sim_job *j = s->jobs + act->job;
    if (act->until_us < j->until_us) {  // what is asked first and for then counts
        j->until_us = act->until_us;
        j->asked_us = s->now_us;
        j->stopped = act->why;
    }
    s->executor.stop(s->executor.context, act->job, j->run, act->until_us);
}

// What a job that was stopped has saved of this run.
static int64_t saved_us(const sim *s, const sim_job *j) {
    const ls_pool_request *r = &j->job.request;
    const int64_t worked_us = s->now_us - j->started_us;
    if (r->saves && j->stopped != LS_WHY_BROKEN) {
        return worked_us - r->stop_us > 0 ? worked_us - r->stop_us : 0;
    }
    return r->checkpoint_every_us > 0 ? worked_us - worked_us % r->checkpoint_every_us : 0;
}

static ls_status over(sim *s, const ls_run_end *end) {
    const uint32_t id = (uint32_t)end->job;
    sim_job *j = s->jobs + id;
    if (j->extra) {
        return sim_elastic_shrink(s, id);
    }
    const uint32_t account = j->job.request.account;
    const int64_t ran_us = s->now_us - j->started_us;
    const int64_t worked_us = j->extras != NULL ? sim_elastic_end(s, id) : ran_us;
    const bool finished = !end->asked;
    const bool done = end->how == LS_RUN_EXITED;
    int64_t kept_us = finished ? (done ? worked_us : 0) : saved_us(s, j);
    if (!finished && worked_us != ran_us) {  // as much of its work as of its time
        kept_us = (int64_t)((double)kept_us * ((double)worked_us / (double)ran_us));
    }
    const uint32_t kind = ls_scheduler_kind(s->scheduler, id);
    bool waits = false;
    ls_error err = {0};
    const ls_status status = ls_scheduler_ended(s->scheduler, s->now_us, id, finished, &waits,
                                                &err);
    if (status != LS_OK) {
        return ls_fail(s->err, status, "%s", err.text);
    }
    kept_us = !finished && !waits ? 0 : kept_us;
    if (j->demands && !waits) {
        sim_elastic_account(s, id);
    }
    j->waits = waits;
    ls_meter_drop(s->meter, s->now_us, account, kind, milli_of(j), j->job.request.spot);
    j->lost_us = worked_us - kept_us;
    ls_meter_lose(s->meter, account, milli_of(j), j->lost_us);
    if (!waits) {
        sim_after_over(s, &j->job, finished && done && !j->job.fails);
    }
    if (finished) {
        s->out->ended += done;
        s->out->failed += done && j->job.fails;
        s->out->killed += !done;
        ls_meter_count(s->meter, account, LS_METER_ENDED);
        sim_tell(s, done ? LS_SIM_ENDED : LS_SIM_KILLED, j, NULL, NULL, INT64_MAX);
        return LS_OK;
    }
    const bool broken = j->stopped == LS_WHY_BROKEN;
    s->out->broken += broken;
    s->out->stopped += !broken;
    s->out->lost_jobs += !waits;
    j->left_us -= kept_us;
    ls_meter_count(s->meter, account, broken ? LS_METER_BROKEN : LS_METER_STOPPED);
    j->since_us = s->now_us;
    sim_tell(s, broken ? LS_SIM_BROKEN : LS_SIM_STOPPED, j, NULL, NULL, INT64_MAX);
    return LS_OK;
}

// ---- the clock

static ls_status take_next(sim *s) {
    const int64_t last_us = s->has_next ? s->next.submit_us : s->def->from_us;
    s->has_next = s->def->load.next != NULL && s->def->load.next(s->def->load.context, &s->next);
    if (s->has_next && s->next.submit_us < last_us) {
        return ls_fail(s->err, LS_ERR_INVALID, "the load goes back in time");
    }
    return LS_OK;
}

static ls_status happen(sim *s, const sim_event *e) {
    bool memory = true;
    if (e->what == DEMAND_CHANGES) {
        const sim_job *j = s->jobs + e->node;
        return j->extras != NULL && j->run == e->run ? sim_elastic_demand(s, e->node) : LS_OK;
    }
    if (e->what == NODE_BACK) {
        memory = sim_nodes_back(s, e->node, e->run);
    } else {
        memory = sim_nodes_break(s, e->node);
    }
    return memory ? LS_OK : ls_fail(s->err, LS_ERR_MEMORY, "out of memory");
}

static ls_status hear(sim *s) {
    ls_status status = LS_OK;
    ls_run_end end;
    ls_sim_runs_to(s->runs, s->now_us);
    while (status == LS_OK && s->executor.ended(s->executor.context, &end)) {
        status = over(s, &end);
    }
    return status == LS_OK ? sim_after_free(s) : status;
}

static ls_status decide_once(sim *s) {
    const ls_pool_act *acts = NULL;
    ls_status status = LS_OK;
    const uint32_t count = ls_scheduler_decide(s->scheduler, s->now_us, &acts, &status);
    if (status != LS_OK) {
        ls_fail(s->err, status, "out of memory");
    }
    s->out->decisions++;
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        if (acts[i].kind == LS_POOL_START) {
            status = start(s, acts + i);
        } else {
            stop(s, acts + i);
        }
    }
    if (status == LS_OK && ls_sim_runs_failed(s->runs)) {
        status = ls_fail(s->err, LS_ERR_MEMORY, "out of memory");
    }
    if (s->def->on_decide != NULL) {
        s->def->on_decide(s->def->context, s->now_us, s->scheduler);
    }
    return status;
}

// As long as something started that can use more.
static ls_status decide(sim *s) {
    ls_status status = decide_once(s);
    while (status == LS_OK && s->begun_count > 0) {
        for (uint32_t i = 0; i < s->begun_count && status == LS_OK; i++) {
            status = sim_elastic_begin(s, s->begun[i]);
        }
        s->begun_count = 0;
        status = status == LS_OK ? decide_once(s) : status;
    }
    return status;
}

static void close_books(sim *s, int64_t from_us, int64_t to_us) {
    ls_meter_pool pool;
    ls_meter_close(s->meter, to_us, s->rows, &pool);
    if (s->def->on_close != NULL) {
        s->stop |= !s->def->on_close(s->def->context, from_us, to_us, s->rows, &pool);
    }
}

static void tell_left(sim *s) {
    s->now_us = s->def->until_us;
    for (uint32_t id = 0; id < s->job_room && !s->stop; id++) {
        if (s->jobs[id].waits && !s->jobs[id].extra) {
            sim_tell(s, LS_SIM_LEFT, s->jobs + id, NULL, NULL, INT64_MAX);
        }
    }
    sim_after_left(s);
}

static ls_status run(sim *s) {
    int64_t closed_us = s->def->from_us;
    const int64_t every_us = s->def->close_us > 0 ? s->def->close_us : INT64_MAX / 2;
    ls_status status = take_next(s);
    while (status == LS_OK && !s->stop) {
        int64_t at_us = s->heap_count > 0 ? s->heap[0].at_us : INT64_MAX;
        at_us = sooner(at_us, ls_sim_runs_next_us(s->runs));
        at_us = s->has_next ? sooner(at_us, s->next.submit_us) : at_us;
        at_us = sooner(at_us, ls_scheduler_wake(s->scheduler));
        while (!s->stop && closed_us + every_us <= sooner(at_us, s->def->until_us)) {
            close_books(s, closed_us, closed_us + every_us);
            closed_us += every_us;
        }
        if (at_us >= s->def->until_us) {
            break;
        }
        s->now_us = at_us;
        status = hear(s);
        while (status == LS_OK && s->heap_count > 0 && s->heap[0].at_us == at_us) {
            const sim_event e = pop(s);
            status = happen(s, &e);
        }
        while (status == LS_OK && s->has_next && s->next.submit_us <= at_us) {
            status = submit(s);
            status = status == LS_OK ? take_next(s) : status;
        }
        status = status == LS_OK ? sim_after_free(s) : status;  // what waited for one refused
        status = status == LS_OK ? decide(s) : status;
    }
    if (status == LS_OK && !s->stop) {
        tell_left(s);
    }
    for (uint32_t id = 0; status == LS_OK && id < s->job_room; id++) {
        if (s->jobs[id].demands) {
            sim_elastic_account(s, id);
        }
    }
    if (status == LS_OK && !s->stop && closed_us < s->def->until_us) {
        close_books(s, closed_us, s->def->until_us);
    }
    return status == LS_OK && s->stop ? ls_fail(s->err, LS_ERR_STOPPED, "stopped") : status;
}

// The scheduler that the policy asks for: without accounts all jobs are of one that is promised
// nothing.
static ls_status make_scheduler(sim *s) {
    uint64_t amounts[2][LS_POOL_KINDS_MAX + 1];
    memset(amounts[0], 0, sizeof amounts[0]);
    memset(amounts[1], 0xff, sizeof amounts[1]);  // no limit
    const ls_share_terms flat = {.weight = 1.0, .guarantee = amounts[0], .limit = amounts[1]};
    const ls_share_terms both[] = {flat, flat};
    ls_scheduler_def def = s->def->scheduler;
    def.strict |= s->policy->strict;
    def.no_backfill |= s->policy->no_promise;
    if (s->policy->flat) {
        def.no_moves = true;
        def.terms = both;
        def.account_count = 2;
        def.reclaim_us = NULL;
        def.restore_shares = false;
        def.budget_gpu_hours = NULL;
        def.reservation_count = 0;
    }
    return ls_scheduler_create(&def, &s->scheduler, s->err);
}

ls_status ls_simulate(const ls_sim_def *def, ls_sim_result *out, ls_error *err) {
    const ls_cluster *cluster = def->scheduler.cluster;
    sim s = {.def = def,
             .policy = def->policy != NULL ? def->policy : ls_sim_policies,
             .out = out,
             .err = err,
             .now_us = def->from_us};
    *out = (ls_sim_result){0};
    ls_status status = make_scheduler(&s);
    status = status == LS_OK ? ls_sim_runs_create(&s.runs, err) : status;
    status = status == LS_OK ? ls_afters_create(true, &s.afters, err) : status;
    if (status == LS_OK) {
        s.executor = ls_sim_runs_executor(s.runs);
        status = ls_meter_create(cluster, def->scheduler.terms, def->scheduler.account_count,
                                 def->from_us, &s.meter, err);
    }
    if (status == LS_OK) {
        ls_meter_price(s.meter, def->prices);
    }
    s.rows = ls_alloc(def->scheduler.account_count * sizeof *s.rows);
    if (status == LS_OK && (s.rows == NULL || !sim_nodes_begin(&s))) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (status == LS_OK) {
        for (uint32_t i = 0; def->states != NULL && i < cluster->node_count; i++) {
            sim_nodes_set(&s, i, (ls_node_state)def->states[i]);
        }
        status = run(&s);
    }
    if (s.scheduler != NULL) {
        out->waiting_at_end = ls_scheduler_waiting(s.scheduler);
    }
    for (uint32_t i = 0; i < s.job_room; i++) {
        out->waiting_at_end -= s.jobs[i].extra && s.jobs[i].waits;
        ls_free(s.jobs[i].extras);
    }
    out->running_at_end = out->started - out->ended - out->killed - out->stopped - out->broken;
    ls_scheduler_destroy(s.scheduler);
    ls_sim_runs_destroy(s.runs);
    ls_afters_destroy(s.afters);
    ls_meter_destroy(s.meter);
    ls_free(s.held);
    ls_free(s.held_free);
    ls_free(s.rows);
    ls_free(s.begun);
    ls_free(s.lemons);
    ls_free(s.offenders);
    ls_free(s.leaves);
    ls_free(s.heap);
    ls_free(s.jobs);
    return status;
}
