// offender.h - who goes wrong again and again: each time may be forgiven, so many within a while
// are not.
//
// Of GPUs that tell of errors they got over (exec/service_health.c), and of nodes that break down
// on the simulated clock (simulated.c).
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LS_OFFENDER_TIMES_MAX = 16 };

typedef struct ls_offender {
    int64_t at_us[LS_OFFENDER_TIMES_MAX];  // the latest times, the oldest first
    uint32_t count;
} ls_offender;

// It went wrong at `at_us`, not before the last time. True: that makes `times` (1 to
// LS_OFFENDER_TIMES_MAX) within `within_us`.
static inline bool ls_offender_strikes(ls_offender *o, uint32_t times, int64_t within_us,
                                       int64_t at_us) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < o->count; i++) {
        const bool recent = at_us - o->at_us[i] <= within_us;
        // Of more than are asked for the oldest go.
        if (recent && o->count - i < times) {
            o->at_us[kept++] = o->at_us[i];
        }
    }
    o->at_us[kept++] = at_us;
    o->count = kept;
    return kept >= times;
}
