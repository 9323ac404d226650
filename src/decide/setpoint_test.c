// setpoint_test.c - predictions of setpoints against the closed form.
#include "decide/setpoint.h"

#include <math.h>
#include <stddef.h>

#include "tests/harness.h"

enum { SECOND = 1000000 };

static void test_first_order_with_dead_time_is_the_closed_form(void) {
    const ls_measured m = {.gain = 2.0, .tau_us = 30 * SECOND, .delay_us = 10 * SECOND};
    const double effect = ls_set_effect(&m, 7.0, 10.0);
    CHECK_NEAR(effect, 6.0, 1e-12);
    CHECK_NEAR(ls_set_predict(&m, 50.0, 0, NULL, 0, effect, 10 * SECOND), 50.0, 1e-12);
    CHECK_NEAR(ls_set_predict(&m, 50.0, 0, NULL, 0, effect, 40 * SECOND),
               50.0 + 6.0 * (1.0 - exp(-1.0)), 1e-9);
    CHECK_NEAR(ls_set_predict(&m, 50.0, 0, NULL, 0, effect, 3600LL * SECOND), 56.0, 1e-9);
    CHECK_NEAR(ls_set_predict(&m, 50.0, 0, NULL, 0, 0.0, 3600LL * SECOND), 50.0, 0.0);
}

static void test_what_an_earlier_change_still_brings_comes(void) {
    const ls_measured m = {.gain = 1.0, .tau_us = 20 * SECOND};
    const ls_set_change earlier = {.at_us = 0, .effect = 10.0};
    // Measured after one time constant; another one later two have passed since the change.
    const double now = 10.0 * (1.0 - exp(-1.0));
    CHECK_NEAR(ls_set_predict(&m, now, 20 * SECOND, &earlier, 1, 0.0, 40 * SECOND),
               10.0 * (1.0 - exp(-2.0)), 1e-9);
    CHECK_NEAR(ls_set_predict(&m, now, 20 * SECOND, &earlier, 1, -10.0, 4000LL * SECOND), 0.0,
               1e-9);
}

static void test_without_time_constant_it_jumps_after_the_dead_time(void) {
    const ls_measured m = {.gain = 1.0, .delay_us = 5 * SECOND};
    CHECK_NEAR(ls_set_share(&m, -1), 0.0, 0.0);
    CHECK_NEAR(ls_set_share(&m, 5 * SECOND - 1), 0.0, 0.0);
    CHECK_NEAR(ls_set_share(&m, 5 * SECOND), 1.0, 0.0);
}

static void test_a_table_says_where_it_settles(void) {
    const double settings[] = {10.0, 20.0, 40.0};
    const double values[] = {100.0, 140.0, 150.0};
    const ls_measured m = {
        .table_settings = settings, .table_values = values, .table_count = 3, .tau_us = SECOND};
    CHECK_NEAR(ls_set_effect(&m, 10.0, 15.0), 20.0, 1e-12);
    CHECK_NEAR(ls_set_effect(&m, 40.0, 30.0), -5.0, 1e-12);
}

static void test_the_distance_is_least_for_the_change_that_meets_the_target(void) {
    const ls_measured m = {.gain = 0.5, .tau_us = 30 * SECOND, .delay_us = 10 * SECOND};
    const int64_t horizon = 3600LL * SECOND;
    const double right = ls_set_distance(&m, 40.0, 0, NULL, 0, 2.0, 42.0, horizon);
    CHECK(right < ls_set_distance(&m, 40.0, 0, NULL, 0, 0.0, 42.0, horizon));
    CHECK(right < ls_set_distance(&m, 40.0, 0, NULL, 0, 4.0, 42.0, horizon));
    // The integral of the approach in closed form: 2 off for the dead time, then 2 exp(-t/tau).
    CHECK_NEAR(right, 2.0 * (10.0 + 30.0) / 3600.0, 0.01);
    CHECK_NEAR(ls_set_distance(&m, 40.0, 0, NULL, 0, 0.0, 42.0, horizon), 2.0, 1e-12);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_first_order_with_dead_time_is_the_closed_form);
    TEST(test_what_an_earlier_change_still_brings_comes);
    TEST(test_without_time_constant_it_jumps_after_the_dead_time);
    TEST(test_a_table_says_where_it_settles);
    TEST(test_the_distance_is_least_for_the_change_that_meets_the_target);
    return harness_report();
}
