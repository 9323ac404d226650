// noise.h - the random numbers of the published process: a linear congruential generator.
//
// g' = g * 9228907 mod 2^32, in double precision: the product has up to 57 bits and is rounded to
// 53 before the remainder is taken. That rounding belongs to the published sequence, so it is kept.
// The recorded data sets were made with one seed each. A seed is a whole number from 1 to
// 9999999999 and no multiple of 2^32.
#pragma once

#include "base/kernel.h"

// The next number, from 0 to 2^32 - 1, also left in *generator.
LS_FN ls_u32 ls_te_next(double *generator) {
    const double product = *generator * 9228907.0;
    const ls_u32 next = (ls_u32)(ls_u64)(ls_i64)product;
    *generator = (double)next;
    return next;
}

// From 0 up to, not including, 1; or from -1 up to 1.
LS_FN double ls_te_unit(double *generator) {
    return (double)ls_te_next(generator) / 4294967296.0;
}
LS_FN double ls_te_symmetric(double *generator) {
    return 2.0 * (double)ls_te_next(generator) / 4294967296.0 - 1.0;
}

// About normal with mean 0 and this deviation: twelve uniform numbers, less six. The sum is exact,
// whether taken in integers, as here, or in doubles.
LS_FN double ls_te_normal(double *generator, double deviation) {
    ls_u64 sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += ls_te_next(generator);
    }
    return ((double)sum / 4294967296.0 - 6.0) * deviation;
}
