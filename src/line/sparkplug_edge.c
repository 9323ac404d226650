// sparkplug_edge.c - the edge node: made, born, gone; see sparkplug_edge.h.
#include "line/sparkplug_edge.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "line/sparkplug_edge_model.h"

enum { DEF_COOKIE = 0x5b0ed9, METRICS_MAX = 1 << 20, DEVICES_MAX = 1 << 16 };
static const char rebirth_name[] = "Node Control/Rebirth";

ls_sparkplug_edge_def ls_sparkplug_edge_def_default(void) {
    return (ls_sparkplug_edge_def){.keep_max = 100000,
                                   .keep_bytes_max = (size_t)64 << 20,
                                   .bite = 500,
                                   .bite_every_us = 20000,
                                   .cookie = DEF_COOKIE};
}

static char *copy_text(const char *text) {
    const size_t size = strlen(text) + 1;
    char *copy = ls_alloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory for a Sparkplug edge node");
}

static ls_status check_def(const ls_sparkplug_edge_def *def, ls_error *err) {
    ls_status status = ls_sparkplug_id_check(def->group, "group", err);
    if (status == LS_OK) {
        status = ls_sparkplug_id_check(def->node, "edge node", err);
    }
    if (status == LS_OK && def->primary != NULL) {
        status = ls_sparkplug_id_check(def->primary, "host application", err);
    }
    if (status == LS_OK && (def->bite == 0 || def->bite_every_us <= 0 || def->first_bd_seq > 255)) {
        status = ls_fail(err, LS_ERR_INVALID, "bite, bite_every_us or first_bd_seq cannot be");
    }
    return status;
}

static uint32_t add_device(ls_sparkplug_edge *edge, const char *id) {
    if (edge->device_count == edge->device_capacity) {
        const uint32_t more = edge->device_capacity == 0 ? 4 : 2 * edge->device_capacity;
        edge_device *devices = ls_realloc(edge->devices, more * sizeof *devices);
        if (devices == NULL) {
            return EDGE_NONE;
        }
        edge->devices = devices;
        edge->device_capacity = more;
    }
    edge_device device = {.alive = true, .first = EDGE_NONE, .last = EDGE_NONE};
    device.id = id != NULL ? copy_text(id) : NULL;
    if (id != NULL && device.id == NULL) {
        return EDGE_NONE;
    }
    edge->devices[edge->device_count] = device;
    return edge->device_count++;
}

ls_status ls_sparkplug_edge_create(const ls_sparkplug_edge_def *def, ls_sparkplug_edge **out,
                                   ls_error *err) {
    assert(def->cookie == DEF_COOKIE && def->publish != NULL);
    *out = NULL;
    const ls_status status = check_def(def, err);
    if (status != LS_OK) {
        return status;
    }
    ls_sparkplug_edge *edge = ls_alloc(sizeof *edge);
    if (edge == NULL) {
        return no_memory(err);
    }
    edge->def = *def;
    edge->group = copy_text(def->group);
    edge->node = copy_text(def->node);
    edge->primary = def->primary != NULL ? copy_text(def->primary) : NULL;
    if (edge->group == NULL || edge->node == NULL ||
        (def->primary != NULL && edge->primary == NULL) || add_device(edge, NULL) == EDGE_NONE) {
        ls_sparkplug_edge_destroy(edge);
        return no_memory(err);
    }
    ls_sparkplug_topic_format(edge->filters[0], LS_SPARKPLUG_NCMD, edge->group, edge->node, NULL);
    ls_sparkplug_topic_format(edge->filters[1], LS_SPARKPLUG_DCMD, edge->group, edge->node, "+");
    if (edge->primary != NULL) {
        ls_sparkplug_topic_format(edge->filters[2], LS_SPARKPLUG_STATE, NULL, edge->primary, NULL);
    }
    ls_sparkplug_topic_format(edge->will_topic, LS_SPARKPLUG_NDEATH, edge->group, edge->node, NULL);
    *out = edge;
    return LS_OK;
}

void ls_sparkplug_edge_destroy(ls_sparkplug_edge *edge) {
    if (edge == NULL) {
        return;
    }
    for (uint32_t i = 0; i < edge->device_count; i++) {
        ls_free(edge->devices[i].id);
    }
    for (uint32_t i = 0; i < edge->metric_count; i++) {
        ls_free(edge->metrics[i].name);
        ls_free(edge->metrics[i].unit);
        ls_free(edge->metrics[i].text);
    }
    for (uint32_t i = 0; i < edge->pending_count; i++) {
        edge_change_clear(&edge->pending[i]);
    }
    for (uint32_t i = 0; i < edge->kept_count; i++) {
        edge_change_clear(&edge->kept[(edge->kept_first + i) % edge->kept_capacity]);
    }
    ls_free(edge->devices);
    ls_free(edge->metrics);
    ls_free(edge->pending);
    ls_free(edge->kept);
    ls_free(edge->buffer);
    ls_free(edge->slots);
    ls_free(edge->group);
    ls_free(edge->node);
    ls_free(edge->primary);
    ls_free(edge);
}

uint32_t edge_device_find(const ls_sparkplug_edge *edge, const char *id, size_t size) {
    for (uint32_t i = 1; i < edge->device_count; i++) {
        if (strlen(edge->devices[i].id) == size && memcmp(edge->devices[i].id, id, size) == 0) {
            return i;
        }
    }
    return EDGE_NONE;
}

static ls_status check_metric(const ls_sparkplug_edge *edge, const char *device, const char *name,
                              ls_sparkplug_type type, ls_error *err) {
    if (device != NULL && ls_sparkplug_id_check(device, "device", err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    if (name[0] == '\0' || !ls_text_is_utf8(name, strlen(name), NULL)) {
        return ls_fail(err, LS_ERR_INVALID, "a metric's name must be UTF-8 and not empty");
    }
    if (device == NULL && (strcmp(name, "bdSeq") == 0 || strcmp(name, rebirth_name) == 0)) {
        return ls_fail(err, LS_ERR_INVALID, "the metric '%s' belongs to Sparkplug itself", name);
    }
    if (ls_sparkplug_type_kind((uint32_t)type) == LS_VALUE_NONE) {
        return ls_fail(err, LS_ERR_INVALID, "the metric '%s' has no type that can be sent", name);
    }
    if (edge->metric_count >= METRICS_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "more than %d metrics", METRICS_MAX);
    }
    return LS_OK;
}

static ls_status find_or_add_device(ls_sparkplug_edge *edge, const char *id, uint32_t *out,
                                    ls_error *err) {
    *out = 0;
    if (id == NULL) {
        return LS_OK;
    }
    *out = edge_device_find(edge, id, strlen(id));
    if (*out == EDGE_NONE && edge->device_count >= DEVICES_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "more than %d devices", DEVICES_MAX);
    }
    if (*out == EDGE_NONE) {
        *out = add_device(edge, id);
    }
    return *out != EDGE_NONE ? LS_OK : no_memory(err);
}

static bool room_for_metric(ls_sparkplug_edge *edge) {
    if (edge->metric_count < edge->metric_capacity) {
        return true;
    }
    const uint32_t more = edge->metric_capacity == 0 ? 16 : 2 * edge->metric_capacity;
    edge_metric *metrics = ls_realloc(edge->metrics, more * sizeof *metrics);
    if (metrics == NULL) {
        return false;
    }
    edge->metrics = metrics;
    edge->metric_capacity = more;
    return true;
}

ls_status ls_sparkplug_edge_metric(ls_sparkplug_edge *edge, const char *device, const char *name,
                                   ls_sparkplug_type type, const char *unit, bool writable,
                                   uint32_t *out, ls_error *err) {
    assert(!edge->begun);
    uint32_t of;
    ls_status status = check_metric(edge, device, name, type, err);
    if (status == LS_OK) {
        status = find_or_add_device(edge, device, &of, err);
    }
    if (status != LS_OK) {
        return status;
    }
    if (edge_metric_find(edge, of, name, strlen(name)) != EDGE_NONE) {
        return ls_fail(err, LS_ERR_INVALID, "a second metric '%s' of %s", name,
                       device != NULL ? device : edge->node);
    }
    edge_metric metric = {.device = of, .type = type, .writable = writable};
    metric.name = copy_text(name);
    metric.unit = unit != NULL && unit[0] != '\0' ? copy_text(unit) : NULL;
    if (metric.name == NULL || (unit != NULL && unit[0] != '\0' && metric.unit == NULL) ||
        !room_for_metric(edge) || !edge_index_add(edge, of, name)) {
        ls_free(metric.name);
        ls_free(metric.unit);
        return no_memory(err);
    }
    *out = edge->metric_count;
    edge->metrics[edge->metric_count++] = metric;
    return LS_OK;
}

const char *ls_sparkplug_edge_filter(const ls_sparkplug_edge *edge, uint32_t index) {
    return index < (edge->primary != NULL ? 3u : 2u) ? edge->filters[index] : NULL;
}

static uint64_t ms_of(int64_t now_us) {
    return now_us > 0 ? (uint64_t)now_us / 1000 : 0;
}

static ls_sparkplug_metric bd_seq_metric(const ls_sparkplug_edge *edge, int64_t now_us) {
    return (ls_sparkplug_metric){.name = {"bdSeq", 5},
                                 .has_timestamp = true,
                                 .timestamp_ms = ms_of(now_us),
                                 .has_type = true,
                                 .type = LS_SPARKPLUG_INT64,
                                 .field = LS_SPARKPLUG_LONG_VALUE,
                                 .bits = edge->bd_seq};
}

static size_t write_death(const ls_sparkplug_edge *edge, uint8_t *out, size_t capacity,
                          int64_t now_us) {
    ls_sparkplug_writer w;
    const ls_sparkplug_metric bd_seq = bd_seq_metric(edge, now_us);
    ls_sparkplug_begin(&w, out, capacity, ms_of(now_us));
    ls_sparkplug_add(&w, &bd_seq);
    return ls_sparkplug_size(&w);
}

void ls_sparkplug_edge_will(ls_sparkplug_edge *edge, int64_t now_us, const char **out_topic,
                            const void **out_payload, size_t *out_size) {
    edge->bd_seq = edge->begun ? (uint8_t)(edge->bd_seq + 1) : (uint8_t)edge->def.first_bd_seq;
    edge->begun = true;
    edge->wants_reconnect = false;
    *out_size = write_death(edge, edge->will, sizeof edge->will, now_us);
    *out_topic = edge->will_topic;
    *out_payload = edge->will;
}

typedef struct birth {
    uint32_t device;
    int64_t now_us;
} birth;

static void fill_birth(const ls_sparkplug_edge *edge, ls_sparkplug_writer *w, void *with) {
    const birth *of = with;
    if (of->device == 0) {
        const ls_sparkplug_metric bd_seq = bd_seq_metric(edge, of->now_us);
        const ls_sparkplug_metric rebirth = {.name = {rebirth_name, sizeof rebirth_name - 1},
                                             .has_timestamp = true,
                                             .timestamp_ms = ms_of(of->now_us),
                                             .has_type = true,
                                             .type = LS_SPARKPLUG_BOOLEAN,
                                             .field = LS_SPARKPLUG_BOOLEAN_VALUE};
        ls_sparkplug_add(w, &bd_seq);
        ls_sparkplug_add(w, &rebirth);
    }
    for (uint32_t i = 0; i < edge->metric_count; i++) {
        const edge_metric *metric = &edge->metrics[i];
        if (metric->device != of->device) {
            continue;
        }
        ls_sparkplug_metric out = {
            .name = {metric->name, strlen(metric->name)}, .has_alias = true, .alias = i + 1};
        if (metric->unit != NULL) {
            out.unit = (ls_sparkplug_span){metric->unit, strlen(metric->unit)};
        }
        edge_metric_value(metric, &metric->last, of->now_us, &out);
        ls_sparkplug_add(w, &out);
    }
}

static bool device_birth(ls_sparkplug_edge *edge, uint32_t device, int64_t now_us) {
    birth of = {device, now_us};
    const bool taken = edge_publish(edge, device == 0 ? LS_SPARKPLUG_NBIRTH : LS_SPARKPLUG_DBIRTH,
                                    device, fill_birth, &of, now_us);
    edge->figures.births += taken;
    return taken;
}

// All births, or the edge is not alive: a host that has half of them would ask at once.
void edge_births(ls_sparkplug_edge *edge, int64_t now_us) {
    // Later than every birth before it, whatever the clock does: that is how a host tells them
    // apart.
    const uint64_t now_ms = ms_of(now_us);
    edge->birth_ms = now_ms > edge->birth_ms ? now_ms : edge->birth_ms + 1;
    edge->seq = 0;
    edge->alive = device_birth(edge, 0, now_us);
    for (uint32_t i = 1; i < edge->device_count && edge->alive; i++) {
        edge->alive = !edge->devices[i].alive || device_birth(edge, i, now_us);
    }
    edge->bite_at_us = now_us + edge->def.bite_every_us;
}

static void begin_if_heard(ls_sparkplug_edge *edge, int64_t now_us) {
    if (edge->connected && !edge->alive && !edge->wants_reconnect &&
        (edge->primary == NULL || edge->primary_online)) {
        edge_births(edge, now_us);
    }
}

void ls_sparkplug_edge_connected(ls_sparkplug_edge *edge, int64_t now_us) {
    assert(edge->begun);
    edge->connected = true;
    edge->alive = false;
    begin_if_heard(edge, now_us);
}

void ls_sparkplug_edge_lost(ls_sparkplug_edge *edge, int64_t now_us) {
    (void)now_us;
    edge->connected = edge->alive = false;
    // Said again by the broker, which keeps it, after the next CONNECT.
    edge->primary_online = false;
}

static void say_death(ls_sparkplug_edge *edge, int64_t now_us) {
    uint8_t bytes[64];
    if (edge->alive) {
        const size_t size = write_death(edge, bytes, sizeof bytes, now_us);
        edge->figures.messages++;
        edge->figures.bytes += size;
        edge->def.publish(edge->def.context, edge->will_topic, bytes, size, 1, false);
    }
    edge->alive = false;
}

void ls_sparkplug_edge_closing(ls_sparkplug_edge *edge, int64_t now_us) {
    say_death(edge, now_us);
    ls_sparkplug_edge_lost(edge, now_us);
}

void edge_primary(ls_sparkplug_edge *edge, ls_sparkplug_state state, int64_t now_us) {
    if (edge->has_state && state.timestamp_ms < edge->state_ms) {
        return;  // of an older connection of that host
    }
    edge->has_state = true;
    edge->state_ms = state.timestamp_ms;
    edge->primary_online = state.online;
    if (state.online) {
        begin_if_heard(edge, now_us);
    } else if (edge->alive) {
        say_death(edge, now_us);
        edge->wants_reconnect = true;
    }
}

bool ls_sparkplug_edge_wants_reconnect(const ls_sparkplug_edge *edge) {
    return edge->wants_reconnect;
}

static void fill_nothing(const ls_sparkplug_edge *edge, ls_sparkplug_writer *w, void *with) {
    (void)edge;
    (void)w;
    (void)with;
}

void ls_sparkplug_edge_device(ls_sparkplug_edge *edge, const char *device, bool alive,
                              int64_t now_us) {
    const uint32_t of = edge_device_find(edge, device, strlen(device));
    if (of == EDGE_NONE || edge->devices[of].alive == alive) {
        return;
    }
    if (!alive) {
        // What was set before it went is still said.
        ls_sparkplug_edge_flush(edge, now_us);
        edge_drop_device(edge, of);
    }
    edge->devices[of].alive = alive;
    if (edge->alive && alive) {
        edge->alive = device_birth(edge, of, now_us);
    } else if (edge->alive) {
        (void)edge_publish(edge, LS_SPARKPLUG_DDEATH, of, fill_nothing, NULL, now_us);
    }
}

void ls_sparkplug_edge_describe(const ls_sparkplug_edge *edge, ls_sparkplug_edge_figures *out) {
    *out = edge->figures;
    out->waiting = edge->kept_count;
    out->alive = edge->alive;
    out->bd_seq = edge->bd_seq;
    out->seq = edge->seq;
}
