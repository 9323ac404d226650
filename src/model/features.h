// features.h - what a model sees: figures of tags over windows of time, the same in training and in
// service.
//
// One engine for both. Training plays a history through it and asks at each moment of the dataset;
// the loop hears samples as they come and asks when a prediction is due. What is asked depends on
// the samples up to that moment alone, never on when the engine began (given two windows of samples
// and the one before them), on how often it was asked, or on samples that come later; the same
// samples give the same bits.
//
// A value holds until the next one of its tag, so that tags which speak on change and tags which
// speak every second give the same figures. A window is LS_FEATURE_PANES panes of equal width that
// begin at multiples of it since 1970; the last pane is the one that the moment stands in, so a
// window reaches back between (PANES - 1) / PANES and 1 of its length. Each pane keeps weighted
// means and second moments (updated and merged as by Chan, Golub and LeVeque 1983), the finished
// ones are merged once per pane: asking costs one merge for each tag and window, hearing one merge
// for each window. Nothing is allocated after create. Not thread safe: one engine, one thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

typedef enum ls_feature_kind {
    LS_FEATURE_LAST,      // the value in force
    LS_FEATURE_MEAN,      // over the time that a value was in force
    LS_FEATURE_STD,       // likewise; of the population
    LS_FEATURE_MIN,       // of the values in force
    LS_FEATURE_MAX,       //
    LS_FEATURE_SLOPE,     // least squares, per second
    LS_FEATURE_COUNT_OF,  // samples with a value
    LS_FEATURE_SINCE,     // seconds since the last sample with a value, at most the window
    LS_FEATURE_STILL,     // seconds since the value became another, at most the window
    LS_FEATURE_MISSING,   // share of the window's time without a value
    LS_FEATURE_BEFORE,    // mean over the window that ended where this one begins
    LS_FEATURE_KINDS
} ls_feature_kind;

enum {
    LS_FEATURE_PANES = 32,
    LS_FEATURE_TAGS_MAX = 1024,
    LS_FEATURE_WINDOWS_MAX = 8,
};
#define LS_FEATURE_WINDOW_MIN_US INT64_C(32000)  // panes of 1 ms

// Each tag x window x kind is a feature, in this order (tag first, then window, then kind). LAST
// stands once for each tag, before its windows.
typedef struct ls_features_def {
    const char *const *tags;  // names, for the names of features; copied
    uint32_t tag_count;       // 1 to LS_FEATURE_TAGS_MAX
    const int64_t *windows_us;
    uint32_t
        window_count;  // 1 to LS_FEATURE_WINDOWS_MAX; each LS_FEATURE_WINDOW_MIN_US to 10 years
    uint32_t kinds;    // bits 1 << LS_FEATURE_...; at least one
} ls_features_def;

typedef struct ls_features ls_features;

// Fails with LS_ERR_INVALID (a def out of range, says which), LS_ERR_LIMIT (more than 4096
// features) or LS_ERR_MEMORY.
ls_status ls_features_create(const ls_features_def *def, ls_features **out, ls_error *err);
void ls_features_destroy(ls_features *features);  // NULL is fine
// As it was after create.
void ls_features_reset(ls_features *features);

uint32_t ls_features_count(const ls_features *features);
// "spindle/power mean 10min"; lives as long as the engine.
const char *ls_features_name(const ls_features *features, uint32_t feature);
uint32_t ls_features_tag_of(const ls_features *features, uint32_t feature);

// A sample: `value` NaN (or infinite) where the source gives none or a bad one. Samples of one tag
// come by time; one before the last of its tag is not heard, false. One before the last moment that
// was asked comes late and counts from that moment. O(windows), and O(panes) after a silence.
bool ls_features_hear(ls_features *features, uint32_t tag, int64_t time_us, double value);
// The value of a tag that is in force, as of the sample heard last; NaN: none.
double ls_features_held(const ls_features *features, uint32_t tag);
// All features as of now_us, not before the last sample heard: out[ls_features_count]; NaN is
// unknown. O(tags x windows).
void ls_features_ask(ls_features *features, int64_t now_us, float *out);

// "mean", and back: LS_FEATURE_KINDS when it is none.
const char *ls_feature_kind_name(ls_feature_kind kind);
ls_feature_kind ls_feature_kind_find(const char *name);
// A span as a word in names: "10min", "90s", "250ms".
void ls_feature_put_span(ls_buffer *out, int64_t us);
