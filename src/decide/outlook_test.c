// outlook_test.c - disturbances found again, and futures of them, against closed forms.
#include "decide/outlook.h"

#include <math.h>

#include "base/random.h"
#include "tests/harness.h"

enum { SECOND = 1000000, STEPS = 300 };

static const ls_measured oven = {
    .name = "oven", .gain = 2.0, .tau_us = 30 * SECOND, .delay_us = 10 * SECOND};

// Normal, by twelve uniforms: near enough for what is asked here.
static double normal(uint64_t n) {
    double sum = -6.0;
    for (uint64_t i = 0; i < 12; i++) {
        sum += ls_random_uniform(7, 1, n * 12 + i);
    }
    return sum;
}

// A value of every second: set to 10 and settled, set to 14 at second 150, disturbed by
// 3 + 0.8 (d - 3) + sigma normal.
static void play(double sigma, ls_seen values[STEPS + 1], double *out_last) {
    double d = 3.0;
    for (int i = 0; i <= STEPS; i++) {
        const int64_t at = (int64_t)i * SECOND;
        const double moved = 8.0 * ls_set_share(&oven, at - 150LL * SECOND);
        d = 3.0 + 0.8 * (d - 3.0) + sigma * normal((uint64_t)i);
        values[i] = (ls_seen){at, ls_measured_settles(&oven, 10.0) + moved + d};
    }
    *out_last = d;
}

static const ls_seen settings[] = {{0, 10.0}, {150LL * SECOND, 14.0}};

static void test_the_disturbance_is_what_settings_do_not_explain(void) {
    ls_seen values[STEPS + 1];
    double last = 0.0;
    ls_outlook o;
    play(0.5, values, &last);
    CHECK_INT(ls_outlook_make(&oven, values, STEPS + 1, settings, 2, (int64_t)STEPS * SECOND,
                              SECOND, &o, NULL),
              LS_OK);
    CHECK_NEAR(o.disturbance, last, 1e-9);
    CHECK_NEAR(o.value, values[STEPS].number, 0.0);
    CHECK_NEAR(o.setting, 14.0, 0.0);
    CHECK_INT(o.since_us, 150LL * SECOND);
    CHECK_INT(o.shock_count, LS_OUTLOOK_SHOCKS);
    // Standard error of least squares: sqrt((1 - 0.8^2) / 256) = 0.0375, its bias -(1 + 3 0.8) /
    // 256.
    CHECK_NEAR(o.memory, 0.8, 3.0 * 0.0375 + 0.014);
    // Of the mean of 256 steps: 0.5 / (1 - 0.8) / sqrt(256) = 0.156.
    CHECK_NEAR(o.level, 3.0, 3.0 * 0.156);
    double square = 0.0;
    for (uint64_t i = 0; i < o.shock_count; i++) {
        square += o.shocks[i] * o.shocks[i];
    }
    // Of a variance: sigma^2 sqrt(2 / 256) = 0.022.
    CHECK_NEAR(square / (double)o.shock_count, 0.25, 3.0 * 0.022);
    CHECK(ls_outlook_is_sound(&o));
}

static void test_without_noise_a_future_is_the_declared_response(void) {
    ls_seen values[STEPS + 1];
    double last = 0.0;
    ls_outlook o;
    play(0.0, values, &last);
    const int64_t now = 170LL * SECOND;  // half of the last change is still to come
    CHECK_INT(ls_outlook_make(&oven, values, 171, settings, 2, now, SECOND, &o, NULL), LS_OK);
    CHECK_INT(o.change_count, 1);
    double path[LS_OUTLOOK_STEPS + 1], drift[LS_OUTLOOK_STEPS + 1];
    ls_outlook_path(&oven, &o, 20.0, path);
    ls_outlook_drift(&o, 99, drift);
    for (int i = 0; i <= LS_OUTLOOK_STEPS; i++) {
        const int64_t at = now + (int64_t)i * SECOND;
        const double is = ls_measured_settles(&oven, 10.0) + 3.0 +
                          8.0 * ls_set_share(&oven, at - 150LL * SECOND) +
                          12.0 * ls_set_share(&oven, at - now);
        CHECK_NEAR(path[i], is, 1e-9);
        CHECK_NEAR(drift[i], 0.0, 1e-9);
    }
    // The same mean distance as by the pure prediction of setpoint.h.
    CHECK_NEAR(ls_outlook_distance(path, drift, 33.0),
               ls_set_distance(&oven, o.value, now, o.changes, 1, 12.0, 33.0,
                               (int64_t)LS_OUTLOOK_STEPS * SECOND),
               1e-9);
}

static void test_futures_drift_as_the_disturbance_does(void) {
    ls_seen values[STEPS + 1];
    double last = 0.0;
    ls_outlook o;
    play(0.5, values, &last);
    CHECK_INT(ls_outlook_make(&oven, values, STEPS + 1, settings, 2, (int64_t)STEPS * SECOND,
                              SECOND, &o, NULL),
              LS_OK);
    enum { FUTURES = 4000 };
    double drift[LS_OUTLOOK_STEPS + 1], other[LS_OUTLOOK_STEPS + 1];
    double sum = 0.0, square = 0.0, shock = 0.0;
    for (uint64_t f = 0; f < FUTURES; f++) {
        ls_outlook_drift(&o, ls_random_key(3, f), drift);
        CHECK_NEAR(drift[0], 0.0, 0.0);
        sum += drift[10];
        square += drift[10] * drift[10];
    }
    for (uint64_t i = 0; i < o.shock_count; i++) {
        shock += o.shocks[i] * o.shocks[i] / (double)o.shock_count;
    }
    const double m10 = pow(o.memory, 10.0);
    const double mean = (m10 - 1.0) * (o.disturbance - o.level);
    const double variance = shock * (1.0 - m10 * m10) / (1.0 - o.memory * o.memory);
    CHECK_NEAR(sum / FUTURES, mean, 4.0 * sqrt(variance / FUTURES));
    CHECK_NEAR(square / FUTURES - sum / FUTURES * (sum / FUTURES), variance,
               4.0 * variance * sqrt(2.0 / FUTURES));
    ls_outlook_drift(&o, ls_random_key(3, FUTURES - 1), other);
    CHECK_BYTES(other, drift, sizeof drift);
}

static void test_what_has_not_been_heard_is_said(void) {
    const ls_seen few[] = {{0, 20.0}, {5LL * SECOND, 21.0}};
    ls_outlook o;
    ls_error err = {0};
    CHECK_INT(ls_outlook_make(&oven, NULL, 0, settings, 1, SECOND, SECOND, &o, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "its value has not been heard");
    CHECK_INT(ls_outlook_make(&oven, few, 2, NULL, 0, SECOND, SECOND, &o, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "its setting has not been heard");
    CHECK_INT(ls_outlook_make(&oven, few, 2, settings, 1, 15LL * SECOND, SECOND, &o, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "too little");
    CHECK(!ls_outlook_is_sound(&o));
    // A value that stands is told once: it holds.
    CHECK_INT(ls_outlook_make(&oven, few, 2, settings, 1, 16LL * SECOND, SECOND, &o, &err), LS_OK);
    CHECK_NEAR(o.value, 21.0, 0.0);
}

// Far enough that nearly all of a change has come, and that the next question can mend it.
static void test_the_horizon_is_that_of_the_response(void) {
    ls_measured m = {.tau_us = 100LL * SECOND, .delay_us = 50LL * SECOND};
    CHECK_INT(ls_outlook_horizon_us(&m, 0), 450LL * SECOND);
    CHECK_INT(ls_outlook_horizon_us(&m, 449LL * SECOND), 450LL * SECOND);
    CHECK_INT(ls_outlook_horizon_us(&m, 900LL * SECOND), 900LL * SECOND);
    CHECK(ls_set_share(&m, 450LL * SECOND) > 0.98);
    m = (ls_measured){0};  // at once
    CHECK_INT(ls_outlook_horizon_us(&m, 0), 60LL * SECOND);
    CHECK_INT(ls_outlook_horizon_us(&m, 30LL * SECOND), 30LL * SECOND);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_disturbance_is_what_settings_do_not_explain);
    TEST(test_without_noise_a_future_is_the_declared_response);
    TEST(test_futures_drift_as_the_disturbance_does);
    TEST(test_what_has_not_been_heard_is_said);
    TEST(test_the_horizon_is_that_of_the_response);
    return harness_report();
}
