// check_fresh_test.c - boundary cases of guards 7, 8, 12 and 24.
#include "guard/testing/check_expect.h"
#include "tests/harness.h"

static void test_7_freshness(void) {
    begin();
    g.state->machines[CASE_GRIND].state.vouched_us = g.clock.line_us - 30 * SECOND;
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->machines[CASE_GRIND].state.vouched_us--;
    EXPECT(guard_case_dispatch(&g), 7);
    EXPECT(guard_case_stop(&g), 7);
    g.state->machines[CASE_GRIND].state.vouched_us = g.clock.line_us + 2 * SECOND;
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->machines[CASE_GRIND].state.vouched_us++;
    EXPECT(guard_case_dispatch(&g), 7);
    g.state->machines[CASE_GRIND].state.vouched_us = LS_GUARD_UNKNOWN;
    EXPECT(guard_case_dispatch(&g), 7);
    ls_guard_vouch(g.state, CASE_GRIND, g.clock.line_us);  // an unknown value stays unknown
    EXPECT(guard_case_dispatch(&g), 7);
    g.clock.line_us = LS_GUARD_UNKNOWN;
    EXPECT(guard_case_release(&g), 7);
}

static void test_7_arrival_alone_is_flagged(void) {
    begin();
    ls_command c = guard_case_dispatch(&g);
    ls_guard_finding out;
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    CHECK(!out.by_arrival);
    g.state->machines[CASE_GRIND].state.by_arrival = true;
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    CHECK(out.by_arrival);
    CHECK(ls_guard_by_arrival(g.state, &c));
    c = guard_case_release(&g);
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    CHECK(!out.by_arrival);
    CHECK(!ls_guard_by_arrival(g.state, &c));
    c = guard_case_setpoint(&g);
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    CHECK(!out.by_arrival);
    g.state->values[0].current.by_arrival = true;
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    CHECK_INT(out.guard, 0);
    CHECK(out.by_arrival);
    c = WITH(dispatch, set(w.target, "nothing"));
    CHECK(!ls_guard_by_arrival(g.state, &c));
}

static void test_8_quality(void) {
    begin();
    const ls_guard_quality bad[] = {LS_GUARD_QUALITY_UNKNOWN, LS_GUARD_QUALITY_UNCERTAIN,
                                    LS_GUARD_QUALITY_BAD};
    for (int i = 0; i < 3; i++) {
        g.state->machines[CASE_GRIND].state.quality = bad[i];
        EXPECT(guard_case_dispatch(&g), 8);
    }
    g.limits->accepts_uncertain = true;
    EXPECT(guard_case_dispatch(&g), 8);  // bad stays bad
    EXPECT(guard_case_stop(&g), 8);
    EXPECT(guard_case_setpoint(&g), 0);  // of another thing
    g.state->values[0].current.quality = LS_GUARD_QUALITY_UNKNOWN;
    EXPECT(guard_case_setpoint(&g), 8);
    g.state->machines[CASE_GRIND].state.quality = LS_GUARD_QUALITY_UNCERTAIN;
    EXPECT(guard_case_dispatch(&g), 0);
}

static void test_12_deadline(void) {
    begin();
    EXPECT(WITH(dispatch, w.deadline_us = w.decided_us), 0);
    EXPECT(WITH(dispatch, w.deadline_us = w.decided_us - 1), 12);
    EXPECT(WITH(dispatch, w.decided_us = g.clock.mono_us), 0);
    EXPECT(WITH(dispatch, w.decided_us = g.clock.mono_us + 1; w.deadline_us = INT64_MAX), 12);
    EXPECT(WITH(dispatch, w.deadline_us = INT64_MIN), 12);
    EXPECT(WITH(dispatch, w.deadline_us = INT64_MAX), 0);
    EXPECT(WITH(dispatch, w.deadline_us = 0), 12);  // none was told
    EXPECT(WITH(stop, w.deadline_us = w.decided_us - 1), 12);
}

static void test_24_expiry(void) {
    begin();
    const int64_t now = g.clock.mono_us;
    EXPECT(WITH(dispatch, w.not_after_us = now + 1), 0);
    EXPECT(WITH(dispatch, w.not_after_us = now), 24);
    EXPECT(WITH(dispatch, w.not_after_us = now + 2 * SECOND), 0);
    EXPECT(WITH(dispatch, w.not_after_us = now + 2 * SECOND + 1), 24);
    EXPECT(WITH(dispatch, w.not_after_us = INT64_MIN), 24);
    EXPECT(WITH(dispatch, w.not_after_us = INT64_MAX), 24);
    EXPECT(WITH(dispatch, w.not_after_us = 0), 24);  // none was told
    EXPECT(WITH(stop, w.not_after_us = now), 24);
    g.clock.wall_us -= 5000 * SECOND;  // a step of the wall clock changes nothing
    EXPECT(guard_case_dispatch(&g), 0);
    EXPECT(WITH(dispatch, w.not_after_us = now), 24);
    g.clock.wall_us += 10000 * SECOND;
    EXPECT(guard_case_dispatch(&g), 0);
    EXPECT(WITH(dispatch, w.not_after_us = now), 24);
}

static void test_7_of_a_value_and_with_clocks_that_step(void) {
    begin();
    ls_guard_heard *of = &g.state->values[0].current;
    of->vouched_us = g.clock.line_us - 30 * SECOND;
    EXPECT(guard_case_setpoint(&g), 0);
    of->vouched_us--;
    EXPECT(guard_case_setpoint(&g), 7);
    of->vouched_us = g.clock.line_us + 2 * SECOND;
    EXPECT(guard_case_setpoint(&g), 0);
    of->vouched_us++;
    EXPECT(guard_case_setpoint(&g), 7);
    of->vouched_us = INT64_MAX;  // differences that do not fit into 64 bits
    EXPECT(guard_case_setpoint(&g), 7);
    of->vouched_us = INT64_MIN + 1;
    EXPECT(guard_case_setpoint(&g), 7);
    of->vouched_us = LS_GUARD_UNKNOWN;
    EXPECT(guard_case_setpoint(&g), 7);
    begin();
    g.clock.line_us -= 2 * SECOND;  // the line's clock went back
    EXPECT(guard_case_dispatch(&g), 0);
    g.clock.line_us--;
    EXPECT(guard_case_dispatch(&g), 7);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_7_freshness);
    TEST(test_7_of_a_value_and_with_clocks_that_step);
    TEST(test_7_arrival_alone_is_flagged);
    TEST(test_8_quality);
    TEST(test_12_deadline);
    TEST(test_24_expiry);
    return harness_report();
}
