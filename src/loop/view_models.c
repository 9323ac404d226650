// view_models.c - the models in service, as the page and others see them.
#include "loop/alarms.h"
#include "loop/models.h"
#include "loop/service_parts.h"
#include "loop/view.h"

json_t *ls_view_models(ls_service *service) {
    pthread_rwlock_rdlock(&service->line_lock);
    json_t *all = ls_models_json(service->models);
    for (size_t i = 0; i < json_array_size(all); i++) {
        ls_alarms_add(service->alarms, json_array_get(all, i));
    }
    pthread_rwlock_unlock(&service->line_lock);
    return json_pack("{s:o}", "models", all);
}

json_t *ls_view_model(ls_service *service, const char *name) {
    pthread_rwlock_rdlock(&service->line_lock);
    json_t *object = ls_models_json_of(service->models, name);
    ls_alarms_add(service->alarms, object);
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

json_t *ls_view_models_news(ls_service *service, uint64_t *after) {
    pthread_rwlock_rdlock(&service->line_lock);
    json_t *all = ls_models_news(service->models, after);
    for (size_t i = 0; i < json_array_size(all); i++) {
        ls_alarms_add(service->alarms, json_array_get(all, i));
    }
    pthread_rwlock_unlock(&service->line_lock);
    return all;
}
