// usual.h - is a row of features unlike those that a model has learnt from?
//
// A model asked outside of what it knows says a number all the same. So each version keeps a
// monitor (monitor.h, no lags, no smoothing) of its training rows: a row is unusual when its
// distance from them in all principal directions (the statistic WHOLE) is above a limit, or when a
// value lies further from all of them than half of their range. The limit is that which rows held
// out for calibration passed with the wished rate of false flags; where these are too few, rows of
// the training held out in turn. What rate the later test rows then show is measured and kept with
// the version: rows of a plant move on in time, so it is seldom the wished one.
//
// Fit allocates; asking does not. Same input, same bytes.
#pragma once

#include "model/dataset.h"
#include "model/monitor.h"

enum {
    LS_USUAL_ROWS_MOST = 4000,    // of each part, evenly picked beyond that
    LS_USUAL_COLUMNS_MOST = 300,  // asking costs their square
};
#define LS_USUAL_PART "usual.json"  // of a version
#define LS_USUAL_RATE 0.01          // the wished rate of false flags

// LS_ERR_INVALID: too many columns, too few complete rows, nothing that moves. *out is then NULL:
// the version cannot tell.
ls_status ls_usual_fit(const ls_dataset *train, const ls_dataset *calibrate, double rate,
                       ls_monitor **out, ls_error *err);
// Of so many columns, in `memory` of ls_usual_doubles(): 1 unusual, 0 usual.
size_t ls_usual_doubles(const ls_monitor *usual);
bool ls_usual_is_foreign(const ls_monitor *usual, double *memory, const float *row);
// The share of the rows that is flagged; NaN of none. LS_ERR_MEMORY.
ls_status ls_usual_rate(const ls_monitor *usual, const ls_dataset *rows, double *out,
                        ls_error *err);
