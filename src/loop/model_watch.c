// model_watch.c - see model_watch.h.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "loop/json_value.h"
#include "loop/model_watch_inside.h"
#include "model/registry.h"

enum { SAVE_TICKS = 10, TOLD = 3, LATE_LOOKS = 30 };

// ---- who serves

static void stop_drift(model_watched *m) {
    ls_drift_watch_clear(&m->drift);
    ls_profile_clear(&m->profile);
    m->has_drift = m->is_new = m->late = m->late_told = false;
    m->late_looks = 0;
    m->labels_since = 0;
    m->since_us = 0;
    m->cause_count = 0;
    m->text[0] = '\0';
}

static void stop_shadow(model_watched *m) {
    if (m->has_shadow) {
        ls_shadow_clear(&m->shadow);
    }
    m->has_shadow = false;
}

static void say(ls_model_watch *w, const model_watched *m, ls_log_level level, const char *text) {
    ls_journal_write(w->journal, level, "model", m->plan->name, 0, text, NULL);
}

static ls_status load_profile(ls_model_watch *w, model_watched *m, ls_error *err) {
    ls_registry_version v;
    ls_status status = ls_registry_load(w->folder, m->plan->name, m->champion, &v, err);
    const ls_registry_part *part = status == LS_OK ? ls_registry_find_part(&v, "profile.json")
                                                   : NULL;
    if (status == LS_OK && part == NULL) {
        status = ls_fail(err, LS_ERR_INVALID, "it has no profile of what it learnt from");
    } else if (status == LS_OK) {
        status = ls_profile_load(part->bytes, part->size, "profile.json", &m->profile, err);
    }
    ls_registry_version_clear(&v);
    return status;
}

// What was saved of this champion; NULL: nothing. It counts once: were it restored again when the
// champion comes back after another one, it would be of long ago.
static json_t *take_saved(model_watched *m, const char *key) {
    const bool fits = json_integer_value(json_object_get(m->saved, "champion")) ==
                      (json_int_t)m->champion;
    json_t *saved = json_incref(json_object_get(m->saved, key));
    (void)json_object_del(m->saved, key);
    if (!fits) {
        json_decref(saved);
    }
    return fits ? saved : NULL;
}

static void restore_drift(model_watched *m) {
    json_t *saved = take_saved(m, "drift");
    ls_error err = {0};
    const bool is_there = json_is_object(saved) &&
                          ls_drift_watch_load(saved, &m->drift, &err) == LS_OK;
    json_decref(saved);
    if (!is_there) {
        return;
    }
    m->since_us = m->drift.since_us;
    m->labels_since = (uint64_t)json_integer_value(json_object_get(m->saved, "labels_since"));
    m->is_new = m->drift.in_inputs || m->drift.in_errors;  // its causes are to be found again
    ls_text_format(m->text, sizeof m->text, "%s", ls_json_text_at(m->saved, "causes"));
}

static void start_drift(ls_model_watch *w, model_watched *m) {
    char text[LS_ERROR_TEXT_SIZE + 80];
    ls_error err = {0};
    ls_status status = load_profile(w, m, &err);
    if (status == LS_OK) {
        status = ls_drift_watch_init(&m->profile, &m->plan->drift, m->plan->every_us, &m->drift,
                                     &err);
    }
    m->has_drift = status == LS_OK;
    if (status != LS_OK) {
        stop_drift(m);
        ls_text_format(text, sizeof text, "drift of version %u is not watched: %s", m->champion,
                       err.text);
        say(w, m, LS_LOG_WARNING, text);
        return;
    }
    restore_drift(m);
}

static void start_shadow(ls_model_watch *w, model_watched *m) {
    ls_model_loan loan;
    ls_error err = {0};
    const ls_shadow_def def = {
        .gates = m->plan->gates,
        .shadow = m->plan->shadow,
        .quantile = m->plan->objective == LS_OBJECTIVE_QUANTILE ? m->plan->quantile : 0.0,
        .every_us = m->plan->every_us,
        .horizon_us = m->plan->horizon_us,
        .unit_count = m->unit_count,
        .champion = m->champion,
        .challenger = m->challenger};
    m->challenger_radius = (double)INFINITY;
    if (ls_models_borrow(w->models, m->plan->name, m->challenger, &loan)) {
        m->challenger_radius = loan.version->radius;
        ls_models_return(w->models, &loan);
    }
    m->has_shadow = ls_shadow_init(&def, &m->shadow, &err) == LS_OK;
    if (!m->has_shadow) {
        say(w, m, LS_LOG_ERROR, err.text);
        return;
    }
    json_t *saved = take_saved(m, "shadow");
    if (json_is_object(saved)) {
        (void)ls_shadow_load(saved, &m->shadow, &err);  // of another pair: from the start
    }
    json_decref(saved);
}

// Its scores are of no scale: they have no errors, only their inputs and themselves drift.
static bool is_order(const model_watched *m) {
    return m->plan->objective == LS_OBJECTIVE_RANK;
}

static void serves(void *context, uint32_t model, uint32_t champion, uint32_t challenger) {
    ls_model_watch *w = context;
    pthread_mutex_lock(&w->lock);
    model_watched *m = &w->all[model];
    const bool other = champion != m->champion;
    if (other || challenger != m->challenger) {
        stop_shadow(m);
    }
    if (other) {
        stop_drift(m);
    }
    m->champion = champion;
    m->challenger = challenger;
    if (champion != 0 && other && !m->plan->monitor.is) {
        start_drift(w, m);  // a monitor tells by itself what is unlike what it has learnt from
    }
    if (champion != 0 && !m->plan->monitor.is && !is_order(m) && challenger != 0 &&
        !m->has_shadow) {
        start_shadow(w, m);
    }
    pthread_mutex_unlock(&w->lock);
}

// ---- what comes

static void predicted(void *context, const ls_model_pair *pair) {
    ls_model_watch *w = context;
    pthread_mutex_lock(&w->lock);
    model_watched *m = &w->all[pair->model];
    const bool fits = m->has_drift && pair->version == m->champion && pair->row != NULL &&
                      pair->column_count == m->profile.column_count;
    if (fits && pair->time_us > m->said_us[pair->unit]) {
        m->said_us[pair->unit] = pair->time_us;
        m->is_new = ls_drift_watch_row(&m->drift, pair->time_us, pair->row, pair->value) ||
                    m->is_new;
    }
    pthread_mutex_unlock(&w->lock);
}

static bool is_of_classes(const model_watched *m) {
    return m->plan->objective == LS_OBJECTIVE_CLASSES;
}

static void score_shadow(model_watched *m, const ls_model_pair *pair) {
    const bool classes = is_of_classes(m);
    // As it would serve: its interval has adapted as the champion's does.
    const double known = isfinite(pair->challenger_radius) ? pair->challenger_radius
                                                           : m->challenger_radius;
    const double radius = !classes && isfinite(known) ? known : (double)NAN;
    // Of places of classes only whether they are right.
    const double champion = classes ? ls_profile_error(true, pair->value, pair->truth)
                                    : pair->value;
    const double challenger = classes ? ls_profile_error(true, pair->challenger, pair->truth)
                                      : pair->challenger;
    const ls_shadow_pair both = {.time_us = pair->time_us,
                                 .unit = pair->unit,
                                 .truth = classes ? 0.0 : pair->truth,
                                 .champion = champion,
                                 .challenger = challenger,
                                 .low = challenger - radius,
                                 .high = challenger + radius};
    if (!isnan(pair->challenger)) {
        ls_shadow_add(&m->shadow, &both);
    }
}

static void score_drift(model_watched *m, const ls_model_pair *pair) {
    if (!m->has_drift || pair->version != m->champion) {
        return;
    }
    if (!is_order(m)) {
        const double error = ls_profile_error(is_of_classes(m), pair->value, pair->truth);
        m->is_new = ls_drift_watch_error(&m->drift, pair->time_us, error) || m->is_new;
    }
    m->late = m->late_told = false;
    if (m->drift.since_us != m->since_us) {
        m->since_us = m->drift.since_us;
        m->labels_since = 0;
    }
    m->labels_since += m->since_us != 0 && pair->time_us >= m->since_us;
}

static void scored(void *context, const ls_model_pair *pair) {
    ls_model_watch *w = context;
    pthread_mutex_lock(&w->lock);
    model_watched *m = &w->all[pair->model];
    // Results from a file may come in any order; all others come by time, and again after a kill.
    const bool again = m->plan->label.kind != LS_LABEL_FILE &&
                       pair->time_us <= m->true_us[pair->unit];
    if (!again && isfinite(pair->truth)) {
        m->true_us[pair->unit] = pair->time_us > m->true_us[pair->unit] ? pair->time_us
                                                                        : m->true_us[pair->unit];
        score_drift(m, pair);
        if (m->has_shadow && pair->version == m->champion &&
            pair->challenger_version == m->challenger) {
            score_shadow(m, pair);
        }
    }
    pthread_mutex_unlock(&w->lock);
}

// ---- what was found

static void put_causes(model_watched *m) {
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_printf(&text, "%s%s%s drifted", m->drift.in_inputs ? "inputs" : "",
                     m->drift.in_inputs && m->drift.in_errors ? " and " : "",
                     m->drift.in_errors ? "errors" : "");
    for (uint32_t i = 0; i < m->cause_count && i < TOLD && m->causes[i].figures.act; i++) {
        const ls_drift_cause *c = &m->causes[i];
        ls_buffer_printf(&text, "%s%.60s: %.4g, was %.4g (PSI %.2g, chance %.2g)",
                         i > 0 ? "; " : ": ", m->profile.columns[c->column], c->figures.mean,
                         m->profile.of[c->column].mean, c->figures.psi, c->figures.noise);
    }
    if (m->drift.in_errors) {
        ls_buffer_printf(&text, "; mean error %.4g, was %.4g held out", m->drift.recent_error,
                         m->profile.off.mean);
    }
    ls_text_format(m->text, sizeof m->text, "%s", text.data != NULL ? text.data : "it drifted");
    ls_text_tame(m->text, false);
    ls_buffer_clear(&text);
}

// A drift starts a training, it wakes nobody: a line of the log and a row of the history.
static void tell_drift(ls_model_watch *w, model_watched *m) {
    const bool first = m->text[0] == '\0';
    ls_model_loan loan;
    ls_error err = {0};
    const bool lent = ls_models_borrow(w->models, m->plan->name, m->champion, &loan);
    if (ls_drift_watch_causes(&m->drift, lent ? &loan.version->predictor : NULL, m->causes,
                              LS_MODEL_WATCH_SHOWN, &m->cause_count, &err) != LS_OK) {
        m->cause_count = 0;
    }
    if (lent) {
        ls_models_return(w->models, &loan);
    }
    m->is_new = false;
    if (!first) {
        return;  // it was told before a restart
    }
    put_causes(m);
    json_t *json = json_pack("{s:s, s:s, s:I, s:I, s:b, s:b, s:o}", "act", "drift", "model",
                             m->plan->name, "version", (json_int_t)m->champion, "since_us",
                             (json_int_t)m->drift.since_us, "inputs", m->drift.in_inputs, "errors",
                             m->drift.in_errors, "features", ls_model_watch_features(m));
    (void)ls_journal_record(w->history, "model", m->plan->name, m->text, json, &err);
    json_decref(json);
    ls_say(LS_LOG_INFO, "model", m->plan->name, "version %u: %s", m->champion, m->text);
}

static void tell_labels(ls_model_watch *w, model_watched *m) {
    const ls_drift_watch *d = &m->drift;
    if (is_order(m)) {
        return;  // no errors to be watched
    }
    const int64_t wait_us = m->plan->horizon_us + m->plan->label.delay_us +
                            m->plan->drift.window_us;
    const int64_t newest_us = d->newest_label_us;
    // Rows for half a window at least, and none of them has a label yet.
    const int64_t begun_us = d->halves[1].rows > 0 ? d->halves[1].first_us : d->half_begin_us;
    const int64_t since_us = newest_us != 0 ? newest_us : begun_us - m->plan->drift.window_us / 2;
    const bool late = d->rows > 0 && d->newest_us - since_us >= wait_us;
    m->late_looks = late ? m->late_looks + 1 : 0;
    // Predictions that are made up for after a gap come before their labels.
    if (m->late_told || m->late_looks < LATE_LOOKS) {
        return;
    }
    m->late = m->late_told = true;
    say(w, m, LS_LOG_WARNING,
        newest_us == 0 ? "no label has come yet: errors cannot be watched, inputs are"
                       : "labels come no more: errors cannot be watched, inputs still are");
}

// ---- open, tick, close

static ls_status make(ls_model_watch *w, ls_error *err) {
    w->all = ls_arena_alloc(&w->arena, w->count * sizeof *w->all);
    bool failed = w->all == NULL;
    for (uint32_t i = 0; i < w->count && !failed; i++) {
        model_watched *m = &w->all[i];
        m->plan = ls_models_plan(w->models, i);
        m->unit_count = ls_models_units(w->models, i);
        m->said_us = ls_arena_alloc(&w->arena, m->unit_count * sizeof *m->said_us);
        m->true_us = ls_arena_alloc(&w->arena, m->unit_count * sizeof *m->true_us);
        failed = m->said_us == NULL || m->true_us == NULL;
        if (!failed) {
            ls_model_watch_load(w, m);
        }
    }
    return failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory for watching models") : LS_OK;
}

ls_status ls_model_watch_open(const ls_model_watch_def *def, ls_model_watch **out, ls_error *err) {
    *out = NULL;
    if (def->models == NULL) {
        return LS_OK;
    }
    ls_model_watch *w = ls_alloc(sizeof *w);
    if (w == NULL || pthread_mutex_init(&w->lock, NULL) != 0) {
        ls_free(w);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for watching models");
    }
    w->models = def->models;
    w->journal = def->journal;
    w->history = def->history;
    w->count = ls_models_count(def->models);
    ls_text_format(w->folder, sizeof w->folder, "%s", def->folder);
    ls_arena_init(&w->arena);
    ls_status status = make(w, err);
    const ls_models_listener listener = {
        .context = w, .predicted = predicted, .scored = scored, .serves = serves};
    if (status == LS_OK && !ls_models_listen(def->models, &listener)) {
        status = ls_fail(err, LS_ERR_LIMIT, "too many listen to the models");
    }
    if (status != LS_OK) {
        w->models = NULL;
        ls_model_watch_close(w);
        return status;
    }
    *out = w;
    return LS_OK;
}

void ls_model_watch_tick(ls_model_watch *w) {
    if (w == NULL) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    for (uint32_t i = 0; i < w->count; i++) {
        model_watched *m = &w->all[i];
        if (!m->has_drift) {
            continue;
        }
        if (m->is_new) {
            tell_drift(w, m);
        } else if ((m->drift.in_inputs || m->drift.in_errors) &&
                   ls_drift_watch_is_over(&m->drift)) {
            say(w, m, LS_LOG_INFO, "the drift is over");
            ls_drift_watch_again(&m->drift);
            m->text[0] = '\0';
            m->since_us = 0;
            m->labels_since = 0;
        }
        tell_labels(w, m);
    }
    pthread_mutex_unlock(&w->lock);
    if (++w->ticks % SAVE_TICKS == 0) {
        ls_model_watch_save(w);
    }
}

void ls_model_watch_close(ls_model_watch *w) {
    if (w == NULL) {
        return;
    }
    if (w->models != NULL) {
        ls_models_unlisten(w->models, w);
        ls_model_watch_save(w);
    }
    for (uint32_t i = 0; w->all != NULL && i < w->count; i++) {
        stop_shadow(&w->all[i]);
        stop_drift(&w->all[i]);
        json_decref(w->all[i].saved);
    }
    ls_arena_clear(&w->arena);
    pthread_mutex_destroy(&w->lock);
    ls_free(w);
}

// ---- looked at

void ls_model_watch_look(ls_model_watch *w, uint32_t model, ls_model_watched *out) {
    assert(model < w->count);
    pthread_mutex_lock(&w->lock);
    const model_watched *m = &w->all[model];
    *out = (ls_model_watched){
        .champion = m->champion, .challenger = m->challenger, .is_watched = m->has_drift};
    if (m->has_drift) {
        out->inputs = m->drift.in_inputs;
        out->errors = m->drift.in_errors;
        out->since_us = m->drift.since_us;
        out->now_us = m->drift.newest_us;
        out->labels_since = m->drift.since_us == m->since_us ? m->labels_since : 0;
        memcpy(out->causes, m->text, sizeof out->causes);
    }
    if (m->has_shadow) {
        out->shadow = ls_shadow_judge(&m->shadow);
    }
    pthread_mutex_unlock(&w->lock);
}
