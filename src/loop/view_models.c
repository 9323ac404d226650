// view_models.c - the models in service, as the page and others see them.
#include <string.h>

#include "loop/alarms.h"
#include "loop/model_watch.h"
#include "loop/models.h"
#include "loop/service_parts.h"
#include "loop/view.h"

// What is watched, judged and trained stands beside what a model says.
static void add_care(ls_service *service, json_t *object) {
    const uint32_t count = service->models != NULL ? ls_models_count(service->models) : 0;
    const char *name = json_string_value(json_object_get(object, "name"));
    for (uint32_t i = 0; i < count && name != NULL; i++) {
        const ls_model_plan *plan = ls_models_plan(service->models, i);
        if (strcmp(plan->name, name) == 0) {
            ls_model_watch_json(service->model_watch, i, object);
            ls_trainings_json(service->trainings, plan, object);
        }
    }
}

json_t *ls_view_models(ls_service *service) {
    pthread_rwlock_rdlock(&service->line_lock);
    json_t *all = ls_models_json(service->models);
    for (size_t i = 0; i < json_array_size(all); i++) {
        ls_alarms_add(service->alarms, json_array_get(all, i));
        add_care(service, json_array_get(all, i));
    }
    pthread_rwlock_unlock(&service->line_lock);
    return json_pack("{s:o}", "models", all);
}

json_t *ls_view_model(ls_service *service, const char *name) {
    pthread_rwlock_rdlock(&service->line_lock);
    json_t *object = ls_models_json_of(service->models, name);
    ls_alarms_add(service->alarms, object);
    add_care(service, object);
    pthread_rwlock_unlock(&service->line_lock);
    return object;
}

ls_status ls_view_alarm_seen(ls_service *service, const ls_alarms_seen *def, json_t **out,
                             ls_error *err) {
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_status status = service->alarms != NULL
                                 ? ls_alarms_see(service->alarms, def, out, err)
                                 : ls_fail(err, LS_ERR_INVALID,
                                           "there is no model: the plant file has no 'models:'");
    pthread_rwlock_unlock(&service->line_lock);
    return status;
}

static ls_status no_trainings(ls_error *err) {
    return ls_fail(err, LS_ERR_INVALID, "nothing is trained or promoted here");
}

ls_status ls_view_model_promote(ls_service *service, const ls_trainings_ask *ask, uint32_t version,
                                bool anyway, ls_error *err) {
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_trainings_of of = ls_service_trainings_of(service);
    const ls_status status = service->trainings != NULL
                                 ? ls_trainings_promote(service->trainings, &of, ask, version,
                                                        anyway, err)
                                 : no_trainings(err);
    pthread_rwlock_unlock(&service->line_lock);
    return status;
}

ls_status ls_view_model_rollback(ls_service *service, const ls_trainings_ask *ask,
                                 uint32_t *out_version, ls_error *err) {
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_trainings_of of = ls_service_trainings_of(service);
    const ls_status status = service->trainings != NULL
                                 ? ls_trainings_rollback(service->trainings, &of, ask, out_version,
                                                         err)
                                 : no_trainings(err);
    pthread_rwlock_unlock(&service->line_lock);
    return status;
}

ls_status ls_view_model_retrain(ls_service *service, const ls_trainings_ask *ask, int64_t since_us,
                                ls_error *err) {
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_trainings_of of = ls_service_trainings_of(service);
    const ls_status status = service->trainings != NULL
                                 ? ls_trainings_retrain(service->trainings, &of, ask, since_us, err)
                                 : no_trainings(err);
    pthread_rwlock_unlock(&service->line_lock);
    return status;
}

json_t *ls_view_models_news(ls_service *service, uint64_t *after) {
    pthread_rwlock_rdlock(&service->line_lock);
    json_t *all = ls_models_news(service->models, after);
    for (size_t i = 0; i < json_array_size(all); i++) {
        ls_alarms_add(service->alarms, json_array_get(all, i));
    }
    pthread_rwlock_unlock(&service->line_lock);
    return all;
}
