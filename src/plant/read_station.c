// read_station.c - stations and their machines, as far as no product is needed.
#include <assert.h>
#include <string.h>

#include "plant/reader.h"

static void add_machine(ls_reader *r, const char *name, const ls_yaml *key, const ls_yaml *node) {
    const uint32_t station = r->stations.count - 1;
    const ls_machine machine = {.name = name, .speed = 1, .setup_initial = LS_NONE};
    const ls_machine_draft draft = {.node = node, .station = station, .process_all = LS_NONE};
    const uint32_t old = ls_names_add(&r->machine_names, station, name, r->machines.count);
    if (old != LS_NONE) {
        if (key != NULL && node == NULL) {  // a key given twice has been reported
            ls_reader_mistake(r, key, NULL, "machine '%s' is named twice", name);
        }
        return;
    }
    *(ls_machine *)ls_rows_push(r, &r->machines, NULL) = machine;
    *(ls_machine_draft *)ls_rows_push(r, &r->machine_drafts, NULL) = draft;
}

static void read_counted(ls_reader *r, const ls_yaml *node, const char *station) {
    uint32_t count = 1;
    ls_take_u32(r, node, "stations.*.machines", &count);
    for (uint32_t i = 0; i < count && !r->form.out_of_memory; i++) {
        const char *name = count == 1 ? station : ls_reader_format(r, "%s-%u", station, i + 1);
        add_machine(r, count == 1 ? station : ls_reader_text(r, name), NULL, NULL);
    }
}

static void read_named(ls_reader *r, const ls_yaml *value) {
    for (size_t i = 0; i < value->count; i++) {
        const ls_yaml *item = &value->items[i];
        const ls_yaml *name = value->kind == LS_YAML_MAP ? &value->keys[i] : item;
        if (ls_yaml_is_text(name)) {
            add_machine(r, ls_reader_text(r, name->text), name,
                        value->kind == LS_YAML_MAP ? item : NULL);
        }
    }
}

static void read_machines(ls_reader *r, const ls_yaml *node, ls_station *s) {
    const ls_yaml *value = ls_take(r, node, "stations.*.machines");
    s->machine_at = r->machines.count;
    if (value != NULL && value->kind != LS_YAML_TEXT) {
        read_named(r, value);
        if (r->machines.count == s->machine_at && value->kind == LS_YAML_MAP) {
            ls_reader_mistake(r, value, NULL, "station '%s' has no machine", s->name);
        }
    } else {
        read_counted(r, node, s->name);
    }
    s->machine_count = r->machines.count - s->machine_at;
}

static bool does_process_vary(ls_reader *r, const ls_station *s) {
    for (uint32_t i = 0; i < s->machine_count && !r->form.out_of_memory; i++) {
        const ls_yaml *node = LS_ROW(ls_machine_draft, r->machine_drafts, s->machine_at + i)->node;
        if (ls_take(r, node, "stations.*.machines.*.process") != NULL) {
            return true;
        }
    }
    return false;
}

static void read_queue(ls_reader *r, const ls_yaml *node, ls_station *s) {
    const ls_yaml *value = ls_take(r, node, "stations.*.queue");
    s->places = -1;
    s->transit = LS_NONE;
    if (value != NULL && value->kind == LS_YAML_MAP) {
        ls_take_count(r, value, "stations.*.queue.places", &s->places);
        ls_take_dist(r, value, "stations.*.queue.transit", &s->transit);
        s->transit = ls_reader_drop_zero(r, s->transit);
    } else {
        ls_take_count(r, node, "stations.*.queue", &s->places);
    }
}

static void read_phases(const ls_yaml *value, ls_need *need) {
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *item = ls_yaml_nth(value, i);
        const char *word = ls_yaml_is_text(item) ? item->text : "";
        const bool is_all = strcmp(word, "all") == 0;
        need->setup = need->setup || is_all || strcmp(word, "setup") == 0;
        need->load = need->load || is_all || strcmp(word, "load") == 0;
        need->process = need->process || is_all || strcmp(word, "process") == 0;
        need->unload = need->unload || is_all || strcmp(word, "unload") == 0;
    }
    if (ls_yaml_many(value) == 0) {
        need->setup = need->load = need->process = need->unload = true;
    }
}

// One operator serves a phase; who needs two at once asks for a skill that means both.
static void refuse_overlap(ls_reader *r, const ls_yaml *at, const ls_station *s,
                           const ls_need *need) {
    for (uint32_t i = s->need_at; i < r->needs.count && !r->form.out_of_memory; i++) {
        const ls_need *other = LS_ROW(ls_need, r->needs, i);
        const char *phase = need->setup && other->setup       ? "setup"
                            : need->load && other->load       ? "load"
                            : need->process && other->process ? "process"
                            : need->unload && other->unload   ? "unload"
                                                              : NULL;
        if (phase != NULL) {
            ls_reader_mistake(r, at, "say for which phases each is needed: 'for: [setup, load]'",
                              "station '%s' asks for two operators in the phase '%s'", s->name,
                              phase);
            return;
        }
    }
}

static void read_needs(ls_reader *r, const ls_yaml *node, ls_station *s) {
    const ls_yaml *value = ls_take(r, node, "stations.*.operator");
    s->need_at = r->needs.count;
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *item = ls_yaml_nth(value, i);
        const ls_yaml *skill = ls_take(r, item, "stations.*.operator.skill");
        if (!ls_yaml_is_text(skill)) {
            continue;
        }
        ls_need need = {
            .skill = ls_reader_find(r, skill, &r->skill_names, 0, "skill", &r->skills, 0)};
        read_phases(ls_take(r, item, "stations.*.operator.for"), &need);
        if (!need.setup && !need.load && !need.process && !need.unload) {
            continue;  // its phases were refused
        }
        refuse_overlap(r, item, s, &need);
        *(ls_need *)ls_rows_push(r, &r->needs, NULL) = need;
    }
    s->need_count = r->needs.count - s->need_at;
}

static void read_choices(ls_reader *r, const ls_yaml *node, ls_station *s) {
    int choice = 0;
    ls_take_choice(r, node, "stations.*.blocking", &choice);
    s->blocking = (ls_blocking)choice;
    ls_take_choice(r, node, "stations.*.shift-end", &choice);
    s->shift_end = (ls_shift_end)choice;
    ls_take_choice(r, node, "stations.*.machine-choice", &choice);
    s->machine_choice = (ls_machine_choice)choice;
    ls_take_u32(r, node, "stations.*.ports", &s->ports);
    s->calendar = ls_read_calendar_name(r, node, "stations.*.calendar");
}

void ls_read_batch_limits(ls_reader *r, const ls_yaml *map, bool in_step, ls_batch_limits *limits) {
    static const char *const paths[2][4] = {
        {"stations.*.batch.min", "stations.*.batch.max", "stations.*.batch.wait",
         "stations.*.batch.most"},
        {"products.*.route.batch.min", "products.*.route.batch.max", "products.*.route.batch.wait",
         "products.*.route.batch.most"}};
    const char *const *path = paths[in_step ? 1 : 0];
    const ls_batch_limits station = *limits;
    const bool has_min = ls_take_u32(r, map, path[0], &limits->min);
    const bool has_max = ls_take_u32(r, map, path[1], &limits->max);
    const bool has_wait = ls_take_time(r, map, path[2], &limits->wait_us);
    const bool has_most = ls_take_u32(r, map, path[3], &limits->most);
    const ls_yaml *wait = ls_take(r, map, path[2]);
    if (!has_wait) {
        limits->wait_us = in_step && wait == NULL ? station.wait_us : LS_FOREVER;
    }
    if (in_step) {
        limits->min = has_min ? limits->min : station.min;
        limits->most = has_most ? limits->most : station.most;
        limits->max = has_max ? limits->max : station.max;
    }
    if (!has_max && (!in_step || limits->max < limits->min)) {
        limits->max = limits->min;
    }
    if (limits->max < limits->min) {
        ls_reader_mistake(r, ls_take(r, map, path[1]) != NULL ? ls_take(r, map, path[1]) : map,
                          NULL, "batch: max is %u, less than min, which is %u", limits->max,
                          limits->min);
        limits->max = limits->min;
    }
}

static void read_batch(ls_reader *r, const ls_yaml *node, ls_station *s, ls_station_draft *draft) {
    const ls_yaml *batch = ls_take(r, node, "stations.*.batch");
    draft->batch = (ls_batch_limits){.min = 1, .max = 1, .wait_us = LS_FOREVER};
    draft->batch_by = LS_BY_STEP;
    s->batch_by = LS_BY_STEP;
    if (batch == NULL || batch->kind != LS_YAML_MAP) {
        return;
    }
    s->batch = true;
    ls_read_batch_limits(r, batch, false, &draft->batch);
    int choice = 0;
    ls_take_choice(r, batch, "stations.*.batch.by", &choice);
    draft->batch_by = (ls_batch_by)choice;
    s->batch_by = draft->batch_by;
    ls_take_choice(r, batch, "stations.*.batch.prefer", &choice);
    s->batch_prefer = (ls_batch_prefer)choice;
    ls_take_choice(r, batch, "stations.*.batch.count", &choice);
    s->batch_parts = choice == 1;
}

static void read_process(ls_reader *r, const ls_yaml *node, ls_station_draft *draft) {
    int per = 0;
    draft->process_all = LS_NONE;
    draft->process = ls_take(r, node, "stations.*.process");
    if (ls_yaml_is_text(draft->process)) {
        draft->process_all = ls_read_dist(r, draft->process);
    }
    draft->has_per = ls_take_choice(r, node, "stations.*.per", &per);
    draft->per = (ls_per)per;
    ls_take_time(r, node, "stations.*.cascade", &draft->cascade_us);
    ls_take_time(r, node, "stations.*.load", &draft->load_us);
    ls_take_time(r, node, "stations.*.unload", &draft->unload_us);
}

static void read_rules(ls_reader *r, const ls_yaml *node, ls_station *s) {
    const ls_yaml *value = ls_take(r, node, "stations.*.dispatch");
    ls_read_dispatch(r, value, &s->criterion_at, &s->criterion_count);
    if (s->criterion_count == 0) {
        s->criterion_at = r->criterion_at;
        s->criterion_count = r->criterion_count;
    }
}

static void read_station(ls_reader *r, const ls_yaml *key, const ls_yaml *node) {
    if (ls_names_add(&r->station_names, 0, key->text, r->stations.count) != LS_NONE) {
        return;
    }
    uint32_t index = 0;
    const char *name = ls_reader_text(r, key->text);
    ls_station *row = ls_rows_push(r, &r->stations, &index);
    *row = (ls_station){.name = name, .place = {key->line, key->column}, .slowness = LS_NONE};
    ls_station s = *row;
    ls_station_draft draft = {.node = node};
    read_machines(r, node, &s);
    draft.process_varies = does_process_vary(r, &s);
    read_queue(r, node, &s);
    ls_take_text(r, node, "stations.*.area", &s.area_name);
    read_choices(r, node, &s);
    read_process(r, node, &draft);
    read_batch(r, node, &s, &draft);
    read_needs(r, node, &s);
    read_rules(r, node, &s);
    draft.setup = ls_take(r, node, "stations.*.setup");
    if (draft.setup != NULL && draft.setup->kind != LS_YAML_MAP) {
        draft.setup = NULL;
    }
    if (!r->form.out_of_memory) {
        *LS_ROW(ls_station, r->stations, index) = s;
        *(ls_station_draft *)ls_rows_push(r, &r->station_drafts, NULL) = draft;
        ls_read_failures(r, index, node);
        ls_read_slowness(r, index, node);
    }
}

void ls_read_stations(ls_reader *r) {
    const ls_yaml *dispatch = ls_take(r, r->form.root, "dispatch");
    ls_read_dispatch(r, dispatch, &r->criterion_at, &r->criterion_count);
    if (r->criterion_count == 0) {
        const ls_yaml fallback = {
            .kind = LS_YAML_TEXT,
            .text = ls_plant_schema.keys[ls_schema_find(&ls_plant_schema, "dispatch")].fallback};
        ls_read_dispatch(r, &fallback, &r->criterion_at, &r->criterion_count);
    }
    r->plant->dispatch_count = r->criteria.count;
    const ls_yaml *map = ls_take_map(r, r->form.root, "stations");
    if (map != NULL && map->kind == LS_YAML_MAP && map->count == 0) {
        ls_reader_mistake(r, map, NULL, "the plant has no station");
    }
    for (size_t i = 0; map != NULL && i < map->count && !r->form.out_of_memory; i++) {
        read_station(r, &map->keys[i], &map->items[i]);
    }
}
