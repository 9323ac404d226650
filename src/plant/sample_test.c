// sample_test.c - draws against moments and distribution functions, residual times against a table.
#include "plant/sample.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "plant/distribution.h"
#include "tests/harness.h"

// One distribution of every kind, some twice where the method differs.
static const char *const every[] = {
    "62 s",
    "uniform 50 s to 70 s",
    "triangular 5 s mode 7 s to 12 s",
    "triangular 5 s mode 5 s to 12 s",
    "triangular 5 s mode 12 s to 12 s",
    "normal 62 s sd 6 s",
    "normal 62 s sd 70 s",
    "lognormal 62 s sd 6 s",
    "lognormal 62 s sd 100 s",
    "exp 6 h",
    "erlang 3 mean 10 min",
    "erlang 1 mean 10 min",
    "gamma 18 min sd 6 min",
    "gamma 18 min sd 40 min",
    "weibull shape 2 scale 50 h",
    "weibull shape 0.7 scale 50 h",
    "pert 4 min mode 5 min to 9 min",
    "pert 4 min mode 4 min to 9 min",
    "empirical 12 s 18 s 25 s 18 s 90 s",
    "discrete 60 s 70 % 90 s 20 % 200 s 10 %",
};
enum { EVERY = sizeof every / sizeof every[0] };

typedef struct made {
    ls_dist dist;
    ls_dist_tables tables;
} made;

static made make(const char *text) {
    made m = {0};
    ls_error err = {0};
    const ls_status status = ls_dist_parse(text, &m.tables, &m.dist, NULL, &err);
    harness_note("%s: %s", text, err.text);
    CHECK_INT(status, LS_OK);
    return m;
}

static void clear(made *m) {
    ls_dist_tables_clear(&m->tables);
}

static bool has_steps(const ls_dist *d) {
    return d->kind == LS_DIST_CONST || d->kind == LS_DIST_EMPIRICAL || d->kind == LS_DIST_DISCRETE;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { DRAWS = 40000 };
static double draws[DRAWS];

static void test_moments_of_draws_match(void) {
    for (int k = 0; k < EVERY; k++) {
        made m = make(every[k]);
        double sum = 0.0;
        for (uint64_t n = 0; n < DRAWS; n++) {
            draws[n] = ls_dist_sample(&m.dist, m.tables.items, 20260105, (ls_u32)k, n);
            CHECK(draws[n] >= 0.0);
            sum += draws[n];
        }
        const double mean = sum / DRAWS;
        double second = 0.0;
        double fourth = 0.0;
        for (int n = 0; n < DRAWS; n++) {
            const double square = (draws[n] - mean) * (draws[n] - mean);
            second += square / DRAWS;
            fourth += square * square / DRAWS;
        }
        const double variance = ls_dist_variance(&m.dist, m.tables.items);
        harness_note("%s", every[k]);
        CHECK_NEAR(mean, ls_dist_mean(&m.dist, m.tables.items),
                   3.29 * sqrt(variance / DRAWS) + 1e-9 * mean);
        // 99.9 % by the sample's own fourth moment.
        CHECK_NEAR(second, variance,
                   3.29 * sqrt((fourth - second * second) / DRAWS) + 1e-9 * variance);
        clear(&m);
    }
}

// Kolmogorov, Smirnov: sqrt(n) D is above 1.95 once in a thousand; steps only make it smaller.
static void test_draws_follow_the_distribution_function(void) {
    for (int k = 0; k < EVERY; k++) {
        made m = make(every[k]);
        for (uint64_t n = 0; n < DRAWS; n++) {
            draws[n] = ls_dist_sample(&m.dist, m.tables.items, 7, (ls_u32)(100 + k), n);
        }
        qsort(draws, DRAWS, sizeof draws[0], compare);
        double worst = 0.0;
        for (int i = 0; i < DRAWS;) {
            int end = i;
            while (end < DRAWS && draws[end] == draws[i]) {
                end++;
            }
            const double cdf = ls_dist_cdf(&m.dist, m.tables.items, draws[i]);
            const double above = fabs((double)end / DRAWS - cdf);
            const double below = has_steps(&m.dist) ? 0.0 : fabs((double)i / DRAWS - cdf);
            worst = above > worst ? above : worst;
            worst = below > worst ? below : worst;
            i = end;
        }
        harness_note("%s", every[k]);
        CHECK_NEAR(worst * sqrt(DRAWS), 0.0, 1.95);
        clear(&m);
    }
}

static void test_draws_rise_with_their_uniform(void) {
    for (int k = 0; k < EVERY; k++) {
        made m = make(every[k]);
        double last = 0.0;
        for (double u = 0.0; u < 1.0; u += 1.0 / 4096.0) {
            const double x = ls_dist_from_uniform(&m.dist, m.tables.items, u);
            CHECK(x >= last);
            last = x;
        }
        CHECK(ls_is_finite(ls_dist_from_uniform(&m.dist, m.tables.items, 0.0)));
        CHECK(ls_is_finite(ls_dist_from_uniform(&m.dist, m.tables.items, 1.0 - 0x1p-52)));
        clear(&m);
    }
}

static void test_exponential_is_the_mean_times_the_unit_draw(void) {
    made m = make("exp 6 h");
    for (uint64_t n = 0; n < 100; n++) {
        CHECK(ls_dist_sample(&m.dist, NULL, 5, 6, n) == m.dist.p[0] * ls_random_exp_unit(5, 6, n));
    }
    clear(&m);
}

static double residual(const ls_dist *d, const double *tables, double elapsed, double u) {
    ls_u32 fallback = 0;
    const double x = ls_dist_residual(d, tables, elapsed, u, &fallback);
    CHECK_INT(fallback, 0);
    return x;
}

// 30 units have passed. Exponential, Weibull and the others by their own closed forms.
static void test_residual_times_match_the_table(void) {
    ls_dist d[6];
    ls_dist_tables tables = {0};
    const double values[] = {12, 18, 25, 31, 40, 44, 52, 75};
    CHECK_INT(ls_dist_make_exp(50, &d[0], NULL), LS_OK);
    CHECK_INT(ls_dist_make_weibull(2, 50, &d[1], NULL), LS_OK);
    CHECK_INT(ls_dist_make_weibull(0.7, 50, &d[2], NULL), LS_OK);
    CHECK_INT(ls_dist_make_gamma_shape(3, 15, &d[3], NULL), LS_OK);
    CHECK_INT(ls_dist_make_lognormal_log(3.5, 0.6, &d[4], NULL), LS_OK);
    CHECK_INT(ls_dist_make_empirical(values, 8, &tables, &d[5], NULL), LS_OK);
    static const struct {
        double at[3], survival, mean_residual;
    } known[6] = {
        {{5.26802578, 34.65735903, 115.12925465}, 0.5488116361, 50},
        {{4.10866883, 21.31147972, 51.58714808}, 0.6976763261, 25.16019145},
        {{6.65924925, 50.24141389, 210.42278180}, 0.4968991503, 86.65231256},
        {{3.76858276, 21.10916031, 58.16106736}, 0.6766764162, 27},
        {{2.67713655, 16.75423603, 55.68696572}, 0.5653985400, 24.53786283},
        {{1, 14, 45}, 0.625, 18.4},
    };
    static const double at[3] = {0.1, 0.5, 0.9};
    for (int k = 0; k < 6; k++) {
        harness_note("row %d", k);
        for (int i = 0; i < 3; i++) {
            CHECK_NEAR(residual(&d[k], tables.items, 30, at[i]), known[k].at[i], 0.5001e-8);
        }
        CHECK_NEAR(ls_dist_survival(&d[k], tables.items, 30), known[k].survival, 0.5001e-10);
        // The mean over u by the midpoint rule; its error is in the last, unbounded piece.
        double sum = 0.0;
        enum { PIECES = 20000 };
        for (int i = 0; i < PIECES; i++) {
            sum += ls_dist_residual(&d[k], tables.items, 30, (i + 0.5) / PIECES, NULL);
        }
        CHECK_NEAR(sum / PIECES, known[k].mean_residual, 1e-3 * known[k].mean_residual);
    }
    ls_dist_tables_clear(&tables);
}

static void check_tail(const ls_dist *d, double elapsed, const double *want, double tolerance) {
    static const double at[3] = {0.1, 0.5, 0.9};
    for (int i = 0; i < 3; i++) {
        CHECK_NEAR(residual(d, NULL, elapsed, at[i]) / want[i], 1.0, tolerance);
    }
}

// Computed with 30 digits, where the distribution function itself has long rounded to 1.
static void test_residual_times_keep_digits_in_far_tails(void) {
    ls_dist d;
    CHECK_INT(ls_dist_make_exp(50, &d, NULL), LS_OK);
    check_tail(&d, 1e7, (const double[]){5.26802578289131, 34.6573590279973, 115.129254649702},
               1e-13);
    CHECK_INT(ls_dist_make_gamma_shape(3, 15, &d, NULL), LS_OK);
    check_tail(&d, 6000, (const double[]){1.5883284776751, 10.449278270465, 34.711401906955}, 1e-9);
    CHECK_INT(ls_dist_make_normal(62, 6, &d, NULL), LS_OK);
    check_tail(&d, 182, (const double[]){0.031525599034261, 0.20725005908413, 0.68710394618758},
               1e-11);
    CHECK_INT(ls_dist_make_lognormal_log(3.5, 0.6, &d, NULL), LS_OK);
    check_tail(&d, 5389698.4762830124,
               (const double[]){17018.158595327, 112867.07828242, 383347.48030335}, 1e-10);
    CHECK_INT(ls_dist_make_pert(4, 5, 9, &d, NULL), LS_OK);
    check_tail(&d, 7, (const double[]){0.054353580268341, 0.3285870365479, 0.88565671585038},
               1e-12);
}

// Where even the survival is 0 as a double, the rest still goes on smoothly.
static void test_residual_times_continue_beyond_the_doubles(void) {
    ls_dist d;
    CHECK_INT(ls_dist_make_normal(62, 6, &d, NULL), LS_OK);
    const double before = residual(&d, NULL, 62 + 6 * 29.999, 0.5);
    const double after = residual(&d, NULL, 62 + 6 * 30.001, 0.5);
    CHECK_NEAR(after / before, 1.0, 3e-3);
    CHECK(residual(&d, NULL, 1e6, 0.5) > 0.0);
    CHECK_INT(ls_dist_make_lognormal_log(3.5, 0.6, &d, NULL), LS_OK);
    CHECK(residual(&d, NULL, 1e15, 0.5) > 0.0);
    CHECK_INT(ls_dist_make_gamma_shape(3, 15, &d, NULL), LS_OK);
    CHECK_NEAR(residual(&d, NULL, 1e6, 0.5), 15 * log(2.0), 0.01);
    CHECK_INT(ls_dist_make_gamma_shape(0.5, 15, &d, NULL), LS_OK);
    CHECK_NEAR(residual(&d, NULL, 1e6, 0.5), 15 * log(2.0), 0.01);
    CHECK_INT(ls_dist_make_weibull(2, 50, &d, NULL), LS_OK);
    CHECK_NEAR(residual(&d, NULL, 1e6, 0.5), 50 * 50 * log(2.0) / 2e6, 1e-9);
}

static double far_quantile(const made *m) {
    const double mean = ls_dist_mean(&m->dist, m->tables.items);
    return mean + 1.2 * sqrt(ls_dist_variance(&m->dist, m->tables.items));
}

// S(a + x) = (1 - u) S(a) for continuous kinds, and a later look at the same time leaves what is
// left: with 1 - v = (1 - u) S(a) / S(b) the rest at b is x - (b - a).
static void test_residual_of_residual_is_consistent(void) {
    for (int k = 0; k < EVERY; k++) {
        made m = make(every[k]);
        const double *tables = m.tables.items;
        const double longest = far_quantile(&m);
        for (int i = 0; i < 8; i++) {
            const double a = longest * i / 8.0;
            if (ls_dist_survival(&m.dist, tables, a) <= 0.0 || has_steps(&m.dist)) {
                continue;
            }
            for (double u = 0.03; u < 1.0; u += 0.19) {
                const double x = residual(&m.dist, tables, a, u);
                const double survival = ls_dist_survival(&m.dist, tables, a);
                harness_note("%s at %g, u %g: %g", every[k], a, u, x);
                CHECK_NEAR(ls_dist_survival(&m.dist, tables, a + x) / ((1.0 - u) * survival), 1.0,
                           1e-9);
                const double b = a + 0.4 * x;
                const double v = 1.0 - (1.0 - u) * survival / ls_dist_survival(&m.dist, tables, b);
                if (v >= 0.0) {
                    CHECK_NEAR(residual(&m.dist, tables, b, v), x - (b - a), 1e-8 * (a + x));
                }
            }
        }
        clear(&m);
    }
}

static void test_residual_at_start_is_the_draw_itself(void) {
    for (int k = 0; k < EVERY; k++) {
        made m = make(every[k]);
        if (m.dist.kind != LS_DIST_ERLANG && m.dist.kind != LS_DIST_GAMMA &&
            m.dist.kind != LS_DIST_BETA) {
            for (double u = 0.0; u < 1.0; u += 0.0625) {
                const double draw = ls_dist_from_uniform(&m.dist, m.tables.items, u);
                harness_note("%s, u %g", every[k], u);
                CHECK_NEAR(residual(&m.dist, m.tables.items, 0, u), draw, 1e-6 + 1e-12 * draw);
            }
        }
        clear(&m);
    }
}

// The rest of a draw, given the time passed, has the distribution of draws that lasted longer.
static void test_residual_times_of_lists_are_those_that_lasted(void) {
    made m = make("discrete 60 s 70 % 90 s 20 % 200 s 10 %");
    CHECK_NEAR(residual(&m.dist, m.tables.items, 60e6, 0.6), 30e6, 0.1);
    CHECK_NEAR(residual(&m.dist, m.tables.items, 60e6, 0.7), 140e6, 0.1);
    CHECK_NEAR(residual(&m.dist, m.tables.items, 59e6, 0.69), 1e6, 0.1);
    CHECK_NEAR(residual(&m.dist, m.tables.items, 199e6, 0.0), 1e6, 0.1);
    clear(&m);
    m = make("62 s");
    CHECK_NEAR(residual(&m.dist, NULL, 20e6, 0.3), 42e6, 0.1);
    CHECK_NEAR(residual(&m.dist, NULL, 62e6, 0.3), 0, 0);
}

static void test_overdue_times_are_counted(void) {
    static const struct {
        const char *text;
        double elapsed_us, mean_us;
    } cases[] = {
        {"62 s", 63e6, 0.0},
        {"uniform 50 s to 70 s", 70e6, 5e6},
        {"triangular 5 s mode 7 s to 13 s", 99e6, 2e6},
        {"pert 4 min mode 5 min to 9 min", 600e6, 75e6},
        {"empirical 10 s 20 s 30 s 50 s", 50e6, 20e6},
        {"discrete 60 s 80 % 90 s 20 %", 90e6, 30e6},
        {"discrete 60 s 20 % 90 s 80 %", 91e6, 30e6},
        {"discrete 60 s 100 %", 61e6, 0.0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made m = make(cases[i].text);
        ls_u32 fallback = 3;
        const double u = 1.0 - exp(-1.0);
        const double x = ls_dist_residual(&m.dist, m.tables.items, cases[i].elapsed_us, u,
                                          &fallback);
        harness_note("%s", cases[i].text);
        CHECK_INT(fallback, 4);
        CHECK_NEAR(x, cases[i].mean_us, 1.0);
        CHECK(ls_dist_residual(&m.dist, m.tables.items, cases[i].elapsed_us, u, NULL) == x);
        clear(&m);
    }
}

static void test_extreme_uniforms_give_finite_residuals(void) {
    static const double us[] = {0.0, 0x1p-52, 0.5, 1.0 - 0x1p-52};
    static const double factors[] = {-1.0, 0.0, 1e-9, 0.5, 1.0, 3.0, 1e3, 1e6};
    for (int k = 0; k < EVERY; k++) {
        made m = make(every[k]);
        const double mean = ls_dist_mean(&m.dist, m.tables.items);
        for (size_t i = 0; i < sizeof us / sizeof us[0]; i++) {
            for (size_t j = 0; j < sizeof factors / sizeof factors[0]; j++) {
                const double x = ls_dist_residual(&m.dist, m.tables.items, mean * factors[j], us[i],
                                                  NULL);
                harness_note("%s, elapsed %g means, u %g: %g", every[k], factors[j], us[i], x);
                CHECK(x >= 0.0 && ls_is_finite(x));
            }
        }
        clear(&m);
    }
}

static uint64_t mix(uint64_t hash, double value) {
    hash = (hash ^ ls_double_bits(value)) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}

// As in kmath_test.c: gcc and clang agree at every level. A change breaks the hashes of runs.
static void test_bits_of_draws_are_the_same_on_every_target(void) {
    uint64_t hash = 1;
    for (int k = 0; k < EVERY; k++) {
        made m = make(every[k]);
        for (uint64_t n = 0; n < 300; n++) {
            const double x = ls_dist_sample(&m.dist, m.tables.items, 1, (ls_u32)k, n);
            hash = mix(hash, x);
            hash = mix(hash, ls_dist_residual(&m.dist, m.tables.items, 0.9 * x,
                                              ls_random_uniform(2, (ls_u32)k, n), NULL));
        }
        clear(&m);
    }
    harness_note("hash 0x%016llx", (unsigned long long)hash);
    CHECK_INT(hash, (uint64_t)0x455301b1280ff933u);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_moments_of_draws_match);
    TEST(test_draws_follow_the_distribution_function);
    TEST(test_draws_rise_with_their_uniform);
    TEST(test_exponential_is_the_mean_times_the_unit_draw);
    TEST(test_residual_times_match_the_table);
    TEST(test_residual_times_keep_digits_in_far_tails);
    TEST(test_residual_times_continue_beyond_the_doubles);
    TEST(test_residual_of_residual_is_consistent);
    TEST(test_residual_at_start_is_the_draw_itself);
    TEST(test_residual_times_of_lists_are_those_that_lasted);
    TEST(test_overdue_times_are_counted);
    TEST(test_extreme_uniforms_give_finite_residuals);
    TEST(test_bits_of_draws_are_the_same_on_every_target);
    return harness_report();
}
