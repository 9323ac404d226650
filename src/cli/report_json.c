// report_json.c - a run's result as one JSON object.
#include <math.h>

#include "base/units.h"
#include "cli/json.h"
#include "cli/report.h"
#include "ls_build.h"

static double in_seconds(int64_t us) {
    return (double)us / (double)LS_US_PER_S;
}

static void set_plan(json_t *object, const ls_report *report) {
    const ls_twin_facts *facts = &report->facts;
    json_object_set_new(object, "plant", json_string(report->session->info.name));
    json_object_set_new(object, "file", ls_json_text(report->session->path));
    json_object_set_new(object, "seed", json_integer((json_int_t)facts->seed));
    json_object_set_new(object, "reps", json_integer(facts->reps));
    json_object_set_new(object, "reps_planned", json_integer(report->reps_planned));
    json_object_set_new(object, "stopped", json_boolean(report->stopped));
    json_object_set_new(object, "partial", json_boolean(report->facts.partial));
    json_object_set_new(object, "until_ci",
                        report->until_ci > 0.0 ? ls_json_number(report->until_ci) : json_null());
    json_object_set_new(object, "watched", json_string(ls_figure_describe(report->watched).name));
    json_object_set_new(object, "reached_ci", json_boolean(facts->reached_ci));
    json_object_set_new(object, "for_s", ls_json_number(in_seconds(facts->for_us)));
    json_object_set_new(object, "warmup_s", ls_json_number(in_seconds(facts->warmup_us)));
    json_object_set_new(object, "warmup",
                        json_pack("{s:b, s:b}", "automatic", facts->warmup_automatic, "reliable",
                                  facts->warmup_reliable));
    json_object_set_new(object, "level", ls_json_number(facts->level));
    json_object_set_new(object, "batch_means", json_boolean(facts->batch_means));
}

static void set_work(json_t *object, const ls_report *report) {
    const ls_twin_facts *facts = &report->facts;
    const ls_twin_info *info = &report->session->info;
    const double rate = facts->wall_s > 0.0 ? (double)facts->events / facts->wall_s : NAN;
    json_object_set_new(object, "hash", ls_json_hex(facts->hash));
    json_object_set_new(object, "model_hash", ls_json_hex(info->model_hash));
    json_object_set_new(object, "events", json_integer((json_int_t)facts->events));
    json_object_set_new(object, "lots_done", json_integer((json_int_t)facts->lots_done));
    json_object_set_new(object, "wall_s", ls_json_number(facts->wall_s));
    json_object_set_new(object, "events_per_s", ls_json_number(rate));
    json_object_set_new(object, "state_bytes", json_integer((json_int_t)info->state_bytes));
    json_object_set_new(object, "kernel", json_string(info->kernel));
    json_object_set_new(object, "workers", json_integer(facts->workers));
}

static json_t *class_figures(const ls_report *report, uint32_t release_class, json_t *object) {
    for (int f = 0; f < LS_FIG_CLASS_COUNT; f++) {
        json_object_set_new(
            object, ls_figure_describe((ls_figure)f).name,
            ls_json_estimate(ls_twin_result_class(report->result, release_class, (ls_figure)f)));
    }
    return object;
}

static json_t *station_figures(const ls_report *report, uint32_t index) {
    json_t *object = json_object();
    json_object_set_new(object, "name",
                        json_string(ls_twin_station_name(report->session->twin, index)));
    for (int f = LS_FIG_CLASS_COUNT; f < LS_FIG_COUNT; f++) {
        json_object_set_new(
            object, ls_figure_describe((ls_figure)f).name,
            ls_json_estimate(ls_twin_result_station(report->result, index, (ls_figure)f)));
    }
    return object;
}

void ls_report_json(const ls_report *report, ls_buffer *out) {
    const ls_session *session = report->session;
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("twin-run/1"));
    set_plan(object, report);
    set_work(object, report);
    json_object_set_new(object, "warnings", ls_json_notes(&session->notes));
    json_object_set_new(object, "total",
                        class_figures(report, session->info.classes, json_object()));
    json_t *classes = json_array();
    for (uint32_t c = 0; c < session->info.classes; c++) {
        json_t *one = json_pack("{s:s}", "name", ls_twin_class_name(session->twin, c));
        json_array_append_new(classes, class_figures(report, c, one));
    }
    json_object_set_new(object, "classes", classes);
    json_t *stations = json_array();
    for (uint32_t s = 0; s < session->info.stations; s++) {
        json_array_append_new(stations, station_figures(report, s));
    }
    json_object_set_new(object, "stations", stations);
    ls_json_print(object, out);
}
