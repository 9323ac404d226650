// infer_api.c - see infer_api.h.
#include "web/infer_api.h"

#include <string.h>

#include "base/put.h"

enum { NAME_SIZE = 128, NAMES_SIZE = 200 };

void ls_infer_server(void *context, const ls_request *request, ls_answer *answer) {
    const ls_infer_source *source = context;
    (void)request;
    ls_buffer_text(&answer->body, "{\"name\":\"lineshaft\",\"version\":");
    ls_put_json_text(&answer->body, source->version, strlen(source->version));
    ls_buffer_text(&answer->body, ",\"extensions\":[]}\n");
}

void ls_infer_live(void *context, const ls_request *request, ls_answer *answer) {
    (void)context;
    (void)request;
    ls_buffer_text(&answer->body, "{\"live\":true}\n");
}

// ---- one model

static void no_model(const ls_infer_source *source, const char *name, ls_answer *answer) {
    char one[NAME_SIZE], all[NAMES_SIZE] = "";
    for (uint32_t i = 0; source->name(source->context, i, one, sizeof one) != NULL; i++) {
        const size_t size = strlen(all);
        ls_text_format(all + size, sizeof all - size, "%s'%s'", i > 0 ? ", " : "", one);
    }
    if (all[0] == '\0') {
        ls_answer_fail(answer, 404, "unknown",
                       "there is no model '%s': the plant file has none under 'models:'", name);
    } else {
        ls_answer_fail(answer, 404, "unknown", "there is no model '%s', but %s", name, all);
    }
}

// False: it cannot be held, and the answer says so.
static bool hold(const ls_infer_source *source, const ls_request *request, ls_infer_held *out,
                 ls_answer *answer) {
    int64_t number = 0;
    const char *version = request->part2;
    if (version[0] != '\0' && (!ls_text_parse_i64(version, strlen(version), &number) ||
                               number < 1 || number > UINT32_MAX)) {
        ls_answer_fail(answer, 404, "unknown", "versions are whole numbers from 1; '%s' is none",
                       version);
        return false;
    }
    switch (source->hold(source->context, request->part, (uint32_t)number, out)) {
    case LS_INFER_FOUND: return true;
    case LS_INFER_NO_MODEL: no_model(source, request->part, answer); break;
    case LS_INFER_NO_VERSION:
        if (number > 0) {
            ls_answer_fail(answer, 404, "unknown",
                           "version %u of model '%s' does not serve, nor does it run in the shadow",
                           (unsigned)number, request->part);
        } else {
            ls_answer_fail(answer, 503, "busy", "no version of model '%s' serves yet; promote one",
                           request->part);
        }
        break;
    default:
        ls_answer_fail(answer, 503, "busy", "too many ask model '%s' just now", request->part);
        answer->retry_s = 1;
    }
    return false;
}

void ls_infer_model_about(void *context, const ls_request *request, ls_answer *answer) {
    const ls_infer_source *source = context;
    ls_infer_held held;
    if (hold(source, request, &held, answer)) {
        ls_infer_describe(&held.model, held.versions, held.version_count, &answer->body);
        source->release(source->context, &held);
    }
}

static void put_ready(const char *name, bool ready, ls_answer *answer) {
    ls_buffer_text(&answer->body, "{\"name\":");
    ls_put_json_text(&answer->body, name, strlen(name));
    ls_buffer_printf(&answer->body, ",\"ready\":%s}\n", ready ? "true" : "false");
    answer->status = ready ? 200 : 503;
}

void ls_infer_model_ready(void *context, const ls_request *request, ls_answer *answer) {
    const ls_infer_source *source = context;
    ls_infer_held held;
    if (hold(source, request, &held, answer)) {
        source->release(source->context, &held);
        put_ready(request->part, true, answer);
    } else if (answer->status == 503) {
        ls_buffer_clear(&answer->body);
        ls_buffer_init(&answer->body);
        put_ready(request->part, false, answer);
    }
}

void ls_infer_model_ask(void *context, const ls_request *request, ls_answer *answer) {
    const ls_infer_source *source = context;
    ls_infer_held held;
    ls_infer_asked asked;
    ls_error err = {0};
    const char *text = request->body.data != NULL ? request->body.data : "";
    ls_status status = ls_infer_read(text, request->body.size, &asked, &err);
    if (status != LS_OK) {
        ls_answer_error(answer, &err);
    } else if (hold(source, request, &held, answer)) {
        status = ls_infer_answer(&held.model, &asked, &answer->body, &err);
        source->release(source->context, &held);
        if (status != LS_OK) {
            ls_answer_error(answer, &err);
        }
    }
    ls_infer_asked_clear(&asked);
}

// ---- all of them

void ls_infer_ready(void *context, const ls_request *request, ls_answer *answer) {
    const ls_infer_source *source = context;
    char name[NAME_SIZE];
    ls_infer_held held;
    bool ready = true;
    (void)request;
    for (uint32_t i = 0; ready && source->name(source->context, i, name, sizeof name) != NULL;
         i++) {
        const ls_infer_found found = source->hold(source->context, name, 0, &held);
        if (found == LS_INFER_FOUND) {
            source->release(source->context, &held);
        }
        ready = found == LS_INFER_FOUND || found == LS_INFER_BUSY;
    }
    // The protocol's text calls it "live", its servers "ready".
    ls_buffer_printf(&answer->body, "{\"live\":true,\"ready\":%s}\n", ready ? "true" : "false");
    answer->status = ready ? 200 : 503;
}
