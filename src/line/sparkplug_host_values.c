// sparkplug_host_values.c - from the metrics of a data message to samples; what is told when a
// source falls silent.
#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "line/sparkplug_host_model.h"

enum {
    KEEP_TEXT_MAX = 64 * 1024,
    VALUE_MAX = 1 << 20,
    NEAR_US = 2000000,
    SKEW_JUMP_US = 1000000,
    SKEW_ODD = 3
};
static const int64_t SKEW_TELL_US = 60 * 1000000LL;
// The end of year 9999. What claims to be later has no time: that of its arrival counts. So sums of
// a few of them stay in range.
static const uint64_t TIME_MS_MAX = 253402300799999;

bool host_batch_reserve(ls_sparkplug_host *host, uint32_t count) {
    if (count <= host->batch_capacity) {
        return true;
    }
    const uint32_t capacity = count < 64 ? 64 : count + count / 2;
    ls_sample *batch = ls_realloc(host->batch, (size_t)capacity * sizeof *batch);
    if (batch == NULL) {
        return false;
    }
    host->batch = batch;
    host->batch_capacity = capacity;
    return true;
}

static bool is_text(uint8_t kind) {
    return kind == LS_VALUE_TEXT || kind == LS_VALUE_BYTES;
}

// Keeps a copy, in the memory of the one before where it fits. Without memory, and beyond
// KEEP_TEXT_MAX, the last value is not known: it will be NONE when it is stale.
static void remember_text(host_metric *metric, const ls_sample *sample) {
    if (!metric->has_text || metric->last.text->capacity < sample->size) {
        const uint32_t capacity = sample->size < 24 ? 24 : sample->size + sample->size / 2;
        host_text *text = sample->size > KEEP_TEXT_MAX ? NULL : ls_alloc(sizeof *text + capacity);
        if (text == NULL) {
            metric->kind = LS_VALUE_NONE;
            return;
        }
        ls_free(metric->has_text ? metric->last.text : NULL);
        text->capacity = capacity;
        metric->last.text = text;
        metric->has_text = true;
    }
    memcpy(metric->last.text->bytes, sample->value.text, sample->size);
    metric->size = sample->size;
}

static void remember(host_metric *metric, const ls_sample *sample) {
    metric->kind = sample->kind;
    metric->quality = sample->quality;
    metric->has_last = true;
    if (is_text(sample->kind)) {
        remember_text(metric, sample);
        return;
    }
    if (metric->has_text) {
        ls_free(metric->last.text);
        metric->has_text = false;
    }
    metric->last.bits = sample->value.natural;
}

static void hand_on(ls_sparkplug_host *host, host_node *node) {
    if (host->batch_count > 0) {
        host->figures.samples += host->batch_count;
        host->sink_takes = host->sink.heard(host->sink.context, host->batch, host->batch_count);
        if (!host->sink_takes) {
            host->figures.refused += host->batch_count;  // QoS 0: nothing to be sent again
            node->untaken = host->untaken = true;
        }
    }
    host->batch_count = 0;
}

// The sink takes again what is heard: nodes of which it has missed something say all of it anew.
static void make_up_for_untaken(ls_sparkplug_host *host, int64_t now_us) {
    if (!host->untaken || !host->sink_takes) {
        return;  // as nearly always: not all nodes are looked at for each message
    }
    host->untaken = false;
    for (uint32_t i = 0; i < host->node_count; i++) {
        if (host->nodes[i]->untaken && !host->nodes[i]->born) {
            host->untaken = true;  // once it is born
        } else if (host->nodes[i]->untaken) {
            host->nodes[i]->untaken = false;
            host->nodes[i]->again_us = now_us + HOST_AGAIN_US;
            host->due_us = host->nodes[i]->again_us < host->due_us ? host->nodes[i]->again_us
                                                                   : host->due_us;
            host_want_rebirth(host, host->nodes[i], now_us,
                              "what it said was not taken for a while");
        }
    }
}

int64_t host_batch_commit(ls_sparkplug_host *host, host_node *node) {
    int64_t newest_us = INT64_MIN;
    for (uint32_t i = 0; i < host->batch_count; i++) {
        ls_sample *sample = &host->batch[i];
        if ((sample->flags & LS_SAMPLE_HISTORICAL) == 0) {
            remember(&node->metrics[sample->pad2], sample);
            newest_us = sample->time_us > newest_us ? sample->time_us : newest_us;
        }
        sample->pad2 = 0;
    }
    hand_on(host, node);
    return newest_us;
}

static bool is_near(int64_t us) {
    return us >= -NEAR_US && us <= NEAR_US;
}

// How far the times of the values are ahead of ours: by the last data, else by the clock of the
// messages. A simulated line stamps its messages with the wall clock and its values with its own.
static int64_t lead_of(const host_node *node) {
    return node->has_lead ? node->lead_us : node->has_skew ? node->skew_us : 0;
}

static int64_t not_before_values(const host_node *node, int64_t time_us) {
    return node->has_lead && node->newest_us > time_us ? node->newest_us : time_us;
}

int64_t host_source_now(const host_node *node, int64_t now_us, uint8_t *out_flags) {
    const int64_t lead_us = lead_of(node);
    if (is_near(lead_us)) {
        *out_flags = LS_SAMPLE_ARRIVAL;
        return now_us;
    }
    *out_flags = 0;
    return not_before_values(node, now_us + lead_us);
}

int64_t host_there(const host_node *node, int64_t now_us) {
    uint8_t flags;
    return host_source_now(node, now_us, &flags);
}

int64_t host_source_time(const host_node *node, const host_message *m, uint8_t *out_flags) {
    if (!m->frame.has_timestamp || m->frame.timestamp_ms > TIME_MS_MAX) {
        return host_source_now(node, m->now_us, out_flags);
    }
    const int64_t off_us = node->has_lead && node->has_skew ? node->lead_us - node->skew_us : 0;
    const int64_t said_us = (int64_t)m->frame.timestamp_ms * 1000;
    *out_flags = 0;
    return is_near(off_us) ? said_us : not_before_values(node, said_us + off_us);
}

static ls_sample last_sample(const host_metric *metric) {
    ls_sample sample = {.tag = metric->tag, .kind = metric->kind};
    if (is_text(metric->kind)) {
        sample.size = metric->size;
        sample.value.text = metric->last.text->bytes;
    } else if (metric->kind != LS_VALUE_NONE) {
        sample.value.natural = metric->last.bits;
    }
    return sample;
}

void host_stale(ls_sparkplug_host *host, host_node *node, uint32_t device, bool unborn_only,
                int64_t time_us, uint8_t flags) {
    enum { BITE = 256 };
    if (!host_batch_reserve(host, BITE)) {
        return;  // the notice of death has been told; the qualities are late until memory is there
    }
    const host_device *of = &node->devices[device];
    assert(host->batch_count == 0);
    for (uint32_t i = 0; i < of->metric_count; i++) {
        host_metric *metric = &node->metrics[of->metrics[i]];
        if (unborn_only) {
            if (metric->in_birth) {
                continue;
            }
            metric->has_alias = false;
        }
        if (!metric->has_last || metric->quality == LS_QUALITY_STALE) {
            continue;
        }
        ls_sample sample = last_sample(metric);
        sample.time_us = time_us;
        sample.flags = flags;
        sample.quality = metric->quality = LS_QUALITY_STALE;
        host->batch[host->batch_count++] = sample;
        if (host->batch_count == BITE) {
            hand_on(host, node);
        }
    }
    hand_on(host, node);
}

// Exponential mean over some 16 messages. A single late message is no jump; several in a row are.
void host_skew(ls_sparkplug_host *host, host_node *node, uint64_t source_ms, int64_t now_us) {
    if (source_ms > TIME_MS_MAX) {
        return;
    }
    const int64_t source_us = (int64_t)source_ms * 1000;
    const int64_t skew = source_us - now_us;
    if (!node->has_skew) {
        node->has_skew = true;
        node->skew_us = skew;
    }
    const int64_t off = skew - node->skew_us;
    const bool odd = off > SKEW_JUMP_US || off < -SKEW_JUMP_US;
    node->skew_odd = odd ? (uint8_t)(node->skew_odd + 1) : 0;
    if (node->skew_odd >= SKEW_ODD) {
        node->skew_us = skew;
        node->skew_odd = 0;
        if (now_us - node->skew_told_us >= SKEW_TELL_US) {
            node->skew_told_us = now_us;
            host_tell(host, LS_NOTICE_SKEW, node->devices[0].subject, source_us, 1, off,
                      "its clock jumped by %.1f s and is now %.1f s from ours", (double)off / 1e6,
                      (double)skew / 1e6);
        }
    } else if (!odd) {
        node->skew_us += off / 16;
    }
    host->figures.skew_us = node->skew_us;
}

static int64_t time_of(const host_message *m, const ls_sparkplug_metric *metric, uint8_t *flags) {
    if (metric->has_timestamp && metric->timestamp_ms <= TIME_MS_MAX) {
        return (int64_t)metric->timestamp_ms * 1000;
    }
    if (m->frame.has_timestamp && m->frame.timestamp_ms <= TIME_MS_MAX) {
        return (int64_t)m->frame.timestamp_ms * 1000;
    }
    *flags |= LS_SAMPLE_ARRIVAL;
    return m->now_us;
}

static bool refuse_value(ls_sparkplug_host *host, host_node *node, const host_message *m,
                         const host_metric *known, uint32_t type, const char *reason) {
    host_refuse(host, node, m->now_us, "the value of %s (%s) %s",
                ls_tags_get(host->sink.tags, known->tag)->name, ls_sparkplug_type_name(type),
                reason);
    return false;
}

bool host_sample_of(ls_sparkplug_host *host, host_node *node, const host_message *m,
                    const ls_sparkplug_metric *metric, uint32_t index, uint8_t flags) {
    const host_metric *known = &node->metrics[index];
    // A metric that says its own type is taken at its word; the birth's is for those that do not.
    const uint32_t type = metric->has_type ? metric->type : known->type;
    ls_sample sample = {.tag = known->tag, .pad2 = index};
    const char *reason = ls_sparkplug_value(metric, type, &sample);
    if (reason == NULL && is_text(sample.kind) && sample.size > VALUE_MAX) {
        reason = "is longer than 1 MiB";  // no history takes it, nor what came with it
    }
    if (reason != NULL) {
        return refuse_value(host, node, m, known, type, reason);
    }
    sample.flags = (uint8_t)(flags | m->flags | (metric->historical ? LS_SAMPLE_HISTORICAL : 0));
    sample.time_us = time_of(m, metric, &sample.flags);
    if (node->unsure && metric->name.data == NULL && sample.quality == LS_QUALITY_GOOD) {
        sample.quality = LS_QUALITY_UNCERTAIN;
    }
    assert(host->batch_count < host->batch_capacity);
    host->batch[host->batch_count++] = sample;
    return true;
}

static uint32_t find_metric(const ls_sparkplug_host *host, const host_node *node, uint32_t device,
                            const ls_sparkplug_metric *metric) {
    if (metric->has_alias) {
        const uint32_t index = host_metric_by_alias(node, metric->alias);
        if (index != HOST_NONE && node->metrics[index].device == device) {
            return index;
        }
    }
    return metric->name.size > 0 ? host_metric_by_name(host, node, device, metric->name)
                                 : HOST_NONE;
}

static void refuse_unknown(ls_sparkplug_host *host, host_node *node, const host_message *m,
                           const ls_sparkplug_metric *metric) {
    if (metric->name.data != NULL) {
        host_refuse(host, node, m->now_us, "the metric '%.*s' was in no birth",
                    metric->name.size < 200 ? (int)metric->name.size : 200, metric->name.data);
    } else if (metric->has_alias) {
        host_refuse(host, node, m->now_us, "the alias %llu was in no birth",
                    (unsigned long long)metric->alias);
    } else {
        host_refuse(host, node, m->now_us, "a metric has neither name nor alias");
    }
    host_want_rebirth(host, node, m->now_us, "a metric was in no birth");
}

// The whole message, or nothing of it when it is malformed.
void host_take_data(ls_sparkplug_host *host, host_node *node, const host_message *m) {
    const uint32_t device = host_device_find(node, m->device);
    if (device == HOST_NONE || (!node->devices[device].alive && !node->unsure)) {
        host_refuse(host, node, m->now_us, "data of the device '%.*s' before its birth",
                    (int)m->device.size, m->device.text);
        host_want_rebirth(host, node, m->now_us, "data came before the birth of a device");
        return;
    }
    if (!host_batch_reserve(host, m->frame.metrics)) {
        host_refuse(host, node, m->now_us, "out of memory for a message of %u metrics",
                    m->frame.metrics);
        return;
    }
    ls_sparkplug_reader reader = m->frame;
    ls_sparkplug_metric metric;
    while (ls_sparkplug_next(&reader, &metric)) {
        const uint32_t index = find_metric(host, node, device, &metric);
        if (index == HOST_NONE) {
            refuse_unknown(host, node, m, &metric);
        } else {
            (void)host_sample_of(host, node, m, &metric, index, 0);
        }
    }
    if (reader.reason != NULL) {
        host->batch_count = 0;
        host_refuse(host, node, m->now_us, "a message is malformed at byte %zu: %s", reader.bad_at,
                    reader.reason);
        host_want_rebirth(host, node, m->now_us, "a message was malformed");
        return;
    }
    const int64_t newest_us = host_batch_commit(host, node);
    if (newest_us != INT64_MIN) {
        node->has_lead = true;
        node->lead_us = newest_us - m->now_us;
        node->newest_us = newest_us;
    }
    make_up_for_untaken(host, m->now_us);
}
