// check_value_test.c - boundary cases of guards 1, 3 and 11.
#include <math.h>

#include "guard/testing/check_expect.h"
#include "tests/harness.h"

static void test_1_range(void) {
    begin();
    // Without limits of step, rate, budget: the range alone is looked at.
    g.limit_list[1].high = 1e9, g.limit_list[2].high = 1e9, g.limit_list[3].high = 1e9;
    EXPECT(coolant(12.0), 0);
    EXPECT(coolant(35.0), 0);
    EXPECT(coolant(nextafter(12.0, 0.0)), 1);
    EXPECT(coolant(nextafter(35.0, 99.0)), 1);
    EXPECT(WITH(setpoint, w.number = NAN), 1);
    EXPECT(WITH(setpoint, w.number = INFINITY), 1);
    EXPECT(WITH(setpoint, w.number = -INFINITY), 1);
    g.limit_list[0].low = -5.0;
    EXPECT(coolant(nextafter(10.0, 0.0)), 1);  // of the declared range
    EXPECT(coolant(nextafter(40.0, 99.0)), 1);
    g.measured[1].set_low = 0.0;
    guard_case_again(&g);
    g.limit_list[1].high = 1e9;
    EXPECT(coolant(0.0), 0);
    EXPECT(coolant(-0.0), 0);
    // What is said must be what is meant.
    EXPECT(WITH(setpoint, set(w.argument, "coolant=23")), 1);
    EXPECT(WITH(setpoint, set(w.argument, "coolant=22 ")), 1);
    EXPECT(WITH(setpoint, set(w.argument, "coolant")), 1);
    EXPECT(WITH(setpoint, set(w.argument, "cool=22")), 1);
    // A tag of whole numbers.
    ls_guard_hear_whole(g.state, CASE_COOLANT, 0.0, 30.0);
    EXPECT(coolant(30.0), 0);
    EXPECT(coolant(31.0), 1);
    EXPECT(coolant(22.5), 1);
    ls_guard_hear_whole(g.state, CASE_COOLANT, 20.0, 30.0);
    EXPECT(coolant(19.0), 1);
    EXPECT(coolant(20.0), 0);
    EXPECT(coolant(nextafter(30.0, 0.0)), 1);
    // More than a tag of 32 bits holds is no value of it, whatever the plant file declares.
    g.measured[1].set_low = -1e300;
    g.measured[1].set_high = 1e300;
    guard_case_again(&g);
    g.limit_list[0].low = -1e300, g.limit_list[0].high = 1e300;
    g.limit_list[1].high = g.limit_list[2].high = g.limit_list[3].high = 1e308;
    EXPECT(coolant(2147483648.0), 0);  // of a real
    ls_guard_hear_whole(g.state, CASE_COOLANT, -2147483648.0, 2147483647.0);
    EXPECT(coolant(2147483647.0), 0);
    EXPECT(coolant(2147483648.0), 1);
    EXPECT(coolant(-2147483648.0), 0);
    EXPECT(coolant(-2147483649.0), 1);
    EXPECT(coolant(1e300), 1);
}

static void test_1_arguments(void) {
    begin();
    EXPECT(hold("24 h", true), 0);
    EXPECT(hold("0", true), 0);
    EXPECT(hold("1441 min", true), 1);
    EXPECT(hold("soon", true), 1);
    EXPECT(hold("", true), 1);
    EXPECT(hold("", false), 0);
    EXPECT(hold("86400 s", true), 0);
    EXPECT(hold("86400.000001 s", true), 1);
    EXPECT(hold("-1 s", true), 1);
    EXPECT(hold("1e300 h", true), 1);
    EXPECT(hold("nan s", true), 1);
    EXPECT(WITH(maintain, set(w.argument, "spindle")), 1);  // a failure is no maintenance
    EXPECT(WITH(maintain, set(w.argument, "oil")), 1);      // of no machine of this station
    EXPECT(WITH(release, set(w.argument, "gear-b")), 1);
    EXPECT(WITH(stop, set(w.argument, "now")), 1);
}

static void test_3_step_size(void) {
    begin();
    EXPECT(coolant(25.0), 0);
    EXPECT(coolant(nextafter(25.0, 99.0)), 3);
    EXPECT(coolant(15.0), 0);
    EXPECT(coolant(nextafter(15.0, 0.0)), 3);
    g.limit_list[2].machine = CASE_GRIND;  // of another target
    EXPECT(coolant(25.1), 0);
    g.limit_list[2].machine = LS_NONE;
    g.state->values[0].current.value = NAN;
    EXPECT(coolant(20.0), 3);
    g.state->values[0].current.value = INFINITY;
    EXPECT(coolant(20.0), 3);
    g.state->values[0].current.vouched_us = g.clock.line_us - 31 * SECOND;  // stale
    EXPECT(coolant(20.0), 7);
}

static void test_11_claim(void) {
    begin();
    EXPECT(WITH(dispatch, w.gain_low = 1.0), 0);  // equal to the least
    EXPECT(WITH(dispatch, w.gain_low = nextafter(1.0, 0.0)), 11);
    EXPECT(WITH(dispatch, w.gain_min = 0.0; w.gain_low = 0.5), 0);  // the plant file's
    EXPECT(WITH(dispatch, w.gain_min = 0.0; w.gain_low = 0.4), 11);
    EXPECT(WITH(setpoint, w.gain_min = 0.0; w.gain_low = 0.0), 11);
    EXPECT(WITH(setpoint, w.gain_min = NAN; w.gain_low = 0.1), 0);
    EXPECT(WITH(setpoint, w.gain_min = 0.0; w.gain_low = nextafter(0.0, 1.0)), 0);
    EXPECT(WITH(setpoint, w.gain_min = 0.0; w.gain_low = nextafter(0.0, -1.0)), 11);
    EXPECT(WITH(setpoint, w.gain_min = -5.0; w.gain_low = -0.0), 11);
    EXPECT(WITH(setpoint, w.gain_min = INFINITY), 11);
    EXPECT(WITH(dispatch, w.claim_futures = 0), 11);
    EXPECT(WITH(dispatch, w.claim_futures = UINT32_MAX), 0);
    EXPECT(WITH(dispatch, w.claim_futures = LS_GUARD_FUTURES_MIN), 0);
    EXPECT(WITH(dispatch, w.claim_futures = LS_GUARD_FUTURES_MIN - 1), 11);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_1_range);
    TEST(test_1_arguments);
    TEST(test_3_step_size);
    TEST(test_11_claim);
    return harness_report();
}
