// api_models.c - the models in service: what they say, how well, and why.
#include "web/api.h"

void ls_api_models(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    (void)request;
    ls_answer_json(answer, ls_view_models(api->service));
}

void ls_api_model(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    json_t *object = ls_view_model(api->service, request->part);
    if (object != NULL) {
        ls_answer_json(answer, object);
    } else {
        ls_answer_fail(answer, 404, "unknown", "there is no model %s", request->part);
    }
}
