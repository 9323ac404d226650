// gates.h - may this model serve? Compared with what serves, on rows that neither has learnt from.
//
// The comparison is that of Diebold and Mariano (1995): the differences of the two squared errors,
// the mean over the units of each moment, in the order of time; the variance of their mean counts
// autocorrelation (Newey and West 1987, Bartlett weights, floor(4 (n/100)^(2/9)) lags, at least as
// many as moments share a label); small samples by Harvey, Leybourne and Newbold (1997), against
// the t distribution. Rows of a process are not independent: a plain paired test finds gains where
// there are none.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "model/dataset.h"
#include "plant/models.h"

typedef enum ls_gate {
    LS_GATE_GAIN,      // error against the champion's: is it less, at the level?
    LS_GATE_WORST,     // of the unit that loses most
    LS_GATE_COVERAGE,  // of the intervals
    LS_GATE_MISSING,   // without the tag that it needs most
    LS_GATE_LATENCY,   // of one prediction
    LS_GATE_COUNT
} ls_gate;
const char *ls_gate_name(ls_gate gate);  // "gain"

typedef struct ls_gate_result {
    bool passed;
    double value, limit;  // what was measured, what is allowed (gain: at least; coverage: at least)
    char about[160];      // one line for people
} ls_gate_result;

// What is known of a challenger on the test rows; arrays of test->row_count.
typedef struct ls_gate_case {
    const ls_dataset *test;  // labelled rows, by time
    const double *champion;  // its predictions; of a constant where nothing serves yet
    const double *challenger;
    double radius;          // of its intervals: prediction +- radius
    const double *missing;  // mean squared error without each tag
    const char *const *tags;
    uint32_t tag_count;
    double usual;        // what would be said without any model: the mean of training labels
    int64_t horizon_us;  // moments closer than this share a label
    int64_t latency_us;  // 99th percentile, measured
} ls_gate_case;

typedef struct ls_gate_verdict {
    bool passed;  // all of them
    ls_gate_result gates[LS_GATE_COUNT];
    double champion_rmse, challenger_rmse;
    double p;  // one-sided: the chance of such a gain where there is none
} ls_gate_verdict;

// LS_ERR_INVALID when there are fewer than 8 moments to compare. LS_ERR_MEMORY.
ls_status ls_gates_decide(const ls_model_gates *gates, const ls_gate_case *about,
                          ls_gate_verdict *out, ls_error *err);

// The mean of d (in the order of time) and the standard error of that mean as told above; `lags` at
// least. For n below 2 the error is infinite.
void ls_gates_mean_error(const double *d, size_t n, size_t lags, double *out_mean,
                         double *out_error);
