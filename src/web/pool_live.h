// pool_live.h - what changes in a pool, told to whoever listens: server-sent events.
//
// One thread looks at the daemon five times a second, for its lock only as long as it takes, and
// writes what has changed into a ring (ring.h), once for all listeners.
#pragma once

#include "exec/daemon.h"
#include "web/stream.h"

typedef struct ls_pool_live ls_pool_live;

ls_status ls_pool_live_open(ls_pool_daemon *daemon, ls_pool_live **out, ls_error *err);
void ls_pool_live_close(ls_pool_live *live);  // when no listener is left; NULL is fine
ls_stream ls_pool_live_stream(ls_pool_live *live);
// The pool with its number in the stream: who listens from there misses nothing. NULL: out of
// memory.
json_t *ls_pool_live_state(ls_pool_live *live);
