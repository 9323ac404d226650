// view_plant.c - the plant as the page draws it, and who is asked.
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "loop/service_parts.h"
#include "loop/view.h"
#include "loop/view_inside.h"

int64_t ls_view_wall_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// A demo beside the service tells of both its lines in a file; anything else there is none.
json_t *ls_view_demo(const ls_service *service) {
    char path[4096];
    json_error_t why;
    snprintf(path, sizeof path, "%s/demo.json", service->def->data);
    json_t *object = json_load_file(path, 0, &why);
    if (object != NULL && !json_is_object(object)) {
        json_decref(object);
        object = NULL;
    }
    return object;
}

json_t *ls_view_about(ls_service *service) {
    json_t *object = json_object();
    json_t *demo = ls_view_demo(service);
    pthread_rwlock_rdlock(&service->line_lock);
    pthread_mutex_lock(&service->intake.lock);
    const ls_running *running = &service->intake.running;
    const int64_t wall = ls_view_wall_us();
    const int64_t line = running->follow != NULL
                             ? running->plant->start_us + ls_follow_now(running->follow)
                             : wall;
    json_object_set_new(object, "plant", json_string(running->plant->name));
    json_object_set_new(object, "version", json_string(service->def->version));
    const char *pool = NULL;
    json_object_set_new(object, "pool",
                        ls_view_pool(service, &pool) != NULL ? json_string(pool) : json_null());
    json_object_set_new(object, "emulated", json_boolean(demo != NULL));
    json_t *speed = json_object_get(demo, "speed");
    json_object_set_new(object, "demo",
                        demo != NULL ? json_pack("{s:O?}", "speed", speed) : json_null());
    json_object_set_new(object, "now_us", json_integer(wall));
    json_object_set_new(object, "line_now_us", json_integer(line));
    json_object_set_new(object, "zone", json_string("UTC"));
    pthread_mutex_unlock(&service->intake.lock);
    pthread_rwlock_unlock(&service->line_lock);
    json_decref(demo);
    return object;
}

static double mean_s(const ls_plant *plant, uint32_t station) {
    double sum = 0.0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < plant->step_count; i++) {
        if (plant->steps[i].station == station) {
            sum += ls_plant_step_mean_us(plant, i) * 1e-6;
            count++;
        }
    }
    return count > 0 ? sum / count : NAN;
}

static json_t *next_stations(const ls_plant *plant, uint32_t station) {
    json_t *names = json_array();
    for (uint32_t i = 0; i < plant->step_count; i++) {
        const ls_step *step = plant->steps + i;
        if (step->station != station || step->next == LS_NONE) {
            continue;
        }
        const char *name = plant->stations[plant->steps[step->next].station].name;
        bool known = false;
        for (size_t k = 0; k < json_array_size(names); k++) {
            known |= strcmp(json_string_value(json_array_get(names, k)), name) == 0;
        }
        if (!known) {
            json_array_append_new(names, json_string(name));
        }
    }
    return names;
}

static json_t *station_object(const ls_plant *plant, uint32_t s) {
    const ls_station *station = plant->stations + s;
    json_t *object = json_object();
    json_t *machines = json_array();
    uint32_t least = 1;
    uint32_t most = 1;
    for (uint32_t i = 0; i < plant->step_count; i++) {
        if (plant->steps[i].station == s) {
            least = plant->steps[i].batch_min;
            most = plant->steps[i].batch_max > most ? plant->steps[i].batch_max : most;
        }
    }
    for (uint32_t k = 0; k < station->machine_count; k++) {
        json_array_append_new(
            machines, json_pack("{s:s}", "name", plant->machines[station->machine_at + k].name));
    }
    json_object_set_new(object, "name", json_string(station->name));
    json_object_set_new(object, "area",
                        station->area_name != NULL ? json_string(station->area_name) : json_null());
    json_object_set_new(object, "places",
                        station->places < 0 ? json_null() : json_integer(station->places));
    json_object_set_new(object, "batch",
                        station->batch
                            ? json_pack("{s:i, s:i}", "min", (int)least, "max", (int)most)
                            : json_null());
    json_object_set_new(object, "mean_s", ls_json_number(mean_s(plant, s)));
    json_object_set_new(object, "machines", machines);
    json_object_set_new(object, "next", next_stations(plant, s));
    return object;
}

static json_t *products(const ls_plant *plant) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < plant->product_count; i++) {
        const ls_product *product = plant->products + i;
        json_t *route = json_array();
        for (uint32_t k = 0; k < product->step_count; k++) {
            const ls_step *step = plant->steps + product->step_at + k;
            json_array_append_new(route, json_string(plant->stations[step->station].name));
        }
        json_array_append_new(all, json_pack("{s:s, s:o}", "name", product->name, "route", route));
    }
    return all;
}

static json_t *reasons(const ls_plant *plant) {
    json_t *object = json_object();
    for (uint32_t s = 0; s < plant->station_count; s++) {
        json_t *names = json_array();
        for (uint32_t k = 0; k < plant->stations[s].failure_count; k++) {
            const char *name = plant->failures[plant->stations[s].failure_at + k].name;
            if (name != NULL) {
                json_array_append_new(names, json_string(name));
            }
        }
        json_object_set_new(object, plant->stations[s].name, names);
    }
    return object;
}

static const char *point_at(const ls_plant *plant, const ls_decide_point *point) {
    return point->station != LS_NONE     ? plant->stations[point->station].name
           : point->release != LS_NONE   ? plant->releases[point->release].name
           : point->operators != LS_NONE ? plant->operators[point->operators].name
                                         : "";
}

static json_t *decide(const ls_plant *plant) {
    json_t *points = json_array();
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        const ls_decide_point *point = plant->decide.points + i;
        json_array_append_new(
            points,
            json_pack("{s:s, s:s, s:s, s:s, s:f}", "name", point->name, "kind",
                      ls_decide_kind_name(point->kind), "mode", ls_decide_mode_name(point->mode),
                      "at", point_at(plant, point), "within_ms", (double)point->within_us * 1e-3));
    }
    const char *objective = plant->decide.objective;
    const char *unit = plant->decide.unit;
    return json_pack("{s:s, s:s, s:o}", "objective", objective != NULL ? objective : "", "unit",
                     unit != NULL ? unit : "", "points", points);
}

json_t *ls_view_plant(ls_service *service) {
    json_t *object = json_object();
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_plant *plant = service->intake.running.plant;
    json_t *stations = json_array();
    json_t *classes = json_array();
    json_t *operators = json_array();
    for (uint32_t i = 0; service->order != NULL && i < plant->station_count; i++) {
        json_array_append_new(stations, station_object(plant, service->order[i]));
    }
    for (uint32_t i = 0; i < plant->release_count; i++) {
        json_array_append_new(classes, json_string(plant->releases[i].name));
    }
    for (uint32_t i = 0; i < plant->operators_count; i++) {
        json_array_append_new(operators, json_pack("{s:s, s:i}", "name", plant->operators[i].name,
                                                   "count", (int)plant->operators[i].count));
    }
    json_object_set_new(object, "name", json_string(plant->name));
    json_object_set_new(object, "about", json_string(plant->about != NULL ? plant->about : ""));
    json_object_set_new(object, "start_us", json_integer(plant->start_us));
    json_object_set_new(object, "stations", stations);
    json_object_set_new(object, "products", products(plant));
    json_object_set_new(object, "classes", classes);
    json_object_set_new(object, "reasons", reasons(plant));
    json_object_set_new(object, "operators", operators);
    json_object_set_new(object, "decide", plant->decide.given ? decide(plant) : json_null());
    pthread_rwlock_unlock(&service->line_lock);
    return object;
}
