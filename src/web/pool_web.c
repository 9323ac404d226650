// pool_web.c - see pool_web.h.
#include "web/pool_web.h"

#include "web/pool_api.h"

struct ls_pool_web {
    ls_front front;
    ls_pool_api api;
};

static bool knows_guest(void *context, const char *token, ls_role *out_role, ls_guest *out) {
    const ls_pool_api *api = context;
    ls_asker who;
    ls_desk *desk = ls_pool_daemon_lock(api->daemon);
    const bool known = ls_desk_knows_token(desk, token, &who);
    if (known) {
        *out = (ls_guest){.is_one = true, .account = who.account, .uid = who.uid, .gid = who.gid};
        ls_text_format(out->name, sizeof out->name, "%s", who.name);
        *out_role = who.may_act ? LS_ROLE_OPERATOR : LS_ROLE_VIEWER;
    }
    ls_pool_daemon_unlock(api->daemon);
    return known;
}

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
    web->front.knows_guest = knows_guest;
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
