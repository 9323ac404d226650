// face.h - how the service is seen from outside: a web face that somebody above attaches.
//
// The service opens it when it is ready to be asked, and closes it before anything else goes.
#pragma once

#include "base/status.h"

struct ls_service;

typedef struct ls_face {
    // Fails with LS_ERR_IO (port in use) or LS_ERR_INVALID (no address). *out_port: the real one.
    ls_status (*open)(void *context, struct ls_service *service, int *out_port, ls_error *err);
    void (*close)(void *context);  // also after a failed open
    void *context;
} ls_face;
