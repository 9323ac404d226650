// api_file.c - the plant file, seen, checked and saved; and what people at the machines note.
#include <string.h>

#include "loop/say.h"
#include "web/api.h"

enum { NAME_MOST = 200, TEXT_MOST = 500, SCRAP_MOST = 100000 };

void ls_api_file(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    json_t *object = NULL;
    ls_error err = {0};
    (void)request;
    if (ls_view_file(api->service, &object, &err) == LS_OK) {
        ls_answer_json(answer, object);
    } else {
        ls_answer_error(answer, &err);
    }
}

json_t *ls_api_read_file(const ls_request *request, bool with_hash, ls_answer *answer) {
    static const char *const alone[] = {"text", NULL};
    static const char *const both[] = {"text", "hash", NULL};
    json_t *body = ls_request_json(request, with_hash ? both : alone, answer);
    if (body == NULL) {
        return NULL;
    }
    if (ls_request_text(body, "text", 0, LS_REQUEST_BODY_FILE, answer) == NULL ||
        (with_hash && ls_request_text(body, "hash", 1, NAME_MOST, answer) == NULL)) {
        json_decref(body);
        return NULL;
    }
    return body;
}

void ls_api_check(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    json_t *body = ls_api_read_file(request, false, answer);
    if (body != NULL) {
        const json_t *text = json_object_get(body, "text");
        ls_answer_json(
            answer, ls_view_check(api->service, json_string_value(text), json_string_length(text)));
        json_decref(body);
    }
}

void ls_api_save(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    json_t *body = ls_api_read_file(request, true, answer);
    if (body == NULL) {
        return;
    }
    const json_t *text = json_object_get(body, "text");
    json_t *object = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    if (ls_view_save(api->service, json_string_value(text), json_string_length(text),
                     json_string_value(json_object_get(body, "hash")), &object, &errors) == LS_OK) {
        ls_say(LS_LOG_INFO, "plant", request->who, "the plant file was saved from the page");
        ls_answer_json(answer, object);
    } else {
        static const ls_error memory = {.status = LS_ERR_MEMORY, .text = "out of memory"};
        ls_answer_error(answer, errors.count > 0 ? errors.items : &memory);
    }
    ls_errors_clear(&errors);
    json_decref(body);
}

bool ls_api_read_note(const ls_request *request, ls_api_note_asked *out, ls_answer *answer) {
    static const char *const keys[] = {"machine", "reason", "scrap", "text", NULL};
    json_t *body = ls_request_json(request, keys, answer);
    *out = (ls_api_note_asked){.body = body};
    if (body == NULL) {
        return false;
    }
    const json_t *scrap = json_object_get(body, "scrap");
    const bool has_reason = json_object_get(body, "reason") != NULL;
    out->machine = ls_request_text(body, "machine", 1, NAME_MOST, answer);
    bool fine = out->machine != NULL;
    if (fine && has_reason) {
        out->reason = ls_request_text(body, "reason", 1, NAME_MOST, answer);
        fine = out->reason != NULL;
    }
    if (fine && json_object_get(body, "text") != NULL) {
        out->text = ls_request_text(body, "text", 0, TEXT_MOST, answer);
        fine = out->text != NULL;
    }
    out->scrap = json_integer_value(scrap);
    if (fine && ((scrap != NULL) == has_reason ||
                 (scrap != NULL &&
                  (!json_is_integer(scrap) || out->scrap < 1 || out->scrap > SCRAP_MOST)))) {
        ls_answer_fail(answer, 400, "invalid",
                       "a note has either a reason or scrap, a whole number from 1 to %d",
                       SCRAP_MOST);
        fine = false;
    }
    if (!fine) {
        json_decref(body);
        out->body = NULL;
    }
    return fine;
}

void ls_api_note(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    ls_api_note_asked asked;
    ls_error err = {0};
    if (!ls_api_read_note(request, &asked, answer)) {
        return;
    }
    if (ls_view_note(api->service, asked.machine, asked.reason, asked.scrap, asked.text,
                     request->who, &err) == LS_OK) {
        ls_answer_json(answer, json_object());
    } else {
        ls_answer_error(answer, &err);
    }
    json_decref(asked.body);
}

void ls_api_calibrate(void *context, const ls_request *request, ls_answer *answer) {
    static const char *const keys[] = {"since_us", NULL};
    const ls_api *api = context;
    json_t *body = ls_request_json(request, keys, answer);
    ls_error err = {0};
    if (body == NULL) {
        return;
    }
    const json_t *since = json_object_get(body, "since_us");
    const json_int_t since_us = json_integer_value(since);
    if (since != NULL && (!json_is_integer(since) || since_us < 0)) {
        ls_answer_fail(answer, 400, "invalid", "since_us is microseconds since 1970");
    } else if (ls_view_calibrate(api->service, since_us, &err) == LS_OK) {
        ls_say(LS_LOG_INFO, "calibration", request->who, "was asked for");
        ls_answer_json(answer, json_object());
    } else if (err.status == LS_ERR_LIMIT) {
        ls_answer_fail(answer, 409, "refused", "%s", err.text);
    } else {
        ls_answer_error(answer, &err);
    }
    json_decref(body);
}
