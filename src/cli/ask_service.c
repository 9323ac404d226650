// ask_service.c - see ask_service.h.
#include "cli/ask_service.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#include "cli/ask_channel.h"
#include "guard/protocol.h"

enum { PATH_SIZE = 4096, ANSWER_MAX = 64 << 20 };

static ls_status nobody(const char *data, ls_error *err) {
    ls_fail(err, LS_ERR_IO, "no service runs with the data folder '%s'", data);
    ls_hint(err, "start it with 'lineshaft run PLANT', or say its folder with --data");
    return LS_ERR_IO;
}

// tokens.json: {"viewer": "...", "operator": "...", "engineer": "..."}; only its owner may read it.
// NULL: it is not there. The caller's.
static json_t *read_tokens(const char *data) {
    char path[PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/tokens.json", data);
    return json_load_file(path, 0, NULL);
}

static bool take_token(const json_t *tokens, const char *role, char *out, size_t size) {
    const char *token = json_string_value(json_object_get(tokens, role));
    const bool found = token != NULL && strpbrk(token, "\r\n ") == NULL;
    if (found) {
        ls_text_format(out, size, "%s", token);
    }
    return found;
}

static void find_token(const char *data, ls_service_address *out) {
    json_t *tokens = read_tokens(data);
    for (int i = 0; i < LS_ROLE_COUNT; i++) {
        (void)take_token(tokens, ls_role_name((ls_role)i), out->token, sizeof out->token);
    }
    json_decref(tokens);
}

// {"sha256": "64 digits", "name": "..."}; nothing there: it speaks no TLS. What cannot be read must
// not pass for that, since tokens would go over the wire as they are.
static bool take_tls(const json_t *tls, ls_service_address *out) {
    const char *print = json_string_value(json_object_get(tls, "sha256"));
    const char *name = json_string_value(json_object_get(tls, "name"));
    if (tls == NULL) {
        return true;
    }
    ls_text_format(out->name, sizeof out->name, "%s", name != NULL ? name : "");
    ls_text_format(out->certificate, sizeof out->certificate, "%s", print != NULL ? print : "");
    return print != NULL && strlen(print) == sizeof out->certificate - 1 &&
           strspn(print, "0123456789abcdef") == strlen(print);
}

static void take_address(const json_t *object, ls_service_address *out) {
    const char *host = json_string_value(json_object_get(object, "address"));
    out->port = (int)json_integer_value(json_object_get(object, "port"));
    out->pid = (int)json_integer_value(json_object_get(object, "pid"));
    // A service that listens everywhere is asked here.
    const bool v4 = host == NULL || strcmp(host, "0.0.0.0") == 0;
    const bool v6 = host != NULL && strcmp(host, "::") == 0;
    snprintf(out->host, sizeof out->host, "%s", v4 ? "127.0.0.1" : v6 ? "::1" : host);
}

ls_status ls_service_find(const char *data, ls_service_address *out, ls_error *err) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/service.json", data);
    json_error_t why;
    json_t *object = json_load_file(path, 0, &why);
    if (object == NULL) {
        return nobody(data, err);
    }
    memset(out, 0, sizeof *out);
    take_address(object, out);
    const bool known = take_tls(json_object_get(object, "tls"), out);
    json_decref(object);
    const bool lives = out->pid > 0 && (kill(out->pid, 0) == 0 || errno == EPERM);
    if (!lives || out->port <= 0 || out->port > 65535) {
        return nobody(data, err);
    }
    if (!known) {
        ls_fail_at(err, LS_ERR_INVALID, path, 1, 0,
                   "tls.sha256: '%s' is not a SHA-256 of 64 digits (0 to 9, a to f)",
                   out->certificate);
        ls_hint(err, "the service writes this file when it starts: start it again");
        return LS_ERR_INVALID;
    }
    ls_text_format(out->data, sizeof out->data, "%s", data);
    find_token(data, out);
    return LS_OK;
}

// ---- the answer; HTTP/1.0 has no chunks

// The digits of a head's Content-Length; NULL: it does not say.
static const char *find_length(const char *head, const char *end) {
    const char *line = strstr(head, "\r\n");
    while (line != NULL && line < end) {
        if (strncasecmp(line + 2, "Content-Length:", 15) == 0) {
            return line + 17 + strspn(line + 17, " \t");
        }
        line = strstr(line + 2, "\r\n");
    }
    return NULL;
}

// Reads the head's words. False: this is no answer that we understand.
static bool read_head(const char *head, const char *end, int *out_status, int64_t *out_length) {
    const char *length = find_length(head, end);
    int64_t status = 0;
    *out_length = -1;
    if (strncmp(head, "HTTP/1.", 7) != 0 || !ls_text_parse_i64(head + 9, 3, &status)) {
        return false;
    }
    *out_status = (int)status;
    return length == NULL || (ls_text_parse_i64(length, strspn(length, "0123456789"), out_length) &&
                              *out_length <= ANSWER_MAX);
}

// How many bytes the whole answer has, as far as that can be said: 0 while its head is not there,
// INT64_MAX where only the end of the connection tells.
static int64_t whole_size(const ls_buffer *answer) {
    int status = 0;
    int64_t length = -1;
    const char *end = answer->data != NULL ? strstr(answer->data, "\r\n\r\n") : NULL;
    if (end == NULL) {
        return 0;
    }
    return read_head(answer->data, end, &status, &length) && length >= 0
               ? end + 4 - answer->data + length
               : INT64_MAX;
}

// Up to its last byte, or the end of the connection. False: nothing more came, or it is endless.
static bool read_all(ls_channel *channel, ls_buffer *out) {
    char piece[16384];
    ssize_t got = 1;
    int64_t whole = 0;
    while (got > 0 && out->size < ANSWER_MAX && !out->failed &&
           (whole == 0 || (int64_t)out->size < whole)) {
        got = ls_channel_read(channel, piece, sizeof piece);
        if (got > 0) {
            ls_buffer_append(out, piece, (size_t)got);
            whole = whole == 0 ? whole_size(out) : whole;
        }
    }
    return got >= 0 && out->size < ANSWER_MAX && !out->failed;
}

// Splits the head off. `ended`: the connection was not cut.
static ls_status take_body(const ls_buffer *answer, bool ended, ls_buffer *out, int *out_status,
                           ls_error *err) {
    int64_t length = -1;
    const char *end = answer->data != NULL ? strstr(answer->data, "\r\n\r\n") : NULL;
    if (answer->size == 0) {
        return ls_fail(err, LS_ERR_IO, "nothing came");
    }
    if (end == NULL || !read_head(answer->data, end, out_status, &length)) {
        return ls_fail(err, LS_ERR_IO, "what came is no whole answer");
    }
    const int64_t came = (int64_t)answer->size - (end + 4 - answer->data);
    if (came < length) {
        return ls_fail(err, LS_ERR_IO, "it broke off: %lld of %lld bytes came", (long long)came,
                       (long long)length);
    }
    if (length < 0 && !ended) {
        return ls_fail(err, LS_ERR_IO, "it broke off after %lld bytes", (long long)came);
    }
    ls_buffer_append(out, end + 4, (size_t)(length >= 0 ? length : came));
    return out->failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory") : LS_OK;
}

// Sends a request whole and reads the answer whole.
static ls_status talk(const ls_service_address *address, const char *path, const ls_buffer *request,
                      ls_buffer *out, int *out_status, ls_error *err) {
    ls_channel *channel = NULL;
    ls_buffer answer;
    ls_error why = {0};
    ls_status status = ls_channel_open(address, &channel, err);
    if (status != LS_OK) {
        return status;
    }
    ls_buffer_init(&answer);
    const bool ended = !request->failed && ls_channel_send(channel, request->data, request->size) &&
                       read_all(channel, &answer);
    status = take_body(&answer, ended, out, out_status, &why);
    ls_channel_close(channel);
    ls_buffer_clear(&answer);
    return status == LS_OK ? LS_OK
                           : ls_fail(err, status, "the service on port %d did not answer %s: %s",
                                     address->port, path, why.text);
}

static void begin_request(const ls_service_address *address, const char *method, const char *path,
                          const char *token, ls_buffer *out) {
    ls_buffer_init(out);
    ls_buffer_printf(out, "%s %s HTTP/1.0\r\nHost: localhost:%d\r\n", method, path, address->port);
    if (token[0] != '\0') {
        ls_buffer_printf(out, "Authorization: Bearer %s\r\n", token);
    }
}

// No, in the service's own words where it has some.
static ls_status refused(const ls_service_address *address, const char *path, int answered,
                         const ls_buffer *said, ls_error *err) {
    json_t *answer = json_loads(said->data != NULL ? said->data : "", 0, NULL);
    const json_t *error = json_object_get(answer, "error");
    const char *text = json_string_value(json_object_get(error, "text"));
    const char *hint = json_string_value(json_object_get(error, "hint"));
    const ls_status status = answered >= 400 && answered < 500 ? LS_ERR_INVALID : LS_ERR_IO;
    if (text != NULL) {
        ls_fail(err, status, "%s", text);
    } else {
        ls_fail(err, status, "the service on port %d answers %s with status %d", address->port,
                path, answered);
    }
    if (hint != NULL) {
        ls_hint(err, "%s", hint);
    }
    json_decref(answer);
    return status;
}

ls_status ls_service_ask(const ls_service_address *address, const char *path, ls_buffer *out,
                         ls_error *err) {
    ls_buffer request;
    int answered = 0;
    begin_request(address, "GET", path, address->token, &request);
    ls_buffer_text(&request, "\r\n");
    ls_status status = talk(address, path, &request, out, &answered, err);
    ls_buffer_clear(&request);
    return status == LS_OK && answered != 200 ? refused(address, path, answered, out, err) : status;
}

ls_status ls_service_post(const ls_service_address *address, const char *role, const char *path,
                          const char *body, ls_buffer *out, int *out_status, ls_error *err) {
    ls_buffer request;
    char token[sizeof address->token];
    ls_text_format(token, sizeof token, "%s", address->token);
    json_t *tokens = role != NULL ? read_tokens(address->data) : NULL;
    const bool has = role == NULL || take_token(tokens, role, token, sizeof token);
    json_decref(tokens);
    if (!has) {
        return ls_fail(err, LS_ERR_INVALID, "the data folder '%s' shows no token of role %s",
                       address->data, role);
    }
    begin_request(address, "POST", path, token, &request);
    ls_buffer_printf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    const ls_status status = talk(address, path, &request, out, out_status, err);
    ls_buffer_clear(&request);
    return status;
}
