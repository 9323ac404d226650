// forecast.c - see forecast.h.
#include "twin/estimate/forecast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "base/statistics.h"
#include "twin/estimate/scores.h"

enum { COOKIE = 0x46435354, PIT_STREAM = 1 };
#define ALPHA 0.1

typedef struct opened {  // a forecast that waits for what happens
    int64_t origin_us;
    uint64_t seed;
    uint32_t count;  // futures that ran to their end
    double *next;    // s from the origin, sorted; INFINITY: none within the horizon
    double *output;  // lots, sorted
} opened;

typedef struct totals {
    double crps, error, interval;
    ls_forecast_score score;
    int64_t counted_until_us;  // the last independent span
} totals;

struct ls_forecast {
    const ls_twin *twin;
    ls_forecast_def def;
    ls_snapshot *present, **futures;
    opened running;
    opened open[LS_FORECAST_OPEN_MAX];
    uint32_t open_at, open_count;
    int64_t *done;  // times of real completions, a ring
    uint32_t done_at, done_count;
    int64_t last_us;  // origin of the last one
    totals next, output;
    uint64_t made, failed, scored;
    ls_forecast_figures newest;
};

ls_forecast_def ls_forecast_def_default(void) {
    return (ls_forecast_def){.futures = 40,
                             .every_us = 600LL * 1000000,
                             .horizon_us = 3600LL * 1000000,
                             .seed = 1,
                             .cookie = COOKIE};
}

// ---- making

static bool alloc_opened(opened *of, uint32_t futures) {
    of->next = ls_alloc(futures * sizeof *of->next);
    of->output = ls_alloc(futures * sizeof *of->output);
    return of->next != NULL && of->output != NULL;
}

static bool alloc_parts(ls_forecast *f, ls_error *err) {
    bool fine = alloc_opened(&f->running, f->def.futures);
    for (uint32_t i = 0; i < LS_FORECAST_OPEN_MAX; i++) {
        fine = alloc_opened(f->open + i, f->def.futures) && fine;
    }
    f->done = ls_alloc(LS_FORECAST_LATE_LOTS * sizeof *f->done);
    f->futures = ls_alloc(f->def.futures * sizeof(ls_snapshot *));
    fine = fine && f->done != NULL && f->futures != NULL &&
           ls_snapshot_create(f->twin, 1, 0, &f->present, err) == LS_OK;
    for (uint32_t i = 0; fine && i < f->def.futures; i++) {
        fine = ls_snapshot_create(f->twin, 1, 0, &f->futures[i], err) == LS_OK;
    }
    return fine;
}

ls_status ls_forecast_create(const ls_twin *twin, const ls_forecast_def *def, ls_forecast **out,
                             ls_error *err) {
    *out = NULL;
    if (def->cookie != COOKIE || def->futures < 5 || def->futures > 1000 || def->every_us <= 0 ||
        def->horizon_us <= 0) {
        return ls_fail(err, LS_ERR_INVALID, "a forecast needs 5 to 1000 futures and times above 0");
    }
    ls_forecast *f = ls_alloc(sizeof *f);
    if (f == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for forecasts");
    }
    f->twin = twin;
    f->def = *def;
    f->last_us = INT64_MIN;
    f->next.counted_until_us = INT64_MIN;
    f->output.counted_until_us = INT64_MIN;
    f->newest.next_s = f->newest.output_mean = NAN;
    ls_fail(err, LS_ERR_MEMORY, "out of memory for forecasts");
    if (!alloc_parts(f, err)) {
        ls_forecast_destroy(f);
        return LS_ERR_MEMORY;
    }
    *out = f;
    return LS_OK;
}

void ls_forecast_destroy(ls_forecast *f) {
    if (f == NULL) {
        return;
    }
    ls_snapshot_destroy(f->present);
    for (uint32_t i = 0; f->futures != NULL && i < f->def.futures; i++) {
        ls_snapshot_destroy(f->futures[i]);
    }
    for (uint32_t i = 0; i < LS_FORECAST_OPEN_MAX; i++) {
        ls_free(f->open[i].next);
        ls_free(f->open[i].output);
    }
    ls_free(f->running.next);
    ls_free(f->running.output);
    ls_free(f->futures);
    ls_free(f->done);
    ls_free(f);
}

// ---- forecasting

bool ls_forecast_is_due(const ls_forecast *f, int64_t now_us) {
    return f->last_us == INT64_MIN || now_us - f->last_us >= f->def.every_us;
}

void ls_forecast_begin(ls_forecast *f, const ls_follow *follow) {
    f->last_us = ls_follow_now(follow);
    f->running.origin_us = f->last_us;
    f->made++;
    f->running.seed = f->def.seed + f->made;
    ls_follow_fork(follow, f->running.seed, 0, f->present);
}

ls_snapshot *ls_forecast_present(ls_forecast *f) {
    return f->present;
}

static uint64_t done_count(const ls_twin *twin, const ls_snapshot *snapshot) {
    const ls_s_release *releases = LS_STATE_ARRAY(twin->model, snapshot->state, const ls_s_release,
                                                  s_release);
    uint64_t done = 0;
    for (uint32_t i = 0; i < twin->model->releases; i++) {
        done += releases[i].done;
    }
    return done;
}

// Up to the first lot that is done, event by event; then the rest at once.
static bool run_future(const ls_forecast *f, ls_snapshot *future, double *out_next,
                       double *out_output) {
    const int64_t until = f->running.origin_us + f->def.horizon_us;
    const uint64_t before = done_count(f->twin, future);
    uint64_t steps = 1;
    *out_next = INFINITY;
    while (steps == 1 && done_count(f->twin, future) == before) {
        if (ls_snapshot_step(f->twin, future, until, 1, &steps, NULL) != LS_OK) {
            return false;
        }
    }
    if (done_count(f->twin, future) > before) {
        *out_next = (double)(ls_snapshot_now(future) - f->running.origin_us) * 1e-6;
    }
    if (ls_snapshot_run(f->twin, future, until, NULL) != LS_OK) {
        return false;
    }
    *out_output = (double)(done_count(f->twin, future) - before);
    return true;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

void ls_forecast_run(ls_forecast *f) {
    opened *running = &f->running;
    running->count = 0;
    for (uint32_t i = 0; i < f->def.futures; i++) {
        double next = 0.0;
        double output = 0.0;
        ls_snapshot_fork_into(f->twin, f->present, running->seed, i, f->futures[i]);
        if (run_future(f, f->futures[i], &next, &output)) {
            running->next[running->count] = next;
            running->output[running->count++] = output;
        }
    }
    qsort(running->next, running->count, sizeof(double), by_value);
    qsort(running->output, running->count, sizeof(double), by_value);
}

static double mean_of(const double *values, uint32_t count) {
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum / (double)count;
}

// The value below which a share p of the ensemble lies; no interpolation, so that INFINITY ("not
// within the horizon") stays what it is.
static double quantile(const double *sorted, uint32_t count, double p) {
    const double at = ceil(p * (double)count) - 1.0;
    const double last = (double)(count - 1);
    return sorted[(uint32_t)(at < 0.0 ? 0.0 : at > last ? last : at)];
}

static void tell_newest(ls_forecast *f, const opened *of) {
    ls_forecast_figures *n = &f->newest;
    n->origin_us = of->origin_us;
    n->next_low_s = quantile(of->next, of->count, 0.05);
    n->next_s = quantile(of->next, of->count, 0.5);
    n->next_high_s = quantile(of->next, of->count, 0.95);
    n->output_low = quantile(of->output, of->count, 0.05);
    n->output_mean = mean_of(of->output, of->count);
    n->output_high = quantile(of->output, of->count, 0.95);
}

void ls_forecast_end(ls_forecast *f) {
    if (f->running.count < 5) {
        f->failed++;
        return;
    }
    if (f->open_count == LS_FORECAST_OPEN_MAX) {  // the line has gone silent: the oldest goes
        f->open_at = (f->open_at + 1) % LS_FORECAST_OPEN_MAX;
        f->open_count--;
    }
    opened *to = f->open + (f->open_at + f->open_count) % LS_FORECAST_OPEN_MAX;
    const opened emptied = *to;
    *to = f->running;
    f->running.next = emptied.next;
    f->running.output = emptied.output;
    f->open_count++;
    tell_newest(f, to);
}

// ---- what happened

void ls_forecast_done(ls_forecast *f, int64_t time_us) {
    if (f->done_count == LS_FORECAST_LATE_LOTS) {
        f->done_at = (f->done_at + 1) % LS_FORECAST_LATE_LOTS;
        f->done_count--;
    }
    f->done[(f->done_at + f->done_count) % LS_FORECAST_LATE_LOTS] = time_us;
    f->done_count++;
}

static void add_score(ls_forecast *f, totals *to, const opened *of, const double *sorted, double y,
                      int64_t ends_us) {
    ls_forecast_score *score = &to->score;
    const double low = quantile(sorted, of->count, 0.05);
    const double high = quantile(sorted, of->count, 0.95);
    const double v = ls_random_uniform(f->def.seed, PIT_STREAM, f->scored++);
    const double pit = ls_score_pit(sorted, of->count, y, v);
    const int bin = (int)(pit * LS_FORECAST_PIT_BINS);
    score->pit[bin < LS_FORECAST_PIT_BINS ? bin : LS_FORECAST_PIT_BINS - 1]++;
    score->count++;
    to->crps += ls_score_crps_fair(sorted, of->count, y);
    to->error += y - mean_of(sorted, of->count);
    to->interval += ls_score_interval(low, high, ALPHA, y);
    if (of->origin_us >= to->counted_until_us) {
        to->counted_until_us = ends_us;
        score->independent++;
        // By the place within the ensemble, so that ties of whole numbers do not flatter.
        score->inside += pit >= 0.5 * ALPHA && pit <= 1.0 - 0.5 * ALPHA;
    }
}

// Infinite members (no lot within the horizon) count as the horizon, as does what happened later.
static void cut_at_horizon(const ls_forecast *f, const opened *of) {
    const double horizon = (double)f->def.horizon_us * 1e-6;
    for (uint32_t i = 0; i < of->count; i++) {
        of->next[i] = fmin(of->next[i], horizon);
    }
}

static void score_one(ls_forecast *f, const opened *of) {
    const int64_t until = of->origin_us + f->def.horizon_us;
    int64_t first = until;
    double output = 0.0;
    for (uint32_t i = 0; i < f->done_count; i++) {
        const int64_t at = f->done[(f->done_at + i) % LS_FORECAST_LATE_LOTS];
        if (at > of->origin_us && at <= until) {
            output += 1.0;
            first = at < first ? at : first;
        }
    }
    cut_at_horizon(f, of);
    add_score(f, &f->next, of, of->next, (double)(first - of->origin_us) * 1e-6, first);
    add_score(f, &f->output, of, of->output, output, until);
}

static void forget_done(ls_forecast *f, int64_t before_us) {
    while (f->done_count > 0 && f->done[f->done_at] <= before_us) {
        f->done_at = (f->done_at + 1) % LS_FORECAST_LATE_LOTS;
        f->done_count--;
    }
}

void ls_forecast_settle(ls_forecast *f, int64_t settled_us) {
    while (f->open_count > 0 && f->open[f->open_at].origin_us + f->def.horizon_us <= settled_us) {
        score_one(f, f->open + f->open_at);
        f->open_at = (f->open_at + 1) % LS_FORECAST_OPEN_MAX;
        f->open_count--;
    }
    forget_done(f,
                f->open_count > 0 ? f->open[f->open_at].origin_us : settled_us - f->def.horizon_us);
}

static ls_forecast_score finish_score(const totals *of) {
    ls_forecast_score score = of->score;
    const double n = (double)score.count;
    score.crps = of->crps / n;
    score.error = of->error / n;
    score.interval = of->interval / n;
    score.coverage = (double)score.inside / (double)score.independent;
    ls_score_wilson(score.inside, score.independent, 0.95, &score.coverage_low,
                    &score.coverage_high);
    return score;
}

ls_forecast_figures ls_forecast_describe(const ls_forecast *f) {
    ls_forecast_figures figures = f->newest;
    figures.made = f->made;
    figures.failed = f->failed;
    figures.next = finish_score(&f->next);
    figures.output = finish_score(&f->output);
    return figures;
}
