// kmath_test.c - kernel functions against libm, against values computed with 40 digits, and against
// a pinned hash of their bits.
#include "base/kmath.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/harness.h"

typedef struct pair {
    double x, value;
} pair;

// |got - want| in units of |want|, for equal infinities 0.
static double relative(double got, double want) {
    if (got == want) {
        return 0.0;
    }
    return fabs(got - want) / fabs(want);
}

static void check_relative(double got, double want, double tolerance, double at) {
    harness_note("at %.17g: got %.17g, want %.17g", at, got, want);
    CHECK(relative(got, want) <= tolerance);
}

static void test_log_agrees_with_libm(void) {
    double worst = 0.0;
    for (int exponent = -1074; exponent < 1024; exponent += 3) {
        for (int i = 0; i < 40; i++) {
            const double x = ldexp(1.0 + (double)i / 40.0, exponent);
            const double r = x == 1.0 ? fabs(ls_log(x)) : relative(ls_log(x), log(x));
            worst = r > worst ? r : worst;
        }
    }
    for (int i = 1; i < 200000; i++) {
        const double x = 0.4 + (double)i * 1e-5;
        const double want = log(x);
        const double r = want == 0.0 ? fabs(ls_log(x)) : relative(ls_log(x), want);
        worst = r > worst ? r : worst;
    }
    CHECK_NEAR(worst, 0.0, 4e-16);
    CHECK(ls_log(1.0) == 0.0);
    CHECK(ls_log(0.0) == -INFINITY);
    CHECK(ls_log(INFINITY) == INFINITY);
    CHECK(isnan(ls_log(-1.0)));
    CHECK(isnan(ls_log(NAN)));
    check_relative(ls_log(5e-324), log(5e-324), 4e-16, 5e-324);
}

static void test_exp_agrees_with_libm(void) {
    double worst = 0.0;
    for (int i = -700000; i <= 709000; i += 7) {
        const double x = (double)i * 1e-3 + 1e-7;
        const double r = relative(ls_exp(x), exp(x));
        worst = r > worst ? r : worst;
    }
    for (int i = -100000; i <= 100000; i++) {
        const double x = (double)i * 1.1e-5;
        const double r = relative(ls_exp(x), exp(x));
        worst = r > worst ? r : worst;
    }
    CHECK_NEAR(worst, 0.0, 5e-16);
    CHECK(ls_exp(0.0) == 1.0);
    CHECK(ls_exp(-INFINITY) == 0.0);
    CHECK(ls_exp(INFINITY) == INFINITY);
    CHECK(isnan(ls_exp(NAN)));
    CHECK(ls_exp(709.782712893384) < INFINITY);
    CHECK(ls_exp(709.79) == INFINITY);
    for (double x = -745.1; x < -708.0; x += 0.3) {
        CHECK_NEAR(ls_exp(x), exp(x), 4.95e-324 + exp(x) * 1e-15);  // subnormal: to the last place
    }
}

static void test_small_arguments_keep_their_digits(void) {
    for (double x = 1e-300; x < 10.0; x *= 1.7) {
        check_relative(ls_log1p(x), log1p(x), 1e-15, x);
        check_relative(ls_expm1(x), expm1(x), 1e-15, x);
        check_relative(ls_expm1(-x), expm1(-x), 1e-15, -x);
        if (x < 1.0) {
            check_relative(ls_log1p(-x), log1p(-x), 1e-15, -x);
        }
    }
    for (double f = 1e-8; f < 20.0; f *= 1.3) {
        // x - 1 - log x from the series where f is small.
        const double want = f < 1e-3 ? f * f * (0.5 - f / 3 + f * f / 4 - f * f * f / 5)
                                     : f - log1p(f);
        check_relative(ls_log_gap(1.0 + f), want, 1e-7, f);
    }
}

static void test_sqrt_agrees_with_libm(void) {
    double worst = 0.0;
    for (int exponent = -1074; exponent < 1024; exponent++) {
        for (int i = 0; i < 32; i++) {
            const double x = ldexp(1.0 + (double)i / 32.0, exponent);
            const double r = relative(ls_sqrt(x), sqrt(x));
            worst = r > worst ? r : worst;
        }
    }
    CHECK_NEAR(worst, 0.0, 2.3e-16);
    CHECK(ls_sqrt(0.0) == 0.0);
    CHECK(ls_sqrt(INFINITY) == INFINITY);
    CHECK(isnan(ls_sqrt(-1.0)));
}

static void test_pow_agrees_with_libm(void) {
    for (double x = 1e-9; x < 1e12; x *= 3.7) {
        for (double y = -5.0; y < 6.0; y += 0.37) {
            check_relative(ls_pow(x, y), pow(x, y), 3e-16 * (4.0 + fabs(y * log(x))), x);
        }
    }
    CHECK(ls_pow(0.0, 2.5) == 0.0);
    CHECK(ls_pow(0.0, 0.0) == 1.0);
    CHECK(ls_pow(0.0, -1.0) == INFINITY);
    CHECK(ls_pow(7.25, 1.0) == 7.25);
}

static void test_normal_survival_matches_known_values(void) {
    static const pair known[] = {
        {0.0, 0.5},
        {0.1, 0.460172162722971},
        {0.5, 0.3085375387259869},
        {1.0, 0.15865525393145705},
        {1.7, 0.04456546275854304},
        {2.5, 0.006209665325776135},
        {4.0, 3.1671241833119924e-05},
        {6.5, 4.016000583859118e-11},
        {10.0, 7.619853024160525e-24},
        {20.0, 2.7536241186062337e-89},
        {30.0, 4.906713927148187e-198},
        {37.5, 4.605353009581955e-308},
        {-0.3, 0.6179114221889527},
        {-2.0, 0.9772498680518208},
        {-6.0, 0.9999999990134123},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        check_relative(ls_normal_survival(known[i].x), known[i].value, 2e-15, known[i].x);
        check_relative(ls_normal_cdf(-known[i].x), known[i].value, 2e-15, known[i].x);
    }
    for (double x = -8.0; x < 37.0; x += 0.0137) {
        check_relative(ls_normal_survival(x), 0.5 * erfc(x * 0.70710678118654752), 3e-13, x);
    }
    CHECK(ls_normal_survival(50.0) == 0.0);
    CHECK(ls_normal_survival(-50.0) == 1.0);
    CHECK(ls_normal_survival(INFINITY) == 0.0);
}

static void test_normal_quantile_matches_known_values(void) {
    static const pair known[] = {
        {1e-300, -37.0470962993612},   {1e-100, -21.273453560965326},
        {1e-20, -9.262340089798407},   {1e-10, -6.361340902404057},
        {1e-05, -4.264890793922825},   {0.001, -3.0902323061678136},
        {0.0249, -1.961677869063786},  {0.07499, -1.4396021182393162},
        {0.0751, -1.43882539275254},   {0.25, -0.6744897501960817},
        {0.49, -0.025068908258711057}, {0.6, 0.2533471031357997},
        {0.925, 1.4395314709384561},   {0.975, 1.9599639845400538},
        {0.999, 3.090232306167813},    {0.9999999, 5.199337582290661},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        check_relative(ls_normal_quantile(known[i].x), known[i].value, 2e-15, known[i].x);
    }
    CHECK(ls_normal_quantile(0.5) == 0.0);
    CHECK(ls_normal_quantile(0.0) == -INFINITY);
    CHECK(ls_normal_quantile(1.0) == INFINITY);
    CHECK(isnan(ls_normal_quantile(1.5)));
    CHECK(isnan(ls_normal_quantile(NAN)));
    for (double p = 1e-250; p < 0.5; p *= 1.9) {
        // The survival's slope turns an error e of z into z^2 e of p.
        check_relative(ls_normal_survival(-ls_normal_quantile(p)), p, 1e-12, p);
    }
}

static void test_log_gamma_matches_known_values(void) {
    static const pair known[] = {
        {1e-10, 23.025850929882736},
        {0.01, 4.599479878042022},
        {0.5, 0.5723649429247001},
        {1.0, 0.0},
        {1.5, -0.12078223763524522},
        {1.9, -0.03898427592308336},
        {2.0, 0.0},
        {2.5, 0.2846828704729192},
        {3.0, 0.6931471805599453},
        {7.7, 7.926541356269005},
        {10.0, 12.801827480081469},
        {50.5, 146.51925549072064},
        {1000.0, 5905.220423209181},
        {1000000.0, 12815504.569147611},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        CHECK_NEAR(ls_lgamma(known[i].x), known[i].value, 1e-14 + 2e-15 * fabs(known[i].value));
    }
    for (double x = 0.003; x < 300.0; x *= 1.1) {
        CHECK_NEAR(ls_lgamma(x), lgamma(x), 1e-14 + 1e-14 * fabs(lgamma(x)));
    }
    check_relative(ls_gamma(5.0), 24.0, 1e-14, 5.0);
    CHECK(ls_lgamma(0.0) == INFINITY);
    CHECK(isnan(ls_lgamma(-1.0)));
}

static void test_gamma_survival_matches_known_values(void) {
    static const struct {
        double shape, x, value;
    } known[] = {
        {0.05, 0.01, 0.18444019425871508},
        {0.5, 0.1, 0.654720846018577},
        {0.5, 3.0, 0.01430587843542964},
        {1.0, 2.0, 0.1353352832366127},
        {3.0, 2.0, 0.6766764161830635},
        {3.0, 2.0000001, 0.6766763891160068},
        {3.0, 50.0, 2.509303552201057e-19},
        {9.0, 4.0, 0.9786365655120158},
        {9.0, 30.0, 2.0460759042705716e-06},
        {20.0, 10.0, 0.9965456580241432},
        {20.0, 21.0, 0.38426277226434213},
        {20.0, 60.0, 6.351918340378976e-10},
        {400.0, 380.0, 0.8414492902157052},
        {400.0, 401.0, 0.4734410791505362},
        {400.0, 600.0, 1.4863170579166808e-18},
        {10000.0, 9900.0, 0.8413488078064354},
        {10000.0, 10300.0, 0.0014704948963856813},
        {2.5, 600.0, 2.9375604806858986e-257},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        check_relative(ls_gamma_survival(known[i].shape, known[i].x), known[i].value, 3e-13,
                       known[i].x);
    }
    CHECK(ls_gamma_survival(2.0, 0.0) == 1.0);
    CHECK(ls_gamma_survival(2.0, INFINITY) == 0.0);
    for (double x = 0.1; x < 700.0; x *= 1.31) {
        check_relative(ls_gamma_survival(1.0, x), exp(-x), 1e-13, x);
    }
}

static void test_beta_survival_matches_known_values(void) {
    static const struct {
        double a, b, x, value;
    } known[] = {
        {1.0, 5.0, 0.3, 0.16807000000000002},
        {2.0, 4.0, 0.5, 0.1875},
        {2.5, 3.5, 0.01, 0.999893279097825},
        {2.5, 3.5, 0.999, 2.451285660157063e-10},
        {5.0, 1.0, 0.9, 0.40950999999999993},
        {1.0, 1.0, 0.25, 0.75},
        {3.0, 3.0, 0.5, 0.5},
        {0.7, 0.4, 0.2, 0.8385710768365372},
        {40.0, 60.0, 0.5, 0.0219376467935076},
        {1.2, 4.8, 0.75, 0.0018775103192338089},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        check_relative(ls_beta_survival(known[i].a, known[i].b, known[i].x), known[i].value, 1e-13,
                       known[i].x);
    }
    CHECK(ls_beta_survival(2.0, 3.0, 0.0) == 1.0);
    CHECK(ls_beta_survival(2.0, 3.0, 1.0) == 0.0);
}

static uint64_t mix(uint64_t hash, double value) {
    hash = (hash ^ ls_double_bits(value)) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}

// The value below was computed by gcc and clang, at -O0 and -O3, for SSE2, AVX2 and AVX-512, which
// all agree. A change of it means that seeds give other runs than before.
static void test_bits_are_the_same_on_every_target(void) {
    uint64_t hash = 1;
    for (int i = 0; i < 4000; i++) {
        const double wide = ls_bits_double(0x0008000000000000u + (uint64_t)i * 0x0007fd0000000000u);
        const double narrow = 0.001 + (double)i * 0.0125;
        hash = mix(hash, ls_log(wide));
        hash = mix(hash, ls_sqrt(wide));
        hash = mix(hash, ls_exp((double)(i - 2000) * 0.37));
        hash = mix(hash, ls_pow(narrow, 1.37));
        hash = mix(hash, ls_log1p(narrow));
        hash = mix(hash, ls_expm1(narrow - 20.0));
        hash = mix(hash, ls_normal_survival(narrow - 12.0));
        hash = mix(hash, ls_normal_quantile(((double)i + 0.5) / 4000.0));
        hash = mix(hash, ls_lgamma(narrow));
    }
    for (int i = 0; i < 200; i++) {
        const double x = 0.05 + (double)i * 0.2;
        hash = mix(hash, ls_gamma_survival(0.5 + (double)(i % 13), x));
        hash = mix(hash, ls_beta_survival(0.5 + (double)(i % 7), 0.7 + (double)(i % 5), x / 41.0));
    }
    harness_note("hash 0x%016llx", (unsigned long long)hash);
    CHECK_INT(hash, (uint64_t)0xaa0bfdaa70c8e17fu);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_log_agrees_with_libm);
    TEST(test_exp_agrees_with_libm);
    TEST(test_small_arguments_keep_their_digits);
    TEST(test_sqrt_agrees_with_libm);
    TEST(test_pow_agrees_with_libm);
    TEST(test_normal_survival_matches_known_values);
    TEST(test_normal_quantile_matches_known_values);
    TEST(test_log_gamma_matches_known_values);
    TEST(test_gamma_survival_matches_known_values);
    TEST(test_beta_survival_matches_known_values);
    TEST(test_bits_are_the_same_on_every_target);
    return harness_report();
}
