// sparkplug_host_held.c - messages that wait, in the order of arrival, within the limits of host
// and node.
#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "line/sparkplug_host_model.h"

void host_held_free(ls_sparkplug_host *host, host_node *node, host_held *held) {
    host->held_bytes -= held->size;
    node->held_count--;
    ls_free(held);
}

void host_held_append(host_node *node, host_held *held) {
    held->next = NULL;
    *node->held_end = held;
    node->held_end = &held->next;
}

host_held *host_held_pop(host_node *node) {
    host_held *held = node->held;
    node->held = held->next;
    node->held_end = node->held == NULL ? &node->held : node->held_end;
    return held;
}

host_message host_held_message(const host_held *held) {
    host_message m = {.message = held->message,
                      .device = {held->device, held->device_size},
                      .bytes = held->bytes,
                      .size = held->size,
                      .now_us = held->arrival_us};
    const bool good = ls_sparkplug_open(&m.frame, m.bytes, m.size);
    assert(good);  // it was when it came
    return m;
}

host_held **host_held_find(host_node *node, uint8_t seq) {
    host_held **at = &node->held;
    while (*at != NULL && (*at)->seq != seq) {
        at = &(*at)->next;
    }
    return at;
}

host_held *host_held_unlink(host_node *node, host_held **at) {
    host_held *held = *at;
    *at = held->next;
    if (held->next == NULL) {
        node->held_end = at;
    }
    return held;
}

// False: no room; the message is not kept.
bool host_held_add(ls_sparkplug_host *host, host_node *node, const host_message *m) {
    if (node->held_count >= host->def.held_max ||
        host->held_bytes + m->size > host->def.held_bytes_max) {
        return false;
    }
    host_held *held = ls_alloc(sizeof *held + m->size);
    if (held == NULL) {
        return false;
    }
    *held = (host_held){.arrival_us = m->now_us,
                        .message = m->message,
                        .size = (uint32_t)m->size,
                        .seq = (uint8_t)m->frame.seq,
                        .device_size = (uint8_t)m->device.size};
    if (m->device.size > 0) {
        memcpy(held->device, m->device.text, m->device.size);
    }
    if (m->size > 0) {
        memcpy(held->bytes, m->bytes, m->size);
    }
    host_held_append(node, held);
    node->held_count++;
    host->held_bytes += held->size;
    return true;
}

// The held message that comes first by seq.
host_held *host_held_first(host_node *node) {
    host_held *first = node->held;
    for (host_held *held = node->held; held != NULL; held = held->next) {
        if ((uint8_t)(held->seq - node->expected) < (uint8_t)(first->seq - node->expected)) {
            first = held;
        }
    }
    return first;
}

host_held *host_held_pull(host_node *node) {
    host_held *all = node->held;
    node->held = NULL;
    node->held_end = &node->held;
    return all;
}

host_held *host_held_pull_younger(host_node *node, uint64_t birth_ms) {
    host_held *younger = NULL, **end = &younger, *held = host_held_pull(node);
    while (held != NULL) {
        host_held *next = held->next;
        const host_message m = host_held_message(held);
        if (m.frame.has_timestamp && m.frame.timestamp_ms >= birth_ms) {
            held->next = NULL;
            *end = held;
            end = &held->next;
        } else {
            host_held_append(node, held);
        }
        held = next;
    }
    return younger;
}
