// check_mode_test.c - boundary cases of guards 17, 27, 28, 29, 30 and 31.
#include "guard/testing/check_expect.h"
#include "tests/harness.h"

static void test_17_mode(void) {
    begin();
    ls_guard_own(g.state, LS_OWNER_LOCAL, &g.clock);
    EXPECT(guard_case_dispatch(&g), 17);
    ls_guard_own(g.state, LS_OWNER_US, &g.clock);
    EXPECT(guard_case_dispatch(&g), 17);  // decided before: not replayed
    EXPECT(WITH(dispatch, w.decided_us = g.clock.mono_us), 0);
    ls_guard_own(g.state, LS_OWNER_US, &(ls_guard_clock){.mono_us = INT64_MAX});
    EXPECT(WITH(dispatch, w.decided_us = g.clock.mono_us), 0);  // it was ours all the time
    ls_guard_own(g.state, LS_OWNER_UNKNOWN, &g.clock);
    EXPECT(guard_case_dispatch(&g), 17);
}

static void test_27_heartbeat_out(void) {
    begin();
    g.state->line.beat_sent_us = g.clock.mono_us - 5 * SECOND;
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->line.beat_sent_us--;
    EXPECT(guard_case_dispatch(&g), 27);
    g.state->line.beat_sent_us = g.clock.mono_us + 1;
    EXPECT(guard_case_dispatch(&g), 27);
    g.state->line.beat_sent_us = LS_GUARD_UNKNOWN;
    EXPECT(guard_case_dispatch(&g), 27);
    g.state->line.beat_sent_us = g.clock.mono_us;
    g.state->line.beat_heard = false;
    EXPECT(guard_case_dispatch(&g), 27);
}

static void test_28_heartbeat_in(void) {
    begin();
    g.state->line.beat_in_us = g.clock.mono_us - 5 * SECOND;  // at exactly t alive
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->line.beat_in_us--;
    EXPECT(guard_case_dispatch(&g), 28);
    g.state->line.beat_in_us = LS_GUARD_UNKNOWN;
    EXPECT(guard_case_dispatch(&g), 28);
}

static void test_29_fallback(void) {
    begin();
    g.state->line.fallback_ready = false;
    EXPECT(guard_case_dispatch(&g), 29);
}

static void test_30_re_engage(void) {
    begin();
    ls_guard_note_healthy(g.state, &g.clock);  // since long, not since now
    EXPECT(guard_case_dispatch(&g), 0);
    ls_guard_note_trip(g.state, &g.clock);
    EXPECT(guard_case_dispatch(&g), 30);
    ls_guard_note_unhealthy(g.state, &g.clock);  // it is not: nothing changes
    ls_guard_clock then = g.clock;
    then.mono_us -= 10 * SECOND;
    ls_guard_note_healthy(g.state, &then);
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->healthy_since_us++;
    EXPECT(guard_case_dispatch(&g), 30);
    g.state->healthy_since_us = g.clock.mono_us + 1;  // since a moment that is to come
    EXPECT(guard_case_dispatch(&g), 30);
    then.mono_us = 0;
    for (int i = 0; i < 2; i++) {
        ls_guard_note_trip(g.state, &g.clock);
        ls_guard_note_healthy(g.state, &then);
    }
    EXPECT(guard_case_dispatch(&g), 30);  // the third trip of the day latches
    CHECK(!ls_guard_reset_trips(g.state, LS_ROLE_VIEWER));
    CHECK(ls_guard_reset_trips(g.state, LS_ROLE_OPERATOR));
    EXPECT(guard_case_dispatch(&g), 0);
}

static void test_30_the_first_time_it_need_not_wait(void) {
    begin();
    g.state->healthy_since_us = g.clock.mono_us;
    EXPECT(guard_case_dispatch(&g), 0);
    ls_guard_note_unhealthy(g.state, &g.clock);
    EXPECT(guard_case_dispatch(&g), 30);
    ls_guard_note_healthy(g.state, &g.clock);
    EXPECT(guard_case_dispatch(&g), 30);  // again: only after two heartbeats
    g.state->unhealthy_us = g.clock.wall_us - LS_GUARD_DAY_US + 1;
    EXPECT(guard_case_dispatch(&g), 30);
    g.state->unhealthy_us--;  // a day ago
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->unhealthy_us = g.clock.wall_us + 3600 * SECOND;  // the clock was set back
    EXPECT(guard_case_dispatch(&g), 30);
}

static void test_30_trips_of_yesterday_do_not_count(void) {
    begin();
    ls_guard_clock then = g.clock;
    then.wall_us -= LS_GUARD_DAY_US;
    for (int i = 0; i < LS_GUARD_TRIPS + 3; i++) {
        ls_guard_note_trip(g.state, &then);
    }
    CHECK(g.state->latched);
    ls_guard_reset_trips(g.state, LS_ROLE_OPERATOR);
    ls_guard_note_trip(g.state, &then);
    ls_guard_note_trip(g.state, &then);
    ls_guard_note_trip(g.state, &g.clock);
    CHECK(!g.state->latched);
    ls_guard_note_trip(g.state, &g.clock);
    ls_guard_note_trip(g.state, &g.clock);
    CHECK(g.state->latched);
    // One microsecond less than a day ago, and two more.
    begin();
    then.wall_us = g.clock.wall_us - LS_GUARD_DAY_US + 1;
    ls_guard_note_trip(g.state, &then);
    ls_guard_note_trip(g.state, &g.clock);
    CHECK(!g.state->latched);
    ls_guard_note_trip(g.state, &g.clock);
    CHECK(g.state->latched);
    begin();  // in the future, after the clock was set back
    then.wall_us = g.clock.wall_us + LS_GUARD_DAY_US;
    ls_guard_note_trip(g.state, &then);
    ls_guard_note_trip(g.state, &then);
    ls_guard_note_trip(g.state, &g.clock);
    CHECK(g.state->latched);
}

static void test_31_one_writer(void) {
    begin();
    g.state->line.line_epoch = 8;        // a newer one
    EXPECT(guard_case_dispatch(&g), 0);  // this line keeps none
    g.limits->line_has_epoch = true;
    EXPECT(guard_case_dispatch(&g), 31);
    g.state->line.line_epoch = 7;
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->line.lease_until_us = g.clock.mono_us;
    EXPECT(guard_case_dispatch(&g), 31);
    g.state->line.lease_until_us++;
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->line.lease_held = false;
    EXPECT(guard_case_dispatch(&g), 31);
    EXPECT(guard_case_stop(&g), 31);
    g.state->line.lease_held = true;
    g.state->line.epoch = UINT32_MAX;  // of the writer or of the line: no wrap
    g.state->line.line_epoch = UINT32_MAX;
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->line.epoch = 0;
    EXPECT(guard_case_dispatch(&g), 31);
    g.state->line.epoch = UINT32_MAX;
    g.state->line.lease_until_us = LS_GUARD_UNKNOWN;
    EXPECT(guard_case_dispatch(&g), 31);
}

static void test_17_decided_at_the_moment_it_came_back(void) {
    begin();
    const int64_t since = guard_case_dispatch(&g).decided_us;
    ls_guard_own(g.state, LS_OWNER_LOCAL, &g.clock);
    ls_guard_own(g.state, LS_OWNER_US, &(ls_guard_clock){.mono_us = since});
    EXPECT(guard_case_dispatch(&g), 0);  // equal passes
    EXPECT(WITH(dispatch, w.decided_us = since - 1), 17);
    EXPECT(WITH(dispatch, w.decided_us = INT64_MIN), 17);
    EXPECT(guard_case_stop(&g), 0);
    ls_guard_own(g.state, LS_OWNER_LOCAL, &g.clock);  // local wins at once, also over a stop
    EXPECT(guard_case_stop(&g), 17);
}

static void test_27_and_28_with_clocks_that_step(void) {
    begin();
    g.state->line.beat_in_us = g.clock.mono_us + 1;  // after now
    EXPECT(guard_case_dispatch(&g), 28);
    g.state->line.beat_in_us = INT64_MAX;
    EXPECT(guard_case_dispatch(&g), 28);
    g.state->line.beat_in_us = INT64_MIN + 1;
    EXPECT(guard_case_dispatch(&g), 28);
    g.state->line.beat_in_us = g.clock.mono_us;
    g.state->line.beat_sent_us = INT64_MAX;
    EXPECT(guard_case_dispatch(&g), 27);
    g.state->line.beat_sent_us = INT64_MIN + 1;
    EXPECT(guard_case_dispatch(&g), 27);
    g.state->line.beat_sent_us = g.clock.mono_us;
    EXPECT(guard_case_dispatch(&g), 0);
    EXPECT(guard_case_stop(&g), 0);
    g.state->line.beat_in_us -= 5 * SECOND + 1;  // a stop waits for a line that is there as well
    EXPECT(guard_case_stop(&g), 28);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_17_mode);
    TEST(test_17_decided_at_the_moment_it_came_back);
    TEST(test_27_heartbeat_out);
    TEST(test_28_heartbeat_in);
    TEST(test_27_and_28_with_clocks_that_step);
    TEST(test_29_fallback);
    TEST(test_30_re_engage);
    TEST(test_30_the_first_time_it_need_not_wait);
    TEST(test_30_trips_of_yesterday_do_not_count);
    TEST(test_31_one_writer);
    return harness_report();
}
