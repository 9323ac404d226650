// load.c - ls_plant_loads and ls_plant_notes, see check.h.
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "plant/check.h"
#include "plant/route.h"

static double mean_of(const ls_plant *plant, ls_dist_index dist) {
    return dist == LS_NONE ? 0 : ls_dist_mean(&plant->dists[dist], plant->tables);
}

// Lots that one run of the machine takes when many wait.
static double lots_of_run(const ls_plant *plant, const ls_step *s) {
    const ls_station *station = &plant->stations[s->station];
    if (!station->batch) {
        return 1;
    }
    const double parts = plant->products[s->product].parts;
    const double lots = station->batch_parts ? s->batch_max / parts : s->batch_max;
    return lots < 1 ? 1 : lots;
}

// Time one machine is held by a run of `lots` lots of a step; slowed by its speed.
static double run_us(const ls_plant *plant, uint32_t step, uint32_t machine, double lots) {
    const ls_step *s = &plant->steps[step];
    const ls_station *station = &plant->stations[s->station];
    const ls_dist_index dist = s->machine_process_at == LS_NONE
                                   ? s->process
                                   : plant->indexes[s->machine_process_at + machine];
    const double parts = lots * plant->products[s->product].parts;
    double time = mean_of(plant, dist);
    if (s->cascade_us > 0) {
        time = s->per == LS_PER_PART ? (double)s->cascade_us * parts : (double)s->cascade_us;
    } else if (s->per == LS_PER_PART) {
        time *= parts;
    } else if (s->per == LS_PER_LOT) {
        time *= lots;
    }
    time /= plant->machines[station->machine_at + machine].speed;
    return station->ports > 1 ? time : time + (double)s->load_us + (double)s->unload_us;
}

// How much one visit takes of a station of one machine's time: the machines that may run the step
// share it in proportion to their speed.
static double visit_us(const ls_plant *plant, const uint32_t *allowed, uint32_t step, double lots) {
    const ls_station *station = &plant->stations[plant->steps[step].station];
    double rate = 0;
    double count = 0;
    for (uint32_t m = 0; m < station->machine_count; m++) {
        if (ls_route_may_run(plant, allowed, step, m)) {
            const double time = run_us(plant, step, m, lots) / lots;
            rate += time > 0 ? 1 / time : 1e18;
            count++;
        }
    }
    return rate > 0 ? count / rate : 0;
}

// What the upkeep of a station takes, as a mean over its machines.
typedef struct upkeep {
    double available;                   // share of the time left by what goes by the calendar
    double busy_factor;                 // 1 + repair time per time busy
    double per_part, per_lot, per_run;  // us
} upkeep;

// `left` holds a value for each machine of the station.
static upkeep upkeep_of(const ls_plant *plant, const ls_station *station, double *left) {
    upkeep u = {.busy_factor = 1};
    for (uint32_t m = 0; m < station->machine_count; m++) {
        left[m] = 1;
    }
    for (uint32_t i = 0; i < station->failure_count; i++) {
        const ls_failure *f = &plant->failures[station->failure_at + i];
        const double share = f->on_count == 0
                                 ? 1
                                 : (double)f->on_count / (double)station->machine_count;
        const double every = mean_of(plant, f->every);
        const double repair = mean_of(plant, f->repair);
        const bool fixed_dates = f->maintenance && !f->from_end;
        double down = 0;
        switch (f->by) {
        case LS_FAIL_BUSY: u.busy_factor += share * repair / every; break;
        case LS_FAIL_CALENDAR:
            down = fixed_dates ? repair / every : repair / (every + repair);
            down = down < 1 ? down : 1;
            for (uint32_t m = 0; m < (f->on_count > 0 ? f->on_count : station->machine_count);
                 m++) {
                left[f->on_count > 0 ? plant->indexes[f->on_at + m] : m] *= 1 - down;
            }
            break;
        case LS_FAIL_PARTS: u.per_part += share * repair / every; break;
        case LS_FAIL_LOTS: u.per_lot += share * repair / every; break;
        case LS_FAIL_BATCHES: u.per_run += share * repair / every; break;
        }
    }
    for (uint32_t m = 0; m < station->machine_count; m++) {
        u.available += left[m] / station->machine_count;
    }
    return u;
}

static void add_step(const ls_plant *plant, const uint32_t *allowed, uint32_t step, double visits,
                     const upkeep *upkeeps, ls_load *loads) {
    const ls_step *s = &plant->steps[step];
    ls_load *load = &loads[s->station];
    const upkeep *u = &upkeeps[s->station];
    const double lots = lots_of_run(plant, s);
    const double parts = plant->products[s->product].parts;
    const double work = visit_us(plant, allowed, step, lots);
    const double time = work * u->busy_factor + u->per_part * parts + u->per_lot +
                        u->per_run / lots;
    load->load += visits * time;
    load->availability += visits * work;  // until close_load
    load->lots_per_hour += visits * 3600e6;
}

static void close_load(const ls_plant *plant, const upkeep *u, ls_load *load) {
    const ls_station *station = &plant->stations[load->station];
    const double work_share = load->load > 0 ? load->availability / load->load : 1 / u->busy_factor;
    load->availability = u->available * work_share;
    load->calendar_share = station->calendar == LS_NONE ? 1
                                                        : plant->calendars[station->calendar].share;
    const double capacity = station->machine_count * u->available * load->calendar_share;
    if (load->load > 0) {
        load->load = capacity > 0 ? load->load / capacity : 1e9;
    }
}

ls_status ls_plant_loads(const ls_plant *plant, ls_arena *arena, const ls_load **out) {
    assert(plant != NULL && out != NULL);
    ls_load *loads = ls_arena_alloc(arena, ((size_t)plant->station_count + 1) * sizeof *loads);
    upkeep *upkeeps = ls_arena_alloc(arena, ((size_t)plant->station_count + 1) * sizeof *upkeeps);
    double *visits = ls_arena_alloc(arena, ((size_t)plant->step_count + 1) * sizeof *visits);
    double *left = ls_arena_alloc(arena, ((size_t)plant->machine_count + 1) * sizeof *left);
    const uint32_t *allowed = ls_route_allowed(plant, arena);
    if (loads == NULL || upkeeps == NULL || left == NULL || visits == NULL || allowed == NULL ||
        !ls_route_visits(plant, arena, visits)) {
        return LS_ERR_MEMORY;
    }
    for (uint32_t s = 0; s < plant->station_count; s++) {
        loads[s].station = s;
        upkeeps[s] = upkeep_of(plant, &plant->stations[s], left);
    }
    for (uint32_t i = 0; i < plant->step_count; i++) {
        add_step(plant, allowed, i, visits[i], upkeeps, loads);
    }
    for (uint32_t s = 0; s < plant->station_count; s++) {
        close_load(plant, &upkeeps[s], &loads[s]);
    }
    *out = loads;
    return LS_OK;
}

// --- notes

static void note(const ls_plant *plant, ls_errors *notes, ls_place place, const char *hint,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

static void note(const ls_plant *plant, ls_errors *notes, ls_place place, const char *hint,
                 const char *format, ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    ls_error err;
    (void)ls_fail_at(&err, LS_ERR_INVALID, plant->file, place.line, place.column, "%s", text);
    if (hint != NULL) {
        ls_hint(&err, "%s", hint);
    }
    err.status = LS_OK;
    ls_errors_add(notes, &err);
}

// Do lots come for ever? Orders, timetables and counted releases come to an end.
static bool is_endless(const ls_plant *plant) {
    for (uint32_t r = 0; r < plant->release_count; r++) {
        const ls_release *release = &plant->releases[r];
        if (release->kind == LS_RELEASE_EVERY && release->count == LS_FOREVER) {
            return true;
        }
    }
    return false;
}

static void note_loads(const ls_plant *plant, const ls_load *loads, ls_errors *notes) {
    const char *hint =
        is_endless(plant)
            ? "its queue grows without end: add machines, shorten the work or release less"
            : "its queue grows while lots come: add machines, shorten the work or release less";
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_station *station = &plant->stations[s];
        if (loads[s].load > 0 && !(loads[s].availability > 0)) {
            note(plant, notes, station->place,
                 "look at 'every' and 'for' of its maintenance: the work must be shorter",
                 "failures and maintenance leave no time for lots at '%s'", station->name);
        } else if (loads[s].load >= 1) {
            note(plant, notes, station->place, hint, "load %.2f at '%s'", loads[s].load,
                 station->name);
        }
    }
}

static void note_stations(const ls_plant *plant, const bool *station_used, const bool *machine_used,
                          ls_errors *notes) {
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_station *station = &plant->stations[s];
        if (!station_used[s]) {
            note(plant, notes, station->place, NULL, "no route comes to station '%s'",
                 station->name);
            continue;
        }
        for (uint32_t m = 0; m < station->machine_count; m++) {
            if (!machine_used[station->machine_at + m]) {
                note(plant, notes, station->place, NULL, "no step may run on machine '%s'",
                     plant->machines[station->machine_at + m].name);
            }
        }
    }
}

static void note_products(const ls_plant *plant, const bool *comes, const bool *is_released,
                          ls_errors *notes) {
    for (uint32_t p = 0; p < plant->product_count; p++) {
        if (!is_released[p]) {
            note(plant, notes, plant->products[p].place, "give it a 'release', or orders",
                 "product '%s' is never released", plant->products[p].name);
        }
    }
    for (uint32_t i = 0; i < plant->step_count; i++) {
        if (!comes[i]) {
            note(plant, notes, plant->steps[i].place, NULL,
                 "no lot comes to step '%s' of product '%s'", plant->steps[i].name,
                 plant->products[plant->steps[i].product].name);
        }
    }
}

static void note_calendars(const ls_plant *plant, bool *calendar_used, ls_errors *notes) {
    for (uint32_t s = 0; s < plant->station_count; s++) {
        if (plant->stations[s].calendar != LS_NONE) {
            calendar_used[plant->stations[s].calendar] = true;
        }
    }
    for (uint32_t o = 0; o < plant->operators_count; o++) {
        if (plant->operators[o].calendar != LS_NONE) {
            calendar_used[plant->operators[o].calendar] = true;
        }
    }
    for (uint32_t k = 0; k < plant->calendar_count; k++) {
        if (!calendar_used[k]) {
            note(plant, notes, plant->calendars[k].place, NULL, "nobody uses calendar '%s'",
                 plant->calendars[k].name);
        }
    }
}

static void mark_used(const ls_plant *plant, const uint32_t *allowed, bool *stations,
                      bool *machines) {
    for (uint32_t i = 0; i < plant->step_count; i++) {
        const ls_station *station = &plant->stations[plant->steps[i].station];
        stations[plant->steps[i].station] = true;
        for (uint32_t m = 0; m < station->machine_count; m++) {
            machines[station->machine_at + m] = machines[station->machine_at + m] ||
                                                ls_route_may_run(plant, allowed, i, m);
        }
    }
}

static void mark_released(const ls_plant *plant, bool *released) {
    for (uint32_t r = 0; r < plant->release_count; r++) {
        released[plant->releases[r].product] = true;
    }
    for (uint32_t i = 0; i < plant->wip_count; i++) {
        released[plant->wip[i].product] = true;
    }
}

ls_status ls_plant_notes(const ls_plant *plant, ls_errors *notes) {
    assert(plant != NULL && notes != NULL);
    ls_arena arena;
    ls_arena_init(&arena);
    const ls_load *loads = NULL;
    const size_t marks = (size_t)plant->station_count + plant->machine_count +
                         plant->product_count + plant->calendar_count +
                         2 * (size_t)plant->step_count;
    bool *mark = ls_arena_alloc(&arena, marks + 1);
    const uint32_t *allowed = ls_route_allowed(plant, &arena);
    ls_status status = LS_ERR_MEMORY;
    if (mark != NULL && allowed != NULL && ls_plant_loads(plant, &arena, &loads) == LS_OK) {
        bool *stations = mark;
        bool *machines = stations + plant->station_count;
        bool *products = machines + plant->machine_count;
        bool *calendars = products + plant->product_count;
        bool *comes = calendars + plant->calendar_count;
        bool *ends = comes + plant->step_count;
        if (ls_route_reach(plant, &arena, comes, ends)) {
            mark_used(plant, allowed, stations, machines);
            mark_released(plant, products);
            note_loads(plant, loads, notes);
            note_stations(plant, stations, machines, notes);
            note_products(plant, comes, products, notes);
            note_calendars(plant, calendars, notes);
            status = LS_OK;
        }
    }
    ls_arena_clear(&arena);
    return status;
}
