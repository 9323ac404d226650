// sparkplug_host_order.c - messages of a node in the order of their seq, with what is missing
// named.
//
// Three states of a node. Born, nothing missing: a message with the expected seq is taken. Born,
// something missing: messages ahead wait in `held`, in the order of arrival. Not born: all wait in
// `held` until a birth gives their aliases a meaning.
#include <assert.h>
#include <string.h>

#include "line/sparkplug_host_model.h"

enum { WINDOW = 128, LATE_US = 10 * 1000000 };  // seq less than so far ahead is ahead, else behind

static bool is_missing(const host_node *node, uint8_t seq) {
    return (node->missing[seq >> 5] >> (seq & 31) & 1) != 0;
}

static void set_missing(host_node *node, uint8_t seq, bool missing) {
    const uint32_t bit = 1u << (seq & 31);
    node->missing[seq >> 5] = missing ? node->missing[seq >> 5] | bit
                                      : node->missing[seq >> 5] & ~bit;
}

// What a message of a born node says, whatever its order.
static void take(ls_sparkplug_host *host, uint32_t node_index, const host_message *m) {
    host_node *node = host->nodes[node_index];
    switch (m->message) {
    case LS_SPARKPLUG_NDATA:
    case LS_SPARKPLUG_DDATA: host_take_data(host, node, m); break;
    case LS_SPARKPLUG_DBIRTH:
        if (host_take_birth(host, node, node_index, m)) {
            host_take_late(host, node, m->device);
        }
        break;
    case LS_SPARKPLUG_DDEATH: host_take_device_death(host, node, m); break;
    default: assert(false);
    }
}

static void take_in_order(ls_sparkplug_host *host, uint32_t node_index, const host_message *m) {
    host_node *node = host->nodes[node_index];
    const uint8_t seq = node->expected++;
    set_missing(node, (uint8_t)(seq + WINDOW), false);
    set_missing(node, seq, false);
    if (m->frame.has_timestamp) {
        node->last_ms = m->frame.timestamp_ms;
        node->newest_ms = node->last_ms > node->newest_ms ? node->last_ms : node->newest_ms;
    }
    take(host, node_index, m);
}

static void take_held_in_order(ls_sparkplug_host *host, uint32_t node_index) {
    host_node *node = host->nodes[node_index];
    host_held **at = host_held_find(node, node->expected);
    while (*at != NULL && node->born) {
        host_held *held = host_held_unlink(node, at);
        const host_message m = host_held_message(held);
        take_in_order(host, node_index, &m);
        host->figures.reordered++;
        host_held_free(host, node, held);
        at = host_held_find(node, node->expected);
    }
}

static void tell_gap(ls_sparkplug_host *host, host_node *node, uint32_t count, int64_t now_us,
                     const char *what) {
    const uint8_t last = (uint8_t)(node->expected + count - 1);
    host->figures.gaps++;
    host->figures.missing += count;
    host_tell(host, LS_NOTICE_GAP, node->devices[0].subject, host_there(node, now_us), count, 0,
              "%u message%s missing, seq %u to %u%s", count, count == 1 ? " is" : "s are",
              node->expected, last, what);
}

// The node counts from somewhere else now: its birth was missed. How much else was is not known.
static void begin_anew_at(ls_sparkplug_host *host, host_node *node, uint8_t seq, int64_t now_us) {
    host->figures.gaps++;
    host->figures.missing++;
    host_tell(host, LS_NOTICE_GAP, node->devices[0].subject, host_there(node, now_us), 1, 0,
              "seq %u came where %u should: at least a birth is missing", seq, node->expected);
    memset(node->missing, 0, sizeof node->missing);
    node->expected = seq;
    node->unsure = true;
}

// The missing ones are given up up to `seq`, which is the next to be taken.
static void give_up_to(ls_sparkplug_host *host, host_node *node, uint8_t seq, int64_t now_us) {
    const uint8_t count = (uint8_t)(seq - node->expected);
    if (count == 0) {
        return;
    }
    if (count >= WINDOW) {
        begin_anew_at(host, node, seq, now_us);
        return;
    }
    tell_gap(host, node, count, now_us, "");
    for (; node->expected != seq; node->expected++) {
        set_missing(node, node->expected, true);
        set_missing(node, (uint8_t)(node->expected + WINDOW), false);
    }
    node->unsure = true;
}

// Gives up what is missing before the held messages that came at or before `before_us`.
static void give_up(ls_sparkplug_host *host, uint32_t node_index, int64_t before_us, bool ask,
                    int64_t now_us) {
    host_node *node = host->nodes[node_index];
    bool lost = false;
    while (node->born && node->held != NULL && node->held->arrival_us <= before_us) {
        give_up_to(host, node, host_held_first(node)->seq, now_us);
        lost = true;
        take_held_in_order(host, node_index);
    }
    if (lost && ask && node->born) {
        host_want_rebirth(host, node, now_us, "messages are missing");
    }
}

static void plan(ls_sparkplug_host *host, const host_node *node) {
    if (node->born && node->held != NULL) {
        const int64_t at = node->held->arrival_us + host->def.reorder_us;
        host->due_us = at < host->due_us ? at : host->due_us;
    }
}

// A message that cannot be next waits for those before it.
static void wait_for_missing(ls_sparkplug_host *host, uint32_t node_index, const host_message *m) {
    host_node *node = host->nodes[node_index];
    const uint8_t seq = (uint8_t)m->frame.seq;
    if (*host_held_find(node, seq) != NULL) {
        host->figures.duplicates++;
        return;
    }
    if (host->def.reorder_us > 0 && host_held_add(host, node, m)) {
        plan(host, node);
        return;
    }
    // No room, or no waiting: what is missing is given up now.
    give_up(host, node_index, INT64_MAX, false, m->now_us);
    if (!node->born) {
        return;
    }
    give_up_to(host, node, seq, m->now_us);
    take_in_order(host, node_index, m);
    take_held_in_order(host, node_index);
    host_want_rebirth(host, node, m->now_us, "messages are missing");
}

static void receive_ahead(ls_sparkplug_host *host, uint32_t node_index, const host_message *m) {
    host_node *node = host->nodes[node_index];
    // A straggler from before the last birth looks as if it were ahead; its own time tells. Not
    // when the source's clock was set back since, which its messages in order have shown.
    const bool late = m->frame.has_timestamp && m->frame.timestamp_ms < node->birth_ms &&
                      node->last_ms >= node->birth_ms;
    if (late) {
        host->figures.duplicates++;
    } else {
        wait_for_missing(host, node_index, m);
    }
}

static void receive_behind(ls_sparkplug_host *host, uint32_t node_index, const host_message *m) {
    host_node *node = host->nodes[node_index];
    const uint8_t seq = (uint8_t)m->frame.seq;
    const bool data = m->message == LS_SPARKPLUG_NDATA || m->message == LS_SPARKPLUG_DDATA;
    // What was taken or given up is not younger than all that was taken. If this is, it is not
    // behind at all: a birth is on its way or lost, or more than half a round is missing.
    if (m->frame.has_timestamp && m->frame.timestamp_ms > node->newest_ms) {
        wait_for_missing(host, node_index, m);
        return;
    }
    if (!is_missing(node, seq)) {
        host->figures.duplicates++;
        return;
    }
    // Given up for lost, and here after all: true of its time, but not of now.
    set_missing(node, seq, false);
    host->figures.reordered++;
    if (data) {
        host_message late = *m;
        late.flags = LS_SAMPLE_HISTORICAL;
        take(host, node_index, &late);
    }
}

static void receive_born(ls_sparkplug_host *host, uint32_t node_index, const host_message *m) {
    host_node *node = host->nodes[node_index];
    const uint8_t ahead = (uint8_t)((uint8_t)m->frame.seq - node->expected);
    if (ahead == 0) {
        take_in_order(host, node_index, m);
        take_held_in_order(host, node_index);
        plan(host, node);
    } else if (ahead < WINDOW) {
        receive_ahead(host, node_index, m);
    } else {
        receive_behind(host, node_index, m);
    }
}

// Waits for a birth. What has no room goes, the oldest first.
static void receive_unborn(ls_sparkplug_host *host, host_node *node, const host_message *m) {
    const uint8_t seq = (uint8_t)m->frame.seq;
    const uint8_t ahead = (uint8_t)(seq - node->expected);
    if (node->has_seq && *host_held_find(node, seq) != NULL && ahead >= WINDOW) {
        host->figures.duplicates++;
        return;
    }
    if (node->has_seq && ahead != 0 && (ahead < WINDOW || node->held == NULL)) {
        tell_gap(host, node, ahead, m->now_us, ", or it began anew, while nobody listened");
    }
    if (!node->has_seq || ahead < WINDOW || node->held == NULL) {
        node->expected = (uint8_t)(seq + 1);
    }
    node->has_seq = true;
    while (!host_held_add(host, node, m)) {
        host_refuse(host, node, m->now_us, "no more room for messages before a birth (held_max %u)",
                    host->def.held_max);
        if (node->held == NULL) {
            break;
        }
        host_held_free(host, node, host_held_pop(node));
    }
    host_want_rebirth(host, node, m->now_us, "data came before a birth");
}

// Data that waited for a birth is true of its time; its aliases mean what this birth says, which is
// of the same session or a newer one.
static void take_late(ls_sparkplug_host *host, host_node *node, host_held *held) {
    host_message m = host_held_message(held);
    m.flags = LS_SAMPLE_HISTORICAL;
    host_take_data(host, node, &m);
    host_held_free(host, node, held);
}

// Messages that waited for the node's birth. Those sent after it go on in order; data of devices
// waits on, for the birth of the device.
static void take_waiting(ls_sparkplug_host *host, uint32_t node_index, host_held *waiting) {
    host_node *node = host->nodes[node_index];
    while (waiting != NULL) {
        host_held *held = waiting;
        waiting = held->next;
        const host_message m = host_held_message(held);
        if (m.frame.has_timestamp && m.frame.timestamp_ms >= node->birth_ms && node->born &&
            (uint8_t)(held->seq - node->expected) < WINDOW) {
            receive_born(host, node_index, &m);
            host_held_free(host, node, held);
        } else if (m.message == LS_SPARKPLUG_NDATA) {
            take_late(host, node, held);
        } else if (m.message == LS_SPARKPLUG_DDATA) {
            held->next = node->late;
            node->late = held;
        } else {
            host_held_free(host, node,
                           held);  // a birth or death from before: its node has spoken since
        }
    }
}

// `late` is last in, first out: it is turned over first.
void host_take_late(ls_sparkplug_host *host, host_node *node, ls_sparkplug_id device) {
    host_held *mine = NULL;
    for (host_held **at = &node->late; *at != NULL;) {
        host_held *held = *at;
        if (held->device_size == device.size &&
            memcmp(held->device, device.text, device.size) == 0) {
            *at = held->next;
            held->next = mine;
            mine = held;
        } else {
            at = &held->next;
        }
    }
    while (mine != NULL) {
        host_held *held = mine;
        mine = held->next;
        take_late(host, node, held);
    }
}

static void drop_late(ls_sparkplug_host *host, host_node *node, int64_t now_us) {
    while (node->late != NULL) {
        host_held *held = node->late;
        node->late = held->next;
        host_refuse(host, node, now_us, "data of the device '%.*s', which was not born again",
                    (int)held->device_size, held->device);
        host_held_free(host, node, held);
    }
}

static bool is_same_birth(const host_node *node, const host_message *m, uint64_t hash) {
    return node->born && m->frame.has_timestamp && m->frame.timestamp_ms == node->birth_ms &&
           hash == node->birth_hash;
}

static void receive_node_birth(ls_sparkplug_host *host, uint32_t node_index,
                               const host_message *m) {
    host_node *node = host->nodes[node_index];
    const uint64_t hash = (uint64_t)host_hash(m->bytes, m->size) << 32 | (uint32_t)m->size;
    if (is_same_birth(node, m, hash)) {
        host->figures.duplicates++;
        return;
    }
    // What waits belongs to what was before this birth, unless it is younger.
    host_held *waiting = node->born ? host_held_pull_younger(node, m->frame.timestamp_ms)
                                    : host_held_pull(node);
    if (node->born) {
        give_up(host, node_index, INT64_MAX, false, m->now_us);
    }
    const char *why = node->why;
    if (host_take_birth(host, node, node_index, m)) {
        node->has_seq = true;
        node->expected = (uint8_t)(m->frame.seq + 1);
        node->birth_ms = node->last_ms = node->newest_ms = m->frame.timestamp_ms;
        node->birth_hash = hash;
        memset(node->missing, 0, sizeof node->missing);
    } else {
        node->why = node->why != NULL ? node->why : why;
    }
    if (node->born) {
        node->late_until_us = m->now_us + host->def.reorder_us + LATE_US;
        host->due_us = node->late_until_us < host->due_us ? node->late_until_us : host->due_us;
        take_waiting(host, node_index, waiting);
    } else {
        while (waiting != NULL) {
            host_held *next = waiting->next;
            host_held_append(node, waiting);
            waiting = next;
        }
    }
}

static void receive_node_death(ls_sparkplug_host *host, uint32_t node_index,
                               const host_message *m) {
    host_node *node = host->nodes[node_index];
    ls_sparkplug_reader reader = m->frame;
    ls_sparkplug_metric metric;
    while (ls_sparkplug_next(&reader, &metric)) {
        const bool is_bd_seq = metric.name.size == 5 && memcmp(metric.name.data, "bdSeq", 5) == 0;
        if (is_bd_seq && node->has_bd_seq && metric.bits != node->bd_seq) {
            host_refuse(host, node, m->now_us,
                        "an NDEATH of bdSeq %llu is ignored: the birth has %llu",
                        (unsigned long long)metric.bits, (unsigned long long)node->bd_seq);
            return;
        }
    }
    if (!node->born) {
        return;  // said already
    }
    give_up(host, node_index, INT64_MAX, false, m->now_us);
    host_node_dead(host, node, m->now_us, "the node is gone");
    drop_late(host, node, m->now_us);
    node->has_seq = false;
    node->why = NULL;
}

void host_receive(ls_sparkplug_host *host, uint32_t node_index, host_message *m) {
    host_node *node = host->nodes[node_index];
    if (m->frame.has_timestamp && m->message != LS_SPARKPLUG_NDEATH) {
        host_skew(host, node, m->frame.timestamp_ms, m->now_us);
    }
    if (m->message == LS_SPARKPLUG_NDEATH) {
        receive_node_death(host, node_index, m);
        return;
    }
    if (!m->frame.has_seq || m->frame.seq > 255) {
        host_refuse(host, node, m->now_us, "a %s %s", ls_sparkplug_message_name(m->message),
                    m->frame.has_seq ? "has a seq above 255" : "has no seq");
        return;
    }
    if (m->message == LS_SPARKPLUG_NBIRTH) {
        receive_node_birth(host, node_index, m);
    } else if (node->born) {
        receive_born(host, node_index, m);
    } else {
        receive_unborn(host, node, m);
    }
}

static int64_t device_tick(ls_sparkplug_host *host, host_node *node, int64_t now_us) {
    int64_t due_us = INT64_MAX;
    for (uint32_t i = 1; i < node->device_count; i++) {
        host_device *device = &node->devices[i];
        if (!device->awaited) {
            continue;
        }
        if (now_us < device->until_us) {
            due_us = device->until_us < due_us ? device->until_us : due_us;
            continue;
        }
        uint8_t flags;
        const int64_t time_us = host_source_now(node, now_us, &flags);
        device->awaited = false;
        host_tell(host, LS_NOTICE_DEATH, device->subject, time_us, device->metric_count, 0,
                  "no birth of the device followed that of its node");
        host_stale(host, node, i, false, time_us, flags);
    }
    return due_us;
}

// The connection is gone: what waits can no longer be put in order.
void host_order_lost(ls_sparkplug_host *host, uint32_t node_index, int64_t now_us) {
    host_node *node = host->nodes[node_index];
    if (node->born) {
        give_up(host, node_index, INT64_MAX, false, now_us);
        host_node_dead(host, node, now_us, "the connection to the broker is gone");
    }
}

int64_t host_order_tick(ls_sparkplug_host *host, uint32_t node_index, int64_t now_us) {
    host_node *node = host->nodes[node_index];
    if (node->born) {
        give_up(host, node_index, now_us - host->def.reorder_us, true, now_us);
    }
    int64_t due_us = device_tick(host, node, now_us);
    if (node->late != NULL && node->born && now_us >= node->late_until_us) {
        drop_late(host, node, now_us);
    } else if (node->late != NULL && node->born) {
        due_us = node->late_until_us < due_us ? node->late_until_us : due_us;
    }
    if (node->born && node->held != NULL) {
        const int64_t at = node->held->arrival_us + host->def.reorder_us;
        due_us = at < due_us ? at : due_us;
    }
    return due_us;
}
