// sparkplug_driver.c - the driver `sparkplug`: the host of sparkplug_host.h on a connection of
// mqtt.h.
#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "line/mqtt_source.h"
#include "line/sparkplug_host.h"

enum { FILTERS_MAX = 64 };

struct ls_driver {
    pthread_mutex_t lock;  // of the host
    ls_sparkplug_host *host;
    ls_sink sink;
    ls_mqtt *mqtt;   // hears, and asks for births
    ls_mqtt *guard;  // at an embedded broker: may command machines; else NULL
    ls_mqtt_notices notices;
    ls_mqtt_filter filters[FILTERS_MAX];
    bool commanding;  // what is published now is a command
    uint64_t ticket;  // of the command just published; 0: none
};

// ---- between host and connection

static bool on_publish(void *context, const char *topic, const void *bytes, size_t size, int qos,
                       bool retain) {
    ls_driver *driver = context;
    const ls_mqtt_message message = {
        .topic = topic, .payload = bytes, .size = size, .qos = qos, .retain = retain};
    ls_mqtt *mqtt = driver->mqtt;
    if (mqtt == NULL) {
        return false;
    }
    if (!driver->commanding) {
        return ls_mqtt_publish(mqtt, &message, NULL, NULL) == LS_OK;
    }
    // Commands go out with QoS 1, so that we know that the broker has them.
    ls_mqtt_message command = message;
    command.qos = 1;
    mqtt = driver->guard != NULL ? driver->guard : mqtt;
    return ls_mqtt_publish(mqtt, &command, &driver->ticket, NULL) == LS_OK;
}

static bool on_will(void *context, ls_mqtt_message *out) {
    ls_driver *driver = context;
    const char *payload = NULL;
    *out = (ls_mqtt_message){.qos = 1, .retain = true};
    pthread_mutex_lock(&driver->lock);
    ls_sparkplug_host_will(driver->host, ls_wall_us(), &out->topic, &payload);
    pthread_mutex_unlock(&driver->lock);
    out->payload = payload;
    out->size = strlen(payload);
    return true;
}

static void on_connected(void *context, bool resumed) {
    ls_driver *driver = context;
    pthread_mutex_lock(&driver->lock);
    ls_mqtt_notices_connected(&driver->notices, &driver->sink, resumed);
    ls_sparkplug_host_connected(driver->host, ls_wall_us());
    pthread_mutex_unlock(&driver->lock);
}

static void on_lost(void *context, bool first, uint32_t tries, const char *why, int64_t retry_us) {
    ls_driver *driver = context;
    pthread_mutex_lock(&driver->lock);
    ls_mqtt_notices_lost(&driver->notices, &driver->sink, first, tries, why, retry_us);
    if (first) {
        ls_sparkplug_host_lost(driver->host, ls_wall_us());
    }
    pthread_mutex_unlock(&driver->lock);
}

static bool on_message(void *context, const ls_mqtt_message *message) {
    ls_driver *driver = context;
    pthread_mutex_lock(&driver->lock);
    ls_sparkplug_host_message(driver->host, message->topic, message->payload, message->size,
                              ls_wall_us());
    pthread_mutex_unlock(&driver->lock);
    return true;
}

static void on_told(void *context, const char *text) {
    ls_driver *driver = context;
    const ls_notice notice = {.kind = LS_NOTICE_REFUSED,
                              .time_us = ls_wall_us(),
                              .subject = driver->notices.subject,
                              .text = text};
    pthread_mutex_lock(&driver->lock);
    if (driver->sink.noticed != NULL) {
        driver->sink.noticed(driver->sink.context, &notice);
    }
    pthread_mutex_unlock(&driver->lock);
}

static int64_t on_tick(void *context) {
    ls_driver *driver = context;
    const int64_t now_us = ls_wall_us();
    pthread_mutex_lock(&driver->lock);
    const int64_t next_us = ls_sparkplug_host_tick(driver->host, now_us);
    pthread_mutex_unlock(&driver->lock);
    return next_us == INT64_MAX ? INT64_MAX : (next_us > now_us ? next_us - now_us : 0);
}

static void on_closing(void *context) {
    ls_driver *driver = context;
    pthread_mutex_lock(&driver->lock);
    ls_sparkplug_host_closing(driver->host, ls_wall_us());
    pthread_mutex_unlock(&driver->lock);
}

// ---- the driver

static ls_status make_host(ls_driver *driver, const ls_source *source, ls_error *err) {
    ls_sparkplug_host_def def = ls_sparkplug_host_def_default();
    def.host = source->host != NULL ? source->host : "lineshaft";
    def.group = source->group;
    def.nodes = source->nodes;
    def.node_count = source->node_count;
    def.sink = &driver->sink;
    def.publish = on_publish;
    def.context = driver;
    def.reorder_us = source->reorder_us;
    // One plant follows a few nodes: a birth every ten seconds is little, a minute out of step
    // much.
    def.rebirth_max_us = INT64_C(10) * 1000000;
    return ls_sparkplug_host_create(&def, &driver->host, err);
}

static ls_status connect_host(ls_driver *driver, const ls_listen *listen, const ls_source *source,
                              ls_error *err) {
    ls_mqtt_source texts;
    ls_mqtt_def def = ls_mqtt_def_default();
    ls_status status = ls_mqtt_source_set(listen, source, driver->sink.broker_folder,
                                          LS_BROKER_HOST, &texts, &def, err);
    if (status != LS_OK) {
        return status;
    }
    for (uint32_t i = 0; i < FILTERS_MAX; i++) {
        ls_mqtt_filter *filter = driver->filters + i;
        filter->topics = ls_sparkplug_host_filter(driver->host, i, &filter->qos);
        if (filter->topics == NULL) {
            break;
        }
        def.filter_count = i + 1;
    }
    if (def.filter_count == FILTERS_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "source '%s': more than %d topic filters", source->name,
                       FILTERS_MAX - 1);
    }
    ls_mqtt_notices_init(&driver->notices, source, def.url);
    def.filters = driver->filters;
    def.listener = (ls_mqtt_listener){.context = driver,
                                      .will = on_will,
                                      .connected = on_connected,
                                      .lost = on_lost,
                                      .message = on_message,
                                      .told = on_told,
                                      .tick = on_tick,
                                      .closing = on_closing};
    // Its thread may begin before driver->mqtt is set; it waits for the lock at its first call.
    pthread_mutex_lock(&driver->lock);
    status = ls_mqtt_create(&def, &driver->mqtt, err);
    pthread_mutex_unlock(&driver->lock);
    return status;
}

static ls_status connect_guard(ls_driver *driver, const ls_listen *listen, const ls_source *source,
                               ls_error *err) {
    ls_mqtt_source texts;
    ls_mqtt_def def = ls_mqtt_def_default();
    if (!source->embedded) {
        return LS_OK;
    }
    const ls_status status = ls_mqtt_source_set(listen, source, driver->sink.broker_folder,
                                                LS_BROKER_GUARD, &texts, &def, err);
    return status == LS_OK ? ls_mqtt_create(&def, &driver->guard, err) : status;
}

static void close_driver(ls_driver *driver) {
    if (driver != NULL) {
        ls_mqtt_destroy(driver->guard);
        ls_mqtt_destroy(driver->mqtt);
        ls_sparkplug_host_destroy(driver->host);
        pthread_mutex_destroy(&driver->lock);
        ls_free(driver);
    }
}

static ls_status open_driver(const ls_listen *listen, const ls_source *source, const ls_sink *sink,
                             ls_driver **out, ls_error *err) {
    ls_driver *driver = ls_alloc(sizeof *driver);
    if (driver == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for source '%s'", source->name);
    }
    pthread_mutex_init(&driver->lock, NULL);
    driver->sink = *sink;
    ls_status status = make_host(driver, source, err);
    if (status == LS_OK) {
        status = connect_guard(driver, listen, source, err);
    }
    if (status == LS_OK) {
        status = connect_host(driver, listen, source, err);
    }
    if (status != LS_OK) {
        close_driver(driver);
        return status;
    }
    *out = driver;
    return LS_OK;
}

static ls_status write_value(ls_driver *driver, uint32_t tag, const ls_sample *value,
                             int64_t timeout_us, ls_error *err) {
    pthread_mutex_lock(&driver->lock);
    driver->commanding = true;
    driver->ticket = 0;
    ls_status status = ls_sparkplug_host_command(driver->host, tag, value, ls_wall_us(), err);
    const uint64_t ticket = driver->ticket;
    driver->commanding = false;
    pthread_mutex_unlock(&driver->lock);
    if (status == LS_OK && ticket != 0) {
        status = ls_mqtt_wait(driver->guard != NULL ? driver->guard : driver->mqtt, ticket,
                              timeout_us, err);
    }
    return status;
}

static void tell_figures(ls_driver *driver, ls_driver_figures *out) {
    ls_mqtt_figures connection;
    *out = (ls_driver_figures){0};
    pthread_mutex_lock(&driver->lock);
    ls_sparkplug_host_figures(driver->host, out);
    pthread_mutex_unlock(&driver->lock);
    ls_mqtt_describe(driver->mqtt, &connection);
    out->connects = connection.connects;
    out->connected = connection.connected;
}

const ls_driver_ops ls_driver_sparkplug = {.name = "sparkplug",
                                           .open = open_driver,
                                           .close = close_driver,
                                           .write = write_value,
                                           .figures = tell_figures};
