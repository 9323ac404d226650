// ring.c - see ring.h.
#include "web/ring.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { EVENTS = 1500, BYTES_MAX = 16 << 20, BEHIND_BYTES_MAX = 256 << 10 };
enum { AWAITED_LOOKS = 50, HELD = 16 };

// Shared by the ring and by those who are sending it; freed by the last. Atomic, since who sends
// lets go without the lock.
typedef struct text {
    _Atomic uint32_t holders;
    size_t size;
    char bytes[];
} text;

typedef struct event {
    text *of;
    unsigned topic;
    uint64_t bytes_before;  // of all events before it
} event;

struct ls_ring {
    const char *whole;  // the event that holds the whole state
    pthread_mutex_t lock;
    pthread_cond_t more;
    event events[EVENTS];
    uint64_t first, shown, next;  // numbers: held are [first, next), to be read [first, shown)
    size_t bytes;
    uint64_t bytes_ever;
    text *snapshot;  // for those who fell out; events from `resumes` on come after it
    uint64_t resumes;
    bool wanted, ends;
    uint32_t listeners, awaited;
    uint64_t dropped;
};

struct ls_listener {
    ls_ring *ring;
    uint64_t at;       // next event to read
    text *held[HELD];  // taken, not yet sent
    size_t held_at, held_count, done;
    unsigned topics;
    bool needs_snapshot;
    uint64_t fell_at;  // a snapshot must be newer than this
};

// ---- texts

static text *compose(const char *name, uint64_t number, json_t *object) {
    char *data = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
    json_decref(object);
    if (data == NULL) {
        return NULL;
    }
    const size_t room = strlen(data) + 128;
    text *of = malloc(sizeof *of + room);
    if (of != NULL) {
        of->holders = 1;
        of->size = (size_t)snprintf(of->bytes, room, "event: %s\nid: %llu\ndata: %s\n\n", name,
                                    (unsigned long long)number, data);
    }
    free(data);
    return of;
}

static text *hold(text *of) {
    of->holders++;
    return of;
}

static void let_go(text *of) {
    if (of != NULL && --of->holders == 0) {
        free(of);
    }
}

// ---- opening, closing

ls_status ls_ring_create(const char *whole, ls_ring **out, ls_error *err) {
    *out = ls_alloc(sizeof **out);
    if (*out == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the live stream");
    }
    memset(*out, 0, sizeof **out);
    (*out)->whole = whole;
    (*out)->first = (*out)->shown = (*out)->next = 1;
    pthread_mutex_init(&(*out)->lock, NULL);
    pthread_cond_init(&(*out)->more, NULL);
    return LS_OK;
}

void ls_ring_end(ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    ring->ends = true;
    pthread_cond_broadcast(&ring->more);
    pthread_mutex_unlock(&ring->lock);
}

static void drop_first(ls_ring *ring) {
    event *e = ring->events + ring->first % EVENTS;
    ring->bytes -= e->of->size;
    let_go(e->of);
    e->of = NULL;
    ring->first++;
}

void ls_ring_destroy(ls_ring *ring) {
    if (ring != NULL) {
        while (ring->first < ring->next) {
            drop_first(ring);
        }
        let_go(ring->snapshot);
        pthread_cond_destroy(&ring->more);
        pthread_mutex_destroy(&ring->lock);
        ls_free(ring);
    }
}

// ---- the writer

void ls_ring_add(ls_ring *ring, unsigned topic, const char *name, json_t *object) {
    text *of = compose(name, ls_ring_next(ring), object);
    if (of == NULL) {
        return;  // whoever follows finds out by the next beat's check
    }
    pthread_mutex_lock(&ring->lock);
    while (ring->next - ring->first >= EVENTS ||
           (ring->bytes > BYTES_MAX && ring->first < ring->next)) {
        drop_first(ring);
    }
    ring->events[ring->next % EVENTS] = (event){of, topic, ring->bytes_ever};
    ring->bytes += of->size;
    ring->bytes_ever += of->size;
    ring->next++;
    pthread_mutex_unlock(&ring->lock);
}

void ls_ring_show(ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    if (ring->shown != ring->next) {
        ring->shown = ring->next;
        pthread_cond_broadcast(&ring->more);
    }
    pthread_mutex_unlock(&ring->lock);
}

uint64_t ls_ring_next(ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    const uint64_t next = ring->next;
    pthread_mutex_unlock(&ring->lock);
    return next;
}

bool ls_ring_ends(ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    const bool ends = ring->ends;
    pthread_mutex_unlock(&ring->lock);
    return ends;
}

bool ls_ring_is_heard(ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    const bool heard = ring->listeners > 0 || ring->awaited > 0;
    ring->awaited -= ring->awaited > 0;
    pthread_mutex_unlock(&ring->lock);
    return heard;
}

bool ls_ring_wants_snapshot(ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    const bool wanted = ring->wanted;
    pthread_mutex_unlock(&ring->lock);
    return wanted;
}

void ls_ring_give_snapshot(ls_ring *ring, json_t *state, uint64_t number) {
    text *of = compose(ring->whole, number, state);
    if (of == NULL) {
        return;
    }
    pthread_mutex_lock(&ring->lock);
    let_go(ring->snapshot);
    ring->snapshot = of;
    ring->resumes = number + 1;
    ring->wanted = false;
    pthread_cond_broadcast(&ring->more);
    pthread_mutex_unlock(&ring->lock);
}

// ---- listeners

uint64_t ls_ring_await(ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    const uint64_t last = ring->next - 1;
    ring->awaited = AWAITED_LOOKS;
    pthread_mutex_unlock(&ring->lock);
    return last;
}

ls_listener *ls_ring_listen(ls_ring *ring, uint64_t after, unsigned topics, uint32_t most) {
    ls_listener *l = ls_alloc(sizeof *l);
    pthread_mutex_lock(&ring->lock);
    const bool full = l == NULL || ring->listeners >= most || ring->ends;
    if (!full) {
        const bool held = after != 0 && after + 1 >= ring->first && after < ring->next;
        *l = (ls_listener){.ring = ring,
                           .at = held ? after + 1 : ring->next,
                           .topics = topics,
                           .needs_snapshot = !held,
                           .fell_at = ring->next};
        ring->listeners++;
    }
    pthread_mutex_unlock(&ring->lock);
    if (full) {
        ls_free(l);
        return NULL;
    }
    return l;
}

void ls_ring_leave(ls_listener *l) {
    pthread_mutex_lock(&l->ring->lock);
    l->ring->listeners--;
    pthread_mutex_unlock(&l->ring->lock);
    while (l->held_at < l->held_count) {
        let_go(l->held[l->held_at++]);
    }
    ls_free(l);
}

bool ls_ring_begins(const ls_listener *l) {
    return l->needs_snapshot;
}

void ls_ring_begin(ls_listener *l, json_t *state, uint64_t number) {
    text *of = compose(l->ring->whole, number, state);
    if (of != NULL) {
        l->held[l->held_count++] = of;
        l->at = number + 1;
        l->needs_snapshot = false;
    }
}

// Is there one of its topics? Those of others are passed over. Under the lock, as the next four.
static bool has_event(ls_listener *l) {
    const ls_ring *ring = l->ring;
    while (l->at >= ring->first && l->at < ring->shown) {
        const unsigned topic = ring->events[l->at % EVENTS].topic;
        if (topic == LS_RING_ALWAYS || (topic & l->topics) != 0) {
            return true;
        }
        l->at++;
    }
    return l->at < ring->first;
}

static bool is_behind(const ls_listener *l) {
    const ls_ring *ring = l->ring;
    return l->at < ring->first ||
           ring->bytes_ever - ring->events[l->at % EVENTS].bytes_before > BEHIND_BYTES_MAX;
}

static bool has_snapshot(const ls_listener *l) {
    return l->ring->snapshot != NULL && l->ring->resumes >= l->fell_at;
}

static bool has_any(ls_listener *l) {
    return l->needs_snapshot ? has_snapshot(l) : has_event(l);
}

static void take_events(ls_listener *l) {
    while (l->held_count < HELD && has_event(l)) {
        l->held[l->held_count++] = hold(l->ring->events[l->at % EVENTS].of);
        l->at++;
    }
}

// Holds what comes next; waits. False: it has ended.
static bool take(ls_listener *l) {
    ls_ring *ring = l->ring;
    l->held_at = l->held_count = l->done = 0;
    pthread_mutex_lock(&ring->lock);
    ring->wanted |= l->needs_snapshot;
    while (!ring->ends && !has_any(l)) {
        pthread_cond_wait(&ring->more, &ring->lock);
    }
    const bool over = ring->ends;
    if (!over && l->needs_snapshot) {
        l->held[l->held_count++] = hold(ring->snapshot);
        l->at = ring->resumes;
        l->needs_snapshot = false;
    } else if (!over && is_behind(l)) {
        ring->dropped++;
        l->needs_snapshot = true;
        l->fell_at = ring->next;
    } else if (!over) {
        take_events(l);
    }
    pthread_mutex_unlock(&ring->lock);
    return !over;
}

ptrdiff_t ls_ring_read(ls_listener *l, char *out, size_t size) {
    size_t used = 0;
    while (l->held_at == l->held_count) {
        if (!take(l)) {
            return -1;
        }
    }
    while (l->held_at < l->held_count && used < size) {
        text *of = l->held[l->held_at];
        const size_t left = of->size - l->done;
        const size_t now = left < size - used ? left : size - used;
        memcpy(out + used, of->bytes + l->done, now);
        used += now;
        l->done += now;
        if (l->done == of->size) {
            let_go(of);
            l->held_at++;
            l->done = 0;
        }
    }
    return (ptrdiff_t)used;
}

ls_ring_figures ls_ring_describe(ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    const ls_ring_figures figures = {ring->listeners, ring->next - 1, ring->dropped};
    pthread_mutex_unlock(&ring->lock);
    return figures;
}
