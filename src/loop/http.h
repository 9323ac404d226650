// http.h - the small web face of the service: text by path, on loopback unless told otherwise.
//
// Only GET and HEAD. What it answers is made by one function; the page comes later in a room of its
// own.
#pragma once

#include "base/status.h"
#include "base/text.h"

typedef struct ls_http ls_http;

typedef struct ls_http_answer {
    int status;        // 200, 404, 503
    const char *type;  // "application/json", "text/plain; charset=utf-8"
    ls_buffer body;
} ls_http_answer;

// Called from the server's thread; fills answer->body. Unknown paths: status 404.
typedef void (*ls_http_answer_fn)(void *context, const char *path, ls_http_answer *answer);

// port 0: a free one. address: "127.0.0.1", "0.0.0.0", "::1" ... Fails with LS_ERR_IO (port in use)
// or LS_ERR_INVALID (no address).
ls_status ls_http_start(const char *address, int port, ls_http_answer_fn answer, void *context,
                        ls_http **out, ls_error *err);
int ls_http_port(const ls_http *http);
void ls_http_stop(ls_http *http);  // NULL is fine
