// model_judge.h - a version of a model judged on rows that it has not learnt from.
#pragma once

#include <jansson.h>

#include "base/text.h"
#include "model/gates.h"
#include "model/predictor.h"
#include "plant/models.h"

// What would be said without any model, from the training labels.
typedef struct ls_model_usual {
    double value;                         // mean; of two classes the share of the second; quantile
    double priors[LS_MODEL_CLASSES_MAX];  // CLASSES: their shares
} ls_model_usual;
ls_status ls_model_usual_of(const ls_model_plan *plan, const ls_dataset *train, ls_model_usual *out,
                            ls_error *err);
ls_loss ls_model_loss(const ls_model_plan *plan);
// LS_ERR_INVALID: it does not answer what the plan asks (one number, or one for each class).
ls_status ls_model_check_outputs(const ls_model_plan *plan, const ls_predictor *predictor,
                                 ls_error *err);

// Predictions for all rows into out[row_count * output_count].
ls_status ls_model_predict_rows(const ls_predictor *predictor, const ls_dataset *rows, double *out,
                                ls_error *err);
// Radius of the intervals at the plan's level from rows held out for it: split conformal. Of
// classes: those that are told of 1 - radius or more are possible.
ls_status ls_model_radius(const ls_model_plan *plan, const ls_predictor *predictor,
                          const ls_dataset *rows, double *out, ls_error *err);
// The gates of the plan on the test rows. `champion` NULL: nothing serves yet, what is usual has
// to be beaten.
ls_status ls_model_judge(const ls_model_plan *plan, const ls_predictor *challenger, double radius,
                         const ls_predictor *champion, const ls_model_usual *usual,
                         const ls_dataset *test, ls_gate_verdict *out, ls_error *err);
void ls_model_put_verdict(const ls_gate_verdict *verdict, ls_buffer *out);
// Without what the machine's speed decides where `timed` is false.
json_t *ls_model_verdict_json(const ls_gate_verdict *verdict, bool timed);
