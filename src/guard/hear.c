// hear.c - see hear.h: the connection, and the hand.
#include "guard/hear.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/text.h"
#include "guard/hear_inside.h"
#include "guard/protocol.h"
#include "line/sparkplug_payload.h"

enum { ASK_US = 2000000 };

static int64_t clock_us(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

ls_guard_clock ls_guard_ear_clock(const ls_guard_ear *ear) {
    return (ls_guard_clock){.mono_us = clock_us(CLOCK_MONOTONIC),
                            .wall_us = clock_us(CLOCK_REALTIME),
                            .line_us = ear->line_us};
}

// ---- the connection

static void tell(ls_guard_ear *ear, const char *text) {
    if (ear->def.told != NULL) {
        ear->def.told(ear->def.context, text);
    }
}

static void on_noticed(void *context, const ls_notice *notice) {
    ls_guard_ear *ear = context;
    if (notice->kind == LS_NOTICE_CONNECTED || notice->kind == LS_NOTICE_LOST ||
        notice->kind == LS_NOTICE_GAP) {
        char text[700];
        ls_text_format(text, sizeof text, "%s: %s", notice->subject, notice->text);
        tell(ear, text);
    }
}

static bool on_publish(void *context, const char *topic, const void *bytes, size_t size, int qos,
                       bool retain) {
    ls_guard_ear *ear = context;
    if (strstr(topic, "/STATE/") != NULL) {
        return true;  // the guard is nobody's primary host
    }
    const ls_mqtt_message message = {.topic = topic,
                                     .payload = bytes,
                                     .size = size,
                                     .qos = ear->commanding ? 1 : qos,
                                     .retain = retain};
    return ear->mqtt != NULL && ls_mqtt_publish(ear->mqtt, &message, NULL, NULL) == LS_OK;
}

static void on_connected(void *context, bool resumed) {
    ls_guard_ear *ear = context;
    pthread_mutex_lock(ear->def.lock);
    ls_mqtt_notices_connected(&ear->notices, &ear->sink, resumed);
    ear->asked_us = ls_wall_us();
    ls_sparkplug_host_connected(ear->host, ls_wall_us());
    pthread_mutex_unlock(ear->def.lock);
}

static void on_lost(void *context, bool first, uint32_t tries, const char *why, int64_t retry_us) {
    ls_guard_ear *ear = context;
    pthread_mutex_lock(ear->def.lock);
    ls_mqtt_notices_lost(&ear->notices, &ear->sink, first, tries, why, retry_us);
    if (first) {
        ls_sparkplug_host_lost(ear->host, ls_wall_us());
        ls_guard_ear_line_gone(ear, clock_us(CLOCK_MONOTONIC));
    }
    ear->def.heard(ear->def.context);
    pthread_mutex_unlock(ear->def.lock);
}

static bool on_message(void *context, const ls_mqtt_message *message) {
    ls_guard_ear *ear = context;
    pthread_mutex_lock(ear->def.lock);
    ls_sparkplug_host_message(ear->host, message->topic, message->payload, message->size,
                              ls_wall_us());
    if (ear->births) {
        ear->births = false;
        ls_guard_ear_pass_on_births(ear, clock_us(CLOCK_MONOTONIC));
        ls_guard_lots_told(ear->def.state);
    }
    ear->def.heard(ear->def.context);
    pthread_mutex_unlock(ear->def.lock);
    return true;
}

static void on_told(void *context, const char *text) {
    tell(context, text);
}

// A node that was born before we came and has nothing to say: asks for its birth. (One that says
// something is asked by the host itself.)
static void ask_for_birth(ls_guard_ear *ear, const char *path) {
    uint8_t bytes[128];
    char topic[LS_SPARKPLUG_TOPIC_MAX + 8];
    static const char name[] = "Node Control/Rebirth";
    const char *slash = strchr(path, '/');
    const ls_sparkplug_metric metric = {.name = {name, sizeof name - 1},
                                        .has_type = true,
                                        .type = LS_SPARKPLUG_BOOLEAN,
                                        .field = LS_SPARKPLUG_BOOLEAN_VALUE,
                                        .bits = 1};
    ls_sparkplug_writer w;
    ls_sparkplug_begin(&w, bytes, sizeof bytes, (uint64_t)ls_wall_us() / 1000);
    ls_sparkplug_add(&w, &metric);
    // "GROUP/NODE/" into "spBv1.0/GROUP/NCMD/NODE".
    ls_text_format(topic, sizeof topic, "spBv1.0/%.*s/NCMD/%.*s", (int)(slash - path), path,
                   (int)strlen(slash) - 2, slash + 1);
    on_publish(ear, topic, bytes, ls_sparkplug_size(&w), 0, false);
}

static void ask_for_births(ls_guard_ear *ear, int64_t now_us) {
    if (ear->devices[ear->device_count - 1].alive || now_us - ear->asked_us < ASK_US) {
        return;
    }
    ear->asked_us = now_us;
    for (uint32_t i = 0; i < ear->node_count; i++) {
        ask_for_birth(ear, ear->nodes[i]);
    }
}

static int64_t on_tick(void *context) {
    ls_guard_ear *ear = context;
    const int64_t now_us = ls_wall_us();
    pthread_mutex_lock(ear->def.lock);
    int64_t next_us = ls_sparkplug_host_tick(ear->host, now_us);
    ask_for_births(ear, now_us);
    pthread_mutex_unlock(ear->def.lock);
    next_us = next_us < now_us + ASK_US ? next_us : now_us + ASK_US;
    return next_us > now_us ? next_us - now_us : 0;
}

static ls_status make_host(ls_guard_ear *ear, ls_error *err) {
    ls_sparkplug_host_def def = ls_sparkplug_host_def_default();
    ear->sink = (ls_sink){
        .context = ear, .tags = ear->tags, .heard = ls_guard_ear_heard, .noticed = on_noticed};
    def.host = "lineshaft-guard";
    def.group = ear->source->group;
    def.nodes = ear->source->nodes;
    def.node_count = ear->source->node_count;
    def.sink = &ear->sink;
    def.publish = on_publish;
    def.context = ear;
    def.reorder_us = ear->source->reorder_us;
    def.rebirth_max_us = INT64_C(10) * 1000000;
    return ls_sparkplug_host_create(&def, &ear->host, err);
}

// The one that is commanded over Modbus goes before Sparkplug.
static const ls_source *find_source(const ls_plant *plant) {
    for (uint32_t i = 0; i < plant->listen.source_count; i++) {
        if (plant->listen.sources[i].commands != NULL) {
            return &plant->listen.sources[i];
        }
    }
    for (uint32_t i = 0; i < plant->listen.source_count; i++) {
        if (plant->listen.sources[i].kind == LS_SOURCE_SPARKPLUG) {
            return &plant->listen.sources[i];
        }
    }
    return NULL;
}

ls_status ls_guard_ear_create(const ls_guard_ear_def *def, ls_guard_ear **out, ls_error *err) {
    *out = NULL;
    const ls_plant *plant = def->limits->plant;
    if (find_source(plant) == NULL) {
        ls_fail(err, LS_ERR_INVALID,
                "'%s' listens to no Sparkplug source and to no Modbus source with `commands`: the "
                "guard has no way to its machines",
                plant->file != NULL ? plant->file : plant->name);
        ls_hint(err,
                "`listen: {sparkplug: ...}`, or `commands:` under `listen: {modbus: {NAME: ...}}`");
        return LS_ERR_INVALID;
    }
    ls_guard_ear *ear = ls_alloc(sizeof *ear);
    if (ear == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for what the guard hears");
    }
    ear->def = *def;
    ear->plant = plant;
    ear->source = find_source(plant);
    ear->line_us = LS_GUARD_UNKNOWN;
    ls_arena_init(&ear->arena);
    ls_status status = ls_tags_create(&ear->tags, err);
    if (status == LS_OK && ear->source->commands != NULL) {
        status = ls_guard_ear_modbus_begin(ear, err);
    }
    if (status == LS_OK) {
        status = ls_guard_ear_make_tables(ear, err);
    }
    if (status == LS_OK) {
        status = ear->modbus != NULL ? ls_guard_ear_modbus_create(ear, err) : make_host(ear, err);
    }
    if (status != LS_OK) {
        ls_guard_ear_destroy(ear);
        return status;
    }
    *out = ear;
    return LS_OK;
}

ls_status ls_guard_ear_start(ls_guard_ear *ear, ls_guard_writer *writer, ls_error *err) {
    ls_mqtt_source texts;
    ls_mqtt_def def = ls_mqtt_def_default();
    ear->writer = writer;
    if (ear->modbus != NULL) {
        return ls_guard_bus_start(ls_guard_ear_bus(ear), err);
    }
    ls_status status = ls_mqtt_source_set(&ear->plant->listen, ear->source, ear->def.broker_folder,
                                          LS_BROKER_GUARD, &texts, &def, err);
    if (status != LS_OK) {
        return status;
    }
    def.login = ear->def.login != NULL && !ear->source->embedded ? ear->def.login : def.login;
    def.retry_max_us = 2000000;
    for (uint32_t i = 0; i < FILTERS_MAX; i++) {
        ls_mqtt_filter *filter = &ear->filters[def.filter_count];
        filter->topics = ls_sparkplug_host_filter(ear->host, i, &filter->qos);
        if (filter->topics == NULL) {
            break;
        }
        def.filter_count += strstr(filter->topics, "/STATE/") == NULL;
    }
    ls_mqtt_notices_init(&ear->notices, ear->source, def.url);
    def.filters = ear->filters;
    def.listener = (ls_mqtt_listener){.context = ear,
                                      .connected = on_connected,
                                      .lost = on_lost,
                                      .message = on_message,
                                      .told = on_told,
                                      .tick = on_tick};
    pthread_mutex_lock(ear->def.lock);  // its thread waits until ear->mqtt is set
    status = ls_mqtt_create(&def, &ear->mqtt, err);
    pthread_mutex_unlock(ear->def.lock);
    return status;
}

const char *const *ls_guard_ear_devices(const ls_guard_ear *ear) {
    return ear->names;
}

void ls_guard_ear_destroy(ls_guard_ear *ear) {
    if (ear != NULL) {
        if (ear->modbus != NULL) {
            ls_guard_bus_destroy(ls_guard_ear_bus(ear));
        }
        ls_mqtt_destroy(ear->mqtt);
        ls_sparkplug_host_destroy(ear->host);
        ls_mapping_destroy(ear->mapping);
        ls_tags_destroy(ear->tags);
        ls_arena_clear(&ear->arena);
        ls_free(ear);
    }
}

// ---- the hand

static ls_sample text_of(const char *text) {
    return (ls_sample){.kind = LS_VALUE_TEXT, .size = (uint32_t)strlen(text), .value.text = text};
}

const char *ls_guard_ear_lacks(const ls_guard_ear *ear, const ls_command *command) {
    for (uint32_t i = 0; ear->modbus != NULL && i < ear->device_count; i++) {
        if (strcmp(ear->names[i], command->device) == 0) {
            return ls_guard_bus_lacks(ls_guard_ear_bus(ear), i, ls_command_kind_name(command->kind),
                                      command->argument);
        }
    }
    return NULL;
}

bool ls_guard_ear_send(ls_guard_ear *ear, uint32_t device, const char *kind, const char *argument,
                       int64_t id) {
    if (ear->modbus != NULL) {
        return ls_guard_bus_send(ls_guard_ear_bus(ear), device, kind, argument, id);
    }
    const hand *d = &ear->devices[device];
    const ls_sample number = {.kind = LS_VALUE_INT, .value.integer = id};
    const uint32_t tags[3] = {d->kind, d->argument, d->id};
    ls_sample values[3] = {number, number, number};
    if (kind != NULL) {
        values[0] = text_of(kind);
        values[1] = text_of(argument);
    }
    ls_error err = {0};
    ear->commanding = true;
    const ls_status status = ls_sparkplug_host_commands(ear->host, kind != NULL ? tags : tags + 2,
                                                        kind != NULL ? values : values + 2,
                                                        kind != NULL ? 3 : 1, ls_wall_us(), &err);
    ear->commanding = false;
    if (status != LS_OK) {
        tell(ear, err.text);
    }
    return status == LS_OK;
}

bool ls_guard_ear_beat(ls_guard_ear *ear, int64_t count) {
    if (ear->modbus != NULL) {
        return ls_guard_bus_beat(ls_guard_ear_bus(ear), count);
    }
    const ls_sample number = {.kind = LS_VALUE_INT, .value.integer = count};
    ls_error err = {0};
    ear->commanding = true;
    const bool sent = ls_sparkplug_host_command(ear->host, ear->beat_tag, &number, ls_wall_us(),
                                                &err) == LS_OK;
    ear->commanding = false;
    return sent;
}

double ls_guard_ear_setting(const ls_guard_ear *ear, uint32_t value) {
    return value < ear->def.limits->value_count ? ear->heard_settings[value] : NAN;
}

bool ls_guard_ear_agrees(ls_guard_ear *ear, const ls_command *command) {
    const ls_guard_limits *limits = ear->def.limits;
    if (command->kind != LS_COMMAND_SETPOINT) {
        return true;
    }
    const uint32_t at = ls_guard_target_find(limits, command->kind, command->target);
    const double told = at != LS_NONE ? ls_guard_ear_setting(ear, limits->targets[at].value) : NAN;
    return fabs(told - command->number) <= 1e-6 * fmax(1.0, fabs(command->number));
}

const char *ls_guard_ear_away(ls_guard_ear *ear) {
    ls_mqtt_figures figures = {0};
    if (ear->modbus != NULL) {
        return ls_guard_bus_is_connected(ls_guard_ear_bus(ear)) ? NULL
                                                                : "the PLC cannot be reached";
    }
    if (ear->mqtt != NULL) {
        ls_mqtt_describe(ear->mqtt, &figures);
    }
    return figures.connected ? NULL : "the broker cannot be reached";
}
