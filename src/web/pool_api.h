// pool_api.h - inside of the pool's web face: what its routes share. pool_openapi.yaml states them.
#pragma once

#include "exec/daemon.h"
#include "web/pool_live.h"
#include "web/server.h"

typedef struct ls_pool_api {
    ls_pool_daemon *daemon;
    ls_pool_live *stream;
    const char *version;
    const char *name;     // of the pool
    const char *refuses;  // why nothing may be submitted over HTTP here; NULL: it may
} ls_pool_api;

extern const ls_route ls_pool_api_routes[];
extern const size_t ls_pool_api_route_count;
