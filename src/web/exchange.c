// exchange.c - one question: read, checked, answered; see exchange.h.
#include "web/exchange.h"

#include <arpa/inet.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

enum {
    BRISK_MOST = 8,
    SOME_MOST = 4,
    DEAR_MOST = 1,
    WAIT_S = 20,
    STREAM_BLOCK = 16 << 10,
    STREAM_ROOM = 64 << 10
};

static const char csp[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

ls_connection *ls_exchange_connection(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static const char *header(const ls_exchange *x, const char *name) {
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

static bool is_read(const ls_request *request) {
    return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

// ---- refusals

static void refuse(ls_exchange *x, int status, const char *code, const char *text) {
    ls_answer_fail(&x->answer, status, code, "%s", text);
    x->refused = true;
}

static bool take(ls_exchange *x, ls_rate_kind kind) {
    ls_server *server = x->server;
    pthread_mutex_lock(&server->lock);
    const bool fine = ls_rates_take(&server->limits, x->client, kind, ls_connections_clock_us());
    pthread_mutex_unlock(&server->lock);
    if (!fine) {
        refuse(x, 429, "often", "too many requests; try again in a moment");
        x->answer.retry_s = ls_rates_retry_s(kind);
    }
    return fine;
}

// Another site's page in somebody's browser can send requests here, and its name can be made to
// point here; neither may read or change anything.
static bool comes_from_here(ls_exchange *x) {
    const char *host = header(x, "Host");
    const char *origin = header(x, "Origin");
    const char *site = header(x, "Sec-Fetch-Site");
    const char *names[] = {x->server->host, x->server->def.name};
    const bool plain = x->route != NULL && x->route->need == LS_RIGHT_NEAR;
    if (host == NULL ? !plain : !ls_auth_host_is_ours(host, names, 2)) {
        refuse(x, 403, "host", "this server does not go by that name; see --name");
    } else if (origin != NULL && !ls_auth_origin_is_ours(origin, host, x->request.tls)) {
        refuse(x, 403, "origin", "requests of other sites are not answered");
    } else if (site != NULL && strcasecmp(site, "cross-site") == 0 && x->route != NULL &&
               x->route->need > LS_RIGHT_WELCOME) {
        refuse(x, 403, "origin", "requests of other sites are not answered");
    }
    return !x->refused;
}

static bool find_route(ls_exchange *x) {
    char methods[LS_METHODS_SIZE];
    char parts[LS_ROUTE_STARS][LS_REQUEST_PART_SIZE];
    x->route = ls_route_find(x->server->def.routes, x->server->def.route_count, x->request.method,
                             x->request.path, parts, methods);
    if (x->route == NULL && methods[0] == '\0') {
        const ls_server_more *more = &x->server->def.more;
        x->route = ls_route_find(more->routes, more->route_count, x->request.method,
                                 x->request.path, parts, methods);
        x->more = x->route != NULL;
    }
    memcpy(x->request.part, parts[0], LS_REQUEST_PART_SIZE);
    memcpy(x->request.part2, parts[1], LS_REQUEST_PART_SIZE);
    if (x->route == NULL && methods[0] == '\0') {
        refuse(
            x, 404, "unknown",
            "there is nothing at this address; / is the page, /openapi.yaml says what else there "
            "is, beside /healthz, /readyz and /metrics");
    } else if (x->route == NULL) {
        refuse(x, 405, "method", "this address does not take this method");
        ls_text_format(x->answer.location, sizeof x->answer.location, "%s", methods);
    }
    return !x->refused;
}

// ---- who

static void cookie_name(const ls_exchange *x, char *out, size_t size) {
    // Cookies know no ports: two services on one machine would take each other's.
    ls_text_format(out, size, "lineshaft-%d", x->server->port);
}

static const char *cookie_of(const ls_exchange *x) {
    char name[32];
    cookie_name(x, name, sizeof name);
    return MHD_lookup_connection_value(x->connection, MHD_COOKIE_KIND, name);
}

// Somebody's token, that is none of the three.
static bool find_guest(const ls_exchange *x, const char *token, ls_role *out_role, ls_guest *out) {
    const ls_server_def *def = &x->server->def;
    return token != NULL && def->knows_guest != NULL &&
           def->knows_guest(def->context, token, out_role, out);
}

static bool find_guest_of(ls_exchange *x, const ls_claim *claim) {
    const char *bearer = claim->authorization;
    if (bearer != NULL && strncasecmp(bearer, "Bearer ", 7) != 0) {
        return false;
    }
    return find_guest(x, bearer != NULL ? bearer + 7 : claim->cookie, &x->request.role,
                      &x->request.guest);
}

// Guests see their own part: not what is one for all.
static bool is_for_guests(const ls_route *route) {
    return route->answer != NULL &&
           (route->need == LS_RIGHT_WELCOME || route->need == LS_RIGHT_VIEWER ||
            route->need == LS_RIGHT_OPERATOR);
}

static bool know_role(ls_exchange *x) {
    const ls_right need = x->route->need;
    const ls_claim claim = {.authorization = header(x, "Authorization"), .cookie = cookie_of(x)};
    const bool shown = claim.authorization != NULL || claim.cookie != NULL;
    if (need == LS_RIGHT_NOTHING || (need == LS_RIGHT_NEAR && x->near) ||
        (need == LS_RIGHT_WELCOME && !shown)) {
        return true;
    }
    x->request.known = ls_auth_find(x->server->def.auth, &claim, &x->request.role) ||
                       find_guest_of(x, &claim);
    if (!x->request.known) {
        if ((!shown || take(x, LS_RATE_WRONG)) && need != LS_RIGHT_WELCOME) {
            refuse(x, 401, "token",
                   shown ? "this token is none of ours; open the address that the service prints"
                         : "this needs a token; open the address that the service prints");
        }
        return !x->refused;
    }
    const ls_role least = need == LS_RIGHT_ENGINEER   ? LS_ROLE_ENGINEER
                          : need == LS_RIGHT_OPERATOR ? LS_ROLE_OPERATOR
                                                      : LS_ROLE_VIEWER;
    if (x->request.guest.is_one && (x->more || !is_for_guests(x->route))) {
        refuse(x, 403, "role", "this is not for a token of one account");
    } else if (x->request.role < least) {
        ls_answer_fail(&x->answer, 403, "role", "this needs the role %s", ls_role_text(least));
        x->refused = true;
    }
    return !x->refused;
}

// Letters, digits and hyphens: nothing that an address or a header gives a meaning.
static bool is_plain(const char *text) {
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] ==
           '\0';
}

// What else the address chooses (`wall=1`, `lang=ko`) stays in it, as far as it has room.
static void keep_choices(ls_exchange *x) {
    char *location = x->answer.location;
    size_t used = strlen(location);
    for (uint32_t i = 0; i < x->request.argument_count; i++) {
        const ls_argument *a = &x->request.arguments[i];
        const size_t more = strlen(a->name) + strlen(a->value) + 2;
        if (strcmp(a->name, "token") != 0 && a->name[0] != '\0' && is_plain(a->name) &&
            is_plain(a->value) && used + more < sizeof x->answer.location) {
            ls_text_format(location + used, sizeof x->answer.location - used, "%c%s=%s",
                           used == 1 ? '?' : '&', a->name, a->value);
            used += more;
        }
    }
}

// The printed address: its token becomes a cookie, and goes from the address line.
static void enter(ls_exchange *x) {
    const char *token = ls_request_get(&x->request, "token");
    if (token == NULL || strcmp(x->request.path, "/") != 0) {
        return;
    }
    char name[32];
    ls_role role = LS_ROLE_VIEWER;
    ls_guest guest = {.is_one = false};
    const ls_claim claim = {.token = token};
    if (ls_auth_find(x->server->def.auth, &claim, &role) || find_guest(x, token, &role, &guest)) {
        cookie_name(x, name, sizeof name);
        x->answer.status = 303;
        x->answer.type = "text/plain; charset=utf-8";
        ls_text_format(x->answer.location, sizeof x->answer.location, "/");
        keep_choices(x);
        ls_text_format(x->answer.cookie, sizeof x->answer.cookie,
                       "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000%s", name,
                       guest.is_one ? token : x->server->def.auth->tokens[role],
                       x->request.tls ? "; Secure" : "");
        x->refused = true;
    } else if (take(x, LS_RATE_WRONG)) {
        refuse(x, 401, "token",
               "this token is none of ours; open the address that the service "
               "prints");
    }
}

// ---- body

static void expect_body(ls_exchange *x) {
    const char *length = header(x, "Content-Length");
    const char *type = header(x, "Content-Type");
    int64_t size = 0;
    if (length != NULL && (!ls_text_parse_i64(length, strlen(length), &size) || size < 0)) {
        refuse(x, 400, "invalid", "Content-Length is no number");
    } else if (x->route->body_most > 0 && size > x->route->body_most) {
        refuse(x, 413, "large", "the body is larger than is taken here");
    } else if (x->route->body_most > 0 &&
               (type == NULL ? x->route->effort != LS_EFFORT_BRISK
                             : strncasecmp(type, "application/json", 16) != 0)) {
        refuse(x, 400, "invalid", "the body must be sent as application/json");
    }
}

void ls_exchange_body(ls_exchange *x, const char *bytes, size_t size) {
    if (x->refused || x->route->body_most == 0) {
        return;  // read past it
    }
    if (x->request.body.size + size > x->route->body_most) {
        ls_buffer_clear(&x->request.body);
        refuse(x, 413, "large", "the body is larger than is taken here");
        return;
    }
    ls_buffer_append(&x->request.body, bytes, size);
    if (x->request.body.failed) {
        refuse(x, 503, "busy", "out of memory");
    }
}

// ---- the head

typedef struct arguments {
    ls_request *request;
    bool full;
} arguments;

static enum MHD_Result add_argument(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value) {
    arguments *to = context;
    (void)kind;
    to->full |= !ls_request_add(to->request, name, value);
    return to->full ? MHD_NO : MHD_YES;
}

static const char *known_method(const char *method) {
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(method, methods[i]) == 0) {
            return methods[i];
        }
    }
    return "other";
}

static void see_client(ls_exchange *x) {
    char text[INET6_ADDRSTRLEN] = "";
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *from = info != NULL ? info->client_addr : NULL;
    if (from != NULL && from->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)from;
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    } else if (from != NULL && from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)from;
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    }
    x->near = ls_auth_is_loopback(text);
    x->client = UINT64_C(0xcbf29ce484222325);
    for (const char *c = text; *c != '\0'; c++) {
        x->client = (x->client ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    }
    ls_text_format(x->request.who, sizeof x->request.who, "%s", text);
}

static void name_person(ls_exchange *x) {
    char address[INET6_ADDRSTRLEN];
    ls_text_format(address, sizeof address, "%s", x->request.who);
    ls_text_format(x->request.who, sizeof x->request.who, "%s@%s",
                   x->request.guest.is_one ? x->request.guest.name : ls_role_text(x->request.role),
                   address);
}

static bool takes_gzip(const ls_exchange *x) {
    const char *takes = header(x, "Accept-Encoding");
    const char *at = takes != NULL ? strstr(takes, "gzip") : NULL;
    return at != NULL && strncmp(at, "gzip;q=0", 8) != 0;
}

static void check_head(ls_exchange *x) {
    arguments to = {&x->request, false};
    MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, add_argument, &to);
    const bool found = find_route(x);
    if (!found || !comes_from_here(x)) {
        if (x->answer.status == 404 || x->answer.status == 405) {
            (void)take(x, LS_RATE_READ);
        }
        return;
    }
    if (to.full) {
        refuse(x, 400, "invalid", "too many arguments");
        return;
    }
    enter(x);
    if (x->refused || !know_role(x)) {
        return;
    }
    name_person(x);
    const bool free = x->route->need <= LS_RIGHT_NEAR && !x->request.known;
    const ls_rate_kind kind = x->route->effort == LS_EFFORT_DEAR    ? LS_RATE_DEAR
                              : x->route->effort == LS_EFFORT_BRISK ? LS_RATE_BRISK
                              : is_read(&x->request)                ? LS_RATE_READ
                                                                    : LS_RATE_WRITE;
    if (!free && !take(x, kind)) {
        return;
    }
    expect_body(x);
}

ls_exchange *ls_exchange_begin(ls_server *server, struct MHD_Connection *connection,
                               const char *path, const char *method) {
    ls_exchange *x = ls_alloc(sizeof *x);
    if (x == NULL) {
        return NULL;
    }
    memset(x, 0, sizeof *x);
    x->server = server;
    x->connection = connection;
    x->request.method = known_method(method);
    ls_buffer_init(&x->request.body);
    ls_answer_init(&x->answer);
    x->answer.plain = strncmp(path, "/v2", 3) == 0 && (path[3] == '\0' || path[3] == '/');
    const size_t size = strlen(path) + 1;
    x->request.path = ls_alloc(size);
    if (x->request.path == NULL) {
        ls_exchange_destroy(x);
        return NULL;
    }
    memcpy(x->request.path, path, size);
    x->request.tls = server->def.certificate != NULL;
    x->request.takes_gzip = takes_gzip(x);
    x->request.if_none_match = header(x, "If-None-Match");
    x->request.languages = header(x, "Accept-Language");
    x->has_body = header(x, "Transfer-Encoding") != NULL ||
                  (header(x, "Content-Length") != NULL &&
                   strcmp(header(x, "Content-Length"), "0") != 0);
    see_client(x);
    check_head(x);
    return x;
}

void ls_exchange_destroy(ls_exchange *x) {
    if (x != NULL) {
        ls_request_clear(&x->request);
        ls_answer_clear(&x->answer);
        ls_free(x);
    }
}

// ---- answering

// Waits for one of the few places of its effort. False: there was none for long, or all ends.
static bool get_place(ls_server *server, ls_effort effort) {
    const uint32_t most = effort == LS_EFFORT_DEAR    ? DEAR_MOST
                          : effort == LS_EFFORT_BRISK ? BRISK_MOST
                                                      : SOME_MOST;
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&server->lock);
    int late = 0;
    while (server->busy[effort] >= most && late == 0 && !server->ends) {
        late = pthread_cond_timedwait(&server->freed, &server->lock, &until);
    }
    const bool got = server->busy[effort] < most && !server->ends;
    server->busy[effort] += got;
    pthread_mutex_unlock(&server->lock);
    return got;
}

static void free_place(ls_server *server, ls_effort effort) {
    pthread_mutex_lock(&server->lock);
    server->busy[effort]--;
    pthread_cond_broadcast(&server->freed);
    pthread_mutex_unlock(&server->lock);
}

void ls_exchange_run(ls_exchange *x) {
    const ls_route *route = x->route;
    void *context = x->more ? x->server->def.more.context : x->server->def.context;
    if (route->answer == NULL) {
        return;  // the stream; see below
    }
    if (route->effort == LS_EFFORT_LITTLE) {
        route->answer(context, &x->request, &x->answer);
    } else if (get_place(x->server, route->effort)) {
        route->answer(context, &x->request, &x->answer);
        free_place(x->server, route->effort);
    } else {
        refuse(x, 503, "busy", "others ask the same just now; try again in a moment");
        x->answer.retry_s = 2;
    }
    if (x->answer.body.failed) {
        refuse(x, 503, "busy", "out of memory");
    }
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t size) {
    (void)position;
    const ptrdiff_t got = ls_ring_read(context, out, size);
    return got < 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)got;
}

static void leave_stream(void *context) {
    ls_ring_leave(context);
}

// A hundred viewers wake up at once, five times a second; deciding goes first. Of this connection's
// own thread, which does nothing else from now on: not under any lock that others wait for but the
// ring's. Where the kernel does not let us, they compete.
static void step_back(void) {
    (void)sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0});
}

static struct MHD_Response *open_stream(ls_exchange *x) {
    const char *last = header(x, "Last-Event-ID");
    const char *topics = ls_request_get(&x->request, "topics");
    int64_t after = 0;
    unsigned wanted = UINT_MAX;
    if (last != NULL && (!ls_text_parse_i64(last, strlen(last), &after) || after < 0)) {
        after = 0;  // another server's; the whole state mends it
    }
    const ls_stream *stream = x->more ? &x->server->def.more.stream : &x->server->def.stream;
    if (stream->topics != NULL && !stream->topics(topics, &wanted)) {
        refuse(x, 400, "invalid", stream->topics_text);
        return NULL;
    }
    ls_listener *listener = stream->listen != NULL
                                ? stream->listen(stream->context, (uint64_t)after, wanted)
                                : NULL;
    if (listener == NULL) {
        refuse(x, 503, "busy", "too many listen already");
        x->answer.retry_s = 5;
        return NULL;
    }
    // A reader that stops reading must not hide behind megabytes of the system's memory.
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const int room = STREAM_ROOM;
    if (info != NULL) {
        (void)setsockopt(info->connect_fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    }
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, listener, leave_stream);
    if (response == NULL) {
        ls_ring_leave(listener);
    } else {
        x->answer.type = "text/event-stream";
        step_back();
    }
    return response;
}

static void add_headers(const ls_exchange *x, struct MHD_Response *response) {
    const ls_answer *answer = &x->answer;
    char text[32];
    MHD_add_response_header(response, "Content-Type", answer->type);
    MHD_add_response_header(response, "Cache-Control", answer->keeps ? "no-cache" : "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "X-Frame-Options", "DENY");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    MHD_add_response_header(response, "Content-Security-Policy", csp);
    if (answer->keeps) {
        MHD_add_response_header(response, "Vary", "Accept-Encoding");
    }
    if (answer->encoding != NULL) {
        MHD_add_response_header(response, "Content-Encoding", answer->encoding);
    }
    if (answer->etag != NULL) {
        MHD_add_response_header(response, "ETag", answer->etag);
    }
    if (answer->location[0] != '\0') {
        MHD_add_response_header(response, answer->status == 405 ? "Allow" : "Location",
                                answer->location);
    }
    if (answer->next[0] != '\0') {
        MHD_add_response_header(response, "Next", answer->next);
    }
    if (answer->cookie[0] != '\0') {
        MHD_add_response_header(response, "Set-Cookie", answer->cookie);
    }
    if (answer->status == 401) {
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    }
    if (answer->download) {
        MHD_add_response_header(response, "Content-Disposition",
                                "attachment; filename=\"history.csv\"");
    }
    if (answer->retry_s > 0) {
        ls_text_format(text, sizeof text, "%u", answer->retry_s);
        MHD_add_response_header(response, "Retry-After", text);
    }
}

enum MHD_Result ls_exchange_answer(ls_exchange *x) {
    struct MHD_Response *response = NULL;
    const bool streams = !x->refused && x->route->answer == NULL &&
                         strcmp(x->request.method, "GET") == 0;
    if (streams) {
        response = open_stream(x);
    }
    if (response == NULL && x->answer.bytes != NULL) {
        response = MHD_create_response_from_buffer(
            x->answer.size, (void *)(uintptr_t)x->answer.bytes, MHD_RESPMEM_PERSISTENT);
    } else if (response == NULL) {
        const char *text = x->answer.body.data != NULL ? x->answer.body.data : "";
        response = MHD_create_response_from_buffer(x->answer.body.size, (void *)(uintptr_t)text,
                                                   MHD_RESPMEM_MUST_COPY);
    }
    if (response == NULL) {
        return MHD_NO;
    }
    add_headers(x, response);
    const enum MHD_Result queued = MHD_queue_response(x->connection, (unsigned)x->answer.status,
                                                      response);
    MHD_destroy_response(response);
    return queued;
}
