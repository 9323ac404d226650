// study.c - the plant under a rule, from settled states on common random numbers; see base.h.
#include <string.h>

#include "decide/act.h"
#include "decide/base.h"
#include "twin/rebase.h"

enum {
    STUDY_SEED = 0x73747564,
    SETTLE_CYCLES = 10,  // before a start
    WARM_CYCLES = 5,     // of a run under its own rule
    SPAN_CYCLES = 60,
    PILOT_CYCLES = 20,
};
static const double events_budget = 15e6;  // some five seconds on one core

// Times cycle, without passing the end of the twin's clock.
static int64_t cycles(const ls_study *study, double count) {
    const double us = (double)study->cycle_us * count;
    const double most = (double)study->d->twin->model->horizon / 8.0;
    return (int64_t)(us < most ? us : most);
}

// Mean cycle time of what is done in the second half of a pilot run.
static ls_status pilot(ls_study *study, ls_snapshot *s, ls_error *err) {
    const ls_twin *twin = study->d->twin;
    study->cycle_us = ls_cycle_guess(twin);
    ls_amounts mark = {{0}};
    ls_status status = LS_OK;
    const uint64_t events = ls_snapshot_events(s);
    const int64_t from_us = ls_snapshot_now(s);
    for (int half = 0; half < 2 && status == LS_OK; half++) {
        mark = ls_amounts_read(twin, s->state, ls_snapshot_now(s));
        const int64_t until_us = ls_snapshot_now(s) + cycles(study, PILOT_CYCLES);
        status = ls_future_run(twin, s, until_us, NULL, err);
    }
    if (status == LS_OK) {
        const ls_amounts end = ls_amounts_read(twin, s->state, ls_snapshot_now(s));
        const ls_amounts amounts = ls_amounts_between(&mark, &end);
        if (amounts.of[LS_TERM_THROUGHPUT] > 0.0) {  // by Little
            study->cycle_us = (int64_t)(amounts.of[LS_TERM_WIP] * 3.6e9 /
                                        amounts.of[LS_TERM_THROUGHPUT]);
        }
        study->cycle_us = study->cycle_us < 1000000 ? 1000000 : study->cycle_us;
        const double span_us = (double)(ls_snapshot_now(s) - from_us);
        study->events_per_us = (double)(ls_snapshot_events(s) - events + 1) /
                               (span_us > 1.0 ? span_us : 1.0);
    }
    return status;
}

typedef struct settling {
    ls_study *study;
    const ls_snapshot *from;
} settling;

static ls_status settle_one(void *context, int64_t index, int worker, ls_error *err) {
    (void)worker;
    const settling *work = context;
    const ls_study *study = work->study;
    const ls_twin *twin = study->d->twin;
    ls_snapshot *s = study->start[index];
    ls_snapshot_fork_into(twin, work->from, study->d->def.seed ^ STUDY_SEED, (uint64_t)index, s);
    return ls_future_run(twin, s, ls_snapshot_now(s) + cycles(study, SETTLE_CYCLES), NULL, err);
}

static ls_status make_starts(ls_study *study, const ls_snapshot *from, ls_error *err) {
    ls_status status = LS_OK;
    for (int i = 0; i < LS_STUDY_ALL && status == LS_OK; i++) {
        status = ls_snapshot_create(study->d->twin, 0, 0, &study->start[i], err);
    }
    settling work = {study, from};
    const ls_job job = {
        .run = settle_one, .context = &work, .count = LS_STUDY_ALL, .stop = study->stop};
    return status == LS_OK ? ls_decider_lend(study->d, &job, err) : status;
}

ls_status ls_study_open(ls_study *study, ls_decider *d, const ls_snapshot *from,
                        const atomic_bool *stop, ls_error *err) {
    memset(study, 0, sizeof *study);
    study->d = d;
    study->stop = stop;
    study->events_left = d->def.search_events > 0.0 ? d->def.search_events : events_budget;
    ls_snapshot *begin = NULL;
    ls_snapshot *s = NULL;
    ls_status status = from != NULL ? ls_snapshot_copy(d->twin, from, &begin, err)
                                    : ls_snapshot_create(d->twin, d->def.seed, 0, &begin, err);
    if (status == LS_OK) {
        status = ls_acts_apply(d->twin, begin, NULL, 0, err);
    }
    if (status == LS_OK) {
        status = ls_snapshot_fork(d->twin, begin, d->def.seed, STUDY_SEED, &s, err);
    }
    if (status == LS_OK) {
        status = pilot(study, s, err);
    }
    if (status == LS_OK) {
        status = make_starts(study, begin, err);
    }
    study->warm_us = cycles(study, WARM_CYCLES);
    study->span_us = cycles(study, SPAN_CYCLES);
    ls_snapshot_destroy(s);
    ls_snapshot_destroy(begin);
    return status;
}

void ls_study_close(ls_study *study) {
    for (int i = 0; i < LS_STUDY_ALL; i++) {
        ls_snapshot_destroy(study->start[i]);
        study->start[i] = NULL;
    }
}

// ---- runs

typedef struct runs {
    const ls_study *study;
    const ls_twin *twin;
    uint32_t first;
    int64_t warm_us, span_us;
    double *costs;
} runs;

static ls_status run_one(void *context, int64_t index, int worker, ls_error *err) {
    (void)worker;
    const runs *work = context;
    const ls_decider *d = work->study->d;
    ls_snapshot *s = NULL;
    ls_status status = ls_snapshot_create(work->twin, 0, 0, &s, err);
    if (status != LS_OK) {
        return status;
    }
    ls_twin_rebase(work->twin, work->study->start[work->first + index], s);
    const int64_t from_us = ls_snapshot_now(s) + work->warm_us;
    status = ls_acts_apply(work->twin, s, NULL, 0, err);
    status = status == LS_OK ? ls_future_run(work->twin, s, from_us, NULL, err) : status;
    const ls_amounts before = ls_amounts_read(work->twin, s->state, from_us);
    status = status == LS_OK ? ls_future_run(work->twin, s, from_us + work->span_us, NULL, err)
                             : status;
    const ls_amounts after = ls_amounts_read(work->twin, s->state, from_us + work->span_us);
    const ls_amounts amounts = ls_amounts_between(&before, &after);
    work->costs[index] = ls_cost_of(d->weights, &amounts) / ((double)work->span_us / 3.6e9);
    ls_snapshot_destroy(s);
    return status;
}

ls_status ls_study_run(ls_study *study, const ls_twin *twin, uint32_t first, uint32_t count,
                       int64_t warm_us, int64_t span_us, double *out_costs, ls_error *err) {
    runs work = {study, twin, first, warm_us, span_us, out_costs};
    const ls_job job = {.run = run_one, .context = &work, .count = count, .stop = study->stop};
    study->events_left -= study->events_per_us * (double)(warm_us + span_us) * count;
    return ls_decider_lend(study->d, &job, err);
}
