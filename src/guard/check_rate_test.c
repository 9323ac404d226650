// check_rate_test.c - boundary cases of guards 2, 4, 5, 6, 33 and 34.
#include <math.h>

#include "guard/testing/check_expect.h"
#include "tests/harness.h"

static void test_2_rate_of_change(void) {
    begin();
    verified_ago(4.0);  // 0.5 a second: 2
    EXPECT(coolant(22.0), 0);
    EXPECT(coolant(nextafter(22.0, 99.0)), 2);
    EXPECT(coolant(18.0), 0);
    EXPECT(coolant(17.9), 2);
    verified_ago(0.0);
    EXPECT(coolant(20.0), 0);
    EXPECT(coolant(nextafter(20.0, 99.0)), 2);
    verified_ago(-1.0);  // the clock went back
    EXPECT(coolant(20.0), 2);
    g.limit_list[1].high = 0.05;
    verified_ago(3600.0);  // capped at a minute: 3
    EXPECT(coolant(23.0), 0);
    EXPECT(coolant(nextafter(23.0, 99.0)), 2);
    verified_ago(60.0);  // exactly the cap
    EXPECT(coolant(23.0), 0);
    EXPECT(coolant(nextafter(23.0, 99.0)), 2);
    verified_ago(59.999999);
    EXPECT(coolant(23.0), 2);
    verified_ago(-0.000001);
    EXPECT(coolant(20.0), 2);
    g.state->values[0].verified_us = INT64_MIN + 1;  // long ago: as a minute
    EXPECT(coolant(23.0), 0);
    EXPECT(coolant(nextafter(23.0, 99.0)), 2);
    g.state->values[0].verified_us = INT64_MAX;
    EXPECT(coolant(20.0), 2);
    g.state->values[0].verified_us = LS_GUARD_UNKNOWN;
    EXPECT(coolant(20.0), 2);
    g.state->values[0].verified_us = g.clock.line_us;
    g.state->values[0].verified = NAN;
    EXPECT(coolant(20.0), 2);
}

static void sent_coolant(double from, double to, double seconds_ago) {
    ls_guard_clock then = g.clock;
    then.line_us -= (int64_t)(seconds_ago * 1e6);
    g.state->values[0].current.value = from;
    ls_command c = coolant(to);
    c.sequence = 1;
    ls_guard_note_sent(g.state, &c, &then);
    g.state->targets[CASE_COOLANT].pending.open = false;
    g.state->values[0].current.value = 20.0;
}

static void test_4_moving_budget(void) {
    begin();
    sent_coolant(20.0, 23.0, 599.0);
    sent_coolant(23.0, 20.0, 31.0);  // 6 of 8 are spent
    EXPECT(coolant(22.0), 0);
    EXPECT(coolant(nextafter(22.0, 99.0)), 4);
    g.limit_list[2].machine = CASE_GRIND;  // its step is limited by nothing, nor known
    g.state->values[0].current.value = NAN;
    EXPECT(coolant(20.0), 4);
    begin();
    sent_coolant(20.0, 25.0, 600.0);  // exactly at t - w: out
    EXPECT(coolant(24.0), 0);
    begin();
    sent_coolant(20.0, 25.0, 599.999999);
    EXPECT(coolant(24.0), 4);
    begin();
    sent_coolant(20.0, 25.0, -10.0);  // the clock went back: it still counts
    g.limit_list[5].window_us = -1000 * SECOND;
    EXPECT(coolant(24.0), 4);
    EXPECT(coolant(23.0), 0);
    begin();
    sent_coolant(NAN, 22.0, 31.0);  // how much it changed is unknown: it cannot be counted
    CHECK_NEAR(g.state->windows[3].changes[0].amount, 0.0, 0.0);
    begin();  // more than can be remembered
    for (int i = 0; i < LS_GUARD_CHANGES; i++) {
        sent_coolant(20.0, 20.0, 100.0);
    }
    EXPECT(coolant(20.0), 4);
    begin();
    for (int i = 0; i <= LS_GUARD_CHANGES; i++) {
        sent_coolant(20.0, 20.0, 700.0);
    }
    EXPECT(coolant(20.0), 0);
}

static void test_5_command_frequency(void) {
    begin();
    sent_dispatch(299.0);
    sent_dispatch(200.0);
    EXPECT(guard_case_dispatch(&g), 0);  // the third
    // Refused ones do not count.
    for (int i = 0; i < 5; i++) {
        ls_command c = WITH(dispatch, w.certainty = 0.0; w.id[0] = (char)('e' + i));
        CHECK_INT(check(&c), 9);
        ls_guard_note_id(g.state, &c, LS_COMMAND_REFUSED, 9);
    }
    EXPECT(guard_case_dispatch(&g), 0);
    sent_dispatch(100.0);
    EXPECT(guard_case_dispatch(&g), 5);  // the fourth
    begin();
    sent_dispatch(300.0);  // out
    sent_dispatch(200.0);
    sent_dispatch(100.0);
    EXPECT(guard_case_dispatch(&g), 0);
    begin();
    sent_dispatch(299.999999);  // in
    sent_dispatch(200.0);
    sent_dispatch(100.0);
    EXPECT(guard_case_dispatch(&g), 5);
    begin();
    g.limit_list[5].window_us = 0;
    for (int i = 0; i < 3; i++) {
        sent_dispatch(-3600.0);  // the clock went back: they still count
        g.state->targets[CASE_GRIND].changed_us = LS_GUARD_UNKNOWN;
    }
    EXPECT(guard_case_dispatch(&g), 5);
    EXPECT(guard_case_stop(&g), 0);
    begin();
    sent_dispatch(200.0);
    sent_dispatch(100.0);
    for (int i = 0; i < 5; i++) {  // more than are remembered
        sent_dispatch(50.0);
    }
    EXPECT(guard_case_dispatch(&g), 5);
    // Only releases are counted by the limit of releases.
    EXPECT(guard_case_release(&g), 0);
    for (int i = 0; i < 5; i++) {
        ls_guard_clock then = g.clock;
        then.line_us -= 1000 * SECOND;
        ls_command c = WITH(release, w.sequence = 1);
        ls_guard_note_sent(g.state, &c, &then);
        g.state->targets[3].pending.open = false;
    }
    EXPECT(guard_case_release(&g), 5);
}

static void test_6_minimum_dwell(void) {
    begin();
    sent_dispatch(30.0);
    EXPECT(guard_case_dispatch(&g), 0);  // equal passes
    begin();
    sent_dispatch(29.999999);
    EXPECT(guard_case_dispatch(&g), 6);
    EXPECT(guard_case_maintain(&g), 6);  // the same machine
    EXPECT(guard_case_setpoint(&g), 0);  // another target
    EXPECT(guard_case_stop(&g), 0);
    begin();
    ls_command stop = guard_case_stop(&g);  // is no change
    ls_guard_note_sent(g.state, &stop, &g.clock);
    CHECK(g.state->targets[CASE_GRIND].changed_us == LS_GUARD_UNKNOWN);
    CHECK_INT(g.state->windows[4].count, 0);
    begin();
    sent_dispatch(-0.000001);  // the clock went back
    EXPECT(guard_case_dispatch(&g), 6);
    g.state->targets[CASE_GRIND].changed_us = INT64_MAX;
    EXPECT(guard_case_dispatch(&g), 6);
    g.state->targets[CASE_GRIND].changed_us = INT64_MIN + 1;
    EXPECT(guard_case_dispatch(&g), 0);
}

static void test_6_restart_restores_dwell_from_the_journal(void) {
    begin();
    ls_guard_clock then = g.clock;
    then.line_us -= 10 * SECOND;
    ls_command journalled = WITH(dispatch, w.sequence = 3);
    guard_case_again(&g);  // the process starts again
    ls_guard_note_sent(g.state, &journalled, &then);
    g.state->targets[CASE_GRIND].pending.open = false;
    EXPECT(guard_case_dispatch(&g), 6);
    EXPECT(WITH(dispatch, w.sequence = 3), 22);
}

static ls_guard_finding together(const ls_command *commands, uint32_t count, uint32_t *index) {
    ls_guard_finding out;
    ls_guard_check_together(g.limits, g.state, commands, count, &g.clock, &out, index);
    return out;
}

static ls_command release_b(const char *id) {
    ls_command c = WITH(release, set(w.point, "keep gear-b"); set(w.target, "gear-b");
                        set(w.argument, "gear-b"));
    set(c.id, id);
    return c;
}

static void test_33_combined_effect(void) {
    begin();
    uint32_t index = 99;
    ls_command c[LS_GUARD_BATCH + 1] = {guard_case_dispatch(&g), guard_case_setpoint(&g),
                                        guard_case_release(&g)};
    set(c[1].id, "d-1-2");
    set(c[2].id, "d-1-3");
    CHECK_INT(together(c, 3, &index).guard, 0);
    CHECK_INT(index, 3);
    CHECK_INT(together(c, 0, &index).guard, 0);
    CHECK_INT(together(c, LS_GUARD_BATCH + 1, &index).guard, 33);
    c[1].certainty = 0.0;  // one that fails by itself
    CHECK_INT(together(c, 3, &index).guard, 9);
    CHECK_INT(index, 1);
    c[1] = guard_case_setpoint(&g);  // the same id
    CHECK_INT(together(c, 2, &index).guard, 33);
    c[1] = guard_case_maintain(&g);  // the same target
    set(c[1].id, "d-1-2");
    CHECK_INT(together(c, 2, &index).guard, 33);
    // Each alone, but not the sum: gear-b counts four lots, gear-a one, twelve fit.
    g.releases[0].pool = false;
    ls_guard_hear_released(g.state, "M1");
    ls_guard_hear_released(g.state, "M2");
    ls_guard_hear_released(g.state, "M3");
    c[0] = guard_case_release(&g);
    c[1] = release_b("d-1-2");
    EXPECT(c[0], 0);
    EXPECT(c[1], 0);
    const ls_guard_finding out = together(c, 2, &index);
    CHECK_INT(out.guard, 33);
    CHECK_INT(index, 1);
    CHECK_STR(out.reason, "together they are too many lots");
}

static void test_33_sums_over_limits(void) {
    begin();
    uint32_t index = 0;
    // Five releases in an hour: four are gone, two more are one too many.
    for (int i = 0; i < 4; i++) {
        ls_guard_clock then = g.clock;
        then.line_us -= 1000 * SECOND;
        ls_command sent = WITH(release, w.sequence = 1);
        ls_guard_note_sent(g.state, &sent, &then);
        g.state->targets[3].pending.open = false;
    }
    ls_command c[2] = {guard_case_release(&g), release_b("d-1-2")};
    EXPECT(c[0], 0);
    EXPECT(c[1], 0);
    CHECK_INT(together(c, 2, &index).guard, 33);
    g.limit_list[6].count = 6;  // exactly as many as there may be
    CHECK_INT(together(c, 2, &index).guard, 0);
    g.limit_list[6].count = 5;
    // A budget counts what moves, nothing else.
    c[0] = guard_case_dispatch(&g);
    c[1] = WITH(setpoint, set(w.id, "d-1-2"));
    CHECK_INT(together(c, 2, &index).guard, 0);
    g.limit_list[3].measured = LS_NONE;  // of everything: 2 of coolant, 0 of a dispatch
    CHECK_INT(together(c, 2, &index).guard, 0);
    // A stop beside it does not count.
    g.limit_list[4].machine = LS_NONE;
    g.limit_list[4].count = 1;
    guard_case_again(&g);
    c[0] = WITH(stop, set(w.id, "d-1-3"));
    CHECK_INT(together(c, 2, &index).guard, 0);
    c[0] = guard_case_setpoint(&g);
    c[1] = WITH(stop, set(w.id, "d-1-3"));
    CHECK_INT(together(c, 2, &index).guard, 0);
    // A lot for two machines.
    g.points[4].mode = LS_MODE_AUTO;
    g.points[4].station = 1;
    g.stations[0].machine_count = 1;
    g.stations[1].machine_at = 1;
    g.stations[1].machine_count = 2;
    g.limit_list[4].count = 9;
    guard_case_again(&g);
    c[0] = guard_case_dispatch(&g);
    c[1] = WITH(dispatch, set(w.id, "d-1-2"); set(w.target, "mill-2"); set(w.device, "mill-2"));
    EXPECT(c[1], 0);
    CHECK_INT(together(c, 2, &index).guard, 33);
    set(c[1].argument, "L1 pure");
    CHECK_INT(together(c, 2, &index).guard, 33);
    set(c[1].argument, "L2");
    CHECK_INT(together(c, 2, &index).guard, 0);
    c[0].argument[0] = c[1].argument[0] = '\0';  // two choices taken back
    CHECK_INT(together(c, 2, &index).guard, 0);
}

static void alarms(int count, double seconds_ago) {
    ls_guard_clock then = g.clock;
    then.mono_us -= (int64_t)(seconds_ago * 1e6);
    for (int i = 0; i < count; i++) {
        ls_guard_note_alarm(g.state, &then);
    }
}

static void test_34_alarm_rate(void) {
    begin();
    alarms(10, 599.999999);
    EXPECT(guard_case_dispatch(&g), 0);  // no flood
    alarms(1, 600.0);                    // out
    EXPECT(guard_case_dispatch(&g), 0);
    alarms(1, 599.999999);
    EXPECT(guard_case_dispatch(&g), 34);
    EXPECT(guard_case_stop(&g), 0);
    alarms(LS_GUARD_ALARMS, 1.0);
    CHECK_INT(g.state->alarm_count, LS_GUARD_ALARMS);
    EXPECT(guard_case_dispatch(&g), 34);
}

// What a window holds comes out again, in the order in which it was noted, once.
static void test_4_changes_come_out_in_order(void) {
    begin();
    ls_guard_change change = {0};
    CHECK(!ls_guard_change_after(g.state, 0, &change));
    ls_guard_note_change(g.state, g.limits->target_count, LS_COMMAND_SETPOINT, 1, 1.0);
    CHECK(!ls_guard_change_after(g.state, 0, &change));
    CHECK_INT(g.state->change_count, 0);
    for (uint32_t i = 0; i < 40; i++) {
        ls_guard_note_change(g.state, i % 2 == 0 ? CASE_COOLANT : CASE_GRIND,
                             i % 2 == 0 ? LS_COMMAND_SETPOINT : LS_COMMAND_DISPATCH, i,
                             i % 2 == 0 ? -(double)i : 0.0);
    }
    uint64_t last = 0;
    uint32_t coolants = 0, grinds = 0;
    while (ls_guard_change_after(g.state, last, &change)) {
        CHECK(change.order > last);
        CHECK_INT(change.at_us, (int64_t)change.order - 1);
        CHECK(change.amount == (change.target == CASE_COOLANT ? (double)change.at_us : 0.0));
        coolants += change.target == CASE_COOLANT;
        grinds += change.target == CASE_GRIND;
        last = change.order;
    }
    CHECK_INT(coolants, 20);           // all that the budget counts
    CHECK(grinds > 0 && grinds < 20);  // as many as the frequency needs
    CHECK_INT(change.order, 40);
}

static void test_4_an_unknown_change_is_none(void) {
    begin();
    ls_command c = guard_case_setpoint(&g);
    CHECK(ls_guard_change_of(g.state, &c) == 2.0);
    c.number = 18.0;
    CHECK(ls_guard_change_of(g.state, &c) == 2.0);
    ls_guard_forget(g.state, LS_NONE);
    CHECK(ls_guard_change_of(g.state, &c) == 0.0);
    c = guard_case_dispatch(&g);
    CHECK(ls_guard_change_of(g.state, &c) == 0.0);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_2_rate_of_change);
    TEST(test_4_moving_budget);
    TEST(test_5_command_frequency);
    TEST(test_6_minimum_dwell);
    TEST(test_6_restart_restores_dwell_from_the_journal);
    TEST(test_33_combined_effect);
    TEST(test_33_sums_over_limits);
    TEST(test_34_alarm_rate);
    TEST(test_4_changes_come_out_in_order);
    TEST(test_4_an_unknown_change_is_none);
    return harness_report();
}
