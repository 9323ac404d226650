// browse.c - see browse.h.
#include "line/browse.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "line/json_payload.h"
#include "line/mqtt_source.h"
#include "line/sparkplug_host.h"

typedef struct browsed {  // of one tag
    int64_t time_us, first_us, heard_us;
    uint64_t count;
    uint8_t kind, quality;
    bool sparkplug;
    char value[sizeof((ls_browse_row *)0)->value];
} browsed;

struct ls_browse {
    pthread_mutex_t lock;
    ls_mqtt *mqtt;
    ls_sparkplug_host *host;
    ls_tags *tags;
    ls_json_payload payload;
    browsed *rows;  // by tag
    uint32_t capacity;
    bool passive;
    ls_browse_figures figures;
};

// ---- values

static void show_value(const ls_sample *sample, char *out, size_t size) {
    switch ((ls_value_kind)sample->kind) {
    case LS_VALUE_NONE: ls_text_format(out, size, "null"); break;
    case LS_VALUE_BOOL:
        ls_text_format(out, size, sample->value.integer != 0 ? "true" : "false");
        break;
    case LS_VALUE_INT: ls_text_format(out, size, "%lld", (long long)sample->value.integer); break;
    case LS_VALUE_UINT:
        ls_text_format(out, size, "%llu", (unsigned long long)sample->value.natural);
        break;
    case LS_VALUE_REAL: ls_text_format(out, size, "%.10g", sample->value.real); break;
    case LS_VALUE_FLOAT: ls_text_format(out, size, "%.7g", sample->value.real); break;
    case LS_VALUE_TEXT: {
        size_t length = sample->size < size - 1 ? sample->size : size - 1;
        size_t bad = length;
        ls_text_is_utf8(sample->value.text, length, &bad);  // not cut within a character
        memcpy(out, sample->value.text, bad);
        out[bad] = '\0';
        break;
    }
    default: ls_text_format(out, size, "(%u bytes)", sample->size); break;
    }
    for (; *out != '\0'; out++) {
        *out = (unsigned char)*out < ' ' || *out == 0x7f ? ' ' : *out;
    }
}

static bool make_room(ls_browse *browse, uint32_t tag) {
    if (tag >= browse->capacity) {
        const uint32_t capacity = tag < 64 ? 128 : 2 * tag;
        browsed *rows = ls_realloc(browse->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            return false;
        }
        memset(rows + browse->capacity, 0, (capacity - browse->capacity) * sizeof *rows);
        browse->rows = rows;
        browse->capacity = capacity;
    }
    return true;
}

static void take(ls_browse *browse, const ls_sample *sample, bool sparkplug) {
    if (!make_room(browse, sample->tag)) {
        browse->figures.refused++;
        return;
    }
    browsed *row = browse->rows + sample->tag;
    row->heard_us = ls_wall_us();
    row->first_us = row->count == 0 ? row->heard_us : row->first_us;
    row->count++;
    row->time_us = sample->time_us;
    row->quality = sample->quality;
    row->sparkplug = sparkplug;
    row->kind = sample->kind;
    show_value(sample, row->value, sizeof row->value);
}

// ---- Sparkplug, through the host's machine

static bool on_heard(void *context, const ls_sample *samples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        take(context, samples + i, true);
    }
    return true;
}

static void on_noticed(void *context, const ls_notice *notice) {
    ls_browse *browse = context;
    if (notice->kind == LS_NOTICE_REFUSED) {
        browse->figures.refused++;
        ls_text_format(browse->figures.why, sizeof browse->figures.why, "%s: %s", notice->subject,
                       notice->text);
    }
}

static bool on_publish(void *context, const char *topic, const void *bytes, size_t size, int qos,
                       bool retain) {
    ls_browse *browse = context;
    const ls_mqtt_message message = {
        .topic = topic, .payload = bytes, .size = size, .qos = qos, .retain = retain};
    // We are no host: no STATE. What is left is asking for births.
    return !browse->passive && browse->mqtt != NULL && strstr(topic, "/NCMD/") != NULL &&
           ls_mqtt_publish(browse->mqtt, &message, NULL, NULL) == LS_OK;
}

// ---- other topics

static void take_json(ls_browse *browse, const ls_mqtt_message *message) {
    static const ls_topic all = {.filter = "#"};
    ls_error err = {0};
    char name[LS_TAG_NAME_MAX + 2];
    if (ls_json_payload_read(&browse->payload, &all, message->payload, message->size, ls_wall_us(),
                             &err) != LS_OK) {
        // Whatever it is, it is there.
        ls_sample sample = {
            .time_us = ls_wall_us(), .kind = LS_VALUE_BYTES, .size = (uint32_t)message->size};
        if (ls_tags_add(browse->tags, message->topic, strlen(message->topic), &sample.tag, &err) ==
            LS_OK) {
            take(browse, &sample, false);
        }
        return;
    }
    for (uint32_t i = 0; i < browse->payload.count; i++) {
        const ls_json_value *value = browse->payload.values + i;
        ls_sample sample = value->sample;
        const char *path = value->path_size > 0 ? browse->payload.paths.data + value->path : "";
        const size_t length = ls_text_format(name, sizeof name,
                                             value->path_size > 0 ? "%s#%.*s" : "%s",
                                             message->topic, (int)value->path_size, path);
        if (ls_tags_add(browse->tags, name, length < sizeof name ? length : sizeof name - 1,
                        &sample.tag, &err) == LS_OK) {
            take(browse, &sample, false);
        } else {
            browse->figures.refused++;
            ls_text_format(browse->figures.why, sizeof browse->figures.why, "%s", err.text);
        }
    }
}

static bool on_message(void *context, const ls_mqtt_message *message) {
    ls_browse *browse = context;
    pthread_mutex_lock(&browse->lock);
    browse->figures.messages++;
    browse->figures.bytes += message->size;
    if (strncmp(message->topic, "spBv1.0/", 8) == 0 &&
        strncmp(message->topic, "spBv1.0/STATE/", 14) != 0) {
        ls_sparkplug_host_message(browse->host, message->topic, message->payload, message->size,
                                  ls_wall_us());
    } else {
        take_json(browse, message);
    }
    pthread_mutex_unlock(&browse->lock);
    return true;
}

// ---- the connection

static void on_connected(void *context, bool resumed) {
    ls_browse *browse = context;
    (void)resumed;
    pthread_mutex_lock(&browse->lock);
    browse->figures.why[0] = '\0';
    ls_sparkplug_host_connected(browse->host, ls_wall_us());
    pthread_mutex_unlock(&browse->lock);
}

static void on_lost(void *context, bool first, uint32_t tries, const char *why, int64_t retry_us) {
    ls_browse *browse = context;
    (void)retry_us;
    pthread_mutex_lock(&browse->lock);
    browse->figures.tries = tries;
    ls_text_format(browse->figures.why, sizeof browse->figures.why, "%s", why);
    if (first) {
        ls_sparkplug_host_lost(browse->host, ls_wall_us());
    }
    pthread_mutex_unlock(&browse->lock);
}

static int64_t on_tick(void *context) {
    ls_browse *browse = context;
    const int64_t now_us = ls_wall_us();
    pthread_mutex_lock(&browse->lock);
    const int64_t next_us = ls_sparkplug_host_tick(browse->host, now_us);
    pthread_mutex_unlock(&browse->lock);
    return next_us == INT64_MAX ? INT64_MAX : (next_us > now_us ? next_us - now_us : 0);
}

static ls_status start(ls_browse *browse, const ls_mqtt_def *connection, ls_error *err) {
    static const ls_mqtt_filter everything = {.topics = "#", .qos = 0};
    const ls_sink sink = {
        .context = browse, .tags = browse->tags, .heard = on_heard, .noticed = on_noticed};
    ls_sparkplug_host_def host = ls_sparkplug_host_def_default();
    host.host = "lineshaft-browse";
    host.sink = &sink;
    host.publish = on_publish;
    host.context = browse;
    ls_status status = ls_sparkplug_host_create(&host, &browse->host, err);
    if (status != LS_OK) {
        return status;
    }
    ls_mqtt_def def = *connection;
    def.filters = &everything;
    def.filter_count = 1;
    def.listener = (ls_mqtt_listener){.context = browse,
                                      .connected = on_connected,
                                      .lost = on_lost,
                                      .message = on_message,
                                      .tick = on_tick};
    pthread_mutex_lock(&browse->lock);
    status = ls_mqtt_create(&def, &browse->mqtt, err);
    pthread_mutex_unlock(&browse->lock);
    return status;
}

ls_status ls_browse_open(const ls_mqtt_def *connection, bool passive, ls_browse **out,
                         ls_error *err) {
    ls_browse *browse = ls_alloc(sizeof *browse);
    if (browse == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory to browse");
    }
    pthread_mutex_init(&browse->lock, NULL);
    ls_json_payload_init(&browse->payload);
    browse->passive = passive;
    ls_status status = ls_tags_create(&browse->tags, err);
    if (status == LS_OK) {
        status = start(browse, connection, err);
    }
    if (status != LS_OK) {
        ls_browse_close(browse);
        return status;
    }
    *out = browse;
    return LS_OK;
}

void ls_browse_close(ls_browse *browse) {
    if (browse != NULL) {
        ls_mqtt_destroy(browse->mqtt);
        ls_sparkplug_host_destroy(browse->host);
        ls_json_payload_clear(&browse->payload);
        ls_tags_destroy(browse->tags);
        ls_free(browse->rows);
        pthread_mutex_destroy(&browse->lock);
        ls_free(browse);
    }
}

// ---- looking

static uint32_t count_rows(const ls_browse *browse) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < browse->capacity; i++) {
        count += browse->rows[i].count > 0 ? 1 : 0;
    }
    return count;
}

void ls_browse_describe(ls_browse *browse, ls_browse_figures *out) {
    ls_mqtt_figures connection;
    ls_mqtt_describe(browse->mqtt, &connection);
    pthread_mutex_lock(&browse->lock);
    *out = browse->figures;
    out->rows = count_rows(browse);
    pthread_mutex_unlock(&browse->lock);
    out->connected = connection.connected;
}

static void fill_row(const ls_browse *browse, uint32_t tag, ls_browse_row *out) {
    const browsed *row = browse->rows + tag;
    const ls_tag *about = ls_tags_get(browse->tags, tag);
    const double span_s = (double)(row->heard_us - row->first_us) / 1e6;
    *out = (ls_browse_row){
        .name = about->name,
        .unit = about->unit,
        .sparkplug = row->sparkplug,
        .kind = row->kind == LS_VALUE_NONE ? (ls_value_kind)about->kind : (ls_value_kind)row->kind,
        .quality = (ls_quality)row->quality,
        .time_us = row->time_us,
        .heard_us = row->heard_us,
        .count = row->count,
        .rate_per_s = span_s > 0.0 ? (double)(row->count - 1) / span_s : 0.0};
    memcpy(out->value, row->value, sizeof out->value);
}

static int compare_rows(const void *a, const void *b) {
    const ls_browse_row *left = a, *right = b;
    if (left->sparkplug != right->sparkplug) {
        return left->sparkplug ? -1 : 1;
    }
    return strcmp(left->name, right->name);
}

ls_status ls_browse_rows(ls_browse *browse, void (*visit)(void *context, const ls_browse_row *row),
                         void *context, ls_error *err) {
    pthread_mutex_lock(&browse->lock);
    uint32_t count = 0;
    ls_browse_row *rows = ls_alloc(count_rows(browse) * sizeof *rows);
    for (uint32_t i = 0; rows != NULL && i < browse->capacity; i++) {
        if (browse->rows[i].count > 0) {
            fill_row(browse, i, rows + count++);
        }
    }
    pthread_mutex_unlock(&browse->lock);
    if (rows == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for what is on the broker");
    }
    qsort(rows, count, sizeof *rows, compare_rows);
    for (uint32_t i = 0; i < count; i++) {
        visit(context, rows + i);
    }
    ls_free(rows);
    return LS_OK;
}
