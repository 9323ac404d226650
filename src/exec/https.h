// https.h - a client's end of HTTP: one question after another over one connection, by TLS.
//
// The server must be vouched for, by the system's authorities or by those of a file, and for the
// host that the address names; before that nothing is sent. Without TLS only this machine is asked
// (http://127.0.0.1). One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

typedef struct ls_https ls_https;

typedef struct ls_https_def {
    const char *url;    // "https://HOST[:PORT][/PATH]"
    const char *token;  // Authorization: Bearer; NULL or "": none
    const char *trust;  // PEM file of who vouches; NULL: the system's
} ls_https_def;

// Copies the def; connects only when asked. Fails with LS_ERR_INVALID (no such address, a token
// with a blank), LS_ERR_MEMORY.
ls_status ls_https_open(const ls_https_def *def, ls_https **out, ls_error *err);
void ls_https_close(ls_https *https);  // NULL is fine
// POST of a JSON body to the url's path and `path`: the answer's body and status, whatever it says.
// Asked a second time where a kept connection turns out to be closed before anything was heard, so
// what is asked must bear that. LS_ERR_IO: nothing answers in time, or not the one we trust; says
// which.
ls_status ls_https_post(ls_https *https, const char *path, const char *body, size_t size,
                        int timeout_ms, ls_buffer *out, int *out_status, ls_error *err);

// ---- pieces, for their tests

enum { LS_HTTPS_HOST_SIZE = 256, LS_HTTPS_PATH_SIZE = 512, LS_HTTPS_HEAD_MAX = 16384 };
typedef struct ls_https_url {
    bool tls;
    char host[LS_HTTPS_HOST_SIZE];  // without brackets
    int port;
    char path[LS_HTTPS_PATH_SIZE];  // without a slash at its end; may be empty
} ls_https_url;
// False: it is none; *out_why says what would be right.
bool ls_https_url_parse(const char *text, ls_https_url *out, const char **out_why);
// A head with its empty line. False: no head of an answer that we understand. *out_length -1: up to
// the end of the connection.
bool ls_https_head_parse(const char *head, size_t size, int *out_status, int64_t *out_length,
                         bool *out_closes);
