// random_test.c - published vectors of Philox, the contract of positions, and equal bits of the
// fills.
#include "base/random.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/harness.h"

// The known answers of the Random123 distribution (Salmon et al. 2011) for philox4x32, 10 rounds.
static void test_philox_matches_published_vectors(void) {
    static const struct {
        ls_u32 counter[4], key[2], result[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const ls_u32 *c = known[i].counter;
        const ls_random_block block = ls_random_philox(c[0], c[1], c[2], c[3], known[i].key[0],
                                                       known[i].key[1]);
        CHECK_BYTES(block.word, known[i].result, sizeof block.word);
    }
}

static void test_position_says_which_words_are_taken(void) {
    const ls_u64 key = 0x299f31d0a4093822u;
    const ls_u64 n = 0x123456789abcdef0u;
    const ls_random_block block = ls_random_philox((ls_u32)(n >> 1), (ls_u32)(n >> 33), 77u, 0u,
                                                   (ls_u32)key, (ls_u32)(key >> 32));
    CHECK_INT(ls_random_bits(key, 77, n), block.word[0] | ((uint64_t)block.word[1] << 32));
    CHECK_INT(ls_random_bits(key, 77, n + 1), block.word[2] | ((uint64_t)block.word[3] << 32));
    const ls_random_block second = ls_random_philox((ls_u32)n, (ls_u32)(n >> 32), 77u, 3u,
                                                    (ls_u32)key, (ls_u32)(key >> 32));
    const ls_u64 bits = second.word[2] | ((uint64_t)second.word[3] << 32);
    CHECK(ls_random_attempt_uniform(key, 77, n, 3, 1) == ls_random_unit(bits));
}

static void test_uniforms_stay_below_one(void) {
    CHECK(ls_random_unit(0) == 0.0);
    CHECK(ls_random_unit(UINT64_MAX) == 1.0 - 0x1p-52);
    CHECK(ls_random_unit((uint64_t)1 << 63) == 0.5);
}

static void test_keys_of_replications_differ(void) {
    uint64_t seen[2000];
    for (uint64_t i = 0; i < 2000; i++) {
        seen[i] = ls_random_key(i % 40, i / 40);
        for (uint64_t j = 0; j < i; j++) {
            if (seen[i] == seen[j]) {
                CHECK_INT(i, j);
            }
        }
    }
    // Part of the contract: a seed gives the same runs for ever.
    CHECK_INT(ls_random_key(1, 0), (uint64_t)0x5a2609e378d2ee8fu);
}

// Chi-square of 256 cells for the low, middle and high byte, and of pairs of neighbours.
static void test_bytes_are_even(void) {
    enum { DRAWS = 1 << 18 };
    static uint32_t cells[4][256];
    uint64_t last = 0;
    for (uint64_t n = 0; n < DRAWS; n++) {
        const uint64_t bits = ls_random_bits(2026, 3, n);
        cells[0][bits & 255]++;
        cells[1][(bits >> 28) & 255]++;
        cells[2][bits >> 56]++;
        cells[3][(bits >> 60 << 4) | (last >> 60)]++;
        last = bits;
    }
    for (int c = 0; c < 4; c++) {
        const double expected = DRAWS / 256.0;
        double chi = 0.0;
        for (int i = 0; i < 256; i++) {
            const double miss = cells[c][i] - expected;
            chi += miss * miss / expected;
        }
        CHECK_NEAR(chi, 255.0, 3.3 * sqrt(2.0 * 255.0));  // 99.9 %
    }
}

static void test_exponentials_have_mean_and_variance_one(void) {
    enum { DRAWS = 200000 };
    double sum = 0.0;
    double squares = 0.0;
    for (uint64_t n = 0; n < DRAWS; n++) {
        const double x = ls_random_exp_unit(99, 5, n);
        sum += x;
        squares += (x - 1.0) * (x - 1.0);
    }
    CHECK_NEAR(sum / DRAWS, 1.0, 3.29 / sqrt(DRAWS));
    CHECK_NEAR(squares / DRAWS, 1.0, 3.29 * sqrt(8.0 / DRAWS));  // Var (X-1)^2 = 9 - 1
}

// Every instruction set compiles the same loops to other instructions; the bits must not care.
typedef void fill_fn(ls_u64 key, ls_u32 stream, ls_u64 first, double *out);
enum { COUNT = 256 };
#define FILLS(name, attributes)                                                                \
    attributes static void uniform_##name(ls_u64 key, ls_u32 stream, ls_u64 at, double *out) { \
        ls_random_fill_uniform(key, stream, at, out, COUNT);                                   \
    }                                                                                          \
    attributes static void exp_##name(ls_u64 key, ls_u32 stream, ls_u64 at, double *out) {     \
        ls_random_fill_exp(key, stream, at, out, COUNT);                                       \
    }
FILLS(plain, )
#if defined(__x86_64__)
FILLS(avx2, __attribute__((target("avx2"))))
FILLS(fma, __attribute__((target("avx2,fma"))))
FILLS(avx512, __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512cd"))))
#endif

static void check_fill(fill_fn *uniform, fill_fn *exponential) {
    static const ls_u64 keys[] = {0, 1, 0x299f31d0a4093822u, UINT64_MAX};
    // The third and fourth cross the carry into the upper counter word, the last wraps.
    static const ls_u64 starts[] = {
        0, 4096, 0x1ffffff80u, 0x1ffffffc0u - 128, 0x1234567890abcdeeu, UINT64_MAX - 127};
    double got[COUNT];
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
            double want[COUNT];
            double want_exp[COUNT];
            for (uint64_t i = 0; i < COUNT; i++) {
                want[i] = ls_random_uniform(keys[k], (ls_u32)(k * 31), starts[s] + i);
                want_exp[i] = ls_random_exp_unit(keys[k], (ls_u32)(k * 31), starts[s] + i);
            }
            uniform(keys[k], (ls_u32)(k * 31), starts[s], got);
            CHECK_BYTES(got, want, sizeof got);
            exponential(keys[k], (ls_u32)(k * 31), starts[s], got);
            CHECK_BYTES(got, want_exp, sizeof got);
        }
    }
}

static void test_fills_equal_single_draws(void) {
    check_fill(uniform_plain, exp_plain);
}

static void test_fills_of_wider_vectors_equal_single_draws(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        check_fill(uniform_avx2, exp_avx2);
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        check_fill(uniform_fma, exp_fma);
    }
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd")) {
        check_fill(uniform_avx512, exp_avx512);
    }
#else
    harness_skip("no x86-64");
#endif
}

static void test_log_of_the_fill_is_ls_log(void) {
    for (uint64_t n = 0; n < 20000; n++) {
        const double u = 1.0 - ls_random_uniform(7, 1, n);
        CHECK(ls_log(u) == ls_log_normal(u));
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
#if defined(__AVX2__)
    if (!__builtin_cpu_supports("avx2")) {
        return 0;  // built for another machine: see random_avx2_test.c
    }
#endif
    TEST(test_philox_matches_published_vectors);
    TEST(test_position_says_which_words_are_taken);
    TEST(test_uniforms_stay_below_one);
    TEST(test_keys_of_replications_differ);
    TEST(test_bytes_are_even);
    TEST(test_exponentials_have_mean_and_variance_one);
    TEST(test_fills_equal_single_draws);
    TEST(test_fills_of_wider_vectors_equal_single_draws);
    TEST(test_log_of_the_fill_is_ls_log);
    return harness_report();
}
