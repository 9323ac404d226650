// statistics_test.c - against closed forms and published values.
#include "base/statistics.h"

#include <math.h>

#include "tests/harness.h"

static void test_normal_quantile(void) {
    // Values of the NIST/SEMATECH tables, continued with 60-digit arithmetic.
    CHECK_NEAR(ls_stat_normal_quantile(0.975), 1.959963984540054, 1e-14);
    CHECK_NEAR(ls_stat_normal_quantile(0.025), -1.959963984540054, 1e-14);
    CHECK_NEAR(ls_stat_normal_quantile(0.9), 1.2815515655446004, 1e-14);
    CHECK_NEAR(ls_stat_normal_quantile(0.999), 3.090232306167813, 1e-13);
    CHECK_NEAR(ls_stat_normal_quantile(1e-10), -6.361340902404056, 1e-12);
    CHECK_NEAR(ls_stat_normal_quantile(0.5), 0.0, 0.0);
    CHECK(isinf(ls_stat_normal_quantile(0.0)) && ls_stat_normal_quantile(0.0) < 0.0);
    CHECK(isinf(ls_stat_normal_quantile(1.0)) && ls_stat_normal_quantile(1.0) > 0.0);
    for (double p = 0.0005; p < 1.0 && !harness_has_failed(); p += 0.0005) {
        const double x = ls_stat_normal_quantile(p);
        CHECK_NEAR(0.5 * erfc(-x / sqrt(2.0)), p, 1e-15);
    }
    CHECK_NEAR(0.5 * erfc(-ls_stat_normal_quantile(1e-300) / sqrt(2.0)) / 1e-300, 1.0, 1e-11);
    CHECK(ls_stat_normal_quantile(5e-324) < -37.0);
}

static void test_t_quantile(void) {
    CHECK_NEAR(ls_stat_t_quantile(0.975, 4), 2.776445105, 1e-9);
    CHECK_NEAR(ls_stat_t_quantile(0.975, 9), 2.262157163, 1e-9);
    CHECK_NEAR(ls_stat_t_quantile(0.975, 19), 2.093024054, 1e-9);
    CHECK_NEAR(ls_stat_t_quantile(0.975, 29), 2.045229642, 1e-9);
    // Closed forms: one degree is Cauchy, two are algebraic.
    const double pi = 3.14159265358979323846;
    for (double p = 0.01; p < 0.995; p += 0.01) {
        CHECK_NEAR(ls_stat_t_quantile(p, 1), tan(pi * (p - 0.5)), 1e-11);
        CHECK_NEAR(ls_stat_t_quantile(p, 2), (2 * p - 1) / sqrt(2 * p * (1 - p)), 1e-12);
    }
    CHECK_NEAR(ls_stat_t_quantile(0.025, 9), -ls_stat_t_quantile(0.975, 9), 1e-13);
    CHECK_NEAR(ls_stat_t_quantile(0.975, INFINITY), 1.959963984540054, 1e-14);
    CHECK_NEAR(ls_stat_t_quantile(0.975, 1e8), 1.959963984540054, 1e-7);
    CHECK_NEAR(ls_stat_t_quantile(0.5, 3), 0.0, 0.0);
    CHECK(isinf(ls_stat_t_quantile(1.0, 3)));
    CHECK(ls_stat_t_quantile(0.9995, 0.5) > 1000.0);
}

static void test_t_cdf_undoes_the_quantile(void) {
    static const double degrees[] = {0.7, 1, 2, 3, 7.5, 30, 400, 1e5, 1e7};
    for (size_t i = 0; i < sizeof degrees / sizeof degrees[0]; i++) {
        for (double p = 0.001; p < 1.0 && !harness_has_failed(); p += 0.013) {
            harness_note("p %g degrees %g", p, degrees[i]);
            CHECK_NEAR(ls_stat_t_cdf(ls_stat_t_quantile(p, degrees[i]), degrees[i]), p,
                       degrees[i] > 1000 ? 1e-9 : 1e-12);
        }
    }
    CHECK_NEAR(ls_stat_t_cdf(0.0, 5), 0.5, 1e-15);
    CHECK_NEAR(ls_stat_t_cdf(1.0, 1), 0.75, 1e-14);
    CHECK_NEAR(ls_stat_t_cdf(INFINITY, 4), 1.0, 0.0);
    CHECK_NEAR(ls_stat_t_cdf(-INFINITY, 4), 0.0, 0.0);
}

static void test_summary(void) {
    ls_summary all = {0};
    ls_summary parts[3] = {{0}};
    CHECK_NEAR(ls_summary_variance(&all), 0.0, 0.0);
    for (int i = 0; i < 30; i++) {
        const double value = 1e9 + (i * 7 % 30);  // 1e9 + a permutation of 0..29
        ls_summary_add(&all, value);
        ls_summary_add(&parts[i / 13], value);
    }
    CHECK_INT(all.count, 30);
    CHECK_NEAR(all.mean, 1e9 + 14.5, 1e-6);
    CHECK_NEAR(ls_summary_variance(&all), 77.5, 1e-5);  // n (n + 1) / 12
    CHECK_NEAR(all.min, 1e9, 0.0);
    CHECK_NEAR(all.max, 1e9 + 29, 0.0);
    ls_summary merged = {0};
    ls_summary_merge(&merged, &parts[0]);
    ls_summary_merge(&merged, &parts[1]);
    ls_summary_merge(&merged, &(ls_summary){0});
    ls_summary_merge(&merged, &parts[2]);
    CHECK_INT(merged.count, 30);
    CHECK_NEAR(merged.mean, all.mean, 1e-6);
    CHECK_NEAR(ls_summary_variance(&merged), 77.5, 1e-5);
    CHECK_NEAR(merged.min, 1e9, 0.0);
    CHECK_NEAR(merged.max, 1e9 + 29, 0.0);
}

static void test_interval(void) {
    const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const ls_interval interval = ls_stat_interval(values, 10, 0.95);
    CHECK_NEAR(interval.mean, 5.5, 1e-14);
    CHECK_NEAR(interval.half_width, 2.262157163 * sqrt(110.0 / 12.0 / 10.0), 1e-8);
    CHECK_NEAR(interval.low, 5.5 - interval.half_width, 1e-14);
    CHECK_NEAR(interval.high, 5.5 + interval.half_width, 1e-14);
    CHECK_INT(interval.count, 10);
    CHECK(isinf(ls_stat_interval(values, 1, 0.95).half_width));
    CHECK(isinf(ls_stat_interval(NULL, 0, 0.95).half_width));

    const double b[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const ls_interval paired = ls_stat_paired(values, b, 10, 0.99);
    CHECK_NEAR(paired.mean, 2.0, 0.0);
    CHECK_NEAR(paired.half_width, 0.0, 1e-12);
}

static void test_batch_means(void) {
    // The first value is the rest that is dropped; the batches' means are 2, 5 and 8.
    const double series[] = {1000, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const ls_interval interval = ls_stat_batch_means(series, 10, 3, 0.95);
    CHECK_INT(interval.count, 3);
    CHECK_NEAR(interval.mean, 5.0, 1e-14);
    CHECK_NEAR(interval.half_width, ls_stat_t_quantile(0.975, 2) * 3.0 / sqrt(3.0), 1e-12);
    CHECK_INT(ls_stat_batch_means(series, 2, 3, 0.95).count, 2);
    CHECK_INT(ls_stat_batch_means(NULL, 0, 3, 0.95).count, 0);
}

static void test_mser5_finds_the_warm_up(void) {
    double series[200];
    for (int i = 0; i < 200; i++) {
        series[i] = 5.0 + 20.0 * exp(-i / 15.0) + sin(1.7 * i);
    }
    bool is_reliable = false;
    const size_t cut = ls_stat_mser5(series, 200, &is_reliable);
    CHECK_INT(cut, 13 * 5);
    CHECK(is_reliable);
    double sum = 0.0;
    for (size_t i = cut; i < 200; i++) {
        sum += series[i];
    }
    CHECK_NEAR(sum / (double)(200 - cut), 5.020561592, 1e-9);
}

static void test_mser5_says_when_there_is_too_little(void) {
    double series[200];
    bool is_reliable = true;
    CHECK_INT(ls_stat_mser5(NULL, 0, &is_reliable), 0);
    CHECK(!is_reliable);
    for (int i = 0; i < 200; i++) {
        series[i] = i < 170 ? 1000.0 - i : 830.0;  // steady only near the end
    }
    is_reliable = true;
    CHECK_INT(ls_stat_mser5(series, 49, &is_reliable), 0);
    CHECK(!is_reliable);
    (void)ls_stat_mser5(series, 200, &is_reliable);
    CHECK(!is_reliable);
    for (int i = 0; i < 200; i++) {
        series[i] = 3.0;
    }
    CHECK_INT(ls_stat_mser5(series, 200, &is_reliable), 0);
    CHECK(is_reliable);
}

static void test_mser5_matches_the_plain_formula(void) {
    uint64_t random = 3;
    double series[203];
    for (int round = 0; round < 50 && !harness_has_failed(); round++) {
        double level = 0.0;
        for (int i = 0; i < 203; i++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            level = 0.9 * level + (double)(random >> 40);
            series[i] = level;
        }
        double best = INFINITY;
        size_t best_cut = 0;
        for (size_t d = 0; d < 20; d++) {
            double means[40];
            double mean = 0.0;
            double squares = 0.0;
            for (size_t j = d; j < 40; j++) {
                const double *at = series + 5 * j;
                means[j] = (at[0] + at[1] + at[2] + at[3] + at[4]) / 5.0;
                mean += means[j] / (double)(40 - d);
            }
            for (size_t j = d; j < 40; j++) {
                squares += (means[j] - mean) * (means[j] - mean);
            }
            const double statistic = squares / (double)((40 - d) * (40 - d));
            if (statistic < best) {
                best = statistic;
                best_cut = d * 5;
            }
        }
        bool is_reliable = false;
        CHECK_INT(ls_stat_mser5(series, 203, &is_reliable), best_cut);
    }
}

static void test_replications(void) {
    // The least number by the definition: it is enough, one fewer is not.
    static const double relatives[] = {0.5, 0.1, 0.01, 0.001};
    for (size_t i = 0; i < sizeof relatives / sizeof relatives[0]; i++) {
        const double target = relatives[i] * 10.0;
        const int64_t n = ls_stat_replications(-10.0, 4.0, relatives[i], 0.95);
        CHECK(ls_stat_t_quantile(0.975, (double)(n - 1)) * sqrt(4.0 / (double)n) <= target);
        CHECK(n == 2 ||
              ls_stat_t_quantile(0.975, (double)(n - 2)) * sqrt(4.0 / (double)(n - 1)) > target);
    }
    CHECK_INT(ls_stat_replications(10.0, 4.0, 0.01, 0.95), 1540);
    CHECK_INT(ls_stat_replications(10.0, 0.0, 0.01, 0.95), 2);
    CHECK_INT(ls_stat_replications(0.0, 4.0, 0.01, 0.95), INT64_MAX);
    CHECK_INT(ls_stat_replications(10.0, 1e-9, 0.5, 0.95), 2);
}

static void test_quantile_of_sorted(void) {
    const double sorted[] = {1, 2, 4, 8};
    CHECK_NEAR(ls_stat_quantile_sorted(sorted, 4, 0.0), 1.0, 0.0);
    CHECK_NEAR(ls_stat_quantile_sorted(sorted, 4, 1.0), 8.0, 0.0);
    CHECK_NEAR(ls_stat_quantile_sorted(sorted, 4, 0.5), 3.0, 1e-15);
    CHECK_NEAR(ls_stat_quantile_sorted(sorted, 4, 0.9), 6.8, 1e-14);
    CHECK_NEAR(ls_stat_quantile_sorted(sorted, 1, 0.3), 1.0, 0.0);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_normal_quantile);
    TEST(test_t_quantile);
    TEST(test_t_cdf_undoes_the_quantile);
    TEST(test_summary);
    TEST(test_interval);
    TEST(test_batch_means);
    TEST(test_mser5_finds_the_warm_up);
    TEST(test_mser5_says_when_there_is_too_little);
    TEST(test_mser5_matches_the_plain_formula);
    TEST(test_replications);
    TEST(test_quantile_of_sorted);
    return harness_report();
}
