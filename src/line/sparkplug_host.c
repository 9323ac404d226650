// sparkplug_host.c - the host application: made, connected, fed; see sparkplug_host.h.
#include "line/sparkplug_host.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "line/sparkplug_host_model.h"
#include "line/sparkplug_state.h"

enum { DEF_COOKIE = 0x5b0a0d, STATE_EVERY_US = 1000000, FILTER_SIZE = LS_SPARKPLUG_TOPIC_MAX };

ls_sparkplug_host_def ls_sparkplug_host_def_default(void) {
    return (ls_sparkplug_host_def){.reorder_us = 2000000,
                                   .rebirth_first_us = 1000000,
                                   .rebirth_max_us = 60000000,
                                   .rebirths_per_s = 20,
                                   .nodes_max = 10000,
                                   .devices_max = 10000,
                                   .metrics_max = 1000000,
                                   .held_max = 100,
                                   .held_bytes_max = (size_t)64 << 20,
                                   .message_max = (size_t)16 << 20,
                                   .cookie = DEF_COOKIE};
}

static char *copy_text(const char *text) {
    const size_t size = strlen(text) + 1;
    char *copy = ls_alloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static ls_status check_def(const ls_sparkplug_host_def *def, ls_error *err) {
    ls_status status = ls_sparkplug_id_check(def->host, "host application", err);
    if (status == LS_OK && def->group != NULL) {
        status = ls_sparkplug_id_check(def->group, "group", err);
    }
    for (uint32_t i = 0; status == LS_OK && i < def->node_count; i++) {
        status = ls_sparkplug_id_check(def->nodes[i], "node", err);
    }
    if (status == LS_OK && (def->rebirths_per_s == 0 || def->rebirth_first_us <= 0 ||
                            def->rebirth_max_us < def->rebirth_first_us || def->reorder_us < 0)) {
        status = ls_fail(err, LS_ERR_INVALID, "times of a Sparkplug host that cannot be");
    }
    return status;
}

static bool add_filter(ls_sparkplug_host *host, const char *format, const char *group,
                       const char *node) {
    char filter[FILTER_SIZE];
    ls_text_format(filter, sizeof filter, format, group, node);
    char *copy = copy_text(filter);
    if (copy != NULL) {
        host->filters[host->filter_count++] = copy;
    }
    return copy != NULL;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static bool make_filters(ls_sparkplug_host *host, const ls_sparkplug_host_def *def) {
    const char *group = def->group != NULL ? def->group : "+";
    host->filters = ls_alloc((2 * (size_t)def->node_count + 2) * sizeof *host->filters);
    host->allowed = ls_alloc(((size_t)def->node_count + 1) * sizeof *host->allowed);
    bool good = host->filters != NULL && host->allowed != NULL &&
                add_filter(host, "spBv1.0/STATE/%s", def->host, NULL);
    if (good && def->node_count == 0) {
        return def->group != NULL ? add_filter(host, "spBv1.0/%s/#", group, NULL)
                                  : add_filter(host, "spBv1.0/#", NULL, NULL);
    }
    for (uint32_t i = 0; good && i < def->node_count; i++) {
        char *name = copy_text(def->nodes[i]);
        good = name != NULL;
        if (good) {
            host->allowed[host->allowed_count++] = name;
            good = add_filter(host, "spBv1.0/%s/+/%s", group, name) &&
                   add_filter(host, "spBv1.0/%s/+/%s/+", group, name);
        }
    }
    return good;
}
#pragma GCC diagnostic pop

ls_status ls_sparkplug_host_create(const ls_sparkplug_host_def *def, ls_sparkplug_host **out,
                                   ls_error *err) {
    assert(def->cookie == DEF_COOKIE && def->sink != NULL && def->publish != NULL);
    *out = NULL;
    const ls_status status = check_def(def, err);
    if (status != LS_OK) {
        return status;
    }
    ls_sparkplug_host *host = ls_alloc(sizeof *host);
    if (host == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a Sparkplug host");
    }
    host->def = *def;
    host->sink = *def->sink;
    host->due_us = INT64_MAX;
    host->ask_next_us = host->state_said_us = INT64_MIN / 2;
    host->host = copy_text(def->host);
    host->group = def->group != NULL ? copy_text(def->group) : NULL;
    if (host->host == NULL || (def->group != NULL && host->group == NULL) ||
        !make_filters(host, def)) {
        ls_sparkplug_host_destroy(host);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a Sparkplug host");
    }
    ls_sparkplug_topic_format(host->state_topic, LS_SPARKPLUG_STATE, NULL, host->host, NULL);
    *out = host;
    return LS_OK;
}

void ls_sparkplug_host_destroy(ls_sparkplug_host *host) {
    if (host == NULL) {
        return;
    }
    for (uint32_t i = 0; i < host->node_count; i++) {
        host_node_free(host->nodes[i]);
    }
    for (uint32_t i = 0; i < host->filter_count; i++) {
        ls_free(host->filters[i]);
    }
    for (uint32_t i = 0; i < host->allowed_count; i++) {
        ls_free(host->allowed[i]);
    }
    ls_free(host->filters);
    ls_free(host->allowed);
    ls_free(host->host);
    ls_free(host->group);
    ls_free(host->nodes);
    ls_free(host->node_ids.slots);
    ls_free(host->owners);
    ls_free(host->batch);
    ls_free(host);
}

const char *ls_sparkplug_host_filter(const ls_sparkplug_host *host, uint32_t index, int *out_qos) {
    *out_qos = 1;
    return index < host->filter_count ? host->filters[index] : NULL;
}

void ls_sparkplug_host_will(ls_sparkplug_host *host, int64_t now_us, const char **out_topic,
                            const char **out_payload) {
    host->state_ms = now_us / 1000;
    ls_sparkplug_state_format(host->state_payload, (ls_sparkplug_state){false, host->state_ms});
    *out_topic = host->state_topic;
    *out_payload = host->state_payload;
}

static void say_state(ls_sparkplug_host *host, bool online, int64_t timestamp_ms) {
    char payload[LS_SPARKPLUG_STATE_MAX];
    const size_t size = ls_sparkplug_state_format(payload,
                                                  (ls_sparkplug_state){online, timestamp_ms});
    host->def.publish(host->def.context, host->state_topic, payload, size, 1, true);
}

void ls_sparkplug_host_connected(ls_sparkplug_host *host, int64_t now_us) {
    host->connected = true;
    host->due_us = now_us;
    say_state(host, true, host->state_ms);
    for (uint32_t i = 0; i < host->node_count; i++) {
        if (!host->nodes[i]->born) {
            host_want_rebirth(host, host->nodes[i], now_us, "the connection was gone");
        }
    }
}

void ls_sparkplug_host_lost(ls_sparkplug_host *host, int64_t now_us) {
    host->connected = false;
    for (uint32_t i = 0; i < host->node_count; i++) {
        host_order_lost(host, i, now_us);
    }
}

void ls_sparkplug_host_closing(ls_sparkplug_host *host, int64_t now_us) {
    if (host->connected) {
        say_state(host, false, now_us / 1000);
    }
    ls_sparkplug_host_lost(host, now_us);
}

// Somebody said that we are gone: a will of an older connection, or another of our name. Said again
// at most once a second, so that two of one name do not shout at each other.
static void receive_state(ls_sparkplug_host *host, const void *bytes, size_t size, int64_t now_us) {
    ls_sparkplug_state state;
    if (ls_sparkplug_state_parse(bytes, size, &state) != NULL) {
        host->figures.refused++;
    } else if (!state.online && host->connected) {
        if (now_us - host->state_said_us >= STATE_EVERY_US) {
            host->state_said_us = now_us;
            say_state(host, true, host->state_ms);
        } else {
            host->state_wanted = true;
            const int64_t at = host->state_said_us + STATE_EVERY_US;
            host->due_us = at < host->due_us ? at : host->due_us;
        }
    }
}

static bool id_is(ls_sparkplug_id id, const char *text) {
    return strlen(text) == id.size && memcmp(text, id.text, id.size) == 0;
}

static bool is_allowed(const ls_sparkplug_host *host, const ls_sparkplug_topic *topic) {
    if (host->group != NULL && !id_is(topic->group, host->group)) {
        return false;
    }
    bool found = host->allowed_count == 0;
    for (uint32_t i = 0; i < host->allowed_count && !found; i++) {
        found = id_is(topic->node, host->allowed[i]);
    }
    return found;
}

// A refusal that belongs to no node that is known.
static void refuse_stranger(ls_sparkplug_host *host, int64_t now_us, const char *topic,
                            const char *reason) {
    host->figures.refused++;
    host->strangers++;
    if (host->strangers_told_us == 0 || now_us - host->strangers_told_us >= 10000000) {
        host_tell(host, LS_NOTICE_REFUSED, host->host, now_us, host->strangers, 0, "%.200s: %s",
                  topic, reason);
        host->strangers_told_us = now_us;
        host->strangers = 0;
    }
}

static host_node *node_of(ls_sparkplug_host *host, const ls_sparkplug_topic *topic,
                          const char *text, int64_t now_us, uint32_t *out_index) {
    ls_error err;
    host_node *node = host_node_find(host, topic->group, topic->node, out_index);
    // A death alone makes no node: wills of nodes long gone may be retained somewhere.
    if (node == NULL && is_allowed(host, topic) && topic->message != LS_SPARKPLUG_NDEATH) {
        node = host_node_add(host, topic->group, topic->node, &err);
        *out_index = host->node_count - 1;
        if (node == NULL) {
            refuse_stranger(host, now_us, text, err.text);
        }
    }
    return node;
}

void ls_sparkplug_host_message(ls_sparkplug_host *host, const char *topic, const void *bytes,
                               size_t size, int64_t now_us) {
    ls_sparkplug_topic parsed;
    uint32_t index;
    host->figures.messages++;
    host->figures.bytes += size;
    host->figures.last_heard_us = now_us;
    const char *reason = ls_sparkplug_topic_parse(topic, strlen(topic), &parsed);
    if (reason != NULL || size > host->def.message_max) {
        refuse_stranger(host, now_us, topic, reason != NULL ? reason : "the message is too large");
        return;
    }
    if (parsed.message == LS_SPARKPLUG_STATE) {
        if (id_is(parsed.node, host->host)) {
            receive_state(host, bytes, size, now_us);
        }
        return;
    }
    if (parsed.message == LS_SPARKPLUG_NCMD || parsed.message == LS_SPARKPLUG_DCMD) {
        return;  // our own, or another host's
    }
    host_node *node = node_of(host, &parsed, topic, now_us, &index);
    if (node == NULL) {
        return;
    }
    host_message m = {.message = parsed.message,
                      .device = parsed.device,
                      .bytes = bytes,
                      .size = size,
                      .now_us = now_us};
    if (!ls_sparkplug_open(&m.frame, bytes, size)) {
        host_refuse(host, node, now_us, "a %s is malformed at byte %zu: %s",
                    ls_sparkplug_message_name(parsed.message), m.frame.bad_at, m.frame.reason);
        host_want_rebirth(host, node, now_us, "a message was malformed");
        return;
    }
    host_receive(host, index, &m);
}

int64_t ls_sparkplug_host_tick(ls_sparkplug_host *host, int64_t now_us) {
    if (now_us < host->due_us) {
        return host->due_us;
    }
    int64_t due_us = INT64_MAX;
    if (host->state_wanted && host->connected) {
        host->state_wanted = false;
        host->state_said_us = now_us;
        say_state(host, true, host->state_ms);
    }
    for (uint32_t i = 0; i < host->node_count; i++) {
        host_node *node = host->nodes[i];
        if (node->again_us != 0 && now_us >= node->again_us) {
            node->again_us = 0;
            host_want_rebirth(host, node, now_us, "once more, after what was not taken");
        }
        due_us = node->again_us != 0 && node->again_us < due_us ? node->again_us : due_us;
        const int64_t order_us = host_order_tick(host, i, now_us);
        const int64_t rebirth_us = host_rebirth_tick(host, node, now_us);
        due_us = order_us < due_us ? order_us : due_us;
        due_us = rebirth_us < due_us ? rebirth_us : due_us;
    }
    host->due_us = due_us;
    return due_us;
}

void ls_sparkplug_host_figures(const ls_sparkplug_host *host, ls_driver_figures *out) {
    const ls_driver_figures kept = *out;
    *out = host->figures;
    out->connects = kept.connects;
    out->connected = kept.connected;
}
