// call.h - the caller's end of the pool's socket: one question, one answer, a line each.
#pragma once

#include "base/status.h"
#include "base/text.h"

typedef struct ls_pool_call ls_pool_call;

// LS_ERR_IO when no daemon listens at `path`; *err says how to start one.
ls_status ls_pool_call_open(const char *path, ls_pool_call **out, ls_error *err);
void ls_pool_call_close(ls_pool_call *call);  // NULL is fine
// `line` has no end of its own. *out holds the answer without its end, what it held before is gone.
// LS_ERR_IO when the daemon hangs up, or says nothing for `timeout_ms`; the call is then of no use.
ls_status ls_pool_call_ask(ls_pool_call *call, const char *line, size_t size, int timeout_ms,
                           ls_buffer *out, ls_error *err);
