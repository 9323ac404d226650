// web.c - see web.h.
#include "web/web.h"

#include <string.h>

#include "web/api.h"
#include "web/pool_api.h"

struct ls_web {
    ls_front front;
    ls_face face;
    ls_api api;
    ls_pool_api pool;  // of the service's own pool
};

static void close_face(void *context) {
    ls_web *web = context;
    ls_front_stop(&web->front);
    ls_live_close(web->api.stream);
    web->api.stream = NULL;
    ls_pool_live_close(web->pool.stream);
    web->pool.stream = NULL;
}

static ls_status open_pool(ls_web *web, ls_service *service, ls_server_more *out, ls_error *err) {
    *out = (ls_server_more){.routes = NULL};
    const char *name = NULL;
    ls_pool_daemon *daemon = ls_view_pool(service, &name);
    web->pool = (ls_pool_api){
        .daemon = daemon,
        .name = name,
        .version = ls_view_version(service),
        .refuses = "the pool of a plant's service takes jobs from its local socket alone"};
    if (web->pool.daemon == NULL) {
        return LS_OK;
    }
    const ls_status status = ls_pool_live_open(web->pool.daemon, &web->pool.stream, err);
    if (status == LS_OK) {
        *out = (ls_server_more){.routes = ls_pool_api_routes,
                                .route_count = ls_pool_api_route_count,
                                .context = &web->pool,
                                .stream = ls_pool_live_stream(web->pool.stream)};
    }
    return status;
}

static ls_status open_face(void *context, ls_service *service, ls_face_at *out, ls_error *err) {
    ls_web *web = context;
    ls_front *front = &web->front;
    web->api.service = service;
    ls_api_infer_open(&web->api);
    ls_status status = ls_live_open(service, &web->api.stream, err);
    if (status != LS_OK) {
        return status;
    }
    const ls_stream stream = ls_live_stream(web->api.stream);
    ls_server_more more;
    status = open_pool(web, service, &more, err);
    if (status == LS_OK) {
        status = ls_front_start(front, ls_api_routes, ls_api_route_count, &web->api, &stream, &more,
                                err);
    }
    if (status == LS_OK) {
        *out = (ls_face_at){
            .port = ls_server_port(front->server),
            .name = front->def.name,
            .certificate = front->own != NULL ? ls_certificate_print(front->own) : NULL,
        };
    }
    return status;
}

ls_status ls_web_create(const ls_web_def *def, ls_web **out, ls_error *err) {
    *out = NULL;
    ls_web *web = ls_alloc(sizeof *web);
    if (web == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the web face");
    }
    ls_memo_init(&web->api.memo);
    web->face = (ls_face){.open = open_face, .close = close_face, .context = web};
    const ls_status status = ls_front_init(&web->front, def, err);
    if (status != LS_OK) {
        ls_web_destroy(web);
        return status;
    }
    *out = web;
    return LS_OK;
}

void ls_web_destroy(ls_web *web) {
    if (web != NULL) {
        ls_front_clear(&web->front);
        ls_memo_clear(&web->api.memo);
        ls_free(web);
    }
}

const ls_face *ls_web_face(const ls_web *web) {
    return &web->face;
}
