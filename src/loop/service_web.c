// service_web.c - the service's web face is opened and closed, and where it can be found.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "loop/service_parts.h"

enum { PATH_SIZE = 4096 };

static void file_path(const ls_service *service, char *out) {
    snprintf(out, PATH_SIZE, "%s/service.json", service->def->data);
}

static ls_status write_address(const ls_service *service, const ls_face_at *at, ls_error *err) {
    char path[PATH_SIZE];
    file_path(service, path);
    json_t *object = json_pack("{s:i, s:s, s:i}", "pid", (int)getpid(), "address",
                               service->def->listen, "port", at->port);
    // Without it commands would not know that they must speak TLS.
    const bool fine = at->certificate == NULL ||
                      json_object_set_new(object, "tls",
                                          json_pack("{s:s, s:s*}", "sha256", at->certificate,
                                                    "name", at->name)) == 0;
    char *text = fine ? json_dumps(object, 0) : NULL;
    json_decref(object);
    if (text == NULL) {
        ls_fail(err, LS_ERR_INVALID, "'%s' cannot be written: the address is no JSON", path);
        ls_hint(err, "is --name UTF-8?");
        return LS_ERR_INVALID;
    }
    const ls_status status = ls_file_write(path, text, strlen(text), err);
    free(text);
    return status;
}

ls_status ls_service_open_web(ls_service *service, ls_error *err) {
    const ls_face *face = service->def->face;
    if (face == NULL) {
        return LS_OK;
    }
    service->has_face = true;
    ls_face_at at = {0};
    const ls_status status = face->open(face->context, service, &at, err);
    service->port = at.port;
    return status == LS_OK ? write_address(service, &at, err) : status;
}

void ls_service_close_web(ls_service *service) {
    if (service->has_face) {
        char path[PATH_SIZE];
        file_path(service, path);
        unlink(path);
        service->def->face->close(service->def->face->context);
        service->has_face = false;
    }
}
