// sparkplug_host.h - a Sparkplug B host application as a state machine.
//
// Bytes and times go in, samples (to an ls_sink) and messages to publish come out. No network, no
// clock, no thread; not thread safe: one driver, one host. A data message of known metrics costs no
// allocation.
//
// The order of calls: create; for each connection: will (before CONNECT), subscribe to the filters,
// connected (after the subscriptions are acknowledged), then message and tick as they come, lost
// when the connection is gone, or closing before a clean DISCONNECT. `now_us` is the wall clock,
// since 1970.
//
// What happens to a message:
//  - seq is one counter for a node and its devices. A message ahead of the expected one is held, up
//    to `reorder_us`; when the missing ones come all are taken in order, else the gap is told, the
//    held ones are taken, and a rebirth is asked for.
//  - Until that rebirth nobody knows whether the lost message was a birth that gave aliases a new
//    meaning: values addressed by alias are UNCERTAIN at best.
//  - A message whose seq was already taken is a duplicate and dropped; one that was given up for
//  lost
//    and comes after all is taken as HISTORICAL.
//  - Data before a birth and unknown aliases ask for a rebirth. Requests wait longer each time for
//    each node (rebirth_first_us, doubled up to rebirth_max_us, back to the first after a quiet
//    time), and all nodes share rebirths_per_s.
//  - NDEATH of another bdSeq than the current birth's is ignored. Death, a lost connection and the
//    end make each tag STALE with its last value: of a device by the time in DDEATH, else now.
//    Where the node's values live in another time (its clock is off by more than 2 s, or it
//    simulates), then in that time, and not before its newest value.
//  - A birth sends each value with LS_SAMPLE_BIRTH, and declares kind and unit of its tag.
//
// Tags are "GROUP/NODE/METRIC" and "GROUP/NODE/DEVICE/METRIC". bdSeq and Node Control/Rebirth have
// none.
#pragma once

#include "line/driver.h"
#include "line/sparkplug_topic.h"

typedef struct ls_sparkplug_host ls_sparkplug_host;

// A message to publish. False: could not be taken (no connection); it is not tried again but for
// rebirth requests.
typedef bool ls_sparkplug_publish(void *context, const char *topic, const void *bytes, size_t size,
                                  int qos, bool retain);

typedef struct ls_sparkplug_host_def {
    const char *host;          // id of this host application; copied
    const char *group;         // NULL: every group; copied
    const char *const *nodes;  // none: every node; copied
    uint32_t node_count;
    const ls_sink *sink;  // copied
    ls_sparkplug_publish *publish;
    void *context;
    int64_t reorder_us;        // default 2 s; 0: no waiting
    int64_t rebirth_first_us;  // default 1 s
    int64_t rebirth_max_us;    // default 60 s
    uint32_t rebirths_per_s;   // of all nodes together, default 20
    // Limits; what is beyond is refused and named.
    uint32_t nodes_max;     // default 10,000
    uint32_t devices_max;   // of one node, default 10,000
    uint32_t metrics_max;   // of all, default 1,000,000
    uint32_t held_max;      // messages waiting for a missing one, of one node, default 100
    size_t held_bytes_max;  // of all nodes, default 64 MiB
    size_t message_max;     // bytes of one payload, default 16 MiB
    uint32_t cookie;        // set by ls_sparkplug_host_def_default
} ls_sparkplug_host_def;
ls_sparkplug_host_def ls_sparkplug_host_def_default(void);

// Fails with LS_ERR_INVALID (an id) or LS_ERR_MEMORY.
ls_status ls_sparkplug_host_create(const ls_sparkplug_host_def *def, ls_sparkplug_host **out,
                                   ls_error *err);
void ls_sparkplug_host_destroy(ls_sparkplug_host *host);  // publishes nothing; NULL is fine

// Filters to subscribe to, each with its QoS; NULL beyond the last. The first is our own STATE.
const char *ls_sparkplug_host_filter(const ls_sparkplug_host *host, uint32_t index, int *out_qos);
// The last will for a CONNECT made now: QoS 1, retained. Both live until the next call.
void ls_sparkplug_host_will(ls_sparkplug_host *host, int64_t now_us, const char **out_topic,
                            const char **out_payload);
// Publishes STATE online (same timestamp as the will), and asks the nodes known from before for a
// rebirth.
void ls_sparkplug_host_connected(ls_sparkplug_host *host, int64_t now_us);
void ls_sparkplug_host_lost(ls_sparkplug_host *host, int64_t now_us);     // all tags STALE
void ls_sparkplug_host_closing(ls_sparkplug_host *host, int64_t now_us);  // STATE offline, too
void ls_sparkplug_host_message(ls_sparkplug_host *host, const char *topic, const void *bytes,
                               size_t size, int64_t now_us);
// Reorder timeouts, rebirth requests. Returns when it wants to be called again (INT64_MAX: not
// before the next message). Calling more often is harmless.
int64_t ls_sparkplug_host_tick(ls_sparkplug_host *host, int64_t now_us);
// Publishes the value as NCMD or DCMD, by the metric's name and type. Fails with LS_ERR_INVALID
// (not a tag of this host; the value does not fit its type), LS_ERR_STOPPED (node or device is not
// alive), LS_ERR_IO (not published).
ls_status ls_sparkplug_host_command(ls_sparkplug_host *host, uint32_t tag, const ls_sample *value,
                                    int64_t now_us, ls_error *err);
// Several of one device in one message, in this order: the line takes them together, with nobody's
// in between. At most LS_SPARKPLUG_COMMANDS_MAX. Fails like ls_sparkplug_host_command
// (LS_ERR_INVALID also: of different devices); then nothing was published.
enum { LS_SPARKPLUG_COMMANDS_MAX = 8 };
ls_status ls_sparkplug_host_commands(ls_sparkplug_host *host, const uint32_t *tags,
                                     const ls_sample *values, uint32_t count, int64_t now_us,
                                     ls_error *err);
// A rebirth request by hand ("GROUP/NODE"), without waiting. Fails with LS_ERR_INVALID, LS_ERR_IO.
ls_status ls_sparkplug_host_rebirth(ls_sparkplug_host *host, const char *node, int64_t now_us,
                                    ls_error *err);
// Fills messages, samples, bytes, refused, gaps, missing, duplicates, reordered, rebirths, writes,
// writes_failed, last_heard_us, skew_us; leaves the rest (connects, connected) alone.
void ls_sparkplug_host_figures(const ls_sparkplug_host *host, ls_driver_figures *out);
