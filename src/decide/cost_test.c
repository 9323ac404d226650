// cost_test.c - amounts of a future against what can be counted by hand.
#include "decide/cost.h"

#include <math.h>

#include "tests/harness.h"
#include "twin/testing/oracle.h"

static const int64_t minute_us = 60 * INT64_C(1000000);

// Lots of 30 min come at 10, 20, 30 min, one setup before each change; due 40 min after they come.
static const char text[] =
    "plant: three\n"
    "stations:\n"
    "  m: {process: 30 min, setup: {x to y: 5 min, y to x: 5 min}}\n"
    "products:\n"
    "  x: {route: [m], release: {every: 20 min, count: 2, first: 10 min}, due: 40 min}\n"
    "  y: {route: [m], release: {every: 20 min, count: 1, first: 20 min}, due: 40 min}\n";

static ls_amounts until(const ls_twin *twin, int64_t time_us) {
    ls_snapshot *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &s, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, s, time_us, &err), LS_OK);
    const ls_amounts a = ls_amounts_read(twin, s->state, time_us);
    ls_snapshot_destroy(s);
    return a;
}

static void test_amounts_of_any_span_are_those_of_hand(void) {
    // x1 10-40, then y 45-75 (came at 20), x2 80-110 (came at 30). Due 50, 60, 70.
    static const struct {
        int64_t at;  // min
        double done, on_time, lot_minutes, late_minutes, setups;
    } marks[] = {
        {0, 0, 0, 0, 0, 0},
        {25, 0, 0, 15 + 5, 0, 0},
        {42, 1, 1, 30 + 22 + 12, 0, 1},
        {70, 1, 1, 30 + 50 + 40, 10, 1},
        {77, 2, 1, 30 + 55 + 47, 15 + 7, 2},
        {200, 3, 1, 30 + 55 + 80, 15 + 40, 2},
    };
    enum { MARKS = sizeof marks / sizeof *marks };
    ls_twin *twin = oracle_twin(text);
    for (int i = 0; i < MARKS; i++) {
        for (int k = i; k < MARKS; k++) {
            const ls_amounts from = until(twin, marks[i].at * minute_us);
            const ls_amounts to = until(twin, marks[k].at * minute_us);
            const ls_amounts a = ls_amounts_between(&from, &to);
            harness_note("%d to %d min", (int)marks[i].at, (int)marks[k].at);
            CHECK_NEAR(a.of[LS_TERM_THROUGHPUT], marks[k].done - marks[i].done, 0);
            CHECK_NEAR(a.of[LS_TERM_ON_TIME], marks[k].on_time - marks[i].on_time, 0);
            CHECK_NEAR(a.of[LS_TERM_WIP], (marks[k].lot_minutes - marks[i].lot_minutes) / 60, 1e-9);
            CHECK_NEAR(a.of[LS_TERM_CYCLE_TIME], a.of[LS_TERM_WIP], 0);
            CHECK_NEAR(a.of[LS_TERM_TARDINESS],
                       (marks[k].late_minutes - marks[i].late_minutes) / 60, 1e-9);
            CHECK_NEAR(a.of[LS_TERM_CHANGES], marks[k].setups - marks[i].setups, 0);
        }
    }
    ls_twin_destroy(twin);
}

static void test_throughput_counts_with_the_other_sign(void) {
    ls_decide decide = {.given = true};
    double weights[LS_TERM_COUNT];
    ls_amounts a = {{0}};
    a.of[LS_TERM_THROUGHPUT] = 3;
    a.of[LS_TERM_CYCLE_TIME] = 5;
    a.of[LS_TERM_CHANGES] = 2;
    ls_cost_weights(&decide, weights);
    CHECK_NEAR(ls_cost_of(weights, &a), 5, 0);  // cycle time, when nothing is given
    decide.weights[LS_TERM_THROUGHPUT] = 10;
    decide.weights[LS_TERM_CHANGES] = 4;
    ls_cost_weights(&decide, weights);
    CHECK_NEAR(ls_cost_of(weights, &a), 8 - 30, 0);
}

static void test_a_plant_that_has_ended_stands_still_to_the_end(void) {
    ls_twin *twin = oracle_twin(text);
    ls_snapshot *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &s, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, s, 25 * minute_us, &err), LS_OK);
    const ls_amounts early = ls_amounts_read(twin, s->state, 25 * minute_us);
    const ls_amounts later = ls_amounts_read(twin, s->state, 85 * minute_us);
    CHECK_NEAR(later.of[LS_TERM_WIP] - early.of[LS_TERM_WIP], 2.0, 1e-9);  // two lots, one hour
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_amounts_of_any_span_are_those_of_hand);
    TEST(test_throughput_counts_with_the_other_sign);
    TEST(test_a_plant_that_has_ended_stands_still_to_the_end);
    return harness_report();
}
