// calendar.h - weekly patterns of time on, laid from the plant's time zero.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

// A span of the day in microseconds since its midnight; `to` may be up to 48 h.
typedef struct ls_day_span {
    int64_t from_us, to_us;
} ls_day_span;

enum { LS_DAY_SPANS_MAX = 64 };

// Parses `06:00-14:00 22:00-06:00` into spans (at most `size`; NULL and 0: only look). A span whose
// end is not after its begin ends on the next day. Empty text and `off` are no spans. *out_count
// may be NULL. On failure *err has text and hint, no place.
ls_status ls_calendar_spans(const char *text, ls_day_span *spans, size_t size, size_t *out_count,
                            ls_error *err);

// From midnight-based patterns to switching times.
typedef struct ls_calendar_def {
    int64_t start_us;            // time zero, since 1970
    const ls_day_span *days[7];  // Monday first: spans that begin on that day
    size_t day_counts[7];
    const ls_day_span *breaks;  // of every day
    size_t break_count;
    const int64_t *holidays;  // midnights since 1970, rising, no doubles
    size_t holiday_count;
} ls_calendar_def;

typedef struct ls_calendar_result {
    int64_t *transitions;  // owned by the caller (ls_free); rising, after time zero
    size_t count, cycle_at;
    int64_t cycle_us;  // 0: never changes
    int on_first;
    double share;  // of the repeating week that is on
} ls_calendar_result;

// Lays the pattern out until one week after the last holiday; from there the week repeats. Fails
// only with LS_ERR_MEMORY.
ls_status ls_calendar_lay(const ls_calendar_def *def, ls_calendar_result *out);
