// smt2020_write.c - the model as text: a plant file, and a table of the lots at time zero. Stations
// are in smt2020_write_station.c.
#include <assert.h>
#include <string.h>

#include "base/units.h"
#include "base/yaml.h"
#include "import/smt2020_model.h"
#include "import/smt2020_print.h"

// Room is left for the comments and the end of the last part.
enum { PLANT_SIZE_MAX = LS_YAML_SIZE_MAX - 4096 };

// A folder may be called anything; a plant is called by the letters and digits in that.
static void write_plant_name(const ls_smt_model *model, ls_buffer *out) {
    const char *given = model->options->plant_name;
    given = given != NULL ? given : model->reader.files->folder;
    given = given != NULL ? given : "";
    size_t end = strlen(given);
    while (end > 0 && given[end - 1] == '/') {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && given[begin - 1] != '/') {
        begin--;
    }
    char name[LS_SMT_NAME_MAX + 1];
    size_t length = 0;
    for (; begin + length < end && length < LS_SMT_NAME_MAX; length++) {
        char c = given[begin + length];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    (c == '-' && length > 0);
        name[length] = fine ? c : '_';
    }
    name[length] = '\0';
    ls_buffer_text(out, "plant: ");
    ls_smt_print_name(out, strspn(name, "_") == length ? "smt2020" : name);
    ls_buffer_text(out, "\n");
}

static void write_head(const ls_smt_model *model, ls_buffer *out) {
    const ls_smt2020_options *options = model->options;
    ls_buffer_printf(
        out,
        "# Made from an SMT2020 data set by `lineshaft import smt2020%s`.\n"
        "# SMT2020: Kopp, Hassoun, Kalir, Moench, \"SMT2020 - A Semiconductor Manufacturing"
        " Testbed\",\n# IEEE Transactions on Semiconductor Manufacturing 33(4), 2020.\n"
        "# A part is one wafer. Uniform times of the data, `m w`, are m +- %s.\n",
        options->compat ? " --compat=pyscfabsim" : "", model->reader.half_width ? "w" : "w/2");
    if (options->compat) {
        ls_buffer_printf(
            out,
            "# As PySCFabSim reads the data: batches start full and mix routes at steps of"
            " one description;\n# a step without setup clears the setup; one rework draw"
            " per lot and step; %u lots at the last two steps\n# left out; maintenance of"
            " a group begins at the same time; results without warm-up.\n",
            model->lots_left_out);
    } else {
        ls_buffer_text(
            out,
            "# Maintenance by calendar is staggered over the machines of a station: the first "
            "time in\n# the data, one for all, is that of the last machine.\n");
    }
    ls_buffer_append(out, model->notes.data != NULL ? model->notes.data : "", model->notes.size);
    write_plant_name(model, out);
    char date[48];
    ls_units_print_date(model->start_us, date, sizeof date);
    ls_buffer_printf(
        out, "about: %u tool groups, %u parts, %u steps, %u lots at time zero\nstart: %s\n",
        model->station_count, model->part_count, model->step_count, model->lot_count, date);
    ls_buffer_printf(out, "run: {for: 180 d, warmup: %s, reps: 10, seed: 1}\n",
                     options->compat ? "0 s" : "auto");
    ls_smt_write_ranks(out, &model->stations[0]);
    if (model->lot_count > 0) {
        ls_buffer_text(out, "initial: ");
        ls_smt_print_quoted(out,
                            options->initial_file != NULL ? options->initial_file : "initial.csv");
        ls_buffer_text(out, "\n");
    }
    if (model->move_count > 0) {
        ls_buffer_text(out, "\n# fromto.txt, between places STNFAMLOC\ntransport:\n");
    }
    for (uint32_t i = 0; i < model->move_count; i++) {
        ls_buffer_printf(out, "  %s to %s: ", model->moves[i].from, model->moves[i].to);
        ls_smt_print_dist(out, &model->moves[i].time);
        ls_buffer_text(out, "\n");
    }
}

static void write_flow(const ls_smt_model *model, ls_buffer *out, const ls_smt_route *route,
                       const ls_smt_step *step) {
    if (step->sample < 100.0) {
        ls_buffer_printf(out, ", sample: %.12g %%", step->sample);
    }
    if (step->rework_to != LS_SMT_NO && step->rework > 0.0) {
        ls_buffer_printf(out, ", rework: {chance: %.12g %%, to: ", step->rework);
        ls_smt_print_name(out, route->steps[step->rework_to].name);
        ls_buffer_text(out, model->options->compat ? ", draw: once}" : "}");
    }
    if (step->has_limit) {
        ls_buffer_text(out, ", start-by: {step: ");
        ls_smt_print_name(out, route->steps[step->limit_to].name);
        ls_buffer_text(out, ", limit: ");
        ls_smt_print_time(out, step->limit.us, step->limit.unit);
        ls_buffer_text(out, "}");
    }
    if (step->same_as != LS_SMT_NO) {
        ls_buffer_text(out, ", same-machine-as: ");
        ls_smt_print_name(out, route->steps[step->same_as].name);
    }
}

static void write_step(const ls_smt_model *model, ls_buffer *out, const ls_smt_route *route,
                       const ls_smt_step *step) {
    static const char *const pers[] = {"lot", "part", "batch"};
    const ls_smt_station *station = &model->stations[step->station];
    ls_buffer_text(out, "      - {at: ");
    ls_smt_print_name(out, station->name);
    ls_buffer_text(out, ", name: ");
    ls_smt_print_name(out, step->name);
    ls_buffer_text(out, ", process: ");
    ls_smt_print_dist(out, &step->process);
    if (station->per == LS_SMT_PER_MIXED) {
        ls_buffer_printf(out, ", per: %s", pers[step->per]);
    }
    if (step->has_cascade) {
        ls_buffer_text(out, ", cascade: ");
        ls_smt_print_time(out, step->cascade.us, step->cascade.unit);
    }
    if (step->batch_max > 0 && station->batch_max < 0) {
        ls_buffer_printf(out, ", batch: {min: %lld, max: %lld}", (long long)step->batch_min,
                         (long long)step->batch_max);
    }
    if (step->batch_max > 0 && model->options->compat) {
        ls_buffer_text(out, ", recipe: ");
        ls_smt_print_name(out, step->recipe);
    }
    if (step->setup[0] != '\0') {
        ls_buffer_text(out, ", setup: ");
        ls_smt_print_name(out, step->setup);
    }
    if (step->has_setup_time) {
        ls_buffer_text(out, ", setup-time: ");
        ls_smt_print_time(out, step->setup_time.us, step->setup_time.unit);
    }
    write_flow(model, out, route, step);
    ls_buffer_text(out, "}\n");
}

static void write_release(const ls_smt_model *model, ls_buffer *out,
                          const ls_smt_release *release) {
    ls_buffer_text(out, "      - {name: ");
    ls_smt_print_name(out, release->name);
    if (release->every.shape == LS_SMT_NONE) {
        ls_buffer_text(out, ", at: [");
        ls_smt_print_span(out, release->start_us - model->start_us);
        ls_buffer_text(out, "]");
    } else {
        ls_buffer_text(out, ", every: ");
        ls_smt_print_dist(out, &release->every);
        ls_buffer_text(out, ", first: ");
        ls_smt_print_span(out, release->start_us - model->start_us);
        if (release->count > 0) {
            ls_buffer_printf(out, ", count: %lld", (long long)release->count);
        }
    }
    if (release->lots > 1) {
        ls_buffer_printf(out, ", lots: %lld", (long long)release->lots);
    }
    if (release->priority != 0) {
        ls_buffer_printf(out, ", priority: %lld", (long long)release->priority);
    }
    if (release->has_due) {
        ls_buffer_text(out, ", due: ");
        ls_smt_print_span(out, release->due_us);
    }
    ls_buffer_text(out, "}\n");
}

static void write_part(const ls_smt_model *model, ls_buffer *out, const ls_smt_part *part) {
    const ls_smt_route *route = &model->routes[part->route];
    ls_buffer_text(out, "  ");
    ls_smt_print_name(out, part->name);
    ls_buffer_printf(out, ":\n    lot: %lld\n    # ",
                     (long long)(part->pieces > 0 ? part->pieces : 1));
    ls_smt_print_comment(out, route->file);
    ls_buffer_printf(out, ", route %s: %u steps\n    route:\n", route->name, route->step_count);
    for (uint32_t i = 0; i < route->step_count && out->size < PLANT_SIZE_MAX && !out->failed; i++) {
        write_step(model, out, route, &route->steps[i]);
    }
    if (part->release_first != LS_SMT_NO) {
        ls_buffer_text(out, "    release:\n");
    }
    for (uint32_t i = part->release_first; i != LS_SMT_NO; i = model->releases[i].next) {
        write_release(model, out, &model->releases[i]);
    }
}

ls_status ls_smt_write_plant(const ls_smt_model *model, ls_buffer *out, ls_error *err) {
    assert(model->station_count > 0 && model->part_count > 0);
    write_head(model, out);
    ls_buffer_text(out,
                   "\n# tool.txt.1l, setup.txt, setupgrp.txt, downcal.txt, pmcal.txt, attach.txt\n"
                   "stations:\n");
    for (uint32_t i = 0; i < model->station_count && out->size < PLANT_SIZE_MAX; i++) {
        ls_smt_write_station(model, out, &model->stations[i]);
    }
    ls_buffer_text(out, "\n# part.txt, the routes, order.txt\nproducts:\n");
    for (uint32_t i = 0; i < model->part_count && out->size < PLANT_SIZE_MAX; i++) {
        write_part(model, out, &model->parts[i]);
    }
    if (out->failed) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (out->size >= PLANT_SIZE_MAX) {
        ls_status status = ls_fail(err, LS_ERR_LIMIT, "the plant file would be larger than %d MiB",
                                   LS_YAML_SIZE_MAX / (1024 * 1024));
        ls_hint(err, "leave parts out of part.txt, order.txt and WIP.txt");
        return status;
    }
    return LS_OK;
}

// Minutes with six decimals would round, so the table has seconds, which the data give whole.
static void write_seconds(ls_buffer *out, int64_t us) {
    ls_buffer_printf(out, "%.15g", (double)us / (double)LS_US_PER_S);
}

void ls_smt_write_initial(const ls_smt_model *model, ls_buffer *out) {
    if (model->lot_count == 0) {
        return;
    }
    ls_buffer_text(out, "product,step,class,released_s,due_s,priority\n");
    for (uint32_t i = 0; i < model->lot_count; i++) {
        const ls_smt_lot *lot = &model->lots[i];
        const ls_smt_release *release = &model->releases[lot->release];
        // Released so long before it is due as every lot of its class.
        int64_t due_us = lot->due_us - model->start_us;
        int64_t released_us = lot->has_due && release->has_due ? due_us - release->due_us : 0;
        ls_buffer_printf(out, "%s,%u,%s,", model->parts[lot->part].name, lot->step + 1,
                         release->name);
        write_seconds(out, released_us < 0 ? released_us : 0);
        ls_buffer_text(out, ",");
        if (lot->has_due) {
            write_seconds(out, due_us);
        }
        ls_buffer_printf(out, ",%lld\n", (long long)release->priority);
    }
}
