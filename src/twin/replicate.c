// replicate.c - many replications of one twin, their figures and intervals.
//
// Results stand by replication number, so that neither the number of workers nor who finished first
// reaches them.
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "base/statistics.h"
#include "base/workers.h"
#include "twin/compile.h"
#include "twin/kpi.h"
#include "twin/warmup.h"

enum { RUN_DEF_COOKIE = 0x52554e31, FIRST_REPS = 10, BATCHES = 20, SLICE_EVENTS = 1 << 19 };

struct ls_twin_result {
    ls_twin_facts facts;
    ls_kpi_shape shape;
    int64_t capacity;      // replications there is room for
    double *values;        // [replication][figure]
    double *batch_values;  // [batch][figure], one replication only
    uint64_t *hashes, *events;
    unsigned char *done;
    int64_t *measured_us;  // of those stopped within, else 0
};

ls_run_def ls_run_def_default(const ls_twin *twin) {
    ls_run_def def;
    memset(&def, 0, sizeof def);
    def.for_us = twin->run_for_us;
    def.warmup_us = twin->run_warmup_us;
    def.reps = twin->run_reps;
    def.watched = LS_FIG_CYCLE_MEAN;
    def.reps_max = 1000;
    def.level = 0.95;
    def.seed = twin->run_seed;
    def.cookie = RUN_DEF_COOKIE;
    return def;
}

// One run of ls_twin_run while it goes on; shared by the workers.
typedef struct run_job {
    const ls_twin *twin;
    const ls_run_def *def;
    ls_twin_result *result;
    int64_t first;  // replication of index 0
    int64_t planned;
    atomic_uint_fast64_t events;
    atomic_int_fast64_t finished;
    pthread_mutex_t report;
    double reported_s;
} run_job;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void report_progress(run_job *job, double share_of_this) {
    if (job->def->progress == NULL || pthread_mutex_trylock(&job->report) != 0) {
        return;
    }
    const double now = now_s();
    if (now - job->reported_s > 0.2) {
        job->reported_s = now;
        ls_twin_progress p;
        p.replications_done = (int64_t)atomic_load(&job->finished);
        p.replications_planned = job->planned;
        p.events = atomic_load(&job->events);
        p.share = ((double)p.replications_done + share_of_this) / (double)job->planned;
        p.share = p.share > 1.0 ? 1.0 : p.share;
        job->def->progress(job->def->progress_context, &p);
    }
    pthread_mutex_unlock(&job->report);
}

typedef struct bench_of_one {  // what one replication needs
    ls_state *state, *base;
    ls_scratch scratch;
    int64_t begin_us, end_us;
} bench_of_one;

// Runs to a time in slices, so that progress is seen and stop is heard.
static ls_status run_to(run_job *job, bench_of_one *one, int64_t until_us, ls_error *err) {
    ls_status status = LS_OK;
    while (status == LS_OK) {
        const uint64_t before = one->state->events;
        status = ls_state_run(job->twin, one->state, &one->scratch, until_us, SLICE_EVENTS, err);
        const uint64_t did = one->state->events - before;
        atomic_fetch_add(&job->events, did);
        if (status != LS_OK || one->state->now >= until_us) {
            if (did < SLICE_EVENTS || status != LS_OK) {
                break;
            }
        }
        if (job->def->stop != NULL && *job->def->stop != 0) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
        const double span = (double)(one->end_us - one->begin_us);
        report_progress(job, span > 0.0 ? (double)(one->state->now - one->begin_us) / span : 1.0);
    }
    return status;
}

static ls_status measure(run_job *job, bench_of_one *one, int64_t warm_us, int64_t replication,
                         ls_error *err) {
    const ls_model *m = job->twin->model;
    ls_twin_result *r = job->result;
    ls_status status = LS_OK;
    const bool from_zero = warm_us == 0 && job->def->from == NULL;
    if (!from_zero) {
        status = run_to(job, one, warm_us, err);
        ls_state_copy(m, one->base, one->state);
    }
    if (status == LS_OK && r->facts.batch_means) {
        ls_state *before = ls_alloc(m->state_size);
        if (before == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory");
        }
        for (int i = 0; i < BATCHES && status == LS_OK; i++) {
            ls_state_copy(m, before, one->state);
            const double share = (double)(i + 1) / BATCHES;
            const int64_t until = i + 1 == BATCHES
                                      ? one->end_us
                                      : warm_us +
                                            (int64_t)((double)(one->end_us - warm_us) * share);
            status = run_to(job, one, until, err);
            if (status == LS_OK) {
                status = ls_kpi_window(m, i == 0 && from_zero ? NULL : before, one->state,
                                       r->batch_values + (size_t)i * r->shape.count, err);
            }
        }
        ls_free(before);
    } else if (status == LS_OK) {
        status = run_to(job, one, one->end_us, err);
    }
    if (status == LS_ERR_STOPPED && one->state->now > warm_us) {
        // What is known so far; shown only when no replication was finished.
        const ls_status known = ls_kpi_window(m, from_zero ? NULL : one->base, one->state,
                                              r->values + (size_t)replication * r->shape.count,
                                              err);
        r->measured_us[replication] = known == LS_OK ? one->state->now - warm_us : 0;
        r->hashes[replication] = ls_state_hash(m, one->state);
        r->events[replication] = one->state->events;
        return known == LS_OK ? ls_fail(err, LS_ERR_STOPPED, "stopped") : known;
    }
    if (status == LS_OK) {
        status = ls_kpi_window(m, from_zero ? NULL : one->base, one->state,
                               r->values + (size_t)replication * r->shape.count, err);
    }
    return status;
}

static ls_status run_one(void *context, int64_t index, int worker, ls_error *err) {
    (void)worker;
    run_job *job = context;
    const ls_model *m = job->twin->model;
    const int64_t replication = job->first + index;
    bench_of_one one;
    memset(&one, 0, sizeof one);
    if (job->def->stop != NULL && *job->def->stop != 0) {
        return ls_fail(err, LS_ERR_STOPPED, "stopped");
    }
    one.state = ls_alloc(m->state_size);
    one.base = ls_alloc(m->state_size);
    ls_status status = LS_OK;
    if (one.state == NULL || one.base == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory: a state of %llu bytes",
                         (unsigned long long)m->state_size);
    } else {
        status = ls_scratch_create(m, &one.scratch, err);
    }
    if (status == LS_OK) {
        const uint64_t key = ls_random_key(job->def->seed, (uint64_t)replication);
        if (job->def->from != NULL) {
            ls_state_copy(m, one.state, job->def->from->state);
            one.scratch.key = key + 1;  // the blocks hold nothing of it
            job->twin->kernel->fork(m, one.state, &one.scratch, key);
        } else {
            status = ls_state_start(job->twin, one.state, &one.scratch, key, err);
        }
    }
    if (status == LS_OK) {
        const uint64_t events_before = one.state->events;
        one.begin_us = one.state->now;
        const int64_t warm_us = one.begin_us + job->result->facts.warmup_us;
        one.end_us = warm_us + job->def->for_us;
        status = measure(job, &one, warm_us, replication, err);
        if (status == LS_OK) {
            job->result->hashes[replication] = ls_state_hash(m, one.state);
            job->result->events[replication] = one.state->events - events_before;
            job->result->done[replication] = 1;
            atomic_fetch_add(&job->finished, 1);
            report_progress(job, 0.0);  // one that is over within a slice has not been seen
        }
    }
    ls_scratch_clear(&one.scratch);
    ls_free(one.base);
    ls_free(one.state);
    return status;
}

static ls_status grow_result(ls_twin_result *r, int64_t reps, ls_error *err) {
    if (reps <= r->capacity) {
        return LS_OK;
    }
    const size_t n = (size_t)reps;
    double *values = ls_realloc(r->values, n * r->shape.count * sizeof(double));
    r->values = values != NULL ? values : r->values;
    uint64_t *hashes = ls_realloc(r->hashes, n * sizeof(uint64_t));
    r->hashes = hashes != NULL ? hashes : r->hashes;
    uint64_t *events = ls_realloc(r->events, n * sizeof(uint64_t));
    r->events = events != NULL ? events : r->events;
    unsigned char *done = ls_realloc(r->done, n);
    r->done = done != NULL ? done : r->done;
    int64_t *measured_us = ls_realloc(r->measured_us, n * sizeof(int64_t));
    r->measured_us = measured_us != NULL ? measured_us : r->measured_us;
    if (values == NULL || hashes == NULL || events == NULL || done == NULL || measured_us == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory: %lld replications", (long long)reps);
    }
    memset(r->done + r->capacity, 0, (size_t)(reps - r->capacity));
    memset(r->measured_us + r->capacity, 0, (size_t)(reps - r->capacity) * sizeof(int64_t));
    r->capacity = reps;
    return LS_OK;
}

// Without one that is done, the one that was stopped latest counts as far as it came.
static void keep_partial(ls_twin_result *r) {
    int64_t longest = 0;
    for (int64_t i = 0; i < r->capacity; i++) {
        if (r->done[i]) {
            return;
        }
        longest = r->measured_us[i] > r->measured_us[longest] ? i : longest;
    }
    if (r->capacity > 0 && r->measured_us[longest] > 0) {
        r->done[longest] = 1;
        r->facts.partial = true;
        r->facts.batch_means = false;
        r->facts.for_us = r->measured_us[longest];
    }
}

// Only replications that are done stay, in order.
static void keep_done(ls_twin_result *r) {
    int64_t kept = 0;
    keep_partial(r);
    for (int64_t i = 0; i < r->capacity; i++) {
        if (r->done[i]) {
            if (kept != i) {
                memcpy(r->values + (size_t)kept * r->shape.count,
                       r->values + (size_t)i * r->shape.count, r->shape.count * sizeof(double));
                r->hashes[kept] = r->hashes[i];
                r->events[kept] = r->events[i];
            }
            kept++;
        }
    }
    r->facts.reps = kept;
}

static double watched_value(const ls_twin_result *r, const ls_run_def *def, int64_t replication) {
    return r->values[(size_t)replication * r->shape.count +
                     ls_kpi_index(&r->shape, false, r->shape.classes, def->watched)];
}

// How many replications the asked precision needs, judged from those that are done; 0: reached.
static int64_t more_needed(ls_twin_result *r, const ls_run_def *def, int64_t reps) {
    ls_summary sum = {0};
    for (int64_t i = 0; i < reps; i++) {
        const double v = watched_value(r, def, i);
        if (isfinite(v)) {
            ls_summary_add(&sum, v);
        }
    }
    const double variance = ls_summary_variance(&sum);
    if (sum.count == 0) {
        return 0;  // no replication has such a figure, and more would not either
    }
    if (sum.count < 2) {
        return reps < def->reps_max ? (2 * reps > def->reps_max ? def->reps_max - reps : reps) : 0;
    }
    const double half = ls_stat_t_quantile(0.5 + def->level / 2.0, (double)(sum.count - 1)) *
                        sqrt(variance / (double)sum.count);
    if (half <= def->until_ci * fabs(sum.mean)) {
        r->facts.reached_ci = true;
        return 0;
    }
    int64_t total = ls_stat_replications(sum.mean, variance, def->until_ci, def->level);
    total = total > 4 * reps ? 4 * reps : total;  // the pilot's variance is itself uncertain
    total = total <= reps ? reps + 1 : total;
    total = total > def->reps_max ? def->reps_max : total;
    return total - reps;
}

static ls_status check_def(const ls_twin *twin, const ls_run_def *def, ls_error *err) {
    if (def->for_us <= 0) {
        return ls_fail(err, LS_ERR_INVALID, "the measured time must be longer than 0");
    }
    if (def->reps < 1 || def->reps_max < 1) {
        return ls_fail(err, LS_ERR_INVALID, "%lld replications: at least 1",
                       (long long)(def->reps < 1 ? def->reps : def->reps_max));
    }
    if (!(def->level > 0.0 && def->level < 1.0)) {
        return ls_fail(err, LS_ERR_INVALID, "level %g: between 0 and 1, such as 0.95", def->level);
    }
    if (!(def->until_ci >= 0.0)) {
        return ls_fail(err, LS_ERR_INVALID, "precision %g: above 0, such as 0.01", def->until_ci);
    }
    const int64_t warm = def->warmup_us > 0   ? def->warmup_us
                         : def->warmup_us < 0 ? def->for_us / 2
                                              : 0;
    const int64_t begin = def->from != NULL ? def->from->state->now : 0;
    if (def->for_us >= twin->model->horizon - begin ||
        warm >= twin->model->horizon - begin - def->for_us) {
        return ls_fail(err, LS_ERR_LIMIT,
                       "a run to %.1f days is behind the horizon of this plant, %.1f days",
                       ((double)begin + (double)warm + (double)def->for_us) / 86400e6,
                       (double)twin->model->horizon / 86400e6);
    }
    return LS_OK;
}

static ls_status run_all(run_job *job, int workers, ls_error *err) {
    const ls_run_def *def = job->def;
    ls_twin_result *r = job->result;
    int64_t reps = def->until_ci > 0.0 && def->reps < FIRST_REPS ? FIRST_REPS : def->reps;
    reps = def->until_ci > 0.0 && reps > def->reps_max ? def->reps_max : reps;
    int64_t finished = 0;
    ls_status status = LS_OK;
    while (status == LS_OK && reps > 0) {
        job->first = finished;
        job->planned = finished + reps;
        status = grow_result(r, job->planned, err);
        if (status == LS_OK) {
            const ls_job work = {.run = run_one, .context = job, .count = reps};
            status = ls_workers_run(&work, workers, err);
        }
        finished += reps;
        reps = status == LS_OK && def->until_ci > 0.0 ? more_needed(r, def, finished) : 0;
    }
    return status;
}

ls_status ls_twin_run(const ls_twin *twin, const ls_run_def *def, ls_twin_result **out,
                      ls_error *err) {
    *out = NULL;
    if (def->cookie != RUN_DEF_COOKIE) {
        return ls_fail(err, LS_ERR_INVALID, "start from ls_run_def_default()");
    }
    ls_status status = check_def(twin, def, err);
    if (status != LS_OK) {
        return status;
    }
    ls_twin_result *r = ls_alloc(sizeof *r);
    if (r == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    r->shape = ls_kpi_shape_of(twin->model);
    r->facts.for_us = def->for_us;
    r->facts.seed = def->seed;
    r->facts.level = def->level;
    r->facts.warmup_us = def->warmup_us > 0 ? def->warmup_us : 0;
    r->facts.warmup_reliable = true;
    r->facts.workers = def->workers > 0 ? def->workers : ls_workers_default();
    if (def->warmup_us < 0 && def->from == NULL) {
        r->facts.warmup_automatic = true;
        status = ls_warmup_find(twin, def, &r->facts.warmup_us, &r->facts.warmup_reliable, err);
    }
    if (status == LS_OK && def->reps == 1 && !(def->until_ci > 0.0)) {
        r->facts.batch_means = true;
        r->batch_values = ls_alloc(BATCHES * r->shape.count * sizeof(double));
        status = r->batch_values == NULL ? ls_fail(err, LS_ERR_MEMORY, "out of memory") : LS_OK;
    }
    if (status == LS_OK) {
        run_job job;
        memset(&job, 0, sizeof job);
        job.twin = twin;
        job.def = def;
        job.result = r;
        pthread_mutex_init(&job.report, NULL);
        const double begin = now_s();
        job.reported_s = begin;
        status = run_all(&job, r->facts.workers, err);
        r->facts.wall_s = now_s() - begin;
        pthread_mutex_destroy(&job.report);
        keep_done(r);
    }
    uint64_t hash = LS_ENGINE_VERSION;
    for (int64_t i = 0; i < r->facts.reps; i++) {
        hash = ls_hash_bytes(&r->hashes[i], sizeof r->hashes[i], hash);
        r->facts.events += r->events[i];
        const double done =
            r->values[(size_t)i * r->shape.count +
                      ls_kpi_index(&r->shape, false, r->shape.classes, LS_FIG_DONE)];
        r->facts.lots_done += (uint64_t)(done + 0.5);
    }
    r->facts.hash = hash;
    if (status == LS_OK || (status == LS_ERR_STOPPED && r->facts.reps > 0)) {
        *out = r;
    } else {
        ls_twin_result_destroy(r);
    }
    return status;
}

void ls_twin_result_destroy(ls_twin_result *r) {
    if (r != NULL) {
        ls_free(r->values);
        ls_free(r->batch_values);
        ls_free(r->hashes);
        ls_free(r->events);
        ls_free(r->measured_us);
        ls_free(r->done);
        ls_free(r);
    }
}

ls_twin_facts ls_twin_result_facts(const ls_twin_result *result) {
    return result->facts;
}

static ls_estimate estimate(const ls_twin_result *r, size_t at) {
    ls_estimate e = {(double)NAN, (double)NAN, 0};
    ls_summary sum = {0};
    for (int64_t i = 0; i < r->facts.reps; i++) {
        const double v = r->values[(size_t)i * r->shape.count + at];
        if (isfinite(v)) {
            ls_summary_add(&sum, v);
        }
    }
    if (sum.count == 0) {
        return e;
    }
    e.mean = sum.mean;
    e.count = sum.count;
    if (r->facts.batch_means) {
        ls_summary batches = {0};
        for (int i = 0; i < BATCHES; i++) {
            const double v = r->batch_values[(size_t)i * r->shape.count + at];
            if (isfinite(v)) {
                ls_summary_add(&batches, v);
            }
        }
        sum = batches;
    }
    if (sum.count >= 2) {
        e.half_width = ls_stat_t_quantile(0.5 + r->facts.level / 2.0, (double)(sum.count - 1)) *
                       sqrt(ls_summary_variance(&sum) / (double)sum.count);
    }
    return e;
}

// Counts and maxima of twenty windows say nothing about the whole run's.
static bool has_batch_means(ls_figure figure) {
    return figure != LS_FIG_RELEASED && figure != LS_FIG_DONE && figure != LS_FIG_SCRAPPED &&
           figure != LS_FIG_LOST && figure != LS_FIG_CYCLE_MAX && figure != LS_FIG_LIMITS_MISSED &&
           figure != LS_FIG_REWORKED && figure != LS_FIG_LOTS && figure != LS_FIG_PARTS &&
           figure != LS_FIG_QUEUE_WAIT_MAX && figure != LS_FIG_CYCLE_P90 &&
           figure != LS_FIG_CYCLE_P99;
}

static ls_estimate figure_of(const ls_twin_result *r, bool station, uint32_t index,
                             ls_figure figure) {
    ls_estimate e = estimate(r, ls_kpi_index(&r->shape, station, index, figure));
    if (r->facts.batch_means && !has_batch_means(figure)) {
        e.half_width = (double)NAN;
    }
    return e;
}

static const ls_estimate no_estimate = {(double)NAN, (double)NAN, 0};

ls_estimate ls_twin_result_class(const ls_twin_result *r, uint32_t release_class,
                                 ls_figure figure) {
    return release_class <= r->shape.classes && figure < LS_FIG_CLASS_COUNT
               ? figure_of(r, false, release_class, figure)
               : no_estimate;
}

ls_estimate ls_twin_result_station(const ls_twin_result *r, uint32_t station, ls_figure figure) {
    return station < r->shape.stations && figure >= LS_FIG_CLASS_COUNT && figure < LS_FIG_COUNT
               ? figure_of(r, true, station, figure)
               : no_estimate;
}

double ls_twin_result_value(const ls_twin_result *r, bool station, uint32_t index, ls_figure figure,
                            int64_t replication) {
    const bool fits = station ? index < r->shape.stations && figure >= LS_FIG_CLASS_COUNT &&
                                    figure < LS_FIG_COUNT
                              : index <= r->shape.classes && figure < LS_FIG_CLASS_COUNT;
    if (!fits || replication < 0 || replication >= r->facts.reps) {
        return (double)NAN;
    }
    return r->values[(size_t)replication * r->shape.count +
                     ls_kpi_index(&r->shape, station, index, figure)];
}

ls_status ls_twin_compare(const ls_twin_result *a, const ls_twin_result *b, uint32_t class_a,
                          uint32_t class_b, ls_figure figure, double level, ls_estimate *out,
                          ls_error *err) {
    *out = no_estimate;
    if (a->facts.reps != b->facts.reps || a->facts.seed != b->facts.seed) {
        return ls_fail(
            err, LS_ERR_INVALID,
            "only runs with the same seed and replications can be paired (%lld and %lld)",
            (long long)a->facts.reps, (long long)b->facts.reps);
    }
    if (figure >= LS_FIG_CLASS_COUNT || class_a > a->shape.classes || class_b > b->shape.classes) {
        return ls_fail(err, LS_ERR_INVALID, "no such class or figure");
    }
    ls_summary sum = {0};
    for (int64_t i = 0; i < a->facts.reps; i++) {
        const double d = ls_twin_result_value(b, false, class_b, figure, i) -
                         ls_twin_result_value(a, false, class_a, figure, i);
        if (isfinite(d)) {
            ls_summary_add(&sum, d);
        }
    }
    out->count = sum.count;
    out->mean = sum.count > 0 ? sum.mean : (double)NAN;
    if (sum.count >= 2) {
        out->half_width = ls_stat_t_quantile(0.5 + level / 2.0, (double)(sum.count - 1)) *
                          sqrt(ls_summary_variance(&sum) / (double)sum.count);
    }
    return LS_OK;
}
