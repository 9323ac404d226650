// random.h - counter-based random numbers for kernel code.
//
// A stream is (key, stream number); draw n of it is a pure function of the three, so a stream's
// whole state is its position. Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers:
// as easy as 1, 2, 3", SC 2011). Counter words of an ordinary draw: low and high half of n / 2,
// stream, 0; an even n takes words 0 and 1 of the block, an odd n words 2 and 3. A method that
// rejects uses the counter (low and high half of n, stream, attempt) with attempt from 1 up, so
// that one draw consumes one position whatever happens.
#pragma once

#include "base/kernel.h"
#include "base/kmath.h"

typedef struct ls_random_block {
    ls_u32 word[4];
} ls_random_block;

// One round; the key words are bumped by the caller.
#define LS_PHILOX_ROUND(c0, c1, c2, c3, k0, k1)                     \
    do {                                                            \
        const ls_u64 product0 = (ls_u64)(c0) * (ls_u64)0xd2511f53u; \
        const ls_u64 product1 = (ls_u64)(c2) * (ls_u64)0xcd9e8d57u; \
        (c0) = (ls_u32)(product1 >> 32) ^ (c1) ^ (k0);              \
        (c2) = (ls_u32)(product0 >> 32) ^ (c3) ^ (k1);              \
        (c1) = (ls_u32)product1;                                    \
        (c3) = (ls_u32)product0;                                    \
    } while (0)
#define LS_PHILOX_BUMP(k0, k1) \
    do {                       \
        (k0) += 0x9e3779b9u;   \
        (k1) += 0xbb67ae85u;   \
    } while (0)
// Ten rounds written out: a loop would keep compilers from vectorising over blocks.
#define LS_PHILOX_10(c0, c1, c2, c3, k0, k1)     \
    do {                                         \
        LS_PHILOX_ROUND(c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                  \
        LS_PHILOX_ROUND(c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                  \
        LS_PHILOX_ROUND(c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                  \
        LS_PHILOX_ROUND(c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                  \
        LS_PHILOX_ROUND(c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                  \
        LS_PHILOX_ROUND(c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                  \
        LS_PHILOX_ROUND(c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                  \
        LS_PHILOX_ROUND(c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                  \
        LS_PHILOX_ROUND(c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                  \
        LS_PHILOX_ROUND(c0, c1, c2, c3, k0, k1); \
    } while (0)

LS_FN ls_random_block ls_random_philox(ls_u32 c0, ls_u32 c1, ls_u32 c2, ls_u32 c3, ls_u32 k0,
                                       ls_u32 k1) {
    ls_random_block out;
    LS_PHILOX_10(c0, c1, c2, c3, k0, k1);
    out.word[0] = c0;
    out.word[1] = c1;
    out.word[2] = c2;
    out.word[3] = c3;
    return out;
}

// The 52 upper of 64 bits as a double in [0, 1): put under the exponent of 1, less 1.
LS_FN double ls_random_unit(ls_u64 bits) {
    return ls_bits_double((bits >> 12) | 0x3ff0000000000000ULL) - 1.0;
}

// The key of one replication of a seed: a block under the seed as key. Different replications of a
// seed never share a key's block, and no key depends on how many replications there are.
LS_FN ls_u64 ls_random_key(ls_u64 seed, ls_u64 replication) {
    const ls_random_block block = ls_random_philox((ls_u32)replication, (ls_u32)(replication >> 32),
                                                   0x6b657973u, 0xffffffffu, (ls_u32)seed,
                                                   (ls_u32)(seed >> 32));
    return (ls_u64)block.word[0] | ((ls_u64)block.word[1] << 32);
}

LS_FN ls_u64 ls_random_bits(ls_u64 key, ls_u32 stream, ls_u64 n) {
    const ls_random_block block = ls_random_philox((ls_u32)(n >> 1), (ls_u32)(n >> 33), stream, 0u,
                                                   (ls_u32)key, (ls_u32)(key >> 32));
    const ls_u64 even = (ls_u64)block.word[0] | ((ls_u64)block.word[1] << 32);
    const ls_u64 odd = (ls_u64)block.word[2] | ((ls_u64)block.word[3] << 32);
    return (n & 1) != 0 ? odd : even;
}

// In [0, 1), a multiple of 2^-52.
LS_FN double ls_random_uniform(ls_u64 key, ls_u32 stream, ls_u64 n) {
    return ls_random_unit(ls_random_bits(key, stream, n));
}

// Exponential with mean 1, from the uniform of the same position; at most 36.05.
LS_FN double ls_random_exp_unit(ls_u64 key, ls_u32 stream, ls_u64 n) {
    return 0.0 - ls_log_normal(1.0 - ls_random_uniform(key, stream, n));
}

// Uniform number `which` (0 or 1) of an attempt (from 1 up) at draw n.
LS_FN double ls_random_attempt_uniform(ls_u64 key, ls_u32 stream, ls_u64 n, ls_u32 attempt,
                                       int which) {
    const ls_random_block block = ls_random_philox((ls_u32)n, (ls_u32)(n >> 32), stream, attempt,
                                                   (ls_u32)key, (ls_u32)(key >> 32));
    const ls_u64 first = (ls_u64)block.word[0] | ((ls_u64)block.word[1] << 32);
    const ls_u64 second = (ls_u64)block.word[2] | ((ls_u64)block.word[3] << 32);
    return ls_random_unit(which != 0 ? second : first);
}

enum { LS_RANDOM_BATCH = 64 };  // fills work in pieces of this many draws

// Inlined always, so that a caller built for wider vectors gets the loops for them. With gcc give
// -mavx2 to the whole file (or `#pragma GCC target` above the first include): the attribute
// target("avx2") on a function alone compiles to the slow product below. AVX-512 is fast either
// way.
#if defined(__CUDACC_RTC__) || defined(__CUDA__)
#define LS_RANDOM_INLINE LS_FN
#else
#define LS_RANDOM_INLINE static inline __attribute__((always_inline, unused))
#endif

// The round in 64-bit lanes: words may carry rubbish above bit 31, which the next product drops.
#define LS_PHILOX_WIDE_ROUND(multiply, c0, c1, c2, c3, k0, k1) \
    do {                                                       \
        product0 = multiply(c0, 0xd2511f53u);                  \
        product1 = multiply(c2, 0xcd9e8d57u);                  \
        (c0) = (product1 >> 32) ^ (c1) ^ (ls_u64)(k0);         \
        (c2) = (product0 >> 32) ^ (c3) ^ (ls_u64)(k1);         \
        (c1) = product1;                                       \
        (c3) = product0;                                       \
    } while (0)
#define LS_PHILOX_WIDE_10(m, c0, c1, c2, c3, k0, k1)     \
    do {                                                 \
        LS_PHILOX_WIDE_ROUND(m, c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                          \
        LS_PHILOX_WIDE_ROUND(m, c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                          \
        LS_PHILOX_WIDE_ROUND(m, c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                          \
        LS_PHILOX_WIDE_ROUND(m, c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                          \
        LS_PHILOX_WIDE_ROUND(m, c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                          \
        LS_PHILOX_WIDE_ROUND(m, c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                          \
        LS_PHILOX_WIDE_ROUND(m, c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                          \
        LS_PHILOX_WIDE_ROUND(m, c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                          \
        LS_PHILOX_WIDE_ROUND(m, c0, c1, c2, c3, k0, k1); \
        LS_PHILOX_BUMP(k0, k1);                          \
        LS_PHILOX_WIDE_ROUND(m, c0, c1, c2, c3, k0, k1); \
    } while (0)
#define LS_PHILOX_MULTIPLY(a, b) (((a)&0xffffffffULL) * (ls_u64)(b))

#if defined(__GNUC__) && !defined(__clang__) && defined(__AVX2__) && !defined(__AVX512DQ__) && \
    !defined(__cplusplus)
// gcc 12 does not see that a product of two 32-bit halves is one AVX2 instruction and emulates the
// full 64-bit one, which is five times slower; so this case names the instruction.
typedef ls_u64 ls_random_lanes __attribute__((vector_size(32)));
typedef int ls_random_halves __attribute__((vector_size(32)));
#define LS_PHILOX_MULTIPLY_LANES(a, b)           \
    ((ls_random_lanes)__builtin_ia32_pmuludq256( \
        (ls_random_halves)(a), (ls_random_halves)((ls_random_lanes){b, b, b, b})))
LS_RANDOM_INLINE void ls_random_blocks_32(ls_u64 key, ls_u32 stream, ls_u64 first_block,
                                          ls_u64 *even, ls_u64 *odd) {
    const ls_u64 mask = 0xffffffffULL;
    for (ls_u64 i = 0; i < LS_RANDOM_BATCH / 2; i += 4) {
        const ls_u64 at = first_block + i;
        const ls_random_lanes block = {at, at + 1, at + 2, at + 3};
        ls_random_lanes c0 = block & mask;
        ls_random_lanes c1 = block >> 32;
        ls_random_lanes c2 = {stream, stream, stream, stream};
        ls_random_lanes c3 = {0, 0, 0, 0};
        ls_random_lanes product0;
        ls_random_lanes product1;
        ls_u32 k0 = (ls_u32)key;
        ls_u32 k1 = (ls_u32)(key >> 32);
        LS_PHILOX_WIDE_10(LS_PHILOX_MULTIPLY_LANES, c0, c1, c2, c3, k0, k1);
        const ls_random_lanes first = (c0 & mask) | (c1 << 32);
        const ls_random_lanes second = (c2 & mask) | (c3 << 32);
        for (int lane = 0; lane < 4; lane++) {
            even[i + (ls_u64)lane] = first[lane];
            odd[i + (ls_u64)lane] = second[lane];
        }
    }
}
#else
LS_RANDOM_INLINE void ls_random_blocks_32(ls_u64 key, ls_u32 stream, ls_u64 first_block,
                                          ls_u64 *even, ls_u64 *odd) {
    for (ls_u64 i = 0; i < LS_RANDOM_BATCH / 2; i++) {
        ls_u64 c0 = (first_block + i) & 0xffffffffULL;
        ls_u64 c1 = (first_block + i) >> 32;
        ls_u64 c2 = stream;
        ls_u64 c3 = 0;
        ls_u64 product0;
        ls_u64 product1;
        ls_u32 k0 = (ls_u32)key;
        ls_u32 k1 = (ls_u32)(key >> 32);
        LS_PHILOX_WIDE_10(LS_PHILOX_MULTIPLY, c0, c1, c2, c3, k0, k1);
        even[i] = (c0 & 0xffffffffULL) | (c1 << 32);
        odd[i] = (c2 & 0xffffffffULL) | (c3 << 32);
    }
}
#endif

// 64 draws from an even position, in plain loops that gcc 12 and clang 14 vectorise.
LS_RANDOM_INLINE void ls_random_fill_64(ls_u64 key, ls_u32 stream, ls_u64 first_even, double *out) {
    ls_u64 even[LS_RANDOM_BATCH / 2];
    ls_u64 odd[LS_RANDOM_BATCH / 2];
    ls_random_blocks_32(key, stream, first_even >> 1, even, odd);
    for (int i = 0; i < LS_RANDOM_BATCH / 2; i++) {
        out[2 * i] = ls_random_unit(even[i]);
        out[2 * i + 1] = ls_random_unit(odd[i]);
    }
}

// Draws first_even .. first_even + count - 1, the bits of ls_random_uniform. first_even is even,
// count a multiple of LS_RANDOM_BATCH.
LS_RANDOM_INLINE void ls_random_fill_uniform(ls_u64 key, ls_u32 stream, ls_u64 first_even,
                                             double *out, int count) {
    for (int at = 0; at + LS_RANDOM_BATCH <= count; at += LS_RANDOM_BATCH) {
        ls_random_fill_64(key, stream, first_even + (ls_u64)at, out + at);
    }
}

// The same draws as exponentials with mean 1, the bits of ls_random_exp_unit.
LS_RANDOM_INLINE void ls_random_fill_exp(ls_u64 key, ls_u32 stream, ls_u64 first_even, double *out,
                                         int count) {
    for (int at = 0; at + LS_RANDOM_BATCH <= count; at += LS_RANDOM_BATCH) {
        double *part = out + at;
        ls_random_fill_64(key, stream, first_even + (ls_u64)at, part);
        for (int i = 0; i < LS_RANDOM_BATCH; i++) {
            part[i] = 0.0 - ls_log_normal(1.0 - part[i]);
        }
    }
}
