// random_avx2_test.c - the tests of random.h once more as a file built with -mavx2 sees it: for gcc
// the header then names an instruction instead of a product.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx2")
#endif

#include "base/random_test.c"
