// pool_web.c - see pool_web.h.
#include "web/pool_web.h"

#include "web/pool_api.h"

struct ls_pool_web {
    ls_front front;
    ls_pool_api api;
};

ls_status ls_pool_web_start(const ls_web_def *def, ls_pool_daemon *daemon, const char *pool_name,
                            const char *version, bool takes_jobs, ls_pool_web **out,
                            ls_error *err) {
    *out = NULL;
    ls_pool_web *web = ls_alloc(sizeof *web);
    if (web == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the web face");
    }
    web->api = (ls_pool_api){
        .daemon = daemon,
        .version = version,
        .name = pool_name,
        .refuses = takes_jobs ? NULL
                              : "this daemon runs as root and takes jobs from its local socket "
                                "alone"};
    ls_status status = ls_front_init(&web->front, def, err);
    if (status == LS_OK) {
        status = ls_pool_live_open(daemon, &web->api.stream, err);
    }
    if (status == LS_OK) {
        const ls_stream stream = ls_pool_live_stream(web->api.stream);
        status = ls_front_start(&web->front, ls_pool_api_routes, ls_pool_api_route_count, &web->api,
                                &stream, NULL, err);
    }
    if (status != LS_OK) {
        ls_pool_web_stop(web);
        return status;
    }
    *out = web;
    return LS_OK;
}

int ls_pool_web_port(const ls_pool_web *web) {
    return ls_server_port(web->front.server);
}

void ls_pool_web_stop(ls_pool_web *web) {
    if (web != NULL) {
        ls_front_clear(&web->front);
        ls_pool_live_close(web->api.stream);
        ls_free(web);
    }
}
