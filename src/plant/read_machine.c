// read_machine.c - what single machines say about products and steps: `only`, `process`, `setup`.
#include <assert.h>
#include <string.h>

#include "plant/reader.h"

// `product` or `product.step` resolved: *out_step is LS_NONE for a product. False after a mistake.
static bool find_target(ls_reader *r, const ls_yaml *at, uint32_t *out_product,
                        uint32_t *out_step) {
    const char *dot = strchr(at->text, '.');
    ls_yaml part = *at;
    *out_step = LS_NONE;
    if (dot != NULL) {
        part.text = ls_reader_format(r, "%.*s", (int)(dot - at->text), at->text);
    }
    *out_product = ls_reader_find(r, &part, &r->product_names, 0, "product", &r->products,
                                  offsetof(ls_product, name));
    if (*out_product == LS_NONE || dot == NULL) {
        return *out_product != LS_NONE;
    }
    part.text = dot + 1;
    *out_step = ls_read_step_name(r, *out_product, &part);
    return *out_step != LS_NONE;
}

static bool is_meant(const ls_step *steps, uint32_t step, uint32_t product, uint32_t only_step) {
    return only_step == LS_NONE ? steps[step].product == product : step == only_step;
}

static void not_here(ls_reader *r, const ls_yaml *at, uint32_t station) {
    ls_reader_mistake(r, at, NULL, "'%s' has no step at station '%s'", at->text,
                      LS_ROW(ls_station, r->stations, station)->name);
}

static void read_only(ls_reader *r, const ls_machine_draft *draft, ls_machine *machine,
                      const uint32_t *here, uint32_t here_count) {
    const ls_yaml *value = ls_take(r, draft->node, "stations.*.machines.*.only");
    const ls_step *steps = r->steps.items;
    machine->only_at = r->indexes.count;
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *item = ls_yaml_nth(value, i);
        uint32_t product = 0;
        uint32_t step = 0;
        if (!ls_yaml_is_text(item) || !find_target(r, item, &product, &step)) {
            continue;
        }
        uint32_t found = 0;
        for (uint32_t k = 0; k < here_count; k++) {
            if (is_meant(steps, here[k], product, step)) {
                found++;
                ls_reader_index(r, here[k]);
            }
        }
        if (found == 0) {
            not_here(r, item, draft->station);
        }
    }
    machine->only_count = r->indexes.count - machine->only_at;
}

// What each machine (row) of the station says for each step of the station (column).
typedef struct process_grid {
    ls_dist_index *own;  // machine_count x here_count
    const ls_station *station;
    const uint32_t *here;
    uint32_t here_count;
} process_grid;

static void read_process_map(ls_reader *r, const ls_yaml *map, uint32_t station, process_grid *grid,
                             uint32_t machine, bool steps_only) {
    const ls_step *steps = r->steps.items;
    for (size_t i = 0; i < map->count; i++) {
        uint32_t product = 0;
        uint32_t step = 0;
        const bool names_step = strchr(map->keys[i].text, '.') != NULL;
        if (!ls_yaml_is_text(&map->items[i]) || names_step != steps_only ||
            !find_target(r, &map->keys[i], &product, &step)) {
            continue;
        }
        const ls_dist_index dist = ls_read_dist(r, &map->items[i]);
        uint32_t found = 0;
        for (uint32_t k = 0; k < grid->here_count; k++) {
            if (is_meant(steps, grid->here[k], product, step)) {
                grid->own[(size_t)machine * grid->here_count + k] = dist;
                found++;
            }
        }
        if (found == 0) {
            not_here(r, &map->keys[i], station);
        }
    }
}

static void read_own_process(ls_reader *r, uint32_t station, process_grid *grid, uint32_t machine) {
    const ls_machine_draft *draft = LS_ROW(ls_machine_draft, r->machine_drafts,
                                           grid->station->machine_at + machine);
    const ls_yaml *value = ls_take(r, draft->node, "stations.*.machines.*.process");
    ls_dist_index all = LS_NONE;
    if (ls_yaml_is_text(value)) {
        all = ls_read_dist(r, value);
    }
    for (uint32_t k = 0; k < grid->here_count; k++) {
        const ls_step *step = LS_ROW(ls_step, r->steps, grid->here[k]);
        grid->own[(size_t)machine * grid->here_count + k] = all != LS_NONE ? all : step->process;
    }
    if (value != NULL && value->kind == LS_YAML_MAP) {
        read_process_map(r, value, station, grid, machine, false);
        read_process_map(r, value, station, grid, machine, true);
    }
}

static void keep_grid(ls_reader *r, const process_grid *grid, bool complain) {
    for (uint32_t k = 0; k < grid->here_count && !r->form.out_of_memory; k++) {
        const uint32_t at = r->indexes.count;
        for (uint32_t m = 0; m < grid->station->machine_count; m++) {
            const ls_dist_index dist = grid->own[(size_t)m * grid->here_count + k];
            const ls_step *step = LS_ROW(ls_step, r->steps, grid->here[k]);
            if (dist == LS_NONE && complain) {
                const ls_yaml place = {.line = step->place.line, .column = step->place.column};
                ls_reader_mistake(
                    r, &place, "write 'process: 62 s' at the step, the station or the machine",
                    "no process time for step '%s' of product '%s' on machine '%s'", step->name,
                    LS_ROW(ls_product, r->products, step->product)->name,
                    LS_ROW(ls_machine, r->machines, grid->station->machine_at + m)->name);
            }
            ls_reader_index(r, dist);
        }
        if (!r->form.out_of_memory) {
            LS_ROW(ls_step, r->steps, grid->here[k])->machine_process_at = at;
        }
    }
}

static void read_station(ls_reader *r, uint32_t station, const uint32_t *here,
                         uint32_t here_count) {
    const ls_station s = *LS_ROW(ls_station, r->stations, station);
    for (uint32_t m = 0; m < s.machine_count; m++) {
        const ls_machine_draft *draft = LS_ROW(ls_machine_draft, r->machine_drafts,
                                               s.machine_at + m);
        ls_machine machine = *LS_ROW(ls_machine, r->machines, s.machine_at + m);
        if (draft->node == NULL) {
            continue;
        }
        ls_take_number(r, draft->node, "stations.*.machines.*.speed", &machine.speed);
        read_only(r, draft, &machine, here, here_count);
        *LS_ROW(ls_machine, r->machines, s.machine_at + m) = machine;
    }
    if (!LS_ROW(ls_station_draft, r->station_drafts, station)->process_varies || here_count == 0) {
        return;
    }
    process_grid grid = {.station = &s, .here = here, .here_count = here_count};
    grid.own = ls_arena_alloc(&r->form.scratch,
                              (size_t)s.machine_count * here_count * sizeof *grid.own);
    if (grid.own == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    const size_t before = r->form.error_count;
    for (uint32_t m = 0; m < s.machine_count; m++) {
        read_own_process(r, station, &grid, m);
    }
    keep_grid(r, &grid, r->form.error_count == before);
}

void ls_read_machines(ls_reader *r, const uint32_t *here, const uint32_t *at) {
    for (uint32_t s = 0; s < r->stations.count && !r->form.out_of_memory; s++) {
        read_station(r, s, here + at[s], at[s + 1] - at[s]);
    }
}
