// sparkplug_edge.h - a Sparkplug B edge node as a state machine; edge.h is the same on a broker.
//
// Times and commands come in, messages to publish go out. No network, no clock, no thread; not
// thread safe.
//
// The order of calls: create, metric...; for each connection: will (before each CONNECT: bdSeq goes
// up), subscribe to the filters with QoS 1, connected (after the subscriptions are acknowledged);
// message, tick, set and flush as they come; lost when the connection is gone, or closing before a
// clean DISCONNECT. With a primary host all is silent until its STATE says online. When
// ls_sparkplug_edge_wants_reconnect, NDEATH has been published because the primary host is gone:
// disconnect and connect again.
//
// `now_us` is the wall clock. Messages carry it as their timestamp, metrics the time of their
// value.
//
// While nobody may hear (no connection, primary host away) what is flushed is kept, up to keep_max
// values and keep_bytes_max bytes of text; the oldest are dropped and counted. After the births
// they are sent as historical, at most `bite` values at each tick (so that a
// flood of the past does not drown the present).
#pragma once

#include "base/status.h"
#include "base/value.h"
#include "line/sparkplug_host.h"
#include "line/sparkplug_payload.h"

typedef struct ls_sparkplug_edge ls_sparkplug_edge;

typedef struct ls_sparkplug_edge_def {
    const char *group, *node;  // copied
    const char *primary;       // host application that is waited for; NULL: none; copied
    ls_sparkplug_publish *publish;
    // A command to a metric made with `writable`; texts live until it returns. Others are refused
    // and counted.
    void (*commanded)(void *context, uint32_t metric, const ls_sample *value);
    void *context;
    uint32_t keep_max;      // default 100,000; 0: none are kept
    size_t keep_bytes_max;  // default 64 MiB
    uint32_t bite;          // default 500
    int64_t bite_every_us;  // default 20 ms
    uint32_t first_bd_seq;  // of the first CONNECT, default 0
    uint32_t cookie;        // set by ls_sparkplug_edge_def_default
} ls_sparkplug_edge_def;
ls_sparkplug_edge_def ls_sparkplug_edge_def_default(void);

typedef struct ls_sparkplug_edge_figures {
    uint64_t messages, metrics, bytes, births, kept, dropped, historical, commands, refused;
    uint32_t waiting;  // values kept now
    bool alive;        // births are out
    uint8_t bd_seq, seq;
} ls_sparkplug_edge_figures;

ls_status ls_sparkplug_edge_create(const ls_sparkplug_edge_def *def, ls_sparkplug_edge **out,
                                   ls_error *err);
void ls_sparkplug_edge_destroy(ls_sparkplug_edge *edge);  // publishes nothing; NULL is fine
// Numbers are 0, 1, 2 ...; before the first `will`. device NULL: of the node itself. `unit` may be
// NULL. Until it is set a metric is null. Fails with LS_ERR_INVALID (name, device, a second one of
// the same name, bdSeq and Node Control/Rebirth), LS_ERR_LIMIT, LS_ERR_MEMORY.
ls_status ls_sparkplug_edge_metric(ls_sparkplug_edge *edge, const char *device, const char *name,
                                   ls_sparkplug_type type, const char *unit, bool writable,
                                   uint32_t *out, ls_error *err);

// NDEATH for a CONNECT made now (QoS 1, not retained). Both live until the next call.
void ls_sparkplug_edge_will(ls_sparkplug_edge *edge, int64_t now_us, const char **out_topic,
                            const void **out_payload, size_t *out_size);
const char *ls_sparkplug_edge_filter(const ls_sparkplug_edge *edge, uint32_t index);  // QoS 1
void ls_sparkplug_edge_connected(ls_sparkplug_edge *edge, int64_t now_us);  // births, or waits
void ls_sparkplug_edge_lost(ls_sparkplug_edge *edge, int64_t now_us);
void ls_sparkplug_edge_closing(ls_sparkplug_edge *edge, int64_t now_us);  // NDEATH
void ls_sparkplug_edge_message(ls_sparkplug_edge *edge, const char *topic, const void *bytes,
                               size_t size, int64_t now_us);
bool ls_sparkplug_edge_wants_reconnect(const ls_sparkplug_edge *edge);
// Sends kept values. Returns when it wants to be called again (INT64_MAX: not before something
// happens).
int64_t ls_sparkplug_edge_tick(ls_sparkplug_edge *edge, int64_t now_us);

// The value is now this, since value->time_us. Part of the next flush; equal values are said again
// too. Texts are copied. False: does not fit the metric's type, or out of memory; counted as
// refused.
bool ls_sparkplug_edge_set(ls_sparkplug_edge *edge, uint32_t metric, const ls_sample *value);
// Publishes what was set since, in order: one message per device, in the order of the devices'
// first change. A metric set twice stands twice.
void ls_sparkplug_edge_flush(ls_sparkplug_edge *edge, int64_t now_us);
// The device went away (DDEATH) or is back (DBIRTH). Devices are there from the beginning. What is
// set meanwhile is kept for the birth, but not sent.
void ls_sparkplug_edge_device(ls_sparkplug_edge *edge, const char *device, bool alive,
                              int64_t now_us);
void ls_sparkplug_edge_describe(const ls_sparkplug_edge *edge, ls_sparkplug_edge_figures *out);
