// drift_test.c - against closed forms, tables, slow versions, and rates of false alarms.
#include "model/drift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/testing/draws.h"
#include "tests/harness.h"

static void make_ar1(double *out, size_t count, double phi) {  // deviation 1
    double x = normal();
    for (size_t i = 0; i < count; i++) {
        x = phi * x + sqrt(1.0 - phi * phi) * normal();
        out[i] = x;
    }
}

static void test_autocorrelation_time_of_a_known_process(void) {
    enum { N = 100000 };
    double *x = malloc(N * sizeof *x);
    static const double phis[] = {0.0, 0.5, 0.8, 0.95};
    drawn = 5;
    for (size_t i = 0; i < 4; i++) {
        make_ar1(x, N, phis[i]);
        const double theory = (1.0 + phis[i]) / (1.0 - phis[i]);
        CHECK_NEAR(ls_drift_autocorrelation_time(x, N) / theory, 1.0, 0.1);
    }
    CHECK_NEAR(ls_drift_autocorrelation_time(x, 9), 1.0, 0.0);
    for (size_t i = 0; i < 100; i++) {
        x[i] = 3.0;
    }
    CHECK_NEAR(ls_drift_autocorrelation_time(x, 100), 1.0, 0.0);
    for (size_t i = 0; i < 100; i++) {  // a ramp tells almost nothing
        x[i] = (double)i;
    }
    CHECK(ls_drift_autocorrelation_time(x, 100) > 20.0);
    CHECK(ls_drift_autocorrelation_time(x, 100) <= 50.0);
    free(x);
}

static void test_psi_by_hand(void) {
    double values[100], sample[50], scratch[50];
    drawn = 3;
    for (size_t i = 0; i < 100; i++) {  // 1..100 in an order without memory
        values[i] = (double)(i * 37 % 100 + 1);
    }
    ls_drift_reference r;
    CHECK_INT(ls_drift_reference_fit(values, 100, &r, NULL), LS_OK);
    CHECK_INT(r.bins, 10);
    CHECK_NEAR(r.edges[0], 10.0, 0.0);
    CHECK_NEAR(r.shares[9], 0.1, 1e-15);
    for (size_t i = 0; i < 50; i++) {
        sample[i] = 3.0;
    }
    ls_drift d = ls_drift_compare(&r, sample, 50, scratch);
    CHECK_NEAR(d.psi, 0.9 * log(10.0) + 9.0 * (1e-4 - 0.1) * log(1e-4 / 0.1), 1e-12);
    CHECK(d.act && d.watch);
    CHECK_NEAR(d.ks, 0.97, 1e-12);
    for (size_t i = 0; i < 50; i++) {  // half of the bins, twice as often
        sample[i] = (double)(i * 37 % 50 + 1);
    }
    d = ls_drift_compare(&r, sample, 50, scratch);
    CHECK_NEAR(d.psi, 5 * 0.1 * log(2.0) + 5 * (1e-4 - 0.1) * log(1e-3), 1e-12);
    CHECK_NEAR(d.ks, 0.5, 1e-12);
    CHECK_NEAR(d.wasserstein, 25.0 / sqrt(100.0 * 101.0 / 12.0), 1e-12);
    // chi-square of 9 degrees, 95 %: 16.919 in every table.
    CHECK_NEAR(d.psi_noise / (1.0 / d.effective + r.time / 100.0), 16.91897760, 1e-7);
    CHECK_NEAR(d.ks_noise / sqrt(1.0 / d.effective + r.time / 100.0), 1.358, 1e-12);
    ls_drift_reference_clear(&r);
    ls_drift_reference_clear(NULL);
}

// The distance of the functions, counted anew at each value.
static double slow_ks(const double *a, size_t n, const double *b, size_t m) {
    double most = 0.0;
    for (size_t i = 0; i < n + m; i++) {
        const double at = i < n ? a[i] : b[i - n];
        double f = 0.0, g = 0.0;
        for (size_t k = 0; k < n; k++) {
            f += a[k] <= at ? 1.0 / (double)n : 0.0;
        }
        for (size_t k = 0; k < m; k++) {
            g += b[k] <= at ? 1.0 / (double)m : 0.0;
        }
        most = fmax(most, fabs(f - g));
    }
    return most;
}

static void test_ks_and_wasserstein_agree_with_slow_ones(void) {
    double a[83], b[131], scratch[131];
    drawn = 8;
    for (int round = 0; round < 20; round++) {
        const double grain = round % 2 == 0 ? 0.0 : 2.0;  // many equal values, or none
        for (size_t i = 0; i < 83; i++) {
            a[i] = grain > 0.0 ? floor(grain * normal()) : normal();
        }
        for (size_t i = 0; i < 131; i++) {
            b[i] = 0.3 + (grain > 0.0 ? floor(grain * normal()) : normal());
        }
        ls_drift_reference r;
        CHECK_INT(ls_drift_reference_fit(a, 83, &r, NULL), LS_OK);
        CHECK_NEAR(ls_drift_compare(&r, b, 131, scratch).ks, slow_ks(a, 83, b, 131), 1e-12);
        double sum = 0.0, squares = 0.0;
        for (size_t i = 0; i < 83; i++) {  // the same, moved: each quantile moves by as much
            b[i] = a[i] + 0.7;
            sum += a[i] / 83.0;
        }
        for (size_t i = 0; i < 83; i++) {
            squares += (a[i] - sum) * (a[i] - sum) / 82.0;
        }
        CHECK_NEAR(ls_drift_compare(&r, b, 83, scratch).wasserstein, 0.7 / sqrt(squares), 1e-12);
        ls_drift_reference_clear(&r);
    }
}

// Without drift 5 % of samples are above the noise, also of an autocorrelated process, where
// counting all values would cry wolf half of the time.
static void test_noise_counts_effective_values(void) {
    enum { N = 2000, M = 600, TRIALS = 300 };
    static double a[N], b[M], scratch[M];
    double ks = 0.0, psi = 0.0, naive = 0.0;
    drawn = 21;
    for (int trial = 0; trial < TRIALS; trial++) {
        make_ar1(a, N, 0.8);
        make_ar1(b, M, 0.8);
        ls_drift_reference r;
        CHECK_INT(ls_drift_reference_fit(a, N, &r, NULL), LS_OK);
        const ls_drift d = ls_drift_compare(&r, b, M, scratch);
        ks += d.ks > d.ks_noise ? 1.0 / TRIALS : 0.0;
        psi += d.psi > d.psi_noise ? 1.0 / TRIALS : 0.0;
        naive += d.ks > 1.358 * sqrt(1.0 / N + 1.0 / M) ? 1.0 / TRIALS : 0.0;
        ls_drift_reference_clear(&r);
    }
    harness_note("ks %g psi %g naive %g", ks, psi, naive);
    // Standard error of 0.05 over 300 trials is 0.013; the counts of bins are less autocorrelated
    // than the values, so psi is told a little too seldom.
    CHECK(ks < 0.05 + 4 * 0.013);
    CHECK(psi < 0.05 + 4 * 0.013);
    CHECK(naive > 0.3);
}

static void test_missing_and_constant_features(void) {
    double values[40], sample[40], scratch[40];
    for (size_t i = 0; i < 40; i++) {
        values[i] = 5.0;
        sample[i] = 5.0;
    }
    ls_drift_reference r;
    CHECK_INT(ls_drift_reference_fit(values, 40, &r, NULL), LS_OK);
    CHECK_INT(r.bins, 1);
    CHECK(!ls_drift_compare(&r, sample, 40, scratch).watch);
    for (size_t i = 0; i < 40; i += 2) {
        sample[i] = NAN;
    }
    ls_drift d = ls_drift_compare(&r, sample, 40, scratch);
    CHECK_NEAR(d.missing, 0.5, 1e-15);
    CHECK_NEAR(d.psi, -0.5 * log(0.5) + (0.5 - 1e-4) * log(0.5 / 1e-4), 1e-12);
    CHECK(d.act);
    for (size_t i = 0; i < 40; i++) {
        sample[i] = 5.1;  // a constant that moved
    }
    d = ls_drift_compare(&r, sample, 40, scratch);
    CHECK(d.watch && isinf(d.wasserstein));
    for (size_t i = 0; i < 40; i++) {
        sample[i] = NAN;
    }
    CHECK(ls_drift_compare(&r, sample, 40, scratch).act);
    CHECK(!ls_drift_compare(&r, sample, 0, scratch).watch);
    ls_drift_reference_clear(&r);
    ls_error err = {0};
    CHECK_INT(ls_drift_reference_fit(values, 19, &r, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "19 values in the reference; at least 20");
    values[3] = INFINITY;
    CHECK_INT(ls_drift_reference_fit(values, 40, &r, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "value 4 of the reference is infinite");
    values[3] = 5.0;
    ls_alloc_fail_after(0);
    CHECK_INT(ls_drift_reference_fit(values, 40, &r, &err), LS_ERR_MEMORY);
    ls_alloc_fail_after(-1);
}

static void test_page_hinkley(void) {
    ls_page_hinkley d = ls_page_hinkley_default();
    drawn = 31;
    d.lambda = 1e9;
    double sum = 0.0, up = 0.0, least = 0.0, down = 0.0, most = 0.0;
    for (int i = 1; i <= 20000; i++) {  // the formula beside it
        const double x = normal();
        CHECK(!ls_page_hinkley_add(&d, x));
        sum += x;
        up += x - sum / i - 0.25;
        down += x - sum / i + 0.25;
        least = fmin(least, up);
        most = fmax(most, down);
    }
    CHECK_NEAR(d.up - d.up_least, up - least, 1e-9);
    CHECK_NEAR(d.down_most - d.down, most - down, 1e-9);
    CHECK(!ls_page_hinkley_add(&d, NAN));
    // exp(2 * 0.25 * 20) / (2 * 0.25^2) is 176,000 values for a false alarm of one side, so some 5
    // of both in 400,000 (fewer by overshoot, more while the mean is young).
    d = ls_page_hinkley_default();
    int alarms = 0;
    for (int i = 0; i < 400000; i++) {
        alarms += ls_page_hinkley_add(&d, normal());
    }
    harness_note("%d alarms", alarms);
    CHECK(alarms <= 14);
    d = ls_page_hinkley_default();
    for (int i = 0; i < 2000; i++) {
        ls_page_hinkley_add(&d, normal());
    }
    int delay = 0;
    while (delay < 200 && !ls_page_hinkley_add(&d, 1.0 + normal())) {
        delay++;
    }
    CHECK(delay > 10 && delay < 60);  // 20 / 0.75 = 27 and what chance adds
    CHECK_INT(d.count, 0);
    for (int i = 0; i < 200; i++) {
        ls_page_hinkley_add(&d, normal());
    }
    for (delay = 0; delay < 200 && !ls_page_hinkley_add(&d, -1.5 + normal()); delay++) {
    }
    CHECK(delay < 60);  // the other way
    ls_page_hinkley one = ls_page_hinkley_default();
    one.two_sided = false;
    bool alarm = false;
    for (int i = 0; i < 400; i++) {
        alarm |= ls_page_hinkley_add(&one, (i < 200 ? 0.0 : -1.5) + normal());
    }
    CHECK(!alarm);
}

// Blocks make an autocorrelated process bearable.
static void test_blocks_thin_what_is_autocorrelated(void) {
    enum { N = 100000 };
    double *x = malloc(N * sizeof *x);
    drawn = 41;
    make_ar1(x, N, 0.9);
    const double time = ls_drift_autocorrelation_time(x, 2000);
    ls_page_hinkley plain = ls_page_hinkley_default(), blocked = ls_page_hinkley_default();
    ls_blocks blocks = {.size = (size_t)ceil(time)};
    // The variance of a mean of b values in a row is about time / b.
    const double scale = sqrt(time / (double)blocks.size);
    int alarms_plain = 0, alarms_blocked = 0;
    for (size_t i = 0; i < N; i++) {
        double mean;
        alarms_plain += ls_page_hinkley_add(&plain, x[i]);
        if (ls_blocks_add(&blocks, x[i], &mean)) {
            alarms_blocked += ls_page_hinkley_add(&blocked, mean / scale);
        }
    }
    harness_note("plain %d blocked %d time %g", alarms_plain, alarms_blocked, time);
    CHECK(alarms_plain > 20);
    CHECK(alarms_blocked <= 1);
    ls_blocks b = {.size = 2};
    double mean = 0.0;
    CHECK(!ls_blocks_add(&b, 1.0, &mean) && !ls_blocks_add(&b, NAN, &mean));
    CHECK(ls_blocks_add(&b, 4.0, &mean));
    CHECK_NEAR(mean, 2.5, 0.0);
    free(x);
}

// The window's mean and variance are those of its last `count` values, and hold after every drop.
static void test_adwin_window_is_exactly_what_it_says(void) {
    enum { N = 6000 };
    static double x[N];
    ls_adwin d = ls_adwin_default(-1.0, 3.0);
    drawn = 51;
    int drops = 0;
    for (size_t i = 0; i < N && !harness_has_failed(); i++) {
        x[i] = (i < 3000 ? 0.0 : 1.2) + 0.3 * normal();
        const int64_t before = d.count;
        const bool dropped = ls_adwin_add(&d, x[i]);
        drops += dropped;
        CHECK(dropped ? d.count <= before : d.count == before + 1);
        if (i % 97 != 0 && !dropped) {
            continue;
        }
        double mean = 0.0, squares = 0.0;
        const size_t from = i + 1 - (size_t)d.count;
        for (size_t k = from; k <= i; k++) {
            mean += x[k] / (double)d.count;
        }
        for (size_t k = from; k <= i; k++) {
            squares += (x[k] - mean) * (x[k] - mean);
        }
        CHECK_NEAR(ls_adwin_mean(&d), mean, 1e-9);
        CHECK_NEAR(d.squares * 16.0, squares, 1e-6 * (1.0 + squares));
    }
    CHECK(drops >= 1 && drops <= 3);
    CHECK_NEAR(ls_adwin_mean(&d), 1.2, 0.05);
    CHECK(d.count > 2900 && d.count < 3100);
    CHECK(!ls_adwin_add(&d, NAN));
}

static void test_adwin_seldom_cries_wolf(void) {
    ls_adwin d = ls_adwin_default(0.0, 1.0);
    drawn = 61;
    int drops = 0;
    for (int i = 0; i < 200000; i++) {
        drops += ls_adwin_add(&d, uniform() < 0.3 ? 1.0 : 0.0);
    }
    CHECK(drops <= 1);
    CHECK(d.count > 100000);
    int delay = 0;
    while (delay < 2000 && !ls_adwin_add(&d, uniform() < 0.6 ? 1.0 : 0.0)) {
        delay++;
    }
    CHECK(delay < 300);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_autocorrelation_time_of_a_known_process);
    TEST(test_psi_by_hand);
    TEST(test_ks_and_wasserstein_agree_with_slow_ones);
    TEST(test_noise_counts_effective_values);
    TEST(test_missing_and_constant_features);
    TEST(test_page_hinkley);
    TEST(test_blocks_thin_what_is_autocorrelated);
    TEST(test_adwin_window_is_exactly_what_it_says);
    TEST(test_adwin_seldom_cries_wolf);
    return harness_report();
}
