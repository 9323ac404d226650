// read_slowness.c - `slowness` of a station: what tells how long work takes on its machines now.
#include <math.h>
#include <string.h>

#include "plant/reader.h"

// Names of `until`, as modes of the station.
static void read_until(ls_reader *r, const ls_station *s, const ls_yaml *names,
                       ls_condition *condition) {
    condition->until_at = r->indexes.count;
    for (uint32_t i = 0; i < ls_yaml_many(names); i++) {
        const ls_yaml *name = ls_yaml_nth(names, i);
        const ls_rows all = {
            .items = s->failure_count > 0 ? LS_ROW(ls_failure, r->failures, s->failure_at) : NULL,
            .count = s->failure_count,
            .size = r->failures.size};
        uint32_t found = 0;
        while (ls_yaml_is_text(name) && found < all.count &&
               strcmp(LS_ROW(ls_failure, all, found)->name, name->text) != 0) {
            found++;
        }
        if (!ls_yaml_is_text(name)) {
            continue;  // the check has said so
        }
        if (found < all.count) {
            ls_reader_index(r, found);
            continue;
        }
        ls_reader_mistake(
            r, name,
            all.count == 0 ? "name one of 'fails' or 'maintenance'"
                           : ls_reader_nearest_row(r, name->text, &all, offsetof(ls_failure, name)),
            "station '%s' has no failure or maintenance '%s'", s->name, name->text);
    }
    condition->until_count = r->indexes.count - condition->until_at;
}

void ls_read_slowness(ls_reader *r, uint32_t station, const ls_yaml *node) {
    const ls_yaml *map = ls_take(r, node, "stations.*.slowness");
    if (r->form.out_of_memory || map == NULL || map->kind != LS_YAML_MAP) {
        return;
    }
    ls_condition c = {
        .at = LS_NONE, .nominal = NAN, .fresh = NAN, .place = {map->line, map->column}};
    static const ls_teller_keys keys = {.thing = "slowness",
                                        .model = "stations.*.slowness.model",
                                        .tag = "stations.*.slowness.tag",
                                        .spread = "stations.*.slowness.spread",
                                        .stale = "stations.*.slowness.stale"};
    ls_read_teller(r, map, &keys, &c);
    ls_take_number(r, map, "stations.*.slowness.nominal", &c.nominal);
    ls_take_number(r, map, "stations.*.slowness.new", &c.fresh);
    int interval = 0;
    ls_take_choice(r, map, "stations.*.slowness.interval", &interval);
    c.of_mean = interval == 1;
    const ls_station s = *LS_ROW(ls_station, r->stations, station);
    read_until(r, &s, ls_take(r, map, "stations.*.slowness.until"), &c);
    uint32_t index = LS_NONE;
    *(ls_condition *)ls_rows_push(r, &r->conditions, &index) = c;
    if (!r->form.out_of_memory) {
        LS_ROW(ls_station, r->stations, station)->slowness = index;
    }
}

// Mean of the process times there, in seconds; NaN: they are not the same, or there are none.
static double mean_of(const ls_reader *r, uint32_t station) {
    double mean = NAN;
    for (uint32_t i = 0; i < r->steps.count; i++) {
        const ls_step *step = LS_ROW(ls_step, r->steps, i);
        if (step->station != station) {
            continue;
        }
        if (step->machine_process_at != LS_NONE || step->process == LS_NONE) {
            return NAN;
        }
        const double own = ls_dist_mean(LS_ROW(ls_dist, r->dists, step->process), r->tables.items) *
                           1e-6;
        if (mean == mean && fabs(own - mean) > 1e-6 * mean) {
            return NAN;
        }
        mean = own;
    }
    return mean;
}

void ls_read_slowness_models(ls_reader *r) {
    for (uint32_t i = 0; i < r->stations.count && !r->form.out_of_memory; i++) {
        const ls_station *s = LS_ROW(ls_station, r->stations, i);
        if (s->slowness == LS_NONE) {
            continue;
        }
        ls_condition *c = LS_ROW(ls_condition, r->conditions, s->slowness);
        ls_read_condition_model(r, s, c, 0, 0);
        c->per_speed = !(c->nominal == c->nominal);
        c->nominal = c->per_speed ? mean_of(r, i) : c->nominal;
        if (!(c->nominal > 0.0)) {
            const ls_yaml at = {.line = c->place.line, .column = c->place.column};
            ls_reader_mistake(r, &at, "say 'nominal'",
                              "process times at station '%s' are not all the same in the mean: "
                              "which of them is told when work takes as long as 'process' says?",
                              s->name);
            c->nominal = 1.0;
        }
    }
}
