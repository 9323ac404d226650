// draws.h - numbers for tests that look random and are the same every time. For tests only.
#pragma once

#include <math.h>
#include <stdint.h>

static uint64_t drawn = 1;  // of this test: any number but 0 begins anew

static inline double uniform(void) {  // from 0 to below 1, by xorshift64
    drawn ^= drawn << 13;
    drawn ^= drawn >> 7;
    drawn ^= drawn << 17;
    return (double)(drawn >> 11) / 9007199254740992.0;
}

static inline double normal(void) {  // mean 0, deviation 1
    return sqrt(-2.0 * log(1.0 - uniform())) * cos(2.0 * acos(-1.0) * uniform());
}
