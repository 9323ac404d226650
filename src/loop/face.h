// face.h - how the service is seen from outside: a web face that somebody above attaches.
//
// The service opens it when it is ready to be asked, and closes it before anything else goes.
#pragma once

#include "base/status.h"

struct ls_service;

// How an open face is reached; its texts stay until it is closed.
typedef struct ls_face_at {
    int port;                 // the real one
    const char *name;         // another name of this machine; may be NULL
    const char *certificate;  // SHA-256 of the one it speaks TLS with, as hexadecimal; NULL: no TLS
} ls_face_at;

typedef struct ls_face {
    // Fails with LS_ERR_IO (port in use) or LS_ERR_INVALID (no address).
    ls_status (*open)(void *context, struct ls_service *service, ls_face_at *out, ls_error *err);
    void (*close)(void *context);  // also after a failed open
    void *context;
} ls_face;
