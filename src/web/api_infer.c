// api_infer.c - the service's models behind the Open Inference Protocol. None are in service yet.
#include "web/api.h"

static const char *name_of(void *context, uint32_t index, char *out, size_t size) {
    (void)context;
    (void)index;
    (void)out;
    (void)size;
    return NULL;
}

static ls_infer_found hold(void *context, const char *name, uint32_t number, ls_infer_held *out) {
    (void)context;
    (void)name;
    (void)number;
    (void)out;
    return LS_INFER_NO_MODEL;
}

static void release(void *context, ls_infer_held *held) {
    (void)context;
    (void)held;
}

void ls_api_infer_open(ls_api *api) {
    api->infer = (ls_infer_source){.context = api,
                                   .version = ls_view_version(api->service),
                                   .name = name_of,
                                   .hold = hold,
                                   .release = release};
}
