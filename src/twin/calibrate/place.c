// place.c - where a plant file states a quantity; the order of precedence is that of
// plant/read_*.c.
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "twin/calibrate/quantity.h"

static void say_path(ls_quantity_place *out, const char *format, const char *a, const char *b,
                     const char *c) {
    ls_text_format(out->path, sizeof out->path, format, a, b, c);
}

static void set(ls_quantity_place *out, const ls_yaml *node) {
    if (node != NULL && node->kind == LS_YAML_TEXT) {
        out->node = node;
    }
}

static const ls_yaml *nth(const ls_yaml *value, size_t i) {
    if (value == NULL || value->kind == LS_YAML_NULL) {
        return NULL;
    }
    if (value->kind == LS_YAML_LIST) {
        return i < value->count ? &value->items[i] : NULL;
    }
    return i == 0 ? value : NULL;
}

// The map or text that begins at this place of the file; the deepest.
static const ls_yaml *at_place(const ls_yaml *node, ls_place place) {
    const ls_yaml *found = node->line == place.line && node->column == place.column &&
                                   (node->kind == LS_YAML_MAP || node->kind == LS_YAML_TEXT)
                               ? node
                               : NULL;
    if (node->kind == LS_YAML_LIST || node->kind == LS_YAML_MAP) {
        for (size_t i = 0; i < node->count; i++) {
            const ls_yaml *inner = at_place(&node->items[i], place);
            found = inner != NULL && (found == NULL || inner->kind == LS_YAML_MAP) ? inner : found;
        }
    }
    return found;
}

static const ls_yaml *station_node(const ls_plant *plant, const ls_yaml *root, uint32_t station) {
    return ls_yaml_find(ls_yaml_find(root, "stations"), plant->stations[station].name);
}

static const ls_yaml *step_node(const ls_plant *plant, const ls_yaml *root, uint32_t step) {
    const ls_step *s = &plant->steps[step];
    const ls_yaml *product = ls_yaml_find(ls_yaml_find(root, "products"),
                                          plant->products[s->product].name);
    const ls_yaml *route = ls_yaml_find(product, "route");
    return route != NULL ? at_place(route, s->place) : NULL;
}

// ---- process

static bool machine_process(const ls_plant *plant, const ls_yaml *station, const ls_step *step,
                            uint32_t machine, ls_quantity_place *out) {
    const char *name = plant->machines[machine].name;
    const char *product = plant->products[step->product].name;
    const ls_yaml *value = ls_yaml_find(ls_yaml_find(ls_yaml_find(station, "machines"), name),
                                        "process");
    if (value == NULL) {
        return false;
    }
    if (value->kind == LS_YAML_TEXT) {
        set(out, value);
        say_path(out, "stations.%s.machines.%s.process", plant->stations[step->station].name, name,
                 "");
        return true;
    }
    char key[2 * 128 + 2];
    snprintf(key, sizeof key, "%s.%s", product, step->name);
    const ls_yaml *own = ls_yaml_find(value, key);
    own = own != NULL ? own : ls_yaml_find(value, product);
    if (own != NULL) {
        set(out, own);
        ls_text_format(out->path, sizeof out->path, "stations.%s.machines.%s.process.%s",
                       plant->stations[step->station].name, name, product);
    }
    return own != NULL;
}

static void find_process(const ls_plant *plant, const ls_yaml *root, const ls_quantity_id *id,
                         ls_quantity_place *out) {
    const ls_step *step = &plant->steps[id->step];
    const char *product = plant->products[step->product].name;
    const char *station_name = plant->stations[step->station].name;
    const ls_yaml *station = station_node(plant, root, step->station);
    if (id->machine != LS_NONE && machine_process(plant, station, step, id->machine, out)) {
        return;
    }
    const ls_yaml *own = ls_yaml_find(step_node(plant, root, id->step), "process");
    if (own != NULL && own->kind != LS_YAML_NULL) {
        set(out, own);
        say_path(out, "products.%s.route.%s.process", product, step->name, "");
        return;
    }
    const ls_yaml *process = ls_yaml_find(station, "process");
    const ls_yaml *by_product = ls_yaml_find(process, product);
    if (by_product != NULL) {
        set(out, by_product);
        say_path(out, "stations.%s.process.%s", station_name, product, "");
    } else {
        set(out, process);
        say_path(out, "stations.%s.process", station_name, "", "");
    }
}

// ---- setup

static const char *state_name(const ls_plant *plant, const ls_station *s, uint32_t state) {
    return state == 0 ? "none" : plant->setup_names[s->setup_at + state - 1];
}

static const ls_yaml *pair(const ls_yaml *setup, const char *from, const char *to, char *key,
                           size_t size) {
    ls_text_format(key, size, "%s to %s", from, to);
    const ls_yaml *value = ls_yaml_find(setup, key);
    return value != NULL && value->kind == LS_YAML_TEXT ? value : NULL;
}

static void find_pair(const ls_plant *plant, const ls_yaml *setup, const ls_station *s,
                      const ls_quantity_id *id, ls_quantity_place *out) {
    const char *from = state_name(plant, s, id->from);
    const char *to = state_name(plant, s, id->to);
    char key[2 * 128 + 8];
    const ls_yaml *value = pair(setup, from, to, key, sizeof key);
    value = value != NULL ? value : pair(setup, "any", to, key, sizeof key);
    value = value != NULL || id->from == 0 ? value : pair(setup, from, "any", key, sizeof key);
    set(out, value);
    say_path(out, "stations.%s.setup.%s", s->name, key, "");
}

// States are "product.step"; neither has a dot.
static void find_kind(const ls_plant *plant, const ls_yaml *setup, const ls_station *s,
                      const ls_quantity_id *id, ls_quantity_place *out) {
    const char *from = state_name(plant, s, id->from);
    const char *to = state_name(plant, s, id->to);
    const size_t from_product = strcspn(from, ".");
    const size_t to_product = strcspn(to, ".");
    const bool other_product = from_product != to_product || memcmp(from, to, to_product) != 0;
    const bool other_step = strcmp(from + from_product, to + to_product) != 0;
    const char *key = other_product ? (other_step ? "both" : "product") : "step";
    const ls_dist *dist = ls_quantity_dist(plant, id);
    if (other_product && other_step && ls_yaml_find(setup, "both") == NULL) {
        const ls_dist_index product = s->setup_kinds[0];
        key = product != LS_NONE && dist == &plant->dists[product] ? "product" : "step";
    }
    set(out, ls_yaml_find(setup, key));
    say_path(out, "stations.%s.setup.%s", s->name, key, "");
}

static void find_setup(const ls_plant *plant, const ls_yaml *root, const ls_quantity_id *id,
                       ls_quantity_place *out) {
    const ls_station *s = &plant->stations[id->station];
    if (id->step != LS_NONE) {
        const ls_step *step = &plant->steps[id->step];
        set(out, ls_yaml_find(step_node(plant, root, id->step), "setup-time"));
        say_path(out, "products.%s.route.%s.setup-time", plant->products[step->product].name,
                 step->name, "");
        return;
    }
    const ls_yaml *setup = ls_yaml_find(station_node(plant, root, id->station), "setup");
    if (s->setup_by_kind) {
        find_kind(plant, setup, s, id, out);
    } else {
        find_pair(plant, setup, s, id, out);
    }
}

// ---- failures, transport, releases, shares

static void find_failure(const ls_plant *plant, const ls_yaml *root, const ls_quantity_id *id,
                         ls_quantity_place *out) {
    const ls_failure *failure = &plant->failures[id->mode];
    const char *group = failure->maintenance ? "maintenance" : "fails";
    const char *key = id->kind == LS_QUANTITY_FAILURE ? "every"
                      : failure->maintenance          ? "for"
                                                      : "repair";
    for (uint32_t i = 0; i < plant->station_count; i++) {
        const ls_station *s = &plant->stations[i];
        if (id->mode < s->failure_at || id->mode >= s->failure_at + s->failure_count) {
            continue;
        }
        const ls_yaml *list = ls_yaml_find(station_node(plant, root, i), group);
        const ls_yaml *item = NULL;
        for (size_t k = 0; (item = nth(list, k)) != NULL; k++) {
            if (item->line == failure->place.line && item->column == failure->place.column) {
                set(out, ls_yaml_find(item, key));
            }
        }
        ls_text_format(out->path, sizeof out->path, "stations.%s.%s.%s.%s", s->name, group,
                       failure->name, key);
        return;
    }
}

static const char *const no_area = "\n";  // never equal to a name

static bool is_end(const char *word, size_t length, const char *name) {
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

// 2: names the station; 1: its area; 0: neither.
static int fits(const char *word, size_t length, const char *station, const char *area) {
    return is_end(word, length, station) ? 2 : is_end(word, length, area) ? 1 : 0;
}

static void find_transport(const ls_plant *plant, const ls_yaml *root, const ls_quantity_id *id,
                           ls_quantity_place *out) {
    const ls_yaml *map = ls_yaml_find(root, "transport");
    const ls_station *to = &plant->stations[id->station];
    const ls_station *from = id->from == 0 ? NULL : &plant->stations[id->from - 1];
    int best = 0;
    const ls_yaml *value = from != NULL ? ls_yaml_find(map, "default") : NULL;
    say_path(out, "transport.default", "", "", "");
    for (size_t i = 0; map != NULL && map->kind == LS_YAML_MAP && i < map->count; i++) {
        const char *key = map->keys[i].text;
        const char *middle = strstr(key, " to ");
        if (middle == NULL) {
            continue;
        }
        const size_t left = (size_t)(middle - key);
        const char *right = middle + 4;
        const int a = from == NULL ? (is_end(key, left, "in") ? 2 : 0)
                                   : fits(key, left, from->name,
                                          from->area_name != NULL ? from->area_name : no_area);
        const int b = fits(right, strlen(right), to->name,
                           to->area_name != NULL ? to->area_name : no_area);
        if (a > 0 && b > 0 && a + b > best) {
            best = a + b;
            value = &map->items[i];
            say_path(out, "transport.%s", key, "", "");
        }
    }
    set(out, value);
}

static void find_release(const ls_plant *plant, const ls_yaml *root, const ls_quantity_id *id,
                         ls_quantity_place *out) {
    const ls_release *release = &plant->releases[id->release];
    const char *product = plant->products[release->product].name;
    const ls_yaml *list = ls_yaml_find(ls_yaml_find(ls_yaml_find(root, "products"), product),
                                       "release");
    const ls_yaml *item = NULL;
    for (size_t k = 0; (item = nth(list, k)) != NULL; k++) {
        if (item->line == release->place.line && item->column == release->place.column) {
            set(out, ls_yaml_find(item, "every"));
        }
    }
    say_path(out, "products.%s.release.%s.every", product, release->name, "");
}

static void find_share(const ls_plant *plant, const ls_yaml *root, const ls_quantity_id *id,
                       ls_quantity_place *out) {
    const ls_step *step = &plant->steps[id->step];
    const ls_yaml *node = step_node(plant, root, id->step);
    const bool scrap = id->kind == LS_QUANTITY_SCRAP;
    set(out,
        scrap ? ls_yaml_find(node, "scrap") : ls_yaml_find(ls_yaml_find(node, "rework"), "chance"));
    say_path(out, "products.%s.route.%s.%s", plant->products[step->product].name, step->name,
             scrap ? "scrap" : "rework.chance");
}

void ls_quantity_find(const ls_plant *plant, const ls_yaml *root, const ls_quantity_id *id,
                      ls_quantity_place *out) {
    *out = (ls_quantity_place){.node = NULL};
    switch (id->kind) {
    case LS_QUANTITY_PROCESS: find_process(plant, root, id, out); break;
    case LS_QUANTITY_SETUP: find_setup(plant, root, id, out); break;
    case LS_QUANTITY_FAILURE:
    case LS_QUANTITY_REPAIR: find_failure(plant, root, id, out); break;
    case LS_QUANTITY_TRANSPORT: find_transport(plant, root, id, out); break;
    case LS_QUANTITY_RELEASE: find_release(plant, root, id, out); break;
    default: find_share(plant, root, id, out); break;
    }
    if (out->node == NULL) {
        ls_text_format(out->why, sizeof out->why, "%.120s is not in the plant file: a default",
                       out->path);
    }
}
