// read_transport.c - areas and the times between them.
//
// Only names that a rule of `transport` mentions become areas; index 0 is everywhere else. So a
// plant of ten thousand stations without transport has a table of 2 x 2.
#include <assert.h>
#include <string.h>

#include "plant/reader.h"

enum { AREAS_MAX = 2000 };

static bool is_in(const char *name) {
    return strcmp(name, "in") == 0;
}

static bool is_out(const char *name) {
    return strcmp(name, "out") == 0;
}

typedef struct rule {
    const ls_yaml *key;
    uint32_t from, to;  // areas; the number of areas: in, out
    ls_dist_index dist;
} rule;

// Names that stations give as their area.
static void collect_areas(ls_reader *r, ls_names *names) {
    for (uint32_t i = 0; i < r->stations.count; i++) {
        const ls_yaml *node = LS_ROW(ls_station_draft, r->station_drafts, i)->node;
        const ls_yaml *area = ls_take(r, node, "stations.*.area");
        if (ls_yaml_is_text(area)) {
            (void)ls_names_add(names, 0, area->text, i);
        }
    }
    r->form.out_of_memory = r->form.out_of_memory || names->failed;
}

static uint32_t area_add(ls_reader *r, const char *text) {
    const char *name = ls_reader_text(r, text);
    const uint32_t old = ls_names_add(&r->area_names, 0, name, r->areas.count);
    if (old != LS_NONE) {
        return old;
    }
    uint32_t index = 0;
    *(const char **)ls_rows_push(r, &r->areas, &index) = name;
    return index;
}

// An end of a rule; LS_NONE after a mistake.
static uint32_t find_end(ls_reader *r, const ls_yaml *key, const char *name,
                         const ls_names *areas) {
    if (ls_names_find(&r->station_names, 0, name) == LS_NONE &&
        ls_names_find(areas, 0, name) == LS_NONE) {
        ls_reader_mistake(r, key,
                          ls_reader_nearest_row(r, name, &r->stations, offsetof(ls_station, name)),
                          "'%s': '%s' is neither a station nor an area", key->text, name);
        return LS_NONE;
    }
    return area_add(r, name);
}

static uint32_t read_rules(ls_reader *r, const ls_yaml *map, const ls_names *areas, rule *rules) {
    uint32_t count = 0;
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const ls_yaml *key = &map->keys[i];
        const char *from = NULL;
        const char *to = NULL;
        if (strcmp(key->text, "default") == 0 || !ls_yaml_is_text(&map->items[i])) {
            continue;
        }
        if (!ls_split_pair(r, key->text, &from, &to) || (is_in(from) && is_out(to))) {
            ls_reader_mistake(r, key,
                              "write 'c1 to c3: 8 min', 'in to c1: 6 min', or 'default: 4 min'",
                              "'%s' is no way from one place to another", key->text);
            continue;
        }
        if (is_out(from) || is_in(to)) {
            ls_reader_mistake(r, key, "lots come from 'in' and go to 'out'",
                              "'%s' is the wrong way round", key->text);
            continue;
        }
        const ls_dist_index dist = ls_read_dist(r, &map->items[i]);
        rule one = {.key = key, .dist = ls_reader_drop_zero(r, dist)};
        one.from = is_in(from) ? LS_NONE - 1 : find_end(r, key, from, areas);
        one.to = is_out(to) ? LS_NONE - 1 : find_end(r, key, to, areas);
        if (one.from != LS_NONE && one.to != LS_NONE && dist != LS_NONE) {
            rules[count++] = one;
        }
    }
    return count;
}

// A station has its own row when a rule names it, else that of its area, else row 0. general[a] is
// the area that the station named by a lies in, or a itself.
static void place_stations(ls_reader *r, uint32_t *general) {
    for (uint32_t a = 0; a < r->areas.count; a++) {
        general[a] = a;
    }
    for (uint32_t i = 0; i < r->stations.count; i++) {
        const ls_yaml *node = LS_ROW(ls_station_draft, r->station_drafts, i)->node;
        const ls_yaml *area = ls_take(r, node, "stations.*.area");
        ls_station *s = LS_ROW(ls_station, r->stations, i);
        const uint32_t own = ls_names_find(&r->area_names, 0, s->name);
        const uint32_t wide = ls_yaml_is_text(area) ? ls_names_find(&r->area_names, 0, area->text)
                                                    : LS_NONE;
        s->area = own != LS_NONE ? own : (wide != LS_NONE ? wide : 0);
        if (own != LS_NONE && wide != LS_NONE) {
            general[own] = wide;
        }
    }
}

// 2: the very place; 1: its area; 0: no.
static int fit(uint32_t end, uint32_t place, const uint32_t *general, uint32_t area_count) {
    const uint32_t wanted = end == LS_NONE - 1 ? area_count : end;
    if (wanted == place) {
        return 2;
    }
    return place < area_count && wanted < area_count && general[place] == wanted ? 1 : 0;
}

static void fill(ls_reader *r, const rule *rules, uint32_t rule_count, const uint32_t *general,
                 ls_dist_index default_dist) {
    ls_plant *plant = r->plant;
    const uint32_t n = plant->area_count;
    const size_t cells = (size_t)(n + 1) * (n + 1);
    unsigned char *best = ls_arena_alloc(&r->form.scratch, cells);
    plant->transport = ls_arena_alloc(&plant->arena, cells * sizeof *plant->transport);
    if (best == NULL || plant->transport == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < cells; i++) {
        const bool is_inside = i / (n + 1) < n && i % (n + 1) < n;
        plant->transport[i] = is_inside ? default_dist : LS_NONE;
    }
    for (uint32_t k = 0; k < rule_count; k++) {
        for (uint32_t from = 0; from <= n; from++) {
            const int from_fit = fit(rules[k].from, from, general, n);
            for (uint32_t to = 0; to <= n && from_fit > 0; to++) {
                const int to_fit = fit(rules[k].to, to, general, n);
                const size_t cell = (size_t)from * (n + 1) + to;
                if (to_fit > 0 && from_fit + to_fit > best[cell]) {
                    best[cell] = (unsigned char)(from_fit + to_fit);
                    plant->transport[cell] = rules[k].dist;
                }
            }
        }
    }
}

void ls_read_transport(ls_reader *r) {
    const ls_yaml *map = ls_take_map(r, r->form.root, "transport");
    ls_names areas;
    ls_names_init(&areas);
    (void)area_add(r, "");
    collect_areas(r, &areas);
    rule *rules = ls_arena_alloc(&r->form.scratch,
                                 ((map != NULL ? map->count : 0) + 1) * sizeof *rules);
    if (rules == NULL) {
        r->form.out_of_memory = true;
    }
    if (!r->form.out_of_memory) {
        const uint32_t rule_count = read_rules(r, map, &areas, rules);
        ls_dist_index default_dist = LS_NONE;
        ls_take_dist(r, map, "transport.default", &default_dist);
        default_dist = ls_reader_drop_zero(r, default_dist);
        r->plant->transport_source = ls_read_source(r, map, "  ");
        uint32_t *general = ls_arena_alloc(&r->form.scratch,
                                           ((size_t)r->areas.count + 1) * sizeof *general);
        r->plant->area_count = r->areas.count;
        if (r->areas.count > AREAS_MAX) {
            ls_reader_mistake(r, map, "give stations that stand together a common 'area'",
                              "'transport' names more than %d places", AREAS_MAX);
        } else if (general == NULL || r->form.out_of_memory) {
            r->form.out_of_memory = true;
        } else {
            place_stations(r, general);
            fill(r, rules, rule_count, general, default_dist);
        }
    }
    ls_names_clear(&areas);
}
