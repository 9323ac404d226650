// read_states.c - nodes that are drained, broken, or reserved: named one by one, by unit, or from
// one to another.
#include <stddef.h>
#include <string.h>

#include "pool/reader.h"

typedef struct span {
    uint32_t at, count;  // nodes
} span;

// The nearest of the names of nodes and units.
static const char *nearest(ls_pool_reader *r, const char *word) {
    const char *unit = ls_form_nearest_row(&r->form, word, &r->units, offsetof(ls_pool_unit, name));
    if (unit != NULL && strncmp(unit, "did you", 7) == 0) {
        return unit;
    }
    return ls_form_nearest_row(&r->form, word, &r->nodes, offsetof(ls_pool_node, name));
}

// One name: a node, or all nodes of a unit.
static bool span_of(ls_pool_reader *r, const ls_yaml *at, const char *name, span *out) {
    const uint32_t node = ls_names_find(&r->node_names, 0, name);
    const uint32_t unit = ls_names_find(&r->unit_names, 0, name);
    if (node != UINT32_MAX) {
        *out = (span){node, 1};
        return true;
    }
    if (unit != UINT32_MAX) {
        const ls_pool_unit *u = LS_ROW(ls_pool_unit, r->units, unit);
        *out = (span){u->node_at, u->node_count};
        return true;
    }
    ls_form_mistake(&r->form, at, nearest(r, name), "unknown node or unit '%s'", name);
    return false;
}

static bool read_span(ls_pool_reader *r, const ls_yaml *at, span *out) {
    const char *from = NULL;
    const char *to = NULL;
    span last;
    if (ls_names_find(&r->node_names, 0, at->text) != UINT32_MAX ||
        !ls_form_split(&r->form, at->text, &from, &to)) {
        return span_of(r, at, at->text, out);
    }
    if (!span_of(r, at, from, out) || !span_of(r, at, to, &last)) {
        return false;
    }
    if (last.at < out->at) {
        ls_form_mistake(&r->form, at,
                        ls_form_format(&r->form, "did you mean '%s to %s'?", to, from),
                        "'%s' comes before '%s'", to, from);
        return false;
    }
    out->count = last.at + last.count - out->at;
    return true;
}

static void read_state(ls_pool_reader *r, const char *key, ls_node_state state) {
    const ls_yaml *value = ls_form_take(&r->form, r->form.root, key);
    for (uint32_t i = 0; i < ls_yaml_many(value) && !r->form.out_of_memory; i++) {
        const ls_yaml *at = ls_yaml_nth(value, i);
        span nodes;
        if (!ls_yaml_is_text(at) || !read_span(r, at, &nodes)) {
            continue;
        }
        for (uint32_t n = nodes.at; n < nodes.at + nodes.count; n++) {
            *LS_ROW(uint8_t, r->states, n) = (uint8_t)state;
        }
    }
}

static int64_t date_of(ls_pool_reader *r, const ls_yaml *map, const char *path, int64_t otherwise) {
    const ls_yaml *at = ls_form_take(&r->form, map, path);
    int64_t us = 0;
    if (!ls_yaml_is_text(at) || ls_units_date(at->text, &us, NULL) != LS_OK) {
        return otherwise;
    }
    return us - r->pool->start_us;
}

static void read_reservation(ls_pool_reader *r, const ls_yaml *key, const ls_yaml *map) {
    ls_form *f = &r->form;
    const ls_yaml *nodes = ls_form_take(f, map, "reserved.*.nodes");
    const int64_t from = date_of(r, map, "reserved.*.from", 0);
    const int64_t until = date_of(r, map, "reserved.*.until", INT64_MAX);
    if (until <= from) {
        ls_form_mistake(f, ls_form_take(f, map, "reserved.*.until"), NULL,
                        "reserved.%s: it ends before it begins", key->text);
    }
    for (uint32_t i = 0; i < ls_yaml_many(nodes) && !f->out_of_memory; i++) {
        const ls_yaml *at = ls_yaml_nth(nodes, i);
        span here;
        if (ls_yaml_is_text(at) && read_span(r, at, &here)) {
            ls_pool_reservation *row = ls_form_push(f, &r->reservations, NULL);
            *row = (ls_pool_reservation){.name = ls_form_text(f, key->text),
                                         .account = LS_POOL_NONE,
                                         .node_at = here.at,
                                         .node_count = here.count,
                                         .from_us = from,
                                         .until_us = until};
        }
    }
}

void ls_pool_read_states(ls_pool_reader *r) {
    if (r->nodes.count == 0) {
        return;  // and that has been said
    }
    read_state(r, "drained", LS_NODE_DRAINED);
    read_state(r, "broken", LS_NODE_BROKEN);
    const ls_yaml *map = ls_form_take_map(&r->form, r->form.root, "reserved");
    for (size_t i = 0; map != NULL && i < map->count && !r->form.out_of_memory; i++) {
        if (map->items[i].kind == LS_YAML_MAP) {
            read_reservation(r, &map->keys[i], &map->items[i]);
        }
    }
}
