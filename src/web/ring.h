// ring.h - the events of the last minute, and for each listener a place among them.
//
// An event is written once for all listeners, and those of one moment are shown together. A
// listener that has fallen out of the ring, or is too far behind, gets the whole state instead,
// which the writer makes. Nobody waits for a listener. Any thread; one writer.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/status.h"

typedef struct ls_ring ls_ring;
typedef struct ls_listener ls_listener;

enum { LS_RING_ALWAYS = 0 };  // topic of what everybody gets; the others are bits

// `whole`: what the event is called that holds the whole state; stays.
ls_status ls_ring_create(const char *whole, ls_ring **out, ls_error *err);
void ls_ring_end(ls_ring *ring);      // wakes everybody who waits; they get the end
void ls_ring_destroy(ls_ring *ring);  // when no listener is left; NULL is fine

// ---- the writer
// "event: NAME, id: N, data: JSON" under the next number; takes the object. Listeners sleep on
// until ls_ring_show.
void ls_ring_add(ls_ring *ring, unsigned topic, const char *name, json_t *object);
void ls_ring_show(ls_ring *ring);
uint64_t ls_ring_next(ls_ring *ring);  // number of the next event
bool ls_ring_ends(ls_ring *ring);
// Is somebody there who listens, or is about to (ls_ring_await)? To be asked once each time it
// looks.
bool ls_ring_is_heard(ls_ring *ring);
// Somebody has fallen out and waits for a snapshot.
bool ls_ring_wants_snapshot(ls_ring *ring);
// Takes the state; NULL: then they wait for the next.
void ls_ring_give_snapshot(ls_ring *ring, json_t *state, uint64_t number);

// ---- listeners
// Number of the last event, for somebody who will listen from there within seconds.
uint64_t ls_ring_await(ls_ring *ring);
// after: the last event that was seen, 0: none. NULL: no memory, or there are `most`.
ls_listener *ls_ring_listen(ls_ring *ring, uint64_t after, unsigned topics, uint32_t most);
void ls_ring_leave(ls_listener *listener);
// Has it to begin with the whole state? Then somebody may give it one, before it first reads.
bool ls_ring_begins(const ls_listener *listener);
void ls_ring_begin(ls_listener *listener, json_t *state, uint64_t number);
// Up to `size` bytes of events; waits until there are some. -1: it has ended.
ptrdiff_t ls_ring_read(ls_listener *listener, char *out, size_t size);

typedef struct ls_ring_figures {
    uint32_t listeners;
    uint64_t events, dropped;  // dropped: listeners that fell behind and got the whole state
} ls_ring_figures;
ls_ring_figures ls_ring_describe(ls_ring *ring);
