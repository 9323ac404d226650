// sentry_fit.h - a monitor from a dataset of good operation, and how often it cries wolf on rows
// that it has not seen.
//
// Rows of one unit that stand `every` apart are a stretch; over a gap nothing is joined. All rows
// are held to be good: that is what the person said who gave the range.
#pragma once

#include "model/dataset.h"
#include "model/sentry.h"
#include "plant/models.h"

// Fitted on all rows, limits from blocks of them held out in turn; where several statistics count,
// each has its share of the false alarms. Columns without a value in half of the rows or more are
// left out: `left_out[column_count]` is then true. Fails as ls_monitor_fit does, and with
// LS_ERR_INVALID when no column is left.
ls_status ls_sentry_fit(const ls_model_plan *plan, const ls_dataset *rows, bool *left_out,
                        ls_monitor **out, ls_error *err);

// On good rows: what there was in false alarms.
typedef struct ls_sentry_trial {
    size_t readings, above;  // rows with a reading; above 1
    double share, error;     // of them above; standard error, counting autocorrelation (gates.h)
    size_t alarms;           // that began
    size_t outside;          // readings with a variable outside of the fit
} ls_sentry_trial;
ls_status ls_sentry_try(const ls_model_plan *plan, const ls_monitor *monitor,
                        const ls_dataset *rows, ls_sentry_trial *out, ls_error *err);
// Was the monitor's limit set as the plan says? LS_ERR_INVALID: no, it has to be trained again.
ls_status ls_sentry_suits(const ls_model_plan *plan, const ls_monitor *monitor, ls_error *err);
ls_sentry_def ls_sentry_def_of(const ls_model_plan *plan);

// Gates: `false-alarms`, and `latency` of one row, features included, measured by the caller.
typedef struct ls_sentry_verdict {
    bool passed, rate_passed, latency_passed;
    char rate_about[200], latency_about[160];
} ls_sentry_verdict;
// LS_ERR_INVALID when there are too few readings to tell: 1 / false-alarms at least.
ls_status ls_sentry_decide(const ls_model_plan *plan, const ls_sentry_trial *trial,
                           int64_t latency_us, ls_sentry_verdict *out, ls_error *err);
