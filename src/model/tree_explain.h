// tree_explain.h - why a model predicts what it predicts: a share of the prediction for each
// feature.
//
// Exact Shapley values of the trees under the path-dependent expectation (Lundberg, Erion, Lee,
// "Consistent individualized feature attribution for tree ensembles", 2018, algorithm 2), in
// doubles: what XGBoost's pred_contribs computes in floats. For each sum, the shares and the base
// add up to the margin.
#pragma once

#include "base/status.h"
#include "model/tree.h"

// Into out: margin_count times (feature_count shares, then the base: what the model says on average
// of the rows that it learned from). O(trees x leaves x depth^2). LS_ERR_MEMORY, or LS_ERR_INVALID
// for a model whose covers are zero.
ls_status ls_tree_explain(const ls_tree_model *model, const float *row, double *out, ls_error *err);

// The features with the largest shares, largest first, as indexes; those that share nothing are
// left out. Ties stand in the order of features. `shares` are feature_count of them. Returns how
// many.
uint32_t ls_tree_causes(const double *shares, uint32_t feature_count, uint32_t *out,
                        uint32_t out_max);
