// alarms.c - see alarms.h.
#include "loop/alarms.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "model/sentry_fit.h"

enum { TEXT_SIZE = 512, SPAN_SIZE = 64 };
#define RECALLED_US (30 * LS_US_PER_DAY)

typedef struct post {  // of one unit
    ls_sentry *sentry;
    int64_t last_us;  // of the newest row; INT64_MIN: none
    bool stands;
    int64_t since_us;
    double peak;
    uint32_t version;  // that began it
    ls_sentry_blame blame[LS_ALARM_BLAMED];
    uint32_t blamed;
} post;

typedef struct watched {  // a model
    const ls_model_plan *plan;
    uint32_t version;  // 0: none serves
    ls_monitor *monitor;
    post *posts;
    uint32_t post_count;
} watched;

struct ls_alarms {
    ls_journal *journal;
    watched *models;
    uint32_t model_count;
    pthread_mutex_t lock;  // of what stands: written by the models' thread, read by the web
    ls_models *heard;      // NULL: not attached
};

static const char *unit_name(const watched *w, uint32_t unit) {
    return w->plan->unit_count > 0 ? w->plan->units[unit] : "plant";
}

ls_status ls_alarms_create(const ls_model_plan *plans, uint32_t plan_count, ls_journal *journal,
                           ls_alarms **out, ls_error *err) {
    ls_alarms *a = ls_alloc(sizeof *a);
    watched *models = ls_alloc((plan_count + 1) * sizeof *models);
    bool whole = a != NULL && models != NULL;
    for (uint32_t i = 0; i < plan_count && whole; i++) {
        watched *w = &models[i];
        w->plan = &plans[i];
        w->post_count = plans[i].unit_count > 0 ? plans[i].unit_count : 1;
        w->posts = ls_alloc(w->post_count * sizeof *w->posts);
        whole = w->posts != NULL;
        for (uint32_t u = 0; u < w->post_count && whole; u++) {
            w->posts[u].last_us = INT64_MIN;
        }
    }
    if (!whole) {
        for (uint32_t i = 0; i < plan_count && models != NULL; i++) {
            ls_free(models[i].posts);
        }
        ls_free(models);
        ls_free(a);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for alarms");
    }
    *a = (ls_alarms){.journal = journal, .models = models, .model_count = plan_count};
    pthread_mutex_init(&a->lock, NULL);
    *out = a;
    return LS_OK;
}

static post *find_post(ls_alarms *a, const char *model, const char *unit) {
    for (uint32_t i = 0; i < a->model_count && model != NULL && unit != NULL; i++) {
        watched *w = &a->models[i];
        for (uint32_t u = 0; u < w->post_count && strcmp(w->plan->name, model) == 0; u++) {
            if (w->plan->monitor.is && strcmp(unit_name(w, u), unit) == 0) {
                return &w->posts[u];
            }
        }
    }
    return NULL;
}

// The last event of a unit says whether an alarm stands.
static bool recall(void *context, const ls_happened *event) {
    json_t *object = json_loads(event->json, 0, NULL);
    post *p = find_post(context, json_string_value(json_object_get(object, "model")),
                        json_string_value(json_object_get(object, "unit")));
    const json_t *since = json_object_get(object, "since_us");
    const json_t *index = json_object_get(object, "index");
    if (p != NULL && json_is_integer(since) && json_is_number(index)) {
        p->stands = json_is_true(json_object_get(object, "begins"));
        p->since_us = json_integer_value(since);
        p->peak = json_number_value(index);
        p->version = (uint32_t)json_integer_value(json_object_get(object, "version"));
    }
    json_decref(object);
    return true;
}

ls_status ls_alarms_recall(ls_alarms *a, ls_history *history, int64_t now_us, ls_error *err) {
    pthread_mutex_lock(&a->lock);
    const ls_status status = ls_history_events(history, "alarm", now_us - RECALLED_US, now_us + 1,
                                               recall, a, err);
    pthread_mutex_unlock(&a->lock);
    return status;
}

// Names of what is blamed live in the monitor: they go with it.
static void relieve(watched *w) {
    for (uint32_t u = 0; u < w->post_count; u++) {
        ls_sentry_destroy(w->posts[u].sentry);
        w->posts[u].sentry = NULL;
        w->posts[u].last_us = INT64_MIN;
        w->posts[u].blamed = 0;
    }
    ls_monitor_destroy(w->monitor);
    w->monitor = NULL;
    w->version = 0;
}

void ls_alarms_destroy(ls_alarms *a) {
    for (uint32_t i = 0; a != NULL && i < a->model_count; i++) {
        relieve(&a->models[i]);
        ls_free(a->models[i].posts);
    }
    if (a != NULL) {
        pthread_mutex_destroy(&a->lock);
        ls_free(a->models);
        ls_free(a);
    }
}

// ---- who serves

static ls_status copy_monitor(const ls_monitor *from, ls_monitor **out, ls_error *err) {
    ls_buffer text;
    ls_buffer_init(&text);
    ls_monitor_save(from, &text);
    const ls_status status = text.failed
                                 ? ls_fail(err, LS_ERR_MEMORY, "out of memory for a monitor")
                                 : ls_monitor_load(text.data, text.size, "monitor", out, err);
    ls_buffer_clear(&text);
    return status;
}

ls_status ls_alarms_serve(ls_alarms *a, uint32_t model, uint32_t version, const ls_monitor *monitor,
                          const char *const *columns, uint32_t column_count, ls_error *err) {
    assert(model < a->model_count);
    watched *w = &a->models[model];
    ls_status status = LS_OK;
    pthread_mutex_lock(&a->lock);
    relieve(w);
    if (monitor != NULL && w->plan->monitor.is) {
        const ls_sentry_def def = ls_sentry_def_of(w->plan);
        status = copy_monitor(monitor, &w->monitor, err);
        for (uint32_t u = 0; u < w->post_count && status == LS_OK; u++) {
            status = ls_sentry_create(w->monitor, &def, columns, column_count, &w->posts[u].sentry,
                                      err);
        }
        w->version = version;
        if (status != LS_OK) {
            relieve(w);
        }
    }
    pthread_mutex_unlock(&a->lock);
    return status;
}

// ---- what is told

static json_t *blame_json(const post *p) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < p->blamed; i++) {
        const ls_sentry_blame *b = &p->blame[i];
        json_t *one = json_object();
        json_object_set_new(one, "feature", json_string(b->name));
        json_object_set_new(one, "contribution", json_real(b->contribution));
        json_object_set_new(one, "value", isfinite(b->value) ? json_real(b->value) : json_null());
        json_object_set_new(one, "mean", json_real(b->mean));
        json_object_set_new(one, "low", json_real(b->low));
        json_object_set_new(one, "high", json_real(b->high));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *post_json(const post *p) {
    json_t *object = json_object();
    json_object_set_new(object, "since_us", json_integer(p->since_us));
    json_object_set_new(object, "index", json_real(p->peak));
    json_object_set_new(object, "version", json_integer(p->version));
    json_object_set_new(object, "blame", blame_json(p));
    return object;
}

static void write_event(ls_alarms *a, const watched *w, uint32_t unit, bool begins, int64_t time_us,
                        const char *text) {
    json_t *object = post_json(&w->posts[unit]);
    json_object_set_new(object, "model", json_string(w->plan->name));
    json_object_set_new(object, "unit", json_string(unit_name(w, unit)));
    json_object_set_new(object, "begins", json_boolean(begins));
    char *json = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    char subject[TEXT_SIZE];
    ls_text_format(subject, sizeof subject, "%s/%s", w->plan->name, unit_name(w, unit));
    ls_journal_write(a->journal, begins ? LS_LOG_WARNING : LS_LOG_INFO, "alarm", subject, time_us,
                     text, json);
    free(json);
    json_decref(object);
}

static void tell_begin(ls_alarms *a, const watched *w, uint32_t unit, int64_t time_us,
                       const ls_sentry_report *r) {
    char text[TEXT_SIZE];
    const post *p = &w->posts[unit];
    size_t size = ls_text_format(text, sizeof text, "%s is not as usual: %.3g times its limit (%s)",
                                 unit_name(w, unit), r->index,
                                 ls_monitor_statistic_word(r->statistic));
    for (uint32_t i = 0; i < p->blamed && i < 3 && size < sizeof text; i++) {
        const ls_sentry_blame *b = &p->blame[i];
        size += ls_text_format(text + size, sizeof text - size, "%s%s at %.5g, usually %.5g",
                               i == 0 ? "; most to blame: " : ", ", b->name, b->value, b->mean);
    }
    write_event(a, w, unit, true, time_us, text);
}

static void tell_end(ls_alarms *a, const watched *w, uint32_t unit, int64_t time_us) {
    char text[TEXT_SIZE], span[SPAN_SIZE];
    const post *p = &w->posts[unit];
    ls_units_print_time((time_us - p->since_us) / LS_US_PER_S * LS_US_PER_S, span, sizeof span);
    ls_text_format(text, sizeof text, "%s is as usual again after %s; at most %.3g times its limit",
                   unit_name(w, unit), span, p->peak);
    write_event(a, w, unit, false, time_us, text);
}

// ---- hearing

// An alarm that stands outlasts a gap and another version: it ends when the sentry, which has begun
// anew, has seen as many usual rows as always. Returns 1 when one began, -1 when one ended.
static int take(watched *w, post *p, int64_t time_us, const ls_sentry_report *r) {
    if (r->begins && !p->stands) {
        const int64_t every_us = w->plan->every_us;
        *p = (post){.sentry = p->sentry,
                    .last_us = p->last_us,
                    .stands = true,
                    .since_us = time_us - (int64_t)(w->plan->monitor.row - 1) * every_us,
                    .peak = r->index,
                    .version = w->version};
        p->blamed = ls_sentry_blamed(p->sentry, p->blame, LS_ALARM_BLAMED);
        return 1;
    }
    p->peak = p->stands && r->index > p->peak ? r->index : p->peak;
    const bool ends = p->stands && ls_sentry_usual(p->sentry) >= w->plan->monitor.row;
    p->stands = p->stands && !ends;
    return ends ? -1 : 0;
}

void ls_alarms_hear(ls_alarms *a, uint32_t model, uint32_t unit, uint32_t version, int64_t time_us,
                    const float *row) {
    assert(model < a->model_count);
    watched *w = &a->models[model];
    if (w->monitor == NULL || w->version != version || row == NULL || unit >= w->post_count) {
        return;
    }
    post *p = &w->posts[unit];
    if (p->last_us != INT64_MIN && time_us - p->last_us != w->plan->every_us) {
        ls_sentry_reset(p->sentry);
    }
    p->last_us = time_us;
    const ls_sentry_report r = ls_sentry_step(p->sentry, row);
    pthread_mutex_lock(&a->lock);
    const int told = take(w, p, time_us, &r);
    pthread_mutex_unlock(&a->lock);
    if (told > 0) {
        tell_begin(a, w, unit, time_us, &r);
    } else if (told < 0) {
        tell_end(a, w, unit, time_us);
    }
}

json_t *ls_alarms_json(ls_alarms *a, uint32_t model, uint32_t unit) {
    assert(model < a->model_count && unit < a->models[model].post_count);
    pthread_mutex_lock(&a->lock);
    const post *p = &a->models[model].posts[unit];
    json_t *object = p->stands ? post_json(p) : json_null();
    pthread_mutex_unlock(&a->lock);
    return object;
}

// ---- the models in service

static void on_predicted(void *context, const ls_model_pair *pair) {
    ls_alarms_hear(context, pair->model, pair->unit, pair->version, pair->time_us, pair->row);
}

static void on_serves(void *context, uint32_t model, uint32_t champion, uint32_t challenger) {
    ls_alarms *a = context;
    const ls_model_plan *plan = a->models[model].plan;
    ls_model_loan loan;
    ls_error err = {0};
    ls_status status = LS_OK;
    (void)challenger;
    if (!plan->monitor.is) {
        return;
    }
    if (champion == 0 || !ls_models_borrow(a->heard, plan->name, champion, &loan)) {
        status = ls_alarms_serve(a, model, 0, NULL, NULL, 0, &err);
    } else {
        status = ls_alarms_serve(a, model, champion, loan.version->predictor.monitor,
                                 loan.version->columns, loan.version->column_count, &err);
        ls_models_return(a->heard, &loan);
    }
    if (status != LS_OK) {
        ls_say(LS_LOG_ERROR, "alarm", plan->name, "nothing watches it: %s", err.text);
    }
}

ls_status ls_alarms_attach(ls_alarms *a, ls_models *models, ls_error *err) {
    const ls_models_listener listener = {
        .context = a, .predicted = on_predicted, .serves = on_serves};
    a->heard = models;
    return ls_models_listen(models, &listener)
               ? LS_OK
               : ls_fail(err, LS_ERR_LIMIT, "more than %d listen to the models",
                         LS_MODELS_LISTENERS);
}

void ls_alarms_add(ls_alarms *a, json_t *model) {
    const char *name = json_string_value(json_object_get(model, "name"));
    const json_t *live = json_object_get(model, "live");
    for (uint32_t i = 0; a != NULL && name != NULL && i < a->model_count; i++) {
        const watched *w = &a->models[i];
        if (!w->plan->monitor.is || strcmp(w->plan->name, name) != 0) {
            continue;
        }
        for (uint32_t u = 0; u < w->post_count && u < json_array_size(live); u++) {
            json_object_set_new(json_array_get(live, u), "alarm", ls_alarms_json(a, i, u));
        }
    }
}
