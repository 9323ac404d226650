// model_train.c - `lineshaft model train` and `evaluate`: history into a dataset, a dataset into a
// version, a version through the gates.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/history_open.h"
#include "cli/history_value.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/model_child.h"
#include "cli/model_judge.h"
#include "cli/model_monitor.h"
#include "cli/model_search.h"
#include "cli/model_version.h"
#include "cli/output.h"
#include "cli/pool_hand.h"
#include "line/data_folder.h"
#include "ls_build.h"
#include "ls_commit.h"
#include "model/dataset_check.h"
#include "model/profile.h"
#include "model/snapshot.h"
#include "model/usual.h"

static const ls_option train_options[] = {
    {.name = "keep",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .says = "it is not kept",
     .about = "also writes the whole dataset to this file",
     .writes = true},
    {.name = "force", .kind = LS_OPTION_FLAG, .about = "overwrite a file that is there"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the result as one JSON object"},
    {.name = "result",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "write that object here as well, whole or not at all, last of all; the exit code is "
              "then 0 for a version that does not pass too"},
    {.name = "search",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 1024,
     .says = "that of the plant file",
     .about = "tries N settings of trees by successive halving",
     .detail = "With '--pool' each trial is a job. Killed, the same command goes on"},
    {.name = "workers",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 64,
     .says = "one for each CPU",
     .about = "trials that a search runs at once without a pool"},
    {.name = "sign",
     .kind = LS_OPTION_TEXT,
     .argument = "KEY",
     .says = "it is not signed",
     .about = "signs a version that passes its gates, with the secret key in this file",
     .reads = true},
    LS_POOL_HAND_OPTION,
    {0},
};
static const ls_option *const train_tables[] = {train_options, ls_history_range_options,
                                                ls_model_place_options, ls_model_history_options,
                                                NULL};
static const ls_option *const evaluate_tables[] = {ls_model_version_options, ls_model_json_options,
                                                   ls_history_range_options, ls_model_place_options,
                                                   ls_model_history_options, NULL};

typedef struct work {
    const ls_options *options;
    ls_model_opened opened;
    const ls_model_plan *plan;
    int64_t from_us, to_us;
    ls_dataset all, train, calibrate, test;
    size_t counts[LS_PART_COUNT];
    char hash[LS_SHA256_TEXT];
    ls_snapshot_notes notes;
    ls_registry_stages stages;
    ls_predictor champion;
    bool has_champion;
    ls_model_usual usual;
    ls_model_trees trees;  // settings learned with
    char state[4400];      // file of a training that lasts
    json_t *search;        // of a search, for the lineage
    char search_folder[LS_SEARCH_FOLDER_SIZE];
    double unusual_rate;  // of the test rows, as what the version keeps flags them; NAN: it cannot
    ls_arena arena;
    ls_error err;
} work;

static void work_clear(work *w) {
    ls_dataset_clear(&w->all);
    ls_dataset_clear(&w->train);
    ls_dataset_clear(&w->calibrate);
    ls_dataset_clear(&w->test);
    ls_predictor_clear(&w->champion);
    json_decref(w->search);
    ls_arena_clear(&w->arena);
    ls_model_close(&w->opened);
}

// The folder of the plant file, "." for one that stands here.
static const char *folder_of(work *w) {
    const char *slash = strrchr(w->opened.file, '/');
    return slash == NULL
               ? "."
               : ls_arena_text(&w->arena, w->opened.file,
                               (size_t)(slash - w->opened.file) + (slash == w->opened.file));
}

static ls_status read_labels(work *w, ls_snapshot_def *def) {
    char path[8200], *text = NULL;
    const char *source = w->plan->label.source, *folder = folder_of(w);
    size_t size = 0;
    if (w->plan->label.kind != LS_LABEL_FILE) {
        return LS_OK;
    }
    snprintf(path, sizeof path, "%s%s%s", source[0] == '/' || folder == NULL ? "" : folder,
             source[0] == '/' ? "" : "/", source);
    const ls_status status = ls_file_read(path, (size_t)64 << 20, &w->arena, &text, &size, &w->err);
    def->labels = text;
    def->labels_size = size;
    def->labels_file = source;
    return status;
}

static ls_status find_range(work *w) {
    ls_history_figures figures;
    ls_status status = ls_history_parse_range(w->options, &w->from_us, &w->to_us, &w->err);
    if (status == LS_OK) {
        status = ls_history_describe(w->opened.history, &figures, &w->err);
    }
    if (status == LS_OK && figures.samples == 0) {
        status = ls_fail(&w->err, LS_ERR_INVALID,
                         "the history is empty: there is nothing to learn");
    }
    if (status == LS_OK) {
        w->from_us = w->from_us > figures.first_us ? w->from_us : figures.first_us;
        w->to_us = w->to_us < figures.last_us + 1 ? w->to_us : figures.last_us + 1;
    }
    return status;
}

// Lives that had not ended by the end of the training part are learned from as well. The intervals
// and the test have those whose end, or whose horizon, was seen.
static ls_status take_lives(work *w, const uint8_t *parts) {
    const ls_model_plan *p = w->plan;
    const ls_censor_def def = {
        .at_us = p->by_unit ? w->to_us : ls_dataset_cut_us(&w->all, p->train),
        .gap_us = p->gap_us,
        .by_unit = p->by_unit,
        .delay_us = p->label.delay_us,
        .most = (double)p->horizon_us * 1e-6};
    ls_dataset_clear(&w->train);
    const ls_status status = ls_dataset_take_lives(&w->all, parts, &def, &w->train, &w->err);
    w->counts[LS_PART_TRAIN] = w->train.row_count;
    return status;
}

// The dataset, its hash and its three parts.
static ls_status make_rows(work *w) {
    ls_status status = find_range(w);
    ls_snapshot_def def = {
        .plan = w->plan, .from_us = w->from_us, .to_us = w->to_us, .known_us = w->to_us};
    const ls_split_def split = {.by = w->plan->by_unit ? LS_SPLIT_UNIT : LS_SPLIT_TIME,
                                .train = w->plan->train,
                                .calibrate = w->plan->calibrate,
                                .gap_us = w->plan->gap_us};
    uint8_t sum[LS_SHA256_SIZE], *parts = NULL;
    if (status == LS_OK) {
        status = read_labels(w, &def);
    }
    if (status == LS_OK) {
        status = ls_snapshot_make(w->opened.history, w->opened.tags, &def, &w->all, &w->notes,
                                  &w->err);
    }
    if (status == LS_OK && w->notes.unknown > 0) {
        ls_warn(
            "%llu values of the label '%s' are texts that are no class of model '%s'; "
            "'classes:' names them",
            (unsigned long long)w->notes.unknown, w->plan->label.source, w->plan->name);
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
    ls_dataset *const out[] = {&w->train, &w->calibrate, &w->test};
    for (int part = 0; part < LS_PART_NONE && status == LS_OK; part++) {
        status = ls_dataset_take_part(&w->all, parts, (ls_split_part)part, out[part], &w->err);
    }
    if (status == LS_OK) {
        status = ls_model_usual_of(w->plan, &w->train, &w->usual, &w->err);
    }
    if (status == LS_OK && w->plan->objective == LS_OBJECTIVE_LIFE) {
        status = take_lives(w, parts);
    }
    return status;
}

static ls_status load_version(work *w, uint32_t number, ls_predictor *out, double *out_radius) {
    ls_registry_version v;
    ls_status status = ls_registry_load_signed(w->opened.registry, w->plan->name, number,
                                               ls_model_key(&w->opened), &v, &w->err);
    if (status == LS_OK) {
        status = ls_model_predictor(w->plan, &v, &w->all, out, out_radius, &w->err);
    }
    ls_registry_version_clear(&v);
    return status;
}

// Says what is wrong with the rows; a reason not to learn from them is a failure.
static ls_status check_rows(work *w) {
    static ls_finding found[LS_FINDINGS_MAX];
    size_t count = 0;
    char text[LS_ERROR_TEXT_SIZE];
    const ls_status status = ls_dataset_check(&w->all, found, &count, &w->err);
    for (size_t i = 0; i < count && status == LS_OK; i++) {
        ls_finding_print(&w->all, &found[i], text, sizeof text);
        if (found[i].is_fatal) {
            return ls_fail_at(&w->err, LS_ERR_INVALID, w->opened.file, w->plan->line,
                              w->plan->column, "model '%s': %s", w->plan->name, text);
        }
        ls_warn("%s", text);
    }
    return status;
}

// What serves now; a champion of other features can no longer be compared, and does not stand in
// the way.
static ls_status load_champion(work *w) {
    ls_status status = ls_registry_stages_load(w->opened.registry, w->plan->name, &w->stages,
                                               &w->err);
    if (status == LS_OK && w->stages.champion != 0) {
        status = load_version(w, w->stages.champion, &w->champion, NULL);
        w->has_champion = status == LS_OK;
        if (status == LS_ERR_INVALID) {
            ls_warn("the champion, version %u, is not compared: %s", w->stages.champion,
                    w->err.text);
            w->err = (ls_error){0};
            status = LS_OK;
        }
    }
    return status;
}

// ---- what is kept and told

static json_t *classes_json(const ls_model_plan *plan) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < plan->class_count; i++) {
        json_array_append_new(list, ls_json_text(plan->classes[i]));
    }
    return list;
}

// What the rows of the training are like, so that the service can tell others; null: it cannot.
static json_t *unusual_object(const work *w) {
    return isnan(w->unusual_rate)
               ? json_null()
               : json_pack("{s:f, s:f}", "wanted", LS_USUAL_RATE, "test_rate", w->unusual_rate);
}

static json_t *lineage_of(const work *w, double radius, const char *kind,
                          const ls_gate_verdict *verdict) {
    char commit[128];
    json_t *object = json_object();
    snprintf(commit, sizeof commit, "lineshaft %s, commit %s", LS_VERSION, LS_COMMIT);
    json_object_set_new(object, "what", json_string(ls_model_what_name(w->plan->what)));
    json_object_set_new(object, "from_us", json_integer(w->from_us));
    json_object_set_new(object, "to_us", json_integer(w->to_us));
    json_object_set_new(object, "dataset", json_string(w->hash));
    json_object_set_new(object, "rows", json_integer((json_int_t)w->all.row_count));
    json_object_set_new(object, "train_rows", json_integer((json_int_t)w->counts[LS_PART_TRAIN]));
    json_object_set_new(object, "calibrate_rows",
                        json_integer((json_int_t)w->counts[LS_PART_CALIBRATE]));
    json_object_set_new(object, "test_rows", json_integer((json_int_t)w->counts[LS_PART_TEST]));
    json_object_set_new(object, "features", json_integer(w->all.column_count));
    json_object_set_new(object, "label", ls_json_text(w->plan->label.source));
    json_object_set_new(object, "learner", ls_json_text(w->plan->learner));
    json_object_set_new(object, "objective",
                        json_string(ls_model_objective_name(w->plan->objective)));
    if (w->plan->class_count > 0) {
        json_object_set_new(object, "classes", classes_json(w->plan));
    }
    if (w->plan->objective == LS_OBJECTIVE_RANK) {
        json_object_set_new(object, "top", json_integer(w->plan->top));
    }
    if (strcmp(w->plan->learner, "trees") == 0) {
        json_object_set_new(object, "trees", ls_model_trees_json(&w->trees));
    }
    if (w->search != NULL) {
        json_object_set(object, "search", w->search);
    }
    json_object_set_new(object, "kind", json_string(kind));
    json_object_set_new(object, "seed", json_integer((json_int_t)w->plan->seed));
    json_object_set_new(object, "code", json_string(commit));
    json_object_set_new(object, "interval", json_real(w->plan->gates.interval));
    json_object_set_new(object, "resting", json_integer((json_int_t)w->notes.resting));
    json_object_set_new(object, "radius", isfinite(radius) ? json_real(radius) : json_null());
    json_object_set_new(object, "unusual", unusual_object(w));
    json_object_set_new(object, "compared_with",
                        w->has_champion ? json_integer(w->stages.champion) : json_null());
    json_object_set_new(object, "metrics", ls_model_verdict_json(verdict, false));
    return object;
}

static void put_people(const work *w, const char *head, const ls_gate_verdict *verdict,
                       ls_buffer *out) {
    char from[48], to[48];
    ls_time_print(w->from_us, from, sizeof from);
    ls_time_print(w->to_us, to, sizeof to);
    ls_buffer_printf(out, "%s\n\n  history   %s to %s, %llu samples\n", head, from, to,
                     (unsigned long long)w->notes.samples);
    ls_buffer_printf(out,
                     "  rows      %zu, labelled %llu: %zu to learn from, %zu for intervals, "
                     "%zu to test on; %u features\n",
                     w->all.row_count, (unsigned long long)w->notes.labelled,
                     w->counts[LS_PART_TRAIN], w->counts[LS_PART_CALIBRATE],
                     w->counts[LS_PART_TEST], w->all.column_count);
    if (w->notes.resting > 0) {
        ls_buffer_printf(out, "            %llu more were left out: '%s' was outside its bounds\n",
                         (unsigned long long)w->notes.resting, w->plan->tags[w->plan->when.tag]);
    }
    const bool is_squared = verdict->loss == LS_LOSS_SQUARED;
    char top[24] = "";  // NDCG of how many places
    if (verdict->loss == LS_LOSS_RANK) {
        snprintf(top, sizeof top, "@%u", verdict->top);
    }
    ls_buffer_printf(out, "  error     %.6g (%s%s), %s %.6g\n\n", verdict->challenger_rmse,
                     is_squared ? "root mean square" : ls_loss_name(verdict->loss), top,
                     w->has_champion                               ? "the champion's"
                     : w->plan->objective == LS_OBJECTIVE_QUANTILE ? "always saying the quantile:"
                     : w->plan->objective == LS_OBJECTIVE_RANK     ? "an order by lot:"
                     : is_squared                                  ? "always saying the mean:"
                                                                   : "always saying the shares:",
                     verdict->champion_rmse);
    ls_model_put_verdict(verdict, out);
}

// What came of it, for those who read JSON.
static void put_json(const work *w, const char *format, uint32_t number, ls_model_stage stage,
                     double radius, const ls_gate_verdict *verdict, ls_buffer *out) {
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string(format));
    json_object_set_new(object, "model", ls_json_text(w->plan->name));
    json_object_set_new(object, "number", json_integer(number));
    json_object_set_new(object, "stage", json_string(ls_model_stage_name(stage)));
    json_object_set_new(object, "dataset", json_string(w->hash));
    json_object_set_new(object, "rows", json_integer((json_int_t)w->all.row_count));
    json_object_set_new(object, "labelled", json_integer((json_int_t)w->notes.labelled));
    json_object_set_new(object, "radius", isfinite(radius) ? json_real(radius) : json_null());
    json_object_set_new(object, "verdict", ls_model_verdict_json(verdict, true));
    ls_json_print(object, out);
}

static int deliver(const work *w, const char *format, uint32_t number, ls_model_stage stage,
                   double radius, const char *head, const ls_gate_verdict *verdict) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(w->options, "json")->given) {
        put_json(w, format, number, stage, radius, verdict, &out);
    } else {
        put_people(w, head, verdict, &out);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code == LS_EXIT_DONE && !verdict->passed ? LS_EXIT_NO : code;
}

// ---- train

// A version that cannot tell unusual rows serves all the same.
static ls_status learn_usual(work *w, ls_buffer *out) {
    ls_monitor *usual = NULL;
    ls_error why;
    w->unusual_rate = (double)NAN;
    ls_status status = ls_usual_fit(&w->train, &w->calibrate, LS_USUAL_RATE, &usual, &why);
    if (status == LS_ERR_INVALID) {
        ls_warn("the version cannot tell unusual rows: %s", why.text);
        return LS_OK;
    }
    if (status == LS_OK) {
        ls_monitor_save(usual, out);
        status = out->failed ? ls_fail(&why, LS_ERR_MEMORY, "out of memory for what is usual")
                             : ls_usual_rate(usual, &w->test, &w->unusual_rate, &why);
    }
    ls_monitor_destroy(usual);
    if (status != LS_OK) {
        w->err = why;
    }
    return status;
}

static ls_status keep_version(work *w, const ls_buffer *model, const ls_buffer *profile,
                              const ls_buffer *usual, json_t *lineage, uint32_t *out) {
    char *text = json_dumps(lineage, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17));
    const ls_registry_part parts[] = {
        {.name = "model.json", .bytes = model->data, .size = model->size},
        {.name = "profile.json", .bytes = profile->data, .size = profile->size},
        {.name = LS_USUAL_PART, .bytes = usual->data, .size = usual->size}};
    ls_status status = text != NULL
                           ? ls_data_folder_make(w->opened.registry, &w->err)
                           : ls_fail(&w->err, LS_ERR_MEMORY, "out of memory for a lineage");
    if (status == LS_OK) {
        status = ls_registry_add(w->opened.registry, w->plan->name, parts, usual->size > 0 ? 3 : 2,
                                 text, out, &w->err);
    }
    free(text);
    json_decref(lineage);
    return status;
}

// What the features, predictions and errors looked like: what the service is held against.
static ls_status make_profile(work *w, const ls_predictor *predictor, ls_buffer *out) {
    const ls_dataset *const held[] = {&w->calibrate, &w->test};
    ls_profile profile;
    const ls_status status = ls_profile_make(predictor, &w->train, held, 2, &profile, &w->err);
    if (status == LS_OK) {
        ls_profile_save(&profile, out);
    }
    ls_profile_clear(&profile);
    return status == LS_OK && out->failed
               ? ls_fail(&w->err, LS_ERR_MEMORY, "out of memory for a profile")
               : status;
}

// With `mode: auto` one that is not signed as demanded waits as the challenger for whoever signs.
static bool may_serve(const work *w, uint32_t number) {
    ls_error why = {0};
    const bool may = ls_model_may_serve(&w->opened, number, &why);
    if (!may) {
        ls_warn("it is not promoted by itself: %s", why.text);
    }
    return may;
}

// Where a champion serves, what passed its gates still has its shadow before it.
static ls_status place_version(work *w, uint32_t number, bool passed, ls_model_stage *out) {
    *out = LS_STAGE_CANDIDATE;
    if (!passed) {
        return LS_OK;
    }
    const bool serves = w->plan->is_auto &&
                        (w->stages.champion == 0 || w->plan->shadow.for_us == 0) &&
                        may_serve(w, number);
    *out = serves ? LS_STAGE_CHAMPION : LS_STAGE_CHALLENGER;
    return serves ? ls_registry_promote(w->opened.registry, w->plan->name, number, &w->err)
                  : ls_registry_challenge(w->opened.registry, w->plan->name, number, &w->err);
}

// A champion that answers another question than this version is not compared.
static void drop_unlike_champion(work *w, const ls_predictor *fresh) {
    if (w->has_champion && w->champion.output_count != fresh->output_count) {
        ls_warn(
            "the champion, version %u, is not compared: it says %u numbers of each row, this "
            "version %u",
            w->stages.champion, w->champion.output_count, fresh->output_count);
        w->has_champion = false;
    }
}

static uint32_t trials_of(const work *w) {
    const ls_option_value *given = ls_options_get(w->options, "search");
    return given->given ? (uint32_t)given->number : w->plan->search;
}

// The settings: those of the plant file, or the best of a search.
static ls_status find_settings(work *w) {
    const ls_model_search search = {
        .opened = &w->opened,
        .plan = w->plan,
        .trials = trials_of(w),
        .pool = ls_options_get(w->options, "pool")->given,
        .workers = (uint32_t)ls_options_get(w->options, "workers")->number,
        .stop = ls_interrupt_flag()};
    w->trees = w->plan->trees;
    if (search.trials == 0) {
        return LS_OK;
    }
    if (strcmp(w->plan->learner, "trees") != 0) {
        return ls_fail(&w->err, LS_ERR_INVALID,
                       "model '%s' has the learner '%s': only settings of trees can be searched "
                       "for",
                       w->plan->name, w->plan->learner);
    }
    return ls_model_search_run(&search, &w->train, &w->trees, &w->search, w->search_folder,
                               &w->err);
}

static ls_status learn(work *w, ls_buffer *model, ls_predictor *out, double *radius,
                       ls_gate_verdict *verdict) {
    const ls_model_child child = {.plan = w->plan,
                                  .trees = &w->trees,
                                  .folder = folder_of(w),
                                  .state = w->state,
                                  .stop = ls_interrupt_flag()};
    if (child.folder == NULL) {
        return ls_fail(&w->err, LS_ERR_MEMORY, "out of memory for a path");
    }
    ls_status status = ls_model_child_run(&child, &w->train, model, &w->err);
    if (status == LS_OK) {
        status = ls_predictor_load(model->data, model->size, "the learner's model", w->all.columns,
                                   w->all.column_count, out, &w->err);
    }
    *radius = (double)INFINITY;
    if (status == LS_OK) {
        status = ls_model_check_outputs(w->plan, out, &w->err);
    }
    if (status == LS_OK) {
        drop_unlike_champion(w, out);
    }
    if (status == LS_OK && w->calibrate.row_count > 0) {
        status = ls_model_radius(w->plan, out, &w->calibrate, radius, &w->err);
    }
    if (status == LS_OK) {
        status = ls_model_judge(w->plan, out, *radius, w->has_champion ? &w->champion : NULL,
                                &w->usual, &w->test, verdict, &w->err);
    }
    return status;
}

static int write_result(const work *w, const char *path, uint32_t number, ls_model_stage stage,
                        double radius, const ls_gate_verdict *verdict) {
    ls_buffer out;
    ls_error err = {0};
    ls_buffer_init(&out);
    put_json(w, "model-train/1", number, stage, radius, verdict, &out);
    const ls_status status = out.data != NULL && !out.failed
                                 ? ls_file_write(path, out.data, out.size, &err)
                                 : ls_fail(&err, LS_ERR_MEMORY, "out of memory for a result");
    ls_buffer_clear(&out);
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

// What was learned or scored so far is there for the next time.
static int tell_stopped(const work *w) {
    if (access(w->state, F_OK) == 0 || trials_of(w) > 0) {
        ls_note("stopped; the same command goes on from here");
    } else {
        ls_note("stopped; nothing was kept");
    }
    return LS_EXIT_STOPPED;
}

static int run_train(const ls_options *options) {
    static work w;
    ls_buffer model, profile, usual;
    ls_predictor predictor = {0};
    ls_gate_verdict verdict;
    ls_model_stage stage = LS_STAGE_CANDIDATE;
    char head[256];
    double radius = 0.0;
    uint32_t number = 0;
    memset(&w, 0, sizeof w);
    ls_arena_init(&w.arena);
    ls_buffer_init(&model);
    ls_buffer_init(&profile);
    ls_buffer_init(&usual);
    w.options = options;
    const ls_option_value *result = ls_options_get(options, "result");
    const ls_option_value *keep = ls_options_get(options, "keep");
    if (ls_output_check_files(options, &w.err) != LS_OK) {
        return ls_output_complain(&w.err);
    }
    if (ls_model_check_key(options, &w.err) != LS_OK) {
        return ls_complain(&w.err);
    }
    int code = ls_model_open(options, true, false, &w.opened);
    w.plan = w.opened.plan;
    // A search hands its trials over, and does the rest here.
    const bool here = code != LS_EXIT_DONE || !ls_options_get(options, "pool")->given ||
                      trials_of(&w) > 0;
    if (code == LS_EXIT_DONE && here) {
        code = ls_model_open_history(options, &w.opened);
    }
    if (code == LS_EXIT_DONE && !here) {
        code = ls_pool_hand(w.opened.plant, w.opened.data, "training", 1.0);
    } else if (code == LS_EXIT_DONE && w.opened.plan->monitor.is) {
        code = ls_model_monitor_train(options, &w.opened);
    } else if (code == LS_EXIT_DONE) {
        ls_interrupt_watch();
        snprintf(w.state, sizeof w.state, "%s/%s/training.state", w.opened.registry, w.plan->name);
        ls_status status = make_rows(&w);
        if (status == LS_OK) {
            status = check_rows(&w);
        }
        if (status == LS_OK && keep->given) {
            status = ls_dataset_write(&w.all, keep->text, &w.err);
        }
        if (status == LS_OK) {
            status = load_champion(&w);
        }
        if (status == LS_OK) {
            status = find_settings(&w);
        }
        if (status == LS_OK) {
            status = learn(&w, &model, &predictor, &radius, &verdict);
        }
        if (status == LS_OK) {
            status = make_profile(&w, &predictor, &profile);
        }
        if (status == LS_OK) {
            status = learn_usual(&w, &usual);
        }
        if (status == LS_OK) {
            status = keep_version(&w, &model, &profile, &usual,
                                  lineage_of(&w, radius, ls_predictor_kind(&predictor), &verdict),
                                  &number);
        }
        if (status == LS_OK && verdict.passed) {  // of what failed a person has the last word
            status = ls_model_sign_version(&w.opened, options, number, &w.err);
        }
        if (status == LS_OK) {
            status = place_version(&w, number, verdict.passed, &stage);
        }
        if (status == LS_OK) {
            ls_model_search_end(w.search_folder);
        }
        snprintf(head, sizeof head, "model %s, version %u: %s", w.plan->name, number,
                 ls_model_stage_name(stage));
        code = status == LS_OK ? deliver(&w, "model-train/1", number, stage, radius, head, &verdict)
               : status == LS_ERR_STOPPED ? tell_stopped(&w)
                                          : ls_complain(&w.err);
        if (status == LS_OK && result->given && (code == LS_EXIT_DONE || code == LS_EXIT_NO)) {
            code = write_result(&w, result->text, number, stage, radius, &verdict);
        }
    }
    ls_predictor_clear(&predictor);
    ls_buffer_clear(&model);
    ls_buffer_clear(&profile);
    ls_buffer_clear(&usual);
    work_clear(&w);
    return code;
}

// ---- evaluate

static int run_evaluate(const ls_options *options) {
    static work w;
    ls_predictor predictor = {0};
    ls_gate_verdict verdict;
    char head[256];
    double radius = 0.0;
    uint32_t number = 0;
    memset(&w, 0, sizeof w);
    ls_arena_init(&w.arena);
    w.options = options;
    int code = ls_model_open(options, true, true, &w.opened);
    if (code == LS_EXIT_DONE && w.opened.plan->monitor.is) {
        code = ls_model_monitor_evaluate(options, &w.opened);
    } else if (code == LS_EXIT_DONE) {
        w.plan = w.opened.plan;
        ls_status status = make_rows(&w);
        if (status == LS_OK) {
            status = load_champion(&w);
        }
        if (status == LS_OK) {
            status = ls_model_pick(&w.opened, options, &w.stages, &number, &w.err);
        }
        if (status == LS_OK) {
            status = load_version(&w, number, &predictor, &radius);
        }
        const bool is_other = w.has_champion && w.stages.champion != number;
        w.has_champion = is_other;
        if (status == LS_OK) {
            status = ls_model_judge(w.plan, &predictor, radius, is_other ? &w.champion : NULL,
                                    &w.usual, &w.test, &verdict, &w.err);
        }
        const ls_model_stage stage = ls_registry_stage_of(&w.stages, number);
        snprintf(head, sizeof head, "model %s, version %u: %s", w.plan->name, number,
                 ls_model_stage_name(stage));
        code = status == LS_OK
                   ? deliver(&w, "model-evaluate/1", number, stage, radius, head, &verdict)
                   : ls_complain(&w.err);
    }
    ls_predictor_clear(&predictor);
    work_clear(&w);
    return code;
}

const ls_cli_command ls_command_model_train = {
    .name = "model train",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Trains a version of a model on the plant's history and sends it through its gates",
    .example = "lineshaft model train plant.yaml:wear",
    .examples =
        "lineshaft model train plant.yaml:wear --history week-data --models trained\n"
        "lineshaft model train plant.yaml --from -30d --json\n"
        "lineshaft model train plant.yaml --keep rows.lsd\n"
        "lineshaft model train plant.yaml --pool\n"
        "lineshaft model train plant.yaml:scrap --search 27 --pool\n",
    .detail =
        "Rows come from what was known at their moment; the first ones are learnt from, later "
        "ones\n"
        "make the intervals, the last ones are the test. The learner runs in a process of its "
        "own.\n"
        "A version that passes every gate becomes the challenger, or with 'mode: auto' the "
        "champion\n"
        "where none serves yet or 'shadow: {for: 0 s}' is said;\n"
        "one that does not stays a candidate, and the exit code is 1. See docs/MODELS.md.\n",
    .tables = train_tables,
    .run = run_train,
};
const ls_cli_command ls_command_model_evaluate = {
    .name = "model evaluate",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Judges a version of a model by its gates on the history there is now",
    .example = "lineshaft model evaluate plant.yaml:wear",
    .examples = "lineshaft model evaluate plant.yaml:wear --version 3 --from -7d\n",
    .detail =
        "Against the champion; the champion itself against always saying the mean. Exit code 1: "
        "some\n"
        "gate is not passed.\n",
    .tables = evaluate_tables,
    .run = run_evaluate,
};
