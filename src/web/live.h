// live.h - what changes, told to whoever listens: server-sent events.
//
// One thread looks at the service five times a second and writes what has changed into a ring
// (ring.h), once for all listeners.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "loop/view.h"
#include "web/stream.h"

typedef struct ls_live ls_live;

ls_status ls_live_open(ls_service *service, ls_live **out, ls_error *err);
// Wakes everybody who waits; they get the end. Then, when no listener is left, close.
void ls_live_end(ls_live *stream);
void ls_live_close(ls_live *stream);  // NULL is fine

// Topics of a list with commas, as bits; NULL or "": all. False: one of them is none.
bool ls_live_topics(const char *list, unsigned *out);
// after: the last event that was seen, 0: none; then it begins with the whole state, which is made
// here and now. NULL: no memory, or too many (LS_LIVE_MOST). What comes: ls_ring_read,
// ls_ring_leave.
enum { LS_LIVE_MOST = 200 };
ls_listener *ls_live_listen(ls_live *stream, uint64_t after, unsigned topics);
ls_stream ls_live_stream(ls_live *stream);  // for a server
ls_ring_figures ls_live_describe(const ls_live *stream);
// The state with its number and hash, as a snapshot says it. NULL: out of memory.
json_t *ls_live_state(ls_live *stream);
