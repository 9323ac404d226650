// read_listen_machine.c - `machines:`: what each machine tells, `any` and its own words together.
#include <assert.h>
#include <string.h>

#include "plant/listen_reader.h"

enum { MODES_MAX = 64, WORDS_MAX = 24 };

static const char *const keys[LS_MEANS_MACHINE_COUNT] = {
    "listen.machines.any.state",   "listen.machines.any.lots",  "listen.machines.any.step",
    "listen.machines.any.product", "listen.machines.any.setup", "listen.machines.any.reason",
    "listen.machines.any.good",    "listen.machines.any.bad",
};

typedef struct translations {
    const ls_translation *items;
    uint32_t count;
} translations;

// A machine's own map, and that for any; either may be NULL.
typedef struct machine_maps {
    const ls_yaml *own, *any;
    translations any_states;
} machine_maps;

// --- states

static void unknown_state(ls_reader *r, const ls_yaml *at) {
    const char *words[WORDS_MAX];
    size_t count = 0;
    for (int i = 0; ls_packml_name(i) != NULL; i++) {
        words[count++] = ls_packml_name(i);
    }
    ls_reader_mistake(r, at, ls_reader_nearest(r, at->text, words, count),
                      "'%s' is not a state of PackML", at->text);
}

static translations close_translations(ls_reader *r, ls_rows *rows) {
    translations out = {0};
    out.items = ls_rows_close(r, rows, &out.count);
    ls_free(rows->items);
    return out;
}

static translations read_states(ls_reader *r, const ls_yaml *map) {
    ls_rows rows = {.size = sizeof(ls_translation)};
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const ls_yaml *value = &map->items[i];
        const int state = ls_yaml_is_text(value) ? ls_packml_find(value->text) : 0;
        if (state < 0) {
            unknown_state(r, value);
        } else {
            *(ls_translation *)ls_rows_push(r, &rows, NULL) = (ls_translation){
                ls_reader_text(r, map->keys[i].text), (uint32_t)state};
        }
    }
    return close_translations(r, &rows);
}

// --- reasons

static uint32_t find_mode(const ls_reader *r, uint32_t station, const char *name) {
    const ls_station *s = LS_ROW(ls_station, r->stations, station);
    for (uint32_t i = 0; i < s->failure_count; i++) {
        if (strcmp(LS_ROW(ls_failure, r->failures, s->failure_at + i)->name, name) == 0) {
            return s->failure_at + i;
        }
    }
    return LS_NONE;
}

static void unknown_mode(ls_reader *r, const ls_yaml *at, uint32_t station) {
    const char *names[MODES_MAX] = {0};
    size_t count = 0;
    const uint32_t first = station == LS_NONE
                               ? 0
                               : LS_ROW(ls_station, r->stations, station)->failure_at;
    const uint32_t end = station == LS_NONE
                             ? r->failures.count
                             : first + LS_ROW(ls_station, r->stations, station)->failure_count;
    for (uint32_t i = first; i < end && count < MODES_MAX; i++) {
        names[count++] = LS_ROW(ls_failure, r->failures, i)->name;
    }
    const char *hint = ls_reader_nearest(r, at->text, names, count);
    ls_reader_mistake(r, at, hint != NULL ? hint : "it has none; add one under 'fails'",
                      "no failure or maintenance '%s'%s%s", at->text,
                      station == LS_NONE ? "" : " at station ",
                      station == LS_NONE ? "" : LS_ROW(ls_station, r->stations, station)->name);
}

// Those of the map that the station knows; of a machine's own map it has to know all.
static translations read_reasons(ls_reader *r, const ls_yaml *map, uint32_t station, bool is_own) {
    ls_rows rows = {.size = sizeof(ls_translation)};
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const ls_yaml *value = &map->items[i];
        const uint32_t mode = ls_yaml_is_text(value) ? find_mode(r, station, value->text) : LS_NONE;
        if (mode != LS_NONE) {
            *(ls_translation *)ls_rows_push(r, &rows, NULL) = (ls_translation){
                ls_reader_text(r, map->keys[i].text), mode};
        } else if (is_own && ls_yaml_is_text(value)) {
            unknown_mode(r, value, station);
        }
    }
    return close_translations(r, &rows);
}

// Reasons of `any` that no station knows.
static void check_any_reasons(ls_reader *r, const ls_yaml *map) {
    ls_names known;
    ls_names_init(&known);
    for (uint32_t i = 0; map != NULL && i < r->failures.count; i++) {
        (void)ls_names_add(&known, 0, LS_ROW(ls_failure, r->failures, i)->name, i);
    }
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const ls_yaml *value = &map->items[i];
        if (ls_yaml_is_text(value) && ls_names_find(&known, 0, value->text) == LS_NONE) {
            unknown_mode(r, value, LS_NONE);
        }
    }
    r->form.out_of_memory = r->form.out_of_memory || known.failed;
    ls_names_clear(&known);
}

// --- one machine

static const ls_yaml *choose(ls_reader *r, const machine_maps *maps, const char *path,
                             bool *out_is_own) {
    const ls_yaml *own = ls_take(r, maps->own, path);
    if (out_is_own != NULL) {
        *out_is_own = own != NULL;
    }
    return own != NULL ? own : ls_take(r, maps->any, path);
}

// The most parts of a lot that comes to the station.
static uint32_t parts_max(const ls_reader *r, uint32_t station) {
    uint32_t most = 1;
    for (uint32_t i = 0; i < r->steps.count; i++) {
        const ls_step *step = LS_ROW(ls_step, r->steps, i);
        const uint32_t parts = LS_ROW(ls_product, r->products, step->product)->parts;
        most = step->station == station && parts > most ? parts : most;
    }
    return most;
}

static void check_wraps(ls_listen_draft *d, const ls_yaml *at, uint32_t station, double wraps) {
    const uint32_t parts = wraps > 0 ? parts_max(d->r, station) : 0;
    if (wraps > 0 && wraps < parts) {
        ls_reader_mistake(d->r, at, NULL,
                          "a counter that wraps after %.0f cannot tell lots of %u parts apart",
                          wraps, parts);
    }
}

static const char *tag_of(ls_listen_draft *d, ls_meaning means, const ls_yaml *value,
                          uint32_t station, ls_binding *b) {
    if (means != LS_MEANS_GOOD && means != LS_MEANS_BAD) {
        return ls_yaml_is_text(value) ? value->text : NULL;
    }
    if (value->kind != LS_YAML_MAP) {
        return ls_yaml_is_text(value) ? value->text : NULL;
    }
    const ls_yaml *tag = ls_take(d->r, value, "listen.machines.any.good.tag");
    int64_t wraps = 0;
    if (ls_take_count(d->r, value, "listen.machines.any.good.wraps", &wraps)) {
        b->wraps = (double)wraps;
        check_wraps(d, ls_take(d->r, value, "listen.machines.any.good.wraps"), station, b->wraps);
    }
    return ls_yaml_is_text(tag) ? tag->text : NULL;
}

static void translate(ls_listen_draft *d, const machine_maps *maps, uint32_t station,
                      ls_binding *b) {
    bool is_own = false;
    translations t = {0};
    if (b->means == LS_MEANS_STATE) {
        const ls_yaml *map = choose(d->r, maps, "listen.machines.any.states", &is_own);
        t = is_own ? read_states(d->r, map) : maps->any_states;
    } else if (b->means == LS_MEANS_REASON) {
        const ls_yaml *map = choose(d->r, maps, "listen.machines.any.reasons", &is_own);
        t = read_reasons(d->r, map, station, is_own);
    }
    b->translations = t.items;
    b->translation_count = t.count;
}

// A translation of a tag that is not there.
static void check_pair(ls_listen_draft *d, const machine_maps *maps, const char *tag_path,
                       const char *map_path) {
    const ls_yaml *map = ls_take(d->r, maps->own, map_path);
    if (map != NULL && ls_listen_is_none(choose(d->r, maps, tag_path, NULL))) {
        ls_reader_mistake(d->r, map, NULL, "there is no '%s' tag whose values it could translate",
                          strrchr(tag_path, '.') + 1);
    }
}

static void read_machine(ls_listen_draft *d, uint32_t machine, const machine_maps *maps) {
    const uint32_t station = ls_listen_station_of(d->r, machine);
    for (int means = 0; means < LS_MEANS_MACHINE_COUNT; means++) {
        const ls_yaml *value = choose(d->r, maps, keys[means], NULL);
        ls_binding b = {.means = (ls_meaning)means, .of = machine};
        const char *tag = ls_listen_is_none(value) ? NULL : tag_of(d, b.means, value, station, &b);
        if (tag != NULL && strcmp(tag, "none") != 0) {
            translate(d, maps, station, &b);
            (void)ls_listen_bind(d, value, tag, machine, station, b);
        }
    }
    check_pair(d, maps, keys[LS_MEANS_STATE], "listen.machines.any.states");
    check_pair(d, maps, keys[LS_MEANS_REASON], "listen.machines.any.reasons");
}

// --- all of them

// Each machine's own map by its number.
static const ls_yaml **own_maps(ls_listen_draft *d, const ls_yaml *map) {
    ls_reader *r = d->r;
    const ls_yaml **own = ls_arena_alloc(&r->form.scratch,
                                         ((size_t)r->machines.count + 1) * sizeof *own);
    if (own == NULL) {
        r->form.out_of_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < map->count; i++) {
        const ls_yaml *key = &map->keys[i];
        const uint32_t machine = strcmp(key->text, "any") == 0 ? LS_NONE
                                                               : ls_listen_machine(d, key);
        if (machine == LS_NONE || map->items[i].kind != LS_YAML_MAP) {
            continue;
        }
        if (own[machine] != NULL && own[machine] != &map->items[i] &&
            strcmp(key->text, LS_ROW(ls_machine, r->machines, machine)->name) != 0) {
            ls_reader_mistake(r, key, NULL, "machine '%s' is named twice", key->text);
        }
        own[machine] = own[machine] == NULL ? &map->items[i] : own[machine];
    }
    return own;
}

// The emulated line's, with Sparkplug and nothing said.
static void bind_default(ls_listen_draft *d, const ls_source *source) {
    static const char *const metrics[LS_MEANS_MACHINE_COUNT] = {
        "State", "Lots", "Step", "Product", "Setup", "Reason", "Good", "Bad"};
    const ls_yaml at = {.line = source->line, .column = source->column};
    const char *node = source->node_count > 0 ? source->nodes[0] : "line";
    for (uint32_t m = 0; m < d->r->machines.count && !d->r->form.out_of_memory; m++) {
        for (int means = 0; means < LS_MEANS_MACHINE_COUNT; means++) {
            if (means == LS_MEANS_PRODUCT) {
                continue;  // lots have names there, and a lot has one product
            }
            const char *tag = ls_reader_format(d->r, "%s/%s/{machine}/%s", source->group, node,
                                               metrics[means]);
            ls_binding b = {.means = (ls_meaning)means, .of = m};
            if (means == LS_MEANS_GOOD || means == LS_MEANS_BAD) {
                b.wraps = 65535;
            }
            (void)ls_listen_bind(d, &at, tag, m, ls_listen_station_of(d->r, m), b);
        }
    }
}

const ls_source *ls_listen_default_source(ls_listen_draft *d) {
    if (ls_take(d->r, d->node, "listen.machines") != NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < d->sources.count; i++) {
        const ls_source *s = LS_ROW(ls_source, d->sources, i);
        if (s->kind == LS_SOURCE_SPARKPLUG) {
            return s;
        }
    }
    return NULL;
}

void ls_listen_read_machines(ls_listen_draft *d) {
    const ls_yaml *map = ls_take_map(d->r, d->node, "listen.machines");
    const ls_source *source = ls_listen_default_source(d);
    if (source != NULL) {
        bind_default(d, source);
    }
    const ls_yaml **own = map == NULL ? NULL : own_maps(d, map);
    if (own == NULL) {
        return;
    }
    machine_maps maps = {.any = ls_take_map(d->r, map, "listen.machines.any")};
    maps.any_states = read_states(d->r, ls_take_map(d->r, maps.any, "listen.machines.any.states"));
    check_any_reasons(d->r, ls_take_map(d->r, maps.any, "listen.machines.any.reasons"));
    // A mistake in `any` is one mistake, not one for each machine.
    const size_t before = d->r->form.error_count;
    for (uint32_t m = 0; m < d->r->machines.count && !d->r->form.out_of_memory; m++) {
        maps.own = own[m];
        if (d->r->form.error_count == before || own[m] != NULL) {
            read_machine(d, m, &maps);
        }
    }
}
