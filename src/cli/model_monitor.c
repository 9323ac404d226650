// model_monitor.c - see model_monitor.h.
#include "cli/model_monitor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/history_open.h"
#include "cli/history_value.h"
#include "cli/json.h"
#include "cli/model_judge.h"
#include "cli/model_version.h"
#include "cli/output.h"
#include "cli/table.h"
#include "line/data_folder.h"
#include "ls_build.h"
#include "ls_commit.h"
#include "model/dataset_check.h"
#include "model/deadline.h"
#include "model/sentry_fit.h"
#include "model/snapshot.h"

enum {
    TIMED = 2000,
    BLAMED = 10,          // variables shown to people
    SMOOTHED_MOST = 500,  // rows after which a moving mean has forgotten where it began
};

typedef struct work {
    const ls_options *options;
    const ls_model_opened *opened;
    const ls_model_plan *plan;
    int64_t from_us, to_us;
    ls_dataset all, fit, test;
    size_t counts[LS_PART_COUNT];
    char hash[LS_SHA256_TEXT];
    ls_snapshot_notes notes;
    ls_registry_stages stages;
    ls_monitor *monitor;
    ls_sentry_trial trial;
    ls_sentry_verdict verdict;
    int64_t latency_us;
    size_t left_out;  // features without values
    ls_arena arena;
    ls_error err;
} work;

static work *work_begin(const ls_options *options, const ls_model_opened *opened) {
    static work w;
    memset(&w, 0, sizeof w);
    ls_arena_init(&w.arena);
    w.options = options;
    w.opened = opened;
    w.plan = opened->plan;
    return &w;
}

static void work_clear(work *w) {
    ls_dataset_clear(&w->all);
    ls_dataset_clear(&w->fit);
    ls_dataset_clear(&w->test);
    ls_monitor_destroy(w->monitor);
    ls_arena_clear(&w->arena);
}

// ---- rows

static ls_status find_range(work *w) {
    ls_history_figures figures;
    const ls_model_monitor *m = &w->plan->monitor;
    ls_status status = ls_history_parse_range(w->options, &w->from_us, &w->to_us, &w->err);
    if (status == LS_OK) {
        status = ls_history_describe(w->opened->history, &figures, &w->err);
    }
    if (status == LS_OK && figures.samples == 0) {
        status = ls_fail(&w->err, LS_ERR_INVALID,
                         "the history is empty: there is nothing to learn");
    }
    if (status != LS_OK) {
        return status;
    }
    const int64_t last = figures.last_us + 1;
    w->from_us = w->from_us > figures.first_us ? w->from_us : figures.first_us;
    w->from_us = w->from_us > m->from_us ? w->from_us : m->from_us;
    w->to_us = w->to_us < last ? w->to_us : last;
    w->to_us = w->to_us < m->until_us ? w->to_us : m->until_us;
    if (w->from_us < w->to_us) {
        return LS_OK;
    }
    ls_fail_at(&w->err, LS_ERR_INVALID, w->opened->file, w->plan->line, w->plan->column,
               "model '%s': the history has nothing of its good operation", w->plan->name);
    ls_hint(&w->err, "it is what '--from', '--to' and 'monitor: {from: , until: }' leave");
    return LS_ERR_INVALID;
}

// A sensor that said nothing at all is told, not learnt from; the rest is as good as it is.
static void warn_of_rows(const work *w) {
    static ls_finding found[LS_FINDINGS_MAX];
    size_t count = 0;
    char text[LS_ERROR_TEXT_SIZE];
    ls_error err = {0};
    if (ls_dataset_check(&w->all, found, &count, &err) != LS_OK) {
        return;  // what it would say is not needed
    }
    for (size_t i = 0; i < count; i++) {
        if (!found[i].is_fatal) {
            ls_finding_print(&w->all, &found[i], text, sizeof text);
            ls_warn("%s", text);
        }
    }
}

// Learnt from are the parts `train` and `calibrate` together: limits come from blocks held out in
// turn.
static ls_status make_rows(work *w) {
    const ls_split_def split = {.by = w->plan->by_unit ? LS_SPLIT_UNIT : LS_SPLIT_TIME,
                                .train = w->plan->train,
                                .calibrate = w->plan->calibrate,
                                .gap_us = w->plan->gap_us};
    uint8_t sum[LS_SHA256_SIZE], *parts = NULL;
    ls_status status = find_range(w);
    const ls_snapshot_def def = {
        .plan = w->plan, .from_us = w->from_us, .to_us = w->to_us, .known_us = w->to_us};
    if (status == LS_OK) {
        status = ls_snapshot_make(w->opened->history, w->opened->tags, &def, &w->all, &w->notes,
                                  &w->err);
    }
    if (status == LS_OK) {
        status = ls_dataset_hash(&w->all, sum, &w->err);
        ls_sha256_text(sum, w->hash);
        parts = ls_arena_alloc(&w->arena, w->all.row_count);
    }
    if (status == LS_OK && parts == NULL) {
        status = ls_fail(&w->err, LS_ERR_MEMORY, "out of memory while splitting a dataset");
    }
    if (status == LS_OK) {
        status = ls_dataset_split(&w->all, &split, parts, w->counts, &w->err);
    }
    if (status == LS_OK) {
        status = ls_dataset_take_part(&w->all, parts, LS_PART_TEST, &w->test, &w->err);
    }
    for (size_t i = 0; i < w->all.row_count && status == LS_OK; i++) {
        parts[i] = parts[i] == LS_PART_CALIBRATE ? LS_PART_TRAIN : parts[i];
    }
    return status == LS_OK ? ls_dataset_take_part(&w->all, parts, LS_PART_TRAIN, &w->fit, &w->err)
                           : status;
}

// ---- judged

// 99th percentile of a row, features included, on this machine.
static ls_status time_one(work *w) {
    static int64_t took[TIMED];
    const ls_sentry_def def = ls_sentry_def_of(w->plan);
    float *row = ls_arena_alloc(&w->arena, w->test.column_count * sizeof *row);
    ls_features *features = NULL;
    ls_sentry *sentry = NULL;
    ls_status status = row != NULL ? ls_snapshot_features(w->plan, &features, &w->err)
                                   : ls_fail(&w->err, LS_ERR_MEMORY, "out of memory for a row");
    if (status == LS_OK) {
        status = ls_sentry_create(w->monitor, &def, w->test.columns, w->test.column_count, &sentry,
                                  &w->err);
    }
    for (int i = 0; i < TIMED && status == LS_OK; i++) {
        const float *known = ls_dataset_row(&w->test, (size_t)i % w->test.row_count);
        (void)ls_features_hear(features, 0, (int64_t)i * 1000, (double)known[0]);
        const int64_t from = ls_deadline_ns();
        ls_features_ask(features, (int64_t)i * 1000, row);
        (void)ls_sentry_step(sentry, known);
        took[i] = ls_deadline_ns() - from;
    }
    if (status == LS_OK) {
        w->latency_us = ls_deadline_place(took, TIMED, TIMED * 99 / 100) / 1000 + 1;
    }
    ls_sentry_destroy(sentry);
    ls_features_destroy(features);
    return status;
}

static ls_status judge(work *w) {
    ls_status status = ls_sentry_try(w->plan, w->monitor, &w->test, &w->trial, &w->err);
    if (status == LS_OK) {
        status = time_one(w);
    }
    return status == LS_OK
               ? ls_sentry_decide(w->plan, &w->trial, w->latency_us, &w->verdict, &w->err)
               : status;
}

// ---- kept and told

static json_t *statistics_json(const ls_model_monitor *m) {
    json_t *list = json_array();
    for (int i = 0; i < LS_MONITOR_STATISTICS; i++) {
        if ((m->statistics >> i & 1U) != 0) {
            json_array_append_new(list,
                                  json_string(ls_monitor_statistic_word((ls_monitor_statistic)i)));
        }
    }
    return list;
}

static json_t *gate_json(bool passed, double value, double limit, const char *about) {
    json_t *one = json_object();
    json_object_set_new(one, "passed", json_boolean(passed));
    json_object_set_new(one, "value", json_real(value));
    json_object_set_new(one, "limit", json_real(limit));
    json_object_set_new(one, "about", json_string(about));
    return one;
}

// Without what the machine's speed decides where `timed` is false.
static json_t *verdict_json(const work *w, bool timed) {
    const ls_model_gates *g = &w->plan->gates;
    json_t *gates = json_object();
    json_object_set_new(
        gates, "false-alarms",
        gate_json(w->verdict.rate_passed, w->trial.share, g->false_alarms, w->verdict.rate_about));
    json_t *object = json_object();
    if (timed) {
        json_object_set_new(gates, "latency",
                            gate_json(w->verdict.latency_passed, (double)w->latency_us,
                                      (double)g->latency_us, w->verdict.latency_about));
        json_object_set_new(object, "passed", json_boolean(w->verdict.passed));
    }
    json_object_set_new(object, "false_alarms", json_real(w->trial.share));
    json_object_set_new(object, "readings", json_integer((json_int_t)w->trial.readings));
    json_object_set_new(object, "above", json_integer((json_int_t)w->trial.above));
    json_object_set_new(object, "alarms", json_integer((json_int_t)w->trial.alarms));
    json_object_set_new(object, "gates", gates);
    return object;
}

static json_t *lineage_of(const work *w) {
    const ls_model_monitor *m = &w->plan->monitor;
    char commit[128];
    json_t *object = json_object(), *monitor = json_object();
    snprintf(commit, sizeof commit, "lineshaft %s, commit %s", LS_VERSION, LS_COMMIT);
    json_object_set_new(object, "what", json_string(ls_model_what_name(w->plan->what)));
    json_object_set_new(object, "from_us", json_integer(w->from_us));
    json_object_set_new(object, "to_us", json_integer(w->to_us));
    json_object_set_new(object, "dataset", json_string(w->hash));
    json_object_set_new(object, "rows", json_integer((json_int_t)w->all.row_count));
    json_object_set_new(object, "train_rows", json_integer((json_int_t)w->fit.row_count));
    json_object_set_new(object, "calibrate_rows", json_integer(0));
    json_object_set_new(object, "test_rows", json_integer((json_int_t)w->test.row_count));
    json_object_set_new(object, "features", json_integer(w->all.column_count));
    json_object_set_new(object, "learner", ls_json_text(w->plan->learner));
    json_object_set_new(object, "kind", json_string("monitor"));
    json_object_set_new(object, "seed", json_integer((json_int_t)w->plan->seed));
    json_object_set_new(object, "code", json_string(commit));
    json_object_set_new(monitor, "variables", json_integer((json_int_t)w->monitor->def.variables));
    json_object_set_new(monitor, "lags", json_integer((json_int_t)w->monitor->def.lags));
    json_object_set_new(monitor, "components", json_integer((json_int_t)w->monitor->components));
    json_object_set_new(monitor, "statistics", statistics_json(m));
    json_object_set_new(monitor, "row", json_integer(m->row));
    json_object_set_new(object, "monitor", monitor);
    json_object_set_new(object, "metrics", verdict_json(w, false));
    return object;
}

static ls_status keep_version(work *w, uint32_t *out) {
    ls_buffer model;
    ls_buffer_init(&model);
    json_t *lineage = lineage_of(w);
    char *text = json_dumps(lineage, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17));
    ls_monitor_save(w->monitor, &model);
    const ls_registry_part part = {.name = "model.json", .bytes = model.data, .size = model.size};
    ls_status status = text != NULL && !model.failed
                           ? ls_data_folder_make(w->opened->registry, &w->err)
                           : ls_fail(&w->err, LS_ERR_MEMORY, "out of memory for a version");
    if (status == LS_OK) {
        status = ls_registry_add(w->opened->registry, w->plan->name, &part, 1, text, out, &w->err);
    }
    free(text);
    json_decref(lineage);
    ls_buffer_clear(&model);
    return status;
}

static ls_status place_version(work *w, uint32_t number, ls_model_stage *out) {
    *out = LS_STAGE_CANDIDATE;
    if (!w->verdict.passed) {
        return LS_OK;
    }
    ls_error why = {0};
    const bool serves = w->plan->is_auto && ls_model_may_serve(w->opened, number, &why);
    if (w->plan->is_auto && !serves) {  // it waits for whoever signs
        ls_warn("it is not promoted by itself: %s", why.text);
    }
    *out = serves ? LS_STAGE_CHAMPION : LS_STAGE_CHALLENGER;
    return serves ? ls_registry_promote(w->opened->registry, w->plan->name, number, &w->err)
                  : ls_registry_challenge(w->opened->registry, w->plan->name, number, &w->err);
}

static void put_people(const work *w, uint32_t number, ls_model_stage stage, ls_buffer *out) {
    char from[48], to[48];
    ls_table table;
    ls_arena arena;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_time_print(w->from_us, from, sizeof from);
    ls_time_print(w->to_us, to, sizeof to);
    ls_buffer_printf(out,
                     "model %s, version %u: %s\n\n  history   %s to %s, %llu samples, all of it "
                     "good operation\n",
                     w->plan->name, number, ls_model_stage_name(stage), from, to,
                     (unsigned long long)w->notes.samples);
    ls_buffer_printf(out, "  rows      %zu: %zu to learn from, %zu to test on; %u features",
                     w->all.row_count, w->fit.row_count, w->test.row_count, w->all.column_count);
    ls_buffer_printf(out, w->left_out > 0 ? ", %zu of them without values\n" : "\n", w->left_out);
    ls_buffer_printf(
        out, "  monitor   %zu variables, %zu lags, %zu of %zu components principal\n\n",
        w->monitor->def.variables, w->monitor->def.lags, w->monitor->components, w->monitor->rank);
    ls_table_column(&table, "gate", LS_ALIGN_LEFT);
    ls_table_column(&table, "", LS_ALIGN_LEFT);
    ls_table_column(&table, "what was found", LS_ALIGN_LEFT);
    const char *const passed[] = {"NOT PASSED", "passed"};
    ls_table_row(&table);
    ls_table_cell(&table, 0, "false-alarms");
    ls_table_cell(&table, 1, "%s", passed[w->verdict.rate_passed]);
    ls_table_cell(&table, 2, "%s", w->verdict.rate_about);
    ls_table_row(&table);
    ls_table_cell(&table, 0, "latency");
    ls_table_cell(&table, 1, "%s", passed[w->verdict.latency_passed]);
    ls_table_cell(&table, 2, "%s", w->verdict.latency_about);
    ls_table_print(&table, 2, out);
    ls_arena_clear(&arena);
}

static void put_json(const work *w, const char *format, uint32_t number, ls_model_stage stage,
                     ls_buffer *out) {
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string(format));
    json_object_set_new(object, "model", ls_json_text(w->plan->name));
    json_object_set_new(object, "number", json_integer(number));
    json_object_set_new(object, "stage", json_string(ls_model_stage_name(stage)));
    json_object_set_new(object, "dataset", json_string(w->hash));
    json_object_set_new(object, "rows", json_integer((json_int_t)w->all.row_count));
    json_object_set_new(object, "labelled", json_integer((json_int_t)w->notes.labelled));
    json_object_set_new(object, "radius", json_null());
    json_object_set_new(object, "verdict", verdict_json(w, true));
    ls_json_print(object, out);
}

static int write_result(work *w, const char *path, uint32_t number, ls_model_stage stage) {
    ls_buffer out;
    ls_buffer_init(&out);
    put_json(w, "model-train/1", number, stage, &out);
    const ls_status status = out.data != NULL && !out.failed
                                 ? ls_file_write(path, out.data, out.size, &w->err)
                                 : ls_fail(&w->err, LS_ERR_MEMORY, "out of memory for a result");
    ls_buffer_clear(&out);
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(&w->err);
}

static int deliver(const work *w, const char *format, uint32_t number, ls_model_stage stage) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(w->options, "json")->given) {
        put_json(w, format, number, stage, &out);
    } else {
        put_people(w, number, stage, &out);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code == LS_EXIT_DONE && !w->verdict.passed ? LS_EXIT_NO : code;
}

// ---- train and evaluate

static ls_status learn(work *w) {
    bool *left_out = ls_arena_alloc(&w->arena, w->fit.column_count * sizeof *left_out);
    if (left_out == NULL) {
        return ls_fail(&w->err, LS_ERR_MEMORY, "out of memory for a monitor");
    }
    const ls_status status = ls_sentry_fit(w->plan, &w->fit, left_out, &w->monitor, &w->err);
    for (uint32_t c = 0; c < w->fit.column_count && status == LS_OK; c++) {
        w->left_out += left_out[c];
    }
    return status;
}

int ls_model_monitor_train(const ls_options *options, ls_model_opened *opened) {
    work *w = work_begin(options, opened);
    const ls_option_value *keep = ls_options_get(options, "keep");
    const ls_option_value *result = ls_options_get(options, "result");
    ls_model_stage stage = LS_STAGE_CANDIDATE;
    uint32_t number = 0;
    ls_status status = make_rows(w);
    if (status == LS_OK) {
        warn_of_rows(w);
    }
    if (status == LS_OK && keep->given) {
        status = ls_dataset_write(&w->all, keep->text, &w->err);
    }
    if (status == LS_OK) {
        status = learn(w);
    }
    if (status == LS_OK) {
        status = judge(w);
    }
    if (status == LS_OK) {
        status = keep_version(w, &number);
    }
    if (status == LS_OK && w->verdict.passed) {
        status = ls_model_sign_version(w->opened, options, number, &w->err);
    }
    if (status == LS_OK) {
        status = place_version(w, number, &stage);
    }
    int code = status == LS_OK ? deliver(w, "model-train/1", number, stage) : ls_complain(&w->err);
    if (status == LS_OK && result->given && (code == LS_EXIT_DONE || code == LS_EXIT_NO)) {
        code = write_result(w, result->text, number, stage);
    }
    work_clear(w);
    return code;
}

static ls_status load_monitor(const ls_model_opened *opened, const ls_options *options,
                              ls_registry_stages *stages, ls_monitor **out, uint32_t *out_number,
                              ls_error *err) {
    ls_registry_version version;
    const ls_registry_part *part = NULL;
    ls_status status = ls_model_take(opened, options, stages, &version, err);
    if (status == LS_OK) {
        *out_number = version.number;
        status = ls_model_part(&version, &part, err);
    }
    if (status == LS_OK) {
        status = ls_monitor_load(part->bytes, part->size, "model.json", out, err);
    }
    if (status == LS_OK) {
        status = ls_sentry_suits(opened->plan, *out, err);
    }
    ls_registry_version_clear(&version);
    return status;
}

ls_status ls_model_monitor_load(const ls_model_opened *opened, const ls_options *options,
                                ls_monitor **out, uint32_t *out_number, ls_error *err) {
    static ls_registry_stages stages;
    return load_monitor(opened, options, &stages, out, out_number, err);
}

static ls_status load(work *w, uint32_t *out_number) {
    return load_monitor(w->opened, w->options, &w->stages, &w->monitor, out_number, &w->err);
}

int ls_model_monitor_evaluate(const ls_options *options, ls_model_opened *opened) {
    work *w = work_begin(options, opened);
    uint32_t number = 0;
    ls_status status = make_rows(w);
    if (status == LS_OK) {
        status = load(w, &number);
    }
    if (status == LS_OK) {
        status = judge(w);
    }
    const int code = status == LS_OK ? deliver(w, "model-evaluate/1", number,
                                               ls_registry_stage_of(&w->stages, number))
                                     : ls_complain(&w->err);
    work_clear(w);
    return code;
}

// ---- predict and explain

typedef struct answer {  // of one unit
    const char *unit;
    ls_sentry_report report;
    double known;  // share of the monitor's variables that are there
    ls_sentry_blame blame[LS_MONITOR_VARIABLES_MOST];
    uint32_t blamed;
} answer;

// The rows up to the moment: as many as the lags, the moving mean and an alarm look back.
static ls_status rows_until(work *w) {
    const ls_option_value *at = ls_options_get(w->options, "at");
    const ls_model_monitor *m = &w->plan->monitor;
    ls_history_figures figures;
    ls_status status = ls_history_describe(w->opened->history, &figures, &w->err);
    int64_t at_us = figures.last_us;
    if (status == LS_OK && figures.samples == 0) {
        status = ls_fail(&w->err, LS_ERR_INVALID, "the history is empty: there is nothing to say");
    }
    if (status == LS_OK && at->given) {
        status = ls_history_parse_when(at->text, &at_us, &w->err);
    }
    if (status != LS_OK) {
        return status;
    }
    const double smoothed = 7.0 / m->newest;  // exp(-7): one thousandth is left of where it began
    const int64_t back = (int64_t)m->lags + m->row +
                         (int64_t)(smoothed < SMOOTHED_MOST ? smoothed : SMOOTHED_MOST) + 1;
    w->from_us = at_us - back * w->plan->every_us;
    w->to_us = at_us + 1;
    const ls_snapshot_def def = {
        .plan = w->plan, .from_us = w->from_us, .to_us = w->to_us, .known_us = w->to_us};
    return ls_snapshot_make(w->opened->history, w->opened->tags, &def, &w->all, &w->notes, &w->err);
}

static ls_status answer_unit(work *w, uint32_t unit, answer *out) {
    const ls_sentry_def def = ls_sentry_def_of(w->plan);
    ls_sentry *sentry = NULL;
    const ls_status status = ls_sentry_create(w->monitor, &def, w->all.columns, w->all.column_count,
                                              &sentry, &w->err);
    if (status != LS_OK) {
        return status;
    }
    out->unit = w->all.units[unit];
    for (size_t i = 0; i < w->all.row_count; i++) {
        if (w->all.unit[i] == unit) {
            out->report = ls_sentry_step(sentry, ls_dataset_row(&w->all, i));
        }
    }
    out->known = 1.0 - (double)out->report.missing / (double)w->monitor->def.variables;
    out->blamed = ls_sentry_blamed_now(sentry, out->blame, LS_MONITOR_VARIABLES_MOST);
    ls_sentry_destroy(sentry);
    return LS_OK;
}

static const char *state_of(const ls_sentry_report *r) {
    return !r->ready ? "unknown" : r->alarm ? "alarm" : r->above ? "unusual" : "as usual";
}

static json_t *blame_json(const answer *a) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < a->blamed; i++) {
        const ls_sentry_blame *b = &a->blame[i];
        json_t *one = json_object();
        json_object_set_new(one, "feature", ls_json_text(b->name));
        json_object_set_new(one, "value", ls_json_number(b->value));
        json_object_set_new(one, "effect", ls_json_number(b->contribution));
        json_object_set_new(one, "mean", ls_json_number(b->mean));
        json_object_set_new(one, "low", ls_json_number(b->low));
        json_object_set_new(one, "high", ls_json_number(b->high));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *answer_json(const answer *a, bool explained) {
    json_t *one = json_object();
    json_object_set_new(one, "unit", ls_json_text(a->unit));
    json_object_set_new(one, "prediction",
                        a->report.ready ? ls_json_number(a->report.index) : json_null());
    json_object_set_new(one, "low", json_null());
    json_object_set_new(one, "high", json_null());
    json_object_set_new(one, "state", json_string(state_of(&a->report)));
    json_object_set_new(one, "statistic",
                        json_string(ls_monitor_statistic_word(a->report.statistic)));
    json_object_set_new(one, "outside", json_integer(a->report.outside));
    json_object_set_new(one, "known", json_real(a->known));
    if (explained) {
        json_object_set_new(one, "features", blame_json(a));
    }
    return one;
}

static void put_answers(const work *w, const answer *all, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "unit", LS_ALIGN_LEFT);
    ls_table_column(&table, "index", LS_ALIGN_RIGHT);
    ls_table_column(&table, "", LS_ALIGN_LEFT);
    ls_table_column(&table, "by", LS_ALIGN_LEFT);
    ls_table_column(&table, "known", LS_ALIGN_RIGHT);
    for (uint32_t u = 0; u < w->all.unit_count; u++) {
        const ls_sentry_report *r = &all[u].report;
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", all[u].unit);
        ls_table_cell(&table, 1, "%.3g", r->ready ? r->index : (double)NAN);
        ls_table_cell(&table, 2, "%s", state_of(r));
        ls_table_cell(&table, 3, "%s", ls_monitor_statistic_word(r->statistic));
        ls_table_cell(&table, 4, "%.0f %%", 100.0 * all[u].known);
    }
    ls_table_print(&table, 2, out);
    ls_arena_clear(&arena);
}

static void put_blame(const answer *a, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "feature", LS_ALIGN_LEFT);
    ls_table_column(&table, "blame", LS_ALIGN_RIGHT);
    ls_table_column(&table, "value", LS_ALIGN_RIGHT);
    ls_table_column(&table, "usual mean", LS_ALIGN_RIGHT);
    ls_table_column(&table, "least", LS_ALIGN_RIGHT);
    ls_table_column(&table, "most", LS_ALIGN_RIGHT);
    for (uint32_t i = 0; i < a->blamed && i < BLAMED; i++) {
        const ls_sentry_blame *b = &a->blame[i];
        const double numbers[] = {b->value, b->mean, b->low, b->high};
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", b->name);
        ls_table_cell(&table, 1, "%.3g", b->contribution);
        for (int k = 0; k < 4; k++) {
            ls_table_cell(&table, 2 + k, "%.6g", numbers[k]);
        }
    }
    ls_buffer_printf(out, "%s: %.3g, %s\n\n", a->unit, a->report.index, state_of(&a->report));
    ls_table_print(&table, 2, out);
    ls_arena_clear(&arena);
}

static void tell(const work *w, const answer *all, uint32_t number, bool explained,
                 ls_buffer *out) {
    char when[48];
    const int64_t at_us = w->all.time_us[w->all.row_count - 1];
    if (ls_options_get(w->options, "json")->given) {
        json_t *list = json_array(), *object = json_object();
        for (uint32_t u = 0; u < w->all.unit_count; u++) {
            json_array_append_new(list, answer_json(&all[u], explained));
        }
        json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
        json_object_set_new(object, "format",
                            json_string(explained ? "model-explain/1" : "model-predict/1"));
        json_object_set_new(object, "model", ls_json_text(w->plan->name));
        json_object_set_new(object, "number", json_integer(number));
        json_object_set_new(object, "time_us", json_integer(at_us));
        json_object_set_new(object, explained ? "units" : "predictions", list);
        ls_json_print(object, out);
        return;
    }
    ls_time_print(at_us, when, sizeof when);
    ls_buffer_printf(out, "model %s, version %u, at %s\n\n", w->plan->name, number, when);
    for (uint32_t u = 0; u < w->all.unit_count && explained; u++) {
        ls_buffer_text(out, u > 0 ? "\n" : "");
        put_blame(&all[u], out);
    }
    if (!explained) {
        put_answers(w, all, out);
    }
}

static int ask(const ls_options *options, ls_model_opened *opened, bool explained) {
    work *w = work_begin(options, opened);
    uint32_t number = 0;
    ls_buffer out;
    ls_buffer_init(&out);
    answer *all = NULL;
    ls_status status = rows_until(w);
    if (status == LS_OK) {
        status = load(w, &number);
    }
    if (status == LS_OK) {
        all = ls_arena_alloc(&w->arena, w->all.unit_count * sizeof *all);
        status = all != NULL ? LS_OK : ls_fail(&w->err, LS_ERR_MEMORY, "out of memory for answers");
    }
    for (uint32_t u = 0; u < w->all.unit_count && status == LS_OK; u++) {
        status = answer_unit(w, u, &all[u]);
    }
    int code = LS_EXIT_DONE;
    if (status == LS_OK) {
        tell(w, all, number, explained, &out);
        code = ls_output_print(&out);
    } else {
        code = ls_complain(&w->err);
    }
    ls_buffer_clear(&out);
    work_clear(w);
    return code;
}

int ls_model_monitor_predict(const ls_options *options, ls_model_opened *opened) {
    return ask(options, opened, false);
}

int ls_model_monitor_explain(const ls_options *options, ls_model_opened *opened) {
    return ask(options, opened, true);
}
