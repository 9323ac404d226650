// web.h - the service's web face: the page, its API and its live stream.
//
// Attached to a service by its def's `face`; opened when the service is ready and closed first. The
// routes are those of openapi.yaml. Who may ask is in auth.h, how much in server.h.
#pragma once

#include "loop/face.h"

typedef struct ls_web_def {
    const char *listen;             // IP address
    int port;                       // 0: a free one
    const char *data;               // folder of tokens.json
    const char *name;               // another name of this server; may be NULL
    const char *certificate, *key;  // files in PEM; NULL: no TLS
    bool insecure;                  // a non-loopback address without TLS is meant so
} ls_web_def;

typedef struct ls_web ls_web;

// Others can reach it, and there is no TLS: it is only made when `insecure` says so.
bool ls_web_is_open(const ls_web_def *def);
// Keeps a copy of the def; its texts stay. Fails with LS_ERR_INVALID where others could listen in:
// an address that is not this machine's alone needs a certificate or `insecure`. NULL in *out then.
ls_status ls_web_create(const ls_web_def *def, ls_web **out, ls_error *err);
void ls_web_destroy(ls_web *web);  // after the service has ended; NULL is fine
const ls_face *ls_web_face(const ls_web *web);
