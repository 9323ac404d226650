// api_trainings.c - what people ask of models: to let a version serve, the one before again, to
// train anew.
#include "model/registry.h"
#include "web/api.h"

enum { TEXT_MOST = 500 };

// Every body may hold what they add in words. False: it is wrong, and the answer says so.
static bool read_ask(const ls_request *request, const json_t *body, ls_trainings_ask *out,
                     ls_answer *answer) {
    *out = (ls_trainings_ask){.model = request->part, .who = request->who, .role = request->role};
    if (json_object_get(body, "text") != NULL) {
        out->text = ls_request_text(body, "text", 0, TEXT_MOST, answer);
        return out->text != NULL;
    }
    return true;
}

static void answer_act(const ls_api *api, const ls_request *request, ls_status status,
                       const ls_error *err, ls_answer *answer) {
    if (status == LS_OK) {
        ls_api_model((void *)(uintptr_t)api, request, answer);
    } else if (status == LS_ERR_LIMIT || status == LS_ERR_INVALID) {
        ls_answer_fail(answer, 409, "refused", "%s%s%s", err->text,
                       err->hint[0] != '\0' ? "; " : "", err->hint);
    } else {
        ls_answer_error(answer, err);
    }
}

static bool has_model(const ls_api *api, const ls_request *request, ls_answer *answer) {
    json_t *model = ls_view_model(api->service, request->part);
    json_decref(model);
    if (model == NULL) {
        ls_answer_fail(answer, 404, "unknown", "there is no model %s", request->part);
    }
    return model != NULL;
}

void ls_api_model_promote(void *context, const ls_request *request, ls_answer *answer) {
    static const char *const keys[] = {"version", "anyway", "text", NULL};
    const ls_api *api = context;
    ls_trainings_ask ask;
    ls_error err = {0};
    json_t *body = has_model(api, request, answer) ? ls_request_json(request, keys, answer) : NULL;
    if (body == NULL) {
        return;
    }
    const json_t *version = json_object_get(body, "version");
    const json_t *anyway = json_object_get(body, "anyway");
    const json_int_t number = json_integer_value(version);
    if (!json_is_integer(version) || number < 1 || number > LS_REGISTRY_VERSIONS_MAX) {
        ls_answer_fail(answer, 400, "invalid",
                       "version must be that of the version that was seen, a whole number from 1");
    } else if (anyway != NULL && !json_is_boolean(anyway)) {
        ls_answer_fail(answer, 400, "invalid", "anyway must be true or false");
    } else if (read_ask(request, body, &ask, answer)) {
        const ls_status status = ls_view_model_promote(api->service, &ask, (uint32_t)number,
                                                       json_is_true(anyway), &err);
        answer_act(api, request, status, &err, answer);
    }
    json_decref(body);
}

void ls_api_model_rollback(void *context, const ls_request *request, ls_answer *answer) {
    static const char *const keys[] = {"text", NULL};
    const ls_api *api = context;
    ls_trainings_ask ask;
    ls_error err = {0};
    uint32_t version = 0;
    json_t *body = has_model(api, request, answer) ? ls_request_json(request, keys, answer) : NULL;
    if (body != NULL && read_ask(request, body, &ask, answer)) {
        const ls_status status = ls_view_model_rollback(api->service, &ask, &version, &err);
        answer_act(api, request, status, &err, answer);
    }
    json_decref(body);
}

void ls_api_model_retrain(void *context, const ls_request *request, ls_answer *answer) {
    static const char *const keys[] = {"since_us", "text", NULL};
    const ls_api *api = context;
    ls_trainings_ask ask;
    ls_error err = {0};
    json_t *body = has_model(api, request, answer) ? ls_request_json(request, keys, answer) : NULL;
    if (body == NULL) {
        return;
    }
    const json_t *since = json_object_get(body, "since_us");
    const json_int_t since_us = json_integer_value(since);
    if (since != NULL && (!json_is_integer(since) || since_us < 0)) {
        ls_answer_fail(answer, 400, "invalid", "since_us is microseconds since 1970");
    } else if (read_ask(request, body, &ask, answer)) {
        const ls_status status = ls_view_model_retrain(api->service, &ask, since_us, &err);
        answer_act(api, request, status, &err, answer);
    }
    json_decref(body);
}
