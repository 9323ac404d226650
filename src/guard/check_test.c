// check_test.c - the guards as a whole: order, stops, what is unknown, names, limits, memory.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "guard/testing/check_expect.h"
#include "tests/harness.h"

static void test_good_commands_may_go(void) {
    begin();
    EXPECT(guard_case_dispatch(&g), 0);
    EXPECT(guard_case_setpoint(&g), 0);
    EXPECT(guard_case_release(&g), 0);
    EXPECT(guard_case_maintain(&g), 0);
    EXPECT(guard_case_stop(&g), 0);
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

// What a person does by hand claims nothing; all that says who, where and how much still holds.
static void test_what_is_done_by_hand_skips_what_rests_on_a_decision(void) {
    begin();
    ls_guard_row rows[LS_GUARD_COUNT];
    const ls_command c = WITH(release, w.by_hand = true; w.gain_low = NAN; w.certainty = NAN;
                              w.in_step_us = 0; w.claim_futures = 0; w.state_version = 0);
    ls_guard_explain(g.limits, g.state, &c, &g.clock, rows);
    uint64_t skipped = 0;
    for (int i = 0; i < LS_GUARD_COUNT; i++) {
        skipped |= rows[i].outcome == LS_GUARD_SKIPPED ? UINT64_C(1) << rows[i].guard : 0;
    }
    const int expected[] = {9, 10, 11, 13};
    for (int i = 0; i < 4; i++) {
        skipped ^= UINT64_C(1) << expected[i];
    }
    CHECK_INT(skipped, 0);
    EXPECT(c, 0);
    EXPECT(WITH(release, w.by_hand = true; w.kind = LS_COMMAND_PUT_OFF;
                memcpy(w.argument, "gear-a 5 min", 13)),
           0);
    EXPECT(WITH(release, w.by_hand = true; w.automatic = true), 19);
    EXPECT(WITH(release, w.by_hand = true; w.approval_count = 0), 19);
    EXPECT(WITH(release, w.by_hand = true; w.approvals[0].role = LS_ROLE_VIEWER), 19);
    EXPECT(WITH(dispatch, w.by_hand = true), 19);
    EXPECT(WITH(maintain, w.by_hand = true), 19);
    EXPECT(WITH(stop, w.by_hand = true), 19);
    hear_condition(1, 0.0);
    EXPECT(WITH(release, w.by_hand = true), 14);  // it is of every command
    // The id stands for one of the two.
    const ls_command computed = guard_case_release(&g);
    const ls_command own = WITH(release, w.by_hand = true);
    CHECK(ls_guard_body(&computed) != ls_guard_body(&own));
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
    ls_guard_hear_condition(g.state, 3, &heard, &g.clock);
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
    // Commanded over Modbus the line counts its lots.
    const ls_commanded commands = {.inside = LS_NONE};
    const ls_source sources[] = {{.kind = LS_SOURCE_JSON},
                                 {.kind = LS_SOURCE_MODBUS, .commands = &commands}};
    g.plant.listen.sources = sources;
    for (uint32_t i = 0; i <= 2; i++) {
        g.plant.listen.source_count = i;
        CHECK_INT(ls_guard_limits_create(&g.plant, &limits, &err), LS_OK);
        CHECK_INT(limits->line_counts_lots, i == 2);
        ls_guard_limits_destroy(limits);
    }
    g.plant.listen.source_count = 0;
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
    CHECK(!ls_guard_limit_holds(&limit, class, LS_COMMAND_RELEASE));
    limit.machine = 0;  // the first machine is none of a class either
    CHECK(ls_guard_limit_holds(&limit, &g.limits->targets[0], LS_COMMAND_DISPATCH));
    CHECK(!ls_guard_limit_holds(&limit, class, LS_COMMAND_RELEASE));
    CHECK(!ls_guard_limit_holds(&limit, value, LS_COMMAND_SETPOINT));
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
    // d: dispatch and hold, m: maintain, start and stop, r: release, c: release and setpoint, s:
    // setpoint, u: as d, and setups; o: dispatch; a (a kind that does not exist): all of machines
    const char *const kinds = "drmducssoa";
    const char *const taken[] = {"duao", "dua", "ma", "ma", "m", "rc", "sc", "ua", "r"};
    for (int kind = 0; kind <= LS_DECIDE_KIND_COUNT; kind++) {
        limit.decide_kind = (ls_decide_kind)kind;
        for (int command = 0; command < LS_COMMAND_KIND_COUNT; command++) {
            harness_note("decide kind %d, command %d", kind, command);
            CHECK(ls_guard_limit_holds(&limit, class, (ls_command_kind)command) ==
                  (strchr(taken[command], kinds[kind]) != NULL));
        }
    }
}

static ls_command level(double value, const char *point) {
    ls_command c = coolant(value);
    set(c.point, point);
    return c;
}

// The coolant stands for a number of lots or people here: 22 or 24 of them.
static void test_numbers_of_lots_and_people_go_by_their_value(void) {
    static double numbers[] = {22.0, 24.0};
    begin();
    EXPECT(level(22.0, "keep gear-b"), 19);  // it has no value
    EXPECT(level(22.0, "people"), 19);
    g.plant.decide.numbers = numbers;
    g.plant.decide.number_count = 2;
    g.plant.limits.lots = 23;
    for (int i = 5; i <= 6; i++) {
        g.points[i].measured = 1;
        g.points[i].number_at = 0;
        g.points[i].number_count = 2;
    }
    guard_case_again(&g);
    EXPECT(level(22.0, "keep gear-b"), 0);
    EXPECT(level(24.0, "keep gear-b"), 32);  // the plant holds 23 lots
    EXPECT(level(23.0, "keep gear-b"), 1);   // not to be chosen
    EXPECT(level(22.5, "keep gear-b"), 1);
    EXPECT(level(22.0, "people"), 0);
    EXPECT(level(24.0, "people"), 0);  // people are no lots
    EXPECT(level(23.0, "people"), 1);
    EXPECT(WITH(release, set(w.point, "people")), 19);
    EXPECT(WITH(release, set(w.point, "keep gear-b")), 19);  // of gear-a
    EXPECT(WITH(release, (set(w.point, "keep gear-b"), set(w.target, "gear-b"),
                          set(w.argument, "gear-b"), w.sequence = 99)),
           0);
    ls_guard_row rows[LS_GUARD_COUNT];
    const ls_command unknown = level(22.0, "nothing");  // each guard by itself knows no point
    ls_guard_explain(g.limits, g.state, &unknown, &g.clock, rows);
    for (int i = 0; i < LS_GUARD_COUNT; i++) {
        const bool fails = rows[i].guard == LS_GUARD_AUTHORITY;
        CHECK_INT(rows[i].outcome, fails ? LS_GUARD_FAILED : LS_GUARD_PASSED);
    }
    g.points[5].kind = LS_DECIDE_KIND_COUNT;  // a kind that does not exist
    EXPECT(level(22.0, "keep gear-b"), 19);
    g.points[5].kind = LS_DECIDE_CONWIP;
    g.points[5].measured = g.points[6].measured = 0;  // of another value
    EXPECT(level(22.0, "keep gear-b"), 19);
    EXPECT(level(22.0, "people"), 19);
    g.points[5].measured = g.points[6].measured = LS_NONE;
    g.plant.limits.lots = 12;
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
    TEST(test_stops_skip_gain_rate_and_permissive);
    TEST(test_what_is_done_by_hand_skips_what_rests_on_a_decision);
    TEST(test_a_new_guard_knows_nothing_and_refuses);
    TEST(test_nothing_of_a_dead_line_is_known);
    TEST(test_what_does_not_exist_fails_without_harm);
    TEST(test_guards_have_names);
    TEST(test_limits_fit_or_say_so);
    TEST(test_a_limit_names_its_targets);
    TEST(test_numbers_of_lots_and_people_go_by_their_value);
    TEST(test_memory_may_fail);
    TEST(test_spans_do_not_overflow);
    return harness_report();
}
