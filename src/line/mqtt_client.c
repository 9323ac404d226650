// mqtt_client.c - one connection's libmosquitto client: options in, callbacks out.
#include <errno.h>
#include <mqtt_protocol.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "line/mqtt_inside.h"

enum { UNSENT_MAX = 256, REFUSED_FROM = 0x80 };

static void say(ls_mqtt *m, const char *what, const char *why) {
    ls_text_format(m->why, sizeof m->why, "%s%s", what, why);
}

const char *ls_mqtt_client_why(int code) {
    switch (code) {
    case MOSQ_ERR_EAI: return "the host is not known";
    case MOSQ_ERR_CONN_LOST:
    case MOSQ_ERR_NO_CONN: return "the broker closed the connection";
    case MOSQ_ERR_KEEPALIVE: return "the broker no longer answers";
    case MOSQ_ERR_ERRNO: return ls_errno_text(errno);
    case MOSQ_ERR_TLS: return "TLS could not be agreed on";
    default: return mosquitto_strerror(code);
    }
}

// ---- what libmosquitto tells

static void on_connect(struct mosquitto *client, void *context, int code, int flags,
                       const mosquitto_property *properties) {
    (void)client;
    (void)properties;
    ls_mqtt *m = context;
    m->progress = true;
    if (code != 0) {
        const bool old = code == 1 || code == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION;
        say(m, "the broker refused: ",
            old ? "it does not speak this version of MQTT"
                : (m->def.version == 5 ? mosquitto_reason_string(code)
                                       : mosquitto_connack_string(code)));
        return;
    }
    m->accepted = true;
    m->resumed = (flags & 1) != 0;
    m->answers_missing = m->def.filter_count;
    for (uint32_t i = 0; i < m->def.filter_count; i++) {
        const ls_mqtt_filter *filter = m->def.filters + i;
        const int options = filter->as_published ? MQTT_SUB_OPT_RETAIN_AS_PUBLISHED : 0;
        mosquitto_subscribe_v5(client, m->filter_mids + i, filter->topics, filter->qos, options,
                               NULL);
    }
}

static void on_disconnect(struct mosquitto *client, void *context, int code,
                          const mosquitto_property *properties) {
    (void)client;
    (void)properties;
    ls_mqtt *m = context;
    if (code >= REFUSED_FROM) {
        say(m, "the broker says: ",
            code == MQTT_RC_SESSION_TAKEN_OVER ? "another client has come with our client id"
                                               : mosquitto_reason_string(code));
    }
}

static void on_subscribe(struct mosquitto *client, void *context, int mid, int count,
                         const int *granted, const mosquitto_property *properties) {
    (void)client;
    (void)properties;
    ls_mqtt *m = context;
    m->progress = true;
    for (uint32_t i = 0; i < m->def.filter_count; i++) {
        if (m->filter_mids[i] != mid) {
            continue;
        }
        m->answers_missing -= m->answers_missing > 0 ? 1 : 0;
        if (count > 0 && granted[0] >= REFUSED_FROM && m->def.listener.told != NULL) {
            char text[MQTT_TEXT_SIZE];
            ls_text_format(text, sizeof text, "the broker refuses the subscription to '%.150s'",
                           m->def.filters[i].topics);
            m->def.listener.told(m->def.listener.context, text);
        }
        return;
    }
}

static void on_publish(struct mosquitto *client, void *context, int mid, int code,
                       const mosquitto_property *properties) {
    (void)client;
    (void)properties;
    ls_mqtt *m = context;
    m->progress = true;
    for (uint32_t i = 0; i < m->inflight_count; i++) {
        if (m->inflight[i].mid == mid) {
            const uint64_t ticket = m->inflight[i].ticket;
            m->inflight[i] = m->inflight[--m->inflight_count];
            atomic_fetch_add(&m->acknowledged, 1);
            ls_mqtt_answer(m, ticket, code >= REFUSED_FROM ? ANSWER_REFUSED : ANSWER_YES);
            return;
        }
    }
    m->unsent -= m->unsent > 0 ? 1 : 0;
}

static bool hand_over(ls_mqtt *m, const struct mosquitto_message *got,
                      const mosquitto_property *properties) {
    (void)properties;
    const ls_mqtt_message message = {.topic = got->topic,
                                     .payload = got->payloadlen > 0 ? got->payload : NULL,
                                     .size = (size_t)got->payloadlen,
                                     .qos = got->qos,
                                     .retain = got->retain};
    atomic_fetch_add_explicit(&m->messages, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->bytes, message.size, memory_order_relaxed);
    if (message.size > m->def.message_max) {
        // Acknowledged all the same: it would come again and again.
        atomic_fetch_add(&m->too_large, 1);
        if (m->def.listener.told != NULL) {
            char text[MQTT_TEXT_SIZE];
            ls_text_format(text, sizeof text, "a message of %zu bytes on '%.100s' is too large",
                           message.size, got->topic);
            m->def.listener.told(m->def.listener.context, text);
        }
        return true;
    }
    return m->def.listener.message == NULL ||
           m->def.listener.message(m->def.listener.context, &message);
}

static void on_message(struct mosquitto *client, void *context, const struct mosquitto_message *got,
                       const mosquitto_property *properties) {
    (void)client;
    ls_mqtt *m = context;
    m->progress = true;
    // The acknowledgement stands in libmosquitto's queue already and is written after this
    // function. Once one message is refused nothing more may be written, so later ones are not kept
    // either.
    if (!m->refused && !hand_over(m, got, properties)) {
        atomic_fetch_add(&m->unkept, 1);
        if (got->qos > 0) {
            m->refused = true;
            say(m, "a message could not be kept", "");
        }
    }
    // libmosquitto takes an old EAGAIN for the end of what there is to read.
    errno = 0;
}

static void on_log(struct mosquitto *client, void *context, int level, const char *text) {
    (void)client;
    ls_mqtt *m = context;
    if (level == MOSQ_LOG_ERR) {
        const char *openssl = strstr(text, "error:");  // "OpenSSL Error[0]: error:0A00..:...:why"
        const char *last = openssl != NULL ? strrchr(text, ':') : NULL;
        say(m, last != NULL ? "TLS: " : "", last != NULL ? last + 1 : text);
    }
}

// ---- making one

static int set_tls(ls_mqtt *m) {
    if (!m->url.tls) {
        return MOSQ_ERR_SUCCESS;
    }
    const ls_mqtt_def *def = &m->def;
    if (def->ca == NULL) {
        const int code = mosquitto_int_option(m->client, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
        if (code != MOSQ_ERR_SUCCESS || def->certificate == NULL) {
            return code;
        }
    }
    return mosquitto_tls_set(m->client, def->ca, def->ca == NULL ? "/etc/ssl/certs" : NULL,
                             def->certificate, def->key, NULL);
}

static int set_will(ls_mqtt *m) {
    ls_mqtt_message will = {0};
    const ls_mqtt_listener *listener = &m->def.listener;
    if (listener->will == NULL || !listener->will(listener->context, &will)) {
        return MOSQ_ERR_SUCCESS;
    }
    return mosquitto_will_set_v5(m->client, will.topic, (int)will.size, will.payload, will.qos,
                                 will.retain, NULL);
}

static int set_options(ls_mqtt *m) {
    struct mosquitto *client = m->client;
    mosquitto_threaded_set(client, true);  // nothing is written but by mosquitto_loop_write
    mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION,
                         m->def.version == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_int_option(client, MOSQ_OPT_RECEIVE_MAXIMUM, m->def.inflight_max);
    mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, m->def.inflight_max);
    mosquitto_connect_v5_callback_set(client, on_connect);
    mosquitto_disconnect_v5_callback_set(client, on_disconnect);
    mosquitto_subscribe_v5_callback_set(client, on_subscribe);
    mosquitto_publish_v5_callback_set(client, on_publish);
    mosquitto_message_v5_callback_set(client, on_message);
    mosquitto_log_callback_set(client, on_log);
    int code = set_tls(m);
    if (code == MOSQ_ERR_SUCCESS && m->login.user[0] != '\0') {
        code = mosquitto_username_pw_set(client, m->login.user, m->login.password);
    }
    return code == MOSQ_ERR_SUCCESS ? set_will(m) : code;
}

// Session expiry and the largest packet we take, for CONNECT. The non-blocking connect has no
// argument for them; the blocking one keeps them before it looks at the port, which is none here.
static int set_properties(ls_mqtt *m) {
    if (m->def.version != 5) {
        return MOSQ_ERR_SUCCESS;
    }
    mosquitto_property *properties = NULL;
    int code = MOSQ_ERR_SUCCESS;
    if (!m->def.clean) {
        code = mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
                                            m->def.session_s);
    }
    if (code == MOSQ_ERR_SUCCESS) {
        code = mosquitto_property_add_int32(&properties, MQTT_PROP_MAXIMUM_PACKET_SIZE,
                                            m->def.message_max + 70000);
    }
    if (code == MOSQ_ERR_SUCCESS) {
        mosquitto_connect_bind_v5(m->client, m->url.host, -1, m->def.keepalive_s, NULL, properties);
    }
    mosquitto_property_free_all(&properties);
    return code;
}

bool ls_mqtt_client_open(ls_mqtt *m) {
    m->client = mosquitto_new(m->def.client_id, m->def.clean, m);
    if (m->client == NULL) {
        say(m, "no memory for a client", "");
        return false;
    }
    int code = set_options(m);
    if (code == MOSQ_ERR_SUCCESS) {
        code = set_properties(m);
    }
    if (code == MOSQ_ERR_SUCCESS) {
        code = mosquitto_connect_async(m->client, m->url.host, m->url.port, m->def.keepalive_s);
    }
    if (code != MOSQ_ERR_SUCCESS && m->why[0] == '\0') {
        say(m, ls_mqtt_client_why(code), "");
    }
    m->tcp_pending = true;
    return code == MOSQ_ERR_SUCCESS;
}

void ls_mqtt_client_close(ls_mqtt *m) {
    ls_mqtt_open(m, false);
    for (uint32_t i = 0; i < m->inflight_count; i++) {
        ls_mqtt_answer(m, m->inflight[i].ticket, ANSWER_LOST);
    }
    mosquitto_destroy(m->client);
    m->client = NULL;
    m->resumed = m->accepted = m->ready = m->progress = m->refused = m->more = false;
    m->answers_missing = m->unsent = m->inflight_count = 0;
    m->why[0] = '\0';
}

void ls_mqtt_client_send(ls_mqtt *m) {
    m->more = true;
    while (m->unsent < UNSENT_MAX && m->inflight_count < m->def.inflight_max) {
        mqtt_entry *entry = ls_mqtt_take(m);
        if (entry == NULL) {
            m->more = false;
            return;
        }
        int mid = 0;
        const char *payload = entry->topic + strlen(entry->topic) + 1;
        const int code = mosquitto_publish_v5(m->client, &mid, entry->topic, (int)entry->size,
                                              payload, entry->qos, entry->retain, NULL);
        if (code != MOSQ_ERR_SUCCESS) {
            ls_mqtt_answer(m, entry->ticket, ANSWER_REFUSED);
        } else if (entry->qos > 0) {
            m->inflight[m->inflight_count++] = (mqtt_inflight){mid, entry->ticket};
        } else {
            m->unsent++;
        }
        atomic_fetch_add_explicit(&m->published, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&m->published_bytes, entry->size, memory_order_relaxed);
        ls_free(entry);
    }
}
