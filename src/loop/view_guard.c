// view_guard.c - the guards and what stands there, and what people do to them.
#include "guard/check.h"
#include "loop/service_parts.h"
#include "loop/view.h"

ls_status ls_view_guard_do(ls_service *service, const ls_guard_deed *deed,
                           ls_guard_answer *out_answer, json_t **out_stands, ls_error *err) {
    *out_stands = NULL;
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_status status = service->decisions != NULL
                                 ? ls_decisions_do(service->decisions, deed, out_answer, out_stands,
                                                   err)
                                 : ls_fail(
                                       err, LS_ERR_INVALID,
                                       "nothing is decided here: the plant file has no decide:");
    pthread_rwlock_unlock(&service->line_lock);
    return status;
}

static json_t *guards_json(void) {
    json_t *list = json_array();
    for (uint32_t number = 1; number <= LS_GUARD_COUNT; number++) {
        json_t *one = json_object();
        json_object_set_new(one, "guard", json_integer(number));
        json_object_set_new(one, "name", json_string(ls_guard_name(number)));
        json_object_set_new(one, "name_ko", json_string(ls_guard_name_ko(number)));
        json_object_set_new(one, "group", json_string(ls_guard_group(number)));
        json_object_set_new(one, "can_bypass", json_boolean(ls_guard_can_bypass(number)));
        json_array_append_new(list, one);
    }
    return list;
}

ls_status ls_view_guard(ls_service *service, json_t **out, ls_error *err) {
    const ls_guard_deed look = {.kind = LS_DEED_SHOW, .who = "the service"};
    ls_guard_answer answer = {0};
    json_t *stands = NULL;
    *out = NULL;
    const ls_status status = ls_view_guard_do(service, &look, &answer, &stands, err);
    if (status == LS_OK) {
        *out = json_object();
        json_object_set_new(*out, "guards", guards_json());
        json_object_set_new(*out, "stands", stands);
    }
    return status;
}
