// edge.c - see edge.h: the state machine of sparkplug_edge.h on a connection of mqtt.h.
#include "line/edge.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/text.h"
#include "line/mqtt.h"
#include "line/sparkplug_edge.h"

enum { DEF_COOKIE = 0x65646765, FILTERS_MAX = 8, CHANCES = 1000000 };

struct ls_edge {
    pthread_mutex_t lock;  // recursive: `commanded` may set values
    ls_sparkplug_edge *machine;
    ls_mqtt *mqtt;  // NULL: not started
    ls_arena arena;
    ls_mqtt_def connection;
    ls_mqtt_filter filters[FILTERS_MAX];
    void (*commanded)(void *context, uint32_t metric, const ls_sample *value);
    void *context;
    // What a bad network does to data messages, in parts of a million.
    uint32_t drop, twice, swap;
    uint64_t random;
    uint64_t lost, doubled, swapped;  // so far
    struct {                          // held back, to be sent behind the next one
        char topic[LS_SPARKPLUG_TOPIC_MAX];
        void *payload;
        size_t size;
    } held;
};

ls_edge_def ls_edge_def_default(void) {
    return (ls_edge_def){.keep_max = 100000, .cookie = DEF_COOKIE};
}

static int64_t wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// ---- publishing, and what a bad network does to it

static bool send_out(ls_edge *edge, const char *topic, const void *bytes, size_t size, int qos,
                     bool retain) {
    const ls_mqtt_message message = {
        .topic = topic, .payload = bytes, .size = size, .qos = qos, .retain = retain};
    return edge->mqtt != NULL && ls_mqtt_publish(edge->mqtt, &message, NULL, NULL) == LS_OK;
}

// splitmix64; parts of a million.
static bool chance(ls_edge *edge, uint32_t parts) {
    uint64_t z = (edge->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % CHANCES < parts;
}

static bool hold_back(ls_edge *edge, const char *topic, const void *bytes, size_t size) {
    void *copy = ls_alloc(size);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, bytes, size);
    ls_text_format(edge->held.topic, sizeof edge->held.topic, "%s", topic);
    edge->held.payload = copy;
    edge->held.size = size;
    return true;
}

static void let_go(ls_edge *edge) {
    if (edge->held.payload != NULL) {
        send_out(edge, edge->held.topic, edge->held.payload, edge->held.size, 0, false);
        ls_free(edge->held.payload);
        edge->held.payload = NULL;
    }
}

static bool is_data(const char *topic) {
    return strstr(topic, "/NDATA/") != NULL || strstr(topic, "/DDATA/") != NULL;
}

static bool on_publish(void *context, const char *topic, const void *bytes, size_t size, int qos,
                       bool retain) {
    ls_edge *edge = context;
    if ((edge->drop | edge->twice | edge->swap) == 0 || !is_data(topic)) {
        let_go(edge);
        return send_out(edge, topic, bytes, size, qos, retain);
    }
    if (chance(edge, edge->drop)) {
        edge->lost++;
        return true;
    }
    if (edge->held.payload == NULL && chance(edge, edge->swap) &&
        hold_back(edge, topic, bytes, size)) {
        edge->swapped++;
        return true;
    }
    const bool good = send_out(edge, topic, bytes, size, qos, retain);
    if (good && chance(edge, edge->twice)) {
        edge->doubled++;
        send_out(edge, topic, bytes, size, qos, retain);
    }
    let_go(edge);
    return good;
}

void ls_edge_disturb(ls_edge *edge, uint32_t drop, uint32_t twice, uint32_t swap, uint64_t seed) {
    pthread_mutex_lock(&edge->lock);
    edge->drop = drop;
    edge->twice = twice;
    edge->swap = swap;
    edge->random = seed;
    let_go(edge);
    pthread_mutex_unlock(&edge->lock);
}

// ---- what the connection says

static void on_command(void *context, uint32_t metric, const ls_sample *value) {
    ls_edge *edge = context;
    if (edge->commanded != NULL) {
        edge->commanded(edge->context, metric, value);
    }
}

static bool on_will(void *context, ls_mqtt_message *out) {
    ls_edge *edge = context;
    *out = (ls_mqtt_message){.qos = 1};
    pthread_mutex_lock(&edge->lock);
    ls_sparkplug_edge_will(edge->machine, wall_us(), &out->topic, &out->payload, &out->size);
    pthread_mutex_unlock(&edge->lock);
    return true;
}

static void on_connected(void *context, bool resumed) {
    ls_edge *edge = context;
    (void)resumed;
    pthread_mutex_lock(&edge->lock);
    ls_sparkplug_edge_connected(edge->machine, wall_us());
    pthread_mutex_unlock(&edge->lock);
}

static void on_lost(void *context, bool first, uint32_t tries, const char *why, int64_t retry_us) {
    ls_edge *edge = context;
    (void)tries;
    (void)why;
    (void)retry_us;
    pthread_mutex_lock(&edge->lock);
    if (first) {
        ls_free(edge->held.payload);
        edge->held.payload = NULL;
        ls_sparkplug_edge_lost(edge->machine, wall_us());
    }
    pthread_mutex_unlock(&edge->lock);
}

static void connect_again_when_wanted(ls_edge *edge) {
    if (ls_sparkplug_edge_wants_reconnect(edge->machine)) {
        ls_mqtt_again(edge->mqtt);
    }
}

static bool on_message(void *context, const ls_mqtt_message *message) {
    ls_edge *edge = context;
    pthread_mutex_lock(&edge->lock);
    ls_sparkplug_edge_message(edge->machine, message->topic, message->payload, message->size,
                              wall_us());
    connect_again_when_wanted(edge);
    pthread_mutex_unlock(&edge->lock);
    return true;
}

static int64_t on_tick(void *context) {
    ls_edge *edge = context;
    const int64_t now_us = wall_us();
    pthread_mutex_lock(&edge->lock);
    const int64_t next_us = ls_sparkplug_edge_tick(edge->machine, now_us);
    connect_again_when_wanted(edge);
    pthread_mutex_unlock(&edge->lock);
    return next_us == INT64_MAX ? INT64_MAX : (next_us > now_us ? next_us - now_us : 0);
}

static void on_closing(void *context) {
    ls_edge *edge = context;
    pthread_mutex_lock(&edge->lock);
    let_go(edge);
    // NDEATH is out already where it is the reason to connect again.
    if (!ls_sparkplug_edge_wants_reconnect(edge->machine)) {
        ls_sparkplug_edge_closing(edge->machine, wall_us());
    }
    pthread_mutex_unlock(&edge->lock);
}

// ---- create, start, destroy

static bool keep_text(ls_arena *arena, const char **text) {
    *text = *text != NULL ? ls_arena_text(arena, *text, strlen(*text)) : NULL;
    return *text != NULL;
}

// Where to connect to, copied: the source may be gone when the edge starts.
static bool keep_connection(ls_edge *edge, const ls_edge_def *def) {
    const ls_source *source = def->source;
    ls_mqtt_def *to = &edge->connection;
    *to = ls_mqtt_def_default();
    to->url = def->url != NULL ? def->url : source->broker;
    to->user = def->user;
    to->password = def->password;
    to->login = def->user == NULL ? source->login : NULL;
    to->ca = source->ca;
    to->certificate = source->certificate;
    to->key = source->key;
    to->version = source->mqtt_version != 0 ? source->mqtt_version : to->version;
    const char **texts[] = {&to->url, &to->user,        &to->password, &to->login,
                            &to->ca,  &to->certificate, &to->key};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (*texts[i] != NULL && !keep_text(&edge->arena, texts[i])) {
            return false;
        }
    }
    return true;
}

static ls_status make_machine(ls_edge *edge, const ls_edge_def *def, ls_error *err) {
    ls_sparkplug_edge_def machine = ls_sparkplug_edge_def_default();
    machine.group = def->source->group;
    machine.node = def->node;
    machine.primary = def->primary;
    machine.keep_max = def->keep_max;
    machine.publish = on_publish;
    machine.commanded = on_command;
    machine.context = edge;
    return ls_sparkplug_edge_create(&machine, &edge->machine, err);
}

ls_status ls_edge_create(const ls_edge_def *def, ls_edge **out, ls_error *err) {
    assert(def->cookie == DEF_COOKIE);
    ls_edge *edge = ls_alloc(sizeof *edge);
    if (edge == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for an edge node");
    }
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&edge->lock, &recursive);
    pthread_mutexattr_destroy(&recursive);
    ls_arena_init(&edge->arena);
    edge->commanded = def->commanded;
    edge->context = def->context;
    ls_status status = LS_OK;
    if (def->url == NULL && def->source->broker == NULL) {
        status = ls_fail(err, LS_ERR_INVALID, "edge node '%s': no broker is named", def->node);
    } else if (!keep_connection(edge, def)) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for an edge node");
    } else {
        status = make_machine(edge, def, err);
    }
    if (status != LS_OK) {
        ls_edge_destroy(edge);
        return status;
    }
    *out = edge;
    return LS_OK;
}

ls_status ls_edge_metric(ls_edge *edge, const char *device, const char *name, ls_value_kind kind,
                         const char *unit, bool writable, uint32_t *out, ls_error *err) {
    static const ls_sparkplug_type types[LS_VALUE_KIND_COUNT] = {
        [LS_VALUE_BOOL] = LS_SPARKPLUG_BOOLEAN, [LS_VALUE_INT] = LS_SPARKPLUG_INT64,
        [LS_VALUE_UINT] = LS_SPARKPLUG_UINT64,  [LS_VALUE_REAL] = LS_SPARKPLUG_DOUBLE,
        [LS_VALUE_FLOAT] = LS_SPARKPLUG_FLOAT,  [LS_VALUE_TEXT] = LS_SPARKPLUG_STRING,
        [LS_VALUE_BYTES] = LS_SPARKPLUG_BYTES};
    assert(edge->mqtt == NULL);
    assert(kind > LS_VALUE_NONE && kind < LS_VALUE_KIND_COUNT);
    return ls_sparkplug_edge_metric(edge->machine, device, name, types[kind], unit, writable, out,
                                    err);
}

ls_status ls_edge_start(ls_edge *edge, ls_error *err) {
    assert(edge->mqtt == NULL);
    ls_mqtt_def def = edge->connection;
    for (uint32_t i = 0; i < FILTERS_MAX; i++) {
        edge->filters[i].topics = ls_sparkplug_edge_filter(edge->machine, i);
        edge->filters[i].qos = 1;
        if (edge->filters[i].topics == NULL) {
            break;
        }
        def.filter_count = i + 1;
    }
    def.filters = edge->filters;
    def.listener = (ls_mqtt_listener){.context = edge,
                                      .will = on_will,
                                      .connected = on_connected,
                                      .lost = on_lost,
                                      .message = on_message,
                                      .tick = on_tick,
                                      .closing = on_closing};
    // Its thread begins at once and waits here until edge->mqtt is set.
    pthread_mutex_lock(&edge->lock);
    const ls_status status = ls_mqtt_create(&def, &edge->mqtt, err);
    pthread_mutex_unlock(&edge->lock);
    return status;
}

void ls_edge_set(ls_edge *edge, uint32_t metric, const ls_sample *value) {
    pthread_mutex_lock(&edge->lock);
    ls_sparkplug_edge_set(edge->machine, metric, value);
    pthread_mutex_unlock(&edge->lock);
}

void ls_edge_flush(ls_edge *edge) {
    pthread_mutex_lock(&edge->lock);
    ls_sparkplug_edge_flush(edge->machine, wall_us());
    pthread_mutex_unlock(&edge->lock);
}

void ls_edge_describe(ls_edge *edge, ls_edge_figures *out) {
    ls_sparkplug_edge_figures got = {0};
    ls_mqtt_figures connection = {0};
    pthread_mutex_lock(&edge->lock);
    ls_sparkplug_edge_describe(edge->machine, &got);
    *out = (ls_edge_figures){.disturbed_lost = edge->lost,
                             .disturbed_doubled = edge->doubled,
                             .disturbed_swapped = edge->swapped};
    pthread_mutex_unlock(&edge->lock);
    if (edge->mqtt != NULL) {
        ls_mqtt_describe(edge->mqtt, &connection);
    }
    out->messages = got.messages;
    out->metrics = got.metrics;
    out->bytes = got.bytes;
    out->births = got.births;
    out->kept = got.kept;
    out->dropped = got.dropped;
    out->commands = got.commands;
    out->connected = connection.connected;
}

void ls_edge_destroy(ls_edge *edge) {
    if (edge == NULL) {
        return;
    }
    ls_mqtt_destroy(edge->mqtt);
    ls_sparkplug_edge_destroy(edge->machine);
    ls_free(edge->held.payload);
    ls_arena_clear(&edge->arena);
    pthread_mutex_destroy(&edge->lock);
    ls_free(edge);
}
