// sparkplug_host_model.h - what a host application knows of nodes, devices and metrics. Inside of
// sparkplug_host*.c.
//
// All is found by small hash tables that are sized when births come in; a data message only looks
// things up.
#pragma once

#include "line/sparkplug_host.h"
#include "line/sparkplug_payload.h"

#define HOST_NONE UINT32_MAX

// Open addressing; a slot is hash << 32 | number + 1, 0 is free. Nothing is taken out: whoever
// looks compares what the number stands for.
typedef struct host_table {
    uint64_t *slots;
    uint32_t size, used;  // size is a power of two or 0
} host_table;

typedef struct host_text {  // the last text of a metric, to be told again when it is stale
    uint32_t capacity;
    char bytes[];
} host_text;

typedef struct host_metric {
    union {
        uint64_t bits;    // of the last value
        host_text *text;  // has_text: own, never NULL
    } last;
    uint64_t alias;
    uint32_t tag;
    uint32_t device;  // index in the node's devices; 0 is the node itself
    uint32_t size;    // TEXT and BYTES
    uint16_t type;    // of the last birth; numbers beyond those known are UINT16_MAX
    uint8_t kind, quality;
    bool has_alias, has_last, has_text, typed, in_birth;
} host_metric;

typedef struct host_device {         // device 0 is the node
    char *subject;                   // "GROUP/NODE" or "GROUP/NODE/DEVICE"
    uint32_t subject_size, id_size;  // the id is the end of the subject
    bool alive;                      // born, and not dead since
    bool awaited;  // the node was born again, the device has until `until_us` to follow
    int64_t until_us;
    uint32_t *metrics;  // indexes, in the order of the first birth
    uint32_t metric_count, metric_capacity;
} host_device;

typedef struct host_held {  // a message that waits, in the order of arrival
    struct host_held *next;
    int64_t arrival_us;
    ls_sparkplug_message message;
    uint32_t size;
    uint8_t seq, device_size;
    char device[LS_SPARKPLUG_ID_MAX];
    uint8_t bytes[];
} host_held;

// After the births of a node of which something was missed it tells, in data, what births have no
// room for, such as the names of its lots. Only a second birth, after that, counts them all.
#define HOST_AGAIN_US INT64_C(5000000)

typedef struct host_node {
    uint32_t id_size;  // of "GROUP/NODE", which is devices[0].subject
    char group[LS_SPARKPLUG_ID_MAX + 1], name[LS_SPARKPLUG_ID_MAX + 1];
    host_device *devices;
    uint32_t device_count, device_capacity;
    host_metric *metrics;
    uint32_t metric_count, metric_capacity;
    host_table aliases, names, device_ids;

    // Order.
    bool born;     // a birth was taken and neither death nor a lost connection since
    bool unsure;   // messages are missing: aliases may have changed their meaning
    bool has_seq;  // `expected` means something
    uint8_t expected;
    bool has_bd_seq;
    uint64_t bd_seq;
    uint64_t birth_ms, birth_hash;  // of the last NBIRTH: to know it when it comes twice
    uint64_t newest_ms;             // of all since the last birth
    uint64_t last_ms;               // timestamp of the last message taken in order
    uint32_t missing[8];            // bits: given up for lost, within the last 128
    host_held *held, **held_end;
    host_held *late;  // data of devices that waits for their birth, the last first
    int64_t late_until_us;
    uint32_t held_count;  // of both

    bool untaken;      // the sink did not take something of it, and it has not been born since
    int64_t again_us;  // when it is asked once more after that; 0: not

    // Rebirth requests.
    const char *why;  // NULL: none is wanted
    uint32_t asked;   // times since somebody was heard
    int64_t ask_at_us, backoff_us, asked_us;

    // Clock.
    bool has_skew;
    uint8_t skew_odd;  // messages in a row that are far from the mean
    int64_t skew_us, skew_told_us;
    bool has_lead;               // data came
    int64_t lead_us, newest_us;  // of its newest value: ahead of our clock; its time

    // Refusals are told at most every ten seconds.
    uint64_t refused_untold;
    int64_t refused_told_us;
} host_node;

typedef struct host_owner {  // of a tag
    uint32_t node1, metric;  // node + 1, 0: not ours
} host_owner;

struct ls_sparkplug_host {
    ls_sparkplug_host_def def;
    ls_sink sink;
    char *host, *group;
    char **filters, **allowed;
    uint32_t filter_count, allowed_count;
    char state_topic[LS_SPARKPLUG_TOPIC_MAX], state_payload[64];
    int64_t state_ms, state_said_us;  // timestamp of the will; last time it was said again
    bool connected, state_wanted;
    uint64_t strangers;  // messages of no known node, untold
    int64_t strangers_told_us;
    host_node **nodes;
    uint32_t node_count, node_capacity, metric_total;
    host_table node_ids;
    host_owner *owners;
    uint32_t owner_capacity;
    bool sink_takes;   // what was handed on last
    bool untaken;      // a node may have something that was not taken
    ls_sample *batch;  // of the message in work; pad2 is the metric's index until it is handed on
    uint32_t batch_count, batch_capacity;
    size_t held_bytes;
    int64_t due_us, ask_next_us;  // when tick has work; when the next request may go out
    uint32_t last_node;           // of the last message, before looking up
    ls_driver_figures figures;
};

typedef struct host_message {  // one that is being worked on
    ls_sparkplug_message message;
    ls_sparkplug_id device;
    const void *bytes;
    size_t size;
    int64_t now_us;  // when it came
    ls_sparkplug_reader frame;
    uint8_t flags;  // for its samples: LS_SAMPLE_HISTORICAL
} host_message;

// sparkplug_host_table.c
uint32_t host_hash(const char *text, size_t size);
// Walks the numbers under a hash: start with *at = hash; HOST_NONE at the end.
uint32_t host_table_next(const host_table *table, uint32_t hash, uint32_t *at, uint32_t *steps);
typedef enum host_put { HOST_PUT_DONE, HOST_PUT_MEMORY, HOST_PUT_CROWDED } host_put;
host_put host_table_put(host_table *table, uint32_t hash, uint32_t number);
uint32_t host_alias_hash(uint64_t alias);
host_node *host_node_find(ls_sparkplug_host *host, ls_sparkplug_id group, ls_sparkplug_id name,
                          uint32_t *out_index);
host_node *host_node_add(ls_sparkplug_host *host, ls_sparkplug_id group, ls_sparkplug_id name,
                         ls_error *err);
uint32_t host_device_find(const host_node *node, ls_sparkplug_id id);  // empty id: 0
uint32_t host_device_add(ls_sparkplug_host *host, host_node *node, ls_sparkplug_id id,
                         ls_error *err);  // HOST_NONE: *err says why
uint32_t host_metric_by_alias(const host_node *node, uint64_t alias);
uint32_t host_metric_by_name(const ls_sparkplug_host *host, const host_node *node, uint32_t device,
                             ls_sparkplug_span name);
uint32_t host_metric_add(ls_sparkplug_host *host, uint32_t node_index, uint32_t device,
                         ls_sparkplug_span name, ls_error *err);
ls_status host_alias_put(host_node *node, uint32_t metric, uint64_t alias, ls_error *err);
void host_node_free(host_node *node);

// sparkplug_host_values.c
bool host_batch_reserve(ls_sparkplug_host *host, uint32_t count);
// Remembers, hands on, empties. The newest time of values of the present, INT64_MIN: none.
int64_t host_batch_commit(ls_sparkplug_host *host, host_node *node);
// All metrics of the device, or those that its last birth did not have.
void host_stale(ls_sparkplug_host *host, host_node *node, uint32_t device, bool unborn_only,
                int64_t time_us, uint8_t flags);
// Now, and the time that a message says it is, in the time that the node's values live in.
int64_t host_source_now(const host_node *node, int64_t now_us, uint8_t *out_flags);
int64_t host_source_time(const host_node *node, const host_message *m, uint8_t *out_flags);
int64_t host_there(const host_node *node, int64_t now_us);  // host_source_now without flags
void host_skew(ls_sparkplug_host *host, host_node *node, uint64_t source_ms, int64_t now_us);
bool host_sample_of(ls_sparkplug_host *host, host_node *node, const host_message *m,
                    const ls_sparkplug_metric *metric, uint32_t index, uint8_t flags);
void host_take_data(ls_sparkplug_host *host, host_node *node, const host_message *m);

// sparkplug_host_birth.c
bool host_take_birth(ls_sparkplug_host *host, host_node *node, uint32_t node_index,
                     const host_message *m);
void host_take_device_death(ls_sparkplug_host *host, host_node *node, const host_message *m);
void host_node_dead(ls_sparkplug_host *host, host_node *node, int64_t now_us, const char *why);

// sparkplug_host_held.c
bool host_held_add(ls_sparkplug_host *host, host_node *node, const host_message *m);  // no: no room
void host_held_append(host_node *node, host_held *held);
host_held *host_held_pop(host_node *node);                 // the oldest; there must be one
host_held **host_held_find(host_node *node, uint8_t seq);  // *result is NULL where there is none
host_held *host_held_unlink(host_node *node, host_held **at);
host_held *host_held_first(host_node *node);  // that comes first by seq
host_held *host_held_pull(host_node *node);   // all, as a list
host_held *host_held_pull_younger(host_node *node, uint64_t birth_ms);
host_message host_held_message(const host_held *held);
void host_held_free(ls_sparkplug_host *host, host_node *node, host_held *held);

// sparkplug_host_order.c
void host_receive(ls_sparkplug_host *host, uint32_t node_index, host_message *m);
int64_t host_order_tick(ls_sparkplug_host *host, uint32_t node_index, int64_t now_us);
void host_order_lost(ls_sparkplug_host *host, uint32_t node_index, int64_t now_us);
void host_take_late(ls_sparkplug_host *host, host_node *node, ls_sparkplug_id device);

// sparkplug_host_tell.c. Times of notices are in the time that the node's values live in.
void host_tell(ls_sparkplug_host *host, ls_notice_kind kind, const char *subject, int64_t time_us,
               uint64_t count, int64_t amount_us, const char *format, ...)
    __attribute__((format(printf, 7, 8)));
// Counts a refusal of the node's and tells it, not too often.
void host_refuse(ls_sparkplug_host *host, host_node *node, int64_t now_us, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void host_want_rebirth(ls_sparkplug_host *host, host_node *node, int64_t now_us, const char *why);
int64_t host_rebirth_tick(ls_sparkplug_host *host, host_node *node, int64_t now_us);
bool host_send_rebirth(ls_sparkplug_host *host, host_node *node, int64_t now_us);
