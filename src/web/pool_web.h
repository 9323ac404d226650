// pool_web.h - a pool's web face: the page, its API and its live stream.
//
// The routes are those of pool_openapi.yaml. Who may ask is in auth.h, how much in server.h.
#pragma once

#include "exec/daemon.h"
#include "web/front.h"

typedef struct ls_pool_web ls_pool_web;

// Serves until stop. `takes_jobs`: jobs may be submitted over HTTP; they run as the daemon's own
// user. Texts of the def, the daemon and its pool must outlive it. Fails with LS_ERR_IO (port in
// use), LS_ERR_INVALID (as ls_front_init), LS_ERR_MEMORY; NULL in *out then.
ls_status ls_pool_web_start(const ls_web_def *def, ls_pool_daemon *daemon, const char *pool_name,
                            const char *version, bool takes_jobs, ls_pool_web **out, ls_error *err);
int ls_pool_web_port(const ls_pool_web *web);
void ls_pool_web_stop(ls_pool_web *web);  // before the daemon is closed; NULL is fine
