// models_json.c - models in service as JSON and as figures; the shapes stand in models.h.
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loop/json_value.h"
#include "loop/models_inside.h"

static json_t *count_or_null(uint32_t number) {
    return number != 0 ? json_integer(number) : json_null();
}

static json_t *count_of(uint64_t number) {
    return json_integer((json_int_t)number);
}

// ---- what the plant file says

static json_t *label_object(const ls_model_label *label) {
    static const char *const kinds[] = {"tag", "event", "file", "none"};
    return json_pack("{s:s, s:s, s:I}", "kind", kinds[label->kind], "source", label->source,
                     "delay_us", (json_int_t)label->delay_us);
}

static json_t *limits_object(const ls_model_gates *g) {
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:I}", "level", g->level, "gain", g->gain,
                     "worst", g->worst, "coverage", g->coverage, "interval", g->interval, "missing",
                     g->missing, "latency_us", (json_int_t)g->latency_us);
}

static json_t *classes_array(const ls_model_plan *p) {
    json_t *classes = json_array();
    for (uint32_t k = 0; k < p->class_count; k++) {
        json_array_append_new(classes, json_string(p->classes[k]));
    }
    return classes;
}

static json_t *tags_object(const ls_models_one *one) {
    static const char *const keys[LS_MODELS_TAGS] = {"value", "low", "high", "unusual",
                                                     "challenger"};
    json_t *tags = json_object();
    for (int i = 0; i < LS_MODELS_TAGS; i++) {
        char name[LS_TAG_NAME_MAX + 1];
        ls_text_format(name, sizeof name, "model/%s/%s%s%s", one->plan->name,
                       one->plan->unit_count > 0 ? "{unit}" : "plant", i > 0 ? "/" : "",
                       i > 0 ? keys[i] : "");
        json_object_set_new(tags, keys[i], json_string(name));
    }
    return tags;
}

// ---- what is said of the units

static json_t *live_object(ls_models *m, ls_models_one *one, uint32_t number) {
    static const char *const by[] = {NULL, "split", "adaptive"};
    const ls_models_subject *unit = &one->units[number];
    ls_model_said said;
    ls_models_latest_at(m, one->number, number, &said);
    const int64_t age_us = ls_models_age_us(m, &said);
    const bool is_any = said.state != LS_MODEL_NONE;
    json_t *object = json_object();
    json_object_set_new(object, "unit", json_string(unit->name));
    json_object_set_new(object, "state", json_string(ls_model_state_name(said.state)));
    json_object_set_new(object, "time_us", is_any ? json_integer(said.time_us) : json_null());
    json_object_set_new(object, "age_s",
                        age_us != INT64_MAX ? json_real((double)age_us * 1e-6) : json_null());
    json_object_set_new(object, "value", ls_json_number(said.value));
    json_object_set_new(object, "low", ls_json_number(said.low));
    json_object_set_new(object, "high", ls_json_number(said.high));
    json_object_set_new(object, "by", by[said.by] != NULL ? json_string(by[said.by]) : json_null());
    json_object_set_new(object, "unusual",
                        said.unusual >= 0 ? json_boolean(said.unusual) : json_null());
    json_object_set_new(object, "challenger", ls_json_number(said.challenger));
    json_object_set_new(object, "version", count_or_null(said.version));
    json_object_set_new(object, "truth", ls_json_number(unit->truth));
    json_object_set_new(object, "truth_time_us",
                        unit->truth_us != INT64_MIN ? json_integer(unit->truth_us) : json_null());
    json_object_set_new(object, "error", ls_json_number(unit->error));
    return object;
}

static json_t *live_array(ls_models *m, ls_models_one *one) {
    json_t *live = json_array();
    for (uint32_t u = 0; u < one->unit_count; u++) {
        json_array_append_new(live, live_object(m, one, u));
    }
    return live;
}

// ---- how it does. Under the lock.

static json_t *score_object(const ls_models_one *one, const ls_book *book) {
    const ls_book_figures f = ls_book_describe(book);
    bool is_adaptive = false;
    const double radius = ls_book_radius(book, &is_adaptive);
    json_t *object = json_object();
    json_object_set_new(object, "version", count_or_null(book->version));
    json_object_set_new(object, "scored", json_integer(book->scored));
    json_object_set_new(object, "window", count_of(f.window));
    json_object_set_new(object, "rmse", ls_json_number(f.rmse));
    json_object_set_new(object, "mae", ls_json_number(f.mae));
    json_object_set_new(object, "bias", ls_json_number(f.bias));
    json_object_set_new(object, "coverage", ls_json_number(f.coverage));
    json_object_set_new(object, "misses", json_integer(book->aci.total_misses));
    json_object_set_new(object, "interval", json_real(one->plan->gates.interval));
    json_object_set_new(object, "split_radius", ls_json_number(book->split));
    json_object_set_new(object, "adaptive_radius",
                        is_adaptive ? ls_json_number(radius) : json_null());
    json_object_set_new(object, "alpha", json_real(book->aci.alpha));
    json_object_set_new(object, "pending", count_of(one->waiting_count));
    json_object_set_new(object, "never", count_of(one->never));
    json_object_set_new(object, "skipped", count_of(atomic_load(&one->skipped)));
    json_object_set_new(object, "unusual", count_of(one->unusual));
    json_object_set_new(object, "said", count_of(one->predictions));
    return object;
}

static json_t *speed_object(ls_swap *swap, uint32_t slot, const ls_models_one *one) {
    const ls_models_served *s = ls_swap_take(swap, slot);
    json_t *object = s == NULL
                         ? json_null()
                         : json_pack("{s:o, s:o, s:o, s:I, s:b}", "predictions",
                                     count_of(atomic_load(&s->timed)), "p50_us",
                                     ls_json_number(s->p50_us), "p99_us", ls_json_number(s->p99_us),
                                     "limit_us", (json_int_t)one->plan->gates.latency_us, "slow",
                                     (int)s->is_slow);
    ls_swap_give(swap, slot);
    return object;
}

static void put_scores(const ls_models_one *one, json_t *object) {
    json_object_set_new(
        object, "refused",
        one->refused[0] == '\0'
            ? json_null()
            : json_pack("{s:o, s:s, s:I}", "version", count_or_null(one->refused_version), "text",
                        one->refused, "since_us", (json_int_t)one->refused_us));
    json_object_set_new(object, "score", score_object(one, &one->book));
    json_object_set_new(object, "challenger_score",
                        one->shadow != 0 ? score_object(one, &one->challenger_book) : json_null());
}

static json_t *model_object(ls_models *m, ls_models_one *one) {
    const ls_model_plan *p = one->plan;
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(p->name));
    json_object_set_new(object, "what", json_string(ls_model_what_name(p->what)));
    json_object_set_new(object, "mode", json_string(p->is_auto ? "auto" : "approve"));
    json_object_set_new(object, "learner", json_string(p->learner));
    json_object_set_new(
        object, "objective",
        p->monitor.is ? json_null() : json_string(ls_model_objective_name(p->objective)));
    json_object_set_new(object, "classes", classes_array(p));
    json_object_set_new(object, "every_us", json_integer(p->every_us));
    json_object_set_new(object, "horizon_us", json_integer(p->horizon_us));
    json_object_set_new(object, "label", label_object(&p->label));
    json_object_set_new(object, "limits", limits_object(&p->gates));
    json_object_set_new(object, "tags", tags_object(one));
    uint32_t slot = 0;
    const bool has_slot = ls_models_take_slot(m, &slot);
    pthread_mutex_lock(&m->lock);
    json_object_set_new(object, "champion", count_or_null(one->stages->champion));
    json_object_set_new(object, "challenger", count_or_null(one->stages->challenger));
    json_object_set_new(object, "serving", count_or_null(one->serving));
    json_object_set_new(object, "shadow", count_or_null(one->shadow));
    json_object_set_new(object, "live", live_array(m, one));
    put_scores(one, object);
    json_object_set_new(object, "speed",
                        has_slot ? speed_object(&one->champion, slot, one) : json_null());
    json_object_set_new(object, "challenger_speed",
                        has_slot ? speed_object(&one->challenger, slot, one) : json_null());
    pthread_mutex_unlock(&m->lock);
    if (has_slot) {
        ls_models_give_slot(m, slot);
    }
    return object;
}

json_t *ls_models_json(ls_models *m) {
    json_t *all = json_array();
    for (uint32_t i = 0; m != NULL && i < m->count; i++) {
        json_array_append_new(all, model_object(m, &m->of[i]));
    }
    return all;
}

// ---- its versions

static json_t *taken(const json_t *object, const char *key) {
    json_t *value = json_object_get(object, key);
    return value != NULL ? json_incref(value) : json_null();
}

// How long a prediction takes stands in no manifest, whose bytes are the same on every machine. Of
// a version that is in service here it is measured, and shown as the gate that it is.
static void put_latency(const json_t *model, const char *who, const char *speed,
                        const json_t *versions) {
    const json_t *of = json_object_get(model, speed);
    const json_t *number = json_object_get(model, who);
    const double p99_us = json_number_value(json_object_get(of, "p99_us"));
    const double limit_us = json_number_value(json_object_get(of, "limit_us"));
    for (size_t i = 0; i < json_array_size(versions) && p99_us > 0.0; i++) {
        const json_t *version = json_array_get(versions, i);
        json_t *gates = json_object_get(version, "gates");
        if (json_is_object(gates) && json_equal(json_object_get(version, "number"), number)) {
            json_object_set_new(
                gates, "latency",
                json_pack("{s:b, s:f, s:f, s:s}", "passed", (int)(p99_us <= limit_us), "value",
                          p99_us, "limit", limit_us, "about",
                          "of 99 of 100 predictions in service"));
        }
    }
}

static json_t *version_object(const ls_registry_stages *stages, const ls_registry_version *v) {
    static const char *const keys[] = {"kind", "from_us", "to_us", "rows",   "dataset",
                                       "seed", "learner", "code",  "radius", "unusual"};
    static const char *const of_metrics[] = {"loss", "rmse", "champion_rmse", "p", "gates"};
    json_t *lineage = json_loads(v->lineage, 0, NULL);
    const json_t *metrics = json_object_get(lineage, "metrics");
    json_t *object = json_object();
    json_object_set_new(object, "number", json_integer(v->number));
    json_object_set_new(object, "stage",
                        json_string(ls_model_stage_name(ls_registry_stage_of(stages, v->number))));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_object_set_new(object, keys[i], taken(lineage, keys[i]));
    }
    for (size_t i = 0; i < sizeof of_metrics / sizeof *of_metrics; i++) {
        json_object_set_new(object, of_metrics[i], taken(metrics, of_metrics[i]));
    }
    json_decref(lineage);
    return object;
}

static json_t *versions_array(ls_models *m, const ls_models_one *one) {
    uint32_t *numbers = NULL;
    size_t count = 0;
    ls_arena arena;
    ls_error err;
    ls_registry_stages stages;
    json_t *all = json_array();
    ls_arena_init(&arena);
    pthread_mutex_lock(&m->lock);
    stages = *one->stages;
    pthread_mutex_unlock(&m->lock);
    const ls_status status = ls_registry_list(m->folder, one->plan->name, &arena, &numbers, &count,
                                              &err);
    for (size_t i = count; status == LS_OK && i > 0 && count - i < LS_MODELS_SHOWN; i--) {
        ls_registry_version v;
        if (ls_registry_peek(m->folder, one->plan->name, numbers[i - 1], &v, &err) == LS_OK) {
            json_array_append_new(all, version_object(&stages, &v));
        }
        ls_registry_version_clear(&v);
    }
    ls_arena_clear(&arena);
    return all;
}

// ---- why it says what it says

typedef struct share {
    uint32_t column;
    double effect;
} share;

typedef struct explaining {
    float *row;
    double *wide;  // effects, and behind them what they are added to
    share *shares;
} explaining;

static int compare_shares(const void *a, const void *b) {
    const share *x = a, *y = b;
    const double p = fabs(x->effect), q = fabs(y->effect);
    if (p != q) {
        return p > q ? -1 : 1;
    }
    return x->column < y->column ? -1 : 1;
}

static json_t *effects_array(const ls_model_version *v, const explaining *e) {
    json_t *list = json_array();
    for (uint32_t c = 0; c < v->column_count && c < LS_MODELS_EFFECTS; c++) {
        const uint32_t column = e->shares[c].column;
        json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "feature", v->columns[column],
                                              "value", ls_json_number((double)e->row[column]),
                                              "effect", ls_json_number(e->shares[c].effect)));
    }
    return list;
}

// Of the version that serves now; the row is that of the last prediction.
static void explain_unit(ls_models_one *one, uint32_t unit, const ls_model_version *v,
                         const explaining *e, json_t *out) {
    ls_model_said said;
    ls_error err;
    ls_models_live_get(&one->units[unit].live, &said, e->row, one->column_count);
    if (isnan(said.value) || said.version != v->number ||
        ls_predictor_explain(&v->predictor, e->row, e->wide, &err) != LS_OK) {
        return;
    }
    for (uint32_t c = 0; c < v->column_count; c++) {
        e->shares[c] = (share){c, e->wide[c]};
    }
    qsort(e->shares, v->column_count, sizeof *e->shares, compare_shares);
    json_array_append_new(
        out, json_pack("{s:s, s:I, s:I, s:f, s:o, s:o}", "unit", one->units[unit].name, "time_us",
                       (json_int_t)said.time_us, "version", (json_int_t)said.version, "value",
                       said.value, "base", ls_json_number(e->wide[v->column_count]), "features",
                       effects_array(v, e)));
}

static json_t *explained_array(ls_models *m, ls_models_one *one) {
    json_t *all = json_array();
    ls_model_loan loan;
    if (!ls_models_borrow(m, one->plan->name, 0, &loan)) {
        return all;
    }
    explaining e = {.row = ls_alloc(one->column_count * sizeof *e.row),
                    .wide = ls_alloc((one->column_count + 1) * sizeof *e.wide),
                    .shares = ls_alloc(one->column_count * sizeof *e.shares)};
    for (uint32_t u = 0; u < one->unit_count && e.row != NULL && e.wide != NULL && e.shares != NULL;
         u++) {
        explain_unit(one, u, loan.version, &e, all);
    }
    ls_free(e.row);
    ls_free(e.wide);
    ls_free(e.shares);
    ls_models_return(m, &loan);
    return all;
}

json_t *ls_models_json_of(ls_models *m, const char *name) {
    for (uint32_t i = 0; m != NULL && i < m->count; i++) {
        ls_models_one *one = &m->of[i];
        if (strcmp(one->plan->name, name) == 0) {
            json_t *object = model_object(m, one);
            json_t *versions = versions_array(m, one);
            put_latency(object, "serving", "speed", versions);
            put_latency(object, "shadow", "challenger_speed", versions);
            json_object_set_new(object, "versions", versions);
            json_object_set_new(object, "explained", explained_array(m, one));
            return object;
        }
    }
    return NULL;
}

// ---- what is new

json_t *ls_models_news(ls_models *m, uint64_t *after) {
    json_t *all = json_array();
    if (m == NULL) {
        return all;
    }
    const uint64_t now = atomic_load(&m->changes);
    for (uint32_t i = 0; i < m->count && now != *after; i++) {
        ls_models_one *one = &m->of[i];
        pthread_mutex_lock(&m->lock);
        const bool is_new = one->changed_at > *after;
        json_t *live = is_new ? live_array(m, one) : NULL;
        pthread_mutex_unlock(&m->lock);
        if (is_new) {
            json_array_append_new(all,
                                  json_pack("{s:s, s:o}", "name", one->plan->name, "live", live));
        }
    }
    *after = now;
    return all;
}

ls_model_figures ls_models_describe(ls_models *m, uint32_t model) {
    assert(model < m->count);
    ls_models_one *one = &m->of[model];
    uint32_t slot = 0;
    const bool has_slot = ls_models_take_slot(m, &slot);
    pthread_mutex_lock(&m->lock);
    const ls_book_figures book = ls_book_describe(&one->book);
    ls_model_figures f = {.name = one->plan->name,
                          .serving = one->serving,
                          .shadow = one->shadow,
                          .predictions = one->predictions,
                          .unusual = one->unusual,
                          .swaps = one->swaps,
                          .refused = one->refusals,
                          .scored = one->scored,
                          .misses = one->misses,
                          .never = one->never,
                          .skipped = atomic_load(&one->skipped),
                          .late = atomic_load(&one->late),
                          .not_kept = one->not_kept,
                          .pending = (uint32_t)one->waiting_count,
                          .timed = atomic_load(&one->asked),
                          .seconds = (double)atomic_load(&one->spent_ns) * 1e-9,
                          .p99_us = (double)NAN,
                          .coverage = book.coverage,
                          .rmse = book.rmse};
    for (uint32_t u = 0; u < one->unit_count; u++) {
        f.silent += one->units[u].told == LS_MODEL_SILENT;
    }
    if (has_slot) {
        const ls_models_served *s = ls_swap_take(&one->champion, slot);
        f.p99_us = s != NULL ? s->p99_us : (double)NAN;
        f.slow = s != NULL && s->is_slow;
        ls_swap_give(&one->champion, slot);
    }
    f.challenger_slow = one->slow_challenger != 0;
    pthread_mutex_unlock(&m->lock);
    if (has_slot) {
        ls_models_give_slot(m, slot);
    }
    return f;
}
