// view_plain.c - the answers that need no page: ready or why not, Prometheus text, the raw state.
#include "loop/metrics.h"
#include "loop/service_parts.h"
#include "loop/state_json.h"
#include "loop/view.h"

void ls_view_ready(ls_service *service, ls_buffer *out) {
    ls_history_figures history = {0};
    pthread_rwlock_rdlock(&service->line_lock);
    for (uint32_t i = 0; i < service->sources.count; i++) {
        ls_driver_figures figures = {0};
        service->sources.of[i].ops->figures(service->sources.of[i].driver, &figures);
        if (!figures.connected) {
            ls_buffer_printf(out, "source %s is not connected\n",
                             service->sources.of[i].source->name);
        }
    }
    if (ls_history_describe(service->intake.history, &history, NULL) != LS_OK ||
        history.store_away) {
        ls_buffer_text(out, "the history does not take samples into its store\n");
    }
    pthread_mutex_lock(&service->intake.lock);
    if (service->intake.running.follow == NULL) {
        ls_buffer_text(out, "nothing was heard yet\n");
    }
    if (service->intake.figures.refuses) {
        ls_buffer_text(out, "the history does not take what is heard\n");
    }
    pthread_mutex_unlock(&service->intake.lock);
    pthread_rwlock_unlock(&service->line_lock);
}

ls_pool_daemon *ls_view_pool(ls_service *service, const char **out_name) {
    *out_name = service->own_pool != NULL ? ls_own_pool_name(service->own_pool) : NULL;
    return service->own_pool != NULL ? ls_own_pool_daemon(service->own_pool) : NULL;
}

const char *ls_view_version(const ls_service *service) {
    return service->def->version;
}

void ls_view_metrics(ls_service *service, ls_buffer *out) {
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_metrics_of of = {.intake = &service->intake,
                              .sources = &service->sources,
                              .watch = service->watch,
                              .desk = service->desk,
                              .decisions = service->decisions,
                              .models = service->models,
                              .events = ls_journal_count(service->journal),
                              .broker_pid = ls_service_broker_pid(service),
                              .version = service->def->version};
    ls_metrics_write(&of, out);
    pthread_rwlock_unlock(&service->line_lock);
}

json_t *ls_view_raw_state(ls_service *service) {
    pthread_rwlock_rdlock(&service->line_lock);
    json_t *object = ls_state_json(&service->intake, &service->sources);
    if (object != NULL && service->watch != NULL) {
        ls_watch_json(service->watch, object);
    }
    if (object != NULL && service->decisions != NULL) {
        json_object_set_new(object, "decisions", ls_decisions_summary(service->decisions));
    }
    pthread_rwlock_unlock(&service->line_lock);
    return object;
}
