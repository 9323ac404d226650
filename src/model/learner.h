// learner.h - boosted trees learned from rows, through XGBoost.
//
// The same rows, definition and seed give the same bytes, whatever else the machine does: the
// number of threads is pinned. Loads XGBoost into the process (learner_xgboost.h), so it is called
// in a process of its own that trains and ends; nothing that serves calls it. One call at a time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum ls_learner_task {
    LS_LEARNER_REGRESSION,  // a number, by least squares
    LS_LEARNER_BINARY,      // labels 0 and 1; the probability of 1
    LS_LEARNER_CLASSES,     // labels 0 to class_count - 1; a probability for each
    LS_LEARNER_COUNT,       // labels from 0 up; a Poisson mean
    LS_LEARNER_SURVIVAL,    // accelerated failure time; a time, from labels that may be censored
    LS_LEARNER_RANKING,     // an order within groups of rows, by pairs
    LS_LEARNER_QUANTILE,    // one quantile of a number, by the pinball loss
} ls_learner_task;

typedef enum ls_learner_spread {
    LS_LEARNER_NORMAL,
    LS_LEARNER_LOGISTIC,
    LS_LEARNER_EXTREME
} ls_learner_spread;

// What is learned and how. Start from ls_learner_def_default().
typedef struct ls_learner_def {
    ls_learner_task task;      // default REGRESSION
    uint32_t class_count;      // CLASSES: 2 to 1024
    double quantile;           // QUANTILE: above 0 and below 1, default 0.5
    ls_learner_spread spread;  // SURVIVAL: of the logarithm of the time, default NORMAL
    double spread_scale;       // SURVIVAL: its scale, above 0, default 1
    uint32_t rounds;           // trees, or trees for each class; 1 to 100,000, default 300
    uint32_t depth;            // 1 to 16, default 6
    double eta;                // above 0 to 1, default 0.1
    double child_weight_min;   // 0 or more, default 1
    double row_share;          // of the rows for each tree, above 0 to 1, default 1
    double column_share;       // of the features for each tree, above 0 to 1, default 1
    double lambda;             // L2 on leaves, 0 or more, default 1
    double alpha;              // L1 on leaves, 0 or more, default 0
    double gamma;              // least gain of a split, 0 or more, default 0
    uint32_t bins;             // of the histograms, 2 to 65536, default 256
    uint32_t patience;         // rounds without a better validation score before it ends; 0: never
    uint32_t threads;          // 1 to 1024, default 1
    uint32_t seed;             // to INT32_MAX
    double base_score;         // where predictions begin; NaN (default): from the labels
    double answer_max;         // kept in the model for whoever predicts with it (tree.h): nothing
                               // above it is said; INFINITY (default): no such limit
    uint32_t cookie;           // set by ls_learner_def_default(), leave it alone
} ls_learner_def;

ls_learner_def ls_learner_def_default(void);
// LS_ERR_INVALID names the field, its value, and what would be right.
ls_status ls_learner_def_check(const ls_learner_def *def, ls_error *err);

// Rows to learn from; the arrays are the caller's and are only read.
typedef struct ls_learner_rows {
    const float *values;       // row after row, NaN where missing; nothing infinite
    uint64_t row_count;        // at least 1
    uint32_t feature_count;    // at least 1
    const float *labels;       // row_count; SURVIVAL: the time that was seen, or until it was seen
    const float *labels_high;  // SURVIVAL only: the latest it may have been, INFINITY if not seen;
                               // NULL: every time was seen
    const float *weights;      // row_count (RANKING: group_count), or NULL
    const uint32_t *groups;    // RANKING: sizes that add up to row_count; rows of a group together
    uint32_t group_count;
    const char *const *names;  // feature_count, kept in the model; or NULL
} ls_learner_rows;

// Called after each round with the validation score (NaN without validation rows); false stops, and
// the call fails with LS_ERR_STOPPED.
typedef bool ls_learner_progress(void *context, uint32_t round, double score);

typedef struct ls_learner_result {
    char *model;        // XGBoost's JSON, as tree_read.h reads it; owned, zero-terminated
    size_t model_size;  // bytes without the zero
    uint32_t rounds_run;
    uint32_t rounds_kept;  // those up to the best validation score, or all
    double score;          // on the validation rows at rounds_kept; NaN without
    const char *metric;    // its name: "rmse", "logloss", ...; static
    bool higher_is_better;
} ls_learner_result;

// Learns. `valid` may be NULL (then patience must be 0). A failure leaves *out all zero.
ls_status ls_learner_train(const ls_learner_def *def, const ls_learner_rows *train,
                           const ls_learner_rows *valid, ls_learner_progress *progress,
                           void *context, ls_learner_result *out, ls_error *err);
void ls_learner_result_clear(ls_learner_result *result);

// A training that can be gone on with after its process was killed. What is learned in the end has
// the same bytes as without the kill.
typedef struct ls_learner_saving {
    void *context;
    // Asked after each round but the last: is the state to be saved now?
    bool (*is_due)(void *context, uint32_t round);
    // Keeps the bytes; a failure ends the training with it.
    ls_status (*save)(void *context, const void *bytes, size_t size, ls_error *err);
    const void *from;  // bytes that were saved; NULL: from the beginning
    size_t from_size;
} ls_learner_saving;

// As ls_learner_train. `saving` may be NULL. LS_ERR_INVALID too when `from` is no state of this
// very training (settings, rows, labels).
ls_status ls_learner_train_on(const ls_learner_def *def, const ls_learner_rows *train,
                              const ls_learner_rows *valid, ls_learner_progress *progress,
                              void *context, const ls_learner_saving *saving,
                              ls_learner_result *out, ls_error *err);
// Whether the bytes are a state of this very training, and of how many rounds; LS_ERR_INVALID.
ls_status ls_learner_check_state(const ls_learner_def *def, const ls_learner_rows *train,
                                 const ls_learner_rows *valid, const void *bytes, size_t size,
                                 uint32_t *out_rounds, ls_error *err);

// Which rows are for validation, by whole units: 1 in valid[row] when row's unit is among the share
// of the units (at least one, and never all) that the seed draws. Pure. LS_ERR_INVALID when there
// are fewer than two units. (By time, and by units in their order: dataset.h.)
ls_status ls_learner_split_by_unit(const uint32_t *units, uint64_t row_count, double share,
                                   uint64_t seed, uint8_t *valid, ls_error *err);
