// sparkplug_edge_command.c - what others say to an edge node: commands, and whether its host is
// there.
#include <string.h>

#include "base/arena.h"
#include "line/sparkplug_edge_model.h"

enum { FIRST_SLOTS = 64 };

// --- metrics by name: open addressing, at most half full -------------------------------------

static uint32_t hash_name(uint32_t device, const char *name, size_t size) {
    uint64_t hash = 0xcbf29ce484222325u + device;  // FNV-1a
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3u;
    }
    return (uint32_t)(hash ^ (hash >> 32));
}

static uint32_t find_slot(const ls_sparkplug_edge *edge, uint32_t device, const char *name,
                          size_t size) {
    uint32_t at = hash_name(device, name, size) & (edge->slot_count - 1);
    while (edge->slots[at] != 0) {
        const edge_metric *there = &edge->metrics[edge->slots[at] - 1];
        if (there->device == device && strncmp(there->name, name, size) == 0 &&
            there->name[size] == '\0') {
            break;
        }
        at = (at + 1) & (edge->slot_count - 1);
    }
    return at;
}

uint32_t edge_metric_find(const ls_sparkplug_edge *edge, uint32_t device, const char *name,
                          size_t size) {
    if (edge->slot_count == 0 || size == 0 || memchr(name, '\0', size) != NULL) {
        return EDGE_NONE;
    }
    const uint32_t found = edge->slots[find_slot(edge, device, name, size)];
    return found != 0 ? found - 1 : EDGE_NONE;
}

bool edge_index_add(ls_sparkplug_edge *edge, uint32_t device, const char *name) {
    if (2 * (edge->metric_count + 1) > edge->slot_count) {
        const uint32_t more = edge->slot_count == 0 ? FIRST_SLOTS : 2 * edge->slot_count;
        uint32_t *slots = ls_alloc(more * sizeof *slots);
        if (slots == NULL) {
            return false;
        }
        ls_free(edge->slots);
        edge->slots = slots;
        edge->slot_count = more;
        for (uint32_t i = 0; i < edge->metric_count; i++) {
            const edge_metric *metric = &edge->metrics[i];
            slots[find_slot(edge, metric->device, metric->name, strlen(metric->name))] = i + 1;
        }
    }
    edge->slots[find_slot(edge, device, name, strlen(name))] = edge->metric_count + 1;
    return true;
}

// --- commands --------------------------------------------------------------------------------

static bool is_rebirth(const ls_sparkplug_metric *metric) {
    static const char name[] = "Node Control/Rebirth";
    return metric->name.size == sizeof name - 1 &&
           memcmp(metric->name.data, name, sizeof name - 1) == 0;
}

static uint32_t find(const ls_sparkplug_edge *edge, uint32_t device,
                     const ls_sparkplug_metric *metric) {
    if (metric->name.data != NULL) {
        return edge_metric_find(edge, device, metric->name.data, metric->name.size);
    }
    const uint64_t index = metric->alias - 1;  // 0 wraps to what no metric has
    return metric->has_alias && index < edge->metric_count && edge->metrics[index].device == device
               ? (uint32_t)index
               : EDGE_NONE;
}

// As the metric's own type says it, whatever the sender chose.
static const char *convert(const edge_metric *of, const ls_sparkplug_metric *metric,
                           ls_sample *out) {
    ls_sparkplug_metric own = {0};
    const char *reason = ls_sparkplug_value(
        metric, metric->has_type ? metric->type : (uint32_t)of->type, out);
    if (reason == NULL && metric->has_type && metric->type != (uint32_t)of->type) {
        reason = ls_sparkplug_encode(out, of->type, &own);
        reason = reason != NULL ? reason : ls_sparkplug_value(&own, (uint32_t)of->type, out);
    }
    return reason;
}

static bool command(ls_sparkplug_edge *edge, uint32_t device, const ls_sparkplug_metric *metric,
                    uint64_t timestamp_ms, int64_t now_us) {
    const uint32_t index = find(edge, device, metric);
    if (index == EDGE_NONE || !edge->metrics[index].writable || edge->def.commanded == NULL ||
        metric->null) {
        return false;
    }
    ls_sample sample = {.tag = index};
    if (convert(&edge->metrics[index], metric, &sample) != NULL) {
        return false;
    }
    const uint64_t ms = metric->has_timestamp ? metric->timestamp_ms : timestamp_ms;
    const bool known = ms > 0 && ms < INT64_MAX / 1000;
    sample.time_us = known ? (int64_t)ms * 1000 : now_us;
    sample.flags = known ? 0 : LS_SAMPLE_ARRIVAL;
    edge->figures.commands++;
    edge->def.commanded(edge->def.context, index, &sample);
    return true;
}

// A malformed command is not obeyed in part.
static bool is_whole(ls_sparkplug_reader reader) {
    ls_sparkplug_metric metric;
    while (ls_sparkplug_next(&reader, &metric)) {
    }
    return reader.reason == NULL;
}

static void receive_commands(ls_sparkplug_edge *edge, uint32_t device, const void *bytes,
                             size_t size, int64_t now_us) {
    ls_sparkplug_reader reader;
    ls_sparkplug_metric metric;
    bool rebirth = false;
    if (!ls_sparkplug_open(&reader, bytes, size) || !is_whole(reader)) {
        edge->figures.refused++;
        return;
    }
    while (ls_sparkplug_next(&reader, &metric)) {
        if (device == 0 && is_rebirth(&metric)) {
            rebirth = rebirth || (metric.field == LS_SPARKPLUG_BOOLEAN_VALUE && metric.bits != 0);
        } else if (!command(edge, device, &metric, reader.timestamp_ms, now_us)) {
            edge->figures.refused++;
        }
    }
    if (rebirth && edge->alive) {
        edge_births(edge, now_us);
    }
}

static bool id_is(ls_sparkplug_id id, const char *text) {
    return text != NULL && strlen(text) == id.size && memcmp(text, id.text, id.size) == 0;
}

void ls_sparkplug_edge_message(ls_sparkplug_edge *edge, const char *topic, const void *bytes,
                               size_t size, int64_t now_us) {
    ls_sparkplug_topic parsed;
    ls_sparkplug_state state;
    if (ls_sparkplug_topic_parse(topic, strlen(topic), &parsed) != NULL) {
        edge->figures.refused++;
    } else if (parsed.message == LS_SPARKPLUG_STATE) {
        if (!id_is(parsed.node, edge->primary)) {
            return;  // of another host
        }
        if (ls_sparkplug_state_parse(bytes, size, &state) == NULL) {
            edge_primary(edge, state, now_us);
        } else {
            edge->figures.refused++;
        }
    } else if (id_is(parsed.group, edge->group) && id_is(parsed.node, edge->node) &&
               (parsed.message == LS_SPARKPLUG_NCMD || parsed.message == LS_SPARKPLUG_DCMD)) {
        const uint32_t device = parsed.message == LS_SPARKPLUG_NCMD
                                    ? 0
                                    : edge_device_find(edge, parsed.device.text,
                                                       parsed.device.size);
        if (device != EDGE_NONE) {
            receive_commands(edge, device, bytes, size, now_us);
        } else {
            edge->figures.refused++;
        }
    }
}
