// watch.c - see watch.h.
//
// Facts come under the intake's lock. Futures are run by a thread of the watch, outside the lock:
// it takes it only to fork and to file.
#include "loop/watch.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/units.h"
#include "loop/json_value.h"
#include "loop/told.h"
#include "twin/estimate/forecast.h"
#include "twin/estimate/online.h"

enum { PAUSE_MS = 200, TEXT_SIZE = 400 };

struct ls_watch {
    ls_intake *intake;
    ls_journal *journal;
    ls_online *online;
    ls_forecast *forecast;
    ls_told told;  // of the thread
    uint64_t facts, drifts;
    void (*listener)(void *context, const ls_fact *fact);
    void *listener_context;
    pthread_t thread;
    bool has_thread;
    _Atomic bool ends;
};

// ---- from the follower, under the intake's lock

static void tell_drift(ls_watch *watch, const ls_drift *drift) {
    const ls_plant *plant = watch->intake->running.plant;
    char text[TEXT_SIZE];
    char name[160];
    char json[256];
    ls_online_text(watch->online, drift, text, sizeof text);
    ls_watched_name(plant, drift->quantity, name, sizeof name);
    ls_text_format(json, sizeof json,
                   "{\"ratio\": %.6g, \"low\": %.6g, \"high\": %.6g, \"since_us\": %lld, "
                   "\"values\": %llu}",
                   drift->ratio, drift->ratio_low, drift->ratio_high,
                   (long long)(plant->start_us + drift->since_us),
                   (unsigned long long)drift->count);
    ls_journal_write(watch->journal, LS_LOG_WARNING, "drift", name,
                     plant->start_us + drift->time_us, text, json);
}

static void take_fact(void *context, const ls_fact *fact) {
    ls_watch *watch = context;
    ls_drift drift;
    if (watch->listener != NULL) {
        watch->listener(watch->listener_context, fact);
    }
    if (fact->kind == LS_FACT_CAME || fact->kind == LS_FACT_POOL) {
        return;  // nothing that could be estimated
    }
    watch->facts++;
    if (fact->kind == LS_FACT_DONE) {
        ls_forecast_done(watch->forecast, fact->time_us);
    }
    if (ls_online_fact(watch->online, fact, &drift)) {
        watch->drifts++;
        tell_drift(watch, &drift);
    }
}

static void take_divergence(void *context, const ls_divergence *divergence) {
    static const char *const kinds[LS_DIVERGE_KIND_COUNT] = {
        [LS_DIVERGE_INFERRED] = "inferred", [LS_DIVERGE_CONTRADICTED] = "contradicted",
        [LS_DIVERGE_UNKNOWN] = "unknown",   [LS_DIVERGE_LATE] = "late",
        [LS_DIVERGE_CLOCK] = "clock",
    };
    ls_watch *watch = context;
    const ls_plant *plant = watch->intake->running.plant;
    const char *subject = divergence->machine < plant->machine_count
                              ? plant->machines[divergence->machine].name
                          : divergence->station < plant->station_count
                              ? plant->stations[divergence->station].name
                              : "";
    char kind[32];
    snprintf(kind, sizeof kind, "divergence-%s", kinds[divergence->kind]);
    ls_journal_write(watch->journal,
                     divergence->kind == LS_DIVERGE_INFERRED ? LS_LOG_DEBUG : LS_LOG_INFO, kind,
                     subject, plant->start_us + divergence->time_us, divergence->text, NULL);
}

// ---- forecasts

// Settles what has passed; true when a new forecast was begun.
static bool begin_forecast(ls_watch *watch) {
    bool begun = false;
    pthread_mutex_lock(&watch->intake->lock);
    ls_follow *follow = watch->intake->running.follow;
    if (follow != NULL) {
        ls_follow_settle(follow);  // all that was done until then has been told
        const int64_t now = ls_follow_now(follow);
        // A forecast from a present that is mostly supposed would say nothing of the twin.
        begun = ls_forecast_is_due(watch->forecast, now) && ls_follow_certainty(follow) > 0.5;
        if (begun) {
            ls_forecast_begin(watch->forecast, follow);
        }
        ls_forecast_settle(watch->forecast, now - watch->intake->follow_def.late_us);
    }
    pthread_mutex_unlock(&watch->intake->lock);
    return begun;
}

static void *work(void *context) {
    ls_watch *watch = context;
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    while (!atomic_load(&watch->ends)) {
        nanosleep(&pause, NULL);
        if (begin_forecast(watch)) {
            ls_snapshot *present = ls_forecast_present(watch->forecast);
            ls_told_tell(&watch->told, ls_snapshot_now(present), present);
            ls_forecast_run(watch->forecast);
            pthread_mutex_lock(&watch->intake->lock);
            ls_forecast_end(watch->forecast);
            pthread_mutex_unlock(&watch->intake->lock);
        }
    }
    return NULL;
}

// ---- opening, closing

ls_status ls_watch_open(ls_intake *intake, ls_journal *journal, ls_watch **out, ls_error *err) {
    *out = NULL;
    const ls_running *running = &intake->running;
    const ls_forecast_def def = ls_forecast_def_default();
    ls_watch *watch = ls_alloc(sizeof *watch);
    if (watch == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for estimates");
    }
    watch->intake = intake;
    watch->journal = journal;
    ls_told_open(&watch->told, intake, running->plant, running->twin);
    ls_status status = ls_online_create(running->plant, &watch->online, err);
    if (status == LS_OK) {
        status = ls_forecast_create(running->twin, &def, &watch->forecast, err);
    }
    if (status == LS_OK && pthread_create(&watch->thread, NULL, work, watch) != 0) {
        status = ls_fail(err, LS_ERR_MEMORY, "no thread for forecasts");
    }
    watch->has_thread = status == LS_OK;
    if (status != LS_OK) {
        ls_watch_close(watch);
        return status;
    }
    intake->follow_def.fact = take_fact;
    intake->follow_def.diverged = take_divergence;
    intake->follow_def.context = watch;
    *out = watch;
    return LS_OK;
}

void ls_watch_close(ls_watch *watch) {
    if (watch == NULL) {
        return;
    }
    atomic_store(&watch->ends, true);
    if (watch->has_thread) {
        pthread_join(watch->thread, NULL);
    }
    ls_told_close(&watch->told);
    ls_forecast_destroy(watch->forecast);
    ls_online_destroy(watch->online);
    ls_free(watch);
}

void ls_watch_listen(ls_watch *watch, void (*fact)(void *context, const ls_fact *fact),
                     void *context) {
    pthread_mutex_lock(&watch->intake->lock);
    watch->listener = fact;
    watch->listener_context = context;
    pthread_mutex_unlock(&watch->intake->lock);
}

// ---- telling

static json_t *drift_object(const ls_watch *watch, uint32_t number, const ls_estimate_of *of) {
    char text[TEXT_SIZE];
    char name[160];
    ls_online_text(watch->online, &of->drift, text, sizeof text);
    ls_watched_name(watch->intake->running.plant, number, name, sizeof name);
    return json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:I}", "of", name, "text", text, "ratio",
                     of->drift.ratio, "low", of->drift.ratio_low, "high", of->drift.ratio_high,
                     "since_s", (double)of->drift.since_us * 1e-6, "found_s",
                     (double)of->drift.time_us * 1e-6, "values", (json_int_t)of->drift.count);
}

static json_t *estimate_object(const ls_watch *watch, uint32_t number, const ls_estimate_of *of) {
    char name[160];
    ls_watched_name(watch->intake->running.plant, number, name, sizeof name);
    json_t *object = json_object();
    json_object_set_new(object, "of", json_string(name));
    json_object_set_new(object, "values", json_integer((json_int_t)of->count));
    json_object_set_new(object, "ratio", ls_json_number(of->ratio));
    json_object_set_new(object, "ratio_sd", ls_json_number(of->ratio_sd));
    return object;
}

static json_t *score_object(const ls_forecast_score *score) {
    json_t *object = json_object();
    json_t *pit = json_array();
    for (int i = 0; i < LS_FORECAST_PIT_BINS; i++) {
        json_array_append_new(pit, json_integer((json_int_t)score->pit[i]));
    }
    json_object_set_new(object, "count", json_integer((json_int_t)score->count));
    json_object_set_new(object, "crps", ls_json_number(score->crps));
    json_object_set_new(object, "error", ls_json_number(score->error));
    json_object_set_new(object, "interval_score", ls_json_number(score->interval));
    json_object_set_new(object, "independent", json_integer((json_int_t)score->independent));
    json_object_set_new(object, "coverage", ls_json_number(score->coverage));
    json_object_set_new(object, "coverage_low", ls_json_number(score->coverage_low));
    json_object_set_new(object, "coverage_high", ls_json_number(score->coverage_high));
    json_object_set_new(object, "pit", pit);
    return object;
}

static json_t *forecast_object(const ls_forecast *forecast, int64_t start_us) {
    const ls_forecast_figures f = ls_forecast_describe(forecast);
    json_t *object = json_object();
    char text[200] = "", at[48];
    if (isfinite(f.output_mean)) {
        ls_units_print_date(start_us + f.origin_us / 1000000 * 1000000, at, sizeof at);
        ls_text_format(text, sizeof text, "%.1f lots in the hour from %s on (90 %%: %.0f to %.0f)",
                       f.output_mean, at, f.output_low, f.output_high);
    }
    json_object_set_new(object, "text", json_string(text));
    json_object_set_new(object, "made", json_integer((json_int_t)f.made));
    json_object_set_new(object, "failed", json_integer((json_int_t)f.failed));
    json_object_set_new(object, "origin_s", ls_json_number((double)f.origin_us * 1e-6));
    json_object_set_new(object, "next_s", ls_json_number(f.next_s));
    json_object_set_new(object, "next_low_s", ls_json_number(f.next_low_s));
    json_object_set_new(object, "next_high_s", ls_json_number(f.next_high_s));
    json_object_set_new(object, "output", ls_json_number(f.output_mean));
    json_object_set_new(object, "output_low", ls_json_number(f.output_low));
    json_object_set_new(object, "output_high", ls_json_number(f.output_high));
    json_object_set_new(object, "next_score", score_object(&f.next));
    json_object_set_new(object, "output_score", score_object(&f.output));
    return object;
}

void ls_watch_json(ls_watch *watch, json_t *object) {
    json_t *drifts = json_array();
    json_t *estimates = json_array();
    pthread_mutex_lock(&watch->intake->lock);
    for (uint32_t i = 0; i < ls_online_count(watch->online); i++) {
        const ls_estimate_of of = ls_online_describe(watch->online, i);
        if (of.count > 0) {
            json_array_append_new(estimates, estimate_object(watch, i, &of));
        }
        if (of.drifted) {
            json_array_append_new(drifts, drift_object(watch, i, &of));
        }
    }
    json_object_set_new(object, "forecast",
                        forecast_object(watch->forecast, watch->intake->running.plant->start_us));
    pthread_mutex_unlock(&watch->intake->lock);
    json_object_set_new(object, "drifts", drifts);
    json_object_set_new(object, "estimates", estimates);
}

int64_t ls_watch_drifting_since(ls_watch *watch) {
    int64_t since_us = 0;
    pthread_mutex_lock(&watch->intake->lock);
    const int64_t start_us = watch->intake->running.plant->start_us;
    for (uint32_t i = 0; i < ls_online_count(watch->online); i++) {
        const ls_estimate_of of = ls_online_describe(watch->online, i);
        const int64_t at_us = start_us + of.drift.since_us;
        if (of.drifted && (since_us == 0 || at_us < since_us)) {
            since_us = at_us;
        }
    }
    pthread_mutex_unlock(&watch->intake->lock);
    return since_us;
}

ls_watch_figures ls_watch_describe(ls_watch *watch) {
    pthread_mutex_lock(&watch->intake->lock);
    const ls_forecast_figures f = ls_forecast_describe(watch->forecast);
    const ls_watch_figures figures = {.facts = watch->facts,
                                      .drifts = watch->drifts,
                                      .forecasts = f.made,
                                      .scored = f.output.count,
                                      .crps_output = f.output.crps,
                                      .coverage_output = f.output.coverage};
    pthread_mutex_unlock(&watch->intake->lock);
    return figures;
}

bool ls_watch_expect(ls_watch *watch, ls_watch_expected *out) {
    char at[48];
    pthread_mutex_lock(&watch->intake->lock);
    const ls_forecast_figures f = ls_forecast_describe(watch->forecast);
    const int64_t start_us = watch->intake->running.plant->start_us;
    pthread_mutex_unlock(&watch->intake->lock);
    if (!isfinite(f.output_mean)) {
        return false;
    }
    out->origin_us = start_us + f.origin_us;
    const ls_forecast_def def = ls_forecast_def_default();
    out->until_us = out->origin_us + def.horizon_us;
    out->futures = def.futures;
    out->mean = f.output_mean;
    out->low = f.output_low;
    out->high = f.output_high;
    ls_units_print_date(out->origin_us / 1000000 * 1000000, at, sizeof at);
    ls_text_format(out->text, sizeof out->text,
                   "%.1f lots in the hour from %s on (90 %%: %.0f to %.0f)", f.output_mean, at,
                   f.output_low, f.output_high);
    return true;
}
