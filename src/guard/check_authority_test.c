// check_authority_test.c - boundary cases of guards 18, 19, 20, 21 and 35.
#include <string.h>

#include "base/text.h"
#include "guard/testing/check_expect.h"
#include "tests/harness.h"

static void test_18_operator_hold(void) {
    begin();
    CHECK(!ls_guard_hold_put(g.state, "dispatch grind", "eve", LS_ROLE_VIEWER, &g.clock));
    CHECK(ls_guard_hold_put(g.state, "coolant", "kim", LS_ROLE_OPERATOR, &g.clock));
    EXPECT(guard_case_dispatch(&g), 0);
    EXPECT(guard_case_setpoint(&g), 18);
    CHECK(ls_guard_hold_put(g.state, "", "lee", LS_ROLE_ENGINEER, &g.clock));
    EXPECT(guard_case_dispatch(&g), 18);
    CHECK(!ls_guard_hold_lift(g.state, "", LS_ROLE_OPERATOR));
    EXPECT(guard_case_dispatch(&g), 18);
    CHECK(ls_guard_hold_lift(g.state, "", LS_ROLE_ENGINEER));
    EXPECT(guard_case_dispatch(&g), 0);
    CHECK(ls_guard_hold_put(g.state, "coolant", "lee", LS_ROLE_ENGINEER,
                            &g.clock));  // it is hers now
    CHECK(ls_guard_hold_put(g.state, "coolant", "kim", LS_ROLE_OPERATOR, &g.clock));
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
        CHECK(ls_guard_hold_put(g.state, point, "kim", LS_ROLE_OPERATOR, &g.clock));
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
    EXPECT(WITH(dispatch, set(w.argument, "L1 pass")), 19);  // to be dispatched alone
    g.points[0].kind = LS_DECIDE_SORT;
    g.points[0].sort.ways = LS_SORT_PASS | LS_SORT_SCRAP;
    EXPECT(WITH(dispatch, set(w.argument, "L1 pass")), 0);
    EXPECT(WITH(dispatch, set(w.argument, "L1 scrap")), 0);
    EXPECT(WITH(dispatch, set(w.argument, "L1 rework")), 19);  // no way of this point
    EXPECT(guard_case_dispatch(&g), 19);                       // ... nor to be taken next
    EXPECT(WITH(dispatch, w.kind = LS_COMMAND_HOLD; set(w.argument, "5 min")), 19);
    g.points[0].station = 0;
    EXPECT(WITH(dispatch, set(w.argument, "L1 pass")), 19);  // another station
    g.points[0].station = 1;
    g.points[0].kind = LS_DECIDE_SETUP;
    EXPECT(WITH(dispatch, set(w.argument, "L1 pass")), 19);  // nor by who chooses setups
    g.points[0].kind = LS_DECIDE_DISPATCH;
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

static void test_35_a_person_ends_it(void) {
    begin();
    CHECK(put(bypass_of(9)) && put(bypass_of(14)) && put(bypass_of(9)));
    CHECK(!ls_guard_bypass_end(g.state, 9, LS_ROLE_OPERATOR));
    CHECK_INT(g.state->bypass_count, 3);
    CHECK(ls_guard_bypass_end(g.state, 9, LS_ROLE_ENGINEER));
    CHECK_INT(g.state->bypass_count, 1);
    CHECK_INT(g.state->bypasses[0].guard, 14);
    CHECK(!ls_guard_bypass_end(g.state, 9, LS_ROLE_ENGINEER));
}

// Once no approval can be so old any more the revocation makes room.
static void test_19_old_revocations_give_way(void) {
    begin();
    ls_guard_clock then = g.clock;
    then.wall_us -= LS_GUARD_TWO_PERSONS_US + LS_GUARD_APPROVAL_US + LS_GUARD_SKEW_US;
    ls_guard_revoke(g.state, "kim", &then);
    ls_guard_revoke(g.state, "lee", &g.clock);
    CHECK_INT(g.state->revoked_count, 2);
    then = g.clock;
    then.wall_us++;
    ls_guard_revoke(g.state, "lee", &then);
    CHECK_INT(g.state->revoked_count, 1);
    CHECK_STR(g.state->revoked[0].who, "lee");
}

static void test_19_revoked_at_the_moment_of_the_approval(void) {
    begin();
    ls_guard_clock then = g.clock;
    then.wall_us = guard_case_release(&g).approvals[0].at_us - 1;
    ls_guard_revoke(g.state, "kim", &then);
    EXPECT(guard_case_release(&g), 0);
    then.wall_us++;  // equal: it counts no more
    ls_guard_revoke(g.state, "kim", &then);
    EXPECT(guard_case_release(&g), 19);
    EXPECT(WITH(release, w.approvals[0].at_us++), 0);
    // No time at all, and the end of it.
    EXPECT(WITH(release, w.approvals[0].at_us = INT64_MIN), 19);
    EXPECT(WITH(release, w.approvals[0].at_us = INT64_MAX), 19);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_18_operator_hold);
    TEST(test_18_more_holds_than_room_hold_everything);
    TEST(test_19_authority);
    TEST(test_19_what_a_point_may_do);
    TEST(test_19_revoked_in_flight);
    TEST(test_19_revoked_at_the_moment_of_the_approval);
    TEST(test_20_two_persons);
    TEST(test_21_idempotence);
    TEST(test_21_old_ids_give_way);
    TEST(test_21_what_is_not_well_formed);
    TEST(test_35_bypass);
    TEST(test_35_what_is_no_bypass);
    TEST(test_35_a_person_ends_it);
    TEST(test_19_old_revocations_give_way);
    return harness_report();
}
