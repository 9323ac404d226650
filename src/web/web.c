// web.c - see web.h.
#include "web/web.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "loop/say.h"
#include "web/api.h"
#include "web/certificate.h"

enum { PEM_MAX = 1 << 20 };

struct ls_web {
    ls_web_def def;
    ls_face face;
    ls_auth auth;
    ls_api api;
    ls_server *server;
    ls_arena arena;
    char *certificate, *key;  // PEM
    ls_certificate *own;      // the first of them; NULL: no TLS
};

static void tell_address(const ls_web *web) {
    const ls_web_def *def = &web->def;
    const bool v6 = strchr(def->listen, ':') != NULL && strcmp(def->listen, "::") != 0;
    char own[256] = "localhost";
    const bool anywhere = strcmp(def->listen, "0.0.0.0") == 0 || strcmp(def->listen, "::") == 0;
    if (anywhere && def->name == NULL) {
        (void)gethostname(own, sizeof own - 1);
    }
    const char *host = !anywhere ? def->listen : def->name != NULL ? def->name : own;
    // The page's address goes to whoever started the service, and to nobody else.
    ls_say(LS_LOG_INFO, "page", "", "http%s://%s%s%s:%d/?token=%s", def->certificate ? "s" : "",
           v6 ? "[" : "", host, v6 ? "]" : "", ls_server_port(web->server),
           web->auth.tokens[LS_ROLE_ENGINEER]);
    if (!ls_auth_is_loopback(def->listen) && def->certificate == NULL) {
        ls_say(LS_LOG_WARNING, "page", "",
               "everybody on the network between can read tokens and change what is asked "
               "(--insecure)");
    }
}

// It is served as it is: who asks will refuse it, and a new one is a person's to make.
static void warn_of_certificate(const ls_web *web) {
    ls_error err = {0};
    if (web->own != NULL && ls_certificate_check(web->own, (int64_t)time(NULL), web->def.listen,
                                                 web->def.name, &err) != LS_OK) {
        ls_say(LS_LOG_WARNING, "page", "",
               "the certificate '%s': %s; browsers and commands refuse it", web->def.certificate,
               err.text);
    }
}

static void close_face(void *context) {
    ls_web *web = context;
    ls_server_stop(web->server);
    ls_live_close(web->api.stream);
    web->server = NULL;
    web->api.stream = NULL;
}

static ls_status open_face(void *context, ls_service *service, ls_face_at *out, ls_error *err) {
    ls_web *web = context;
    web->api.service = service;
    ls_status status = ls_auth_load(web->def.data, &web->auth, err);
    if (status == LS_OK) {
        status = ls_live_open(service, &web->api.stream, err);
    }
    if (status != LS_OK) {
        return status;
    }
    const ls_server_def def = {
        .listen = web->def.listen,
        .port = web->def.port,
        .name = web->def.name,
        .certificate = web->certificate,
        .key = web->key,
        .auth = &web->auth,
        .routes = ls_api_routes,
        .route_count = ls_api_route_count,
        .context = &web->api,
        .stream = web->api.stream,
    };
    status = ls_server_start(&def, &web->server, err);
    if (status == LS_OK) {
        *out = (ls_face_at){
            .port = ls_server_port(web->server),
            .name = web->def.name,
            .certificate = web->own != NULL ? ls_certificate_print(web->own) : NULL,
        };
        tell_address(web);
        warn_of_certificate(web);
    }
    return status;
}

bool ls_web_is_open(const ls_web_def *def) {
    return ls_auth_is_address(def->listen) && !ls_auth_is_loopback(def->listen) &&
           def->certificate == NULL;
}

// Who listens to others sends tokens over a wire; that needs TLS, or somebody who says it does not.
static ls_status check(const ls_web_def *def, ls_error *err) {
    if ((def->certificate == NULL) != (def->key == NULL)) {
        return ls_fail(err, LS_ERR_INVALID,
                       "a certificate needs its key, and a key its "
                       "certificate");
    }
    if (ls_web_is_open(def) && !def->insecure) {
        ls_fail(err, LS_ERR_INVALID, "%s can be reached by others, who could read the tokens",
                def->listen);
        ls_hint(err,
                "give --tls-cert and --tls-key, or put something in front that has them and "
                "listen on 127.0.0.1; --insecure, or 'web: {insecure: true}' in the plant file, "
                "does it without");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static ls_status read_own(ls_web *web, size_t size, ls_error *err) {
    ls_error why = {0};
    const ls_status status = ls_certificate_from_pem(web->certificate, size, &web->own, &why);
    if (status != LS_OK) {
        ls_fail(err, status, "--tls-cert '%s': %s", web->def.certificate, why.text);
        ls_hint(err, "a PEM file begins a certificate with '-----BEGIN CERTIFICATE-----'");
    }
    return status;
}

static ls_status read_keys(ls_web *web, ls_error *err) {
    size_t size = 0;
    ls_status status = LS_OK;
    if (web->def.certificate != NULL) {
        status = ls_file_read(web->def.certificate, PEM_MAX, &web->arena, &web->certificate, &size,
                              err);
    }
    if (web->def.certificate != NULL && status == LS_OK) {
        status = read_own(web, size, err);
    }
    if (web->def.certificate != NULL && status == LS_OK) {
        status = ls_file_read(web->def.key, PEM_MAX, &web->arena, &web->key, &size, err);
    }
    return status;
}

ls_status ls_web_create(const ls_web_def *def, ls_web **out, ls_error *err) {
    *out = NULL;
    ls_status status = check(def, err);
    if (status != LS_OK) {
        return status;
    }
    ls_web *web = ls_alloc(sizeof *web);
    if (web == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the web face");
    }
    memset(web, 0, sizeof *web);
    web->def = *def;
    ls_arena_init(&web->arena);
    ls_memo_init(&web->api.memo);
    web->face = (ls_face){.open = open_face, .close = close_face, .context = web};
    status = read_keys(web, err);
    if (status != LS_OK) {
        ls_web_destroy(web);
        return status;
    }
    *out = web;
    return LS_OK;
}

void ls_web_destroy(ls_web *web) {
    if (web != NULL) {
        ls_certificate_destroy(web->own);
        ls_arena_clear(&web->arena);
        ls_memo_clear(&web->api.memo);
        ls_free(web);
    }
}

const ls_face *ls_web_face(const ls_web *web) {
    return &web->face;
}
