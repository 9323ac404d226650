// check_expect.c - see check_expect.h.
#include "guard/testing/check_expect.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tests/harness.h"

guard_case g;

uint32_t check(const ls_command *command) {
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

void expect(ls_command command, uint32_t guard, int line) {
    const uint32_t found = check(&command);
    if (found != guard) {
        harness_note("line %d", line);
        CHECK_INT(found, guard);
    }
}

void set(char *field, const char *text) {
    memcpy(field, text, strlen(text) + 1);
}

ls_command coolant(double value) {
    ls_command c = guard_case_setpoint(&g);
    ls_text_format(c.argument, sizeof c.argument, "coolant=%.17g", value);
    c.number = value;
    return c;
}

void begin(void) {
    guard_case_clear(&g);
    guard_case_init(&g);
}

ls_command hold(const char *span, bool automatic) {
    ls_command c = automatic ? guard_case_dispatch(&g) : guard_case_maintain(&g);
    c.kind = LS_COMMAND_HOLD;
    set(c.point, "dispatch grind");
    set(c.argument, span);
    return c;
}

// The coolant was read back at 20 so many seconds of line time ago.
void verified_ago(double seconds) {
    g.state->values[0].verified_us = g.clock.line_us - (int64_t)(seconds * 1e6);
}

void sent_dispatch(double seconds_ago) {
    ls_guard_clock then = g.clock;
    then.line_us -= (int64_t)(seconds_ago * 1e6);
    ls_command c = guard_case_dispatch(&g);
    c.sequence = 1;
    ls_guard_note_sent(g.state, &c, &then);
    g.state->targets[CASE_GRIND].pending.open = false;
}

void hear_condition(uint32_t condition, double value) {
    const ls_guard_heard heard = guard_case_heard(&g, value);
    ls_guard_hear_condition(g.state, condition, &heard, &g.clock);
}

uint32_t at_state(ls_command c, double state) {
    g.state->machines[CASE_GRIND].state.value = state;
    return check(&c);
}

ls_command two(const char *first, const char *second, int64_t apart_us) {
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

ls_read_back read_at(double seconds, double value, ls_read_from from) {
    ls_guard_clock then = g.clock;
    then.mono_us += (int64_t)(seconds * 1e6);
    return ls_guard_read_back(g.state, CASE_COOLANT, &value, from, &then);
}
