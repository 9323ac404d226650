// check_send_test.c - boundary cases of guards 23 and 25.
#include <math.h>

#include "guard/testing/check_expect.h"
#include "tests/harness.h"

static void test_23_write_ahead(void) {
    begin();
    ls_command c = guard_case_dispatch(&g);
    ls_guard_finding out;
    uint32_t at = 99;
    ls_guard_check_send_together(g.limits, g.state, &c, 1, &g.clock, &out, &at);
    CHECK_INT(out.guard, 23);
    ls_command other = c;
    set(other.id, "d-1-2");
    ls_guard_note_journalled(g.state, &other, 1);
    ls_guard_check_send_together(g.limits, g.state, &c, 1, &g.clock, &out, &at);
    CHECK_INT(out.guard, 23);
    ls_guard_note_journalled(g.state, &c, 1);
    ls_guard_check_send_together(g.limits, g.state, &c, 1, &g.clock, &out, &at);
    CHECK_INT(out.guard, 0);
    g.state->journal_ready = false;
    EXPECT(guard_case_dispatch(&g), 23);
    EXPECT(guard_case_stop(&g), 23);
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
    // At exactly the tolerance, 1e-6 of the value, and a unit beyond.
    send_coolant();
    g.state->targets[CASE_COOLANT].pending.tolerance = 0.5;
    CHECK_INT(read_at(0.1, 22.5, LS_READ_LINE), LS_READ_PENDING);
    CHECK_INT(read_at(0.2, nextafter(22.5, 99.0), LS_READ_LINE), LS_READ_PENDING);
    CHECK_INT(read_at(0.3, 21.5, LS_READ_LINE), LS_READ_PENDING);
    CHECK_INT(read_at(0.4, 22.5, LS_READ_LINE), LS_READ_HELD);
    // The second good reading comes when the time is over: it has taken hold.
    send_coolant();
    CHECK_INT(read_at(2.0, 22.0, LS_READ_LINE), LS_READ_PENDING);
    CHECK_INT(read_at(4.0, 22.0, LS_READ_LINE), LS_READ_HELD);
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

// In the instant of sending, each of those that go together needs its row.
static void test_23_rows_of_all_that_go_together(void) {
    begin();
    ls_command c[2] = {guard_case_dispatch(&g), guard_case_setpoint(&g)};
    uint32_t at = 99;
    ls_guard_finding out;
    set(c[1].id, "d-1-2");
    ls_guard_note_journalled(g.state, c, 1);
    ls_guard_check_send_together(g.limits, g.state, c, 2, &g.clock, &out, &at);
    CHECK_INT(out.guard, 23);
    CHECK_INT(at, 1);
    ls_guard_note_journalled(g.state, c, 2);
    ls_guard_check_send_together(g.limits, g.state, c, 2, &g.clock, &out, &at);
    CHECK_INT(out.guard, 0);
    CHECK_INT(at, 2);
    ls_command many[LS_GUARD_BATCH + 1];
    for (int i = 0; i <= LS_GUARD_BATCH; i++) {
        many[i] = c[0];
    }
    ls_guard_note_journalled(g.state, many, LS_GUARD_BATCH + 1);  // the rest is not counted
    CHECK_INT(g.state->journal_count, LS_GUARD_BATCH);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_23_write_ahead);
    TEST(test_25_read_back);
    TEST(test_25_a_handshake_is_read_as_done);
    TEST(test_23_rows_of_all_that_go_together);
    return harness_report();
}
