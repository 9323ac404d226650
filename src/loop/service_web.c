// service_web.c - the service's web face is opened and closed, and where it can be found.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "loop/service_parts.h"

enum { PATH_SIZE = 4096 };

static void file_path(const ls_service *service, char *out) {
    snprintf(out, PATH_SIZE, "%s/service.json", service->def->data);
}

static ls_status write_address(const ls_service *service, ls_error *err) {
    char path[PATH_SIZE];
    char text[256];
    file_path(service, path);
    const size_t size = ls_text_format(text, sizeof text,
                                       "{\"pid\": %d, \"address\": \"%s\", \"port\": %d}\n",
                                       (int)getpid(), service->def->listen, service->port);
    return ls_file_write(path, text, size, err);
}

ls_status ls_service_open_web(ls_service *service, ls_error *err) {
    const ls_face *face = service->def->face;
    if (face == NULL) {
        return LS_OK;
    }
    service->has_face = true;
    const ls_status status = face->open(face->context, service, &service->port, err);
    return status == LS_OK ? write_address(service, err) : status;
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
