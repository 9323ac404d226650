// model_fit.c - `lineshaft model fit`: a dataset file into a model, in a process of its own. What
// `model train` starts; what a pool may run.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/output.h"
#include "model/dataset.h"
#include "model/learner.h"
#include "model/linear.h"

static const ls_option own_options[] = {
    {.name = "seed",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = INT32_MAX,
     .initial = "1",
     .about = "of everything that is drawn"},
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

static ls_status fit_trees(const ls_dataset *d, uint32_t seed, ls_buffer *out, ls_error *err) {
    float *labels = ls_alloc(d->row_count * sizeof *labels);
    ls_learner_result result = {0};
    ls_learner_def def = ls_learner_def_default();
    if (labels == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the labels");
    }
    for (size_t i = 0; i < d->row_count; i++) {
        labels[i] = (float)d->label[i];
    }
    def.seed = seed;
    const ls_learner_rows rows = {.values = d->values,
                                  .row_count = d->row_count,
                                  .feature_count = d->column_count,
                                  .labels = labels,
                                  .weights = d->weight,
                                  .names = d->columns};
    const ls_status status = ls_learner_train(&def, &rows, NULL, NULL, NULL, &result, err);
    if (status == LS_OK) {
        ls_buffer_append(out, result.model, result.model_size);
    }
    ls_learner_result_clear(&result);
    ls_free(labels);
    return status;
}

static ls_status check_labels(const ls_dataset *d, const char *file, ls_error *err) {
    for (size_t i = 0; i < d->row_count; i++) {
        if (isnan(d->label[i])) {
            return ls_fail_at(err, LS_ERR_INVALID, file, 0, 0, "row %zu has no label to learn", i);
        }
    }
    return d->row_count > 0 && d->column_count > 0
               ? LS_OK
               : ls_fail_at(err, LS_ERR_INVALID, file, 0, 0, "a dataset of nothing");
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
    ls_buffer_init(&out);
    ls_status status = ls_output_check_option(options, &err);
    int code = status == LS_OK ? LS_EXIT_DONE : ls_output_complain(&err);
    if (code == LS_EXIT_DONE) {
        status = ls_dataset_read(file, &dataset, &err);
        if (status == LS_OK) {
            status = check_labels(&dataset, file, &err);
        }
        if (status == LS_OK) {
            const uint32_t seed = (uint32_t)ls_options_get(options, "seed")->number;
            status = is_linear ? fit_linear(&dataset, &out, &err)
                               : fit_trees(&dataset, seed, &out, &err);
        }
        ls_dataset_clear(&dataset);
        code = status == LS_OK ? ls_output_deliver(options, &out) : ls_complain(&err);
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
    .examples = "lineshaft model fit trees rows.lsd --seed 7 -o model.json\n",
    .detail =
        "What 'lineshaft model train' starts for each training. LEARNER is 'linear' (partial "
        "least\n"
        "squares) or 'trees' (XGBoost). docs/MODELS.md describes both files; any program that "
        "reads\n"
        "a dataset and prints a model can take its place.\n",
    .tables = tables,
    .run = run,
};
