// mapping_counter.c - counters: how many more, when they wrap, are reset, jump or come late.
#include <assert.h>
#include <math.h>

#include "line/mapping_inside.h"

// Clocks of PLCs are coarse and plants are faster than their mean: ten times the mean rate is still
// believed.
#define RATE_SLACK 10.0

static double most_parts(const ls_rate *rate, int64_t elapsed_us) {
    if (!(rate->part_us > 0)) {
        return INFINITY;
    }
    return 2 * rate->burst_parts + RATE_SLACK * (double)elapsed_us / rate->part_us;
}

ls_counted ls_counter_hear(ls_counter *counter, double wraps, const ls_rate *rate, int64_t time_us,
                           uint64_t value, uint64_t *out_more) {
    assert(counter != NULL && rate != NULL && out_more != NULL);
    const ls_counter last = *counter;
    *out_more = 0;
    if (last.known && (time_us < last.time_us || (time_us == last.time_us && value < last.value))) {
        return LS_COUNTED_OLD;
    }
    *counter = (ls_counter){.known = true, .time_us = time_us, .value = value};
    if (!last.known) {
        return LS_COUNTED_FIRST;
    }
    const double most = most_parts(rate, time_us - last.time_us);
    if (value >= last.value) {
        const uint64_t more = value - last.value;
        *out_more = (double)more <= most ? more : 0;
        return (double)more <= most ? LS_COUNTED_ON : LS_COUNTED_JUMP;
    }
    // Fewer than before: round the end, if that is possible, else begun again at 0. When both can
    // be, a counter that stands near its end by chance at the moment of a reset is the rarer thing.
    const bool can_wrap = wraps > 0 && (double)last.value <= wraps && (double)value <= wraps;
    if (can_wrap) {
        const uint64_t more = value + (uint64_t)wraps + 1 - last.value;
        // Without a rate, half the range tells the two apart.
        if ((double)more <= fmin(most, wraps / 2 + 1)) {
            *out_more = more;
            return LS_COUNTED_WRAPPED;
        }
    }
    if ((double)value <= most && isfinite(most)) {
        *out_more = value;
        return LS_COUNTED_RESET;
    }
    return isfinite(most) ? LS_COUNTED_JUMP : LS_COUNTED_RESET;
}
