// ask_service.c - see ask_service.h.
#include "cli/ask_service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, ANSWER_MAX = 64 << 20, WAIT_S = 5 };

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
    static const char *const roles[] = {"viewer", "operator", "engineer"};
    json_t *tokens = read_tokens(data);
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        (void)take_token(tokens, roles[i], out->token, sizeof out->token);
    }
    json_decref(tokens);
}

ls_status ls_service_find(const char *data, ls_service_address *out, ls_error *err) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/service.json", data);
    json_error_t why;
    json_t *object = json_load_file(path, 0, &why);
    if (object == NULL) {
        return nobody(data, err);
    }
    const char *host = json_string_value(json_object_get(object, "address"));
    memset(out, 0, sizeof *out);
    out->port = (int)json_integer_value(json_object_get(object, "port"));
    out->pid = (int)json_integer_value(json_object_get(object, "pid"));
    // A service that listens everywhere is asked here.
    const bool anywhere = host == NULL || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
    snprintf(out->host, sizeof out->host, "%s", anywhere ? "127.0.0.1" : host);
    json_decref(object);
    ls_text_format(out->data, sizeof out->data, "%s", data);
    find_token(data, out);
    const bool lives = out->pid > 0 && (kill(out->pid, 0) == 0 || errno == EPERM);
    return lives && out->port > 0 && out->port < 65536 ? LS_OK : nobody(data, err);
}

static int open_socket(const ls_service_address *address) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)address->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)address->port)};
    const bool is_v4 = inet_pton(AF_INET, address->host, &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, address->host, &v6.sin6_addr) != 1) {
        return -1;
    }
    const int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval wait = {.tv_sec = WAIT_S};
    const struct sockaddr *where = is_v4 ? (const struct sockaddr *)(const void *)&v4
                                         : (const struct sockaddr *)(const void *)&v6;
    const socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0 ||
        connect(fd, where, size) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

// Everything up to the end of the connection.
static bool read_all(int fd, ls_buffer *out) {
    char piece[16384];
    ssize_t got = 1;
    while (got > 0 && out->size < ANSWER_MAX && !out->failed) {
        got = read(fd, piece, sizeof piece);
        if (got > 0) {
            ls_buffer_append(out, piece, (size_t)got);
        }
    }
    return got == 0 && !out->failed;
}

// Splits the head off; HTTP/1.0 has no chunks.
static bool take_body(ls_buffer *answer, ls_buffer *out, int *out_status) {
    const char *end = answer->data != NULL ? strstr(answer->data, "\r\n\r\n") : NULL;
    int64_t status = 0;
    if (end == NULL || strncmp(answer->data, "HTTP/1.", 7) != 0 ||
        !ls_text_parse_i64(answer->data + 9, 3, &status)) {
        return false;
    }
    *out_status = (int)status;
    ls_buffer_append(out, end + 4, answer->size - (size_t)(end + 4 - answer->data));
    return !out->failed;
}

// Sends a request whole and reads the answer whole.
static ls_status talk(const ls_service_address *address, const char *path, const ls_buffer *request,
                      ls_buffer *out, int *out_status, ls_error *err) {
    const int fd = open_socket(address);
    if (fd < 0) {
        return ls_fail(err, LS_ERR_IO, "the service on port %d does not answer: %s", address->port,
                       strerror(errno));
    }
    ls_buffer answer;
    ls_buffer_init(&answer);
    const bool got = !request->failed &&
                     send(fd, request->data, request->size, MSG_NOSIGNAL) ==
                         (ssize_t)request->size &&
                     read_all(fd, &answer) && take_body(&answer, out, out_status);
    close(fd);
    ls_buffer_clear(&answer);
    return got ? LS_OK
               : ls_fail(err, LS_ERR_IO, "the service on port %d did not answer %s", address->port,
                         path);
}

static void begin_request(const ls_service_address *address, const char *method, const char *path,
                          const char *token, ls_buffer *out) {
    ls_buffer_init(out);
    ls_buffer_printf(out, "%s %s HTTP/1.0\r\nHost: localhost:%d\r\n", method, path, address->port);
    if (token[0] != '\0') {
        ls_buffer_printf(out, "Authorization: Bearer %s\r\n", token);
    }
}

ls_status ls_service_ask(const ls_service_address *address, const char *path, ls_buffer *out,
                         ls_error *err) {
    ls_buffer request;
    int answered = 0;
    begin_request(address, "GET", path, address->token, &request);
    ls_buffer_text(&request, "\r\n");
    ls_status status = talk(address, path, &request, out, &answered, err);
    ls_buffer_clear(&request);
    if (status == LS_OK && answered != 200) {
        status = ls_fail(err, LS_ERR_IO, "the service on port %d did not answer %s", address->port,
                         path);
    }
    return status;
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
