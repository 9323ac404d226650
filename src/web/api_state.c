// api_state.c - who asks, the plant, and its state.
#include "web/api.h"

json_t *ls_api_about(const ls_api *api, const ls_request *request) {
    json_t *object = ls_view_about(api->service);
    if (object != NULL) {
        json_object_set_new(object, "role", json_string(ls_role_text(request->role)));
    }
    return object;
}

void ls_api_me(void *context, const ls_request *request, ls_answer *answer) {
    ls_answer_json(answer, ls_api_about(context, request));
}

void ls_api_plant(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    (void)request;
    ls_answer_json(answer, ls_view_plant(api->service));
}

void ls_api_state(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    (void)request;
    ls_answer_json(answer, ls_live_state(api->stream));
}
