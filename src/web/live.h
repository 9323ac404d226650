// live.h - what changes, told to whoever listens: server-sent events.
//
// One thread looks at the service five times a second and writes what has changed into a ring of
// the last minute, once for all listeners. A listener has a place in the ring; one that falls out
// of it, because it reads too slowly or was away, gets the whole state instead. Nobody waits for a
// listener.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "loop/view.h"

typedef struct ls_live ls_live;
typedef struct ls_listener ls_listener;

ls_status ls_live_open(ls_service *service, ls_live **out, ls_error *err);
// Wakes everybody who waits; they get the end. Then, when no listener is left, close.
void ls_live_end(ls_live *stream);
void ls_live_close(ls_live *stream);  // NULL is fine

// Topics of a list with commas, as bits; NULL or "": all. False: one of them is none.
bool ls_live_topics(const char *list, unsigned *out);
// after: the last event that was seen, 0: none. NULL: no memory, or too many (LS_LIVE_MOST).
enum { LS_LIVE_MOST = 200 };
ls_listener *ls_live_listen(ls_live *stream, uint64_t after, unsigned topics);
void ls_live_leave(ls_listener *listener);
// Up to `size` bytes of events; waits until there are some. -1: the stream has ended.
ptrdiff_t ls_live_read(ls_listener *listener, char *out, size_t size);

typedef struct ls_live_figures {
    uint32_t listeners;
    uint64_t events, dropped;  // dropped: listeners that fell behind and got the whole state
} ls_live_figures;
ls_live_figures ls_live_describe(ls_live *stream);
// The state with its number and hash, as a snapshot says it. NULL: out of memory.
json_t *ls_live_state(ls_live *stream);
