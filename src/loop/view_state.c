// view_state.c - the live state as the page draws it, and its figures.
#include <string.h>

#include "base/units.h"
#include "loop/glance.h"
#include "loop/pulse.h"
#include "loop/view.h"
#include "loop/view_inside.h"

#define IN_STEP 0.9  // of what the line does is certain to the twin

static const char *const state_names[LS_STATE_COUNT] = {
    "starved", "run", "setup", "blocked", "down", "pm", "off", "waiting",
};

// Does the failure mode or maintenance concern machine k of its station?
static bool concerns(const ls_plant *plant, const ls_failure *failure, uint32_t k) {
    bool found = failure->on_count == 0;
    for (uint32_t i = 0; i < failure->on_count && !found; i++) {
        found = plant->indexes[failure->on_at + i] == k;
    }
    return found;
}

// The name of the active mode; a machine's modes are those of its station that concern it.
const char *ls_view_reason(const ls_plant *plant, const ls_model *model, uint32_t machine,
                           const ls_s_machine *of) {
    const ls_m_machine *m = LS_MODEL_ARRAY(model, ls_m_machine, machine_at) + machine;
    const ls_station *station = plant->stations + m->station;
    uint32_t left = of->mode;
    for (uint32_t i = 0; i < station->failure_count && left > 0; i++) {
        const ls_failure *failure = plant->failures + station->failure_at + i;
        left -= concerns(plant, failure, machine - station->machine_at);
        if (left == 0) {
            return failure->name;
        }
    }
    return NULL;
}

static json_t *names_of(const char *at, uint32_t count) {
    json_t *names = json_array();
    for (uint32_t i = 0; i < count; i++, at += strlen(at) + 1) {
        json_array_append_new(names, json_string(at));
    }
    return names;
}

static json_t *machine_object(const ls_running *running, const ls_glance *g, uint32_t machine) {
    const ls_model *model = running->twin->model;
    const ls_s_machine *of = &g->machines[machine];
    const ls_m_machine *m = LS_MODEL_ARRAY(model, ls_m_machine, machine_at) + machine;
    const ls_plant *plant = running->plant;
    const char *chosen = g->names.data + g->name_at[machine];
    json_t *object = json_object();
    const char *reason = ls_view_reason(plant, model, machine, of);
    const char *setup =
        of->setup != 0 ? plant->setup_names[plant->stations[m->station].setup_at + of->setup - 1]
                       : NULL;
    json_object_set_new(
        object, "state",
        json_string(of->account < LS_STATE_COUNT ? state_names[of->account] : "unknown"));
    json_object_set_new(object, "since_us", json_integer(plant->start_us + of->since));
    json_object_set_new(object, "age_s", json_null());
    json_object_set_new(object, "lots",
                        names_of(chosen + strlen(chosen) + 1, g->lot_counts[machine]));
    json_object_set_new(object, "setup", setup != NULL ? json_string(setup) : json_null());
    json_object_set_new(object, "reason", reason != NULL ? json_string(reason) : json_null());
    json_object_set_new(object, "chosen", of->chosen != 0 ? json_string(chosen) : json_null());
    return object;
}

static json_t *nothing_known(void) {
    return json_pack("{s:s, s:n, s:n, s:[], s:n, s:n, s:n}", "state", "unknown", "since_us",
                     "age_s", "lots", "setup", "reason", "chosen");
}

static json_t *station_object(const ls_running *running, const ls_glance *g, uint32_t station) {
    json_t *object = json_object();
    json_t *machines = json_array();
    const ls_station *of = running->plant->stations + station;
    const ls_s_station at = g->known ? g->stations[station] : (ls_s_station){0};
    for (uint32_t k = 0; k < of->machine_count; k++) {
        json_array_append_new(
            machines, g->known ? machine_object(running, g, of->machine_at + k) : nothing_known());
    }
    json_object_set_new(object, "queue", json_integer(at.waiting));
    json_object_set_new(object, "working", json_integer(at.working));
    json_object_set_new(object, "machines", machines);
    return object;
}

// ---- figures

static json_t *kpi_object(ls_service *service) {
    const ls_plant *plant = service->intake.running.plant;
    const ls_follow *follow = service->intake.running.follow;
    if (follow != NULL) {
        ls_pulse_look(service->pulse, plant, service->intake.running.twin, follow);
    }
    const ls_pulse_figures f = ls_pulse_describe(service->pulse);
    json_t *object = json_object();
    json_t *busiest = json_array();
    for (int i = 0; i < LS_PULSE_STATIONS && f.busiest[i].station != LS_NONE; i++) {
        // Two stations share the place when their shares can hardly be told apart.
        if (i == 0 || f.busiest[i].share > 0.97 * f.busiest[0].share) {
            json_array_append_new(busiest, json_pack("{s:s, s:f}", "station",
                                                     plant->stations[f.busiest[i].station].name,
                                                     "share", f.busiest[i].share));
        }
    }
    json_object_set_new(object, "made", json_integer((json_int_t)f.made));
    json_object_set_new(object, "made_shift", json_null());
    json_object_set_new(object, "plan_shift", json_null());
    json_object_set_new(object, "per_hour", ls_json_number(f.per_hour));
    json_object_set_new(object, "wip", json_integer(f.wip));
    json_object_set_new(object, "outside", f.pools ? json_integer(f.outside) : json_null());
    json_object_set_new(object, "outside_s", ls_json_number(f.outside_s));
    json_object_set_new(object, "on_time", ls_json_number(f.on_time));
    json_object_set_new(object, "oee", ls_json_number(f.oee));
    json_object_set_new(object, "cycle_s", ls_json_number(f.cycle_s));
    json_object_set_new(object, "scrapped", json_integer((json_int_t)f.scrapped));
    json_object_set_new(object, "bottleneck", busiest);
    return object;
}

// Both lines of a demo and how they differ; null where there is none.
static void put_demo(json_t *object, const json_t *demo) {
    json_t *lines = json_object_get(demo, "lines");
    json_t *difference = json_object_get(demo, "difference");
    json_object_set_new(object, "lines", json_is_array(lines) ? json_incref(lines) : json_null());
    json_object_set_new(object, "difference",
                        json_is_object(difference) ? json_incref(difference) : json_null());
}

json_t *ls_view_kpi(ls_service *service) {
    json_t *demo = ls_view_demo(service);
    pthread_rwlock_rdlock(&service->line_lock);
    pthread_mutex_lock(&service->intake.lock);
    json_t *kpi = kpi_object(service);
    pthread_mutex_unlock(&service->intake.lock);
    pthread_rwlock_unlock(&service->line_lock);
    json_t *object = json_pack("{s:o}", "kpi", kpi);
    put_demo(object, demo);
    json_decref(demo);
    return object;
}

static json_t *forecast_object(ls_service *service) {
    ls_watch_expected expected;
    if (service->watch == NULL || !ls_watch_expect(service->watch, &expected)) {
        return json_null();
    }
    return json_pack("{s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:i}", "text", expected.text, "origin_us",
                     (json_int_t)expected.origin_us, "until_us", (json_int_t)expected.until_us,
                     "made_mean", expected.mean, "made_low", expected.low, "made_high",
                     expected.high, "level", 0.9, "futures", (int)expected.futures);
}

static json_t *link_object(ls_service *service) {
    json_t *sources = json_array();
    ls_history_figures history = {0};
    json_t *summary = ls_view_decisions_summary(service);
    const bool guard = json_is_true(json_object_get(summary, "guard"));
    json_decref(summary);
    pthread_rwlock_rdlock(&service->line_lock);
    for (uint32_t i = 0; i < service->sources.count; i++) {
        ls_driver_figures figures = {0};
        service->sources.of[i].ops->figures(service->sources.of[i].driver, &figures);
        json_array_append_new(sources,
                              json_pack("{s:s, s:b}", "name", service->sources.of[i].source->name,
                                        "connected", (int)figures.connected));
    }
    pthread_rwlock_unlock(&service->line_lock);
    const bool keeps = ls_history_describe(service->intake.history, &history, NULL) == LS_OK &&
                       !history.store_away;
    return json_pack("{s:o, s:b, s:b}", "sources", sources, "guard", (int)guard, "history",
                     (int)keeps);
}

json_t *ls_view_condition(ls_service *service) {
    json_t *link = link_object(service);
    pthread_rwlock_rdlock(&service->line_lock);
    pthread_mutex_lock(&service->intake.lock);
    const ls_follow *follow = service->intake.running.follow;
    const double certainty = follow != NULL ? ls_follow_certainty(follow) : 0.0;
    pthread_mutex_unlock(&service->intake.lock);
    pthread_rwlock_unlock(&service->line_lock);
    return json_pack("{s:o, s:b, s:f}", "link", link, "in_step", (int)(certainty > IN_STEP),
                     "certainty", certainty);
}

// Under the line's lock.
static void put_now(const ls_service *service, const ls_glance *g, int64_t heard_us,
                    json_t *object) {
    const ls_running *running = &service->intake.running;
    json_t *stations = json_array();
    for (uint32_t i = 0; service->order != NULL && i < running->plant->station_count; i++) {
        json_array_append_new(stations, station_object(running, g, service->order[i]));
    }
    json_object_set_new(object, "line_now_us", json_integer(g->line_us));
    json_object_set_new(
        object, "age_s",
        heard_us != 0 ? json_real((double)(ls_view_wall_us() - heard_us) * 1e-6) : json_null());
    json_object_set_new(object, "stations", stations);
}

json_t *ls_view_now(ls_service *service) {
    json_t *object = json_object();
    ls_glance g;
    pthread_rwlock_rdlock(&service->line_lock);
    json_object_set_new(object, "forecast", forecast_object(service));
    const bool room = ls_glance_init(&g, &service->intake.running);
    pthread_mutex_lock(&service->intake.lock);
    const int64_t heard_us = service->intake.figures.last_heard_us;
    if (room) {
        ls_glance_take(&g, &service->intake.running);
    }
    pthread_mutex_unlock(&service->intake.lock);
    put_now(service, &g, heard_us, object);
    ls_glance_clear(&g);
    pthread_rwlock_unlock(&service->line_lock);
    return object;
}

json_t *ls_view_state(ls_service *service) {
    json_t *object = json_object();
    json_t *demo = ls_view_demo(service);
    ls_glance g;
    json_t *condition = ls_view_condition(service);
    json_object_update(object, condition);
    json_decref(condition);
    pthread_rwlock_rdlock(&service->line_lock);
    json_object_set_new(object, "forecast", forecast_object(service));
    const ls_running *running = &service->intake.running;
    const bool room = ls_glance_init(&g, running);
    pthread_mutex_lock(&service->intake.lock);
    const int64_t heard_us = service->intake.figures.last_heard_us;
    json_t *kpi = kpi_object(service);
    if (room) {
        ls_glance_take(&g, running);
    }
    pthread_mutex_unlock(&service->intake.lock);
    put_now(service, &g, heard_us, object);
    ls_glance_clear(&g);
    pthread_rwlock_unlock(&service->line_lock);
    json_object_set_new(object, "kpi", kpi);
    put_demo(object, demo);
    json_decref(demo);
    return object;
}
