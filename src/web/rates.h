// rates.h - how often one client may ask.
//
// Buckets of tokens: each question takes one, and they come back at a steady rate. A bucket belongs
// to an address and a kind of question; there is a fixed number of them, and strangers whose
// addresses fall together share one. Not thread safe: one thread asks.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum ls_rate_kind {
    LS_RATE_READ,
    LS_RATE_WRITE,
    LS_RATE_BRISK,  // of models
    LS_RATE_DEAR,   // futures are run for it
    LS_RATE_WRONG,  // tokens that are none
    LS_RATE_COUNT
} ls_rate_kind;

enum { LS_RATE_BUCKETS = 1024 };
typedef struct ls_rates {
    struct {
        int64_t at_us;
        double left;
    } buckets[LS_RATE_BUCKETS];
} ls_rates;

// False: too often. `who`: a hash of the address and what else tells clients apart. `now_us` never
// goes back.
bool ls_rates_take(ls_rates *limits, uint64_t who, ls_rate_kind kind, int64_t now_us);
uint32_t ls_rates_retry_s(ls_rate_kind kind);  // after how long one question is allowed again
