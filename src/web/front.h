// front.h - a server as a person sets it up: address, keys, tokens; what it says of itself.
//
// The same for a plant's service and a pool's daemon.
#pragma once

#include "web/certificate.h"
#include "web/server.h"

typedef struct ls_web_def {
    const char *listen;             // IP address
    int port;                       // 0: a free one
    const char *data;               // folder of tokens.json
    const char *name;               // another name of this server; may be NULL
    const char *certificate, *key;  // files in PEM; NULL: no TLS
    bool insecure;                  // a non-loopback address without TLS is meant so
} ls_web_def;

typedef struct ls_front {
    ls_web_def def;
    ls_auth auth;
    ls_server *server;  // NULL: not started
    bool (*knows_guest)(void *context, const char *token, ls_role *out_role, ls_guest *out);
    ls_arena arena;
    char *certificate, *key;  // PEM
    ls_certificate *own;      // the first of them; NULL: no TLS
} ls_front;

// Others can reach it, and there is no TLS: it is only made when `insecure` says so.
bool ls_web_is_open(const ls_web_def *def);
// Keeps a copy of the def; its texts stay. Fails with LS_ERR_INVALID where others could listen in:
// an address that is not this machine's alone needs a certificate or `insecure`. Clear it in any
// case.
ls_status ls_front_init(ls_front *front, const ls_web_def *def, ls_error *err);
void ls_front_clear(ls_front *front);  // stops it
// Reads (or makes) the tokens, starts the server, says its address in the log. more: NULL, or
// further routes. front->knows_guest (server.h) may be set before.
ls_status ls_front_start(ls_front *front, const ls_route *routes, size_t route_count, void *context,
                         const ls_stream *stream, const ls_server_more *more, ls_error *err);
void ls_front_stop(ls_front *front);
