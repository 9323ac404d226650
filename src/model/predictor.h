// predictor.h - a model of either kind behind one call: boosted trees (XGBoost's JSON) or our
// linear format. Never changes after load; any number of threads may predict. A monitor
// (model/monitor.h) can be held too; it needs its rows one after the other and is asked by a
// sentry.
#pragma once

#include "base/status.h"
#include "model/linear.h"
#include "model/monitor.h"
#include "model/tree.h"

typedef struct ls_predictor {
    ls_tree_model *trees;  // one of the three
    ls_linear *linear;
    ls_monitor *monitor;
    uint32_t feature_count;
    uint32_t output_count;  // 1, or one probability for each class
} ls_predictor;

// Finds out which kind it is. The model must have one output, or probabilities of classes, and name
// its features as `columns` does, in that order (trees may leave names out). LS_ERR_INVALID says
// what does not fit.
ls_status ls_predictor_load(const char *text, size_t size, const char *file,
                            const char *const *columns, uint32_t column_count, ls_predictor *out,
                            ls_error *err);
// The same for a monitor, whose variables are all among the columns. Anything else is refused, as a
// monitor is by the call above.
ls_status ls_predictor_load_monitor(const char *text, size_t size, const char *file,
                                    const char *const *columns, uint32_t column_count,
                                    ls_predictor *out, ls_error *err);
void ls_predictor_clear(ls_predictor *predictor);  // NULL and all zero are fine
// `row` has feature_count values, NaN where missing; `wide` is room for as many doubles. O(1)
// memory, no lock. Of classes the place of the likeliest. NaN of a monitor.
double ls_predictor_predict(const ls_predictor *predictor, const float *row, double *wide);
// What each feature adds to the prediction for `row`, and behind them the base they are added to:
// out[feature_count + 1]. For trees exact Shapley values (tree_explain.h), which add up to the
// prediction before a link; for a linear model the distance from a typical row. LS_ERR_INVALID:
// trees without covers, or with several sums. LS_ERR_MEMORY.
ls_status ls_predictor_explain(const ls_predictor *predictor, const float *row, double *out,
                               ls_error *err);
// All outputs, output_count of them: of classes their probabilities.
void ls_predictor_predict_all(const ls_predictor *predictor, const float *row, double *wide,
                              double *out);
const char *ls_predictor_kind(const ls_predictor *predictor);  // "trees", "linear", "monitor"
