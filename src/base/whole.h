// whole.h - sums with whole numbers that the language leaves to the reader.
#pragma once

#include <assert.h>
#include <stdint.h>

// How many times b it takes to hold a: a / b, rounded up. b above 0; the result has 32 bits.
static inline uint32_t ls_divide_up(uint64_t a, uint64_t b) {
    const uint64_t times = a / b + (a % b != 0);
    assert(times <= UINT32_MAX);
    return (uint32_t)times;
}
