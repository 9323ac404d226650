// glance.c - see glance.h.
#include "loop/glance.h"

#include <string.h>

#include "base/arena.h"

bool ls_glance_init(ls_glance *g, const ls_running *running) {
    const size_t stations = (size_t)running->plant->station_count + 1;
    const size_t machines = (size_t)running->plant->machine_count + 1;
    memset(g, 0, sizeof *g);
    ls_buffer_init(&g->names);
    g->stations = ls_alloc(stations * sizeof *g->stations);
    g->machines = ls_alloc(machines * sizeof *g->machines);
    g->name_at = ls_alloc(machines * sizeof *g->name_at);
    g->lot_counts = ls_alloc(machines * sizeof *g->lot_counts);
    return g->stations != NULL && g->machines != NULL && g->name_at != NULL &&
           g->lot_counts != NULL;
}

static void add_name(ls_glance *g, const char *name) {
    ls_buffer_append(&g->names, name, strlen(name) + 1);
}

static void take_names(ls_glance *g, const ls_follow *follow, const ls_lot *lots, uint32_t m) {
    const ls_s_machine *of = &g->machines[m];
    g->name_at[m] = (uint32_t)g->names.size;
    g->lot_counts[m] = 0;
    add_name(g,
             of->chosen != 0 ? ls_follow_lot_name(follow, (of->chosen & ~LS_CHOSEN_PURE) - 1) : "");
    for (uint32_t lot = of->lots; lot != LS_NO; lot = lots[lot].next) {
        add_name(g, ls_follow_lot_name(follow, lot));
        g->lot_counts[m]++;
    }
}

void ls_glance_take(ls_glance *g, const ls_running *running) {
    g->known = running->follow != NULL;
    if (!g->known) {
        return;
    }
    const ls_model *model = running->twin->model;
    const ls_plant *plant = running->plant;
    const ls_state *state = ls_follow_state(running->follow);
    const ls_lot *lots = LS_STATE_VIEW(model, state, ls_lot, s_lot);
    g->line_us = plant->start_us + ls_follow_now(running->follow);
    memcpy(g->stations, LS_STATE_VIEW(model, state, ls_s_station, s_station),
           plant->station_count * sizeof *g->stations);
    memcpy(g->machines, LS_STATE_VIEW(model, state, ls_s_machine, s_machine),
           plant->machine_count * sizeof *g->machines);
    for (uint32_t m = 0; m < plant->machine_count; m++) {
        take_names(g, running->follow, lots, m);
    }
    g->known = !g->names.failed;
}

void ls_glance_clear(ls_glance *g) {
    ls_free(g->stations);
    ls_free(g->machines);
    ls_free(g->name_at);
    ls_free(g->lot_counts);
    ls_buffer_clear(&g->names);
}
