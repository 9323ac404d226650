// request.c - see request.h.
#include "web/request.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ls_request_clear(ls_request *request) {
    for (uint32_t i = 0; i < request->argument_count; i++) {
        ls_free(request->arguments[i].name);
        ls_free(request->arguments[i].value);
    }
    ls_free(request->path);
    ls_buffer_clear(&request->body);
    memset(request, 0, sizeof *request);
}

static char *copy(const char *text) {
    const size_t size = strlen(text) + 1;
    char *made = ls_alloc(size);
    if (made != NULL) {
        memcpy(made, text, size);
    }
    return made;
}

bool ls_request_add(ls_request *request, const char *name, const char *value) {
    if (request->argument_count == LS_REQUEST_ARGUMENTS) {
        return false;
    }
    const ls_argument made = {copy(name), copy(value != NULL ? value : "")};
    if (made.name == NULL || made.value == NULL) {
        ls_free(made.name);
        ls_free(made.value);
        return false;
    }
    request->arguments[request->argument_count++] = made;
    return true;
}

const char *ls_request_get(const ls_request *request, const char *name) {
    for (uint32_t i = 0; i < request->argument_count; i++) {
        if (strcmp(request->arguments[i].name, name) == 0) {
            return request->arguments[i].value;
        }
    }
    return NULL;
}

// ---- answers

void ls_answer_init(ls_answer *answer) {
    *answer = (ls_answer){.status = 200, .type = "application/json"};
    ls_buffer_init(&answer->body);
}

void ls_answer_clear(ls_answer *answer) {
    ls_buffer_clear(&answer->body);
}

static const struct {
    const char *code, *text_ko;
} korean[] = {
    {"token", "토큰이 필요합니다."},
    {"role", "이 작업을 할 권한이 없습니다."},
    {"origin", "다른 사이트에서 온 요청은 받지 않습니다."},
    {"host", "이 서버의 주소가 아닙니다."},
    {"unknown", "없는 주소이거나 없는 항목입니다."},
    {"method", "이 주소에서는 쓸 수 없는 방식입니다."},
    {"invalid", "요청이 올바르지 않습니다."},
    {"plant", "플랜트 파일에 오류가 있습니다."},
    {"expired", "제안이 만료되었거나 그 사이 바뀌었습니다."},
    {"refused", "거부되었습니다."},
    {"changed", "다른 사용자가 먼저 저장했습니다."},
    {"large", "요청이 너무 큽니다."},
    {"often", "요청이 너무 잦습니다. 잠시 후 다시 시도하세요."},
    {"busy", "지금은 처리할 수 없습니다. 잠시 후 다시 시도하세요."},
    {"nothing", "아직 라인에서 받은 데이터가 없습니다."},
};

static const char *korean_of(const char *code) {
    for (size_t i = 0; i < sizeof korean / sizeof *korean; i++) {
        if (strcmp(korean[i].code, code) == 0) {
            return korean[i].text_ko;
        }
    }
    return "";
}

static json_t *error_object(const char *code, const char *text) {
    static atomic_uint last;
    char id[24];
    snprintf(id, sizeof id, "r-%u", atomic_fetch_add(&last, 1) + 1);
    // The text may hold what a client sent: jansson takes UTF-8 only.
    json_t *said = json_string(text);
    return json_pack("{s:s, s:o, s:s, s:s}", "code", code, "text",
                     said != NULL ? said : json_string("invalid text"), "text_ko", korean_of(code),
                     "id", id);
}

static void put_error(ls_answer *answer, int status, json_t *object) {
    ls_buffer_clear(&answer->body);
    ls_buffer_init(&answer->body);
    answer->bytes = NULL;
    answer->type = "application/json";
    answer->download = false;
    if (answer->plain && object != NULL) {
        json_t *text = json_incref(json_object_get(object, "text"));
        json_decref(object);
        object = text;
    }
    ls_answer_json(answer, json_pack("{s:o}", "error", object));
    answer->status = status;
}

void ls_answer_json(ls_answer *answer, json_t *object) {
    char *text = object != NULL
                     ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY)
                     : NULL;
    json_decref(object);
    answer->type = "application/json";
    if (text != NULL) {
        ls_buffer_text(&answer->body, text);
        ls_buffer_text(&answer->body, "\n");
        free(text);  // jansson's own
    } else {
        answer->status = 503;
        ls_buffer_text(&answer->body,
                       "{\"error\": {\"code\": \"busy\", \"text\": \"out of memory\", "
                       "\"text_ko\": \"\", \"id\": \"r-0\"}}\n");
    }
}

void ls_answer_fail(ls_answer *answer, int status, const char *code, const char *format, ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    ls_text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    ls_text_tame(text, false);
    put_error(answer, status, error_object(code, text));
}

void ls_answer_fail_in_both(ls_answer *answer, int status, const char *code, const char *text,
                            const char *text_ko) {
    json_t *object = error_object(code, text);
    json_t *korean_text = json_string(text_ko);
    if (korean_text != NULL) {
        json_object_set_new(object, "text_ko", korean_text);
    }
    put_error(answer, status, object);
}

int ls_answer_status_of(ls_status status) {
    return status == LS_ERR_INVALID || status == LS_ERR_LIMIT || status == LS_ERR_STUCK ? 400
           : status == LS_ERR_VERSION                                                   ? 409
                                                                                        : 503;
}

void ls_answer_error(ls_answer *answer, const ls_error *err) {
    const int status = ls_answer_status_of(err->status);
    char both[sizeof err->text + sizeof err->hint + 4];
    ls_text_format(both, sizeof both, "%s%s%s", err->text, err->hint[0] != '\0' ? "; " : "",
                   err->hint);
    json_t *object = error_object(status == 400   ? "invalid"
                                  : status == 409 ? "changed"
                                                  : "busy",
                                  answer->plain ? both : err->text);
    if (err->hint[0] != '\0') {
        json_object_set_new(object, "hint", json_string(err->hint));
    }
    if (err->line > 0) {
        json_object_set_new(object, "line", json_integer(err->line));
        json_object_set_new(object, "column", json_integer(err->column));
    }
    put_error(answer, status, object);
}

// ---- values

bool ls_request_integer(const ls_request *request, const char *name, int64_t least, int64_t most,
                        int64_t *out, ls_answer *answer) {
    const char *text = ls_request_get(request, name);
    int64_t value = 0;
    if (text == NULL) {
        return true;
    }
    if (!ls_text_parse_i64(text, strlen(text), &value) || value < least || value > most) {
        ls_answer_fail(answer, 400, "invalid", "%s must be a whole number from %lld to %lld", name,
                       (long long)least, (long long)most);
        return false;
    }
    *out = value;
    return true;
}

bool ls_request_real(const ls_request *request, const char *name, double least, double most,
                     double *out, ls_answer *answer) {
    const char *text = ls_request_get(request, name);
    double value = 0.0;
    if (text == NULL) {
        return true;
    }
    if (!ls_text_parse_double(text, strlen(text), &value) || !(value >= least && value <= most)) {
        ls_answer_fail(answer, 400, "invalid", "%s must be a number from %g to %g", name, least,
                       most);
        return false;
    }
    *out = value;
    return true;
}

static bool is_known(const char *key, const char *const *keys) {
    bool known = false;
    for (; *keys != NULL && !known; keys++) {
        known = strcmp(key, *keys) == 0;
    }
    return known;
}

json_t *ls_request_json(const ls_request *request, const char *const *keys, ls_answer *answer) {
    json_error_t why;
    const char *text = request->body.data != NULL ? request->body.data : "";
    json_t *object = json_loadb(text, request->body.size, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(object)) {
        ls_answer_fail(answer, 400, "invalid", "the body must be a JSON object%s%s",
                       object == NULL ? ": " : "", object == NULL ? why.text : "");
        json_decref(object);
        return NULL;
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(object, key, value) {
        if (!is_known(key, keys)) {
            ls_answer_fail(answer, 400, "invalid", "the body has an unknown key '%.60s'", key);
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

const char *ls_request_text(const json_t *object, const char *key, size_t least, size_t most,
                            ls_answer *answer) {
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    const size_t length = text != NULL ? json_string_length(value) : 0;
    if (text == NULL || length < least || length > most || strlen(text) != length) {
        ls_answer_fail(answer, 400, "invalid", "%s must be a text of %zu to %zu bytes", key, least,
                       most);
        return NULL;
    }
    return text;
}
