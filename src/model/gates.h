// gates.h - may this model serve? Compared with what serves, on rows that neither has learnt from.
//
// The comparison is that of Diebold and Mariano (1995): the differences of the two losses,
// the mean over the units of each moment, in the order of time; the variance of their mean counts
// autocorrelation (Newey and West 1987, Bartlett weights, floor(4 (n/100)^(2/9)) lags, at least as
// many as moments share a label); small samples by Harvey, Leybourne and Newbold (1997), against
// the t distribution. Rows of a process are not independent: a plain paired test finds gains where
// there are none.
//
// The loss is the squared error of a number or a life; the Brier score of probabilities (Brier
// 1950: the squared distance between what was told and what was so, over all classes; of two
// classes that of the second one); the pinball loss of a quantile. All three are least, in the
// mean, for whoever tells the truth as far as it is known. The loss of an order is 1 - NDCG of the
// rows of a moment, which are one group (rank.h): the differences of groups in the order of time
// are tested like those of moments. Groups with nothing to order are left out.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "model/dataset.h"
#include "plant/models.h"

typedef enum ls_gate {
    LS_GATE_GAIN,         // error against the champion's: is it less, at the level?
    LS_GATE_WORST,        // of the unit that loses most
    LS_GATE_COVERAGE,     // of the intervals; not asked of an order, which has none
    LS_GATE_MISSING,      // without the tag that it needs most
    LS_GATE_LATENCY,      // of one prediction
    LS_GATE_CALIBRATION,  // classes: are probabilities told as often true as they say?
    LS_GATE_BALANCE,      // classes: the share of wrong answers, in the mean over the classes
    LS_GATE_COUNT
} ls_gate;
const char *ls_gate_name(ls_gate gate);  // "gain"

typedef enum ls_loss {
    LS_LOSS_SQUARED,
    LS_LOSS_BRIER,  // labels are places of classes
    LS_LOSS_PINBALL,
    LS_LOSS_RANK,  // of the rows of a moment together (rank.h); labels are grades
} ls_loss;
const char *ls_loss_name(ls_loss loss);  // "squared error"

typedef struct ls_gate_result {
    bool asked;  // of this kind of model; else it is passed
    bool passed;
    double value, limit;  // what was measured, what is allowed (gain: at least; coverage: at least)
    char about[160];      // one line for people
} ls_gate_result;

// What is known of a challenger on the test rows; arrays of test->row_count.
typedef struct ls_gate_case {
    const ls_dataset *test;  // labelled rows, by time
    const double *champion;  // its predictions; of a constant where nothing serves yet
    bool is_first;           // nothing serves yet: it is told so
    const double *challenger;
    double radius;          // of its intervals: prediction +- radius
    const double *missing;  // mean loss without each tag
    const char *const *tags;
    uint32_t tag_count;
    double usual;          // what would be said without any model: the mean of training labels
    ls_loss loss;          // SQUARED when all zero
    uint32_t outputs;      // of each row in `champion` and `challenger`; 0 as 1. BRIER: 1, the
                           // probability of class 1 of two, or one for each class
    const double *priors;  // BRIER with several outputs: shares of the training labels, which take
                           // the place of `usual`
    double quantile;       // PINBALL
    uint32_t top;          // RANK: so many first places count, at least 1
    int64_t horizon_us;    // moments closer than this share a label
    int64_t latency_us;    // 99th percentile, measured
} ls_gate_case;

typedef struct ls_gate_verdict {
    bool passed;  // all of them
    ls_gate_result gates[LS_GATE_COUNT];
    ls_loss loss;
    uint32_t top;                           // RANK: of the case, else 0
    double champion_rmse, challenger_rmse;  // SQUARED: root of the mean loss; else the mean loss
    double log_loss;                        // BRIER: mean of -log of what was told of what was so
    double p;  // one-sided: the chance of such a gain where there is none
} ls_gate_verdict;

// LS_ERR_INVALID when there are fewer than 8 moments to compare. LS_ERR_MEMORY.
ls_status ls_gates_decide(const ls_model_gates *gates, const ls_gate_case *about,
                          ls_gate_verdict *out, ls_error *err);

// The loss of one prediction of `outputs` numbers (0 as 1). Not of RANK.
double ls_gates_loss(ls_loss loss, double quantile, const double *prediction, uint32_t outputs,
                     double label);
// How far an answer was from what was so, for conformal intervals: the distance of numbers; for
// classes how much of certainty the true one was denied.
double ls_gates_score(ls_loss loss, const double *prediction, uint32_t outputs, double label);

// The mean of d (in the order of time) and the standard error of that mean as told above; `lags` at
// least. For n below 2 the error is infinite.
void ls_gates_mean_error(const double *d, size_t n, size_t lags, double *out_mean,
                         double *out_error);
