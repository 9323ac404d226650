// live.c - see live.h.
#include "web/live.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "twin/twin.h"

enum {
    LOOK_MS = 200,
    KPI_TICKS = 5,
    BEAT_TICKS = 10,
    NOTICE_TICKS = 10,
    MODEL_TICKS = 5,
    CHANGES_MOST = 64
};

// What an event belongs to; a beat and a snapshot belong to everybody.
enum {
    ALWAYS = LS_RING_ALWAYS,
    STATE = 1,
    KPI = 2,
    DECISIONS = 4,
    FORECAST = 8,
    NOTICES = 16,
    MODELS = 32,
    ALL = 63
};
static const struct {
    const char *name;
    unsigned topic;
} topics[] = {
    {"state", STATE},       {"kpi", KPI},         {"decisions", DECISIONS},
    {"forecast", FORECAST}, {"notices", NOTICES}, {"models", MODELS},
};

struct ls_live {
    ls_service *service;
    ls_ring *ring;
    json_t *stations;  // as last told; the thread's own
    uint64_t changes, notices, models;
    int64_t forecast_us;
    pthread_t thread;
    bool has_thread;
};

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
        ls_ring_add(s->ring, STATE, "state",
                    json_pack("{s:I, s:O, s:O, s:O}", "seq", (json_int_t)ls_ring_next(s->ring), "t",
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
        ls_ring_add(s->ring, FORECAST, "forecast", json_incref(forecast));
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
        ls_ring_add(s->ring, DECISIONS, "decision", json_incref(row));
    }
    json_decref(rows);
    json_t *row = told || id[0] == '\0' ? NULL : ls_view_decision(s->service, id);
    if (row != NULL) {
        ls_ring_add(s->ring, DECISIONS, "decision", row);
    }
}

static void tell_notices(ls_live *s, bool quietly) {
    uint64_t last = s->notices;
    json_t *list = ls_view_notices(s->service, s->notices, &last);
    s->notices = last;
    for (size_t i = 0; i < json_array_size(list) && !quietly; i++) {
        ls_ring_add(s->ring, NOTICES, "notice", json_incref(json_array_get(list, i)));
    }
    json_decref(list);
}

static void tell_models(ls_live *s) {
    json_t *list = ls_view_models_news(s->service, &s->models);
    for (size_t i = 0; i < json_array_size(list); i++) {
        ls_ring_add(s->ring, MODELS, "model", json_incref(json_array_get(list, i)));
    }
    json_decref(list);
}

static void tell_beat(ls_live *s, const json_t *state) {
    ls_ring_add(
        s->ring, ALWAYS, "beat",
        json_pack("{s:O, s:I, s:O, s:I}", "t", json_object_get(state, "line_now_us"), "seq",
                  (json_int_t)ls_ring_next(s->ring), "age_s", json_object_get(state, "age_s"),
                  "check", (json_int_t)checksum(s->stations)));
}

static void tell_kpi(ls_live *s, bool heard) {
    json_t *kpi = ls_view_kpi(s->service);  // also keeps the pulse going
    if (heard) {
        json_t *condition = ls_view_condition(s->service);
        json_object_update(kpi, condition);
        json_decref(condition);
        ls_ring_add(s->ring, KPI, "kpi", kpi);
    } else {
        json_decref(kpi);
    }
}

static void tell_state(ls_live *s, unsigned tick) {
    json_t *state = ls_view_now(s->service);
    if (state != NULL) {
        tell_changes(s, state);
        tell_forecast(s, state);
    }
    if (tick % BEAT_TICKS == 0) {
        tell_beat(s, state);
    }
    json_decref(state);
}

static void *work(void *context) {
    ls_live *s = context;
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    char id[64];
    tell_notices(s, true);  // what happened before nobody waits for
    s->changes = ls_view_decisions_changes(s->service, id, sizeof id);
    for (unsigned tick = 1; !ls_ring_ends(s->ring); tick++) {
        nanosleep(&pause, NULL);
        const bool heard = ls_ring_is_heard(s->ring);
        if (tick % KPI_TICKS == 0) {
            tell_kpi(s, heard);
        }
        if (heard) {
            tell_decisions(s);
            tell_state(s, tick);
        } else {  // who comes next begins with the whole state
            s->changes = ls_view_decisions_changes(s->service, id, sizeof id);
        }
        if (heard && tick % MODEL_TICKS == 0) {
            tell_models(s);
        }
        if (heard && tick % NOTICE_TICKS == 0) {
            tell_notices(s, false);
        }
        if (ls_ring_wants_snapshot(s->ring)) {
            const uint64_t number = ls_ring_next(s->ring) - 1;
            ls_ring_give_snapshot(s->ring, ls_live_state(s), number);
        }
        ls_ring_show(s->ring);
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
    const ls_status status = ls_ring_create("snapshot", &s->ring, err);
    if (status != LS_OK) {
        ls_free(s);
        return status;
    }
    if (pthread_create(&s->thread, NULL, work, s) != 0) {
        ls_live_close(s);
        return ls_fail(err, LS_ERR_MEMORY, "no thread for the live stream");
    }
    s->has_thread = true;
    *out = s;
    return LS_OK;
}

void ls_live_end(ls_live *s) {
    ls_ring_end(s->ring);
}

void ls_live_close(ls_live *s) {
    if (s == NULL) {
        return;
    }
    ls_live_end(s);
    if (s->has_thread) {
        pthread_join(s->thread, NULL);
    }
    ls_ring_destroy(s->ring);
    json_decref(s->stations);
    ls_free(s);
}

// ---- listening

json_t *ls_live_state(ls_live *s) {
    char hash[24];
    const uint64_t number = ls_ring_await(s->ring);  // then the stream goes on from there
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
    ls_listener *l = ls_ring_listen(s->ring, after, wanted, LS_LIVE_MOST);
    if (l != NULL && ls_ring_begins(l)) {
        json_t *state = ls_live_state(s);
        const uint64_t number = (uint64_t)json_integer_value(json_object_get(state, "seq"));
        ls_ring_begin(l, state, number);
    }
    return l;
}

ls_ring_figures ls_live_describe(const ls_live *s) {
    return ls_ring_describe(s->ring);
}

static ls_listener *listen_to(void *context, uint64_t after, unsigned wanted) {
    return ls_live_listen(context, after, wanted);
}

static void end_of(void *context) {
    ls_live_end(context);
}

ls_stream ls_live_stream(ls_live *s) {
    return (ls_stream){
        .topics = ls_live_topics,
        .topics_text =
            "topics are state, kpi, decisions, forecast, notices and models, with commas between",
        .listen = listen_to,
        .end = end_of,
        .context = s,
    };
}
