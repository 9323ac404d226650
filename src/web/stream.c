// stream.c - see stream.h.
#include "web/stream.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "twin/twin.h"

enum { RING = 1500, RING_BYTES_MAX = 16 << 20, LOOK_MS = 200, KPI_TICKS = 5, BEAT_TICKS = 10 };
enum { NOTICE_TICKS = 10, CHANGES_MOST = 4 };

typedef struct event {
    uint64_t number;
    char *text;  // jansson's memory
    size_t size;
} event;

struct ls_stream {
    ls_service *service;
    pthread_mutex_t lock;
    pthread_cond_t more;
    event ring[RING];
    uint64_t first, next;  // numbers of the ring: [first, next)
    size_t bytes;
    json_t *stations;  // as last told; the thread's own
    uint64_t changes, notices;
    int64_t forecast_us;
    pthread_t thread;
    bool has_thread, ends;
    uint32_t listeners;
    uint64_t dropped;
};

struct ls_listener {
    ls_stream *stream;
    uint64_t at;  // next event to read
    char *text;   // being read
    size_t size, done;
    bool needs_snapshot;
};

// ---- the ring

static void drop_first(ls_stream *s) {
    event *e = s->ring + s->first % RING;
    s->bytes -= e->size;
    free(e->text);
    e->text = NULL;
    s->first++;
}

// "event: NAME, id: N, data: JSON"; takes the object.
static char *compose(const char *name, uint64_t number, json_t *object, size_t *out_size) {
    char *data = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
    json_decref(object);
    if (data == NULL) {
        return NULL;
    }
    const size_t room = strlen(data) + 128;
    char *text = malloc(room);
    if (text != NULL) {
        *out_size = (size_t)snprintf(text, room, "event: %s\nid: %llu\ndata: %s\n\n", name,
                                     (unsigned long long)number, data);
    }
    free(data);
    return text;
}

static void publish(ls_stream *s, const char *name, json_t *object) {
    pthread_mutex_lock(&s->lock);
    size_t size = 0;
    char *text = compose(name, s->next, object, &size);
    if (text != NULL) {
        while (s->next - s->first >= RING || (s->bytes > RING_BYTES_MAX && s->first < s->next)) {
            drop_first(s);
        }
        s->ring[s->next % RING] = (event){s->next, text, size};
        s->bytes += size;
        s->next++;
        pthread_cond_broadcast(&s->more);
    }
    pthread_mutex_unlock(&s->lock);
}

// ---- what has changed

static json_t *changed_machines(json_t *before, json_t *now, size_t station, json_t *out) {
    json_t *old = json_object_get(before, "machines");
    json_t *fresh = json_object_get(now, "machines");
    for (size_t k = 0; k < json_array_size(fresh); k++) {
        json_t *m = json_array_get(fresh, k);
        if (json_equal(m, json_array_get(old, k))) {
            continue;
        }
        char lots[1000] = "";
        size_t used = 0;
        json_t *names = json_object_get(m, "lots");
        for (size_t i = 0; i < json_array_size(names) && used < sizeof lots - 1; i++) {
            used += (size_t)snprintf(lots + used, sizeof lots - used, "%s%s", i > 0 ? " " : "",
                                     json_string_value(json_array_get(names, i)));
        }
        json_array_append_new(
            out, json_pack("[I, I, O, O, s, O, O]", (json_int_t)station, (json_int_t)k,
                           json_object_get(m, "state"), json_object_get(m, "since_us"), lots,
                           json_object_get(m, "setup"), json_object_get(m, "reason")));
    }
    return out;
}

static void tell_changes(ls_stream *s, json_t *state) {
    json_t *stations = json_object_get(state, "stations");
    json_t *queues = json_array();
    json_t *machines = json_array();
    for (size_t i = 0; i < json_array_size(stations); i++) {
        json_t *now = json_array_get(stations, i);
        json_t *before = json_array_get(s->stations, i);
        json_t *queue = json_object_get(now, "queue");
        json_t *working = json_object_get(now, "working");
        if (!json_equal(queue, json_object_get(before, "queue")) ||
            !json_equal(working, json_object_get(before, "working"))) {
            json_array_append_new(queues, json_pack("[I, O, O]", (json_int_t)i, queue, working));
        }
        changed_machines(before, now, i, machines);
    }
    if (json_array_size(queues) + json_array_size(machines) > 0) {
        publish(s, "state",
                json_pack("{s:I, s:O, s:O, s:O}", "seq", (json_int_t)s->next, "t",
                          json_object_get(state, "line_now_us"), "s", queues, "m", machines));
    }
    json_decref(queues);
    json_decref(machines);
    json_decref(s->stations);
    s->stations = json_incref(stations);
}

static void tell_forecast(ls_stream *s, json_t *state) {
    json_t *forecast = json_object_get(state, "forecast");
    const int64_t origin = json_integer_value(json_object_get(forecast, "origin_us"));
    if (json_is_object(forecast) && origin != s->forecast_us) {
        s->forecast_us = origin;
        publish(s, "forecast", json_incref(forecast));
    }
}

static void tell_decisions(ls_stream *s) {
    char id[64];
    const uint64_t changes = ls_view_decisions_changes(s->service, id, sizeof id);
    if (changes == s->changes) {
        return;
    }
    const uint64_t missed = changes - s->changes;
    s->changes = changes;
    json_t *rows = ls_view_decisions(s->service, false, 0,
                                     (uint32_t)(missed < CHANGES_MOST ? missed : CHANGES_MOST));
    bool told = false;
    for (size_t i = json_array_size(rows); i > 0; i--) {
        json_t *row = json_array_get(rows, i - 1);
        const char *name = json_string_value(json_object_get(row, "id"));
        told |= name != NULL && strcmp(name, id) == 0;
        publish(s, "decision", json_incref(row));
    }
    json_decref(rows);
    json_t *row = told || id[0] == '\0' ? NULL : ls_view_decision(s->service, id);
    if (row != NULL) {
        publish(s, "decision", row);
    }
}

static void tell_notices(ls_stream *s, bool quietly) {
    uint64_t last = s->notices;
    json_t *list = ls_view_notices(s->service, s->notices, &last);
    s->notices = last;
    for (size_t i = 0; i < json_array_size(list) && !quietly; i++) {
        publish(s, "notice", json_incref(json_array_get(list, i)));
    }
    json_decref(list);
}

static bool is_over(ls_stream *s) {
    pthread_mutex_lock(&s->lock);
    const bool over = s->ends;
    pthread_mutex_unlock(&s->lock);
    return over;
}

static bool has_listeners(ls_stream *s) {
    pthread_mutex_lock(&s->lock);
    const bool any = s->listeners > 0;
    pthread_mutex_unlock(&s->lock);
    return any;
}

static void *work(void *context) {
    ls_stream *s = context;
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    tell_notices(s, true);  // what happened before nobody waits for
    for (unsigned tick = 1; !is_over(s); tick++) {
        nanosleep(&pause, NULL);
        if (tick % KPI_TICKS == 0) {
            json_t *kpi = ls_view_kpi(s->service);  // also keeps the pulse going
            if (has_listeners(s)) {
                publish(s, "kpi", kpi);
            } else {
                json_decref(kpi);
            }
        }
        if (!has_listeners(s)) {
            continue;
        }
        json_t *state = ls_view_state(s->service);
        if (state != NULL) {
            tell_changes(s, state);
            tell_forecast(s, state);
        }
        tell_decisions(s);
        if (tick % NOTICE_TICKS == 0) {
            tell_notices(s, false);
        }
        if (tick % BEAT_TICKS == 0) {
            publish(s, "beat",
                    json_pack("{s:O, s:I}", "t", json_object_get(state, "line_now_us"), "seq",
                              (json_int_t)s->next));
        }
        json_decref(state);
    }
    return NULL;
}

// ---- opening, closing

ls_status ls_stream_open(ls_service *service, ls_stream **out, ls_error *err) {
    *out = NULL;
    ls_stream *s = ls_alloc(sizeof *s);
    if (s == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the live stream");
    }
    memset(s, 0, sizeof *s);
    s->service = service;
    s->first = s->next = 1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->more, NULL);
    if (pthread_create(&s->thread, NULL, work, s) != 0) {
        ls_stream_close(s);
        return ls_fail(err, LS_ERR_MEMORY, "no thread for the live stream");
    }
    s->has_thread = true;
    *out = s;
    return LS_OK;
}

void ls_stream_end(ls_stream *s) {
    pthread_mutex_lock(&s->lock);
    s->ends = true;
    pthread_cond_broadcast(&s->more);
    pthread_mutex_unlock(&s->lock);
}

void ls_stream_close(ls_stream *s) {
    if (s == NULL) {
        return;
    }
    ls_stream_end(s);
    if (s->has_thread) {
        pthread_join(s->thread, NULL);
    }
    while (s->first < s->next) {
        drop_first(s);
    }
    json_decref(s->stations);
    pthread_cond_destroy(&s->more);
    pthread_mutex_destroy(&s->lock);
    ls_free(s);
}

// ---- listening

json_t *ls_stream_state(ls_stream *s) {
    char hash[24];
    pthread_mutex_lock(&s->lock);
    const uint64_t number = s->next - 1;
    pthread_mutex_unlock(&s->lock);
    json_t *state = ls_view_state(s->service);
    char *text = json_dumps(json_object_get(state, "stations"), JSON_COMPACT);
    snprintf(hash, sizeof hash, "%016llx",
             (unsigned long long)(text != NULL ? ls_state_seal(text, strlen(text)) : 0));
    free(text);
    if (state != NULL) {
        json_object_set_new(state, "seq", json_integer((json_int_t)number));
        json_object_set_new(state, "hash", json_string(hash));
    }
    return state;
}

ls_listener *ls_stream_listen(ls_stream *s, uint64_t after) {
    ls_listener *l = ls_alloc(sizeof *l);
    pthread_mutex_lock(&s->lock);
    const bool full = l == NULL || s->listeners >= LS_STREAM_MOST || s->ends;
    if (!full) {
        const bool held = after != 0 && after + 1 >= s->first && after < s->next;
        *l = (ls_listener){.stream = s, .at = held ? after + 1 : s->next, .needs_snapshot = !held};
        s->listeners++;
    }
    pthread_mutex_unlock(&s->lock);
    if (full) {
        ls_free(l);
        return NULL;
    }
    return l;
}

void ls_stream_leave(ls_listener *l) {
    ls_stream *s = l->stream;
    pthread_mutex_lock(&s->lock);
    s->listeners--;
    pthread_mutex_unlock(&s->lock);
    free(l->text);
    ls_free(l);
}

static bool take_snapshot(ls_listener *l) {
    ls_stream *s = l->stream;
    pthread_mutex_lock(&s->lock);
    l->at = s->next;
    pthread_mutex_unlock(&s->lock);
    json_t *state = ls_stream_state(s);
    const uint64_t number = (uint64_t)json_integer_value(json_object_get(state, "seq"));
    l->text = compose("snapshot", number, state, &l->size);
    l->needs_snapshot = false;
    return l->text != NULL;
}

// A copy of the next event; waits. False: the stream has ended.
static bool take_event(ls_listener *l) {
    ls_stream *s = l->stream;
    pthread_mutex_lock(&s->lock);
    while (!s->ends && l->at >= s->next) {
        pthread_cond_wait(&s->more, &s->lock);
    }
    const bool over = s->ends;
    if (!over && l->at < s->first) {
        s->dropped++;
        l->needs_snapshot = true;
    } else if (!over) {
        const event *e = s->ring + l->at % RING;
        l->text = malloc(e->size);
        l->size = e->size;
        l->at++;
        if (l->text != NULL) {
            memcpy(l->text, e->text, e->size);
        } else {
            l->needs_snapshot = true;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return !over;
}

ptrdiff_t ls_stream_read(ls_listener *l, char *out, size_t size) {
    while (l->text == NULL) {
        l->done = 0;
        if (l->needs_snapshot ? !take_snapshot(l) : !take_event(l)) {
            return -1;
        }
    }
    const size_t left = l->size - l->done;
    const size_t now = left < size ? left : size;
    memcpy(out, l->text + l->done, now);
    l->done += now;
    if (l->done == l->size) {
        free(l->text);
        l->text = NULL;
    }
    return (ptrdiff_t)now;
}

ls_stream_figures ls_stream_describe(ls_stream *s) {
    pthread_mutex_lock(&s->lock);
    const ls_stream_figures figures = {s->listeners, s->next - 1, s->dropped};
    pthread_mutex_unlock(&s->lock);
    return figures;
}
