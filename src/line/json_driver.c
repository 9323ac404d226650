// json_driver.c - the driver `json`: topics of plain MQTT, their payloads' values as samples.
//
// With QoS 1 (the default) the broker keeps a session for us: what comes while we are away is
// handed over when we are back, and nothing is acknowledged that history did not take.
#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "line/json_payload.h"
#include "line/late_mosquitto.h"
#include "line/mqtt_source.h"

enum { FILTERS_MAX = 256, NOTICE_EVERY_US = 1000000 };

struct ls_driver {
    ls_sink sink;
    const ls_source *source;
    ls_mqtt *mqtt;
    ls_mqtt_notices notices;
    ls_mqtt_filter filters[FILTERS_MAX];
    ls_json_payload payload;
    ls_sample *samples;  // as many as fit into the largest payload so far
    uint32_t capacity;
    int64_t noticed_us;  // when a refusal was last told
    uint64_t untold;
    pthread_mutex_t lock;  // of figures
    ls_driver_figures figures;
};

static void tell_refused(ls_driver *driver, const char *topic, const char *why) {
    pthread_mutex_lock(&driver->lock);
    driver->figures.refused++;
    pthread_mutex_unlock(&driver->lock);
    driver->untold++;
    const int64_t now_us = ls_wall_us();
    if (driver->sink.noticed == NULL || now_us - driver->noticed_us < NOTICE_EVERY_US) {
        return;
    }
    const ls_notice notice = {.kind = LS_NOTICE_REFUSED,
                              .time_us = now_us,
                              .subject = topic,
                              .text = why,
                              .count = driver->untold};
    driver->noticed_us = now_us;
    driver->untold = 0;
    driver->sink.noticed(driver->sink.context, &notice);
}

static const ls_topic *find_topic(const ls_driver *driver, const char *topic) {
    for (uint32_t i = 0; i < driver->source->topic_count; i++) {
        bool matches = false;
        if (mosquitto_topic_matches_sub(driver->source->topics[i].filter, topic, &matches) ==
                MOSQ_ERR_SUCCESS &&
            matches) {
            return driver->source->topics + i;
        }
    }
    return NULL;
}

// A number may come as 20 and as 20.5: once one of them was real, all are.
static void settle_kind(ls_tags *tags, ls_sample *sample) {
    const ls_value_kind known = (ls_value_kind)ls_tags_get(tags, sample->tag)->kind;
    if (sample->kind == LS_VALUE_INT && known == LS_VALUE_REAL) {
        sample->value.real = (double)sample->value.integer;
        sample->kind = LS_VALUE_REAL;
    } else if (sample->kind != LS_VALUE_NONE && sample->kind != known) {
        ls_tags_declare(tags, sample->tag, (ls_value_kind)sample->kind, NULL);
    }
}

static bool make_room(ls_driver *driver, uint32_t count) {
    if (count > driver->capacity) {
        ls_sample *samples = ls_realloc(driver->samples, count * sizeof *samples);
        if (samples == NULL) {
            return false;
        }
        driver->samples = samples;
        driver->capacity = count;
    }
    return true;
}

// Tags are "TOPIC#PATH", or "TOPIC" for a payload that is a scalar. Returns how many samples there
// are; *out_bad is one sentence about the first value that could not be taken.
static uint32_t make_samples(ls_driver *driver, const ls_mqtt_message *message, ls_error *out_bad) {
    const ls_json_payload *payload = &driver->payload;
    uint32_t count = 0;
    for (uint32_t i = 0; i < payload->count; i++) {
        const ls_json_value *value = payload->values + i;
        char name[LS_TAG_NAME_MAX + 2];
        const char *path = value->path_size > 0 ? payload->paths.data + value->path : "";
        const size_t length = ls_text_format(name, sizeof name,
                                             value->path_size > 0 ? "%s#%.*s" : "%s",
                                             message->topic, (int)value->path_size, path);
        ls_sample *sample = driver->samples + count;
        *sample = value->sample;
        if (ls_tags_add(driver->sink.tags, name, length < sizeof name ? length : sizeof name - 1,
                        &sample->tag, out_bad) == LS_OK) {
            sample->flags |= message->retain ? LS_SAMPLE_BIRTH : 0;
            settle_kind(driver->sink.tags, sample);
            count++;
        }
    }
    return count;
}

static void count_message(ls_driver *driver, size_t bytes, uint32_t samples) {
    const int64_t now_us = ls_wall_us();
    pthread_mutex_lock(&driver->lock);
    ls_driver_figures *figures = &driver->figures;
    figures->messages++;
    figures->bytes += bytes;
    figures->samples += samples;
    figures->last_heard_us = now_us;
    if (samples > 0 && (driver->samples[0].flags & LS_SAMPLE_ARRIVAL) == 0) {
        figures->skew_us += (driver->samples[0].time_us - now_us - figures->skew_us) / 8;
    }
    pthread_mutex_unlock(&driver->lock);
}

static bool on_message(void *context, const ls_mqtt_message *message) {
    ls_driver *driver = context;
    const ls_topic *topic = find_topic(driver, message->topic);
    ls_error err = {0};
    if (topic == NULL) {
        return true;
    }
    if (ls_json_payload_read(&driver->payload, topic, message->payload, message->size, ls_wall_us(),
                             &err) != LS_OK ||
        !make_room(driver, driver->payload.count)) {
        count_message(driver, message->size, 0);
        tell_refused(driver, message->topic, err.text[0] != '\0' ? err.text : "out of memory");
        return err.status != LS_ERR_MEMORY && err.text[0] != '\0';
    }
    const uint32_t count = make_samples(driver, message, &err);
    if (count > 0 && !driver->sink.heard(driver->sink.context, driver->samples, count)) {
        return false;
    }
    count_message(driver, message->size, count);
    if (err.status != LS_OK) {
        tell_refused(driver, message->topic, err.text);
    } else if (driver->payload.time_missing) {
        tell_refused(driver, message->topic, "no time in it; the time of arrival is taken");
    }
    return true;
}

static void on_connected(void *context, bool resumed) {
    ls_driver *driver = context;
    ls_mqtt_notices_connected(&driver->notices, &driver->sink, resumed);
}

static void on_lost(void *context, bool first, uint32_t tries, const char *why, int64_t retry_us) {
    ls_driver *driver = context;
    ls_mqtt_notices_lost(&driver->notices, &driver->sink, first, tries, why, retry_us);
}

static void on_told(void *context, const char *text) {
    ls_driver *driver = context;
    tell_refused(driver, driver->notices.subject, text);
}

static void close_driver(ls_driver *driver) {
    if (driver != NULL) {
        ls_mqtt_destroy(driver->mqtt);
        ls_json_payload_clear(&driver->payload);
        ls_free(driver->samples);
        pthread_mutex_destroy(&driver->lock);
        ls_free(driver);
    }
}

static ls_status connect_driver(ls_driver *driver, const ls_listen *listen, ls_error *err) {
    const ls_source *source = driver->source;
    ls_mqtt_source texts;
    ls_mqtt_def def = ls_mqtt_def_default();
    char client_id[64];
    const ls_status status = ls_mqtt_source_set(listen, source, driver->sink.broker_folder,
                                                LS_BROKER_HOST, &texts, &def, err);
    if (status != LS_OK) {
        return status;
    }
    if (source->topic_count == 0 || source->topic_count > FILTERS_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "source '%s': %u topics; 1 to %d are heard",
                       source->name, source->topic_count, FILTERS_MAX);
    }
    for (uint32_t i = 0; i < source->topic_count; i++) {
        driver->filters[i] = (ls_mqtt_filter){.topics = source->topics[i].filter,
                                              .qos = source->qos};
    }
    ls_mqtt_source_client_id(listen, source, client_id, sizeof client_id);
    def.clean = source->qos == 0;
    def.client_id = def.clean ? NULL : client_id;
    def.message_max = LS_JSON_PAYLOAD_MAX;
    def.filters = driver->filters;
    def.filter_count = source->topic_count;
    def.listener = (ls_mqtt_listener){.context = driver,
                                      .connected = on_connected,
                                      .lost = on_lost,
                                      .told = on_told,
                                      .message = on_message};
    ls_mqtt_notices_init(&driver->notices, source, def.url);
    return ls_mqtt_create(&def, &driver->mqtt, err);
}

static ls_status open_driver(const ls_listen *listen, const ls_source *source, const ls_sink *sink,
                             ls_driver **out, ls_error *err) {
    ls_driver *driver = ls_alloc(sizeof *driver);
    if (driver == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for source '%s'", source->name);
    }
    pthread_mutex_init(&driver->lock, NULL);
    ls_json_payload_init(&driver->payload);
    driver->sink = *sink;
    driver->source = source;
    const ls_status status = connect_driver(driver, listen, err);
    if (status != LS_OK) {
        close_driver(driver);
        return status;
    }
    *out = driver;
    return LS_OK;
}

static ls_status write_value(ls_driver *driver, uint32_t tag, const ls_sample *value,
                             int64_t timeout_us, ls_error *err) {
    (void)tag;
    (void)value;
    (void)timeout_us;
    ls_fail(err, LS_ERR_INVALID, "source '%s' can be heard, not written to", driver->source->name);
    ls_hint(err, "setpoints go through Sparkplug or Modbus");
    return LS_ERR_INVALID;
}

static void tell_figures(ls_driver *driver, ls_driver_figures *out) {
    ls_mqtt_figures connection;
    ls_mqtt_describe(driver->mqtt, &connection);
    pthread_mutex_lock(&driver->lock);
    *out = driver->figures;
    pthread_mutex_unlock(&driver->lock);
    out->connects = connection.connects;
    out->connected = connection.connected;
}

const ls_driver_ops ls_driver_json = {.name = "json",
                                      .open = open_driver,
                                      .close = close_driver,
                                      .write = write_value,
                                      .figures = tell_figures};
