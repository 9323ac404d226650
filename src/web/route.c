// route.c - which function answers a path.
#include <string.h>

#include "web/server.h"

typedef char parts[LS_ROUTE_STARS][LS_REQUEST_PART_SIZE];

// Does the path fit the pattern, with one part for each of its stars?
static bool fits(const char *pattern, const char *path, parts out) {
    memset(out, 0, sizeof(parts));
    for (int i = 0; i <= LS_ROUTE_STARS; i++) {
        const char *star = strchr(pattern, '*');
        if (star == NULL || i == LS_ROUTE_STARS) {
            return strcmp(pattern, path) == 0;
        }
        const size_t before = (size_t)(star - pattern);
        if (strncmp(pattern, path, before) != 0) {
            return false;
        }
        const size_t length = strcspn(path + before, "/");
        if (length == 0 || length >= LS_REQUEST_PART_SIZE) {
            return false;
        }
        memcpy(out[i], path + before, length);
        pattern = star + 1;
        path += before + length;
    }
    return false;
}

static void add_method(char *methods, const char *method) {
    const char *more = strcmp(method, "GET") == 0 ? "GET, HEAD" : method;
    if (strlen(methods) + strlen(more) + 3 < LS_METHODS_SIZE && strstr(methods, more) == NULL) {
        strcat(methods, methods[0] != '\0' ? ", " : "");
        strcat(methods, more);
    }
}

const ls_route *ls_route_find(const ls_route *routes, size_t count, const char *method,
                              const char *path, char out_part[LS_ROUTE_STARS][LS_REQUEST_PART_SIZE],
                              char out_methods[LS_METHODS_SIZE]) {
    const char *asked = strcmp(method, "HEAD") == 0 ? "GET" : method;
    out_methods[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (!fits(routes[i].path, path, out_part)) {
            continue;
        }
        if (strcmp(routes[i].method, asked) == 0) {
            return routes + i;
        }
        add_method(out_methods, routes[i].method);
    }
    return NULL;
}
