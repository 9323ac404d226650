// model_judge.h - a version of a model judged on rows that it has not learnt from.
#pragma once

#include <jansson.h>

#include "base/text.h"
#include "model/gates.h"
#include "model/predictor.h"
#include "plant/models.h"

// Predictions for all rows into out[row_count].
ls_status ls_model_predict_rows(const ls_predictor *predictor, const ls_dataset *rows, double *out,
                                ls_error *err);
// Radius of the intervals at `level` from rows held out for it: split conformal.
ls_status ls_model_radius(const ls_predictor *predictor, const ls_dataset *rows, double level,
                          double *out, ls_error *err);
// The gates of the plan on the test rows. `champion` NULL: nothing serves yet, the constant `usual`
// has to be beaten.
ls_status ls_model_judge(const ls_model_plan *plan, const ls_predictor *challenger, double radius,
                         const ls_predictor *champion, double usual, const ls_dataset *test,
                         ls_gate_verdict *out, ls_error *err);
void ls_model_put_verdict(const ls_gate_verdict *verdict, ls_buffer *out);
// Without what the machine's speed decides where `timed` is false.
json_t *ls_model_verdict_json(const ls_gate_verdict *verdict, bool timed);
