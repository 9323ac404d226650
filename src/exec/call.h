// call.h - the caller's end of the pool's socket: one question, one answer, a line each; the same
// over HTTP where the pool is another machine's.
#pragma once

#include "base/status.h"
#include "base/text.h"

typedef struct ls_pool_call ls_pool_call;

// LS_ERR_IO when no daemon listens at `path`; *err says how to start one.
ls_status ls_pool_call_open(const char *path, ls_pool_call **out, ls_error *err);
// The pool at an address, asked with the token of an account, or another of the pool's. Nothing is
// sent before the first question. `token_file`: its first word is the token, read now; NULL: none.
// `trust`: as of https.h. LS_ERR_INVALID: no such address, no token in the file; LS_ERR_IO: it
// cannot be read, or others may read it.
ls_status ls_pool_call_open_url(const char *url, const char *token_file, const char *trust,
                                ls_pool_call **out, ls_error *err);
void ls_pool_call_close(ls_pool_call *call);  // NULL is fine
// `line` has no end of its own. *out holds the answer without its end, what it held before is gone.
// LS_ERR_IO when the daemon hangs up, or says nothing for `timeout_ms`; the call is then of no use,
// unless it is to a url.
ls_status ls_pool_call_ask(ls_pool_call *call, const char *line, size_t size, int timeout_ms,
                           ls_buffer *out, ls_error *err);
