// server.c - see server.h.
#include "web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "web/connections.h"
#include "web/exchange.h"
#include "web/rates.h"

enum {
    CONNECTIONS_MAX = 256,
    IDLE_S = 20,
    REQUEST_MEMORY = 32 * 1024,
    STACK_SIZE = 1 << 20,
};
static const int64_t PATIENCE_US = 10000000;

// ---- the three moments that libmicrohttpd tells of

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what) {
    ls_server *server = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
            connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context = info != NULL ? ls_connections_enter(server->connections, info->connect_fd)
                                       : NULL;
    } else {
        ls_connections_leave(server->connections, *socket_context);
        *socket_context = NULL;
    }
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode how) {
    ls_server *server = context;
    (void)how;
    ls_exchange_destroy(*request);
    *request = NULL;
    ls_connections_wait(server->connections, ls_exchange_connection(connection), true);
}

// Called with the head of a question, with each piece of its body, and when it is whole.
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request) {
    ls_server *server = context;
    ls_exchange *exchange = *request;
    (void)version;
    if (exchange == NULL) {
        if (ls_exchange_connection(connection) == NULL) {
            return MHD_NO;  // all places are taken by those who wait for an answer
        }
        exchange = *request = ls_exchange_begin(server, connection, url, method);
        if (exchange == NULL) {
            return MHD_NO;
        }
        // What is refused by its head is answered at once, and its body never read.
        return exchange->refused && exchange->has_body ? ls_exchange_answer(exchange) : MHD_YES;
    }
    if (*upload_size > 0) {
        ls_exchange_body(exchange, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    ls_connections_wait(server->connections, ls_exchange_connection(connection), false);
    if (!exchange->refused) {
        ls_exchange_run(exchange);
    }
    return ls_exchange_answer(exchange);
}

// ---- starting, stopping

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

static struct MHD_Daemon *start_daemon(ls_server *server, const struct sockaddr_storage *where) {
    const ls_server_def *def = &server->def;
    const bool tls = def->certificate != NULL;
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC;
    flags |= where->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0u;
    flags |= tls ? MHD_USE_TLS : 0u;
    const struct MHD_OptionItem keys[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)def->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)def->key},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(
        flags, (uint16_t)def->port, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, where,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)def->connections_most + LS_CONNECTIONS_SPARE,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)REQUEST_MEMORY, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_ARRAY, tls ? keys : none, MHD_OPTION_END);
}

static ls_status cannot_listen(const ls_server_def *def, int why, ls_error *err) {
    if (def->certificate != NULL && why != EADDRINUSE && why != EACCES && why != EADDRNOTAVAIL) {
        ls_fail(err, LS_ERR_INVALID, "the certificate and its key are not taken");
        ls_hint(err,
                "both are PEM files, and the key belongs to the first certificate in its file");
        return LS_ERR_INVALID;
    }
    ls_fail(err, LS_ERR_IO, "cannot listen on %s port %d: %s", def->listen, def->port,
            ls_errno_text(why));
    ls_hint(err, why == EADDRINUSE ? "another service has it; choose another with --port, or "
                                     "--port 0 for a free one"
                                   : "choose another with --port or --listen");
    return LS_ERR_IO;
}

static ls_server *make(const ls_server_def *def) {
    ls_server *server = ls_alloc(sizeof *server);
    if (server != NULL) {
        memset(server, 0, sizeof *server);
        server->def = *def;
        server->def.connections_most = def->connections_most != 0 ? def->connections_most
                                                                  : CONNECTIONS_MAX;
        server->def.patience_us = def->patience_us != 0 ? def->patience_us : PATIENCE_US;
        (void)gethostname(server->host, sizeof server->host - 1);
        pthread_mutex_init(&server->lock, NULL);
        pthread_condattr_t monotonic;  // a wall clock that is set back shall not stretch a wait
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&server->freed, &monotonic);
        pthread_condattr_destroy(&monotonic);
    }
    return server;
}

static void destroy(ls_server *server) {
    ls_connections_close(server->connections);
    pthread_cond_destroy(&server->freed);
    pthread_mutex_destroy(&server->lock);
    ls_free(server);
}

ls_status ls_server_start(const ls_server_def *def, ls_server **out, ls_error *err) {
    *out = NULL;
    struct sockaddr_storage where;
    ls_status status = ls_microhttpd_open(err);
    status = status == LS_OK ? make_address(def->listen, def->port, &where, err) : status;
    if (status != LS_OK) {
        return status;
    }
    ls_server *server = make(def);
    if (server == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the web server");
    }
    status = ls_connections_open(server->def.connections_most, server->def.patience_us,
                                 &server->connections, err);
    if (status != LS_OK) {
        destroy(server);
        return status;
    }
    errno = 0;
    server->daemon = start_daemon(server, &where);
    if (server->daemon == NULL) {
        status = cannot_listen(def, errno, err);
        destroy(server);
        return status;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon,
                                                           MHD_DAEMON_INFO_BIND_PORT);
    server->port = info != NULL ? (int)info->port : def->port;
    *out = server;
    return LS_OK;
}

int ls_server_port(const ls_server *server) {
    return server->port;
}

// Its readers sit in threads of the daemon.
static void end_stream(const ls_stream *stream) {
    if (stream->end != NULL) {
        stream->end(stream->context);
    }
}

void ls_server_stop(ls_server *server) {
    if (server != NULL) {
        end_stream(&server->def.stream);
        end_stream(&server->def.more.stream);
        pthread_mutex_lock(&server->lock);
        server->ends = true;
        pthread_cond_broadcast(&server->freed);
        pthread_mutex_unlock(&server->lock);
        MHD_stop_daemon(server->daemon);
        destroy(server);
    }
}
