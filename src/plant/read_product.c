// read_product.c - products and the structure of their routes: which steps there are, where, in
// what order.
#include <assert.h>
#include <string.h>

#include "plant/reader.h"

static const char *const done_word = "done";

uint32_t ls_read_step_name(ls_reader *r, uint32_t product, const ls_yaml *at) {
    const uint32_t found = ls_names_find(&r->step_names, product, at->text);
    if (found != LS_NONE) {
        return found;
    }
    const ls_product *p = LS_ROW(ls_product, r->products, product);
    ls_rows steps = r->steps;  // those of this product only
    steps.items = p->step_count == 0 ? NULL : LS_ROW(ls_step, r->steps, p->step_at);
    steps.count = p->step_count;
    ls_reader_mistake(r, at, ls_reader_nearest_row(r, at->text, &steps, offsetof(ls_step, name)),
                      "unknown step '%s' of product '%s'", at->text, p->name);
    return LS_NONE;
}

// The station of a route entry; LS_NONE after a mistake.
static uint32_t station_of(ls_reader *r, const ls_yaml *entry) {
    const ls_yaml *at = entry;
    if (entry->kind == LS_YAML_MAP) {
        at = ls_take(r, entry, "products.*.route.at");
        if (at == NULL && ls_yaml_find(entry, "at") == NULL) {
            ls_reader_mistake(r, entry, "name the station: {at: STATION, ...}",
                              "a step without 'at'");
        }
    }
    if (!ls_yaml_is_text(at)) {
        return LS_NONE;
    }
    return ls_reader_find(r, at, &r->station_names, 0, "station", &r->stations,
                          offsetof(ls_station, name));
}

static void add_step(ls_reader *r, uint32_t product, const ls_yaml *entry, uint32_t number) {
    const uint32_t station = station_of(r, entry);
    if (station == LS_NONE) {
        return;
    }
    uint32_t index = 0;
    ls_step step = {.place = {entry->line, entry->column},
                    .product = product,
                    .number = number,
                    .station = station,
                    .next = LS_NONE};
    *(ls_step *)ls_rows_push(r, &r->steps, &index) = step;
    *(ls_step_draft *)ls_rows_push(r, &r->step_drafts, NULL) = (ls_step_draft){.node = entry};
}

static void refuse_beside_any(ls_reader *r, const ls_yaml *entry) {
    for (size_t i = 0; i < entry->count; i++) {
        const ls_yaml *key = &entry->keys[i];
        if (strcmp(key->text, "any") != 0 && strcmp(key->text, "choose") != 0 &&
            strcmp(key->text, "sample") != 0) {
            ls_reader_mistake(r, key, "put it into each of the alternatives",
                              "'%s' cannot stand beside 'any'", key->text);
        }
    }
}

static void add_alternatives(ls_reader *r, uint32_t product, const ls_yaml *entry,
                             uint32_t number) {
    static const ls_choice choice_word[] = {LS_CHOOSE_FIRST, LS_CHOOSE_SHORTEST, LS_CHOOSE_RANDOM};
    const ls_yaml *any = ls_take(r, entry, "products.*.route.any");
    const uint32_t first = r->steps.count;
    int choice = 0;
    refuse_beside_any(r, entry);
    ls_take_choice(r, entry, "products.*.route.choose", &choice);
    for (uint32_t i = 0; i < ls_yaml_many(any); i++) {
        add_step(r, product, ls_yaml_nth(any, i), number);
    }
    if (r->form.out_of_memory || r->steps.count == first) {
        return;
    }
    LS_ROW(ls_step, r->steps, first)->alternative_count = r->steps.count - first - 1;
    LS_ROW(ls_step_draft, r->step_drafts, first)->group = entry;
    for (uint32_t i = first; i < r->steps.count; i++) {
        LS_ROW(ls_step, r->steps, i)->choice = choice_word[choice];
    }
}

static void add_route(ls_reader *r, uint32_t product, const ls_yaml *route) {
    for (uint32_t i = 0; i < ls_yaml_many(route) && !r->form.out_of_memory; i++) {
        const ls_yaml *entry = ls_yaml_nth(route, i);
        if (entry->kind == LS_YAML_MAP && ls_yaml_find(entry, "any") != NULL) {
            add_alternatives(r, product, entry, i);
            continue;
        }
        if (entry->kind == LS_YAML_MAP && ls_yaml_find(entry, "choose") != NULL) {
            ls_reader_mistake(r, entry, NULL, "'choose' is for alternatives: it needs 'any'");
        }
        add_step(r, product, entry, i);
    }
}

// Names that people give come first, so that a name we make avoids them.
static void name_given(ls_reader *r, uint32_t product, uint32_t index) {
    const ls_yaml *node = LS_ROW(ls_step_draft, r->step_drafts, index)->node;
    const ls_yaml *given = ls_take(r, node, "products.*.route.name");
    if (!ls_yaml_is_text(given)) {
        return;
    }
    if (strcmp(given->text, done_word) == 0) {
        ls_reader_mistake(r, given, "'done' is the end of the route",
                          "a step cannot be named 'done'");
    }
    LS_ROW(ls_step, r->steps, index)->name = ls_reader_text(r, given->text);
    const uint32_t old = ls_names_add(&r->step_names, product, given->text, index);
    if (old != LS_NONE) {
        ls_reader_mistake(r, given, NULL,
                          "product '%s' has two steps named '%s', the other at line %d",
                          LS_ROW(ls_product, r->products, product)->name, given->text,
                          LS_ROW(ls_step, r->steps, old)->place.line);
    }
}

static void name_made(ls_reader *r, uint32_t product, uint32_t index) {
    ls_step *step = LS_ROW(ls_step, r->steps, index);
    if (step->name != NULL || r->form.out_of_memory) {
        return;
    }
    const char *station = LS_ROW(ls_station, r->stations, step->station)->name;
    // The count of visits is kept at the station, so that a long route costs no search.
    ls_station_draft *draft = LS_ROW(ls_station_draft, r->station_drafts, step->station);
    if (draft->visitor != product + 1) {
        draft->visitor = product + 1;
        draft->visits = 0;
    }
    uint32_t visit = draft->visits + 1;
    const char *name = station;
    for (;; visit++) {
        name = visit == 1 ? station : ls_reader_format(r, "%s-%u", station, visit);
        if (r->form.out_of_memory || (ls_names_find(&r->step_names, product, name) == LS_NONE &&
                                      strcmp(name, done_word) != 0)) {
            break;
        }
    }
    draft->visits = visit;
    step->name = ls_reader_text(r, name);
    (void)ls_names_add(&r->step_names, product, step->name, index);
}

static void name_steps(ls_reader *r, uint32_t product) {
    const ls_product *p = LS_ROW(ls_product, r->products, product);
    for (uint32_t i = 0; i < p->step_count; i++) {
        name_given(r, product, p->step_at + i);
    }
    for (uint32_t i = 0; i < p->step_count; i++) {
        name_made(r, product, p->step_at + i);
    }
}

static void link_steps(ls_reader *r, uint32_t product) {
    const ls_product *p = LS_ROW(ls_product, r->products, product);
    uint32_t next = LS_NONE;
    uint32_t first = LS_NONE;  // of the position being walked, from the end
    for (uint32_t i = p->step_count; i-- > 0;) {
        ls_step *step = LS_ROW(ls_step, r->steps, p->step_at + i);
        if (first != LS_NONE && LS_ROW(ls_step, r->steps, first)->number != step->number) {
            next = first;
        }
        step->next = next;
        first = p->step_at + i;
    }
}

static void read_product(ls_reader *r, const ls_yaml *key, const ls_yaml *node) {
    if (ls_names_add(&r->product_names, 0, key->text, r->products.count) != LS_NONE) {
        return;
    }
    uint32_t index = 0;
    const ls_product start = {.name = ls_reader_text(r, key->text),
                              .place = {key->line, key->column},
                              .parts = 1,
                              .due = LS_NONE,
                              .step_at = r->steps.count};
    *(ls_product *)ls_rows_push(r, &r->products, &index) = start;
    if (r->form.out_of_memory) {
        return;
    }
    ls_take_u32(r, node, "products.*.lot", &LS_ROW(ls_product, r->products, index)->parts);
    add_route(r, index, ls_take(r, node, "products.*.route"));
    if (r->form.out_of_memory) {
        return;
    }
    LS_ROW(ls_product, r->products, index)->step_count = r->steps.count - start.step_at;
    name_steps(r, index);
    link_steps(r, index);
}

void ls_read_products(ls_reader *r) {
    const ls_yaml *map = ls_take_map(r, r->form.root, "products");
    if (map != NULL && map->kind == LS_YAML_MAP && map->count == 0) {
        ls_reader_mistake(r, map, NULL, "the plant has no product");
    }
    for (size_t i = 0; map != NULL && i < map->count && !r->form.out_of_memory; i++) {
        read_product(r, &map->keys[i], &map->items[i]);
    }
    ls_read_steps(r);
}
