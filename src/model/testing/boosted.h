// boosted.h - for tests: rows, labels and models drawn at random, and XGBoost's own answers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "model/learner.h"

// A generator of its own; any state but 0.
typedef struct boosted_random {
    uint64_t state;
} boosted_random;

uint64_t boosted_next(boosted_random *random);
double boosted_unit(boosted_random *random);                     // [0, 1)
uint32_t boosted_below(boosted_random *random, uint32_t limit);  // 0 to limit - 1

// rows x features values in [-2, 2], some of them on a coarse grid so that values meet thresholds,
// the share of them missing.
void boosted_fill(boosted_random *random, float *values, size_t count, double missing);
// A label for each row that depends on its first three features.
void boosted_label(boosted_random *random, const float *values, size_t rows, uint32_t features,
                   ls_learner_task task, uint32_t classes, float *labels);

// A model of random shape as XGBoost would save it: uneven trees, thresholds on the same grid.
// `trees` is for each class.
typedef struct boosted_shape {
    const char *objective;
    uint32_t features, trees, splits_max;
    uint32_t classes;        // 0, or 2 and more
    const char *base_score;  // "5E-1"
} boosted_shape;
void boosted_write(boosted_random *random, const boosted_shape *shape, ls_buffer *out);

// What XGBoost predicts for the rows with a saved model: `margin` the sums, else the predictions;
// `contributions` (features + 1 per output) when asked. Into out, which has room for out_count
// floats; false, with the reason on stderr, when it fails.
typedef enum boosted_kind {
    BOOSTED_PREDICTION,
    BOOSTED_MARGIN,
    BOOSTED_CONTRIBUTIONS
} boosted_kind;
bool boosted_predict(const char *model, size_t model_size, const float *values, size_t rows,
                     uint32_t features, boosted_kind kind, float *out, size_t out_count);
