// mqtt.h - a connection to an MQTT broker that comes back by itself.
//
// One client, one thread of its own: it connects, subscribes, hands over what comes, sends what was
// published, and when the connection is lost tries again, waiting longer each time, never in step
// with others (jitter). Each connection is a fresh client of libmosquitto, so nothing of an old
// connection is sent on a new one by accident; what the broker keeps for us (clean == false) is not
// touched by that.
//
// A message of QoS 1 is acknowledged after the listener has taken it: it is in whatever the
// listener writes to (the append log) before the broker may forget it. When the listener refuses,
// the connection is dropped without the acknowledgement, and the broker sends it again later. A
// listener must never wait for a disk or a network.
//
// Thread safe: publish, wait, wake, again and describe from any thread, also from the listener's
// functions (but for wait).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_mqtt ls_mqtt;

typedef struct ls_mqtt_message {
    const char *topic;
    const void *payload;  // NULL when size is 0
    size_t size;
    int qos;
    bool retain;
    bool again;  // the broker sends it once more: it may have been here already
} ls_mqtt_message;

typedef struct ls_mqtt_filter {
    const char *topics;  // with + and #
    int qos;
    bool as_published;  // MQTT 5: messages keep the mark `retain` they were published with
} ls_mqtt_filter;

// Who listens. All are called from the client's thread, one at a time; each may be NULL.
typedef struct ls_mqtt_listener {
    void *context;
    // Before each connection: the last will. False: none. What it points to lives until the next
    // call.
    bool (*will)(void *context, ls_mqtt_message *out);
    // Connected, and every subscription answered. resumed: the broker had kept our session.
    void (*connected)(void *context, bool resumed);
    // A connection that was `connected` is gone (first true), or one more try has failed. `why` is
    // one sentence; the next try is in retry_us.
    void (*lost)(void *context, bool first, uint32_t tries, const char *why, int64_t retry_us);
    // False: not kept; do not acknowledge.
    bool (*message)(void *context, const ls_mqtt_message *message);
    // Something that stops nothing: a subscription refused, a message too large.
    void (*told)(void *context, const char *text);
    // After messages, after ls_mqtt_wake, and when its time has come. Returns in how many us it
    // wants to be called again, at the latest.
    int64_t (*tick)(void *context);
    // Still connected, about to disconnect: the last moment to publish.
    void (*closing)(void *context);
} ls_mqtt_listener;

typedef struct ls_mqtt_def {
    const char *url;                     // mqtt://HOST[:PORT], mqtts://HOST[:PORT]
    const char *login;                   // file (see mqtt_url.h), or NULL
    const char *user, *password;         // instead of a login file; NULL: none
    const char *ca, *certificate, *key;  // files (PEM) or NULL; mqtts without ca: the system's
    const char *client_id;               // NULL: the broker makes one (clean only)
    int version;                         // 5 or 4 (3.1.1), default 5
    bool clean;              // default true; false: the broker keeps what comes while we are away
    uint32_t session_s;      // how long, with MQTT 5; default 7 days
    uint16_t keepalive_s;    // default 15
    int64_t retry_first_us;  // default 250 ms, doubled up to
    int64_t retry_max_us;    // default 30 s
    int64_t answer_us;       // how long a broker may take to answer, default 10 s
    uint32_t queue_max;      // messages waiting to be sent, default 10,000
    size_t queue_bytes_max;  // default 64 MiB
    uint16_t inflight_max;   // of QoS 1, each way, default 200
    uint32_t message_max;    // bytes of a payload, default 16 MiB; larger ones are not taken
    const ls_mqtt_filter *filters;  // copied
    uint32_t filter_count;
    ls_mqtt_listener listener;
    uint32_t cookie;  // set by ls_mqtt_def_default
} ls_mqtt_def;
ls_mqtt_def ls_mqtt_def_default(void);

// Starts the thread. A broker that does not answer is no failure. Everything in def is copied.
// Fails with LS_ERR_INVALID (URL, login, certificates, filters), LS_ERR_IO (files),
// LS_ERR_MEMORY.
ls_status ls_mqtt_create(const ls_mqtt_def *def, ls_mqtt **out, ls_error *err);
// Calls `closing`, sends what waits (2 s at most), disconnects, stops. Afterwards the listener is
// not called again. NULL is fine.
void ls_mqtt_destroy(ls_mqtt *mqtt);

// Takes a copy to be sent soon. Fails with LS_ERR_IO (not connected; nothing is kept), LS_ERR_LIMIT
// (queue full), LS_ERR_INVALID (topic), LS_ERR_MEMORY. out_ticket may be NULL; else QoS must be 1.
ls_status ls_mqtt_publish(ls_mqtt *mqtt, const ls_mqtt_message *message, uint64_t *out_ticket,
                          ls_error *err);
// Until the broker has acknowledged. Fails with LS_ERR_IO (refused by the broker, connection lost
// meanwhile, timeout).
ls_status ls_mqtt_wait(ls_mqtt *mqtt, uint64_t ticket, int64_t timeout_us, ls_error *err);
void ls_mqtt_wake(ls_mqtt *mqtt);   // `tick` soon
void ls_mqtt_again(ls_mqtt *mqtt);  // sends what waits, disconnects, connects again

typedef struct ls_mqtt_figures {  // since create
    uint64_t connects, tries, messages, bytes, unkept, too_large;
    uint64_t published, published_bytes, acknowledged;
    uint32_t waiting;  // to be sent
    bool connected;
} ls_mqtt_figures;
void ls_mqtt_describe(ls_mqtt *mqtt, ls_mqtt_figures *out);
