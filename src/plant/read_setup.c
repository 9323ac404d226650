// read_setup.c - setup states of stations, and what it takes to change between them.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "plant/reader.h"

enum { MATRIX_MAX = 64 * 1024 * 1024 };

typedef enum pair_order { PAIR_FROM, PAIR_TO, PAIR_EXACT, PAIR_ORDERS } pair_order;

static uint32_t state_find(ls_reader *r, uint32_t station, const char *name) {
    return ls_names_find(&r->setup_states, station, name);
}

static uint32_t state_add(ls_reader *r, uint32_t station, const char *text) {
    const uint32_t old = state_find(r, station, text);
    if (old != LS_NONE || r->form.out_of_memory) {
        return old;
    }
    ls_station *s = LS_ROW(ls_station, r->stations, station);
    const char *name = ls_reader_text(r, text);
    const uint32_t index = s->setup_count++;
    (void)ls_names_add(&r->setup_states, station, name, index);
    *(const char **)ls_rows_push(r, &r->setup_names, NULL) = name;
    return index;
}

static bool is_pair_key(const char *text) {
    return strcmp(text, "product") != 0 && strcmp(text, "step") != 0 && strcmp(text, "both") != 0 &&
           strcmp(text, "initial") != 0 && strcmp(text, "min-run") != 0 &&
           strcmp(text, "without") != 0;
}

static bool is_any(const char *name) {
    return strcmp(name, "any") == 0;
}

static bool is_none(const char *name) {
    return strcmp(name, "none") == 0;
}

// The states that pairs name, in the order of the file.
static void add_pair_states(ls_reader *r, uint32_t station, const ls_yaml *setup) {
    for (size_t i = 0; i < setup->count; i++) {
        const ls_yaml *key = &setup->keys[i];
        const char *from = NULL;
        const char *to = NULL;
        if (!is_pair_key(key->text)) {
            continue;
        }
        if (!ls_split_pair(r, key->text, &from, &to)) {
            static const char *const names[] = {"product", "step",    "both",
                                                "initial", "min-run", "without"};
            const char *near = ls_text_nearest(key->text, names, 6);
            ls_reader_mistake(r, key,
                              near != NULL ? ls_reader_format(r, "did you mean '%s'?", near)
                                           : "write a change as 'g1 to g2: 12 min'",
                              "unknown key '%s' in setup", key->text);
            continue;
        }
        if (!is_any(from) && !is_none(from)) {
            (void)state_add(r, station, from);
        }
        if (!is_any(to)) {
            (void)state_add(r, station, to);
        }
        if (strcmp(from, to) == 0) {
            ls_reader_mistake(r, key, NULL, "'%s': staying in a state needs no setup", key->text);
        } else if (is_none(to)) {
            ls_reader_mistake(r, key, NULL, "'%s': no lot needs the state 'none'", key->text);
        }
    }
}

static ls_dist_index *matrix_cell(ls_reader *r, const ls_station *s, uint32_t row,
                                  uint32_t column) {
    return LS_ROW(ls_dist_index, r->setup_matrix,
                  s->matrix_at + (size_t)row * s->setup_count + column);
}

static bool add_matrix(ls_reader *r, const ls_yaml *at, ls_station *s) {
    const uint64_t cells = ((uint64_t)s->setup_count + 1) * s->setup_count;
    s->matrix_at = r->setup_matrix.count;
    if (cells + s->matrix_at > MATRIX_MAX) {
        ls_reader_mistake(r, at, "name setup states that several steps share",
                          "station '%s' has %u setup states, its table would be too large", s->name,
                          s->setup_count);
        return false;
    }
    for (uint64_t i = 0; i < cells && !r->form.out_of_memory; i++) {
        *(ls_dist_index *)ls_rows_push(r, &r->setup_matrix, NULL) = LS_NONE;
    }
    return !r->form.out_of_memory;
}

static pair_order order_of(const char *from, const char *to) {
    return is_any(to) ? PAIR_FROM : (is_any(from) ? PAIR_TO : PAIR_EXACT);
}

// Row 0 is "no state yet".
static void fill_pair(ls_reader *r, uint32_t station, const char *from, const char *to,
                      ls_dist_index dist) {
    const ls_station *s = LS_ROW(ls_station, r->stations, station);
    const uint32_t last = s->setup_count;
    const uint32_t row = is_any(from) || is_none(from) ? 0 : state_find(r, station, from) + 1;
    const uint32_t column = is_any(to) ? 0 : state_find(r, station, to);
    for (uint32_t i = row; i <= (is_any(from) ? last : row); i++) {
        for (uint32_t k = column; k < (is_any(to) ? last : column + 1); k++) {
            if (i != k + 1) {
                *matrix_cell(r, s, i, k) = dist;
            }
        }
    }
}

static void fill_pairs(ls_reader *r, uint32_t station, const ls_yaml *setup) {
    for (int order = PAIR_FROM; order < PAIR_ORDERS; order++) {
        for (size_t i = 0; i < setup->count; i++) {
            const char *from = NULL;
            const char *to = NULL;
            if (!is_pair_key(setup->keys[i].text) || !ls_yaml_is_text(&setup->items[i]) ||
                !ls_split_pair(r, setup->keys[i].text, &from, &to) ||
                order_of(from, to) != (pair_order)order) {
                continue;
            }
            const ls_dist_index dist = ls_read_dist(r, &setup->items[i]);
            if (dist != LS_NONE) {
                fill_pair(r, station, from, to, ls_reader_drop_zero(r, dist));
            }
        }
    }
}

// What a state of the table by kind of change is made of.
typedef struct kind_state {
    uint32_t product;
    const char *step;
} kind_state;

static double mean_of(ls_reader *r, ls_dist_index dist) {
    return dist == LS_NONE || r->form.out_of_memory
               ? 0
               : ls_dist_mean(LS_ROW(ls_dist, r->dists, dist), r->tables.items);
}

static void fill_kinds(ls_reader *r, uint32_t station, const ls_yaml *setup,
                       const kind_state *states) {
    const ls_station *s = LS_ROW(ls_station, r->stations, station);
    ls_dist_index product = LS_NONE;
    ls_dist_index step = LS_NONE;
    ls_dist_index both = LS_NONE;
    ls_take_dist(r, setup, "stations.*.setup.product", &product);
    ls_take_dist(r, setup, "stations.*.setup.step", &step);
    ls_take_dist(r, setup, "stations.*.setup.both", &both);
    if (ls_take(r, setup, "stations.*.setup.both") == NULL) {
        both = mean_of(r, product) > mean_of(r, step) ? product : step;
    }
    product = ls_reader_drop_zero(r, product);
    step = ls_reader_drop_zero(r, step);
    both = ls_reader_drop_zero(r, both);
    const ls_dist_index kinds[3] = {product, step, both};
    memcpy(LS_ROW(ls_station, r->stations, station)->setup_kinds, kinds, sizeof kinds);
    for (uint32_t from = 0; from < s->setup_count; from++) {
        for (uint32_t to = 0; to < s->setup_count; to++) {
            const bool other_product = states[from].product != states[to].product;
            const bool other_step = strcmp(states[from].step, states[to].step) != 0;
            const ls_dist_index dist = other_product ? (other_step ? both : product)
                                                     : (other_step ? step : LS_NONE);
            *matrix_cell(r, s, from + 1, to) = dist;
        }
    }
}

static bool is_by_kind(const ls_yaml *setup) {
    return ls_yaml_find(setup, "product") != NULL || ls_yaml_find(setup, "step") != NULL ||
           ls_yaml_find(setup, "both") != NULL;
}

static void refuse_pairs(ls_reader *r, const ls_yaml *setup) {
    for (size_t i = 0; i < setup->count; i++) {
        if (is_pair_key(setup->keys[i].text)) {
            ls_reader_mistake(r, &setup->keys[i], "use either pairs, or product, step and both",
                              "'%s' cannot stand beside setups by kind of change",
                              setup->keys[i].text);
        }
    }
}

// States of the steps at a station: by kind each (product, step name) is one; else the step's
// `setup`, or its product when a pair names that.
static void set_step_states(ls_reader *r, uint32_t station, bool by_kind, const uint32_t *here,
                            uint32_t count) {
    for (uint32_t i = 0; i < count && !r->form.out_of_memory; i++) {
        ls_step *step = LS_ROW(ls_step, r->steps, here[i]);
        const ls_yaml *node = LS_ROW(ls_step_draft, r->step_drafts, here[i])->node;
        const ls_yaml *own = ls_take(r, node, "products.*.route.setup");
        const char *product = LS_ROW(ls_product, r->products, step->product)->name;
        if (by_kind) {
            step->setup = state_add(r, station, ls_reader_format(r, "%s.%s", product, step->name));
            if (own != NULL) {
                ls_reader_mistake(r, own, "take it out",
                                  "setups of station '%s' are by kind of change: states are "
                                  "product and step name",
                                  LS_ROW(ls_station, r->stations, station)->name);
            }
        } else if (ls_yaml_is_text(own)) {
            step->setup = state_add(r, station, own->text);
        } else {
            step->setup = state_find(r, station, product);
        }
        if (!by_kind && step->setup_time != LS_NONE && step->setup == LS_NONE) {
            ls_reader_mistake(r, ls_take(r, node, "products.*.route.setup-time"),
                              "name the state with 'setup'",
                              "'setup-time' at a step that needs no setup state");
        }
    }
}

// Marks the state that `value` names, when it is one.
static void mark_state(ls_reader *r, uint32_t station, const ls_yaml *value, bool *known) {
    const uint32_t state = ls_yaml_is_text(value) ? state_find(r, station, value->text) : LS_NONE;
    if (state != LS_NONE) {
        known[state] = true;
    }
}

// Names in pairs that mean something here: products, states of the steps, states at time zero.
static bool *known_states(ls_reader *r, uint32_t station, const ls_yaml *setup,
                          const uint32_t *here, uint32_t count) {
    const ls_station *s = LS_ROW(ls_station, r->stations, station);
    bool *known = ls_arena_alloc(&r->form.scratch, ((size_t)s->setup_count + 1) * sizeof *known);
    if (known == NULL) {
        r->form.out_of_memory = true;
        return NULL;
    }
    for (uint32_t i = 0; i < s->setup_count; i++) {
        const char *name = *LS_ROW(const char *, r->setup_names, s->setup_at + i);
        known[i] = ls_names_find(&r->product_names, 0, name) != LS_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t state = LS_ROW(ls_step, r->steps, here[i])->setup;
        if (state != LS_NONE) {
            known[state] = true;
        }
    }
    mark_state(r, station, ls_take(r, setup, "stations.*.setup.initial"), known);
    for (uint32_t m = 0; m < s->machine_count; m++) {
        const ls_yaml *node = LS_ROW(ls_machine_draft, r->machine_drafts, s->machine_at + m)->node;
        mark_state(r, station, ls_take(r, node, "stations.*.machines.*.setup"), known);
    }
    return known;
}

// A pair with a mistyped name would be a setup that never happens.
static void refuse_unknown_states(ls_reader *r, uint32_t station, const ls_yaml *setup,
                                  const uint32_t *here, uint32_t count) {
    bool *known = known_states(r, station, setup, here, count);
    const ls_station *s = LS_ROW(ls_station, r->stations, station);
    const char **names = ls_arena_alloc(&r->form.scratch,
                                        ((size_t)s->setup_count + 1) * sizeof *names);
    size_t name_count = 0;
    if (known == NULL || names == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < s->setup_count; i++) {
        if (known[i]) {
            names[name_count++] = *LS_ROW(const char *, r->setup_names, s->setup_at + i);
        }
    }
    for (size_t i = 0; i < setup->count; i++) {
        const char *sides[2];
        if (!is_pair_key(setup->keys[i].text) ||
            !ls_split_pair(r, setup->keys[i].text, &sides[0], &sides[1])) {
            continue;
        }
        for (int k = 0; k < 2; k++) {
            const uint32_t state = state_find(r, station, sides[k]);
            if (state == LS_NONE || known[state] || is_none(sides[k])) {
                continue;
            }
            known[state] = true;  // each name is told once
            const char *near = ls_text_nearest(sides[k], names, name_count);
            ls_reader_mistake(r, &setup->keys[i],
                              near == NULL ? ls_reader_nearest_row(r, sides[k], &r->products,
                                                                   offsetof(ls_product, name))
                                           : ls_reader_format(r, "did you mean '%s'?", near),
                              "'%s' is no setup state of station '%s'", sides[k], s->name);
        }
    }
}

static uint32_t read_state(ls_reader *r, uint32_t station, const ls_yaml *value) {
    if (!ls_yaml_is_text(value)) {
        return LS_NONE;
    }
    const ls_station *s = LS_ROW(ls_station, r->stations, station);
    const uint32_t state = state_find(r, station, value->text);
    if (state == LS_NONE) {
        ls_reader_mistake(
            r, value,
            ls_reader_nearest(
                r, value->text,
                s->setup_count == 0 ? NULL : LS_ROW(const char *, r->setup_names, s->setup_at),
                s->setup_count),
            "unknown setup state '%s' of station '%s'", value->text, s->name);
    }
    return state;
}

static void read_initial(ls_reader *r, uint32_t station, const ls_yaml *setup) {
    const ls_station *s = LS_ROW(ls_station, r->stations, station);
    const uint32_t all = read_state(r, station, ls_take(r, setup, "stations.*.setup.initial"));
    for (uint32_t m = 0; m < s->machine_count; m++) {
        const ls_yaml *node = LS_ROW(ls_machine_draft, r->machine_drafts, s->machine_at + m)->node;
        const ls_yaml *own = ls_take(r, node, "stations.*.machines.*.setup");
        const uint32_t state = own != NULL ? read_state(r, station, own) : all;
        LS_ROW(ls_machine, r->machines, s->machine_at + m)->setup_initial = state;
    }
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// States are numbered in the order of their names, so that their numbers do not depend on how the
// file says them.
static void sort_states(ls_reader *r, uint32_t station, const uint32_t *here, uint32_t count) {
    const ls_station *s = LS_ROW(ls_station, r->stations, station);
    if (s->setup_count < 2) {
        return;
    }
    const char **names = LS_ROW(const char *, r->setup_names, s->setup_at);
    const char **old = ls_arena_alloc(&r->form.scratch, s->setup_count * sizeof *old);
    if (old == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    memcpy(old, names, s->setup_count * sizeof *old);
    qsort(names, s->setup_count, sizeof *names, compare_names);
    for (uint32_t i = 0; i < s->setup_count; i++) {
        ls_names_set(&r->setup_states, station, names[i], i);
    }
    for (uint32_t i = 0; i < count; i++) {
        ls_step *step = LS_ROW(ls_step, r->steps, here[i]);
        if (step->setup != LS_NONE) {
            step->setup = state_find(r, station, old[step->setup]);
        }
    }
}

static void read_station(ls_reader *r, uint32_t station, const uint32_t *here, uint32_t count) {
    const ls_yaml *setup = LS_ROW(ls_station_draft, r->station_drafts, station)->setup;
    ls_station *s = LS_ROW(ls_station, r->stations, station);
    const bool by_kind = is_by_kind(setup);
    int without = 0;
    s->setup_at = r->setup_names.count;
    s->setup_by_kind = by_kind;
    for (int i = 0; i < 3; i++) {
        s->setup_kinds[i] = LS_NONE;
    }
    ls_take_u32(r, setup, "stations.*.setup.min-run", &s->min_run);
    ls_take_choice(r, setup, "stations.*.setup.without", &without);
    s->setup_clears = without == 1;
    if (by_kind) {
        refuse_pairs(r, setup);
    } else if (setup != NULL) {
        add_pair_states(r, station, setup);
    }
    set_step_states(r, station, by_kind, here, count);
    if (!by_kind && setup != NULL && !r->form.out_of_memory) {
        refuse_unknown_states(r, station, setup, here, count);
    }
    if (!r->form.out_of_memory) {
        sort_states(r, station, here, count);
    }
    if (r->form.out_of_memory || !add_matrix(r, setup, s)) {
        return;
    }
    kind_state *states = ls_arena_alloc(&r->form.scratch,
                                        ((size_t)s->setup_count + 1) * sizeof *states);
    if (states == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < count && by_kind; i++) {
        const ls_step *step = LS_ROW(ls_step, r->steps, here[i]);
        states[step->setup] = (kind_state){.product = step->product, .step = step->name};
    }
    if (by_kind) {
        fill_kinds(r, station, setup, states);
    } else if (setup != NULL) {
        fill_pairs(r, station, setup);
    }
    read_initial(r, station, setup);
}

void ls_read_setups(ls_reader *r, const uint32_t *here, const uint32_t *at) {
    for (uint32_t s = 0; s < r->stations.count && !r->form.out_of_memory; s++) {
        read_station(r, s, here + at[s], at[s + 1] - at[s]);
    }
}
