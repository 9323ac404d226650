// front.c - see front.h.
#include "web/front.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "loop/say.h"

enum { PEM_MAX = 1 << 20 };

static void tell_address(const ls_front *front) {
    const ls_web_def *def = &front->def;
    const bool v6 = strchr(def->listen, ':') != NULL && strcmp(def->listen, "::") != 0;
    char own[256] = "localhost";
    const bool anywhere = strcmp(def->listen, "0.0.0.0") == 0 || strcmp(def->listen, "::") == 0;
    if (anywhere && def->name == NULL) {
        (void)gethostname(own, sizeof own - 1);
    }
    const char *host = !anywhere ? def->listen : def->name != NULL ? def->name : own;
    // The page's address goes to whoever started the service, and to nobody else.
    ls_say(LS_LOG_INFO, "page", "", "http%s://%s%s%s:%d/?token=%s", def->certificate ? "s" : "",
           v6 ? "[" : "", host, v6 ? "]" : "", ls_server_port(front->server),
           front->auth.tokens[LS_ROLE_ENGINEER]);
    if (!ls_auth_is_loopback(def->listen) && def->certificate == NULL) {
        ls_say(LS_LOG_WARNING, "page", "",
               "everybody on the network between can read tokens and change what is asked "
               "(--insecure)");
    }
}

// It is served as it is: who asks will refuse it, and a new one is a person's to make.
static void warn_of_certificate(const ls_front *front) {
    ls_error err = {0};
    if (front->own != NULL &&
        ls_certificate_check(front->own, (int64_t)time(NULL), front->def.listen, front->def.name,
                             &err) != LS_OK) {
        ls_say(LS_LOG_WARNING, "page", "",
               "the certificate '%s': %s; browsers and commands refuse it", front->def.certificate,
               err.text);
    }
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

static ls_status read_own(ls_front *front, size_t size, ls_error *err) {
    ls_error why = {0};
    const ls_status status = ls_certificate_from_pem(front->certificate, size, &front->own, &why);
    if (status != LS_OK) {
        ls_fail(err, status, "--tls-cert '%s': %s", front->def.certificate, why.text);
        ls_hint(err, "a PEM file begins a certificate with '-----BEGIN CERTIFICATE-----'");
    }
    return status;
}

static ls_status read_keys(ls_front *front, ls_error *err) {
    size_t size = 0;
    ls_status status = LS_OK;
    if (front->def.certificate != NULL) {
        status = ls_file_read(front->def.certificate, PEM_MAX, &front->arena, &front->certificate,
                              &size, err);
    }
    if (front->def.certificate != NULL && status == LS_OK) {
        status = read_own(front, size, err);
    }
    if (front->def.certificate != NULL && status == LS_OK) {
        status = ls_file_read(front->def.key, PEM_MAX, &front->arena, &front->key, &size, err);
    }
    return status;
}

ls_status ls_front_init(ls_front *front, const ls_web_def *def, ls_error *err) {
    *front = (ls_front){.def = *def};
    ls_arena_init(&front->arena);
    const ls_status status = check(def, err);
    return status == LS_OK ? read_keys(front, err) : status;
}

void ls_front_clear(ls_front *front) {
    ls_front_stop(front);
    ls_certificate_destroy(front->own);
    ls_arena_clear(&front->arena);
    front->own = NULL;
}

ls_status ls_front_start(ls_front *front, const ls_route *routes, size_t route_count, void *context,
                         const ls_stream *stream, const ls_server_more *more, ls_error *err) {
    ls_status status = ls_auth_load(front->def.data, &front->auth, err);
    if (status != LS_OK) {
        return status;
    }
    const ls_server_def def = {
        .listen = front->def.listen,
        .port = front->def.port,
        .name = front->def.name,
        .certificate = front->certificate,
        .key = front->key,
        .auth = &front->auth,
        .knows_guest = front->knows_guest,
        .routes = routes,
        .route_count = route_count,
        .context = context,
        .stream = *stream,
        .more = more != NULL ? *more : (ls_server_more){.routes = NULL},
    };
    status = ls_server_start(&def, &front->server, err);
    if (status == LS_OK) {
        tell_address(front);
        warn_of_certificate(front);
    }
    return status;
}

void ls_front_stop(ls_front *front) {
    ls_server_stop(front->server);
    front->server = NULL;
}
