// drift_watch.h - has the plant changed since a model was trained? Row by row, in constant memory.
//
// What comes in is compared with the profile of the version (profile.h). Features and predictions:
// the bins' shares over the last window, by PSI (and KS at the bins' ends, which is never above the
// true distance), judged twice a window. A value counts as drifted when its PSI is above the limit
// of the plant file and above what chance gives at the level that all of them together may alarm in
// a share `false_alarms` of the windows (Bonferroni; chi-square over effective sizes, which count
// autocorrelation and units that move together). Where a window holds few independent values,
// chance is large and little can be told: then `effective` says so.
//
// Errors, when labels come: means over stretches at least twice as long as their memory, in
// deviations of what they were on held-out rows, through Page-Hinkley, which begins as if it had
// seen those. They are fed as they come; one that comes late counts with those it comes with.
//
// After a drift nothing more is told until the watch is begun anew (with another version) or
// ls_drift_watch_again is called. Only init allocates. Not thread safe.
#pragma once

#include <jansson.h>

#include "model/profile.h"
#include "plant/models.h"

enum {
    LS_DRIFT_SAMPLED = 32,  // rows kept of each half window, to say why
    LS_DRIFT_CELLS = LS_DRIFT_BINS + 1,
    LS_DRIFT_CALM = 5,
    LS_DRIFT_HALVES = 3,  // the one that fills, and the two before
};

typedef struct ls_drift_half {
    uint64_t rows;
    int64_t first_us, last_us;  // moments of the rows
    uint32_t *cells;  // [columns + 1][LS_DRIFT_CELLS]; the last column: predictions; the last cell
                      // of each: missing
    double *sums;     // [columns + 1], of the values
    float *sampled;   // [LS_DRIFT_SAMPLED][columns]
    uint32_t sampled_count;
    uint64_t stride;  // each so many-th row is kept
} ls_drift_half;

typedef struct ls_drift_watch {
    const ls_profile *profile;
    ls_model_drift limits;
    int64_t every_us;
    int64_t half_begin_us;                  // of the half window that fills
    int64_t newest_us;                      // row; 0: none yet
    ls_drift_half halves[LS_DRIFT_HALVES];  // 0 fills, 1 and 2 were before; none: no rows
    uint64_t rows, judged;                  // rows heard, half windows judged
    ls_page_hinkley detector;
    int64_t block_begin_us;
    double block_sum;
    uint64_t block_rows;
    uint64_t labels;
    int64_t newest_label_us;    // moment of the newest row whose label came; 0: none yet
    double recent_error;        // of the last whole block; NaN: none yet
    uint32_t calm;              // blocks in a row as they were on held-out rows
    bool in_inputs, in_errors;  // a drift was told
    int64_t since_us;           // and began at the latest then
    void *memory;               // owned
} ls_drift_watch;

// The profile stays. LS_ERR_MEMORY. Clear it in any case.
ls_status ls_drift_watch_init(const ls_profile *profile, const ls_model_drift *limits,
                              int64_t every_us, ls_drift_watch *out, ls_error *err);
void ls_drift_watch_clear(ls_drift_watch *watch);  // all zero is fine

// A row that was predicted; rows come by time (one of before the newest counts as now). True: it
// ended a half window, and now there is a drift that was not there before. O(columns).
bool ls_drift_watch_row(ls_drift_watch *watch, int64_t time_us, const float *row,
                        double prediction);
// The truth has come for the row of that moment: prediction - truth. True: the errors have drifted.
bool ls_drift_watch_error(ls_drift_watch *watch, int64_t time_us, double error);
// What was told is told again when it is still so; the errors' detector begins anew.
void ls_drift_watch_again(ls_drift_watch *watch);
// What was told is no more so: no value is beyond its limit in the last window, and
// LS_DRIFT_CALM stretches of errors in a row were as on held-out rows, where it was the errors.
bool ls_drift_watch_is_over(const ls_drift_watch *watch);

// Of the last two whole half windows. column: profile->column_count stands for the predictions.
typedef struct ls_drift_figures {
    double psi, noise, ks;
    double effective;      // independent values in the window
    double missing, mean;  // NaN: no value
    bool act;              // drifted
    bool watch;            // above noise, and PSI or KS above 0.1
} ls_drift_figures;
ls_drift_figures ls_drift_watch_figures(const ls_drift_watch *watch, uint32_t column);

// What has changed, and what that does to the predictions: the features that drifted, most first;
// `effect` is the change of what the feature adds to a prediction in the mean of the rows kept.
typedef struct ls_drift_cause {
    uint32_t column;
    ls_drift_figures figures;
    double effect;
} ls_drift_cause;
// At most `most` of them: drifted ones first, by effect, then by PSI; the rest by PSI. `predictor`
// NULL: effects are 0. LS_ERR_MEMORY.
ls_status ls_drift_watch_causes(const ls_drift_watch *watch, const ls_predictor *predictor,
                                ls_drift_cause *out, uint32_t most, uint32_t *out_count,
                                ls_error *err);

// What was seen, as JSON and back; the kept rows are left out. NULL: out of memory. Loading is
// total: whatever was written, *watch (made with the same profile) is then as it was saved, or as
// it was before and LS_ERR_INVALID says why.
json_t *ls_drift_watch_save(const ls_drift_watch *watch);
ls_status ls_drift_watch_load(const json_t *saved, ls_drift_watch *watch, ls_error *err);
