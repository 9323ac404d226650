// predictor.c - see predictor.h.
#include "model/predictor.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "model/sentry.h"
#include "model/tree_explain.h"
#include "model/tree_read.h"

// XGBoost's models have the object "learner"; ours do not.
static bool is_of_trees(const char *text, size_t size) {
    json_error_t where;
    json_t *object = json_loadb(text, size, 0, &where);
    const bool is = json_is_object(json_object_get(object, "learner"));
    json_decref(object);
    return is;
}

static ls_status check_names(const char *file, const char *const *names, size_t count,
                             const char *const *columns, uint32_t column_count, ls_error *err) {
    if (count != column_count) {
        return ls_fail_at(err, LS_ERR_INVALID, file, 0, 0,
                          "the model has %zu features, %u are asked for", count, column_count);
    }
    for (uint32_t i = 0; i < column_count && names != NULL; i++) {
        if (strcmp(names[i], columns[i]) != 0) {
            return ls_fail_at(err, LS_ERR_INVALID, file, 0, 0,
                              "feature %u of the model is '%.150s', it should be '%.150s'", i,
                              names[i], columns[i]);
        }
    }
    return LS_OK;
}

ls_status ls_predictor_load(const char *text, size_t size, const char *file,
                            const char *const *columns, uint32_t column_count, ls_predictor *out,
                            ls_error *err) {
    memset(out, 0, sizeof *out);
    out->feature_count = column_count;
    ls_status status = LS_OK;
    if (is_of_trees(text, size)) {
        status = ls_tree_read_text(text, size, file, &out->trees, err);
        if (status == LS_OK && out->trees->output_count != 1 &&
            out->trees->link != LS_TREE_LINK_SOFTMAX) {
            status = ls_fail_at(err, LS_ERR_INVALID, file, 0, 0,
                                "the model predicts %u things at once, one is asked for",
                                out->trees->output_count);
        }
        if (status == LS_OK) {
            status = check_names(file, out->trees->feature_names, out->trees->feature_count,
                                 columns, column_count, err);
        }
    } else {
        status = ls_linear_load(text, size, file, &out->linear, err);
        if (status == LS_OK) {
            status = check_names(file, out->linear->names, out->linear->features, columns,
                                 column_count, err);
        }
    }
    out->output_count = out->trees != NULL ? out->trees->output_count : 1;
    if (status != LS_OK) {
        ls_predictor_clear(out);
    }
    return status;
}

ls_status ls_predictor_load_monitor(const char *text, size_t size, const char *file,
                                    const char *const *columns, uint32_t column_count,
                                    ls_predictor *out, ls_error *err) {
    const ls_sentry_def any = {.statistics = 1, .row = 1};
    ls_sentry *trial = NULL;
    memset(out, 0, sizeof *out);
    out->feature_count = column_count;
    out->output_count = 1;
    ls_status status = ls_monitor_load(text, size, file, &out->monitor, err);
    if (status == LS_OK) {  // are its variables there?
        status = ls_sentry_create(out->monitor, &any, columns, column_count, &trial, err);
    }
    ls_sentry_destroy(trial);
    if (status != LS_OK) {
        ls_predictor_clear(out);
    }
    return status;
}

void ls_predictor_clear(ls_predictor *predictor) {
    if (predictor != NULL) {
        ls_tree_destroy(predictor->trees);
        ls_linear_destroy(predictor->linear);
        ls_monitor_destroy(predictor->monitor);
        memset(predictor, 0, sizeof *predictor);
    }
}

double ls_predictor_predict(const ls_predictor *predictor, const float *row, double *wide) {
    const ls_tree_model *trees = predictor->trees;
    if (trees != NULL && trees->link == LS_TREE_LINK_SOFTMAX) {
        float margins[LS_TREE_OUTPUTS_MAX];
        ls_tree_margin(trees, row, margins);
        uint32_t best = 0;
        for (uint32_t i = 1; i < trees->margin_count; i++) {
            best = margins[i] > margins[best] ? i : best;
        }
        return (double)best;
    }
    if (trees != NULL) {
        float scratch[LS_TREE_OUTPUTS_MAX], out = 0.0F;
        ls_tree_predict(trees, row, scratch, &out);
        return (double)(out > trees->answer_max ? trees->answer_max : out);
    }
    if (predictor->linear == NULL) {
        return (double)NAN;
    }
    for (uint32_t i = 0; i < predictor->feature_count; i++) {
        wide[i] = (double)row[i];
    }
    return ls_linear_predict(predictor->linear, wide);
}

ls_status ls_predictor_explain(const ls_predictor *predictor, const float *row, double *out,
                               ls_error *err) {
    const ls_linear *m = predictor->linear;
    if (predictor->monitor != NULL) {
        return ls_fail(err, LS_ERR_INVALID, "a monitor says who is to blame, not what adds up");
    }
    if (m == NULL && predictor->trees->margin_count != 1) {
        return ls_fail(err, LS_ERR_INVALID, "the model has %u sums, one can be explained",
                       predictor->trees->margin_count);
    }
    if (m == NULL) {
        return ls_tree_explain(predictor->trees, row, out, err);
    }
    out[m->features] = m->intercept;
    for (size_t i = 0; i < m->features; i++) {
        out[i] = isfinite(row[i]) ? m->coefficients[i] * ((double)row[i] - m->typical[i]) : 0.0;
        out[m->features] += m->coefficients[i] * m->typical[i];
    }
    return LS_OK;
}

void ls_predictor_predict_all(const ls_predictor *predictor, const float *row, double *wide,
                              double *out) {
    if (predictor->output_count == 1) {
        out[0] = ls_predictor_predict(predictor, row, wide);
        return;
    }
    float outputs[LS_TREE_OUTPUTS_MAX];
    ls_tree_predict(predictor->trees, row, NULL, outputs);
    for (uint32_t i = 0; i < predictor->output_count; i++) {
        out[i] = (double)outputs[i];
    }
}

const char *ls_predictor_kind(const ls_predictor *predictor) {
    return predictor->trees != NULL ? "trees" : predictor->monitor != NULL ? "monitor" : "linear";
}
