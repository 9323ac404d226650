// live.c - see live.h.
#include "web/live.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "twin/twin.h"

enum { RING = 1500, RING_BYTES_MAX = 16 << 20, LOOK_MS = 200, KPI_TICKS = 5, BEAT_TICKS = 10 };
enum { NOTICE_TICKS = 10, CHANGES_MOST = 64, BEHIND_BYTES_MAX = 256 << 10 };

// What an event belongs to; a beat and a snapshot belong to everybody.
enum { ALWAYS = 0, STATE = 1, KPI = 2, DECISIONS = 4, FORECAST = 8, NOTICES = 16, ALL = 31 };
static const struct {
    const char *name;
    unsigned topic;
} topics[] = {
    {"state", STATE},       {"kpi", KPI},         {"decisions", DECISIONS},
    {"forecast", FORECAST}, {"notices", NOTICES},
};

typedef struct event {
    uint64_t number;
    char *text;  // malloc's
    size_t size;
    unsigned topic;
    uint64_t bytes_before;  // of all events before it
} event;

struct ls_live {
    ls_service *service;
    pthread_mutex_t lock;
    pthread_cond_t more;
    event ring[RING];
    uint64_t first, next;  // numbers of the ring: [first, next)
    size_t bytes;
    uint64_t bytes_ever;
    json_t *stations;  // as last told; the thread's own
    uint64_t changes, notices;
    int64_t forecast_us;
    pthread_t thread;
    bool has_thread, ends;
    uint32_t listeners;
    uint64_t dropped;
};

struct ls_listener {
    ls_live *stream;
    uint64_t at;  // next event to read
    char *text;   // being read
    size_t size, done;
    unsigned topics;
    bool needs_snapshot;
};

// ---- the ring

static void drop_first(ls_live *s) {
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

static void publish(ls_live *s, unsigned topic, const char *name, json_t *object) {
    pthread_mutex_lock(&s->lock);
    size_t size = 0;
    char *text = compose(name, s->next, object, &size);
    if (text != NULL) {
        while (s->next - s->first >= RING || (s->bytes > RING_BYTES_MAX && s->first < s->next)) {
            drop_first(s);
        }
        s->ring[s->next % RING] = (event){s->next, text, size, topic, s->bytes_ever};
        s->bytes += size;
        s->bytes_ever += size;
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
            out, json_pack("[I, I, O, O, s, O, O, O]", (json_int_t)station, (json_int_t)k,
                           json_object_get(m, "state"), json_object_get(m, "since_us"), lots,
                           json_object_get(m, "setup"), json_object_get(m, "reason"),
                           json_object_get(m, "chosen")));
    }
    return out;
}

static void tell_changes(ls_live *s, json_t *state) {
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
        publish(s, STATE, "state",
                json_pack("{s:I, s:O, s:O, s:O}", "seq", (json_int_t)s->next, "t",
                          json_object_get(state, "line_now_us"), "s", queues, "m", machines));
    }
    json_decref(queues);
    json_decref(machines);
    json_decref(s->stations);
    s->stations = json_incref(stations);
}

// FNV-1a over "QUEUE;WORKING;" and "CODE;" of each machine, station by station: whoever followed
// the changes has the same, or asks for the whole state.
static uint32_t add_text(uint32_t sum, const char *text) {
    for (; *text != '\0'; text++) {
        sum = (sum ^ (unsigned char)*text) * UINT32_C(0x01000193);
    }
    return sum;
}

static int code_of(const char *state) {
    static const char *const names[] = {"run",     "starved", "blocked", "setup",
                                        "waiting", "down",    "pm",      "off"};
    int code = 0;
    while (code < 8 && (state == NULL || strcmp(names[code], state) != 0)) {
        code++;
    }
    return code;
}

static uint32_t checksum(const json_t *stations) {
    uint32_t sum = UINT32_C(0x811c9dc5);
    char text[64];
    for (size_t i = 0; i < json_array_size(stations); i++) {
        const json_t *station = json_array_get(stations, i);
        const json_t *machines = json_object_get(station, "machines");
        snprintf(text, sizeof text, "%lld;%lld;",
                 (long long)json_integer_value(json_object_get(station, "queue")),
                 (long long)json_integer_value(json_object_get(station, "working")));
        sum = add_text(sum, text);
        for (size_t k = 0; k < json_array_size(machines); k++) {
            const json_t *machine = json_array_get(machines, k);
            snprintf(text, sizeof text, "%d;",
                     code_of(json_string_value(json_object_get(machine, "state"))));
            sum = add_text(sum, text);
        }
    }
    return sum;
}

static void tell_forecast(ls_live *s, json_t *state) {
    json_t *forecast = json_object_get(state, "forecast");
    const int64_t origin = json_integer_value(json_object_get(forecast, "origin_us"));
    if (json_is_object(forecast) && origin != s->forecast_us) {
        s->forecast_us = origin;
        publish(s, FORECAST, "forecast", json_incref(forecast));
    }
}

static void tell_decisions(ls_live *s) {
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
        publish(s, DECISIONS, "decision", json_incref(row));
    }
    json_decref(rows);
    json_t *row = told || id[0] == '\0' ? NULL : ls_view_decision(s->service, id);
    if (row != NULL) {
        publish(s, DECISIONS, "decision", row);
    }
}

static void tell_notices(ls_live *s, bool quietly) {
    uint64_t last = s->notices;
    json_t *list = ls_view_notices(s->service, s->notices, &last);
    s->notices = last;
    for (size_t i = 0; i < json_array_size(list) && !quietly; i++) {
        publish(s, NOTICES, "notice", json_incref(json_array_get(list, i)));
    }
    json_decref(list);
}

static bool is_over(ls_live *s) {
    pthread_mutex_lock(&s->lock);
    const bool over = s->ends;
    pthread_mutex_unlock(&s->lock);
    return over;
}

static bool has_listeners(ls_live *s) {
    pthread_mutex_lock(&s->lock);
    const bool any = s->listeners > 0;
    pthread_mutex_unlock(&s->lock);
    return any;
}

static void *work(void *context) {
    ls_live *s = context;
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    char id[64];
    tell_notices(s, true);  // what happened before nobody waits for
    s->changes = ls_view_decisions_changes(s->service, id, sizeof id);
    for (unsigned tick = 1; !is_over(s); tick++) {
        nanosleep(&pause, NULL);
        if (tick % KPI_TICKS == 0) {
            json_t *kpi = ls_view_kpi(s->service);  // also keeps the pulse going
            if (has_listeners(s)) {
                publish(s, KPI, "kpi", kpi);
            } else {
                json_decref(kpi);
            }
        }
        if (!has_listeners(s)) {
            // Who comes next begins with the whole state.
            s->changes = ls_view_decisions_changes(s->service, id, sizeof id);
            continue;
        }
        json_t *state = ls_view_now(s->service);
        if (state != NULL) {
            tell_changes(s, state);
            tell_forecast(s, state);
        }
        tell_decisions(s);
        if (tick % NOTICE_TICKS == 0) {
            tell_notices(s, false);
        }
        if (tick % BEAT_TICKS == 0) {
            publish(s, ALWAYS, "beat",
                    json_pack("{s:O, s:I, s:O, s:I}", "t", json_object_get(state, "line_now_us"),
                              "seq", (json_int_t)s->next, "age_s", json_object_get(state, "age_s"),
                              "check", (json_int_t)checksum(s->stations)));
        }
        json_decref(state);
    }
    return NULL;
}

// ---- opening, closing

ls_status ls_live_open(ls_service *service, ls_live **out, ls_error *err) {
    *out = NULL;
    ls_live *s = ls_alloc(sizeof *s);
    if (s == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the live stream");
    }
    memset(s, 0, sizeof *s);
    s->service = service;
    s->first = s->next = 1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->more, NULL);
    if (pthread_create(&s->thread, NULL, work, s) != 0) {
        ls_live_close(s);
        return ls_fail(err, LS_ERR_MEMORY, "no thread for the live stream");
    }
    s->has_thread = true;
    *out = s;
    return LS_OK;
}

void ls_live_end(ls_live *s) {
    pthread_mutex_lock(&s->lock);
    s->ends = true;
    pthread_cond_broadcast(&s->more);
    pthread_mutex_unlock(&s->lock);
}

void ls_live_close(ls_live *s) {
    if (s == NULL) {
        return;
    }
    ls_live_end(s);
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

json_t *ls_live_state(ls_live *s) {
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

bool ls_live_topics(const char *list, unsigned *out) {
    *out = list == NULL || list[0] == '\0' ? (unsigned)ALL : 0u;
    while (list != NULL && *list != '\0') {
        const size_t length = strcspn(list, ",");
        unsigned found = 0;
        for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
            if (strlen(topics[i].name) == length && memcmp(topics[i].name, list, length) == 0) {
                found = topics[i].topic;
            }
        }
        if (found == 0) {
            return false;
        }
        *out |= found;
        list += length + (list[length] == ',');
    }
    return true;
}

ls_listener *ls_live_listen(ls_live *s, uint64_t after, unsigned wanted) {
    ls_listener *l = ls_alloc(sizeof *l);
    pthread_mutex_lock(&s->lock);
    const bool full = l == NULL || s->listeners >= LS_LIVE_MOST || s->ends;
    if (!full) {
        const bool held = after != 0 && after + 1 >= s->first && after < s->next;
        *l = (ls_listener){.stream = s,
                           .at = held ? after + 1 : s->next,
                           .topics = wanted,
                           .needs_snapshot = !held};
        s->listeners++;
    }
    pthread_mutex_unlock(&s->lock);
    if (full) {
        ls_free(l);
        return NULL;
    }
    return l;
}

void ls_live_leave(ls_listener *l) {
    ls_live *s = l->stream;
    pthread_mutex_lock(&s->lock);
    s->listeners--;
    pthread_mutex_unlock(&s->lock);
    free(l->text);
    ls_free(l);
}

static bool take_snapshot(ls_listener *l) {
    ls_live *s = l->stream;
    pthread_mutex_lock(&s->lock);
    l->at = s->next;
    pthread_mutex_unlock(&s->lock);
    json_t *state = ls_live_state(s);
    const uint64_t number = (uint64_t)json_integer_value(json_object_get(state, "seq"));
    l->text = compose("snapshot", number, state, &l->size);
    l->needs_snapshot = false;
    return l->text != NULL;
}

// The next event of its topics; those of others are passed over.
static bool has_event(ls_listener *l) {
    ls_live *s = l->stream;
    while (l->at >= s->first && l->at < s->next) {
        const unsigned topic = s->ring[l->at % RING].topic;
        if (topic == ALWAYS || (topic & l->topics) != 0) {
            return true;
        }
        l->at++;
    }
    return l->at < s->first;
}

static bool is_behind(const ls_listener *l) {
    const ls_live *s = l->stream;
    return l->at < s->first ||
           s->bytes_ever - s->ring[l->at % RING].bytes_before > BEHIND_BYTES_MAX;
}

// A copy of the next event; waits. False: the stream has ended.
static bool take_event(ls_listener *l) {
    ls_live *s = l->stream;
    pthread_mutex_lock(&s->lock);
    while (!s->ends && !has_event(l)) {
        pthread_cond_wait(&s->more, &s->lock);
    }
    const bool over = s->ends;
    if (!over && is_behind(l)) {
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

ptrdiff_t ls_live_read(ls_listener *l, char *out, size_t size) {
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

ls_live_figures ls_live_describe(ls_live *s) {
    pthread_mutex_lock(&s->lock);
    const ls_live_figures figures = {s->listeners, s->next - 1, s->dropped};
    pthread_mutex_unlock(&s->lock);
    return figures;
}
