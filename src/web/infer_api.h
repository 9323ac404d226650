// infer_api.h - the paths of the Open Inference Protocol, /v2, over whatever holds models.
//
// Needs the role viewer, as every other question; health from this machine alone needs none. Errors
// are the protocol's, {"error": TEXT}, on every path below /v2.
#pragma once

#include "web/infer.h"
#include "web/server.h"

enum { LS_INFER_VERSIONS_MOST = 2 };

// A version that is held: whole and unchanged until it is released.
typedef struct ls_infer_held {
    ls_infer_model model;
    uint32_t versions[LS_INFER_VERSIONS_MOST];  // that may be asked, rising
    size_t version_count;
    uint64_t handle[4];  // the source's own
} ls_infer_held;

typedef enum ls_infer_found {
    LS_INFER_FOUND,
    LS_INFER_NO_MODEL,    // no model of that name
    LS_INFER_NO_VERSION,  // no version of it serves, or not that one
    LS_INFER_BUSY,        // too many are held just now
} ls_infer_found;

// Functions are called on any thread, several at once; a version is released by who held it.
typedef struct ls_infer_source {
    void *context;
    const char *version;                                // of the program
    const char *(*name)(void *context, uint32_t index,  // of the index-th model, NULL: no more;
                        char *out, size_t size);        // into out
    ls_infer_found (*hold)(void *context, const char *name,
                           uint32_t number,  // 0: the one that serves
                           ls_infer_held *out);
    void (*release)(void *context, ls_infer_held *held);
} ls_infer_source;

// The routes' functions; their context begins with an ls_infer_source.
ls_route_fn ls_infer_server, ls_infer_live, ls_infer_ready, ls_infer_model_about,
    ls_infer_model_ready, ls_infer_model_ask;
