// model_fit.c - `lineshaft model fit`: a dataset file into a model, in a process of its own. What
// `model train` starts; what a pool runs for each setting of a search.
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/json.h"
#include "cli/model_fit.h"
#include "cli/output.h"
#include "model/dataset.h"
#include "model/linear.h"

static const char *const objectives[] = {"number", "binary", "classes",  "count",
                                         "life",   "rank",   "quantile", NULL};
static const ls_learner_task tasks[] = {
    LS_LEARNER_REGRESSION, LS_LEARNER_BINARY,  LS_LEARNER_CLASSES, LS_LEARNER_COUNT,
    LS_LEARNER_SURVIVAL,   LS_LEARNER_RANKING, LS_LEARNER_QUANTILE};

#define REAL(n, i, a) \
    { .name = n, .kind = LS_OPTION_TEXT, .argument = "X", .initial = i, .about = a }

static const ls_option own_options[] = {
    {.name = "seed",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = INT32_MAX,
     .initial = "1",
     .about = "of everything that is drawn"},
    {.name = "objective",
     .kind = LS_OPTION_CHOICE,
     .argument = "WHAT",
     .choices = objectives,
     .initial = "number",
     .about = "what trees learn of the label; rank: an order within each moment"},
    {.name = "classes",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 2,
     .most = 1024,
     .initial = "2",
     .about = "with 'classes': how many"},
    REAL("quantile", "0.5", "with 'quantile': which"),
    {.name = "rounds",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 100000,
     .initial = "300",
     .about = "trees"},
    {.name = "depth",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 16,
     .initial = "6",
     .about = "of a tree"},
    REAL("rate", "0.1", "how much of what a tree says is added"),
    REAL("child", "1", "least weight behind an answer"),
    REAL("rows", "1", "share of the rows drawn for each tree"),
    REAL("columns", "1", "share of the features drawn for each tree"),
    REAL("lambda", "1", "how strongly leaves are drawn towards 0"),
    REAL("most", "0", "with 'life': seconds after which nobody looks; 0: for ever"),
    REAL("validate", "0", "share of the rows, the last ones, held out to score by"),
    {.name = "by-unit", .kind = LS_OPTION_FLAG, .about = "holds out whole units, drawn by lot"},
    {.name = "score",
     .kind = LS_OPTION_FLAG,
     .about = "prints the score on the rows held out, as JSON, and not the model"},
    {.name = "state",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .says = "none",
     .about = "where a training that is killed can be gone on with"},
    {.name = "save-every",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 100000,
     .initial = "0",
     .about = "rounds between two writes of it; 0: each 10 s"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_output_options, NULL};

// The mean of each column where it is known: what stands for a missing value.
static void fill_missing(const ls_dataset *d, double *values) {
    for (uint32_t c = 0; c < d->column_count; c++) {
        double sum = 0.0, count = 0.0;
        for (size_t r = 0; r < d->row_count; r++) {
            const float v = ls_dataset_row(d, r)[c];
            sum += isnan(v) ? 0.0 : (double)v;
            count += isnan(v) ? 0.0 : 1.0;
        }
        const double mean = count > 0.0 ? sum / count : 0.0;
        for (size_t r = 0; r < d->row_count; r++) {
            const float v = ls_dataset_row(d, r)[c];
            values[r * d->column_count + c] = isnan(v) ? mean : (double)v;
        }
    }
}

static ls_status fit_linear(const ls_dataset *d, ls_buffer *out, ls_error *err) {
    double *values = ls_alloc(d->row_count * d->column_count * sizeof *values);
    if (values == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the rows");
    }
    fill_missing(d, values);
    ls_pls_def def = ls_pls_def_default(d->column_count);
    def.names = d->columns;
    const ls_rows rows = {.values = values, .count = d->row_count};
    ls_linear *model = NULL;
    const ls_status status = ls_pls_fit(&def, &rows, d->label, &model, NULL, err);
    if (status == LS_OK) {
        ls_linear_save(model, out);
    }
    ls_linear_destroy(model);
    ls_free(values);
    return status;
}

// ---- trees: what the options say

static ls_status real_of(const ls_options *options, const char *name, double *out, ls_error *err) {
    const char *text = ls_options_get(options, name)->text;
    return ls_text_parse_double(text, strlen(text), out) && isfinite(*out)
               ? LS_OK
               : ls_fail(err, LS_ERR_INVALID, "'--%s %s' is no number", name, text);
}

static ls_status read_options(const ls_options *options, ls_model_fit *out, ls_error *err) {
    const struct {
        const char *name;
        double *to;
    } reals[] = {{"quantile", &out->def.quantile},
                 {"rate", &out->def.eta},
                 {"child", &out->def.child_weight_min},
                 {"rows", &out->def.row_share},
                 {"columns", &out->def.column_share},
                 {"lambda", &out->def.lambda},
                 {"most", &out->most},
                 {"validate", &out->validate}};
    out->def = ls_learner_def_default();
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        const ls_status status = real_of(options, reals[i].name, reals[i].to, err);
        if (status != LS_OK) {
            return status;
        }
    }
    out->def.task = tasks[ls_options_get(options, "objective")->number];
    out->def.class_count = (uint32_t)ls_options_get(options, "classes")->number;
    out->def.rounds = (uint32_t)ls_options_get(options, "rounds")->number;
    out->def.depth = (uint32_t)ls_options_get(options, "depth")->number;
    out->def.seed = (uint32_t)ls_options_get(options, "seed")->number;
    out->by_unit = ls_options_get(options, "by-unit")->given;
    out->state = ls_options_get(options, "state")->text;
    out->save_every = (uint32_t)ls_options_get(options, "save-every")->number;
    if (!(out->validate >= 0 && out->validate < 1) || out->most < 0) {
        return ls_fail(err, LS_ERR_INVALID, "'--validate' is a share below 1, '--most' 0 or more");
    }
    if (ls_options_get(options, "score")->given && out->validate <= 0) {
        return ls_fail(err, LS_ERR_INVALID, "'--score' wants rows to score by: '--validate 25%%'");
    }
    return ls_learner_def_check(&out->def, err);
}

static void put_score(const ls_learner_result *result, ls_buffer *out) {
    json_t *object = json_object();
    json_object_set_new(object, "format", json_string("model-score/1"));
    json_object_set_new(object, "metric", json_string(result->metric));
    json_object_set_new(object, "score",
                        isfinite(result->score) ? json_real(result->score) : json_null());
    json_object_set_new(object, "higher_is_better", json_boolean(result->higher_is_better));
    json_object_set_new(object, "rounds", json_integer(result->rounds_run));
    ls_json_print(object, out);
}

static ls_status fit_trees(const ls_options *options, const ls_dataset *d, ls_buffer *out,
                           ls_error *err) {
    ls_model_fit fit = {.most = 0};
    ls_learner_result result = {0};
    ls_status status = read_options(options, &fit, err);
    if (status == LS_OK) {
        status = ls_model_fit_trees(&fit, d, &result, err);
    }
    if (status == LS_OK && ls_options_get(options, "score")->given) {
        put_score(&result, out);
    } else if (status == LS_OK) {
        ls_buffer_append(out, result.model, result.model_size);
    }
    ls_learner_result_clear(&result);
    return status;
}

// The rows with a label; what is left out is told.
static ls_status read_labelled(const char *file, ls_dataset *out, ls_error *err) {
    ls_dataset all;
    size_t *rows = NULL, count = 0;
    memset(out, 0, sizeof *out);
    ls_status status = ls_dataset_read(file, &all, err);
    if (status == LS_OK) {
        rows = ls_alloc((all.row_count + 1) * sizeof *rows);
        status = rows != NULL ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "out of memory for the rows");
    }
    for (size_t i = 0; i < all.row_count && status == LS_OK; i++) {
        rows[count] = i;
        count += isnan(all.label[i]) ? 0 : 1;
    }
    if (status == LS_OK && (count == 0 || all.column_count == 0)) {
        status = ls_fail_at(
            err, LS_ERR_INVALID, file, 0, 0,
            all.column_count == 0 ? "a dataset without features" : "no row has a label to learn");
    }
    if (status == LS_OK && count < all.row_count) {
        ls_note("%zu of %zu rows have no label and are left out", all.row_count - count,
                all.row_count);
        status = ls_dataset_take(&all, rows, count, out, err);
    } else if (status == LS_OK) {
        *out = all;
        all = (ls_dataset){0};
    }
    ls_dataset_clear(&all);
    ls_free(rows);
    return status;
}

// Rows are held out to score trees by; of a linear model nothing would come of it.
static bool asks_for_trees(const ls_options *options, ls_error *err) {
    static const char *const names[] = {"score", "validate", "by-unit"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (ls_options_get(options, names[i])->given) {
            ls_fail(err, LS_ERR_INVALID, "'--%s' is for trees", names[i]);
            ls_hint(err, "'lineshaft model evaluate' says how good a linear model of a plant is");
            return true;
        }
    }
    return false;
}

static int run(const ls_options *options) {
    const char *learner = options->arguments[0], *file = options->arguments[1];
    const bool is_linear = strcmp(learner, "linear") == 0;
    ls_error err = {0};
    ls_dataset dataset;
    ls_buffer out;
    if (!is_linear && strcmp(learner, "trees") != 0) {
        ls_fail(&err, LS_ERR_INVALID, "unknown learner '%s'", learner);
        ls_hint(&err, "there are: linear, trees");
        return ls_complain_usage(&err, "model fit");
    }
    if (is_linear && asks_for_trees(options, &err)) {
        return ls_complain_usage(&err, "model fit");
    }
    ls_buffer_init(&out);
    ls_status status = ls_output_check_option(options, &err);
    int code = status == LS_OK ? LS_EXIT_DONE : ls_output_complain(&err);
    if (code == LS_EXIT_DONE) {
        status = read_labelled(file, &dataset, &err);
        if (status == LS_OK) {
            status = is_linear ? fit_linear(&dataset, &out, &err)
                               : fit_trees(options, &dataset, &out, &err);
        }
        ls_dataset_clear(&dataset);
        code = status == LS_OK            ? ls_output_deliver(options, &out)
               : status == LS_ERR_STOPPED ? LS_EXIT_STOPPED
                                          : ls_complain(&err);
    }
    ls_buffer_clear(&out);
    return code;
}

const ls_cli_command ls_command_model_fit = {
    .name = "model fit",
    .arguments = "LEARNER DATASET",
    .least = 2,
    .most = 2,
    .about = "Learns a model from a dataset file, in this process alone",
    .example = "lineshaft model fit linear rows.lsd -o model.json",
    .examples =
        "lineshaft model fit trees rows.lsd --seed 7 -o model.json\n"
        "lineshaft model fit trees rows.lsd --objective binary --depth 4 -o model.json\n"
        "lineshaft model fit trees rows.lsd --validate 0.25 --score\n"
        "lineshaft model fit trees rows.lsd --state half.bin -o model.json\n",
    .detail =
        "What 'lineshaft model train' starts for each training. LEARNER is 'linear' (partial "
        "least\n"
        "squares) or 'trees' (XGBoost). docs/MODELS.md describes both files; any program that "
        "reads\n"
        "a dataset and prints a model can take its place. With '--state' a training that was "
        "killed\n"
        "is gone on with by the same command, and ends with the same bytes.\n",
    .tables = tables,
    .run = run,
};
