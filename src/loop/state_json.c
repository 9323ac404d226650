// state_json.c - see state_json.h.
#include "loop/state_json.h"

#include <string.h>

#include "base/units.h"
#include "loop/view_inside.h"
#include "twin/twin.h"

static const char *const account_names[LS_STATE_COUNT] = {
    "starved", "processing", "setup", "blocked", "down", "maintenance", "off", "operator",
};

static json_t *seconds(int64_t us) {
    return json_real((double)us * 1e-6);
}

// Since when it does what it does: the same state, or within it the running operation.
static int64_t since_of(const ls_s_machine *of) {
    const bool runs = of->phase != LS_PHASE_NONE && of->phase_since != LS_NEVER;
    const int64_t began = runs ? of->phase_since - of->phase_elapsed : of->since;
    return began > of->since ? began : of->since;
}

json_t *ls_view_lots(const ls_follow *follow, const ls_s_machine *machine, const ls_lot *lots) {
    json_t *names = json_array();
    for (uint32_t lot = machine->lots; lot != LS_NO; lot = lots[lot].next) {
        json_array_append_new(names, json_string(ls_follow_lot_name(follow, lot)));
    }
    return names;
}

static json_t *machine_object(const ls_plant *plant, const ls_model *model, const ls_follow *follow,
                              uint32_t machine) {
    const ls_state *state = ls_follow_state(follow);
    const ls_s_machine *of = LS_STATE_VIEW(model, state, ls_s_machine, s_machine) + machine;
    const ls_lot *lots = LS_STATE_VIEW(model, state, ls_lot, s_lot);
    const ls_m_machine *m = LS_MODEL_ARRAY(model, ls_m_machine, machine_at) + machine;
    const char *reason = ls_view_reason(plant, model, machine, of);
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(plant->machines[machine].name));
    json_object_set_new(object, "station", json_string(plant->stations[m->station].name));
    json_object_set_new(
        object, "state",
        json_string(of->account < LS_STATE_COUNT ? account_names[of->account] : "unknown"));
    json_object_set_new(object, "since_s", seconds(since_of(of)));
    json_object_set_new(object, "lots", ls_view_lots(follow, of, lots));
    json_object_set_new(object, "step",
                        of->lot_count > 0 ? json_string(plant->steps[of->step].name) : json_null());
    json_object_set_new(object, "reason", json_string(reason != NULL ? reason : ""));
    return object;
}

static json_t *station_objects(const ls_plant *plant, const ls_model *model,
                               const ls_state *state) {
    const ls_s_station *stations = LS_STATE_VIEW(model, state, ls_s_station, s_station);
    json_t *all = json_array();
    for (uint32_t i = 0; i < plant->station_count; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "name", json_string(plant->stations[i].name));
        json_object_set_new(object, "waiting", json_integer(stations[i].waiting));
        json_object_set_new(object, "coming", json_integer(stations[i].coming));
        json_object_set_new(object, "working", json_integer(stations[i].working));
        json_object_set_new(
            object, "places",
            plant->stations[i].places < 0 ? json_null() : json_integer(plant->stations[i].places));
        json_array_append_new(all, object);
    }
    return all;
}

// What waits outside the line, class by class.
static json_t *order_pools(const ls_plant *plant, const ls_model *model, const ls_state *state) {
    const ls_s_release *releases = LS_STATE_VIEW(model, state, ls_s_release, s_release);
    json_t *all = json_array();
    for (uint32_t i = 0; i < plant->release_count; i++) {
        const ls_s_release *rs = &releases[i];
        if (!plant->releases[i].pool) {
            continue;
        }
        json_t *object = json_object();
        json_object_set_new(object, "class", json_string(plant->releases[i].name));
        json_object_set_new(object, "waiting", json_integer(rs->pooled));
        json_object_set_new(object, "came_in", json_integer((json_int_t)rs->pool_entered));
        json_object_set_new(
            object, "waited_s",
            rs->pool_entered > 0 ? seconds(rs->pool_sum / (int64_t)rs->pool_entered) : json_null());
        json_array_append_new(all, object);
    }
    return all;
}

static json_t *follow_object(const ls_follow *follow) {
    static const char *const kinds[LS_DIVERGE_KIND_COUNT] = {
        "inferred", "contradicted", "unknown", "late", "clock",
    };
    const ls_follow_figures figures = ls_follow_describe(follow);
    json_t *object = json_object();
    json_object_set_new(object, "heard", json_integer((json_int_t)figures.heard));
    json_object_set_new(object, "certainty", json_real(ls_follow_certainty(follow)));
    json_object_set_new(object, "lots", json_integer(figures.lots));
    json_object_set_new(object, "lots_inferred", json_integer(figures.lots_inferred));
    json_object_set_new(object, "machines_stale", json_integer(figures.machines_stale));
    json_object_set_new(object, "machines_unheard", json_integer(figures.machines_unheard));
    json_object_set_new(object, "released", json_integer((json_int_t)figures.released));
    json_object_set_new(object, "done", json_integer((json_int_t)figures.done));
    json_object_set_new(object, "scrapped", json_integer((json_int_t)figures.scrapped));
    json_t *divergences = json_object();
    for (int i = 0; i < LS_DIVERGE_KIND_COUNT; i++) {
        json_object_set_new(divergences, kinds[i],
                            json_integer((json_int_t)figures.divergences[i]));
    }
    json_object_set_new(object, "divergences", divergences);
    return object;
}

static json_t *source_objects(const ls_sources *sources) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < sources->count; i++) {
        ls_driver_figures figures = {0};
        sources->of[i].ops->figures(sources->of[i].driver, &figures);
        json_t *object = json_object();
        json_object_set_new(object, "name", json_string(sources->of[i].source->name));
        json_object_set_new(object, "connected", json_boolean(figures.connected));
        json_object_set_new(object, "messages", json_integer((json_int_t)figures.messages));
        json_object_set_new(object, "gaps", json_integer((json_int_t)figures.gaps));
        json_object_set_new(object, "missing", json_integer((json_int_t)figures.missing));
        json_object_set_new(object, "skew_s", seconds(figures.skew_us));
        json_array_append_new(all, object);
    }
    return all;
}

static json_t *plant_time(const ls_plant *plant, int64_t plant_us) {
    char text[64] = "";
    ls_units_print_date(plant->start_us + plant_us, text, sizeof text);
    return json_string(text);
}

json_t *ls_state_json(ls_intake *intake, const ls_sources *sources) {
    json_t *object = json_object();
    json_object_set_new(object, "version", json_integer(1));
    pthread_mutex_lock(&intake->lock);
    const ls_running *running = &intake->running;
    json_object_set_new(object, "plant", json_string(running->plant->name));
    json_object_set_new(object, "heard_anything", json_boolean(running->follow != NULL));
    if (running->follow != NULL) {
        const ls_follow *follow = running->follow;
        const ls_model *model = running->twin->model;
        json_object_set_new(object, "now_s", seconds(ls_follow_now(follow)));
        json_object_set_new(object, "now", plant_time(running->plant, ls_follow_now(follow)));
        json_t *machines = json_array();
        for (uint32_t i = 0; i < running->plant->machine_count; i++) {
            json_array_append_new(machines, machine_object(running->plant, model, follow, i));
        }
        json_object_set_new(object, "machines", machines);
        json_object_set_new(object, "stations",
                            station_objects(running->plant, model, ls_follow_state(follow)));
        json_object_set_new(object, "order_pools",
                            order_pools(running->plant, model, ls_follow_state(follow)));
        json_object_set_new(object, "follow", follow_object(follow));
    }
    pthread_mutex_unlock(&intake->lock);
    json_object_set_new(object, "sources", source_objects(sources));
    return object;
}
