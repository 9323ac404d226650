// model_watch_json.c - drift and shadow of a model, as they are shown.
#include <assert.h>

#include "loop/json_value.h"
#include "loop/model_watch_inside.h"

static json_t *figures_json(const ls_profile_column *then, const ls_drift_figures *now) {
    json_t *object = json_object();
    json_object_set_new(object, "psi", ls_json_number(now->psi));
    json_object_set_new(object, "noise", ls_json_number(now->noise));
    json_object_set_new(object, "ks", ls_json_number(now->ks));
    json_object_set_new(object, "mean_then", ls_json_number(then->mean));
    json_object_set_new(object, "mean_now", ls_json_number(now->mean));
    json_object_set_new(object, "missing_then", ls_json_number(then->missing));
    json_object_set_new(object, "missing_now", ls_json_number(now->missing));
    json_object_set_new(object, "effective", ls_json_number(now->effective));
    json_object_set_new(object, "drifted", json_boolean(now->act));
    return object;
}

json_t *ls_model_watch_features(const model_watched *m) {
    const bool told = m->drift.in_inputs || m->drift.in_errors;
    const uint32_t count = m->cause_count;
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        const ls_drift_cause *c = &m->causes[i];
        // The newest figures of what was found to be the cause.
        const ls_drift_figures now = ls_drift_watch_figures(&m->drift, c->column);
        json_t *one = figures_json(&m->profile.of[c->column], &now);
        json_object_set_new(one, "feature", json_string(m->profile.columns[c->column]));
        json_object_set_new(one, "effect", told ? ls_json_number(c->effect) : json_null());
        json_array_append_new(list, one);
    }
    return list;
}

// Without a drift the causes are looked for when somebody asks: no effects then.
static json_t *suspects_json(model_watched *m) {
    ls_error err = {0};
    if (!(m->drift.in_inputs || m->drift.in_errors) &&
        ls_drift_watch_causes(&m->drift, NULL, m->causes, LS_MODEL_WATCH_SHOWN, &m->cause_count,
                              &err) != LS_OK) {
        m->cause_count = 0;
    }
    return ls_model_watch_features(m);
}

static json_t *time_json(int64_t us) {
    return us != 0 ? json_integer(us) : json_null();
}

static json_t *drift_json(model_watched *m) {
    const ls_drift_watch *d = &m->drift;
    const bool drifted = d->in_inputs || d->in_errors;
    const ls_drift_figures said = ls_drift_watch_figures(d, m->profile.column_count);
    bool watch = said.watch;
    for (uint32_t c = 0; c < m->profile.column_count && !watch && !drifted; c++) {
        watch = ls_drift_watch_figures(d, c).watch;
    }
    json_t *object = json_object();
    json_object_set_new(object, "version", json_integer(m->champion));
    json_object_set_new(object, "window_us", json_integer(m->plan->drift.window_us));
    json_object_set_new(object, "psi_limit", json_real(m->plan->drift.psi));
    json_object_set_new(object, "rows", json_integer((json_int_t)d->rows));
    json_object_set_new(object, "labels", json_integer((json_int_t)d->labels));
    json_object_set_new(object, "judged", json_integer((json_int_t)d->judged));
    json_object_set_new(object, "state", json_string(drifted ? "drift" : watch ? "watch" : "none"));
    json_object_set_new(object, "inputs", json_boolean(d->in_inputs));
    json_object_set_new(object, "errors", json_boolean(d->in_errors));
    json_object_set_new(object, "since_us", time_json(d->since_us));
    json_object_set_new(object, "newest_us", time_json(d->newest_us));
    json_object_set_new(object, "newest_label_us", time_json(d->newest_label_us));
    json_object_set_new(object, "labels_late", json_boolean(m->late));
    json_object_set_new(
        object, "error_then",
        m->profile.off.bins > 0 ? ls_json_number(m->profile.off.mean) : json_null());
    json_object_set_new(object, "error_now", ls_json_number(d->recent_error));
    json_object_set_new(object, "features", suspects_json(m));
    json_object_set_new(object, "predictions", figures_json(&m->profile.said, &said));
    return object;
}

static json_t *shadow_json(const ls_model_watch *w, uint32_t model) {
    static const char *const states[] = {"running", "passed", "lost"};
    const model_watched *m = &w->all[model];
    const ls_shadow_verdict v = ls_shadow_judge(&m->shadow);
    const bool has_unit = v.worst_unit != UINT32_MAX;
    json_t *object = json_object();
    json_object_set_new(object, "version", json_integer(m->challenger));
    json_object_set_new(object, "champion", json_integer(m->champion));
    json_object_set_new(object, "state", json_string(states[v.end]));
    json_object_set_new(object, "about", json_string(v.about));
    json_object_set_new(object, "span_us", json_integer(v.span_us));
    json_object_set_new(object, "for_us", json_integer(m->plan->shadow.for_us));
    json_object_set_new(object, "most_us", json_integer(m->plan->shadow.most_us));
    json_object_set_new(object, "rows", json_integer((json_int_t)v.rows));
    json_object_set_new(object, "blocks", ls_json_number(v.blocks));
    json_object_set_new(object, "effective", ls_json_number(v.effective));
    json_object_set_new(object, "gain", ls_json_number(v.gain));
    json_object_set_new(object, "evidence", ls_json_number(v.evidence));
    json_object_set_new(object, "against", ls_json_number(v.against));
    json_object_set_new(object, "wanted", ls_json_number(v.wanted));
    json_object_set_new(object, "champion_rmse", ls_json_number(v.champion_rmse));
    json_object_set_new(object, "challenger_rmse", ls_json_number(v.challenger_rmse));
    json_object_set_new(object, "coverage", ls_json_number(v.coverage));
    json_object_set_new(object, "worst", has_unit ? ls_json_number(v.worst) : json_null());
    json_object_set_new(
        object, "worst_unit",
        has_unit ? json_string(ls_models_unit(w->models, model, v.worst_unit)) : json_null());
    return object;
}

void ls_model_watch_json(ls_model_watch *w, uint32_t model, json_t *object) {
    if (w == NULL) {
        json_object_set_new(object, "drift", json_null());
        return;
    }
    assert(model < w->count);
    pthread_mutex_lock(&w->lock);
    model_watched *m = &w->all[model];
    json_object_set_new(object, "drift", m->has_drift ? drift_json(m) : json_null());
    if (m->has_shadow) {
        json_object_set_new(object, "shadow", shadow_json(w, model));
    }
    pthread_mutex_unlock(&w->lock);
}
