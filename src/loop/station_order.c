// station_order.c - in which order stations are drawn: that of the routes, as far as they agree,
// then that of the file.
#include <string.h>

#include "base/arena.h"
#include "loop/service_parts.h"

static bool has_earlier(const ls_plant *plant, const bool *placed, uint32_t station) {
    for (uint32_t i = 0; i < plant->step_count; i++) {
        const ls_step *step = plant->steps + i;
        if (step->next == LS_NONE) {
            continue;
        }
        const uint32_t to = plant->steps[step->next].station;
        if (to == station && step->station != station && !placed[step->station] &&
            step->station < plant->station_count) {
            return true;
        }
    }
    return false;
}

uint32_t *ls_station_order(const ls_plant *plant) {
    uint32_t *order = ls_alloc((plant->station_count + 1) * sizeof *order);
    bool *placed = ls_alloc((plant->station_count + 1) * sizeof *placed);
    if (order == NULL || placed == NULL) {
        ls_free(order);
        ls_free(placed);
        return NULL;
    }
    memset(placed, 0, (plant->station_count + 1) * sizeof *placed);
    for (uint32_t n = 0; n < plant->station_count; n++) {
        uint32_t next = LS_NONE;
        for (uint32_t s = 0; s < plant->station_count && next == LS_NONE; s++) {
            next = !placed[s] && !has_earlier(plant, placed, s) ? s : LS_NONE;
        }
        for (uint32_t s = 0; s < plant->station_count && next == LS_NONE; s++) {
            next = placed[s] ? LS_NONE : s;  // a circle: the file's order breaks it
        }
        order[n] = next;
        placed[next] = true;
    }
    ls_free(placed);
    return order;
}
