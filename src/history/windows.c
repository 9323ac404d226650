// windows.c - see windows.h.
#include "history/windows.h"

#include <assert.h>
#include <math.h>

int64_t ls_window_start(int64_t time_us, int64_t origin_us, int64_t step_us) {
    assert(step_us > 0);
    __int128 past = (__int128)time_us - origin_us;
    __int128 rest = past % step_us;
    rest = rest < 0 ? rest + step_us : rest;
    const __int128 start = (__int128)time_us - rest;
    return start < INT64_MIN ? INT64_MIN : (int64_t)start;
}

static int64_t add_capped(int64_t a, int64_t b) {
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t window_end(const ls_windows *windows) {
    const int64_t end = add_capped(windows->now.sums.start_us, windows->step_us);
    return end < windows->to_us ? end : windows->to_us;
}

static void begin(ls_windows *windows, int64_t time_us) {
    windows->now = (ls_window){
        .sums = {.start_us = ls_window_start(time_us, windows->from_us, windows->step_us),
                 .width_us = windows->step_us,
                 .first = NAN,
                 .last = NAN,
                 .min = NAN,
                 .max = NAN},
    };
    windows->first.size = 0;
    windows->last.size = 0;
    windows->begun = true;
}

static void tell(ls_windows *windows) {
    ls_window *now = &windows->now;
    windows->begun = false;
    if (now->sums.count == 0 && !(windows->held_ones && now->sums.held_us > 0)) {
        return;
    }
    now->first_text = windows->first.data;
    now->first_size = (uint32_t)windows->first.size;
    now->last_text = windows->last.data;
    now->last_size = (uint32_t)windows->last.size;
    now->sums.holds = windows->holds;
    if (!windows->visit(windows->context, now)) {
        windows->stopped = true;
    }
}

// Lets the value in force hold within the window that has begun.
static void hold_until(ls_windows *windows, int64_t until_us) {
    if (windows->holds && until_us > windows->held_from_us) {
        const int64_t span_us = until_us - windows->held_from_us;
        windows->now.sums.held_us += span_us;
        windows->now.sums.area += windows->held * ((double)span_us / 1e6);
    }
    if (until_us > windows->held_from_us) {
        windows->held_from_us = until_us;
    }
}

// Moves on to time_us: the value in force holds until then, windows that end until then are told.
// The window of time_us has begun afterwards where a value held in it.
static void advance(ls_windows *windows, int64_t time_us) {
    while (!windows->stopped) {
        if (windows->begun && window_end(windows) <= time_us) {
            hold_until(windows, window_end(windows));
            tell(windows);
        } else if (windows->begun) {
            hold_until(windows, time_us);
            return;
        } else if (windows->holds && windows->held_from_us < time_us) {
            const int64_t start_us = ls_window_start(time_us, windows->from_us, windows->step_us);
            if (!windows->held_ones && start_us > windows->held_from_us) {
                windows->held_from_us = start_us;  // nobody wants those in between
            }
            if (windows->held_from_us == time_us) {
                return;
            }
            begin(windows, windows->held_from_us);
        } else {
            windows->held_from_us = time_us;
            return;
        }
    }
}

static void open_at(ls_windows *windows, int64_t time_us) {
    advance(windows, time_us);
    if (!windows->begun && !windows->stopped) {
        begin(windows, time_us);
    }
}

static void count_number(ls_rollup *sums, double value) {
    if (sums->numbers == 0) {
        sums->first = sums->min = sums->max = value;
    }
    sums->last = value;
    sums->min = value < sums->min ? value : sums->min;
    sums->max = value > sums->max ? value : sums->max;
    sums->sum += value;
    sums->numbers++;
}

static void count_text(ls_windows *windows, const ls_sample *sample) {
    if (!windows->now.has_text) {
        ls_buffer_append(&windows->first, sample->value.text, sample->size);
    }
    windows->last.size = 0;
    ls_buffer_append(&windows->last, sample->value.text, sample->size);
    windows->now.has_text = true;
    windows->now.text_kind = sample->kind;
}

static bool counts(const ls_sample *sample) {
    return sample->quality <= LS_QUALITY_UNCERTAIN && sample->kind != LS_VALUE_NONE;
}

bool ls_windows_sample(ls_windows *windows, const ls_sample *sample) {
    double value = NAN;
    const bool number = counts(sample) && ls_sample_number(sample, &value) && !isnan(value);
    const bool text = counts(sample) &&
                      (sample->kind == LS_VALUE_TEXT || sample->kind == LS_VALUE_BYTES);
    const int64_t floor_us = windows->floor_us;
    if (sample->time_us >= windows->to_us || windows->stopped) {
        return !windows->stopped;
    }
    if (sample->time_us < floor_us) {
        windows->holds = number;
        windows->held = value;
        windows->held_from_us = floor_us;
        return true;
    }
    if (number || text) {
        open_at(windows, sample->time_us);
    } else {
        advance(windows, sample->time_us);
    }
    if (windows->stopped) {
        return false;
    }
    if (number || text) {
        windows->now.sums.count++;
        windows->now.uncertain |= sample->quality == LS_QUALITY_UNCERTAIN;
    }
    if (number) {
        count_number(&windows->now.sums, value);
    } else if (text) {
        count_text(windows, sample);
    }
    windows->holds = number;
    windows->held = value;
    windows->held_from_us = sample->time_us;
    return true;
}

bool ls_windows_rollup(ls_windows *windows, const ls_rollup *rollup) {
    const int64_t end_us = add_capped(rollup->start_us, rollup->width_us);
    if (rollup->start_us >= windows->to_us || windows->stopped) {
        return !windows->stopped;
    }
    if (rollup->start_us >= windows->from_us) {
        open_at(windows, rollup->start_us);
        if (windows->stopped) {
            return false;
        }
        ls_rollup *sums = &windows->now.sums;
        if (rollup->numbers > 0) {
            const bool any = sums->numbers > 0;
            sums->first = any ? sums->first : rollup->first;
            sums->min = any ? fmin(sums->min, rollup->min) : rollup->min;
            sums->max = any ? fmax(sums->max, rollup->max) : rollup->max;
            sums->last = rollup->last;
        }
        sums->count += rollup->count;
        sums->numbers += rollup->numbers;
        sums->sum += rollup->sum;
        sums->area += rollup->area;
        sums->held_us += rollup->held_us;
    }
    windows->holds = rollup->holds && rollup->numbers > 0;
    windows->held = rollup->last;
    windows->held_from_us = end_us > windows->from_us ? end_us : windows->from_us;
    return true;
}

ls_status ls_windows_finish(ls_windows *windows, int64_t until_us, ls_error *err) {
    const int64_t end_us = until_us < windows->to_us ? until_us : windows->to_us;
    advance(windows, end_us);
    if (windows->begun && !windows->stopped) {
        tell(windows);
    }
    if (windows->first.failed || windows->last.failed) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a text of a query");
    }
    return LS_OK;
}

void ls_windows_clear(ls_windows *windows) {
    ls_buffer_clear(&windows->first);
    ls_buffer_clear(&windows->last);
}
