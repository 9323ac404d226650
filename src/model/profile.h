// profile.h - what a version has learnt from, as distributions: kept with it, for its drift watch.
//
// Of each feature in the rows that it learnt from, of its predictions for them, and of its absolute
// errors on the rows held out. Rows of a process are not independent, and units may move together:
// how much time tells as much as one independent value is measured on the means of moments
//
//     span = time * var(means) * together / (moments * var(values))
//
// where `together` is the autocorrelation time of the means in moments (drift.h), taken from at
// most LS_PROFILE_SERIES means of means, so that a year costs no more than a day.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "model/dataset.h"
#include "model/drift.h"
#include "model/predictor.h"

enum {
    LS_PROFILE_SERIES = 512,
    LS_PROFILE_EXPLAINED = 256,  // rows whose contributions are averaged
    LS_PROFILE_ROWS_MIN = 20,
};

typedef struct ls_profile_column {
    uint32_t bins;                    // 0: fewer than LS_PROFILE_ROWS_MIN values, nothing is known
    double edges[LS_DRIFT_BINS - 1];  // upper ends of all bins but the last
    double shares[LS_DRIFT_BINS];     // of the rows that have a value
    double missing;                   // share of the rows
    double mean, deviation;           // of the values
    double span_us;                   // so much time, all units together: one independent value
    double memory_us;                 // autocorrelation time of the means of moments, at least
                                      // the time between two
    double effective;                 // independent values behind it
    double effect;                    // mean of what the feature adds to a prediction
} ls_profile_column;

typedef struct ls_profile {
    uint32_t column_count;
    const char **columns;    // names
    ls_profile_column *of;   // [column_count]
    ls_profile_column said;  // the predictions
    ls_profile_column off;   // absolute errors, held out
    ls_arena arena;
} ls_profile;

// `train`: rows that the predictor learnt from; `held`: labelled rows that it did not; all by time.
// LS_ERR_MEMORY. Clear it in any case.
ls_status ls_profile_make(const ls_predictor *predictor, const ls_dataset *train,
                          const ls_dataset *const *held, uint32_t held_count, ls_profile *out,
                          ls_error *err);
void ls_profile_clear(ls_profile *profile);  // all zero is fine

// As JSON; numbers read back to the bit. out->failed: no memory.
void ls_profile_save(const ls_profile *profile, ls_buffer *out);
// Total: any bytes. LS_ERR_INVALID names what is wrong; LS_ERR_VERSION: a later format. `file` is
// for the error. Clear it in any case.
ls_status ls_profile_load(const char *text, size_t size, const char *file, ls_profile *out,
                          ls_error *err);
// How wrong a prediction was: the distance; of places of several classes 1 where it was another.
double ls_profile_error(bool classes, double said, double truth);
// The bin of a value that is not NaN.
uint32_t ls_profile_bin(const ls_profile_column *column, double value);
