// sparkplug_host_command.c - values and rebirth requests that are sent to the line.
#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "line/sparkplug_host_model.h"

// Metrics of one device as one message.
static ls_status publish(ls_sparkplug_host *host, const host_node *node, uint32_t device_index,
                         const ls_sparkplug_metric *values, uint32_t count, int64_t now_us,
                         ls_error *err) {
    char topic[LS_SPARKPLUG_TOPIC_MAX], device[LS_SPARKPLUG_ID_MAX + 1];
    const host_device *of = &node->devices[device_index];
    size_t capacity = 16;
    for (uint32_t i = 0; i < count; i++) {
        capacity += ls_sparkplug_metric_size(values + i);
    }
    void *bytes = ls_alloc(capacity);
    if (bytes == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a command");
    }
    ls_sparkplug_writer w;
    ls_sparkplug_begin(&w, bytes, capacity, now_us > 0 ? (uint64_t)now_us / 1000 : 0);
    for (uint32_t i = 0; i < count; i++) {
        ls_sparkplug_add(&w, values + i);
    }
    memcpy(device, of->subject + of->subject_size - of->id_size, of->id_size + 1);
    ls_sparkplug_topic_format(topic, device_index == 0 ? LS_SPARKPLUG_NCMD : LS_SPARKPLUG_DCMD,
                              node->group, node->name, device_index == 0 ? NULL : device);
    const bool taken = host->def.publish(host->def.context, topic, bytes, ls_sparkplug_size(&w), 0,
                                         false);
    ls_free(bytes);
    return taken ? LS_OK : ls_fail(err, LS_ERR_IO, "%s: not published, the broker is away", topic);
}

// One value as a metric; *out_node and *out_device say whose.
static ls_status encode(ls_sparkplug_host *host, uint32_t tag, const ls_sample *value,
                        int64_t now_us, const host_node **out_node, uint32_t *out_device,
                        ls_sparkplug_metric *out, ls_error *err) {
    const ls_tag *known = ls_tags_get(host->sink.tags, tag);
    if (tag >= host->owner_capacity || host->owners[tag].node1 == 0) {
        return ls_fail(err, LS_ERR_INVALID, "%s is not a metric that this host has heard of",
                       known != NULL ? known->name : "a tag without a name");
    }
    const host_owner owner = host->owners[tag];
    const host_node *node = host->nodes[owner.node1 - 1];
    const host_metric *metric = &node->metrics[owner.metric];
    const host_device *of = &node->devices[metric->device];
    if (!node->born || !of->alive || !metric->in_birth) {
        return ls_fail(err, LS_ERR_STOPPED, "%s cannot be written: %s is not there", known->name,
                       of->subject);
    }
    *out = (ls_sparkplug_metric){
        .name = {known->name + of->subject_size + 1, strlen(known->name) - of->subject_size - 1},
        .has_timestamp = true,
        .timestamp_ms = now_us > 0 ? (uint64_t)now_us / 1000 : 0};
    const char *reason = ls_sparkplug_encode(value, (ls_sparkplug_type)metric->type, out);
    if (reason != NULL) {
        return ls_fail(err, LS_ERR_INVALID, "the value for %s (%s) %s", known->name,
                       ls_sparkplug_type_name(metric->type), reason);
    }
    *out_node = node;
    *out_device = metric->device;
    return LS_OK;
}

static ls_status send(ls_sparkplug_host *host, const uint32_t *tags, const ls_sample *values,
                      uint32_t count, int64_t now_us, ls_error *err) {
    ls_sparkplug_metric metrics[LS_SPARKPLUG_COMMANDS_MAX];
    const host_node *node = NULL;
    uint32_t device = 0;
    assert(count > 0 && count <= LS_SPARKPLUG_COMMANDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const host_node *of_node = NULL;
        uint32_t of_device = 0;
        const ls_status status = encode(host, tags[i], values + i, now_us, &of_node, &of_device,
                                        metrics + i, err);
        if (status != LS_OK) {
            return status;
        }
        if (i > 0 && (of_node != node || of_device != device)) {
            return ls_fail(err, LS_ERR_INVALID, "%s and %s are of different devices",
                           ls_tags_get(host->sink.tags, tags[0])->name,
                           ls_tags_get(host->sink.tags, tags[i])->name);
        }
        node = of_node;
        device = of_device;
    }
    return publish(host, node, device, metrics, count, now_us, err);
}

ls_status ls_sparkplug_host_commands(ls_sparkplug_host *host, const uint32_t *tags,
                                     const ls_sample *values, uint32_t count, int64_t now_us,
                                     ls_error *err) {
    const ls_status status = send(host, tags, values, count, now_us, err);
    host->figures.writes++;
    host->figures.writes_failed += status != LS_OK;
    return status;
}

ls_status ls_sparkplug_host_command(ls_sparkplug_host *host, uint32_t tag, const ls_sample *value,
                                    int64_t now_us, ls_error *err) {
    return ls_sparkplug_host_commands(host, &tag, value, 1, now_us, err);
}

ls_status ls_sparkplug_host_rebirth(ls_sparkplug_host *host, const char *name, int64_t now_us,
                                    ls_error *err) {
    for (uint32_t i = 0; i < host->node_count; i++) {
        host_node *node = host->nodes[i];
        if (strcmp(node->devices[0].subject, name) != 0) {
            continue;
        }
        if (!host->connected || !host_send_rebirth(host, node, now_us)) {
            return ls_fail(err, LS_ERR_IO, "%s was not asked: the broker is away", name);
        }
        host->figures.rebirths++;
        node->asked_us = now_us;
        return LS_OK;
    }
    return ls_fail(err, LS_ERR_INVALID, "no node '%s' has been heard", name);
}
