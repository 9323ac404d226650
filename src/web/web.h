// web.h - the service's web face: the page, its API and its live stream.
//
// Attached to a service by its def's `face`; opened when the service is ready and closed first. The
// routes are those of openapi.yaml. Who may ask is in auth.h, how much in server.h.
#pragma once

#include "loop/face.h"
#include "web/front.h"

typedef struct ls_web ls_web;

// Keeps a copy of the def; its texts stay. Fails with LS_ERR_INVALID where others could listen in:
// an address that is not this machine's alone needs a certificate or `insecure`. NULL in *out then.
ls_status ls_web_create(const ls_web_def *def, ls_web **out, ls_error *err);
void ls_web_destroy(ls_web *web);  // after the service has ended; NULL is fine
const ls_face *ls_web_face(const ls_web *web);
