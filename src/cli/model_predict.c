// model_predict.c - `lineshaft model predict` and `explain`: what a version says of a moment.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/history_open.h"
#include "cli/history_value.h"
#include "cli/json.h"
#include "cli/model_judge.h"
#include "cli/model_monitor.h"
#include "cli/model_version.h"
#include "cli/output.h"
#include "cli/table.h"
#include "ls_build.h"
#include "model/conformal.h"
#include "model/snapshot.h"
#include "model/tree_explain.h"

enum { EXPLAINED = 10 };  // features shown to people

static const ls_option own_options[] = {
    {.name = "at",
     .kind = LS_OPTION_TEXT,
     .argument = "TIME",
     .says = "the last sample of the history",
     .about = "the moment: 2026-01-05T06:00 (UTC), or -1h before now"},
    {0},
};
static const ls_option *const tables[] = {own_options,
                                          ls_model_version_options,
                                          ls_model_json_options,
                                          ls_model_place_options,
                                          ls_model_history_options,
                                          NULL};

typedef struct asked {
    ls_model_opened opened;
    const ls_model_plan *plan;
    ls_registry_stages stages;
    ls_registry_version version;
    ls_predictor predictor;
    double radius;
    ls_dataset rows;  // one for each unit
    double *wide;
    double *scores;  // what is predicted, one for each row
    ls_error err;
} asked;

static ls_status find_moment(const ls_options *options, asked *a, int64_t *out_us) {
    const ls_option_value *at = ls_options_get(options, "at");
    ls_history_figures figures;
    if (at->given) {
        return ls_history_parse_when(at->text, out_us, &a->err);
    }
    const ls_status status = ls_history_describe(a->opened.history, &figures, &a->err);
    *out_us = figures.last_us;
    return status == LS_OK && figures.samples == 0
               ? ls_fail(&a->err, LS_ERR_INVALID, "the history is empty: there is nothing to say")
               : status;
}

static ls_status load(const ls_options *options, asked *a) {
    ls_status status = ls_model_take(&a->opened, options, &a->stages, &a->version, &a->err);
    if (status == LS_OK) {
        status = ls_model_predictor(a->plan, &a->version, &a->rows, &a->predictor, &a->radius,
                                    &a->err);
    }
    if (status == LS_OK) {
        const uint32_t sums = a->predictor.trees != NULL ? a->predictor.trees->margin_count : 1;
        a->wide = ls_alloc((a->rows.column_count + 1) * (size_t)sums * sizeof *a->wide);
        status = a->wide != NULL ? LS_OK
                                 : ls_fail(&a->err, LS_ERR_MEMORY, "out of memory for a row");
    }
    return status;
}

static ls_status predict_all(asked *a) {
    a->scores = ls_alloc((a->rows.row_count + 1) * sizeof *a->scores);
    for (size_t i = 0; a->scores != NULL && i < a->rows.row_count; i++) {
        a->scores[i] = ls_predictor_predict(&a->predictor, ls_dataset_row(&a->rows, i), a->wide);
    }
    return a->scores != NULL ? LS_OK : ls_fail(&a->err, LS_ERR_MEMORY, "out of memory for rows");
}

// What a predictor says; a monitor is asked elsewhere.
static int open_asked(const ls_options *options, asked *a) {
    int64_t at_us = 0;
    a->plan = a->opened.plan;
    ls_status status = find_moment(options, a, &at_us);
    const ls_snapshot_def def = {.plan = a->plan,
                                 .from_us = at_us,
                                 .to_us = at_us + 1,
                                 .known_us = at_us,
                                 .without_labels = true};
    if (status == LS_OK) {
        status = ls_snapshot_make(a->opened.history, a->opened.tags, &def, &a->rows, NULL, &a->err);
    }
    if (status == LS_OK) {
        status = load(options, a);
    }
    if (status == LS_OK) {
        status = predict_all(a);
    }
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(&a->err);
}

static void close_asked(asked *a) {
    ls_free(a->wide);
    ls_free(a->scores);
    ls_predictor_clear(&a->predictor);
    ls_registry_version_clear(&a->version);
    ls_dataset_clear(&a->rows);
    ls_model_close(&a->opened);
}

static json_t *head_json(const asked *a, const char *format) {
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string(format));
    json_object_set_new(object, "model", ls_json_text(a->plan->name));
    json_object_set_new(object, "number", json_integer(a->version.number));
    json_object_set_new(object, "time_us", json_integer(a->rows.time_us[0]));
    return object;
}

// ---- predict

static double share_known(const asked *a, size_t row) {
    uint32_t known = 0;
    for (uint32_t c = 0; c < a->rows.column_count; c++) {
        known += isnan(ls_dataset_row(&a->rows, row)[c]) ? 0 : 1;
    }
    return (double)known / (double)a->rows.column_count;
}

static bool is_of_classes(const asked *a) {
    return ls_model_loss(a->plan) == LS_LOSS_BRIER;
}

static const char *class_name(const asked *a, uint32_t k, char out[16]) {
    if (k < a->plan->class_count) {
        return a->plan->classes[k];
    }
    snprintf(out, 16, "%u", k);
    return out;
}

// What the model says of each class. Returns how many there are.
static uint32_t classes_of(asked *a, size_t row, double out[LS_MODEL_CLASSES_MAX]) {
    ls_predictor_predict_all(&a->predictor, ls_dataset_row(&a->rows, row), a->wide, out);
    if (a->predictor.output_count > 1) {
        return a->predictor.output_count;
    }
    out[1] = out[0];
    out[0] = 1.0 - out[1];
    return 2;
}

static uint32_t likeliest(const double *told, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t k = 1; k < count; k++) {
        best = told[k] > told[best] ? k : best;
    }
    return best;
}

// At the level of the intervals the class is one of these.
static bool is_possible(const asked *a, double told) {
    return 1.0 - told <= a->radius;
}

static void put_classes(asked *a, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "unit", LS_ALIGN_LEFT);
    ls_table_column(&table, "class", LS_ALIGN_LEFT);
    ls_table_column(&table, "probability", LS_ALIGN_RIGHT);
    ls_table_column(&table, "possible", LS_ALIGN_LEFT);
    ls_table_column(&table, "known", LS_ALIGN_RIGHT);
    for (size_t i = 0; i < a->rows.row_count; i++) {
        double told[LS_MODEL_CLASSES_MAX];
        char text[16];
        ls_buffer possible;
        const uint32_t count = classes_of(a, i, told), best = likeliest(told, count);
        ls_buffer_init(&possible);
        for (uint32_t k = 0; k < count; k++) {
            if (is_possible(a, told[k])) {
                ls_buffer_printf(&possible, "%s%s", possible.size > 0 ? ", " : "",
                                 class_name(a, k, text));
            }
        }
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", a->rows.units[a->rows.unit[i]]);
        ls_table_cell(&table, 1, "%s", class_name(a, best, text));
        ls_table_cell(&table, 2, "%.1f %%", 100.0 * told[best]);
        ls_table_cell(&table, 3, "%s", possible.size > 0 ? possible.data : "-");
        ls_table_cell(&table, 4, "%.0f %%", 100.0 * share_known(a, i));
        ls_buffer_clear(&possible);
    }
    ls_table_print(&table, 2, out);
    ls_arena_clear(&arena);
}

// Of a score: how many come before it, and 1 more. The highest comes first.
static uint32_t place_of(const asked *a, double score) {
    uint32_t place = 1;
    for (size_t i = 0; i < a->rows.row_count; i++) {
        place += a->scores[i] > score;
    }
    return place;
}

static void put_places(asked *a, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "unit", LS_ALIGN_LEFT);
    ls_table_column(&table, "place", LS_ALIGN_RIGHT);
    ls_table_column(&table, "score", LS_ALIGN_RIGHT);
    ls_table_column(&table, "known", LS_ALIGN_RIGHT);
    for (size_t i = 0; i < a->rows.row_count; i++) {
        const double y = a->scores[i];
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", a->rows.units[a->rows.unit[i]]);
        ls_table_cell(&table, 1, "%u", place_of(a, y));
        ls_table_cell(&table, 2, "%.6g", y);
        ls_table_cell(&table, 3, "%.0f %%", 100.0 * share_known(a, i));
    }
    ls_table_print(&table, 2, out);
    ls_arena_clear(&arena);
}

static void put_numbers(asked *a, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "unit", LS_ALIGN_LEFT);
    ls_table_column(&table, "prediction", LS_ALIGN_RIGHT);
    ls_table_column(&table, "from", LS_ALIGN_RIGHT);
    ls_table_column(&table, "to", LS_ALIGN_RIGHT);
    ls_table_column(&table, "known", LS_ALIGN_RIGHT);
    for (size_t i = 0; i < a->rows.row_count; i++) {
        const double y = a->scores[i];
        double low, high;
        ls_conformal_interval(a->plan, y, a->radius, &low, &high);
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", a->rows.units[a->rows.unit[i]]);
        ls_table_cell(&table, 1, "%.6g", y);
        ls_table_cell(&table, 2, "%.6g", isnan(low) ? -(double)INFINITY : low);
        ls_table_cell(&table, 3, "%.6g", isnan(high) ? (double)INFINITY : high);
        ls_table_cell(&table, 4, "%.0f %%", 100.0 * share_known(a, i));
    }
    ls_table_print(&table, 2, out);
    ls_arena_clear(&arena);
}

static void put_predictions(asked *a, ls_buffer *out) {
    char when[48];
    ls_time_print(a->rows.time_us[0], when, sizeof when);
    ls_buffer_printf(out, "model %s, version %u, at %s\n\n", a->plan->name, a->version.number,
                     when);
    if (is_of_classes(a)) {
        put_classes(a, out);
    } else if (a->plan->objective == LS_OBJECTIVE_RANK) {
        put_places(a, out);
    } else {
        put_numbers(a, out);
    }
}

static void add_classes(asked *a, size_t row, json_t *one) {
    double told[LS_MODEL_CLASSES_MAX];
    char text[16];
    const uint32_t count = classes_of(a, row, told);
    json_t *probabilities = json_object(), *possible = json_array();
    for (uint32_t k = 0; k < count; k++) {
        json_object_set_new(probabilities, class_name(a, k, text), json_real(told[k]));
        if (is_possible(a, told[k])) {
            json_array_append_new(possible, ls_json_text(class_name(a, k, text)));
        }
    }
    json_object_set_new(one, "class", ls_json_text(class_name(a, likeliest(told, count), text)));
    json_object_set_new(one, "probabilities", probabilities);
    json_object_set_new(one, "possible", possible);
}

static json_t *predictions_json(asked *a) {
    json_t *list = json_array();
    for (size_t i = 0; i < a->rows.row_count; i++) {
        const double y = a->scores[i];
        double low, high;
        ls_conformal_interval(a->plan, y, a->radius, &low, &high);
        const bool is_bounded = !isnan(low) && !is_of_classes(a);
        json_t *one = json_object();
        json_object_set_new(one, "unit", ls_json_text(a->rows.units[a->rows.unit[i]]));
        json_object_set_new(one, "prediction", json_real(y));
        json_object_set_new(one, "low", is_bounded ? json_real(low) : json_null());
        json_object_set_new(one, "high", is_bounded ? json_real(high) : json_null());
        json_object_set_new(one, "known", json_real(share_known(a, i)));
        if (is_of_classes(a)) {
            add_classes(a, i, one);
        }
        if (a->plan->objective == LS_OBJECTIVE_RANK) {
            json_object_set_new(one, "place", json_integer(place_of(a, y)));
        }
        json_array_append_new(list, one);
    }
    json_t *object = head_json(a, "model-predict/1");
    json_object_set_new(object, "predictions", list);
    return object;
}

static int run_predict(const ls_options *options) {
    static asked a;
    ls_buffer out;
    ls_buffer_init(&out);
    memset(&a, 0, sizeof a);
    int code = ls_model_open(options, true, true, &a.opened);
    if (code == LS_EXIT_DONE && a.opened.plan->monitor.is) {
        code = ls_model_monitor_predict(options, &a.opened);
        close_asked(&a);
        return code;
    }
    code = code == LS_EXIT_DONE ? open_asked(options, &a) : code;
    if (code == LS_EXIT_DONE && ls_options_get(options, "json")->given) {
        ls_json_print(predictions_json(&a), &out);
        code = ls_output_print(&out);
    } else if (code == LS_EXIT_DONE) {
        put_predictions(&a, &out);
        code = ls_output_print(&out);
    }
    ls_buffer_clear(&out);
    close_asked(&a);
    return code;
}

// ---- explain

typedef struct share {
    uint32_t column;
    double effect;
} share;

static int compare_shares(const void *a, const void *b) {
    const share *x = a, *y = b;
    const double p = fabs(x->effect), q = fabs(y->effect);
    if (p != q) {
        return p > q ? -1 : 1;
    }
    return x->column < y->column ? -1 : 1;
}

// Of several classes the likeliest is explained: what speaks for it.
static uint32_t explained_class(const asked *a, size_t row) {
    return a->predictor.output_count > 1 ? (uint32_t)a->scores[row] : 0;
}

// What each feature adds: to what a linear model says of a typical row, and trees of the rows that
// they have learnt from, in the mean (before a link such as the logistic one). `wide` is room for
// one double more than there are features.
static ls_status effects_of(asked *a, size_t row, share *out) {
    const ls_linear *m = a->predictor.linear;
    const size_t from = (size_t)explained_class(a, row) * (a->rows.column_count + 1);
    const float *x = ls_dataset_row(&a->rows, row);
    ls_status status = LS_OK;
    if (m == NULL) {
        status = ls_tree_explain(a->predictor.trees, x, a->wide, &a->err);
    }
    for (uint32_t c = 0; c < a->rows.column_count && status == LS_OK; c++) {
        const double linear = m != NULL && isfinite(x[c])
                                  ? m->coefficients[c] * ((double)x[c] - m->typical[c])
                                  : 0.0;
        out[c] = (share){c, m != NULL ? linear : a->wide[from + c]};
    }
    qsort(out, a->rows.column_count, sizeof *out, compare_shares);
    return status;
}

static json_t *explain_json(asked *a, share *effects, ls_status *status) {
    json_t *list = json_array();
    for (size_t i = 0; i < a->rows.row_count && *status == LS_OK; i++) {
        json_t *shares = json_array();
        *status = effects_of(a, i, effects);
        for (uint32_t c = 0; c < a->rows.column_count; c++) {
            json_t *one = json_object();
            const float x = ls_dataset_row(&a->rows, i)[effects[c].column];
            json_object_set_new(one, "feature", ls_json_text(a->rows.columns[effects[c].column]));
            json_object_set_new(one, "value", isnan(x) ? json_null() : json_real((double)x));
            json_object_set_new(one, "effect", json_real(effects[c].effect));
            json_array_append_new(shares, one);
        }
        json_t *unit = json_object();
        json_object_set_new(unit, "unit", ls_json_text(a->rows.units[a->rows.unit[i]]));
        json_object_set_new(unit, "prediction", json_real(a->scores[i]));
        if (a->predictor.output_count > 1) {
            char text[16];
            json_object_set_new(unit, "class",
                                ls_json_text(class_name(a, explained_class(a, i), text)));
        }
        json_object_set_new(unit, "features", shares);
        json_array_append_new(list, unit);
    }
    json_t *object = head_json(a, "model-explain/1");
    json_object_set_new(object, "units", list);
    return object;
}

static ls_status put_explained(asked *a, share *effects, ls_buffer *out) {
    ls_status status = LS_OK;
    for (size_t i = 0; i < a->rows.row_count && status == LS_OK; i++) {
        ls_arena arena;
        ls_table table;
        ls_arena_init(&arena);
        ls_table_init(&table, &arena);
        ls_table_column(&table, "feature", LS_ALIGN_LEFT);
        ls_table_column(&table, "value", LS_ALIGN_RIGHT);
        ls_table_column(&table, "adds", LS_ALIGN_RIGHT);
        status = effects_of(a, i, effects);
        for (uint32_t c = 0; c < a->rows.column_count && c < EXPLAINED; c++) {
            ls_table_row(&table);
            ls_table_cell(&table, 0, "%s", a->rows.columns[effects[c].column]);
            ls_table_cell(&table, 1, "%.6g",
                          (double)ls_dataset_row(&a->rows, i)[effects[c].column]);
            ls_table_cell(&table, 2, "%+.6g", effects[c].effect);
        }
        char text[16];
        ls_buffer_printf(out, "%s%s: ", i > 0 ? "\n" : "", a->rows.units[a->rows.unit[i]]);
        if (a->predictor.output_count > 1) {
            ls_buffer_printf(out, "%s\n\n", class_name(a, explained_class(a, i), text));
        } else {
            ls_buffer_printf(out, "%.6g\n\n", a->scores[i]);
        }
        ls_table_print(&table, 2, out);
        ls_arena_clear(&arena);
    }
    return status;
}

static int run_explain(const ls_options *options) {
    static asked a;
    ls_buffer out;
    share *effects = NULL;
    ls_buffer_init(&out);
    memset(&a, 0, sizeof a);
    int code = ls_model_open(options, true, true, &a.opened);
    if (code == LS_EXIT_DONE && a.opened.plan->monitor.is) {
        code = ls_model_monitor_explain(options, &a.opened);
        close_asked(&a);
        return code;
    }
    code = code == LS_EXIT_DONE ? open_asked(options, &a) : code;
    if (code == LS_EXIT_DONE) {
        effects = ls_alloc(a.rows.column_count * sizeof *effects);
        if (effects == NULL) {
            ls_fail(&a.err, LS_ERR_MEMORY, "out of memory while explaining");
            code = ls_complain(&a.err);
        }
    }
    if (code == LS_EXIT_DONE) {
        ls_status status = LS_OK;
        if (ls_options_get(options, "json")->given) {
            ls_json_print(explain_json(&a, effects, &status), &out);
        } else {
            status = put_explained(&a, effects, &out);
        }
        code = status == LS_OK ? ls_output_print(&out) : ls_complain(&a.err);
    }
    ls_free(effects);
    ls_buffer_clear(&out);
    close_asked(&a);
    return code;
}

const ls_cli_command ls_command_model_predict = {
    .name = "model predict",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Says what a model predicts for each unit, with its interval",
    .example = "lineshaft model predict plant.yaml:wear",
    .examples = "lineshaft model predict plant.yaml:wear --at 2026-01-05T12:00 --json\n",
    .detail =
        "From what history knew at that moment. 'known' is the share of features that are there.\n"
        "Of an order the places are shown, the highest score first, without intervals.\n"
        "Of classes the likeliest is shown, and those that are possible at the level of the "
        "intervals.\n",
    .tables = tables,
    .run = run_predict,
};
const ls_cli_command ls_command_model_explain = {
    .name = "model explain",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Says what each feature adds to a prediction, the largest first",
    .example = "lineshaft model explain plant.yaml:wear",
    .examples = "lineshaft model explain plant.yaml:wear --at 2026-01-05T12:00 --json\n",
    .detail =
        "Of a linear model against a typical row; of trees exact Shapley values, against the mean "
        "of the\n"
        "rows that they have learnt from: of classes and of lives before the sum is made a "
        "probability\n"
        "or a time; of several classes what speaks for the likeliest. Of a monitor who is to "
        "blame, 1 being ordinary.\n",
    .tables = tables,
    .run = run_explain,
};
