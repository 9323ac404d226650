// sparkplug_edge_model.h - inside of sparkplug_edge*.c.
#pragma once

#include "line/sparkplug_edge.h"
#include "line/sparkplug_state.h"

#define EDGE_NONE UINT32_MAX

typedef struct edge_metric {
    char *name, *unit;  // unit may be NULL
    uint32_t device;    // 0: the node
    ls_sparkplug_type type;
    bool writable;
    ls_sample last;  // its text is `text`
    char *text;
    uint32_t text_capacity;
} edge_metric;

typedef struct edge_change {
    ls_sample sample;  // its text is owned
    uint32_t metric;
    uint32_t next;  // of the same device, while in `pending`
} edge_change;

typedef struct edge_device {
    char *id;  // NULL: the node
    bool alive;
    uint32_t first, last;  // its changes in `pending`
} edge_device;

struct ls_sparkplug_edge {
    ls_sparkplug_edge_def def;
    char *group, *node, *primary;
    char filters[3][LS_SPARKPLUG_TOPIC_MAX];
    edge_device *devices;
    uint32_t device_count, device_capacity;
    edge_metric *metrics;
    uint32_t metric_count, metric_capacity;
    uint32_t *slots;  // metric + 1 by name, 0: free
    uint32_t slot_count;
    edge_change *pending;
    uint32_t pending_count, pending_capacity;
    edge_change *kept;  // a ring
    uint32_t kept_first, kept_count, kept_capacity;
    size_t kept_bytes;
    uint8_t *buffer;
    size_t buffer_capacity;
    char will_topic[LS_SPARKPLUG_TOPIC_MAX];
    uint8_t will[64];
    bool begun, connected, alive, primary_online, wants_reconnect, has_state;
    uint8_t bd_seq, seq;
    int64_t state_ms;  // the newest timestamp of the primary host's STATE
    uint64_t birth_ms;
    int64_t bite_at_us;
    ls_sparkplug_edge_figures figures;
};

// Writes metrics. Called again with more room when they did not fit.
typedef void edge_fill(const ls_sparkplug_edge *edge, ls_sparkplug_writer *w, void *with);

// sparkplug_edge.c
void edge_births(ls_sparkplug_edge *edge, int64_t now_us);
void edge_primary(ls_sparkplug_edge *edge, ls_sparkplug_state state, int64_t now_us);
uint32_t edge_device_find(const ls_sparkplug_edge *edge, const char *id, size_t size);
// sparkplug_edge_data.c
bool edge_publish(ls_sparkplug_edge *edge, ls_sparkplug_message message, uint32_t device,
                  edge_fill *fill, void *with, int64_t now_us);
// Value, type and time (now where it has none) into *out; the sample fits the metric.
void edge_metric_value(const edge_metric *metric, const ls_sample *sample, int64_t now_us,
                       ls_sparkplug_metric *out);
void edge_change_clear(edge_change *change);
void edge_drop_device(ls_sparkplug_edge *edge, uint32_t device);  // its kept values
// sparkplug_edge_command.c
uint32_t edge_metric_find(const ls_sparkplug_edge *edge, uint32_t device, const char *name,
                          size_t size);
bool edge_index_add(ls_sparkplug_edge *edge, uint32_t device, const char *name);  // the next metric
