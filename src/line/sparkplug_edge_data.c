// sparkplug_edge_data.c - values of an edge node: set, sent, kept while nobody listens.
#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "line/sparkplug_edge_model.h"

enum { PENDING_MAX = 1 << 20, BUFFER_FIRST = 4096 };

static bool is_text(const ls_sample *sample) {
    return sample->kind == LS_VALUE_TEXT || sample->kind == LS_VALUE_BYTES;
}

void edge_change_clear(edge_change *change) {
    if (is_text(&change->sample)) {
        ls_free((void *)(uintptr_t)change->sample.value.text);
    }
    *change = (edge_change){0};
}

void edge_metric_value(const edge_metric *metric, const ls_sample *sample, int64_t now_us,
                       ls_sparkplug_metric *out) {
    const char *reason = ls_sparkplug_encode(sample, metric->type, out);
    assert(reason == NULL);  // ls_sparkplug_edge_set has tried
    (void)reason;
    const int64_t time_us = sample->time_us > 0 ? sample->time_us : now_us;
    out->has_timestamp = true;
    out->timestamp_ms = time_us > 0 ? (uint64_t)time_us / 1000 : 0;
}

static bool grow_buffer(ls_sparkplug_edge *edge) {
    const size_t more = edge->buffer_capacity == 0 ? BUFFER_FIRST : 2 * edge->buffer_capacity;
    uint8_t *buffer = ls_realloc(edge->buffer, more);
    if (buffer == NULL) {
        return false;
    }
    edge->buffer = buffer;
    edge->buffer_capacity = more;
    return true;
}

// Writes with `fill`, in a larger buffer as often as it does not fit, and publishes with the next
// seq. False: not taken; seq stays.
bool edge_publish(ls_sparkplug_edge *edge, ls_sparkplug_message message, uint32_t device,
                  edge_fill *fill, void *with, int64_t now_us) {
    char topic[LS_SPARKPLUG_TOPIC_MAX];
    const uint64_t now_ms = now_us > 0 ? (uint64_t)now_us / 1000 : 0;
    ls_sparkplug_writer w = {.failed = true};
    while (w.failed) {
        if ((edge->buffer_capacity == 0 || w.end != NULL) && !grow_buffer(edge)) {
            return false;
        }
        // Not before the birth, should the clock have been set back.
        ls_sparkplug_begin(&w, edge->buffer, edge->buffer_capacity,
                           now_ms > edge->birth_ms ? now_ms : edge->birth_ms);
        fill(edge, &w, with);
        ls_sparkplug_add_seq(&w, edge->seq);
    }
    const size_t size = ls_sparkplug_size(&w);
    ls_sparkplug_topic_format(topic, message, edge->group, edge->node,
                              device == 0 ? NULL : edge->devices[device].id);
    if (!edge->def.publish(edge->def.context, topic, edge->buffer, size, 0, false)) {
        return false;
    }
    edge->seq++;
    edge->figures.messages++;
    edge->figures.bytes += size;
    return true;
}

// Takes the text of *sample over into memory of its own. False: no memory.
static bool own_text(ls_sample *sample) {
    if (!is_text(sample)) {
        return true;
    }
    char *copy = ls_alloc(sample->size);
    if (copy == NULL) {
        return false;
    }
    if (sample->size > 0) {
        memcpy(copy, sample->value.text, sample->size);
    }
    sample->value.text = copy;
    return true;
}

static bool remember(edge_metric *metric, const ls_sample *sample) {
    if (is_text(sample)) {
        if (sample->size > metric->text_capacity) {
            char *text = ls_realloc(metric->text, sample->size);
            if (text == NULL) {
                return false;
            }
            metric->text = text;
            metric->text_capacity = sample->size;
        }
        if (sample->size > 0) {
            memcpy(metric->text, sample->value.text, sample->size);
        }
    }
    metric->last = *sample;
    metric->last.value.text = is_text(sample) ? metric->text : sample->value.text;
    return true;
}

static bool room_for_change(ls_sparkplug_edge *edge) {
    if (edge->pending_count < edge->pending_capacity) {
        return true;
    }
    if (edge->pending_count >= PENDING_MAX) {
        return false;
    }
    const uint32_t more = edge->pending_capacity == 0 ? 64 : 2 * edge->pending_capacity;
    edge_change *pending = ls_realloc(edge->pending, more * sizeof *pending);
    if (pending == NULL) {
        return false;
    }
    edge->pending = pending;
    edge->pending_capacity = more;
    return true;
}

static void append(ls_sparkplug_edge *edge, uint32_t metric, const ls_sample *sample) {
    edge_device *device = &edge->devices[edge->metrics[metric].device];
    const uint32_t index = edge->pending_count++;
    edge->pending[index] = (edge_change){.sample = *sample, .metric = metric, .next = EDGE_NONE};
    if (device->first == EDGE_NONE) {
        device->first = index;
    } else {
        edge->pending[device->last].next = index;
    }
    device->last = index;
}

bool ls_sparkplug_edge_set(ls_sparkplug_edge *edge, uint32_t metric, const ls_sample *value) {
    assert(metric < edge->metric_count);
    edge_metric *of = &edge->metrics[metric];
    ls_sparkplug_metric tried = {0};
    ls_sample sample = *value;
    const bool alive = edge->devices[of->device].alive;
    if (ls_sparkplug_encode(value, of->type, &tried) != NULL ||
        (alive && (!room_for_change(edge) || !own_text(&sample)))) {
        edge->figures.refused++;
        return false;
    }
    if (!remember(of, value)) {
        if (alive && is_text(&sample)) {
            ls_free((void *)(uintptr_t)sample.value.text);
        }
        edge->figures.refused++;
        return false;
    }
    if (alive) {
        append(edge, metric, &sample);
    }
    return true;
}

// --- what waits for better times -------------------------------------------------------------

static edge_change *kept_at(ls_sparkplug_edge *edge, uint32_t index) {
    return &edge->kept[(edge->kept_first + index) % edge->kept_capacity];
}

static void drop_first(ls_sparkplug_edge *edge) {
    edge_change *first = kept_at(edge, 0);
    edge->kept_bytes -= is_text(&first->sample) ? first->sample.size : 0;
    edge_change_clear(first);
    edge->kept_first = (edge->kept_first + 1) % edge->kept_capacity;
    edge->kept_count--;
}

static bool grow_kept(ls_sparkplug_edge *edge) {
    uint32_t more = edge->kept_capacity == 0 ? 64 : 2 * edge->kept_capacity;
    more = more < edge->def.keep_max ? more : edge->def.keep_max;
    edge_change *kept = more > edge->kept_capacity ? ls_alloc(more * sizeof *kept) : NULL;
    if (kept == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < edge->kept_count; i++) {
        kept[i] = *kept_at(edge, i);
    }
    ls_free(edge->kept);
    edge->kept = kept;
    edge->kept_first = 0;
    edge->kept_capacity = more;
    return true;
}

// The oldest make room.
static void keep(ls_sparkplug_edge *edge, edge_change *change) {
    const size_t size = is_text(&change->sample) ? change->sample.size : 0;
    if (edge->def.keep_max == 0 || size > edge->def.keep_bytes_max ||
        (edge->kept_capacity == 0 && !grow_kept(edge))) {
        edge->figures.dropped++;
        edge_change_clear(change);
        return;
    }
    if (edge->kept_count == edge->kept_capacity) {
        (void)grow_kept(edge);
    }
    while (edge->kept_count == edge->kept_capacity ||
           edge->kept_bytes + size > edge->def.keep_bytes_max) {
        drop_first(edge);
        edge->figures.dropped++;
    }
    *kept_at(edge, edge->kept_count++) = *change;
    edge->kept_bytes += size;
    edge->figures.kept++;
    *change = (edge_change){0};
}

void edge_drop_device(ls_sparkplug_edge *edge, uint32_t device) {
    const uint32_t count = edge->kept_count;
    for (uint32_t i = 0; i < count; i++) {
        edge_change change = *kept_at(edge, 0);
        if (edge->metrics[change.metric].device == device) {
            drop_first(edge);
            edge->figures.dropped++;
        } else {  // to the end: after a whole turn the order is as before
            *kept_at(edge, 0) = (edge_change){0};
            edge->kept_first = (edge->kept_first + 1) % edge->kept_capacity;
            *kept_at(edge, edge->kept_count - 1) = change;
        }
    }
}

// --- messages --------------------------------------------------------------------------------

typedef struct changes {
    uint32_t first;
    int64_t now_us;
} changes;

static void fill_changes(const ls_sparkplug_edge *edge, ls_sparkplug_writer *w, void *with) {
    const changes *of = with;
    for (uint32_t i = of->first; i != EDGE_NONE; i = edge->pending[i].next) {
        const edge_change *change = &edge->pending[i];
        ls_sparkplug_metric out = {.has_alias = true, .alias = change->metric + 1u};
        edge_metric_value(&edge->metrics[change->metric], &change->sample, of->now_us, &out);
        out.has_type = false;  // the birth has said it
        ls_sparkplug_add(w, &out);
    }
}

static void flush_device(ls_sparkplug_edge *edge, uint32_t device, int64_t now_us) {
    changes of = {edge->devices[device].first, now_us};
    edge->devices[device].first = edge->devices[device].last = EDGE_NONE;
    const bool taken = edge->alive &&
                       edge_publish(edge, device == 0 ? LS_SPARKPLUG_NDATA : LS_SPARKPLUG_DDATA,
                                    device, fill_changes, &of, now_us);
    for (uint32_t i = of.first; i != EDGE_NONE;) {
        const uint32_t next = edge->pending[i].next;
        if (taken) {
            edge->figures.metrics++;
            edge_change_clear(&edge->pending[i]);
        } else {
            keep(edge, &edge->pending[i]);
        }
        i = next;
    }
}

void ls_sparkplug_edge_flush(ls_sparkplug_edge *edge, int64_t now_us) {
    for (uint32_t i = 0; i < edge->pending_count; i++) {
        // The first change of a device sends them all. What was sent is zero, as if it were one of
        // metric 0, whose list then begins elsewhere or is empty.
        const uint32_t device = edge->metrics[edge->pending[i].metric].device;
        if (edge->devices[device].first == i) {
            flush_device(edge, device, now_us);
        }
    }
    edge->pending_count = 0;
}

typedef struct bite {
    uint32_t device, count;  // of the first `count` kept values, those of the device
    int64_t now_us;
} bite;

static void fill_bite(const ls_sparkplug_edge *edge, ls_sparkplug_writer *w, void *with) {
    const bite *of = with;
    for (uint32_t i = 0; i < of->count; i++) {
        const edge_change *change = &edge->kept[(edge->kept_first + i) % edge->kept_capacity];
        if (edge->metrics[change->metric].device != of->device) {
            continue;
        }
        ls_sparkplug_metric out = {
            .has_alias = true, .alias = change->metric + 1u, .historical = true};
        edge_metric_value(&edge->metrics[change->metric], &change->sample, of->now_us, &out);
        out.has_type = false;
        ls_sparkplug_add(w, &out);
    }
}

// The longest run of one device at the front, so that a message is whole or not sent at all.
static bool send_run(ls_sparkplug_edge *edge, uint32_t most, int64_t now_us) {
    bite of = {.device = edge->metrics[kept_at(edge, 0)->metric].device, .now_us = now_us};
    while (of.count < edge->kept_count && of.count < most &&
           edge->metrics[kept_at(edge, of.count)->metric].device == of.device) {
        of.count++;
    }
    if (!edge_publish(edge, of.device == 0 ? LS_SPARKPLUG_NDATA : LS_SPARKPLUG_DDATA, of.device,
                      fill_bite, &of, now_us)) {
        return false;
    }
    edge->figures.metrics += of.count;
    edge->figures.historical += of.count;
    for (uint32_t i = 0; i < of.count; i++) {
        drop_first(edge);
    }
    return true;
}

// As many values as a bite has, whichever devices they are of.
static void send_bite(ls_sparkplug_edge *edge, int64_t now_us) {
    uint32_t left = edge->def.bite;
    bool good = true;
    while (good && left > 0 && edge->kept_count > 0) {
        const uint32_t before = edge->kept_count;
        good = send_run(edge, left, now_us);
        left -= before - edge->kept_count;
    }
}

int64_t ls_sparkplug_edge_tick(ls_sparkplug_edge *edge, int64_t now_us) {
    if (!edge->alive || edge->kept_count == 0) {
        return INT64_MAX;
    }
    if (now_us >= edge->bite_at_us) {
        edge->bite_at_us = now_us + edge->def.bite_every_us;
        send_bite(edge, now_us);
    }
    return edge->kept_count > 0 ? edge->bite_at_us : INT64_MAX;
}
