// snapshot.h - a dataset from history: what was known at each moment, and what became of it.
//
// Features of a row come from samples up to its moment, through the engine of features.h; samples
// that the source sent late on purpose were not known at their time and are left out. A label
// counts when it had become known by `known_us`; the dataset says when each did. Columns are named
// by the tags as the plant file writes them (`{unit}` and all), so that units share them. Without a
// label (LS_LABEL_NONE) each moment of the range is a row, and its label is 0, known at once: all
// of it is good operation.
#pragma once

#include "base/tags.h"
#include "base/text.h"
#include "history/history.h"
#include "model/dataset.h"
#include "model/features.h"
#include "plant/models.h"

typedef struct ls_snapshot_def {
    const ls_model_plan *plan;
    int64_t from_us, to_us;  // moments of rows: [from, to)
    int64_t known_us;        // labels that were known by then
    bool without_labels;     // one row for each unit, at from_us, to be predicted
    const char *labels;      // LS_LABEL_FILE: the text of the file
    size_t labels_size;
    const char *labels_file;  // its name for messages
} ls_snapshot_def;

typedef struct ls_snapshot_notes {
    uint64_t samples;     // of the tags, heard
    uint64_t historical;  // left out: sent late on purpose
    uint64_t labelled;    // rows
    uint64_t resting;     // rows left out: there was nothing to predict (`while`)
    uint64_t unknown;     // samples of a label's tag with a text that is no class of the model
} ls_snapshot_notes;

// Fails with LS_ERR_INVALID (a tag that the history does not know, a line of the labels' file: says
// which; no row is left), LS_ERR_LIMIT (rows), or as the history does. `notes` may be NULL.
ls_status ls_snapshot_make(ls_history *history, const ls_tags *tags, const ls_snapshot_def *def,
                           ls_dataset *out, ls_snapshot_notes *notes, ls_error *err);

// ---- parts of it, for who serves

// What the features hear of a unit in [from_us, to_us) and the last samples before, in the order in
// which they hear it: by time, then as history has them. ls_free. A tag that the history does not
// know is LS_ERR_INVALID, one without samples is not.
typedef struct ls_snapshot_sample {
    int64_t time_us;
    double value;
    uint32_t tag, order;  // number of the plan's tag
} ls_snapshot_sample;
ls_status ls_snapshot_samples(ls_history *history, const ls_tags *tags, const ls_model_plan *plan,
                              uint32_t unit, int64_t from_us, int64_t to_us,
                              ls_snapshot_sample **out, size_t *out_count, ls_error *err);
// How far before a moment the features need samples.
int64_t ls_snapshot_reach_us(const ls_model_plan *plan);

// What was right at the moments of a def, without features: labels that were known by `known_us`,
// by (time, unit). ls_free. None is no failure.
typedef struct ls_snapshot_truth {
    int64_t time_us, known_us;
    double label;
    uint32_t unit;
} ls_snapshot_truth;
ls_status ls_snapshot_truths(ls_history *history, const ls_tags *tags, const ls_snapshot_def *def,
                             ls_snapshot_truth **out, size_t *out_count, ls_error *err);

// `pattern` with `{unit}` filled in.
void ls_snapshot_fill_in(ls_buffer *out, const char *pattern, const char *unit);
// The engine for a plan, for training and for service.
ls_status ls_snapshot_features(const ls_model_plan *plan, ls_features **out, ls_error *err);
// There is nothing to predict of a unit whose features have heard everything up to now: a tag is
// outside the bounds of the plan's `while`. Unknown is not outside.
bool ls_snapshot_rests(const ls_model_plan *plan, const ls_features *features);
// The number of the tag `pattern` of a plan for a unit; LS_ERR_INVALID when the history has none.
ls_status ls_snapshot_tag(const ls_tags *tags, const char *pattern, const char *unit, uint32_t *out,
                          ls_error *err);
// What the features hear of a sample: NaN where it is bad, stale, a text or nothing.
double ls_snapshot_value(const ls_sample *sample);
// The same of a label: a text that is one of the plan's classes is its place.
double ls_snapshot_label(const ls_model_plan *plan, const ls_sample *sample);
