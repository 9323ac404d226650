// http.c - see http.h.
#include "loop/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#include "base/arena.h"

enum { CONNECTIONS_MAX = 32, IDLE_SECONDS = 15, REQUEST_MEMORY = 16 * 1024 };

struct ls_http {
    struct MHD_Daemon *daemon;
    ls_http_answer_fn answer;
    void *context;
    int port;
};

static enum MHD_Result send_answer(struct MHD_Connection *connection, ls_http_answer *answer) {
    if (answer->body.failed) {
        answer->status = 503;
    }
    // A copy, since the buffer has an allocator of its own.
    const char *text = answer->body.data != NULL ? answer->body.data : "";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.size, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", answer->type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (answer->status == 405) {
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    }
    const enum MHD_Result queued = MHD_queue_response(connection, (unsigned)answer->status,
                                                      response);
    MHD_destroy_response(response);
    return queued;
}

// libmicrohttpd calls once with the head of a request and again when it is whole; only an answer in
// the second call keeps the connection.
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request) {
    static int seen;
    ls_http *http = context;
    (void)version;
    (void)upload;
    if (*request == NULL) {
        *request = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {  // nobody wants a body; read past it
        *upload_size = 0;
        return MHD_YES;
    }
    ls_http_answer answer = {.status = 404, .type = "text/plain; charset=utf-8"};
    ls_buffer_init(&answer.body);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        answer.status = 405;
        ls_buffer_text(&answer.body, "only GET is answered here\n");
    } else {
        http->answer(http->context, url, &answer);
    }
    const enum MHD_Result sent = send_answer(connection, &answer);
    ls_buffer_clear(&answer.body);
    return sent;
}

static ls_status make_address(const char *address, int port, struct sockaddr_storage *out,
                              ls_error *err) {
    memset(out, 0, sizeof *out);
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
    } else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
    } else {
        ls_fail(err, LS_ERR_INVALID, "'%s' is no IP address to listen on", address);
        ls_hint(err, "127.0.0.1 is this machine alone, 0.0.0.0 everybody who can reach it");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

ls_status ls_http_start(const char *address, int port, ls_http_answer_fn answer, void *context,
                        ls_http **out, ls_error *err) {
    *out = NULL;
    struct sockaddr_storage where;
    const ls_status status = make_address(address, port, &where, err);
    if (status != LS_OK) {
        return status;
    }
    ls_http *http = ls_alloc(sizeof *http);
    if (http == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the web server");
    }
    http->answer = answer;
    http->context = context;
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD;
    flags |= where.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0u;
    http->daemon = MHD_start_daemon(flags, (uint16_t)port, NULL, NULL, handle, http,
                                    MHD_OPTION_SOCK_ADDR, &where, MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                                    (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                    (size_t)REQUEST_MEMORY, MHD_OPTION_END);
    if (http->daemon == NULL) {
        const int why = errno;
        ls_free(http);
        ls_fail(err, LS_ERR_IO, "cannot listen on %s port %d: %s", address, port, strerror(why));
        ls_hint(err, why == EADDRINUSE ? "another service has it; choose another with --port, or "
                                         "--port 0 for a free one"
                                       : "choose another with --port or --listen");
        return LS_ERR_IO;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
    http->port = info != NULL ? (int)info->port : port;
    *out = http;
    return LS_OK;
}

int ls_http_port(const ls_http *http) {
    return http->port;
}

void ls_http_stop(ls_http *http) {
    if (http != NULL) {
        MHD_stop_daemon(http->daemon);
        ls_free(http);
    }
}
