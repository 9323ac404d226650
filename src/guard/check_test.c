// check_test.c - the boundary cases of the 35 guards, one test for each guard.
#include "guard/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "guard/testing/guard_case.h"
#include "tests/harness.h"

static guard_case g;

static uint32_t check(const ls_command *command) {
    ls_guard_finding out;
    ls_guard_check(g.limits, g.state, command, &g.clock, &out);
    if (out.guard != 0) {
        CHECK(out.reason[0] != '\0');
        CHECK(out.reason_ko[0] != '\0');
    } else {
        CHECK_STR(out.reason, "");
    }
    return out.guard;
}

static void expect(ls_command command, uint32_t guard, int line) {
    const uint32_t found = check(&command);
    if (found != guard) {
        harness_note("line %d", line);
        CHECK_INT(found, guard);
    }
}
#define EXPECT(command, guard) expect((command), (guard), __LINE__)

// A good command with one thing changed: `WITH(dispatch, w.sequence = 3)`.
#define WITH(kind, change)                    \
    ({                                        \
        ls_command w = guard_case_##kind(&g); \
        change;                               \
        w;                                    \
    })

static void set(char *field, const char *text) {
    memcpy(field, text, strlen(text) + 1);
}

static ls_command coolant(double value) {
    ls_command c = guard_case_setpoint(&g);
    ls_text_format(c.argument, sizeof c.argument, "coolant=%.17g", value);
    c.number = value;
    return c;
}

static void begin(void) {
    guard_case_clear(&g);
    guard_case_init(&g);
}

static void test_good_commands_may_go(void) {
    begin();
    EXPECT(guard_case_dispatch(&g), 0);
    EXPECT(guard_case_setpoint(&g), 0);
    EXPECT(guard_case_release(&g), 0);
    EXPECT(guard_case_maintain(&g), 0);
    EXPECT(guard_case_stop(&g), 0);
}

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
}

static ls_command hold(const char *span, bool automatic) {
    ls_command c = automatic ? guard_case_dispatch(&g) : guard_case_maintain(&g);
    c.kind = LS_COMMAND_HOLD;
    set(c.point, "dispatch grind");
    set(c.argument, span);
    return c;
}

static void test_1_arguments(void) {
    begin();
    EXPECT(hold("24 h", true), 0);
    EXPECT(hold("0", true), 0);
    EXPECT(hold("1441 min", true), 1);
    EXPECT(hold("soon", true), 1);
    EXPECT(hold("", true), 1);
    EXPECT(hold("", false), 0);
    EXPECT(WITH(maintain, set(w.argument, "spindle")), 1);  // a failure is no maintenance
    EXPECT(WITH(maintain, set(w.argument, "oil")), 1);      // of no machine of this station
    EXPECT(WITH(release, set(w.argument, "gear-b")), 1);
    EXPECT(WITH(stop, set(w.argument, "now")), 1);
}

// The coolant was read back at 20 so many seconds of line time ago.
static void verified_ago(double seconds) {
    g.state->values[0].verified_us = g.clock.line_us - (int64_t)(seconds * 1e6);
}

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
    EXPECT(coolant(23.1), 2);
    g.state->values[0].verified_us = LS_GUARD_UNKNOWN;
    EXPECT(coolant(20.0), 2);
    g.state->values[0].verified_us = g.clock.line_us;
    g.state->values[0].verified = NAN;
    EXPECT(coolant(20.0), 2);
}

static void test_3_step_size(void) {
    begin();
    EXPECT(coolant(25.0), 0);
    EXPECT(coolant(nextafter(25.0, 99.0)), 3);
    EXPECT(coolant(15.0), 0);
    EXPECT(coolant(14.9), 3);
    g.limit_list[2].machine = CASE_GRIND;  // of another target
    EXPECT(coolant(25.1), 0);
    g.limit_list[2].machine = LS_NONE;
    g.state->values[0].current.value = NAN;
    EXPECT(coolant(20.0), 3);
    g.state->values[0].current.vouched_us = g.clock.line_us - 31 * SECOND;  // stale
    EXPECT(coolant(20.0), 7);
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
    EXPECT(coolant(22.1), 4);
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

static void sent_dispatch(double seconds_ago) {
    ls_guard_clock then = g.clock;
    then.line_us -= (int64_t)(seconds_ago * 1e6);
    ls_command c = guard_case_dispatch(&g);
    c.sequence = 1;
    ls_guard_note_sent(g.state, &c, &then);
    g.state->targets[CASE_GRIND].pending.open = false;
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
    c = guard_case_release(&g);
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    CHECK(!out.by_arrival);
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
    g.state->machines[CASE_GRIND].state.quality = LS_GUARD_QUALITY_UNCERTAIN;
    EXPECT(guard_case_dispatch(&g), 0);
}

static void test_9_twin_in_step(void) {
    begin();
    EXPECT(WITH(dispatch, w.certainty = 0.8), 0);
    EXPECT(WITH(dispatch, w.certainty = nextafter(0.8, 0.0)), 9);
    EXPECT(WITH(dispatch, w.certainty = NAN), 9);
    EXPECT(WITH(dispatch, w.in_step_us = 60 * SECOND), 0);
    EXPECT(WITH(dispatch, w.in_step_us = 60 * SECOND - 1), 9);
    EXPECT(WITH(dispatch, w.in_step_us = 0), 9);  // one sample above resets it
}

static void test_10_inside_the_model(void) {
    begin();
    EXPECT(WITH(dispatch, w.certainty = 1.0), 0);
    EXPECT(WITH(dispatch, w.certainty = nextafter(1.0, 2.0)), 10);
    EXPECT(WITH(dispatch, w.gain_low = NAN), 10);
    EXPECT(WITH(dispatch, w.gain_low = INFINITY), 10);
    g.plant.decide.guards.certainty_min = -1.0;
    EXPECT(WITH(dispatch, w.certainty = -0.5), 10);
}

static void test_11_claim(void) {
    begin();
    EXPECT(WITH(dispatch, w.gain_low = 1.0), 0);  // equal to the least
    EXPECT(WITH(dispatch, w.gain_low = nextafter(1.0, 0.0)), 11);
    EXPECT(WITH(dispatch, w.gain_min = 0.0; w.gain_low = 0.5), 0);  // the plant file's
    EXPECT(WITH(dispatch, w.gain_min = 0.0; w.gain_low = 0.4), 11);
    EXPECT(WITH(setpoint, w.gain_min = 0.0; w.gain_low = 0.0), 11);
    EXPECT(WITH(setpoint, w.gain_min = NAN; w.gain_low = 0.1), 0);
    EXPECT(WITH(dispatch, w.claim_futures = LS_GUARD_FUTURES_MIN), 0);
    EXPECT(WITH(dispatch, w.claim_futures = LS_GUARD_FUTURES_MIN - 1), 11);
}

static void test_12_deadline(void) {
    begin();
    EXPECT(WITH(dispatch, w.deadline_us = w.decided_us), 0);
    EXPECT(WITH(dispatch, w.deadline_us = w.decided_us - 1), 12);
    EXPECT(WITH(dispatch, w.decided_us = g.clock.mono_us), 0);
    EXPECT(WITH(dispatch, w.decided_us = g.clock.mono_us + 1; w.deadline_us = INT64_MAX), 12);
}

static void test_13_state_binding(void) {
    begin();
    EXPECT(WITH(dispatch, w.state_now = 42), 13);  // a lot moved in between
    EXPECT(WITH(dispatch, w.state_now = w.state_version = 0), 13);
}

static void hear_condition(uint32_t condition, double value) {
    const ls_guard_heard heard = guard_case_heard(&g, value);
    ls_guard_hear_condition(g.state, condition, &heard);
}

static void test_14_permissive(void) {
    begin();
    EXPECT(guard_case_dispatch(&g), 0);
    hear_condition(1, 0.0);  // false between check and send
    ls_command c = guard_case_dispatch(&g);
    ls_guard_finding out;
    g.state->journal_id = ls_guard_hash(c.id);
    ls_guard_check_send(g.limits, g.state, &c, &g.clock, &out);
    CHECK_INT(out.guard, 14);
    EXPECT(guard_case_release(&g), 14);  // it is of every command
    EXPECT(guard_case_stop(&g), 0);      // not of a stop
    hear_condition(1, 1.0);
    hear_condition(2, 0.0);  // of another machine
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->conditions[1].heard.vouched_us = g.clock.line_us - 30 * SECOND;
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->conditions[1].heard.vouched_us--;  // stale
    EXPECT(guard_case_dispatch(&g), 14);
    g.state->conditions[1].heard.vouched_us = g.clock.line_us + 2 * SECOND + 1;
    EXPECT(guard_case_dispatch(&g), 14);
    g.state->conditions[1].heard.vouched_us = LS_GUARD_UNKNOWN;
    EXPECT(guard_case_dispatch(&g), 14);
    hear_condition(1, 1.0);
    g.state->conditions[1].heard.quality = LS_GUARD_QUALITY_BAD;
    EXPECT(guard_case_dispatch(&g), 14);
}

static void test_15_interlock(void) {
    begin();
    hear_condition(0, 1.0);
    EXPECT(guard_case_dispatch(&g), 15);
    EXPECT(guard_case_release(&g), 0);  // it is of the grinder
    EXPECT(guard_case_stop(&g), 0);
    CHECK(!ls_guard_rearm(g.state, 0, LS_NONE, LS_ROLE_OPERATOR));  // still active
    hear_condition(0, 0.0);                                         // clearing does not resume
    EXPECT(guard_case_dispatch(&g), 15);
    CHECK(!ls_guard_rearm(g.state, 0, LS_NONE, LS_ROLE_VIEWER));
    CHECK(ls_guard_rearm(g.state, 0, LS_NONE, LS_ROLE_OPERATOR));
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->conditions[0].heard.quality = LS_GUARD_QUALITY_UNCERTAIN;
    EXPECT(guard_case_dispatch(&g), 15);
    CHECK(!ls_guard_rearm(g.state, 0, LS_NONE, LS_ROLE_ENGINEER));  // nobody knows
    g.conditions[0].machine = 0;  // of a mill: this one is not concerned
    EXPECT(guard_case_dispatch(&g), 0);
}

static uint32_t at_state(ls_command c, double state) {
    g.state->machines[CASE_GRIND].state.value = state;
    return check(&c);
}

static void test_16_packml_state(void) {
    begin();
    // 1 clearing .. 17 complete; x: taken
    static const char *const taken[] = {
        "..xxxx....x....xx",  // dispatch
        "...xxx....x.....x",  // hold
        "..xxxx....x....xx",  // maintain
        "..xxxx...xxxxxxxx",  // stop
        ".x.x.............",  // start
    };
    for (int state = 1; state <= 17; state++) {
        ls_command start = WITH(stop, w.kind = LS_COMMAND_START);
        const ls_command commands[] = {guard_case_dispatch(&g), hold("1 min", true),
                                       guard_case_maintain(&g), guard_case_stop(&g), start};
        for (int k = 0; k < 5; k++) {
            harness_note("command %d in state %d", k, state);
            CHECK_INT(at_state(commands[k], state), taken[k][state - 1] == 'x' ? 0 : 16);
        }
    }
    const double unknown[] = {0.0, 18.0, 6.5, NAN, -1.0, 1e300};
    for (int i = 0; i < 6; i++) {
        CHECK_INT(at_state(guard_case_dispatch(&g), unknown[i]), 16);
    }
}

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

static void test_18_operator_hold(void) {
    begin();
    CHECK(!ls_guard_hold_put(g.state, "dispatch grind", "eve", LS_ROLE_VIEWER));
    CHECK(ls_guard_hold_put(g.state, "coolant", "kim", LS_ROLE_OPERATOR));
    EXPECT(guard_case_dispatch(&g), 0);
    EXPECT(guard_case_setpoint(&g), 18);
    CHECK(ls_guard_hold_put(g.state, "", "lee", LS_ROLE_ENGINEER));
    EXPECT(guard_case_dispatch(&g), 18);
    CHECK(!ls_guard_hold_lift(g.state, "", LS_ROLE_OPERATOR));
    EXPECT(guard_case_dispatch(&g), 18);
    CHECK(ls_guard_hold_lift(g.state, "", LS_ROLE_ENGINEER));
    EXPECT(guard_case_dispatch(&g), 0);
    CHECK(ls_guard_hold_put(g.state, "coolant", "lee", LS_ROLE_ENGINEER));  // it is hers now
    CHECK(ls_guard_hold_put(g.state, "coolant", "kim", LS_ROLE_OPERATOR));
    CHECK(!ls_guard_hold_lift(g.state, "coolant", LS_ROLE_OPERATOR));
    CHECK_STR(g.state->holds[0].who, "lee");
    CHECK(ls_guard_hold_lift(g.state, "coolant", LS_ROLE_ENGINEER));
    CHECK(!ls_guard_hold_lift(g.state, "coolant", LS_ROLE_ENGINEER));
    EXPECT(guard_case_setpoint(&g), 0);
}

static void test_18_more_holds_than_room_hold_everything(void) {
    begin();
    for (int i = 0; i <= LS_GUARD_HOLDS; i++) {
        char point[32];
        ls_text_format(point, sizeof point, "point %d", i);
        CHECK(ls_guard_hold_put(g.state, point, "kim", LS_ROLE_OPERATOR));
    }
    EXPECT(guard_case_dispatch(&g), 18);
    CHECK(!ls_guard_hold_lift(g.state, "point 64", LS_ROLE_ENGINEER));
    CHECK(!ls_guard_hold_lift(g.state, "", LS_ROLE_OPERATOR));
    CHECK(ls_guard_hold_lift(g.state, "", LS_ROLE_ENGINEER));
    EXPECT(guard_case_dispatch(&g), 0);
}

static void test_19_authority(void) {
    begin();
    EXPECT(WITH(dispatch, set(w.target, "grind-2")), 19);
    EXPECT(WITH(dispatch, set(w.device, "mill-1")), 19);
    EXPECT(WITH(setpoint, set(w.target, "temperature")), 19);  // it has no setpoint
    EXPECT(WITH(dispatch, set(w.point, "dispatch")), 19);
    EXPECT(WITH(release, w.automatic = true), 19);  // its mode is approve
    EXPECT(WITH(release, w.approval_count = 0), 19);
    EXPECT(WITH(release, w.approvals[0].role = LS_ROLE_VIEWER), 19);
    EXPECT(WITH(release, w.approvals[0].who[0] = '\0'), 19);
    const int64_t now = g.clock.wall_us;
    ls_command c = WITH(release, w.approvals[0].at_us = now - 60 * SECOND + 1);
    c.decided_us -= 100 * SECOND;
    c.deadline_us = c.decided_us;
    EXPECT(c, 0);
    c.approvals[0].at_us = now - 60 * SECOND;  // equal to now: expired
    EXPECT(c, 19);
    c.approvals[0].at_us = now + 2 * SECOND;
    EXPECT(c, 0);
    c.approvals[0].at_us++;
    EXPECT(c, 19);
    // A person may also do what could go by itself.
    EXPECT(WITH(maintain, w.kind = LS_COMMAND_DISPATCH; set(w.point, "dispatch grind");
                set(w.argument, "L2")),
           0);
}

static void test_19_what_a_point_may_do(void) {
    begin();
    EXPECT(WITH(dispatch, set(w.point, "dispatch mill"); set(w.device, "mill-1");
                set(w.target, "mill-1"); set(w.argument, "L3")),
           19);  // watch
    EXPECT(WITH(dispatch, set(w.point, "batch mill"); set(w.device, "mill-1");
                set(w.target, "mill-1"); set(w.argument, "L3")),
           19);                                                 // advise
    EXPECT(WITH(dispatch, set(w.point, "dispatch mill")), 19);  // another station
    EXPECT(WITH(maintain, set(w.point, "dispatch grind")), 19);
    EXPECT(WITH(dispatch, set(w.point, "coolant")), 19);
    EXPECT(WITH(dispatch, set(w.point, "people")), 19);
    EXPECT(WITH(dispatch, set(w.point, "care")), 19);
    EXPECT(WITH(release, set(w.target, "gear-b"); set(w.argument, "gear-b")), 19);
    EXPECT(WITH(release, set(w.point, "keep gear-b"); set(w.target, "gear-b");
                set(w.argument, "gear-b")),
           0);
    EXPECT(WITH(dispatch, set(w.point, "release gear-a")), 19);
    g.points[2].measured = 0;
    EXPECT(guard_case_setpoint(&g), 19);
    g.points[3].station = 0;
    EXPECT(guard_case_maintain(&g), 19);
    EXPECT(WITH(stop, w.automatic = true), 19);
    EXPECT(WITH(stop, w.kind = LS_COMMAND_START; w.automatic = true), 19);
}

static void test_19_revoked_in_flight(void) {
    begin();
    ls_guard_clock then = g.clock;
    then.wall_us -= SECOND;
    ls_guard_revoke(g.state, "kim", &then);
    EXPECT(guard_case_release(&g), 0);  // approved after it
    ls_guard_revoke(g.state, "kim", &g.clock);
    CHECK_INT(g.state->revoked_count, 1);
    EXPECT(guard_case_release(&g), 19);
    ls_guard_revoke(g.state, "kim", &then);  // a clock set back revokes nothing less
    EXPECT(guard_case_release(&g), 19);
    EXPECT(WITH(release, set(w.approvals[0].who, "lee")), 0);
    for (int i = 0; i < LS_GUARD_REVOKED; i++) {
        char who[16];
        ls_text_format(who, sizeof who, "p%d", i);
        ls_guard_revoke(g.state, who, &g.clock);
    }
    EXPECT(WITH(release, set(w.approvals[0].who, "lee")), 19);  // more than are remembered
}

static ls_command two(const char *first, const char *second, int64_t apart_us) {
    ls_command c = guard_case_release(&g);
    c.decided_us -= 1000 * SECOND;
    c.deadline_us = c.decided_us;
    c.approval_count = 2;
    c.approvals[1] = c.approvals[0];
    set(c.approvals[0].who, first);
    set(c.approvals[1].who, second);
    c.approvals[0].at_us -= apart_us;
    return c;
}

static void test_20_two_persons(void) {
    begin();
    g.plant.decide.guards.two_persons = true;
    EXPECT(guard_case_release(&g), 20);
    EXPECT(guard_case_dispatch(&g), 0);  // nobody approves what goes by itself
    EXPECT(two("kim", "lee", 0), 0);
    EXPECT(two("kim", "kim", SECOND), 20);
    EXPECT(two("kim", "lee", 600 * SECOND), 0);
    EXPECT(two("kim", "lee", 600 * SECOND + 1), 20);
    ls_command c = two("kim", "lee", 600 * SECOND + 1);
    const ls_approval first = c.approvals[0];
    c.approvals[0] = c.approvals[1];  // the other way round
    c.approvals[1] = first;
    EXPECT(c, 20);
    c = two("kim", "lee", 0);
    c.approvals[1].role = LS_ROLE_VIEWER;
    EXPECT(c, 19);
    // Approved before it was edited.
    g.plant.decide.guards.two_persons = false;
    EXPECT(WITH(release, w.decided_us = g.clock.mono_us - SECOND / 20), 0);
    EXPECT(WITH(release, w.decided_us = g.clock.mono_us - SECOND / 20 + 1), 20);
    EXPECT(WITH(release, w.decided_us = INT64_MIN; w.deadline_us = INT64_MIN), 17);  // long before
}

static void test_21_idempotence(void) {
    begin();
    ls_command c = guard_case_dispatch(&g);
    ls_guard_finding out;
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    CHECK_INT(out.guard, 0);
    ls_guard_note_id(g.state, &c, LS_COMMAND_SENT, 0);
    ls_guard_note_id(g.state, &c, LS_COMMAND_ACKNOWLEDGED, 0);
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    CHECK_INT(out.guard, 21);
    CHECK(out.again);
    CHECK_INT(out.before, LS_COMMAND_ACKNOWLEDGED);
    set(c.argument, "L2");  // the same id, another body
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    CHECK_INT(out.guard, 21);
    CHECK(!out.again);
    set(c.id, "d-1-2");
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    CHECK_INT(out.guard, 0);
    EXPECT(WITH(dispatch, w.id[0] = '\0'), 21);
}

static void test_21_old_ids_give_way(void) {
    begin();
    ls_command c = guard_case_dispatch(&g);
    for (int i = 0; i <= LS_GUARD_IDS; i++) {
        ls_text_format(c.id, sizeof c.id, "d-%d", i);
        ls_guard_note_id(g.state, &c, LS_COMMAND_SENT, 0);
    }
    CHECK_INT(g.state->id_count, LS_GUARD_IDS);
    EXPECT(c, 21);
}

static void test_21_what_is_not_well_formed(void) {
    begin();
    const ls_command good = guard_case_release(&g);
    ls_command c;
#define FULL(field)                       \
    c = good;                             \
    memset(c.field, 'x', sizeof c.field); \
    EXPECT(c, 21)
    FULL(id);
    FULL(decision);
    FULL(point);
    FULL(device);
    FULL(argument);
    FULL(target);
    FULL(approvals[0].who);
    EXPECT(WITH(release, w.approval_count = 3), 21);
    EXPECT(WITH(release, w.approvals[0].role = (ls_role)LS_ROLE_COUNT), 21);
    EXPECT(WITH(release, w.kind = (ls_command_kind)LS_COMMAND_KIND_COUNT), 21);
    EXPECT(WITH(release, w.kind = (ls_command_kind)-1), 21);
    ls_guard_row rows[LS_GUARD_COUNT];
    ls_guard_explain(g.limits, g.state, &c, &g.clock, rows);
    CHECK_INT(rows[34].outcome, LS_GUARD_FAILED);
}

static void test_22_sequence(void) {
    begin();
    sent_dispatch(100.0);
    g.state->targets[CASE_GRIND].sequence = 5;
    EXPECT(guard_case_dispatch(&g), 22);  // again
    EXPECT(WITH(dispatch, w.sequence = 4), 22);
    EXPECT(WITH(dispatch, w.sequence = 9), 0);           // a gap is no step back
    g.state->targets[CASE_GRIND].sequence = UINT32_MAX;  // it does not begin again
    EXPECT(WITH(dispatch, w.sequence = 0), 22);
    EXPECT(WITH(dispatch, w.sequence = 1), 22);
    EXPECT(WITH(setpoint, w.sequence = 1), 0);
    EXPECT(WITH(setpoint, w.sequence = 0), 22);
}

static void test_23_write_ahead(void) {
    begin();
    ls_command c = guard_case_dispatch(&g);
    ls_guard_finding out;
    ls_guard_check_send(g.limits, g.state, &c, &g.clock, &out);
    CHECK_INT(out.guard, 23);
    g.state->journal_id = ls_guard_hash("d-1-2");
    ls_guard_check_send(g.limits, g.state, &c, &g.clock, &out);
    CHECK_INT(out.guard, 23);
    g.state->journal_id = ls_guard_hash("d-1-1");
    ls_guard_check_send(g.limits, g.state, &c, &g.clock, &out);
    CHECK_INT(out.guard, 0);
    g.state->journal_ready = false;
    EXPECT(guard_case_dispatch(&g), 23);
    EXPECT(guard_case_stop(&g), 23);
}

static void test_24_expiry(void) {
    begin();
    const int64_t now = g.clock.mono_us;
    EXPECT(WITH(dispatch, w.not_after_us = now + 1), 0);
    EXPECT(WITH(dispatch, w.not_after_us = now), 24);
    EXPECT(WITH(dispatch, w.not_after_us = now + 2 * SECOND), 0);
    EXPECT(WITH(dispatch, w.not_after_us = now + 2 * SECOND + 1), 24);
    EXPECT(WITH(dispatch, w.not_after_us = INT64_MIN), 24);
    g.clock.wall_us -= 5000 * SECOND;  // a step of the wall clock changes nothing
    EXPECT(guard_case_dispatch(&g), 0);
}

static ls_read_back read_at(double seconds, double value, ls_read_from from) {
    ls_guard_clock then = g.clock;
    then.mono_us += (int64_t)(seconds * 1e6);
    return ls_guard_read_back(g.state, CASE_COOLANT, &value, from, &then);
}

static void send_coolant(void) {
    begin();
    ls_command c = guard_case_setpoint(&g);
    ls_guard_note_sent(g.state, &c, &g.clock);
}

static void test_25_read_back(void) {
    send_coolant();
    CHECK_INT(read_at(0.1, 22.0, LS_READ_CACHE), LS_READ_PENDING);
    CHECK_INT(read_at(0.2, 22.0, LS_READ_ECHO), LS_READ_PENDING);
    CHECK_INT(read_at(0.3, 20.0, LS_READ_LINE), LS_READ_PENDING);  // the old value
    CHECK_INT(read_at(0.4, 22.0, LS_READ_LINE), LS_READ_PENDING);
    CHECK_INT(read_at(0.5, 21.0, LS_READ_LINE), LS_READ_PENDING);  // not twice in a row
    CHECK_INT(read_at(0.6, 22.0, LS_READ_LINE), LS_READ_PENDING);
    EXPECT(WITH(setpoint, w.sequence = 6; g.state->targets[CASE_COOLANT].changed_us = 0), 25);
    CHECK_INT(read_at(3.0, 22.00001, LS_READ_LINE), LS_READ_HELD);
    CHECK_INT(read_at(3.1, 22.0, LS_READ_LINE), LS_READ_FAILED);  // nothing is open
    CHECK_NEAR(g.state->values[0].verified, 22.0, 1e-4);
    send_coolant();
    CHECK_INT(read_at(3.0, 20.0, LS_READ_LINE), LS_READ_PENDING);
    CHECK_INT(read_at(3.000001, 20.0, LS_READ_LINE), LS_READ_FAILED);
    send_coolant();
    CHECK_INT(ls_guard_read_back(g.state, CASE_COOLANT, NULL, LS_READ_LINE, &g.clock),
              LS_READ_PENDING);
    CHECK_INT(ls_guard_read_back(g.state, 99, NULL, LS_READ_LINE, &g.clock), LS_READ_FAILED);
    send_coolant();
    CHECK_INT(read_at(0.1, NAN, LS_READ_LINE), LS_READ_PENDING);
}

static void test_25_a_handshake_is_read_as_done(void) {
    begin();
    ls_command c = guard_case_dispatch(&g);
    ls_guard_note_sent(g.state, &c, &g.clock);
    const double done = 1.0;
    CHECK_INT(ls_guard_read_back(g.state, CASE_GRIND, &done, LS_READ_LINE, &g.clock),
              LS_READ_PENDING);
    CHECK_INT(ls_guard_read_back(g.state, CASE_GRIND, &done, LS_READ_LINE, &g.clock), LS_READ_HELD);
}

static void hear_coolant(double value) {
    const ls_guard_heard heard = guard_case_heard(&g, value);
    ls_guard_hear_value(g.state, CASE_COOLANT, &heard, &g.clock);
}

static void test_26_foreign_write(void) {
    begin();
    hear_coolant(21.0);  // we have never written: not foreign
    verified_ago(100.0);
    EXPECT(guard_case_setpoint(&g), 0);
    ls_command c = guard_case_setpoint(&g);
    ls_guard_clock then = g.clock;
    then.line_us -= 100 * SECOND;
    ls_guard_note_sent(g.state, &c, &then);
    hear_coolant(20.5);  // still on its way
    CHECK_INT(g.state->targets[CASE_COOLANT].fights, 0);
    read_at(0.1, 22.0, LS_READ_LINE);
    read_at(0.2, 22.0, LS_READ_LINE);
    verified_ago(100.0);
    hear_coolant(22.0);
    const ls_command next = WITH(setpoint, w.sequence = 6);
    EXPECT(next, 0);
    hear_coolant(24.0);  // an operator
    verified_ago(100.0);
    EXPECT(next, 26);
    CHECK_INT(g.state->targets[CASE_COOLANT].fights, 1);
    CHECK(!ls_guard_rearm(g.state, LS_NONE, CASE_COOLANT, LS_ROLE_VIEWER));
    CHECK(ls_guard_rearm(g.state, LS_NONE, CASE_COOLANT, LS_ROLE_OPERATOR));
    CHECK(!ls_guard_rearm(g.state, LS_NONE, LS_NONE, LS_ROLE_OPERATOR));
    EXPECT(next, 0);
    g.state->line.beat_heard = false;  // the line has gone back to its own by itself
    hear_coolant(20.0);
    CHECK_INT(g.state->targets[CASE_COOLANT].fights, 1);
    ls_guard_heard bad = guard_case_heard(&g, 30.0);
    bad.quality = LS_GUARD_QUALITY_BAD;
    ls_guard_hear_value(g.state, CASE_COOLANT, &bad, &g.clock);
    CHECK_NEAR(g.state->values[0].verified, 20.0, 0.0);
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
    ls_guard_clock then = g.clock;
    then.mono_us -= 10 * SECOND;
    ls_guard_note_healthy(g.state, &then);
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->healthy_since_us += 2;
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
}

static void test_32_conservation(void) {
    begin();
    EXPECT(WITH(dispatch, set(w.argument, "L9")), 32);  // nobody knows it
    EXPECT(WITH(dispatch, set(w.argument, "L3")), 32);  // it waits elsewhere
    EXPECT(WITH(dispatch, set(w.argument, "L4")), 32);  // it waits nowhere yet
    EXPECT(WITH(dispatch, set(w.argument, "L5")), 32);  // in a machine
    ls_guard_hear_lots(g.state, 1, "L1");
    EXPECT(guard_case_dispatch(&g), 32);
    ls_guard_hear_arrived(g.state, "L1", 1);  // at two places
    EXPECT(guard_case_dispatch(&g), 32);
    ls_guard_hear_lots(g.state, 1, "");
    EXPECT(guard_case_dispatch(&g), 0);
    ls_guard_hear_gone(g.state, "L1");
    ls_guard_hear_gone(g.state, "L1");
    EXPECT(guard_case_dispatch(&g), 32);
    EXPECT(WITH(dispatch, w.argument[0] = '\0'), 0);  // a choice is taken back
    ls_guard_lots_begin(g.state);
    EXPECT(guard_case_release(&g), 32);
    EXPECT(guard_case_maintain(&g), 0);
}

static void test_32_room_for_lots(void) {
    begin();
    for (int i = 5; i < 11; i++) {
        char lot[16];
        ls_text_format(lot, sizeof lot, "M%d", i);
        ls_guard_hear_released(g.state, lot);
    }
    CHECK_INT(g.state->lot_count, 11);
    EXPECT(guard_case_release(&g), 0);
    ls_guard_hear_released(g.state, "M12");
    EXPECT(guard_case_release(&g), 32);
    EXPECT(guard_case_dispatch(&g), 0);
    ls_guard_hear_released(g.state, "M13");  // one too many: nothing is certain
    EXPECT(guard_case_dispatch(&g), 32);
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
    alarms(10, 599.9);
    EXPECT(guard_case_dispatch(&g), 0);  // no flood
    alarms(1, 600.0);                    // out
    EXPECT(guard_case_dispatch(&g), 0);
    alarms(1, 1.0);
    EXPECT(guard_case_dispatch(&g), 34);
    EXPECT(guard_case_stop(&g), 0);
    alarms(LS_GUARD_ALARMS, 1.0);
    CHECK_INT(g.state->alarm_count, LS_GUARD_ALARMS);
    EXPECT(guard_case_dispatch(&g), 34);
}

static ls_guard_bypass bypass_of(uint32_t guard) {
    ls_guard_bypass b = {.guard = guard, .role = LS_ROLE_ENGINEER};
    set(b.who, "lee");
    set(b.reason, "sensor is changed");
    b.begin_us = g.clock.wall_us;
    b.end_us = g.clock.wall_us + 3600 * SECOND;
    return b;
}

static bool put(ls_guard_bypass b) {
    return ls_guard_bypass_put(g.state, &b, &g.clock);
}

static void test_35_bypass(void) {
    begin();
    hear_condition(1, 0.0);
    EXPECT(guard_case_dispatch(&g), 14);
    CHECK(put(bypass_of(14)));
    EXPECT(guard_case_dispatch(&g), 0);
    ls_guard_row rows[LS_GUARD_COUNT];
    ls_command c = guard_case_dispatch(&g);
    ls_guard_explain(g.limits, g.state, &c, &g.clock, rows);
    CHECK_INT(rows[16].guard, 14);
    CHECK_INT(rows[16].outcome, LS_GUARD_BYPASSED);
    g.clock.wall_us += 3600 * SECOND - 1;
    EXPECT(guard_case_dispatch(&g), 0);
    g.clock.wall_us++;  // it ends by itself
    EXPECT(guard_case_dispatch(&g), 14);
    CHECK_INT(g.state->bypass_count, 1);
    CHECK(put(bypass_of(9)));  // which takes the place of the one that has ended
    CHECK_INT(g.state->bypass_count, 1);
    CHECK(put(bypass_of(14)));
    EXPECT(WITH(dispatch, w.certainty = 0.1), 0);
    EXPECT(WITH(dispatch, w.gain_low = 0.1), 11);
    g.clock.wall_us -= 3601 * SECOND;  // the clock went back: it has not begun
    EXPECT(guard_case_dispatch(&g), 35);
}

static void test_35_what_is_no_bypass(void) {
    begin();
    CHECK(!put(bypass_of(7)));
    ls_guard_bypass b = bypass_of(14);
    b.who[0] = '\0';
    CHECK(!put(b));
    b = bypass_of(14);
    b.reason[0] = '\0';
    CHECK(!put(b));
    b = bypass_of(14);
    b.role = LS_ROLE_OPERATOR;
    CHECK(!put(b));
    b = bypass_of(14);
    b.end_us = b.begin_us + 8 * 3600 * SECOND;
    CHECK(put(b));
    b.end_us++;
    CHECK(!put(b));
    b.end_us = b.begin_us;
    CHECK(!put(b));
    b.end_us = b.begin_us - 1;
    CHECK(!put(b));
    b = bypass_of(14);
    b.begin_us++;
    CHECK(!put(b));
    b = bypass_of(14);
    b.begin_us -= 7200 * SECOND;
    b.end_us = g.clock.wall_us;
    CHECK(!put(b));
    for (uint32_t number = 0; number <= 36; number++) {
        const bool may = number == 3 || number == 4 || number == 5 || number == 6 || number == 9 ||
                         number == 10 || number == 11 || number == 14 || number == 34;
        harness_note("guard %u", number);
        CHECK(ls_guard_can_bypass(number) == may);
    }
    for (int i = 1; i < LS_GUARD_BYPASSES; i++) {
        CHECK(put(bypass_of(9)));
    }
    CHECK(!put(bypass_of(9)));  // no room
    // What a journal brings back is looked at again.
    begin();
    hear_condition(1, 0.0);
    g.state->bypasses[0] = bypass_of(14);
    g.state->bypasses[0].end_us += 8 * 3600 * SECOND;
    g.state->bypass_count = 1;
    EXPECT(guard_case_dispatch(&g), 35);
    ls_guard_row rows[LS_GUARD_COUNT];
    ls_command c = guard_case_dispatch(&g);
    ls_guard_explain(g.limits, g.state, &c, &g.clock, rows);
    CHECK_INT(rows[16].outcome, LS_GUARD_FAILED);
    g.clock.wall_us -= SECOND;
    ls_guard_explain(g.limits, g.state, &c, &g.clock, rows);
    CHECK_INT(rows[16].outcome, LS_GUARD_FAILED);
}

static void test_stops_skip_gain_rate_and_permissive(void) {
    begin();
    ls_guard_row rows[LS_GUARD_COUNT];
    ls_command c = guard_case_stop(&g);
    ls_guard_explain(g.limits, g.state, &c, &g.clock, rows);
    uint64_t skipped = 0;
    for (int i = 0; i < LS_GUARD_COUNT; i++) {
        skipped |= rows[i].outcome == LS_GUARD_SKIPPED ? UINT64_C(1) << rows[i].guard : 0;
    }
    const int expected[] = {2, 3, 4, 5, 6, 9, 10, 11, 13, 14, 15, 34};
    for (int i = 0; i < 12; i++) {
        skipped ^= UINT64_C(1) << expected[i];
    }
    CHECK_INT(skipped, 0);
    CHECK(ls_guard_is_stop(&c));
    c = guard_case_dispatch(&g);
    CHECK(!ls_guard_is_stop(&c));
    c.argument[0] = '\0';
    CHECK(ls_guard_is_stop(&c));
    // A start is given by people and claims nothing, but the door must be closed.
    c = WITH(stop, w.kind = LS_COMMAND_START; w.gain_low = NAN; w.certainty = NAN;
             w.state_version = 0);
    CHECK_INT(at_state(c, 2), 0);
    hear_condition(0, 1.0);
    CHECK_INT(at_state(c, 2), 15);
}

static void test_a_new_guard_knows_nothing_and_refuses(void) {
    begin();
    ls_error err = {0};
    ls_guard_state *fresh = NULL;
    CHECK_INT(ls_guard_state_create(g.limits, &fresh, &err), LS_OK);
    ls_command c = guard_case_dispatch(&g);
    ls_guard_finding out;
    ls_guard_check(g.limits, fresh, &c, &g.clock, &out);
    CHECK_INT(out.guard, 17);
    ls_guard_row rows[LS_GUARD_COUNT];
    ls_guard_explain(g.limits, fresh, &c, &g.clock, rows);
    uint32_t failed = 0;
    for (int i = 0; i < LS_GUARD_COUNT; i++) {
        failed += rows[i].outcome == LS_GUARD_FAILED;
    }
    CHECK_INT(failed, 13);  // 17 31 27 28 29 30, 7 8, 16 15 14 32, 23
    ls_guard_state_destroy(fresh);
}

static void test_nothing_of_a_dead_line_is_known(void) {
    begin();
    ls_guard_forget(g.state, CASE_GRIND);
    EXPECT(guard_case_dispatch(&g), 7);
    EXPECT(guard_case_release(&g), 0);
    begin();
    ls_guard_forget(g.state, LS_NONE);
    EXPECT(guard_case_release(&g), 17);
    ls_guard_own(g.state, LS_OWNER_US, &(ls_guard_clock){0});
    g.state->line.beat_heard = true;
    g.state->line.fallback_ready = true;
    EXPECT(guard_case_setpoint(&g), 7);
    EXPECT(guard_case_release(&g), 14);
    // What does not exist is ignored.
    const ls_guard_heard heard = guard_case_heard(&g, 1.0);
    ls_guard_hear_state(g.state, 3, &heard);
    ls_guard_hear_value(g.state, 0, &heard, &g.clock);
    ls_guard_hear_value(g.state, 6, &heard, &g.clock);
    ls_guard_hear_whole(g.state, 6, 0, 1);
    ls_guard_hear_condition(g.state, 3, &heard);
    ls_guard_vouch(g.state, 3, 1);
    ls_guard_forget(g.state, 3);
    ls_guard_hear_lots(g.state, 3, "L1");
    ls_command c = WITH(dispatch, set(w.target, "grind-9"));
    ls_guard_note_sent(g.state, &c, &g.clock);
    // A value that was heard before is not made older.
    begin();
    ls_guard_vouch(g.state, CASE_GRIND, g.clock.line_us - 100 * SECOND);
    EXPECT(guard_case_dispatch(&g), 0);
}

static void test_lots_move_as_they_are_told(void) {
    begin();
    ls_guard_hear_lots(g.state, 2, "  L1  L2 ");
    ls_guard_hear_lots(g.state, 2, "L1 L2 L2 L7");
    EXPECT(guard_case_dispatch(&g), 32);
    ls_guard_hear_lots(g.state, 2, "L2");
    ls_guard_hear_arrived(g.state, "L1", 1);
    EXPECT(guard_case_dispatch(&g), 0);
    CHECK_INT(g.state->lot_count, 6);
    ls_guard_hear_gone(g.state, "L2");
    ls_guard_hear_lots(g.state, 2, "");  // gone while in work: nothing to leave
    CHECK_INT(g.state->lot_count, 5);
    ls_guard_hear_lots(g.state, 2, "L2");
    ls_guard_hear_gone(g.state, "L2");
    ls_guard_hear_arrived(g.state, "L2", 1);  // a new lot of an old name
    ls_guard_hear_lots(g.state, 2, "");
    EXPECT(WITH(dispatch, set(w.argument, "L2")), 0);
    char long_name[200];
    memset(long_name, 'a', sizeof long_name);
    long_name[199] = '\0';
    ls_guard_hear_lots(g.state, 2, long_name);
    CHECK(!g.state->lots_known);
    ls_guard_lots_told(g.state);
    char many[400] = "";
    for (int i = 0; i < LS_GUARD_IN_WORK + 1; i++) {
        char lot[16];
        ls_text_format(lot, sizeof lot, "n%d ", i);
        strcat(many, lot);
    }
    g.limits->lots_most = 12;
    ls_guard_hear_lots(g.state, 2, many);
    CHECK(!g.state->lots_known);
    CHECK_INT(g.state->lot_count, 12);
    ls_guard_hear_lots(g.state, 2, "");
    ls_guard_hear_arrived(g.state, "one too many", 1);
    CHECK_INT(g.state->lot_count, 12);
}

static void test_table_of_lots_against_a_plain_list(void) {
    g.plant.limits.lots = 40;
    begin();
    g.plant.limits.lots = 40;
    guard_case_again(&g);
    ls_guard_lots_begin(g.state);
    ls_guard_lots_told(g.state);
    bool there[60] = {false};
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        const uint32_t lot = (uint32_t)(x % 60);
        char name[16];
        ls_text_format(name, sizeof name, "lot-%u", lot);
        if ((x >> 32) % 2 == 0 && (there[lot] || g.state->lot_count < 40)) {
            ls_guard_hear_arrived(g.state, name, 1);
            there[lot] = true;
        } else {
            ls_guard_hear_gone(g.state, name);
            there[lot] = false;
        }
        uint32_t count = 0;
        for (uint32_t k = 0; k < 60; k++) {
            count += there[k];
        }
        CHECK_INT(g.state->lot_count, count);
        ls_text_format(name, sizeof name, "lot-%u", (uint32_t)(x >> 40) % 60);
        ls_command c = WITH(dispatch, set(w.argument, name));
        const bool known = check(&c) == 0;
        CHECK(known == there[(uint32_t)(x >> 40) % 60]);
        if (harness_has_failed()) {
            break;
        }
    }
}

static void test_what_does_not_exist_fails_without_harm(void) {
    begin();
    ls_guard_row rows[LS_GUARD_COUNT];
    for (int kind = 0; kind < LS_COMMAND_KIND_COUNT; kind++) {
        ls_command c = guard_case_stop(&g);
        c.kind = (ls_command_kind)kind;
        c.sequence = 0;
        set(c.target, "nothing");
        ls_guard_explain(g.limits, g.state, &c, &g.clock, rows);
        CHECK_INT(rows[1].outcome, LS_GUARD_FAILED);   // 19
        CHECK_INT(rows[19].outcome, LS_GUARD_FAILED);  // 22
        CHECK_INT(rows[23].outcome, LS_GUARD_FAILED);  // 1
        CHECK_INT(rows[31].outcome, LS_GUARD_FAILED);  // 33
        CHECK_INT(rows[34].outcome, LS_GUARD_PASSED);  // 25
    }
}

static void test_guards_have_names(void) {
    for (uint32_t i = 1; i <= LS_GUARD_COUNT; i++) {
        CHECK(ls_guard_name(i)[0] != '\0');
        CHECK(ls_guard_name_ko(i)[0] != '\0');
        CHECK(ls_guard_group(i)[0] != '\0');
    }
    CHECK_STR(ls_guard_name(0), "");
    CHECK_STR(ls_guard_name_ko(36), "");
    CHECK_STR(ls_guard_group(0), "");
    CHECK_STR(ls_guard_name(LS_GUARD_FRESHNESS), "freshness");
}

static void test_limits_fit_or_say_so(void) {
    begin();
    ls_error err = {0};
    ls_guard_limits *limits = NULL;
    g.limit_list[4].count = LS_GUARD_COUNT_MAX + 1;
    CHECK_INT(ls_guard_limits_create(&g.plant, &limits, &err), LS_ERR_LIMIT);
    CHECK_CONTAINS(err.text, "4096");
    g.limit_list[4].count = LS_GUARD_COUNT_MAX;
    g.limit_list[5].count = 1u << 30;  // of a dwell: means nothing
    const uint32_t lots[] = {0, 5, LS_GUARD_LOTS_MAX, LS_GUARD_LOTS_MAX + 1};
    const uint32_t most[] = {LS_GUARD_LOTS_MAX, 5, LS_GUARD_LOTS_MAX, LS_GUARD_LOTS_MAX};
    for (int i = 0; i < 4; i++) {
        g.plant.limits.lots = lots[i];
        CHECK_INT(ls_guard_limits_create(&g.plant, &limits, &err), LS_OK);
        CHECK_INT(limits->lots_most, most[i]);
        ls_guard_limits_destroy(limits);
    }
    ls_guard_limits_destroy(NULL);
    ls_guard_state_destroy(NULL);
    g.limit_list[5].count = 0;
}

static void test_a_limit_names_its_targets(void) {
    begin();
    const ls_guard_target *grind = &g.limits->targets[CASE_GRIND];
    const ls_guard_target *value = &g.limits->targets[CASE_COOLANT];
    const ls_guard_target *class = &g.limits->targets[3];
    ls_guard_limit limit = {.machine = CASE_GRIND, .measured = LS_NONE};
    CHECK(ls_guard_limit_holds(&limit, grind, LS_COMMAND_DISPATCH));
    CHECK(!ls_guard_limit_holds(&limit, value, LS_COMMAND_SETPOINT));
    CHECK(!ls_guard_limit_holds(&limit, &g.limits->targets[0], LS_COMMAND_DISPATCH));
    limit.machine = LS_NONE;
    limit.measured = 1;
    CHECK(ls_guard_limit_holds(&limit, value, LS_COMMAND_SETPOINT));
    CHECK(!ls_guard_limit_holds(&limit, class, LS_COMMAND_RELEASE));
    limit.measured = 0;
    CHECK(!ls_guard_limit_holds(&limit, value, LS_COMMAND_SETPOINT));
    limit.measured = LS_NONE;
    limit.machine = CASE_GRIND;  // a value of that machine
    g.measured[1].machine = CASE_GRIND;
    guard_case_again(&g);
    class = &g.limits->targets[3];
    CHECK(ls_guard_limit_holds(&limit, &g.limits->targets[CASE_COOLANT], LS_COMMAND_SETPOINT));
    limit.machine = LS_NONE;
    limit.of_decide_kind = true;
    // d: dispatch and hold, m: maintain, start and stop, r: release, s: setpoint, a: all of
    // machines
    const char *const kinds = "drmddras";
    const char *const taken[] = {"da", "da", "ma", "ma", "m", "r", "s"};
    for (int kind = 0; kind <= LS_DECIDE_SETPOINT; kind++) {
        limit.decide_kind = (ls_decide_kind)kind;
        for (int command = 0; command < LS_COMMAND_KIND_COUNT; command++) {
            harness_note("decide kind %d, command %d", kind, command);
            CHECK(ls_guard_limit_holds(&limit, class, (ls_command_kind)command) ==
                  (strchr(taken[command], kinds[kind]) != NULL));
        }
    }
}

static void test_memory_may_fail(void) {
    begin();
    ls_error err = {0};
    for (int n = 0; n < 40; n++) {
        ls_guard_limits *limits = NULL;
        ls_guard_state *state = NULL;
        ls_alloc_fail_after(n);
        const ls_status first = ls_guard_limits_create(&g.plant, &limits, &err);
        const ls_status second = first == LS_OK ? ls_guard_state_create(limits, &state, &err)
                                                : first;
        ls_alloc_fail_after(-1);
        CHECK(second == LS_OK || second == LS_ERR_MEMORY);
        CHECK((second == LS_OK) == (state != NULL));
        ls_guard_state_destroy(state);
        ls_guard_limits_destroy(limits);
    }
}

static void test_spans_do_not_overflow(void) {
    begin();
    const int64_t far[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX};
    const ls_guard_clock good = g.clock;
    for (int i = 0; i < 6; i++) {
        for (int k = 0; k < 6; k++) {
            g.clock = good;
            ls_command c = guard_case_release(&g);
            c.decided_us = far[i];
            c.deadline_us = far[k];
            c.not_after_us = far[k];
            c.in_step_us = far[i];
            c.approvals[0].at_us = far[k];
            CHECK(check(&c) != 0);
            g.clock.mono_us = far[i];
            g.clock.wall_us = far[k];
            g.clock.line_us = far[(i + k) % 6];
            check(&c);
        }
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_good_commands_may_go);
    TEST(test_1_range);
    TEST(test_1_arguments);
    TEST(test_2_rate_of_change);
    TEST(test_3_step_size);
    TEST(test_4_moving_budget);
    TEST(test_5_command_frequency);
    TEST(test_6_minimum_dwell);
    TEST(test_6_restart_restores_dwell_from_the_journal);
    TEST(test_7_freshness);
    TEST(test_7_arrival_alone_is_flagged);
    TEST(test_8_quality);
    TEST(test_9_twin_in_step);
    TEST(test_10_inside_the_model);
    TEST(test_11_claim);
    TEST(test_12_deadline);
    TEST(test_13_state_binding);
    TEST(test_14_permissive);
    TEST(test_15_interlock);
    TEST(test_16_packml_state);
    TEST(test_17_mode);
    TEST(test_18_operator_hold);
    TEST(test_18_more_holds_than_room_hold_everything);
    TEST(test_19_authority);
    TEST(test_19_what_a_point_may_do);
    TEST(test_19_revoked_in_flight);
    TEST(test_20_two_persons);
    TEST(test_21_idempotence);
    TEST(test_21_old_ids_give_way);
    TEST(test_21_what_is_not_well_formed);
    TEST(test_22_sequence);
    TEST(test_23_write_ahead);
    TEST(test_24_expiry);
    TEST(test_25_read_back);
    TEST(test_25_a_handshake_is_read_as_done);
    TEST(test_26_foreign_write);
    TEST(test_27_heartbeat_out);
    TEST(test_28_heartbeat_in);
    TEST(test_29_fallback);
    TEST(test_30_re_engage);
    TEST(test_30_trips_of_yesterday_do_not_count);
    TEST(test_31_one_writer);
    TEST(test_32_conservation);
    TEST(test_32_room_for_lots);
    TEST(test_33_combined_effect);
    TEST(test_33_sums_over_limits);
    TEST(test_34_alarm_rate);
    TEST(test_35_bypass);
    TEST(test_35_what_is_no_bypass);
    TEST(test_stops_skip_gain_rate_and_permissive);
    TEST(test_a_new_guard_knows_nothing_and_refuses);
    TEST(test_nothing_of_a_dead_line_is_known);
    TEST(test_lots_move_as_they_are_told);
    TEST(test_table_of_lots_against_a_plain_list);
    TEST(test_what_does_not_exist_fails_without_harm);
    TEST(test_guards_have_names);
    TEST(test_limits_fit_or_say_so);
    TEST(test_a_limit_names_its_targets);
    TEST(test_memory_may_fail);
    TEST(test_spans_do_not_overflow);
    const int code = harness_report();
    guard_case_clear(&g);
    return code;
}
