// twin.c - the compiled plant as a handle.
#include "twin/twin.h"

#include <string.h>

#include "twin/compile.h"

static const char *copy_name(ls_twin *twin, const char *name) {
    return ls_arena_text(&twin->arena, name, strlen(name));
}

static bool copy_names(ls_twin *twin, const ls_plant *plant) {
    twin->stations = ls_arena_alloc(&twin->arena, plant->station_count * sizeof(char *) + 1);
    twin->classes = ls_arena_alloc(&twin->arena, plant->release_count * sizeof(char *) + 1);
    twin->machines = ls_arena_alloc(&twin->arena, plant->machine_count * sizeof(char *) + 1);
    twin->steps = ls_arena_alloc(&twin->arena, plant->step_count * sizeof(char *) + 1);
    twin->name = copy_name(twin, plant->name);
    if (twin->stations == NULL || twin->classes == NULL || twin->machines == NULL ||
        twin->steps == NULL || twin->name == NULL) {
        return false;
    }
    bool ok = true;
    for (uint32_t i = 0; i < plant->station_count; i++) {
        ok = (twin->stations[i] = copy_name(twin, plant->stations[i].name)) != NULL && ok;
    }
    for (uint32_t i = 0; i < plant->release_count; i++) {
        ok = (twin->classes[i] = copy_name(twin, plant->releases[i].name)) != NULL && ok;
    }
    for (uint32_t i = 0; i < plant->machine_count; i++) {
        ok = (twin->machines[i] = copy_name(twin, plant->machines[i].name)) != NULL && ok;
    }
    for (uint32_t i = 0; i < plant->step_count; i++) {
        ok = (twin->steps[i] = copy_name(twin, plant->steps[i].name)) != NULL && ok;
    }
    return ok;
}

ls_status ls_twin_create(const ls_plant *plant, ls_twin **out, ls_error *err) {
    *out = NULL;
    ls_twin *twin = ls_alloc(sizeof *twin);
    if (twin == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_arena_init(&twin->arena);
    twin->kernel = ls_kernel_best();
    twin->run_for_us = plant->run_for_us;
    twin->run_warmup_us = plant->run_warmup_us;
    twin->run_reps = plant->run_reps;
    twin->run_seed = plant->run_seed;
    twin->products = plant->product_count;
    ls_status status = ls_model_compile(plant, &twin->model, err);
    if (status == LS_OK && !copy_names(twin, plant)) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (status != LS_OK) {
        ls_twin_destroy(twin);
        return status;
    }
    *out = twin;
    return LS_OK;
}

void ls_twin_destroy(ls_twin *twin) {
    if (twin != NULL) {
        ls_free(twin->model);
        ls_arena_clear(&twin->arena);
        ls_free(twin);
    }
}

ls_twin_info ls_twin_describe(const ls_twin *twin) {
    const ls_model *m = twin->model;
    ls_twin_info info;
    memset(&info, 0, sizeof info);
    info.name = twin->name;
    info.model_hash = m->hash;
    info.model_bytes = m->size;
    info.state_bytes = m->state_size;
    info.stations = m->stations;
    info.machines = m->machines;
    info.products = twin->products;
    info.steps = m->steps;
    info.classes = m->releases;
    info.sources = m->sources;
    info.lots_limit = m->lots;
    info.bytes_per_lot = (uint32_t)(sizeof(ls_lot) + m->memory_slots * sizeof(ls_u16) +
                                    m->deadline_slots * sizeof(ls_i64));
    if (m->dynamic != 0) {
        info.bytes_per_lot += (uint32_t)(sizeof(ls_lot_event) + sizeof(ls_heap_item));
    }
    info.horizon_us = m->horizon - 1;
    info.run_for_us = twin->run_for_us;
    info.run_warmup_us = twin->run_warmup_us;
    info.run_reps = twin->run_reps;
    info.run_seed = twin->run_seed;
    info.kernel = twin->kernel->name;
    return info;
}

const char *ls_twin_station_name(const ls_twin *twin, uint32_t station) {
    return station < twin->model->stations ? twin->stations[station] : NULL;
}

const char *ls_twin_class_name(const ls_twin *twin, uint32_t release_class) {
    return release_class < twin->model->releases ? twin->classes[release_class] : NULL;
}
