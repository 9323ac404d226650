// view_decisions.c - the rows of decisions, and what people say to them.
#include "loop/service_parts.h"
#include "loop/view.h"

json_t *ls_view_decisions(ls_service *service, bool open, int64_t before_us, uint32_t most) {
    pthread_rwlock_rdlock(&service->line_lock);
    json_t *rows = service->decisions != NULL
                       ? ls_decisions_list(service->decisions, open, before_us, most)
                       : NULL;
    pthread_rwlock_unlock(&service->line_lock);
    return rows;
}

json_t *ls_view_decision(ls_service *service, const char *id) {
    pthread_rwlock_rdlock(&service->line_lock);
    json_t *row = service->decisions != NULL ? ls_decisions_get(service->decisions, id) : NULL;
    pthread_rwlock_unlock(&service->line_lock);
    return row;
}

json_t *ls_view_decisions_summary(ls_service *service) {
    pthread_rwlock_rdlock(&service->line_lock);
    json_t *summary = service->decisions != NULL ? ls_decisions_summary(service->decisions) : NULL;
    pthread_rwlock_unlock(&service->line_lock);
    return summary;
}

uint64_t ls_view_decisions_changes(ls_service *service, char *out_id, size_t size) {
    uint64_t changes = 0;
    out_id[0] = '\0';
    pthread_rwlock_rdlock(&service->line_lock);
    if (service->decisions != NULL) {
        changes = ls_decisions_changes(service->decisions, out_id, size);
    }
    pthread_rwlock_unlock(&service->line_lock);
    return changes;
}

ls_status ls_view_review(ls_service *service, const char *id, uint32_t version, ls_review review,
                         const char *who, ls_role role, const char *said, ls_error *err) {
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_status status = service->decisions != NULL
                                 ? ls_decisions_review(service->decisions, id, version, review, who,
                                                       role, said, err)
                                 : ls_fail(
                                       err, LS_ERR_INVALID,
                                       "nothing is decided here: the plant file has no decide:");
    pthread_rwlock_unlock(&service->line_lock);
    return status;
}

ls_status ls_view_hand(ls_service *service, const ls_hand_def *def, json_t **out, ls_error *err) {
    char id[40];
    *out = NULL;
    pthread_rwlock_rdlock(&service->line_lock);
    ls_status status = service->decisions != NULL
                           ? ls_decisions_hand(service->decisions, def, id, sizeof id, err)
                           : ls_fail(err, LS_ERR_INVALID,
                                     "nothing is decided here: the plant file has no decide:");
    *out = status == LS_OK ? ls_decisions_get(service->decisions, id) : NULL;
    pthread_rwlock_unlock(&service->line_lock);
    if (status == LS_OK && *out == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for a decision");
    }
    return status;
}
