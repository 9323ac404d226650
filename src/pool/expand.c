// expand.c - groups become units and nodes, numbered along the tree.
#include <assert.h>
#include <string.h>

#include "pool/reader.h"

enum { SITES_MAX = 64 };  // the bits of ls_shape.sites

static const char *const level_names[] = {
    [LS_POOL_ANYWHERE] = "pool", [LS_POOL_SITE] = "site", [LS_POOL_HALL] = "hall",
    [LS_POOL_ROW] = "row",       [LS_POOL_RACK] = "rack", [LS_POOL_DOMAIN] = "domain",
    [LS_POOL_NODE] = "node",
};

typedef struct sizes {
    uint64_t units, nodes, gpus;
} sizes;

// a x b, at most so large that sums of a few stay right.
static uint64_t times(uint64_t a, uint64_t b) {
    const uint64_t most = UINT64_MAX / 1024;
    return a != 0 && b > most / a ? most : a * b;
}

static const ls_pool_group *group_of(const ls_pool_reader *r, uint32_t index) {
    return LS_ROW(const ls_pool_group, r->groups, index);
}

// What a group comes to, once for each unit it stands in.
static sizes sizes_of(const ls_pool_reader *r, uint32_t index) {
    const ls_pool_group *group = group_of(r, index);
    sizes all = {0};
    if (group->level == LS_POOL_NODE) {
        return (sizes){.nodes = group->count, .gpus = times(group->count, group->gpus)};
    }
    for (uint32_t c = group->child; c != LS_POOL_NONE; c = group_of(r, c)->next) {
        const sizes below = sizes_of(r, c);
        all.units += below.units;
        all.nodes += below.nodes;
        all.gpus += below.gpus;
    }
    return (sizes){.units = times(group->count, all.units + 1),
                   .nodes = times(group->count, all.nodes),
                   .gpus = times(group->count, all.gpus)};
}

static void mistake(ls_pool_reader *r, const ls_pool_group *group, const char *hint,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

static void mistake(ls_pool_reader *r, const ls_pool_group *group, const char *hint,
                    const char *format, ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    ls_form_mistake_in(&r->form, r->form.file, group->line, group->column, hint, "%s", text);
}

// Units without nodes, more spare nodes than there are.
static void check_group(ls_pool_reader *r, uint32_t index) {
    const ls_pool_group *group = group_of(r, index);
    const char *what = level_names[group->level];
    const uint64_t each = sizes_of(r, index).nodes / group->count;
    if (each == 0 && !group->is_unclear) {
        mistake(
            r, group,
            group->level == LS_POOL_RACK
                ? "say what is in it: 'kind: gb200-nvl72', or 'nodes: {count: 4, kind: dgx-h100}'"
                : "say what is in it, as in 'nodes: {count: 4, kind: dgx-h100}'",
            "a %s without nodes", what);
    }
    const uint64_t all = group->level == LS_POOL_NODE ? group->count : each;
    if (each > 0 && group->spare > all) {
        mistake(r, group, NULL, "%u spare nodes, but there are %llu in %s %s", group->spare,
                (unsigned long long)all, group->level == LS_POOL_NODE ? "this" : "each",
                group->level == LS_POOL_NODE ? "group" : what);
    }
    for (uint32_t c = group->child; c != LS_POOL_NONE; c = group_of(r, c)->next) {
        check_group(r, c);
    }
}

const char *ls_pool_numbered(ls_pool_reader *r, const char *pattern, uint32_t number) {
    const char *mark = strchr(pattern, '#');
    if (mark == NULL) {
        return pattern;
    }
    const int digits = (int)strspn(mark, "#");
    return ls_form_format(&r->form, "%.*s%0*u%s", (int)(mark - pattern), pattern, digits, number,
                          mark + digits);
}

// The next name of a pattern, in the pool's arena.
static const char *next_name(ls_pool_reader *r, const char *pattern) {
    if (strchr(pattern, '#') == NULL) {
        return pattern;
    }
    uint32_t row = ls_names_find(&r->counters, 0, pattern);
    if (row == UINT32_MAX) {
        (void)ls_form_push(&r->form, &r->numbers, &row);
        (void)ls_names_add(&r->counters, 0, pattern, row);
    }
    if (r->form.out_of_memory) {
        return "";
    }
    const uint32_t number = ++*LS_ROW(uint32_t, r->numbers, row);
    return ls_form_text(&r->form, ls_pool_numbered(r, pattern, number));
}

static void name_is_taken(ls_pool_reader *r, const ls_pool_group *group, const char *name) {
    mistake(r, group, "a '#' in the name takes a number that goes on through the whole pool",
            "two nodes or units are called '%s'", name);
}

static bool is_taken(const ls_pool_reader *r, const char *name) {
    return ls_names_find(&r->unit_names, 0, name) != UINT32_MAX ||
           ls_names_find(&r->node_names, 0, name) != UINT32_MAX;
}

static void expand_nodes(ls_pool_reader *r, const ls_pool_group *group, uint32_t unit) {
    for (uint32_t i = 0; i < group->count && !r->form.out_of_memory; i++) {
        const char *name = next_name(r, group->name);
        uint32_t index = 0;
        if (is_taken(r, name)) {
            name_is_taken(r, group, name);
            return;
        }
        *(ls_pool_node *)ls_form_push(&r->form, &r->nodes, &index) = (ls_pool_node){
            .name = name,
            .unit = unit,
            .kind = group->kind,
            .gpus = group->gpus,
            .cpu_milli = group->cpu_milli,
            .memory_mib = group->memory_mib,
        };
        *(uint8_t *)ls_form_push(&r->form, &r->states, NULL) = LS_NODE_UP;
        (void)ls_names_add(&r->node_names, 0, name, index);
    }
}

static void set_spare(ls_pool_reader *r, uint32_t count) {
    for (uint32_t i = 0; i < count && !r->form.out_of_memory; i++) {
        *LS_ROW(uint8_t, r->states, r->states.count - 1 - i) = LS_NODE_SPARE;
    }
}

static void expand(ls_pool_reader *r, uint32_t index, uint32_t parent);

static void expand_unit(ls_pool_reader *r, const ls_pool_group *group, uint32_t parent) {
    const char *name = next_name(r, group->name);
    const uint32_t node_at = r->nodes.count;
    uint32_t unit = 0;
    if (is_taken(r, name)) {
        name_is_taken(r, group, name);
        return;
    }
    *(ls_pool_unit *)ls_form_push(&r->form, &r->units, &unit) = (ls_pool_unit){
        .name = name,
        .level = group->level,
        .parent = parent,
        .node_at = node_at,
        .watts = group->watts,
    };
    (void)ls_names_add(&r->unit_names, 0, name, unit);
    for (uint32_t c = group->child; c != LS_POOL_NONE; c = group_of(r, c)->next) {
        expand(r, c, unit);
    }
    if (!r->form.out_of_memory) {
        LS_ROW(ls_pool_unit, r->units, unit)->node_count = r->nodes.count - node_at;
    }
}

static void expand(ls_pool_reader *r, uint32_t index, uint32_t parent) {
    const ls_pool_group group = *group_of(r, index);
    const size_t mistakes = r->form.error_count;
    if (group.level == LS_POOL_NODE) {
        expand_nodes(r, &group, parent);
        set_spare(r, r->form.error_count == mistakes ? group.spare : 0);
        return;
    }
    for (uint32_t i = 0; i < group.count && !r->form.out_of_memory; i++) {
        expand_unit(r, &group, parent);
        if (r->form.error_count > mistakes) {
            return;  // a name that is taken is taken again in the next one
        }
        set_spare(r, group.spare);
    }
}

static bool is_too_large(ls_pool_reader *r) {
    sizes all = {0};
    for (uint32_t g = r->first_group; g != LS_POOL_NONE; g = group_of(r, g)->next) {
        const sizes here = sizes_of(r, g);
        all.units += here.units;
        all.nodes += here.nodes;
        all.gpus += here.gpus;
    }
    if (all.nodes > LS_POOL_NODES_MAX || all.gpus > LS_POOL_GPUS_MAX ||
        all.units > LS_POOL_UNITS_MAX) {
        mistake(r, group_of(r, r->first_group), NULL,
                "a pool has at most %d nodes, %d GPUs and %d units; this one would have %llu, %llu "
                "and %llu",
                LS_POOL_NODES_MAX, LS_POOL_GPUS_MAX, LS_POOL_UNITS_MAX,
                (unsigned long long)all.nodes, (unsigned long long)all.gpus,
                (unsigned long long)all.units);
        return true;
    }
    return false;
}

void ls_pool_expand(ls_pool_reader *r) {
    if (r->first_group == LS_POOL_NONE) {
        if (r->form.error_count == 0) {
            ls_form_mistake(
                &r->form, NULL,
                "as in 'nodes: {count: 2, kind: dgx-h100}' or 'racks: {count: 10, kind: "
                "gb200-nvl72}'",
                "the pool has no nodes");
        }
        return;
    }
    for (uint32_t g = r->first_group; g != LS_POOL_NONE && !r->has_mistakes;
         g = group_of(r, g)->next) {
        check_group(r, g);
    }
    // Counts of a file with mistakes are not what was meant.
    if (r->form.error_count > 0 || is_too_large(r)) {
        return;
    }
    uint32_t sites = 0;
    for (uint32_t g = r->first_group; g != LS_POOL_NONE; g = group_of(r, g)->next) {
        expand(r, g, LS_POOL_NONE);
        sites += group_of(r, g)->level == LS_POOL_SITE ? group_of(r, g)->count : 0;
    }
    if (sites > SITES_MAX) {
        mistake(r, group_of(r, r->first_group), NULL,
                "a pool has at most %d sites; this one has %u", SITES_MAX, sites);
    }
}
