// check_situation_test.c - boundary cases of guards 9, 10, 13 to 16, 22, 26 and 32.
#include <float.h>
#include <math.h>

#include "base/text.h"
#include "guard/testing/check_expect.h"
#include "tests/harness.h"

static void test_9_twin_in_step(void) {
    begin();
    EXPECT(WITH(dispatch, w.certainty = 0.8), 0);
    EXPECT(WITH(dispatch, w.certainty = nextafter(0.8, 0.0)), 9);
    EXPECT(WITH(dispatch, w.certainty = NAN), 9);
    EXPECT(WITH(dispatch, w.in_step_us = 60 * SECOND), 0);
    EXPECT(WITH(dispatch, w.in_step_us = 60 * SECOND - 1), 9);
    EXPECT(WITH(dispatch, w.in_step_us = 0), 9);  // one sample above resets it
    EXPECT(WITH(dispatch, w.in_step_us = INT64_MIN), 9);
    EXPECT(WITH(dispatch, w.in_step_us = INT64_MAX), 0);
    EXPECT(WITH(dispatch, w.certainty = -INFINITY), 9);
    EXPECT(WITH(setpoint, w.certainty = nextafter(0.8, 0.0)), 9);
    EXPECT(WITH(stop, w.certainty = 0.0; w.in_step_us = 0), 0);
}

static void test_10_inside_the_model(void) {
    begin();
    EXPECT(WITH(dispatch, w.certainty = 1.0), 0);
    EXPECT(WITH(dispatch, w.certainty = nextafter(1.0, 2.0)), 10);
    EXPECT(WITH(dispatch, w.gain_low = NAN), 10);
    EXPECT(WITH(dispatch, w.gain_low = INFINITY), 10);
    EXPECT(WITH(dispatch, w.gain_low = -INFINITY), 10);
    EXPECT(WITH(dispatch, w.certainty = INFINITY), 10);
    EXPECT(WITH(stop, w.gain = NAN; w.gain_low = NAN; w.gain_high = NAN), 0);
    g.plant.decide.guards.certainty_min = 0.0;
    EXPECT(WITH(dispatch, w.certainty = 0.0), 0);
    g.plant.decide.guards.certainty_min = -1.0;
    EXPECT(WITH(dispatch, w.certainty = nextafter(0.0, -1.0)), 10);
    g.plant.decide.guards.certainty_min = -1.0;
    EXPECT(WITH(dispatch, w.certainty = -0.5), 10);
}

// A gain of 3 from 2 on, whose interval may be 4 times as wide.
static void test_10_a_gain_that_is_known_well_enough(void) {
    begin();
    EXPECT(WITH(dispatch, w.gain_high = 14.0), 0);
    EXPECT(WITH(dispatch, w.gain_high = nextafter(14.0, 15.0)), 10);
    EXPECT(WITH(dispatch, w.gain_high = w.gain = w.gain_low), 0);  // no doubt at all
    EXPECT(WITH(dispatch, w.gain = w.gain_low = 2.0; w.gain_high = 10.0), 0);
    EXPECT(WITH(dispatch, w.gain = w.gain_low = 2.0; w.gain_high = nextafter(10.0, 11.0)), 10);
    EXPECT(WITH(dispatch, w.gain_high = INFINITY), 10);
    EXPECT(WITH(dispatch, w.gain = w.gain_high = INFINITY), 10);
    EXPECT(WITH(dispatch, w.gain = w.gain_high = DBL_MAX), 0);
    EXPECT(WITH(dispatch, w.gain = w.gain_high = DBL_MAX; w.gain_low = -DBL_MAX), 10);
    EXPECT(WITH(dispatch, w.gain_high = NAN), 10);  // missing is outside
    EXPECT(WITH(dispatch, w.gain = NAN), 10);
    EXPECT(WITH(dispatch, w.gain = nextafter(2.0, 1.0)), 10);  // outside of its own interval
    EXPECT(WITH(dispatch, w.gain = nextafter(4.0, 5.0)), 10);
    EXPECT(WITH(dispatch, w.gain = w.gain_low = w.gain_high = 0.0), 11);
    EXPECT(WITH(dispatch, w.gain_low = -1.0; w.gain = -0.5; w.gain_high = 1.0), 10);
    g.plant.decide.guards.width_max = INFINITY;  // the plant file bounds none
    EXPECT(WITH(dispatch, w.gain = NAN; w.gain_high = NAN), 0);
    EXPECT(WITH(dispatch, w.gain_high = DBL_MAX), 0);
}

static void test_13_state_binding(void) {
    begin();
    EXPECT(WITH(dispatch, w.state_now = 42), 13);  // a lot moved in between
    EXPECT(WITH(dispatch, w.state_now = w.state_version = 0), 13);
    EXPECT(WITH(dispatch, w.state_now = 40), 13);  // it does not go back either
    EXPECT(WITH(dispatch, w.state_version = 0), 13);
    EXPECT(WITH(dispatch, w.state_now = w.state_version = UINT64_MAX), 0);
    EXPECT(WITH(dispatch, w.state_now = UINT64_MAX), 13);
    EXPECT(WITH(stop, w.state_now = 42), 0);
}

static void test_14_permissive(void) {
    begin();
    EXPECT(guard_case_dispatch(&g), 0);
    hear_condition(1, 0.0);  // false between check and send
    ls_command c = guard_case_dispatch(&g);
    ls_guard_finding out;
    uint32_t at = 99;
    ls_guard_note_journalled(g.state, &c, 1);
    ls_guard_check_send_together(g.limits, g.state, &c, 1, &g.clock, &out, &at);
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
    EXPECT(WITH(dispatch, w.sequence = UINT32_MAX), 22);
    g.state->targets[CASE_GRIND].sequence = UINT32_MAX - 1;
    EXPECT(WITH(dispatch, w.sequence = UINT32_MAX), 0);
    EXPECT(WITH(dispatch, w.sequence = UINT32_MAX - 1), 22);
    EXPECT(WITH(stop, w.sequence = 1), 22);  // of the same machine
    EXPECT(WITH(setpoint, w.sequence = 1), 0);
    EXPECT(WITH(setpoint, w.sequence = 0), 22);
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
    const int64_t since_us = g.state->targets[CASE_COOLANT].foreign_wall_us;
    CHECK(since_us == g.clock.wall_us);
    g.clock.wall_us += 5 * SECOND;
    hear_coolant(25.0);  // again: it stands since the first time
    verified_ago(100.0);
    EXPECT(next, 26);
    CHECK(g.state->targets[CASE_COOLANT].foreign_wall_us == since_us);
    CHECK_INT(g.state->targets[CASE_COOLANT].fights, 2);
    CHECK(!ls_guard_rearm(g.state, LS_NONE, CASE_COOLANT, LS_ROLE_VIEWER));
    CHECK(ls_guard_rearm(g.state, LS_NONE, CASE_COOLANT, LS_ROLE_OPERATOR));
    CHECK(!ls_guard_rearm(g.state, LS_NONE, LS_NONE, LS_ROLE_OPERATOR));
    EXPECT(next, 0);
    g.state->line.beat_heard = false;  // the line has gone back to its own by itself
    hear_coolant(20.0);
    CHECK_INT(g.state->targets[CASE_COOLANT].fights, 2);
    ls_guard_heard bad = guard_case_heard(&g, 30.0);
    bad.quality = LS_GUARD_QUALITY_BAD;
    ls_guard_hear_value(g.state, CASE_COOLANT, &bad, &g.clock);
    CHECK_NEAR(g.state->values[0].verified, 20.0, 0.0);
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
    EXPECT(WITH(dispatch, set(w.argument, "L1 pure")), 0);  // in a batch of its product alone
    EXPECT(WITH(dispatch, set(w.argument, "L1 impure")), 32);
    g.points[0].kind = LS_DECIDE_SORT;  // what is done with a lot instead
    g.points[0].sort.ways = LS_SORT_PASS | LS_SORT_REWORK | LS_SORT_SCRAP;
    EXPECT(WITH(dispatch, set(w.argument, "L1 pass")), 0);
    EXPECT(WITH(dispatch, set(w.argument, "L1 rework")), 0);
    EXPECT(WITH(dispatch, set(w.argument, "L1 scrap")), 0);
    EXPECT(WITH(dispatch, set(w.argument, "L3 scrap")), 32);  // it waits elsewhere
    EXPECT(WITH(dispatch, set(w.argument, "L5 pass")), 32);   // in a machine
    EXPECT(WITH(dispatch, set(w.argument, " pass")), 19);
    g.points[0].kind = LS_DECIDE_DISPATCH;
    EXPECT(WITH(dispatch, set(w.argument, "L1pure")), 32);
    EXPECT(WITH(dispatch, set(w.argument, " pure")), 32);
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
    g.releases[0].pool = false;
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

// A line that counts its lots instead of telling of each: names are not all that there are.
static void test_32_lots_that_the_line_counts(void) {
    begin();  // five are known by name
    g.releases[0].pool = false;
    g.limits->line_counts_lots = true;
    EXPECT(guard_case_release(&g), 32);  // not heard: not known
    EXPECT(guard_case_dispatch(&g), 0);  // whom it names is known
    ls_guard_heard count = guard_case_heard(&g, 11.0);
    ls_guard_hear_inside(g.state, &count);
    EXPECT(guard_case_release(&g), 0);
    count.value = 12.0;
    ls_guard_hear_inside(g.state, &count);
    EXPECT(guard_case_release(&g), 32);
    count.value = 1e30;
    ls_guard_hear_inside(g.state, &count);
    EXPECT(guard_case_release(&g), 32);
    count.value = 2.0;  // read before the names were
    ls_guard_hear_inside(g.state, &count);
    EXPECT(guard_case_release(&g), 0);
    count.value = -1.0;
    ls_guard_hear_inside(g.state, &count);
    EXPECT(guard_case_release(&g), 32);
    count = guard_case_heard(&g, 3.0);
    count.vouched_us -= g.limits->guards->fresh_us;
    ls_guard_hear_inside(g.state, &count);
    EXPECT(guard_case_release(&g), 0);
    count.vouched_us -= 1;  // too old
    ls_guard_hear_inside(g.state, &count);
    EXPECT(guard_case_release(&g), 32);
    count = guard_case_heard(&g, 3.0);
    count.quality = LS_GUARD_QUALITY_BAD;
    ls_guard_hear_inside(g.state, &count);
    EXPECT(guard_case_release(&g), 32);
    count = guard_case_heard(&g, 3.0);
    ls_guard_hear_inside(g.state, &count);
    ls_guard_forget(g.state, LS_NONE);  // the connection is lost
    CHECK(isnan(g.state->lots_inside.value));
    begin();
    g.releases[0].pool = false;
    g.limits->line_counts_lots = true;
    count = guard_case_heard(&g, 10.0);
    ls_guard_hear_inside(g.state, &count);
    // What was let in counts until the line has counted anew.
    const ls_command release = guard_case_release(&g);
    const ls_command dispatch = guard_case_dispatch(&g);
    ls_guard_note_done(g.state, &dispatch);
    CHECK_NEAR(g.state->lots_inside.value, 10.0, 0.0);
    ls_guard_note_done(g.state, &release);
    CHECK_NEAR(g.state->lots_inside.value, 11.0, 0.0);
    ls_command strange = release;
    set(strange.target, "no such class");
    ls_guard_note_done(g.state, &strange);
    CHECK_NEAR(g.state->lots_inside.value, 11.0, 0.0);
    EXPECT(guard_case_release(&g), 0);
    ls_guard_note_done(g.state, &release);
    EXPECT(guard_case_release(&g), 32);
    g.limits->line_counts_lots = false;
}

// A setup for no lot is a command of its own, of a point of that kind alone, on an idle machine.
static void test_a_setup_passes_the_guards(void) {
    begin();
    g.points[7].kind = LS_DECIDE_SETUP;
    g.points[7].mode = LS_MODE_AUTO;
    g.points[7].station = 1;
    guard_case_again(&g);
    ls_command setup = guard_case_dispatch(&g);
    setup.kind = LS_COMMAND_SETUP;
    set(setup.point, "batch mill");
    set(setup.argument, "b");
    ls_guard_heard state = guard_case_heard(&g, 4.0);
    ls_guard_hear_state(g.state, CASE_GRIND, &state);
    EXPECT(setup, 0);
    ls_command wrong = setup;
    set(wrong.argument, "c");
    EXPECT(wrong, 1);
    set(wrong.argument, "of another station");
    EXPECT(wrong, 1);
    set(wrong.argument, "");
    EXPECT(wrong, 1);
    wrong = setup;
    set(wrong.point, "dispatch grind");  // may choose lots, and no more
    EXPECT(wrong, 19);
    wrong = setup;
    set(wrong.target, "mill-1");
    set(wrong.device, "mill-1");
    EXPECT(wrong, 19);
    for (int i = 1; i <= 17; i++) {
        state.value = i;
        ls_guard_hear_state(g.state, CASE_GRIND, &state);
        EXPECT(setup, i == 4 ? 0u : 16u);
    }
    state.value = 4.0;
    ls_guard_hear_state(g.state, CASE_GRIND, &state);
    CHECK(ls_guard_hold_put(g.state, "batch mill", "kim", LS_ROLE_OPERATOR, &g.clock));
    EXPECT(setup, 18);
    CHECK(ls_guard_hold_lift(g.state, "batch mill", LS_ROLE_OPERATOR));
    ls_command dispatch = guard_case_dispatch(&g);
    set(dispatch.point, "batch mill");  // it may do what it did before
    EXPECT(dispatch, 0);
    dispatch.kind = LS_COMMAND_HOLD;
    set(dispatch.argument, "5 min");
    EXPECT(dispatch, 0);
    dispatch.kind = LS_COMMAND_MAINTAIN;
    EXPECT(dispatch, 19);
    g.points[7].kind = LS_DECIDE_BATCH;
    g.points[7].mode = LS_MODE_ADVISE;
    g.points[7].station = 0;
}

// Who comes in out of an order pool was told and counted when it was released.
static void test_32_lots_of_an_order_pool_count_once(void) {
    begin();
    const ls_command release = guard_case_release(&g);
    for (int i = 1; i <= 7; i++) {  // with those of the case twelve, as many as there may be
        char lot[16];
        ls_text_format(lot, sizeof lot, "M%d", i);
        ls_guard_hear_released(g.state, lot);
    }
    CHECK_INT(g.state->lot_count, 12);
    EXPECT(release, 0);
    g.releases[0].pool = false;
    EXPECT(release, 32);
    begin();
    g.limits->line_counts_lots = true;
    EXPECT(release, 32);  // how many there are is not known
    const ls_guard_heard count = guard_case_heard(&g, 12.0);
    ls_guard_hear_inside(g.state, &count);
    EXPECT(release, 0);
    ls_guard_note_done(g.state, &release);
    CHECK_NEAR(g.state->lots_inside.value, 12.0, 0.0);
    EXPECT(release, 0);
    g.limits->line_counts_lots = false;
}

// Entry is put off by the point of that class alone, for a while, where there is an order pool.
static void test_entry_put_off_passes_the_guards(void) {
    begin();
    ls_command off = guard_case_release(&g);
    off.kind = LS_COMMAND_PUT_OFF;
    set(off.argument, "gear-a 30 min");
    EXPECT(off, 0);
    static const char *const good[] = {"gear-a 1 s",    "gear-a 24 h",       "gear-a 5 min 0",
                                       "gear-a 1 h 12", "gear-a 1 h 30 min", "gear-a 0 s"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ls_command c = off;
        set(c.argument, good[i]);
        harness_note("%s", good[i]);
        EXPECT(c, 0);
    }
    static const char *const bad[] = {"",
                                      "gear-a",
                                      "gear-a ",
                                      "gear-b 5 min",
                                      "gear-a-5 min",
                                      "gear-a 0 s 1",
                                      "gear-a -1 s",
                                      "gear-a 86401 s",
                                      "gear-a 5 min -1",
                                      "gear-a 5 min 13",
                                      "gear-a 5",
                                      "gear-a 5 lots",
                                      "gear-a until told"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ls_command c = off;
        set(c.argument, bad[i]);
        harness_note("%s", bad[i]);
        EXPECT(c, 1);
    }
    ls_command other = off;
    set(other.target, "gear-b");
    EXPECT(other, 19);
    other = off;
    set(other.point, "keep gear-b");  // keeps a level, and puts nothing off
    set(other.target, "gear-b");
    EXPECT(other, 19);
    other = off;
    set(other.device, "grind-1");
    EXPECT(other, 19);
    g.points[1].release = 1;  // of a class without an order pool
    other = off;
    set(other.target, "gear-b");
    set(other.argument, "gear-b 5 min");
    EXPECT(other, 1);
    g.points[1].release = 0;
    CHECK(ls_guard_hold_put(g.state, "release gear-a", "kim", LS_ROLE_OPERATOR, &g.clock));
    EXPECT(off, 18);
    CHECK(ls_guard_hold_lift(g.state, "release gear-a", LS_ROLE_OPERATOR));
    off.automatic = true;  // in mode approve
    EXPECT(off, 19);
}

static void test_14_and_15_what_is_no_number_is_unknown(void) {
    begin();
    hear_condition(1, NAN);
    EXPECT(guard_case_dispatch(&g), 14);
    hear_condition(1, INFINITY);
    EXPECT(guard_case_dispatch(&g), 14);
    hear_condition(1, 1.0);
    EXPECT(guard_case_dispatch(&g), 0);
    hear_condition(0, NAN);  // active or not: nobody knows
    EXPECT(guard_case_dispatch(&g), 15);
    CHECK(!ls_guard_rearm(g.state, 0, LS_NONE, LS_ROLE_ENGINEER));
    hear_condition(0, -INFINITY);
    EXPECT(guard_case_dispatch(&g), 15);
    hear_condition(0, 0.0);
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->conditions[0].heard.vouched_us = g.clock.line_us - 30 * SECOND;
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->conditions[0].heard.vouched_us--;  // stale
    EXPECT(guard_case_dispatch(&g), 15);
    g.state->conditions[0].heard.vouched_us = g.clock.line_us + 2 * SECOND;
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->conditions[0].heard.vouched_us++;
    EXPECT(guard_case_dispatch(&g), 15);
    g.state->conditions[0].heard.vouched_us = LS_GUARD_UNKNOWN;
    EXPECT(guard_case_dispatch(&g), 15);
}

static void test_14_and_15_of_a_machine_hold_for_its_values(void) {
    begin();
    hear_condition(0, 1.0);              // the door of the grinder
    EXPECT(guard_case_setpoint(&g), 0);  // a value of the plant
    g.measured[1].machine = CASE_GRIND;
    g.limit_list[7].high = 100.0;  // the range of this machine's values
    guard_case_again(&g);
    EXPECT(guard_case_setpoint(&g), 0);
    hear_condition(2, 0.0);  // of another machine
    EXPECT(guard_case_setpoint(&g), 0);
    hear_condition(0, 1.0);
    EXPECT(guard_case_setpoint(&g), 15);
    begin();
    g.measured[1].machine = 0;  // of the mill
    guard_case_again(&g);
    hear_condition(0, 1.0);
    EXPECT(guard_case_setpoint(&g), 0);
    hear_condition(2, 0.0);
    EXPECT(guard_case_setpoint(&g), 14);
    EXPECT(guard_case_release(&g), 0);  // of no machine
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_9_twin_in_step);
    TEST(test_10_inside_the_model);
    TEST(test_10_a_gain_that_is_known_well_enough);
    TEST(test_13_state_binding);
    TEST(test_14_permissive);
    TEST(test_15_interlock);
    TEST(test_14_and_15_what_is_no_number_is_unknown);
    TEST(test_14_and_15_of_a_machine_hold_for_its_values);
    TEST(test_16_packml_state);
    TEST(test_a_setup_passes_the_guards);
    TEST(test_entry_put_off_passes_the_guards);
    TEST(test_22_sequence);
    TEST(test_26_foreign_write);
    TEST(test_32_conservation);
    TEST(test_32_room_for_lots);
    TEST(test_32_lots_that_the_line_counts);
    TEST(test_32_lots_of_an_order_pool_count_once);
    return harness_report();
}
