#include "twin/warmup.h"

#include "base/random.h"
#include "base/statistics.h"
#include "base/workers.h"
#include "twin/kpi.h"

enum { SLICE_EVENTS = 1 << 19 };
#define PILOT_FIRST ((uint64_t)1 << 40)  // replication numbers that no run uses

typedef struct pilot_job {
    const ls_twin *twin;
    const ls_run_def *def;
    double *series;  // [pilot][bucket]
} pilot_job;

// Runs to a time in slices, so that stop is heard.
static ls_status pilot_run_to(const pilot_job *job, ls_state *state, ls_scratch *scratch,
                              int64_t until_us, ls_error *err) {
    ls_status status = LS_OK;
    uint64_t did = SLICE_EVENTS;
    while (status == LS_OK && did == SLICE_EVENTS) {
        if (job->def->stop != NULL && *job->def->stop != 0) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped during the warm-up's pilot runs");
        }
        const uint64_t before = state->events;
        status = ls_state_run(job->twin, state, scratch, until_us, SLICE_EVENTS, err);
        did = state->events - before;
    }
    return status;
}

static ls_status pilot_series(const pilot_job *job, int64_t pilot, ls_state *state,
                              ls_state *before, ls_scratch *scratch, ls_error *err) {
    const ls_model *m = job->twin->model;
    ls_status status = ls_state_start(job->twin, state, scratch,
                                      ls_random_key(job->def->seed, PILOT_FIRST + (uint64_t)pilot),
                                      err);
    for (int i = 0; i < LS_WARMUP_BUCKETS && status == LS_OK; i++) {
        ls_state_copy(m, before, state);
        const double until = (double)job->def->for_us * (i + 1) / LS_WARMUP_BUCKETS;
        status = pilot_run_to(job, state, scratch, (int64_t)until, err);
        job->series[pilot * LS_WARMUP_BUCKETS + i] = ls_kpi_wip(m, before, state);
    }
    return status;
}

static ls_status run_pilot(void *context, int64_t pilot, int worker, ls_error *err) {
    (void)worker;
    const pilot_job *job = context;
    const ls_model *m = job->twin->model;
    ls_scratch scratch = {0};
    ls_state *state = ls_alloc(m->state_size);
    ls_state *before = ls_alloc(m->state_size);
    ls_status status = LS_OK;
    if (state == NULL || before == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    } else {
        status = ls_scratch_create(m, &scratch, err);
    }
    if (status == LS_OK) {
        status = pilot_series(job, pilot, state, before, &scratch, err);
    }
    ls_scratch_clear(&scratch);
    ls_free(before);
    ls_free(state);
    return status;
}

ls_status ls_warmup_find(const ls_twin *twin, const ls_run_def *def, int64_t *out_us,
                         bool *out_reliable, ls_error *err) {
    *out_us = 0;
    *out_reliable = true;
    pilot_job job = {.twin = twin, .def = def, .series = NULL};
    job.series = ls_alloc(sizeof(double) * LS_WARMUP_PILOTS * LS_WARMUP_BUCKETS);
    if (job.series == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    const ls_job pilots = {.run = run_pilot, .context = &job, .count = LS_WARMUP_PILOTS};
    const ls_status status = ls_workers_run(
        &pilots, def->workers > 0 ? def->workers : ls_workers_default(), err);
    if (status == LS_OK) {
        for (int i = 0; i < LS_WARMUP_BUCKETS; i++) {
            double sum = 0.0;
            for (int p = 0; p < LS_WARMUP_PILOTS; p++) {
                sum += job.series[p * LS_WARMUP_BUCKETS + i];
            }
            job.series[i] = sum / LS_WARMUP_PILOTS;
        }
        const size_t cut = ls_stat_mser5(job.series, LS_WARMUP_BUCKETS, out_reliable);
        *out_us = *out_reliable ? (int64_t)((double)def->for_us * (double)cut / LS_WARMUP_BUCKETS)
                                : def->for_us / 2;
    }
    ls_free(job.series);
    return status;
}
