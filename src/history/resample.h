// resample.h - the samples of one tag as one sample for each window of time.
#pragma once

#include "history/windows.h"

typedef struct ls_resampler {
    ls_windows windows;
    ls_resample how;
    uint32_t tag;
    ls_sample_visit visit;
    void *context;
    bool stopped;  // visit has said so
} ls_resampler;

// Rows go to `visit`. Feed roll-ups and samples by ls_windows_rollup and ls_windows_sample of its
// windows, then finish and clear those. `floor_us`: samples before it only say what value holds.
void ls_resampler_init(ls_resampler *resampler, const ls_query *query, uint32_t tag,
                       int64_t floor_us, ls_sample_visit visit, void *context);
// "mean", "time-weighted", ... and back; LS_RESAMPLE_COUNT when unknown.
const char *ls_resample_name(ls_resample how);
