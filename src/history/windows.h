// windows.h - samples into windows of equal width: counts, extremes, sums, and time weights.
//
// Only good and uncertain values count; a stale or bad one, none, or NaN ends the holding of the
// value before it and is else passed over. Booleans are 0 and 1; texts are counted, and kept first
// and last.
#pragma once

#include "base/text.h"
#include "history/store.h"

typedef struct ls_window {
    ls_rollup sums;
    bool uncertain;                      // one of its values was
    bool has_text;                       // its values are texts
    const char *first_text, *last_text;  // valid until the visit returns
    uint32_t first_size, last_size;
    uint8_t text_kind;
} ls_window;
// Returns false to stop.
typedef bool (*ls_window_visit)(void *context, const ls_window *window);

typedef struct ls_windows {
    int64_t from_us, to_us;  // what is asked; windows are counted from from_us
    int64_t step_us;
    int64_t floor_us;  // samples before it only say what value holds
    bool held_ones;    // windows in which a value only holds are told too
    ls_window_visit visit;
    void *context;

    // Inside.
    ls_window now;
    bool begun, stopped;
    bool holds;  // a value is in force
    double held;
    int64_t held_from_us;   // accounted for up to here
    ls_buffer first, last;  // texts of the window
} ls_windows;

// Set the first seven fields, leave the others zero. Samples and roll-ups come by time; false:
// stopped. Roll-ups come first; those that begin before from_us only say what value holds.
bool ls_windows_rollup(ls_windows *windows, const ls_rollup *rollup);
bool ls_windows_sample(ls_windows *windows, const ls_sample *sample);
// The value in force holds until until_us (at most to_us). LS_ERR_MEMORY when a text did not fit.
ls_status ls_windows_finish(ls_windows *windows, int64_t until_us, ls_error *err);
void ls_windows_clear(ls_windows *windows);

// The greatest start + n * step that is not after time_us; for whole numbers n of any sign.
int64_t ls_window_start(int64_t time_us, int64_t origin_us, int64_t step_us);
