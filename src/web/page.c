// page.c - the page's files and the API's description, out of the program itself.
#include <string.h>

#include "web/api.h"
#include "web/assets.h"

static void send_asset(const char *name, const ls_request *request, ls_answer *answer) {
    const ls_asset *asset = ls_asset_find(name);
    if (asset == NULL) {
        ls_answer_fail(answer, 404, "unknown", "the page has no file %s", name);
        return;
    }
    answer->type = asset->kind;
    answer->etag = asset->etag;
    answer->keeps = true;
    if (request->if_none_match != NULL && strstr(request->if_none_match, asset->etag) != NULL) {
        answer->status = 304;
        return;
    }
    answer->bytes = request->takes_gzip ? asset->packed : asset->plain;
    answer->size = request->takes_gzip ? asset->packed_size : asset->plain_size;
    answer->encoding = request->takes_gzip ? "gzip" : NULL;
}

void ls_page_index(void *context, const ls_request *request, ls_answer *answer) {
    (void)context;
    send_asset("index.html", request, answer);
}

void ls_page_asset(void *context, const ls_request *request, ls_answer *answer) {
    (void)context;
    if (strcmp(request->part, "openapi.yaml") == 0) {
        ls_answer_fail(answer, 404, "unknown", "it is at /openapi.yaml");
        return;
    }
    send_asset(request->part, request, answer);
}

void ls_page_openapi(void *context, const ls_request *request, ls_answer *answer) {
    (void)context;
    send_asset("openapi.yaml", request, answer);
}
