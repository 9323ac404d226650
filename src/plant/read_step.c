// read_step.c - what each step of a route says, defaults of its station filled in.
#include <assert.h>
#include <string.h>

#include "plant/reader.h"

// False when nothing says how long the step takes.
static bool read_process(ls_reader *r, const ls_yaml *node, const ls_station_draft *station,
                         ls_step *step) {
    const char *product = LS_ROW(ls_product, r->products, step->product)->name;
    step->process = LS_NONE;
    step->machine_process_at = LS_NONE;
    const ls_yaml *own = ls_take(r, node, "products.*.route.process");
    if (own != NULL) {
        ls_take_dist(r, node, "products.*.route.process", &step->process);
        return true;
    }
    const ls_yaml *by_product = station->process != NULL ? ls_yaml_find(station->process, product)
                                                         : NULL;
    if (ls_yaml_is_text(by_product)) {
        step->process = ls_read_dist(r, by_product);
    } else if (by_product == NULL) {
        step->process = station->process_all;
    }
    return by_product != NULL || ls_yaml_is_text(station->process) || station->process_varies;
}

static void read_times(ls_reader *r, const ls_yaml *node, const ls_station_draft *station,
                       ls_step *step) {
    // A machine that takes several lots at once takes one time for all of them, unless told
    // otherwise.
    const bool is_batch = LS_ROW(ls_station, r->stations, step->station)->batch;
    int per = station->has_per ? (int)station->per : (is_batch ? LS_PER_BATCH : LS_PER_LOT);
    ls_take_choice(r, node, "products.*.route.per", &per);
    step->per = (ls_per)per;
    step->cascade_us = station->cascade_us;
    step->load_us = station->load_us;
    step->unload_us = station->unload_us;
    ls_take_time(r, node, "products.*.route.cascade", &step->cascade_us);
    ls_take_time(r, node, "products.*.route.load", &step->load_us);
    ls_take_time(r, node, "products.*.route.unload", &step->unload_us);
    step->setup_time = LS_NONE;
    ls_take_dist(r, node, "products.*.route.setup-time", &step->setup_time);
}

static void read_batch(ls_reader *r, const ls_yaml *node, const ls_station_draft *station,
                       ls_step *step) {
    ls_batch_limits limits = station->batch;
    const ls_yaml *batch = ls_take(r, node, "products.*.route.batch");
    if (batch != NULL && batch->kind == LS_YAML_MAP) {
        LS_ROW(ls_station, r->stations, step->station)->batch = true;
        ls_read_batch_limits(r, batch, true, &limits);
    }
    step->batch_min = limits.min;
    step->batch_max = limits.max;
    step->batch_wait_us = limits.wait_us;
    step->batch_most = limits.most;
}

static void add_family(ls_reader *r, ls_step *step, const char *key) {
    ls_station_draft *station = LS_ROW(ls_station_draft, r->station_drafts, step->station);
    const uint32_t old = ls_names_add(&r->families, step->station, key, station->family_count);
    ls_reader_index(r, old == LS_NONE ? station->family_count : old);
    station->family_count += old == LS_NONE ? 1 : 0;
}

// `a` or `[a, b]`, as it is written again.
static const char *recipe_text(ls_reader *r, const ls_yaml *recipe) {
    ls_buffer text;
    ls_buffer_init(&text);
    for (uint32_t i = 0; i < ls_yaml_many(recipe); i++) {
        const ls_yaml *item = ls_yaml_nth(recipe, i);
        ls_buffer_printf(&text, "%s\"%s\"", i == 0 ? "[" : ", ",
                         ls_yaml_is_text(item) ? item->text : "");
    }
    ls_buffer_text(&text, "]");
    r->form.out_of_memory = r->form.out_of_memory || text.failed;
    const char *copy = ls_reader_text(r, text.data != NULL ? text.data : "");
    ls_buffer_clear(&text);
    return copy;
}

static void read_families(ls_reader *r, const ls_yaml *node, ls_batch_by by, ls_step *step) {
    const char *product = LS_ROW(ls_product, r->products, step->product)->name;
    const ls_yaml *recipe = ls_take(r, node, "products.*.route.recipe");
    step->family_at = r->indexes.count;
    if (recipe != NULL && by != LS_BY_RECIPE) {
        ls_reader_mistake(r, recipe, "write 'batch: {by: recipe, ...}' at the station",
                          "'recipe' needs a station that batches by recipe, '%s' does not",
                          LS_ROW(ls_station, r->stations, step->station)->name);
    }
    switch (by) {
    case LS_BY_ANY: add_family(r, step, "any"); break;
    case LS_BY_PRODUCT: add_family(r, step, product); break;
    case LS_BY_STEP: add_family(r, step, ls_reader_format(r, "%s.%s", product, step->name)); break;
    case LS_BY_RECIPE:
        for (uint32_t i = 0; i < ls_yaml_many(recipe); i++) {
            const ls_yaml *item = ls_yaml_nth(recipe, i);
            if (ls_yaml_is_text(item)) {
                add_family(r, step, item->text);
            }
        }
        step->recipe = recipe != NULL ? recipe_text(r, recipe) : NULL;
        if (r->indexes.count == step->family_at) {
            add_family(r, step, ls_reader_format(r, "%s.%s", product, step->name));
        }
        break;
    }
    step->family_count = r->indexes.count - step->family_at;
}

static void read_chances(ls_reader *r, const ls_yaml *node, const ls_yaml *group, ls_step *step) {
    ls_take_share(r, group != NULL ? group : node, "products.*.route.sample", &step->sample);
    ls_take_share(r, node, "products.*.route.scrap", &step->scrap);
    step->rework_to = LS_NONE;
    const ls_yaml *rework = ls_take(r, node, "products.*.route.rework");
    const ls_yaml *to = ls_take(r, rework, "products.*.route.rework.to");
    if (!ls_yaml_is_text(to)) {
        return;
    }
    int choice = 0;
    ls_take_share(r, rework, "products.*.route.rework.chance", &step->rework);
    step->rework_to = ls_read_step_name(r, step->product, to);
    ls_take_u32(r, rework, "products.*.route.rework.limit", &step->rework_limit);
    ls_take_choice(r, rework, "products.*.route.rework.then", &choice);
    step->rework_scrap = choice == 1;
    ls_take_choice(r, rework, "products.*.route.rework.draw", &choice);
    step->rework_once = choice == 1;
}

// What the chances leave goes to the next step, which may have one already.
static void add_rest(ls_reader *r, const ls_step *step, double chance) {
    for (uint32_t i = step->branch_at; i < r->branches.count; i++) {
        ls_branch *branch = LS_ROW(ls_branch, r->branches, i);
        if (branch->step == step->next) {
            branch->chance += chance;
            return;
        }
    }
    *(ls_branch *)ls_rows_push(r, &r->branches, NULL) = (ls_branch){.chance = chance,
                                                                    .step = step->next};
}

static void read_branches(ls_reader *r, const ls_yaml *node, ls_step *step) {
    const ls_yaml *then = ls_take_map(r, node, "products.*.route.then");
    step->branch_at = r->branches.count;
    double sum = 0;
    for (size_t i = 0; then != NULL && i < then->count; i++) {
        const ls_yaml *key = &then->keys[i];
        ls_branch branch = {.step = LS_NONE};
        if (!ls_yaml_is_text(&then->items[i]) ||
            ls_units_share(then->items[i].text, &branch.chance, NULL) != LS_OK) {
            continue;
        }
        if (strcmp(key->text, "done") != 0) {
            branch.step = ls_read_step_name(r, step->product, key);
        }
        sum += branch.chance;
        *(ls_branch *)ls_rows_push(r, &r->branches, NULL) = branch;
    }
    if (sum > 1 + 1e-9) {
        ls_reader_mistake(r, then, "what is missing to 100 % goes to the next step",
                          "the chances of 'then' add up to %.6g %%", sum * 100);
    } else if (sum < 1 - 1e-9 && r->branches.count > step->branch_at) {
        add_rest(r, step, 1 - sum);
    }
    step->branch_count = r->branches.count - step->branch_at;
}

static void read_limits(ls_reader *r, const ls_yaml *node, ls_step *step) {
    const ls_yaml *value = ls_take(r, node, "products.*.route.start-by");
    step->limit_at = r->queue_limits.count;
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *item = ls_yaml_nth(value, i);
        const ls_yaml *to = ls_take(r, item, "products.*.route.start-by.step");
        ls_queue_limit limit = {.limit_us = LS_FOREVER};
        if (!ls_yaml_is_text(to) ||
            !ls_take_time(r, item, "products.*.route.start-by.limit", &limit.limit_us)) {
            continue;
        }
        limit.to = ls_read_step_name(r, step->product, to);
        if (limit.to != LS_NONE) {
            *(ls_queue_limit *)ls_rows_push(r, &r->queue_limits, NULL) = limit;
        }
    }
    step->limit_count = r->queue_limits.count - step->limit_at;
}

static uint32_t read_other_step(ls_reader *r, const ls_yaml *node, const char *path,
                                const ls_step *step, uint32_t self) {
    const ls_yaml *value = ls_take(r, node, path);
    if (!ls_yaml_is_text(value)) {
        return LS_NONE;
    }
    const uint32_t other = ls_read_step_name(r, step->product, value);
    if (other == LS_NONE) {
        return LS_NONE;
    }
    if (other == self) {
        ls_reader_mistake(r, value, NULL, "step '%s' is told to look at itself", step->name);
        return LS_NONE;
    }
    const ls_step *target = LS_ROW(ls_step, r->steps, other);
    if (target->station != step->station) {
        ls_reader_mistake(r, value, "only steps at the same station share machines",
                          "step '%s' is at station '%s', step '%s' at station '%s'", step->name,
                          LS_ROW(ls_station, r->stations, step->station)->name, target->name,
                          LS_ROW(ls_station, r->stations, target->station)->name);
        return LS_NONE;
    }
    return other;
}

static void read_step(ls_reader *r, uint32_t index) {
    const ls_yaml *node = LS_ROW(ls_step_draft, r->step_drafts, index)->node;
    ls_step step = *LS_ROW(ls_step, r->steps, index);
    const ls_station_draft *station = LS_ROW(ls_station_draft, r->station_drafts, step.station);
    if (!read_process(r, node, station, &step)) {
        const ls_yaml at = {.line = step.place.line, .column = step.place.column};
        ls_reader_mistake(r, &at, "write 'process: 62 s' at the step or the station",
                          "no process time for step '%s' of product '%s' at station '%s'",
                          step.name, LS_ROW(ls_product, r->products, step.product)->name,
                          LS_ROW(ls_station, r->stations, step.station)->name);
    }
    read_batch(r, node, station, &step);
    read_times(r, node, station, &step);
    read_families(r, node, station->batch_by, &step);
    read_chances(r, node, LS_ROW(ls_step_draft, r->step_drafts, index)->group, &step);
    read_branches(r, node, &step);
    read_limits(r, node, &step);
    step.same_as = read_other_step(r, node, "products.*.route.same-machine-as", &step, index);
    step.other_than = read_other_step(r, node, "products.*.route.other-machine-than", &step, index);
    ls_read_on(r, step.station, ls_take(r, node, "products.*.route.on"), &step.on_at,
               &step.on_count);
    if (!r->form.out_of_memory) {
        *LS_ROW(ls_step, r->steps, index) = step;
    }
}

// A product in the map `process` of a station that is none.
static void check_process_names(ls_reader *r, const ls_yaml *process) {
    for (size_t i = 0; process != NULL && process->kind == LS_YAML_MAP && i < process->count; i++) {
        const ls_yaml *key = &process->keys[i];
        if (ls_reader_find(r, key, &r->product_names, 0, "product", &r->products,
                           offsetof(ls_product, name)) != LS_NONE &&
            ls_yaml_is_text(&process->items[i])) {
            (void)ls_read_dist(r, &process->items[i]);
        }
    }
}

void ls_read_steps(ls_reader *r) {
    for (uint32_t i = 0; i < r->station_drafts.count && !r->form.out_of_memory; i++) {
        check_process_names(r, LS_ROW(ls_station_draft, r->station_drafts, i)->process);
    }
    for (uint32_t i = 0; i < r->steps.count && !r->form.out_of_memory; i++) {
        read_step(r, i);
    }
}
