// learner_xgboost.h - XGBoost's C API, opened when something is to be learned.
//
// The program does not link the library: it would be loaded, with OpenMP and C++ behind it, at
// every start of every command, and only training needs it. The types are those of the library's
// header.
#pragma once

#include <xgboost/c_api.h>

#include "base/status.h"

typedef struct ls_xgboost {
    __typeof__(XGBoostVersion) *version;
    __typeof__(XGBGetLastError) *last_error;
    __typeof__(XGBSetGlobalConfig) *set_global;
    __typeof__(XGDMatrixCreateFromMat_omp) *matrix_create;
    __typeof__(XGDMatrixSetFloatInfo) *matrix_set_floats;
    __typeof__(XGDMatrixSetUIntInfo) *matrix_set_counts;
    __typeof__(XGDMatrixFree) *matrix_free;
    __typeof__(XGBoosterCreate) *create;
    __typeof__(XGBoosterFree) *free;
    __typeof__(XGBoosterSetParam) *set;
    __typeof__(XGBoosterSetAttr) *set_attribute;
    __typeof__(XGBoosterSetStrFeatureInfo) *set_texts;
    __typeof__(XGBoosterGetNumFeature) *feature_count;
    __typeof__(XGBoosterUpdateOneIter) *update;
    __typeof__(XGBoosterBoostOneIter) *boost;
    __typeof__(XGBoosterEvalOneIter) *evaluate;
    __typeof__(XGBoosterSlice) *slice;
    __typeof__(XGBoosterPredictFromDMatrix) *predict;
    __typeof__(XGBoosterPredictFromDense) *predict_dense;
    __typeof__(XGBoosterLoadModelFromBuffer) *load;
    __typeof__(XGBoosterSaveModelToBuffer) *save;
} ls_xgboost;

// Opens libxgboost.so.0 once for the process; *out stays valid for ever. LS_ERR_IO when it is not
// there or lacks something, LS_ERR_VERSION when it is not of series 1.7. Not thread safe.
ls_status ls_xgboost_open(const ls_xgboost **out, ls_error *err);
// LS_ERR_INVALID with the first line of what the library says of its last failure.
ls_status ls_xgboost_fail(const ls_xgboost *x, ls_error *err, const char *doing);
