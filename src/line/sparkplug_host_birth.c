// sparkplug_host_birth.c - births and deaths of nodes and devices.
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "line/sparkplug_host_model.h"

enum { DEVICE_WAIT_US = 10 * 1000000 };  // after its node's birth, before a device counts as gone

static bool is_name(ls_sparkplug_span name, const char *text) {
    return name.size == strlen(text) && memcmp(name.data, text, name.size) == 0;
}

// A birth changes what is known, so it is read to its end once before anything is done.
static bool read_through(ls_sparkplug_host *host, host_node *node, const host_message *m,
                         bool *out_has_bd_seq, uint64_t *out_bd_seq) {
    ls_sparkplug_reader reader = m->frame;
    ls_sparkplug_metric metric;
    while (ls_sparkplug_next(&reader, &metric)) {
        if (is_name(metric.name, "bdSeq") &&
            (metric.field == LS_SPARKPLUG_LONG_VALUE || metric.field == LS_SPARKPLUG_INT_VALUE)) {
            *out_has_bd_seq = true;
            *out_bd_seq = metric.bits;
        }
    }
    if (reader.reason != NULL) {
        host_refuse(host, node, m->now_us, "a %s is malformed at byte %zu: %s",
                    ls_sparkplug_message_name(m->message), reader.bad_at, reader.reason);
        host_want_rebirth(host, node, m->now_us, "a birth was malformed");
    }
    return reader.reason == NULL;
}

static void declare(ls_sparkplug_host *host, host_node *node, const host_message *m,
                    const ls_sparkplug_metric *metric, uint32_t index) {
    char unit[LS_TAG_UNIT_MAX + 1] = "";
    host_metric *known = &node->metrics[index];
    const ls_tag *tag = ls_tags_get(host->sink.tags, known->tag);
    const uint16_t type = metric->type < LS_SPARKPLUG_TYPE_COUNT ? (uint16_t)metric->type
                                                                 : UINT16_MAX;
    if (known->typed && known->type != type) {
        host_tell(host, LS_NOTICE_BIRTH, node->devices[known->device].subject,
                  host_there(node, m->now_us), 1, 0, "%s changed its type from %s to %s", tag->name,
                  ls_sparkplug_type_name(known->type), ls_sparkplug_type_name(type));
    }
    known->type = type;
    known->typed = true;
    if (metric->unit.size <= LS_TAG_UNIT_MAX &&
        ls_text_is_utf8(metric->unit.data != NULL ? metric->unit.data : "", metric->unit.size,
                        NULL)) {
        memcpy(unit, metric->unit.data != NULL ? metric->unit.data : "", metric->unit.size);
        unit[metric->unit.size] = '\0';
    } else {
        host_refuse(host, node, m->now_us, "the unit of %s is not text of at most %d bytes",
                    tag->name, LS_TAG_UNIT_MAX);
    }
    ls_tags_declare(host->sink.tags, known->tag, ls_sparkplug_type_kind(type), unit);
}

static uint32_t find_or_add(ls_sparkplug_host *host, uint32_t node_index, uint32_t device,
                            const host_message *m, const ls_sparkplug_metric *metric) {
    host_node *node = host->nodes[node_index];
    ls_error err;
    uint32_t index = host_metric_by_name(host, node, device, metric->name);
    if (index == HOST_NONE) {
        index = host_metric_add(host, node_index, device, metric->name, &err);
        if (index == HOST_NONE) {
            host_refuse(host, node, m->now_us, "the metric '%.*s': %s",
                        metric->name.size < 200 ? (int)metric->name.size : 200, metric->name.data,
                        err.text);
        }
    }
    return index;
}

static void take_metric(ls_sparkplug_host *host, uint32_t node_index, uint32_t device,
                        const host_message *m, const ls_sparkplug_metric *metric) {
    host_node *node = host->nodes[node_index];
    ls_error err;
    if (device == 0 &&
        (is_name(metric->name, "bdSeq") || is_name(metric->name, "Node Control/Rebirth"))) {
        return;
    }
    if (metric->name.size == 0) {
        host_refuse(host, node, m->now_us, "a metric in a birth has no name");
        return;
    }
    const uint32_t index = find_or_add(host, node_index, device, m, metric);
    if (index == HOST_NONE) {
        return;
    }
    declare(host, node, m, metric, index);
    node->metrics[index].in_birth = true;
    if (!metric->has_alias) {
        node->metrics[index].has_alias = false;
    } else if (host_alias_put(node, index, metric->alias, &err) != LS_OK) {
        host_refuse(host, node, m->now_us, "the alias %llu: %s", (unsigned long long)metric->alias,
                    err.text);
    }
    // A metric that stands twice has two values; the order of the message is that of time.
    if (host->batch_count < host->batch_capacity) {
        (void)host_sample_of(host, node, m, metric, index, LS_SAMPLE_BIRTH);
    }
}

static void take_metrics(ls_sparkplug_host *host, uint32_t node_index, uint32_t device,
                         const host_message *m) {
    host_node *node = host->nodes[node_index];
    const host_device *of = &node->devices[device];
    ls_sparkplug_reader reader = m->frame;
    ls_sparkplug_metric metric;
    uint8_t flags;
    const int64_t time_us = host_source_now(node, m->now_us, &flags);
    for (uint32_t i = 0; i < of->metric_count; i++) {
        node->metrics[of->metrics[i]].in_birth = false;
    }
    while (ls_sparkplug_next(&reader, &metric)) {
        take_metric(host, node_index, device, m, &metric);
    }
    (void)host_batch_commit(host, node);
    // Metrics of an older birth that this one does not have are gone.
    host_stale(host, node, device, true, time_us, flags);
}

static void tell_birth(ls_sparkplug_host *host, const host_node *node, uint32_t device,
                       const host_message *m) {
    uint8_t flags;
    const int64_t time_us = host_source_time(node, m, &flags);
    host_tell(host, LS_NOTICE_BIRTH, node->devices[device].subject, time_us, m->frame.metrics, 0,
              device == 0 ? "the node is there, bdSeq %llu" : "the device is there (bdSeq %llu)",
              (unsigned long long)node->bd_seq);
}

// Devices follow their node; until then what they said holds, for a while.
static void await_devices(ls_sparkplug_host *host, host_node *node, int64_t now_us) {
    const int64_t until_us = now_us + host->def.reorder_us + DEVICE_WAIT_US;
    for (uint32_t i = 1; i < node->device_count; i++) {
        host_device *device = &node->devices[i];
        device->awaited = device->awaited || device->alive;
        device->alive = false;
        device->until_us = until_us;
        host->due_us = device->awaited && until_us < host->due_us ? until_us : host->due_us;
    }
}

static uint32_t device_of(ls_sparkplug_host *host, host_node *node, const host_message *m) {
    ls_error err;
    uint32_t device = host_device_find(node, m->device);
    if (device == HOST_NONE) {
        device = host_device_add(host, node, m->device, &err);
        if (device == HOST_NONE) {
            host_refuse(host, node, m->now_us, "the device '%.*s': %s", (int)m->device.size,
                        m->device.text, err.text);
        }
    }
    return device;
}

bool host_take_birth(ls_sparkplug_host *host, host_node *node, uint32_t node_index,
                     const host_message *m) {
    bool has_bd_seq = false;
    uint64_t bd_seq = 0;
    if (!read_through(host, node, m, &has_bd_seq, &bd_seq)) {
        return false;
    }
    const uint32_t device = device_of(host, node, m);
    if (device == HOST_NONE || !host_batch_reserve(host, m->frame.metrics)) {
        return false;
    }
    if (device == 0) {
        node->born = true;
        node->unsure = node->untaken = false;
        node->why = NULL;
        node->has_bd_seq = has_bd_seq;
        node->bd_seq = bd_seq;
        await_devices(host, node, m->now_us);
    }
    node->devices[device].alive = true;
    node->devices[device].awaited = false;
    tell_birth(host, node, device, m);
    take_metrics(host, node_index, device, m);
    return true;
}

void host_take_device_death(ls_sparkplug_host *host, host_node *node, const host_message *m) {
    const uint32_t device = host_device_find(node, m->device);
    if (device == HOST_NONE || (!node->devices[device].alive && !node->devices[device].awaited)) {
        return;
    }
    uint8_t flags;
    const int64_t time_us = host_source_time(node, m, &flags);
    node->devices[device].alive = node->devices[device].awaited = false;
    host_tell(host, LS_NOTICE_DEATH, node->devices[device].subject, time_us,
              node->devices[device].metric_count, 0, "the device is gone");
    host_stale(host, node, device, false, time_us, flags);
}

void host_node_dead(ls_sparkplug_host *host, host_node *node, int64_t now_us, const char *why) {
    uint8_t flags;
    const int64_t time_us = host_source_now(node, now_us, &flags);
    host_tell(host, LS_NOTICE_DEATH, node->devices[0].subject, time_us, node->metric_count, 0, "%s",
              why);
    node->born = false;
    node->unsure = false;
    for (uint32_t i = 0; i < node->device_count; i++) {
        node->devices[i].alive = node->devices[i].awaited = false;
        host_stale(host, node, i, false, time_us, flags);
    }
}
