// stream.h - what changes, told to whoever listens: server-sent events.
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

typedef struct ls_stream ls_stream;
typedef struct ls_listener ls_listener;

ls_status ls_stream_open(ls_service *service, ls_stream **out, ls_error *err);
// Wakes everybody who waits; they get the end. Then, when no listener is left, close.
void ls_stream_end(ls_stream *stream);
void ls_stream_close(ls_stream *stream);  // NULL is fine

// after: the last event that was seen, 0: none. NULL: no memory, or too many (LS_STREAM_MOST).
enum { LS_STREAM_MOST = 200 };
ls_listener *ls_stream_listen(ls_stream *stream, uint64_t after);
void ls_stream_leave(ls_listener *listener);
// Up to `size` bytes of events; waits until there are some. -1: the stream has ended.
ptrdiff_t ls_stream_read(ls_listener *listener, char *out, size_t size);

typedef struct ls_stream_figures {
    uint32_t listeners;
    uint64_t events, dropped;  // dropped: listeners that fell behind and got the whole state
} ls_stream_figures;
ls_stream_figures ls_stream_describe(ls_stream *stream);
// The state with its number and hash, as a snapshot says it. NULL: out of memory.
json_t *ls_stream_state(ls_stream *stream);
