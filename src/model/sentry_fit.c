// sentry_fit.c - see sentry_fit.h.
#include "model/sentry_fit.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "model/gates.h"

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory for a monitor");
}

ls_sentry_def ls_sentry_def_of(const ls_model_plan *plan) {
    return (ls_sentry_def){.statistics = plan->monitor.statistics, .row = plan->monitor.row};
}

// Of each statistic that counts: together they have the wished rate, or less.
static double rate_of_each(const ls_model_monitor *m) {
    return m->false_alarms / (double)__builtin_popcount(m->statistics);
}

// ---- rows, unit by unit

typedef struct stretches {
    double *values;  // rows, one behind the other: by unit, then by time
    ls_rows *runs;
    size_t run_count;
} stretches;

static bool follows(const ls_model_plan *plan, int64_t before_us, int64_t now_us) {
    return now_us - before_us == plan->every_us;
}

// The kept columns (`names` says which, `count` of them) of all rows as stretches.
static ls_status cut(const ls_model_plan *plan, const ls_dataset *rows, const uint32_t *columns,
                     size_t count, ls_arena *arena, stretches *out) {
    *out = (stretches){.values = ls_arena_alloc(arena, rows->row_count * count * sizeof(double)),
                       .runs = ls_arena_alloc(arena, rows->row_count * sizeof(ls_rows))};
    if (out->values == NULL || out->runs == NULL) {
        return LS_ERR_MEMORY;
    }
    double *to = out->values;
    for (uint32_t unit = 0; unit < rows->unit_count; unit++) {
        ls_rows *run = NULL;
        int64_t last_us = 0;
        for (size_t i = 0; i < rows->row_count; i++) {
            if (rows->unit[i] != unit) {
                continue;
            }
            if (run == NULL || !follows(plan, last_us, rows->time_us[i])) {
                run = &out->runs[out->run_count++];
                run->values = to;
            }
            last_us = rows->time_us[i];
            run->count++;
            const float *from = ls_dataset_row(rows, i);
            for (size_t c = 0; c < count; c++) {
                *to++ = (double)from[columns[c]];
            }
        }
    }
    return LS_OK;
}

// ---- fit

static size_t missing_in(const ls_dataset *rows, uint32_t column) {
    size_t missing = 0;
    for (size_t i = 0; i < rows->row_count; i++) {
        missing += isfinite(ls_dataset_row(rows, i)[column]) ? 0 : 1;
    }
    return missing;
}

static ls_status fit(const ls_model_plan *plan, const ls_dataset *rows, bool *left_out,
                     ls_arena *arena, ls_monitor **out, ls_error *err) {
    const ls_model_monitor *m = &plan->monitor;
    uint32_t *columns = ls_arena_alloc(arena, rows->column_count * sizeof *columns);
    const char **names = ls_arena_alloc(arena, rows->column_count * sizeof *names);
    size_t count = 0;
    stretches s;
    if (columns == NULL || names == NULL) {
        return no_memory(err);
    }
    for (uint32_t c = 0; c < rows->column_count; c++) {
        left_out[c] = 2 * missing_in(rows, c) >= rows->row_count;
        if (!left_out[c]) {
            columns[count] = c;
            names[count++] = rows->columns[c];
        }
    }
    if (count == 0) {
        return ls_fail(err, LS_ERR_INVALID, "every feature is missing in half of the rows or more");
    }
    if (cut(plan, rows, columns, count, arena, &s) != LS_OK) {
        return no_memory(err);
    }
    ls_monitor_def def = ls_monitor_def_default(count);
    def.names = names;
    def.lags = m->lags;
    def.share = m->share;
    def.newest = m->newest;
    def.false_alarms = rate_of_each(m);
    return ls_monitor_fit(&def, s.runs, s.run_count, out, err);
}

ls_status ls_sentry_fit(const ls_model_plan *plan, const ls_dataset *rows, bool *left_out,
                        ls_monitor **out, ls_error *err) {
    ls_arena arena;
    ls_arena_init(&arena);
    const ls_status status = fit(plan, rows, left_out, &arena, out, err);
    ls_arena_clear(&arena);
    return status;
}

ls_status ls_sentry_suits(const ls_model_plan *plan, const ls_monitor *monitor, ls_error *err) {
    const ls_model_monitor *m = &plan->monitor;
    const double rate = rate_of_each(m);
    if (monitor->def.lags == m->lags && monitor->def.newest == m->newest &&
        fabs(monitor->def.false_alarms - rate) <= 1e-9) {
        return LS_OK;
    }
    ls_fail(err, LS_ERR_INVALID,
            "the monitor was made for %zu lags, newest %g and %g false alarms a row and statistic, "
            "the plant file says %u, %g and %g",
            monitor->def.lags, monitor->def.newest, monitor->def.false_alarms, m->lags, m->newest,
            rate);
    ls_hint(err, "'lineshaft model train' makes one that fits");
    return LS_ERR_INVALID;
}

// ---- trial

typedef struct watching {
    ls_sentry *sentry;
    ls_sentry_trial *trial;
    double *above;  // [readings]
} watching;

static void watch(watching *w, const ls_model_plan *plan, const ls_dataset *rows, uint32_t unit) {
    int64_t last_us = INT64_MIN / 2;
    ls_sentry_reset(w->sentry);
    for (size_t i = 0; i < rows->row_count; i++) {
        if (rows->unit[i] != unit) {
            continue;
        }
        if (!follows(plan, last_us, rows->time_us[i])) {
            ls_sentry_reset(w->sentry);
        }
        last_us = rows->time_us[i];
        const ls_sentry_report r = ls_sentry_step(w->sentry, ls_dataset_row(rows, i));
        if (r.ready) {
            w->above[w->trial->readings++] = r.above ? 1.0 : 0.0;
            w->trial->above += r.above;
            w->trial->alarms += r.begins;
            w->trial->outside += r.outside > 0;
        }
    }
}

ls_status ls_sentry_try(const ls_model_plan *plan, const ls_monitor *monitor,
                        const ls_dataset *rows, ls_sentry_trial *out, ls_error *err) {
    const ls_sentry_def def = ls_sentry_def_of(plan);
    *out = (ls_sentry_trial){0};
    watching w = {.trial = out, .above = ls_alloc(rows->row_count * sizeof(double))};
    if (w.above == NULL) {
        return no_memory(err);
    }
    ls_status status = ls_sentry_create(monitor, &def, rows->columns, rows->column_count, &w.sentry,
                                        err);
    for (uint32_t unit = 0; unit < rows->unit_count && status == LS_OK; unit++) {
        watch(&w, plan, rows, unit);
    }
    if (status == LS_OK && out->readings > 0) {
        // The moving mean makes neighbours alike for some 1 / newest rows.
        const size_t lags = (size_t)(2.0 / monitor->def.newest) + monitor->def.lags;
        ls_gates_mean_error(w.above, out->readings, lags, &out->share, &out->error);
    }
    ls_sentry_destroy(w.sentry);
    ls_free(w.above);
    return status;
}

ls_status ls_sentry_decide(const ls_model_plan *plan, const ls_sentry_trial *trial,
                           int64_t latency_us, ls_sentry_verdict *out, ls_error *err) {
    const ls_model_gates *g = &plan->gates;
    *out = (ls_sentry_verdict){0};
    if (!(g->false_alarms * (double)trial->readings >= 1.0)) {
        ls_fail(err, LS_ERR_INVALID,
                "%zu readings of rows held out cannot show that at most %g %% are false alarms",
                trial->readings, 100.0 * g->false_alarms);
        ls_hint(err, "give more history, or raise 'gates: {false-alarms: ...}'");
        return LS_ERR_INVALID;
    }
    out->rate_passed = trial->share <= g->false_alarms;
    out->latency_passed = latency_us <= g->latency_us;
    out->passed = out->rate_passed && out->latency_passed;
    char about[48] = "";
    if (trial->above > 0 && isfinite(trial->error)) {  // of none there is no deviation
        ls_text_format(about, sizeof about, " (+-%.2f %%)", 196.0 * trial->error);
    }
    ls_text_format(out->rate_about, sizeof out->rate_about,
                   "%.2f %%%s of %zu good rows above the limit, %zu alarms; at most %g %% may be",
                   100.0 * trial->share, about, trial->readings, trial->alarms,
                   100.0 * g->false_alarms);
    ls_text_format(out->latency_about, sizeof out->latency_about,
                   "99 of 100 rows within %lld us; at most %lld us", (long long)latency_us,
                   (long long)g->latency_us);
    return LS_OK;
}
