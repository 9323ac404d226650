// deed_test.c - what people tell the guard: who may, what is refused and why, and again from the
// journal.
#include "guard/deed.h"

#include <stdio.h>
#include <string.h>

#include "guard/testing/check_expect.h"
#include "tests/harness.h"

static ls_guard_answer said;

static ls_guard_deed deed_of(ls_guard_deed_kind kind, ls_role role, const char *what) {
    ls_guard_deed d = {.ticket = 9, .kind = kind, .role = role};
    set(d.who, "lee");
    set(d.what, what);
    return d;
}

static bool act(ls_guard_deed d) {
    const bool done = ls_guard_do(g.state, &d, &g.clock, &said);
    CHECK(said.done == done);
    CHECK_INT(said.ticket, 9);
    CHECK((said.reason[0] == '\0') == done);
    CHECK((said.reason_ko[0] == '\0') == done);
    return done;
}

static const char *tag_of_interlock(void) {
    return g.limits->guards->conditions[0].tag;
}

static void test_holds(void) {
    const char *point = NULL;
    begin();
    point = g.plant.decide.points[0].name;
    CHECK(!act(deed_of(LS_DEED_HOLD, LS_ROLE_VIEWER, point)));
    CHECK_CONTAINS(said.reason, "takes an operator");
    CHECK(!act(deed_of(LS_DEED_HOLD, LS_ROLE_OPERATOR, "nothing such")));
    CHECK_CONTAINS(said.reason, "no decision point 'nothing such'");
    EXPECT(guard_case_dispatch(&g), 0);
    CHECK(act(deed_of(LS_DEED_HOLD, LS_ROLE_ENGINEER, "")));
    EXPECT(guard_case_dispatch(&g), 18);
    CHECK(!act(deed_of(LS_DEED_LIFT, LS_ROLE_OPERATOR, "")));
    CHECK_CONTAINS(said.reason, "'lee' holds it as a higher role");
    CHECK(!act(deed_of(LS_DEED_LIFT, LS_ROLE_ENGINEER, point)));
    CHECK_CONTAINS(said.reason, "is not held");
    CHECK(act(deed_of(LS_DEED_LIFT, LS_ROLE_ENGINEER, "")));
    EXPECT(guard_case_dispatch(&g), 0);
    CHECK(!act(deed_of(LS_DEED_LIFT, LS_ROLE_ENGINEER, "")));
    CHECK_CONTAINS(said.reason, "not everything is held");
}

static ls_guard_deed bypass_of(uint32_t guard, double hours) {
    ls_guard_deed d = deed_of(LS_DEED_BYPASS, LS_ROLE_ENGINEER, "");
    d.guard = guard;
    set(d.reason, "trial");
    d.until_us = g.clock.wall_us + (int64_t)(hours * 3600e6);
    return d;
}

static void test_bypasses(void) {
    begin();
    hear_condition(1, 0.0);
    EXPECT(guard_case_dispatch(&g), 14);
    ls_guard_deed d = bypass_of(14, 1.0);
    d.role = LS_ROLE_OPERATOR;
    CHECK(!act(d));
    CHECK_CONTAINS(said.reason, "takes an engineer");
    CHECK(!act(bypass_of(7, 1.0)));
    CHECK_CONTAINS(said.reason, "guard 7 is never bypassed");
    d = bypass_of(14, 1.0);
    d.reason[0] = '\0';
    CHECK(!act(d));
    CHECK_CONTAINS(said.reason, "needs a reason");
    CHECK(!act(bypass_of(14, 0.0)));
    CHECK_CONTAINS(said.reason, "end in the future");
    CHECK(!act(bypass_of(14, 8.0 + 1e-6)));
    CHECK_CONTAINS(said.reason, "at most 8.0 h");
    EXPECT(guard_case_dispatch(&g), 14);
    CHECK(act(bypass_of(14, 8.0)));
    EXPECT(guard_case_dispatch(&g), 0);
    for (int i = 1; i < LS_GUARD_BYPASSES; i++) {
        CHECK(act(bypass_of(9, 1.0)));
    }
    CHECK(!act(bypass_of(9, 1.0)));
    CHECK_CONTAINS(said.reason, "16 bypasses");
    d = bypass_of(14, 0.0);
    d.kind = LS_DEED_END_BYPASS;
    d.role = LS_ROLE_OPERATOR;
    CHECK(!act(d));
    d.role = LS_ROLE_ENGINEER;
    CHECK(act(d));
    EXPECT(guard_case_dispatch(&g), 14);
    CHECK(!act(d));
    CHECK_CONTAINS(said.reason, "guard 14 is not bypassed");
}

static void test_rearming(void) {
    begin();
    hear_condition(0, 1.0);
    CHECK(!act(deed_of(LS_DEED_REARM, LS_ROLE_OPERATOR, tag_of_interlock())));
    CHECK_CONTAINS(said.reason, "is active, or nobody knows");
    hear_condition(0, 0.0);
    EXPECT(guard_case_dispatch(&g), 15);
    CHECK(!act(deed_of(LS_DEED_REARM, LS_ROLE_VIEWER, tag_of_interlock())));
    CHECK(!act(deed_of(LS_DEED_REARM, LS_ROLE_OPERATOR, "no such tag")));
    CHECK_CONTAINS(said.reason, "no interlock and no setpoint 'no such tag'");
    CHECK(!act(deed_of(LS_DEED_REARM, LS_ROLE_OPERATOR, g.limits->guards->conditions[1].tag)));
    EXPECT(guard_case_dispatch(&g), 15);
    CHECK(act(deed_of(LS_DEED_REARM, LS_ROLE_OPERATOR, tag_of_interlock())));
    EXPECT(guard_case_dispatch(&g), 0);
    g.state->targets[CASE_COOLANT].foreign_us = 5;
    EXPECT(guard_case_setpoint(&g), 26);
    CHECK(act(deed_of(LS_DEED_REARM, LS_ROLE_OPERATOR, "coolant")));
    EXPECT(guard_case_setpoint(&g), 0);
}

static void test_revoking_and_resetting(void) {
    begin();
    CHECK(!act(deed_of(LS_DEED_REVOKE, LS_ROLE_OPERATOR, "kim")));
    CHECK(!act(deed_of(LS_DEED_REVOKE, LS_ROLE_ENGINEER, "")));
    CHECK_CONTAINS(said.reason, "must be said");
    ls_guard_deed long_name = deed_of(LS_DEED_REVOKE, LS_ROLE_ENGINEER, "");
    memset(long_name.what, 'k', 64);
    CHECK(!act(long_name));
    EXPECT(guard_case_release(&g), 0);
    CHECK(act(deed_of(LS_DEED_REVOKE, LS_ROLE_ENGINEER, "kim")));
    EXPECT(guard_case_release(&g), 19);
    for (int i = 0; i < 3; i++) {
        ls_guard_note_trip(g.state, &g.clock);
    }
    CHECK(g.state->latched);
    CHECK(!act(deed_of(LS_DEED_RESET, LS_ROLE_VIEWER, "")));
    CHECK(g.state->latched);
    CHECK(act(deed_of(LS_DEED_RESET, LS_ROLE_OPERATOR, "")));
    CHECK(!g.state->latched);
}

static void test_what_is_not_whole_does_nothing(void) {
    begin();
    ls_guard_deed d = deed_of(LS_DEED_HOLD, LS_ROLE_ENGINEER, "");
    d.who[0] = '\0';
    CHECK(!act(d));
    CHECK_CONTAINS(said.reason, "who does what");
    d = deed_of(LS_DEED_HOLD, (ls_role)7, "");
    CHECK(!act(d));
    d = deed_of((ls_guard_deed_kind)99, LS_ROLE_ENGINEER, "");
    CHECK(!act(d));
    d = deed_of(LS_DEED_HOLD, LS_ROLE_ENGINEER, "");
    memset(d.what, 'x', sizeof d.what);
    CHECK(!act(d));
    d = deed_of(LS_DEED_HOLD, LS_ROLE_ENGINEER, "");
    memset(d.who, 'x', sizeof d.who);
    CHECK(!act(d));
    d = deed_of(LS_DEED_HOLD, LS_ROLE_ENGINEER, "");
    memset(d.reason, 'x', sizeof d.reason);
    CHECK(!act(d));
    EXPECT(guard_case_dispatch(&g), 0);
    CHECK(act(deed_of(LS_DEED_SHOW, LS_ROLE_VIEWER, "")));
}

// Of each kind one stands, and each is told once.
static void test_what_stands_is_told(void) {
    begin();
    ls_guard_standing stands;
    CHECK(!ls_guard_stands(g.state, 0, &g.clock, &stands));
    const int64_t begun_us = g.clock.wall_us;
    CHECK(act(deed_of(LS_DEED_HOLD, LS_ROLE_OPERATOR, "")));
    CHECK(act(bypass_of(14, 1.0)));
    CHECK(act(bypass_of(9, 2.0)));
    CHECK(act(deed_of(LS_DEED_REVOKE, LS_ROLE_ENGINEER, "kim")));
    hear_condition(0, 1.0);
    g.state->targets[CASE_COOLANT].foreign_us = 5;
    g.state->targets[CASE_COOLANT].foreign_wall_us = begun_us + 7;
    g.state->targets[CASE_COOLANT].fights = 4;
    ls_guard_note_trip(g.state, &g.clock);
    ls_guard_lots_begin(g.state);
    g.clock.wall_us += 3600 * SECOND;  // the first bypass is over
    uint32_t kinds[LS_STANDS_KIND_COUNT] = {0}, count = 0;
    for (; ls_guard_stands(g.state, count, &g.clock, &stands); count++) {
        kinds[stands.kind]++;
        switch (stands.kind) {
        case LS_STANDS_HOLD:
            CHECK(stands.waits && strcmp(stands.who, "lee") == 0);
            CHECK(stands.since_us == begun_us);
            break;
        case LS_STANDS_BYPASS:
            CHECK_INT(stands.guard, 9);
            CHECK_STR(stands.reason, "trial");
            CHECK(stands.until_us > g.clock.wall_us && stands.since_us < g.clock.wall_us);
            break;
        case LS_STANDS_REVOKED: CHECK_STR(stands.what, "kim"); break;
        case LS_STANDS_INTERLOCK:
            CHECK_STR(stands.what, tag_of_interlock());
            CHECK(stands.since_us == begun_us);
            break;
        case LS_STANDS_FOREIGN:
            CHECK_STR(stands.what, "coolant");
            CHECK_INT(stands.count, 4);
            CHECK(stands.since_us == begun_us + 7);
            break;
        case LS_STANDS_LOTS: CHECK(stands.guard == 32 && stands.what[0] == '\0'); break;
        default: CHECK(stands.count == 1 && !stands.waits); break;
        }
    }
    CHECK_INT(count, 7);
    for (int i = 0; i < LS_STANDS_KIND_COUNT; i++) {
        CHECK_INT(kinds[i], 1);
    }
    g.clock.wall_us += LS_GUARD_DAY_US;  // the trip is of yesterday
    CHECK(!ls_guard_stands(g.state, 5, &g.clock, &stands));
    g.state->latched = true;
    CHECK(ls_guard_stands(g.state, 5, &g.clock, &stands) && stands.waits && stands.count == 0);
}

// Since when is the first time: an interlock that stays active, a second change by others and a
// hold that a higher role takes over begin nothing anew; what was re-armed and comes again does.
static void test_lots_that_are_not_known_are_told(void) {
    ls_guard_standing s;
    begin();
    CHECK(!ls_guard_stands(g.state, 0, &g.clock, &s));
    ls_guard_lots_begin(g.state);
    CHECK(ls_guard_stands(g.state, 0, &g.clock, &s));
    CHECK_INT(s.kind, LS_STANDS_LOTS);
    CHECK_STR(s.what, "");
    CHECK_INT(s.guard, 32);
    CHECK(!s.waits);
    CHECK(!ls_guard_stands(g.state, 1, &g.clock, &s));
    g.state->lots_missing = "grind";
    g.state->lots_missing_count = 3;
    CHECK(ls_guard_stands(g.state, 0, &g.clock, &s));
    CHECK_STR(s.what, "grind");
    CHECK_INT(s.count, 3);
    // Where nothing is sent that names lots, nothing is missed.
    for (uint32_t i = 0; i < g.plant.decide.point_count; i++) {
        g.points[i].mode = LS_MODE_ADVISE;
    }
    CHECK(!ls_guard_stands(g.state, 0, &g.clock, &s));
    begin();
    g.limits->line_counts_lots = true;  // and has not told how many
    CHECK(ls_guard_stands(g.state, 0, &g.clock, &s));
    CHECK_STR(s.what, "inside");
    CHECK_INT(s.count, 1);
    const ls_guard_heard count = guard_case_heard(&g, 5.0);
    ls_guard_hear_inside(g.state, &count);
    CHECK(!ls_guard_stands(g.state, 0, &g.clock, &s));
    g.limits->line_counts_lots = false;
}

static void test_since_when_it_stands(void) {
    begin();
    const int64_t first_us = g.clock.wall_us;
    ls_guard_standing stands;
    ls_guard_heard changed = guard_case_heard(&g, 21.0);
    g.state->targets[CASE_COOLANT].sequence = 1;
    ls_guard_hear_value(g.state, CASE_COOLANT, &changed, &g.clock);
    CHECK(act(deed_of(LS_DEED_HOLD, LS_ROLE_OPERATOR, "")));
    hear_condition(0, 1.0);
    g.clock.wall_us += 60 * SECOND;
    changed.value = 22.0;
    ls_guard_hear_value(g.state, CASE_COOLANT, &changed, &g.clock);
    CHECK(act(deed_of(LS_DEED_HOLD, LS_ROLE_ENGINEER, "")));
    hear_condition(0, 1.0);
    uint32_t count = 0;
    for (; ls_guard_stands(g.state, count, &g.clock, &stands); count++) {
        CHECK(stands.since_us == first_us);
        CHECK_INT(stands.count, stands.kind == LS_STANDS_FOREIGN ? 2 : 0);
    }
    CHECK_INT(count, 3);
    hear_condition(0, 0.0);
    CHECK(act(deed_of(LS_DEED_REARM, LS_ROLE_OPERATOR, tag_of_interlock())));
    CHECK(act(deed_of(LS_DEED_REARM, LS_ROLE_OPERATOR, "coolant")));
    hear_condition(0, 1.0);
    changed.value = 23.0;
    ls_guard_hear_value(g.state, CASE_COOLANT, &changed, &g.clock);
    for (count = 1; ls_guard_stands(g.state, count, &g.clock, &stands); count++) {
        CHECK(stands.since_us == first_us + 60 * SECOND);
    }
    CHECK_INT(count, 3);
}

// Again from the journal: the same state, though the line has told nothing yet and the plant file
// may have become stricter.
static void test_again_from_the_journal(void) {
    begin();
    const ls_guard_deed hold_all = deed_of(LS_DEED_HOLD, LS_ROLE_ENGINEER, "");
    const ls_guard_deed long_bypass = bypass_of(14, 20.0);
    const ls_guard_deed rearm = deed_of(LS_DEED_REARM, LS_ROLE_OPERATOR, tag_of_interlock());
    const ls_guard_deed rearm_value = deed_of(LS_DEED_REARM, LS_ROLE_OPERATOR, "coolant");
    const ls_guard_deed revoke = deed_of(LS_DEED_REVOKE, LS_ROLE_ENGINEER, "kim");
    const ls_guard_deed reset = deed_of(LS_DEED_RESET, LS_ROLE_OPERATOR, "");
    ls_guard_deed lift = hold_all, end = long_bypass;
    lift.kind = LS_DEED_LIFT;
    end.kind = LS_DEED_END_BYPASS;
    ls_guard_do_again(g.state, &hold_all, &g.clock);
    EXPECT(guard_case_dispatch(&g), 18);
    ls_guard_do_again(g.state, &lift, &g.clock);
    EXPECT(guard_case_dispatch(&g), 0);
    ls_guard_do_again(g.state, &long_bypass, &g.clock);
    EXPECT(guard_case_dispatch(&g), 35);  // too long: everything is refused
    ls_guard_do_again(g.state, &end, &g.clock);
    EXPECT(guard_case_dispatch(&g), 0);
    for (int i = 0; i <= LS_GUARD_BYPASSES; i++) {
        ls_guard_do_again(g.state, &long_bypass, &g.clock);
    }
    CHECK_INT(g.state->bypass_count, LS_GUARD_BYPASSES);
    ls_guard_do_again(g.state, &end, &g.clock);
    g.state->conditions[0].disarmed = true;
    g.state->conditions[0].heard.quality = LS_GUARD_QUALITY_UNKNOWN;
    g.state->targets[CASE_COOLANT].foreign_us = 5;
    ls_guard_do_again(g.state, &rearm, &g.clock);
    ls_guard_do_again(g.state, &rearm_value, &g.clock);
    CHECK(!g.state->conditions[0].disarmed);
    CHECK(g.state->targets[CASE_COOLANT].foreign_us == LS_GUARD_UNKNOWN);
    ls_guard_do_again(g.state, &revoke, &g.clock);
    CHECK_INT(g.state->revoked_count, 1);
    ls_guard_note_trip(g.state, &g.clock);
    ls_guard_do_again(g.state, &reset, &g.clock);
    CHECK_INT(g.state->trip_count, 0);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_holds);
    TEST(test_bypasses);
    TEST(test_rearming);
    TEST(test_revoking_and_resetting);
    TEST(test_what_is_not_whole_does_nothing);
    TEST(test_what_stands_is_told);
    TEST(test_lots_that_are_not_known_are_told);
    TEST(test_since_when_it_stands);
    TEST(test_again_from_the_journal);
    return harness_report();
}
