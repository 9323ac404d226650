// stream.h - where the events of a server's live stream come from: a plant's, a pool's.
//
// Called by threads of the server, several at once.
#pragma once

#include "web/ring.h"

typedef struct ls_stream {
    // `list`: topics with commas, NULL: all. False: one of them is none; `topics_text` says which
    // there are.
    bool (*topics)(const char *list, unsigned *out);
    const char *topics_text;
    // after: the last event that was seen, 0: none. NULL: no memory, or too many.
    ls_listener *(*listen)(void *context, uint64_t after, unsigned topics);
    void (*end)(void *context);  // wakes everybody who waits; they get the end
    void *context;
} ls_stream;
