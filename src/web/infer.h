// infer.h - a question of the Open Inference Protocol, answered by a model.
//
// A row is given in one of two forms: all of them in one tensor "features" of shape [rows, columns]
// (or [columns], which is one row), columns in the order of the model; or in a tensor for each
// feature, of its name and of shape [rows] or [rows, 1], where a feature that is not there is
// missing. Elements become FP32, which features are; a missing one is NaN, as where a plant has no
// value.
//
// Outputs, one element a row: "prediction", "low" and "high" (FP64; null where the model has no
// interval), "unusual" (BOOL; only of models that can tell), and of models of classes
// "probabilities", [rows, classes]; their prediction is what their probabilities make of it, and
// they have no interval. Numbers read back to the bit.
#pragma once

#include "web/infer_read.h"

enum { LS_INFER_ROWS_MOST = 16384 };

typedef struct ls_infer_said {
    double prediction;
    double low, high;  // NaN or infinite: there is no interval
    bool unusual;      // the row is like none that the model has learnt from
} ls_infer_said;

typedef struct ls_infer_model {
    const char *name;
    uint32_t version;
    const char *platform;  // "lineshaft_trees"
    const char *const *columns;
    uint32_t column_count;
    bool tells_unusual;  // else there is no such output
    size_t room;         // doubles that `say` wants; at least column_count
    // Any thread, several at once; `wide` is that room. NULL: a monitor, which needs the rows
    // before to read one, and is not asked here.
    void (*say)(const void *context, const float *row, double *wide, ls_infer_said *out);
    const void *context;
    uint32_t class_count;        // 0: the label is no class
    const char *const *classes;  // names; NULL: 0, 1, ...
    // Probabilities, class_count of them; as `say`.
    void (*tell)(const void *context, const float *row, double *wide, double *out);
} ls_infer_model;

// The answer as JSON, appended to *out. LS_ERR_INVALID: what is asked does not fit the model;
// LS_ERR_LIMIT: too many rows; LS_ERR_MEMORY. *out is then unchanged.
ls_status ls_infer_answer(const ls_infer_model *model, const ls_infer_asked *asked, ls_buffer *out,
                          ls_error *err);
// What the model takes and gives, as JSON. `versions` may be asked by number.
void ls_infer_describe(const ls_infer_model *model, const uint32_t *versions, size_t version_count,
                       ls_buffer *out);
