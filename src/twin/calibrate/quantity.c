// quantity.c - see quantity.h.
#include "twin/calibrate/quantity.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

static const double CASCADE_SAME_US = 2000.0;

static const char *const names[LS_QUANTITY_KIND_COUNT] = {
    "process", "setup", "failure", "repair", "transport", "release", "scrap", "rework"};

const char *ls_quantity_name(ls_quantity_kind kind) {
    return kind < LS_QUANTITY_KIND_COUNT ? names[kind] : "unknown";
}

bool ls_quantity_is_share(ls_quantity_kind kind) {
    return kind == LS_QUANTITY_SCRAP || kind == LS_QUANTITY_REWORK;
}

static ls_dist_index process_dist(const ls_plant *plant, uint32_t step, uint32_t machine) {
    const ls_step *s = &plant->steps[step];
    if (s->machine_process_at == LS_NONE || machine == LS_NONE) {
        return s->process;
    }
    const ls_station *station = &plant->stations[s->station];
    return plant->indexes[s->machine_process_at + machine - station->machine_at];
}

static ls_dist_index setup_dist(const ls_plant *plant, const ls_quantity_id *id) {
    if (id->step != LS_NONE) {
        return plant->steps[id->step].setup_time;
    }
    const ls_station *s = &plant->stations[id->station];
    return plant->setup_matrix[s->matrix_at + (size_t)id->from * s->setup_count + id->to - 1];
}

// LS_NONE also when several rules could be meant.
static ls_dist_index transport_dist(const ls_plant *plant, const ls_quantity_id *id) {
    const uint32_t n = plant->area_count;
    const uint32_t from = id->from == 0 ? n : plant->stations[id->from - 1].area;
    return plant->transport[(size_t)from * (n + 1) + plant->stations[id->station].area];
}

const ls_dist *ls_quantity_dist(const ls_plant *plant, const ls_quantity_id *id) {
    ls_dist_index dist = LS_NONE;
    switch (id->kind) {
    case LS_QUANTITY_PROCESS: dist = process_dist(plant, id->step, id->machine); break;
    case LS_QUANTITY_SETUP: dist = setup_dist(plant, id); break;
    case LS_QUANTITY_FAILURE: dist = plant->failures[id->mode].every; break;
    case LS_QUANTITY_REPAIR: dist = plant->failures[id->mode].repair; break;
    case LS_QUANTITY_TRANSPORT: dist = transport_dist(plant, id); break;
    case LS_QUANTITY_RELEASE: dist = plant->releases[id->release].every; break;
    default: break;
    }
    return dist == LS_NONE ? NULL : &plant->dists[dist];
}

double ls_quantity_share(const ls_plant *plant, const ls_quantity_id *id) {
    return id->kind == LS_QUANTITY_SCRAP ? plant->steps[id->step].scrap
                                         : plant->steps[id->step].rework;
}

bool ls_quantity_is_count(const ls_plant *plant, const ls_quantity_id *id) {
    if (id->kind != LS_QUANTITY_FAILURE) {
        return false;
    }
    const ls_fail_by by = plant->failures[id->mode].by;
    return by != LS_FAIL_CALENDAR && by != LS_FAIL_BUSY;
}

static uint32_t station_of_mode(const ls_plant *plant, uint32_t mode) {
    for (uint32_t i = 0; i < plant->station_count; i++) {
        const ls_station *s = &plant->stations[i];
        if (mode >= s->failure_at && mode < s->failure_at + s->failure_count) {
            return i;
        }
    }
    return 0;
}

static const char *state_name(const ls_plant *plant, const ls_station *s, uint32_t state) {
    return state == 0 ? "none" : plant->setup_names[s->setup_at + state - 1];
}

size_t ls_quantity_describe(const ls_plant *plant, const ls_quantity_id *id, char *out,
                            size_t size) {
    const char *name = ls_quantity_name(id->kind);
    switch (id->kind) {
    case LS_QUANTITY_SETUP: {
        const ls_station *s = &plant->stations[id->station];
        return ls_text_format(out, size, "setup of %s from %s to %s", s->name,
                              state_name(plant, s, id->from), state_name(plant, s, id->to));
    }
    case LS_QUANTITY_FAILURE:
    case LS_QUANTITY_REPAIR:
        return ls_text_format(out, size, "%s %s of %s", name, plant->failures[id->mode].name,
                              plant->stations[station_of_mode(plant, id->mode)].name);
    case LS_QUANTITY_TRANSPORT:
        return ls_text_format(out, size, "transport from %s to %s",
                              id->from == 0 ? "in" : plant->stations[id->from - 1].name,
                              plant->stations[id->station].name);
    case LS_QUANTITY_RELEASE:
        return ls_text_format(out, size, "release of %s", plant->releases[id->release].name);
    default: {
        const ls_step *s = &plant->steps[id->step];
        const bool own = id->machine != LS_NONE;
        return ls_text_format(out, size, "%s of step %s of %s%s%s", name, s->name,
                              plant->products[s->product].name, own ? " on " : "",
                              own ? plant->machines[id->machine].name : "");
    }
    }
}

// ---- from a fact

static ls_quantity_id id_of(ls_quantity_kind kind) {
    return (ls_quantity_id){.kind = kind,
                            .step = LS_NONE,
                            .machine = LS_NONE,
                            .mode = LS_NONE,
                            .station = LS_NONE,
                            .from = LS_NONE,
                            .to = LS_NONE,
                            .release = LS_NONE};
}

// Load and unload are phases of their own where operators tell them from the process.
static bool are_phases_apart(const ls_plant *plant, const ls_station *s) {
    for (uint32_t i = 0; i < s->need_count; i++) {
        const ls_need *need = &plant->needs[s->need_at + i];
        if (need->load != need->process || need->process != need->unload) {
            return true;
        }
    }
    return false;
}

// The inverse of ls_work_of and ls_run_length (twin/operation.h).
static bool process_of_fact(const ls_plant *plant, const ls_fact *fact, ls_quantity_id *id,
                            double *value, double *entered, const char **why) {
    if (fact->step >= plant->step_count || fact->machine >= plant->machine_count) {
        *why = "without step or machine";
        return false;
    }
    const ls_step *step = &plant->steps[fact->step];
    const ls_station *station = &plant->stations[step->station];
    const double slowness = 1.0 / plant->machines[fact->machine].speed;
    const double loading = (double)(step->load_us + step->unload_us);
    double around = station->ports < 2 && !are_phases_apart(plant, station) ? loading : 0.0;
    double factor = step->per == LS_PER_BATCH ? 1.0
                    : step->per == LS_PER_LOT ? (double)fact->lots
                                              : (double)fact->parts;
    factor = factor < 1.0 ? 1.0 : factor;
    if (step->cascade_us > 0) {
        const double interval = (double)step->cascade_us * slowness;
        const double machine = step->per == LS_PER_PART ? interval * (double)fact->parts : interval;
        if (!fact->lagged && fabs(fact->value - machine - around) < CASCADE_SAME_US) {
            *why = "of a machine that takes the next before the last has left";
            return false;
        }
        if (step->per == LS_PER_PART) {
            around += interval * ((double)fact->parts - 1.0);
            factor = 1.0;
        }
    }
    if (fact->lagged && station->ports > 1) {
        if (step->cascade_us == 0) {
            *why = "told of its machine already";
            return false;
        }
        around += loading;
    }
    id->step = fact->step;
    id->machine = step->machine_process_at != LS_NONE ? fact->machine : LS_NONE;
    *value = fmax(0.0, (fact->value - around) / slowness / factor);
    *entered = fmax(0.0, (fact->entered - around) / slowness / factor);
    return true;
}

static bool setup_of_fact(const ls_plant *plant, const ls_fact *fact, ls_quantity_id *id,
                          const char **why) {
    if (fact->station >= plant->station_count || fact->setup_to == 0 ||
        fact->setup_to > plant->stations[fact->station].setup_count ||
        fact->setup_from > plant->stations[fact->station].setup_count) {
        *why = "without a setup state";
        return false;
    }
    id->station = fact->station;
    id->from = fact->setup_from;
    id->to = fact->setup_to;
    if (fact->step < plant->step_count && plant->steps[fact->step].setup_time != LS_NONE) {
        id->step = fact->step;
    }
    return true;
}

// Which station it left, when the fact does not say: where only one way leads to the step.
static uint32_t origin_of(const ls_plant *plant, uint32_t to) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < plant->step_count; i++) {
        const ls_step *s = &plant->steps[i];
        bool leads = s->next == to || s->rework_to == to;
        for (uint32_t k = 0; k < s->branch_count && !leads; k++) {
            leads = plant->branches[s->branch_at + k].step == to;
        }
        if (leads && found != 0 && found != s->station + 1) {
            return LS_NONE;
        }
        found = leads ? s->station + 1 : found;
    }
    return found;
}

static bool transport_of_fact(const ls_plant *plant, const ls_fact *fact, ls_quantity_id *id,
                              const char **why) {
    if (fact->station >= plant->station_count || fact->step >= plant->step_count ||
        fact->from > plant->station_count) {
        *why = "without station";
        return false;
    }
    id->station = fact->station;
    id->from = fact->from != 0 ? fact->from : origin_of(plant, fact->step);
    if (id->from == LS_NONE) {
        *why = "from one of several stations, not known which";
        return false;
    }
    if (plant->stations[fact->station].transit != LS_NONE) {
        *why = "together with the transit of a queue";
        return false;
    }
    return true;
}

bool ls_quantity_of_fact(const ls_plant *plant, const ls_fact *fact, ls_quantity_id *out_id,
                         double *out_value, double *out_entered, const char **out_why) {
    static const ls_quantity_kind kinds[LS_FACT_KIND_COUNT] = {
        [LS_FACT_PROCESS] = LS_QUANTITY_PROCESS,     [LS_FACT_SETUP] = LS_QUANTITY_SETUP,
        [LS_FACT_FAILURE] = LS_QUANTITY_FAILURE,     [LS_FACT_REPAIR] = LS_QUANTITY_REPAIR,
        [LS_FACT_TRANSPORT] = LS_QUANTITY_TRANSPORT, [LS_FACT_RELEASE] = LS_QUANTITY_RELEASE,
        [LS_FACT_OUTCOME] = LS_QUANTITY_SCRAP,       [LS_FACT_DONE] = LS_QUANTITY_KIND_COUNT,
        [LS_FACT_CAME] = LS_QUANTITY_KIND_COUNT,     [LS_FACT_POOL] = LS_QUANTITY_KIND_COUNT};
    *out_why = "of no value in the plant file";
    if (fact->kind >= LS_FACT_KIND_COUNT || kinds[fact->kind] == LS_QUANTITY_KIND_COUNT) {
        return false;
    }
    ls_quantity_id id = id_of(kinds[fact->kind]);
    *out_value = fact->value;
    *out_entered = fact->entered;
    bool good = true;
    switch (fact->kind) {
    case LS_FACT_PROCESS:
        good = process_of_fact(plant, fact, &id, out_value, out_entered, out_why);
        break;
    case LS_FACT_SETUP: good = setup_of_fact(plant, fact, &id, out_why); break;
    case LS_FACT_TRANSPORT: good = transport_of_fact(plant, fact, &id, out_why); break;
    case LS_FACT_FAILURE:
    case LS_FACT_REPAIR:
        id.mode = fact->mode;
        good = fact->mode < plant->failure_count;
        if (good && fact->kind == LS_FACT_FAILURE && plant->failures[fact->mode].maintenance) {
            good = false;
            *out_why = "planned, not drawn";
        }
        break;
    case LS_FACT_RELEASE:
        id.release = fact->release;
        good = fact->release < plant->release_count &&
               plant->releases[fact->release].kind == LS_RELEASE_EVERY &&
               !(plant->releases[fact->release].lots > 1 && fact->value < 1.0);
        break;
    default:
        id.step = fact->step;
        good = fact->step < plant->step_count;
        break;
    }
    const bool lasts = fact->kind == LS_FACT_PROCESS || fact->kind == LS_FACT_SETUP ||
                       fact->kind == LS_FACT_REPAIR;
    if (good && lasts && !(fact->value > 0.0)) {
        good = false;
        *out_why = "of no length: its begin was not seen";
    }
    *out_id = id;
    return good;
}
