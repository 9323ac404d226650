// read_groups.c - sites, halls, rows, racks, domains and nodes, as groups of like ones.
#include <math.h>
#include <string.h>

#include "pool/reader.h"

static const char *const level_keys[] = {
    [LS_POOL_SITE] = "sites", [LS_POOL_HALL] = "halls",     [LS_POOL_ROW] = "rows",
    [LS_POOL_RACK] = "racks", [LS_POOL_DOMAIN] = "domains", [LS_POOL_NODE] = "nodes",
};

static const char *path(ls_pool_reader *r, ls_pool_level level, const char *key) {
    return ls_form_format(&r->form, "%s.%s", level_keys[level], key);
}

static ls_pool_group *group_at(ls_pool_reader *r, uint32_t index) {
    return LS_ROW(ls_pool_group, r->groups, index);
}

// Puts a group at the end of a list; a list begins with LS_POOL_NONE. Memory that is out ends all.
static void append(ls_pool_reader *r, uint32_t *first, uint32_t index) {
    if (r->form.out_of_memory) {
        return;
    }
    if (*first == LS_POOL_NONE) {
        *first = index;
        return;
    }
    uint32_t last = *first;
    while (group_at(r, last)->next != LS_POOL_NONE) {
        last = group_at(r, last)->next;
    }
    group_at(r, last)->next = index;
}

static uint32_t push(ls_pool_reader *r, const ls_pool_group *group) {
    uint32_t index = LS_POOL_NONE;
    *(ls_pool_group *)ls_form_push(&r->form, &r->groups, &index) = *group;
    return index;
}

static ls_pool_group group_new(ls_pool_level level, const ls_yaml *at) {
    return (ls_pool_group){.level = level,
                           .name = "",
                           .count = 1,
                           .child = LS_POOL_NONE,
                           .next = LS_POOL_NONE,
                           .kind = LS_POOL_NONE,
                           .model = LS_POOL_NONE,
                           .line = at->line,
                           .column = at->column};
}

// --- what follows from a kind

static uint32_t imply_nodes(ls_pool_reader *r, const ls_yaml *at, uint32_t kind, uint32_t count) {
    const ls_pool_kind *facts = LS_ROW(ls_pool_kind, r->kind_facts, kind);
    ls_pool_group group = group_new(LS_POOL_NODE, at);
    group.name = "node#";
    group.count = count;
    group.kind = kind;
    group.gpus = facts->gpus;
    group.cpu_milli = facts->cpu_milli;
    group.memory_mib = facts->memory_mib;
    group.is_implied = true;
    return push(r, &group);
}

// What is in a rack or domain of a kind.
static uint32_t imply(ls_pool_reader *r, const ls_yaml *at, ls_pool_level level, uint32_t kind) {
    const ls_pool_kind facts = *LS_ROW(ls_pool_kind, r->kind_facts, kind);
    const char *name = LS_ROW(ls_gpu_kind, r->kinds, kind)->name;
    if (r->has_mistakes) {
        return LS_POOL_NONE;
    }
    if (level == LS_POOL_RACK && facts.rack_nodes == 0) {
        ls_form_mistake(
            &r->form, at,
            ls_form_format(&r->form, "say what is in it: 'nodes: {count: 4, kind: %s}'", name),
            "racks.kind: '%s' is not bought by the rack", name);
        return LS_POOL_NONE;
    }
    if (level == LS_POOL_DOMAIN && facts.domain_nodes == 1) {
        ls_form_mistake(
            &r->form, at,
            ls_form_format(&r->form, "each node is a domain of its own: 'nodes: {kind: %s}'", name),
            "domains.kind: '%s' has no NVLink domain of several nodes", name);
        return LS_POOL_NONE;
    }
    if (level == LS_POOL_DOMAIN || facts.domain_nodes == 1) {
        return imply_nodes(r, at, kind,
                           level == LS_POOL_DOMAIN ? facts.domain_nodes : facts.rack_nodes);
    }
    ls_pool_group group = group_new(LS_POOL_DOMAIN, at);
    group.name = "domain#";
    group.count = facts.rack_nodes / facts.domain_nodes;
    group.is_implied = true;
    group.child = imply_nodes(r, at, kind, facts.domain_nodes);
    return push(r, &group);
}

// --- nodes

static void read_slots(ls_pool_reader *r, const ls_yaml *map, ls_pool_group *group) {
    ls_form *f = &r->form;
    const ls_yaml *kind = ls_form_take(f, map, "nodes.kind");
    const ls_yaml *gpus = ls_form_take(f, map, "nodes.gpus");
    if (kind != NULL || gpus != NULL) {
        ls_form_mistake(f, kind != NULL ? kind : gpus,
                        "CPU slots are for machines without GPU: take one of the two out",
                        "nodes: 'slots' together with '%s'", kind != NULL ? "kind" : "gpus");
    }
    group->kind = ls_pool_slot_kind(r);
    ls_form_take_u32(f, map, "nodes.slots", &group->gpus);
    group->cpu_milli = group->gpus * 1000;
}

static void read_kind(ls_pool_reader *r, const ls_yaml *map, ls_pool_group *group) {
    ls_form *f = &r->form;
    const ls_yaml *kind = ls_form_take(f, map, "nodes.kind");
    const ls_yaml *gpus = ls_form_take(f, map, "nodes.gpus");
    if (ls_yaml_is_text(kind)) {
        group->kind = ls_pool_kind_named(r, kind);
    }
    if (group->kind != LS_POOL_NONE && !f->out_of_memory) {
        const ls_pool_kind *facts = LS_ROW(ls_pool_kind, r->kind_facts, group->kind);
        group->gpus = facts->gpus;
        group->cpu_milli = facts->cpu_milli;
        group->memory_mib = facts->memory_mib;
    }
    ls_form_take_u32(f, map, "nodes.gpus", &group->gpus);
    if (kind == NULL && group->gpus > 0 && !r->has_mistakes) {
        ls_form_mistake(f, gpus, "as in 'kind: dgx-h100'", "nodes: GPUs of which 'kind'?");
    }
    if (group->gpus == 0) {
        group->kind = LS_POOL_NONE;
    }
}

static void read_node(ls_pool_reader *r, const ls_yaml *map, ls_pool_group *group) {
    ls_form *f = &r->form;
    double cpus = 0;
    int64_t memory = 0;
    if (ls_form_take(f, map, "nodes.slots") != NULL) {
        read_slots(r, map, group);
    } else {
        read_kind(r, map, group);
    }
    if (ls_form_take_number(f, map, "nodes.cpus", &cpus)) {
        group->cpu_milli = (uint32_t)lround(cpus * 1000);
    }
    if (ls_form_take_memory(f, map, "nodes.memory", &memory)) {
        group->memory_mib = (uint32_t)memory;
    }
}

// --- units

static void read_level(ls_pool_reader *r, const ls_yaml *map, ls_pool_level above,
                       ls_pool_level level, uint32_t *first);

static void read_unit(ls_pool_reader *r, const ls_yaml *map, ls_pool_group *group) {
    ls_form *f = &r->form;
    const ls_pool_level level = group->level;
    int64_t watts = 0;
    if (level != LS_POOL_DOMAIN) {
        ls_form_take_power(f, map, path(r, level, "power"), &watts);
        group->watts = (uint32_t)watts;
    }
    for (ls_pool_level below = level + 1; below <= LS_POOL_NODE; below++) {
        read_level(r, map, level, below, &group->child);
    }
    const ls_yaml *kind = level == LS_POOL_RACK || level == LS_POOL_DOMAIN
                              ? ls_form_take(f, map, path(r, level, "kind"))
                              : NULL;
    if (!ls_yaml_is_text(kind)) {
        return;
    }
    if (group->child != LS_POOL_NONE) {
        ls_form_mistake(f, kind, "what is in it follows from the kind: take one of the two out",
                        "%s: 'kind' together with what is in them", level_keys[level]);
        return;
    }
    group->model = ls_pool_kind_named(r, kind);
    const uint32_t child = group->model != LS_POOL_NONE && !f->out_of_memory
                               ? imply(r, kind, level, group->model)
                               : LS_POOL_NONE;
    group->is_unclear = child == LS_POOL_NONE;
    if (!group->is_unclear) {
        append(r, &group->child, child);
    }
}

static void read_group(ls_pool_reader *r, const ls_yaml *map, ls_pool_level level,
                       uint32_t *first) {
    ls_form *f = &r->form;
    ls_pool_group group = group_new(level, map);
    const char *name = NULL;
    const bool is_named = ls_form_take_text(f, map, path(r, level, "name"), &name);
    ls_form_take_u32(f, map, path(r, level, "count"), &group.count);
    ls_form_take_u32(f, map, path(r, level, "spare"), &group.spare);
    // A name of the table's own always has its number, so that one more group changes no name.
    group.name = is_named && (group.count == 1 || strchr(name, '#') != NULL)
                     ? name
                     : ls_form_text(f, ls_form_format(f, "%s#", name));
    if (level == LS_POOL_NODE) {
        read_node(r, map, &group);
    } else {
        read_unit(r, map, &group);
    }
    append(r, first, push(r, &group));
}

static void read_level(ls_pool_reader *r, const ls_yaml *map, ls_pool_level above,
                       ls_pool_level level, uint32_t *first) {
    ls_form *f = &r->form;
    const ls_yaml *value = above == LS_POOL_ANYWHERE
                               ? ls_form_take(f, map, level_keys[level])
                               : ls_form_take(f, map, path(r, above, level_keys[level]));
    for (uint32_t i = 0; i < ls_yaml_many(value) && !f->out_of_memory; i++) {
        const ls_yaml *group = ls_yaml_nth(value, i);
        if (group->kind == LS_YAML_MAP) {
            read_group(r, group, level, first);
        }
    }
}

void ls_pool_read_groups(ls_pool_reader *r) {
    for (ls_pool_level level = LS_POOL_SITE; level <= LS_POOL_NODE; level++) {
        read_level(r, r->form.root, LS_POOL_ANYWHERE, level, &r->first_group);
    }
}
