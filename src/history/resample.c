// resample.c - see resample.h.
#include "history/resample.h"

#include <math.h>

static const char *const names[LS_RESAMPLE_COUNT] = {
    "none", "first", "last", "mean", "min", "max", "time-weighted", "count",
};

const char *ls_resample_name(ls_resample how) {
    return (unsigned)how < LS_RESAMPLE_COUNT ? names[how] : "unknown";
}

static double number_of(const ls_rollup *sums, ls_resample how) {
    switch (how) {
    case LS_RESAMPLE_FIRST: return sums->first;
    case LS_RESAMPLE_LAST: return sums->last;
    case LS_RESAMPLE_MEAN: return sums->numbers > 0 ? sums->sum / (double)sums->numbers : NAN;
    case LS_RESAMPLE_MIN: return sums->min;
    case LS_RESAMPLE_MAX: return sums->max;
    case LS_RESAMPLE_TIME_WEIGHTED:
        return sums->held_us > 0 ? sums->area / ((double)sums->held_us / 1e6) : NAN;
    default: return NAN;
    }
}

// The row of a window; false when it has none.
static bool row_of(const ls_window *window, ls_resample how, ls_sample *row) {
    const ls_rollup *sums = &window->sums;
    row->time_us = sums->start_us;
    row->quality = window->uncertain ? LS_QUALITY_UNCERTAIN : LS_QUALITY_GOOD;
    if (how == LS_RESAMPLE_COUNT_OF) {
        row->kind = LS_VALUE_UINT;
        row->value.natural = sums->count;
        return sums->count > 0;
    }
    const bool first = how == LS_RESAMPLE_FIRST;
    if (window->has_text && (first || how == LS_RESAMPLE_LAST)) {
        row->kind = window->text_kind;
        row->value.text = first ? window->first_text : window->last_text;
        row->size = first ? window->first_size : window->last_size;
        row->value.text = row->value.text != NULL ? row->value.text : "";
        return true;
    }
    row->kind = LS_VALUE_REAL;
    row->value.real = number_of(sums, how);
    return !isnan(row->value.real);
}

static bool tell_window(void *context, const ls_window *window) {
    ls_resampler *resampler = context;
    ls_sample row = {.tag = resampler->tag};
    if (row_of(window, resampler->how, &row) && !resampler->visit(resampler->context, &row)) {
        resampler->stopped = true;
    }
    return !resampler->stopped;
}

void ls_resampler_init(ls_resampler *resampler, const ls_query *query, uint32_t tag,
                       int64_t floor_us, ls_sample_visit visit, void *context) {
    *resampler = (ls_resampler){
        .how = query->resample,
        .tag = tag,
        .visit = visit,
        .context = context,
        .windows = {.from_us = query->from_us,
                    .to_us = query->to_us,
                    .step_us = query->step_us,
                    .floor_us = floor_us,
                    .visit = tell_window,
                    .held_ones = query->resample == LS_RESAMPLE_TIME_WEIGHTED},
    };
    resampler->windows.context = resampler;
}
