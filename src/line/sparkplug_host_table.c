// sparkplug_host_table.c - nodes, devices and metrics, and how they are found.
#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "line/sparkplug_host_model.h"

enum { TABLE_FIRST = 16, STEPS_MAX = 512 };

// FNV-1a (Fowler, Noll, Vo), eight bytes at a time, with a last mixing.
uint32_t host_hash(const char *text, size_t size) {
    uint64_t hash = 0xcbf29ce484222325u ^ size;
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
        text += 8;
        size -= 8;
    }
    uint64_t word = 0;
    memcpy(&word, text, size);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

// Aliases that count up stay side by side, so that a message in their order walks the table.
uint32_t host_alias_hash(uint64_t alias) {
    return (uint32_t)alias ^ (uint32_t)(alias >> 32) * 0x9e3779b1u;
}

uint32_t host_table_next(const host_table *table, uint32_t hash, uint32_t *at, uint32_t *steps) {
    while (table->size != 0 && (*steps)++ < STEPS_MAX) {
        const uint64_t slot = table->slots[*at & (table->size - 1)];
        if (slot == 0) {
            break;
        }
        (*at)++;
        if ((uint32_t)(slot >> 32) == hash) {
            return (uint32_t)slot - 1;
        }
    }
    return HOST_NONE;
}

static host_put put_into(uint64_t *slots, uint32_t size, uint64_t slot) {
    uint32_t at = (uint32_t)(slot >> 32);
    for (uint32_t steps = 0; steps < STEPS_MAX; steps++, at++) {
        uint64_t *there = &slots[at & (size - 1)];
        if (*there == 0 || *there == slot) {
            *there = slot;
            return HOST_PUT_DONE;
        }
    }
    return HOST_PUT_CROWDED;
}

static host_put grow(host_table *table) {
    const uint32_t size = table->size == 0 ? TABLE_FIRST : 2 * table->size;
    uint64_t *slots = ls_alloc((size_t)size * sizeof *slots);
    if (slots == NULL) {
        return HOST_PUT_MEMORY;
    }
    for (uint32_t i = 0; i < table->size; i++) {
        if (table->slots[i] != 0 && put_into(slots, size, table->slots[i]) != HOST_PUT_DONE) {
            ls_free(slots);
            return HOST_PUT_CROWDED;
        }
    }
    ls_free(table->slots);
    table->slots = slots;
    table->size = size;
    return HOST_PUT_DONE;
}

host_put host_table_put(host_table *table, uint32_t hash, uint32_t number) {
    if (2 * (table->used + 1) > table->size) {
        const host_put grown = grow(table);
        if (grown != HOST_PUT_DONE) {
            return grown;
        }
    }
    const uint64_t slot = (uint64_t)hash << 32 | (number + 1);
    const host_put put = put_into(table->slots, table->size, slot);
    table->used += put == HOST_PUT_DONE;
    return put;
}

static bool grow_array(void **array, uint32_t *capacity, uint32_t count, size_t each) {
    if (count < *capacity) {
        return true;
    }
    const uint32_t more = *capacity == 0 ? 4 : 2 * *capacity;
    void *bigger = ls_realloc(*array, (size_t)more * each);
    if (bigger == NULL) {
        return false;
    }
    *array = bigger;
    *capacity = more;
    return true;
}

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory");
}

static ls_status say_put(host_put put, const char *what, ls_error *err) {
    return put == HOST_PUT_DONE ? LS_OK
           : put == HOST_PUT_MEMORY
               ? no_memory(err)
               : ls_fail(err, LS_ERR_LIMIT, "too many %s that look alike", what);
}

// "GROUP/NODE" or "SUBJECT/DEVICE".
static char *join(ls_sparkplug_id a, ls_sparkplug_id b) {
    char *out = ls_alloc(a.size + b.size + 2);
    if (out != NULL) {
        memcpy(out, a.text, a.size);
        out[a.size] = '/';
        memcpy(out + a.size + 1, b.text, b.size);
    }
    return out;
}

static uint32_t node_hash(ls_sparkplug_id group, ls_sparkplug_id name) {
    return host_hash(group.text, group.size) * 31 + host_hash(name.text, name.size);
}

static bool node_is(const host_node *node, ls_sparkplug_id group, ls_sparkplug_id name) {
    const host_device *d = &node->devices[0];
    return d->subject_size == group.size + 1 + name.size &&
           memcmp(d->subject, group.text, group.size) == 0 && d->subject[group.size] == '/' &&
           memcmp(d->subject + group.size + 1, name.text, name.size) == 0;
}

host_node *host_node_find(ls_sparkplug_host *host, ls_sparkplug_id group, ls_sparkplug_id name,
                          uint32_t *out_index) {
    if (host->last_node < host->node_count && node_is(host->nodes[host->last_node], group, name)) {
        *out_index = host->last_node;
        return host->nodes[host->last_node];
    }
    const uint32_t hash = node_hash(group, name);
    uint32_t at = hash, steps = 0;
    for (;;) {
        const uint32_t index = host_table_next(&host->node_ids, hash, &at, &steps);
        if (index == HOST_NONE) {
            return NULL;
        }
        if (node_is(host->nodes[index], group, name)) {
            host->last_node = *out_index = index;
            return host->nodes[index];
        }
    }
}

static bool add_first_device(host_node *node, ls_sparkplug_id group, ls_sparkplug_id name) {
    node->devices = ls_alloc(sizeof *node->devices);
    char *subject = node->devices != NULL ? join(group, name) : NULL;
    if (subject == NULL) {
        return false;
    }
    const uint32_t size = (uint32_t)(group.size + 1 + name.size);
    node->devices[0] = (host_device){
        .subject = subject, .subject_size = size, .id_size = (uint32_t)name.size};
    node->device_count = node->device_capacity = 1;
    return true;
}

host_node *host_node_add(ls_sparkplug_host *host, ls_sparkplug_id group, ls_sparkplug_id name,
                         ls_error *err) {
    if (host->node_count >= host->def.nodes_max) {
        ls_fail(err, LS_ERR_LIMIT, "more than %u nodes (nodes_max)", host->def.nodes_max);
        return NULL;
    }
    host_node *node = ls_alloc(sizeof *node);
    if (node == NULL || !add_first_device(node, group, name) ||
        !grow_array((void **)&host->nodes, &host->node_capacity, host->node_count,
                    sizeof *host->nodes)) {
        host_node_free(node);
        no_memory(err);
        return NULL;
    }
    memcpy(node->group, group.text, group.size);
    memcpy(node->name, name.text, name.size);
    node->held_end = &node->held;
    node->backoff_us = host->def.rebirth_first_us;
    node->asked_us = node->refused_told_us = node->skew_told_us = INT64_MIN / 2;
    const host_put put = host_table_put(&host->node_ids, node_hash(group, name), host->node_count);
    if (say_put(put, "nodes", err) != LS_OK) {
        host_node_free(node);
        return NULL;
    }
    host->nodes[host->node_count++] = node;
    return node;
}

static bool device_is(const host_device *device, ls_sparkplug_id id) {
    return device->id_size == id.size &&
           memcmp(device->subject + device->subject_size - id.size, id.text, id.size) == 0;
}

uint32_t host_device_find(const host_node *node, ls_sparkplug_id id) {
    if (id.size == 0) {
        return 0;
    }
    const uint32_t hash = host_hash(id.text, id.size);
    uint32_t at = hash, steps = 0, index;
    do {
        index = host_table_next(&node->device_ids, hash, &at, &steps);
    } while (index != HOST_NONE && !device_is(&node->devices[index], id));
    return index;
}

uint32_t host_device_add(ls_sparkplug_host *host, host_node *node, ls_sparkplug_id id,
                         ls_error *err) {
    if (node->device_count > host->def.devices_max) {
        ls_fail(err, LS_ERR_LIMIT, "more than %u devices (devices_max)", host->def.devices_max);
        return HOST_NONE;
    }
    const host_device *of = &node->devices[0];
    char *subject = join((ls_sparkplug_id){of->subject, of->subject_size}, id);
    if (subject == NULL || !grow_array((void **)&node->devices, &node->device_capacity,
                                       node->device_count, sizeof *node->devices)) {
        ls_free(subject);
        no_memory(err);
        return HOST_NONE;
    }
    const host_put put = host_table_put(&node->device_ids, host_hash(id.text, id.size),
                                        node->device_count);
    if (say_put(put, "devices", err) != LS_OK) {
        ls_free(subject);
        return HOST_NONE;
    }
    const uint32_t size = (uint32_t)(node->devices[0].subject_size + 1 + id.size);
    node->devices[node->device_count] = (host_device){
        .subject = subject, .subject_size = size, .id_size = (uint32_t)id.size};
    return node->device_count++;
}

uint32_t host_metric_by_alias(const host_node *node, uint64_t alias) {
    const uint32_t hash = host_alias_hash(alias);
    uint32_t at = hash, steps = 0;
    for (;;) {
        const uint32_t index = host_table_next(&node->aliases, hash, &at, &steps);
        if (index == HOST_NONE) {
            return HOST_NONE;
        }
        const host_metric *metric = &node->metrics[index];
        if (metric->has_alias && metric->alias == alias) {
            return index;
        }
    }
}

static uint32_t name_hash(uint32_t device, ls_sparkplug_span name) {
    return host_hash(name.data, name.size) + device * 0x9e3779b1u;
}

uint32_t host_metric_by_name(const ls_sparkplug_host *host, const host_node *node, uint32_t device,
                             ls_sparkplug_span name) {
    const uint32_t hash = name_hash(device, name);
    const size_t before = node->devices[device].subject_size + 1u;
    uint32_t at = hash, steps = 0;
    for (;;) {
        const uint32_t index = host_table_next(&node->names, hash, &at, &steps);
        if (index == HOST_NONE) {
            return HOST_NONE;
        }
        const host_metric *metric = &node->metrics[index];
        const char *there = ls_tags_get(host->sink.tags, metric->tag)->name + before;
        if (metric->device == device && strncmp(there, name.data, name.size) == 0 &&
            there[name.size] == '\0') {
            return index;
        }
    }
}

// A metric "D/x" of the node and a metric "x" of its device "D" would be one tag: the first has it.
static ls_status own(ls_sparkplug_host *host, uint32_t tag, uint32_t node_index, uint32_t metric,
                     ls_error *err) {
    while (tag >= host->owner_capacity) {
        const uint32_t more = host->owner_capacity == 0 ? 256 : 2 * host->owner_capacity;
        host_owner *owners = ls_realloc(host->owners, more * sizeof *owners);
        if (owners == NULL) {
            return no_memory(err);
        }
        memset(owners + host->owner_capacity, 0, (more - host->owner_capacity) * sizeof *owners);
        host->owners = owners;
        host->owner_capacity = more;
    }
    if (host->owners[tag].node1 != 0) {
        return ls_fail(err, LS_ERR_INVALID,
                       "is the same tag as a metric of the node or another device");
    }
    host->owners[tag] = (host_owner){node_index + 1, metric};
    return LS_OK;
}

static ls_status add_tag(ls_sparkplug_host *host, const host_device *device, ls_sparkplug_span name,
                         uint32_t *out, ls_error *err) {
    char full[LS_TAG_NAME_MAX + 1];
    const size_t size = device->subject_size + 1 + name.size;
    if (name.size == 0 || size > LS_TAG_NAME_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "its tag would have %zu bytes; at most %d are taken",
                       size, LS_TAG_NAME_MAX);
    }
    memcpy(full, device->subject, device->subject_size);
    full[device->subject_size] = '/';
    memcpy(full + device->subject_size + 1, name.data, name.size);
    return ls_tags_add(host->sink.tags, full, size, out, err);
}

uint32_t host_metric_add(ls_sparkplug_host *host, uint32_t node_index, uint32_t device,
                         ls_sparkplug_span name, ls_error *err) {
    host_node *node = host->nodes[node_index];
    host_device *of = &node->devices[device];
    uint32_t tag;
    if (host->metric_total >= host->def.metrics_max) {
        ls_fail(err, LS_ERR_LIMIT, "more than %u metrics (metrics_max)", host->def.metrics_max);
        return HOST_NONE;
    }
    if (!grow_array((void **)&node->metrics, &node->metric_capacity, node->metric_count,
                    sizeof *node->metrics) ||
        !grow_array((void **)&of->metrics, &of->metric_capacity, of->metric_count,
                    sizeof *of->metrics)) {
        no_memory(err);
        return HOST_NONE;
    }
    const uint32_t index = node->metric_count;
    if (add_tag(host, of, name, &tag, err) != LS_OK ||
        own(host, tag, node_index, index, err) != LS_OK) {
        return HOST_NONE;
    }
    const host_put put = host_table_put(&node->names, name_hash(device, name), index);
    if (say_put(put, "metric names", err) != LS_OK) {
        host->owners[tag] = (host_owner){0};
        return HOST_NONE;
    }
    node->metrics[index] = (host_metric){.device = device, .tag = tag};
    of->metrics[of->metric_count++] = index;
    node->metric_count++;
    host->metric_total++;
    return index;
}

// Dead entries, left by metrics whose alias changed, go when the table is full of them.
static ls_status sweep_aliases(host_node *node, ls_error *err) {
    host_table fresh = {0};
    for (uint32_t i = 0; i < node->metric_count; i++) {
        const host_metric *metric = &node->metrics[i];
        const ls_status status = metric->has_alias
                                     ? say_put(host_table_put(&fresh,
                                                              host_alias_hash(metric->alias), i),
                                               "aliases", err)
                                     : LS_OK;
        if (status != LS_OK) {
            ls_free(fresh.slots);
            return status;
        }
    }
    ls_free(node->aliases.slots);
    node->aliases = fresh;
    return LS_OK;
}

ls_status host_alias_put(host_node *node, uint32_t metric, uint64_t alias, ls_error *err) {
    const uint32_t there = host_metric_by_alias(node, alias);
    if (there != HOST_NONE && there != metric) {
        node->metrics[there].has_alias = false;  // the last birth counts
    }
    host_metric *m = &node->metrics[metric];
    if (m->has_alias && m->alias == alias) {
        return LS_OK;
    }
    m->has_alias = false;
    if (node->aliases.used > 64 && node->aliases.used > 2 * node->metric_count &&
        sweep_aliases(node, err) != LS_OK) {
        return LS_ERR_MEMORY;
    }
    const ls_status status = say_put(host_table_put(&node->aliases, host_alias_hash(alias), metric),
                                     "aliases", err);
    m->has_alias = status == LS_OK;
    m->alias = alias;
    return status;
}

static void free_list(host_held *held) {
    while (held != NULL) {
        host_held *next = held->next;
        ls_free(held);
        held = next;
    }
}

void host_node_free(host_node *node) {
    if (node == NULL) {
        return;
    }
    free_list(node->held);
    free_list(node->late);
    for (uint32_t i = 0; i < node->device_count; i++) {
        ls_free(node->devices[i].subject);
        ls_free(node->devices[i].metrics);
    }
    for (uint32_t i = 0; i < node->metric_count; i++) {
        ls_free(node->metrics[i].has_text ? node->metrics[i].last.text : NULL);
    }
    ls_free(node->devices);
    ls_free(node->metrics);
    ls_free(node->aliases.slots);
    ls_free(node->names.slots);
    ls_free(node->device_ids.slots);
    ls_free(node);
}
