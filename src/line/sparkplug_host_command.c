// sparkplug_host_command.c - values and rebirth requests that are sent to the line.
#include <string.h>

#include "base/arena.h"
#include "line/sparkplug_host_model.h"

static ls_status publish(ls_sparkplug_host *host, const host_node *node, const host_metric *metric,
                         const ls_sparkplug_metric *value, int64_t now_us, ls_error *err) {
    char topic[LS_SPARKPLUG_TOPIC_MAX], device[LS_SPARKPLUG_ID_MAX + 1];
    const host_device *of = &node->devices[metric->device];
    const size_t capacity = ls_sparkplug_metric_size(value) + 16;
    void *bytes = ls_alloc(capacity);
    if (bytes == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a command");
    }
    ls_sparkplug_writer w;
    ls_sparkplug_begin(&w, bytes, capacity, now_us > 0 ? (uint64_t)now_us / 1000 : 0);
    ls_sparkplug_add(&w, value);
    memcpy(device, of->subject + of->subject_size - of->id_size, of->id_size + 1);
    ls_sparkplug_topic_format(topic, metric->device == 0 ? LS_SPARKPLUG_NCMD : LS_SPARKPLUG_DCMD,
                              node->group, node->name, metric->device == 0 ? NULL : device);
    const bool taken = host->def.publish(host->def.context, topic, bytes, ls_sparkplug_size(&w), 0,
                                         false);
    ls_free(bytes);
    return taken ? LS_OK : ls_fail(err, LS_ERR_IO, "%s: not published, the broker is away", topic);
}

static ls_status send(ls_sparkplug_host *host, uint32_t tag, const ls_sample *value, int64_t now_us,
                      ls_error *err) {
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
    ls_sparkplug_metric out = {
        .name = {known->name + of->subject_size + 1, strlen(known->name) - of->subject_size - 1},
        .has_timestamp = true,
        .timestamp_ms = now_us > 0 ? (uint64_t)now_us / 1000 : 0};
    const char *reason = ls_sparkplug_encode(value, (ls_sparkplug_type)metric->type, &out);
    if (reason != NULL) {
        return ls_fail(err, LS_ERR_INVALID, "the value for %s (%s) %s", known->name,
                       ls_sparkplug_type_name(metric->type), reason);
    }
    return publish(host, node, metric, &out, now_us, err);
}

ls_status ls_sparkplug_host_command(ls_sparkplug_host *host, uint32_t tag, const ls_sample *value,
                                    int64_t now_us, ls_error *err) {
    const ls_status status = send(host, tag, value, now_us, err);
    host->figures.writes++;
    host->figures.writes_failed += status != LS_OK;
    return status;
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
