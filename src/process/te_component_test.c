// te_component_test.c - the process and another component on one clock.
#include "process/te_component.h"

#include <stdlib.h>

#include "base/arena.h"
#include "process/control.h"
#include "tests/harness.h"

// Says one message at a time, and hears what the process says.
typedef struct person {
    ls_message says;
    int64_t at_us;
    bool said;
    uint32_t heard, trip;
    int64_t heard_us;
} person;

static int64_t person_next(void *self) {
    const person *p = self;
    return p->said ? LS_NEVER : p->at_us;
}
static ls_status person_advance(void *self, int64_t until_us, ls_error *err) {
    (void)self;
    (void)until_us;
    (void)err;
    return LS_OK;
}
static ls_status person_exchange(void *self, const ls_message *message, ls_outbox *outbox,
                                 ls_error *err) {
    person *p = self;
    if (message != NULL) {
        p->heard++;
        p->trip = message->a;
        p->heard_us = message->time_us;
        return LS_OK;
    }
    if (p->said) {
        return LS_OK;
    }
    p->said = true;
    return ls_outbox_put(outbox, &p->says, err);
}

static ls_status run(ls_te_state *state, person *p, int64_t until_s, ls_error *err) {
    ls_clock *clock = malloc(sizeof *clock);
    CHECK(clock != NULL);
    ls_clock_init(clock);
    ls_te_component te = {.state = state, .tells = 1};
    const ls_component parts[] = {
        ls_component_of_te(&te),
        {"person", p, person_next, person_advance, person_exchange},
    };
    uint32_t number = 0;
    CHECK_INT(ls_clock_add(clock, &parts[0], &number, err), LS_OK);
    CHECK_INT(ls_clock_add(clock, &parts[1], &number, err), LS_OK);
    const ls_status status = ls_clock_run(clock, until_s * 1000000, err);
    free(clock);
    return status;
}

static void test_the_clock_makes_one_step_a_second(void) {
    ls_te_state alone, clocked;
    ls_te_start(&alone, 9);
    ls_te_start(&clocked, 9);
    for (int i = 0; i < 500; i++) {
        ls_te_step(&alone);
    }
    person silent = {.said = true};
    ls_error err = {0};
    CHECK_INT(run(&clocked, &silent, 500, &err), LS_OK);
    CHECK_BYTES(&alone, &clocked, sizeof alone);
    CHECK_INT(silent.heard, 0);
}

static void test_a_setpoint_and_a_disturbance_are_heard(void) {
    ls_te_state state;
    ls_te_start(&state, 9);
    ls_error err = {0};
    person sets = {.at_us = 100 * 1000000LL,
                   .says = {.kind = LS_TE_HEARS_SETPOINT, .to = 0, .a = 18, .value = 121.0}};
    CHECK_INT(run(&state, &sets, 200, &err), LS_OK);
    CHECK_NEAR(state.setpoint[17], 121.0, 0.0);
    person disturbs = {.at_us = 250 * 1000000LL,
                       .says = {.kind = LS_TE_HEARS_DISTURBANCE, .to = 0, .a = 6, .value = 1.0}};
    CHECK_INT(run(&state, &disturbs, 12 * 3600, &err), LS_OK);
    CHECK_INT(state.idv, 1U << 5);
    // and what it leads to is said, once, when it happens
    CHECK_INT(disturbs.heard, 1);
    CHECK_INT(disturbs.trip, LS_TE_TRIP_REACTOR_PRESSURE);
    CHECK(disturbs.heard_us > 6 * 3600 * 1000000LL && disturbs.heard_us < 9 * 3600 * 1000000LL);
}

static void test_nonsense_is_refused(void) {
    ls_te_state state;
    ls_te_start(&state, 9);
    ls_error err = {0};
    person kind = {.says = {.kind = 77, .to = 0}};
    CHECK_INT(run(&state, &kind, 10, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "kind 77");
    person loop = {.says = {.kind = LS_TE_HEARS_SETPOINT, .to = 0, .a = 99, .value = 1.0}};
    CHECK_INT(run(&state, &loop, 20, &err), LS_ERR_INVALID);
    person idv = {.says = {.kind = LS_TE_HEARS_DISTURBANCE, .to = 0, .a = 99, .value = 1.0}};
    CHECK_INT(run(&state, &idv, 30, &err), LS_ERR_INVALID);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_clock_makes_one_step_a_second);
    TEST(test_a_setpoint_and_a_disturbance_are_heard);
    TEST(test_nonsense_is_refused);
    return harness_report();
}
