// pool_run.c - see pool_run.h.
#include "cli/pool_run.h"

#include <string.h>

#include "cli/pool_outcome.h"

enum { STEPS_WANTED = 250 };

typedef struct running {
    const ls_pool_run_def *def;
    ls_pool_run *out;
    ls_trace_load trace;
    ls_mix_load mix;
    ls_meter_row *day;  // the sums of the day that goes on, by account
    ls_meter_pool day_pool;
} running;

int64_t ls_pool_run_step(int64_t span_us) {
    static const int parts[] = {24, 12, 8, 6, 4, 3, 2};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (span_us / (LS_POOL_DAY_US / parts[i]) <= STEPS_WANTED) {
            return LS_POOL_DAY_US / parts[i];
        }
    }
    return LS_POOL_DAY_US;
}

static bool going(const running *r, int64_t now_us) {
    const ls_pool_run_def *def = r->def;
    return def->going == NULL || def->going(def->context, (double)now_us / (double)def->span_us,
                                            r->out->outcome.rows[0].jobs);
}

static bool on_event(void *context, const ls_sim_event *event) {
    running *r = context;
    ls_outcome_event(&r->out->outcome, event);
    ls_kept_event(r->out->kept, event);
    if (r->def->step_us > 0) {
        ls_series_event(&r->out->series, event);
    }
    if (event->kind == LS_SIM_REFUSED && r->out->refused[0] == '\0') {
        ls_text_format(r->out->refused, sizeof r->out->refused, "%s", event->reason);
    }
    return event->kind != LS_SIM_STARTED || going(r, event->at_us);
}

static void on_decide(void *context, int64_t now_us, const ls_scheduler *s) {
    running *r = context;
    ls_series_decide(&r->out->series, now_us, s);
}

// A step goes into its day; a day that is over, or the last, into the statement.
static void add_to_day(running *r, int64_t from_us, int64_t to_us, const ls_meter_row *rows,
                       const ls_meter_pool *pool) {
    const ls_pool *p = r->def->pool;
    for (uint32_t i = 0; i < p->account_count; i++) {
        ls_meter_add(r->day + i, rows + i);
    }
    ls_meter_add_pool(&r->day_pool, pool);
    if (to_us % LS_POOL_DAY_US == 0 || to_us == r->def->span_us) {
        ls_pool_statement_day(p, from_us / LS_POOL_DAY_US, r->day, &r->day_pool,
                              &r->out->statement);
        memset(r->day, 0, p->account_count * sizeof *r->day);
        r->day_pool = (ls_meter_pool){0};
    }
}

static bool on_close(void *context, int64_t from_us, int64_t to_us, const ls_meter_row *rows,
                     const ls_meter_pool *pool) {
    running *r = context;
    ls_outcome_close(&r->out->outcome, rows, pool);
    if (r->def->step_us > 0) {
        ls_series_close(&r->out->series, from_us, to_us, rows, pool);
    }
    if (r->def->statement) {
        add_to_day(r, from_us, to_us, rows, pool);
    }
    return going(r, to_us);
}

static ls_status make_load(running *r, ls_sim_load *out, ls_error *err) {
    const ls_pool_run_def *def = r->def;
    if (def->trace != NULL) {
        r->trace = *def->trace;
        *out = (ls_sim_load){.next = ls_trace_load_next, .context = &r->trace};
        return LS_OK;
    }
    const ls_status status = ls_mix_load_make(def->pool, def->mix, def->load, def->seed,
                                              def->span_us, &r->mix, err);
    r->mix.checkpoint_us = def->checkpoint_us;
    *out = (ls_sim_load){.next = ls_mix_load_next, .context = &r->mix};
    return status;
}

static ls_status make(running *r, ls_error *err) {
    const ls_pool_run_def *def = r->def;
    const ls_terms *t = def->terms;
    const ls_cluster *cluster = &def->pool->cluster;
    ls_pool_run *out = r->out;
    ls_status status = ls_outcome_make(t->rows, t->count, &out->outcome, err);
    if (status == LS_OK) {
        status = ls_kept_create(t->rows, t->reclaim_us, t->count, cluster->kind_count, &out->kept,
                                err);
    }
    if (status == LS_OK && def->step_us > 0) {
        status = ls_series_make(cluster, t->rows, t->count, 0,
                                (uint32_t)(def->span_us / def->step_us) + 1, &out->series, err);
    }
    if (status == LS_OK && def->statement) {
        r->day = ls_alloc(t->count * sizeof *r->day);
        status = r->day != NULL ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "out of memory");
        ls_pool_statement_head(&out->statement);
    }
    return status;
}

ls_status ls_pool_run_do(const ls_pool_run_def *def, ls_pool_run *out, ls_error *err) {
    running r = {.def = def, .out = out};
    const ls_pool *pool = def->pool;
    *out = (ls_pool_run){0};
    ls_buffer_init(&out->statement);
    ls_sim_def sim = {
        .scheduler = {.cluster = &pool->cluster,
                      .terms = def->terms->rows,
                      .account_count = def->terms->count,
                      .reclaim_us = def->terms->reclaim_us,
                      .restore_shares = pool->restore_shares,
                      .budget_gpu_hours = def->terms->budgets,
                      .start_us = pool->start_us,
                      .reservations = pool->reservations,
                      .reservation_count = pool->reservation_count,
                      .policy = LS_PLACE_OWN,
                      .seed = def->seed},
        .policy = def->policy,
        .states = pool->states,
        .prices = def->terms->prices,
        .seed = def->seed,
        .until_us = def->span_us,
        .close_us = def->step_us > 0 ? def->step_us : LS_POOL_DAY_US,
        .on_event = on_event,
        .on_decide = def->step_us > 0 ? on_decide : NULL,
        .on_close = on_close,
        .context = &r,
    };
    if (!def->no_failures) {
        sim.failures = (ls_sim_failures){.every_us = pool->failures.every_us,
                                         .repair_us = pool->failures.repair_us,
                                         .lemons = pool->failures.lemons,
                                         .worse = pool->failures.worse,
                                         .times = (uint32_t)pool->failures.times,
                                         .within_us = pool->failures.within_us,
                                         .gpus = pool->failures.gpus,
                                         .exchange_us = pool->failures.exchange_us};
    }
    ls_status status = make(&r, err);
    status = status == LS_OK ? make_load(&r, &sim.load, err) : status;
    status = status == LS_OK ? ls_simulate(&sim, &out->result, err) : status;
    if (status == LS_OK && out->statement.failed) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_mix_load_clear(&r.mix);
    ls_free(r.day);
    return status;
}

void ls_pool_run_clear(ls_pool_run *run) {
    ls_outcome_clear(&run->outcome);
    ls_kept_destroy(run->kept);
    ls_series_clear(&run->series);
    ls_buffer_clear(&run->statement);
    *run = (ls_pool_run){0};
}
