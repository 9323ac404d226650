// hear.c - see hear.h.
#include "guard/hear.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/text.h"
#include "line/mapping.h"
#include "line/mqtt_source.h"
#include "line/sparkplug_host.h"
#include "line/sparkplug_payload.h"

enum {
    FILTERS_MAX = 64,
    REASON_SIZE = 200,
    NAME_SIZE = LS_TAG_NAME_MAX + 1,
    NODES_MAX = 64,
    ASK_US = 2000000
};

typedef enum role {
    ROLE_NONE,
    ROLE_KIND,  // of a device
    ROLE_ARGUMENT,
    ROLE_ID,
    ROLE_DONE,
    ROLE_RESULT,
    ROLE_REASON,
    ROLE_STATE,  // of a machine
    ROLE_LOST,   // of the line
    ROLE_BEAT,
    ROLE_SETTING,  // of a value with a setpoint
} role;

typedef struct tag_role {
    uint8_t role;
    uint32_t of;
} tag_role;

typedef struct hand {                                   // of the handshake
    uint32_t kind, argument, id, done, result, reason;  // tags
    uint32_t node;
    int64_t last_id, last_done, last_result;
    char last_reason[REASON_SIZE];
    bool alive, born_id, born_done;  // told in this birth, not yet passed on
} hand;

struct ls_guard_ear {
    ls_guard_ear_def def;
    const ls_plant *plant;
    const ls_source *source;
    ls_guard_writer *writer;
    ls_arena arena;
    ls_tags *tags;
    ls_mapping *mapping;
    ls_sparkplug_host *host;
    ls_mqtt *mqtt;
    ls_sink sink;
    ls_mqtt_notices notices;
    ls_mqtt_filter filters[FILTERS_MAX];
    const char **names;
    hand *devices;  // machines, then the line
    uint32_t device_count;
    tag_role *roles;
    uint32_t role_count;
    uint32_t *settings;  // tag of each value with a setpoint
    double *heard_settings;
    uint32_t *conditions;  // tag of each
    uint32_t lost_tag, beat_tag;
    char nodes[NODES_MAX][NAME_SIZE];  // "GROUP/NODE/"
    uint32_t node_count;
    int64_t line_us;
    int64_t asked_us;  // for births, wall
    bool commanding, births;
};

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

// ---- tables

static ls_status add_tag(ls_guard_ear *ear, const char *name, uint32_t *out, ls_error *err) {
    return ls_tags_add(ear->tags, name, strlen(name), out, err);
}

// "GROUP/NODE/DEVICE" of a tag; empty when it has no device.
static void device_path(const char *tag, char out[NAME_SIZE]) {
    size_t length = 0;
    for (int slashes = 0; tag[length] != '\0'; length++) {
        slashes += tag[length] == '/';
        if (slashes == 3) {
            break;
        }
    }
    out[0] = '\0';
    if (tag[length] == '/') {
        ls_text_format(out, NAME_SIZE, "%.*s", (int)length, tag);
    }
}

static uint32_t node_of(ls_guard_ear *ear, const char *path) {
    char node[NAME_SIZE];
    const char *slash = strchr(path, '/');
    slash = slash != NULL ? strchr(slash + 1, '/') : NULL;
    if (slash == NULL) {
        return LS_NONE;
    }
    ls_text_format(node, sizeof node, "%.*s/", (int)(slash - path), path);
    for (uint32_t i = 0; i < ear->node_count; i++) {
        if (strcmp(ear->nodes[i], node) == 0) {
            return i;
        }
    }
    if (ear->node_count == NODES_MAX) {
        return LS_NONE;
    }
    memcpy(ear->nodes[ear->node_count], node, sizeof node);
    return ear->node_count++;
}

static ls_status add_device(ls_guard_ear *ear, uint32_t of, const char *path, ls_error *err) {
    hand *d = &ear->devices[of];
    const struct {
        const char *name;
        uint32_t *tag;
    } parts[] = {{"Kind", &d->kind}, {"Argument", &d->argument}, {"Id", &d->id},
                 {"Done", &d->done}, {"Result", &d->result},     {"Reason", &d->reason}};
    d->node = node_of(ear, path);
    ls_status status = d->node != LS_NONE
                           ? LS_OK
                           : ls_fail(err, LS_ERR_LIMIT, "more than %d edge nodes", NODES_MAX);
    for (size_t i = 0; status == LS_OK && i < sizeof parts / sizeof parts[0]; i++) {
        char name[NAME_SIZE + 32];
        ls_text_format(name, sizeof name, "%s/Command/%s", path, parts[i].name);
        status = add_tag(ear, name, parts[i].tag, err);
    }
    return status;
}

static const char *state_tag(const ls_plant *plant, uint32_t machine) {
    for (uint32_t i = 0; i < plant->listen.binding_count; i++) {
        const ls_binding *b = &plant->listen.bindings[i];
        if (b->means == LS_MEANS_STATE && b->of == machine) {
            return b->tag;
        }
    }
    return NULL;
}

static ls_status add_devices(ls_guard_ear *ear, ls_error *err) {
    const uint32_t count = ear->plant->machine_count;
    char path[NAME_SIZE] = "", line[NAME_SIZE + 32], name[NAME_SIZE + 64];
    ls_status status = LS_OK;
    for (uint32_t m = 0; status == LS_OK && m < count; m++) {
        const char *tag = state_tag(ear->plant, m);
        path[0] = '\0';
        if (tag != NULL) {
            device_path(tag, path);
        }
        if (path[0] == '\0') {
            ls_fail(err, LS_ERR_INVALID,
                    "machine '%s' has no signal `state` of a Sparkplug device: the guard does not "
                    "know how to command it",
                    ear->plant->machines[m].name);
            ls_hint(err, "its tag is GROUP/NODE/DEVICE/METRIC");
            return LS_ERR_INVALID;
        }
        ear->names[m] = ear->plant->machines[m].name;
        status = add_device(ear, m, path, err);
    }
    if (status == LS_OK) {
        ls_text_format(line, sizeof line, "%sline", ear->nodes[0]);
        ear->names[count] = "line";
        status = add_device(ear, count, line, err);
    }
    if (status == LS_OK) {
        ls_text_format(name, sizeof name, "%s/HeartbeatLost", line);
        status = add_tag(ear, name, &ear->lost_tag, err);
    }
    if (status == LS_OK) {
        ls_text_format(name, sizeof name, "%s/Heartbeat", line);
        status = add_tag(ear, name, &ear->beat_tag, err);
    }
    return status;
}

static ls_status add_values(ls_guard_ear *ear, ls_error *err) {
    const ls_listen *listen = &ear->plant->listen;
    ls_status status = LS_OK;
    uint32_t at = 0;
    for (uint32_t i = 0; status == LS_OK && i < listen->value_count; i++) {
        if (listen->values[i].setpoint != NULL) {
            ear->heard_settings[at] = NAN;
            status = add_tag(ear, listen->values[i].setpoint, &ear->settings[at++], err);
        }
    }
    const ls_guards *guards = ear->def.limits->guards;
    for (uint32_t i = 0; status == LS_OK && i < guards->condition_count; i++) {
        status = add_tag(ear, guards->conditions[i].tag, &ear->conditions[i], err);
    }
    return status;
}

static void set_role(ls_guard_ear *ear, uint32_t tag, role what, uint32_t of) {
    ear->roles[tag] = (tag_role){.role = (uint8_t)what, .of = of};
}

static ls_status set_roles(ls_guard_ear *ear, ls_error *err) {
    ear->role_count = ls_tags_count(ear->tags);
    ear->roles = ls_arena_alloc(&ear->arena, (ear->role_count + 1) * sizeof *ear->roles);
    if (ear->roles == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for what the guard hears");
    }
    for (uint32_t i = 0; i < ear->device_count; i++) {
        const hand *d = &ear->devices[i];
        set_role(ear, d->kind, ROLE_KIND, i);
        set_role(ear, d->argument, ROLE_ARGUMENT, i);
        set_role(ear, d->id, ROLE_ID, i);
        set_role(ear, d->done, ROLE_DONE, i);
        set_role(ear, d->result, ROLE_RESULT, i);
        set_role(ear, d->reason, ROLE_REASON, i);
    }
    for (uint32_t i = 0; i < ear->plant->machine_count; i++) {
        const char *tag = state_tag(ear->plant, i);
        set_role(ear, ls_tags_find(ear->tags, tag, strlen(tag)), ROLE_STATE, i);
    }
    for (uint32_t i = 0; i < ear->def.limits->value_count; i++) {
        set_role(ear, ear->settings[i], ROLE_SETTING, i);
    }
    set_role(ear, ear->lost_tag, ROLE_LOST, 0);
    set_role(ear, ear->beat_tag, ROLE_BEAT, 0);
    return LS_OK;
}

// ---- what is heard

static ls_guard_quality quality_of(const ls_sample *s) {
    switch (s->quality) {
    case LS_QUALITY_GOOD: return LS_GUARD_QUALITY_GOOD;
    case LS_QUALITY_UNCERTAIN: return LS_GUARD_QUALITY_UNCERTAIN;
    default: return LS_GUARD_QUALITY_BAD;
    }
}

static ls_guard_heard heard_of(const ls_guard_ear *ear, const ls_sample *s) {
    ls_guard_heard heard = {.quality = quality_of(s),
                            .vouched_us = ear->line_us,
                            .by_arrival = (s->flags & LS_SAMPLE_ARRIVAL) != 0};
    if (!ls_sample_number(s, &heard.value)) {
        heard.quality = LS_GUARD_QUALITY_BAD;
    }
    return heard;
}

// The name at the beginning of "LOT key=value ...".
static void first_word(const char *text, char *out, size_t size) {
    ls_text_format(out, size, "%.*s", (int)strcspn(text, " "), text);
}

// From the mapping: what a bound tag means for the plant.
static void on_mapped(void *context, const ls_heard *heard) {
    ls_guard_ear *ear = context;
    ls_guard_state *state = ear->def.state;
    char lot[128], text[4200];
    ls_text_format(text, sizeof text, "%.*s", (int)heard->size,
                   heard->text != NULL ? heard->text : "");
    first_word(text, lot, sizeof lot);
    switch (heard->kind) {
    case LS_HEARD_STATE: {
        const ls_guard_heard value = {.quality = LS_GUARD_QUALITY_GOOD,
                                      .value = (double)heard->number,
                                      .vouched_us = ear->line_us};
        ls_guard_hear_state(state, heard->of, &value);
        break;
    }
    case LS_HEARD_LOTS: ls_guard_hear_lots(state, heard->of, text); break;
    case LS_HEARD_RELEASED: ls_guard_hear_released(state, lot); break;
    case LS_HEARD_ARRIVED: {
        const char *at = strstr(text, " station=");
        char name[128];
        first_word(at != NULL ? at + strlen(" station=") : "", name, sizeof name);
        for (uint32_t i = 0; i < ear->plant->station_count; i++) {
            if (strcmp(ear->plant->stations[i].name, name) == 0) {
                ls_guard_hear_arrived(state, lot, i);
            }
        }
        break;
    }
    case LS_HEARD_DONE:
    case LS_HEARD_SCRAPPED: ls_guard_hear_gone(state, lot); break;
    default: break;
    }
}

static bool whole_of(const ls_sample *s, int64_t *out) {
    double number = 0.0;
    if (s->quality != LS_QUALITY_GOOD || !ls_sample_number(s, &number) || !(fabs(number) < 9e15)) {
        return false;
    }
    *out = (int64_t)number;
    return true;
}

static void line_gone(ls_guard_ear *ear, int64_t now_us) {
    ls_guard_line *line = &ear->def.state->line;
    line->owner = LS_OWNER_UNKNOWN;
    line->beat_heard = false;
    line->fallback_ready = false;
    ls_guard_writer_gone(ear->writer, ear->device_count - 1, now_us);
}

// A tag is stale: its device or node is gone.
static void hear_stale(ls_guard_ear *ear, const ls_sample *s, int64_t now_us) {
    const tag_role *r = &ear->roles[s->tag];
    if (r->role == ROLE_STATE) {
        ls_guard_forget(ear->def.state, r->of);
    } else if (r->role == ROLE_ID) {
        ear->devices[r->of].alive = false;
        ls_guard_writer_gone(ear->writer, r->of, now_us);
    } else if (r->role == ROLE_LOST) {
        line_gone(ear, now_us);
    } else if (r->role == ROLE_SETTING) {
        ear->heard_settings[r->of] = NAN;
    }
}

static void hear_lost(ls_guard_ear *ear, bool lost, int64_t now_us) {
    ls_guard_line *line = &ear->def.state->line;
    line->fallback_ready = true;  // the line has the rule that says so
    line->beat_heard = !lost;
    ls_guard_writer_hear_lost(ear->writer, lost, now_us);
}

static void hear_setting(ls_guard_ear *ear, uint32_t of, const ls_sample *s,
                         const ls_guard_clock *clock) {
    const ls_guard_limits *limits = ear->def.limits;
    const ls_guard_heard heard = heard_of(ear, s);
    ear->heard_settings[of] = heard.quality == LS_GUARD_QUALITY_GOOD ? heard.value : NAN;
    for (uint32_t t = 0; t < limits->target_count; t++) {
        if (limits->targets[t].kind == LS_TARGET_VALUE && limits->targets[t].value == of) {
            if (s->kind == LS_VALUE_INT || s->kind == LS_VALUE_UINT) {
                ls_guard_hear_whole(ear->def.state, t, -2147483648.0, 2147483647.0);
            }
            ls_guard_hear_value(ear->def.state, t, &heard, clock);
        }
    }
}

static void pass_on_done(ls_guard_ear *ear, uint32_t of, int64_t now_us) {
    const hand *d = &ear->devices[of];
    ls_guard_writer_hear_done(ear->writer, of, d->last_done, d->last_result, d->last_reason,
                              now_us);
}

static void hear_role(ls_guard_ear *ear, const ls_sample *s, const ls_guard_clock *clock) {
    const tag_role *r = &ear->roles[s->tag];
    const bool birth = (s->flags & LS_SAMPLE_BIRTH) != 0;
    hand *d = &ear->devices[r->of];
    int64_t number = 0;
    const bool whole = whole_of(s, &number);
    switch ((role)r->role) {
    case ROLE_ID:
        if (whole) {
            d->last_id = number;
            d->alive = true;
            d->born_id = birth;
            if (!birth) {
                ls_guard_writer_hear_id(ear->writer, r->of, number, clock->mono_us);
            }
        }
        break;
    case ROLE_RESULT: d->last_result = whole ? number : -1; break;
    case ROLE_REASON:
        ls_text_format(d->last_reason, sizeof d->last_reason, "%.*s",
                       s->kind == LS_VALUE_TEXT ? (int)s->size : 0,
                       s->kind == LS_VALUE_TEXT ? s->value.text : "");
        ls_text_tame(d->last_reason, false);
        break;
    case ROLE_DONE:
        if (whole) {
            d->last_done = number;
            d->born_done = birth;
            if (!birth) {
                pass_on_done(ear, r->of, clock->mono_us);
            }
        }
        break;
    case ROLE_LOST:
        if (whole) {
            hear_lost(ear, number != 0, clock->mono_us);
        }
        break;
    case ROLE_BEAT:
        if (whole && !birth) {
            ear->def.state->line.beat_in_us = clock->mono_us;
            ls_guard_writer_hear_beat(ear->writer, number, clock->mono_us);
        }
        break;
    case ROLE_SETTING: hear_setting(ear, r->of, s, clock); break;
    default: break;
    }
}

// In a birth the order of metrics says nothing: ids and answers are passed on when all is heard.
static void pass_on_births(ls_guard_ear *ear, int64_t now_us) {
    for (uint32_t i = 0; i < ear->device_count; i++) {
        hand *d = &ear->devices[i];
        if (d->born_id) {
            d->born_id = false;
            ls_guard_writer_hear_id(ear->writer, i, d->last_id, now_us);
        }
        if (d->born_done) {
            d->born_done = false;
            pass_on_done(ear, i, now_us);
        }
    }
}

static void vouch(ls_guard_ear *ear, uint32_t tag) {
    const ls_tag *of = ls_tags_get(ear->tags, tag);
    uint32_t node = 0;
    while (node < ear->node_count &&
           strncmp(of->name, ear->nodes[node], strlen(ear->nodes[node])) != 0) {
        node++;
    }
    if (node == ear->node_count) {
        return;
    }
    for (uint32_t i = 0; i < ear->plant->machine_count; i++) {
        if (ear->devices[i].node == node && ear->devices[i].alive) {
            ls_guard_vouch(ear->def.state, i, ear->line_us);
        }
    }
    if (ear->devices[ear->device_count - 1].node == node) {
        ls_guard_vouch(ear->def.state, LS_NONE, ear->line_us);
    }
}

static void hear_sample(ls_guard_ear *ear, const ls_sample *s, const ls_guard_clock *clock) {
    if (s->tag < ear->role_count && s->quality == LS_QUALITY_STALE) {
        hear_stale(ear, s, clock->mono_us);
    } else if (s->tag < ear->role_count && (s->flags & LS_SAMPLE_HISTORICAL) == 0) {
        hear_role(ear, s, clock);
    }
    for (uint32_t i = 0; i < ear->def.limits->guards->condition_count; i++) {
        if (ear->conditions[i] == s->tag) {
            const ls_guard_heard heard = heard_of(ear, s);
            ls_guard_hear_condition(ear->def.state, i, &heard);
        }
    }
    if (s->quality == LS_QUALITY_GOOD) {
        ls_mapping_sample(ear->mapping, s, on_mapped, ear, NULL);
    }
}

static bool on_heard(void *context, const ls_sample *samples, size_t count) {
    ls_guard_ear *ear = context;
    bool alive = false;
    for (size_t i = 0; i < count; i++) {
        const ls_sample *s = &samples[i];
        if (s->quality != LS_QUALITY_STALE && (s->flags & LS_SAMPLE_HISTORICAL) == 0) {
            alive = true;
            ear->line_us = s->time_us > ear->line_us ? s->time_us : ear->line_us;
        }
    }
    const ls_guard_clock clock = ls_guard_ear_clock(ear);
    for (size_t i = 0; i < count; i++) {
        hear_sample(ear, &samples[i], &clock);
        ear->births = ear->births || (samples[i].flags & LS_SAMPLE_BIRTH) != 0;
    }
    if (alive) {
        vouch(ear, samples[count - 1].tag);
    }
    return true;
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
        line_gone(ear, clock_us(CLOCK_MONOTONIC));
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
        pass_on_births(ear, clock_us(CLOCK_MONOTONIC));
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
        .context = ear, .tags = ear->tags, .heard = on_heard, .noticed = on_noticed};
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

static ls_status make_tables(ls_guard_ear *ear, ls_error *err) {
    const ls_guard_limits *limits = ear->def.limits;
    ls_arena *arena = &ear->arena;
    ear->device_count = ear->plant->machine_count + 1;
    ear->names = ls_arena_alloc(arena, ear->device_count * sizeof *ear->names);
    ear->devices = ls_arena_alloc(arena, ear->device_count * sizeof *ear->devices);
    ear->settings = ls_arena_alloc(arena, (limits->value_count + 1) * sizeof *ear->settings);
    ear->heard_settings = ls_arena_alloc(arena, (limits->value_count + 1) * sizeof(double));
    ear->conditions = ls_arena_alloc(
        arena, (limits->guards->condition_count + 1) * sizeof *ear->conditions);
    if (ear->names == NULL || ear->devices == NULL || ear->settings == NULL ||
        ear->heard_settings == NULL || ear->conditions == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for what the guard hears");
    }
    ls_status status = add_devices(ear, err);
    if (status == LS_OK) {
        status = add_values(ear, err);
    }
    if (status == LS_OK) {
        status = ls_mapping_create(ear->plant, ear->tags, &ear->mapping, err);
    }
    return status == LS_OK ? set_roles(ear, err) : status;
}

static const ls_source *find_source(const ls_plant *plant) {
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
                "'%s' listens to no Sparkplug source: the guard has no way to "
                "its machines",
                plant->file != NULL ? plant->file : plant->name);
        ls_hint(err, "`listen: {sparkplug: ...}`; other sources can be heard, not commanded");
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
    if (status == LS_OK) {
        status = make_tables(ear, err);
    }
    if (status == LS_OK) {
        status = make_host(ear, err);
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

bool ls_guard_ear_send(ls_guard_ear *ear, uint32_t device, const char *kind, const char *argument,
                       int64_t id) {
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

bool ls_guard_ear_is_connected(ls_guard_ear *ear) {
    ls_mqtt_figures figures = {0};
    if (ear->mqtt != NULL) {
        ls_mqtt_describe(ear->mqtt, &figures);
    }
    return figures.connected;
}
