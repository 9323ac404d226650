// smt2020_route.c - parts and their routes: one row of a route table is one step.
#include <string.h>

#include "base/text.h"
#include "import/smt2020_model.h"

// clang-format off
enum {
    R_ROUTE, R_STEP, R_DESC, R_STNFAM, R_PDIST, R_PTIME, R_PTIME2, R_PTUNITS, R_PTPER, R_BATCHMN, R_BATCHMX,
    R_SETUP, R_WHEN, R_STIME, R_STUNITS, R_SVESTN, R_FORSTEP, R_BINT, R_BUNITS, R_PINT, R_PUNITS, R_RWKSTEP,
    R_REWORK, R_RWKTYPE, R_PERCENT, R_CQTSTEP, R_CQT, R_CQTUNITS,
};
static const ls_smt_column route_columns[] = {
    {"ROUTE", true}, {"STEP", true}, {"DESC", false}, {"STNFAM", true}, {"PDIST", false}, {"PTIME", true},
    {"PTIME2", false}, {"PTUNITS", true}, {"PTPER", true}, {"BATCHMN", false}, {"BATCHMX", false},
    {"SETUP", false}, {"WHEN", false}, {"STIME", false}, {"STUNITS", false}, {"SVESTN", false},
    {"FORSTEP", false}, {"BatchInterval", false}, {"BatchIntUnits", false}, {"PartInterval", false},
    {"PartIntUnits", false}, {"RWKSTEP", false}, {"REWORK", false}, {"RWKTYPE", false},
    {"StepPercent", false}, {"STEP_CQT", false}, {"CQT", false}, {"CQTUNITS", false}, {"IGNORE", false}, {0},
};
// clang-format on

// A description becomes a name: everything but letters, digits, '_', '-' and '+' becomes '_'. A
// name of digits alone could be taken for a step number.
static const char *step_name(ls_smt_model *model, const char *description, uint32_t number) {
    char name[LS_SMT_NAME_MAX + 1];
    size_t length = 0;
    bool word = false;
    for (; description[length] != '\0' && length < LS_SMT_NAME_MAX; length++) {
        char c = description[length];
        bool digit = c >= '0' && c <= '9';
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                      (length > 0 && (c == '-' || c == '+'));
        name[length] = digit || letter ? c : '_';
        word = word || !digit;
    }
    name[length] = '\0';
    return word ? ls_smt_text(&model->reader, "%s", name)
                : ls_smt_text(&model->reader, "step_%u", number);
}

static void read_station(ls_smt_model *model, const ls_smt_table *table, size_t row,
                         ls_smt_step *step) {
    const char *name;
    step->station = LS_SMT_NO;
    if (!ls_smt_name(table, row, R_STNFAM, &name)) {
        return;
    }
    step->station = ls_names_find(&model->names, LS_SMT_STATIONS, name);
    if (step->station != LS_SMT_NO || model->station_count == 0) {
        return;
    }
    const char *near = NULL;
    unsigned best = 1 + (unsigned)strlen(name) / 3;
    for (uint32_t i = 0; i < model->station_count && model->reader.errors->total < LS_ERRORS_MAX;
         i++) {
        unsigned distance = ls_text_distance(name, model->stations[i].name, best + 1);
        if (distance < best || (distance == best && near == NULL)) {
            best = distance;
            near = model->stations[i].name;
        }
    }
    char hint[LS_SMT_NAME_MAX + 64];
    ls_text_format(hint, sizeof hint,
                   near != NULL ? "is '%s' meant?" : "tool.txt.1l names them all%s",
                   near != NULL ? near : "");
    ls_smt_wrong(table, row, R_STNFAM, hint, "there is no tool group '%s'", name);
}

static void read_process(const ls_smt_table *table, size_t row, ls_smt_step *step) {
    static const char *const pers[] = {"per_lot", "per_piece", "per_batch", NULL};
    int per = 0;
    ls_smt_spread(table, row, R_PDIST, R_PTIME, R_PTIME2, R_PTUNITS, &step->process);
    ls_smt_word(table, row, R_PTPER, pers, &per);
    step->per = (ls_smt_per)per;
    bool part_interval = ls_smt_has(table, row, R_PINT),
         batch_interval = ls_smt_has(table, row, R_BINT);
    if (part_interval && batch_interval) {
        ls_smt_wrong(table, row, R_BINT, "a tool cascades wafers or lots",
                     "PartInterval and BatchInterval are both given");
    } else if (part_interval && step->per != LS_SMT_PER_PIECE) {
        ls_smt_wrong(table, row, R_PINT, "PTPER per_piece, or BatchInterval",
                     "an interval between pieces at a time that is not per piece");
    } else if (batch_interval && step->per == LS_SMT_PER_PIECE) {
        ls_smt_wrong(table, row, R_BINT, "PartInterval, or PTPER per_lot or per_batch",
                     "an interval between lots at a time per piece");
    } else if (part_interval) {
        step->has_cascade = ls_smt_span(table, row, R_PINT, R_PUNITS, &step->cascade);
    } else if (batch_interval) {
        step->has_cascade = ls_smt_span(table, row, R_BINT, R_BUNITS, &step->cascade);
    }
}

static void read_batch(const ls_smt_model *model, const ls_smt_table *table, size_t row,
                       ls_smt_step *step) {
    bool low = ls_smt_has(table, row, R_BATCHMN), high = ls_smt_has(table, row, R_BATCHMX);
    if (low || high) {
        step->batch_min = 1;
        bool good = !low || ls_smt_count(table, row, R_BATCHMN, 1, 1000000, &step->batch_min);
        if (!high) {
            ls_smt_wrong(table, row, R_BATCHMX, NULL, "BATCHMN is given, and no largest batch");
        } else if (ls_smt_count(table, row, R_BATCHMX, 1, 1000000, &step->batch_max) && good &&
                   step->batch_min > step->batch_max) {
            ls_smt_wrong(table, row, R_BATCHMN, "at most BATCHMX", "%d is more than BATCHMX, %d",
                         (int)step->batch_min, (int)step->batch_max);
        }
        if (model->options->compat) {
            step->batch_min = step->batch_max;  // PySCFabSim starts full batches only
        }
    } else if (step->per == LS_SMT_PER_BATCH) {
        ls_smt_wrong(table, row, R_BATCHMX, "BATCHMN and BATCHMX in pieces",
                     "a time per batch, and no size of batches");
    }
}

static void read_setup(const ls_smt_table *table, size_t row, ls_smt_step *step) {
    static const char *const whens[] = {"", "need", NULL};
    int when;
    step->setup = "";
    ls_smt_word(table, row, R_WHEN, whens, &when);
    bool setup = ls_smt_has(table, row, R_SETUP);
    if (setup) {
        ls_smt_name(table, row, R_SETUP, &step->setup);
    }
    if (!ls_smt_has(table, row, R_STIME)) {
        return;
    }
    if (!setup) {
        ls_smt_wrong(table, row, R_STIME, "name the setup in SETUP", "a setup time, and no setup");
    }
    step->has_setup_time = ls_smt_span(table, row, R_STIME, R_STUNITS, &step->setup_time);
}

// Sampling, rework, queue-time limits. Targets are kept as numbers, checked when all steps are
// known.
static void read_flow(const ls_smt_table *table, size_t row, ls_smt_step *step) {
    static const char *const types[] = {"", "lot", NULL};
    int type;
    int64_t number;
    step->sample = 100.0;
    step->rework_to = step->limit_to = LS_SMT_NO;
    if (ls_smt_has(table, row, R_PERCENT)) {
        ls_smt_number(table, row, R_PERCENT, 0.0, 100.0, &step->sample);
    }
    ls_smt_word(table, row, R_RWKTYPE, types, &type);
    if (ls_smt_has(table, row, R_RWKSTEP)) {
        if (ls_smt_count(table, row, R_RWKSTEP, 1, LS_SMT_STEPS_MAX, &number) &&
            ls_smt_number(table, row, R_REWORK, 0.0, 100.0, &step->rework)) {
            step->rework_to = (uint32_t)number - 1;
        }
    } else if (ls_smt_has(table, row, R_REWORK)) {
        ls_smt_wrong(table, row, R_RWKSTEP, "the number of a step",
                     "a chance of rework, and no step to go to");
    }
    if (ls_smt_has(table, row, R_CQTSTEP)) {
        if (ls_smt_count(table, row, R_CQTSTEP, 1, LS_SMT_STEPS_MAX, &number) &&
            ls_smt_span(table, row, R_CQT, R_CQTUNITS, &step->limit)) {
            step->has_limit = true;
            step->limit_to = (uint32_t)number - 1;
        }
    } else if (ls_smt_has(table, row, R_CQT)) {
        ls_smt_wrong(table, row, R_CQTSTEP, "the number of a step",
                     "a queue-time limit, and no step that it ends at");
    }
}

static void check_flow(const ls_smt_table *table, size_t row, const ls_smt_route *route,
                       uint32_t index) {
    ls_smt_step *step = &route->steps[index];
    if (step->rework_to != LS_SMT_NO && step->rework_to >= route->step_count) {
        ls_smt_wrong(table, row, R_RWKSTEP, NULL, "route '%s' has %u steps, no step %u",
                     route->name, route->step_count, step->rework_to + 1);
    } else if (step->rework_to != LS_SMT_NO && step->rework_to > index) {
        ls_smt_wrong(table, row, R_RWKSTEP, "rework goes back, or repeats the step",
                     "step %u comes after step %u", step->rework_to + 1, index + 1);
    }
    if (step->limit_to != LS_SMT_NO && step->limit_to >= route->step_count) {
        ls_smt_wrong(table, row, R_CQTSTEP, NULL, "route '%s' has %u steps, no step %u",
                     route->name, route->step_count, step->limit_to + 1);
    } else if (step->limit_to != LS_SMT_NO && step->limit_to <= index) {
        ls_smt_wrong(table, row, R_CQTSTEP, "a limit runs from a step to a later one",
                     "step %u does not come after step %u", step->limit_to + 1, index + 1);
    }
}

// SVESTN = yes, FORSTEP = k: step k must run on the tool that this step ran on.
static void read_dedication(const ls_smt_model *model, const ls_smt_table *table, size_t row,
                            const ls_smt_route *route, uint32_t index) {
    static const char *const words[] = {"", "no", "yes", NULL};
    int save = 0;
    int64_t number;
    if (!ls_smt_word(table, row, R_SVESTN, words, &save) || save != 2 ||
        !ls_smt_count(table, row, R_FORSTEP, 1, LS_SMT_STEPS_MAX, &number)) {
        return;
    }
    if (number <= index + 1 || number > route->step_count) {
        ls_smt_wrong(table, row, R_FORSTEP, "a later step of the route",
                     "step %d of %u does not follow %u", (int)number, route->step_count, index + 1);
        return;
    }
    ls_smt_step *later = &route->steps[number - 1];
    if (later->same_as != LS_SMT_NO) {
        ls_smt_wrong(table, row, R_FORSTEP, "one step says which tool step k uses",
                     "the tool of step %d is already that of step %u", (int)number,
                     later->same_as + 1);
        return;
    }
    if (later->station != route->steps[index].station && later->station != LS_SMT_NO &&
        route->steps[index].station != LS_SMT_NO) {
        ls_smt_wrong(table, row, R_FORSTEP, "both steps run on the same tool group",
                     "step %d runs on '%s', not on '%s'", (int)number,
                     model->stations[later->station].name,
                     model->stations[route->steps[index].station].name);
        return;
    }
    later->same_as = index;
}

static void use_setup(ls_smt_model *model, const ls_smt_step *step) {
    if (step->setup[0] == '\0' || ls_names_add(&model->names, LS_SMT_SETUPS_AT + step->station,
                                               step->setup, 0) != LS_SMT_NO) {
        return;
    }
    model->stations[step->station].has_setup = true;
    uint32_t setup = ls_names_add(&model->names, LS_SMT_SETUPS, step->setup, model->setup_count);
    if (setup == LS_SMT_NO) {
        if (!ls_smt_reserve(model, &model->setups, model->setup_count, &model->setup_capacity,
                            sizeof *model->setups)) {
            return;
        }
        setup = model->setup_count++;
        model->setups[setup] = (ls_smt_setup){
            .name = step->setup, .use_first = LS_SMT_NO, .use_last = LS_SMT_NO};
    }
    if (!ls_smt_reserve(model, &model->uses, model->use_count, &model->use_capacity,
                        sizeof *model->uses)) {
        return;
    }
    uint32_t use = model->use_count++;
    model->uses[use] = (ls_smt_use){.station = step->station, .next = LS_SMT_NO};
    ls_smt_setup *state = &model->setups[setup];
    *(state->use_first == LS_SMT_NO ? &state->use_first : &model->uses[state->use_last].next) = use;
    state->use_last = use;
}

// What all steps of a tool group have in common is written once, at the station.
static void use_station(ls_smt_model *model, const ls_smt_step *step) {
    if (step->station == LS_SMT_NO) {
        return;
    }
    ls_smt_station *station = &model->stations[step->station];
    if (station->step_count == 0) {
        station->per = step->per;
        station->batch_min = step->batch_min;
        station->batch_max = step->batch_max;
    }
    if (station->per != step->per) {
        station->per = LS_SMT_PER_MIXED;
    }
    if (station->batch_min != step->batch_min || station->batch_max != step->batch_max) {
        station->batch_min = station->batch_max = -1;
    }
    station->step_count++;
    use_setup(model, step);
}

static void read_steps(ls_smt_model *model, const ls_smt_table *table, ls_smt_route *route,
                       uint32_t route_index, const size_t *rows) {
    for (uint32_t i = 0; i < route->step_count; i++) {
        size_t row = rows[i];
        ls_smt_step *step = &route->steps[i];
        int64_t number = 0;
        if (ls_smt_count(table, row, R_STEP, 1, LS_SMT_STEPS_MAX, &number) && number != i + 1) {
            ls_smt_wrong(table, row, R_STEP, "steps are numbered 1, 2, 3, ... in their order",
                         "step %d where step %u is due", (int)number, i + 1);
        }
        step->same_as = LS_SMT_NO;
        step->name = step_name(model, ls_smt_cell(table, row, R_DESC), i + 1);
        if (step->name == NULL) {
            return;
        }
        step->recipe = step->name;
        const uint32_t scope = (uint32_t)LS_SMT_STEPS_OF + route_index;
        if (ls_names_add(&model->names, scope, step->name, i) != LS_SMT_NO) {
            step->name = ls_smt_text(&model->reader, "%.80s_%u", step->name, i + 1);
            if (step->name == NULL) {
                return;
            }
            if (ls_names_add(&model->names, scope, step->name, i) != LS_SMT_NO) {
                ls_smt_doubled(table, row, R_DESC, step->name);
            }
        }
        read_station(model, table, row, step);
        read_process(table, row, step);
        read_batch(model, table, row, step);
        read_setup(table, row, step);
        read_flow(table, row, step);
        use_station(model, step);
    }
    for (uint32_t i = 0; i < route->step_count; i++) {
        check_flow(table, rows[i], route, i);
        read_dedication(model, table, rows[i], route, i);
    }
}

uint32_t ls_smt_read_route(ls_smt_model *model, const ls_smt_table *parts, size_t row,
                           int file_column, int route_column) {
    const char *name, *file = ls_smt_cell(parts, row, file_column);
    if (!ls_smt_name(parts, row, route_column, &name)) {
        return LS_SMT_NO;
    }
    const char *key = ls_smt_text(&model->reader, "%s\t%s", file, name);
    if (key == NULL) {
        return LS_SMT_NO;
    }
    uint32_t index = ls_names_add(&model->names, LS_SMT_ROUTES, key, model->route_count);
    if (index != LS_SMT_NO) {
        return index;
    }
    index = model->route_count++;
    ls_smt_route *route = &model->routes[index];
    *route = (ls_smt_route){.name = name, .file = file};
    ls_smt_table table;
    ls_smt_open(&table, &model->reader, file, route_columns, false);
    if (table.missing) {
        const char *known[64];
        size_t count = 0;
        for (; count < 64 && count < model->reader.files->count; count++) {
            known[count] = model->reader.files->items[count].name;
        }
        ls_smt_unknown(parts, row, file_column, "file in the data set", known, count);
        return index;
    }
    size_t *rows = ls_smt_alloc(&model->reader, table.csv.row_count, sizeof *rows);
    if (rows == NULL || !table.readable) {
        return index;
    }
    size_t count = 0;
    for (size_t r = 0; r < table.csv.row_count; r++) {
        if (strcmp(ls_smt_cell(&table, r, R_ROUTE), name) == 0) {
            rows[count++] = r;
        }
    }
    if (count == 0) {
        ls_smt_wrong(parts, row, route_column, NULL, "'%s' has no steps of route '%s'", file, name);
        return index;
    }
    if (model->step_count + count > LS_SMT_STEPS_MAX) {
        ls_smt_wrong(parts, row, route_column, NULL, "the routes have more than %d steps together",
                     LS_SMT_STEPS_MAX);
        return index;
    }
    route->steps = ls_smt_alloc(&model->reader, count, sizeof *route->steps);
    if (route->steps == NULL) {
        return index;
    }
    route->step_count = (uint32_t)count;
    model->step_count += route->step_count;
    read_steps(model, &table, route, index, rows);
    ls_smt_note_unknown(model, &table);
    return index;
}

// clang-format off
enum { P_PART, P_FILE, P_ROUTE };
static const ls_smt_column part_columns[] = {
    {"PART", true}, {"ROUTEFILE", true}, {"ROUTE", true},
    {"PARTGRP", false}, {"PARTFAM", false}, {"IGNORE", false}, {0},
};
// clang-format on

void ls_smt_read_parts(ls_smt_model *model) {
    ls_smt_table table;
    ls_smt_open(&table, &model->reader, "part.txt", part_columns, true);
    size_t rows = table.csv.row_count;
    model->parts = ls_smt_alloc(&model->reader, rows, sizeof *model->parts);
    model->routes = ls_smt_alloc(&model->reader, rows, sizeof *model->routes);
    if (model->reader.out_of_memory) {
        return;
    }
    if (table.readable && rows == 0) {
        ls_error err;
        ls_fail_at(&err, LS_ERR_INVALID, table.path, 1, 0, "there are no parts");
        ls_errors_add(model->reader.errors, &err);
    }
    for (size_t r = 0; r < rows; r++) {
        ls_smt_part part = {
            .route = LS_SMT_NO, .release_first = LS_SMT_NO, .release_last = LS_SMT_NO};
        if (!ls_smt_name(&table, r, P_PART, &part.name)) {
            continue;
        }
        if (ls_names_add(&model->names, LS_SMT_PARTS, part.name, model->part_count) != LS_SMT_NO) {
            ls_smt_doubled(&table, r, P_PART, part.name);
            continue;
        }
        part.route = ls_smt_read_route(model, &table, r, P_FILE, P_ROUTE);
        if (model->reader.out_of_memory) {
            return;
        }
        model->parts[model->part_count++] = part;
    }
    ls_smt_note_unknown(model, &table);
}
