// rates.c - see rates.h.
#include "web/rates.h"

#include <assert.h>

// A page that opens asks about twenty questions at once; a person writes a few a minute; a program
// asks a model in its own loop.
static const struct {
    double burst, per_second;
} rates[LS_RATE_COUNT] = {
    [LS_RATE_READ] = {400.0, 100.0},    [LS_RATE_WRITE] = {20.0, 2.0},
    [LS_RATE_BRISK] = {4000.0, 2000.0}, [LS_RATE_DEAR] = {12.0, 1.0},
    [LS_RATE_WRONG] = {20.0, 0.5},
};

bool ls_rates_take(ls_rates *limits, uint64_t who, ls_rate_kind kind, int64_t now_us) {
    assert((unsigned)kind < LS_RATE_COUNT);
    const uint64_t mixed = (who * LS_RATE_COUNT + (uint64_t)kind) * UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t at = mixed >> 54;
    double left = limits->buckets[at].left;
    // A new bucket is full: it was last used at the beginning of time.
    const double passed_s = (double)(now_us - limits->buckets[at].at_us) * 1e-6;
    left = limits->buckets[at].at_us == 0 ? rates[kind].burst
                                          : left + passed_s * rates[kind].per_second;
    left = left > rates[kind].burst ? rates[kind].burst : left;
    limits->buckets[at].at_us = now_us;
    limits->buckets[at].left = left >= 1.0 ? left - 1.0 : left;
    return left >= 1.0;
}

uint32_t ls_rates_retry_s(ls_rate_kind kind) {
    const double seconds = 1.0 / rates[kind].per_second;
    return seconds > 1.0 ? (uint32_t)(seconds + 0.5) : 1;
}
