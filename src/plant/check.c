// check.c - see check.h: mistakes that only the whole plant shows.
#include "plant/check.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "plant/route.h"

typedef struct checker {
    const ls_plant *plant;
    ls_errors *errors;  // NULL: only count
    size_t count;
    ls_arena scratch;
    bool out_of_memory;
} checker;

static void mistake(checker *c, ls_place place, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void mistake(checker *c, ls_place place, const char *hint, const char *format, ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    ls_error err;
    (void)ls_fail_at(&err, LS_ERR_INVALID, c->plant->file, place.line, place.column, "%s", text);
    if (hint != NULL) {
        ls_hint(&err, "%s", hint);
    }
    c->count++;
    if (c->errors != NULL) {
        ls_errors_add(c->errors, &err);
    }
}

static void *scratch(checker *c, size_t count, size_t size) {
    void *items = ls_arena_alloc(&c->scratch, (count + 1) * size);
    c->out_of_memory = c->out_of_memory || items == NULL;
    return items;
}

static const char *product_name(const ls_plant *plant, uint32_t step) {
    return plant->products[plant->steps[step].product].name;
}

// --- routes

static void check_routes(checker *c) {
    const ls_plant *plant = c->plant;
    bool *comes = scratch(c, plant->step_count, sizeof *comes);
    bool *ends = scratch(c, plant->step_count, sizeof *ends);
    if (c->out_of_memory || !ls_route_reach(plant, &c->scratch, comes, ends)) {
        c->out_of_memory = true;
        return;
    }
    for (uint32_t p = 0; p < plant->product_count; p++) {
        const ls_product *product = &plant->products[p];
        for (uint32_t i = 0; i < product->step_count; i++) {
            const uint32_t step = product->step_at + i;
            if (comes[step] && !ends[step]) {
                mistake(
                    c, plant->steps[step].place,
                    "every step must come to the end with some chance: look at 'rework' of 100 % "
                    "without a limit, and at 'then'",
                    "the route of product '%s' cannot end once a lot is at step '%s'",
                    product->name, plant->steps[step].name);
                break;  // the others of this product follow from it
            }
        }
    }
}

// --- which machines may run which steps

static uint32_t count_machines(const ls_plant *plant, const uint32_t *allowed, uint32_t step) {
    uint32_t count = 0;
    for (uint32_t m = 0; m < plant->stations[plant->steps[step].station].machine_count; m++) {
        count += ls_route_may_run(plant, allowed, step, m) ? 1 : 0;
    }
    return count;
}

static void check_dedication(checker *c, const uint32_t *allowed, uint32_t index) {
    const ls_plant *plant = c->plant;
    const ls_step *step = &plant->steps[index];
    const uint32_t machines = plant->stations[step->station].machine_count;
    const uint32_t other = step->same_as != LS_NONE ? step->same_as : step->other_than;
    if (step->same_as != LS_NONE && step->other_than != LS_NONE) {
        mistake(c, step->place, "use one of them",
                "step '%s' has both 'same-machine-as' and 'other-machine-than'", step->name);
        return;
    }
    if (other == LS_NONE) {
        return;
    }
    if (plant->steps[other].number >= step->number) {
        mistake(c, step->place, "name an earlier step",
                "step '%s' looks at the machine of '%s', which does not come before it", step->name,
                plant->steps[other].name);
    }
    for (uint32_t m = 0; m < machines; m++) {
        if (!ls_route_may_run(plant, allowed, other, m)) {
            continue;
        }
        const uint32_t left = count_machines(plant, allowed, index) -
                              (ls_route_may_run(plant, allowed, index, m) ? 1 : 0);
        const bool is_stuck = step->same_as != LS_NONE ? !ls_route_may_run(plant, allowed, index, m)
                                                       : left == 0;
        if (is_stuck) {
            mistake(c, step->place, NULL,
                    "a lot that was on machine '%s' at step '%s' finds no machine for step '%s'",
                    plant->machines[plant->stations[step->station].machine_at + m].name,
                    plant->steps[other].name, step->name);
            return;
        }
    }
}

static void check_machines(checker *c) {
    const ls_plant *plant = c->plant;
    const uint32_t *allowed = ls_route_allowed(plant, &c->scratch);
    if (allowed == NULL) {
        c->out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < plant->step_count; i++) {
        if (count_machines(plant, allowed, i) == 0) {
            mistake(c, plant->steps[i].place, "look at 'only' of the machines and 'on' of the step",
                    "no machine of station '%s' may run step '%s' of product '%s'",
                    plant->stations[plant->steps[i].station].name, plant->steps[i].name,
                    product_name(plant, i));
        } else {
            check_dedication(c, allowed, i);
        }
    }
}

// --- batches

// How many lots of each product there can ever be at once at most; LS_FOREVER: no end.
static void count_supplies(const ls_plant *plant, int64_t *supply) {
    for (uint32_t i = 0; i < plant->wip_count; i++) {
        supply[plant->wip[i].product]++;
    }
    for (uint32_t i = 0; i < plant->release_count; i++) {
        const ls_release *r = &plant->releases[i];
        if (r->kind == LS_RELEASE_EVERY) {
            supply[r->product] = LS_FOREVER;
        }
        for (uint32_t k = 0; k < r->order_count && supply[r->product] < LS_FOREVER / 2; k++) {
            supply[r->product] += plant->orders[r->order_at + k].lots;
        }
        if (supply[r->product] < LS_FOREVER / 2) {
            supply[r->product] += r->kind == LS_RELEASE_KEEP ? r->keep : 0;
        }
    }
}

// What one batch of a family can hold of lots, and how many of them can be there.
typedef struct family {
    double most;    // sum over steps of `most`, in lots or parts
    double supply;  // lots or parts
    uint32_t last_product;
} family;

static double size_of(const ls_plant *plant, const ls_station *s, uint32_t step, double lots) {
    return s->batch_parts ? lots * plant->products[plant->steps[step].product].parts : lots;
}

static void add_step(const ls_plant *plant, const int64_t *supply, uint32_t step,
                     family *families) {
    const ls_step *s = &plant->steps[step];
    const ls_station *station = &plant->stations[s->station];
    for (uint32_t f = 0; f < s->family_count; f++) {
        family *one = &families[plant->indexes[s->family_at + f]];
        const double most = s->batch_most == 0 ? 1e18 : s->batch_most;
        one->most += size_of(plant, station, step, most);
        // Steps of one product share its lots; they stand together in the plant.
        if (one->last_product != s->product + 1) {
            one->last_product = s->product + 1;
            const double lots = (double)supply[s->product];
            one->supply += size_of(plant, station, step, lots);
        }
    }
}

static void check_filling(checker *c, uint32_t step, const family *families) {
    const ls_plant *plant = c->plant;
    const ls_step *s = &plant->steps[step];
    const ls_station *station = &plant->stations[s->station];
    if (s->batch_wait_us != LS_FOREVER) {
        return;
    }
    const char *unit = station->batch_parts ? "parts" : "lots";
    const double places = size_of(plant, station, step, (double)station->places);
    double most = 0;
    double supply = 0;
    for (uint32_t f = 0; f < s->family_count; f++) {
        const family *one = &families[plant->indexes[s->family_at + f]];
        most = one->most > most ? one->most : most;
        supply = one->supply > supply ? one->supply : supply;
    }
    const char *hint = "lower 'min', or set 'wait', after which a smaller batch starts";
    if (station->places >= 0 && s->batch_min > 1 && places < s->batch_min) {
        mistake(c, s->place, hint,
                "a batch of step '%s' can never fill: it needs %u %s, the queue of station '%s' "
                "has room for %.0f",
                s->name, s->batch_min, unit, station->name, places);
    } else if (most < s->batch_min) {
        mistake(c, s->place, "raise 'most', or let other steps join the batch",
                "a batch of step '%s' can never fill: it needs %u %s, 'most' lets %.0f in", s->name,
                s->batch_min, unit, most);
    } else if (supply > 0 && supply < s->batch_min) {
        mistake(c, s->place, hint,
                "a batch of step '%s' can never fill: it needs %u %s, there are never more than "
                "%.0f in the plant",
                s->name, s->batch_min, unit, supply);
    } else if (size_of(plant, station, step, 1) > s->batch_max && station->batch_parts) {
        mistake(
            c, s->place, "raise 'max'",
            "a lot of product '%s' has more parts than a batch of step '%s' may hold, which is %u",
            product_name(plant, step), s->name, s->batch_max);
    }
}

// Families are numbered within their station: where those of each station begin, the sum last.
static uint32_t *place_families(checker *c) {
    const ls_plant *plant = c->plant;
    uint32_t *at = scratch(c, plant->station_count + 1, sizeof *at);
    for (uint32_t i = 0; i < plant->step_count && at != NULL; i++) {
        const ls_step *s = &plant->steps[i];
        for (uint32_t f = 0; f < s->family_count; f++) {
            const uint32_t need = plant->indexes[s->family_at + f] + 1;
            at[s->station + 1] = at[s->station + 1] < need ? need : at[s->station + 1];
        }
    }
    for (uint32_t s = 0; s < plant->station_count && at != NULL; s++) {
        at[s + 1] += at[s];
    }
    return at;
}

static void check_batches(checker *c) {
    const ls_plant *plant = c->plant;
    int64_t *supply = scratch(c, plant->product_count, sizeof *supply);
    const uint32_t *at = place_families(c);
    family *families = at == NULL ? NULL : scratch(c, at[plant->station_count], sizeof *families);
    if (c->out_of_memory || families == NULL) {
        return;
    }
    count_supplies(plant, supply);
    for (uint32_t i = 0; i < plant->step_count; i++) {
        add_step(plant, supply, i, families + at[plant->steps[i].station]);
    }
    for (uint32_t i = 0; i < plant->step_count; i++) {
        if (plant->stations[plant->steps[i].station].batch) {
            check_filling(c, i, families + at[plant->steps[i].station]);
        }
    }
}

// --- clocks that would not let time go on, and lots that have no room

enum { MODES_MAX = 32 };  // of one machine: the twin keeps what is due as bits of a word

static void check_upkeep(checker *c) {
    const ls_plant *plant = c->plant;
    for (uint32_t s = 0; s < plant->station_count; s++) {
        if (plant->stations[s].failure_count > MODES_MAX) {
            mistake(c, plant->stations[s].place, "put rare ones together, or split the station",
                    "station '%s' has %u failures and maintenances, at most %d are possible",
                    plant->stations[s].name, plant->stations[s].failure_count, MODES_MAX);
        }
    }
    for (uint32_t i = 0; i < plant->failure_count; i++) {
        const ls_failure *f = &plant->failures[i];
        const double mean = ls_dist_mean(&plant->dists[f->every], plant->tables);
        const bool by_count = f->by != LS_FAIL_BUSY && f->by != LS_FAIL_CALENDAR;
        if (mean < 1) {
            mistake(c, f->place, NULL, "'%s' comes %s: the mean of 'every' is %.6g%s", f->name,
                    by_count ? "more often than once a piece" : "again at the same instant", mean,
                    by_count ? "" : " us");
        }
    }
}

// Can a lot of the product leave without any time having passed?
static bool takes_no_time(const ls_plant *plant, const ls_product *product) {
    for (uint32_t i = 0; i < product->step_count; i++) {
        const ls_station *station = &plant->stations[plant->steps[product->step_at + i].station];
        if (ls_plant_step_mean_us(plant, product->step_at + i) > 0 || station->setup_count > 0 ||
            station->transit != LS_NONE) {
            return false;
        }
    }
    const size_t side = (size_t)plant->area_count + 1;
    for (size_t i = 0; i < side * side; i++) {
        if (plant->transport[i] != LS_NONE) {
            return false;
        }
    }
    return true;
}

static void check_keeping(checker *c) {
    const ls_plant *plant = c->plant;
    for (uint32_t i = 0; i < plant->release_count; i++) {
        const ls_product *product = &plant->products[plant->releases[i].product];
        if (plant->releases[i].kind == LS_RELEASE_KEEP && takes_no_time(plant, product)) {
            mistake(c, product->place, "give a step a process time",
                    "lots of '%s' are kept and take no time: the clock would never go on",
                    product->name);
        }
    }
}

static void check_start(checker *c) {
    const ls_plant *plant = c->plant;
    if (plant->limits.lots > 0 && plant->wip_count > plant->limits.lots) {
        const ls_place nowhere = {0, 0};
        mistake(c, nowhere, "raise 'limits: {lots: ...}'",
                "%u lots are in the plant at time zero, the limit is %u", plant->wip_count,
                plant->limits.lots);
    }
}

ls_status ls_plant_check(const ls_plant *plant, ls_errors *errors) {
    assert(plant != NULL);
    checker c = {.plant = plant, .errors = errors};
    ls_arena_init(&c.scratch);
    void (*const parts[])(checker *) = {check_routes, check_machines, check_batches,
                                        check_upkeep, check_keeping,  check_start};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !c.out_of_memory; i++) {
        parts[i](&c);
    }
    ls_arena_clear(&c.scratch);
    if (c.out_of_memory) {
        return LS_ERR_MEMORY;
    }
    return c.count > 0 ? LS_ERR_INVALID : LS_OK;
}
