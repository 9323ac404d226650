// plant.c - see plant.h.
#include "plant/plant.h"

#include <lineshaft/plant.h>

#include <assert.h>

static double process_mean_us(const ls_plant *plant, const ls_step *step, ls_dist_index dist,
                              const ls_machine *machine) {
    if (dist == LS_NONE) {
        return 0;
    }
    const double mean = ls_dist_mean(&plant->dists[dist], plant->tables) / machine->speed;
    return step->per == LS_PER_PART ? mean * plant->products[step->product].parts : mean;
}

double ls_plant_step_mean_us(const ls_plant *plant, uint32_t step) {
    assert(plant != NULL && step < plant->step_count);
    const ls_step *s = &plant->steps[step];
    const ls_station *station = &plant->stations[s->station];
    double sum = 0;
    for (uint32_t m = 0; m < station->machine_count; m++) {
        const ls_dist_index dist = s->machine_process_at == LS_NONE
                                       ? s->process
                                       : plant->indexes[s->machine_process_at + m];
        sum += process_mean_us(plant, s, dist, &plant->machines[station->machine_at + m]);
    }
    const double process = station->machine_count > 0 ? sum / station->machine_count : 0;
    return process + (double)s->load_us + (double)s->unload_us;
}

void ls_plant_destroy(ls_plant *plant) {
    if (plant == NULL) {
        return;
    }
    ls_arena_clear(&plant->arena);
    ls_free(plant);
}
