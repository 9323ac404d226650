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
    ls_alarm alarm;
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

static bool recall(void *context, const ls_happened *event) {
    json_t *object = json_loads(event->json, 0, NULL);
    post *p = find_post(context, json_string_value(json_object_get(object, "model")),
                        json_string_value(json_object_get(object, "unit")));
    if (p != NULL) {
        ls_alarm_recall(&p->alarm, object, event->time_us);
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

static void relieve(watched *w) {
    for (uint32_t u = 0; u < w->post_count; u++) {
        ls_sentry_destroy(w->posts[u].sentry);
        w->posts[u].sentry = NULL;
        w->posts[u].last_us = INT64_MIN;
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

enum deed { BEGINS, ENDS, SEEN };

// Under the lock, so that what is told of an alarm comes in its order.
static void write_event(ls_alarms *a, watched *w, uint32_t unit, enum deed deed, int64_t time_us,
                        const char *text) {
    ls_alarm *alarm = &w->posts[unit].alarm;
    json_t *object = ls_alarm_json(alarm);
    json_object_set_new(object, "model", json_string(w->plan->name));
    json_object_set_new(object, "unit", json_string(unit_name(w, unit)));
    if (deed != SEEN) {
        json_object_set_new(object, "begins", json_boolean(deed == BEGINS));
    }
    char *json = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    char subject[TEXT_SIZE];
    ls_text_format(subject, sizeof subject, "%s/%s", w->plan->name, unit_name(w, unit));
    ls_journal_write(a->journal, deed == BEGINS ? LS_LOG_WARNING : LS_LOG_INFO, "alarm", subject,
                     time_us, text, json);
    alarm->told_us = time_us;
    free(json);
    json_decref(object);
}

static void tell_begin(ls_alarms *a, watched *w, uint32_t unit, int64_t time_us,
                       const ls_sentry_report *r) {
    char text[TEXT_SIZE];
    const ls_alarm *alarm = &w->posts[unit].alarm;
    size_t size = ls_text_format(text, sizeof text, "%s is not as usual: %.3g times its limit (%s)",
                                 unit_name(w, unit), r->index,
                                 ls_monitor_statistic_word(r->statistic));
    for (uint32_t i = 0; i < alarm->blamed && i < 3 && size < sizeof text; i++) {
        const ls_alarm_blame *b = &alarm->blame[i];
        size += ls_text_format(text + size, sizeof text - size, "%s%s at %.5g, usually %.5g",
                               i == 0 ? "; most to blame: " : ", ", b->name, b->value, b->mean);
    }
    write_event(a, w, unit, BEGINS, time_us, text);
}

static void tell_end(ls_alarms *a, watched *w, uint32_t unit, int64_t time_us) {
    char text[TEXT_SIZE], span[SPAN_SIZE];
    const ls_alarm *alarm = &w->posts[unit].alarm;
    ls_units_print_time((time_us - alarm->since_us) / LS_US_PER_S * LS_US_PER_S, span, sizeof span);
    ls_text_format(text, sizeof text, "%s is as usual again after %s; at most %.3g times its limit",
                   unit_name(w, unit), span, alarm->peak);
    write_event(a, w, unit, ENDS, time_us, text);
}

// ---- hearing

// An alarm that stands outlasts a gap and another version: it ends when the sentry, which has begun
// anew, has seen as many usual rows as always. Returns 1 when one began, -1 when one ended.
static int take(const watched *w, post *p, int64_t time_us, const ls_sentry_report *r) {
    ls_alarm *alarm = &p->alarm;
    if (r->begins && !alarm->stands) {
        ls_sentry_blame blame[LS_ALARM_BLAMED];
        const int64_t every_us = w->plan->every_us;
        *alarm = (ls_alarm){.stands = true,
                            .since_us = time_us - (int64_t)(w->plan->monitor.row - 1) * every_us,
                            .peak = r->index,
                            .version = w->version};
        ls_alarm_blame_set(alarm, blame, ls_sentry_blamed(p->sentry, blame, LS_ALARM_BLAMED));
        return 1;
    }
    alarm->peak = alarm->stands && r->index > alarm->peak ? r->index : alarm->peak;
    const bool ends = alarm->stands && ls_sentry_usual(p->sentry) >= w->plan->monitor.row;
    alarm->stands = alarm->stands && !ends;
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
    const ls_sentry_report r = ls_sentry_step(p->sentry, row);
    pthread_mutex_lock(&a->lock);
    p->last_us = time_us;
    const int told = take(w, p, time_us, &r);
    if (told > 0) {
        tell_begin(a, w, unit, time_us, &r);
    } else if (told < 0) {
        tell_end(a, w, unit, time_us);
    }
    pthread_mutex_unlock(&a->lock);
}

// ---- seen by a person

static bool find_unit(ls_alarms *a, const char *model, const char *unit, watched **out_of,
                      uint32_t *out_unit) {
    post *p = find_post(a, model, unit);
    for (uint32_t i = 0; i < a->model_count && p != NULL; i++) {
        watched *w = &a->models[i];
        if (p >= w->posts && p < w->posts + w->post_count) {
            *out_of = w;
            *out_unit = (uint32_t)(p - w->posts);
        }
    }
    return p != NULL;
}

// What a person says, on one line.
static void put_said(ls_alarm *alarm, const char *who, const char *said) {
    ls_text_format(alarm->who, sizeof alarm->who, "%s", who);
    ls_text_format(alarm->said, sizeof alarm->said, "%s", said != NULL ? said : "");
    ls_text_tame(alarm->who, false);
    ls_text_tame(alarm->said, false);
}

ls_status ls_alarms_see(ls_alarms *a, const ls_alarms_seen *def, json_t **out, ls_error *err) {
    watched *w = NULL;
    uint32_t unit = 0;
    char text[TEXT_SIZE + LS_ALARM_SAID_SIZE];
    if (!find_unit(a, def->model, def->unit, &w, &unit)) {
        return ls_fail(err, LS_ERR_INVALID, "there is no monitor '%s' of unit '%s'", def->model,
                       def->unit);
    }
    ls_status status = LS_OK;
    pthread_mutex_lock(&a->lock);
    post *p = &w->posts[unit];
    ls_alarm *alarm = &p->alarm;
    if (!alarm->stands || alarm->since_us != def->since_us) {
        status = ls_fail(err, LS_ERR_STOPPED, "%s of '%s'",
                         alarm->stands ? "another alarm stands by now" : "no alarm stands any more",
                         unit_name(w, unit));
    } else if (!alarm->seen) {  // the first who says so has
        const int64_t time_us = p->last_us > alarm->told_us ? p->last_us : alarm->told_us;
        alarm->seen = true;
        alarm->seen_us = time_us;
        put_said(alarm, def->who, def->text);
        ls_text_format(text, sizeof text, "the alarm of %s has been seen by %s%s%s",
                       unit_name(w, unit), alarm->who, alarm->said[0] != '\0' ? ": " : "",
                       alarm->said);
        write_event(a, w, unit, SEEN, time_us, text);
    }
    *out = status == LS_OK ? ls_alarm_json(alarm) : NULL;
    pthread_mutex_unlock(&a->lock);
    return status;
}

json_t *ls_alarms_json(ls_alarms *a, uint32_t model, uint32_t unit) {
    assert(model < a->model_count && unit < a->models[model].post_count);
    pthread_mutex_lock(&a->lock);
    const ls_alarm *alarm = &a->models[model].posts[unit].alarm;
    json_t *object = alarm->stands ? ls_alarm_json(alarm) : json_null();
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
