// server.h - the HTTP server: connections, heads, bodies, and who may ask.
//
// libmicrohttpd with a thread a connection, so that a slow answer or a slow reader is nobody else's
// business. What comes in is checked in this order: how often, from where (Host, Origin), which
// route, who (token), which role, how much (body). Only then is a route's function called, on any
// thread and on several at once.
//
// A client that does not finish its question in time is cut off; when many are connected, sooner.
#pragma once

#include "web/auth.h"
#include "web/request.h"
#include "web/stream.h"

typedef enum ls_right {
    LS_RIGHT_NOTHING,
    LS_RIGHT_WELCOME,  // nothing, but who shows a token is known by it
    LS_RIGHT_NEAR,     // on this machine nothing, from elsewhere a token
    LS_RIGHT_VIEWER,
    LS_RIGHT_OPERATOR,
    LS_RIGHT_ENGINEER,
} ls_right;

typedef enum ls_effort {
    LS_EFFORT_LITTLE,
    // A program asks, again and again: some at once, by a rate of its own; such programs do not
    // always say of what type their body is.
    LS_EFFORT_BRISK,
    LS_EFFORT_SOME,  // reads a lot: a few at once
    LS_EFFORT_DEAR,  // runs futures: one at once
} ls_effort;

typedef void ls_route_fn(void *context, const ls_request *request, ls_answer *answer);

typedef struct ls_route {
    const char *method;  // "GET" answers HEAD too
    const char *path;    // a `*` stands for one part: request.part, a second one request.part2
    ls_right need;
    ls_effort effort;
    uint32_t body_most;   // 0: no body
    ls_route_fn *answer;  // NULL: the live stream
} ls_route;

// Finds the route; out_part is what stands for its stars. *out_methods: the methods this path has,
// "GET, HEAD, PUT"; empty: no such path.
enum { LS_METHODS_SIZE = 64, LS_ROUTE_STARS = 2 };
const ls_route *ls_route_find(const ls_route *routes, size_t count, const char *method,
                              const char *path, char out_part[LS_ROUTE_STARS][LS_REQUEST_PART_SIZE],
                              char out_methods[LS_METHODS_SIZE]);

// More routes, with what they share; looked at where the first ones do not have the path.
typedef struct ls_server_more {
    const ls_route *routes;  // NULL: none
    size_t route_count;
    void *context;
    ls_stream stream;
} ls_server_more;

typedef struct ls_server_def {
    const char *listen;             // IP address
    int port;                       // 0: a free one
    const char *name;               // another name that Host may say; may be NULL
    const char *certificate, *key;  // PEM; NULL: no TLS
    const ls_auth *auth;
    // Whose other tokens are: true, with role and all of *out, when it is one. Guests are let in to
    // routes that need no more than a viewer or an operator, and not to the stream; what they may
    // see there is the routes' business. Any thread; NULL: there are no guests.
    bool (*knows_guest)(void *context, const char *token, ls_role *out_role, ls_guest *out);
    const ls_route *routes;
    size_t route_count;
    void *context;
    ls_stream stream;  // all NULL: none
    ls_server_more more;
    uint32_t connections_most;  // 0: 256
    int64_t patience_us;        // for a whole question; 0: 10 s
} ls_server_def;

typedef struct ls_server ls_server;

// Copies the def; what it points to stays until the end. Fails with LS_ERR_IO (port in use) or
// LS_ERR_INVALID (no address, no certificate).
ls_status ls_server_start(const ls_server_def *def, ls_server **out, ls_error *err);
int ls_server_port(const ls_server *server);
// Ends the stream, cuts everybody off, waits for answers under way. NULL is fine.
void ls_server_stop(ls_server *server);
